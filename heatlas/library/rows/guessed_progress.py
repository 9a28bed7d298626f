"""Progress of a track as what it differs from a guess by.

Progress follows from the positions (`heatlas.kernels.path`), but for the last bits of true metres per world unit, which
may differ between machines. A guess takes these from polynomials that are stored with the progress, and is the same on
any machine. It is hardly ever wrong, and never by much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import SourceFailed
from heatlas.core.mercator import ground_metres
from heatlas.kernels.path import TOLERANCE, guess_progress
from heatlas.library.file.number_columns import Reader, whole_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["progress_bytes", "read_progress"]

_TERMS = 6
_NODES = np.cos(np.pi * (np.arange(_TERMS) + 0.5) / _TERMS)
"""Places from -1 to 1 at which the polynomials are exact (Chebyshev's)."""
_FIT = np.linalg.inv(np.vander(_NODES, increasing=True))
_LEAST = 2.0**-40
"""World units: least half of the way that the polynomials are made for."""
_MOST = 1 << 15
"""Most units in the last place that a guess may be wrong by."""
_HEAD = 3 + 2 * _TERMS
"""Numbers before the differences: metres of standing still, the middle and half of the way, and terms."""


def progress_bytes(u: NDArray[np.float64], v: NDArray[np.float64], progress: NDArray[np.float32]) -> bytes | None:
    """Bytes of the progress (n,) of a track; None where it does not follow from the positions."""
    if not len(v) or not (np.isfinite(u).all() and np.isfinite(v).all()):
        return None
    north, south = float(v.min()), float(v.max())
    middle, half = (north + south) / 2, max((south - north) / 2, _LEAST)
    terms = [_FIT @ metres for metres in ground_metres(middle + half * _NODES)]
    head = np.concatenate([[TOLERANCE, middle, half], *terms])
    wrong = progress.view(np.int32).astype(np.int64) - _guess(u, v, head).view(np.int32)
    if np.abs(wrong).max() > _MOST:
        return None
    return head.astype("<f8").tobytes() + whole_bytes(np.cumsum(wrong))


def read_progress(data: NDArray[np.uint8], u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float32]:
    """Undo `progress_bytes`.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    if len(data) < 8 * _HEAD or len(u) != len(v):
        raise SourceFailed("the library is damaged: a track's column is cut off")
    head = np.frombuffer(data[: 8 * _HEAD].tobytes(), "<f8")
    summed = Reader(data[8 * _HEAD :]).whole(len(u)).astype(np.int32)  # sums wrap around, and their differences back
    progress = _guess(u, v, head)
    bits = progress.view(np.int32)
    bits += summed
    bits[1:] -= summed[:-1]
    return progress


def _guess(u: NDArray[np.float64], v: NDArray[np.float64], head: NDArray[np.float64]) -> NDArray[np.float32]:
    found = np.empty(len(u), np.float32)
    guess_progress(u, v, head, found)
    return found
