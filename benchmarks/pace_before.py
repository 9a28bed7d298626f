"""Tiles of metrics against those of the mean pace in an earlier state of heatlas, which a goal was written for.

    git worktree add --detach DIRECTORY f8a9e66
    python benchmarks/pace_before.py DIRECTORY [--km 8000] [--at FOLDER] [--tiles 24] [SOURCE...]

Both states fill a library of their own from the same recordings, by their own code (`benchmarks/library.py`), and draw
the same busy tiles cold, each in a process of its own, turn by turn, some rounds. Time is that of the processor, and
the least of the rounds counts. Printed are milliseconds of all tiles, and how often the mean pace of before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 4
HERE = Path(__file__).resolve().parent.parent


def open_library(path, **options):
    """Open a library, by the module that has this in the state that runs."""
    try:
        from heatlas.library.file.opening import open_library as opened
    except ImportError:
        from heatlas.library.file.store import open_library as opened
    return opened(path, **options)


def parse_measure(name):
    """Parse a measure, likewise."""
    try:
        from heatlas.raster.measure import parse_measure as parse
    except ImportError:
        from heatlas.raster.grid import parse_measure as parse
    return parse(name)


def fill_one(path, sources, km):
    """Fill a library by the code of the state that runs."""
    from library import fill, originals

    with open_library(path, create=True) as library:
        fill(library, originals(sources), km)


def draw_all(path, names, tiles):
    """Milliseconds of each measure, for each of some tiles."""
    from heatlas.core.window import Window
    from heatlas.library.index.drawing import draw

    taken = {}
    with open_library(path) as library:
        for name in names:
            measure = parse_measure(name)
            more = facts_of(library, measure)
            taken[name] = []
            for zoom, x, y in [tiles[0], *tiles]:  # the first compiles
                with library.read() as link:
                    link.execute("PRAGMA shrink_memory")
                started = time.process_time()
                draw(library, Window(256.0 * 2**zoom, 256 * x, 256 * y, 256, 256), measure, **more)
                taken[name].append(1e3 * (time.process_time() - started))
            del taken[name][0]
    return taken


def facts_of(library, measure):
    """Facts of activities, which the live map reads once for each state of a library; earlier states know none."""
    try:
        from heatlas.library.index.passage_tiles import needs_facts, read_facts
    except ImportError:
        return {}
    if not needs_facts(measure):
        return {}
    with library.read() as link:
        return {"facts": read_facts(link)}


def run(state, job):
    """Do a job by the code of a state, in a process of its own."""
    path = f"{state}{os.pathsep}{state / 'benchmarks'}"
    command = [sys.executable, str(Path(__file__).resolve()), "--job", json.dumps(job)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def do(job):
    """Do what `run` asked for, and print the result."""
    path = Path(job["library"])
    if "km" in job:
        found = fill_one(path, [Path(source) for source in job["sources"]], job["km"])
    elif "most" in job:
        from metrics import busy_tiles

        with open_library(path) as library:
            found = [list(map(int, tile)) for tile in busy_tiles(library, job["most"])]
    else:
        found = draw_all(path, job["names"], job["tiles"])
    print(json.dumps(found))


def compare(before, folder, options):
    """Fill, draw and tell."""
    from metrics import MEANS

    states = {"before": before, "now": HERE}
    sources = options.sources
    missing = {name: state for name, state in states.items() if not (folder / f"{name}.db").exists()}
    if missing and not sources:
        from metrics import demo

        sources = demo(folder)
    for name, state in missing.items():
        run(state, {"library": f"{folder}/{name}.db", "sources": list(map(str, sources)), "km": options.km})
    tiles = run(HERE, {"library": f"{folder}/now.db", "most": options.tiles})
    names = {"before": ["pace"], "now": ["pace", *MEANS]}
    least = {}
    for _ in range(ROUNDS):
        for state, code in states.items():
            found = run(code, {"library": f"{folder}/{state}.db", "names": names[state], "tiles": tiles})
            for name, taken in found.items():
                known = least.setdefault((state, name), taken)
                least[state, name] = [min(pair) for pair in zip(known, taken, strict=True)]
    usual = sum(least["before", "pace"])
    print(f"{len(tiles)} tiles; the mean pace took {usual:.1f} ms before")
    for name in names["now"]:
        total = sum(least["now", name])
        print(f"{name:24} {total:8.1f} ms {total / usual:6.2f} times that")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, nargs="?")
    parser.add_argument("sources", nargs="*", type=Path)
    parser.add_argument("--km", type=float, default=8000)
    parser.add_argument("--at", type=Path)
    parser.add_argument("--tiles", type=int, default=24)
    parser.add_argument("--job", type=json.loads)
    options = parser.parse_args()
    if options.job:
        do(options.job)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(options.before.resolve(), options.at or Path(folder), options)


if __name__ == "__main__":
    main()
