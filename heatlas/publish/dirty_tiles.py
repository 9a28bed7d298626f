"""Find tiles that may hold anything, with a signature of the data that each is drawn from.

Tracks of an activity number never change. What an activity adds to a tile of the index therefore follows from its
fingerprint, from what the library hides, from the facts that the measure reads of it, and from its number of passages
there. Signatures are sums over these: merging chunks changes none, and another filter changes those of tiles that other
activities pass.

For points, signatures are made from pixels: a tile is drawn from the pixels whose kernels reach it. Pixels are gathered
in squares smaller than the radius. Whole tiles would be too coarse: one point would make its tile and the eight around
it candidates, and most of them would be drawn in vain.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.hashing import blake2b
from heatlas.core.window import Window
from heatlas.library.file.settings import read_settings, read_zones
from heatlas.library.points.point_cells import PIXELS, unmorton
from heatlas.library.rows.activities import read_rows
from heatlas.pmtiles.hilbert import numbers_of, places_at
from heatlas.publish.dependencies import facts_read, means_read
from heatlas.tiles.busy_tiles import census_for
from heatlas.tiles.fields import SIDE, as_drawn, index_in, margins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from heatlas.library.file.settings import Settings
    from heatlas.library.points.point_cells import Cells
    from heatlas.style.local_tone import Surroundings
    from heatlas.tiles.fields import Field
    from heatlas.tiles.tile_counts import TileCounts
    from heatlas.tracks.privacy import Zone

    Whole = NDArray[np.int64]

__all__ = ["OccupiedTiles", "cell_signatures", "hiding_words", "marks_of", "occupied"]

_ODD = np.uint64(0x9E37_79B9_7F4A_7C15)
_PAIRS = 1 << 21
"""Pairs of square and tile processed at a time, which bounds memory."""
_FINER = 4
"""Squares of points are about this many times smaller than the reach of the kernel."""
_BANDS = 64
"""Belts of latitude; in each, a width in metres is taken as the pixels of its widest row."""


@frozen
class OccupiedTiles:
    """Tiles of a zoom that may hold anything: those drawn from a tile of the index that does."""

    numbers: NDArray[np.int64]
    """(n,) along the Hilbert curve (`heatlas.pmtiles.hilbert`), ascending."""
    signatures: NDArray[np.uint64]
    """(n,) signature of the data of each; it changes when the data change."""


def marks_of(field: Field) -> NDArray[np.uint64]:
    """Hash of each activity that counts, by number; 0: it does not count. Empty for points, whose pixels are hashed."""
    if field.look.point_set:
        return np.zeros(0, np.uint64)
    with field.view.library.read() as connection:
        hidden = hiding_words(read_settings(connection), read_zones(connection)).encode()
        rows = [(row.number, row.fingerprint) for row in read_rows(connection).values() if row.same_as is None]
    marks = np.zeros(max((number for number, _ in rows), default=-1) + 1, np.uint64)
    read = np.hstack([facts_read(field, len(marks)), means_read(field, len(marks))])
    for number, print_ in rows:
        marks[number] = _mark(print_, hidden + read[number].tobytes())
    keep, kept = field.chosen.keep, np.zeros(len(marks), np.bool_)
    kept[: len(keep)] = keep[: len(marks)]
    marks[~kept] = 0
    return marks


def hiding_words(settings: Settings, zones: Mapping[str, Zone]) -> str:
    """Describe the settings and zones of a library in words; they are part of the signatures of published tiles.

    The words are spelled out here, as they must not change when classes or fields are renamed.
    """
    names = ("clip_ends", "rejoin", "zooms", "secret", "max_gap", "max_gap_distance")
    circles = (
        f"{name!r}: Zone(lat={each.lat!r}, lon={each.lon!r}, radius={each.radius!r}, rule={each.rule!r}"
        f"{f', person={each.person!r}' if each.person else ''})"
        for name, each in zones.items()
    )
    said = ", ".join(f"{name}={getattr(settings, name)!r}" for name in names)
    return f"(Settings({said}), {{{', '.join(circles)}}})"


def _mark(content: bytes, salt: bytes) -> int:
    return int.from_bytes(blake2b(content + salt, digest_size=8).digest(), "little") | 1


def occupied(field: Field, zoom: int, marks: NDArray[np.uint64]) -> OccupiedTiles:
    """Find the tiles of a zoom that may hold anything.

    Parameters
    ----------
    field : Field
        Source of the tiles.
    zoom : int
        Zoom of the tiles.
    marks : ndarray of uint64
        Result of `marks_of`.
    """
    drawn_field, drawn = as_drawn(field, zoom)
    if field.look.point_set:
        side, x, y, signatures = _squares(drawn_field, drawn)
    else:
        side, (x, y, signatures) = SIDE, _held(census_for(drawn_field, drawn), marks)
    parts = [OccupiedTiles(np.zeros(0, np.int64), np.zeros(0, np.uint64))]
    for band in _bands(drawn_field, y * side // SIDE):
        reach = _reach(drawn_field, drawn, zoom, y[band] * side // SIDE)
        axes = tuple(
            _range(place[band] * side, side, drawn, zoom, far) for place, far in zip((x, y), reach, strict=True)
        )
        parts += _tiles_reading(axes, signatures[band], zoom)
    return _summed(np.concatenate([part.numbers for part in parts]), np.concatenate([p.signatures for p in parts]))


def _squares(field: Field, zoom: int) -> tuple[int, Whole, Whole, NDArray[np.uint64]]:
    """Squares of pixels that hold points: their side in pixels, columns, rows and signatures."""
    cells = index_in(field).level(zoom + PIXELS)
    if cells is None:
        return SIDE, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64)
    column, row = unmorton(cells.code)
    middle = int(np.median(row)) // SIDE
    reach = max(margins(field, Window(SIDE * 2.0**zoom, 0, middle * SIDE, SIDE, SIDE)))
    levels = min(max((reach // _FINER).bit_length() - 1, 0), PIXELS) if reach else PIXELS
    begins = np.flatnonzero(np.diff(cells.code >> 2 * levels, prepend=-1))
    sums = np.add.reduceat(_pixel_signatures(cells, field.look.measure.reduction), begins)
    return 1 << levels, column[begins] >> levels, row[begins] >> levels, sums


def _pixel_signatures(cells: Cells, reduction: str) -> NDArray[np.uint64]:
    """Signatures of pixels, from their places and the values that the measure uses."""
    taken = {
        "count": (cells.count,), "mean": (cells.total, cells.count), "min": (cells.least,), "max": (cells.greatest,),
    }.get(reduction, (cells.total,))  # fmt: skip
    signatures = _mixed(cells.code.astype(np.uint64) + _ODD)
    for plane in taken:
        if plane is not None:
            signatures = _mixed(signatures + np.ascontiguousarray(plane).view(np.uint64) * _ODD)
    return signatures


def _bands(field: Field, rows: Whole) -> list[NDArray[np.intp]]:
    """Indices of squares by belt of latitude, from the rows of their tiles; one belt if widths are in pixels."""
    if not len(rows):
        return []
    kernel = field.look.kernel
    if kernel is None or not kernel.metres:
        return [np.arange(len(rows))]
    first = int(rows.min())
    band = (rows - first) * _BANDS // (int(rows.max()) - first + 1)
    order = np.argsort(band, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(band[order])) + 1)


def _held(
    tile_counts: TileCounts, marks: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
    """Tiles of the index with activities that count: columns, rows and signatures."""
    known = tile_counts.number < len(marks)
    mark = np.where(known, marks[np.where(known, tile_counts.number, 0)], np.uint64(0)) if len(marks) else np.zeros(0)
    counts = np.flatnonzero((mark != 0) & (tile_counts.passages > 0))
    if not len(counts):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64)
    tile = tile_counts.tile[counts]
    begins = np.flatnonzero(np.diff(tile, prepend=-1))
    parts = _mixed(mark[counts] + tile_counts.passages[counts].astype(np.uint64) * _ODD)
    sums = np.add.reduceat(parts, begins)
    x, y = tile_counts.x[tile[begins]].astype(np.int64), tile_counts.y[tile[begins]].astype(np.int64)
    return x, y, _mixed(sums + (x.astype(np.uint64) << np.uint64(32)) + y.astype(np.uint64))


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix the bits of whole numbers: the finalizer of splitmix64 (Steele, Lea and Flood 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return values ^ (values >> np.uint64(31))


def cell_signatures(local: Surroundings, zoom: int, numbers: Whole) -> NDArray[np.uint64]:
    """Signatures of the cells that decide on the colours of tiles, where a tone is local.

    Parameters
    ----------
    local : Surroundings
        Fitted cells.
    zoom : int
        Zoom of the tiles.
    numbers : ndarray of int64 (n,)
        Numbers of the tiles.

    Returns
    -------
    ndarray of uint64 (n,)
        They change when a cell does whose tone reaches the tile.
    """
    digests = (blake2b(ranks.astype("<u2").tobytes(), digest_size=8).digest() for ranks in local.ranks)
    marks = np.array([int.from_bytes(digest, "little") for digest in digests], np.uint64)
    marks = np.append(_mixed(marks + local.cells.astype(np.uint64) * _ODD), np.uint64(0))
    across, (x, y) = 1 << local.zoom, places_at(zoom, numbers)
    (left, right), (upper, lower) = (_cells_around(place, across / (1 << zoom)) for place in (x, y))
    total = np.zeros(len(numbers), np.uint64)
    for down in range(int((lower - upper).max(initial=-1)) + 1):
        for over in range(int((right - left).max(initial=-1)) + 1):
            column, row = (left + over) % across, np.clip(upper + down, 0, across - 1)
            wanted = row << 32 | column
            at = np.minimum(np.searchsorted(local.cells, wanted), max(len(local.cells) - 1, 0))
            known = (left + over <= right) & (upper + down <= lower)
            if len(local.cells):
                known &= local.cells[at] == wanted
            total += marks[np.where(known, at, len(local.cells))]
    return total


def _cells_around(tile: Whole, cells: float) -> tuple[Whole, Whole]:
    """First and last cell, along one axis, whose centres surround the pixels of tiles; `cells`: cells per tile."""
    first, last = ((tile + share) * cells - 0.5 for share in (0.5 / SIDE, 1 - 0.5 / SIDE))
    return np.floor(first).astype(np.int64), np.floor(last).astype(np.int64) + 1


def _reach(field: Field, drawn: int, zoom: int, rows: Whole) -> tuple[int, int]:
    """Columns and rows of the index, at most, that a tile reads beyond its edges."""
    # A width in metres has the most pixels farthest from the equator. Tiles beyond these rows may read them too, with
    # a wider reach still, so this is repeated until it settles: at once where widths grow slowly.
    scale, across, reach = SIDE * 2.0**drawn, 1 << drawn, (0, 0)
    for _ in range(8):
        beyond = 1 + max(reach) // SIDE
        ends = {max(int(rows.min()) - beyond, 0), min(int(rows.max()) + beyond, across - 1)}
        found = [margins(field, Window(scale, 0, row * SIDE, SIDE, SIDE)) for row in ends]
        before, reach = reach, (max(columns for columns, _ in found), max(high for _, high in found))
        if reach == before:
            break
    more = 2 if zoom > drawn else 0  # enlarging reads the neighbouring pixels
    return reach[0] + more, reach[1] + more


def _tiles_reading(
    axes: tuple[tuple[Whole, Whole], ...], signatures: NDArray[np.uint64], zoom: int
) -> list[OccupiedTiles]:
    """Tiles of a zoom that read squares of the index; `axes`: first and last column and row of the tiles of each."""
    (left, right), (top, bottom) = axes
    across = 1 << zoom
    top, bottom = np.maximum(top, 0), np.minimum(bottom, across - 1)
    wide, high = np.minimum(right - left + 1, across), np.maximum(bottom - top + 1, 0)
    step = max(1, _PAIRS // max(int((wide * high).max(initial=1)), 1))
    parts = []
    for first in range(0, len(left), step):
        some = slice(first, first + step)
        cells = wide[some] * high[some]
        source = first + np.repeat(np.arange(len(cells)), cells)
        inner = np.arange(len(source)) - np.repeat(np.cumsum(cells) - cells, cells)
        column = (left[source] + inner % wide[source]) & (across - 1)
        row = top[source] + inner // wide[source]
        parts.append(_summed(numbers_of(zoom, column, row), signatures[source]))
    return parts


def _range(pixel: Whole, side: int, drawn: int, zoom: int, reach: int) -> tuple[Whole, Whole]:
    """First and last tile of a zoom, along one axis, that reads pixels of each square of the index."""
    first, last = pixel - reach, pixel + side - 1 + reach
    if zoom >= drawn:
        return (first << (zoom - drawn)) // SIDE, ((last << (zoom - drawn)) + (1 << (zoom - drawn)) - 1) // SIDE
    return first // (SIDE << (drawn - zoom)), last // (SIDE << (drawn - zoom))


def _summed(numbers: NDArray[np.int64], signatures: NDArray[np.uint64]) -> OccupiedTiles:
    order = np.argsort(numbers, kind="stable")
    numbers = numbers[order]
    begins = np.flatnonzero(np.diff(numbers, prepend=-1))
    if not len(begins):
        return OccupiedTiles(np.zeros(0, np.int64), np.zeros(0, np.uint64))
    return OccupiedTiles(numbers[begins], np.add.reduceat(signatures[order], begins))
