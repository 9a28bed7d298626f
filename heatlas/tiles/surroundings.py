"""Local tones of tiles: the cells around a tile are fitted when it is drawn, each to a sample of its own tiles.

The tone of a cell depends on the library, the zoom, the measure, the filter, the smoothing and the place of the cell,
never on the part of the map that is shown. It is made of the pixels on paths in at most 8 of its tiles. If there are
more, they are sampled in proportion to passages (`heatlas.tiles.tile_counts.busiest`), and each pixel counts as often
as such a tile is left out (D. G. Horvitz and D. J. Thompson, A Generalization of Sampling Without Replacement from a
Finite Universe, 1952): else a cell would look as busy as its busiest tiles.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.window import Window
from heatlas.style.local_tone import STEPS, Surroundings, count_steps, ranks_of, touched_cells
from heatlas.tiles.busy_tiles import census_for, kept_passages
from heatlas.tiles.fields import SIDE, as_drawn, bare, margins, smoothed
from heatlas.tiles.scales import INNER, fitting_key, tone_of
from heatlas.tiles.tile_counts import CellTiles, sampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.style.tone import Tone
    from heatlas.tiles.fields import Field

__all__ = ["cell_tiles", "fit_cell", "tone_for"]

_TILES = 8
"""Tiles that a cell is fitted to, at most."""


def tone_for(field: Field, zoom: int, window: Window) -> Tone | None:
    """Tone of a zoom with all that a window needs of it; None if there is nothing to see.

    Parameters
    ----------
    field : Field
        Source of the tiles.
    zoom : int
        Zoom of 256 px tiles.
    window : Window
        What is drawn, of any scale.
    """
    tone = tone_of(field, zoom)
    if tone is None or tone.local is None:
        return tone
    cells, key = touched_cells(tone.local.zoom, window), fitting_key(field, zoom)
    found = field.view.surroundings.get((*key, cells.tobytes()), lambda: _around(field, zoom, tone, cells))
    assert isinstance(found, Surroundings)
    return replace(tone, local=found)


def _around(field: Field, zoom: int, tone: Tone, cells: NDArray[np.int64]) -> Surroundings:
    """Local tones of some cells, each fitted once; those without passages are left out: the global tone holds there."""
    key, known = fitting_key(field, zoom), field.view.surroundings
    field, drawn = as_drawn(field, zoom)
    assert tone.local is not None
    coarse = tone.local.zoom
    tiles = known.get((*key, "tiles"), lambda: cell_tiles(field, drawn, coarse))
    assert isinstance(tiles, CellTiles)
    found = np.intersect1d(cells, tiles.cells, assume_unique=True)
    ranks = np.zeros((len(found), STEPS + 1), np.uint16)
    for k, cell in enumerate(found.tolist()):
        one = known.get((*key, cell), lambda cell=cell: fit_cell(field, tone, tiles, cell))  # type: ignore[misc]
        assert isinstance(one, Surroundings)
        ranks[k] = one.ranks
    return Surroundings(coarse, found, ranks)


def cell_tiles(field: Field, zoom: int, coarse: int) -> CellTiles:
    """Sort the tiles of an indexed zoom by cell.

    Parameters
    ----------
    field : Field
        Field that `heatlas.tiles.fields.as_drawn` returns.
    zoom : int
        Zoom that it returns.
    coarse : int
        Zoom whose tiles are the cells.
    """
    counts = census_for(field, zoom)
    passages = np.bincount(counts.tile, kept_passages(field, counts), len(counts.x)).astype(np.int64)
    held, shift = np.flatnonzero(passages), zoom - coarse
    cell = (counts.y[held] >> shift).astype(np.int64) << 32 | counts.x[held] >> shift
    order = np.lexsort((counts.y[held], counts.x[held], -passages[held], cell))
    held, cell = held[order], cell[order]
    begins = np.flatnonzero(np.diff(cell, prepend=-1))
    return CellTiles(
        zoom, cell[begins], np.append(begins, len(cell)), counts.x[held], counts.y[held], passages[held]
    )  # fmt: skip


def fit_cell(field: Field, tone: Tone, tiles: CellTiles, cell: int) -> Surroundings:
    """Fit the local tone of one cell to a sample of its tiles.

    Parameters
    ----------
    field : Field
        Field that `heatlas.tiles.fields.as_drawn` returns, with a local tone.
    tone : Tone
        Global tone that it follows from.
    tiles : CellTiles
        Result of `cell_tiles`.
    cell : int
        Row << 32 | column of one of its cells.
    """
    look = field.look
    assert tone.local is not None
    assert look.tone is not None
    assert look.tone.local is not None
    place = tiles.of(cell)
    chosen, weights = sampled(tiles.passages[place], _TILES)
    counts = np.zeros(STEPS)
    for k, weight in zip((chosen + place.start).tolist(), weights.tolist(), strict=True):
        window = Window(SIDE * 2.0**tiles.zoom, int(tiles.x[k]) * SIDE, int(tiles.y[k]) * SIDE, SIDE, SIDE)
        counts += weight * _counted(field, tone, window)
    return Surroundings(tone.local.zoom, np.array([cell]), ranks_of(counts[None], look.tone.local.share))


def _counted(field: Field, tone: Tone, window: Window) -> NDArray[np.float64]:
    """(STEPS,) pixels on paths of a tile by step of the global tone."""
    margin = max(margins(field, window))
    if SIDE - 2 * margin >= INNER:  # without its edges a tile is decoded alone
        window = window.grown(-margin)
    counted = bare(field, window)
    shown = None if counted is None else smoothed(field, window)
    if counted is None or shown is None:
        return np.zeros(STEPS)
    values = replace(shown, fitted=tone.fitted).values[counted.filled]
    values = values[np.isfinite(values)]
    counts: NDArray[np.float64] = count_steps(tone(values), tone.fade, np.zeros(len(values), np.int64))[1].sum(axis=0)
    return counts
