"""Copy a library into one file while it is in use."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from heatlas.core.context import NOBODY
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.paths import flush
from heatlas.library.care.checking import check_rows
from heatlas.library.file.identity import identity
from heatlas.library.file.sound_rows import how_to_repair
from heatlas.library.file.store import Library
from heatlas.sources.sqlite_head import address_of, in_use
from heatlas.writers.atomic import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.core.context import Context

__all__ = ["Backup", "back_up"]

_PAGES = 1000
"""Pages that are copied between two reports of progress."""


class Backup(NamedTuple):
    """What a backup holds."""

    activities: int
    """Activities, with copies."""
    point_sets: int
    replaced: int | None
    """Activities of the backup that was replaced; None where there was none, or it was damaged."""


def back_up(library: Library, target: Path, context: Context = NOBODY) -> Backup:
    """Copy a library into a file, which replaces an older backup when all of it is written and sound.

    Others may read and write the library meanwhile; the copy holds one state of it.

    Parameters
    ----------
    library : Library
        The library.
    target : Path
        File of the backup: a new one, or a library that nobody uses.
    context : Context
        Receives the pages and rows done so far and in all.

    Raises
    ------
    BadOption
        When the file is something else than a library, in use, or the library itself.
    SourceFailed
        When the library is damaged. The file is then left as it was.
    """
    _refuse(library, target)
    before = _held(target)
    with atomic_write(target) as aside:
        os.close(
            os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        )  # it holds whole tracks, as the library does
        with library.read() as connection, closing(sqlite3.connect(aside)) as copy:
            connection.execute("SELECT count(*) FROM meta").fetchone()  # from now on this state is read
            told = context.counting("copying")
            connection.backup(copy, pages=_PAGES, progress=lambda _, left, total: told(total - left, total), sleep=0)
        with Library(aside) as copied, copied.read() as connection:
            faults = check_rows(connection, context)
        if faults:
            more = f" and {len(faults) - 1:,} more faults" if len(faults) > 1 else ""
            raise SourceFailed(
                f"the library {library.path} is damaged ({faults[0]}{more}): {target} was left as it was; "
                f"{how_to_repair(library.path)} mends what can be mended"
            )
        held = _held(aside)
        flush(aside)
    assert held is not None
    return Backup(*held, None if before is None else before[0])


def _refuse(library: Library, target: Path) -> None:
    found = identity(target)
    if found == "folder":
        raise BadOption(f"{target} is a folder: name a file in it")
    if found in {"database", "other"}:
        raise BadOption(f"{target} is no library, and was left as it is: name another file for the backup")
    if found == "library" and target.samefile(library.path):
        raise BadOption(f"{target} is the library itself: name another file for the backup")
    if _is_open(target):
        raise BadOption(f"{target} is in use: name another file for the backup, or end what has it open")


def _is_open(target: Path) -> bool:
    """Whether anyone has a library open; a log that a killed process left beside it is put into it, and removed."""
    if not in_use(target):
        return False
    try:
        with closing(sqlite3.connect(target, timeout=0, isolation_level=None)) as alone:
            alone.execute("PRAGMA locking_mode = EXCLUSIVE")
            alone.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.DatabaseError:  # somebody has it open, or nobody can tell
        return True
    return in_use(target)


def _held(path: Path) -> tuple[int, int] | None:
    """Activities and point sets of a library that nobody uses; None where there is none, or it cannot be read.

    No log is created. One that is left where this process is killed would keep the next backup from that file.
    """
    if identity(path) != "library":
        return None
    try:
        with closing(sqlite3.connect(f"{address_of(path.resolve())}?mode=ro&immutable=1", uri=True)) as connection:
            (activities,) = connection.execute("SELECT count(*) FROM activities").fetchone()
            (point_sets,) = connection.execute("SELECT count(*) FROM point_sets").fetchone()
    except sqlite3.DatabaseError:
        return None
    return activities, point_sets
