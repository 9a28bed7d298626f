"""Members of ZIP archives and gzip streams: bounded, stateless reads that salvage what is sound."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from heatlas.errors import Unreadable

isal_zlib: Any
try:
    from isal import isal_zlib
except ImportError:  # no wheel for this platform; the standard library takes twice the time
    isal_zlib = zlib

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_BYTES", "Member", "gunzip", "members", "read_member"]

MAX_BYTES = 1 << 30
"""No file is read that is larger than this, packed or unpacked."""
_MAX_RATIO = 300
_SMALL = 64 << 20  # a ratio says nothing about small files
_BOMB = "unpacks to absurdly much, as no recording does"
_DAMAGED = "the packed data is damaged"
_LOCAL = struct.Struct("<4s5H3I2H")  # local file header, APPNOTE.TXT section 4.3.7
_ENCRYPTED, _SIZES_FOLLOW, _UTF8 = 0x1, 0x8, 0x800


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Where one member of an archive lies; all that a later read needs."""

    name: str
    """Name inside the archive, with forward slashes."""
    offset: int
    """Byte position of its local header in the archive."""
    packed: int
    """Packed size, bytes."""
    unpacked: int | None
    """Size after unpacking, bytes; None when the archive does not say."""
    method: int
    """0 stored, 8 deflated, others as in APPNOTE.TXT section 4.4.5."""
    encrypted: bool = False


def members(file: BinaryIO, size: int) -> tuple[list[Member], str]:
    """List the members of an archive, sorted by name, without folders.

    Parameters
    ----------
    file : binary file
        The archive, seekable.
    size : int
        Its length, bytes.

    Returns
    -------
    list of Member, str
        And a warning, empty when the archive is sound. An archive that was cut off has lost its directory:
        its members are then found by their local headers.

    Raises
    ------
    Unreadable
        When nothing was found, or when the archive claims to unpack to absurdly much.
    """
    warning = ""
    try:
        with zipfile.ZipFile(file) as archive:
            found = [_from_directory(info) for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, struct.error, UnicodeError):
        found = list(_scan(file, size))
        warning = "the archive is damaged or cut off; its readable members were used"
        if not found:
            raise Unreadable("a damaged ZIP archive without any readable member") from None
    if sum(member.unpacked or 0 for member in found) > max(_SMALL, _MAX_RATIO * size):
        raise Unreadable(_BOMB)
    return sorted(found, key=lambda member: member.name), warning


def _from_directory(info: zipfile.ZipInfo) -> Member:
    return Member(
        name=info.filename.replace("\\", "/"),
        offset=info.header_offset,
        packed=info.compress_size,
        unpacked=info.file_size,
        method=info.compress_type,
        encrypted=bool(info.flag_bits & _ENCRYPTED),
    )


def _scan(file: BinaryIO, size: int) -> Iterator[Member]:
    """Walk over local headers from the start, as far as they go."""
    offset = _next_header(file, 0, size)
    while offset + _LOCAL.size <= size:
        file.seek(offset)
        _, _, flags, method, _, _, _, packed, unpacked, names, extras = _LOCAL.unpack(file.read(_LOCAL.size))
        name = file.read(names).decode("utf-8" if flags & _UTF8 else "cp437", "replace").replace("\\", "/")
        start = offset + _LOCAL.size + names + extras
        known = not flags & _SIZES_FOLLOW and packed != 0xFFFFFFFF
        end = start + packed if known else _next_header(file, start, size)
        if name and not name.endswith("/"):
            yield Member(
                name=name,
                offset=offset,
                packed=max(min(end, size) - start, 0),
                unpacked=unpacked if known else None,
                method=method,
                encrypted=bool(flags & _ENCRYPTED),
            )
        offset = _next_header(file, max(end, offset + 4), size)


def _next_header(file: BinaryIO, start: int, size: int) -> int:
    """Position of the next local header at or after `start`; `size` when there is none."""
    while start < size:
        file.seek(start)
        piece = file.read(1 << 20)
        if not piece:
            break
        at = piece.find(b"PK\x03\x04")
        if at >= 0:
            return start + at
        start += max(len(piece) - 3, 1)
    return size


