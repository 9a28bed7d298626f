"""Read rows of a library that are as they were written; say which are not.

Small rows are read from their copies where they are damaged, and said once. Of damaged blobs there is no copy: whoever
reads them gets an error that says what is damaged and what to type.
"""

from __future__ import annotations

import json
import logging
import shlex
import sqlite3
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import SourceFailed
from heatlas.core.words import counted
from heatlas.library.connecting import LibraryConnection
from heatlas.library.digests import BLOBS, DIGESTED, SMALL, digest_of, row_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "SmallRows", "blobs", "damaged", "from_copy", "has_digests", "how_to_repair", "is_corrupt", "paired",
    "paired_with_digests", "path_of", "say", "small_rows", "sort_rows",
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

    def __init__(self, sound: dict[Any, tuple[Any, ...]], healed: list[Any], lost: list[Any]) -> None:
        self.sound = sound
        """Key -> row, in the order of the keys."""
        self.healed = healed
        """Keys of rows that are damaged, or whose digest is; `sound` has them all the same."""
        self.lost = lost
        """Keys of rows that are damaged, as are their copies."""


def sort_rows(connection: sqlite3.Connection, table: str, keys: Collection[int] | None = None) -> SmallRows:
    """Read rows of a table that has copies, all or those of `keys`, and find the damaged ones."""
    part, columns = SMALL[table]
    asked = () if keys is None else (json.dumps(sorted(keys)),)
    these = "" if keys is None else "{} IN (SELECT value FROM json_each(?))"
    query = f"SELECT key, digest, copy FROM digests WHERE part = ? {these and 'AND '}{these.format('key')}"  # noqa: S608
    known = connection.execute(query, (part, *asked)).fetchall()
    rows: dict[Any, tuple[Any, ...]] = {}
    # The table itself, whatever its indexes say.
    query = f"SELECT {', '.join(columns)} FROM {table} NOT INDEXED {these and 'WHERE '}{these.format(columns[0])}"  # noqa: S608
    try:
        for row in connection.execute(query, asked):
            rows[row[0]] = row
    except sqlite3.DatabaseError as error:
        if not is_corrupt(error):
            raise
    sound, healed, lost, gone = {}, [], [], 0
    for key, digest, copy in known:
        row = rows.pop(key, None)
        text = None if row is None else text_of(row)
        gone += row is None
        if row is not None and text is not None and digest_of(part, key, text) == digest:
            sound[key] = row
        elif (again := from_copy(part, digest, copy)) is not None:
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
    return SmallRows({key: sound[key] for key in sorted(sound, key=_order)}, healed, lost)


def _order(key: Any) -> tuple[bool, Any]:
    return isinstance(key, str), key


def from_copy(part: int, digest: bytes, copy: Any) -> tuple[Any, ...] | None:
    """Row of a sound copy, or None; the key is its own, as that of the digest may be damaged."""
    try:
        row = row_of(copy)
    except (ValueError, TypeError, KeyError):
        return None
    return row if digest_of(part, row[0], copy) == digest else None


