"""List the members of tar archives in stored order, with bounded memory.

Only plain files are listed. Links, devices and folders hold nothing to read. Names are for display: no file is ever
written under one. Formats: ustar and pax (POSIX.1-2008, pax), GNU's long names and sizes, and older ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

from heatlas.core.errors import Unreadable, printable
from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Pieces", "Seeking", "Stream", "TarMember", "tar_members"]

_CUT = "the archive is damaged or cut off; what stands before that was used"
"""Warning for an archive that cannot be read to its end."""
_BLOCK = 512
_LONGEST = 1 << 20
"""Most bytes of an extended header, such as a long name; no sound one has as many."""
_PIECE = 1 << 20
_FILES = b"0\0007"
_LONG_NAME, _PAX, _SPARSE = b"L", b"x", b"S"


@frozen
class TarMember:
    """One file of an archive."""

    name: str
    """As in the archive, with forward slashes, printable."""
    offset: int
    """Position of its first byte."""
    size: int
    sparse: bool = False
    """Whether it is stored without its holes; then its stored bytes are not its content."""


class Stream(Protocol):
    """Bytes of an archive, read forwards."""

    def read(self, size: int, /) -> bytes:
        """Read `size` bytes, fewer only at the end."""

    def tell(self) -> int:
        """Return the number of bytes before the next one."""

    def skip(self, size: int, /) -> None:
        """Skip `size` bytes."""


class Seeking:
    """Stream of a seekable file of `size` bytes."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self.read, self.tell = file.read, file.tell

    def skip(self, size: int, /) -> None:
        """Skip `size` bytes."""
        self._file.seek(min(self._file.tell() + size, self._size))


class Pieces:
    """Stream of bytes that are unpacked on demand.

    Parameters
    ----------
    pieces : iterator of bytes
        The unpacked bytes.
    most : int
        Most bytes; a longer stream is refused, because it may be endless.
    """

    def __init__(self, pieces: Iterator[bytes], most: int) -> None:
        self._pieces, self._most, self._at, self._held = pieces, most, 0, memoryview(b"")

    def read(self, size: int, /) -> bytes:
        """Read `size` bytes, fewer only at the end."""
        return b"".join(self._taken(size))

    def tell(self) -> int:
        """Return the number of bytes before the next one."""
        return self._at

    def skip(self, size: int, /) -> None:
        """Skip `size` bytes."""
        for _ in self._taken(size):
            pass

    def _taken(self, size: int) -> Iterator[memoryview]:
        while size > 0:
            if not len(self._held):
                piece = next(self._pieces, None)
                if piece is None:
                    return
                self._held = memoryview(piece)
            part, self._held = self._held[:size], self._held[size:]
            size -= len(part)
            self._at += len(part)
            if self._at > self._most:
                raise Unreadable("unpacks to absurdly much, as no recording does")
            yield part


def tar_members(stream: Stream, warnings: list[str]) -> Iterator[TarMember]:
    """List the files of an archive. While one is yielded, the stream is at its first byte.

    Parameters
    ----------
    stream : Stream
        The archive, at its beginning. A member may be read in part or not at all.
    warnings : list of str
        A warning is added to it when the archive is damaged or cut off.

    Yields
    ------
    TarMember

    Raises
    ------
    Unreadable
        When the stream is longer than it may be (`Pieces`).
    """
    said: dict[str, str] = {}
    ended = True
    while len(block := stream.read(_BLOCK)) == _BLOCK:
        ended = not block.strip(b"\0")
        if ended:
            continue  # two of them end an archive; some tools append another archive
        if not _is_sound(block):
            warnings.append(_CUT)
            return
        kind, size, begin = block[156:157], _number(block[124:136]), stream.tell()
        if kind in {_LONG_NAME, _PAX}:
            data = stream.read(min(size, _LONGEST))
            said |= {"path": _text(data.rstrip(b"\0"))} if kind == _LONG_NAME else _pax(data)
        elif kind in _FILES:
            size = _whole(said.get("size", ""), size)
            name = said.get("GNU.sparse.name") or said.get("path") or _name(block)
            sparse = any(key.startswith("GNU.sparse") for key in said)
            if not name.endswith("/"):
                yield TarMember(name.replace("\\", "/"), begin, size, sparse)
            said = {}
        elif kind == _SPARSE:
            yield TarMember(said.get("path") or _name(block), begin, size, sparse=True)
            said = {}
            if block[482]:  # its other holes follow in blocks that are no headers
                while len(more := stream.read(_BLOCK)) == _BLOCK and more[504]:
                    pass
                begin = stream.tell()
        elif kind != b"g":
            said = {}
            size = 0 if kind in b"123456" else size
        end = begin + -(-size // _BLOCK) * _BLOCK
        stream.skip(end - stream.tell())
        if stream.tell() < begin + size:
            warnings.append(_CUT)
            return
    if block or not ended:  # it may have been cut off just behind a file
        warnings.append(_CUT)


def _is_sound(block: bytes) -> bool:
    total = sum(block) - sum(block[148:156]) + 8 * 32
    return _number(block[148:156]) == total


def _number(field: bytes) -> int:
    """Parse a number in octal digits, or in base 256, as GNU writes large ones."""
    if field[0] in (0x80, 0xFF):
        return int.from_bytes(field[1:], "big") if field[0] == 0x80 else 0
    digits = field.replace(b"\0", b" ").split()
    try:
        return max(int(digits[0], 8), 0) if digits else 0
    except ValueError:
        return 0


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 18 else otherwise


def _name(block: bytes) -> str:
    name = block[:100].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _text(data: bytes) -> str:
    return printable(data.decode("utf-8", "surrogateescape"))


def _pax(data: bytes) -> dict[str, str]:
    """Parse records of a length, a blank, a key, "=" and a value, up to the first damage."""
    found: dict[str, str] = {}
    while data:
        digits, _, _ = data.partition(b" ")
        length = int(digits) if digits.isdigit() and len(digits) < 8 else 0
        record = data[:length]
        key, equals, value = record[len(digits) + 1 : -1].partition(b"=")
        if not equals:
            break
        found[_text(key)] = _text(value)
        data = data[length:]
    return found
