"""Where a column of a chunk lies: one whole number.

Keys of pixels come first, by zoom, x, y, chunk: a tile is drawn from rows that lie together. Then come those of the
other columns, by zoom, x, y, chunk, column: what one activity adds to a tile goes to few pages of the file.
"""

from __future__ import annotations

from heatlas.library.schema import DEEPEST

__all__ = ["CHUNKS", "OTHERS", "chunk_of", "column_of", "key", "tile_of"]

_COLUMN_BITS, _CHUNK_BITS, _TILE_BITS, _ZOOM_BITS = 4, 13, 20, 5
_Y = _COLUMN_BITS + _CHUNK_BITS
_X = _Y + _TILE_BITS
_ZOOM = _X + _TILE_BITS
CHUNKS = 1 << _CHUNK_BITS
"""Chunks that a tile may have."""
OTHERS = 1 << (_ZOOM + _ZOOM_BITS)
"""First key that is not of pixels."""
_TILE = (1 << _TILE_BITS) - 1

assert DEEPEST <= _TILE_BITS  # a tile's numbers at the finest zoom fit
assert OTHERS == 1 << 62  # the greatest power of two that SQLite's numbers hold


def key(column: int, zoom: int, x: int, y: int, chunk: int = 0) -> int:
    """Key of a column (heatlas.library.columns, 0 for pixels) of a chunk of a tile; all are below 2**63."""
    return (OTHERS if column else 0) | zoom << _ZOOM | x << _X | y << _Y | chunk << _COLUMN_BITS | column


def column_of(number: int) -> int:
    """Column of a key."""
    return number & ((1 << _COLUMN_BITS) - 1)


def chunk_of(number: int) -> int:
    """Chunk of a key."""
    return (number >> _COLUMN_BITS) & (CHUNKS - 1)


def tile_of(number: int) -> tuple[int, int, int]:
    """Zoom, x and y of a key."""
    return (number >> _ZOOM) & ((1 << _ZOOM_BITS) - 1), (number >> _X) & _TILE, (number >> _Y) & _TILE
