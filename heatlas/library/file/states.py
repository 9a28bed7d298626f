"""Chain of a library's states: each commit adds one, so that a file or a log of another state is recognised.

SQLite applies whatever log lies beside a file (https://www.sqlite.org/howtocorrupt.html, section 1.4): after a backup
was copied over a library, the log of the old file would be written into the new one.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed
from heatlas.core.frozen import frozen
from heatlas.sources.sqlite_head import address_of

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

__all__ = ["States", "descends", "in_file", "log_of", "note_state", "read_states", "set_foreign_log_aside"]

_RECENT = 64
"""Marks that are stored. Older states are recognised by the library's name and their number."""
_LOG_HEADER, _FRAME_HEADER = 32, 24
"""Bytes."""
_MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
ASIDE = "-of-another-state"
"""Added to the name of a log that was set aside."""


@frozen
class States:
    """State of a library, and those before it."""

    library: str
    """Random name, given with the first state."""
    number: int
    """Number of the state, from 1."""
    recent: tuple[str, ...]
    """Random marks of the last states, the present one last."""


def read_states(connection: sqlite3.Connection) -> States | None:
    """Read the chain; None where no heatlas wrote that knows it."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'states'").fetchone()
    with suppress(ValueError, TypeError, KeyError):
        known: dict[str, Any] = json.loads(row[0])
        return States(known["library"], int(known["number"]), tuple(known["recent"]))
    return None


def note_state(connection: sqlite3.Connection) -> States:
    """Add a state to the chain, in the transaction that makes it; returns the chain."""
    before = read_states(connection) or States(os.urandom(8).hex(), 0, ())
    new = States(before.library, before.number + 1, (*before.recent[1 - _RECENT :], os.urandom(4).hex()))
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('states', ?)", (json.dumps(asdict(new)),))
    return new


def descends(new: States | None, old: States | None) -> bool:
    """Whether one state is another, or follows from it; true in case of doubt."""
    if old is None:
        return True
    if new is None or new.number < old.number:
        return False
    back = new.number - old.number
    if back < len(new.recent):
        return new.recent[-1 - back] == old.recent[-1]
    return new.library == old.library


def in_file(path: Path) -> States | None:
    """Read the chain in the file alone, without its log.

    Raises
    ------
    sqlite3.Error
        When it is damaged, or just being written.
    """
    with closing(sqlite3.connect(f"{address_of(path.resolve())}?mode=ro&immutable=1", uri=True)) as connection:
        # While a log is being moved into it, its first page may promise pages that are not there yet.
        connection.execute("PRAGMA writable_schema = ON")
        return read_states(connection)


def log_of(path: Path) -> Path:
    """Log of a library; see also `heatlas.sources.sqlite_head.in_use`."""
    real = path.resolve()
    return real.with_name(f"{real.name}-wal")


def set_foreign_log_aside(path: Path) -> None:
    """Rename a log beside a library if it belongs to another file or to another state, and report it.

    Raises
    ------
    SourceFailed
        When it belongs to another and cannot be renamed: the library must not be opened with it.
    """
    log = log_of(path)
    if not _commits(log) or not _is_foreign(path, log):
        return
    kept = log.with_name(log.name + ASIDE)
    number = 1
    while kept.exists():
        number += 1
        kept = log.with_name(f"{log.name}{ASIDE}-{number}")
    try:
        # Its index first: without it, the log would be read again, and found foreign again.
        log.with_name(f"{path.resolve().name}-shm").unlink(missing_ok=True)
        log.rename(kept)
    except FileNotFoundError:
        return  # another process was quicker
    except OSError as error:  # on Windows, while another process has it open
        raise SourceFailed(
            f"the log {log} is not of the library {path} that it lies beside, and cannot be set aside: "
            f"{error.strerror or error}; end what has the library open"
        ) from error
    import logging

    logging.getLogger("heatlas.library").warning(
        "heatlas: %s was replaced while the log of its last changes lay beside it: that log is of another file or "
        "state, and was set aside as %s; remove it if you do not miss anything", path, kept.name,
    )  # fmt: skip


def _is_foreign(path: Path, log: Path) -> bool:
    """Whether a log does not follow from the file beside it.

    Another process may add to the log meanwhile, and move it into the file. So the state of both together is read
    before commits are counted, and again after the file is read: whatever was added makes the log look less foreign.
    """
    try:
        before = _with_log(path)
    except sqlite3.DatabaseError as error:
        return _is_misfit(error) and _is_sound(path)
    commits = _commits(log)
    try:
        file = in_file(path)
    except (sqlite3.Error, OSError):
        return False  # the file itself is damaged, and says so when it is read
    try:
        after = _with_log(path)
    except sqlite3.DatabaseError as error:
        return _is_misfit(error)
    if before is None or after is None:
        return file is not None and before is None and after is None
    # A state before those that the log holds is an older one; the log was made on a later one.
    return (0 if file is None else file.number) < before.number - commits or not descends(after, file)


def _with_log(path: Path) -> States | None:
    """Read the chain in a file and its log; opened for reading only, it can neither move the log nor remove it."""
    with closing(sqlite3.connect(f"{address_of(path.resolve())}?mode=ro", uri=True)) as connection:
        return read_states(connection)


def _is_misfit(error: sqlite3.DatabaseError) -> bool:
    """Whether pages of two files do not fit together. What cannot be opened or is busy says nothing."""
    return not isinstance(error, sqlite3.OperationalError) or "malformed" in str(error)


def _is_sound(path: Path) -> bool:
    """Whether the file alone can be read."""
    try:
        in_file(path)
    except (sqlite3.Error, OSError):
        return False
    return True


def _commits(log: Path) -> int:
    """Commits in a log, by the file format (https://www.sqlite.org/fileformat2.html, section 4.1); 0 if none."""
    try:
        with log.open("rb") as file:
            head = file.read(_LOG_HEADER)
            if len(head) < _LOG_HEADER or head[:4] not in _MAGIC:
                return 0
            page, found = int.from_bytes(head[8:12], "big"), 0
            salts = head[16:24]
            while len(frame := file.read(_FRAME_HEADER)) == _FRAME_HEADER and frame[8:16] == salts:
                found += frame[4:8] != bytes(4)
                file.seek(page, 1)
            return found
    except OSError:
        return 0
