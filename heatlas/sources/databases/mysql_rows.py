"""Decode rows of MySQL's prepared statements in blocks.

Format: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html. Each row is a packet:
three bytes of length, one byte of sequence, a zero, a bitmap of NULLs (from bit 2), then the values that are not NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatlas.core.frozen import frozen
from heatlas.sources.tables.columns import CRS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["END", "Column", "Malformed", "column_of", "decode_rows", "field_of", "packet_ends"]

END = frozenset({0xFE, 0xFF})
"""First byte of the packet behind the last row: the end, or an error."""

_INTEGERS = {1: 1, 2: 2, 13: 2, 3: 4, 9: 4, 8: 8}
_FLOATS = {4: pa.float32(), 5: pa.float64()}
_DATE, _DATETIMES, _TIME = 10, {7, 12}, 11
_DECIMALS, _BIT, _NULL, _GEOMETRY, _JSON = {0, 246}, 16, 6, 255, 245
_UNSIGNED, _BINARY_CHARSET = 32, 63
_HEADER, _CONTINUED = 4, 0xFFFFFF


class Malformed(Exception):
    """The bytes are not rows of MySQL's protocol."""


@frozen
class Column:
    """A column of a result."""

    name: str
    code: int
    """Type in MySQL's protocol."""
    type: pa.DataType
    """Type of the resulting array."""
    srid: bool = False
    """Whether geometries in WGS 84 carry their SRID, as others always do."""


def column_of(name: str, code: int, flags: int, charset: int) -> Column:
    """Find the Arrow type of a column from the server's description."""
    if code in _INTEGERS:
        kind = pa.from_numpy_dtype(f"{'u' if flags & _UNSIGNED else 'i'}{_INTEGERS[code]}")
    elif code in _FLOATS:
        kind = _FLOATS[code]
    elif code in _DECIMALS:
        kind = pa.float64()
    elif code == _BIT:
        kind = pa.uint64()
    elif code == _DATE:
        kind = pa.date32()
    elif code in _DATETIMES:
        kind = pa.timestamp("us")
    elif code == _TIME:
        kind = pa.duration("us")
    elif code == _NULL:
        kind = pa.null()
    else:
        binary = code == _GEOMETRY or (charset == _BINARY_CHARSET and code != _JSON)
        kind = pa.binary() if binary else pa.string()
    return Column(name, code, kind)


def field_of(column: Column) -> pa.Field:
    """Make the field of a schema; a geometry column is marked as such, whatever its name."""
    return pa.field(column.name, column.type, metadata={CRS: b""} if column.code == _GEOMETRY else None)


def packet_ends(block: bytearray, held: int) -> NDArray[np.int64]:
    """Offsets of the end of each whole packet in the first `held` bytes, up to an end or error packet."""
    if held < _HEADER + 1:
        return np.empty(0, np.int64)
    ends = _equal_ends(block, held)
    at = ends[-1] if ends else 0
    while at + _HEADER < held:
        length = block[at] | block[at + 1] << 8 | block[at + 2] << 16
        if length == _CONTINUED:
            raise Malformed("a row is longer than 16 MB: leave out the column that is so large")
        end = at + _HEADER + length
        if end > held:
            break
        ends.append(end)
        if block[at + _HEADER] in END:
            break
        at = end
    return np.array(ends, np.int64)


def _equal_ends(block: bytearray, held: int) -> list[int]:
    """Ends of the leading packets that are rows of equal length, as rows of numbers are."""
    stride = _HEADER + (block[0] | block[1] << 8 | block[2] << 16)
    count = held // stride
    if count < 2:
        return []
    heads = np.frombuffer(block, np.uint8, count * stride).reshape(count, stride)[:, : _HEADER + 1]
    same = (heads[:, :3] == heads[0, :3]).all(axis=1) & (heads[:, _HEADER] == 0)
    rows = count if same.all() else int(np.argmin(same))
    return list(range(stride, rows * stride + 1, stride))


