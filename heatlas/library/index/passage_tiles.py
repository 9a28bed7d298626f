"""Tiles of measures that read several columns of passages, or facts of activities, from the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heatlas.core.mercator import to_lonlat
from heatlas.kernels.operations import UNUSED, Runs
from heatlas.kernels.values import add_days
from heatlas.library.index.coded_columns import CodedColumns, Facts
from heatlas.library.index.tile_planes import TilePlanes
from heatlas.library.rows.activity_means import ActivityFacts, read_means, with_effort
from heatlas.library.rows.merged import read_merged
from heatlas.raster.measure import LABELLED, RELATIONS
from heatlas.raster.passages import Passages, add_passages
from heatlas.raster.tile_pixels import SIDE
from heatlas.tracks.athlete import refuse_without_athlete
from heatlas.tracks.filters import test_of
from heatlas.tracks.metrics import METRICS, POSITION
from heatlas.tracks.metrics.evaluation import Columns
from heatlas.tracks.metrics.model import levels

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from heatlas.library.index.tile_chunks import TileChunk
    from heatlas.raster.measure import Measure
    from heatlas.raster.tile_pixels import TilePixels

Sides = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Whether each activity counts on either side of a difference, by number; those beyond the end do not."""
__all__ = ["PassageTiles", "Sides", "needs_facts", "read_facts", "read_sides"]


def needs_facts(measure: Measure) -> bool:
    """Whether a measure reads facts of activities."""
    return (
        measure.reduction in LABELLED
        or measure.centred
        or measure.reduction == "residual"
        or any(METRICS[name].of_activity is not None for name in measure.reads if name in METRICS)
    )


def read_facts(connection: sqlite3.Connection, measure: Measure | None = None) -> ActivityFacts:
    """Read the facts of all activities that are shown.

    Raises
    ------
    BadOption
        Where a measure needs to know of the athlete what the library does not.
    """
    activities = read_merged(connection).activities
    if measure is not None and activities:
        refuse_without_athlete(measure.reads, str(measure), activities.values())
    return ActivityFacts(activities, read_means(connection, max(activities, default=0)))


def read_sides(connection: sqlite3.Connection, measure: Measure) -> Sides | None:
    """Find the activities that count on either side of a difference; None for any other measure."""
    if not measure.sides:
        return None
    activities = with_effort(connection, read_merged(connection).activities, measure.sides)
    first, second = (np.zeros(max(activities, default=0) + 1, np.bool_) for _ in range(2))
    for side, text in zip((first, second), measure.sides, strict=True):
        passes = test_of(text, activities.values())
        for number, activity in activities.items():
            side[number] = passes(activity)
    return first, second


class PassageTiles:
    """Planes of one tile at a time."""

    __slots__ = (
        "_chunks",
        "_facts",
        "_known",
        "_labels",
        "_level",
        "_measure",
        "_model",
        "_planes",
        "_reads",
        "_sides",
        "_slots",
    )

    def __init__(
        self,
        measure: Measure,
        facts: ActivityFacts | None,
        keep: NDArray[np.bool_] | None,
        sides: Sides | None = None,
    ) -> None:
        self._measure, self._facts = measure, facts
        # One more, which is False, stands for all numbers beyond the end.
        self._sides = None if sides is None else (np.append(sides[0], False), np.append(sides[1], False))
        self._planes = TilePlanes(measure.layout, "f8")
        self._reads = measure.reads
        voiced = measure.reduction in {"voices", *RELATIONS}
        self._slots = np.full(SIDE * SIDE if voiced else 0, -1, np.int32)
        self._labels: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
        self._chunks: list[Passages] = []
        self._known = _known_of(measure, facts)
        self._model = None
        self._level = UNUSED
        if measure.reduction == "residual" and facts is not None:
            self._model = facts.model(keep)
            if self._model is not None:
                self._level = levels(facts.moments, self._model)

    def begin(self, zoom: int, x: int, y: int) -> None:
        """Begin a tile."""
        self._labels.clear()
        self._chunks.clear()
        if self._measure.reads & {*POSITION}:
            scale, middles = SIDE * 2.0**zoom, np.arange(SIDE) + 0.5
            self._known = self._known._replace(
                places=np.stack(to_lonlat((x * SIDE + middles) / scale, (y * SIDE + middles) / scale))
            )

    def add(self, chunk: TileChunk, keep: NDArray[np.bool_]) -> None:
        """Add the activities of a chunk that are kept; `keep` (numbers,) is empty for all."""
        (ids, lengths), where = chunk.pixels.header, chunk.pixels.places
        kept = np.ones(len(ids), np.bool_) if not len(keep) else keep[np.minimum(ids, len(keep) - 1)]
        if not kept.any():
            return
        self._planes.mark(where)
        cells = where if kept.all() else where[np.repeat(kept, lengths)]
        numbers, counts = ids[kept], lengths[kept]
        if self._measure.reduction in LABELLED:
            self._note_labels(cells.astype(np.int64), numbers, counts)
            return
        known = CodedColumns(Runs(where, ids, lengths, kept), chunk.columns, self._known)
        self._chunks.append(self._passages(cells, numbers, counts, known))

    def _passages(
        self, cells: NDArray[np.uint16], numbers: NDArray[np.int64], counts: NDArray[np.int64], known: Columns
    ) -> Passages:
        facts, means = self._facts, {}
        if facts is not None and self._measure.centred:
            for name in self._reads & METRICS.keys():
                means[name] = (facts.of if name in self._known.names else facts.mean)(name)[numbers]
        bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        level = self._level[numbers] if len(self._level) else UNUSED
        sides = None
        if self._sides is not None:
            first, second = (side[np.minimum(numbers, len(side) - 1)] for side in self._sides)
            sides = first, second
        return Passages(cells, bounds, known, Columns(means, len(numbers)), self._model, level, sides)

    def _note_labels(self, cells: NDArray[np.int64], numbers: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        """Remember pixels, and the day, or the person, and the number of passages of each activity."""
        assert self._facts is not None
        if self._measure.reduction == "people":
            people = self._facts.people[numbers]
            known = people >= 0  # what is nobody's does not count
            self._labels.append((cells[np.repeat(known, counts)], people[known], counts[known]))
            return
        days = self._facts.days[numbers]
        # Who has no date has a day of their own.
        labels = np.where(np.isnan(days), -2.0 - numbers, np.nan_to_num(days) + 2.0**31).astype(np.int64)
        self._labels.append((cells, labels, counts))

    def take(self) -> TilePixels | None:
        """Finish the tile."""
        if self._labels:
            cells, labels, counts = (np.concatenate(parts) for parts in zip(*self._labels, strict=True))
            bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
            stamps = np.full(SIDE * SIDE, -1, np.int64)
            add_days(cells, bounds, np.argsort(labels), labels, stamps, self._planes.tile["n"])
        for passages in self._chunks:
            add_passages(passages, self._measure, self._planes.tile, self._slots)
        return self._planes.take()

    @property
    def passages(self) -> Sequence[Passages]:
        """Passages of the tile that were added, chunk by chunk."""
        return self._chunks


def _known_of(measure: Measure, facts: ActivityFacts | None) -> Facts:
    """Facts of activities that a measure reads; where pixels lie is not known yet."""
    names = tuple(name for name in sorted(measure.reads & METRICS.keys()) if METRICS[name].of_activity is not None)
    of_activities = np.stack([facts.of(name) for name in names]) if names and facts is not None else np.empty((0, 0))
    return Facts(names, of_activities, np.full((2, SIDE), np.nan))
