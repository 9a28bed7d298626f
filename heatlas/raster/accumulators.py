"""Arrays that passages are added to, and how counts in bytes that carry become a grid."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.raster.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.grid import Measure
    from heatlas.raster.reductions import Layout

__all__ = ["UNUSED", "Accumulators", "Span", "begun", "ended", "spans_of"]

UNUSED = np.zeros(0)
"""Stands for a plane that a reduction does not have, where a kernel can fill several."""

Span = tuple[int, int]
"""First pixel of a block, and the one behind its last."""
_PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
"""Memory that no other process sees: pages of such as could be shared cost more. Windows has no such choice."""
_BLOCK = 14
"""Binary logarithm of the pixels of a block, of which is known whether any of them has more than a byte holds."""


@dataclass(frozen=True, slots=True)
class Accumulators:
    """Arrays that passages are added to, flat or of no length when not needed."""

    named: dict[str, NDArray[Any]]
    """Those of the measure's layout; extremes are NaN where there is none. Of passes n holds the lower eight bits, and
    whoever counts them has to clear it."""
    carries: NDArray[np.uint32]
    """Of passes the other bits; hardly any of it is ever touched."""
    stamps: NDArray[np.int32]
    """Of activities the one that was counted last."""

    @classmethod
    def of(cls, window: Window, measure: Measure, onto: Grid | None = None) -> Accumulators:
        """Planes with nothing in them, or with what a grid holds."""
        size, reduction = window.width * window.height, measure.reduction
        if reduction == "passes":
            return cls({"n": np.empty(size, np.uint8)}, _untouched(size), np.zeros(0, np.int32))
        stamps = np.zeros(size if reduction == "activities" else 0, np.int32)
        return cls(begun(measure.layout, size, onto=onto), _untouched(0), stamps)

    def rows(self, strip: Window, window: Window) -> Accumulators:
        """Views of the rows of a strip."""
        part = slice((strip.y - window.y) * window.width, (strip.y - window.y + strip.height) * window.width)
        named = {name: plane[part] for name, plane in self.named.items()}
        return Accumulators(named, self.carries[part], self.stamps[part])

    @property
    def counts(self) -> NDArray[Any]:
        """Counts of passes, activities or fixes."""
        return self.named["n"]

    def blocks(self) -> tuple[NDArray[np.bool_], int]:
        """Room to say of blocks of pixels whether any of them carried; and the binary logarithm of a block's pixels."""
        return np.zeros(-(-len(self.counts) // (1 << _BLOCK)), np.bool_), _BLOCK

    def add(self, other: Accumulators, carried: Iterable[Span]) -> set[Span]:
        """Add passes that were counted elsewhere; returns the spans to which was carried."""
        np.add(self.counts, other.counts, out=self.counts)
        again = np.flatnonzero(self.counts < other.counts)
        self.carries[again] += np.uint32(1)
        for first, last in carried:
            self.carries[first:last] += other.carries[first:last]
        return {*carried, *spans_of(again >> _BLOCK, len(self.counts))}

    def grid(self, window: Window, measure: Measure, carried: Collection[Span]) -> Grid:
        """Put together what was counted; `carried` are the spans from which something was carried."""
        shape = (window.height, window.width)
        if carried:
            most = max(int(self.carries[first:last].max()) for first, last in carried)
            # A byte does not hold them.
            counts: NDArray[Any] = self.counts.astype(np.uint16 if most < 1 << 8 else np.uint32)
            for first, last in carried:
                counts[first:last] += (self.carries[first:last] << np.uint32(8)).astype(counts.dtype)
            return Grid(window, measure, {"n": counts.reshape(shape)})
        planes = ended(measure.layout, self.named)
        return Grid(window, measure, {name: plane.reshape(shape) for name, plane in planes.items()})


def begun(
    layout: Layout, size: int | tuple[int, int], dtype: str | None = None, onto: Grid | None = None
) -> dict[str, NDArray[Any]]:
    """Planes to add to: of extremes NaN where there is none, so that the first one takes its place.

    Parameters
    ----------
    layout : Layout
        Of the measure.
    size : int or (int, int)
        Their shape.
    dtype : str, optional
        Other than the layout's.
    onto : Grid, optional
        What they hold to begin with; it stays as it is.
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
    """Make planes of a grid of those that were added to, in their place: 0 where there is no extreme."""
    for plane in layout.planes:
        if plane.extreme:
            missing = np.isnan(planes[plane.name])
            np.copyto(planes["n"], ~missing)
            np.copyto(planes[plane.name], 0, where=missing)
    return planes


def spans_of(blocks: NDArray[np.int64], size: int) -> list[Span]:
    """Say of blocks of so many pixels, by number, from where to where they go; each once."""
    return [(block << _BLOCK, min(block + 1 << _BLOCK, size)) for block in sorted(set(blocks.tolist()))]


def _untouched(size: int) -> NDArray[np.uint32]:
    """Zeros that are no memory until they are written to: numpy may take memory that was used before, and clear it."""
    return np.frombuffer(mmap.mmap(-1, 4 * size, **_PRIVATE), np.uint32) if size else np.zeros(0, np.uint32)
