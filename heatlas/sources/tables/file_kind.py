"""Detect the kind of a file from its content, so that it is examined once and opened accordingly."""

from __future__ import annotations

import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.errors import HeatlasError, SourceFailed, Unreadable
from heatlas.core.frozen import frozen
from heatlas.sources.formats.known import FORMATS, rows_of
from heatlas.sources.formats.xml_text import to_utf8
from heatlas.sources.sniff import GEOPACKAGES, kind
from heatlas.sources.sqlite_head import LIBRARY_ID, in_use, read_head

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator
    from typing import BinaryIO

    from heatlas.sources.sqlite_head import Head
    from heatlas.sources.tables.streams import Source

__all__ = [
    "RECORDINGS", "TABLES", "TEXTS", "VECTORS", "FileKind", "holds", "kind_of_content", "look_at", "plain_ending",
]  # fmt: skip

RECORDINGS = frozenset(FORMATS)
VECTORS = frozenset({"geopackage", "shapefile", "flatgeobuf", "kml"})
TEXTS = frozenset({"csv", "json", "text"})
"""Kinds that are read as a stream of text."""
TABLES = VECTORS | {"workbook", "csv", "json", "parquet", "arrow", "sqlite", "duckdb"}
_HEAD = 1 << 16
_OVERLAP = 256
"""Bytes of a piece that are searched again with the next one: a pattern may lie on the border."""


@frozen
class FileKind:
    """Kind of a file, by its content."""

    name: str
    """Result of `heatlas.sources.sniff.kind` for the unpacked content, or "workbook"."""
    text: Source | None = None
    """Source with the beginning of the content, if it was read for detection."""
    is_library: bool = False
    """Whether it is a library of heatlas, and so not a table."""


def look_at(path: Path) -> FileKind:
    """Detect the kind of a file, or of the one table that is packed in it.

    Raises
    ------
    SourceFailed
        When it cannot be opened.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe may block, and its bytes can be read only once
            raise SourceFailed(f"{path} cannot be read: it is not a regular file")
        # A database that may be open in this process must not be opened by hand.
        if in_use(path) and (asked := read_head(path)) is not None:
            geopackage = asked.application_id.to_bytes(4, "big", signed=True) in GEOPACKAGES
            return FileKind("geopackage" if geopackage else "sqlite", is_library=_is_library(asked))
        with path.open("rb") as file:
            found = _look_into(file, path)
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        raise SourceFailed(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if found.name == "sqlite" and found.text is None:
        with suppress(SourceFailed):
            return FileKind("sqlite", is_library=_is_library(read_head(path)))
    return found


def _is_library(head: Head | None) -> bool:
    return head is not None and head.application_id == LIBRARY_ID


def _look_into(file: BinaryIO, path: Path) -> FileKind:
    from heatlas.sources.tables.streams import file_source, zipped_table

    found = kind(file.read(_HEAD))
    if found in {"zip", "office", "unknown"}:
        from heatlas.sources.tables.files.excel import is_workbook

        if is_workbook(file):
            return FileKind("workbook")
    if found == "zip" and zipped_table(file) is None:
        return FileKind("zip")
    if rows_of(found) not in {"gzip", "zip", "unknown", *TEXTS}:
        return FileKind(found)
    file.seek(0)
    text = file_source(path, file)
    return FileKind(kind_of_content(text.head), text)


def holds(path: Path, pattern: re.Pattern[bytes]) -> bool:
    """Whether a pattern occurs in a file, as UTF-8 and unpacked; of a ZIP archive, in one of its KML files.

    Once the pattern is found nothing more is read. What cannot be read does not hold it.
    """
    from heatlas.sources.tables.streams import encoding_of, file_source, transcoded, zipped_table

    try:
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04" and zipped_table(file) is None:
                return any(_found_in(iter([data]), pattern) for data in _zipped_maps(file))
        source = file_source(path)
        encoding, _ = encoding_of(source.head)
        pieces = source.open([])
        return _found_in(pieces if encoding == "utf-8" else transcoded(pieces, encoding), pattern)
    except (OSError, HeatlasError):
        return False


def _zipped_maps(file: BinaryIO) -> Iterator[bytes]:
    from heatlas.sources.zips import members, read_member

    for member in members(file, file.seek(0, 2))[0]:
        if member.name.lower().endswith(".kml"):
            with suppress(Unreadable):
                yield to_utf8(read_member(file, member)[0])


def _found_in(pieces: Iterator[bytes], pattern: re.Pattern[bytes]) -> bool:
    before = b""
    for piece in pieces:
        if pattern.search(before + piece):
            return True
        before = piece[-_OVERLAP:]
    return False


def kind_of_content(head: bytes) -> str:
    """Detect the kind of unpacked content, including Arrow streams and UTF-16 text without a byte-order mark."""
    from heatlas.sources.tables.streams import encoding_of

    found = kind(head)
    if found == "unknown" and head.startswith(b"\xff\xff\xff\xff"):
        return "arrow"  # a stream: its only signature is this mark before each message
    encoding, _ = encoding_of(head)
    return kind(head.decode(encoding, "replace").encode()) if found == "unknown" and encoding != "utf-8" else found


def plain_ending(path: Path) -> str:
    """Ending of a name, ignoring .gz and .zip."""
    name = path.name.lower()
    return Path(name.removesuffix(".gz").removesuffix(".zip")).suffix