def decode_rows(
    data: NDArray[np.uint8], ends: NDArray[np.int64], columns: Sequence[Column], wanted: Sequence[bool]
) -> pa.RecordBatch:
    """Decode rows.

    Parameters
    ----------
    data
        The packets, one after the other from the first byte, and at least eight more bytes.
    ends
        (n,) offsets of the ends of the packets.
    columns
        All columns of the result.
    wanted
        Whether the batch has each of the columns.

    Raises
    ------
    Malformed
        When a row does not end where its packet ends.
    """
    starts = np.concatenate(([0], ends[:-1])) + _HEADER
    if data[starts].any():
        raise Malformed("the server sends something that is no row")
    at = starts + 1 + (len(columns) + 9) // 8
    arrays = []
    for number, (column, take) in enumerate(zip(columns, wanted, strict=True)):
        bit = number + 2
        null = (data[np.minimum(starts + 1 + bit // 8, len(data) - 1)] >> (bit % 8) & 1).astype(bool)
        if column.code in _INTEGERS or column.code in _FLOATS:
            size = _INTEGERS.get(column.code) or column.type.bit_width // 8
            if take:
                arrays.append(_numbers(data, at, size, null, column.type))
            at = at + np.where(null, 0, size)
        elif column.code == _NULL:
            if take:
                arrays.append(pa.nulls(len(ends)))
        else:
            first, length = _lengths(data, at, null)
            at = np.where(null, at, first + length)
            if (at > ends).any():
                break
            if take:
                arrays.append(_array(data, first, length, null, column))
    if (at != ends).any():
        raise Malformed("the server sends rows that do not hold what it announced")
    names = [column.name for column, take in zip(columns, wanted, strict=True) if take]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _words(data: NDArray[np.uint8], at: NDArray[np.int64], size: int) -> NDArray[np.generic]:
    """Little-endian unsigned numbers of `size` bytes at offsets that need not be aligned."""
    windows = np.ndarray((len(data) - size + 1,), f"<u{size}", data, strides=(1,))
    return windows[np.minimum(at, len(windows) - 1)]


def _numbers(
    data: NDArray[np.uint8], at: NDArray[np.int64], size: int, null: NDArray[np.bool_], kind: pa.DataType
) -> pa.Array:
    values = _words(data, at, size).view(kind.to_pandas_dtype())
    return pa.array(values, kind, mask=null if null.any() else None)


def _lengths(
    data: NDArray[np.uint8], at: NDArray[np.int64], null: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offset and length of values with a length prefix: one byte, or 0xFC and 2 bytes, or 0xFD and 3 bytes."""
    head = _words(data, at, 1).astype(np.int64)
    long = head > 0xFA
    length, first = head, at + 1
    if long.any():
        wide = _words(data, at + 1, 4).astype(np.int64)
        length = np.where(head == 0xFC, wide & 0xFFFF, np.where(head == 0xFD, wide & 0xFFFFFF, head))
        first = at + np.where(head == 0xFC, 3, np.where(head == 0xFD, 4, 1))
    return first, np.where(null, 0, length)


def _array(
    data: NDArray[np.uint8],
    first: NDArray[np.int64],
    length: NDArray[np.int64],
    null: NDArray[np.bool_],
    column: Column,
) -> pa.Array:
    if column.code == _DATE or column.code in _DATETIMES:
        return _dates(data, first, length, null).cast(column.type)
    if column.code == _TIME:
        return _times(data, first, length, null)
    texts = _texts(data, first, length, null)
    if column.code in _DECIMALS:
        return pc.cast(texts.cast(pa.string()), pa.float64())
    if column.code == _BIT:
        numbers = [None if value is None else int.from_bytes(value, "big") for value in texts.to_pylist()]
        return pa.array(numbers, pa.uint64())
    if column.code == _GEOMETRY:
        return pa.array(
            [None if value is None else _wkb(value, column.srid) for value in texts.to_pylist()], pa.binary()
        )
    return texts.cast(column.type)


def _wkb(value: bytes, always: bool) -> bytes:
    """Convert MySQL's form of a geometry, four bytes of SRID and WKB, to WKB or EWKB.

    The SRID of WGS 84 (4326) is written only with `always`.
    """
    srid, wkb = int.from_bytes(value[:4], "little"), value[4:]
    if srid == 0 or (srid == 4326 and not always) or len(wkb) < 5 or wkb[0] != 1:
        return wkb
    kind = int.from_bytes(wkb[1:5], "little") | 0x20000000
    return b"\x01" + kind.to_bytes(4, "little") + srid.to_bytes(4, "little") + wkb[5:]


def _texts(
    data: NDArray[np.uint8], first: NDArray[np.int64], length: NDArray[np.int64], null: NDArray[np.bool_]
) -> pa.BinaryArray:
    offsets = np.zeros(len(length) + 1, np.int64)
    np.cumsum(length, out=offsets[1:])
    if offsets[-1] > np.iinfo(np.int32).max:
        raise Malformed("a block of rows holds more than 2 GB of text")
    places = np.repeat(first - offsets[:-1], length) + np.arange(offsets[-1])
    valid = None if not null.any() else pa.py_buffer(np.packbits(~null, bitorder="little"))
    buffers = [valid, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(data[places])]
    return pa.Array.from_buffers(pa.binary(), len(length), buffers)


def _dates(
    data: NDArray[np.uint8], first: NDArray[np.int64], length: NDArray[np.int64], null: NDArray[np.bool_]
) -> pa.Array:
    """Microseconds since 1970; dates with a zero for month or day are NULL, as no calendar has them."""
    year = _words(data, first, 2).astype(np.int64)
    month, day = (_words(data, first + offset, 1).astype(np.int64) for offset in (2, 3))
    nothing = null | (length < 4) | (month == 0) | (day == 0) | (month > 12)
    months = np.where(nothing, 0, (year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(nothing, 0, day - 1)
    seconds = np.where(length >= 7, _clock(data, first + 4), 0)
    micros = np.where(length >= 11, _words(data, first + 7, 4).astype(np.int64), 0)
    moments = days.astype("datetime64[us]") + np.where(nothing, 0, seconds * 1_000_000 + micros)
    return pa.array(moments, pa.timestamp("us"), mask=nothing)


def _times(
    data: NDArray[np.uint8], first: NDArray[np.int64], length: NDArray[np.int64], null: NDArray[np.bool_]
) -> pa.Array:
    """Microseconds of a TIME, which may be negative and longer than a day: sign, days, clock, microseconds."""
    days = _words(data, first + 1, 4).astype(np.int64)
    micros = np.where(length >= 12, _words(data, first + 8, 4).astype(np.int64), 0)
    size = np.where(length >= 8, (days * 86_400 + _clock(data, first + 5)) * 1_000_000 + micros, 0)
    sign = np.where((length >= 8) & (_words(data, first, 1) != 0), -1, 1)
    return pa.array(size * sign, pa.duration("us"), mask=null)


def _clock(data: NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Seconds of the day from three bytes: hours, minutes, seconds."""
    hours, minutes, seconds = (_words(data, at + offset, 1).astype(np.int64) for offset in range(3))
    return hours * 3600 + minutes * 60 + seconds
