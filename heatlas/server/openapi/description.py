"""The OpenAPI 3.1 description of all addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.mercator import MAX_LATITUDE
from heatlas.core.version import __version__
from heatlas.explorer.chosen import DEFAULT, ZOOMS
from heatlas.raster.measure import parse_measure
from heatlas.raster.offered import every_measure
from heatlas.raster.point_kernel import SHAPES
from heatlas.server.activities.activities_at import FARTHEST
from heatlas.server.openapi.ground_description import BASEMAP, ground_paths
from heatlas.server.openapi.outputs_description import output_paths
from heatlas.server.openapi.schemas import JSON as _JSON
from heatlas.server.openapi.schemas import NUMBER as _NUMBER
from heatlas.server.openapi.schemas import TEXT as _TEXT
from heatlas.server.openapi.schemas import WHOLE as _WHOLE
from heatlas.server.openapi.schemas import bounded as _bounded
from heatlas.server.openapi.schemas import get_of as _get
from heatlas.server.openapi.schemas import list_of as _list
from heatlas.server.openapi.schemas import object_of as _object
from heatlas.server.openapi.schemas import or_null as _or_null
from heatlas.server.openapi.schemas import pair_of as _pair
from heatlas.server.openapi.schemas import parameter as _parameter
from heatlas.server.openapi.schemas import refusals_of as _refusals
from heatlas.server.openapi.single_description import ACTIVITY, BOX, single_paths
from heatlas.server.openapi.upload_description import upload_paths
from heatlas.server.site.openness import shows
from heatlas.server.site.query import LIMITS
from heatlas.style.colormaps import names
from heatlas.style.legend_kinds import KINDS
from heatlas.tiles.encoding import TYPES
from heatlas.tiles.request import LAST_ZOOM

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["description"]

_FORMULAS = r"^(share|corr|slope|both|diff)\(.+\)$"


def description(
    public: bool, of_points: Sequence[str] = (), public_measures: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Describe all addresses as an OpenAPI document.

    Parameters
    ----------
    public : bool
        Whether the map is public.
    of_points : sequence of str
        Measures of the library's point sets.
    public_measures : frozenset of str
        Further measures that a public map shows.
    """
    named = _names_of(public_measures if public else None, of_points)
    shown = [_measure("query", named), *_FILTER, *_STYLE]
    box = {**_histogram()[2], "required": False}
    scaled = [_z(), *shown, *([] if public else [box])]
    paths = {
        "/tiles/{measure}/{z}/{x}/{y}.{form}": {"get": _tile("256 px", named)},
        "/tiles/{measure}/{z}/{x}/{y}@2x.{form}": {"get": _tile("512 px for screens of double density", named)},
        "/scale.json": {"get": _get("The scale of a zoom; with bbox fitted to what lies there", scaled, _SCALE)},
        "/legend.png": {"get": _get("The scale as a picture", [_z(), *shown], None, "image/png")},
        "/tiles.json": {"get": _get("TileJSON 3.0", shown, _TILEJSON)},
        "/WMTSCapabilities.xml": {"get": _get("WMTS 1.0.0", shown[1:], None, "application/xml")},
        "/api/library.json": {"get": _get("What is in the library", [], _LIBRARY)},
        "/explorer.json": {"get": _get(_EXPLORER_ABOUT, [_explorer_z(), *_FILTER], _EXPLORER)},
        "/histogram.json": {"get": _get(_HISTOGRAM_ABOUT, [*_histogram(), *_FILTER], _HISTOGRAM, refusals=(400, 403))},
        "/view.json": {"get": _get(_VIEW_ABOUT, _in_view(named), _VIEW, refusals=(400, 403))},
        "/at": {"get": _get("Who passed here; not on a public map", [*_circle(), *_FILTER], _AT, refusals=(400, 403))},
        **ground_paths(),
        **single_paths(_FILTER),
        "/health": {"get": _get("Whether the server is up", [], _object({"status": _TEXT}), refusals=(400,))},
        "/openapi.json": {"get": _get("This description", [], {"type": "object"})},
    }
    if not public:
        paths |= output_paths(shown, _FILTER, box)
        paths |= upload_paths()
        paths["/api/phones/owntracks"] = {"post": _phone("OwnTracks: a position, or several", _list({}, maxItems=0))}
        paths["/api/phones/overland"] = {"post": _phone("Overland: a batch of positions", _TAKEN)}
        paths["/api/phones/gpslogger"] = {
            "get": _get("GPSLogger and its like: one position", _one_fix(), _TAKEN, refusals=(400, 403)),
            "post": _phone("The same, in a form or as JSON", _TAKEN),
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "heatlas", "version": __version__, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {"schemas": {"Error": _object({"error": _TEXT})}},
    }


