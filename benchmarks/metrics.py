"""Metrics and relations from the index: their tiles against those of the mean pace, and what they cost an import.

    python benchmarks/metrics.py [--km 4000] [--at FILE] [--tiles 30] [--anyone 1500] [SOURCE...]
    python benchmarks/metrics.py --only-import [--before DIRECTORY] [--json] [SOURCE...]

The library is that of benchmarks/library.py: activities of SOURCE, by default of a made-up athlete, and copies of them
until there are enough kilometres. With --at it is kept there, and used again when it is there already.

Tiles are drawn cold: before each, the cache of SQLite is emptied. Facts of activities are read apart, once for
each state of the library, as the live map reads them. Busy tiles are a sample in proportion to size, which has the
busiest. Time is that of the processor, and of some rounds the least counts, since others use the machine as well; each
measure takes turns with the mean pace, tile by tile.
With --anyone relations are drawn for so many tiles as well that are taken at random from all of the index, once each.
Goals: metrics that are means take at most 1.5 times as long as the mean pace; of relations 99 of 100 tiles take less
than 25 ms.

An import is measured in processor seconds of this process, the least of three, and by the size of the file. With
--before, a directory that holds another state of heatlas (``git worktree add DIRECTORY main``), the same is done by
that state, turn by turn with this one. Goals: 10 % more time, 15 % more bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

ZOOMS = (8, 11, 13, 14, 15, 16, 17)
ROUNDS = 5
MEANS = (
    "heart_rate", "grade", "flat_pace", "wait", "stops", "efficiency", "vam", "climb", "up", "bearing", "oneway",
    "street", "hour", "month", "share(heart_rate >= 150)", "share(dark)", "best", "first", "last", "sum(wait)", "days",
)  # fmt: skip
RELATIONS = (
    "corr(pace, heart_rate)",
    "slope(heart_rate ~ pace)",
    "residual(heart_rate)",
    "corr(flat_pace, heart_rate)",
)
MOST_OF_A_MEAN, MOST_OF_A_RELATION = 1.5, 25.0
"""Goals: times the mean pace, and milliseconds of the 99th percentile."""


def busy_tiles(library, most):
    """Zoom, x and y of some tiles of each zoom, in proportion to size."""
    from heatlas.tiles.tile_counts import busiest
    from heatlas.tiles.view import census_of, now, open_view

    view = open_view(library)
    snapshot = now(view)
    return [(zoom, *place) for zoom in ZOOMS for place in busiest(census_of(view, snapshot, zoom), None, most)]


def drawn(library, tiles, measures, rounds=ROUNDS):
    """Milliseconds of the processor for each tile of each of some measures (with their facts), turn by turn."""
    from heatlas.core.window import Window
    from heatlas.library.index.drawing import draw

    taken = np.full((len(measures), len(tiles)), np.inf)
    for _ in range(rounds):
        for k, (zoom, x, y) in enumerate(tiles):
            for m, (measure, facts) in enumerate(measures):
                with library.read() as link:
                    link.execute("PRAGMA shrink_memory")
                started = time.process_time()
                draw(library, Window(256.0 * 2**zoom, 256 * x, 256 * y, 256, 256), measure, None, facts)
                taken[m, k] = min(taken[m, k], 1e3 * (time.process_time() - started))
    return taken


def tell_tiles(library, most):
    """Print a row for each measure, and whether goals are met."""
    from heatlas.library.index.passage_tiles import needs_facts, read_facts
    from heatlas.raster.measure import parse_measure

    tiles = busy_tiles(library, most)
    started = time.perf_counter()
    with library.read() as link:
        facts = read_facts(link)
    print(f"{len(tiles)} tiles; facts of activities, once for each state of the library: {ms(started):.1f} ms")
    pace = parse_measure("pace"), None
    print(f"{'measure':32} {'median':>8} {'p99':>8} {'worst':>8} ms {'of pace':>8}  by zoom: median, ms")
    for name in ("mean(pace)", *MEANS, *RELATIONS):
        measure = parse_measure(name)
        both = [pace, (measure, facts if needs_facts(measure) else None)]
        drawn(library, tiles[:1], both)  # compiles
        usual, taken = drawn(library, tiles, both)
        good = (
            np.quantile(taken, 0.99) < MOST_OF_A_RELATION
            if name in RELATIONS
            else taken.sum() <= MOST_OF_A_MEAN * usual.sum()
        )
        tell(name, taken, usual, tiles, "" if good else "  MISSED")


def tell_anyone(library, most):
    """Print a row for the mean pace and each relation, over tiles taken at random from all."""
    from heatlas.library.file.keys import pixel_keys, tile_of
    from heatlas.library.index.passage_tiles import needs_facts, read_facts
    from heatlas.raster.measure import parse_measure

    with library.read() as link:
        rows = link.execute("SELECT key FROM passages WHERE key BETWEEN ? AND ?", pixel_keys()).fetchall()
        facts = read_facts(link)
    tiles = sorted({tile_of(key) for (key,) in rows})
    some = [tiles[k] for k in np.random.default_rng(5).permutation(len(tiles))[:most]]
    print(f"{len(some):,} of {len(tiles):,} tiles, at random")
    for name in ("mean(pace)", *RELATIONS):
        measure = parse_measure(name)
        asked = [(measure, facts if needs_facts(measure) else None)]
        drawn(library, some[:3], asked, rounds=1)  # compiles
        (taken,) = drawn(library, some, asked, rounds=1)
        median, last, worst = np.quantile(taken, [0.5, 0.99, 1])
        missed = "  MISSED" if name in RELATIONS and last >= MOST_OF_A_RELATION else ""
        print(f"{name:32} {median:8.2f} {last:8.2f} {worst:8.2f} ms{missed}")


def ms(started):
    return 1e3 * (time.perf_counter() - started)


def tell(name, taken, usual, tiles, verdict):
    zooms = np.array([tile[0] for tile in tiles])
    by_zoom = ", ".join(f"{zoom}: {np.median(taken[zooms == zoom]):.1f}" for zoom in ZOOMS if (zooms == zoom).any())
    print(
        f"{name:32} {np.median(taken):8.2f} {np.quantile(taken, 0.99):8.2f} {taken.max():8.2f}    "
        f"{taken.sum() / usual.sum():8.2f}  {by_zoom}{verdict}"
    )


def imported(sources, folder):
    """Processor seconds of an import, and bytes: of the file, and of each column of the index."""
    from heatlas.library.manage import import_into  # which older states have too

    path = Path(folder) / f"{time.monotonic_ns()}.db"
    started = time.process_time()
    import_into(path, *sources)
    seconds = time.process_time() - started
    with closing(sqlite3.connect(path)) as link:
        pages, size = (link.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
        columns = dict(link.execute("SELECT metric, sum(bytes) FROM chunks GROUP BY metric"))
    return seconds, pages * size, columns


def once(sources):
    """As `imported`, compiled beforehand."""
    with tempfile.TemporaryDirectory() as folder:
        imported(sources, folder)
        return imported(sources, folder)


def tell_import(sources, before):
    """Print what an import takes, and what it took."""
    here = Path(__file__).resolve().parent.parent
    states = {"before": before, "now": here} if before else {"now": here}
    found = {name: [] for name in states}
    for _ in range(ROUNDS):
        for name, directory in states.items():
            # By this file, but with the other state's modules.
            command = [sys.executable, str(Path(__file__).resolve()), "--only-import", "--json", *map(str, sources)]
            done = subprocess.run(
                command, env={**os.environ, "PYTHONPATH": str(directory)}, check=True, capture_output=True, text=True
            )
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
    for name, runs in found.items():
        seconds, size = min(run[0] for run in runs), runs[0][1]
        told = ", ".join(f"{column}: {amount / 1e6:.2f}" for column, amount in runs[0][2].items())
        print(f"{name:6} {seconds:.2f} s of the processor, {size / 1e6:.2f} MB; columns by number, MB: {told}")
    if before:
        time_of, size_of = ([found[name][0][k] for name in ("now", "before")] for k in (0, 1))
        time_of = [min(run[0] for run in found[name]) for name in ("now", "before")]
        print(f"time {100 * (time_of[0] / time_of[1] - 1):+.1f} %, size {100 * (size_of[0] / size_of[1] - 1):+.1f} %")


def demo(folder):
    from heatlas.demo import write_demo

    write_demo(Path(folder) / "export", seed=1)
    return [Path(folder) / "export"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", type=Path)
    parser.add_argument("--km", type=float, default=4000)
    parser.add_argument("--at", type=Path)
    parser.add_argument("--tiles", type=int, default=30)
    parser.add_argument("--anyone", type=int, default=0)
    parser.add_argument("--only-import", action="store_true")
    parser.add_argument("--before", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.only_import:
            sources = options.sources or demo(folder)
            if options.json:
                print(json.dumps(once(sources)))
            else:
                tell_import(sources, options.before)
            return
        from library import fill, originals

        from heatlas.library.file.opening import open_library

        path = options.at or Path(folder) / "library.db"
        there = path.exists()
        with open_library(path, create=True) as library:
            if not there:
                fill(library, originals(options.sources), options.km)
            if options.tiles:
                tell_tiles(library, options.tiles)
            if options.anyone:
                tell_anyone(library, options.anyone)


if __name__ == "__main__":
    main()
