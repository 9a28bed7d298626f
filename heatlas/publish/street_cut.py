"""Cut a base map to what a map shows: streets that go with a page or with a folder of tiles."""

from __future__ import annotations

import math
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.mercator import MAX_LATITUDE, from_lonlat
from heatlas.pmtiles.hilbert import places_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.pmtiles.streets import Streets

    Box = Sequence[float]
    """West, south, east, north, degrees; it may go beyond 180."""
    Cells = NDArray[np.int64]
    """(n, 2) columns and rows of tiles of one zoom."""

__all__ = ["Shown", "StreetCut", "cut_streets"]

_AROUND = 1
"""Tiles around those with heat that are taken, too."""
_FINE, _AROUND_FINE = 14, 2
"""The same from this zoom on, where tiles are smaller than a screen."""
_MOST_OF_A_BOX = 1_000
"""Tiles of a box at most: of a larger one those around the heat alone are taken."""
_MOST = 40_000
"""Tiles of a zoom at most."""
_OVERHEAD = 4 / 3
"""Bytes in a page for each of a tile: base64."""


@frozen
class Shown:
    """What a map shows, and where its viewer goes."""

    numbers: NDArray[np.int64]
    """Numbers of the tiles of one zoom that hold heat."""
    zoom: int
    boxes: Sequence[Box]
    """Places that viewers jump to; streets cover the whole of each where that is little."""
    first: int
    """First zoom of the streets that can be seen."""


@frozen
class StreetCut:
    """Tiles of a base map that were chosen."""

    streets: Streets
    tiles: dict[tuple[int, int, int], bytes]
    """Zoom, column, row -> bytes as they are stored in the file; those of the lowest zooms first."""
    ended: int | None
    """First zoom that had no room; None: all fit."""

    @property
    def zooms(self) -> tuple[int, int]:
        """First and last zoom."""
        held = [zoom for zoom, _, _ in self.tiles]
        return min(held), max(held)

    @property
    def bytes(self) -> int:
        """Bytes of all tiles."""
        return sum(map(len, self.tiles.values()))

    def sentence(self) -> str:
        """Say what goes with the map, and what does not."""
        first, last = self.zooms
        others = self.streets.count - len(self.tiles)
        near = f"{len(self.tiles):,} tiles of {self.streets.path.name} go with the map: zooms {first}-{last}"
        rest = f"; {others:,} are left out" if others > 0 else ""
        why = "" if self.ended is None else f", all from zoom {self.ended} on, for which there is no room"
        return f"{near} around what is shown{rest}{why}"

    def data(self) -> dict[str, Any]:
        """Return the facts as plain data."""
        left_out = max(self.streets.count - len(self.tiles), 0)
        return {"tiles": len(self.tiles), "bytes": self.bytes, "zooms": list(self.zooms), "left_out": left_out}


def cut_streets(streets: Streets, shown: Shown, room: float) -> StreetCut | None:
    """Choose the tiles of a base map around what a map shows, zoom by zoom, as far as there is room.

    Parameters
    ----------
    streets : Streets
        The base map.
    shown : Shown
        What the map shows.
    room : float
        Bytes of a page that the tiles may take. A zoom is taken whole or not at all: MapLibre enlarges the last one.

    Returns
    -------
    StreetCut or None
        None when there is no room for a single zoom.

    Raises
    ------
    BadOption
        When the file has nothing of what is shown.
    SourceFailed
        When it is damaged.
    """
    cells = np.stack(places_at(shown.zoom, shown.numbers), axis=-1)
    if not len(_inside(cells, shown.zoom, streets.bounds)):
        box = ",".join(f"{edge:.3f}" for edge in streets.bounds)
        raise BadOption(
            f"--basemap={quote(str(streets.path))} has no streets where anything is shown: its box is {box} "
            "(west, south, east, north); cut one for this place"
        )
    tiles: dict[tuple[int, int, int], bytes] = {}
    used, ended = 0.0, None
    for zoom in range(max(streets.zooms[0], shown.first), streets.zooms[1] + 1):
        wanted = _wanted(zoom, cells, shown, streets.bounds)
        found: dict[tuple[int, int, int], bytes] = {}
        size = used
        for x, y in wanted.tolist() if len(wanted) <= _MOST else ():
            data = streets.tile(zoom, x, y)
            if data:
                found[zoom, x, y] = data
                size += _OVERHEAD * len(data) + 8
            if size > room:
                break
        if size > room or len(wanted) > _MOST:
            ended = zoom
            break
        tiles |= found
        used = size
    return StreetCut(streets, tiles, ended) if tiles else None


def _wanted(zoom: int, cells: Cells, shown: Shown, bounds: Box) -> Cells:
    """Tiles of a zoom that go with the map, in a fixed order, each once."""
    if zoom <= shown.zoom:
        near = np.unique(cells >> (shown.zoom - zoom), axis=0)
    else:
        many = np.arange(1 << (zoom - shown.zoom))
        steps = np.stack(np.meshgrid(many, many), axis=-1).reshape(1, -1, 2)
        near = ((_inside(cells, shown.zoom, bounds)[:, None] << (zoom - shown.zoom)) + steps).reshape(-1, 2)
    around = _AROUND_FINE if zoom >= _FINE else _AROUND
    steps = np.stack(np.meshgrid(*[np.arange(-around, around + 1)] * 2), axis=-1).reshape(1, -1, 2)
    grown = (_inside(near, zoom, bounds, around)[:, None] + steps).reshape(-1, 2)
    found = [grown, *_of_boxes(zoom, shown.boxes, bounds)]
    every = np.concatenate(found)
    every[:, 0] %= 1 << zoom
    return np.unique(_inside(every, zoom, bounds), axis=0)


def _of_boxes(zoom: int, boxes: Sequence[Box], bounds: Box) -> Iterator[Cells]:
    """All tiles of boxes that have few, as far as the file reaches."""
    for box in boxes:
        west, north, east, south = _range(zoom, box)
        left, top, right, bottom = _range(zoom, bounds)
        if east - west + 1 < 1 << zoom and (east - west + 1) * (south - north + 1) > _MOST_OF_A_BOX:
            continue
        columns = np.arange(west, min(east, west + (1 << zoom) - 1) + 1) % (1 << zoom)
        columns = columns[(columns - left) % (1 << zoom) <= right - left]
        rows = np.arange(max(north, top), min(south, bottom) + 1)
        if len(columns) * len(rows) <= _MOST_OF_A_BOX:
            yield np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)


def _inside(cells: Cells, zoom: int, box: Box, margin: int = 0) -> Cells:
    """Those tiles of a zoom that meet a box, or lie so many tiles from it."""
    west, north, east, south = _range(zoom, box)
    across = (cells[:, 0] - west + margin) % (1 << zoom) <= east - west + 2 * margin
    return cells[across & (cells[:, 1] >= north - margin) & (cells[:, 1] <= south + margin)]


def _range(zoom: int, box: Box) -> tuple[int, int, int, int]:
    """First column and row, last column and row of the tiles of a box."""
    west, south, east, north = box
    (left, right), (top, bottom) = from_lonlat(
        np.array([west, east]), np.clip(np.array([north, south]), -MAX_LATITUDE, MAX_LATITUDE)
    )
    side, last = 1 << zoom, (1 << zoom) - 1
    rows = (min(max(math.floor(float(v) * side), 0), last) for v in (top, bottom))
    first, end = rows
    return math.floor(float(left) * side), first, math.floor(float(right) * side), end
