"""Arrays that passages are added to, and the grid made of them.

Passes are counted in 8 or 16 bits. A pixel that has more carries into a second array.
"""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.raster.grid import Grid, filled_rows
from heatlas.raster.measure import LABELLED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.measure import Measure
    from heatlas.raster.reductions import Layout

__all__ = ["Accumulators", "Span", "begun", "ended", "spans_of"]

Span = tuple[int, int]
"""First pixel of a block, and the pixel after its last."""
_PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
"""Flags for memory of this process alone. Pages that can be shared cost more. Windows has no such flags."""
_BLOCK = 14
"""Binary logarithm of the pixels of a block. Each block has a flag: whether any of its pixels has carried."""
_BROAD = 12 << 20
"""Pixels of a window up to which passes are counted in 16 bits. Most maps have a pixel with 256 passes somewhere, and
making bytes wider takes longer than clearing twice the memory. Of a larger window that is too much to clear."""


@frozen
class Accumulators:
    """Flat arrays that passages are added to. Arrays that are not needed have no length."""

    named: dict[str, NDArray[Any]]
    """Planes of the measure's layout. Extremes are NaN where there is none. For passes, n holds the lower bits."""
    carries: NDArray[np.uint32]
    """For passes, the bits above those of n. Hardly any of it is ever touched."""
    stamps: NDArray[np.int32]
    """For activities, days and people the number of what was counted last in each pixel."""

    @classmethod
    def of(cls, window: Window, measure: Measure, onto: Grid | None = None) -> Accumulators:
        """Make empty planes, or planes that begin with the contents of a grid."""
        size, reduction = window.width * window.height, measure.reduction
        if reduction == "passes":
            counts = np.zeros(size, np.uint16 if size <= _BROAD else np.uint8)
            return cls({"n": counts}, _untouched(size), np.zeros(0, np.int32))
        stamps = np.zeros(size if reduction in {"activities", *LABELLED} else 0, np.int32)
        return cls(begun(measure.layout, size, onto=onto), _untouched(0), stamps)

    def rows(self, strip: Window, window: Window) -> Accumulators:
        """Views of the rows of a strip."""
        part = slice((strip.y - window.y) * window.width, (strip.y - window.y + strip.height) * window.width)
        named = {name: plane[part] for name, plane in self.named.items()}
        return Accumulators(named, self.carries[part], self.stamps[part])

    @property
    def counts(self) -> NDArray[Any]:
        """Counts of passes, activities, people, days or fixes."""
        return self.named["n"]

    def blocks(self) -> tuple[NDArray[np.bool_], int]:
        """Make a flag for each block, set when a pixel of it carries; and the binary logarithm of a block's pixels."""
        return np.zeros(-(-len(self.counts) // (1 << _BLOCK)), np.bool_), _BLOCK

    def add(self, other: Accumulators, carried: Iterable[Span]) -> set[Span]:
        """Add passes that were counted elsewhere; returns the spans that hold carries."""
        np.add(self.counts, other.counts, out=self.counts)
        again = np.flatnonzero(self.counts < other.counts)
        self.carries[again] += np.uint32(1)
        for first, last in carried:
            self.carries[first:last] += other.carries[first:last]
        return {*carried, *spans_of(again >> _BLOCK, len(self.counts))}

    def _wider(self, shape: tuple[int, int], dtype: type) -> NDArray[Any]:
        """Counts in another type. Where most rows are empty, theirs stay memory that was never written to."""
        top, bottom = filled_rows(self.counts.reshape(shape))
        if 2 * (bottom - top) > shape[0]:
            return self.counts.astype(dtype)
        wider: NDArray[Any] = np.zeros(len(self.counts), dtype)
        filled = slice(top * shape[1], bottom * shape[1])
        wider[filled] = self.counts[filled]
        return wider

    def grid(self, window: Window, measure: Measure, carried: Collection[Span]) -> Grid:
        """Make a grid of the planes; `carried` are the spans that hold carries."""
        shape = (window.height, window.width)
        if carried:
            bits = 8 * self.counts.itemsize
            most = max(int(self.carries[first:last].max()) for first, last in carried)
            counts = self._wider(shape, np.uint16 if most >> (16 - bits) == 0 else np.uint32)
            for first, last in carried:
                counts[first:last] += (self.carries[first:last] << np.uint32(bits)).astype(counts.dtype)
            return Grid(window, measure, {"n": counts.reshape(shape)})
        planes = ended(measure.layout, self.named)
        return Grid(window, measure, {name: plane.reshape(shape) for name, plane in planes.items()})


def begun(
    layout: Layout, size: int | tuple[int, int], dtype: str | None = None, onto: Grid | None = None
) -> dict[str, NDArray[Any]]:
    """Make planes to add to. Extremes begin as NaN, which the first value replaces.

    Parameters
    ----------
    layout : Layout
        Of the measure.
    size : int or (int, int)
        Their shape.
    dtype : str, optional
        Type in place of the layout's; extremes are float64.
    onto : Grid, optional
        Contents to begin with; it is not changed.
    """
    planes = {
        plane.name: np.full(size, np.nan) if plane.extreme else np.zeros(size, dtype or plane.dtype)
        for plane in layout.planes
    }
    if onto is not None:
        for plane in layout.planes:
            known = onto.filled.ravel() if plane.extreme else True
            np.copyto(planes[plane.name], onto.planes[plane.name].ravel(), where=known)
    return planes


def ended(layout: Layout, planes: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Turn planes that were added to into planes of a grid, in place: 0 where there is no extreme."""
    for plane in layout.planes:
        if plane.extreme:
            missing = np.isnan(planes[plane.name])
            np.copyto(planes["n"], ~missing)
            np.copyto(planes[plane.name], 0, where=missing)
    return planes


def spans_of(blocks: NDArray[np.int64], size: int) -> list[Span]:
    """List the spans of numbered blocks in a plane of `size` pixels, ascending, each once."""
    return [(block << _BLOCK, min(block + 1 << _BLOCK, size)) for block in sorted(set(blocks.tolist()))]


def _untouched(size: int) -> NDArray[np.uint32]:
    """Make zeros that take no memory until they are written to. NumPy may reuse memory, and clear it."""
    return np.frombuffer(mmap.mmap(-1, 4 * size, **_PRIVATE), np.uint32) if size else np.zeros(0, np.uint32)
