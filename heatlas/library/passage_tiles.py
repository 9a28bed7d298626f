"""Tiles of measures that read several columns of passages, or facts of activities, from the index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heatlas.core.mercator import to_lonlat
from heatlas.kernels.index import decode_amounts, decode_header, decode_known, decode_pixels
from heatlas.kernels.values import add_days
from heatlas.library.activity_means import ActivityFacts, read_means, with_effort
from heatlas.library.columns import AMOUNTS, COLUMNS, VALUES
from heatlas.library.merged import read_merged
from heatlas.raster.accumulators import UNUSED, begun, ended
from heatlas.raster.grid import Grid
from heatlas.raster.measure import RELATIONS
from heatlas.raster.passages import Columns, Passages, add_passages
from heatlas.tracks.athlete import refuse_without_athlete
from heatlas.tracks.filters import test_of
from heatlas.tracks.metrics import METRICS, POSITION
from heatlas.tracks.metrics.model import levels

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from heatlas.core.window import Window
    from heatlas.raster.measure import Measure

Sides = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""Whether each activity counts on either side of a difference, by number; those beyond the end do not."""
ColumnBytes = Mapping[int, NDArray[np.uint8] | None]
"""Number of a column -> its bytes in a chunk; None where the chunk has none."""

__all__ = ["SIDE", "ColumnBytes", "PassageTiles", "Sides", "needs_facts", "put_tile", "read_facts", "read_sides"]

SIDE = 256
_PIXELS = SIDE * SIDE


