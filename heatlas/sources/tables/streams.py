"""Stream the bytes of a table: unpack gzip and ZIP, split into whole lines, convert text to UTF-8."""

from __future__ import annotations

import codecs
import io
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

from heatlas.core.errors import SourceFailed
from heatlas.core.frozen import frozen
from heatlas.sources.zips import isal_zlib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "CUT",
    "Chunks",
    "Source",
    "encoding_of",
    "file_source",
    "stream_source",
    "transcoded",
    "unpacked",
    "whole_lines",
    "zipped_table",
]

CUT = "the packed data is damaged or cut off; what stands before that was read"
"""Warning for a gzip or ZIP file that does not unpack to its end."""

_PIECE = 1 << 20
_HEAD = 1 << 18
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, as its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@frozen(kw_only=True)
class Source:
    """Source of the bytes of a table."""

    name: str
    """For messages."""
    head: bytes
    """First 256 kB or all of the content, unpacked."""
    open: Callable[[list[str]], Iterator[bytes]]
    """Stream the content from its beginning, unpacked; warnings are added to the list."""
    once: bool = False
    """Whether it can be opened only once, as standard input."""

    @property
    def whole(self) -> bool:
        """Whether `head` is the whole content."""
        return len(self.head) < _HEAD


class Chunks(io.RawIOBase):
    """Readable file over an iterator of byte strings."""

    def __init__(self, source: Iterator[bytes]) -> None:
        super().__init__()
        self._source, self._held = source, memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill a part of the buffer; 0 at the end."""
        while not len(self._held):
            piece = next(self._source, None)
            if piece is None:
                return 0
            self._held = memoryview(piece)
        n = min(len(buffer), len(self._held))
        buffer[:n], self._held = self._held[:n], self._held[n:]
        return n


def file_source(path: Path, file: BinaryIO | None = None) -> Source:
    """Make a source of a file, reading its head.

    Parameters
    ----------
    path : Path
        The file.
    file : binary file, optional
        The same file, open at its beginning; by default it is opened and closed again.

    Raises
    ------
    SourceFailed
        When it cannot be opened.
    """

    def begin(warnings: list[str]) -> Iterator[bytes]:
        try:
            with path.open("rb") as file:
                yield from unpacked(file, warnings, str(path))
        except OSError as error:
            raise SourceFailed(f"{path} cannot be read: {error.strerror or error}") from None

    pieces = begin([]) if file is None else unpacked(file, [], str(path))
    return Source(name=str(path), head=_first(pieces)[0], open=begin)


def stream_source(file: BinaryIO, name: str) -> Source:
    """Make a source of a stream that cannot be read twice, reading its head."""
    early: list[str] = []
    head, rest = _first(unpacked(file, early, name))
    waiting = [head]

    def begin(warnings: list[str]) -> Iterator[bytes]:
        if not waiting:
            raise SourceFailed(f"{name} can be read only once")
        yield waiting.pop()
        yield from rest
        warnings.extend(early)

    return Source(name=name, head=head, open=begin, once=True)


def _first(source: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Read the head of a stream; return it and the rest."""
    held: list[bytes] = []
    size = 0
    for piece in source:
        held.append(piece)
        size += len(piece)
        if size >= _HEAD:
            break
    return b"".join(held), source


def unpacked(file: BinaryIO, warnings: list[str], name: str) -> Iterator[bytes]:
    """Unpack gzip or ZIP and yield the content in pieces, up to the first damage.

    Parameters
    ----------
    file : binary file
        A ZIP archive is unpacked only if it is seekable.
    warnings : list of str
        Gets a warning when the packed data is damaged.
    name : str
        For messages.
    """
    head = file.read(4)
    if head[:2] == b"\x1f\x8b":
        return _gunzipped(_pieces(file, head), warnings)
    if head == b"PK\x03\x04" and file.seekable():
        return _unzipped(file, warnings, name)
    return _pieces(file, head)


def _pieces(file: BinaryIO, before: bytes = b"") -> Iterator[bytes]:
    """Pieces of a file, after the bytes that were read before."""
    if before:
        yield before
    while piece := file.read(_PIECE):
        yield piece


def _gunzipped(source: Iterator[bytes], warnings: list[str]) -> Iterator[bytes]:
    """Unpack gzip streams one after the other; zeros or other bytes behind the last are ignored."""
    stream = isal_zlib.decompressobj(16 + zlib.MAX_WBITS)
    for piece in source:
        rest: bytes = piece
        while rest:
            if stream.eof:
                if not rest.startswith(b"\x1f"):
                    return
                stream = isal_zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                # In steps: 1 MB may unpack to 1 GB.
                data = stream.decompress(rest, 4 * _PIECE)
            except (isal_zlib.error, zlib.error):
                warnings.append(CUT)
                return
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
            if data:
                yield data
    if not stream.eof:
        warnings.append(CUT)


def zipped_table(file: BinaryIO) -> str | None:
    """Name of the only file in a ZIP archive, or of the only shapefile if all other files belong to it.

    None when there are several, or none. Hidden files and those of macOS do not count.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError):
        return None
    names = [name for name in names if not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))]
    shapes = [name for name in names if name.lower().endswith(".shp")]
    if len(shapes) == 1 and all(name.startswith(shapes[0][:-3]) for name in names):
        return shapes[0]
    return names[0] if len(names) == 1 else None


def _unzipped(file: BinaryIO, warnings: list[str], name: str) -> Iterator[bytes]:
    inner = zipped_table(file)
    if inner is None:
        raise SourceFailed(f"{name} must hold one table and nothing else; unpack it first")
    try:
        with zipfile.ZipFile(file) as archive, archive.open(inner) as member:
            yield from _pieces(member)  # type: ignore[arg-type]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        warnings.append(CUT)


def whole_lines(source: Iterator[bytes], warnings: list[str]) -> Iterator[bytes]:
    """Regroup pieces so that each ends with a whole line; drop the last line if damage has cut it."""
    sound, held = len(warnings), b""
    for piece in source:
        end = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
        if end:
            yield held + piece[:end]
            held = piece[end:]
        else:
            held += piece
    if held and len(warnings) == sound:
        yield held


def encoding_of(head: bytes) -> tuple[str, int]:
    """Detect the encoding of text from its beginning; return it and the length of the byte-order mark.

    Without a mark: UTF-16 if zeros show it, UTF-8 if the bytes are valid UTF-8, else Windows-1252.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
    if max(even, odd) > len(head[:4096]) / 5 and min(even, odd) < max(even, odd) / 10:
        return ("utf-16-be" if even > odd else "utf-16-le"), 0
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252", 0
    return "utf-8", 0


def transcoded(source: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Convert text of another encoding to UTF-8; invalid bytes become U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for piece in source:
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()
