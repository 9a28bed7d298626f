"""Ranges of tiles of equal work, or of so many bytes, from the numbers of rows or from the footers of objects."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.filesystems import locate
from heatlas.scale.rows import concatenated, row_groups, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["LAST", "cut", "cut_by_bytes", "cut_by_work"]

LAST = 1 << 60
"""Above the number of any tile."""
_FIXED = 2000
"""Work that a row is, whatever is in it, in passages."""
_NARROW = 1 << 22
"""Rows of which the numbers are read to cut ranges of equal work; for more, those of row groups are enough."""
_EACH = 64 << 20
"""Bytes of rows that a range has, about, if nobody says how many ranges there are."""


def cut_by_work(uris: Sequence[str], wanted: int | None, workers: int) -> list[tuple[int, int]]:
    """Cut all tiles of some objects into ranges of about equal work.

    Parameters
    ----------
    uris : sequence of str
        Objects of rows.
    wanted : int, optional
        Number of ranges; by default such that each has some 64 MB, and each worker two.
    workers : int
        Number of workers.

    Returns
    -------
    list of (int, int)
        First number, and the one after the last; all numbers are in one of them. Fewer where single tiles are large.
    """
    if not uris:
        return []
    groups = [group for uri in uris for group in row_groups(locate(uri))]
    count = wanted or max(sum(group.bytes for group in groups) // _EACH, 2 * workers, 1)
    if sum(group.rows for group in groups) <= _NARROW:
        rows = concatenated([written(locate(uri), bare=True) for uri in uris])
        return cut(rows.numbers, rows.passages + _FIXED, count)
    return cut(np.array([group.first for group in groups]), np.array([group.bytes for group in groups]), count)


def cut_by_bytes(uris: Sequence[str], within: tuple[int, int], most: int) -> list[tuple[int, int]]:
    """Cut a range of tiles of some objects into ranges of about so many bytes of rows, by their row groups."""
    first, end = within
    groups = [group for uri in uris for group in row_groups(locate(uri)) if group.first < end]
    numbers = np.array([max(group.first, first) for group in groups], np.int64)
    sizes = np.array([group.bytes for group in groups], np.int64)
    cuts = cut(numbers, sizes, max(int(sizes.sum()) // most, 1)) if groups else []
    return [(max(low, first), min(high, end)) for low, high in cuts if low < end and high > first]


def cut(numbers: NDArray[np.int64], work: NDArray[np.int64], count: int) -> list[tuple[int, int]]:
    """Cut all numbers into `count` ranges of about equal work, or fewer; `work` is that of each row."""
    if not len(numbers):
        return []
    order = np.argsort(numbers, kind="stable")
    done = np.cumsum(work[order])
    at = np.searchsorted(done, done[-1] * np.arange(1, count) / count)
    cuts = [0, *sorted({number for number in numbers[order][at].tolist() if number > 0}), LAST]
    return list(pairwise(cuts))
