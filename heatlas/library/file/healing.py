"""Write damaged small rows again from their copies, before anything else is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from heatlas.library.file.digests import SMALL, digest_of, text_of, watch
from heatlas.library.file.sound_rows import damaged, has_digests, is_sound, may_be_lost, small_rows, sort_rows

if TYPE_CHECKING:
    import sqlite3
__all__ = ["heal", "prepare_writing"]


def prepare_writing(connection: sqlite3.Connection, healed: bool) -> None:
    """Heal small rows, unless that was done, and give all that is written from now on its digests."""
    if has_digests(connection):
        if not healed:
            heal(connection)
        watch(connection)


def heal(connection: sqlite3.Connection) -> None:
    """Replace damaged small rows by their copies, and damaged copies by their rows.

    Called inside a transaction that writes, before triggers watch it, as these refuse to change damaged rows. Nothing
    is built on damaged rows: a new digest would make them look sound. Rows that are lost stay as they are, for a
    repair; those of files, which say only what was read, are made anew, so that the next import reads these again.

    Raises
    ------
    SourceFailed
        When a row is damaged, as is its copy, without which the rest is not right.
    """
    for table, (part, columns) in SMALL.items():
        if is_sound(connection, table):
            continue
        found = sort_rows(connection, table)
        if found.lost and not may_be_lost(table, found.lost):
            small_rows(connection, table)  # raises, and says what is damaged
        if found.healed or found.uncopied or (found.lost and table == "files"):
            _rewrite(connection, table, part, columns)


def _rewrite(connection: sqlite3.Connection, table: str, part: int, columns: tuple[str, ...]) -> None:
    lost = set(sort_rows(connection, table).lost)
    sound = dict(small_rows(connection, table))  # which says what is damaged
    key, names, marks = columns[0], ", ".join(columns), ", ".join("?" * len(columns))
    there = {row[0]: row for row in connection.execute(f"SELECT {names} FROM {table} NOT INDEXED")}  # noqa: S608
    if table == "files":
        taken = {row[1] for row in sound.values()}
        sound |= {number: _unread(number, there.get(number), taken) for number in lost if isinstance(number, int)}
        connection.executemany("DELETE FROM digests WHERE part = ? AND key = ?", [(part, k) for k in lost])
        lost = set()
    for stranger in there.keys() - sound.keys() - lost:  # first, as it may have the name of another row
        connection.execute(f"DELETE FROM {table} WHERE {key} IS ?", (stranger,))  # noqa: S608 - names of this package
    for number, row in sound.items():
        if number not in there:
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)  # noqa: S608
        elif there[number] != row:
            # Not deleted and inserted: other tables refer to the row.
            changes = ", ".join(f"{name} = ?" for name in columns)
            connection.execute(f"UPDATE {table} SET {changes} WHERE {key} = ?", (*row, number))  # noqa: S608
    known = connection.execute("SELECT part, key FROM digests WHERE part = ?", (part,)).fetchall()
    of_sound = [row for row in known if row[1] not in lost]
    connection.executemany("DELETE FROM digests WHERE part = ? AND key = ?", of_sound)
    texts = ((row[0], text_of(table, row)) for row in sound.values())
    connection.executemany(
        "INSERT INTO digests VALUES (?, ?, ?, ?)",
        ((part, number, digest_of(part, number, text), text) for number, text in texts),
    )
    left = sort_rows(connection, table)
    if left.healed or left.uncopied or set(left.lost) != lost:
        raise damaged(connection, f"rows of its table {table} cannot be written again")


_NOTHING = json.dumps({"read": 0, "unread": [], "warnings": [], "dropped": {}})


def _unread(number: int, row: tuple[Any, ...] | None, taken: set[str]) -> tuple[Any, ...]:
    """Row of a file of which nothing is known but what it may be called: it is read again."""
    name = row[1] if row is not None and isinstance(row[1], str) and row[1] not in taken else f"?/{number}"
    taken.add(name)
    return number, name, -1, 0, b"", b"", _NOTHING
