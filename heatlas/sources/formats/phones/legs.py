"""Cut the recording of a phone where its way of moving changes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.sources.sports import SPORTS, sport_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["legs", "sport_of_motion"]

_SPORTS = {
    "driving": "Driving",
    "automotive": "Driving",
    "in_vehicle": "Driving",
    "in_car": "Driving",
    "on_foot": "Walk",
    "walking": "Walk",
    "running": "Run",
    "on_bicycle": "Ride",
    "cycling": "Ride",
}
"""Word of a phone for its way of moving -> sport. Standing, and what the phone does not know, belongs to what was
before."""
_SHORTEST = 180.0
"""Seconds; a shorter leg is not believed: phones take a bus at a light for a walk."""


def sport_of_motion(word: object) -> str:
    """Translate a phone's word for its way of moving; an empty text where it says nothing of it."""
    return _sport(word) if isinstance(word, str) else ""


@lru_cache(maxsize=256)
def _sport(word: str) -> str:
    plain = word.strip().lower().replace(" ", "_")
    if plain in _SPORTS:
        return _SPORTS[plain]
    sport = sport_name(word)
    return sport if sport in SPORTS and sport != "Unknown" and plain not in {"still", "stationary"} else ""


def legs(
    sports: NDArray[np.integer[Any]], names: Sequence[str], time: NDArray[np.float64]
) -> list[tuple[int, int, str]]:
    """Cut fixes into legs of one sport.

    Legs of less than three minutes are not believed, and fixes without a sport belong to the leg before them. A leg
    begins with the last fix of the one before it, so that there is no gap between them.

    Parameters
    ----------
    sports : ndarray of int (n,)
        Index of the sport of each fix.
    names : sequence of str
        All sports; "" stands for an unknown one.
    time : ndarray of float64 (n,)
        Unix seconds, ascending; NaN where unknown.

    Returns
    -------
    list of (int, int, str)
        First fix, last fix + 1, and sport ("" where none is known) of each leg.
    """
    known = sorted({names[k] for k in np.unique(sports)} - {""})
    if not known:
        return [(0, len(sports), "")]
    codes = _filled(np.array([known.index(name) if name in known else -1 for name in names])[sports])
    starts = _starts(codes)
    ends = np.append(starts[1:], len(codes))
    lasting = time[ends - 1] - time[starts]
    brief = np.repeat(lasting < _SHORTEST, ends - starts)
    usual = np.full(len(codes), np.bincount(codes).argmax())
    codes = usual if brief.all() else _filled(np.where(brief, -1, codes))
    starts = _starts(codes)
    ends = np.append(starts[1:], len(codes))
    return [(max(int(first) - 1, 0), int(last), known[codes[first]]) for first, last in zip(starts, ends, strict=True)]


def _starts(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.flatnonzero(np.append(True, np.diff(codes) != 0))


def _filled(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give unknown codes (-1) the one before them, and those at the beginning the first that is known."""
    known = np.flatnonzero(codes >= 0)
    if not len(known):
        return codes
    return np.asarray(codes[known[np.maximum(np.searchsorted(known, np.arange(len(codes)), "right") - 1, 0)]])
