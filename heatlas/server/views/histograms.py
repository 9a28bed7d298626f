"""Joint histograms of what is in view, for the page's scatter panel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from heatlas.core.errors import BadOption
from heatlas.server.site.query import FILTER, box_in, checked, only, parse_filter_of, whole
from heatlas.server.views.summary import metrics_of
from heatlas.tiles.histogram import joint_histogram, reading
from heatlas.tiles.request import LAST_ZOOM
from heatlas.tiles.view import choose_in
from heatlas.tracks.metrics import METRICS

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["histogram_data"]


def histogram_data(site: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """Passages of a box by two metrics, as plain data (`heatlas.tiles.histogram.JointHistogram.data`).

    On a public map the metrics must be open, and nothing is counted that fewer than its least number of activities
    make up.

    Raises
    ------
    BadOption
        For parameters that cannot be used.
    HTTPException
        403 for a metric that a public map does not show.
    """
    only(query, "x", "y", "bbox", "z", *FILTER)
    there = [metric.name for metric in metrics_of(site, snapshot)]
    names = _metric(site, there, "x", query.get("x")), _metric(site, there, "y", query.get("y"))
    if names[0] == names[1]:
        raise BadOption(f"x and y are both {names[0]}: take two metrics")
    box = box_in(query)
    zoom = whole("z", query.get("z"), 0, LAST_ZOOM)
    wanted = parse_filter_of(query, site.public)
    chosen = choose_in(site.view, snapshot, wanted, recorded=reading(*names).recorded)
    return joint_histogram(site.view, snapshot, chosen, names, box, zoom).data()


def _metric(site: ServedLibrary, there: list[str], name: str, text: str | None) -> str:
    checked(name, text)
    if text in there:
        return str(text)
    if site.public and text in METRICS:
        raise HTTPException(403, f"this map is public, and does not show {text}")
    raise BadOption(f"{name} must be one of the metrics that are here: {', '.join(there) or 'there are none'}")
