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
bearing    45/8 degrees                       45/16 degrees
elapsed    8 s                                4 s
steady_heart_rate 1/2 beat/min                1/4 beat/min
grade_100  1/4 %                              1/8 %
========== ================================== =========================================

Seconds and metres are rounded as sums along the track, so that nothing is lost in many small passages. All values read
back are multiples of powers of two: their sums are exact in any order.
A value is clamped at 2**30 steps.

A new metric at fixes says in its entry (heatlas.tracks.metrics.table) which column it takes, the next free number, and
its step. Numbers are below 64; 15 holds several columns (heatlas.library.file.packing). Activities that were indexed
before have no such column: their values are unknown until the index is rebuilt (heatlas.library.index.coverage).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.index import UNKNOWN
from heatlas.library.file.keys import NUMBERS
from heatlas.tracks.metrics import METRICS, stored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.tracks.metrics import Store

__all__ = [
    "AMOUNTS",
    "COLUMNS",
    "PIXELS",
    "VALUES",
    "Encoding",
    "decoded",
    "rounding",
    "rules_of",
    "width_of",
]

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


def _encoding(store: Store) -> Encoding:
    return Encoding(store.column, store.step, _NONE) if store.step else Encoding(store.column, 0.0, _PACES, _LEAST)


VALUES = {name: _encoding(metric.store) for name, metric in stored().items() if metric.store is not None}
"""Metric -> its encoding, as its entry in `heatlas.tracks.metrics.table` says."""

COLUMNS = {"pixels": PIXELS, **{n: c for n, (c, _) in AMOUNTS.items()}, **{n: e.column for n, e in VALUES.items()}}
"""Name -> number of each column."""
assert sorted(set(COLUMNS.values())) == sorted(COLUMNS.values())
assert max(COLUMNS.values()) < NUMBERS
_MOST = 1 << 30


def decoded(name: str, steps: NDArray[np.int32]) -> NDArray[np.float64]:
    """Values of a metric from whole steps, NaN where UNKNOWN."""
    _, step, table, least = VALUES[name]
    values = table[np.clip(steps - least, 0, len(table) - 1)] if len(table) else steps * step
    return np.where(steps == UNKNOWN, np.nan, values)


def rounding(name: str) -> tuple[float, float, float, float]:
    """How means of a metric become steps: the value of 1, steps of an octave or 0, the least and the greatest step."""
    _, step, table, least = VALUES[name]
    if METRICS[name].inverse:
        return step, _OCTAVE, least, least + len(table) - 1
    return step, 0, -_MOST, _MOST


@functools.cache
def rules_of(names: tuple[str, ...]) -> NDArray[np.float64]:
    """How the means of metrics over each passage become steps, (r, 5): rules of `heatlas.kernels.rounding`."""
    return np.array([(*rounding(name), _turn(name)) for name in names], np.float64).reshape(-1, 5)


def width_of(name: str) -> int:
    """Values of a metric at a fix: an angle has two, its cosine and its sine."""
    return 2 if METRICS[name].cyclic else 1


def _turn(name: str) -> int:
    """Steps of a whole turn of an angle, 0 of other metrics."""
    metric = METRICS[name]
    return round(metric.period / VALUES[name].step) if metric.cyclic else 0
