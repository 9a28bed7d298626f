"""CPU seconds that scores of explorer tiles take, for made-up activities; and that finding tiles takes in a library.

    python benchmarks/explorer.py [--activities 10000] [--steps 400]
    python benchmarks/explorer.py --library FILE      # such as benchmarks/library.py --km 20000 --at FILE makes

Made-up activities are walks over tiles of zoom 17 around one place, most of them near it. Of a library the visits are
found from whole tracks, as where parts are hidden, and from the index, as where nothing is; both must be the same.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import Activity
from heatlas.explorer.explored import explored_of
from heatlas.explorer.keys import key_of
from heatlas.explorer.report import map_data, report_of
from heatlas.explorer.visits import TileVisits, shown_visits, whole_visits
from heatlas.library.file.opening import open_library
from heatlas.library.rows.merged import list_activities

if TYPE_CHECKING:
    from collections.abc import Callable

ZOOM, PLACE = 17, (70_000, 45_000)


def made(activities: int, steps: int) -> TileVisits:
    """Tiles of walks: most begin near the place, and go one way for the most part."""
    rng = np.random.default_rng(1)
    numbers, tiles = [], []
    for number in range(activities):
        begin = rng.normal(0, 1, 2) * rng.choice([40, 150, 1000], p=[0.8, 0.15, 0.05])
        way = np.sign(rng.normal(0, 1, 2)) * (rng.random((steps, 2)) < 0.5)
        step = np.where(rng.random((steps, 1)) < 0.5, way, rng.integers(-1, 2, (steps, 2)))
        x, y = (np.cumsum(step, axis=0) + begin + PLACE).astype(np.int64).T
        tiles.append(np.unique(key_of(x, y)))
        numbers.append(np.full(len(tiles[-1]), number))
    return TileVisits(np.concatenate(numbers), np.concatenate(tiles))


def timed(name: str, work: Callable[[], Any]) -> Any:
    """Say how much CPU time some work takes."""
    began = time.process_time()
    found = work()
    print(f"{name:36}{time.process_time() - began:7.2f} s")
    return found


def tell_library(path: Path) -> None:
    """Find the visits of a library twice; nothing may be hidden in it."""
    with open_library(path) as library:
        activities = list_activities(library)
        keep = np.ones(max(activities) + 1, np.bool_)
        whole_visits(library, dict(list(activities.items())[:1]), 14)  # compiles
        for zoom in (14, 17):
            whole = timed(f"zoom {zoom}, of whole tracks", lambda zoom=zoom: whole_visits(library, activities, zoom))
            shown = timed(f"zoom {zoom}, from the index", lambda zoom=zoom: shown_visits(library, keep, zoom))
            assert np.array_equal(whole.tile, shown.tile)
            assert np.array_equal(whole.number, shown.number)
            print(f"{len(activities):,} activities, {len(whole.tile):,} visits")


def main() -> None:
    """Time each stage once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--activities", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--library", type=Path)
    options = parser.parse_args()
    if options.library:
        tell_library(options.library)
        return
    visits = made(options.activities, options.steps)
    activities = {k: Activity(source=f"{k:06}", start=86400.0 * k) for k in range(options.activities)}
    explored = timed("tiles with days and counts", lambda: explored_of(visits, activities, ZOOM))
    square = timed("square after each activity", lambda: explored.squares)
    cluster = timed("cluster after each activity", lambda: explored.clusters)
    timed("next square", lambda: explored.next_square)
    timed("history", lambda: explored.history)
    timed("report", lambda: report_of(explored))
    timed("data for a map", lambda: map_data(explored))
    print(
        f"{options.activities:,} activities, {len(visits.tile):,} visits of {len(explored.keys):,} tiles; "
        f"square {square.size}, cluster {cluster.size:,}"
    )


if __name__ == "__main__":
    main()