def _names_of(shown: frozenset[str] | None, of_points: Sequence[str]) -> list[str]:
    """Names of all measures that are served; `shown`: the further measures of a public map, None if it is private."""
    of_tracks = every_measure()
    return [*(name for name in of_tracks if shown is None or shows(parse_measure(name), shown)), *of_points]


def _measure(where: str, named: Sequence[str]) -> dict[str, Any]:
    # Conditions and relations of any two metrics are too many to list.
    schema = {"anyOf": [{"type": "string", "enum": list(named)}, {"type": "string", "pattern": _FORMULAS}]}
    about = (
        "What is counted; a bare metric is its mean; share(CONDITION), corr(X,Y), slope(Y~X), both(X,Y), "
        "diff(METRIC; FILTER; FILTER), percent-encoded in a path. "
        "Of points: sum, count, mean, min, max of a point set"
    )
    if where == "query":
        return _parameter("measure", f"{about}. By default passes; of points alone the first", schema)
    return _parameter("measure", about, schema, where, required=True)


def _z(where: str = "query") -> dict[str, Any]:
    return _parameter("z", "Zoom of 256 px tiles", _bounded("integer", 0, LAST_ZOOM), where, required=True)


def _explorer_z() -> dict[str, Any]:
    return _parameter("z", "Zoom of the tiles", _bounded("integer", *ZOOMS, default=DEFAULT))


def _text(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "maxLength": LIMITS[name], **more}


_MOMENT = r"^([0-9]{4}-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z?)?)?)?$"
_FILTER = [
    _parameter("sport", "Activities of this sport, or of any of these", _list(_text("sport"), maxItems=40)),
    _parameter(
        "after",
        "That start on that local day (or at that moment, with Z) or later; on a public map, in that month or later",
        _text("after", pattern=_MOMENT),
    ),
    _parameter("before", "That start earlier; on a public map, not after that month", _text("before", pattern=_MOMENT)),
    _parameter(
        "where", "That pass a filter in CQL2 text, with units; a public map knows sport, year, month", _text("where")
    ),
]
_STYLE = [
    _parameter("colormap", f"{', '.join(names())}, with _r reversed, or #rgb,#rgb,...", _text("colormap")),
    _parameter("tone", "log, linear, sqrt, rank, local, or a range such as 1:200 or log:1:200", _text("tone")),
    _parameter("classes", "Of both(X, Y): only these classes, such as 0,4,8", _text("classes")),
    _parameter("smooth", "Tracks: standard deviation of a Gaussian: 4m, 2px, 0, auto", _text("smooth")),
    _parameter("radius", "Points: how far each is felt: 15px, 500m, 0px for bare pixels", _text("radius")),
    _parameter("kernel", "Points: the shape of that", {"type": "string", "enum": list(SHAPES)}),
    _parameter("density", "Points: sums and counts per square kilometre", {"type": "string", "enum": ["0", "1"]}),
]


def _circle() -> list[dict[str, Any]]:
    edge = MAX_LATITUDE - 1e-6
    return [
        _parameter("lat", "Degrees", _bounded("number", -edge, edge), required=True),
        _parameter("lon", "Degrees", _bounded("number", -180, 180), required=True),
        _parameter("radius", "Metres", _bounded("number", 0.1, FARTHEST, default=25)),
    ]


