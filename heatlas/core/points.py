"""Independent positions with a weight, as read from a table piece by piece."""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Points"]


@frozen(kw_only=True)
class Points:
    """Some rows of a table; every position is finite and on the globe, and every weight is finite."""

    lon: NDArray[np.float64]
    """(n,) degrees, WGS 84, from -180 to 180."""
    lat: NDArray[np.float64]
    """(n,) degrees, WGS 84, from -90 to 90; points beyond Mercator's edge are left out when they are drawn."""
    weight: NDArray[np.float64] | None = None
    """(n,) of any sign; None: each row counts 1."""
    time: NDArray[np.float64] | None = None
    """(n,) Unix seconds, NaN where unknown; None where nobody asked for them. Written times without a zone are taken
    as UTC, so days and hours are those that were written."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason ("rows without a position" ...) -> number of rows that were read with these and left out."""

    def __len__(self) -> int:
        """Count the points."""
        return len(self.lon)

    def chosen(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Points:
        """Some of the points: those that are True in `keep` (n,), or those with its numbers, in its order."""
        weight, time = (None if column is None else column[keep] for column in (self.weight, self.time))
        return Points(lon=self.lon[keep], lat=self.lat[keep], weight=weight, time=time)
