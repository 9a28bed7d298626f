"""Find the steps of a palette without a logarithm for each pixel.

A tone rises with its values, so each step begins at some value. That value is found once for each tone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.steps import SHIFT, ordered, step_of_values
from heatlas.style.tone import Tone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.raster.grid import Grid

__all__ = ["Begins", "begins_of", "steps_of"]

_INFINITE = 0x7F80_0000
"""Rank of infinity among the numbers of float32 (`heatlas.kernels.steps.ordered`)."""
_FIRST = -_INFINITE - 1
"""Rank of -infinity."""
_TONES = 64
"""Tones that are remembered: those of some maps at all zooms."""


class Begins(NamedTuple):
    """Arguments of the kernels."""

    values: NDArray[np.float32]
    """(256,) the least value that falls on step 1, 2, ... 255, and infinity; of means, NaN."""
    table: NDArray[np.uint8]
    """Steps of the values of even ranks."""
    least: int
    """First place of the table."""


def steps_of(grid: Grid, tone: Tone) -> NDArray[np.uint8] | None:
    """Find the step of each pixel (height, width); None where steps do not follow from one value, or not from 0.

    Parameters
    ----------
    grid : Grid
        Grid to colour.
    tone : Tone
        Fitted to the whole map.
    """
    if not grid.sums or tone.diverging or tone.local is not None:
        return None
    begins = begins_of(tone, sums=True)
    if begins is None:
        return None
    steps, values = np.empty(grid.total.shape, np.uint8), np.ascontiguousarray(grid.total, np.float32).reshape(-1)
    step_of_values(values, values.view(np.int32), *begins, steps.reshape(-1))
    return steps


def begins_of(tone: Tone, *, sums: bool) -> Begins | None:
    """Find where the steps of a tone begin; of sums among the values above 0, of means among all.

    None for sums that do not begin at step 0.
    """
    knots = None if tone.knots is None else tone.knots.tobytes()
    return _begins(tone.curve, tone.low, tone.high, tone.fade, tone.alike, knots, sums)


@lru_cache(_TONES)
def _begins(
    curve: str, low: float, high: float, fade: float, alike: float, knots: bytes | None, sums: bool
) -> Begins | None:
    """Bisect on the bits of float32, by which numbers are ordered.

    The tone is given by its values, as scales of views are fitted again and again, to the same.
    """
    tone = Tone(curve, low, high, None if knots is None else np.frombuffer(knots), fade, alike=alike)
    if sums and tone.position(0.0) * 255 > 0.5:
        return None
    steps = np.arange(1, 256)
    first, last = np.full(255, 0 if sums else _FIRST), np.full(255, _INFINITE)
    for _ in range(31 if sums else 32):
        middle = (first + last) >> 1
        reached = np.rint(np.nan_to_num(tone(ordered(middle)), nan=0.0) * 255) >= steps
        first, last = np.where(reached, first, middle), np.where(reached, middle, last)
    last = np.append(np.maximum.accumulate(last), _INFINITE)
    least, most = int(last[0]) >> SHIFT, min(int(last[254]), _INFINITE - 1) >> SHIFT
    table = np.searchsorted(last, np.arange(least, most + 1) << SHIFT, side="right").astype(np.uint8)
    values = ordered(last)
    if not sums:
        values[255] = np.nan  # infinite means have the last step too
    return Begins(values, table, least)
