"""Merged tiles as a source of tiles to draw: what the plan has counted stands where the index of a library stands."""

from __future__ import annotations

import copy
import threading
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import numpy as np

from heatlas.core.filesystems import locate
from heatlas.kernels.partials import fill_tile
from heatlas.library.file.settings import Settings
from heatlas.pmtiles.hilbert import first_number, number_of, places_at
from heatlas.raster.tile_pixels import take_pixels
from heatlas.scale.census import Census, Part
from heatlas.scale.planes import merged_rules, tile_planes
from heatlas.scale.rows import concatenated, written
from heatlas.tiles.cache import Cache
from heatlas.tiles.fields import SIDE, Field
from heatlas.tiles.snapshot import Chosen, Snapshot
from heatlas.tiles.tile_counts import TileCounts
from heatlas.tiles.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.library.file.store import Library
    from heatlas.raster.measure import Measure
    from heatlas.raster.tile_pixels import TilePixels
    from heatlas.scale.recipe import Recipe
    from heatlas.scale.rows import TileRows

__all__ = ["PART", "MergedTiles", "merged_field"]

_BITS = 30
_PAGE = 512
"""Tiles that are read at once."""
PART = 1 << 16
"""Tiles that are looked at at once, about."""
_ROWS, _PAGES, _GRIDS, _TONES = 128 << 20, 256 << 20, 96 << 20, 4 << 20
"""Limits of the caches in bytes."""


