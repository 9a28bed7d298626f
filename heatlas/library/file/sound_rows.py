"""Read small rows of a library that are as they were written; say which are not.

They are read from their copies where they are damaged, and said once.
"""

from __future__ import annotations

import json
import shlex
import sqlite3
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import SourceFailed
from heatlas.core.words import counted
from heatlas.library.file.connecting import LibraryConnection
from heatlas.library.file.digests import DIGESTED, SMALL, digest_of, row_of, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

__all__ = [
    "SmallRows", "chosen_columns", "damaged", "from_copy", "has_digests", "how_to_repair", "is_corrupt", "is_sound",
    "may_be_lost", "path_of", "rows_or_lost", "say", "small_rows", "sort_rows",
]  # fmt: skip

_SAID: set[str] = set()
"""Sentences that this process has said."""
_NAMED = 5


def how_to_repair(path: str | Path) -> str:
    """Command that repairs a library."""
    return f"heatlas library repair -l {shlex.quote(str(path))}"


def path_of(connection: sqlite3.Connection) -> str:
    """Path of the file of a connection, as its owner wrote it."""
    path = getattr(connection, "library_path", None)
    return str(path or connection.execute("PRAGMA database_list").fetchone()[2])


def damaged(connection: sqlite3.Connection, what: str) -> SourceFailed:
    """Make the error about something that is damaged."""
    path = path_of(connection)
    return SourceFailed(f"the library {path} is damaged: {what}; {how_to_repair(path)} mends what can be mended")


def say(connection: sqlite3.Connection, what: str) -> None:
    """Say once, on stderr, what is damaged in a library and does not stop the work."""
    sentence = str(damaged(connection, what))
    if sentence not in _SAID:
        import logging

        _SAID.add(sentence)
        logging.getLogger("heatlas.library").warning("heatlas: %s", sentence)


