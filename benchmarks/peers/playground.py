"""A cold tile of geo-activity-playground's heat map: its own code, on tracks that live_tile.py wrote for it.

    python playground.py FOLDER     with an interpreter that has geo-activity-playground

FOLDER holds a Parquet file for each activity, as the program keeps them, and `tiles.json`. Prints the seconds of
each tile as JSON. Nothing that it remembers between tiles is used.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pylab as pl
import pandas as pd
from geo_activity_playground.core.meta_search import SearchQuery
from geo_activity_playground.webui.blueprints.heatmap_blueprint import _render_tile_image


def main() -> None:
    os.chdir(sys.argv[1])
    wanted = json.loads(Path("tiles.json").read_text())
    # Its repository asks a database for the name of the file, and then reads that file: here it is read at once.
    repository = SimpleNamespace(get_time_series=lambda number: pd.read_parquet(f"{number}.parquet"))
    config = SimpleNamespace(color_scheme_for_heatmap="afmhot")
    seconds = []
    for turn, (zoom, x, y, numbers) in enumerate([wanted[0], *wanted]):  # the first once more, to warm up
        shutil.rmtree("Cache", ignore_errors=True)
        started = time.perf_counter()
        image = _render_tile_image(x, y, zoom, SearchQuery(), config, repository, {zoom: {(x, y): set(numbers)}})
        pl.imsave(io.BytesIO(), image, format="png")
        if turn:
            seconds.append(time.perf_counter() - started)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
