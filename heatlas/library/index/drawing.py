"""Draw windows from the passage index: decode, filter and reduce its passages."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.kernels.index import decode_header, decode_pixels
from heatlas.kernels.operations import UNUSED
from heatlas.kernels.tiles import add_activities_of, add_amounts, add_passes, add_values
from heatlas.library.file.columns import AMOUNTS, COLUMNS, PIXELS, VALUES
from heatlas.library.file.keys import CHUNKS, chunk_of, key, tile_of
from heatlas.library.file.packing import unpack
from heatlas.library.file.settings import read_settings
from heatlas.library.index.passage_tiles import PassageTiles, needs_facts, read_facts, read_sides
from heatlas.library.index.sound_tiles import pixel_rows, read_column
from heatlas.library.index.tile_planes import SIDE, TilePlanes
from heatlas.raster.grid import Grid
from heatlas.raster.measure import LABELLED, SPENT

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.library.file.store import Library
    from heatlas.library.index.coded_columns import ColumnBytes
    from heatlas.library.index.passage_tiles import Sides
    from heatlas.library.rows.activity_means import ActivityFacts
    from heatlas.raster.measure import Measure
    from heatlas.raster.passages import Passages

__all__ = ["columns_of", "draw", "read_passages", "tiles_in"]

_EVERY = np.zeros(0, np.bool_)


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
    chosen = _EVERY if keep is None else np.append(np.asarray(keep, np.bool_), False)  # not empty, which means all
    columns = columns_of(measure)
    with library.read() as connection:
        if facts is None and needs_facts(measure):
            facts = read_facts(connection, measure)
        if sides is None:
            sides = read_sides(connection, measure)
        planes: _Accumulators | PassageTiles = (
            _Accumulators(window, measure)
            if measure.simple or not (measure.metric or measure.reduction in LABELLED)
            else PassageTiles(window, measure, facts, None if keep is None else chosen, sides)
        )
        for x, y, chunks in tiles_in(connection, window, columns):
            planes.clear(x * SIDE - window.x, y * SIDE - window.y)
            for pixels, data in chunks:
                planes.add(pixels, data, chosen)
            planes.put()
    return planes.grid(window)


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
    chosen = _EVERY if keep is None else np.append(np.asarray(keep, np.bool_), False)
    with library.read() as connection:
        facts = read_facts(connection) if needs_facts(measure) else None
        tiles = PassageTiles(window, measure, facts, None if keep is None else chosen)
        for x, y, chunks in tiles_in(connection, window, columns_of(measure)):
            for pixels, data in chunks:
                tiles.clear(x * SIDE - window.x, y * SIDE - window.y)
                tiles.add(pixels, data, chosen)
                ids, lengths, _ = decode_header(pixels)
                kept = slice(None) if keep is None else chosen[np.minimum(ids, len(chosen) - 1)]
                for passages in tiles.passages:
                    yield x, y, np.repeat(ids[kept], lengths[kept]), passages


def _zoom(connection: sqlite3.Connection, window: Window, columns: Sequence[str]) -> int:
    settings, zoom = read_settings(connection), window.zoom
    first, last = settings.zooms
    if not (zoom.is_integer() and first <= zoom <= last):
        raise BadOption(f"the library holds zooms {first} to {last}, not {zoom:g}")
    settings.demand(int(zoom), columns)
    return int(zoom)


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


def tiles_in(
    connection: sqlite3.Connection, window: Window, columns: Sequence[str] = ()
) -> Iterator[tuple[int, int, Sequence[tuple[NDArray[np.uint8], ColumnBytes]]]]:
    """Tiles of a window that hold passages: x (not wrapped), y, and the pixels and the columns of each chunk."""
    zoom = _zoom(connection, window, columns)
    across, numbers = 1 << zoom, [COLUMNS[name] for name in columns]
    top, bottom = max(window.y // SIDE, 0), min((window.y + window.height - 1) // SIDE, across - 1)
    if top > bottom:
        return
    for x in range(window.x // SIDE, (window.x + window.width - 1) // SIDE + 1):
        found: dict[int, list[tuple[NDArray[np.uint8], ColumnBytes]]] = {}
        keys = key(PIXELS, zoom, x % across, top), key(PIXELS, zoom, x % across, bottom, CHUNKS - 1)
        for k, data in pixel_rows(connection, keys):
            values = {column: read_column(connection, column, tile_of(k), chunk_of(k)) for column in numbers}
            found.setdefault(tile_of(k)[2], []).append((unpack(data), values))
        for y, chunks in found.items():
            yield x, y, chunks


class _Accumulators:
    """Sums over one tile at a time, and over the window."""

    __slots__ = ("measure", "ordinal", "planes", "stamps", "tile")

    def __init__(self, window: Window, measure: Measure) -> None:
        self.measure = measure
        # Fixes are added as floats like all amounts, which is exact below 2**53.
        kind = {"passes": "u4", "activities": "u4", "fixes": "f8"}.get(measure.reduction)
        self.planes = TilePlanes(measure.layout, window, kind)
        self.tile = self.planes.tile
        self.stamps = np.zeros(SIDE * SIDE if measure.reduction == "activities" else 0, np.int64)
        self.ordinal = 1

    def clear(self, left: int, top: int) -> None:
        """Begin another tile, whose corner lies at a column and a row of the window."""
        self.planes.begin(left, top)

    def add(self, pixels: NDArray[np.uint8], columns: ColumnBytes, keep: NDArray[np.bool_]) -> None:
        """Add a chunk: its pixels, and the column that the measure needs, if the chunk has it."""
        measure = self.measure
        data = next(iter(columns.values()), None)
        if data is None and columns:
            return
        if measure.reduction == "passes":
            add_passes(pixels, keep, self.tile["n"])
            return
        ids, lengths, at = decode_header(pixels)
        where = decode_pixels(pixels, at, lengths)
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

    def put(self) -> None:
        """Copy the part of the tile inside the window."""
        self.planes.put()

    def grid(self, window: Window) -> Grid:
        grid = Grid(window, self.measure, self.planes.ended())
        if self.measure.reduction in SPENT:
            return grid.map(lambda plane: plane * AMOUNTS[self.measure.reduction][1])
        if self.measure.reduction == "fixes":
            return grid.map(lambda plane: plane.astype(np.uint32))
        return grid