def small_rows(
    connection: sqlite3.Connection, table: str, keys: Collection[int] | None = None
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

    Returns
    -------
    dict
        Key (the first column) -> values of `heatlas.library.digests.SMALL`, in the order of the keys. A library
        without digests gives its rows as they are.

    Raises
    ------
    SourceFailed
        When a row is damaged, and so is its copy.
    """
    if not has_digests(connection):
        rows = plain_rows(connection, table)
        return rows if keys is None else {key: rows[key] for key in sorted(keys) if key in rows}
    found = sort_rows(connection, table, keys)
    named = f"rows of its table {table}"
    if found.lost:
        raise damaged(connection, f"{counted(len(found.lost), named)} cannot be read ({_named(found.lost)})")
    if found.healed:
        count = len(found.healed)
        copies = "its copy is" if count == 1 else "their copies are"
        say(connection, f"{counted(count, named)} ({_named(found.healed)}), and {copies} read instead")
    return found.sound


def plain_rows(connection: sqlite3.Connection, table: str) -> dict[Any, tuple[Any, ...]]:
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    columns = SMALL[table][1]
    chosen = ", ".join(name if name in there else f"{_MISSING.get(name, 'NULL')} AS {name}" for name in columns)
    if not there:
        return {}
    rows = connection.execute(f"SELECT {chosen} FROM {table} NOT INDEXED ORDER BY 1")  # noqa: S608 - names of this package
    return {row[0]: row for row in rows}


_MISSING = {"rule": "1", "told": "''", "time_zone": "''"}
"""Values of columns that older libraries do not have."""


def _named(keys: Sequence[Any]) -> str:
    more = f" and {len(keys) - _NAMED:,} more" if len(keys) > _NAMED else ""
    return ", ".join(map(str, keys[:_NAMED])) + more


def blobs(
    connection: sqlite3.Connection,
    table: str,
    keys: tuple[int, int] | frozenset[int],
    what: Callable[[int], str],
) -> Iterator[tuple[int, bytes]]:
    """Read rows of `tracks`, `passages` or `activity_means`, one after the other.

    Parameters
    ----------
    connection : Connection
        Of the library.
    table : str
        Name of the table.
    keys : (int, int) or frozenset of int
        Least and greatest key; or some keys, as far as there are rows.
    what : callable
        Names the row of a key, for the error.

    Yields
    ------
    int, bytes
        Key, ascending, and blob.

    Raises
    ------
    SourceFailed
        When a row is damaged or missing.
    """
    key, part = BLOBS[table].key.format(""), BLOBS[table].part
    these = "BETWEEN ? AND ?"
    asked: tuple[int | str, ...] = tuple(keys)
    if isinstance(keys, frozenset):
        these, asked = "IN (SELECT value FROM json_each(?))", (json.dumps(sorted(keys)),)
    if isinstance(keys, frozenset) and has_digests(connection):
        yield from _of_keys(connection, table, keys, what)
        return
    rows = connection.execute(f"SELECT {key}, data FROM {table} WHERE {key} {these} ORDER BY {key}", asked)  # noqa: S608
    if not has_digests(connection):
        yield from _numbered(rows)  # a cursor itself would be closed at the end, maybe after its connection
        return
    known = connection.execute(
        f"SELECT key, digest FROM digests WHERE part = {part} AND key {these} ORDER BY key",  # noqa: S608
        asked,
    )
    for number, data, sound in paired(int(part), rows, known):
        if not sound or data is None:
            raise damaged(connection, f"{what(number)} is not what was written")
        yield number, data


def _of_keys(
    connection: sqlite3.Connection, table: str, keys: frozenset[int], what: Callable[[int], str]
) -> Iterator[tuple[int, bytes]]:
    """Read the rows of some keys as `blobs` does, by one statement: each tile needs a few."""
    key, part = BLOBS[table].key.format(""), int(BLOBS[table].part)
    rows = connection.execute(
        f"SELECT value, data, digest FROM json_each(?) LEFT JOIN {table} AS blob ON blob.{key} = value "  # noqa: S608
        "LEFT JOIN digests ON part = ? AND digests.key = value",
        (json.dumps(sorted(keys)), part),
    )
    for number, data, digest in rows:
        if data is None and digest is None:
            continue
        if not (isinstance(data, bytes) and digest_of(part, number, data) == digest):
            raise damaged(connection, f"{what(number)} is not what was written")
        yield number, data


def paired_with_digests(
    connection: sqlite3.Connection,
    part: int,
    rows: Iterator[tuple[int, bytes]],
    keys: tuple[int, int] = (-(1 << 63), (1 << 63) - 1),
) -> Iterator[tuple[int, bytes | None, bool]]:
    """Pair rows of a part with their digests, see `paired`; `keys` are the least and the greatest key."""
    query = "SELECT key, digest FROM digests WHERE part = ? AND key BETWEEN ? AND ? ORDER BY key"
    return paired(part, rows, connection.execute(query, (part, *keys)))


def _numbered(rows: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Rows whose keys are numbers; what a damaged one belongs to is then found alone."""
    return (row for row in rows if isinstance(row[0], int))


def paired(
    part: int, rows: Iterator[tuple[int, bytes]], known: Iterator[tuple[int, bytes]]
) -> Iterator[tuple[int, bytes | None, bool]]:
    """Pair rows with their digests, both in the order of their keys.

    Yields
    ------
    int, bytes or None, bool
        Key, blob, and whether it is what its digest says; a row that is missing has no blob.
    """
    rows, known = _numbered(rows), _numbered(known)
    digest = next(known, None)
    for key, data in rows:
        while digest is not None and digest[0] < key:
            yield digest[0], None, False
            digest = next(known, None)
        mine = digest is not None and digest[0] == key
        yield key, data, mine and isinstance(data, bytes) and digest_of(part, key, data) == digest[1]  # type: ignore[index]
        if mine:
            digest = next(known, None)
    while digest is not None:
        yield digest[0], None, False
        digest = next(known, None)
