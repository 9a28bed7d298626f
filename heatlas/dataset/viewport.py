"""Area and scale of a drawing. The options are checked before any work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.window import Window
from heatlas.dataset.places import around as around_bbox
from heatlas.dataset.places import bbox_window
from heatlas.options.parsing import parse_around, parse_bbox, parse_length
from heatlas.options.values import text_of
from heatlas.raster.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.options import ViewportOptions

__all__ = ["DEEPEST", "Viewport", "area_of", "at_most_one", "box_of", "check_drawing", "scale_of"]

DEEPEST = 24
"""Finest zoom of a picture."""
_RANGES = {
    "zoom": (0, DEEPEST, f"a number from 0 to {DEEPEST}"),
    "resolution": (1e-3, 1e6, "true metres per pixel, such as 2.5 or '2.5m'"),
    "width": (1, 2**31, "a whole number of pixels"),
}


@frozen
class Viewport:
    """A box, or the rule that finds one, and a scale."""

    bbox: tuple[float, float, float, float] | None
    """West, south, east, north of the drawing, degrees; None: found in the data."""
    choice: str
    """How the box is chosen: bbox, around, all, busiest place."""
    zoom: float | None
    resolution: float | None
    width: int | None

    @classmethod
    def parse(cls, asked: ViewportOptions, default: str) -> Viewport:
        """Check the options; `default` is the choice when no option names an area.

        Raises
        ------
        BadOption
            For an invalid option, or two that exclude each other.
        """
        zoom = picture_zoom(asked.zoom)
        at_most_one({"--bbox": asked.bbox, "--around": asked.around, "--all": asked.all or None})
        at_most_one({"--zoom": zoom, "--resolution": asked.resolution, "--width": asked.width})
        box, choice = None, "all" if asked.all else default
        if asked.bbox is not None:
            box, choice = parse_bbox(asked.bbox), "bbox"
        elif asked.around is not None:
            box, choice = around_bbox(*parse_around(asked.around)), "around"
        metres = parse_length(asked.resolution, "--resolution") if asked.resolution else None
        return cls(box, choice, *scale_of(zoom, metres, asked.width))

    def window(self, bbox: tuple[float, float, float, float]) -> Window:
        """Make the window over a box: the requested one, or one that was found."""
        return bbox_window(bbox, self.zoom, self.resolution, self.width)


def picture_zoom(text: float | str | None) -> float | None:
    """Read the zoom of a picture.

    Raises
    ------
    BadOption
        When it is invalid.
    """
    try:
        zoom = None if text is None else float(text)
    except (TypeError, ValueError):
        raise BadOption(f"--zoom {text!r} is no zoom: a picture has one, such as 13 or 13.5") from None
    if zoom is not None and not 0 <= zoom <= DEEPEST:
        raise BadOption(f"--zoom={text} is outside of 0 to {DEEPEST}")
    return zoom


def scale_of(
    zoom: float | None, resolution: float | str | None, width: int | None
) -> tuple[float | None, float | None, int | None]:
    """Check a scale from Python code: at most one of the three.

    Raises
    ------
    BadOption
        For an invalid value, or more than one.
    """
    given = {"zoom": zoom, "resolution": resolution, "width": width}
    at_most_one(given)
    if isinstance(resolution, str):
        given["resolution"] = resolution = parse_length(resolution, "resolution")
    for name, value in given.items():
        low, high, wanted = _RANGES[name]
        try:
            fits = value is None or (low <= value <= high and (name != "width" or value == int(value)))  # type: ignore[operator]
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise BadOption(f"{name} {value!r} cannot be used: give {wanted}")
    return zoom, resolution, None if width is None else int(width)


def box_of(bbox: str | Sequence[float] | Any) -> tuple[float, float, float, float]:
    """Read a box from Python code: four numbers, text, or an object with a geometry (`heatlas.options.values`).

    Raises
    ------
    BadOption
        When it is invalid.
    """
    return parse_bbox(text_of("bbox", bbox))


def area_of(
    bbox: Any, around: str | Sequence[float | str] | None, everything: bool = False
) -> tuple[float, float, float, float] | None:
    """Read a box or a circle from Python code; None: neither is given.

    Raises
    ------
    BadOption
        When it is invalid, or both are given.
    """
    at_most_one({"bbox": bbox, "around": around, "all": everything or None})
    if around is not None:
        text = around if isinstance(around, str) else ",".join(map(str, around))
        return around_bbox(*parse_around(text, "around"))
    return None if bbox is None else box_of(bbox)


def check_drawing(measure: object, window: object) -> None:
    """Refuse a measure or window of the wrong type: the two arguments are easily swapped.

    Raises
    ------
    BadOption
        With how to write it.
    """
    if not isinstance(measure, (str, Measure)):
        raise BadOption(f"a measure is text, not a {type(measure).__name__}: write heat('passes', window=window)")
    if window is not None and not isinstance(window, Window):
        raise BadOption(f"a window is what .window(bbox=...) makes, not a {type(window).__name__}")


def at_most_one(given: dict[str, Any]) -> None:
    """Refuse options that exclude each other.

    Raises
    ------
    BadOption
        When more than one is not None.
    """
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise BadOption(f"{' and '.join(named)} cannot go together: give one of them")
