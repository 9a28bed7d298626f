"""Build a new library of what is sound of a damaged one, and of files that are read again."""

from __future__ import annotations

import itertools
import json
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from heatlas.core.words import counted
from heatlas.library.care.checking import check
from heatlas.library.care.index_repair import drop_index, take_over_index, wrong_tiles
from heatlas.library.file.digests import SMALL
from heatlas.library.file.settings import gaps_of, privacy_of, write_settings, write_zones
from heatlas.library.maintenance import reindex
from heatlas.library.points.point_checks import points_again
from heatlas.library.points.point_sets import write_points
from heatlas.library.reading_files import read_again
from heatlas.library.reading_tables import how_to_import, tables_again
from heatlas.library.rows.activities import ActivityRow, insert_activity
from heatlas.library.rows.copies import resolve
from heatlas.library.rows.marks import fill_marks
from heatlas.library.rows.outcomes import left_out_routes, outcome_data
from heatlas.library.rows.people import with_person
from heatlas.library.rows.tracks import write_track
from heatlas.sources.time_zones import with_time_zones

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from heatlas.core.batch import Batch
    from heatlas.core.context import Context
    from heatlas.library.care.salvage import Salvage
    from heatlas.library.file.settings import Settings
    from heatlas.library.file.store import Library
    from heatlas.tracks.clean import Gaps
    from heatlas.tracks.privacy import Zone

__all__ = ["Repair", "rebuild"]

_KEPT = ("athlete", "copies", "undigested")
"""Names of `meta` that are taken over; others are made anew."""
_NOTHING = json.dumps({"read": 0, "unread": [], "warnings": [], "dropped": {}})


@dataclass(slots=True)
class Repair:
    """What a repair has done."""

    activities: int = 0
    """Activities that the library holds now, with copies."""
    healed: int = 0
    """Small rows that were damaged, and came back from their copies."""
    read_again: list[str] = field(default_factory=list)
    """Files that were read again, as something of them was damaged."""
    set_aside: list[str] = field(default_factory=list)
    """What could not be brought back, in words."""
    point_sets: int = 0
    tiles: int | None = None
    """Tiles of the index that were made anew; None where that is all of it."""


def rebuild(new: Library, old: Salvage, settings: Settings, zones: Mapping[str, Zone], context: Context) -> Repair:
    """Fill a new library from a damaged one; numbers stay what they are.

    Sound tiles of the index are taken over where that is safe, and otherwise all is indexed anew.

    Parameters
    ----------
    new : Library
        An empty library.
    old : Salvage
        What is sound of the damaged one.
    settings : Settings
        Settings of the new one.
    zones : mapping of str to Zone
        Zones of the new one, by name. Where they or the settings are not what the damaged one has, everything is
        indexed anew, so that what they hide is hidden.
    context : Context
        Receives the activities done so far and in all.
    """
    done = Repair(healed=old.healed)
    known = (old.settings, old.zones) == (settings, zones)
    wrong = wrong_tiles(old) if known else None
    with new.write() as connection:
        write_zones(connection, zones)
        after = privacy_of(connection, settings)[1]  # which refuses another secret
        write_settings(connection, after)
        for name in _KEPT:
            if name in old.meta:
                connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, old.meta[name]))
        for row in _files(old).values():
            _insert(connection, "files", row)
        damaged, kept = _copy_sound(connection, old, context)
        fresh = _read_again(connection, old, damaged, gaps_of(settings), done)
        _copy_rest(connection, old, damaged, done)
        again = _loosen(connection, old)
        _stay_private(connection, old, damaged)
        fill_marks(connection, context)
        resolve(connection, fresh, again)
        _copy_points(connection, old, done)
        _never_again(connection, old)
        if wrong is not None and after == settings:
            take_over_index(connection, old, kept, wrong, context)
            done.tiles = len(wrong)
    if done.tiles is None or check(new):
        done.tiles = None
        with new.write() as connection:
            drop_index(connection)
        reindex(new, rejoin=settings.rejoin, context=context)
    with new.read() as connection:
        done.activities = connection.execute("SELECT count(*) FROM activities").fetchone()[0]
        done.point_sets = connection.execute("SELECT count(*) FROM point_sets").fetchone()[0]
    return done


def _files(old: Salvage) -> dict[int, tuple[Any, ...]]:
    """Rows of files; those that are lost, but have activities, under the names of these."""
    names = {row[1] for row in old.files.values()}
    made = {}
    for row in old.rows.values():
        if row.file not in old.files and row.file not in made:
            name = f"{row.source} ({row.file})" if row.source in names else row.source
            made[row.file] = (row.file, name, -1, 0, b"", b"", _NOTHING)
            names.add(name)
    return {**old.files, **made}


def _copy_sound(
    connection: sqlite3.Connection, old: Salvage, context: Context
) -> tuple[dict[int, list[ActivityRow]], set[int]]:
    """Copy the activities of files of which all is sound; return those of the others, by file, and what was copied."""
    told = context.counting("mending")
    files: dict[int, list[ActivityRow]] = {}
    for row in old.rows.values():
        files.setdefault(row.file, []).append(row)
    damaged, kept, at = {}, set(), 0
    for file, rows in files.items():
        told(at, len(old.rows))
        at += len(rows)
        if all(old.is_sound(row.number) for row in rows):
            for row in rows:
                _insert(connection, "activities", row)
                connection.executemany("INSERT INTO tracks VALUES (?, ?)", old.track_rows(row.number))
                kept.add(row.number)
        else:
            damaged[file] = rows
    told(at, len(old.rows))
    return damaged, kept


