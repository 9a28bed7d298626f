"""Compress bytes and columns with zstd.

A blob begins with a length, of which two bits say more. Columns of the index but its pixels are folded
(`heatlas.kernels.fold`), and compressed each by itself, or the small columns of a chunk as one bundle (`bundles`).
Pixels are compressed where they leap (`pixels`), with their header apart.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import SourceFailed
from heatlas.core.zstd import zstd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = [
    "SMALL", "compressed_columns", "is_marked", "is_twice_marked", "pack", "pack_folded", "pack_marked", "pack_two",
    "twice_marked", "unpack", "unpack_each", "unpack_frame", "unpack_head", "unpack_parts",
]  # fmt: skip

_LEVEL, _SHORTEST = 4, 6
"""zstd level of the index, and the least bytes that are worth a reference to where they came before. With 6 bytes in
place of the usual 3 to 5 the index is 1 to 3 % smaller. By level 3 it is 2 % larger and compressed in two thirds of the
time; by 5 it is 2 % smaller in half as much again."""
_QUICK, _REPEATS = (1, 7), (5, 4)
"""The same of folded columns, most of which hardly repeat: by level 4 they are as large, in twice the time. Metres, and
what the last part of a bundle holds, are 3 to 5 % smaller by the second, in a fifth more time than by level 4."""

SMALL = 48
"""Least bytes that are compressed; compressing fewer gains nothing."""
_HEADER = 512
"""Least bytes of a header that are compressed. Unpacking a frame costs 8 us, a third of all that adding the passes of a
chunk costs; smaller headers make a library a hundredth of a percent larger."""
_TWO, _FOLDED = 1 << 31, 1 << 30
"""Bits of a length: two blobs follow, and the length is that of the first; or the bytes have another form than before:
columns of the index then begin with their form, and positions of tracks are steps of a grid."""
_LARGEST = _FOLDED - 1


class _Kept(threading.local):
    """Compressors of a thread by level and shortest reference.

    Making one takes thrice as long as compressing the columns of a small chunk.
    """

    def __init__(self) -> None:
        self.compressors: dict[tuple[int, int], Any] = {}


_KEPT = _Kept()


def pack(data: memoryview | bytes, level: int = _LEVEL, shortest: int = 0, least: int = SMALL) -> bytes:
    """Compress bytes: four bytes with their number and zstd; or 0 and the bytes as they are, if fewer than `least`.

    `shortest` are the least bytes that are worth a reference to where they came before; 0: as usual at the level.
    """
    size = len(data)
    if size >= least:
        packed = _compressed(data, level, shortest)
        if len(packed) < size:
            return size.to_bytes(4, "little") + packed
    return _plain(data)


def _plain(data: memoryview | bytes) -> bytes:
    """Blob of bytes as they are."""
    return b"\0\0\0\0" + bytes(data)


def pack_two(header: memoryview | bytes, pixels: memoryview | bytes) -> bytes:
    """Compress the header of a chunk, and bytes of its pixels: two blobs, and the length of the first before them."""
    head = pack(header, _LEVEL, _SHORTEST) if len(header) >= _HEADER else _plain(header)
    return (_TWO | len(head)).to_bytes(4, "little") + head + pack(pixels, _LEVEL, _SHORTEST)


def pack_folded(data: memoryview | bytes, repeats: bool) -> bytes:
    """Compress a folded column; `repeats`: whether stretches of it come again."""
    return _marked(pack(data, *_how(repeats)))


def compressed_columns(data: memoryview | bytes, repeats: bool) -> memoryview | bytes:
    """One frame of zstd of some folded columns, as `pack_folded`, or the bytes as they are where it is not shorter."""
    packed = _compressed(data, *_how(repeats)) if len(data) >= SMALL else data
    return packed if len(packed) < len(data) else data


def _how(repeats: bool) -> tuple[int, int]:
    return _REPEATS if repeats else _QUICK


def twice_marked(length: int) -> bytes:
    """Length of what follows, with both bits."""
    return (_TWO | _FOLDED | length).to_bytes(4, "little")


def is_twice_marked(data: bytes) -> bool:
    """Whether a blob begins with `twice_marked`."""
    return len(data) >= 4 and data[3] & 0xC0 == 0xC0


def _marked(packed: bytes) -> bytes:
    return (_FOLDED | int.from_bytes(packed[:4], "little")).to_bytes(4, "little") + packed[4:]


def pack_marked(data: memoryview | bytes, level: int = _LEVEL, least: int = SMALL) -> bytes:
    """Compress bytes of another form than `pack` has at this place, as `is_marked` tells."""
    return _marked(pack(data, level, least=least))


def is_marked(data: bytes) -> bool:
    """Whether `pack_marked` made a blob."""
    return len(data) >= 4 and data[3] & 0xC0 == 0x40


def unpack(data: bytes) -> NDArray[np.uint8]:
    """Undo `pack`, or `pack_two`: the pixels follow their header.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    return np.frombuffer(b"".join(unpack_parts(data)), np.uint8)


def unpack_each(blobs: Iterable[bytes | None]) -> list[bytes]:
    """Undo `pack` of many blobs; None for no blob gives no bytes.

    Raises
    ------
    SourceFailed
        When any is damaged.
    """
    return [b"" if data is None else _decompressed(data) for data in blobs]


def unpack_parts(data: bytes) -> list[bytes]:
    """As `unpack`, but the header of `pack_two` and the pixels each by themselves.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    return [_decompressed(part) for part in _parts(data)]


def unpack_head(data: bytes) -> NDArray[np.uint8]:
    """Unpack the header of a chunk's pixels, which only older chunks have behind it.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    return np.frombuffer(_decompressed(_parts(data)[0]), np.uint8)


def _parts(data: bytes) -> tuple[bytes, ...]:
    """Blob, or the two blobs that it is made of."""
    size = int.from_bytes(data[:4], "little") if isinstance(data, bytes) else 0
    return (data[4 : 4 + size - _TWO], data[4 + size - _TWO :]) if size & _TWO else (data,)


def _decompressed(data: bytes) -> bytes:
    if not isinstance(data, bytes):
        raise SourceFailed("the library is damaged: a blob is none")
    size = int.from_bytes(data[:4], "little") & ~_FOLDED
    return data[4:] if size == 0 else _unpacked(memoryview(data)[4:], size)


def unpack_frame(packed: bytes, size: int) -> bytes:
    """Undo `compressed_columns`, of `size` bytes.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    return packed if len(packed) == size else _unpacked(packed, size)


def _unpacked(packed: memoryview | bytes, size: int) -> bytes:
    made = zstd()
    try:
        if size > _LARGEST:
            raise OSError("absurdly long")  # noqa: TRY301 - one place reports
        opened = made.ZstdDecompressor()
        found: bytes = opened.decompress(packed, size)
        if len(found) != size or not opened.eof or opened.unused_data:
            raise OSError("not as long as it says")  # noqa: TRY301
    except (OSError, made.ZstdError) as error:
        raise SourceFailed(f"the library is damaged: {error}") from None
    return found


def _compressed(data: memoryview | bytes, level: int, shortest: int) -> bytes:
    """Compress to one frame of zstd, with the compressor of this thread."""
    made, how = zstd(), (level, shortest)
    compressor = _KEPT.compressors.pop(how, None)
    if compressor is None:
        named = made.CompressionParameter
        compressor = made.ZstdCompressor(options={named.compression_level: level, named.min_match: shortest})
    packed: bytes = compressor.compress(data, compressor.FLUSH_FRAME)
    _KEPT.compressors[how] = compressor  # one that failed, or was interrupted, is not used again
    return packed
