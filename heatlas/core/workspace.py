"""Memory that a job uses again and again, as the system need not clear it each time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Workspace"]

_KEPT = 64 << 20
"""Most bytes of an array that is used again: a job that needs more, such as a track round the world, is rare."""


class Workspace:
    """Arrays by name, for one job at a time."""

    def __init__(self) -> None:
        self._arrays: dict[Any, NDArray[Any]] = {}

    def array(self, name: Any, shape: tuple[int, ...], kind: type[np.generic]) -> NDArray[Any]:
        """Return an array that holds anything, until another one of that name, and of the same type, is asked for."""
        size = math.prod(shape)
        kept = self._arrays.get(name)
        if kept is None or len(kept) < size:
            kept = np.empty(size, kind)
            if kept.nbytes <= _KEPT:
                self._arrays[name] = kept
        return kept[:size].reshape(shape)
