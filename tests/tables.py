"""Tables for tests: the same rows in every form, and what reading them gives."""

from __future__ import annotations

import io
import json
from collections import Counter

import numpy as np

from heatlas.options import TableOptions
from heatlas.sources.tables import open_table
from heatlas.sources.tables.columns import find_columns
from heatlas.sources.tables.rows import read_points
from heatlas.sources.tables.settled import settled


def read(source, *, query=None, table=None, **given):
    """All points of a source as (lon, lat, weight), what was dropped, and the table."""
    opened = open_table(source, query=query, table=table)
    columns = find_columns(opened.schema, TableOptions(**given), name=opened.name)
    chunks = list(read_points(settled(opened, columns), columns))
    dropped = sum((chunk.dropped for chunk in chunks), Counter())
    lon = np.concatenate([np.zeros(0), *(chunk.lon for chunk in chunks)])
    lat = np.concatenate([np.zeros(0), *(chunk.lat for chunk in chunks)])
    weights = [chunk.weight for chunk in chunks]
    weight = None if columns.weight is None else np.concatenate([np.zeros(0), *weights])
    return (lon, lat, weight), dropped, opened


def made(n=1000, seed=0):
    """Sound rows, (n,) each: lon, lat, weight; short enough to be written exactly."""
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(-180, 180, n).round(6), rng.uniform(-85, 85, n).round(6)
    return lon, lat, rng.integers(-50, 1000, n) / 8


def csv_text(columns, delimiter=",", decimal=".", newline="\n", quote=False):
    """Delimited text of columns by name; numbers with the given decimal mark."""
    out = io.StringIO()

    def cell(value):
        text = repr(float(value)).replace(".", decimal) if isinstance(value, float) else str(value)
        wrap = quote or any(mark in text for mark in (delimiter, '"', "\n", "\r"))
        return '"' + text.replace('"', '""') + '"' if wrap else text

    out.write(delimiter.join(cell(name) for name in columns) + newline)
    for row in zip(*columns.values(), strict=True):
        out.write(delimiter.join(cell(float(v) if isinstance(v, np.floating) else v) for v in row) + newline)
    return out.getvalue()


def feature(lon, lat, **properties):
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties}


def geojson(lon, lat, weight, **kw):
    features = [feature(float(x), float(y), weight=float(w)) for x, y, w in zip(lon, lat, weight, strict=True)]
    return json.dumps({"type": "FeatureCollection", "features": features}, **kw)
