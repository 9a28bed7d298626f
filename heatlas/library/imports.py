"""Import recordings into a library: only new ones, in groups of one transaction each."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from heatlas.core.batch import Batch, Unread
from heatlas.core.context import NOBODY, Context
from heatlas.core.report import Report
from heatlas.core.words import counted
from heatlas.library.file.settings import read_settings
from heatlas.library.maintenance import compact, forget, index, judge_anew, unindex
from heatlas.library.new_files import new_files, new_recordings
from heatlas.library.reading_files import FileGroup, ReadFile
from heatlas.library.rows.activities import insert_activity
from heatlas.library.rows.copies import resolve
from heatlas.library.rows.outcomes import note_outcome, note_unread, outcome_data, report_of_known
from heatlas.library.rows.people import people_of, with_person
from heatlas.sources.archive import Entry, entries
from heatlas.sources.people import Whose
from heatlas.sources.sheets.exports import find_exports
from heatlas.sources.time_zones import with_time_zones

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from heatlas.core.batch import Recording
    from heatlas.core.filesystems import Location
    from heatlas.core.report import Duplicate
    from heatlas.library.file.store import Library
    from heatlas.sources.archive import Sheet
    from heatlas.sources.sheets.exports import Exports

__all__ = ["BEFORE", "compact_after", "import_entries", "import_sources"]

_ACTIVITIES = 512
"""Activities of a group; a crash loses at most one group. Of a group, all passages in a tile are in one chunk, so the
fewer the groups, the less is merged later, and the fewer chunks a tile has. Of more activities, passages would be
written in several parts anyhow (`heatlas.library.index.gathering`)."""
_FIXES, _FILES = 1 << 20, 1024
BEFORE = "files that were read before"
"""Reason under which files that are not read again are counted."""
_SHARE, _MANY = 4, 64
"""Inverse share of new activities from which the library is compacted at the end, and least number of them."""
_CHUNKS = 5
"""Fewest chunks of a tile that is compacted then: few are as quick to draw as one, and merging them is work."""


def import_sources(
    library: Library,
    paths: Sequence[Path | Location],
    context: Context = NOBODY,
    recordings: Iterable[Recording] = (),
    routes: bool = False,
    person: str | None = None,
) -> Report:
    """Import recordings into a library. Files that have not changed since they were read are not read again.

    After any interruption, finished groups stay stored, and the next call continues from there. Copies of one
    activity are merged, whatever the order of imports: the richest track is shown, private if any copy is.

    Parameters
    ----------
    library : Library
        The library.
    paths : sequence of Path
        As for `heatlas.sources.load.load`.
    context : Context
        Receives the bytes read so far and in all.
    recordings : iterable of Recording
        Recordings read elsewhere, such as tracks of a table. Each is identified by its source, and read again when its
        content has changed.
    routes : bool
        Whether planned routes are imported, too; also those that earlier imports left out.
    person : str, optional
        Whose the files are: a name, or `heatlas.sources.people.FOLDER`. Files that were imported as another's, or
        nobody's, are read again. By default files stay whose they were.

    Returns
    -------
    Report
        Report of this call.

    Raises
    ------
    BadOption
        When a path does not exist.
    SourceFailed
        When the library cannot be written, such as when the disk is full. Finished groups stay stored.
    """
    started = time.perf_counter()
    tables: list[Sheet] = []
    found = list(entries(paths, tables, routes))
    export = find_exports(paths, tables, Whose.of_sources(person, paths))
    report, added = import_entries(library, found, export, context, recordings, routes=routes)
    report.warnings[:0] = export.warnings
    files = [entry for entry in found if isinstance(entry, Entry)]
    if report.dropped[BEFORE] < len(files):  # an import without new files does not repeat the report of the table
        report.dropped += export.silent({entry.name for entry in files})
    report.again = report_of_known(found, BEFORE, export.warnings)
    report.seconds["import"] = time.perf_counter() - started
    if compact_after(library, added, context):
        report.seconds["compact"] = time.perf_counter() - started - report.seconds["import"]
    return report


def import_entries(
    library: Library,
    found: Sequence[Entry | Unread],
    export: Exports,
    context: Context = NOBODY,
    recordings: Iterable[Recording] = (),
    *,
    routes: bool = False,
) -> tuple[Report, int]:
    """Import what `heatlas.sources.archive.entries` found; see `import_sources`.

    Parameters
    ----------
    library : Library
        The library.
    found : sequence of Entry or Unread
        Files, and what could not be opened.
    export : Exports
        Tables of the exports that the files belong to.
    context : Context
        Receives the bytes read so far and in all.
    recordings : iterable of Recording
        Recordings read elsewhere.
    routes : bool
        Whether planned routes are read too.

    Returns
    -------
    Report, int
        Report of this call, and the number of activities that were added.
    """
    report = Report()
    workers, told = context.threads, context.counting("reading")
    for entry in found:
        if isinstance(entry, Unread):
            note_unread(report, entry)
    files = [entry for entry in found if isinstance(entry, Entry)]
    total, done, added = sum(entry.size for entry in files), 0, 0
    told(0, total)
    copies, back = judge_anew(library, workers)
    _note_copies(report, copies)
    if back:
        counts = counted(back, "activities that were left out as copies are shown again: the rules have changed")
        report.warnings.append((library.path.name, counts))
    waiting = FileGroup()
    new: Iterator[tuple[int | None, ReadFile | None]] = itertools.chain(
        new_files(library, files, export, report, routes), new_recordings(library, recordings, export)
    )
    for place, (size, file) in enumerate(new, 1):
        done += size or 0
        if file is None:
            report.dropped["tracks that were read before" if size is None else BEFORE] += 1
        else:
            waiting.add(file)
        if _enough(waiting):
            added += _store(library, waiting.files, report, workers)
            waiting = FileGroup()
        told(done, total)
        if context.files is not None and place <= len(files):
            context.files(place, len(files))
    return report, added + _store(library, waiting.files, report, workers)


def compact_after(library: Library, added: int, context: Context = NOBODY) -> bool:
    """Compact a library if many of its activities have been added since it last was; returns whether it was done."""
    with library.read() as connection:
        known = connection.execute("SELECT count(*) FROM activities").fetchone()[0]
        if read_settings(connection).part is not None:  # it is read once, and thrown away
            return False
    if not (added * _SHARE > known and added > _MANY):
        return False
    compact(library, Context(context.threads), _CHUNKS)
    return True


def _enough(group: FileGroup) -> bool:
    return group.activities >= _ACTIVITIES or group.fixes >= _FIXES or len(group.files) >= _FILES


def _store(library: Library, files: Sequence[ReadFile], report: Report, workers: int) -> int:
    """Store the tracks of some files in one transaction; returns the number of activities."""
    if not files:
        return 0
    with library.write() as connection:
        files = [file for given in files if (file := _unless_stored(connection, given)) is not None]
        changed = [file.row["number"] for file in files if file.row["number"] is not None and file.outcome is not None]
        people = people_of(connection, changed)
        again = forget(connection, _activities_of(connection, changed))
        new: dict[int, Batch] = {}
        has_facts = read_settings(connection).has_facts
        for file in files:
            number = _write_file(connection, file)
            zoned = map(with_time_zones, file.tracks) if has_facts else file.tracks
            tracks = [with_person(track, people.get(number, ())) for track in zoned]
            new |= {insert_activity(connection, number, track): track for track in tracks}
            file.forget_tracks()
        count, tracks = len(new), []
        copies = resolve(connection, new, again)
        new.clear()  # one file may hold tens of thousands, of which `index` keeps few at a time
        unindex(connection, copies.hide)
        index(connection, copies.show, workers)
    # The report lists only what was stored.
    for file in files:
        if file.outcome is not None:
            note_outcome(report, outcome_data(file.outcome))
        else:  # its bytes are known: it was copied or touched
            report.dropped[BEFORE] += 1
    _note_copies(report, copies.pairs)
    return count


def _note_copies(report: Report, found: Sequence[Duplicate]) -> None:
    report.duplicates += found
    if found:
        report.dropped["activities found twice"] += len(found)


def _unless_stored(connection: sqlite3.Connection, file: ReadFile) -> ReadFile | None:
    """File, unless another process has stored it meanwhile; checked inside the transaction, when nobody else writes."""
    row = connection.execute("SELECT number, digest FROM files WHERE name = ?", (file.row["name"],)).fetchone()
    if file.row["number"] is not None or row is None:
        return file if (row is None) == (file.row["number"] is None) else None
    return None if row[1] == file.row["digest"] else replace(file, row={**file.row, "number": row[0]})


def _activities_of(connection: sqlite3.Connection, files: Sequence[int]) -> list[int]:
    found: list[int] = []
    for file in files:
        found += [row[0] for row in connection.execute("SELECT number FROM activities WHERE file = ?", (file,))]
    return found


def _write_file(connection: sqlite3.Connection, file: ReadFile) -> int:
    row = {**file.row, "outcome": json.dumps(outcome_data(file.outcome)) if file.outcome else None}
    if row["number"] is not None:
        connection.execute(
            "UPDATE files SET name = :name, size = :size, changed = :changed, digest = :digest, said = :said, "
            "outcome = coalesce(:outcome, outcome) WHERE number = :number",
            row,
        )
        return int(row["number"])
    number = connection.execute(
        "INSERT INTO files (name, size, changed, digest, said, outcome) "
        "VALUES (:name, :size, :changed, :digest, :said, :outcome)",
        row,
    ).lastrowid
    assert number is not None
    return number
