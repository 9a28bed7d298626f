"""Open and migrate the file of a library; manage its connections and transactions."""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
import weakref
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.library.failures import cannot_write, failures
from heatlas.library.identity import identity
from heatlas.library.schema import APPLICATION_ID, MIGRATIONS, READABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Literal

__all__ = ["Library", "open_library"]

_PATIENCE = 10.0
"""Seconds to wait while another process is writing."""
_PAGE = 8192
"""Bytes of a page. Most chunks of a tile fit into one, and large chunks into few."""
_CACHE_KB = 32 << 10
_FREE = 5
"""Inverse share of free pages above which the file is shrunk."""
_LOG_PAGES = 4000


class Library:
    """Open library with one connection for each thread.

    Made by `open_library`. A context manager that closes all connections.
    """

    __slots__ = ("_file", "_links", "_local", "_lock", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _file_of(path)
        self._local = threading.local()
        self._links: list[tuple[weakref.ref[threading.Thread], sqlite3.Connection]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of all threads; the next use opens new ones."""
        with self._lock:
            links, self._links = self._links, []
            self._local = threading.local()
        for _, connection in links:
            connection.close()

    @property
    def whereabouts(self) -> Literal["there", "missing", "replaced"]:
        """Whether the file under the path is still the one that was opened."""
        now = _file_of(self.path)
        return "there" if now == self._file else "missing" if now is None else "replaced"

    def refuse_another(self) -> None:
        """Raise if the file under the path is no longer the one that was opened.

        Raises
        ------
        SourceFailed
            When it was removed or replaced, as cached data of one file is wrong for another.
        """
        if (where := self.whereabouts) != "there":
            what = "removed or moved" if where == "missing" else "replaced by another file"
            raise SourceFailed(f"the library {self.path} was {what} while it was in use")

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = _connect(self.path)
            try:
                self.refuse_another()
            except SourceFailed:
                connection.close()
                raise
            self._local.connection = connection
            with self._lock:
                self._links.append((weakref.ref(threading.current_thread()), connection))
                self._close_idle()
        return connection

    def _close_idle(self) -> None:
        """Close the connections of threads that have ended: each drawing may start new threads."""
        alive = []
        for thread, connection in self._links:
            owner = thread()
            if owner is not None and owner.is_alive():
                alive.append((thread, connection))
            else:
                connection.close()
        self._links = alive

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Connection that sees one state of the library, whatever others write meanwhile.

        Inside `write` of the same thread it sees what was written so far.
        """
        with failures(self.path):
            connection = self._connection()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Connection for one transaction: all changes inside are committed, or none.

        Raises
        ------
        SourceFailed
            When the disk is full, another process keeps writing, or the file is damaged. The library
            is then unchanged.
        """
        with failures(self.path):
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                _migrate(connection, self.path)
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def shrink(self) -> None:
        """Return free pages of the file to the disk, if there are many."""
        with failures(self.path):
            connection = self._connection()
            if _number(connection, "freelist_count") * _FREE > _number(connection, "page_count"):
                connection.execute("VACUUM")


def open_library(path: str | Path, create: bool = False) -> Library:
    """Open a library, and migrate one that an older heatlas wrote.

    Parameters
    ----------
    path : str or Path
        File of the library.
    create : bool
        Make an empty library where there is no file.

    Returns
    -------
    Library

    Raises
    ------
    BadOption
        When there is no such file.
    SourceFailed
        When the file is not a library, was written by a newer heatlas, or cannot be opened.
    """
    path = Path(path)
    found = identity(path)
    if found == "missing" and not create:
        raise BadOption(f"there is no library {path}: heatlas import SOURCE... -l {path} makes one")
    if found == "folder":
        raise SourceFailed(f"{path} is a folder, not a heatlas library")
    if found == "other":
        raise SourceFailed(f"{path} is no heatlas library, but something else; it was left as it is")
    if found == "database" or (found == "empty" and not create):
        raise _another(path)
    with failures(path):
        if create:
            # Only the owner may read it, as it holds whole tracks. SQLite gives its companion files the same mode.
            try:
                with suppress(FileExistsError):
                    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            except OSError as error:
                raise SourceFailed(f"the library {path} cannot be made: {error.strerror or error}") from None
        library = Library(path)
        try:
            _prepare(library, create)
        except BaseException:
            library.close()
            raise
    return library


def _file_of(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file; None if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _another(path: Path) -> SourceFailed:
    return SourceFailed(f"{path} is a database, but no heatlas library; it was left as it is")


def _connect(path: Path) -> sqlite3.Connection:
    # Used by one thread, but closed by whichever thread closes the library.
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
    # A commit survives the end of the process; a power failure may undo commits since the last checkpoint.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    return connection


def _prepare(library: Library, create: bool) -> None:
    connection = library._connection()
    known, version = _number(connection, "application_id"), _number(connection, "user_version")
    if known == APPLICATION_ID and version == len(MIGRATIONS):
        return
    if known != APPLICATION_ID:
        empty = known == 0 and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not (empty and create):
            raise _another(library.path)
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        connection.execute("PRAGMA journal_mode = WAL")
    readable = known == APPLICATION_ID and READABLE <= version < len(MIGRATIONS)
    try:
        # A readable library does not wait for other processes; its next transaction that writes migrates it.
        connection.execute(f"PRAGMA busy_timeout = {0 if readable else _PATIENCE * 1000:.0f}")
        with library.write():
            pass
    except SourceFailed as failure:
        if not (readable and cannot_write(failure)):
            raise
    finally:
        connection.execute(f"PRAGMA busy_timeout = {_PATIENCE * 1000:.0f}")
    if known != APPLICATION_ID:
        # Move the log into the file, so that the file alone shows that it is a library.
        connection.execute("PRAGMA wal_checkpoint")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Migrate the tables to this version, inside a transaction that writes."""
    version = _number(connection, "user_version")
    if version == len(MIGRATIONS):
        return
    if version > len(MIGRATIONS):
        raise SourceFailed(f"{path} was written by a newer heatlas: update heatlas to open it")
    for statement in itertools.chain(*MIGRATIONS[version:]):
        if callable(statement):
            statement(connection)
        else:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    value: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return value
