"""WebP: lossless, smaller than PNG but slower to write, at most 16383 pixels a side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.errors import BadOption
from heatlas.sinks.georeference import write_georeference

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.sinks.artwork import Artwork

__all__ = ["MAX_SIDE", "write"]

MAX_SIDE = 16383
"""Pixels a side that the format can hold."""


def write(path: Path, artwork: Artwork) -> list[Path]:
    """Write a WebP and what tells where it lies (see `heatlas.sinks.georeference`).

    Raises
    ------
    BadOption
        When a side is longer than the format can hold.
    """
    from PIL import Image

    width, height = artwork.window.width, artwork.window.height
    if max(width, height) > MAX_SIDE:
        raise BadOption(
            f"a WebP holds at most {MAX_SIDE} pixels a side, not {width} x {height}: "
            "write a .png, or make the picture smaller"
        )
    image = Image.fromarray(artwork.finished.rgba)
    with path.open("wb") as file:
        # Colours under full transparency mean nothing: dropping them (exact=False) saves space. Quality is
        # the effort here, as nothing is lost.
        image.save(file, "WEBP", lossless=True, method=4, quality=20, exact=False)
    return [path, *write_georeference(path, artwork)]
