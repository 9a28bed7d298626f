"""Tones of published tiles, stored from run to run so that one more activity does not redraw the whole map."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.style.tone import Tone
from heatlas.tiles.busy_tiles import busy_tiles, census_for
from heatlas.tiles.fields import as_drawn
from heatlas.tiles.scales import sample_of, tone_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.raster.grid import Grid
    from heatlas.tiles.fields import Field
    from heatlas.tiles.tile_counts import TileCounts

__all__ = ["TOLERANCE", "Fitted", "fitted", "kept_passages", "read_fitted"]

TOLERANCE = 0.02
"""Share of the colours by which a new fit must differ before all tiles of a zoom are drawn again."""
_GROWTH = 0.01
"""Share by which passages must have changed before a tone is fitted again and compared."""
_TILES = 16
_STEPS = 256


@dataclass(frozen=True, slots=True)
class Fitted:
    """Tone of a zoom, and the passages that it was fitted to."""

    tone: Tone | None
    """None: there is nothing to see."""
    total: int
    """Passages (or points) of all tiles of the zoom when it was fitted."""
    tiles: dict[tuple[int, int], int]
    """Columns and rows of the busiest tiles -> passages in each."""

    def data(self) -> dict[str, Any]:
        """Plain data, which `read_fitted` reads."""
        tone = None
        if self.tone is not None:
            knots = self.tone.knots
            tone = {**asdict(self.tone), "knots": None if knots is None else knots.tolist()}
        return {"tone": tone, "total": self.total, "tiles": [[x, y, n] for (x, y), n in self.tiles.items()]}


def read_fitted(data: dict[str, Any]) -> Fitted:
    """Read the plain data that `Fitted.data` returned."""
    tone = data["tone"]
    if tone is not None:
        knots = tone["knots"]
        fitted = tone.get("fitted")  # older ledgers have none
        tone = Tone(
            **{
                **tone,
                "knots": None if knots is None else np.array(knots, np.float64),
                "fitted": None if fitted is None else tuple(fitted),
            }
        )
    return Fitted(tone, data["total"], {(x, y): n for x, y, n in data["tiles"]})


def fitted(field: Field, zoom: int, before: Fitted | None, refit: bool) -> Fitted:
    """Use the stored tone of a zoom as long as it suits; else fit a new one.

    The tone is fitted again when the passages of all tiles, or of the busiest ones, have changed by more than 1 %. The
    new tone is used if it moves any value by more than TOLERANCE of the colours.

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
    drawn_field, drawn = as_drawn(field, zoom)
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
    return Fitted(tone, total, {at: int(passages[place[at]]) for at in busy_tiles(drawn_field, drawn, _TILES)})


def kept_passages(field: Field, tile_counts: TileCounts) -> NDArray[np.int32]:
    """Passages of tile counts, 0 for activities that do not count."""
    keep = None if field.look.point_set else field.chosen.keep
    if keep is None:
        return tile_counts.passages
    known = tile_counts.number < len(keep)
    kept: NDArray[np.int32] = (
        tile_counts.passages * np.append(keep, False)[np.where(known, tile_counts.number, len(keep))]
    )
    return kept


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
