"""Compress columns with zstd: each by itself, or the small columns of a chunk as one bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from heatlas.core.errors import SourceFailed
from heatlas.library.columns import COLUMNS, PIXELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = ["BUNDLE", "pack", "pack_columns", "unpack", "unpack_columns"]

BUNDLE = 15
"""Number of the column that bundles all columns of a small chunk but the pixels, as one query is cheaper than many."""
_BUNDLED = 1 << 14
"""Most uncompressed bytes of columns that are bundled."""
assert BUNDLE not in COLUMNS.values()

_SMALL = 48
"""Least bytes that are compressed; compressing fewer gains nothing."""
_LARGEST = 1 << 30


def pack(data: memoryview | bytes, level: int = 3) -> bytes:
    """Compress bytes: four bytes with their number and zstd; or 0 and the bytes as they are."""
    size = len(data)
    if size >= _SMALL:
        packed: bytes = pa.Codec("zstd", compression_level=level).compress(data, asbytes=True)
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
    size = int.from_bytes(data[:4], "little")
    if size == 0:
        return np.frombuffer(data, np.uint8, offset=min(4, len(data)))
    try:
        if size > _LARGEST:
            raise OSError("absurdly long")  # noqa: TRY301 - one place reports
        return np.frombuffer(_CODEC.decompress(memoryview(data)[4:], decompressed_size=size), np.uint8)
    except (OSError, pa.ArrowException) as error:
        raise SourceFailed(f"the library is damaged: {error}") from None


_CODEC = pa.Codec("zstd")


def pack_columns(columns: Mapping[int, NDArray[np.uint8]], level: int = 3) -> list[tuple[int, bytes]]:
    """Compress the columns of a chunk, the pixels first; small others as one bundle.

    Returns
    -------
    list of (int, bytes)
        Number of the column, or BUNDLE, and the bytes of its row.
    """
    packed = [(PIXELS, pack(columns[PIXELS].data, level))]
    others = {column: data for column, data in columns.items() if column != PIXELS}
    if len(others) < 2 or sum(map(len, others.values())) > _BUNDLED:
        return packed + [(column, pack(data.data, level)) for column, data in others.items()]
    # Count of columns, then number and length of each, then their bytes.
    head = np.array([len(others), *(number for c, data in others.items() for number in (c, len(data)))], "<u4")
    bundle = b"".join([head.tobytes(), *(data.tobytes() for data in others.values())])
    return [*packed, (BUNDLE, pack(bundle, level))]


def unpack_columns(rows: Iterable[tuple[int, bytes]]) -> dict[int, NDArray[np.uint8]]:
    """Undo `pack_columns`.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    columns: dict[int, NDArray[np.uint8]] = {}
    for column, data in rows:
        found = unpack(data)
        columns |= _unbundled(found) if column == BUNDLE else {column: found}
    return columns


def _unbundled(bundle: NDArray[np.uint8]) -> dict[int, NDArray[np.uint8]]:
    count = int(bundle[:4].view("<u4")[0]) if len(bundle) >= 4 else 0
    at = 4 + 8 * count
    if at > len(bundle):
        raise SourceFailed("the library is damaged: columns are cut off")
    columns = {}
    for column, length in bundle[4:at].view("<u4").reshape(-1, 2).tolist():
        columns[column] = bundle[at : at + length]
        at += length
    return columns
