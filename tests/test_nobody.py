"""As services and containers run heatlas: another user, without a home, who may write next to nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

import made
import pytest

ROOT = Path(__file__).resolve().parents[1]
MAIN = "import sys; sys.argv[0] = 'heatlas'; from heatlas.cli import main; main()"
STRANGER = 54321  # a number that no list of users knows
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="another user cannot be taken on there without asking")


def launched(python, code, *args, **options):
    user = {"user": STRANGER, "group": STRANGER, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(
        [python, "-P", "-c", code, *map(str, args)],
        capture_output=True, text=True, timeout=120, check=False, **user, **options,
    )  # fmt: skip


@cache
def pythons():
    """This Python, or the system's of the same version where ours lies in the home of root."""
    name = f"python3.{sys.version_info.minor}"
    found = []
    for path in filter(None, (sys.executable, shutil.which(name, path="/usr/bin:/usr/local/bin"))):
        try:
            done = launched(path, "import sys; print(sys.version_info.minor)", cwd="/")
        except PermissionError:
            continue
        if done.stdout.strip() == str(sys.version_info.minor):
            found.append(path)
    return found


@pytest.fixture
def stranger(tmp_path):
    """Run heatlas as a user without a home, in a folder of its own."""
    if not pythons() and not os.environ.get("CI"):
        pytest.skip("no Python here that another user may run")
    folder = tmp_path / "own"
    folder.mkdir()
    if os.geteuid() == 0:
        for above in (tmp_path, *tmp_path.parents[:3]):
            above.chmod(0o755)
        os.chown(folder, STRANGER, STRANGER)
    known = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    path = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    environment = {**known, "PYTHONPATH": path, "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def heatlas(*args, code=MAIN, **more):
        return launched(pythons()[0], code, *args, cwd=folder, env={**environment, **more})

    heatlas.folder = folder
    return heatlas


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text("lat,lon\n47.8,10.9\n47.9,10.8\n")
    return path


@pytest.mark.parametrize("home", ["/nonexistent", None])
def test_every_command_begins_without_a_home(stranger, table, home):
    done = stranger("info", table, "--json", **({} if home is None else {"HOME": home}))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["points"] == 2
    assert {path.name for path in stranger.folder.iterdir()} <= {f"heatlas-kernels-{STRANGER}"}  # no folder "~"


def test_the_secret_of_a_user_without_a_home_has_a_place_or_is_asked_for(stranger):
    code = "from heatlas.tracks.privacy import owner_secret; print(len(owner_secret()))"
    if os.geteuid() == 0:
        done = stranger(code=code)
        assert done.returncode == 1
        assert "set HEATLAS_CONFIG to a folder" in done.stderr
    done = stranger(code=code, HEATLAS_CONFIG="settings")
    assert done.stdout == "32\n", done.stderr
    assert (stranger.folder / "settings" / "secret").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["heat.png", "heat.pmtiles", "tiles/"])
def test_a_folder_that_cannot_be_written_is_named(stranger, tmp_path, name):
    lon, lat = made.straight(300)
    (tmp_path / "a.gpx").write_bytes(made.gpx(lon, lat))
    (tmp_path / "locked").mkdir(mode=0o555)
    done = stranger("render", tmp_path / "a.gpx", "-o", tmp_path / "locked" / name)
    assert done.returncode in {1, 2}
    assert done.stderr.splitlines()[-1].startswith("heatlas: ")
    assert "permission" in done.stderr.lower()
    assert str(tmp_path / "locked") in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "locked").iterdir())