def has_digests(connection: sqlite3.Connection) -> bool:
    """Whether the library is of a version that has digests."""
    if isinstance(connection, LibraryConnection) and connection.has_digests:
        return True
    found = int(connection.execute("PRAGMA user_version").fetchone()[0]) >= DIGESTED
    if isinstance(connection, LibraryConnection):
        connection.has_digests = found
    return found


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether SQLite has found a damaged page."""
    return (getattr(error, "sqlite_errorname", None) or "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


class SmallRows:
    """Rows of a table that has copies, sorted by whether they are sound."""

    def __init__(
        self, sound: dict[Any, tuple[Any, ...]], healed: list[Any], lost: list[Any], uncopied: list[Any]
    ) -> None:
        self.sound = sound
        """Key -> row, in the order of the keys."""
        self.healed = healed
        """Keys of rows that are damaged, or whose digest is; `sound` has them all the same."""
        self.lost = lost
        """Keys of rows that are damaged, as are their copies."""
        self.uncopied = uncopied
        """Keys of sound rows whose copies are damaged: whoever reads misses nothing."""

    @property
    def is_whole(self) -> bool:
        """Whether rows, digests and copies are all as they were written."""
        return not (self.healed or self.lost or self.uncopied)


def sort_rows(connection: sqlite3.Connection, table: str, keys: Collection[int] | None = None) -> SmallRows:
    """Read rows of a table that has copies, all or those of `keys`, and find the damaged ones."""
    part, columns = SMALL[table]
    asked = () if keys is None else (json.dumps(sorted(keys)),)
    these = "" if keys is None else "{} IN (SELECT value FROM json_each(?))"
    query = f"SELECT key, digest, copy FROM digests WHERE part = ? {these and 'AND '}{these.format('key')}"  # noqa: S608
    known = connection.execute(query, (part, *asked)).fetchall()
    rows: dict[Any, tuple[Any, ...]] = {}
    # The table itself, whatever its indexes say.
    chosen = chosen_columns(connection, table)
    query = f"SELECT {chosen} FROM {table} NOT INDEXED {these and 'WHERE '}{these.format(columns[0])}"  # noqa: S608
    try:
        for row in connection.execute(query, asked):
            rows[row[0]] = row
    except sqlite3.DatabaseError as error:
        if not is_corrupt(error):
            raise
    sound, healed, lost, uncopied, gone = {}, [], [], [], 0
    for key, digest, copy in known:
        row = rows.pop(key, None)
        text = None if row is None else text_of(table, row)
        gone += row is None
        if row is not None and text is not None and digest_of(part, key, text) == digest:
            sound[key] = row
            if text != copy:
                uncopied.append(key)
        elif (again := from_copy(table, digest, copy)) is not None:
            sound[again[0]] = again
            healed.append(again[0])
        elif row is not None and text == copy:  # it is the digest that is damaged
            sound[key] = row
            healed.append(key)
        else:
            lost.append(key)
    # A row without a digest is one whose key is damaged, if another is missing.
    strangers = [key for key in rows if key not in sound]
    lost += strangers[gone:]
    return SmallRows({key: sound[key] for key in sorted(sound, key=_order)}, healed, lost, uncopied)


def is_sound(connection: sqlite3.Connection, table: str) -> bool:
    """Whether each row of a table that has copies is as it was written, as is its copy; one row at a time is held."""
    part, columns = SMALL[table]
    # The table itself, whatever its indexes say.
    rows = f"SELECT {chosen_columns(connection, table)} FROM {table} NOT INDEXED ORDER BY {columns[0]}"  # noqa: S608
    known = "SELECT key, digest, copy FROM digests WHERE part = ? ORDER BY key"
    try:
        for row, one in zip_longest(connection.execute(rows), connection.execute(known, (part,))):
            if row is None or one is None or row[0] != one[0]:
                return False
            text = text_of(table, row)
            if text != one[2] or digest_of(part, row[0], text) != one[1]:
                return False
    except sqlite3.DatabaseError as error:
        if not is_corrupt(error):
            raise
        return False
    return True


def _order(key: Any) -> tuple[bool, Any]:
    return isinstance(key, str), key


def from_copy(table: str, digest: bytes, copy: Any) -> tuple[Any, ...] | None:
    """Row of a sound copy, or None; the key is its own, as that of the digest may be damaged."""
    try:
        row = row_of(table, copy)
    except (ValueError, TypeError, KeyError):
        return None
    return row if digest_of(SMALL[table][0], row[0], copy) == digest else None


MAY_BE_LOST: dict[str, frozenset[str] | None] = {
    "activities": None, "files": None, "point_sets": None, "meta": frozenset({"athlete", "copies", "undigested"}),
}  # fmt: skip
"""Table -> keys without which the rest is still right; None: any. No zone is among them, and no setting that hides."""


def small_rows(
    connection: sqlite3.Connection, table: str, keys: Collection[int] | None = None, *, strict: bool = False
) -> dict[Any, tuple[Any, ...]]:
    """Read rows of a table that has copies: meta, zones, files, activities, point_sets.

    Parameters
    ----------
    connection : Connection
        Of the library.
    table : str
        Name of the table.
    keys : collection of int, optional
        Keys of the rows; by default all.
    strict : bool
        Raise whichever row is lost: where what it said of others must not be guessed.

    Returns
    -------
    dict
        Key (the first column) -> values of `heatlas.library.file.digests.SMALL`, in the order of the keys. A library
        without digests gives its rows as they are. Rows that are damaged, as are their copies, are said and left out,
        if the rest is right without them (`MAY_BE_LOST`).

    Raises
    ------
    SourceFailed
        When another row is damaged, and so is its copy.
    """
    return rows_or_lost(connection, table, keys, strict=strict).sound


def rows_or_lost(
    connection: sqlite3.Connection, table: str, keys: Collection[int] | None = None, *, strict: bool = False
) -> SmallRows:
    """Read rows as `small_rows` does, with the keys of those that are lost."""
    if not has_digests(connection):
        rows = plain_rows(connection, table)
        return SmallRows(rows if keys is None else {key: rows[key] for key in sorted(keys) if key in rows}, [], [], [])
    found = sort_rows(connection, table, keys)
    named = f"rows of its table {table}"
    if found.lost:
        what = f"{counted(len(found.lost), named)} cannot be read ({_named(found.lost)})"
        if strict or not may_be_lost(table, found.lost):
            raise damaged(connection, what)
        say(connection, f"{what} and {'is' if len(found.lost) == 1 else 'are'} left out")
    if found.healed:
        count = len(found.healed)
        copies = "its copy is" if count == 1 else "their copies are"
        say(connection, f"{counted(count, named)} ({_named(found.healed)}), and {copies} read instead")
    return found


def may_be_lost(table: str, keys: Collection[Any]) -> bool:
    """Whether the rest of a table is right without the rows of some keys."""
    allowed = MAY_BE_LOST.get(table, frozenset())
    return allowed is None or allowed.issuperset(keys)


def plain_rows(connection: sqlite3.Connection, table: str) -> dict[Any, tuple[Any, ...]]:
    if not connection.execute(f"PRAGMA table_info({table})").fetchall():
        return {}
    rows = connection.execute(f"SELECT {chosen_columns(connection, table)} FROM {table} NOT INDEXED ORDER BY 1")  # noqa: S608 - names of this package
    return {row[0]: row for row in rows}


def chosen_columns(connection: sqlite3.Connection, table: str) -> str:
    """SQL of the columns of `SMALL`: of one that an older library does not have, its default."""
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    return ", ".join(name if name in there else f"{_MISSING.get(name, 'NULL')} AS {name}" for name in SMALL[table][1])


_MISSING = {"rule": "1", "told": "''", "time_zone": "''", "person": "''"}
"""Values of columns that older libraries do not have."""


def _named(keys: Sequence[Any]) -> str:
    more = f" and {len(keys) - _NAMED:,} more" if len(keys) > _NAMED else ""
    return ", ".join(map(str, keys[:_NAMED])) + more
