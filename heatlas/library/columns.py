"""Columns of the index: values stored for each passage beside its pixel, and their precision.

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

Seconds and metres are rounded as sums along the track, so that nothing is lost in many small passages. All values read
back are multiples of powers of two: their sums are exact in any order.
A value is clamped at 2**30 steps.

A new metric gets a row of VALUES with the next free number. Numbers are below 64; 15 holds several columns
(heatlas.library.packing). Activities that were indexed before have no such column: their values are unknown until the
index is rebuilt (heatlas.library.coverage).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.index import UNKNOWN
from heatlas.library.keys import NUMBERS
from heatlas.tracks.metrics import METRICS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AMOUNTS", "COLUMNS", "PIXELS", "VALUES", "Encoding", "amount_steps", "value_steps"]

PIXELS = 0
"""Number of the column that holds the pixels."""
AMOUNTS = {"seconds": (1, 1 / 16), "metres": (2, 1 / 8), "fixes": (3, 1.0)}
"""Amount -> number of its column, and step. Amounts add up along the track."""


class Encoding(NamedTuple):
    """Encoding of the values of a metric as whole numbers."""

    column: int
    step: float
    """Value of 1; 0: the whole numbers are indices into `table`."""
    table: NDArray[np.float64]
    least: int = 0
    """Whole number of the table's first value."""


_OCTAVE = 512
_LEAST = -10 * _OCTAVE  # 1/1024 s/m: faster than any aircraft
_PACES = np.rint(np.exp2(np.arange(_LEAST, 4 * _OCTAVE) / _OCTAVE) * 2.0**20) / 2.0**20
_NONE = np.zeros(0)
VALUES = {
    "pace": Encoding(4, 0.0, _PACES, _LEAST),
    "speed": Encoding(5, 1 / 128, _NONE),
    "grade": Encoding(6, 1 / 8, _NONE),
    "heart_rate": Encoding(7, 1 / 2, _NONE),
    "cadence": Encoding(8, 1 / 2, _NONE),
    "power": Encoding(9, 1.0, _NONE),
    "elevation": Encoding(10, 1 / 4, _NONE),
    "temperature": Encoding(11, 1 / 4, _NONE),
}
"""Metric -> its encoding."""
assert set(VALUES) == set(METRICS)  # a metric without a column would silently be unknown

COLUMNS = {"pixels": PIXELS, **{n: c for n, (c, _) in AMOUNTS.items()}, **{n: e.column for n, e in VALUES.items()}}
"""Name -> number of each column."""
assert sorted(set(COLUMNS.values())) == sorted(COLUMNS.values())
assert max(COLUMNS.values()) < NUMBERS
_MOST = 1 << 30


def amount_steps(name: str, spent: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round the amounts of a track's passages (k,) to whole steps; each remainder goes to the next passage."""
    _, step = AMOUNTS[name]
    steps = np.rint(np.cumsum(spent) / step)
    return np.diff(steps, prepend=0.0).astype(np.int64)


def value_steps(name: str, spent: NDArray[np.float64]) -> NDArray[np.int32]:
    """Round the mean of a metric over each passage, from `spent` (k, 4), to whole steps; UNKNOWN without one."""
    encoding = VALUES[name]
    known = spent[:, 3] > 0
    mean = np.divide(spent[:, 2], spent[:, 3], out=np.zeros(len(spent)), where=known)
    if METRICS[name].inverse:
        known &= mean > 0
        steps = -np.log2(mean, out=np.zeros(len(spent)), where=known) * _OCTAVE
        steps = np.clip(steps, _LEAST, _LEAST + len(encoding.table) - 1)
    else:
        known &= ~np.isnan(mean)
        steps = np.clip(mean / encoding.step, -_MOST, _MOST)
    return np.where(known, np.rint(steps), UNKNOWN).astype(np.int32)
