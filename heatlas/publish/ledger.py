"""Record of published tiles and of the data they were drawn from, stored beside or inside the output.

The next run then draws only what changed.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import HeatlasError
from heatlas.core.frozen import frozen
from heatlas.core.paths import reason_of
from heatlas.pmtiles.hilbert import first_number, zoom_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["NOTHING", "DrawnTiles", "Ledger", "failures", "open_ledger"]

NOTHING = b""
"""Digest of a tile that was drawn and is empty."""
_PATIENCE = 10.0
_CACHE_KB = 64 << 10
"""More than is written between two commits, so that nothing reaches the file before a commit."""
_VERSION = 2
_TABLES = (
    "CREATE TABLE IF NOT EXISTS heatlas_state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS heatlas_drawn (
        number INTEGER PRIMARY KEY, signature INTEGER NOT NULL, digest BLOB NOT NULL
    )""",
)


@frozen
class DrawnTiles:
    """Tiles of a zoom that were drawn before."""

    numbers: NDArray[np.int64]
    """(n,) along the Hilbert curve, ascending."""
    signatures: NDArray[np.uint64]
    """(n,) signatures of the data each was drawn from."""
    digests: list[bytes]
    """(n) digests of their bytes; NOTHING for an empty tile, which is not stored."""


@frozen
class Ledger:
    """Tables in a SQLite file; made by `open_ledger`."""

    connection: sqlite3.Connection

    def get(self, name: str) -> Any:
        """Value stored under a name, or None."""
        row = self.connection.execute("SELECT value FROM heatlas_state WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, name: str, value: Any) -> None:
        """Store plain data under a name."""
        self.connection.execute("INSERT OR REPLACE INTO heatlas_state VALUES (?, ?)", (name, json.dumps(value)))

    def known(self, zoom: int) -> DrawnTiles:
        """Tiles of a zoom that were drawn before."""
        rows = self.connection.execute(
            "SELECT number, signature, digest FROM heatlas_drawn WHERE number >= ? AND number < ? ORDER BY number",
            (first_number(zoom), first_number(zoom + 1)),
        ).fetchall()
        table = np.array([row[:2] for row in rows], np.int64).reshape(-1, 2)
        return DrawnTiles(table[:, 0].copy(), table[:, 1].copy().view(np.uint64), [row[2] for row in rows])

    def held(self, zoom: int) -> NDArray[np.int64]:
        """Numbers of the tiles of a zoom that exist, ascending."""
        known = self.known(zoom)
        return known.numbers[np.fromiter((d != NOTHING for d in known.digests), np.bool_, len(known.digests))]

    def note(self, number: int, signature: int, digest: bytes) -> None:
        """Record that a tile was drawn."""
        signed = signature - (1 << 64) if signature >= 1 << 63 else signature
        self.connection.execute("INSERT OR REPLACE INTO heatlas_drawn VALUES (?, ?, ?)", (number, signed, digest))

    def forget(self, number: int) -> None:
        """Delete the record of a tile."""
        self.connection.execute("DELETE FROM heatlas_drawn WHERE number = ?", (number,))

    def outside(self, zooms: range) -> list[tuple[int, int, bytes]]:
        """Zoom, number and digest of the tiles outside of some zooms."""
        query = "SELECT number, digest FROM heatlas_drawn WHERE number < ? OR number >= ?"
        rows = self.connection.execute(query, (first_number(zooms.start), first_number(zooms.stop))).fetchall()
        return [(zoom_of(number), number, digest) for number, digest in rows]

    def commit(self) -> None:
        """Commit the transaction, if one is open."""
        if self.connection.in_transaction:
            self.connection.execute("COMMIT")

    def begin(self) -> None:
        """Begin a transaction, unless one is open."""
        if not self.connection.in_transaction:
            self.connection.execute("BEGIN IMMEDIATE")


@contextmanager
def open_ledger(path: Path, alone: bool) -> Iterator[Ledger]:
    """Open the ledger in a SQLite file, which is made if it is missing.

    On exit, also by an exception, the open transaction is committed.

    Parameters
    ----------
    path : Path
        The file, which may hold other tables too.
    alone : bool
        Whether to lock the file until the end, and not only during transactions.

    Raises
    ------
    HeatlasError
        When the file is in use, damaged or cannot be written.
    """
    with failures(path):
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        ledger = Ledger(connection)
        try:
            connection.execute(f"PRAGMA locking_mode = {'EXCLUSIVE' if alone else 'NORMAL'}")
            connection.execute("PRAGMA journal_mode = DELETE")  # so that the finished output is one file
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")  # the file is published: replaced data must not stay in it
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
            connection.execute("BEGIN IMMEDIATE")
            for statement in _TABLES:
                connection.execute(statement)
            if ledger.get("version") != _VERSION:
                connection.execute("DELETE FROM heatlas_drawn")
                connection.execute("DELETE FROM heatlas_state")
                ledger.put("version", _VERSION)
            ledger.commit()
            yield ledger
        finally:
            with suppress(sqlite3.Error):
                ledger.commit()
            connection.close()


_REASONS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": "another program is using it: try again when it is done",
    "SQLITE_LOCKED": "another program is using it: try again when it is done",
    "SQLITE_READONLY": "the file or its folder cannot be written",
    "SQLITE_CANTOPEN": "the file or its folder cannot be opened",
    "SQLITE_NOTADB": "it is damaged: remove it to begin anew",
    "SQLITE_CORRUPT": "it is damaged: remove it to begin anew",
    "SQLITE_IOERR": "reading or writing the disk failed",
}


@contextmanager
def failures(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the system into a HeatlasError of one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        reason = next((said for code, said in _REASONS.items() if name.startswith(code)), str(error))
        raise HeatlasError(f"cannot write {path}: {reason}") from error
    except OSError as error:
        raise HeatlasError(f"cannot write {path}: {reason_of(error, path)}") from error
