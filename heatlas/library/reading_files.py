"""Read a file of recordings for a library: its row of the table `files`, and what reading it gave."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.batch import COLUMNS, Batch, split
from heatlas.core.errors import Unreadable, path_name
from heatlas.core.filesystems import is_address
from heatlas.core.frozen import frozen
from heatlas.core.hashing import blake2b
from heatlas.core.resources import give_back
from heatlas.sources.archive import Entry, entries
from heatlas.sources.blobs import Distant
from heatlas.sources.reading import Outcome, read_group
from heatlas.sources.sheets.exports import find_exports
from heatlas.sources.sheets.kinds import has_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from heatlas.sources.archive import Sheet
    from heatlas.sources.sheets.exports import Exports
    from heatlas.tracks.clean import Gaps

__all__ = ["EVERY", "FileGroup", "ReadFile", "absolute_name", "changed_at", "read_again", "read_file", "said_of"]

EVERY = frozenset(COLUMNS)
_PIECE = 1 << 23
"""Bytes of which a digest is made at once."""
"""Columns that a library stores: all."""


@frozen
class ReadFile:
    """File that was read."""

    row: dict[str, Any]
    """Name, size, changed, digest and said, as in the table `files`; `number` is None for a new file."""
    outcome: Outcome | None
    """Outcome of reading; None if only the time of the file has changed, not its bytes."""

    @property
    def tracks(self) -> list[Batch]:
        """Tracks that were read, one batch each."""
        if self.outcome is None or self.outcome.tracks is None:
            return []
        return split(self.outcome.tracks, self.outcome.columns)

    def forget_tracks(self) -> None:
        """Let go of the tracks, when they are stored; what else reading gave stays."""
        if self.outcome is not None:
            self.outcome.tracks, self.outcome.columns = None, []


class FileGroup:
    """Files that were read and wait to be stored in one transaction; each is counted once, as it is added."""

    def __init__(self) -> None:
        self.files: list[ReadFile] = []
        self.activities = 0
        self.fixes = 0

    def add(self, file: ReadFile) -> None:
        """Take a file."""
        self.files.append(file)
        tracks = None if file.outcome is None else file.outcome.tracks
        if tracks is not None:
            self.activities += len(tracks)
            self.fixes += tracks.fixes


def absolute_name(name: str) -> str:
    """Name under which a library stores a file."""
    if is_address(name):
        return name
    return path_name(Path(os.path.abspath(name)))  # noqa: PTH100 - the name of a member is no path


def changed_at(place: Path) -> int:
    """Time at which a file, or the archive that holds it, was changed: nanoseconds since 1970, 0 if unknown."""
    with suppress(OSError):
        return place.stat().st_mtime_ns
    return 0


def said_of(export: Exports, name: str) -> bytes:
    """Digest of what the table of its export says of a file; empty where nothing."""
    said = export.said(name)
    return blake2b(said.encode(), digest_size=16).digest() if said else b""


def read_file(entry: Entry, export: Exports, before: bytes, row: dict[str, Any], gaps: Gaps, routes: bool) -> ReadFile:
    """Read a file, unless the digest of its bytes is still the same as `before`."""
    try:
        data = entry.read()
    except Unreadable:  # reading reports it; without a digest the next import tries again
        return ReadFile({**row, "digest": b""}, read_group([entry], EVERY, export, gaps, routes))
    hashed = blake2b(digest_size=16)
    for at in range(0, len(data), _PIECE):
        hashed.update(data[at : at + _PIECE])
    digest = hashed.digest()
    if digest == before:
        return ReadFile({**row, "digest": digest}, None)
    found = read_group([replace(entry, read=lambda: data)], EVERY, export, gaps, routes)
    if isinstance(data, Distant):
        give_back()
    return ReadFile({**row, "digest": digest}, found)


def read_again(wanted: Mapping[str, int], gaps: Gaps, without_routes: Collection[str] = ()) -> Iterator[ReadFile]:
    """Read files of a library again that are still where they were, with the tables of their exports.

    Parameters
    ----------
    wanted : mapping of str to int
        Names of files, as a library stores them, and their numbers.
    gaps : Gaps
        Gaps that the owner has set.
    without_routes : collection of str
        Names of files of which planned routes were left out; they are again.

    Yields
    ------
    ReadFile
        Only those that give any track.
    """
    roots = dict.fromkeys(root for name in wanted if (root := _root(name)) is not None)
    left = dict(wanted)
    for root in roots:
        tables: list[Sheet] = []
        found = [entry for entry in entries([root], tables, routes=True) if isinstance(entry, Entry)]
        export = find_exports([root], tables)
        for entry in found:
            name = absolute_name(entry.name)
            if name not in left:
                continue
            row = {"number": left.pop(name), "name": name, "size": entry.size, "changed": changed_at(entry.place)}
            routes = name not in without_routes
            read = read_file(entry, export, b"", {**row, "said": said_of(export, entry.name)}, gaps, routes)
            if read.tracks:
                yield read


def _root(name: str) -> Path | None:
    """Folder of the export that a file belongs to, or the file or archive itself; None if it is gone."""
    path = next((path for path in (Path(name), *Path(name).parents) if path.is_file()), None)
    if path is None:
        return None
    return next((folder for folder in path.parents if has_table(folder)), path)
