"""Arrays that passages are added to, and how counts in bytes that carry become a grid."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.grid import COUNTS, SPENT, Grid, Measure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from numpy.typing import NDArray

    from heatlas.window import Window

__all__ = ["Planes", "Span", "spans_of"]

Span = tuple[int, int]
"""First pixel of a block, and the one behind its last."""
_PRIVATE = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
"""Memory that no other process sees: pages of such as could be shared cost more. Windows has no such choice."""
_BLOCK = 14
"""Binary logarithm of the pixels of a block, of which is known whether any of them has more than a byte holds."""


@dataclass(frozen=True, slots=True)
class Planes:
    """Arrays that passages are added to, flat or of no length when not needed."""

    counts: NDArray[Any]
    """Of passes the lower eight bits, which whoever counts them has to clear."""
    carries: NDArray[np.uint32]
    """Of passes the others; hardly any of it is ever touched."""
    stamps: NDArray[np.int32]
    count: NDArray[np.float64]
    total: NDArray[np.float64]
    square: NDArray[np.float64]
    extreme: NDArray[np.float64]

    @classmethod
    def of(cls, window: Window, measure: Measure, onto: Grid | None = None) -> Planes:
        """Planes with nothing in them, or with what a grid holds."""
        planes = cls._empty(window, measure)
        if onto is not None:
            known = onto.filled.ravel()
            if len(planes.extreme):
                planes.extreme[known] = onto.total.ravel()[known]
            else:
                (planes.counts if len(planes.counts) else planes.total)[:] = onto.total.ravel()
            for plane, held in ((planes.count, onto.count), (planes.square, onto.square)):
                if held is not None:
                    plane[:] = held.ravel()
        return planes

    @classmethod
    def _empty(cls, window: Window, measure: Measure) -> Planes:
        size, reduction = window.width * window.height, measure.reduction
        return cls(
            counts=np.empty(size, np.uint8) if reduction == "passes" else np.zeros(size * (reduction in COUNTS), "u4"),
            carries=_untouched(size if reduction == "passes" else 0),
            stamps=np.zeros(size if reduction == "activities" else 0, np.int32),
            count=np.zeros(size if measure.metric else 0),
            total=np.zeros(size if reduction in {"mean", "std"} or reduction in SPENT else 0),
            square=np.zeros(size if reduction == "std" else 0),
            extreme=np.full(size if reduction in {"min", "max"} else 0, np.nan),
        )

    def rows(self, strip: Window, window: Window) -> Planes:
        """Views of the rows of a strip."""
        part = slice((strip.y - window.y) * window.width, (strip.y - window.y + strip.height) * window.width)
        return Planes(
            self.counts[part], self.carries[part], self.stamps[part], self.count[part], self.total[part],
            self.square[part], self.extreme[part],
        )  # fmt: skip

    def blocks(self) -> tuple[NDArray[np.bool_], int]:
        """Room to say of blocks of pixels whether any of them carried; and the binary logarithm of a block's pixels."""
        return np.zeros(-(-len(self.counts) // (1 << _BLOCK)), np.bool_), _BLOCK

    def add(self, other: Planes, carried: Iterable[Span]) -> set[Span]:
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
        if len(self.extreme):
            known = ~np.isnan(self.extreme)
            return Grid(
                window,
                measure,
                np.where(known, self.extreme, 0).reshape(shape),
                known.astype(np.float64).reshape(shape),
            )
        counts = self.counts
        if carried:
            most = max(int(self.carries[first:last].max()) for first, last in carried)
            counts = counts.astype(np.uint16 if most < 1 << 8 else np.uint32)  # a byte does not hold them
        for first, last in carried:
            counts[first:last] += (self.carries[first:last] << np.uint32(8)).astype(counts.dtype)
        return Grid(
            window,
            measure,
            (counts if len(counts) else self.total).reshape(shape),
            self.count.reshape(shape) if len(self.count) else None,
            self.square.reshape(shape) if len(self.square) else None,
        )


def spans_of(blocks: NDArray[np.int64], size: int) -> list[Span]:
    """Say of blocks of so many pixels, by number, from where to where they go; each once."""
    return [(block << _BLOCK, min(block + 1 << _BLOCK, size)) for block in sorted(set(blocks.tolist()))]


def _untouched(size: int) -> NDArray[np.uint32]:
    """Zeros that are no memory until they are written to: numpy may take memory that was used before, and clear it."""
    return np.frombuffer(mmap.mmap(-1, 4 * size, **_PRIVATE), np.uint32) if size else np.zeros(0, np.uint32)
