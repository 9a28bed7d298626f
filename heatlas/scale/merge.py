"""Add up partials: many of them into one (`compact`), or a range of tiles of all of them (`merge`).

The threshold of persons is applied in `merge`, and nowhere else: what it leaves out is in no merged object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.filesystems import locate
from heatlas.kernels.partials import add_tiles
from heatlas.pmtiles.hilbert import first_number
from heatlas.scale.planes import planes_of
from heatlas.scale.rows import TileRows, concatenated, write_rows, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.scale.recipe import Recipe

__all__ = ["CompactTask", "MergeTask", "compact", "merge"]


@dataclass(frozen=True, slots=True)
class CompactTask:
    """Add up whole partials of neighbours."""

    inputs: tuple[str, ...]
    recipe: Recipe
    output: str


@dataclass(frozen=True, slots=True)
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
    """Add up partials; nothing is left out."""
    rows = [written(locate(uri)) for uri in task.inputs]
    return _write(task.output, _added(rows, task.recipe, 0, 0))


def merge(task: MergeTask) -> dict[str, Any]:
    """Add up a range of tiles; pixels of too few persons are left out, and counts are rounded if that is wanted."""
    recipe = task.recipe
    rows = [written(locate(uri), task.first, task.end) for uri in task.inputs]
    return _write(task.output, _added(rows, recipe, recipe.least, recipe.grain))


def _write(output: str, rows: TileRows) -> dict[str, Any]:
    summary = {"rows": len(rows), "passages": int(rows.passages.sum()), "bytes": len(rows.data)}
    write_rows(locate(output), rows, summary)
    return summary


def _added(parts: Sequence[TileRows], recipe: Recipe, least: int, grain: int) -> TileRows:
    """Add up rows of equal tiles, zoom by zoom, as each has planes of its own."""
    added = []
    for zoom in recipe.indexed:
        some = [part.between(first_number(zoom), first_number(zoom + 1)) for part in parts]
        rows = concatenated([part for part in some if len(part)])
        order = np.argsort(rows.numbers, kind="stable")
        numbers = rows.numbers[order]
        tiles = np.append(np.flatnonzero(np.diff(numbers, prepend=-1)), len(numbers))
        rules = planes_of(recipe.look.measure, zoom, bool(recipe.least)).rules
        passages, pixels, offsets, data = add_tiles(order, tiles, rows.offsets, rows.data, rules, least, grain)
        held = pixels > 0
        ends = offsets[1:][held]  # tiles of which nothing stays have no bytes
        added.append(TileRows(numbers[tiles[:-1]][held], passages[held], pixels[held], np.append(0, ends), data))
    return concatenated(added)
