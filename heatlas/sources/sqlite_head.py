"""Read the head of an SQLite file through SQLite. A file in use must not be opened in any other way.

Closing any handle of a file drops all POSIX locks that the process has on it, including those of SQLite. Another
process may then conclude that it is the last one, and delete the log while others still read it
(https://www.sqlite.org/howtocorrupt.html, section 2.2). SQLite itself counts the handles of a process.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed
from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LIBRARY_ID", "Head", "address_of", "in_use", "read_head"]

LIBRARY_ID = 0x4865_4174
"""Application id of the libraries of heatlas."""

_HEADER = 100
"""Least bytes of a database (https://www.sqlite.org/fileformat2.html, 1.3)."""
_ID = 68
"""Offset of the application id in the head."""
_TABLES = {"meta", "files", "activities", "tracks", "passages"}
"""Tables of a library of any version."""
_SECONDS = 10.0


@frozen
class Head:
    """Head of a database."""

    application_id: int
    """Id of the application that it belongs to; 0 if none is set."""
    blank: bool
    """Whether it has neither an application id nor a table."""


def address_of(path: Path) -> str:
    """URI of a file, in the form that SQLite accepts.

    A network share, which a Windows drive may stand for, is a path that begins with two slashes. pathlib puts its
    server into the authority of the URI, which SQLite refuses.

    Parameters
    ----------
    path : Path
        Absolute.
    """
    address = path.as_uri()
    return address if address.startswith("file:///") else address.replace("file://", "file:////", 1)


def in_use(path: Path) -> bool:
    """Tell whether a database may be open, or was not closed by a process that ended: its log is beside it.

    Parameters
    ----------
    path : Path
        Any file. The logs of a database count as in use with it.
    """
    name = os.path.realpath(path)
    base = name[:-4] if name.endswith(("-wal", "-shm")) else ""
    return os.path.isfile(f"{name}-wal") or bool(base and os.path.isfile(base))  # noqa: PTH113 - as many as files


def read_head(path: Path) -> Head | None:
    """Read the head of a file if it is a database, and leave no other file beside it.

    Parameters
    ----------
    path : Path
        Any file. If it is not a regular file, it is not opened, because that might block.

    Returns
    -------
    Head or None
        None if it is no database, or a damaged one. A damaged library is still told as a library: by the id in its
        head, or by its tables.

    Raises
    ------
    SourceFailed
        When it cannot be opened.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise SourceFailed(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}") from None
    if not stat.S_ISREG(status.st_mode) or status.st_size < _HEADER:
        return None
    address = address_of(path.resolve())
    try:
        # Immutable: without locks and without the log, so that no file is created, and there is no waiting.
        head = _asked(f"{address}?mode=ro&immutable=1")
        if not head.application_id and _has_log(path):
            # Its first pages may be in the log alone, both files of which exist already.
            head = _asked(f"{address}?mode=ro")
    except sqlite3.OperationalError as error:
        reason = "permission denied" if not os.access(path, os.R_OK) else str(error)
        raise SourceFailed(f"{path} cannot be opened: {reason}") from None
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return Head(LIBRARY_ID, blank=False) if _has_id(path) else None
    return head


def _has_id(path: Path) -> bool:
    """Whether a file that SQLite cannot read has the id of a library in its head."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER)
    except OSError:
        return False
    return head[_ID : _ID + 4] == LIBRARY_ID.to_bytes(4, "big")


def _asked(address: str) -> Head:
    with closing(sqlite3.connect(address, uri=True, timeout=_SECONDS)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        # A process that is killed while it moves a log into the file may leave a first page that promises pages which
        # only the log has. Otherwise such a file would be called damaged.
        connection.execute("PRAGMA writable_schema = ON")
        (number,) = connection.execute("PRAGMA application_id").fetchone()
        # Tables are listed only if necessary: the application id is known also where the schema is damaged.
        names = set() if number == LIBRARY_ID else _names(connection)
    return Head(LIBRARY_ID if names >= _TABLES else number, blank=not number and not names)


def _names(connection: sqlite3.Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


def _has_log(path: Path) -> bool:
    name = os.path.realpath(path)
    try:
        return os.stat(f"{name}-wal").st_size > 0 and os.path.isfile(f"{name}-shm")  # noqa: PTH113, PTH116
    except OSError:
        return False
