"""Which merged tiles there are at a zoom, without holding all of them: the busiest ones, and parts of the world.

Numbers and passages are read some at a time, as often as it takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.pmtiles.hilbert import first_number, numbers_of, places_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Whole = NDArray[np.int64]

__all__ = ["Census", "Part"]

_COLLECTED = 1 << 20
"""Tiles that are held at once, to look for some of them."""
_LEAST, _REACH = 4, 5
"""Zooms by which a part is coarser than its tiles; and tiles from which one is drawn, to all sides: smoothing reaches
1,024 pixels, and a pixel more where tiles are enlarged."""
_FINEST = 10
"""Finest zoom of parts: one number for each of its tiles is held."""


class Part(NamedTuple):
    """Part of the world: a tile of a coarser zoom."""

    first: int
    """Place of its first tile among those of its own zoom, along the Hilbert curve, and after the last."""
    end: int
    spans: tuple[tuple[int, int], ...]
    """The same of the parts beside it and its own, ascending."""
    box: tuple[int, int, int]
    """First column and row of its tiles, and tiles on each side."""

    def near(self, zoom: int, numbers: Whole) -> NDArray[np.bool_]:
        """Whether tiles of its zoom lie in it, or so near that smoothing may reach it."""
        x, y = places_at(zoom, numbers)
        left, top, side = self.box
        inside = (x - left + _REACH) % (1 << zoom) < side + 2 * _REACH
        found: NDArray[np.bool_] = inside & (y >= top - _REACH) & (y < top + side + _REACH)
        return found


@frozen
class Census:
    """Tiles of a zoom with their passages."""

    zoom: int
    read: Callable[[], Iterator[tuple[Whole, Whole]]]
    """Reads numbers and passages of tiles, some at a time; each tile once."""

    def total(self) -> int:
        """Passages of all tiles."""
        return sum(int(passages.sum()) for _, passages in self.read())

    def sample(self, most: int) -> list[tuple[int, int, int]]:
        """Sample tiles as `heatlas.tiles.tile_counts.busiest` does; column, row and passages of each.

        Tiles of as many passages follow each other by column and row there. So how many there are of each number says
        which of them is taken, and these alone are looked for.
        """
        values, many = self._histogram()
        before = np.cumsum(values * many) - values * many
        if int(many.sum()) <= most:
            groups = np.repeat(np.arange(len(many)), many)
            ranks = np.arange(len(groups)) - np.repeat(np.cumsum(many) - many, many)
        else:
            steps = np.arange(most) * int((values * many).sum()) // most
            groups = np.searchsorted(before, steps, side="right") - 1
            ranks = (steps - before[groups]) // values[groups]
            groups, ranks = np.unique(np.stack([groups, ranks]), axis=1)
        keys = np.zeros(len(groups), np.int64)
        for some in self._at_once(np.unique(groups), many):
            here = np.isin(groups, some)
            keys[here] = self._ranked(values, some, groups[here], ranks[here])
        columns, rows = keys >> 32, keys & 0xFFFFFFFF
        return list(zip(columns.tolist(), rows.tolist(), values[groups].tolist(), strict=True))

    def _histogram(self) -> tuple[Whole, Whole]:
        """Passages that tiles have, above 0, descending; and how many tiles have so many."""
        values, many = np.zeros(0, np.int64), np.zeros(0, np.int64)
        for _, passages in self.read():
            some, found = np.unique(passages[passages > 0], return_counts=True)
            values, at = np.unique(np.append(values, some), return_inverse=True)
            many = np.bincount(at, np.append(many, found), len(values)).astype(np.int64)
        return values[::-1], many[::-1]

    @staticmethod
    def _at_once(groups: Whole, many: Whole) -> list[Whole]:
        """Cut groups of so many tiles each such that those of several groups can be held; large ones are alone."""
        large = many[groups] > _COLLECTED
        small = groups[~large]
        turn = np.cumsum(many[small]) // _COLLECTED
        some = np.split(small, np.flatnonzero(np.diff(turn)) + 1) if len(small) else []
        return [*groups[large][:, None], *some]

    def _ranked(self, values: Whole, some: Whole, groups: Whole, ranks: Whole) -> Whole:
        """Find the tiles of some ranks in some groups: column << 32 | row of each."""
        if len(some) == 1:
            return self._in_group(int(values[some[0]]), ranks)
        keys, whose = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        wanted = values[some][::-1]
        for numbers, passages in self.read():
            at = np.minimum(np.searchsorted(wanted, passages), len(wanted) - 1)
            held = wanted[at] == passages
            keys.append(self._keys(numbers[held]))
            whose.append(some[::-1][at[held]])
        key, group = np.concatenate(keys), np.concatenate(whose)
        order = np.lexsort((key, group))
        found: Whole = key[order][np.searchsorted(group[order], groups) + ranks]
        return found

    def _in_group(self, value: int, ranks: Whole) -> Whole:
        """Find tiles of one group, which may be most of all: by its columns, then in some of these."""
        columns = np.zeros(1 << self.zoom, np.int64)
        for numbers, passages in self.read():
            x = self._keys(numbers[passages == value]) >> 32
            columns += np.bincount(x, minlength=len(columns))
        ends = np.cumsum(columns)
        column = np.searchsorted(ends, ranks, side="right")
        wanted = np.unique(column)
        keys = [np.zeros(0, np.int64)]
        for numbers, passages in self.read():
            key = self._keys(numbers[passages == value])
            keys.append(key[np.isin(key >> 32, wanted)])
        key = np.sort(np.concatenate(keys))
        found: Whole = key[np.searchsorted(key >> 32, column) + ranks - (ends - columns)[column]]
        return found

    def _keys(self, numbers: Whole) -> Whole:
        x, y = places_at(self.zoom, numbers)
        keys: Whole = x << 32 | y
        return keys

    def parts(self, finest: int, most: int) -> Iterator[Part]:
        """Cut the world into parts with some tiles in or beside each; ascending, and others are left out.

        Parameters
        ----------
        finest : int
            Zoom than whose tiles parts are no finer.
        most : int
            Tiles of a part; parts of the finest zoom may have more.
        """
        finest = max(min(self.zoom - _LEAST, _FINEST, finest), 0)
        counts = np.zeros(4**finest, np.int64)
        for numbers, _ in self.read():
            places = (numbers - first_number(self.zoom)) >> 2 * (self.zoom - finest)
            counts += np.bincount(places, minlength=len(counts))
        levels = [counts]
        while len(levels[0]) > 1:
            levels.insert(0, levels[0].reshape(-1, 4).sum(axis=1))
        if counts.sum() <= most or not finest:
            whole = 0, 1 << 2 * self.zoom
            yield Part(*whole, (whole,), (0, 0, 1 << self.zoom))
            return
        waiting = [(0, 0)]
        while waiting:
            level, place = waiting.pop()
            part = self._part(level, place)
            if not any(levels[level][first >> 2 * (self.zoom - level)] for first, _ in part.spans):
                continue
            if level < finest and levels[level][place] > most:
                waiting += [(level + 1, 4 * place + k) for k in (3, 2, 1, 0)]
            else:
                yield part

    def _part(self, level: int, place: int) -> Part:
        x, y = (int(some[0]) for some in places_at(level, np.array([first_number(level) + place])))
        across, shift = 1 << level, self.zoom - level
        beside = {((x + dx) % across, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if 0 <= y + dy < across}
        places = sorted((numbers_of(level, *zip(*beside, strict=True)) - first_number(level)).tolist())
        spans = tuple((one << 2 * shift, one + 1 << 2 * shift) for one in places)
        box = x << shift, y << shift, 1 << shift
        return Part(place << 2 * shift, place + 1 << 2 * shift, spans, box)
