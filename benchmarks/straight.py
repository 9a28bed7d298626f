"""From GPX files to tiles: straight, through a library, and by programs that do nothing else.

    python benchmarks/straight.py [--hittekaart BINARY] [--hotpot BINARY] [--zoom 15] [--rounds 5] SOURCE

SOURCE is a folder of GPX files. Each program reads it from nothing and ends: hittekaart writes tiles of zooms 0 to
`--zoom` of pixels that tracks touch, without smoothing; hotpot fills its database with pixels, from which it draws when
it is asked. A peer that is not named is left out, with a word. Processes take turns; medians of wall and processor
seconds are told, and whether tiles from files are those from the library to the last byte.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HEATLAS = (sys.executable, "-m", "heatlas")


def heatlas_straight(source: Path, folder: Path, zoom: int) -> list[list[str]]:
    return [[*HEATLAS, "render", str(source), "-o", str(folder / "straight.pmtiles"), "--zoom", f"0-{zoom}", "-q"]]


def heatlas_library(source: Path, folder: Path, zoom: int) -> list[list[str]]:
    library = str(folder / "library.db")
    output = str(folder / "library.pmtiles")
    return [
        [*HEATLAS, "import", str(source), "-l", library, "-q"],
        [*HEATLAS, "render", library, "-o", output, "--zoom", f"0-{zoom}", "-q"],
    ]


def hittekaart(binary: str) -> Callable[[Path, Path, int], list[list[str]]]:
    def commands(source: Path, folder: Path, zoom: int) -> list[list[str]]:
        files = sorted(map(str, source.rglob("*.gpx")))
        output = ["--format=mb-tiles", f"--output={folder / 'hittekaart.mbtiles'}", f"--max-zoom={zoom}"]
        return [[binary, *output, *files]]

    return commands


def hotpot(binary: str) -> Callable[[Path, Path, int], list[list[str]]]:
    return lambda source, folder, zoom: [[binary, "--db", str(folder / "hotpot.db"), "import", str(source)]]


def seconds_of(commands: list[list[str]]) -> tuple[float, float]:
    """Wall seconds, and seconds of the processor."""
    # As after an install, modules need not be compiled to byte code at every start.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--hittekaart", metavar="BINARY")
    parser.add_argument("--hotpot", metavar="BINARY")
    parser.add_argument("--zoom", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    programs = {"heatlas, straight": heatlas_straight, "heatlas, through a library": heatlas_library}
    for name, peer in (("hittekaart", hittekaart), ("hotpot", hotpot)):
        binary = getattr(options, name)
        if binary is None:
            print(f"{name} is left out: say --{name} BINARY")
        else:
            programs[name] = peer(binary)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for turn in range(options.rounds + 1):  # the first warms caches, and is not counted
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for program, commands in programs.items():
                took = seconds_of(commands(options.source, folder, options.zoom))
                found[program] += [took] if turn else []
            same = (folder / "straight.pmtiles").read_bytes() == (folder / "library.pmtiles").read_bytes()
            if not same:
                raise SystemExit("tiles straight from files are not those of a library")
    for program, took in found.items():
        wall, spent = (statistics.median(column) for column in zip(*took, strict=True))
        print(f"{program:28} {wall:6.2f} s, {spent:6.2f} s of the processor")
    print("tiles straight from files are those of the library, byte by byte")


if __name__ == "__main__":
    main()
