"""Box of points: what tables state, what is framed; and why there is nothing to draw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import MAX_LATITUDE, from_lonlat
from heatlas.dataset.places import padded
from heatlas.sources.tables.rows import LINES, METRES, NO_TRACKS, OFF_THE_GLOBE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.raster.spool import Tally
    from heatlas.sources.tables.columns import PointColumns
    from heatlas.sources.tables.table import Table

__all__ = ["Box", "framed", "stated_box", "why_no_points"]

Box = tuple[float, float, float, float]
"""West, south, east, north, degrees."""


def stated_box(parts: Sequence[tuple[Table, PointColumns]]) -> Box | None:
    """Box that tables state; None where it cannot be trusted."""
    boxes = [_stated(table, columns) for table, columns in parts]
    known = [box for box in boxes if box is not None]
    if len(known) < len(boxes):
        return None
    west, south, east, north = zip(*known, strict=True)
    return (min(west), min(south), max(east), max(north)) if max(east) - min(west) <= 180 else None


def _stated(table: Table, columns: PointColumns) -> Box | None:
    if columns.lon is None or columns.lat is None or columns.crs is not None or not table.repeatable:
        return None
    lon, lat = table.bounds(columns.lon), table.bounds(columns.lat)
    if lon is None or lat is None:
        return None
    # Rows without a position may stretch bounds that are out of range or end at 0. Where bounds are wider than half the
    # world, points may lie on both sides of the antimeridian.
    sound = -180 <= lon[0] <= lon[1] <= 180 and -MAX_LATITUDE <= lat[0] <= lat[1] <= MAX_LATITUDE
    if not sound or 0 in {*lon, *lat} or lon[1] - lon[0] > 180:
        return None
    return lon[0], lat[0], lon[1], lat[1]


def framed(box: Box, metres: float = 0.0) -> Box:
    """Pad a box, by at least `metres`, within the map."""
    west, south, east, north = box
    degrees = min(metres / 111_000, 90.0)
    south, north = max(south - degrees, -MAX_LATITUDE), min(north + degrees, MAX_LATITUDE)
    sideways = min(degrees / math.cos(math.radians(max(abs(south), abs(north)))), 180.0)
    west, east = west - sideways, east + sideways
    u, v = from_lonlat(np.array([west, east]), np.clip([south, north], -MAX_LATITUDE, MAX_LATITUDE))
    if u[1] - u[0] > 0.9:
        return (-180.0, max(south - 3, -MAX_LATITUDE), 180.0, min(north + 3, MAX_LATITUDE))
    return padded(u, v)


def why_no_points(name: str, tally: Tally, weightless: bool = False) -> str:
    """Say why no point is left to draw; `weightless`: there are points, but all weights are 0."""
    if not tally.rows:
        return f"{name} has no rows"
    if not tally.points:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in tally.dropped.most_common(3))
        hint = f"; {METRES}" if tally.dropped.get(OFF_THE_GLOBE) else ""
        hint = hint or (f"; {NO_TRACKS}" if tally.dropped.get(LINES) else "")
        return f"{name} has no usable row: {reasons}{hint}"
    if weightless:
        return f"the weights of the {tally.points:,} points of {name} add up to nothing: try --measure=count"
    return f"none of the {tally.points:,} points of {name} lies in the window"
