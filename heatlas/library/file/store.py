"""Connections and transactions of an open library."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from heatlas.core.context import NOBODY
from heatlas.core.errors import SourceFailed
from heatlas.library.file.connecting import connect, empty_log, is_frozen, more_cache
from heatlas.library.file.failures import failures
from heatlas.library.file.healing import prepare_writing
from heatlas.library.file.looked import LOOKED
from heatlas.library.file.schema import MIGRATIONS
from heatlas.library.file.states import States, note_state, read_states
from heatlas.library.file.versions import migrate, number_of
from heatlas.library.file.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Literal

    from heatlas.core.context import Context
    from heatlas.library.file.connecting import LibraryConnection

__all__ = ["Library"]

_FREE = 5
"""Inverse share of free pages above which the file is shrunk."""
_LONGEST = 60.0
"""Seconds to wait for transactions that are under way in a file that was replaced."""


class Library:
    """Open library with one connection for each thread.

    Made by `heatlas.library.file.opening.open_library`. A context manager that closes all connections.
    """

    __slots__ = (
        "_alone",
        "_healed",
        "_left",
        "_links",
        "_local",
        "_lock",
        "_used",
        "_users",
        "_witness",
        "_wrote",
        "frozen",
        "path",
    )

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frozen = is_frozen(path)
        """Whether it lies where nobody can write."""
        self._healed = False
        self._witness = Witness(path, self.frozen)
        self._local = threading.local()
        self._links: list[tuple[weakref.ref[threading.Thread], sqlite3.Connection]] = []
        self._lock = threading.Lock()
        self._users = threading.Condition()
        self._used = 0
        self._wrote = False
        self._alone = False
        self._left: States | None = None

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
            with LOOKED.moving(self.path):
                self._witness.close()
                self._close_links()
        else:
            self._let_go()

    def settle(self) -> None:
        """Move the log into the file after writing, unless another process reads older states."""
        if self._wrote:
            self._wrote = False
            # What was committed stays in the log.
            with suppress(sqlite3.Error, SourceFailed), LOOKED.moving(self.path):
                empty_log(self.connection())

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

    def remember(self) -> None:
        """Take the file as it is now for the one that was opened."""
        self._witness.remember()

    def connection(self) -> LibraryConnection:
        """Connection of this thread, outside of any transaction; `read` and `write` are for whoever uses a library."""
        connection: LibraryConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = connect(self.path, self.frozen)
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
        mine: LibraryConnection | None = getattr(self._local, "connection", None)
        if mine is not None and mine.in_transaction:  # whoever began it looks at the file, and names errors
            yield mine
            return
        with self._using():
            connection = self.connection()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("COMMIT")

    def observe(self) -> None:
        """Begin to notice whether anyone else writes, for `left`."""
        with self.read() as connection:
            self._left, self._alone = read_states(connection), True

    @property
    def left(self) -> States | None:
        """State in which this process left the library; None where another wrote since `observe`, too."""
        return self._left if self._alone else None

    def update(self, context: Context) -> None:
        """Migrate a library that an older heatlas made, as any change does, and report how far that is."""
        if not self.frozen and number_of(self.connection(), "user_version") < len(MIGRATIONS):
            with self.write(context):
                pass

    @contextmanager
    def write(self, context: Context = NOBODY) -> Iterator[sqlite3.Connection]:
        """Connection for one transaction: all changes inside are committed, or none.

        The context hears of migrations, which may take a while.

        Raises
        ------
        SourceFailed
            When the disk is full, another process keeps writing, or the file is damaged or was replaced. The library
            is then unchanged.
        """
        with self._using(), more_cache(connection := self.connection()):
            connection.execute("BEGIN IMMEDIATE")
            try:
                before = connection.total_changes
                migrate(connection, context)
                states, started = read_states(connection), time.monotonic()
                self._alone = self._alone and states == self._left
                is_known = LOOKED.is_as_left(self.path, states)
                prepare_writing(connection, self._healed or is_known)
                looked = time.monotonic() - started
                yield connection
                if connection.total_changes != before or states is None:
                    states = note_state(connection)
                    self._wrote = True
                self.refuse_another()
                connection.execute("COMMIT")
                self._left = states
                if is_known or not self._healed:
                    LOOKED.leave(self.path, states, *(() if is_known else (looked,)))
                self._healed = True
            finally:
                connection.meta = None  # it may hold what is rolled back
                if connection.in_transaction:
                    connection.has_digests = False
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
            connection = self.connection()
            if number_of(connection, "freelist_count") * _FREE > number_of(connection, "page_count"):
                with LOOKED.moving(self.path):
                    connection.execute("VACUUM")
