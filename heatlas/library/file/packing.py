"""Compress columns with zstd: each by itself, or the small columns of a chunk as one bundle."""

from __future__ import annotations

import itertools
import struct
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import SourceFailed
from heatlas.core.zstd import zstd
from heatlas.library.file.columns import COLUMNS, PIXELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = ["BUNDLE", "BUNDLED", "LEVEL", "pack", "pack_columns", "unpack", "unpack_bytes", "unpack_columns"]

BUNDLE = 15
"""Number of the column that bundles all columns of a small chunk but the pixels, as one query is cheaper than many."""
BUNDLED = 1 << 15
"""Most uncompressed bytes of columns that are bundled. Fewer rows are written and digested faster; reading one column
unpacks at most this much in vain."""
LEVEL = 5
"""zstd level; by 4 a library is 3 % larger and compressed in two thirds of the time, by 6 it is 2 % smaller in half as
much again."""
assert BUNDLE not in COLUMNS.values()

_SMALL = 48
"""Least bytes that are compressed; compressing fewer gains nothing."""
_LARGEST = 1 << 30


class _Kept(threading.local):
    """Compressors of a thread by level: making one takes thrice as long as compressing the columns of a small chunk."""

    def __init__(self) -> None:
        self.compressors: dict[int, Any] = {}


_KEPT = _Kept()


def pack(data: memoryview | bytes, level: int = LEVEL) -> bytes:
    """Compress bytes: four bytes with their number and zstd; or 0 and the bytes as they are."""
    size = len(data)
    if size >= _SMALL:
        packed = _compressed(data, level)
        if len(packed) < size:
            return size.to_bytes(4, "little") + packed
    return b"\0\0\0\0" + bytes(data)


def unpack(data: bytes) -> NDArray[np.uint8]:
    """Undo `pack`.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    return np.frombuffer(_decompressed(data), np.uint8)


def _decompressed(data: bytes) -> bytes:
    if not isinstance(data, bytes):
        raise SourceFailed("the library is damaged: a blob is none")
    size = int.from_bytes(data[:4], "little")
    if size == 0:
        return data[4:]
    made = zstd()
    try:
        if size > _LARGEST:
            raise OSError("absurdly long")  # noqa: TRY301 - one place reports
        opened = made.ZstdDecompressor()
        found: bytes = opened.decompress(memoryview(data)[4:], size)
        if len(found) != size or not opened.eof or opened.unused_data:
            raise OSError("not as long as it says")  # noqa: TRY301
    except (OSError, made.ZstdError) as error:
        raise SourceFailed(f"the library is damaged: {error}") from None
    return found


def _compressed(data: memoryview | bytes, level: int) -> bytes:
    """Compress to one frame of zstd, with the compressor of this thread."""
    made = zstd().ZstdCompressor
    compressor = _KEPT.compressors.pop(level, None) or made(level=level)
    packed: bytes = compressor.compress(data, made.FLUSH_FRAME)
    _KEPT.compressors[level] = compressor  # one that failed, or was interrupted, is not used again
    return packed


def pack_columns(columns: Mapping[int, bytes], level: int = LEVEL) -> list[tuple[int, bytes]]:
    """Compress the columns of a chunk, the pixels first; small others as one bundle.

    Returns
    -------
    list of (int, bytes)
        Number of the column, or BUNDLE, and the bytes of its row.
    """
    packed = [(PIXELS, pack(columns[PIXELS], level))]
    others = {column: data for column, data in columns.items() if column != PIXELS}
    sizes = list(map(len, others.values()))
    if len(others) < 2 or sum(sizes) > BUNDLED:
        return packed + [(column, pack(data, level)) for column, data in others.items()]
    # Count of columns, then number and length of each, then their bytes.
    head = itertools.chain((len(others),), *zip(others, sizes, strict=True))
    bundle = b"".join((struct.pack(f"<{1 + 2 * len(others)}I", *head), *others.values()))
    return [*packed, (BUNDLE, pack(bundle, level))]


def unpack_columns(rows: Iterable[tuple[int, bytes]]) -> dict[int, NDArray[np.uint8]]:
    """Undo `pack_columns`.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    return {column: np.frombuffer(data, np.uint8) for column, data in unpack_bytes(rows).items()}


def unpack_bytes(rows: Iterable[tuple[int, bytes]]) -> dict[int, bytes]:
    """Undo `pack_columns`, as bytes.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    columns: dict[int, bytes] = {}
    for column, data in rows:
        found = _decompressed(data)
        columns |= _unbundled(found) if column == BUNDLE else {column: found}
    return columns


def _unbundled(bundle: bytes) -> dict[int, bytes]:
    count = int.from_bytes(bundle[:4], "little") if len(bundle) >= 4 else 0
    at = 4 + 8 * count
    if at > len(bundle):
        raise SourceFailed("the library is damaged: columns are cut off")
    columns = {}
    for column, length in struct.iter_unpack("<II", bundle[4:at]):
        columns[column] = bundle[at : at + length]
        at += length
    return columns
