"""Connections to the file of a library, also in a folder that cannot be written."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from heatlas.library.file.states import log_of
from heatlas.sources.sqlite_head import address_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["PATIENCE", "LibraryConnection", "connect", "empty_log", "is_frozen", "more_cache"]

PATIENCE = 30.0
"""Seconds to wait while another process is writing."""
_CACHE_KB, _WRITING_KB = 32 << 10, 128 << 10
"""Pages that a connection holds, and those while it writes: what a group of an import changes. Where they do not fit,
changed pages are written to the log before the end, and the log is read and written again at the end."""
_LOG_PAGES = 4000
_SOON = 1.0
"""Seconds to wait for readers before the log is left as it is."""


class LibraryConnection(sqlite3.Connection):
    """Connection that knows how its owner wrote the path of the library, and small things that each tile reads."""

    library_path: Path
    has_digests = False
    """Whether the library was seen to have digests: no heatlas takes them away."""
    meta: tuple[tuple[int, int], dict[Any, tuple[Any, ...]]] | None = None
    """Rows of the table `meta` by name, with the state in which they were read (`state`)."""
    settings: tuple[dict[Any, tuple[Any, ...]], Any] | None = None
    """These rows, and the settings that they hold, as `heatlas.library.file.settings` reads them."""

    @property
    def state(self) -> tuple[int, int]:
        """Numbers that change with each commit of others, and with each change of this connection; microseconds."""
        return self.execute("PRAGMA data_version").fetchone()[0], self.total_changes


def connect(path: Path, frozen: bool = False, *, lenient: bool = False) -> LibraryConnection:
    """Open a connection.

    Parameters
    ----------
    path : Path
        The library.
    frozen : bool
        Read the file without locks and without a log, as SQLite needs files beside it for both.
    lenient : bool
        Read tables that are sound although the description of others is damaged.
    """
    address = f"{address_of(path.resolve())}?mode=ro&immutable=1" if frozen else path
    # Used by one thread, but closed by whichever thread closes the library.
    connection = sqlite3.connect(
        address, uri=frozen, timeout=PATIENCE, isolation_level=None, check_same_thread=False, factory=LibraryConnection
    )
    connection.library_path = path
    connection.text_factory = _text
    try:
        _set_up(connection, lenient)
    except BaseException:
        connection.close()
        raise
    return connection


def _text(data: bytes) -> str:
    """Text of a row, also of a damaged one: its digest tells that it is damaged."""
    return data.decode("utf-8", "replace")


def _set_up(connection: sqlite3.Connection, lenient: bool) -> None:
    if lenient:
        connection.execute("PRAGMA writable_schema = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    # Pages are not mapped, which would save 0.02 to 0.03 ms of a tile: a process that has mapped a file ends by a
    # signal where another is copied over it in place.
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
    # A commit survives the end of the process; a power failure may undo commits since the last checkpoint.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")


@contextmanager
def more_cache(connection: sqlite3.Connection) -> Iterator[None]:
    """Have a connection hold the pages that a transaction changes until its end."""
    connection.execute(f"PRAGMA cache_size = -{_WRITING_KB}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")


def is_frozen(path: Path) -> bool:
    """Whether a library can only be read as a file that nobody writes: it lies in a folder that cannot be written.

    A log that cannot be read there either, as its index is missing, is left out and reported.
    """
    if os.access(path.resolve().parent, os.W_OK):
        return False
    try:
        with closing(sqlite3.connect(f"{address_of(path.resolve())}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if not (error.sqlite_errorname or "").startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
            return False
        if _size(log_of(path)):
            import logging

            logging.getLogger("heatlas.library").warning(
                "heatlas: the log %s cannot be read in a folder that cannot be written: changes since the last "
                "checkpoint are not shown; copy both files elsewhere to see them", log_of(path),
            )  # fmt: skip
        return True
    except sqlite3.DatabaseError:
        return False  # it is damaged, which is reported when it is read
    return False


def empty_log(connection: sqlite3.Connection) -> None:
    """Move the log into the file, so that a copy of the file alone is complete and a stale log can do no harm.

    Readers of older states keep it from being emptied; then the next one does it.
    """
    connection.execute(f"PRAGMA busy_timeout = {_SOON * 1000:.0f}")
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