def _histogram() -> list[dict[str, Any]]:
    about = "A metric of library.json; not the other one"
    return [
        *(_parameter(name, about, _text(name), required=True) for name in "xy"),
        _parameter("bbox", BOX, _text("bbox"), required=True),
        _z(),
    ]


def _in_view(named: Sequence[str]) -> list[dict[str, Any]]:
    return [_measure("query", named), *_histogram()[2:], *_FILTER]


def _tile(about: str, named: Sequence[str]) -> dict[str, Any]:
    places = [
        _parameter(name, "Of the tile", _bounded("integer", 0, 2**LAST_ZOOM - 1), "path", required=True)
        for name in "xy"
    ]
    form = _parameter(
        "form", "png, webp, or float32 values", {"type": "string", "enum": list(TYPES)}, "path", required=True
    )
    shown = _get(
        about, [_measure("path", named), _z("path"), *places, form, *_FILTER, *_STYLE], None, refusals=(400, 404)
    )
    shown["responses"]["200"]["content"] = {media_type: {} for media_type in TYPES.values()}
    return shown


def _one_fix() -> list[dict[str, Any]]:
    """Parameters of a position in an address."""
    about = {"lat": "Degrees", "lon": "Degrees", "time": "ISO 8601, or Unix seconds"}
    more = {"device": "Its name", "alt": "Metres", "spd": "Metres per second", "acc": "Metres"}
    needed = [_parameter(name, words, {**_TEXT, "minLength": 1}, required=True) for name, words in about.items()]
    return needed + [_parameter(name, words, _TEXT) for name, words in more.items()]


def _phone(about: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": f"{about}, added to the track of its day",
        "requestBody": {"required": True, "content": {_JSON: {"schema": {}}}},
        "responses": {
            "200": {"description": "What was new", "content": {_JSON: {"schema": answer}}},
            **_refusals((400, 403, 413)),
        },
    }


