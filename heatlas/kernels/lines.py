"""What the lines of tracks add to the passages that they go through: time, distance, and metrics by weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.instructions import add_four, weigh_four
from heatlas.kernels.signatures import Struct

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HEAD", "LINES", "Lines", "add_line", "add_part", "fill_lines", "join_fixes", "rows_of"]

HEAD = 4
"""Numbers at the head of a row: seconds and metres. So rows are added four numbers at a time, which is a vector."""
_NOUGHT, _METRES, _TIME, _FOUR = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(HEAD)


class Lines(NamedTuple):
    """What the lines of tracks add to the passages that they are part of, as `fill_lines` writes it."""

    whole: NDArray[np.float64]
    """(b,) float64: of each line as a whole, track after track, 4 + 2 m numbers: seconds, metres, two zeros, the sum of
    the values of each metric by weight, and their weights."""
    ends: NDArray[np.float64]
    """(c,) float64: of each fix 4 + m numbers: 0, metres and seconds to the next, NaN where unknown, 0, and the values
    of the metrics, NaN where unknown."""
    begins: NDArray[np.int64]
    """(2, k) int64: where the rows of each track begin in both."""
    metrics: NDArray[np.int64]
    """(k,) int64: m of each track, a multiple of 4; -1: nothing is spent on its lines."""


LINES = Struct(Lines, "f8[:]", "f8[:]", "i8[:, :]", "i8[:]")


def rows_of(metrics: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers in a row of `Lines.whole`, and of `Lines.ends`."""
    return HEAD + 2 * metrics, HEAD + metrics


@kernel("const f8[:, :]", allocates=True)
def join_fixes(metrics):
    """Prepare the metrics of tracks along their lines, for `heatlas.kernels.valued`.

    Parameters
    ----------
    metrics : ndarray of float64 (n, m)
        Values of m metrics at each fix, NaN where unknown.

    Returns
    -------
    ndarray of float64 (n, 3 m)
        For the line from each fix to the next m values at its beginning, m differences to those at its end, and m times
        1, or 0 where nothing is known at either end. What is known at one end holds for the line. The last row is 0.
    """
    count, many = metrics.shape
    lines = np.zeros((count, 3 * many))
    for i in range(count - 1):
        for m in range(many):
            here, change, known = _along(metrics[i, m], metrics[i + 1, m])
            lines[i, m], lines[i, many + m], lines[i, 2 * many + m] = here, change, known
    return lines


@helper(forceinline=True)
def _along(here, there):
    """Value at the beginning of a line, difference to that at its end, and 1; 0 of all where nothing is known."""
    here = there if here != here else here
    change = there - here
    known = here == here
    return (here if known else 0.0), (change if change == change else 0.0), (1.0 if known else 0.0)


@kernel("const f8[:, :]", "const f8[:]", "const f8[:]", LINES, "i8")
def fill_lines(values, time, metres, lines, t):
    """Write the rows of the lines of a track.

    Parameters
    ----------
    values : ndarray of float64 (n, m)
        Values of metrics at each fix, NaN where unknown.
    time, metres : ndarray of float64 (n,)
        Seconds, NaN where unknown; ground distance to the next fix.
    lines : Lines
        Rows of this track are written; it has m metrics or up to 3 more, of which nothing is known.
    t : int
        Place of the track.
    """
    count, many = values.shape
    whole, ends, begins, metrics = lines[0], lines[1], lines[2][:, t], lines[3][t]
    for i in range(count):
        row, end = begins[0] + i * (HEAD + 2 * metrics), begins[1] + i * (HEAD + metrics)
        whole[row : row + HEAD + 2 * metrics] = 0.0
        ends[end : end + HEAD] = 0.0
        for m in range(metrics):
            ends[end + HEAD + m] = values[i, m] if m < many else np.nan
        if i + 1 == count:
            continue
        seconds = time[i + 1] - time[i]
        ends[end + 1], ends[end + 2] = metres[i], seconds
        whole[row + 1], weight = metres[i], metres[i]
        if seconds == seconds:
            whole[row], weight = seconds, seconds
        weight += 1e-9  # as `heatlas.kernels.reduce.spend`
        for m in range(many):
            here, change, known = _along(values[i, m], values[i + 1, m])
            whole[row + HEAD + m] = (here + change * 0.5) * weight
            whole[row + HEAD + metrics + m] = known * weight


@helper(forceinline=True)
def add_line(spent, at, whole, row, wide):
    """Add a whole line to a passage."""
    for k in range(_NOUGHT, wide, _FOUR):
        add_four(spent, at + k, whole, row + k)


@helper(forceinline=True)
def add_part(spent, at, ends, row, metrics, entered, until):
    """Add a part of a line, between two shares of it, to a passage."""
    share = until - entered
    length, weight = ends[row + _METRES] * share, ends[row + _TIME] * share
    known = weight == weight
    spent[at] += weight if known else 0.0
    spent[at + _METRES] += length
    weight = (weight if known else length) + 1e-9  # as `heatlas.kernels.reduce.spend`
    middle, here, total = 0.5 * (entered + until), row + _FOUR, at + _FOUR
    there = here + metrics + _FOUR
    for m in range(_NOUGHT, metrics, _FOUR):
        weigh_four(spent, total + m, total + metrics + m, ends, here + m, there + m, middle, weight)
