"""Change a library's index: add and remove activities, reindex, compact."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.resources import give_back
from heatlas.library.file.keys import pixel_keys, tile_of
from heatlas.library.file.settings import privacy_of, read_meta, read_settings, write_settings, write_zones
from heatlas.library.index.chunks import compact_tiles, remove_runs
from heatlas.library.index.coverage import is_complete, note_columns
from heatlas.library.index.sound_tiles import make_anew
from heatlas.library.index.writing import append, tiles_of
from heatlas.library.rows.activities import delete_activities, read_activities, read_rows
from heatlas.library.rows.activity_means import delete_means, write_means
from heatlas.library.rows.copies import resolve
from heatlas.library.rows.passages import PreparedTrack
from heatlas.library.rows.tracks import sound_tracks
from heatlas.tracks.privacy import Privacy, hide

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from heatlas.core.batch import Batch
    from heatlas.core.report import Duplicate
    from heatlas.library.file.settings import Settings
    from heatlas.library.file.store import Library
    from heatlas.tracks.privacy import Zone

__all__ = ["compact", "forget", "index", "judge_anew", "reindex", "remove", "set_person", "unindex"]

_GROUP = 64
_HELD = 1024
"""Most tracks that are held while they are indexed: some kilobytes a track, and of each file all fixes together."""
_SHARE = 4
"""Inverse share of activities with changed cuts, above which reindexing all is quicker than removing these."""
_RULES = 3
"""Version of the rules that find copies. A library judged by older rules is judged again."""
_NUMBERED = "SELECT number FROM activities WHERE number IN (SELECT value FROM json_each(?))"
_TILES, _BYTES = 64, 1 << 18
"""Tiles that are compacted in one transaction, and the bytes of their pixels from which it takes no more: a tile of the
whole world holds visits of all activities."""


def index(connection: sqlite3.Connection, tracks: dict[int, Batch], workers: int = 1) -> None:
    """Add activities, which are stored, to the index, cut as the library's settings say.

    `tracks` is emptied: where they are very many, they are let go of, and read again when their turn comes.
    """
    if not tracks:
        return
    privacy, settings = privacy_of(connection, read_settings(connection))
    write_settings(connection, settings)
    numbers = sorted(tracks)
    if len(numbers) > _HELD:
        tracks.clear()
        give_back()
        _index(connection, _tracks(connection, numbers), privacy, settings, workers)
    else:
        _index(connection, ((number, tracks.pop(number)) for number in numbers), privacy, settings, workers)


def _index(
    connection: sqlite3.Connection,
    tracks: Iterable[tuple[int, Batch]],
    privacy: Privacy,
    settings: Settings,
    workers: int,
) -> None:
    """Add activities, whose numbers ascend, to the index."""
    note_columns(connection)
    shown = _prepared(connection, tracks, privacy, settings)
    append(connection, shown, settings.indexed, workers, columns=settings.columns)


def _prepared(
    connection: sqlite3.Connection, tracks: Iterable[tuple[int, Batch]], privacy: Privacy, settings: Settings
) -> Iterator[tuple[int, PreparedTrack]]:
    """Tracks with their cuts, those of which nothing is shown left out; their means are written on the way."""
    for number, track in tracks:
        shown = PreparedTrack(hide(track, privacy), settings.rejoin, settings.metrics)
        if settings.has_facts:
            write_means(connection, {number: shown})
        if shown.batch.fixes:
            yield number, shown


def unindex(connection: sqlite3.Connection, numbers: Collection[int]) -> None:
    """Remove activities from the index."""
    if numbers:
        _unindex(connection, numbers, *privacy_of(connection, read_settings(connection)))


def _unindex(connection: sqlite3.Connection, numbers: Collection[int], privacy: Privacy, settings: Settings) -> None:
    tiles, known = set(), set()
    for number, track in _tracks(connection, numbers):
        shown = hide(track, privacy)
        known.add(number)
        if shown.fixes:
            tiles |= tiles_of(PreparedTrack(shown, settings.rejoin), settings.indexed)
    if known != set(numbers):  # a damaged track does not tell its tiles
        rows = connection.execute("SELECT key FROM passages WHERE key BETWEEN ? AND ?", pixel_keys())
        tiles |= {tile_of(row[0]) for row in rows}
    delete_means(connection, numbers)
    for tile in sorted(tiles):
        try:
            remove_runs(connection, (tile,), numbers)
        except SourceFailed:
            make_anew(connection, tile)  # of those that are left


def forget(connection: sqlite3.Connection, numbers: Collection[int]) -> set[int]:
    """Remove activities: rows, tracks and passages.

    Returns the numbers of the remaining activities that were judged together with them. They must be given to
    `heatlas.library.rows.copies.resolve` in the same transaction.
    """
    found = [row[0] for row in connection.execute(_NUMBERED, (json.dumps(list(numbers)),))]
    asked = (json.dumps(found),)
    shown = [row[0] for row in connection.execute(f"{_NUMBERED} AND same_as IS NULL", asked)]
    unindex(connection, shown)
    these = "(SELECT value FROM json_each(?1))"
    query = (
        f"SELECT number FROM activities WHERE same_as IN {these} OR private_by IN {these} "  # noqa: S608 - its own
        f"UNION SELECT same_as FROM activities WHERE number IN {these} AND same_as IS NOT NULL"
    )
    copies = {row[0] for row in connection.execute(query, asked)} - set(found)
    delete_activities(connection, found)
    return copies


def _tracks(
    connection: sqlite3.Connection, numbers: Iterable[int], told: Callable[[int, int], None] = lambda *_: None
) -> Iterator[tuple[int, Batch]]:
    """Tracks of activities; damaged ones are said and left out. `told` hears how many came before, and of how many."""
    wanted = list(numbers)
    for start in range(0, len(wanted), _GROUP):
        told(start, len(wanted))
        yield from sound_tracks(connection, read_activities(connection, wanted[start : start + _GROUP]))


def remove(library: Library, ids: Iterable[int]) -> None:
    """Remove activities: rows, tracks and passages, and files without any activity left.

    A copy that one of them had hidden is shown again. The next import of the same files adds the activities again.

    Parameters
    ----------
    library : Library
        The library.
    ids : iterable of int
        Numbers of activities.

    Raises
    ------
    BadOption
        When there is no such activity. Nothing is removed then.
    """
    numbers = list(dict.fromkeys(int(number) for number in ids))
    with library.write() as connection:
        for number in numbers:
            if not connection.execute("SELECT 1 FROM activities WHERE number = ?", (number,)).fetchone():
                raise BadOption(f"there is no activity {number} in {library.path}")
        of_files = {
            connection.execute("SELECT file FROM activities WHERE number = ?", (number,)).fetchone()[0]
            for number in numbers
        }
        copies = resolve(connection, {}, forget(connection, numbers))
        unindex(connection, copies.hide)
        index(connection, copies.show)
        connection.executemany(
            "UPDATE files SET size = -1, digest = x'' WHERE number = ?", [(file,) for file in of_files]
        )
        connection.executemany(
            "DELETE FROM files WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM activities WHERE file = ?1)",
            [(file,) for file in of_files],
        )


def set_person(library: Library, ids: Collection[int], person: str) -> tuple[int, int]:
    """Say whose activities are, in one transaction; empty: nobody knows.

    Copies are judged anew, as activities of two people are none, and zones of a person apply to theirs alone.

    Returns
    -------
    changed, given : int
        How many shown activities have changed, and how many of `ids` are shown.
    """
    with library.write() as connection:
        rows = read_rows(connection, ids)
        changed = [number for number, row in rows.items() if row.person != person]
        shown = [number for number in changed if rows[number].same_as is None]
        unindex(connection, shown)
        connection.executemany(
            "UPDATE activities SET person = ? WHERE number = ?", [(person, number) for number in changed]
        )
        copies = resolve(connection, {}, changed)
        again = {number: track for number, track in _tracks(connection, shown) if number not in copies.hide}
        unindex(connection, [number for number in copies.hide if number not in shown])
        index(connection, {**again, **copies.show})
        given = sum(row.same_as is None for row in rows.values())
    return len(shown), given


def judge_anew(library: Library, workers: int = 1) -> tuple[list[Duplicate], int]:
    """Find copies among all activities again, if the library was judged by older rules.

    Returns the copies that were shown until now, and the number of activities that are shown again. After an
    interruption, the next call starts from the beginning.
    """
    with library.read() as connection:
        known = read_meta(connection, "copies")
        if isinstance(known, int) and known >= _RULES:
            return [], 0
        numbers = [row[0] for row in connection.execute("SELECT number FROM activities ORDER BY number")]
    found: list[Duplicate] = []
    again = 0
    told_apart: dict[int, set[int]] = {}
    for start in range(0, len(numbers), _GROUP):
        with library.write() as connection:
            held = connection.execute("SELECT number FROM activities WHERE number BETWEEN ? AND ?", (
                numbers[start], numbers[min(start + _GROUP, len(numbers)) - 1],
            )).fetchall()  # fmt: skip
            copies = resolve(connection, {}, [row[0] for row in held], told_apart)
            unindex(connection, copies.hide)
            again += len(copies.show)
            index(connection, copies.show, workers)
            found += copies.pairs
    with library.write() as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('copies', ?)", (json.dumps(_RULES),))
    return found, again


def compact(library: Library, context: Context = NOBODY, fewest: int = 2) -> None:
    """Merge the chunks of every tile that has several. Drawings stay the same.

    Parameters
    ----------
    library : Library
        The library. After an interruption, finished tiles stay compacted.
    context : Context
        Receives the tiles done so far and in all.
    fewest : int
        Chunks from which a tile is merged.
    """
    library.update(context)
    told = context.counting("compacting")
    with library.read() as connection:
        # One by one, and only tiles with several chunks are held: a large library has millions of others.
        rows = connection.execute(
            "SELECT key, length(data) FROM passages WHERE key BETWEEN ? AND ? ORDER BY key", pixel_keys()
        )
        sizes = ((tile, [size for _, size in chunks]) for tile, chunks in groupby(rows, lambda row: tile_of(row[0])))
        tiles = [(tile, sum(chunks)) for tile, chunks in sizes if len(chunks) >= fewest]
    done = 0
    while done < len(tiles):
        told(done, len(tiles))
        last, size = done, 0
        while last < min(done + _TILES, len(tiles)) and size < _BYTES:
            size += tiles[last][1]
            last += 1
        with library.write() as connection:
            compact_tiles(connection, [tile for tile, _ in tiles[done:last]], context.threads)
        done = last
    told(len(tiles), len(tiles))
    library.shrink()


def reindex(
    library: Library,
    *,
    clip_ends: float | None = None,
    zones: Mapping[str, Zone] | None = None,
    zooms: tuple[int, int] | None = None,
    rejoin: float | None = None,
    context: Context = NOBODY,
) -> int:
    """Rebuild the index with other settings, in one transaction; return how many activities were indexed.

    If only cuts change, and the secret does not, only the activities that are cut differently are indexed again. An
    index that lacks columns of newer metrics is rebuilt as a whole, and any is if no setting is given.

    Parameters
    ----------
    library : Library
        The library.
    clip_ends, zones, zooms, rejoin
        As in `heatlas.library.file.settings.Settings`, the zones by name; None leaves a setting unchanged.
    context : Context
        Receives the activities done so far and in all.
    """
    library.update(context)
    told = context.counting("indexing")
    with library.write() as connection:
        before = read_settings(connection)
        given: dict[str, Any] = {"clip_ends": clip_ends, "rejoin": rejoin, "zooms": zooms}
        # All cuts are drawn again with the secret of this machine, whatever secret was used before.
        after = replace(before, secret="", **{name: value for name, value in given.items() if value is not None})
        try:
            old = privacy_of(connection, before)[0]
        except BadOption:
            old = None  # drawn with a secret that is not here: none of its cuts can be reused
        if zones is not None:
            write_zones(connection, zones)
        new, after = privacy_of(connection, after)
        write_settings(connection, after)
        numbers = [row[0] for row in connection.execute("SELECT number FROM activities WHERE same_as IS NULL")]
        touched = numbers
        asked = zones is not None or any(value is not None for value in given.values())
        usable = asked and is_complete(connection) and (before.zooms, before.rejoin) == (after.zooms, after.rejoin)
        if old is not None and usable:
            same = {k for k, track in _tracks(connection, numbers) if _same(hide(track, old), hide(track, new))}
            touched = [k for k in numbers if k not in same]
        if old is not None and usable and len(touched) * _SHARE <= len(numbers):
            _unindex(connection, touched, old, before)
        else:
            connection.execute("DELETE FROM passages")
            connection.execute("DELETE FROM activity_means")
            touched = numbers
        _index(connection, _tracks(connection, sorted(touched), told), new, after, context.threads)
        told(len(touched), len(touched))
    return len(touched)


def _same(a: Batch, b: Batch) -> bool:
    return np.array_equal(a.segments, b.segments) and np.array_equal(a.u, b.u) and np.array_equal(a.v, b.v)
