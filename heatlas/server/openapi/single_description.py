"""The OpenAPI description of what is told of single activities."""

from __future__ import annotations

from typing import Any

from heatlas.library.index.shown_routes import PROFILE
from heatlas.server.activities.activity_list import MOST, SORTS
from heatlas.server.activities.attribute_values import KINDS
from heatlas.server.openapi.schemas import NUMBER, TEXT, WHOLE, bounded, get_of, list_of, object_of, or_null, parameter
from heatlas.server.site.query import LIMITS
from heatlas.tiles.request import LAST_ZOOM
from heatlas.tracks.filters import EFFORT

__all__ = ["ACTIVITY", "BOX", "single_paths"]

BOX = "West, south, east, north, degrees; across the antimeridian beyond 180 or -180"
_FLAG = {"type": "boolean"}
ACTIVITY = {
    "number": WHOLE, "name": TEXT, "sport": TEXT, "person": TEXT, "start": or_null(TEXT), "distance": or_null(NUMBER),
    "duration": or_null(NUMBER), "term": object_of({"attribute": TEXT, "value": TEXT}),
}  # fmt: skip
"""Properties of each activity that is told."""
_LIST = object_of({"activities": list_of(object_of(ACTIVITY)), "total": WHOLE, "distance": NUMBER, "offset": WHOLE})
_ROUTE = object_of(
    {
        **ACTIVITY, "gear": TEXT, "device": TEXT, "file": TEXT, "commute": _FLAG, "private": _FLAG,
        "moving_time": or_null(NUMBER), "elapsed_time": or_null(NUMBER), **{name: or_null(NUMBER) for name in EFFORT},
        "link": or_null(object_of({"name": TEXT, "url": TEXT})), "shown": NUMBER,
        "lines": list_of(list_of(list_of(NUMBER, minItems=2, maxItems=2))),
        "profile": {"type": "object", "properties": {name: list_of(or_null(NUMBER)) for name in PROFILE}},
    }
)  # fmt: skip
_SAME = object_of({"activities": list_of(object_of({**ACTIVITY, "share": bounded("number", 0, 1)})), "total": WHOLE})
_KIND = {"type": "string", "enum": list(KINDS)}
_ATTRIBUTES = object_of(
    {
        "attributes": list_of(
            object_of({"name": TEXT, "kind": _KIND, "known": WHOLE, "distinct": WHOLE, "examples": list_of(TEXT)})
        ),
        "activities": WHOLE,
    }
)
_VALUES = object_of(
    {
        "attribute": TEXT, "kind": _KIND, "activities": WHOLE, "known": WHOLE, "left_out": WHOLE,
        "values": list_of(list_of({"anyOf": [TEXT, WHOLE, _FLAG]}, minItems=2, maxItems=2)),
        "bins": or_null(object_of({"low": NUMBER, "high": NUMBER, "width": NUMBER, "counts": list_of(WHOLE)})),
    }
)  # fmt: skip
_AND = "; not on a public map"


def single_paths(of_filter: list[dict[str, Any]]) -> dict[str, Any]:
    """Addresses of the list, the route, the same way, attributes and values; `of_filter` are parameters of filters."""
    number = parameter("number", "Of the activity, from a list", bounded("integer", 0, 999_999_999), required=True)
    text = {name: {"type": "string", "maxLength": LIMITS[name]} for name in ("bbox", "q", "attribute")}
    page = [
        parameter("bbox", f"Only activities that pass it. {BOX}", text["bbox"]),
        parameter("z", "Zoom to whose pixels the box is exact", bounded("integer", 0, LAST_ZOOM, default=14)),
        parameter("q", "Words of name and sport, days (2024-05), amounts (10 km, >1h30)", text["q"]),
        parameter("sort", "By what", {"type": "string", "enum": list(SORTS), "default": SORTS[0]}),
        parameter("order", "Default: texts ascending", {"type": "string", "enum": ["asc", "desc"]}),
        parameter("offset", "Activities before the page", bounded("integer", 0, 999_999_999, default=0)),
        parameter("limit", "Activities of the page", bounded("integer", 1, MOST, default=50)),
    ]
    attribute = parameter("attribute", "One of /api/attributes.json", text["attribute"], required=True)
    closed, missing = (400, 403), (400, 403, 404)
    return {
        "/activities.json": {"get": get_of(f"Activities, by pages{_AND}", [*page, *of_filter], _LIST, refusals=closed)},
        "/route.json": {"get": get_of(f"One activity as it is shown{_AND}", [number], _ROUTE, refusals=missing)},
        "/same-way.json": {"get": get_of(f"Activities of the same way{_AND}", [number], _SAME, refusals=missing)},
        "/api/attributes.json": {"get": get_of(f"Attributes for filters{_AND}", [], _ATTRIBUTES, refusals=closed)},
        "/api/values.json": {
            "get": get_of(f"Values of an attribute, counted{_AND}", [attribute, *of_filter], _VALUES, refusals=closed)
        },
    }
