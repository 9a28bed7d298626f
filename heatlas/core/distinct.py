"""Distinct numbers for what every command does: the first call of `np.unique` imports numpy.ma, which takes 9 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["distinct"]


def distinct(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sort whole numbers and keep one of each, as `np.unique` does."""
    found = np.sort(numbers)
    first = np.ones(len(found), np.bool_)
    first[1:] = found[1:] != found[:-1]
    return found[first]
