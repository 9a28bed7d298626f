"""Kernels that are compiled while a wheel is built: without numba they do the same, to the last bit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from heatlas.kernels.ahead_objects import kernels
from heatlas.kernels.ahead_targets import native

ROOT = Path(__file__).resolve().parents[1]
TESTS = str(ROOT / "tests")

pytestmark = pytest.mark.skipif(native() is None, reason="kernels are not compiled ahead for this machine")


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory):
    """The wheel as pip installs it, in a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*command, str(folder), str(wheel)], check=True)
    return folder


def run(site, folder, program, stored=None):
    """Run a program on the installed heatlas, where numba cannot be imported; or on this one with numba's own code."""
    folder.mkdir(exist_ok=True)
    first = f"import sys; sys.path[:0] = [{str(ROOT if stored else site)!r}, {TESTS!r}]\n"
    environment = {**os.environ, "HEATLAS_JIT": "0", "PYTHONPATH": ""}
    if stored:
        environment |= {"HEATLAS_JIT": "1", "NUMBA_CACHE_DIR": str(stored)}
        first += "import gc; gc.disable()\n"  # of all that a compiler makes, next to nothing can be freed
    else:
        first += "sys.modules['numba'] = sys.modules['llvmlite'] = None\n"
    done = subprocess.run(
        [sys.executable, "-P", "-c", first + program],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


WORK = """
import hashlib, json
from pathlib import Path
import numpy as np
import heatlas, made
from heatlas.library.manage import import_into
from serving import client, tile_of

found = {}
Path("a.gpx").write_bytes(made.gpx(*made.straight(), elevation=np.linspace(600, 700, 334)))
for measure in ("passes", "pace", "activities", "seconds", "flat_pace"):
    heatlas.render("a.gpx", output=f"{measure}.npy", measure=measure, width=300, smooth="8m")
heatlas.render("a.gpx", output="heat.png", width=300)
spread = np.linspace(0, 1, 300)
rows = {"lat": 47 + spread**2, "lon": 10 + spread, "beds": 1 + spread}
for kernel in ("gaussian", "epanechnikov"):
    heatlas.render(rows, output=f"{kernel}.npy", weight="beds", width=200, kernel=kernel)
import_into("lib.db", "a.gpx")
with client("lib.db") as web:
    for zoom in (10, 15):
        for measure in ("passes", "flat_pace"):
            x, y = tile_of(zoom)
            answer = web.get(f"/tiles/{measure}/{zoom}/{x}/{y}.png")
            assert answer.status_code == 200, answer.text
            Path(f"{zoom}-{measure}.tile").write_bytes(answer.content)
for path in sorted(Path().glob("*.npy")) + sorted(Path().glob("*.png")) + sorted(Path().glob("*.tile")):
    found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
print(json.dumps({"home": heatlas.__file__, "numba": sys.modules.get("numba") is not None, "found": found}))
"""


def test_without_numba_everything_is_the_same(site, tmp_path, first_runs):
    ahead = run(site, tmp_path / "ahead", WORK)
    jit = run(site, tmp_path / "jit", WORK, first_runs.stored)
    assert Path(ahead["home"]).is_relative_to(site)
    assert (ahead["numba"], jit["numba"]) == (False, True)
    assert len(ahead["found"]) == 12
    assert ahead["found"] == jit["found"]


CALLS = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from heatlas.kernels.index import decode_header
from heatlas.kernels.lattice import frame_of
from heatlas.kernels.lines import join_fixes
from heatlas.kernels.path import fill_metres, mean_between
from heatlas.kernels.people import add_people
from heatlas.kernels.points import locate
from heatlas.kernels.trace import list_passages

u, segments, metres = np.linspace(0.5, 0.5001, 4), np.array([0, 4]), np.zeros(4)
def memory():  # KiB at most
    if sys.platform == "win32":
        return 0
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)

refused = []
locked = metres.copy()
locked.flags.writeable = False
for bad in (None, 1, [0.0] * 4, "text", memoryview(bytes(32)), object(), np.zeros(4, np.float32), np.zeros(8)[::2],
            np.zeros((2, 2)), np.zeros(4, ">f8"), locked, np.frombuffer(bytes(33), np.uint8)[1:].view(np.float64)):
    try:
        fill_metres(u, u, segments, bad)
    except TypeError as error:
        refused.append(str(error))
for wrong in ((u, u, segments), (u, u, segments, metres, metres)):
    try:
        fill_metres(*wrong)
    except TypeError as error:
        refused.append(str(error))
# Only read, a subclass, and a dtype of another name: all the same.
class Mine(np.ndarray):
    pass
u.flags.writeable = False
fill_metres(u.view(Mine), u, segments.astype(np.longlong), metres)

size = 2.0**20
rng = np.random.default_rng(3)
x, y = (0.5 + np.cumsum(rng.normal(0, 1, 3000)) / size for _ in range(2))
left, top = int(x.min() * size) - 2, int(y.min() * size) - 2
frame = frame_of(size, left, top, int(x.max() * size) + 3 - left, int(y.max() * size) + 3 - top)
none = np.zeros(0)
way = (x, y, np.arange(3000, dtype=np.float32), x, y, none, np.array([0, 3000]), frame, 30.0, 6)
def work(_=0):
    return [part.tobytes() for part in list_passages(*way)]
one = work()
with ThreadPoolExecutor(4) as pool:
    same = all(found == one for found in pool.map(work, range(100)))
used = []
for _ in range(2):
    for _ in range(400):
        work()
        join_fixes(np.ones((10_000, 1)))  # large: handed over as it is
    used.append(memory())
try:
    zero = np.zeros(1, np.int64)
    add_people(zero, np.array([0, 1]), zero, zero, 0, 0, np.zeros((1, 1), np.int64), np.zeros((1, 1), np.uint32))
    said = ""
except ZeroDivisionError as error:
    said = str(error)
print(json.dumps({"refused": refused, "metres": metres.sum(), "same": same, "grown": used[1] - used[0], "said": said,
                  "numba": sys.modules.get("numba") is not None}))
"""


def test_calls_are_checked_before_anything_is_read(site, tmp_path):
    found = run(site, tmp_path, CALLS)
    assert len(found["refused"]) == 14
    begins = (
        "path.fill_metres is compiled for (const f8[:], const f8[:], const i8[:], f8[:]), not for",
        "fill_metres()",
    )
    assert all(text.startswith(begins) for text in found["refused"]), found["refused"]
    assert "read-only" in found["refused"][10]
    assert found["metres"] > 0
    assert found["same"]
    assert found["grown"] < 4000  # KiB
    assert found["said"]
    assert not found["numba"]


def test_the_wheel_holds_one_library_and_asks_for_no_numba(wheel):
    system = {"darwin": "macosx_11_0", "win32": "win"}.get(sys.platform, "(many)?linux")
    assert re.fullmatch(rf"heatlas-[^-]+-py3-none-{system}_\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith("METADATA"))
        needs = re.findall(r"^Requires-Dist: (numba.*|llvmlite.*)$", archive.read(metadata).decode(), re.MULTILINE)
        index = json.loads(archive.read("heatlas/kernels/libkernels.json"))
    library = f"heatlas/kernels/{native().library}"
    assert [name for name in names if name.endswith((".so", ".dylib", ".dll", ".nbi", ".nbc"))] == [library]
    assert all("extra ==" in need for need in needs)
    assert sorted(index["results"]) == sorted(name for name, _ in kernels())
    assert index["library"] == native().library
