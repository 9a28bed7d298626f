"""Count points that stream only once, and store them when they must be read again."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import MAX_LATITUDE
from heatlas.core.points import Points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

__all__ = ["Spool", "Tally"]

_IN_MEMORY = 64 << 20
"""Bytes that are stored in memory; more go into a file."""
_CHUNK = 1 << 17
"""Points that are read back at a time."""
_BINS = 4
"""Bins per degree of the histograms that show where most points are."""
_MOST = 0.999


@dataclass(slots=True)
class Tally:
    """Counts and extent of the points of a stream."""

    points: int = 0
    """Rows with a position inside the map, and a weight where there are weights."""
    total: float = 0.0
    """Sum of their weights; their number where there are none."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason -> rows that were left out."""
    lightest: float = math.inf
    heaviest: float = -math.inf
    south: float = math.inf
    north: float = -math.inf
    _lon: list[float] = field(default_factory=lambda: [math.inf, -math.inf, math.inf, -math.inf])
    """Least and greatest longitude from -180 to 180, then from 0 to 360."""
    _columns: NDArray[np.int64] = field(default_factory=lambda: np.zeros(360 * _BINS + 1, np.int64))
    _rows: NDArray[np.int64] = field(default_factory=lambda: np.zeros(180 * _BINS + 1, np.int64))

    @property
    def rows(self) -> int:
        """Rows that were read."""
        return self.points + sum(self.dropped.values())

    def __call__(
        self, chunks: Iterable[Points], told: Callable[[int], None] = lambda rows: None, reach: bool = True
    ) -> Iterator[Points]:
        """Count points and pass them on; `reach` asks for their extent, `told` receives the number of rows so far."""
        for points in chunks:
            self.dropped += points.dropped
            beyond = int((np.abs(points.lat) > MAX_LATITUDE).sum())
            if beyond:
                self.dropped["rows beyond 85.05 degrees, where Mercator ends"] += beyond
                points = points.chosen(np.abs(points.lat) <= MAX_LATITUDE)  # noqa: PLW2901
            self.points += len(points)
            if points.weight is None:
                self.total += len(points)
            elif len(points):
                self.total += float(points.weight.sum())
                self.lightest = min(self.lightest, float(points.weight.min()))
                self.heaviest = max(self.heaviest, float(points.weight.max()))
            if reach and len(points):
                self._reach(points)
            told(self.rows)
            yield points

    def _reach(self, points: Points) -> None:
        lon, lat, eastwards = points.lon, points.lat, points.lon % 360
        self.south, self.north = min(self.south, float(lat.min())), max(self.north, float(lat.max()))
        west, east, first, last = self._lon
        self._lon = [
            min(west, float(lon.min())), max(east, float(lon.max())),
            min(first, float(eastwards.min())), max(last, float(eastwards.max())),
        ]  # fmt: skip
        self._columns += np.bincount(((lon + 180) * _BINS).astype(np.int64), minlength=len(self._columns))
        self._rows += np.bincount(((lat + 90) * _BINS).astype(np.int64), minlength=len(self._rows))

    @property
    def bbox(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north of all points, the shorter way round the world; None without any."""
        if self.south > self.north:
            return None
        west, east, first, last = self._lon
        if last - first < east - west and east - west > 180:
            west, east = first, last
        return west, self.south, east, self.north

    @property
    def crowd(self) -> tuple[float, float, float, float] | None:
        """Box of nearly all points, where it is much smaller than the box of all; else None."""
        if (box := self.bbox) is None or box[2] > 180:
            return None
        bounds = []
        for counts, origin in ((self._columns, -180.0), (self._rows, -90.0)):
            share = np.cumsum(counts) / counts.sum()
            low, high = np.searchsorted(share, [(1 - _MOST) / 2, (1 + _MOST) / 2])
            bounds.append((origin + low / _BINS, origin + (high + 1) / _BINS))
        (west, east), (south, north) = bounds
        west, east = max(west, box[0]), min(east, box[2])
        south, north = max(south, box[1]), min(north, box[3])
        small = (east - west) * (north - south) * 8 < (box[2] - box[0]) * (box[3] - box[1])
        return (west, south, east, north) if small else None


class Spool:
    """Points stored in memory or in a temporary file, which has no name and ends with the process."""

    def __init__(self, chunks: Iterable[Points]) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed with the spool
        self._weighted = True
        try:
            for points in chunks:
                self._weighted = points.weight is not None
                columns = [points.lon, points.lat, *([points.weight] if points.weight is not None else [])]
                self._file.write(np.ascontiguousarray(np.stack(columns, axis=1)).tobytes())
        except BaseException:
            self._file.close()
            raise

    def __iter__(self) -> Iterator[Points]:
        """Read the points again, in their order."""
        self._file.seek(0)
        columns = 3 if self._weighted else 2
        while data := self._file.read(_CHUNK * columns * 8):
            table = np.frombuffer(data).reshape(-1, columns)
            lon, lat, *weight = (np.ascontiguousarray(column) for column in table.T)
            yield Points(lon=lon, lat=lat, weight=weight[0] if weight else None)

    def close(self) -> None:
        """Release the memory or the file."""
        self._file.close()