_TAKEN = _object({"result": _TEXT, "added": _WHOLE, "known": _WHOLE, "left_out": _WHOLE})
_SCALE = _object(
    {
        "low": _or_null(_NUMBER), "high": _or_null(_NUMBER), "low_text": _TEXT, "high_text": _TEXT, "unit": _TEXT,
        "title": _TEXT, "ticks": _list(_pair(_bounded("number", 0, 1), _TEXT)),
        "colors": _list(_TEXT, minItems=32, maxItems=32), "activities": _WHOLE, "curve": _TEXT,
        "kind": {"type": "string", "enum": list(KINDS)}, "left_out": _list(_TEXT),
    }
)  # fmt: skip
_SCALE["properties"] |= {"period": _NUMBER, "turns": _WHOLE, "note": _TEXT}
_TILEJSON = _object(
    {"tilejson": _TEXT, "tiles": _list(_TEXT), "minzoom": _WHOLE, "maxzoom": _WHOLE, "bounds": _list(_NUMBER)}
)
_SPOT = {"name": _TEXT, "center": _list(_NUMBER), "bbox": _list(_NUMBER)}
_LIBRARY = _object(
    {
        "activities": _WHOLE, "fixes": _WHOLE, "distance": _NUMBER,
        "sports": _list(_object({"sport": _TEXT, "activities": _WHOLE, "distance": _NUMBER})),
        "first": _or_null(_TEXT), "last": _or_null(_TEXT),
        "days": _list(_pair(_TEXT, _WHOLE)), "years": _list(_list(_WHOLE, minItems=2, maxItems=2)),
        "places": _list(_object({**_SPOT, "activities": _WHOLE})),
        "gear": _list(_TEXT), "people": _list(_TEXT), "measures": _list(_object({"name": _TEXT, "title": _TEXT})),
        "metrics": _list(_object({"name": _TEXT, "title": _TEXT, "about": _TEXT, "group": _TEXT})),
        "relations": _list(_object({"name": _TEXT, "title": _TEXT, "about": _TEXT, "bright": _TEXT})),
        "point_sets": _list(_object({
            "name": _TEXT, "title": _TEXT, "points": _WHOLE, "weight": _or_null(_TEXT), "signed": {"type": "boolean"},
            "bbox": _list(_NUMBER), "days": _list(_pair(_TEXT, _WHOLE)),
            "places": _list(_object({**_SPOT, "points": _WHOLE})),
        })),
        "colormaps": _list(_object({"name": _TEXT, "colors": _list(_TEXT)})), "tones": _list(_TEXT),
        "minzoom": _WHOLE, "maxzoom": _WHOLE, "public": {"type": "boolean"}, "version": _TEXT,
        "import": {"type": "boolean"}, "token": {"type": "boolean"}, "makes": _or_null(_TEXT),
        "basemap": _or_null(BASEMAP),
    }
)  # fmt: skip
_PASSED = _object(
    {
        **ACTIVITY, "id": _TEXT,
        "pace": _or_null(_NUMBER), "speed": _or_null(_NUMBER), "flat_pace": _or_null(_NUMBER),
        "heart_rate": _or_null(_NUMBER), "power": _or_null(_NUMBER), "waited": _NUMBER,
        "decoupling": _or_null(_NUMBER), "mean_heart_rate": _or_null(_NUMBER), "normalised_power": _or_null(_NUMBER),
        "gear": _TEXT,
        "passes": _WHOLE, "seconds": _NUMBER, "metres": _NUMBER,
    }
)  # fmt: skip
_EXPLORER_ABOUT = (
    "Explorer tiles, each as [x, y, first day, last day, activities], on a public map as [x, y]; and the largest "
    "square and cluster"
)
_SQUARE = {"size": _WHOLE, "x": _WHOLE, "y": _WHOLE, "bbox": _list(_NUMBER, minItems=4, maxItems=4)}
_TILES = _list(_list(_WHOLE, minItems=2, maxItems=2))
_EXPLORER = _object(
    {
        "zoom": _WHOLE, "counted": {"type": "string", "enum": ["whole tracks", "what is shown"]}, "activities": _WHOLE,
        "total": _WHOLE, "square": _or_null(_object(_SQUARE)), "cluster": _object({"size": _WHOLE, "tiles": _TILES}),
        "next_square": _or_null(_object({**_SQUARE, "missing": _TILES})),
        "tiles": _list(_list({"anyOf": [_WHOLE, _or_null(_TEXT)]}, minItems=2, maxItems=5)),
    }
)  # fmt: skip
_HISTOGRAM_ABOUT = (
    "Passages in a box by two metrics: counts of 64 x 64 bins, row by row from the lowest y; on a public map of whole "
    "tiles that enough activities pass"
)
_AXIS = _object(
    {
        "name": _TEXT, "title": _TEXT, "unit": _TEXT, "low": _NUMBER, "high": _NUMBER,
        "ticks": _list(_pair(_bounded("number", 0, 1), _TEXT)), "labels": _list(_TEXT, minItems=65, maxItems=65),
    }
)  # fmt: skip
_HISTOGRAM = _object(
    {
        "x": _AXIS, "y": _AXIS, "bins": _WHOLE, "counts": _list(_WHOLE, minItems=4096, maxItems=4096),
        "passages": _WHOLE, "activities": _WHOLE, "zoom": _WHOLE,
    }
)  # fmt: skip
_VIEW_ABOUT = (
    "What a box shows: activities that pass the filter, those that have what the measure needs, days whatever the "
    "dates of the filter, sports; or points and their days. Not on a public map"
)
_TALLY = _list(_pair(_TEXT, _WHOLE))
_VIEW = {
    "type": "object",
    "required": ["days"],
    "properties": {
        "activities": _WHOLE, "known": _WHOLE, "needs": _TEXT, "days": _TALLY, "undated": _WHOLE, "sports": _TALLY,
        "mixed": _or_null(_object({"sport": _TEXT, "share": _NUMBER, "sports": _WHOLE})), "points": _WHOLE,
    },
}  # fmt: skip
_AT = _object({"activities": _list(_PASSED), "total": _WHOLE})
