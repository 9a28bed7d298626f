"""Descriptions of the tiles for other programs: TileJSON 3.0 and WMTS 1.0.0, and a legend.

WMTS: OGC 07-057r7, RESTful, in the well-known scale set GoogleMapsCompatible (its annex E.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode
from xml.sax.saxutils import escape

from heatlas.core.mercator import CIRCUMFERENCE, MAX_LATITUDE
from heatlas.server.views.summary import measures_of
from heatlas.style.defaults import titled
from heatlas.style.image import Picture
from heatlas.style.legend_kinds import legend_for, paint_legend
from heatlas.tiles.fields import SIDE, first_zoom
from heatlas.tiles.metadata import bounds_in, first_view, name_of, places_in
from heatlas.tiles.point_places import box_of
from heatlas.tiles.request import LAST_ZOOM, named_points, unfit_for
from heatlas.tiles.scales import colours_of, field_title, point_title, tone_of
from heatlas.writers.png import encode_png

if TYPE_CHECKING:
    from starlette.requests import Request

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.fields import Field
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["bounds_of", "capabilities", "legend_png", "tile_json"]

_TOP_SCALE = 559082264.0287178
"""Scale denominator of zoom 0, with pixels of 0.28 mm."""


def bounds_of(site: ServedLibrary, snapshot: Snapshot, point_set: str = "") -> tuple[float, float, float, float]:
    """West, south, east and north of all shown tracks, or of a point set, degrees."""
    if not point_set:
        return bounds_in(site.view, snapshot)
    west, south, east, north = snapshot.point_sets[point_set].bbox
    if west < -180 or east > 180:
        west, east = -180.0, 180.0
    return west, max(south, -MAX_LATITUDE), east, min(north, MAX_LATITUDE)


def _link(request: Request, path: str, without: tuple[str, ...] = ()) -> str:
    """Absolute URL of another path of this server with the same query, the token included."""
    query = [(name, value) for name, value in parse_qsl(request.url.query, True) if name not in (*without, "v")]
    root = request.scope.get("root_path", "").rstrip("/")  # with every prefix under which the app is mounted
    here = f"{request.url.scheme}://{request.headers['host']}{root}"
    return f"{here}/{path}" + (f"?{urlencode(query)}" if query else "")


def tile_json(site: ServedLibrary, snapshot: Snapshot, request: Request, field: Field) -> dict[str, Any]:
    """Describe the tiles of a measure, as TileJSON 3.0."""
    look = field.look
    west, south, east, north = bounds_of(site, snapshot, look.point_set)
    if look.point_set:
        name, boxes = f"{look.measure.reduction}({look.point_set})", [box_of(snapshot.point_sets[look.point_set])]
    else:
        name, boxes = name_of(look.measure), [place.bbox for place in places_in(site.view, snapshot)]
    data = {
        "tilejson": "3.0.0",
        "name": f"heatlas: {field_title(field)}",
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [_link(request, f"tiles/{quote(name, safe='()')}/{{z}}/{{x}}/{{y}}.png", ("measure",))],
        "minzoom": 0 if look.point_set else first_zoom(snapshot),
        "maxzoom": LAST_ZOOM,
        "bounds": [west, south, east, north],
        "legend": _link(request, "legend.png"),
    }
    if boxes:
        lon, lat, zoom = first_view(boxes[0])
        data["center"] = [lon, lat, min(zoom, LAST_ZOOM)]
    return data


def legend_png(field: Field, zoom: int) -> bytes:
    """Draw the legend of a zoom."""
    measure = field.look.measure
    title = point_title(field.look.point_set, titled(measure)) if field.look.point_set else None
    legend = legend_for(measure, tone_of(field, zoom), title)
    return encode_png(Picture(paint_legend(legend, colours_of(field))), text={})


def capabilities(site: ServedLibrary, snapshot: Snapshot, request: Request) -> bytes:
    """Describe the tiles of all measures, as WMTS capabilities."""
    layers = "".join(
        _layer(request, measure, bounds_of(site, snapshot, measure.get("points", "")), _unfit(snapshot, measure))
        for measure in measures_of(site, snapshot)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Capabilities xmlns="http://www.opengis.net/wmts/1.0" xmlns:ows="http://www.opengis.net/ows/1.1"
 xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.opengis.net/wmts/1.0 http://schemas.opengis.net/wmts/1.0/wmtsGetCapabilities_response.xsd"
 version="1.0.0">
<ows:ServiceIdentification>
<ows:Title>heatlas</ows:Title>
<ows:ServiceType>OGC WMTS</ows:ServiceType>
<ows:ServiceTypeVersion>1.0.0</ows:ServiceTypeVersion>
</ows:ServiceIdentification>
<Contents>
{layers}<TileMatrixSet>
<ows:Identifier>GoogleMapsCompatible</ows:Identifier>
<ows:SupportedCRS>urn:ogc:def:crs:EPSG::3857</ows:SupportedCRS>
<WellKnownScaleSet>urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible</WellKnownScaleSet>
{"".join(_matrix(zoom) for zoom in range(LAST_ZOOM + 1))}</TileMatrixSet>
</Contents>
<ServiceMetadataURL xlink:href="{escape(_link(request, "WMTSCapabilities.xml"), {'"': "&quot;"})}"/>
</Capabilities>
""".encode()


def _unfit(snapshot: Snapshot, measure: dict[str, str]) -> tuple[str, ...]:
    """Parameters that a measure does not take."""
    return unfit_for(named_points(snapshot, measure["name"]) if "points" in measure else None)


def _layer(
    request: Request, measure: dict[str, str], box: tuple[float, float, float, float], unfit: tuple[str, ...]
) -> str:
    west, south, east, north = box
    name, title = measure["name"], measure["title"]
    path = f"tiles/{quote(name, safe='()')}/{{TileMatrix}}/{{TileCol}}/{{TileRow}}.png"
    template = escape(_link(request, path, unfit), {'"': "&quot;"})
    return f"""<Layer>
<ows:Title>{escape(title)}</ows:Title>
<ows:WGS84BoundingBox>
<ows:LowerCorner>{west:.7f} {south:.7f}</ows:LowerCorner>
<ows:UpperCorner>{east:.7f} {north:.7f}</ows:UpperCorner>
</ows:WGS84BoundingBox>
<ows:Identifier>{escape(name)}</ows:Identifier>
<Style isDefault="true"><ows:Identifier>default</ows:Identifier></Style>
<Format>image/png</Format>
<TileMatrixSetLink><TileMatrixSet>GoogleMapsCompatible</TileMatrixSet></TileMatrixSetLink>
<ResourceURL format="image/png" resourceType="tile" template="{template}"/>
</Layer>
"""


def _matrix(zoom: int) -> str:
    edge = CIRCUMFERENCE / 2
    return f"""<TileMatrix>
<ows:Identifier>{zoom}</ows:Identifier>
<ScaleDenominator>{_TOP_SCALE / 2**zoom!r}</ScaleDenominator>
<TopLeftCorner>{-edge!r} {edge!r}</TopLeftCorner>
<TileWidth>{SIDE}</TileWidth><TileHeight>{SIDE}</TileHeight>
<MatrixWidth>{1 << zoom}</MatrixWidth><MatrixHeight>{1 << zoom}</MatrixHeight>
</TileMatrix>
"""
