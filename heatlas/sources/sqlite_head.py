"""What a file of SQLite says of itself, asked of SQLite: such a file must not be opened by hand while it is in use.

Closing any handle of a file drops all POSIX locks that the process has on it, and SQLite's with them. Another process
may then take itself for the last one, and remove the log under those who still read it
(https://www.sqlite.org/howtocorrupt.html, section 2.2). SQLite itself keeps count of the handles of a process.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LIBRARY_ID", "Head", "address_of", "in_use", "read_head"]

LIBRARY_ID = 0x4865_4174
"""Application id of the libraries of heatlas."""

_HEADER = 100
"""Bytes: no database has fewer (https://www.sqlite.org/fileformat2.html, 1.3)."""
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Head:
    """What a database says of itself."""

    application_id: int
    """Whose it is; 0 where that is not said."""
    blank: bool
    """That is not said, and there is no table in it."""


def address_of(path: Path) -> str:
    """URI of a file, as SQLite takes it.

    A share of the network, which a drive of Windows may stand for, is a path that begins with two slashes: as the
    authority of the URI, where pathlib puts its server, SQLite refuses it.

    Parameters
    ----------
    path : Path
        Absolute.
    """
    address = path.as_uri()
    return address if address.startswith("file:///") else address.replace("file://", "file:////", 1)


def in_use(path: Path) -> bool:
    """Whether somebody may have a database open, or a process ended without closing it: its log lies beside it.

    Parameters
    ----------
    path : Path
        Any file. The logs of a database count as in use with it.
    """
    name = os.path.realpath(path)
    base = name[:-4] if name.endswith(("-wal", "-shm")) else ""
    return os.path.isfile(f"{name}-wal") or bool(base and os.path.isfile(base))  # noqa: PTH113 - as many as files


def read_head(path: Path) -> Head | None:
    """Read what a file says of itself if it is a database, and leave nothing beside it.

    Parameters
    ----------
    path : Path
        Any file; what is not a regular one is not opened, for that might block.

    Returns
    -------
    Head or None
        None: it is no database, or not a sound one.

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
        # Immutable: without locks and without the log, so that nothing is made, or waited for.
        head = _asked(f"{address}?mode=ro&immutable=1")
        if not head.application_id and _has_log(path):
            # Its first pages may still be in the log alone; both parts of that are there already.
            head = _asked(f"{address}?mode=ro")
    except sqlite3.OperationalError as error:
        reason = "permission denied" if not os.access(path, os.R_OK) else str(error)
        raise SourceFailed(f"{path} cannot be opened: {reason}") from None
    except sqlite3.DatabaseError:
        return None
    return head


def _asked(address: str) -> Head:
    with closing(sqlite3.connect(address, uri=True, timeout=_SECONDS)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        (number,) = connection.execute("PRAGMA application_id").fetchone()
        # Tables are looked for only where need be: a damaged schema changes nothing of whose it is.
        blank = not number and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return Head(number, blank)


def _has_log(path: Path) -> bool:
    name = os.path.realpath(path)
    try:
        return os.stat(f"{name}-wal").st_size > 0 and os.path.isfile(f"{name}-shm")  # noqa: PTH113, PTH116
    except OSError:
        return False
