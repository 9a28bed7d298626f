"""What an import has to read: files and recordings that a library does not know, or not as they are now."""

from __future__ import annotations

import itertools
import json
import os
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import printable
from heatlas.library.file.settings import gaps_of, read_settings
from heatlas.library.file.sound_rows import small_rows
from heatlas.library.reading_files import EVERY, ReadFile, absolute_name, changed_at, read_file, said_of
from heatlas.library.reading_tables import recording_digest
from heatlas.library.rows.outcomes import left_out_routes
from heatlas.library.rows.people import people_of
from heatlas.sources.reading import take_recording

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from heatlas.core.batch import Recording
    from heatlas.core.report import Report
    from heatlas.library.file.store import Library
    from heatlas.sources.archive import Entry
    from heatlas.sources.sheets.exports import Exports

__all__ = ["known_files", "new_files", "new_recordings"]

_FEW = 2048
"""Files of an import up to which their rows are looked up by name; for more, all rows are read."""
_AT_ONCE = 512
"""Recordings that are looked up at once."""


def new_files(
    library: Library, files: Sequence[Entry], export: Exports, report: Report, routes: bool
) -> Iterator[tuple[int, ReadFile | None]]:
    """Sizes of files, each with the file that was read, or None if it is neither new nor changed."""
    with library.read() as connection:
        known = known_files(connection, _names_of(files))
        gaps = gaps_of(read_settings(connection))
        people = people_of(connection, [row[0] for row in known.values()]) if export.whose.said else {}
    for entry in files:
        name = absolute_name(entry.name)
        said = said_of(export, entry.name)
        changed = entry.changed or changed_at(entry.place)
        if not changed and not os.path.lexists(entry.place):  # renamed or removed since it was found
            report.dropped["files that were gone before they were read"] += 1
            continue
        before = known.get(name) or known.get(absolute_name(entry.formerly) if entry.formerly else "")
        number, size, when, digest, said_before, outcome = before or (None, -1, -1, b"", b"", "")
        if routes and before and left_out_routes(outcome):
            size, digest = -1, b""
        if number in people and people[number] != {export.whose.person(entry.name)}:
            size, digest = -1, b""
        if (size, when, said_before) == (entry.size, changed, said) or _in_one(known, name, entry.place, changed):
            yield entry.size, None
            continue
        yield entry.size, read_file(entry, export, digest if said == said_before else b"", {
            "number": number, "name": name, "size": entry.size, "changed": changed, "said": said,
        }, gaps, routes)  # fmt: skip


def _names_of(files: Sequence[Entry]) -> set[str] | None:
    """Names under which a library may know some files, or archives that they are in; None where these are many."""
    if len(files) > _FEW:
        return None
    names: set[str] = set()
    for entry in files:
        names |= {absolute_name(name) for name in (entry.name, entry.formerly) if name}
        inner, outermost = absolute_name(entry.name), len(absolute_name(str(entry.place)))
        while (at := inner.rfind("/")) > outermost:
            inner = inner[:at]
            names.add(inner)
    return names


def known_files(connection: sqlite3.Connection, names: Collection[str] | None) -> dict[str, tuple[Any, ...]]:
    """Files that a library knows, all or those of some names.

    Returns
    -------
    dict
        Name -> number, size, changed, digest, said and outcome, as in the table `files`.
    """
    numbers = None
    if names is not None:
        query = "SELECT number FROM files WHERE name IN (SELECT value FROM json_each(?))"
        numbers = [row[0] for row in connection.execute(query, (json.dumps(sorted(names)),))]
    rows = small_rows(connection, "files", numbers).values()
    return {name: (number, *others) for number, name, *others in rows}


def new_recordings(
    library: Library, recordings: Iterable[Recording], export: Exports
) -> Iterator[tuple[None, ReadFile | None]]:
    """Recordings that are new or changed, each as a file of its own without a size; None for the others."""
    given = iter(recordings)
    while some := list(itertools.islice(given, _AT_ONCE)):
        names = [printable(recording.activity.source) for recording in some]
        with library.read() as connection:  # of all files only these: most imports bring few, or none
            known = known_files(connection, set(names))
            gaps = gaps_of(read_settings(connection))
            people = people_of(connection, [row[0] for row in known.values()])
        for name, recording in zip(names, some, strict=True):
            number, _, _, before, *_ = known.get(name) or (None, 0, 0, b"")
            digest = recording_digest(recording)
            person = recording.activity.person
            if digest == before and (not person or people.get(number, {person}) == {person}):
                yield None, None
                continue
            row = {"number": number, "name": name, "size": 0, "changed": 0, "digest": digest, "said": b""}
            yield None, ReadFile(row, take_recording(recording, EVERY, export, gaps))


def _in_one(known: Mapping[str, tuple[Any, ...]], name: str, place: Path, changed: int) -> bool:
    """Whether a file is a member of an inner archive that an older version of heatlas stored as one file."""
    outermost = len(absolute_name(str(place)))
    at = name.rfind("/")
    while at > outermost:
        row = known.get(name[:at])
        if row is not None and row[2] == changed:
            return True
        at = name.rfind("/", 0, at)
    return False
