"""What tests of published tiles share: every output read by somebody else's reader."""

from __future__ import annotations

import functools
import io
import sqlite3

import numpy as np
from PIL import Image

from heatlas.core.context import Context, silent
from heatlas.options import RenderOptions, gather
from heatlas.publish import layers, publishing


def asked(zooms=None, **options):
    """Options of tiles and pages, with zooms as numbers."""
    return gather(RenderOptions, {**options, "zoom": zooms and f"{zooms[0]}-{zooms[1]}"})


def publish(library, output, workers=None, progress=silent, **options):
    return publishing.publish(library, output, asked(**options), Context(workers, progress))


def publish_html(library, output, workers=None, **options):
    return layers.publish_html(library, output, asked(**options), Context(workers))


@functools.lru_cache(maxsize=64)  # most tiles beside those that are drawn are the one that is empty
def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def folder_tiles(path, form="png"):
    found = {}
    for file in path.glob(f"*/*/*.{form}"):
        found[int(file.parent.parent.name), int(file.parent.name), int(file.stem)] = file.read_bytes()
    return found


def mbtiles_tiles(path):
    link = sqlite3.connect(path)
    rows = link.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles").fetchall()
    link.close()
    return {(z, x, 2**z - 1 - y): data for z, x, y, data in rows}


def sqlitedb_tiles(path):
    link = sqlite3.connect(path)
    rows = link.execute("SELECT z, x, y, image FROM tiles WHERE s = 0").fetchall()
    link.close()
    return {(17 - z, x, y): data for z, x, y, data in rows}


def pmtiles_tiles(path):
    from pmtiles.reader import MmapSource, all_tiles

    with path.open("rb") as file:
        return dict(all_tiles(MmapSource(file)))


READERS = {".mbtiles": mbtiles_tiles, ".sqlitedb": sqlitedb_tiles, ".pmtiles": pmtiles_tiles}


def tiles_in(path):
    return READERS.get(path.suffix, folder_tiles)(path)
