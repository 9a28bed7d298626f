"""Tracks, and what several metrics at their fixes follow from."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.path import change_over, metres_along

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch

    AtFixes = Callable[["Motion"], NDArray[np.float64]]
    """Tracks of n fixes -> (n,), NaN where unknown; (n, 2), the cosine and sine of an angle, of a cyclic metric."""

__all__ = ["Motion"]

_HALF_SECONDS = 5.0


class Motion:
    """Tracks, and what several metrics of them follow from, which is worked out once.

    Parameters
    ----------
    batch : Batch
        Tracks.
    metres : ndarray of float64 (n,), optional
        Metres to the next fix (`heatlas.kernels.path.metres_along`), if they were worked out before.
    """

    def __init__(self, batch: Batch, metres: NDArray[np.float64] | None = None) -> None:
        self.batch = batch
        self._metres = metres

    @cached_property
    def along(self) -> NDArray[np.float64]:
        """(n,) metres from the first fix, not to be changed; only differences inside a segment mean anything."""
        batch, metres = self.batch, self._metres
        if metres is None:
            metres = metres_along(batch.u, batch.v, batch.segments)
        return np.concatenate(([0.0], np.cumsum(metres[:-1])))

    @cached_property
    def speed(self) -> NDArray[np.float64]:
        """(n,) speed over the ground from positions and times, m/s, over some 10 s; not to be changed."""
        found: NDArray[np.float64] = change_over(self.batch.time, self.along, self.batch.segments, _HALF_SECONDS)
        return found