def read_member(file: BinaryIO, member: Member, most: int | None = None) -> tuple[bytes, bool]:
    """Unpack one member.

    Parameters
    ----------
    file : binary file
        The archive, seekable; one for each thread.
    member : Member
        As listed by `members`.
    most : int, optional
        Bytes after which to stop, to look at the beginning alone.

    Returns
    -------
    bytes, bool
        What could be unpacked, and whether that is all of it.

    Raises
    ------
    Unreadable
        When it is encrypted, too large, packed in an unknown way, or nothing of it could be unpacked.
    """
    limit = _limit(member.packed) if most is None else most
    if member.encrypted:
        raise Unreadable("encrypted with a password; unpack the archive first")
    if member.packed > MAX_BYTES or (member.unpacked or 0) > MAX_BYTES:
        raise Unreadable("larger than 1 GiB, as no recording is")
    file.seek(max(member.offset, 0))
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        raise Unreadable("its place in the archive is damaged")
    *_, names, extras = _LOCAL.unpack(header)
    file.seek(names + extras, io.SEEK_CUR)
    raw = file.read(member.packed if most is None else min(member.packed, most))
    if member.method == zipfile.ZIP_STORED:
        return raw, len(raw) == member.packed
    if member.method != zipfile.ZIP_DEFLATED:
        return _read_unusual(file, member, limit)
    data, whole, _ = _inflate(raw, -zlib.MAX_WBITS, limit)
    if most is None and len(data) >= limit:
        raise Unreadable(_BOMB)
    if not data and not whole:
        raise Unreadable(_DAMAGED)
    return data, whole


def _limit(packed: int) -> int:
    """Bytes that so many packed bytes may unpack to."""
    return min(MAX_BYTES, max(_SMALL, _MAX_RATIO * packed)) + 1


def _read_unusual(file: BinaryIO, member: Member, most: int) -> tuple[bytes, bool]:
    """Unpack bzip2 and LZMA through the standard library."""
    try:
        with zipfile.ZipFile(file) as archive:
            info = next(i for i in archive.infolist() if i.header_offset == member.offset)
            with archive.open(info) as stream:
                data = stream.read(most)
                return data, len(data) == info.file_size
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        StopIteration,
        RuntimeError,
        OSError,
        ValueError,
        EOFError,
    ):
        raise Unreadable("packed in a way that cannot be read") from None


def gunzip(data: bytes) -> tuple[bytes, bool]:
    """Unpack a gzip stream of one or several members; what follows them is ignored.

    Returns
    -------
    bytes, bool
        What could be unpacked, and whether that is all of it.

    Raises
    ------
    Unreadable
        When nothing could be unpacked, or when it unpacks to absurdly much.
    """
    pieces: list[bytes] = []
    left, whole, rest = _limit(len(data)), True, data
    while whole and rest[:2] == b"\x1f\x8b":
        piece, whole, rest = _inflate(rest, 16 + zlib.MAX_WBITS, left)
        pieces.append(piece)
        left -= len(piece)
        if left <= 0:
            raise Unreadable(_BOMB)
    result = b"".join(pieces)
    if not result and not whole:
        raise Unreadable(_DAMAGED)
    return result, whole


def _inflate(raw: bytes, wbits: int, most: int) -> tuple[bytes, bool, bytes]:
    """Unpack one stream: the bytes, whether it is whole, and what follows it."""
    stream = isal_zlib.decompressobj(wbits)
    try:
        data = stream.decompress(raw, most)
    except (isal_zlib.error, zlib.error):
        return _salvage(raw, wbits, most), False, b""
    return data, bool(stream.eof), stream.unused_data


def _salvage(raw: bytes, wbits: int, most: int) -> bytes:
    """Unpack piece by piece up to the damage."""
    stream = zlib.decompressobj(wbits)
    pieces: list[bytes] = []
    left = most
    for start in range(0, len(raw), 256):
        try:
            piece = stream.decompress(raw[start : start + 256], left)
        except zlib.error:
            break
        pieces.append(piece)
        left -= len(piece)
        if left <= 0 or stream.eof:
            break
    return b"".join(pieces)
