"""Take over the sound tiles of a damaged library's index, and make the damaged ones anew from sound tracks."""

from __future__ import annotations

import sqlite3
from itertools import groupby
from typing import TYPE_CHECKING

from heatlas.core.errors import HeatlasError
from heatlas.library.care.digest_checks import wrong_blobs
from heatlas.library.file.digests import DIGESTED, write_passages
from heatlas.library.file.failures import interruptible, was_stopped
from heatlas.library.file.keys import pixel_keys, tile_of
from heatlas.library.file.settings import privacy_of, read_meta, read_settings
from heatlas.library.index.chunks import remove_runs
from heatlas.library.index.coverage import is_complete, note_columns
from heatlas.library.index.near_tiles import boxes_of, meet, near
from heatlas.library.index.writing import append
from heatlas.library.maintenance import index
from heatlas.library.rows.activities import read_activities
from heatlas.library.rows.activity_means import write_means
from heatlas.library.rows.passages import PreparedTrack
from heatlas.library.rows.tracks import sound_tracks
from heatlas.tracks.privacy import hide

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from heatlas.core.context import Context
    from heatlas.library.care.salvage import Salvage
    from heatlas.library.index.chunks import Tile
    from heatlas.library.rows.activities import ActivityRow

__all__ = ["drop_index", "take_over_index", "wrong_tiles"]

_SHARE = 4
"""Inverse share of damaged tiles above which indexing all anew is quicker."""
_GROUP = 64
_ROWS = 1000
"""Rows that are copied between two reports of progress."""


def wrong_tiles(old: Salvage) -> set[Tile] | None:
    """Tiles of the index of which a row is damaged or missing; None where nobody can tell, or these are too many.

    Nobody can tell where pages of the file or rows of activities are damaged, and where the library had no digests from
    its first day on: what was damaged before has the digest of a sound row.
    """
    connection = old.connection
    if old.lost or not old.whole:
        return None
    try:
        (steps,) = connection.execute("PRAGMA user_version").fetchone()
        if steps < DIGESTED or read_meta(connection, "undigested") is not None or not is_complete(connection):
            return None
        with interruptible(connection):
            if connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                return None
        (count,) = connection.execute("SELECT count(*) FROM passages").fetchone()
        keys = list(wrong_blobs(connection, "passages"))
    except (sqlite3.Error, HeatlasError) as error:
        if isinstance(error, sqlite3.Error) and was_stopped(error):
            raise
        return None
    return None if len(keys) * _SHARE > count else {tile_of(key) for key in keys}


def take_over_index(
    connection: sqlite3.Connection, old: Salvage, kept: Collection[int], wrong: Collection[Tile], context: Context
) -> None:
    """Fill the index of a new library from that of a damaged one.

    Parameters
    ----------
    connection : Connection
        Of the new library, which has its settings, zones, activities and tracks; inside a transaction.
    old : Salvage
        The damaged library. Its cuts are those of the new one.
    kept : collection of int
        Numbers of activities that were taken over with all columns of their tracks.
    wrong : collection of Tile
        Tiles that are damaged (`wrong_tiles`).
    context : Context
        Receives the rows and activities done so far and in all.
    """
    shown = {row[0] for row in connection.execute("SELECT number FROM activities WHERE same_as IS NULL")}
    was_shown = {number for number, row in old.rows.items() if row.same_as is None}
    same = shown & was_shown & set(kept)
    _copy_rows(connection, old, wrong, context)
    if gone := was_shown - same:
        remove_runs(connection, _touched(connection, [old.rows[number] for number in gone]), gone)
    _make_tiles(connection, {number: old.rows[number] for number in sorted(same)}, wrong, context)
    _make_means(connection, old, same)
    new = sorted(shown - same)
    for start in range(0, len(new), _GROUP):
        activities = read_activities(connection, new[start : start + _GROUP])
        index(connection, dict(sound_tracks(connection, activities)), context.threads)


def drop_index(connection: sqlite3.Connection) -> None:
    """Remove the whole index, so that reindexing makes all of it."""
    connection.execute("DELETE FROM passages")
    connection.execute("DELETE FROM activity_means")
    connection.execute("DELETE FROM meta WHERE name = 'columns'")


def _copy_rows(connection: sqlite3.Connection, old: Salvage, wrong: Collection[Tile], context: Context) -> None:
    """Copy the rows of sound tiles as they are."""
    told = context.counting("copying the index")
    note_columns(connection)
    (count,) = old.connection.execute("SELECT count(*) FROM passages").fetchone()
    rows = old.connection.execute("SELECT key, data FROM passages ORDER BY key")
    done = 0
    while some := rows.fetchmany(_ROWS):
        told(done, count)
        sound = [row for row in some if tile_of(row[0]) not in wrong]
        write_passages(connection, sound)
        done += len(some)
    told(count, count)


def _make_tiles(
    connection: sqlite3.Connection, rows: Mapping[int, ActivityRow], wrong: Collection[Tile], context: Context
) -> None:
    """Make damaged tiles from the tracks that may touch them."""
    zooms = set(read_settings(connection).indexed)
    made = sorted(tile for tile in wrong if tile[0] in zooms and max(tile[1:]) < 2 ** tile[0])
    jobs = [(zoom, list(tiles)) for zoom, tiles in groupby(made, key=lambda tile: tile[0])]
    told = context.counting("indexing")
    touching = {zoom: near(rows, tiles) for zoom, tiles in jobs}
    done, total = 0, sum(map(len, touching.values()))
    for zoom, tiles in jobs:
        for numbers in _groups(touching[zoom]):
            told(done, total)
            tracks = _prepared(connection, numbers)
            append(connection, tracks, (zoom,), context.threads, only=frozenset(tiles))
            done += len(numbers)
    told(total, total)


def _touched(connection: sqlite3.Connection, rows: Sequence[ActivityRow]) -> list[Tile]:
    """Tiles of the index that the boxes of some activities reach."""
    boxes, found = boxes_of(rows), set()
    for (key,) in connection.execute("SELECT key FROM passages WHERE key BETWEEN ? AND ?", pixel_keys()):
        tile = tile_of(key)
        if tile not in found and meet(boxes, *tile).any():
            found.add(tile)
    return sorted(found)


def _groups(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _GROUP):
        yield numbers[start : start + _GROUP]


def _prepared(connection: sqlite3.Connection, numbers: Sequence[int]) -> Iterator[tuple[int, PreparedTrack]]:
    """Tracks with their cuts, as the index holds them; those of which nothing is shown are left out."""
    privacy, settings = privacy_of(connection, read_settings(connection))
    for number, track in sound_tracks(connection, read_activities(connection, numbers)):
        shown = hide(track, privacy)
        if shown.fixes:
            yield number, PreparedTrack(shown, settings.rejoin)


def _make_means(connection: sqlite3.Connection, old: Salvage, same: Collection[int]) -> None:
    """Copy the means of activities, and take damaged ones again."""
    wrong = set(wrong_blobs(old.connection, "activity_means"))
    rows = old.connection.execute("SELECT number, data FROM activity_means").fetchall()
    sound = [row for row in rows if row[0] in same and row[0] not in wrong]
    connection.executemany("INSERT INTO activity_means VALUES (?, ?)", sound)
    there = {row[0] for row in connection.execute("SELECT number FROM activity_means")}
    privacy, settings = privacy_of(connection, read_settings(connection))
    for numbers in _groups(sorted(set(same) - there)):
        tracks = sound_tracks(connection, read_activities(connection, numbers))
        write_means(connection, {k: PreparedTrack(hide(track, privacy), settings.rejoin) for k, track in tracks})
