"""Tiles that were counted elsewhere than in a library, such as by the plan of `heatlas.scale`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.raster.measure import Measure
    from heatlas.raster.tile_pixels import TilePixels
    from heatlas.tiles.tile_counts import TileCounts

__all__ = ["CountedTiles"]


class CountedTiles(Protocol):
    """Source of tiles before smoothing, in place of the index of a library; thread-safe."""

    def tile(self, zoom: int, x: int, y: int, measure: Measure) -> TilePixels | None:
        """Return a tile, with the planes of `heatlas.library.index.drawing.draw_tiles`.

        None if it is empty.
        """

    def tile_counts(self, zoom: int) -> TileCounts:
        """Return the passages of each tile of a zoom: of activity 1 where tones do not follow from them, else of 0."""

    def total(self, zoom: int) -> int:
        """Passages of a zoom from which its tone follows."""

    def sample(self, zoom: int, most: int) -> list[tuple[int, int, int]]:
        """Sample such tiles as `heatlas.tiles.tile_counts.busiest` does; column, row and passages of each."""

    def parts(self, zoom: int, finest: int) -> Iterable[CountedTiles]:
        """The same tiles in parts that are counted by themselves: whole tiles of a zoom no finer than `finest`."""
