"""Orders of outputs of a view: what the share dialog asks for, as options of `heatlas.render`."""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat
from heatlas.raster.threshold import Threshold
from heatlas.server.site.outputs import Order
from heatlas.server.site.query import FILTER, box_in, checked, only, parse_filter_of, request_of, whole
from heatlas.tiles.request import OF_POINTS, read_look
from heatlas.tracks.metrics import METRICS

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from heatlas.tiles.snapshot import Snapshot
    from heatlas.tiles.view import View

__all__ = ["KINDS", "PARAMETERS", "parse_order"]

KINDS = {
    "picture": (".png", ".webp", ".pdf"), "film": (".mp4", ".gif", ".webp"), "page": (".html",),
    "tiles": (".pmtiles", ".mbtiles"),
}  # fmt: skip
"""Kind of output -> the endings that it may have, the usual one first."""
PARAMETERS = (
    "kind", "format", "measure", *FILTER, "smooth", *OF_POINTS, "colormap", "tone", "bbox", "width", "title",
    "duration", "background", "everybody",
)  # fmt: skip
_OLD = {"form": "format", "seconds": "duration"}
"""Old name of a parameter -> the present one."""
_WIDEST = {"picture": 10_000, "film": 1920}
_LARGEST = {"picture": 60e6, "film": 1920 * 1920}
"""Pixels of a picture, or of a frame, at most."""
_LONGEST = 60
"""Seconds of a film at most."""


def parse_order(view: View, snapshot: Snapshot, query: QueryParams) -> Order:
    """Parse and check an order.

    Raises
    ------
    BadOption
        For parameters that cannot be used, and for an output that is too large.
    """
    query = type(query)([(_OLD.get(name, name), value) for name, value in query.multi_items()])
    only(query, *PARAMETERS)
    kind = query.get("kind") or ""
    if kind not in KINDS:
        raise BadOption(f"kind must be one of {', '.join(KINDS)}")
    ending = f".{query.get('format') or _usual(kind)}"
    if ending not in KINDS[kind]:
        raise BadOption(f"a {kind} can be {', '.join(end[1:] for end in KINDS[kind])}, not {ending[1:41]!r}")
    asked = request_of(query, query.get("measure"))
    look = read_look(asked, snapshot)
    wanted = parse_filter_of(query, view.public)
    options: dict[str, Any] = {
        "measure": asked.measure, "where": wanted.where, "sport": list(wanted.sports), "after": wanted.after,
        "before": wanted.before, "smooth": asked.smooth, "radius": asked.radius, "kernel": asked.kernel,
        "density": asked.density, "colormap": asked.colormap, "tone": asked.tone,
        "title": None if kind == "film" else checked("title", query.get("title")),
        "metric": [entry.definition for entry in METRICS.values() if entry.definition],
        "utc": view.utc and not look.point_set,
    }  # fmt: skip
    if _flag(query, "everybody"):
        options |= _for_everybody(view, kind, wanted.where, bool(look.point_set))
    if kind in {"picture", "film", "page"}:
        options["background"] = _background(query)
    if kind in _WIDEST:
        options |= _framed(kind, query)
    elif kind == "page" and "bbox" in query:  # where it opens
        options["bbox"] = list(box_in(query))
    if kind == "picture":
        options |= {"legend": True, "scale_bar": True}
    if kind == "film":
        options |= {"legend": True, "duration": f"{_seconds(query.get('duration'))}s"}
    return Order(
        kind,
        ending,
        {name: value for name, value in options.items() if value not in (None, [], "") and value is not False},
    )


def _usual(kind: str) -> str:
    """Ending that is written without any wish; a film is a .webp where there is no encoder of .mp4."""
    if kind == "film" and find_spec("imageio_ffmpeg") is None:
        return "webp"
    return KINDS[kind][0][1:]


def _flag(query: QueryParams, name: str) -> bool:
    if query.get(name) not in {None, "0", "1"}:
        raise BadOption(f"{name} is 1 or 0")
    return query.get(name) == "1"


def _seconds(text: str | None) -> int:
    """Length of a film: "20s", or "20"."""
    return whole("duration", text and text.removesuffix("s"), 2, _LONGEST, 20)


def _background(query: QueryParams) -> str:
    if query.get("background", "dark") not in {"dark", "light"}:
        raise BadOption("background is dark or light")
    return query.get("background", "dark")


def _for_everybody(view: View, kind: str, where: str | None, points: bool) -> dict[str, Any]:
    """Leave out what is private; of films, pages and tiles also what few activities alone show."""
    if points:
        return {}
    if kind != "picture":
        return {"public": True, "public_least": view.least, **_threshold(view)}
    return {"where": f"({where}) AND NOT private" if where else "NOT private", **_threshold(view)}


def _threshold(view: View) -> dict[str, Any]:
    """Least number of people, also of pictures, which have none by default; 0 where the owner wants none."""
    people = Threshold.of(view.limits, public=True, activities=view.snapshot.activities.values()).people
    return {"at_least": people} if people or view.limits.at_least is not None else {}


def _framed(kind: str, query: QueryParams) -> dict[str, Any]:
    """Box and width of a picture or a film, within limits."""
    west, south, east, north = box = box_in(query)
    width = whole("width", query.get("width"), 64, _WIDEST[kind], 1600)
    (left, right), (top, bottom) = from_lonlat([west, east], [north, south])
    height = math.ceil(width * float(bottom - top) / float(right - left))
    if width * height > _LARGEST[kind]:
        raise BadOption(
            f"a {kind} of {width:,} x {height:,} pixels is too large to be made here: take a smaller one, or "
            "`heatlas render`, which draws posters of any size"
        )
    return {"bbox": list(box), "width": width}
