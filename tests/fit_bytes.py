"""A tiny writer of FIT bytes: messages with their definitions, and the file around them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ENUM, SINT8, UINT8, SINT16, UINT16, SINT32, UINT32 = 0x00, 0x01, 0x02, 0x83, 0x84, 0x85, 0x86
STRING, FLOAT32, FLOAT64, UINT8Z, UINT16Z, UINT32Z, BYTE = 0x07, 0x88, 0x89, 0x0A, 0x8B, 0x8C, 0x0D

CODES = {
    ENUM: "B", SINT8: "b", UINT8: "B", SINT16: "h", UINT16: "H", SINT32: "i", UINT32: "I", FLOAT32: "f",
    FLOAT64: "d", UINT8Z: "B", UINT16Z: "H", UINT32Z: "I", BYTE: "B",
}  # fmt: skip

FILE_ID, SPORT, SESSION, LAP, RECORD, EVENT, WORKOUT = 0, 12, 18, 19, 20, 21, 26
ACTIVITY, CORRELATION, DEVELOPER_FIELD = 34, 162, 206

EPOCH = 631065600
NOW = 1_000_000_000
"""A device time, in September 2021."""

Field = tuple[int, int, object]
"""Number, base type, value: a number, several, text or bytes."""


def raw(base: int, value: object, order: str) -> bytes:
    """Bytes of one field."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode() + b"\0"
    values = value if isinstance(value, list | tuple) else [value]
    return b"".join(struct.pack(order + CODES[base], v) for v in values)


def define(
    number: int, fields: Iterable[Field], *, local: int = 0, big: bool = False, developer: Iterable = ()
) -> bytes:
    """Define a message with these fields; developer fields are (number, index, base, value)."""
    order = ">" if big else "<"
    fields, developer = list(fields), list(developer)
    out = bytes([0x40 | local | (0x20 if developer else 0), 0, big]) + struct.pack(order + "HB", number, len(fields))
    for field, base, value in fields:
        out += bytes([field, len(raw(base, value, order)), base])
    if developer:
        out += bytes([len(developer)])
        for field, index, base, value in developer:
            out += bytes([field, len(raw(base, value, order)), index])
    return out


def content(
    fields: Iterable[Field],
    *,
    local: int = 0,
    big: bool = False,
    developer: Iterable = (),
    since: int | None = None,
) -> bytes:
    """Make a message whose definition stands before; the time ``since`` goes into its header, compressed."""
    order = ">" if big else "<"
    head = local if since is None else 0x80 | local << 5 | since & 31
    out = bytes([head]) + b"".join(raw(base, value, order) for _, base, value in fields)
    return out + b"".join(raw(base, value, order) for _, _, base, value in developer)


def message(number: int, fields: Iterable[Field], **options) -> bytes:
    """Make a message with its definition before it."""
    fields = list(fields)
    return define(number, fields, **options) + content(fields, **options)


def semicircles(degrees: float) -> int:
    """Turn degrees into the unit of FIT."""
    return round(degrees * 2**31 / 180)


def record(
    time: int | None = NOW, lat: float | None = None, lon: float | None = None, *more: Field, **options
) -> bytes:
    """Make a record."""
    fields: list[Field] = [] if time is None else [(253, UINT32, time)]
    if lat is not None:
        fields.append((0, SINT32, semicircles(lat)))
    if lon is not None:
        fields.append((1, SINT32, semicircles(lon)))
    return message(RECORD, [*fields, *more], **options)


def file_id(kind: int = 4, *more: Field) -> bytes:
    """Make a file_id message."""
    return message(FILE_ID, [(0, ENUM, kind), *more])


def session(start: int, sport: int, sub_sport: int = 0, *more: Field) -> bytes:
    """Make a session message."""
    return message(SESSION, [(2, UINT32, start), (5, ENUM, sport), (6, ENUM, sub_sport), *more])


def timer(time: int, kind: int) -> bytes:
    """Make an event of the timer: 0 start, 1 stop, 4 stop all."""
    return message(EVENT, [(253, UINT32, time), (0, ENUM, 0), (1, ENUM, kind)], local=3)


def crc(data: bytes) -> int:
    """Checksum of FIT: CRC-16/ARC, bit by bit."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def fit(*messages: bytes, header: int = 14, size: int | None = None, checksum: int | None = None) -> bytes:
    """Make a file."""
    body = b"".join(messages)
    head = struct.pack("<BBHI4s", header, 0x20, 2100, len(body) if size is None else size, b".FIT")
    head += struct.pack("<H", crc(head)) if header == 14 else bytes(header - 12)
    return head + body + struct.pack("<H", crc(head + body) if checksum is None else checksum)
