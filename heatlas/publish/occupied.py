"""Which tiles may hold anything, and a signature of all that each is drawn from.

A library's tracks never change under one number: so what an activity adds to a tile of the index follows from its
fingerprint, from what the library hides, and from how many passages it has there. Signatures are sums over that: chunks
that are put together change none, and another filter changes those of the tiles through which other activities go.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.library.settings import read_settings, read_zones
from heatlas.publish.hilbert import numbers_of
from heatlas.tiling.fields import SIDE, as_drawn, margins
from heatlas.tiling.tiles import census_for
from heatlas.window import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.tiling.census import Census
    from heatlas.tiling.fields import Field

__all__ = ["Occupied", "marks_of", "occupied"]

_ODD = np.uint64(0x9E37_79B9_7F4A_7C15)
_CHUNK = 1 << 16
"""Tiles of the index that are looked at together, which bounds memory."""


@dataclass(frozen=True, slots=True)
class Occupied:
    """Tiles of a zoom that may hold anything: those that are drawn from a tile of the index that does."""

    numbers: NDArray[np.int64]
    """(n,) along the Hilbert curve (`heatlas.publish.hilbert`), ascending."""
    signatures: NDArray[np.uint64]
    """(n,) of what each is drawn from; they differ where that does."""


def marks_of(field: Field) -> NDArray[np.uint64]:
    """Mark each activity that counts, by number; 0: it does not. Of points, one mark of all of them at place 0."""
    stored = field.snapshot.point_sets.get(field.look.point_set)
    if stored is not None:
        return np.array([_mark(stored.digest, b"points")], np.uint64)
    with field.view.library.read() as link:
        hidden = repr((read_settings(link), read_zones(link))).encode()
        rows = link.execute("SELECT number, fingerprint FROM activities WHERE same_as IS NULL").fetchall()
    marks = np.zeros(max((number for number, _ in rows), default=-1) + 1, np.uint64)
    for number, print_ in rows:
        marks[number] = _mark(print_, hidden)
    keep = field.chosen.keep
    if keep is not None:
        kept = np.zeros(len(marks), np.bool_)
        kept[: len(keep)] = keep[: len(marks)]
        marks[~kept] = 0
    return marks


def _mark(content: bytes, salt: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content + salt, digest_size=8).digest(), "little") | 1


def occupied(field: Field, zoom: int, marks: NDArray[np.uint64]) -> Occupied:
    """Find the tiles of a zoom that may hold anything.

    Parameters
    ----------
    field : Field
        What is drawn.
    zoom : int
        Of the tiles.
    marks : ndarray of uint64
        What `marks_of` gave.
    """
    drawn_field, drawn = as_drawn(field, zoom)
    x, y, signatures = _held(census_for(drawn_field, drawn), marks)
    if not len(x):
        return Occupied(np.zeros(0, np.int64), np.zeros(0, np.uint64))
    reach = _reach(drawn_field, drawn, zoom, y)
    parts = [
        _felt(x[k : k + _CHUNK], y[k : k + _CHUNK], signatures[k : k + _CHUNK], drawn, zoom, reach)
        for k in range(0, len(x), _CHUNK)
    ]
    return _summed(np.concatenate([part.numbers for part in parts]), np.concatenate([p.signatures for p in parts]))


def _held(census: Census, marks: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
    """Tiles of the index that hold what counts: columns, rows and signatures."""
    known = census.number < len(marks)
    mark = np.where(known, marks[np.where(known, census.number, 0)], np.uint64(0)) if len(marks) else np.zeros(0)
    counts = np.flatnonzero((mark != 0) & (census.passages > 0))
    if not len(counts):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64)
    tile = census.tile[counts]
    begins = np.flatnonzero(np.diff(tile, prepend=-1))
    parts = _mixed(mark[counts] + census.passages[counts].astype(np.uint64) * _ODD)
    sums = np.add.reduceat(parts, begins)
    x, y = census.x[tile[begins]].astype(np.int64), census.y[tile[begins]].astype(np.int64)
    return x, y, _mixed(sums + (x.astype(np.uint64) << np.uint64(32)) + y.astype(np.uint64))


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter the bits of whole numbers: the finalizer of splitmix64 (Steele, Lea and Flood 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return values ^ (values >> np.uint64(31))


def _reach(field: Field, drawn: int, zoom: int, rows: NDArray[np.int64]) -> int:
    """Pixels of the index by which a tile is drawn from beyond its edges, at most."""
    # Smoothing in metres is widest, in pixels, farthest from the equator; and so is that of the tiles beyond, which it
    # makes feel these: twice is enough, as widths grow slowly.
    scale, across, reach = SIDE * 2.0**drawn, 1 << drawn, 0
    for _ in range(2):
        beyond = 1 + reach // SIDE
        ends = max(int(rows.min()) - beyond, 0), min(int(rows.max()) + beyond, across - 1)
        reach = max(max(margins(field, Window(scale, 0, row * SIDE, SIDE, SIDE))) for row in ends)
    return reach + 2 if zoom > drawn else reach  # enlarging looks at the pixels beside


def _felt(
    x: NDArray[np.int64], y: NDArray[np.int64], signatures: NDArray[np.uint64], drawn: int, zoom: int, reach: int
) -> Occupied:
    """Tiles of a zoom that are drawn from some tiles of the index."""
    (left, right), (top, bottom) = (_range(place, drawn, zoom, reach) for place in (x, y))
    top, bottom = np.maximum(top, 0), np.minimum(bottom, (1 << zoom) - 1)
    wide, high = right - left + 1, np.maximum(bottom - top + 1, 0)
    cells = wide * high
    source = np.repeat(np.arange(len(x)), cells)
    inner = np.arange(int(cells.sum())) - np.repeat(np.cumsum(cells) - cells, cells)
    column = (left[source] + inner % wide[source]) & ((1 << zoom) - 1)
    row = top[source] + inner // wide[source]
    return _summed(numbers_of(zoom, column, row), signatures[source])


def _range(place: NDArray[np.int64], drawn: int, zoom: int, reach: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last tile of a zoom, along one axis, that looks at pixels of each tile of the index."""
    first, last = place * SIDE - reach, place * SIDE + SIDE - 1 + reach
    if zoom >= drawn:
        return (first << (zoom - drawn)) // SIDE, ((last << (zoom - drawn)) + (1 << (zoom - drawn)) - 1) // SIDE
    return first // (SIDE << (drawn - zoom)), last // (SIDE << (drawn - zoom))


def _summed(numbers: NDArray[np.int64], signatures: NDArray[np.uint64]) -> Occupied:
    order = np.argsort(numbers, kind="stable")
    numbers = numbers[order]
    begins = np.flatnonzero(np.diff(numbers, prepend=-1))
    if not len(begins):
        return Occupied(np.zeros(0, np.int64), np.zeros(0, np.uint64))
    return Occupied(numbers[begins], np.add.reduceat(signatures[order], begins))