class MergedTiles:
    """Merged tiles, read as they are needed (`heatlas.tiles.counted.CountedTiles`).

    Parameters
    ----------
    objects : sequence of (int, str)
        First number of the range of each merged object, and its address; ascending.
    least : int
        Threshold of persons that was applied.
    """

    def __init__(self, objects: Sequence[tuple[int, str]], least: int = 0) -> None:
        self._least = least
        self._firsts = [first for first, _ in objects]
        self._uris = [uri for _, uri in objects]
        self._rows: Cache[TileRows] = Cache(_ROWS, lambda rows: 40 * len(rows))
        self._pages: Cache[TileRows] = Cache(_PAGES, lambda rows: rows.data.nbytes + 28 * len(rows))
        self._within: tuple[Sequence[tuple[int, int]], Part | None] | None = None
        self._counts: dict[int, TileCounts] = {}
        self._samples: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        self._lock = threading.Lock()

    def tile(self, zoom: int, x: int, y: int, measure: Measure) -> TilePixels | None:
        """Return a tile; None if it is empty."""
        data = self._data(number_of(zoom, x, y))
        if data is None or not len(data):
            return None
        rules = merged_rules(measure)
        planes = np.zeros((len(rules), SIDE * SIDE), np.int64)
        fill_tile(data, rules, planes)
        named = tile_planes(measure, planes)
        return take_pixels(named, np.stack([*named.values()]))

    def _data(self, number: int) -> NDArray[np.uint8] | None:
        at = bisect_right(self._firsts, number) - 1
        if at < 0:
            return None
        numbers = self._rows_of(at).numbers
        place = int(np.searchsorted(numbers, number))
        if place == len(numbers) or numbers[place] != number:
            return None
        page = place // _PAGE
        some = numbers[page * _PAGE : (page + 1) * _PAGE]
        rows = self._pages.get((at, page), lambda: written(locate(self._uris[at]), int(some[0]), int(some[-1]) + 1))
        row = place - page * _PAGE
        return rows.data[rows.offsets[row] : rows.offsets[row + 1]]

    def tile_counts(self, zoom: int) -> TileCounts:
        """Return the passages of each tile of a zoom; of activity 1 where fewer persons passed than the threshold."""
        with self._lock:
            if zoom not in self._counts:
                self._counts[zoom] = self._counted(zoom)
            return self._counts[zoom]

    def _counted(self, zoom: int) -> TileCounts:
        rows = concatenated(list(self._bare(zoom)))
        x, y = places_at(zoom, rows.numbers)
        parts = 1 + (rows.passages >> _BITS)  # more than fit into 32 bits come in several parts
        tile = np.repeat(np.arange(len(x), dtype=np.int32), parts)
        passages = np.full(len(tile), 1 << _BITS, np.int32)
        passages[np.cumsum(parts) - 1] = rows.passages & ((1 << _BITS) - 1)
        few = (rows.persons < self._least).astype(np.int32)[tile]
        return TileCounts(zoom, x.astype(np.int32), y.astype(np.int32), tile, few, passages)

    def _bare(self, zoom: int) -> Iterator[TileRows]:
        """Rows of a zoom without their bytes, object by object."""
        low, begins = first_number(zoom), [*self._firsts, 1 << 62]
        spans, near = self._within or ([(0, 1 << 2 * zoom)], None)
        for first, end in spans:
            for at, (begin, after) in enumerate(pairwise(begins)):
                if begin < low + end and after > low + first:
                    rows = self._rows_of(at).between(low + first, low + end)
                    yield rows if near is None else rows.chosen(near.near(zoom, rows.numbers))

    def _rows_of(self, at: int) -> TileRows:
        """Rows of an object without their bytes."""
        return self._rows.get((at,), lambda: written(locate(self._uris[at]), bare=True))

    def census(self, zoom: int) -> Census:
        """Count the tiles of a zoom from which its tone follows."""
        return Census(zoom, lambda: map(self._kept, self._bare(zoom)))

    def _kept(self, rows: TileRows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        enough = rows.persons >= self._least
        return rows.numbers[enough], rows.passages[enough]

    def total(self, zoom: int) -> int:
        """Passages of a zoom from which its tone follows."""
        return self.census(zoom).total()

    def sample(self, zoom: int, most: int) -> list[tuple[int, int, int]]:
        """Sample such tiles as `heatlas.tiles.tile_counts.busiest` does; column, row and passages of each."""
        if (zoom, most) not in self._samples:
            self._samples[zoom, most] = self.census(zoom).sample(most)
        return self._samples[zoom, most]

    def parts(self, zoom: int, finest: int) -> Iterator[MergedTiles]:
        """The same tiles in parts that are counted by themselves: whole tiles of a zoom no finer than `finest`."""
        for part in self.census(zoom).parts(finest, PART):
            yield self._among([(part.first, part.end)], None)

    def around(self, part: Part) -> MergedTiles:
        """The same tiles, of which only those that may be seen in a part are counted."""
        return self._among(part.spans, part)

    def _among(self, spans: Sequence[tuple[int, int]], near: Part | None) -> MergedTiles:
        found = copy.copy(self)
        found._within, found._counts, found._samples = (spans, near), {}, {}
        return found

    def busiest(self, zoom: int) -> tuple[int, int]:
        """Column and row of the tile with the most passages among those of which anything is shown."""
        counts = self.tile_counts(zoom)
        passages = np.bincount(counts.tile, counts.passages)
        for k in np.argsort(-passages, kind="stable").tolist():
            x, y = int(counts.x[k]), int(counts.y[k])
            data = self._data(number_of(zoom, x, y))
            if data is not None and len(data):
                break
        return x, y


def merged_field(tiles: MergedTiles, recipe: Recipe, activities: int) -> Field:
    """Make a field of merged tiles, which is drawn as one of a library is.

    Parameters
    ----------
    tiles : MergedTiles
        Source of the tiles.
    recipe : Recipe
        Their look.
    activities : int
        Activities that count, for the legend.
    """
    settings = Settings(zooms=(recipe.indexed[0], recipe.indexed[-1]))
    snapshot = Snapshot("", {}, 0, settings, {}, hides=False)
    view = View(
        cast("Library", None),  # nothing is read from a library where tiles are counted elsewhere
        threading.Lock(), -1, snapshot, Cache(0, len), Cache(_GRIDS, lambda tile: 0 if tile is None else tile.nbytes),
        Cache(_TONES, lambda tone: 5000), Cache(0, lambda counts: counts.nbytes), Cache(0, len),
    )  # fmt: skip
    chosen = Chosen(np.ones(1, np.bool_), activities, "all")
    return Field(view, snapshot, chosen, recipe.look, counted=tiles)
