"""Folded columns of a chunk as rows of the index hold them: each by itself, or those of a small chunk as one bundle.

One row is written, read and compared with its digest faster than many. A bundle is compressed in a few parts, of
columns whose bytes are alike: what compresses one part well does not compress another. Reading a column unpacks the
part that it is in.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed
from heatlas.library.file.columns import AMOUNTS, COLUMNS, VALUES
from heatlas.library.file.packing import (
    compressed_columns,
    is_marked,
    is_twice_marked,
    pack_folded,
    twice_marked,
    unpack_frame,
    unpack_parts,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

__all__ = ["BUNDLE", "BUNDLED", "bundled", "pack_bundle", "pack_column", "unpack_columns"]

BUNDLE = 15
"""Number of the column that bundles all columns of a small chunk but the pixels, as one query is cheaper than many."""
BUNDLED = 1 << 15
"""Most uncompressed bytes of columns that are bundled. Fewer rows are written and digested faster; reading one column
unpacks at most this much in vain."""
assert BUNDLE not in COLUMNS.values()

_METRES = AMOUNTS["metres"][0]
_APART = ((AMOUNTS["seconds"][0],), (_METRES,), tuple(VALUES[name].column for name in ("pace", "speed")))
"""Columns of the first parts of a bundle. All others are in the last part."""
_PART_OF = {column: k for k, columns in enumerate(_APART) for column in columns}
_BEGINS = 128
"""Bit of a column's number that says that a part begins."""


def bundled(columns: Mapping[int, bytes]) -> bool:
    """Whether columns are stored as one bundle."""
    return len(columns) > 1 and sum(map(len, columns.values())) <= BUNDLED


def pack_column(column: int, data: memoryview | bytes) -> bytes:
    """Compress a folded column, or a bundle as `heatlas.kernels.join` writes it."""
    return pack_bundle(_columns_in(data)) if column == BUNDLE else pack_folded(data, column == _METRES)


def pack_bundle(columns: Iterable[tuple[int, memoryview | bytes]]) -> bytes:
    """Compress the folded columns of a small chunk: a head, and a frame of zstd or the bytes as they are for each part.

    The head is a byte with the number of columns; for each of them a byte with its number, of which the highest bit is
    set where a part begins, and two bytes with its length; and for each part two bytes with its packed length.
    """
    parts: list[list[tuple[int, memoryview | bytes]]] = [[] for _ in range(len(_APART) + 1)]
    for column, data in columns:
        parts[_PART_OF.get(column, -1)].append((column, data))
    entries, frames = [], []
    for part in parts:
        begins = _BEGINS
        for column, data in part:
            entries += [column | begins, len(data)]
            begins = 0
        if part:
            joined = b"".join([data for _, data in part]) if len(part) > 1 else part[0][1]
            frames.append(compressed_columns(joined, part is parts[-1] or part[0][0] == _METRES))
    head = struct.pack(f"<B{'BH' * (len(entries) // 2)}{len(frames)}H", len(entries) // 2, *entries, *map(len, frames))
    return twice_marked(len(head)) + b"".join((head, *frames))


def unpack_columns(
    rows: Iterable[tuple[int, bytes]], wanted: Collection[int] | None = None
) -> dict[int, tuple[bytes, bool]]:
    """Unpack the rows of a chunk's columns, by the column or BUNDLE; of a bundle by default all columns.

    Returns
    -------
    dict of int to (bytes, bool)
        Column -> its bytes, and whether they are folded.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    columns: dict[int, tuple[bytes, bool]] = {}
    for column, data in rows:
        if column == BUNDLE and is_twice_marked(data):
            columns.update((number, (part, True)) for number, part in _in_parts(data, wanted))
            continue
        found, folded = b"".join(unpack_parts(data)), is_marked(data)
        if column == BUNDLE:
            columns.update(
                (number, (bytes(part), folded))
                for number, part in _columns_in(found)
                if wanted is None or number in wanted
            )
        else:
            columns[column] = found, folded
    return columns


def _columns_in(bundle: memoryview | bytes) -> Iterator[tuple[int, memoryview | bytes]]:
    """Columns of a bundle in one piece: their count, then number and length of each, then their bytes."""
    count = int.from_bytes(bundle[:4], "little") if len(bundle) >= 4 else 0
    at = 4 + 8 * count
    if at > len(bundle):
        raise SourceFailed("the library is damaged: columns are cut off")
    for column, length in struct.iter_unpack("<II", bundle[4:at]):
        yield column, bundle[at : at + length]
        at += length


def _in_parts(data: bytes, wanted: Collection[int] | None) -> Iterator[tuple[int, bytes]]:
    """Columns of what `pack_bundle` wrote; parts without any that is wanted are not unpacked."""
    parts: list[list[tuple[int, int]]] = []
    end = 5 + 3 * (data[4] if len(data) > 4 else 0)
    for column, length in struct.iter_unpack("<BH", data[5:end]) if end <= len(data) else ():
        if column & _BEGINS or not parts:
            parts.append([])
        parts[-1].append((column & ~_BEGINS, length))
    at = end + 2 * len(parts)
    if not parts or at > len(data):
        raise SourceFailed("the library is damaged: columns are cut off")
    for part, (packed,) in zip(parts, struct.iter_unpack("<H", data[end:at]), strict=True):
        if wanted is None or any(column in wanted for column, _ in part):
            begin, found = 0, unpack_frame(data[at : at + packed], sum(length for _, length in part))
            for column, length in part:
                if wanted is None or column in wanted:
                    yield column, found[begin : begin + length]
                begin += length
        at += packed
