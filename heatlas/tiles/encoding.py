"""Encode tiles as PNG, WebP or plain values."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from heatlas.style.colour import colour
from heatlas.style.image import Picture
from heatlas.writers.png import TILE_LEVEL, encode_png, encode_tile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.raster.grid import Grid
    from heatlas.style.tone import Tone

__all__ = ["TYPES", "empty", "encode", "encode_picture", "encode_steps"]

TYPES = {"png": "image/png", "webp": "image/webp", "npy": "application/octet-stream"}
"""Form of a tile -> media type."""


def encode(grid: Grid, tone: Tone | None, colours: NDArray[np.uint8], form: str) -> bytes:
    """Encode a tile: for npy its values (float32, NaN where empty), else a picture."""
    if form == "npy":
        return _npy((grid if tone is None else replace(grid, fitted=tone.fitted)).values)
    if tone is None:
        return empty(grid.window.height, form)
    return encode_picture(colour(grid, tone, colours, None), form)


@lru_cache(16)
def empty(side: int, form: str) -> bytes:
    """Encode an empty tile."""
    if form == "npy":
        return _npy(np.full((side, side), np.nan, np.float32))
    return encode_picture(Picture(np.zeros((side, side), np.uint8), np.zeros((256, 4), np.uint8)), form)


def _npy(values: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values, allow_pickle=False)
    return buffer.getvalue()


def encode_steps(steps: NDArray[np.uint8], greatest: int, palette: NDArray[np.uint8], form: str) -> bytes:
    """Encode steps (height, width) of a palette (256, 4), the greatest of which is known."""
    if form == "png":
        return encode_tile(steps, greatest, palette)
    return encode_picture(Picture(steps, palette), form)


def encode_picture(picture: Picture, form: str) -> bytes:
    """Encode the picture of a tile as png or webp."""
    if form == "png":
        return encode_png(picture, level=TILE_LEVEL, text={})
    from PIL import Image

    buffer = io.BytesIO()
    # Lossless, at the lowest effort, as a viewer waits: four times the time of PNG, two thirds of its bytes.
    Image.fromarray(picture.rgba).save(buffer, "WEBP", lossless=True, method=0, quality=0, exact=False)
    return buffer.getvalue()
