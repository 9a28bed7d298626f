"""What kind of table, if any, a file is: looked at once, and opened by what was seen."""

from __future__ import annotations

import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed
from heatlas.sources.sniff import GEOPACKAGES, kind
from heatlas.sources.sqlite_head import LIBRARY_ID, in_use, read_head

if TYPE_CHECKING:
    from typing import BinaryIO

    from heatlas.sources.sqlite_head import Head
    from heatlas.sources.tables.streams import Source

__all__ = ["RECORDINGS", "TABLES", "TEXTS", "VECTORS", "FileKind", "kind_of_content", "look_at", "plain_ending"]

RECORDINGS = frozenset({"fit", "gpx", "tcx"})
VECTORS = frozenset({"geopackage", "shapefile", "flatgeobuf", "kml"})
TEXTS = frozenset({"csv", "json", "text"})
"""Kinds that are read as a stream of text."""
TABLES = VECTORS | {"workbook", "csv", "json", "parquet", "arrow", "sqlite", "duckdb"}
_HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is, by its content."""

    name: str
    """As `heatlas.sources.sniff.kind` says it, of what is packed in the file; or "workbook"."""
    text: Source | None = None
    """What it begins with, where that was read to find out."""
    is_library: bool = False
    """Whether it is a library of heatlas, and so no table."""


def look_at(path: Path) -> FileKind:
    """Open a file, tell what it is, also inside of what is packed around one table, and close it.

    Raises
    ------
    SourceFailed
        When it cannot be opened.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # to open a pipe may block, and what was read of it is gone
            raise SourceFailed(f"{path} cannot be read: it is not a regular file")
        # A database that may be open in this process must not be opened by hand.
        if in_use(path) and (asked := read_head(path)) is not None:
            geopackage = asked.application_id.to_bytes(4, "big", signed=True) in GEOPACKAGES
            return FileKind("geopackage" if geopackage else "sqlite", is_library=_is_library(asked))
        with path.open("rb") as file:
            found = _look_into(file, path)
    except (OSError, ValueError) as error:  # a name with a NUL byte is no name
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
    if found not in {"gzip", "zip", "unknown", *TEXTS}:
        return FileKind(found)
    file.seek(0)
    text = file_source(path, file)
    return FileKind(kind_of_content(text.head), text)


def kind_of_content(head: bytes) -> str:
    """Tell the kind of unpacked content, also of Arrow streams, and of text in UTF-16 without a byte-order mark."""
    from heatlas.sources.tables.streams import encoding_of

    found = kind(head)
    if found == "unknown" and head.startswith(b"\xff\xff\xff\xff"):
        return "arrow"  # a stream, which has no signature but this mark before each message
    encoding, _ = encoding_of(head)
    return kind(head.decode(encoding, "replace").encode()) if found == "unknown" and encoding != "utf-8" else found


def plain_ending(path: Path) -> str:
    """Ending of a name, without that of a packed file."""
    name = path.name.lower()
    return Path(name.removesuffix(".gz").removesuffix(".zip")).suffix
