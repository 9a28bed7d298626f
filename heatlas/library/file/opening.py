"""Open the file of a library, or make one."""

from __future__ import annotations

import os
from pathlib import Path

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.paths import parents_made, refuse_place
from heatlas.core.scratch import scratch_folder, sweep
from heatlas.library.file.connecting import PATIENCE
from heatlas.library.file.failures import cannot_write, failures
from heatlas.library.file.identity import identity
from heatlas.library.file.network import report_network
from heatlas.library.file.schema import APPLICATION_ID, MIGRATIONS, READABLE
from heatlas.library.file.sound_rows import damaged
from heatlas.library.file.states import read_states, set_foreign_log_aside
from heatlas.library.file.store import Library
from heatlas.library.file.versions import number_of, refuse_newer

__all__ = ["open_library"]

_PAGE = 1024
"""Bytes of a page of a new library. Rows of the index are some hundred bytes to some ten thousand. SQLite divides a row
that is larger than a page, but never one that is smaller, so the larger pages are, the more of them stays empty: at the
8192 of before a fifth of those that hold the index. A change of a row writes its page, too. Smaller pages make large
rows slower to read: the chunks of a tile and its surroundings take 0.10 to 0.40 ms where nothing is cached, at zooms 12
to 16, and 0.01 to 0.02 ms less by pages of 4096."""


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
            refuse_place(path)
            _make(path)
        elif create:
            sweep(path.resolve().parent)  # a run that was killed when the library had its name left a folder there
        report_network(path)
        set_foreign_log_aside(path)
        return _opened(path, create)


def _opened(path: Path, create: bool) -> Library:
    library = Library(path)
    try:
        _prepare(library, create)
        library.remember()
    except BaseException:
        library.close()
        raise
    return library


def _make(path: Path) -> None:
    """Make an empty library aside, and give it its name when it is whole, unless another process was quicker."""
    final = path.resolve()
    try:
        with parents_made(final), scratch_folder(final.parent) as folder:
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
    connection = library.connection()
    known, version = number_of(connection, "application_id"), number_of(connection, "user_version")
    if known == APPLICATION_ID and version == len(MIGRATIONS) and (library.frozen or read_states(connection)):
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
