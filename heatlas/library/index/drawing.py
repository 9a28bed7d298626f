"""Draw tiles and windows from the passage index: decode, filter and reduce its passages."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.kernels.operations import UNUSED
from heatlas.kernels.tiles import add_activities_of, add_amounts, add_values
from heatlas.library.file.columns import AMOUNTS, COLUMNS, VALUES
from heatlas.library.index.pass_tiles import count_passes
from heatlas.library.index.passage_tiles import PassageTiles, needs_facts, read_facts, read_sides
from heatlas.library.index.tile_chunks import pixels_at, tiles_at
from heatlas.library.index.tile_planes import TilePlanes
from heatlas.raster.grid import Grid
from heatlas.raster.measure import COUNTS, LABELLED, SPENT
from heatlas.raster.tile_pixels import SIDE, TilePixels, assembled, places_in

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.library.file.store import Library
    from heatlas.library.index.passage_tiles import Sides
    from heatlas.library.index.tile_chunks import TileChunk
    from heatlas.library.rows.activity_means import ActivityFacts
    from heatlas.raster.measure import Measure
    from heatlas.raster.passages import Passages

__all__ = ["columns_of", "draw", "draw_tiles", "read_passages"]

_EVERY, _BEYOND = np.zeros(0, np.bool_), np.zeros(1, np.bool_)


def draw(
    library: Library,
    window: Window,
    measure: Measure,
    keep: NDArray[np.bool_] | None = None,
    facts: ActivityFacts | None = None,
    sides: Sides | None = None,
) -> Grid:
    """Reduce passages of the index to a grid, as `heatlas.raster.draw_tracks.draw` does from cut tracks.

    Passes, activities, people, days and fixes are equal; seconds, metres and metrics are equal up to the steps of
    `heatlas.library.file.columns`.

    Parameters
    ----------
    library : Library
        The library.
    window : Window
        Any rectangle of pixels; its scale is 256 * 2**z with z among the zooms of the library.
    measure : Measure
        Measure of tracks.
    keep : ndarray of bool (n,), optional
        Whether each activity counts, by number (from `heatlas.library.rows.merged.select`); those from n on do not.
    facts : ActivityFacts, optional
        Facts of the activities; by default those that the measure reads are read from the library.
    sides : (ndarray of bool, ndarray of bool), optional
        Activities that count on either side of a difference, by number; by default those that its filters pass.

    Returns
    -------
    Grid

    Raises
    ------
    BadOption
        When the scale is not that of a zoom in the index.
    SourceFailed
        When the file is damaged.
    """
    with library.read() as connection:
        tiles = _drawn(connection, window.zoom, places_in(window), measure, keep, facts, sides)
        grid = assembled(window, measure, tiles)
    if grid is None:
        kind = np.uint32 if measure.reduction in COUNTS else np.float64
        shape = window.height, window.width
        grid = Grid(window, measure, {name: np.zeros(shape, kind) for name in measure.layout.names})
    return grid


def draw_tiles(
    library: Library,
    zoom: int,
    places: Sequence[tuple[int, int]],
    measure: Measure,
    keep: NDArray[np.bool_],
    facts: ActivityFacts | None,
    sides: Sides | None,
) -> dict[tuple[int, int], TilePixels]:
    """Reduce the passages of tiles, which are read in one state of the library.

    Parameters
    ----------
    library, measure, keep, facts, sides
        As for `draw`.
    zoom : int
        Zoom of the index.
    places : sequence of (int, int)
        Column and row of each tile; neighbours of one column are best read one after the other.

    Returns
    -------
    dict
        Column and row -> tile, for those that hold anything.
    """
    with library.read() as connection:
        return dict(_drawn(connection, zoom, places, measure, keep, facts, sides))


def _drawn(
    connection: sqlite3.Connection,
    zoom: float,
    places: Sequence[tuple[int, int]],
    measure: Measure,
    keep: NDArray[np.bool_] | None,
    facts: ActivityFacts | None,
    sides: Sides | None,
) -> Iterator[tuple[tuple[int, int], TilePixels]]:
    """Tiles that hold anything, with their columns and rows."""
    chosen = _filter_of(keep)
    columns = columns_of(measure)
    if measure.reduction == "passes":
        yield from count_passes(pixels_at(connection, zoom, places), chosen)
        return
    if facts is None and needs_facts(measure):
        facts = read_facts(connection, measure)
    if sides is None:
        sides = read_sides(connection, measure)
    planes: _Accumulators | PassageTiles = (
        _Accumulators(measure)
        if measure.simple or not (measure.metric or measure.reduction in LABELLED)
        else PassageTiles(measure, facts, None if keep is None else chosen, sides)
    )
    for x, y, chunks in tiles_at(connection, zoom, places, columns):
        planes.begin(int(zoom), x, y)
        for chunk in chunks:
            planes.add(chunk, chosen)
        tile = planes.take()
        if tile is not None:
            yield (x, y), _stated(tile, measure)


def _filter_of(keep: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """As the kernels take it: empty for all; else never empty, as one more stands for all numbers beyond the end."""
    return _EVERY if keep is None else np.concatenate((np.asarray(keep, np.bool_), _BEYOND))


def _stated(tile: TilePixels, measure: Measure) -> TilePixels:
    """The planes of a tile in the unit and the type of the measure."""
    if measure.reduction in SPENT:
        step = AMOUNTS[measure.reduction][1]
        return TilePixels(tile.pixels, {name: values * step for name, values in tile.planes.items()})
    if measure.reduction in COUNTS:
        planes = {name: values.astype(np.uint32, copy=False) for name, values in tile.planes.items()}
        return TilePixels(tile.pixels, planes)
    return tile


def read_passages(
    library: Library, window: Window, measure: Measure, keep: NDArray[np.bool_] | None = None
) -> Iterator[tuple[int, int, NDArray[np.int64], Passages]]:
    """Read passages of the index with the columns that a measure reads, tile by tile.

    Parameters
    ----------
    library, window, keep
        As for `draw`.
    measure : Measure
        A measure that reads columns of passages.

    Yields
    ------
    x, y : int
        Tile that the window touches; x is not wrapped.
    owners : ndarray of int64 (k,)
        Number of the activity of each passage.
    passages : Passages
        Of one chunk; pixels are those of the tile, uint16.
    """
    chosen = _filter_of(keep)
    with library.read() as connection:
        facts = read_facts(connection) if needs_facts(measure) else None
        tiles = PassageTiles(measure, facts, None if keep is None else chosen)
        for x, y, chunks in tiles_at(connection, window.zoom, places_in(window), columns_of(measure)):
            for chunk in chunks:
                tiles.begin(int(window.zoom), x, y)
                tiles.add(chunk, chosen)
                ids, lengths = chunk.pixels.header
                kept = slice(None) if keep is None else chosen[np.minimum(ids, len(chosen) - 1)]
                for passages in tiles.passages:
                    yield x, y, np.repeat(ids[kept], lengths[kept]), passages


@lru_cache
def columns_of(measure: Measure) -> tuple[str, ...]:
    """Columns that a measure needs beside the pixels.

    Raises
    ------
    BadOption
        For a measure of points.
    """
    if measure.reduction in AMOUNTS:
        return (measure.reduction,)
    if measure.points or measure.recorded - VALUES.keys():
        raise BadOption(f"a library of tracks has no measure {measure}")
    return tuple(name for name in sorted(measure.reads) if name in COLUMNS)


class _Accumulators:
    """Sums over one tile at a time."""

    __slots__ = ("measure", "ordinal", "planes", "stamps", "tile")

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        # Fixes are added as floats like all amounts, which is exact below 2**53.
        self.planes = TilePlanes(measure.layout, "u4" if measure.reduction == "activities" else "f8")
        self.tile = self.planes.tile
        self.stamps = np.zeros(SIDE * SIDE if measure.reduction == "activities" else 0, np.int64)
        self.ordinal = 1

    def begin(self, zoom: int, x: int, y: int) -> None:
        """Begin a tile."""

    def add(self, chunk: TileChunk, keep: NDArray[np.bool_]) -> None:
        """Add the activities of a chunk that are kept, if it has the column that the measure needs."""
        measure = self.measure
        data = next(iter(chunk.columns.values()), None)
        if data is None and chunk.columns:
            return
        (ids, lengths), where = chunk.pixels.header, chunk.pixels.places
        self.planes.mark(where)
        if measure.reduction == "activities":
            self.ordinal = add_activities_of(where, ids, lengths, keep, self.ordinal, self.stamps, self.tile["n"])
        elif measure.metric:
            assert data is not None
            _, step, table, least = VALUES[measure.metric]
            n, x, xx = self.tile["n"], self.tile["x"], self.tile.get("xx", UNUSED)
            sums, extremes = (UNUSED, x) if measure.reduction in {"min", "max"} else (x, UNUSED)
            add_values(
                where, ids, lengths, keep, data, step, table, least,
                n, sums, xx, extremes, measure.reduction == "max",
            )  # fmt: skip
        else:
            assert data is not None
            add_amounts(where, ids, lengths, keep, data, self.tile[measure.layout.total])

    def take(self) -> TilePixels | None:
        """Finish the tile."""
        return self.planes.take()
