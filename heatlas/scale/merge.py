"""Add up partials: many of them into one (`compact`), or a range of tiles of all of them (`merge`).

The threshold of persons is applied in `merge`, and nowhere else: what it leaves out is in no merged object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.filesystems import locate
from heatlas.core.frozen import frozen
from heatlas.kernels.partials import add_tiles
from heatlas.pmtiles.hilbert import first_number
from heatlas.scale.planes import planes_of
from heatlas.scale.ranges import LAST, cut, cut_by_bytes
from heatlas.scale.rows import RowWriter, TileRows, concatenated, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.scale.recipe import Recipe

__all__ = ["CompactTask", "MergeTask", "added", "compact", "merge"]

_BYTES, _AT_ONCE = 256 << 20, 32 << 20
"""Bytes of rows, about, that are read, and that are added up, at once."""


@frozen
class CompactTask:
    """Add up whole partials of neighbours."""

    inputs: tuple[str, ...]
    recipe: Recipe
    output: str


@frozen
class MergeTask:
    """Add up a range of tiles of all partials, and apply the threshold."""

    inputs: tuple[str, ...]
    first: int
    """Number of the first tile."""
    end: int
    """Number after that of the last tile."""
    recipe: Recipe
    output: str


def compact(task: CompactTask) -> dict[str, Any]:
    """Add up partials, some tiles at a time; nothing is left out."""
    return _sum(task.inputs, (0, LAST), task.recipe, task.output)


def merge(task: MergeTask) -> dict[str, Any]:
    """Add up a range of tiles; pixels of too few persons are left out, and counts are rounded if that is wanted."""
    recipe = task.recipe
    return _sum(task.inputs, (task.first, task.end), recipe, task.output, recipe.least, recipe.grain)


def _sum(
    inputs: Sequence[str], within: tuple[int, int], recipe: Recipe, output: str, least: int = 0, grain: int = 0
) -> dict[str, Any]:
    """Add up a range of tiles of several objects; so many are read at once as fit into some memory."""
    writer = RowWriter(locate(output), {})
    for first, end in cut_by_bytes(inputs, within, _BYTES):
        parts = [written(locate(uri), first, end) for uri in inputs]
        for zoom in recipe.indexed:
            for rows in added(parts, recipe, zoom, least, grain):
                writer.add(rows)
    writer.close()
    return {"rows": writer.rows}


def added(parts: Sequence[TileRows], recipe: Recipe, zoom: int, least: int = 0, grain: int = 0) -> Iterator[TileRows]:
    """Add up rows of the tiles of a zoom, some tiles after the other.

    Parameters
    ----------
    parts : sequence of TileRows
        Rows with the planes of `heatlas.scale.planes.planes_of`, of disjoint persons.
    recipe : Recipe
        Says which planes there are.
    zoom : int
        Rows of other zooms are left out.
    least, grain : int
        As for `heatlas.kernels.partials.add_tiles`.
    """
    some = [part.between(first_number(zoom), first_number(zoom + 1)) for part in parts]
    sizes = np.concatenate([np.zeros(0, np.int64), *(np.diff(part.offsets) for part in some)])
    numbers = np.concatenate([np.zeros(0, np.int64), *(part.numbers for part in some)])
    rules = planes_of(recipe.look.measure, zoom, bool(recipe.least)).rules
    for first, end in cut(numbers, sizes, max(int(sizes.sum()) // _AT_ONCE, 1)):
        rows = concatenated([part.between(first, end) for part in some])
        yield _added(rows, rules, least, grain)


def _added(rows: TileRows, rules: NDArray[np.int64], least: int, grain: int) -> TileRows:
    order = np.argsort(rows.numbers, kind="stable")
    numbers = rows.numbers[order]
    tiles = np.append(np.flatnonzero(np.diff(numbers, prepend=-1)), len(numbers))
    _, pixels, offsets, data = add_tiles(order, tiles, rows.offsets, rows.data, rules, least, grain)
    passages, persons = (np.add.reduceat(some[order], tiles[:-1]) for some in (rows.passages, rows.persons))
    # A tile of which nothing stays has no bytes; where enough persons were, the tone of a zoom knows of it.
    held = (pixels > 0) | (persons >= least if least else False)
    return TileRows(
        numbers[tiles[:-1]][held], passages[held], persons[held], pixels[held], np.append(0, offsets[1:][held]), data
    )
