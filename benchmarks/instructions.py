"""Count the instructions of seven jobs of kernels and of start-up, and compare them with those in a file.

    python benchmarks/instructions.py            # exit 1 where one has grown by more than 3 %
    python benchmarks/instructions.py --write    # what was found is the measure from now on

Times on a shared machine differ by tens of percent; instructions do not. Valgrind counts them (x86-64, Linux), in one
process that asks it to count between a start and a stop. Kernels are compiled for x86-64-v3 whatever the processor, so
counts of one version of Python, numba and llvmlite differ by less than 1 %; other versions are told of.
Input is made here and is always the same. A job is done five times before it is counted: what is compiled for a class
that is made more often is done then (`heatlas.core.frozen`).
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import importlib.metadata
import json
import mmap
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

COUNTS = Path(__file__).with_name("instructions.json")
MOST = 0.03
"""Share by which a count may grow."""
_BEFORE = 4
"""Times that a job is done right before it is counted."""
FIXED = {
    "PYTHONPATH": os.pathsep.join((str(COUNTS.parents[1]), sysconfig.get_path("purelib"))), "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "", "OPENBLAS_NUM_THREADS": "1", "NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": "",
    # Valgrind counts an instruction that repeats, for a byte at a time, once for each byte.
    "GLIBC_TUNABLES": "glibc.cpu.x86_rep_stosb_threshold=1000000000:glibc.cpu.x86_rep_movsb_threshold=1000000000",
}  # fmt: skip
"""Environment of what is counted: nothing of it depends on the machine."""
STARTS = {
    "heatlas --version": ["-S", "-m", "heatlas", "--version"],
    "heatlas render --help": ["-S", "-m", "heatlas", "render", "--help"],
    "import heatlas": ["-S", "-c", "import heatlas"],
}
"""Without the module `site`: what else is installed has files there that run at each start."""
_REQUEST = bytes.fromhex("4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
"""Function of x86-64 that hands its argument, the address of a request, to Valgrind (see valgrind.h); else it does
nothing."""
_ZERO, _DUMP, _START, _STOP = (0x43540000 + k for k in (1, 3, 4, 5))
"""Requests to callgrind (see callgrind.h)."""


class Valgrind:
    """Sends requests to the Valgrind that this process runs under."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._page.write(_REQUEST)
        self._code = ctypes.c_char.from_buffer(self._page)
        self._call = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)(ctypes.addressof(self._code))

    def ask(self, request: int, text: bytes = b"") -> None:
        """Send a request of callgrind."""
        # The request and five arguments; a text is handed over by its address.
        told = ctypes.c_char_p(text)
        words = (ctypes.c_uint64 * 6)(request, ctypes.cast(told, ctypes.c_void_p).value or 0, 0, 0, 0, 0)
        self._call(ctypes.addressof(words))


def jobs(folder: Path) -> dict[str, Callable[[], object]]:
    """Name -> call that is little else than one kernel, on input that is always the same."""
    import numpy as np

    from heatlas.core.points import Points
    from heatlas.core.window import Window
    from heatlas.dataset.places import bbox_window
    from heatlas.library.file.opening import open_library
    from heatlas.library.index.drawing import draw as draw_index
    from heatlas.library.manage import import_into
    from heatlas.raster.bin_points import bin_points
    from heatlas.raster.draw_tracks import draw
    from heatlas.raster.gaussian import Smoothing, smooth
    from heatlas.raster.gaussian import halo as blur_halo
    from heatlas.raster.measure import parse_measure, parse_point_measure
    from heatlas.raster.point_kernel import Kernel, halo, spread
    from heatlas.sources.formats.gpx import read_gpx
    from heatlas.tracks.clean import clean

    rng = np.random.default_rng(20)
    files = [_gpx(rng, k) for k in range(12)]
    for k, data in enumerate(files):
        (folder / f"{k}.gpx").write_bytes(data)
    recordings = [read_gpx(data, f"{k}.gpx")[0] for k, data in enumerate(files)]
    batches = [clean(recording, 60.0, ()) for recording in recordings]
    window, smoothing = bbox_window((10.85, 47.77, 10.95, 47.83), width=1000), Smoothing(metres=12)
    counted = draw(batches, window, parse_measure("passes"), 1)
    inner = window.grown(-blur_halo(smoothing, window))
    region, light = bbox_window((10.0, 47.2, 12.0, 48.4), width=3000), Smoothing(pixels=1.0)
    wide = region.grown(blur_halo(light, region))
    points = Points(lon=rng.normal(10, 1, 4000), lat=rng.normal(47, 1, 4000), weight=rng.gamma(2, 3, 4000))
    country, kernel = bbox_window((8, 45, 12, 49), width=500), Kernel("quartic", pixels=12.0)
    binned = bin_points([points], country.grown(*halo(kernel, country)), parse_point_measure("sum", "w"), 1)
    import_into(folder / "lib.db", *map(str, sorted(folder.glob("*.gpx"))))
    library = open_library(folder / "lib.db")
    x, y = (int(place * 2**14) for place in (batches[0].u[0], batches[0].v[0]))
    tile = Window(256.0 * 2**14, x * 256, y * 256, 256, 256)
    keep = np.ones(64, np.bool_)
    return {
        "read GPX": lambda: [read_gpx(data, "a.gpx") for data in files[:3]],
        "clean": lambda: [clean(recording, 60.0, ()) for recording in recordings],
        "count passes": lambda: draw(batches, window, parse_measure("passes"), 1),
        "smooth": lambda: smooth(counted, smoothing, inner, 1),
        "count and smooth in a wide window": lambda: smooth(
            draw(batches, wide, parse_measure("passes"), 1), light, region, 1
        ),
        "spread points": lambda: spread(binned, kernel, country, 1),
        "draw a tile of the index": lambda: draw_index(library, tile, parse_measure("passes"), keep),
    }


