"""Files beside a picture that say where it lies, for web maps, GIS programs and people.

NAME.png.json, NAME.webp.json
    Outer edges, coordinates to paste into Leaflet or MapLibre, and the meaning of the colours.
NAME.pgw, NAME.wld
    World file: pixel size and centre of the upper left pixel, metres of EPSG:3857.
NAME.png.aux.xml, NAME.webp.aux.xml
    GDAL's persistent auxiliary metadata: the coordinate reference system, which a world file lacks.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import printable
from heatlas.core.mercator import CIRCUMFERENCE
from heatlas.style.defaults import unit_named

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.core.window import Window
    from heatlas.writers.rendered_map import RenderedMap

__all__ = ["WKT", "describe", "geotransform", "write_description", "write_georeference"]

WKT = (
    'PROJCS["WGS 84 / Pseudo-Mercator",GEOGCS["WGS 84",DATUM["WGS_1984",'
    'SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],'
    'PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],'
    'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]],'
    'PROJECTION["Mercator_1SP"],PARAMETER["central_meridian",0],PARAMETER["scale_factor",1],'
    'PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1,AUTHORITY["EPSG","9001"]],'
    'AXIS["Easting",EAST],AXIS["Northing",NORTH],EXTENSION["PROJ4","+proj=merc +a=6378137 +b=6378137 '
    '+lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +wktext +no_defs"],'
    'AUTHORITY["EPSG","3857"]]'
)
"""EPSG:3857 in the form that GDAL recognises."""
_WORLD_FILE = {".png": ".pgw", ".webp": ".wld"}


def geotransform(window: Window) -> tuple[float, float, float, float, float, float]:
    """Compute GDAL's geotransform: left, pixel width, 0, top, 0, minus pixel height; metres of EPSG:3857."""
    size = CIRCUMFERENCE / window.scale
    left, _, _, top = window.bounds
    return left, size, 0.0, top, 0.0, -size


def describe(name: str, rendered: RenderedMap) -> dict[str, Any]:
    """Describe where a picture lies and what it shows.

    Parameters
    ----------
    name : str
        File name of the picture, for the description.
    rendered : RenderedMap
        Map to describe.

    Returns
    -------
    dict
        Data for JSON. `bbox` has the outer edges west, south, east, north in degrees; east exceeds 180 across the
        antimeridian, as web maps need it. `bounds` is the same in metres of `crs`. `resolution` is true ground metres
        per pixel at the centre. `range` is in `unit`.
    """
    window = rendered.window
    west, south, east, north = window.bbox
    known = {
        "title": rendered.title,
        "measure": rendered.measure,
        "unit": unit_named(rendered.measure).symbol if rendered.measure else "",
        "range": _value_range(rendered),
        "attribution": rendered.attribution,
    }
    return {
        "image": name,
        "width": window.width,
        "height": window.height,
        "crs": "EPSG:3857",
        "bbox": [west, south, east, north],
        "bounds": list(window.bounds),
        "zoom": round(window.zoom, 9),
        "resolution": float(f"{window.resolution:.6g}"),
        **{key: value for key, value in known.items() if value},
        "leaflet": {"url": name, "bounds": [[south, west], [north, east]]},
        "maplibre": {
            "type": "image",
            "url": name,
            "coordinates": [[west, north], [east, north], [east, south], [west, south]],
        },
    }


def write_description(path: Path, description: dict[str, Any]) -> Path:
    """Write NAME.png.json beside NAME.png, and so on. NAME.json may be a source or an unrelated file."""
    beside = path.with_name(f"{path.name}.json")
    # One line per key keeps the lists of coordinates readable and easy to paste.
    lines = (f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in description.items())
    beside.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8", newline="\n")
    return beside


def write_georeference(path: Path, rendered: RenderedMap) -> list[Path]:
    """Write all three files beside a picture.

    Parameters
    ----------
    path : Path
        The picture, .png or .webp.
    rendered : RenderedMap
        Map in the picture.

    Returns
    -------
    list of Path
        The files written.
    """
    left, size, _, top, _, _ = numbers = geotransform(rendered.window)
    world = path.with_suffix(_WORLD_FILE[path.suffix.lower()])
    centre = (size, 0.0, 0.0, -size, left + size / 2, top - size / 2)
    world.write_text("".join(f"{number!r}\n" for number in centre), encoding="ascii", newline="\n")

    # Nothing in the text of the projection has to be escaped in XML.
    auxiliary = path.with_name(path.name + ".aux.xml")
    auxiliary.write_text(
        "<PAMDataset>\n"
        f'  <SRS dataAxisToSRSAxisMapping="1,2">{WKT}</SRS>\n'
        f"  <GeoTransform>{', '.join(repr(number) for number in numbers)}</GeoTransform>\n"
        "</PAMDataset>\n",
        encoding="utf-8",
        newline="\n",
    )
    return [write_description(path, describe(printable(path.name), rendered)), world, auxiliary]


def _value_range(rendered: RenderedMap) -> list[float] | None:
    """Range of the colours, or of the values where there is none."""
    if rendered.range is not None:
        return [float(value) for value in rendered.range]
    if not isinstance(rendered.values, np.ndarray):
        return None
    low, high = np.fmin.reduce(rendered.values, axis=None), np.fmax.reduce(rendered.values, axis=None)
    return [float(low), float(high)] if math.isfinite(low) and math.isfinite(high) else None
