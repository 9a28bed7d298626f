"""Passages of a track at one zoom, as the index stores them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import ground_metres
from heatlas.kernels.lattice import frame_of
from heatlas.kernels.path import TOLERANCE, metres_along
from heatlas.kernels.visits import join_fixes, list_visits, place_visits, spend_visits
from heatlas.library.file.columns import amount_steps, value_steps
from heatlas.tracks.metrics import stored

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch

__all__ = ["Passages", "PreparedTrack"]


@frozen
class Passages:
    """Passages of an activity at one zoom, in the order in which they begin."""

    tile: NDArray[np.int64]
    """(k,) row << 20 | column of the tile."""
    pixel: NDArray[np.uint16]
    """(k,) row * 256 + column inside the tile."""
    columns: Mapping[str, NDArray[np.int64] | NDArray[np.int32]]
    """Name -> (k,) whole steps (heatlas.library.file.columns); columns that the activity lacks are left out."""


class PreparedTrack:
    """Track with the values that are the same at every zoom computed beforehand."""

    __slots__ = ("_bounds", "_ground", "_lines", "_metres", "_rejoin", "batch", "metrics")

    def __init__(self, batch: Batch, rejoin: float, only: Collection[str] | None = None) -> None:
        """Prepare a batch of one track, from which private parts were cut; `only` are the metrics that are needed."""
        self.batch = batch
        self._rejoin = rejoin
        self._metres = metres_along(batch.u, batch.v, batch.segments)
        self._bounds: tuple[float, ...] = tuple(batch.bounds[0].tolist()) if batch.fixes else ()
        self._ground = _ground_of(batch) if batch.fixes else (1.0, 1.0)
        fit = {
            name: metric.at_fixes
            for name, metric in stored().items()
            if metric.columns <= set(batch.columns) and (only is None or name in only)
        }
        found = {name: take(batch) for name, take in fit.items() if take is not None}
        self.metrics = {name: metric for name, metric in found.items() if not np.isnan(metric).all()}
        """Metric at fixes that is known -> (n,), or (n, 2) of a cyclic one."""
        self._lines: dict[tuple[str, ...], NDArray[np.float64]] = {}

    @property
    def length(self) -> float:
        """Length of the way, in world units."""
        return float(self._metres.sum()) / self._ground[0]

    def at(self, zoom: int, wanted: Collection[str] | None = None) -> Passages:
        """Passages of the track at a zoom; across the antimeridian they continue at the other edge of the world.

        `wanted` are the columns that are needed; by default all.
        """
        batch = self.batch
        scale = 256 * 2**zoom
        if not batch.fixes:
            return Passages(np.zeros(0, np.int64), np.zeros(0, np.uint16), {})
        west, east, north, south = self._bounds
        x0, y0 = math.floor(west * scale) - 1, math.floor(north * scale) - 1
        width, height = math.ceil(east * scale) + 2 - x0, math.ceil(south * scale) + 2 - y0
        least, bits = _reach(self._ground, scale, self._rejoin)
        bits = min(bits, max(width, height).bit_length())  # a table as wide as the whole track is wide enough
        cells, fixes, passage, line, until = list_visits(
            batch.u, batch.v, batch.progress, batch.segments, frame_of(scale, x0, y0, width, height), least, bits
        )
        columns = dict(self._columns(len(cells), fixes, (passage, line, until), wanted))
        tile, pixel, inside = place_visits(cells, width, x0, y0, scale)
        if inside == len(cells):
            return Passages(tile, pixel, columns)
        row = cells // width + y0
        here = (row >= 0) & (row < scale)
        return Passages(tile[here], pixel[here], {name: steps[here] for name, steps in columns.items()})

    def _columns(
        self,
        count: int,
        fixes: NDArray[np.int64],
        pieces: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
        wanted: Collection[str] | None,
    ) -> Iterator[tuple[str, NDArray[np.int64] | NDArray[np.int32]]]:
        if wanted is None or "fixes" in wanted:
            yield "fixes", fixes
        if wanted is not None and not set(wanted) - {"fixes"}:
            return
        names = tuple(self.metrics if wanted is None else sorted(self.metrics.keys() & wanted))
        spent: NDArray[np.float64] = spend_visits(count, *pieces, self.batch.time, self._metres, self._lines_of(names))
        if wanted is None or "metres" in wanted:
            yield "metres", amount_steps("metres", spent[:, 1])
        if (wanted is None or "seconds" in wanted) and spent[:, 0].any():
            yield "seconds", amount_steps("seconds", spent[:, 0])
        yield from value_steps(names, spent).items()

    def _lines_of(self, names: tuple[str, ...]) -> NDArray[np.float64]:
        """Lines of some metrics between fixes, which are the same at every zoom."""
        if names not in self._lines:  # threads may find it missing at the same time, and make the same
            values = [self.metrics[name] for name in names]
            self._lines[names] = join_fixes(np.column_stack([np.zeros((self.batch.fixes, 0)), *values]))
        return self._lines[names]


def _ground_of(batch: Batch) -> tuple[float, float]:
    """Metres of a world unit eastwards where a track begins, and the fewest in any direction anywhere on it."""
    _, _, north, south = batch.bounds[0].tolist()
    east, down = ground_metres(np.array([batch.v[0], max(south, 1 - north)]))
    return float(east[0]), min(float(east[1]), float(down[1]))


def _reach(ground: tuple[float, float], scale: float, rejoin: float) -> tuple[float, int]:
    """Rejoin distance of a track in metres, and the bits of its table (as in `heatlas.raster.draw_tracks`)."""
    least = max(rejoin, 2 * ground[0] / scale)
    return least, max(3, math.ceil(math.log2((1.1 * least + 2 * TOLERANCE) / (ground[1] / scale) + 4)))