def _gpx(rng: np.random.Generator, number: int) -> bytes:
    """Make a GPX of a run of 1,800 fixes that goes round and round."""
    import numpy as np

    turn = np.cumsum(rng.normal(0, 0.12, 1800))
    east, north = np.cumsum(2.8 * np.cos(turn)), np.cumsum(2.8 * np.sin(turn))
    lat, lon = 47.8 + north / 111_320, 10.9 + east / 74_800
    fixes = "".join(
        f'<trkpt lat="{y:.7f}" lon="{x:.7f}"><ele>600</ele><time>2024-05-{number + 1:02}T08:{k // 60:02}:{k % 60:02}Z'
        "</time></trkpt>"
        for k, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True))
    )
    head = '<?xml version="1.0"?><gpx version="1.1" creator="made" xmlns="http://www.topografix.com/GPX/1/1">'
    return f"{head}<trk><type>running</type><trkseg>{fixes}</trkseg></trk></gpx>".encode()


def inside(counting: bool) -> None:
    """Do all jobs; while `counting`, with the instructions of each in a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        found = jobs(Path(folder))
        for work in found.values():
            work()
        if not counting:
            return
        gc.collect()
        gc.disable()
        valgrind = Valgrind()
        for name, work in found.items():
            for _ in range(_BEFORE):
                work()
            valgrind.ask(_START)
            valgrind.ask(_ZERO)
            work()
            valgrind.ask(_DUMP, name.encode())
            valgrind.ask(_STOP)


def _valgrind(folder: Path, arguments: list[str], *options: str) -> list[Path]:
    """Run Python under callgrind; returns the files with counts."""
    command = [
        "valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'out'}", *options, sys.executable, *arguments,
    ]  # fmt: skip
    done = subprocess.run(command, env={**os.environ, **FIXED}, capture_output=True, text=True, timeout=1800)
    if done.returncode:
        sys.exit(f"valgrind failed:\n{done.stderr[-3000:]}")
    return sorted(folder.glob("out*"))


def _totals(path: Path) -> tuple[str, int]:
    """What a file of callgrind was written for, and its instructions."""
    text = path.read_text(errors="replace")
    why = re.search(r"desc: Trigger: Client Request: (.*)", text)
    return why[1] if why else "", int(re.search(r"^totals: (\d+)", text, re.MULTILINE)[1])  # type: ignore[index]


def counted() -> dict[str, int]:
    """Name -> instructions of all that is counted."""
    here = [str(Path(__file__).resolve())]
    # Kernels are compiled at full speed, not under Valgrind.
    subprocess.run([sys.executable, *here, "--inside"], env={**os.environ, **FIXED}, check=True)
    counts = {}
    for name, arguments in STARTS.items():
        # Once before, so that all files of Python are compiled.
        subprocess.run([sys.executable, *arguments], env={**os.environ, **FIXED}, stdout=subprocess.DEVNULL, check=True)
        with tempfile.TemporaryDirectory() as folder:
            counts[name] = sum(_totals(path)[1] for path in _valgrind(Path(folder), arguments))
    with tempfile.TemporaryDirectory() as folder:
        for path in _valgrind(Path(folder), [*here, "--inside", "--count"], "--instr-atstart=no"):
            why, total = _totals(path)
            if why:
                counts[why] = total
    return counts


def versions() -> dict[str, str]:
    """Versions on which counts depend."""
    names = ("numpy", "numba", "llvmlite")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="keep what is found as the measure from now on")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--count", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        inside(given.count)
        return 0
    if platform.machine() != "x86_64" or shutil.which("valgrind") is None:
        print("instructions are counted on x86-64 with Valgrind (apt-get install valgrind): nothing was compared")
        return 0
    found, now = counted(), versions()
    if given.write:
        COUNTS.write_text(json.dumps({"versions": now, "instructions": found}, indent=1) + "\n", encoding="utf-8")
        print(f"{COUNTS.name} has {len(found)} counts")
        return 0
    kept = json.loads(COUNTS.read_text(encoding="utf-8"))
    if kept["versions"] != now:
        print(f"counts were kept with {kept['versions']}, and these are of {now}: they may differ for that alone")
    grown = 0
    for name, count in found.items():
        before = kept["instructions"].get(name)
        change = None if before is None else count / before - 1
        grown += change is not None and change > MOST
        said = "new" if change is None else f"{change:+.1%}{' GROWN' if change > MOST else ''}"
        print(f"{name:34} {count:15,} {said}")
    for name in sorted(kept["instructions"].keys() - found.keys()):
        print(f"{name:34} is kept, and was not counted")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
