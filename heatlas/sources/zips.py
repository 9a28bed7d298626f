"""Read members of ZIP archives and gzip streams; reads are bounded, stateless, and salvage the sound part."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from heatlas.core.errors import Unreadable, printable
from heatlas.core.frozen import frozen

isal_zlib: Any
try:
    from isal import isal_zlib
except ImportError:  # no wheel for this platform; the standard library takes twice the time
    isal_zlib = zlib

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BOMB", "DAMAGED", "MAX_BYTES", "Budget", "Member", "gunzip", "limit_of", "members", "read_member", "seek"]

MAX_BYTES = 1 << 30
"""Most bytes of a file that is read, packed or unpacked."""
_MAX_RATIO = 300
_SMALL = 64 << 20  # the ratio is not checked for small files
BOMB = "unpacks to absurdly much, as no recording does"
DAMAGED = "the packed data is damaged"
_LOCAL = struct.Struct("<4s5H3I2H")  # local file header, APPNOTE.TXT section 4.3.7
_ENCRYPTED, _SIZES_FOLLOW, _UTF8 = 0x1, 0x8, 0x800


class Budget:
    """Bytes that all recordings of an archive may take, by its size on disk; members not unpacked do not count."""

    def __init__(self, packed: int) -> None:
        self._left = max(_SMALL, _MAX_RATIO * packed)

    def take(self, size: int) -> None:
        """Count `size` bytes.

        Raises
        ------
        Unreadable
            When the budget is exceeded.
        """
        self._left -= size
        if self._left < 0:
            raise Unreadable(BOMB)


@frozen(kw_only=True)
class Member:
    """Position of one member of an archive; a later read needs nothing else."""

    name: str
    """Name inside the archive, with forward slashes, printable."""
    offset: int
    """Byte position of its local header in the archive."""
    packed: int
    """Packed size, bytes."""
    unpacked: int | None
    """Size after unpacking, bytes; None if the archive does not state it."""
    method: int
    """0 stored, 8 deflated, others as in APPNOTE.TXT section 4.4.5."""
    encrypted: bool = False
    formerly: str = ""
    """Name in older versions, if it differs."""


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
        The members, and a warning, empty if the archive is sound. An archive that was cut off has lost its
        directory; its members are then found by their local headers.

    Raises
    ------
    Unreadable
        When nothing was found.
    """
    warning = ""
    try:
        with zipfile.ZipFile(file) as archive:
            found = [_from_directory(info) for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, struct.error) as error:
        found = list(_scan(file, size))
        if not isinstance(error, UnicodeError):  # a name marked as UTF-8 that is not does no other harm
            warning = "the archive is damaged or cut off; its readable members were used"
        if not found:
            raise Unreadable("a damaged ZIP archive without any readable member") from None
    return _numbered(sorted(found, key=lambda member: member.name)), warning


def _numbered(found: list[Member]) -> list[Member]:
    """Number members of the same name, which are separate files."""
    seen: dict[str, int] = {}
    for k, member in enumerate(found):
        seen[member.name] = number = seen.get(member.name, 0) + 1
        if number > 1:
            found[k] = replace(member, name=f"{member.name} ({number})")
    return found


def _decoded(raw: bytes, said_utf8: bool) -> str:
    """Decode a name: as UTF-8 if it is valid, whether or not the archive says so, else as code page 437."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return printable(raw.decode("utf-8", "surrogateescape") if said_utf8 else raw.decode("cp437"))


def _from_directory(info: zipfile.ZipInfo) -> Member:
    given = info.filename.replace("\\", "/")
    name = given
    if not given.isascii() and not info.flag_bits & _UTF8:
        name = _decoded(info.filename.encode("cp437"), False).replace("\\", "/")
    return Member(
        name=printable(name),
        formerly=given if given != name else "",
        offset=info.header_offset,
        packed=info.compress_size,
        unpacked=info.file_size,
        method=info.compress_type,
        encrypted=bool(info.flag_bits & _ENCRYPTED),
    )


def _scan(file: BinaryIO, size: int) -> Iterator[Member]:
    """List members by their local headers, from the start."""
    offset = _next_header(file, 0, size)
    while offset + _LOCAL.size <= size:
        file.seek(offset)
        _, _, flags, method, _, _, _, packed, unpacked, names, extras = _LOCAL.unpack(file.read(_LOCAL.size))
        name = _decoded(file.read(names), bool(flags & _UTF8)).replace("\\", "/")
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
    """Position of the next local header at or after `start`; `size` if there is none."""
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
        Bytes after which to stop, to read only the beginning.

    Returns
    -------
    bytes, bool
        The bytes that could be unpacked, and whether they are complete.

    Raises
    ------
    Unreadable
        When it is encrypted, too large, packed in an unknown way, or nothing of it could be unpacked.
    """
    limit = limit_of(member.packed) if most is None else most
    if most is None and (member.packed > MAX_BYTES or (member.unpacked or 0) > MAX_BYTES):
        raise Unreadable("larger than 1 GiB, as no recording is")
    seek(file, member)
    raw = file.read(member.packed if most is None else min(member.packed, most))
    if member.method == zipfile.ZIP_STORED:
        return raw, len(raw) == member.packed
    if member.method != zipfile.ZIP_DEFLATED:
        return _read_unusual(file, member, limit)
    data, whole, _ = _inflate(raw, -zlib.MAX_WBITS, limit)
    if most is None and len(data) >= limit:
        raise Unreadable(BOMB)
    if not data and not whole:
        raise Unreadable(DAMAGED)
    return data, whole


def seek(file: BinaryIO, member: Member) -> None:
    """Go to the packed bytes of a member.

    Raises
    ------
    Unreadable
        When it is encrypted, or its local header is damaged.
    """
    if member.encrypted:
        raise Unreadable("encrypted with a password; unpack the archive first")
    file.seek(max(member.offset, 0))
    header = file.read(_LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        raise Unreadable("its place in the archive is damaged")
    *_, names, extras = _LOCAL.unpack(header)
    file.seek(names + extras, io.SEEK_CUR)


def limit_of(packed: int) -> int:
    """Limit of the unpacked size, bytes, of `packed` bytes."""
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
    """Unpack a gzip stream of one or several members; bytes after them are ignored.

    Returns
    -------
    bytes, bool
        The bytes that could be unpacked, and whether they are complete.

    Raises
    ------
    Unreadable
        When nothing could be unpacked, or when it unpacks to more than `limit_of` its size.
    """
    pieces: list[bytes] = []
    left, whole, rest = limit_of(len(data)), True, data
    while whole and rest[:2] == b"\x1f\x8b":
        piece, whole, rest = _inflate(rest, 16 + zlib.MAX_WBITS, left)
        pieces.append(piece)
        left -= len(piece)
        if left <= 0:
            raise Unreadable(BOMB)
    result = b"".join(pieces)
    if not result and not whole:
        raise Unreadable(DAMAGED)
    return result, whole


def _inflate(raw: bytes, wbits: int, most: int) -> tuple[bytes, bool, bytes]:
    """Unpack one stream: its bytes, whether it is complete, and the bytes after it."""
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
