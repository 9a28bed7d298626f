"""Zooms as people write them: one for a picture, a range for tiles."""

from __future__ import annotations

import re

from heatlas.errors import BadOption
from heatlas.frame import DEEPEST

__all__ = ["picture_zoom", "tile_zooms"]


def picture_zoom(text: float | str | None) -> float | None:
    """Read the zoom of a picture.

    Raises
    ------
    BadOption
        When it is none.
    """
    try:
        zoom = None if text is None else float(text)
    except (TypeError, ValueError):
        raise BadOption(f"--zoom {text!r} is no zoom: a picture has one, such as 13 or 13.5") from None
    if zoom is not None and not 0 <= zoom <= DEEPEST:
        raise BadOption(f"--zoom {text} is outside of 0 to {DEEPEST}")
    return zoom


def tile_zooms(text: float | str | None) -> tuple[int, int] | None:
    """Read the first and last zoom of tiles: "0-17", or one.

    Raises
    ------
    BadOption
        When it is neither.
    """
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d{1,2})(?:\.0)?\s*(?:-\s*(\d{1,2})\s*)?", str(text))
    if found is None:
        raise BadOption(f"--zoom {text!r} is no range of zooms: tiles are written for whole ones, such as 0-16")
    first, last = int(found[1]), int(found[2] or found[1])
    if first > last:
        raise BadOption(f"--zoom {text} goes backwards: the first zoom is the coarser one")
    return first, last