def _read_again(
    connection: sqlite3.Connection, old: Salvage, damaged: dict[int, list[ActivityRow]], gaps: Gaps, done: Repair
) -> dict[int, Batch]:
    """Read damaged files again that are still there, and take them out of `damaged`; return their new activities."""
    wanted = {str(old.files[file][1]): file for file in damaged if file in old.files}
    if (
        old.lost or not old.whole
    ):  # files that gave activities of which no row is left; not those of activities that were removed
        there = {row.file for row in old.rows.values()}
        wanted |= {str(row[1]): file for file, row in old.files.items() if file not in there and row[2] >= 0}
    fresh: dict[int, Batch] = {}
    of_tables = {name: file for name, file in wanted.items() if _is_of_table(old, file)}
    digests = {file: bytes(old.files[file][4]) for file in of_tables.values()}
    files = {name: file for name, file in wanted.items() if name not in of_tables}
    skipped = {str(row[1]) for row in old.files.values() if left_out_routes(str(row[6]))}
    for read in itertools.chain(read_again(files, gaps, skipped), tables_again(of_tables, digests, gaps)):
        file = int(read.row["number"])
        assert read.outcome is not None
        connection.execute(
            "UPDATE files SET size = :size, changed = :changed, digest = :digest, said = :said, outcome = :outcome "
            "WHERE number = :number",
            {**read.row, "outcome": json.dumps(outcome_data(read.outcome))},
        )
        people = {row.person for row in old.rows.values() if row.file == file}
        tracks = [with_person(track, people) for track in map(with_time_zones, read.tracks)]
        fresh |= {insert_activity(connection, file, track): track for track in tracks}
        damaged.pop(file, None)
        done.read_again.append(str(read.row["name"]))
    return fresh


def _is_of_table(old: Salvage, file: int) -> bool:
    """Whether a row of files is a track of a table: it has neither a size nor a time of change."""
    return file in old.files and old.files[file][2] <= 0 and old.files[file][3] == 0


def _copy_rest(
    connection: sqlite3.Connection, old: Salvage, damaged: Mapping[int, Sequence[ActivityRow]], done: Repair
) -> None:
    """Copy what is sound of files that could not be read again; say what is not."""
    for file, rows in damaged.items():
        # The next import reads the file again, if it is back.
        connection.execute("UPDATE files SET size = -1, digest = x'' WHERE number = ?", (file,))
        for row in rows:
            batch, lost = old.track(row.number) if row.number in old.activities else (None, ())
            instead = how_to_import(row.source) if _is_of_table(old, file) else ""
            unread = f"damaged, and its file could not be read again{instead}"
            if batch is None:
                what = "its track is" if row.number in old.activities else "its attributes are"
                done.set_aside.append(f"{row.source}: {what} {unread}")
                continue
            if lost:
                done.set_aside.append(f"{', '.join(lost)} of {row.source}: {unread}")
            _insert(connection, "activities", row)
            write_track(connection, row.number, batch)
    if old.lost or not old.whole:
        connection.execute("UPDATE files SET size = -1, digest = x''")
        many = counted(old.lost, "activities") if old.whole else "activities, how many nobody can tell, are"
        done.set_aside.append(f"{many} without names: the next import of their files brings them back")


def _loosen(connection: sqlite3.Connection, old: Salvage) -> set[int]:
    """Loosen activities from copies that are not there any more; return those that must be judged again."""
    there = {row[0] for row in connection.execute("SELECT number FROM activities")}
    again = set()
    for row in old.rows.values():
        if row.number not in there:
            again |= {row.same_as, row.private_by} & there
        elif not {row.same_as, row.private_by} <= {*there, None}:
            again.add(row.number)
            values = [other if other in there else None for other in (row.same_as, row.private_by)]
            connection.execute(
                "UPDATE activities SET same_as = ?, private_by = ? WHERE number = ?", (*values, row.number)
            )
    return {number for number in again if number is not None}


def _stay_private(connection: sqlite3.Connection, old: Salvage, damaged: Mapping[int, Sequence[ActivityRow]]) -> None:
    """Make private what was private because of an activity that is set aside."""
    there = {row[0] for row in connection.execute("SELECT number FROM activities")}
    aside = {row.number: row for rows in damaged.values() for row in rows if row.number not in there}
    private = {number for number, row in aside.items() if row.private or number not in old.activities}
    hidden = {aside[number].same_as for number in private}
    hidden |= {row.number for row in old.rows.values() if private & {row.same_as, row.private_by}}
    connection.executemany("UPDATE activities SET private = 1 WHERE number = ?", [(k,) for k in hidden & there])


def _copy_points(connection: sqlite3.Connection, old: Salvage, done: Repair) -> None:
    for stored, points in old.points():
        if points is None and (points := points_again(stored)) is not None:
            done.read_again.append(stored.source)
        if points is None:
            how = f"heatlas import {shlex.quote(stored.source)} --name {stored.name}"
            done.set_aside.append(f"the points {stored.name}: damaged; {how} brings them back")
            continue
        row = (
            stored.number, stored.name, stored.source, stored.weight, stored.points, stored.total, stored.lightest,
            stored.heaviest, *stored.bbox, stored.digest,
            stored.outcome,
        )  # fmt: skip
        _insert(connection, "point_sets", row)
        write_points(connection, stored, points)
    if lost := old.lost_point_sets():
        done.set_aside.append(f"{lost:,} point sets without names: import their tables again")


def _insert(connection: sqlite3.Connection, table: str, row: Sequence[Any]) -> None:
    names, marks = ", ".join(SMALL[table][1]), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row))  # noqa: S608 - names of this package


def _never_again(connection: sqlite3.Connection, old: Salvage) -> None:
    """See to it that numbers of what is set aside are not used again."""
    most = max(old.rows, default=0)
    connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'activities'", (most,))
