"""Read rows with blobs that are as they were written.

Of a damaged blob there is no copy: whoever reads it gets an error that says what is damaged and what to type.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from heatlas.library.file.digests import BLOBS, digest_of
from heatlas.library.file.sound_rows import damaged, has_digests

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["blobs", "blobs_or_none", "paired", "paired_with_digests", "sound_blobs"]


def blobs(
    connection: sqlite3.Connection,
    table: str,
    keys: tuple[int, int] | frozenset[int],
    what: Callable[[int], str],
) -> Iterator[tuple[int, bytes]]:
    """Read rows of a table of `BLOBS`, but for those of points, one after the other.

    Parameters
    ----------
    connection, table, keys
        As for `blobs_or_none`.
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
    for number, data in blobs_or_none(connection, table, keys):
        if data is None:
            raise damaged(connection, f"{what(number)} is not what was written")
        yield number, data


def blobs_or_none(
    connection: sqlite3.Connection, table: str, keys: tuple[int, int] | frozenset[int]
) -> Iterator[tuple[int, bytes | None]]:
    """Read rows of a table of `BLOBS`, but for those of points; those that are damaged or missing have no blob.

    Parameters
    ----------
    connection : Connection
        Of the library.
    table : str
        Name of the table.
    keys : (int, int) or frozenset of int
        Least and greatest key; or some keys, as far as there are rows.

    Yields
    ------
    int, bytes or None
        Key, ascending, and blob.
    """
    key, part = BLOBS[table].key.format(""), BLOBS[table].part
    these = "BETWEEN ? AND ?"
    asked: tuple[int | str, ...] = tuple(keys)
    if isinstance(keys, frozenset):
        these, asked = "IN (SELECT value FROM json_each(?))", (json.dumps(sorted(keys)),)
    if isinstance(keys, frozenset) and has_digests(connection):
        yield from _of_keys(connection, table, keys)
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
        yield number, data if sound else None


def sound_blobs(
    connection: sqlite3.Connection, table: str, ranges: Sequence[tuple[int, int]]
) -> list[tuple[int, bytes]] | None:
    """Read few rows of a table of `BLOBS` at once; None where any is damaged or missing, or there are no digests.

    Parameters
    ----------
    connection, table
        As for `blobs_or_none`.
    ranges : sequence of (int, int)
        Least and greatest key of some ranges that have nothing in common.

    Returns
    -------
    list of (int, bytes) or None
        Key, ascending, and blob.
    """
    if not has_digests(connection):
        return None
    key, part = BLOBS[table].key.format(""), BLOBS[table].part
    ends = [end for ends in ranges for end in ends]
    one = f"SELECT {key}, data FROM {table} WHERE {key} BETWEEN ? AND ?"  # noqa: S608
    rows = connection.execute(" UNION ALL ".join([one] * len(ranges)), ends).fetchall()
    one = f"SELECT key, digest FROM digests WHERE part = {part} AND key BETWEEN ? AND ?"  # noqa: S608
    known = dict(connection.execute(" UNION ALL ".join([one] * len(ranges)), ends).fetchall())
    number = int(part)
    is_sound = len(rows) == len(known) and all(
        isinstance(data, bytes) and digest_of(number, key, data) == known.get(key) for key, data in rows
    )
    return sorted(rows) if is_sound else None


def _of_keys(connection: sqlite3.Connection, table: str, keys: frozenset[int]) -> Iterator[tuple[int, bytes | None]]:
    """Read the rows of some keys as `blobs_or_none` does, by one statement: each tile needs a few."""
    key, part = BLOBS[table].key.format(""), int(BLOBS[table].part)
    rows = connection.execute(
        f"SELECT value, data, digest FROM json_each(?) LEFT JOIN {table} AS blob ON blob.{key} = value "  # noqa: S608
        "LEFT JOIN digests ON part = ? AND digests.key = value",
        (json.dumps(sorted(keys)), part),
    )
    for number, data, digest in rows:
        if data is None and digest is None:
            continue
        yield number, data if isinstance(data, bytes) and digest_of(part, number, data) == digest else None


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
