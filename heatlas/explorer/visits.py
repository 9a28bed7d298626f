"""Tiles that activities visit: of whole tracks by exact traversal, of shown tracks from the passage index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.context import NOBODY
from heatlas.core.errors import BadOption, TooLarge
from heatlas.core.frozen import frozen
from heatlas.explorer.keys import key_of
from heatlas.kernels.lattice import frame_of
from heatlas.library.file.settings import read_settings, read_zones
from heatlas.library.index.visits import read_cells
from heatlas.library.rows.merged import read_merged
from heatlas.library.rows.tracks import read_path
from heatlas.raster.threshold import is_shown
from heatlas.tracks.privacy import far_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity
    from heatlas.core.context import Context
    from heatlas.library.file.settings import Settings
    from heatlas.library.file.store import Library
    from heatlas.raster.threshold import Threshold

__all__ = [
    "FINEST", "TileVisits", "is_indexed", "maybe_cut", "path_visits", "shown_visits", "whole_visits", "zoom_of_cells",
]  # fmt: skip

FINEST = 25
"""Finest zoom of explorer tiles: 1.2 m at the equator."""
_INDEXED = 8
"""A tile of zoom z is a pixel of the index's zoom z - 8."""
_MOST = 40_000_000
"""Visits that are held in memory."""


@frozen
class TileVisits:
    """Pairs of activity and tile, each once, in the order of both."""

    number: NDArray[np.int64]
    """(k,) number of the activity, ascending."""
    tile: NDArray[np.int64]
    """(k,) key of the tile (`heatlas.explorer.keys`)."""

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.number.nbytes + self.tile.nbytes

    def of(self, keep: NDArray[np.bool_]) -> TileVisits:
        """Visits of some activities: `keep` says by number which; those beyond its end are left out."""
        chosen = np.append(keep, False)[np.minimum(self.number, len(keep))]
        return TileVisits(self.number[chosen], self.tile[chosen])

    def of_enough(self, people: NDArray[np.int64], threshold: Threshold) -> TileVisits:
        """Visits of tiles through which enough people go; `people` has the person of each activity by number, or -1."""
        if not threshold.people:
            return self
        person = people[self.number]
        pairs = np.unique(np.stack([self.tile, person])[:, person >= 0], axis=1)
        tiles, count = np.unique(pairs[0], return_counts=True)
        shown = np.isin(self.tile, tiles[is_shown(count, threshold.people)])
        return TileVisits(self.number[shown], self.tile[shown])

    def joined(self, other: TileVisits) -> TileVisits:
        """Visits of these activities and of others."""
        number, tile = np.append(self.number, other.number), np.append(self.tile, other.tile)
        order = np.argsort(number, kind="stable")
        return TileVisits(number[order], tile[order])


def path_visits(
    u: NDArray[np.float64], v: NDArray[np.float64], segments: NDArray[np.int64], zoom: int
) -> NDArray[np.int64]:
    """Tiles that a way in world coordinates goes through, by exact traversal; keys ascend, each once."""
    from heatlas.kernels.cells import list_cells

    across = 1 << zoom
    frame = frame_of(float(across), 0, 0, across, across)
    _, column, row, _ = list_cells(u, v, segments, np.array([0, len(segments) - 1]), frame)
    inside = (row >= 0) & (row < across)
    return np.unique(key_of(column[inside] % across, row[inside]))


def whole_visits(
    library: Library, activities: Mapping[int, Activity], zoom: int, context: Context = NOBODY
) -> TileVisits:
    """Tiles of whole tracks, as the owner's score counts them: nothing is cut.

    Parameters
    ----------
    library : Library
        Where the tracks are.
    activities : mapping of int to Activity
        By number, ascending.
    zoom : int
        Of the tiles, 0 to FINEST.
    context : Context
        Who is told how far it is.

    Raises
    ------
    TooLarge
        When there are more visits than memory should hold.
    """
    found: list[NDArray[np.int64]] = []
    total = 0
    tell = context.counting("tracing")
    with library.read() as connection:
        for k, (number, activity) in enumerate(activities.items()):
            found.append(path_visits(*read_path(connection, number, activity), zoom))
            total += len(found[-1])
            if total > _MOST:
                raise TooLarge(f"there are more than {_MOST:,} visits of tiles of zoom {zoom}: take a coarser --zoom")
            if not k % 64:
                tell(k, len(activities))
    return _joined(list(activities), found)


def maybe_cut(library: Library, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether anything may be hidden of each of some activities (n,), so that the index does not hold all of it."""
    with library.read() as connection:
        if read_settings(connection).clip_ends:
            return np.ones(len(numbers), np.bool_)
        sides = {row.number: (row.west, row.east, row.north, row.south) for row in read_merged(connection).shown}
        zones = read_zones(connection).values()
    return ~far_from(zones, np.array([sides[number] for number in numbers.tolist()], np.float64).reshape(-1, 4))


def is_indexed(settings: Settings, zoom: int) -> bool:
    """Whether the index holds the tiles of a zoom as pixels."""
    first, last = _zooms(settings)
    return first <= zoom <= last


def zoom_of_cells(zoom: int) -> int:
    """Zoom of the index whose pixels are the tiles of a zoom."""
    return zoom - _INDEXED


def _zooms(settings: Settings) -> tuple[int, int]:
    first, last = settings.zooms
    return first + _INDEXED, last + _INDEXED


def shown_visits(library: Library, keep: NDArray[np.bool_], zoom: int) -> TileVisits:
    """Tiles of what is shown of activities, from the passage index: ends and zones were cut before.

    Parameters
    ----------
    library : Library
        Where the index is.
    keep : ndarray of bool (n,)
        Whether each activity counts, by number; those from n on do not.
    zoom : int
        Of the tiles.

    Raises
    ------
    BadOption
        When the index does not hold the zoom.
    """
    with library.read() as connection:
        settings = read_settings(connection)
        if not is_indexed(settings, zoom):
            first, last = _zooms(settings)
            raise BadOption(f"what is shown is known for tiles of zooms {first} to {last}, not {zoom}")
        number, column, row = read_cells(connection, zoom_of_cells(zoom), keep)
    order = np.lexsort((tile := key_of(column, row), number))
    number, tile = number[order], tile[order]
    new = np.append(True, (np.diff(number) != 0) | (np.diff(tile) != 0))[: len(tile)]
    return TileVisits(number[new], tile[new])


def _joined(numbers: Sequence[int], found: Sequence[NDArray[np.int64]]) -> TileVisits:
    lengths = [len(tiles) for tiles in found]
    nothing = np.zeros(0, np.int64)
    return TileVisits(np.repeat(np.array(numbers, np.int64), lengths), np.concatenate([nothing, *found]))
