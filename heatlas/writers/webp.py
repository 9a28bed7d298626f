"""Write lossless WebP: smaller than PNG but slower to write, at most 16383 pixels a side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption, TooLarge
from heatlas.core.resources import free_memory
from heatlas.writers.georeference import write_georeference

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.core.window import Window
    from heatlas.writers.rendered_map import RenderedMap

__all__ = ["MAX_SIDE", "check_size", "write"]

MAX_SIDE = 16383
"""Pixels a side that the format can hold."""
_BYTES_PER_PIXEL = 24
"""Bytes of memory for encoding one pixel."""


def check_size(window: Window) -> None:
    """Refuse a picture that the format cannot hold, or memory: it is encoded in one piece.

    Raises
    ------
    BadOption, TooLarge
        With what to do instead.
    """
    width, height = window.width, window.height
    if max(width, height) > MAX_SIDE:
        raise BadOption(
            f"a WebP holds at most {MAX_SIDE} pixels a side, not {width} x {height}: "
            "write a .png, or make the picture smaller"
        )
    if width * height * _BYTES_PER_PIXEL > 0.8 * free_memory():
        raise TooLarge(
            f"a WebP of {width} x {height} px needs {width * height * _BYTES_PER_PIXEL / 2**30:.1f} GB of memory: "
            "write a .png, or make the picture smaller"
        )


def write(path: Path, rendered: RenderedMap) -> list[Path]:
    """Write a WebP and the files that say where it lies (see `heatlas.writers.georeference`).

    Raises
    ------
    BadOption
        When a side is longer than the format can hold.
    """
    from PIL import Image

    check_size(rendered.window)
    image = Image.fromarray(rendered.finished.rows(0, rendered.window.height).rgba)
    with path.open("wb") as file:
        # Colours of fully transparent pixels do not matter: dropping them (exact=False) saves space. In lossless mode,
        # quality sets the effort.
        image.save(file, "WEBP", lossless=True, method=4, quality=20, exact=False)
    return [path, *write_georeference(path, rendered)]
