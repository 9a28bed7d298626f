"""Read the planned routes of GPX (<rte>)."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.kernels.xml import ELEVATION, LATITUDE, LONGITUDE, NUMBER_OF_FIELDS
from heatlas.sources.formats.planned import as_planned
from heatlas.sources.formats.xml import attribute, children, first_text, local_name, make_recording
from heatlas.sources.formats.xml_text import parse_number
from heatlas.sources.sports import sport_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.core.batch import Activity, Recording
    from heatlas.sources.formats.xml_values import Values

__all__ = ["planned_routes"]


def planned_routes(root: Any, about: Activity, values: Values) -> Iterator[Recording]:
    """Routes of a GPX file that have points, in its order.

    Parameters
    ----------
    root : element
        Its root, without the points of tracks.
    about : Activity
        What the file says of itself.
    values : Values
        Reading of odd numbers of the file.
    """
    for route in () if root is None else root.iter():
        if local_name(route).lower() != "rte":
            continue
        rows = []
        for point in children(route, "rtept"):
            rows.append(_row(point, values))
            # The way to the next point, as Garmin's programs write it.
            rows += [_row(via, values) for via in children(point, "extensions", "routepointextension", "rpt")]
        rows = [row for row in rows if row is not None]
        if not rows:
            continue
        activity = replace(
            about,
            name=first_text(route, "name") or about.name,
            sport=sport_name(first_text(route, "type") or first_text(route, "extensions", "activity")),
        )
        yield as_planned(make_recording(activity, np.array(rows), (0,), ()))


def _row(point: Any, values: Values) -> list[float] | None:
    """Fields of a point; None without a position."""
    fields = [nan] * NUMBER_OF_FIELDS
    for place, name in ((LATITUDE, "lat"), (LONGITUDE, "lon")):
        text = attribute(point, name)
        number = parse_number(text)
        fields[place] = number if isfinite(number) else values.number(text)
    if not (isfinite(fields[LATITUDE]) and isfinite(fields[LONGITUDE])):
        return None
    height = parse_number(first_text(point, "ele"))
    fields[ELEVATION] = height if isfinite(height) else nan
    return fields
