"""Folders for the while: those of killed processes go, those of living ones and of others stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from library_made import made, walks
from serving import client

import heatlas
from heatlas.core.errors import HeatlasError
from heatlas.core.scratch import LOCK, holding, make_scratch, scratch_folder, sweep, sweep_held
from heatlas.writers.atomic import atomic_write


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


class Living:
    """Another process that has done something, and lives until it is killed."""

    def __init__(self, script, *values):
        go_on = "\nprint('ready', flush=True)\nimport sys\nsys.stdin.read()\n"
        self.process = subprocess.Popen(
            [sys.executable, "-c", script + go_on, *map(str, values)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self):
        self.process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        self.process.wait(30)
        self.process.stdin.close()
        self.process.stdout.close()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_goes_in_the_end_and_when_something_fails(temporary):
    with scratch_folder() as folder:
        assert folder.parent == temporary
        (folder / "copy.gpx").write_text("home")
        assert folder.stat().st_mode & 0o077 == 0 or os.name == "nt"
        assert sweep() == 0
        assert folder.exists()
    with pytest.raises(ZeroDivisionError), scratch_folder() as folder:
        1 / 0  # noqa: B018
    assert names(temporary) == []


def test_what_a_killed_process_leaves_is_swept_by_the_next_one(temporary):
    other = Living(
        "from heatlas.core.scratch import make_scratch\nscratch = make_scratch()\n"
        "(scratch.path / 'heatlas.db').write_text('home')"
    )
    (left,) = names(temporary)
    with scratch_folder():
        assert left in names(temporary)  # it lives
    other.kill()
    assert (temporary / left / "heatlas.db").exists()
    with scratch_folder():
        assert left not in names(temporary)


@pytest.mark.skipif(sys.platform != "linux", reason="its descriptors are found in /proc")
def test_a_folder_whose_removal_was_cut_short_is_swept(temporary, monkeypatch):
    scratch = make_scratch()
    (scratch.path / "a").mkdir()
    (scratch.path / "a" / "heatlas.db").write_text("home")
    (scratch.path / "b.db").write_text("home")

    def killed(path, **_):
        raise SystemExit

    monkeypatch.setattr("shutil.rmtree", killed)
    with pytest.raises(SystemExit):
        scratch.close()
    assert (scratch.path / LOCK).exists()
    monkeypatch.undo()
    with suppress(OSError):
        os.close(lock_of(scratch.path))
    assert sweep(temporary) == 1
    assert names(temporary) == []


def lock_of(folder):
    """Descriptor by which this process holds a folder: a killed one holds none."""
    for file in os.listdir("/proc/self/fd"):  # noqa: PTH208 - no files
        with suppress(OSError):
            if os.readlink(f"/proc/self/fd/{file}") == str(folder / LOCK):  # noqa: PTH115
                return int(file)
    raise AssertionError("nobody holds it")


def test_a_folder_that_never_got_its_lock_goes_when_it_is_old_and_empty(temporary):
    for name in ("heatlas-empty_00", "heatlas-young_00", "heatlas-filled00"):
        (temporary / name).mkdir()
    (temporary / "heatlas-filled00" / "mine.txt").write_text("kept")
    for name in ("heatlas-empty_00", "heatlas-filled00"):
        os.utime(temporary / name, (0, 0))
    assert sweep() == 1
    assert names(temporary) == ["heatlas-filled00", "heatlas-young_00"]
    (temporary / ".heatlas-young_00").mkdir()
    with scratch_folder(temporary) as folder:
        assert names(temporary) == [folder.name, "heatlas-filled00", "heatlas-young_00"]


def test_one_that_is_swept_before_it_has_a_lock_is_made_again(temporary, monkeypatch):
    import heatlas.core.scratch as module

    held, tried = module._held, []

    def late(path):
        tried.append(path)
        if len(tried) == 1:
            path.parent.rmdir()
        return held(path)

    monkeypatch.setattr(module, "_held", late)
    with scratch_folder() as folder:
        assert folder.is_dir()
    assert len(tried) == 2
    assert names(temporary) == []


def test_folders_of_others_are_left_alone(temporary):
    kept = ["heatlas-servers-77", "heatlas-abcdefgh", "heatlas-data", "other-abcdefgh", "heatlas-12345678.txt"]
    for name in kept:
        (temporary / name).mkdir()
    (temporary / "heatlas-data" / LOCK).touch()  # no name that is made here
    (temporary / "other-abcdefgh" / LOCK).touch()
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / LOCK).touch()
    (temporary / "heatlas-linklink").symlink_to(elsewhere)
    (temporary / "heatlas-filefile").write_text("")
    assert sweep() == 0
    assert names(temporary) == sorted([*kept, "elsewhere", "heatlas-linklink", "heatlas-filefile"])
    assert sweep(temporary / "missing") == 0


def test_one_that_is_swept_before_it_is_held_is_made_again(temporary, monkeypatch):
    import heatlas.core.scratch as module

    locking, swept = module._lock, []

    def late(file):
        if not swept:
            (folder,) = temporary.iterdir()
            monkeypatch.setattr(module, "_lock", locking)
            swept.append(sweep())
            monkeypatch.setattr(module, "_lock", late)
            assert not folder.exists()
        locking(file)

    monkeypatch.setattr(module, "_lock", late)
    scratch = make_scratch()
    assert swept == [1]
    assert scratch.path.is_dir()
    scratch.close()
    scratch.close()
    assert names(temporary) == []


def test_where_there_are_no_locks_nothing_is_swept(temporary, monkeypatch):
    def none(file):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("heatlas.core.scratch._lock", none)
    scratch = make_scratch()
    assert sweep() == 0
    assert scratch.path.is_dir()
    scratch.close()
    assert names(temporary) == []


def test_half_an_output_of_a_killed_process_goes_with_the_next_output(tmp_path):
    other = Living(
        "import sys\nfrom heatlas.writers.atomic import atomic_write\nfrom pathlib import Path\n"
        "writing = atomic_write(Path(sys.argv[1]))\ndraft = writing.__enter__()\ndraft.write_bytes(b'half')",
        tmp_path / "film.mp4",
    )
    (left,) = names(tmp_path)
    other.kill()
    assert names(tmp_path) == [left]
    with atomic_write(tmp_path / "heat.png") as draft:
        draft.write_bytes(b"whole")
        (draft.parent / "heat.png.json").write_text("{}")
    assert names(tmp_path) == ["heat.png", "heat.png.json"]
    with pytest.raises(HeatlasError, match="cannot write"), atomic_write(tmp_path / "heat.png" / "heat.png"):
        pass


def test_a_library_for_the_while_of_a_killed_server_is_swept_when_heatlas_starts(tmp_path, temporary):
    rows = "".join(f"{10.9 + k / 1000},{47.8 + k / 1000}\n" for k in range(20))
    (tmp_path / "points.csv").write_text(f"lon,lat\n{rows}")
    process = subprocess.Popen(
        [sys.executable, "-m", "heatlas", "serve", str(tmp_path / "points.csv"), "--port", "0"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for line in process.stderr:
        if "http://" in line:
            break
    (left,) = names(temporary)
    assert (temporary / left / "heatlas.db").exists()
    process.kill()
    process.wait(30)
    process.stderr.close()
    assert (temporary / left / "heatlas.db").exists()
    subprocess.run([sys.executable, "-m", "heatlas", "info", "--colormaps"], check=True, stdout=subprocess.DEVNULL)
    assert names(temporary) == []


def test_uploads_that_a_killed_server_left_go_when_the_library_is_served_again(tmp_path, temporary):
    made(tmp_path / "lib.db", walks(1, 3)).close()
    uploads = tmp_path / "lib.db.uploads"
    (uploads / "0123").mkdir(parents=True)
    (uploads / "0123" / "run.gpx").write_text("home")
    (uploads / "export.zip").write_text("home")
    with holding(uploads / "export.zip"):
        with client(tmp_path / "lib.db"):
            assert names(uploads) == ["export.zip", f"export.zip{LOCK}"]
        assert names(uploads) == ["export.zip", f"export.zip{LOCK}"]
    with client(tmp_path / "lib.db"):
        assert not uploads.exists()
    sweep_held(uploads)


def test_a_notebook_that_was_killed_leaves_nothing_for_ever(tmp_path, temporary):
    pytest.importorskip("anywidget")
    from heatlas.core.batch import join
    from heatlas.dataset.tracks import Tracks

    shown = heatlas.LiveMap(Tracks((join(walks(1, 2)),)))
    assert len(names(temporary)) == 1
    assert Path(shown.library.path).exists()
    shown.close()
    assert names(temporary) == []
