"""Detect the kind of a file from its content, so that it is examined once and opened accordingly."""

from __future__ import annotations

import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed
from heatlas.sources.formats.known import FORMATS, rows_of
from heatlas.sources.sniff import GEOPACKAGES, kind
from heatlas.sources.sqlite_head import LIBRARY_ID, in_use, read_head

if TYPE_CHECKING:
    from typing import BinaryIO

    from heatlas.sources.sqlite_head import Head
    from heatlas.sources.tables.streams import Source

__all__ = ["RECORDINGS", "TABLES", "TEXTS", "VECTORS", "FileKind", "kind_of_content", "look_at", "plain_ending"]

RECORDINGS = frozenset(FORMATS)
VECTORS = frozenset({"geopackage", "shapefile", "flatgeobuf", "kml"})
TEXTS = frozenset({"csv", "json", "text"})
"""Kinds that are read as a stream of text."""
TABLES = VECTORS | {"workbook", "csv", "json", "parquet", "arrow", "sqlite", "duckdb"}
_HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
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
        from heatlas.sources.tables.excel import is_workbook

        if is_workbook(file):
            return FileKind("workbook")
    if found == "zip" and zipped_table(file) is None:
        return FileKind("zip")
    if rows_of(found) not in {"gzip", "zip", "unknown", *TEXTS}:
        return FileKind(found)
    file.seek(0)
    text = file_source(path, file)
    return FileKind(kind_of_content(text.head), text)


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
