"""Whether a picture fits into free memory: at once, in bands, or not at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from heatlas.core.errors import TooLarge
from heatlas.core.resources import free_memory

if TYPE_CHECKING:
    from heatlas.core.window import Window

__all__ = ["check_memory", "check_whole"]

_AT_ONCE = 1 << 30
"""Bytes above which a picture is drawn in bands: more at once is hardly faster."""
_LEAST_ROWS = 64
"""Least rows of a band."""
_MOST_PIXELS = 10**12
"""Most pixels of a picture that is drawn in bands; more would take days."""


def check_whole(window: Window, bytes_per_pixel: int) -> None:
    """Refuse a window whose values cannot be held in memory all at once.

    Raises
    ------
    TooLarge
        With the size that would be needed, and what to do instead.
    """
    free, need = free_memory(), window.width * window.height * bytes_per_pixel
    if need > 0.8 * free:
        raise TooLarge(
            f"a heat of {window.width} x {window.height} px needs {need / 2**30:.1f} GB of memory and "
            f"{free / 2**30:.1f} GB are free: take a smaller or coarser window, or heatlas.render, which draws strips"
        )


def check_memory(window: Window, columns: int, rows: int, bytes_per_pixel: int) -> int:
    """Choose how many rows of a window to draw at once; refuse a window that cannot be drawn even in bands.

    Parameters
    ----------
    window : Window
        The window to draw.
    columns, rows : int
        The halo on either side, and above and below, pixels.
    bytes_per_pixel : int
        Memory that drawing takes.

    Returns
    -------
    int
        The window's height, or the height of bands that take some 1 GB; a band is a multiple of 64 rows high.

    Raises
    ------
    TooLarge
        With the size that would be needed, and what to do instead.
    """
    free = free_memory()
    row = (window.width + 2 * columns) * bytes_per_pixel
    if (window.height + 2 * rows) * row <= min(_AT_ONCE, 0.8 * free):
        return window.height
    # Bands much lower than their halo would draw most pixels several times.
    height = max(int(min(_AT_ONCE, 0.5 * free) / row) - 2 * rows, 2 * rows, _LEAST_ROWS)
    need = (min(height, window.height) + 2 * rows) * row
    fits = 1.0
    if need > 0.8 * free:
        fits = 0.8 * free / need
        reason = f"needs {need / 2**30:.1f} GB of memory and {free / 2**30:.1f} GB are free"
    elif window.width * window.height > _MOST_PIXELS:
        fits = math.sqrt(_MOST_PIXELS / (window.width * window.height))
        reason = f"has {window.width * window.height / 1e12:.1f} million megapixels, which would take days"
    if fits < 1:
        raise TooLarge(
            f"a picture of {window.width} x {window.height} px {reason}: take --width={int(window.width * fits)} or "
            f"less, --resolution={window.resolution / fits * 1.01:.2g}m or coarser, or a smaller --bbox"
        )
    return min(height // _LEAST_ROWS * _LEAST_ROWS, window.height)
