"""Values that people pass from Python instead of text: colours, colour maps and areas, written as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["text_of"]

_STEPS = 256
_DEGREES = "EPSG:4326"


def text_of(name: str, value: Any) -> str:
    """Text of the value of an option that takes objects of Python: text stays as it is.

    Parameters
    ----------
    name : str
        Keyword of the option: background, basemap, bbox, colormap, engine or weight.
    value : object
        What that option takes.

    Raises
    ------
    BadOption
        For anything else.
    """
    return value if isinstance(value, str) else _WRITERS[name](value)


def _background(value: Any) -> str:
    """Text of a background: None is transparent, a colour is three numbers, of 0 to 255 or, as floats, of 0 to 1."""
    return "none" if value is None else _stop(value, "background")[:7]


def _basemap(value: Any) -> str:
    """Text of a base map: a URL, the name of a file, or, as JSON, a mapping of `url` and `attribution`."""
    try:
        return json.dumps(dict(value), ensure_ascii=False)
    except (TypeError, ValueError):
        raise BadOption(f"basemap {value!r:.60} is none: give a URL, a file, or url and attribution") from None


def _colormap(value: Any) -> str:
    """Text of a colour map: a list of colours, a map of matplotlib or cmap, or an array of (n, 3) or (n, 4) colours.

    A colour is a name, "#rrggbb", or numbers as for a background. A map is called with places from 0 to 1, (256,), and
    gives (256, 4) RGBA from 0 to 1, as those of matplotlib and cmap do.
    """
    try:
        colours = value(np.linspace(0, 1, _STEPS)) if callable(value) else value
        return ",".join(_stop(colour, "colormap") for colour in colours)
    except (TypeError, ValueError):
        raise BadOption(
            f"colormap {value!r:.60} is no colour map: give a name, a list of colours, or a map of matplotlib or cmap"
        ) from None


def _area(value: Any) -> str:
    """Text of a box, "west,south,east,north" in degrees.

    Parameters
    ----------
    value : str, sequence of four numbers, or an object with a geometry
        A GeoDataFrame or GeoSeries of any coordinate system; a geometry of shapely, or whatever has `bounds`, in
        degrees.
    """
    if hasattr(value, "total_bounds"):
        if getattr(value, "crs", None) is None:
            raise BadOption(
                "a GeoDataFrame as a box needs a coordinate system: .set_crs('EPSG:4326') says that it is in degrees"
            )
        value = value.to_crs(_DEGREES).total_bounds
    elif hasattr(value, "geom_type"):
        value = value.bounds
    try:
        west, south, east, north = map(float, value)
    except (TypeError, ValueError):
        raise BadOption(f"bbox {value!r} is no box: give west, south, east, north in degrees") from None
    return ",".join(repr(degrees).removesuffix(".0") for degrees in (west, south, east, north))


def _stop(colour: Any, what: str) -> str:
    """Text "#rrggbbaa" of a colour."""
    if isinstance(colour, str):
        return _named(colour, what)
    numbers = np.asarray(colour)
    if numbers.ndim != 1 or len(numbers) not in (3, 4) or numbers.dtype.kind not in "iuf":
        raise BadOption(f"{what} {colour!r:.60} is no colour: give a name, '#rrggbb', or three numbers of 0 to 255")
    if numbers.dtype.kind == "f":
        numbers = np.round(numbers * 255)
    if not ((numbers >= 0) & (numbers <= 255)).all():
        raise BadOption(f"{what} {colour!r:.60} is no colour: whole numbers are 0 to 255, others 0 to 1")
    return "#" + bytes([*numbers.astype(np.uint8).tolist(), 255][:4]).hex()


def _named(name: str, what: str) -> str:
    from PIL import ImageColor

    try:
        colour = ImageColor.getcolor(name, "RGBA")
    except ValueError:
        raise BadOption(f"{what} {name!r} is no colour: give a name such as white, or '#rrggbb'") from None
    return _stop(colour, what)


def _column(value: Any) -> str:
    """Name of a column; arrays were put into their frame before (`heatlas.sources.tables.files.array_weights`)."""
    raise BadOption(f"--weight as a {type(value).__name__} is for frames of points: give the name of a column")


def _engine(value: Any) -> str:
    """Text of an engine: its name, or that of the scheduler of a `distributed.Client`."""
    address = getattr(getattr(value, "scheduler", None), "address", None)
    if not isinstance(address, str):
        raise BadOption(f"engine {value!r:.60} is none: give pool, dask, dask=tcp://HOST:PORT, or a distributed.Client")
    return f"dask={address}"


_WRITERS: dict[str, Callable[[Any], str]] = {
    "background": _background, "basemap": _basemap, "bbox": _area, "colormap": _colormap, "engine": _engine,
    "weight": _column,
}  # fmt: skip
