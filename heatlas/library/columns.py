"""Columns of the index: what is kept of each passage beside its pixel, and how finely.

========== ================================== =========================================
column     a step is                          a passage is wrong by at most
========== ================================== =========================================
seconds    1/16 s                             1/16 s; sums over a track by 1/32 s
metres     1/8 m                              1/8 m; sums over a track by 1/16 m
fixes      1                                  nothing
pace       a factor of 2**(1/512)             0.07 % (0.2 s/km at 5 min/km), and 2**-21 s/m
speed      1/128 m/s                          1/256 m/s
grade      1/8 %                              1/16 %
heart_rate 1/2 beat/min                       1/4 beat/min
cadence    1/2 per min                        1/4 per min
power      1 W                                1/2 W
elevation  1/4 m                              1/8 m
temperature 1/4 degree                        1/8 degree
========== ================================== =========================================

Seconds and metres are rounded as they add up along the track, so that nothing is lost in many small
passages. All values read back are multiples of powers of two: sums of them are exact, in any order.
A value is clamped at 2**30 steps.

A metric that is added gets a row of VALUES with the next free number. Numbers are below 64; 15 holds several columns
(heatlas.library.packing). What was indexed before has no such column: its values are unknown until the index is made
anew (heatlas.library.coverage).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.index import UNKNOWN
from heatlas.library.keys import NUMBERS
from heatlas.metrics import METRICS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AMOUNTS", "COLUMNS", "PIXELS", "VALUES", "Scale", "amounts", "values"]

PIXELS = 0
"""Number of the column that holds the pixels."""
AMOUNTS = {"seconds": (1, 1 / 16), "metres": (2, 1 / 8), "fixes": (3, 1.0)}
"""What adds up -> number of its column, and step."""


class Scale(NamedTuple):
    """How the values of a metric are kept."""

    column: int
    step: float
    """Unit of the whole numbers; 0: they are places in `table`."""
    table: NDArray[np.float64]
    least: int = 0
    """Place of the table's first value."""


_OCTAVE = 512
_LEAST = -10 * _OCTAVE  # 1/1024 s/m: faster than any aircraft
_PACES = np.rint(np.exp2(np.arange(_LEAST, 4 * _OCTAVE) / _OCTAVE) * 2.0**20) / 2.0**20
_NONE = np.zeros(0)
VALUES = {
    "pace": Scale(4, 0.0, _PACES, _LEAST),
    "speed": Scale(5, 1 / 128, _NONE),
    "grade": Scale(6, 1 / 8, _NONE),
    "heart_rate": Scale(7, 1 / 2, _NONE),
    "cadence": Scale(8, 1 / 2, _NONE),
    "power": Scale(9, 1.0, _NONE),
    "elevation": Scale(10, 1 / 4, _NONE),
    "temperature": Scale(11, 1 / 4, _NONE),
}
"""Metric -> how it is kept."""
assert set(VALUES) == set(METRICS)  # a metric without a column would silently be unknown

COLUMNS = {"pixels": PIXELS, **{n: c for n, (c, _) in AMOUNTS.items()}, **{n: s.column for n, s in VALUES.items()}}
"""Name -> number of each column."""
assert sorted(set(COLUMNS.values())) == sorted(COLUMNS.values())
assert max(COLUMNS.values()) < NUMBERS
_MOST = 1 << 30


def amounts(name: str, spent: NDArray[np.float64]) -> NDArray[np.int64]:
    """Take what was spent in each passage of a track (k,) to whole steps; what is left over goes to the next."""
    _, step = AMOUNTS[name]
    steps = np.rint(np.cumsum(spent) / step)
    return np.diff(steps, prepend=0.0).astype(np.int64)


def values(name: str, spent: NDArray[np.float64]) -> NDArray[np.int32]:
    """Take the mean of a metric over each passage, from `spent` (k, 4), to whole steps, UNKNOWN where there is none."""
    scale = VALUES[name]
    known = spent[:, 3] > 0
    mean = np.divide(spent[:, 2], spent[:, 3], out=np.zeros(len(spent)), where=known)
    if METRICS[name].inverse:
        known &= mean > 0
        steps = -np.log2(mean, out=np.zeros(len(spent)), where=known) * _OCTAVE
        steps = np.clip(steps, _LEAST, _LEAST + len(scale.table) - 1)
    else:
        known &= ~np.isnan(mean)
        steps = np.clip(mean / scale.step, -_MOST, _MOST)
    return np.where(known, np.rint(steps), UNKNOWN).astype(np.int32)
