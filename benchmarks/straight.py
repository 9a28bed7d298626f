"""From GPX files to tiles: straight, through a library, and by programs that do nothing else.

    python benchmarks/straight.py [--hittekaart BINARY] [--hotpot BINARY] [--zoom 15] [--turns 5] [--write] [SOURCE]

SOURCE is a folder of GPX files, by default those of a demo. Each program reads it from nothing and ends: hittekaart
writes tiles of zooms 0 to `--zoom` of pixels that tracks touch, without smoothing; hotpot fills its database with
pixels, from which it draws when it is asked. Whether tiles from files are those from the library to the last byte is
looked at, too.
"""

from __future__ import annotations

import gzip
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from no_waiting import SCRIPTS, compared, measured, tell
from turns import HEATLAS, HITTEKAART, HOTPOT, Command, Took, arguments, environment, in_turns, parse, run, run_all

if TYPE_CHECKING:
    from collections.abc import Callable

ACTIVITIES = 200
"""Activities of the demo, of which 61 are GPX."""
STRAIGHT, THROUGH = "heatlas, straight", "heatlas, through a library"


def demo(folder: Path, variables: dict[str, str]) -> Path:
    """Write the GPX files of a demo, unpacked, as peers take them."""
    run((*HEATLAS, "demo", "demo", "--activities", str(ACTIVITIES)), folder, variables)
    gpx = folder / "gpx"
    gpx.mkdir()
    for path in (folder / "demo").rglob("*.gpx.gz"):
        (gpx / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    return gpx


def programs(source: Path, zoom: int, hittekaart: str | None, hotpot: str | None) -> dict[str, list[Command]]:
    """Name -> commands that are run in a folder that is empty."""
    zooms = ("--zoom", f"0-{zoom}", "-q")
    found: dict[str, list[Command]] = {
        STRAIGHT: [(*HEATLAS, "render", str(source), "-o", "straight.pmtiles", *zooms)],
        THROUGH: [
            (*HEATLAS, "import", str(source), "-l", "library.db", "-q"),
            (*HEATLAS, "render", "library.db", "-o", "library.pmtiles", *zooms),
        ],
    }
    if hittekaart:
        output = ("--format=mb-tiles", "--output=hittekaart.mbtiles", f"--max-zoom={zoom}")
        found[HITTEKAART] = [(hittekaart, *output, *sorted(map(str, source.rglob("*.gpx"))))]
    if hotpot:
        found[HOTPOT] = [(hotpot, "--db", "hotpot.db", "import", str(source))]
    return found


def main() -> None:
    parser = arguments(__doc__, HITTEKAART, HOTPOT)
    parser.add_argument("source", type=Path, nargs="?")
    parser.add_argument("--zoom", type=int, default=15)
    options = parse(parser)
    if options.write and (options.source or options.zoom != 15):
        parser.error("--write takes neither SOURCE nor --zoom")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        variables = environment(folder / "config")
        source = options.source.resolve() if options.source else demo(folder, variables)
        print(f"{len(list(source.rglob('*.gpx')))} GPX files to zooms 0 to {options.zoom}")

        def anew(commands: list[Command]) -> Took:
            with tempfile.TemporaryDirectory(dir=folder) as empty:
                took = run_all(commands, Path(empty), variables)
                for tiles in Path(empty).glob("*.pmtiles"):
                    tiles.replace(folder / tiles.name)
            return took

        jobs: dict[str, Callable[[], Took]] = {
            program: partial(anew, commands)
            for program, commands in programs(source, options.zoom, options.hittekaart, options.hotpot).items()
        }
        for job in jobs.values():  # warms caches, and is not counted
            job()
        when = measured(options.turns)
        found = in_turns(jobs, options.turns)
        if (folder / "straight.pmtiles").read_bytes() != (folder / "library.pmtiles").read_bytes():
            raise SystemExit("tiles straight from files are not those of a library")
    print("tiles straight from files are those of the library, byte by byte")
    (row,) = SCRIPTS["straight.py"]
    tell("straight.py", when, [compared(row, found[STRAIGHT], HITTEKAART, found.get(HITTEKAART))], options.write)


if __name__ == "__main__":
    main()
