"""Local tone: each pixel is shown relative to its surroundings.

A tone of a whole country shows its capital and little else. A local tone ranks a value among those nearby. The world is
divided into cells, which are the tiles of one zoom. Of each cell, the pixels on paths are counted in 64 even steps of
the global tone. With p[k] the share of step k, the local tone of a cell is

    R(u) = w C(u) + (1 - w) u,    w = (1 - share) n / (n + 256)

where u is the global tone without its fade, n the number of pixels, and C the cumulated shares, linear between steps.
Before they are cumulated, shares above 6/64 are cut to 6/64, and what was cut is added evenly to all steps. So nothing
becomes more than about six times as steep as in the global tone, and a village of lone passes does not glow as a city.
Cells with few pixels lean on the global tone, and empty cells have it. Each pixel takes the R of the four nearest
cells, blended bilinearly by the distances from their centres, so there is no edge anywhere.

Counts of steps add up: which part of the data, which file or which worker found a pixel changes nothing.

Ranking within regions and blending bilinearly between them is adaptive histogram equalization (S. M. Pizer et al.,
Adaptive Histogram Equalization and Its Variations, 1987). Cutting the shares is from K. Zuiderveld, Contrast Limited
Adaptive Histogram Equalization, Graphics Gems IV, 1994. Strava's global heat map blends ranks of regions, too (D. Robb,
The Global Heatmap, Now 6x Hotter, 2017).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window

__all__ = [
    "STEPS", "UP", "WHOLE", "LocalScale", "Surroundings", "cell_of", "cells_zoom", "count_steps", "parse_local",
    "ranks_of", "touched_cells",
]  # fmt: skip

STEPS = 64
"""Even steps of the global tone in which the pixels of a cell are counted."""
UP = 5
"""Zooms by which cells of tiles are coarser than the tiles: a cell is 8192 px wide."""
_SHARE = 0.3
"""Default share of the global tone."""
_MOST_UP = 10
_CONTRAST = 6.0
"""Largest ratio of the share of a step to that of an even distribution."""
_ENOUGH = 256
"""Pixels with which a cell leans on the global tone by half."""
_ACROSS = 4
"""Cells along the longer side of a picture, about."""
WHOLE = 65535


@frozen
class LocalScale:
    """A local tone that is not fitted yet."""

    share: float = _SHARE
    """Share of the global tone, from 0 to below 1."""
    up: int | None = None
    """Zooms by which cells are coarser than what is drawn; None: UP for tiles, and what suits the size of a picture."""


@frozen(eq=False)
class Surroundings:
    """Fitted local tones of cells."""

    zoom: int
    """Cells are the tiles of this zoom."""
    cells: NDArray[np.int64]
    """(n,) row << 32 | column of each cell, ascending; other cells have the global tone."""
    ranks: NDArray[np.uint16]
    """(n, STEPS + 1) local tone at even steps of the global tone, of 65535."""

    @classmethod
    def unknown(cls, zoom: int) -> Surroundings:
        """Without any cell: the global tone everywhere."""
        return cls(zoom, np.zeros(0, np.int64), np.zeros((0, STEPS + 1), np.uint16))

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.cells.nbytes + self.ranks.nbytes

    def apply(
        self, toned: NDArray[np.float32], shown: NDArray[np.bool_], window: Window, fade: float
    ) -> NDArray[np.float32]:
        """Replace global tones by local ones.

        The result depends on the tone and the place of a pixel alone, to the last bit: windows fit together.

        Parameters
        ----------
        toned : ndarray of float32 (n,)
            Global tones of the shown pixels, row by row.
        shown : ndarray of bool (height, width)
            Pixels that have a tone.
        window : Window
            Window of the pixels, of any scale.
        fade : float
            `heatlas.style.tone.Tone.fade`; tones up to it stay.
        """
        from heatlas.kernels.local import blend_ranks

        across = 1 << self.zoom
        left, right_share = _between(window.x, window.width, across / window.scale)
        upper, lower_share = _between(window.y, window.height, across / window.scale)
        columns = np.arange(int(left[0]), int(left[-1]) + 2)
        rows = np.arange(int(upper[0]), int(upper[-1]) + 2)
        local = np.array(toned, np.float32)
        blend_ranks(
            local, np.ascontiguousarray(shown), left - left[0], right_share, upper - upper[0], lower_share,
            self._looked_up(columns % across, np.clip(rows, 0, across - 1)), np.float32(fade),
        )  # fmt: skip
        return local

    def _looked_up(self, columns: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(rows, columns, STEPS + 1) local tones, 0 to 1."""
        even = np.linspace(0, 1, STEPS + 1, dtype=np.float32)
        table = np.broadcast_to(even, (len(rows), len(columns), STEPS + 1)).copy()
        if len(self.cells):
            wanted = rows[:, None] << 32 | columns
            at = np.minimum(np.searchsorted(self.cells, wanted), len(self.cells) - 1)
            known = self.cells[at] == wanted
            table[known] = self.ranks[at[known]] / np.float32(WHOLE)
        return table


