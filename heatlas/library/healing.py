"""Write damaged small rows again from their copies, before anything else is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.library.digests import SMALL, digest_of, text_of, watch
from heatlas.library.sound_rows import damaged, has_digests, small_rows, sort_rows

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
    is built on damaged rows: a new digest would make them look sound.

    Raises
    ------
    SourceFailed
        When a row is damaged, and so is its copy.
    """
    for table, (part, columns) in SMALL.items():
        if not _is_whole(connection, table):
            _rewrite(connection, table, part, columns)


def _is_whole(connection: sqlite3.Connection, table: str) -> bool:
    found = sort_rows(connection, table)
    return not (found.healed or found.lost)


def _rewrite(connection: sqlite3.Connection, table: str, part: int, columns: tuple[str, ...]) -> None:
    sound = small_rows(connection, table)  # which says what is damaged, or raises
    key, names, marks = columns[0], ", ".join(columns), ", ".join("?" * len(columns))
    there = {row[0]: row for row in connection.execute(f"SELECT {names} FROM {table} NOT INDEXED")}  # noqa: S608
    for stranger in there.keys() - sound.keys():  # first, as it may have the name of another row
        connection.execute(f"DELETE FROM {table} WHERE {key} IS ?", (stranger,))  # noqa: S608 - names of this package
    for number, row in sound.items():
        if number not in there:
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)  # noqa: S608
        elif there[number] != row:
            # Not deleted and inserted: other tables refer to the row.
            changes = ", ".join(f"{name} = ?" for name in columns)
            connection.execute(f"UPDATE {table} SET {changes} WHERE {key} = ?", (*row, number))  # noqa: S608
    connection.execute("DELETE FROM digests WHERE part = ?", (part,))
    texts = ((row[0], text_of(row)) for row in sound.values())
    connection.executemany(
        "INSERT INTO digests VALUES (?, ?, ?, ?)",
        ((part, number, digest_of(part, number, text), text) for number, text in texts),
    )
    if not _is_whole(connection, table):
        raise damaged(connection, f"rows of its table {table} cannot be written again")
