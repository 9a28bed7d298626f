"""Tones of published tiles, stored from run to run so that one more activity does not redraw the whole map."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.style.local_tone import STEPS, WHOLE, Surroundings
from heatlas.style.tone import Tone
from heatlas.tiles.busy_tiles import busy_tiles, census_for, kept_passages
from heatlas.tiles.fields import as_drawn
from heatlas.tiles.scales import sample_of, tone_of
from heatlas.tiles.surroundings import cell_tiles, fit_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.raster.grid import Grid
    from heatlas.tiles.fields import Field
    from heatlas.tiles.tile_counts import CellTiles

__all__ = ["TOLERANCE", "Fitted", "fitted", "read_fitted"]

TOLERANCE = 0.02
"""Share of the colours by which a new fit must differ before all tiles of a zoom are drawn again."""
_GROWTH = 0.01
"""Share by which passages must have changed before a tone is fitted again and compared."""
_TILES = 16
_STEPS = 256


@frozen
class Fitted:
    """Tone of a zoom, and the passages that it was fitted to."""

    tone: Tone | None
    """None: there is nothing to see."""
    total: int
    """Passages (or points) of all tiles of the zoom when it was fitted."""
    tiles: dict[tuple[int, int], int]
    """Columns and rows of the busiest tiles -> passages in each."""
    in_cells: tuple[int, ...] = ()
    """Of a local tone passages of each cell when it was fitted."""

    def data(self) -> dict[str, Any]:
        """Plain data, which `read_fitted` reads."""
        tone, cells = None, {}
        if self.tone is not None:
            knots, local = self.tone.knots, self.tone.local
            tone = {**asdict(replace(self.tone, local=None)), "knots": None if knots is None else knots.tolist()}
            del tone["local"]
            if local is not None:
                ranks = local.ranks.astype("<u2").tobytes().hex()
                of_cells = {"zoom": local.zoom, "cells": local.cells.tolist(), "ranks": ranks}
                cells = {"local": {**of_cells, "passages": list(self.in_cells)}}
        return {"tone": tone, "total": self.total, "tiles": [[x, y, n] for (x, y), n in self.tiles.items()], **cells}


def read_fitted(data: dict[str, Any]) -> Fitted:
    """Read the plain data that `Fitted.data` returned."""
    tone, in_cells = data["tone"], ()
    if tone is not None:
        knots = tone["knots"]
        fitted = tone.get("fitted")  # older ledgers have none
        local = data.get("local")
        tone = Tone(
            **{
                **tone,
                "knots": None if knots is None else np.array(knots, np.float64),
                "fitted": None if fitted is None else tuple(fitted),
                "beyond": tuple(tone.get("beyond", (False, False))),
                "local": None if local is None else _read_cells(local),
            }
        )
        in_cells = () if local is None else tuple(local["passages"])
    return Fitted(tone, data["total"], {(x, y): n for x, y, n in data["tiles"]}, in_cells)


def _read_cells(data: dict[str, Any]) -> Surroundings:
    ranks = np.frombuffer(bytes.fromhex(data["ranks"]), "<u2").astype(np.uint16).reshape(-1, STEPS + 1)
    return Surroundings(data["zoom"], np.array(data["cells"], np.int64), ranks)


def fitted(field: Field, zoom: int, before: Fitted | None, refit: bool) -> Fitted:
    """Use the stored tone of a zoom as long as it suits; else fit a new one.

    The tone is fitted again when the passages of all tiles, or of the busiest ones, have changed by more than 1 %. The
    new tone is used if it moves any value by more than TOLERANCE of the colours. The same holds of each cell of a local
    tone by itself.

    Parameters
    ----------
    field : Field
        Source of the tiles.
    zoom : int
        Zoom of the tiles.
    before : Fitted or None
        Stored tone; None: there is none.
    refit : bool
        Use a new fit, whatever the difference.
    """
    now = _fitted_everywhere(field, zoom, before, refit)
    if now.tone is None or now.tone.local is None:
        return now
    kept = before is not None and now.tone is before.tone and not refit
    return _with_cells(field, zoom, now, now.tone, before if kept else None)


def _with_cells(field: Field, zoom: int, now: Fitted, tone: Tone, before: Fitted | None) -> Fitted:
    """Fit the cells of a local tone that have changed; `before`: what was stored with the same global tone."""
    assert tone.local is not None
    drawn_field, drawn = as_drawn(field, zoom)
    stored = {}
    if before is not None:
        stored = dict(zip(tone.local.cells.tolist(), zip(tone.local.ranks, before.in_cells, strict=True), strict=True))
    cells, ranks, counted, same = [], [], [], True
    for tiles, cell, many in _cells(drawn_field, drawn, tone.local.zoom):
        cells.append(cell)
        old, then = stored.get(cell, (None, 0))
        if old is not None and abs(many - then) <= _GROWTH * then:
            ranks.append(old)
            counted.append(then)
            continue
        one = fit_cell(drawn_field, tone, tiles, cell).ranks[0]
        moved = old is None or np.abs(one.astype(int) - old).max() > TOLERANCE * WHOLE
        ranks.append(one if moved else old)
        counted.append(many)
        same = False
    if before is not None and same and len(stored) == len(cells):
        return now
    order = np.argsort(np.array(cells, np.int64))
    table = np.array(ranks, np.uint16).reshape(-1, STEPS + 1)[order]
    local = Surroundings(tone.local.zoom, np.array(cells, np.int64)[order], table)
    return replace(now, tone=replace(tone, local=local), in_cells=tuple(counted[k] for k in order.tolist()))


def _cells(field: Field, zoom: int, coarse: int) -> Iterator[tuple[CellTiles, int, int]]:
    """Cells with the passages of each, and their tiles; of tiles that are counted elsewhere some at a time."""
    for part in (field.counted,) if field.counted is None else field.counted.parts(zoom, coarse):
        tiles = cell_tiles(replace(field, counted=part), zoom, coarse)
        passages = np.add.reduceat(tiles.passages, tiles.begins[:-1]).tolist() if len(tiles.cells) else []
        for cell, many in zip(tiles.cells.tolist(), passages, strict=True):
            yield tiles, cell, many


def _fitted_everywhere(field: Field, zoom: int, before: Fitted | None, refit: bool) -> Fitted:
    """Tone of a zoom, without cells where it is new."""
    drawn_field, drawn = as_drawn(field, zoom)
    if drawn_field.counted is not None:  # nothing is kept from run to run
        sample = drawn_field.counted.sample(drawn, _TILES)
        return Fitted(tone_of(field, zoom), drawn_field.counted.total(drawn), {(x, y): many for x, y, many in sample})
    tile_counts = census_for(drawn_field, drawn)
    passages = np.bincount(tile_counts.tile, kept_passages(field, tile_counts), len(tile_counts.x)).astype(np.int64)
    place = {(x, y): k for k, (x, y) in enumerate(zip(tile_counts.x.tolist(), tile_counts.y.tolist(), strict=True))}
    total = int(passages.sum())
    if before is not None and not refit:
        now = {at: int(passages[place[at]]) if at in place else 0 for at in before.tiles}
        if before.tone is not None and not _grown(before, total, now):
            return before
    tone = tone_of(field, zoom)
    if before is not None and before.tone is not None and tone is not None and not refit:
        tone = before.tone if _alike(field, zoom, before.tone, tone) else tone
    busy = {at: int(passages[place[at]]) for at in busy_tiles(drawn_field, drawn, _TILES)}
    return Fitted(tone, total, busy, () if before is None else before.in_cells)


def _grown(before: Fitted, total: int, now: dict[tuple[int, int], int]) -> bool:
    moved = sum(abs(now[at] - then) for at, then in before.tiles.items())
    return abs(total - before.total) > _GROWTH * before.total or moved > _GROWTH * sum(before.tiles.values())


def _alike(field: Field, zoom: int, before: Tone, now: Tone) -> bool:
    """Whether a new fit would hardly change the map."""
    if _apart(before, now) > TOLERANCE:
        return False
    if before.fitted == now.fitted:
        return True
    sample = None if before.fitted is None or now.fitted is None else sample_of(field, zoom)
    return sample is not None and _moved(sample, before, now) <= TOLERANCE


def _moved(sample: Grid, before: Tone, now: Tone) -> float:
    """Share of pixels whose colour or opacity moves by more than TOLERANCE with what was found of all pixels."""
    old, new = (replace(sample, fitted=tone.fitted) for tone in (before, now))
    shown = np.isfinite(new.values) | np.isfinite(old.values)
    changes = [np.abs(before(old.values) - now(new.values))]
    if old.opacity is not None and new.opacity is not None:
        changes.append(np.abs(old.opacity - new.opacity))
    moved = np.any([~(change <= TOLERANCE) for change in changes], axis=0)
    return float(moved[shown].mean()) if shown.any() else 0.0


def _apart(a: Tone, b: Tone) -> float:
    """Maximum difference of two tones as a share of the colours, over the ranges of both."""
    low, high = min(a.low, b.low), max(a.high, b.high)
    even = np.linspace(low, high, _STEPS)
    if low > 0:
        even = np.concatenate((even, np.geomspace(low, high, _STEPS)))
    values = even.astype(np.float32)
    return float(np.abs(a(values) - b(values)).max())