def needs_facts(measure: Measure) -> bool:
    """Whether a measure reads facts of activities."""
    return (
        measure.reduction == "days"
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


def put_tile(
    tile: Mapping[str, NDArray[np.float64]], window: Mapping[str, NDArray[np.float64]], left: int, top: int
) -> None:
    """Copy planes of a tile (pixels,) into those of a window (height, width), as far as they lie inside.

    The tile's corner lies at column `left` and row `top` of the window.
    """
    for name, plane in window.items():
        height, width = plane.shape
        rows, columns = slice(max(top, 0), min(top + SIDE, height)), slice(max(left, 0), min(left + SIDE, width))
        plane[rows, columns] = tile[name].reshape(SIDE, SIDE)[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]


class PassageTiles:
    """Planes of one tile at a time, and of the window."""

    __slots__ = (
        "_chunks",
        "_days",
        "_facts",
        "_level",
        "_measure",
        "_model",
        "_reads",
        "_sides",
        "_slots",
        "_tile",
        "_window",
        "_within",
    )

    def __init__(
        self,
        within: Window,
        measure: Measure,
        facts: ActivityFacts | None,
        keep: NDArray[np.bool_] | None,
        sides: Sides | None = None,
    ) -> None:
        self._measure, self._facts, self._within = measure, facts, within
        # One more, which is False, stands for all numbers beyond the end.
        self._sides = None if sides is None else (np.append(sides[0], False), np.append(sides[1], False))
        self._tile = begun(measure.layout, _PIXELS, "f8")
        self._window = begun(measure.layout, (within.height, within.width), "f8")
        self._reads = measure.reads
        stamped = measure.reduction in {"days", "voices", *RELATIONS}
        self._slots = np.full(_PIXELS if stamped else 0, -1, np.int64)
        self._days: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
        self._chunks: list[Passages] = []
        self._model = None
        self._level = UNUSED
        if measure.reduction == "residual" and facts is not None:
            self._model = facts.model(keep)
            if self._model is not None:
                self._level = levels(facts.moments, self._model)

    def clear(self) -> None:
        """Begin another tile."""
        for plane in self._measure.layout.planes:
            self._tile[plane.name].fill(np.nan if plane.extreme else 0)
        self._days.clear()
        self._chunks.clear()

    def add(self, pixels: NDArray[np.uint8], columns: ColumnBytes, keep: NDArray[np.bool_]) -> None:
        """Add the activities of a chunk that are kept; `keep` (numbers,) is empty for all."""
        ids, lengths, at = decode_header(pixels)
        where = decode_pixels(pixels, at, lengths)
        kept = np.ones(len(ids), np.bool_) if not len(keep) else keep[np.minimum(ids, len(keep) - 1)]
        if not kept.any():
            return
        wanted = slice(None) if kept.all() else np.repeat(kept, lengths)
        cells, numbers, counts = where[wanted].astype(np.int64), ids[kept], lengths[kept]
        if self._measure.reduction == "days":
            self._note_days(cells, numbers, counts)
            return
        total = int(lengths.sum())
        known = {name: _decoded(name, columns[COLUMNS[name]], lengths, total)[wanted] for name in self._stored(columns)}
        self._chunks.append(self._passages(cells, numbers, counts, known))

    def _stored(self, columns: ColumnBytes) -> list[str]:
        """Columns of the measure that the chunk has."""
        return [name for name in sorted(self._reads) if columns.get(COLUMNS.get(name, -1)) is not None]

    def _passages(
        self,
        cells: NDArray[np.int64],
        numbers: NDArray[np.int64],
        counts: NDArray[np.int64],
        known: dict[str, NDArray[np.float64]],
    ) -> Passages:
        facts, means, reads = self._facts, {}, self._reads
        if facts is not None:
            for name in reads & METRICS.keys():
                if METRICS[name].of_activity is not None:
                    of_each = facts.of(name)[numbers]
                    known[name] = np.repeat(of_each, counts)
                    if self._measure.centred:
                        means[name] = of_each
                elif self._measure.centred:
                    means[name] = facts.mean(name)[numbers]
        bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        level = self._level[numbers] if len(self._level) else UNUSED
        sides = None
        if self._sides is not None:
            first, second = (side[np.minimum(numbers, len(side) - 1)] for side in self._sides)
            sides = first, second
        known_means = Columns(means, len(numbers))
        return Passages(cells, bounds, Columns(known, len(cells)), known_means, self._model, level, sides)

    def _note_days(self, cells: NDArray[np.int64], numbers: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        """Remember pixels, and the day and the number of passages of each activity."""
        assert self._facts is not None
        days = self._facts.days[numbers]
        # Who has no date has a day of their own.
        labels = np.where(np.isnan(days), -2.0 - numbers, np.nan_to_num(days) + 2.0**31).astype(np.int64)
        self._days.append((cells, labels, counts))

    def put(self, left: int, top: int) -> None:
        """Finish the tile, whose corner lies at a column and a row of the window, and copy it there."""
        if self._days:
            cells, labels, counts = (np.concatenate(parts) for parts in zip(*self._days, strict=True))
            bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
            add_days(cells, bounds, np.argsort(labels), labels, self._slots, self._tile["n"])
            self._slots.fill(-1)
        for passages in self.passages(left, top):
            add_passages(passages, self._measure, self._tile, self._slots)
        put_tile(self._tile, self._window, left, top)

    def passages(self, left: int, top: int) -> Iterator[Passages]:
        """Passages of the tile that were added, whose corner lies at a column and a row of the window."""
        for passages in self._chunks:
            yield self._placed(passages, left, top) if self._reads & {*POSITION} else passages

    def _placed(self, passages: Passages, left: int, top: int) -> Passages:
        """Add the columns of where pixels lie."""
        within, cells = self._within, passages.cells
        middles = np.arange(SIDE) + 0.5
        x, y = (within.x + left + middles) / within.scale, (within.y + top + middles) / within.scale
        lon, lat = to_lonlat(x, y)
        columns = passages.columns.with_more(
            {"longitude": np.asarray(lon)[cells % SIDE], "latitude": np.asarray(lat)[cells // SIDE]}
        )
        return replace(passages, columns=columns)

    def grid(self, window: Window) -> Grid:
        """Put the window together."""
        grid = Grid(window, self._measure, ended(self._measure.layout, self._window))
        return grid.map(lambda plane: plane.astype(np.uint32)) if self._measure.reduction == "days" else grid


def _decoded(name: str, data: NDArray[np.uint8] | None, lengths: NDArray[np.int64], total: int) -> NDArray[np.float64]:
    """Values of a column of a chunk, (total,)."""
    assert data is not None
    if name in AMOUNTS:
        return np.asarray(decode_amounts(data, total) * AMOUNTS[name][1], np.float64)
    _, step, table, least = VALUES[name]
    return np.asarray(decode_known(data, lengths, step, table, least), np.float64)
