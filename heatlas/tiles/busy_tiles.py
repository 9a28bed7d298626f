"""Tiles of a zoom that hold anything, and a sample of the busiest ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.library.points.point_drawing import points_in_tiles
from heatlas.tiles.fields import index_in
from heatlas.tiles.tile_counts import TileCounts, busiest, tiles_of_enough
from heatlas.tiles.view import census_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.tiles.fields import Field

__all__ = ["busy_tiles", "census_for", "kept_passages", "tiles_of"]


def census_for(field: Field, zoom: int) -> TileCounts:
    """Count what each tile of a zoom holds: passages by activity, or points as passages of one activity."""
    stored = field.snapshot.point_sets.get(field.look.point_set)
    if field.counted is not None:
        return field.counted.tile_counts(zoom)
    if stored is None:
        return census_of(field.view, field.snapshot, zoom)

    def count() -> TileCounts:
        x, y, points = points_in_tiles(index_in(field), zoom)
        tile = np.arange(len(x), dtype=np.int32)
        return TileCounts(
            zoom, x.astype(np.int32), y.astype(np.int32), tile, np.zeros_like(tile), points.astype(np.int32)
        )

    return field.view.tile_counts.get((field.snapshot.version, stored.number, field.look.during, zoom), count)


def busy_tiles(field: Field, zoom: int, most: int) -> list[tuple[int, int]]:
    """Sample the tiles of a zoom (see `heatlas.tiles.tile_counts.busiest`)."""
    if field.counted is not None:
        return [(x, y) for x, y, _ in field.counted.sample(zoom, most)]
    counts = census_for(field, zoom)
    return busiest(replace(counts, passages=kept_passages(field, counts)), None, most)


def kept_passages(field: Field, tile_counts: TileCounts) -> NDArray[np.int32]:
    """Passages that tones follow from, 0 for activities that do not count.

    With a threshold of people they are those of tiles that enough people passed, in hidden pixels too: to leave these
    out, all tiles would have to be drawn. The values that a tone is fitted to are of shown pixels alone.
    """
    if field.look.point_set:
        return tile_counts.passages
    keep = field.chosen.keep
    counts = np.append(keep, False)[np.minimum(tile_counts.number, len(keep))]
    if field.snapshot.threshold.people:
        counts &= np.isin(tile_counts.tile, tiles_of_enough(tile_counts, field.snapshot, keep))
    kept: NDArray[np.int32] = tile_counts.passages * counts
    return kept


def tiles_of(field: Field, zoom: int) -> list[tuple[int, int]]:
    """Tiles of a zoom that hold anything before smoothing: x and y, row by row.

    Smoothing shows in tiles beside these too. For tracks at zooms outside the index, the nearest indexed zoom decides:
    a tile that contains one of its tiles, or lies in one, counts.

    Parameters
    ----------
    field : Field
        Activities or points.
    zoom : int
        Zoom of 256 px tiles.
    """
    first, last = (0, zoom) if field.look.point_set else field.snapshot.settings.zooms
    known = min(max(zoom, first), last)
    counts = census_for(field, known)
    held = counts.passages > 0
    if not field.look.point_set:
        keep = np.append(field.chosen.keep, False)
        held &= keep[np.minimum(counts.number, len(keep) - 1)]
    tiles = np.unique(counts.tile[held])
    x, y = counts.x[tiles].astype(np.int64), counts.y[tiles].astype(np.int64)
    if zoom < known:
        x, y = x >> (known - zoom), y >> (known - zoom)
    elif zoom > known:
        side = 1 << (zoom - known)
        inner = np.arange(side)
        x = (x[:, None] * side + np.tile(inner, side)).ravel()
        y = (y[:, None] * side + np.repeat(inner, side)).ravel()
    code = np.unique(y << 32 | x)
    return list(zip((code & 0xFFFFFFFF).tolist(), (code >> 32).tolist(), strict=True))
