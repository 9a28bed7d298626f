"""Processor time of cold tiles of the live map, by zoom, and beside that of another state of heatlas.

    python benchmarks/cold_tiles.py [--before DIRECTORY] [--activities 400] [--tiles 6] [--any 0] [SOURCE...]

SOURCE is what `heatlas import` takes; by default the demo with so many activities. Of each zoom the busiest tiles are
drawn, from the request of a tile to its bytes, smoothed and coloured. Cold: no tile and no counts are remembered; the
tone of the zoom is fitted, and the pages of the file are in memory. Each figure is the least of all rounds, so the mean
of the busiest tiles moves little with the load of the machine. `--any` draws so many tiles of all zooms at random too.

DIRECTORY holds a checkout of another state. Each state makes a library of its own, with its own format, in a process of
its own; rounds take turns. Build the kernels of both (`python -m heatlas.kernels.ahead_build`), as in an installation.
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

import numpy as np

ZOOMS = (6, 8, 10, 12, 13, 14, 15, 16, 17)
HERE = Path(__file__).resolve().parents[1]


def inside(library: Path, measure: str, least: int, most: int, some: int) -> None:
    """Draw tiles: a round for each line of the input, which is answered by the milliseconds of each tile."""
    from heatlas.library.file.opening import open_library
    from heatlas.raster.threshold import Limits
    from heatlas.tiles.busy_tiles import tiles_of
    from heatlas.tiles.fields import Field
    from heatlas.tiles.look import Filter
    from heatlas.tiles.painting import tile_bytes
    from heatlas.tiles.request import TileRequest, parse_look
    from heatlas.tiles.scales import tone_of
    from heatlas.tiles.tile_counts import busiest
    from heatlas.tiles.view import census_of, choose_in, now, open_view

    view = open_view(open_library(library), limits=Limits(least or None))
    snapshot = now(view)
    field = Field(view, snapshot, choose_in(view, snapshot, Filter()), parse_look(TileRequest(measure=measure), None))
    wanted = [(zoom, *place) for zoom in ZOOMS for place in busiest(census_of(view, snapshot, zoom), None, most)]
    rng = np.random.default_rng(1)
    every = [(zoom, *place) for zoom in range(4, 18) for place in tiles_of(field, zoom)] if some else []
    wanted += [every[k] for k in rng.integers(len(every), size=some)] if every else []
    for zoom in {zoom for zoom, _, _ in wanted}:
        tone_of(field, zoom)
    print(json.dumps(wanted), flush=True)
    for _ in sys.stdin:
        spent, sizes = [], []
        for tile in wanted:
            for cache in (view.grids, view.enough, view.answers):
                cache.forget(lambda key: True)
            started = time.thread_time()
            sizes.append(len(tile_bytes(field, *tile)))
            spent.append(1e3 * (time.thread_time() - started))
        print(json.dumps([spent, sizes]), flush=True)


class State:
    """A process that draws tiles with the heatlas of a directory."""

    def __init__(self, directory: Path, folder: Path, options: argparse.Namespace) -> None:
        self._environment = {**os.environ, "PYTHONPATH": str(directory)}
        library = folder / "library.db"
        sources = options.sources
        if not sources:
            sources = [str(folder / "demo")]
            self._run("demo", *sources, "--activities", str(options.activities))
        self._run("import", *sources, "-l", str(library))
        asked = [library, options.measure, options.at_least, options.tiles, options.any]
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--inside", *map(str, asked)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self._environment,
        )  # fmt: skip
        self.tiles = self._answer()
        self.spent = np.full(len(self.tiles), np.inf)
        self.bytes = np.zeros(len(self.tiles))

    def _run(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "heatlas", *arguments]
        subprocess.run(command, env=self._environment, check=True, capture_output=True)

    def _answer(self) -> list:
        return json.loads(self._process.stdout.readline())

    def round(self) -> None:
        """Draw all tiles once more."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        spent, self.bytes = map(np.array, self._answer())
        self.spent = np.minimum(self.spent, spent)

    def end(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*")
    parser.add_argument("--before", type=Path)
    parser.add_argument("--activities", type=int, default=400)
    parser.add_argument("--tiles", type=int, default=6)
    parser.add_argument("--any", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--measure", default="passes")
    parser.add_argument("--at-least", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        states = {}
        for word, directory in (("before", options.before), ("now", HERE)):
            if directory is not None:
                folder = Path(name) / word
                folder.mkdir()
                states[word] = State(directory, folder, options)
        for _ in range(options.rounds):
            for state in states.values():
                state.round()
        for state in states.values():
            state.end()
    busy = len(ZOOMS) * options.tiles
    print("ms of the processor  " + "".join(f"{f'z{zoom}':>7}" for zoom in ZOOMS) + "  worst    kB")
    for word, state in states.items():
        zooms, spent = np.array(state.tiles)[:, 0], state.spent
        means = [spent[:busy][zooms[:busy] == zoom].mean() for zoom in ZOOMS]
        size = state.bytes[:busy].mean() / 1e3
        print(f"{word:20} " + "".join(f"{mean:7.2f}" for mean in means) + f"{spent[:busy].max():7.2f}{size:6.1f}")
    for word, state in states.items() if options.any else ():
        spent = state.spent[busy:]
        print(f"{word:20} any: median {np.median(spent):.2f}, 99th percentile {np.quantile(spent, 0.99):.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(Path(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:]))
    else:
        main()
