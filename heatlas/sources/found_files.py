"""A file that may be a recording, and where it was found."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.batch import Unread
from heatlas.core.errors import Unreadable
from heatlas.core.frozen import frozen
from heatlas.sources.blobs import Blob, Distant, Shelf
from heatlas.sources.formats.known import FORMATS
from heatlas.sources.formats.planned import ROUTES, only_planned
from heatlas.sources.sheets.kinds import STRAVA
from heatlas.sources.sniff import kind
from heatlas.sources.zips import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from heatlas.sources.blobs import Content
    from heatlas.sources.sheets.kinds import Sheet
    from heatlas.sources.zips import Budget

__all__ = ["MANY", "At", "Entry", "Walk", "is_clutter", "is_large", "no_routes", "read_blob"]

MANY = 1 << 26
"""Bytes from which content stays where it is, if its format allows that."""
_HEAD = 1 << 16
_CLUTTER = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})


@frozen
class Entry:
    """One file that may be a recording; its content is read on demand."""

    name: str
    """Path, with members of archives after a slash, printable."""
    read: Callable[[], Content]
    """Returns the stored bytes, possibly still packed: see `heatlas.sources.archive.unpack`; `Distant` where they are
    many, not packed, and of a format whose reader takes them so. Usable from any thread or forked process. Raises
    Unreadable."""
    size: int
    """Bytes on disk, for progress."""
    place: Path = field(default_factory=Path)
    """The file on disk that contains it."""
    formerly: str = ""
    """Name in older versions, if it differs."""
    planned: bool = False
    """Whether it lies where exports keep planned routes."""
    changed: int = 0
    """When a file in a bucket was changed, nanoseconds since 1970; 0: `place` says it."""


@dataclass(slots=True)
class Walk:
    """State of a search for files."""

    tables: list[Sheet]
    shelf: Shelf = field(default_factory=Shelf)
    routes: bool = False
    """Whether planned routes are listed, too."""
    parts: dict[str, Blob] = field(default_factory=dict)
    """Name of each member of an archive that may be part of a Shapefile -> its bytes."""


@frozen
class At:
    """Position of a file in archives."""

    place: Path
    """The file on disk."""
    budget: Budget
    depth: int = 0
    """Number of archives around it."""


def is_clutter(name: str) -> bool:
    """Tell whether a part of a path was made by a system, not by a person."""
    return (name.startswith(".") and name not in {".", ".."}) or name in _CLUTTER


def no_routes(found: list[Entry | Unread], tables: list[Sheet], routes: bool) -> list[Entry | Unread]:
    """Leave out the planned routes of Strava exports, in a folder beside the table; with `routes` mark them."""
    roots = {f"{table.root}routes" for table in tables if table.kind == STRAVA}
    return [
        _planned(item, routes) if isinstance(item, Entry) and item.name.rpartition("/")[0] in roots else item
        for item in found
    ]


def _planned(entry: Entry, routes: bool) -> Entry | Unread:
    if routes:
        return replace(entry, planned=True)
    return Unread(file=entry.name, reason=only_planned(), failed=False, kind=ROUTES)


def is_large(head: bytes) -> bool:
    """Whether files of this format may be larger than memory."""
    found = FORMATS.get(kind(head))
    return found is not None and found.large


def read_blob(blob: Blob) -> Content:
    """Read a whole recording, or leave it where it is if it is long and its reader takes it so.

    Raises
    ------
    Unreadable
        When it cannot be opened, or is larger than any recording.
    """
    try:
        if blob.size > MANY and is_large(blob.head(_HEAD)):
            return Distant(blob)
        if blob.size > MAX_BYTES:
            raise Unreadable("larger than 1 GiB, as no recording is")
        with blob.opened() as file:
            return file.read(blob.size)
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror or error}") from None
