"""Check a library for faults: its file, its rows, and its index against its tracks."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.core.context import NOBODY
from heatlas.core.errors import SourceFailed
from heatlas.library.care.digest_checks import check_digests
from heatlas.library.file.columns import COLUMNS
from heatlas.library.file.failures import interruptible, was_stopped
from heatlas.library.file.keys import chunk_of, pixel_keys, tile_of
from heatlas.library.file.pixels import head_of
from heatlas.library.file.settings import privacy_of, read_meta, read_settings
from heatlas.library.file.sound_rows import has_digests
from heatlas.library.index.chunks import runs_of
from heatlas.library.index.coverage import covered, outdated, renewal
from heatlas.library.index.encoding import encoded_runs
from heatlas.library.points.point_checks import check_points
from heatlas.library.rows.activities import read_activities, read_rows
from heatlas.library.rows.marks import encoded_marks, stored_marks
from heatlas.library.rows.passages import PreparedTrack
from heatlas.library.rows.tracks import fingerprint, read_track
from heatlas.tracks.privacy import hide

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from heatlas.core.context import Context
    from heatlas.library.file.store import Library

__all__ = ["Examination", "check", "check_rows", "examine"]

_MOST = 20
"""Faults that are listed."""
_STEP = 200
"""Tiles between two reports of progress."""


class Examination(NamedTuple):
    """Result of checking a library."""

    faults: list[str]
    """A sentence for each fault."""
    traced: int
    """Activities that were traced again and compared passage by passage."""
    activities: int
    """Activities that are shown."""
    digests: bool
    """Whether the library has digests; one that an older heatlas made gets them by the first change."""
    undigested: int
    """Activities that were imported before the library had digests: what happened before these were made cannot be
    seen, but for the positions and times of tracks."""
    outdated: str
    """Sentence on what an older heatlas indexed, with what to type; empty where there is nothing to renew."""


def check(library: Library, sample: int | None = 20) -> list[str]:
    """Find faults of a library; see `examine`."""
    return examine(library, sample).faults


def examine(library: Library, sample: int | None = 20, context: Context = NOBODY) -> Examination:
    """Find faults of a library: in the file, of rows against their digests, of the index against tracks and points.

    Parameters
    ----------
    library : Library
        The library.
    sample : int, optional
        Number of activities, evenly spread, to trace again and compare passage by passage; None for all. All rows are
        compared with their digests in any case.
    context : Context
        Receives the rows, tiles and activities done so far and in all.

    Returns
    -------
    Examination

    Raises
    ------
    BadOption
        When the owner's secret is not the one with which the library's cuts were drawn.
    """
    faults: list[str] = []
    shown: list[int] = []
    traced = undigested = 0
    digests, renew = True, ""
    with library.read() as connection:
        try:
            faults += check_rows(connection, context)
            digests = has_digests(connection)
            if not faults:
                shown = [number for number, row in read_rows(connection).items() if row.same_as is None]
                undigested = _undigested(connection)
                renew = renewal(outdated(connection), library.path)
                chosen = _spread(shown, sample)
                traced = len(chosen)
                faults += [
                    *_unread(connection), *_rows(connection), *_headers(connection, context),
                    *_samples(connection, chosen, context), *check_points(connection),
                ]  # fmt: skip
        except SourceFailed as error:
            faults.append(str(error))
    more = len(faults) - _MOST
    faults = [*faults[:_MOST], f"and {more:,} more faults"] if more > 0 else faults
    return Examination(faults, traced, len(shown), digests, undigested, renew)


def check_rows(connection: sqlite3.Connection, context: Context = NOBODY) -> list[str]:
    """Find faults of the file, and rows that are not what was written, without tracing anything again."""
    context.progress("looking at all pages", 0, 0)
    try:
        with interruptible(connection):
            faults = [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
        faults += [
            f"row {row[1]} of {row[0]} belongs to nothing" for row in connection.execute("PRAGMA foreign_key_check")
        ]
        return faults + check_digests(connection, context)
    except sqlite3.DatabaseError as error:
        if was_stopped(error):
            raise
        return [f"the file cannot be read to its end: {error}"]


def _undigested(connection: sqlite3.Connection) -> int:
    """Activities that were imported before the library had digests."""
    last = read_meta(connection, "undigested") if has_digests(connection) else 1 << 62
    query = "SELECT count(*) FROM activities WHERE number <= ?"
    return int(connection.execute(query, (last if isinstance(last, int) else 0,)).fetchone()[0])


def _unread(connection: sqlite3.Connection) -> list[str]:
    """Faults of rows that were damaged before they had digests."""
    unread = read_rows(connection).keys() - read_activities(connection).keys()
    return [f"activity {number} cannot be read" for number in sorted(unread)]


def _rows(connection: sqlite3.Connection) -> list[str]:
    """Faults between tracks and activities, and between copies and their originals."""
    questions = {
        "has no track": "SELECT number FROM activities WHERE (number * 64) NOT IN (SELECT key FROM tracks)",
        "has a track, but no row": "SELECT DISTINCT key / 64 FROM tracks WHERE key / 64 NOT IN "
        "(SELECT number FROM activities)",
        "is a copy of one that is not shown": "SELECT copy.number FROM activities AS copy JOIN activities AS kept "
        "ON copy.same_as = kept.number WHERE kept.same_as IS NOT NULL",
    }
    return [f"activity {k} {fault}" for fault, query in questions.items() for (k,) in connection.execute(query)]


def _headers(connection: sqlite3.Connection, context: Context) -> list[str]:
    """Faults of tiles: an activity twice, one that is not shown, a column without pixels."""
    faults = []
    shown = np.array(
        [row[0] for row in connection.execute("SELECT number FROM activities WHERE same_as IS NULL")], np.int64
    )
    before: tuple[tuple[int, ...], NDArray[np.int64]] = ((), np.zeros(0, np.int64))
    chunks = set()
    told = context.counting("looking at tiles")
    (count,) = connection.execute("SELECT count(*) FROM passages WHERE key BETWEEN ? AND ?", pixel_keys()).fetchone()
    rows = connection.execute("SELECT key, data FROM passages WHERE key BETWEEN ? AND ? ORDER BY key", pixel_keys())
    for done, (k, data) in enumerate(rows):
        if done % _STEP == 0:
            told(done, count)
        ids = head_of(data)[0]
        tile = tile_of(k)
        chunks.add((tile, chunk_of(k)))
        if not len(ids) or (np.diff(ids) <= 0).any():
            faults.append(f"tile {tile} holds a chunk out of order")
        if not np.isin(ids, shown).all():
            faults.append(f"tile {tile} holds an activity that is not shown")
        all_ids = np.concatenate((before[1], ids)) if before[0] == tile else ids
        if len(np.unique(all_ids)) < len(all_ids):
            faults.append(f"tile {tile} holds an activity twice")
        before = (tile, all_ids)
    for (k,) in connection.execute("SELECT key FROM passages WHERE key NOT BETWEEN ? AND ?", pixel_keys()):
        if (tile_of(k), chunk_of(k)) not in chunks:
            faults.append(f"tile {tile_of(k)} holds a column without pixels")
    return faults


def _samples(connection: sqlite3.Connection, numbers: Sequence[int], context: Context) -> list[str]:
    """Faults of activities that are traced again: every byte of their runs is compared."""
    activities = read_activities(connection, numbers)
    privacy, settings = privacy_of(connection, read_settings(connection))
    marks = stored_marks(connection)
    prints = {number: row.fingerprint for number, row in read_rows(connection, numbers).items()}
    old = {COLUMNS[name] for name in outdated(connection) & COLUMNS.keys()}
    compared = set(COLUMNS.values()) - old
    required = covered(connection) & compared
    faults = []
    told = context.counting("tracing again")
    for done, (number, activity) in enumerate(activities.items()):
        told(done, len(activities))
        try:
            track = read_track(connection, number, activity)
        except SourceFailed as error:
            faults.append(str(error))
            continue
        if fingerprint(track) != prints[number]:
            faults.append(f"the track of activity {number} is not what was read")
            continue
        if marks.get(number, own := encoded_marks(track)) != own:
            faults.append(f"the marks of activity {number} are not those of its track")
        cut = hide(track, privacy)
        traced = PreparedTrack(cut, settings.rejoin)
        wrong = 0
        for zoom in settings.indexed if cut.fixes else ():
            for tile, runs in encoded_runs(zoom, number, traced.at(zoom)):
                wrong += not _agree(runs_of(connection, tile, number), runs, compared, required)
        if wrong:
            faults.append(f"{wrong} tiles hold something else of activity {number} than its track")
    return faults


def _agree(
    stored: Mapping[int, bytes], traced: Mapping[int, bytes], compared: Collection[int], required: Collection[int]
) -> bool:
    """Whether stored runs equal traced ones in the columns that are compared; others than required may be missing."""
    return all(
        stored.get(column) == traced.get(column) for column in compared if column in required or column in stored
    )


def _spread(numbers: Sequence[int], sample: int | None) -> list[int]:
    if sample is None or sample >= len(numbers):
        return list(numbers)
    return [numbers[k * len(numbers) // sample] for k in range(sample)]
