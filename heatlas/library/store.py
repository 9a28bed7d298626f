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
from heatlas.core.paths import refuse_name
from heatlas.core.scratch import scratch_folder
from heatlas.library.connecting import PATIENCE, connect, empty_log, is_frozen
from heatlas.library.failures import cannot_write, failures
from heatlas.library.healing import prepare_writing
from heatlas.library.identity import identity
from heatlas.library.network import report_network
from heatlas.library.schema import APPLICATION_ID, MIGRATIONS, READABLE
from heatlas.library.sound_rows import damaged
from heatlas.library.states import note_state, read_states, set_foreign_log_aside
from heatlas.library.versions import note_version, number_of, refuse_newer
from heatlas.library.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Literal

__all__ = ["Library", "open_library"]

_PAGE = 8192
"""Bytes of a page. Most chunks of a tile fit into one, and large chunks into few."""
_FREE = 5
"""Inverse share of free pages above which the file is shrunk."""
_LONGEST = 60.0
"""Seconds to wait for transactions that are under way in a file that was replaced."""


class Library:
    """Open library with one connection for each thread.

    Made by `open_library`. A context manager that closes all connections.
    """

    __slots__ = ("_frozen", "_healed", "_links", "_local", "_lock", "_used", "_users", "_witness", "_wrote", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._frozen = is_frozen(path)
        self._healed = False
        self._witness = Witness(path, self._frozen)
        self._local = threading.local()
        self._links: list[tuple[weakref.ref[threading.Thread], sqlite3.Connection]] = []
        self._lock = threading.Lock()
        self._users = threading.Condition()
        self._used = 0
        self._wrote = False

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of all threads; the next use opens new ones.

        The last connection of all processes moves the log into the file and removes it.
        """
        if self.whereabouts == "there":
            self.settle()
            self._witness.close()
            self._close_links()
        else:
            self._let_go()

    def settle(self) -> None:
        """Move the log into the file after writing, unless another process reads older states."""
        if self._wrote:
            self._wrote = False
            with suppress(sqlite3.Error, SourceFailed):  # what was committed stays in the log
                empty_log(self._connection())

    def leave(self) -> None:
        """Close all connections to a file that was replaced, when the transactions that are under way have ended."""
        with self._users:
            self._users.wait_for(lambda: not self._used, _LONGEST)
        self._let_go()

    def _let_go(self) -> None:
        """Close without writing the log of the old file into the one that took its place.

        Only a connection that can write does so, if it is the last one: here that of the witness is.
        """
        with suppress(sqlite3.Error):
            self.data_version  # noqa: B018 - opens it
        self._close_links()
        self._witness.close()

    def _close_links(self) -> None:
        with self._lock:
            links, self._links = self._links, []
            self._local = threading.local()
        for _, connection in links:
            connection.close()

    @property
    def whereabouts(self) -> Literal["there", "missing", "replaced"]:
        """Whether the file under the path is still the one that was opened."""
        return self._witness.whereabouts

    def refuse_another(self) -> None:
        """Raise if the file under the path is no longer the one that was opened.

        Raises
        ------
        SourceFailed
            When it was removed or replaced, as cached data of one file is wrong for another.
        """
        self._witness.refuse_another()

    @property
    def data_version(self) -> int:
        """Number that changes with every commit of any process; takes some microseconds."""
        return self._witness.data_version

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self.path, self._frozen)
            try:
                self.refuse_another()
            except SourceFailed:
                connection.close()
                raise
            self._witness.attend()
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

        Raises
        ------
        SourceFailed
            When the file cannot be read, or was replaced: also when that happened meanwhile.
        """
        with self._using():
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
            When the disk is full, another process keeps writing, or the file is damaged or was replaced. The library
            is then unchanged.
        """
        with self._using():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                before = connection.total_changes
                _migrate(connection)
                prepare_writing(connection, self._healed)
                yield connection
                if connection.total_changes != before or read_states(connection) is None:
                    note_state(connection)
                    self._wrote = True
                self.refuse_another()
                connection.execute("COMMIT")
                self._healed = True
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Turn errors into sentences, and refuse what was read or written if the file was replaced meanwhile."""
        with self._users:
            self._used += 1
        try:
            self.refuse_another()
            with failures(self.path):
                try:
                    yield
                except sqlite3.Error:
                    self.refuse_another()  # this is why
                    raise
            self.refuse_another()
        finally:
            with self._users:
                self._used -= 1
                self._users.notify_all()

    def shrink(self) -> None:
        """Return free pages of the file to the disk, if there are many."""
        with failures(self.path):
            connection = self._connection()
            if number_of(connection, "freelist_count") * _FREE > number_of(connection, "page_count"):
                connection.execute("VACUUM")


def open_library(path: str | Path, create: bool = False) -> Library:
    """Open a library; one that an older heatlas wrote is migrated, at the latest by the first transaction that writes.

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
        if found == "missing":
            refuse_name(path)
            _make(path)
        report_network(path)
        set_foreign_log_aside(path)
        return _opened(path, create)


def _opened(path: Path, create: bool) -> Library:
    library = Library(path)
    try:
        _prepare(library, create)
        library._witness.remember()
    except BaseException:
        library.close()
        raise
    return library


def _make(path: Path) -> None:
    """Make an empty library aside, and give it its name when it is whole, unless another process was quicker."""
    final = path.resolve()
    try:
        with scratch_folder(final.parent) as folder:
            draft = folder / final.name
            # Only the owner may read it, as it holds whole tracks. SQLite gives its companion files the same mode.
            os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            _opened(draft, create=True).close()
            try:
                final.hardlink_to(draft)
            except FileExistsError:
                pass
            except OSError:  # no links on this file system
                if not final.exists():
                    draft.rename(final)
    except OSError as error:
        raise SourceFailed(f"the library {path} cannot be made: {error.strerror or error}") from None


def _another(path: Path) -> SourceFailed:
    return SourceFailed(f"{path} is a database, but no heatlas library; it was left as it is")


def _prepare(library: Library, create: bool) -> None:
    connection = library._connection()
    known, version = number_of(connection, "application_id"), number_of(connection, "user_version")
    if known == APPLICATION_ID and version == len(MIGRATIONS) and (library._frozen or read_states(connection)):
        return
    refuse_newer(connection, version)
    if known != APPLICATION_ID:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise damaged(connection, "its head does not say that it is a library")
        if not (known == 0 and create):
            raise _another(library.path)
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        connection.execute("PRAGMA journal_mode = WAL")
    if known == APPLICATION_ID and READABLE <= version < len(MIGRATIONS):
        return  # it is read as it is: the first transaction that writes migrates it, which may take a while
    readable = known == APPLICATION_ID and version == len(MIGRATIONS)
    try:
        # A readable library does not wait for other processes; the next transaction that writes notes its state.
        connection.execute(f"PRAGMA busy_timeout = {0 if readable else PATIENCE * 1000:.0f}")
        with library.write():
            pass
    except SourceFailed as failure:
        if not (readable and cannot_write(failure)):
            raise
    finally:
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")
    if known != APPLICATION_ID:
        # Move the log into the file, so that the file alone shows that it is a library.
        connection.execute("PRAGMA wal_checkpoint")


def _migrate(connection: sqlite3.Connection) -> None:
    """Migrate the tables to this version, inside a transaction that writes."""
    version = number_of(connection, "user_version")
    if version == len(MIGRATIONS):
        return
    refuse_newer(connection, version)
    for statement in itertools.chain(*MIGRATIONS[version:]):
        if callable(statement):
            statement(connection)
        else:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    note_version(connection, len(MIGRATIONS))