def _between(first: int, count: int, cells: float) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Cell whose centre precedes each pixel's, and the share of the way to the next; `cells`: cells per pixel."""
    # Exact for tiles, where `cells` is a power of two: overlapping windows agree to the last bit.
    place = (first + np.arange(count) + 0.5) * cells - 0.5
    before = np.floor(place)
    return before.astype(np.int64), (place - before).astype(np.float32)


def parse_local(rest: list[str], text: str) -> LocalScale:
    """Read what follows "local": nothing, the share of the global tone, and the zooms up to the cells.

    Raises
    ------
    BadOption
        For a share that is not from 0 to below 1, or another number of zooms.
    """
    try:
        share = float(rest[0]) if rest else _SHARE
        up = int(rest[1]) if len(rest) > 1 else None
        fits = 0 <= share < 1 and len(rest) <= 2 and (up is None or 0 <= up <= _MOST_UP)
    except ValueError:
        fits = False
    if not fits:
        raise BadOption(
            f"tone {text!r}: write local, local:0.5 for the share of the global tone (0 to below 1), or local:0.5:3 "
            f"for cells that are so many zooms (0 to {_MOST_UP}) coarser"
        )
    return LocalScale(share, up)


def cells_zoom(scale: LocalScale, window: Window, *, tiles: bool = False) -> int:
    """Choose the zoom whose tiles are the cells of a window.

    Parameters
    ----------
    scale : LocalScale
        Its `up` decides, counted from the nearest whole zoom of the window.
    window : Window
        What is drawn. Without `up`, a picture has about four cells along its longer side, none wider than 8192 px.
    tiles : bool
        Whether the window is of tiles, which have cells UP zooms up whatever the window's size.
    """
    zoom = round(window.zoom)
    if scale.up is not None or tiles:
        return max(0, zoom - (UP if scale.up is None else scale.up))
    side = max(window.width, window.height)
    return max(0, round(math.log2(_ACROSS * window.scale / side)), math.ceil(window.zoom) - UP)


def cell_of(zoom: int, scale: float, column: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) cells, row << 32 | column, that hold the centres of pixels of a scale."""
    across = 1 << zoom
    x = np.floor((column + 0.5) * (across / scale)).astype(np.int64) % across
    y = np.clip(np.floor((row + 0.5) * (across / scale)).astype(np.int64), 0, across - 1)
    cells: NDArray[np.int64] = y << 32 | x
    return cells


def touched_cells(zoom: int, window: Window) -> NDArray[np.int64]:
    """(n,) cells, ascending, that decide on the tones of a window."""
    across = 1 << zoom
    left, _ = _between(window.x, window.width, across / window.scale)
    upper, _ = _between(window.y, window.height, across / window.scale)
    columns = np.arange(int(left[0]), int(left[-1]) + 2) % across
    rows = np.clip(np.arange(int(upper[0]), int(upper[-1]) + 2), 0, across - 1)
    cells: NDArray[np.int64] = np.unique(rows[:, None] << 32 | columns)
    return cells


def count_steps(
    toned: NDArray[np.float32], fade: float, cell: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Count pixels by cell and step of the global tone.

    Parameters
    ----------
    toned : ndarray of float32 (n,)
        Global tones of pixels on paths.
    fade : float
        Tone of the lowest value.
    cell : ndarray of int64 (n,)
        Cell of each.

    Returns
    -------
    cells : ndarray of int64 (k,)
        Ascending.
    counts : ndarray of float64 (k, STEPS)
        Whole numbers, which add up over parts of the data.
    """
    cells, number = np.unique(cell, return_inverse=True)
    step = np.clip((toned - fade) / (1 - fade) * STEPS, 0, STEPS - 1).astype(np.int64)
    counts = np.bincount(number.ravel() * STEPS + step, minlength=len(cells) * STEPS)
    return cells, counts.reshape(-1, STEPS).astype(np.float64)


def ranks_of(counts: NDArray[np.float64], share: float) -> NDArray[np.uint16]:
    """Make the local tones of cells.

    Parameters
    ----------
    counts : ndarray of float64 (k, STEPS)
        Pixels of each cell by step of the global tone, or estimates of them.
    share : float
        Share of the global tone.

    Returns
    -------
    ndarray of uint16 (k, STEPS + 1)
        Local tone at even steps of the global tone, of 65535: 0 first, 65535 last, ascending.
    """
    pixels = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(pixels, 1e-300)
    cut = np.minimum(shares, _CONTRAST / STEPS)
    cut += (1 - cut.sum(axis=1, keepdims=True)) / STEPS
    ranks = np.concatenate((np.zeros((len(counts), 1)), np.cumsum(cut, axis=1)), axis=1)
    weight = (1 - share) * pixels / (pixels + _ENOUGH)
    even = np.linspace(0, 1, STEPS + 1)
    mixed: NDArray[np.uint16] = np.rint((weight * ranks + (1 - weight) * even) * WHOLE).astype(np.uint16)
    return mixed
