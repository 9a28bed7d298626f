"""A cold tile of the live map against geo-activity-playground's heat map: the same activities and tiles, in one run.

    python benchmarks/live_tile.py --peer PYTHON [--tiles 6] [SOURCE...]

PYTHON is an interpreter that has geo-activity-playground (``pip install geo-activity-playground`` in an environment of
its own). SOURCE is what `heatlas import` takes; by default the export of `heatlas demo`. Of each zoom the busiest tiles
are drawn, and some that stand for the rest. Cold: both have their activities on disk, and remember no tile, no counts.
The peer draws each pass as a line 3 px wide without smoothing; heatlas counts passes and smooths them, with its halo.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from starlette.datastructures import QueryParams

from heatlas.core.window import Window
from heatlas.library.collection import tracks_of
from heatlas.library.file.opening import open_library
from heatlas.library.imports import import_sources
from heatlas.server.site.query import parse_filter_of, request_of
from heatlas.tiles.encoding import encode
from heatlas.tiles.fields import SIDE, Field, field_window
from heatlas.tiles.request import parse_look
from heatlas.tiles.scales import colours_of, tone_of
from heatlas.tiles.snapshot import choose
from heatlas.tiles.tile_counts import busiest
from heatlas.tiles.view import census_of, now, open_view

ZOOMS = (6, 8, 10, 12, 13, 14, 15, 16, 17)


def fill(library, sources, folder):
    if not sources:
        from heatlas.demo import write_demo

        write_demo(folder / "demo", seed=1)
        sources = [folder / "demo"]
    import_sources(library, [Path(source) for source in sources])


def tiles_of(view, most):
    """Zoom, x, y and the activities of some tiles of each zoom."""
    snapshot, wanted = now(view), []
    for zoom in ZOOMS:
        census = census_of(view, snapshot, zoom)
        at = {place: k for k, place in enumerate(zip(census.x.tolist(), census.y.tolist(), strict=True))}
        places = busiest(census, None, most)
        wanted += [(zoom, *place, census.number[census.tile == at[place]].tolist()) for place in places]
    return wanted


def write_tracks(library, folder):
    """One Parquet file for each activity, with the columns that the peer draws from and those that it carries along."""
    numbers = {}
    with library.read() as link:
        rows = link.execute("SELECT number, source, id, start FROM activities WHERE same_as IS NULL").fetchall()
    for number, source, name, start in rows:
        numbers[source, name, start] = number
    for batch in tracks_of(library).batches:
        for k, activity in enumerate(batch.activities):
            first, last = batch.segments[batch.tracks[k]], batch.segments[batch.tracks[k + 1]]
            segment = np.searchsorted(batch.segments, np.arange(first, last), side="right")
            table = {"time": pd.to_datetime(batch.time[first:last], unit="s"), "segment_id": segment}
            table |= {name: column[first:last] for name, column in batch.columns.items()}
            table |= {"x": batch.u[first:last], "y": batch.v[first:last]}
            number = numbers[activity.source, activity.id, activity.start]
            pd.DataFrame(table).to_parquet(folder / f"{number}.parquet")


def ours(view, wanted):
    snapshot = now(view)
    nothing = QueryParams("")
    look = parse_look(request_of(nothing, "passes"), None)
    field = Field(view, snapshot, choose(snapshot, parse_filter_of(nothing, False)), look)
    seconds, fitting = [], []
    for zoom in ZOOMS:
        started = time.perf_counter()
        tone_of(field, zoom)
        fitting.append(time.perf_counter() - started)
    for zoom, x, y, _ in [wanted[0], *wanted]:
        view.grids._entries.clear()
        view.grids._bytes = 0
        started = time.perf_counter()
        grid = field_window(field, Window(SIDE * 2.0**zoom, x * SIDE, y * SIDE, SIDE, SIDE))
        encode(grid, tone_of(field, zoom), colours_of(field), "png")
        seconds.append(time.perf_counter() - started)
    return np.array(seconds[1:]), np.array(fitting[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*")
    parser.add_argument("--peer", required=True)
    parser.add_argument("--tiles", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "peer").mkdir()
        with open_library(folder / "library.db", create=True) as library:
            fill(library, options.sources, folder)
            write_tracks(library, folder / "peer")
        view = open_view(open_library(folder / "library.db"))
        wanted = tiles_of(view, options.tiles)
        (folder / "peer" / "tiles.json").write_text(json.dumps(wanted))
        print(f"{len(now(view).activities)} activities, {now(view).fixes:,} fixes, {len(wanted)} tiles")
        peer = [options.peer, str(Path(__file__).with_name("peers") / "playground.py"), str(folder / "peer")]
        said = subprocess.run(peer, check=True, capture_output=True, text=True).stdout
        theirs = np.array(json.loads(said.splitlines()[-1]))
        mine, fitting = ours(view, wanted)
    zooms = np.array([tile[0] for tile in wanted])
    for zoom in ZOOMS:
        of = zooms == zoom
        print(
            f"zoom {zoom:2}: {np.mean([len(tile[3]) for tile in wanted if tile[0] == zoom]):6.0f} activities a tile; "
            f"geo-activity-playground {1e3 * theirs[of].mean():8.1f} ms, heatlas {1e3 * mine[of].mean():6.2f} ms: "
            f"{theirs[of].sum() / mine[of].sum():5.0f} times"
        )
    print(
        f"all tiles: {theirs.sum() / mine.sum():.0f} times; median of the tiles: {np.median(theirs / mine):.0f} times"
    )
    print(f"once for each zoom and filter, heatlas fits a scale: median {1e3 * np.median(fitting):.1f} ms")


if __name__ == "__main__":
    main()
