"""Passages of tracks at one zoom, as the index stores them."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import ground_metres
from heatlas.core.workspace import Workspace
from heatlas.kernels.lattice import frame_of
from heatlas.kernels.lines import Lines, fill_lines, rows_of
from heatlas.kernels.path import TOLERANCE, metres_along
from heatlas.kernels.visits import Fixes, Rules, bound_visits, list_visits
from heatlas.library.file.columns import AMOUNTS, rules_of, width_of
from heatlas.tracks.metrics import Motion, stored

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch

__all__ = ["Passages", "PreparedTrack", "PreparedTracks"]

_AMOUNTS = ("fixes", "metres", "seconds")
"""In the order of `heatlas.kernels.visits.list_visits`."""


@frozen
class Passages:
    """Passages of activities at one zoom, activity after activity, in the order in which they begin."""

    tile: NDArray[np.int64]
    """(k,) row << 20 | column of the tile."""
    pixel: NDArray[np.uint16]
    """(k,) row * 256 + column inside the tile."""
    bounds: NDArray[np.int64]
    """(t + 1,) offsets of the activities."""
    columns: dict[str, NDArray[np.int64] | NDArray[np.int32]]
    """Name -> (k,) whole steps (heatlas.library.file.columns); columns that all activities lack are left out."""


class PreparedTrack:
    """Track with the metrics at its fixes, which are the same at every zoom."""

    def __init__(self, batch: Batch, rejoin: float, only: Collection[str] | None = None) -> None:
        """Prepare a batch of one track, from which private parts were cut; `only` are the metrics that are needed."""
        self.batch = batch
        self.rejoin = rejoin
        self.metres = metres_along(batch.u, batch.v, batch.segments)
        """(n,) metres to the next fix of the segment."""
        self.bounds: NDArray[np.float64] = batch.bounds[0]
        self.ground = _ground_of(batch) if batch.fixes else (1.0, 1.0)
        """Metres of a world unit eastwards where the track begins, and the fewest in any direction anywhere on it."""
        fit = {
            name: metric.at_fixes
            for name, metric in stored().items()
            if metric.columns <= set(batch.columns) and (only is None or name in only)
        }
        motion = Motion(batch, self.metres)  # forgotten at the end, as it takes 16 bytes a fix
        found = {name: take(motion) for name, take in fit.items() if take is not None}
        self.metrics = {name: metric for name, metric in found.items() if not np.isnan(metric).all()}
        """Metric at fixes that is known -> (n,), or (n, 2) of a cyclic one."""

    @property
    def length(self) -> float:
        """Length of the way, in world units."""
        return float(self.metres.sum()) / self.ground[0]

    def at(self, zoom: int, wanted: Collection[str] | None = None) -> Passages:
        """Passages of the track alone, as `PreparedTracks.at` gives them."""
        return self._alone.at(zoom, wanted)

    @cached_property
    def _alone(self) -> PreparedTracks:
        return PreparedTracks([self])


class PreparedTracks:
    """Tracks that are traced together."""

    def __init__(self, tracks: Sequence[PreparedTrack], space: Workspace | None = None) -> None:
        """Join tracks; their lines lie in `space`, until it is used again, by default in memory of their own."""
        self._tracks = tracks
        self._space, self._lock = space or Workspace(), threading.Lock()
        batches = [track.batch for track in tracks]
        fixes = np.cumsum([0, *(batch.fixes for batch in batches)])
        segments = np.cumsum([0, *(len(batch.segments) - 1 for batch in batches)])
        start = np.zeros(1, np.int64)
        self._fixes = Fixes(
            np.concatenate([batch.u for batch in batches]),
            np.concatenate([batch.v for batch in batches]),
            np.concatenate([batch.progress for batch in batches]),
            np.concatenate([start, *(b.segments[1:] + n for b, n in zip(batches, fixes, strict=False))]),
            segments,
        )
        self._bounds = np.array([track.bounds for track in tracks])
        self._ground = np.array([track.ground for track in tracks]).T
        self._rejoin = np.array([track.rejoin for track in tracks])
        self._known = tuple(dict.fromkeys(name for track in tracks for name in track.metrics))
        self._lines: dict[tuple[str, ...] | None, tuple[Lines, NDArray[np.int64]]] = {}

    def __len__(self) -> int:
        """Count the tracks."""
        return len(self._tracks)

    def at(
        self,
        zoom: int,
        wanted: Collection[str] | None = None,
        part: range | None = None,
        space: Workspace | None = None,
    ) -> Passages:
        """Passages of the tracks at a zoom; across the antimeridian they continue at the other edge of the world.

        Parameters
        ----------
        zoom : int
            Zoom.
        wanted : collection of str, optional
            Columns that are needed, by default all.
        part : range, optional
            Places of those tracks that are traced.
        space : Workspace, optional
            Memory that the passages lie in, until it is used again; by default they have their own.
        """
        scale = 256 << zoom
        names = self._names(wanted)
        lines, places = self._lines_of(names)
        part = range(len(self)) if part is None else part
        frame = frame_of(scale, 0, 0, scale, scale)
        most, bounds = np.empty(len(part), np.int64), np.empty(len(part) + 1, np.int64)
        room = _room(space or Workspace(), bound_visits(self._fixes, frame, part.start, most), len(names or ()))
        rules = Rules(AMOUNTS["metres"][1], AMOUNTS["seconds"][1], rules_of(names or ()), places)
        list_visits(self._fixes, lines, self._reach(scale), frame, rules, part.start, most, room, bounds)
        tile, pixel, amounts, values = room
        count = int(bounds[-1])
        given = _AMOUNTS if names is not None else _AMOUNTS[:1]
        columns = {
            **{name: steps[:count] for name, steps in zip(given, amounts, strict=False)},
            **{name: steps[:count] for name, steps in zip(names or (), values, strict=True)},
        }
        if "seconds" in columns and not columns["seconds"].any():
            del columns["seconds"]
        if wanted is not None:
            columns = {name: steps for name, steps in columns.items() if name in wanted}
        return Passages(tile[:count], pixel[:count], bounds, columns)

    def _names(self, wanted: Collection[str] | None) -> tuple[str, ...] | None:
        """Metrics of which values are needed, that any track knows; None where nothing that is spent is needed."""
        if wanted is not None and not set(wanted) - {"fixes"}:
            return None
        return tuple(name for name in self._known if wanted is None or name in wanted)

    def _lines_of(self, names: tuple[str, ...] | None) -> tuple[Lines, NDArray[np.int64]]:
        """Lines of the tracks, which are the same at every zoom, and which of its metrics are those of `names`."""
        with self._lock:
            if names not in self._lines:
                self._lines[names] = self._joined(names)
            return self._lines[names]

    def _joined(self, names: tuple[str, ...] | None) -> tuple[Lines, NDArray[np.int64]]:
        nothing = np.full(len(self), -1, np.int64)
        if names is None:
            none = Lines(np.zeros(0), np.zeros(0), np.zeros((2, len(self)), np.int64), nothing)
            return none, np.zeros((len(self), 0), np.int64)
        places = np.full((len(self), len(names)), -1, np.int64)
        metrics = np.zeros(len(self), np.int64)
        for t, track in enumerate(self._tracks):
            for k, name in enumerate(names):
                if name in track.metrics:
                    places[t, k] = metrics[t]
                    metrics[t] += width_of(name)
        padded = (metrics + 3) // 4 * 4
        fixes = np.array([track.batch.fixes for track in self._tracks], np.int64)
        sizes = np.stack(rows_of(padded)) * fixes
        begins, (whole, ends) = np.cumsum(sizes, axis=1) - sizes, sizes.sum(axis=1).tolist()
        variant = len(self._lines)
        lines = Lines(
            self._space.array(("whole", variant), (whole,), np.float64),
            self._space.array(("ends", variant), (ends,), np.float64),
            begins,
            padded,
        )
        for t, track in enumerate(self._tracks):
            known = [track.metrics[name] for name in names if name in track.metrics]
            values = np.column_stack([np.zeros((track.batch.fixes, 0)), *known])
            fill_lines(values, track.batch.time, track.metres, lines, t)
        return lines, places

    def _reach(self, scale: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Rejoin distance of each track in metres, and the bits of its table (see `heatlas.raster.draw_tracks`)."""
        least = np.maximum(self._rejoin, 2 * self._ground[0] / scale)
        reach = (1.1 * least + 2 * TOLERANCE) / (self._ground[1] / scale) + 4
        west, east, north, south = self._bounds.T * scale
        around = np.maximum(east - west, south - north) + 4  # a table as wide as the whole track is wide enough
        wide = np.where(np.isfinite(around), np.minimum(reach, around), 8.0)
        return least, np.maximum(3, np.ceil(np.log2(wide))).astype(np.int64)


def _room(
    space: Workspace, most: int, values: int
) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.int64], NDArray[np.int32]]:
    """Arrays for `most` passages, with some columns of values."""
    return (
        space.array("tile", (most,), np.int64),
        space.array("pixel", (most,), np.uint16),
        space.array("amounts", (len(_AMOUNTS), most), np.int64),
        space.array("values", (values, most), np.int32),
    )


def _ground_of(batch: Batch) -> tuple[float, float]:
    _, _, north, south = batch.bounds[0].tolist()
    east, down = ground_metres(np.array([batch.v[0], max(south, 1 - north)]))
    return float(east[0]), min(float(east[1]), float(down[1]))
