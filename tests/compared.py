"""Tracks along one way, paced at will: for what compares activities in the same pixels."""

from __future__ import annotations

import numpy as np
from slow import make_batch

from heatlas.core.mercator import from_lonlat, ground_metres, to_lonlat
from heatlas.core.window import Window

LON, LAT = 10.9, 47.8


def along(k, pace=0.3, heart=150.0, metres=400.0, step=9.0, north=0.0, start=None, **known):
    """Eastwards in a line: pace (s/m) and heart rate, numbers or lists for equal parts of the way; its own start."""
    x = np.arange(0, metres, step)
    u, v = from_lonlat(LON, LAT)
    east, up = ground_metres(v)
    lon, lat = to_lonlat(u + (x + k % 7 / 7) / east, np.full(len(x), v - north / up))
    paces, hearts = (
        np.repeat(np.atleast_1d(values), -(-len(x) // np.size(values)))[: len(x)] for values in (pace, heart)
    )
    start = 1.55e9 + 86400.0 * k if start is None else start
    time = start + np.concatenate([[0], np.cumsum(step * paces[:-1])])
    known = {"sport": "Run", "start": start, "utc_offset": 0.0, **known}
    return make_batch(lon, lat, time, columns={"heart_rate": hearts}, source=f"along-{k}-", **known)


def around(zoom=16, width=256, height=96, shift=(0, 0)):
    """A window about the way."""
    u, v = from_lonlat(LON + 0.0027, LAT)
    scale = 256.0 * 2**zoom
    return Window(scale, int(u * scale) - width // 2 + shift[0], int(v * scale) - height // 2 + shift[1], width, height)


def same(one, other):
    """Whether two grids are equal to the last bit."""
    return all(np.array_equal(plane, other.planes[name]) for name, plane in one.planes.items())
