"""Keys of the passage index: tile, chunk and column as one whole number.

There are three ranges of keys. Each is in the order of zoom, x, y, chunk and column.

- Pixels (column 0): from 0. The rows from which a tile is drawn are neighbours in the file.
- Columns 1 to 15: from 2**62. The columns that an activity adds to a tile go to few pages of the file.
- Columns 16 to 63: negative. These need two more bits, so zoom and x share a field: its highest bit is that of 2**zoom,
  the bits below are x.
"""

from __future__ import annotations

__all__ = [
    "CHUNKS", "DEEPEST", "NUMBERS", "chunk_of", "column_of", "key", "other_keys", "pixel_keys", "tile_number",
    "tile_of",
]  # fmt: skip

_COLUMN_BITS, _CHUNK_BITS, _TILE_BITS, _ZOOM_BITS = 4, 13, 20, 5
_Y = _COLUMN_BITS + _CHUNK_BITS
_X = _Y + _TILE_BITS
_ZOOM = _X + _TILE_BITS
_WIDE_BITS = 6
"""Bits of the column in a negative key."""
_WIDE_Y = _WIDE_BITS + _CHUNK_BITS
_WIDE_X = _WIDE_Y + _TILE_BITS

DEEPEST = 20
"""Finest zoom that an index may have, as keys hold no finer tiles."""
CHUNKS = 1 << _CHUNK_BITS
"""Most chunks of a tile."""
NUMBERS = 1 << _WIDE_BITS
"""Most columns of a chunk: their numbers are below this."""
_NARROW = 1 << _COLUMN_BITS
"""Most columns with keys that are not negative."""
_OTHERS = 1 << (_ZOOM + _ZOOM_BITS)
"""First key of columns 1 to 15."""
_WIDE = -1 << 63
"""First key of columns 16 to 63; the least number of SQLite."""
_TILE = (1 << _TILE_BITS) - 1

assert DEEPEST <= _TILE_BITS  # a tile's numbers at the finest zoom fit
assert _OTHERS == 1 << 62  # the greatest power of two that SQLite's numbers hold
assert _WIDE_X + DEEPEST + 1 <= 63  # a negative key stays negative


def key(column: int, zoom: int, x: int, y: int, chunk: int = 0) -> int:
    """Key of a column (heatlas.library.file.columns, 0 for pixels) of a chunk of a tile, from -2**63 to 2**63 - 1."""
    if column < _NARROW:
        return (_OTHERS if column else 0) | zoom << _ZOOM | x << _X | y << _Y | chunk << _COLUMN_BITS | column
    return _WIDE | (1 << zoom | x) << _WIDE_X | y << _WIDE_Y | chunk << _WIDE_BITS | column


def pixel_keys(zoom: int | None = None) -> tuple[int, int]:
    """Least and greatest key of the pixels of all tiles, or of all tiles of a zoom."""
    return (0, _OTHERS - 1) if zoom is None else (zoom << _ZOOM, (zoom + 1 << _ZOOM) - 1)


def other_keys(tile: tuple[int, int, int], chunk: int) -> tuple[int, int, int, int]:
    """Least and greatest key of columns 1 to 15 of a chunk, and of its columns 16 to 63."""
    first, wide = key(1, *tile, chunk), key(_NARROW, *tile, chunk)
    return first, first + _NARROW - 2, wide, wide + NUMBERS - _NARROW - 1


def column_of(number: int) -> int:
    """Column of a key."""
    return number & ((NUMBERS if number < 0 else _NARROW) - 1)


def chunk_of(number: int) -> int:
    """Chunk of a key."""
    return (number >> (_WIDE_BITS if number < 0 else _COLUMN_BITS)) & (CHUNKS - 1)


def tile_number(pixels: int) -> int:
    """Number that all pixels of a tile share, from the key of one of its chunks; the tile below has the next one."""
    return pixels >> _Y


def tile_of(number: int) -> tuple[int, int, int]:
    """Zoom, x and y of a key."""
    if number >= 0:
        return (number >> _ZOOM) & ((1 << _ZOOM_BITS) - 1), (number >> _X) & _TILE, (number >> _Y) & _TILE
    zoom_and_x = (number - _WIDE) >> _WIDE_X
    zoom = max(zoom_and_x.bit_length() - 1, 0)  # a damaged key gets an x of -1, which no tile has
    return zoom, zoom_and_x - (1 << zoom), (number >> _WIDE_Y) & _TILE
