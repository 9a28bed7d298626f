"""Version of heatlas that a library needs: steps of the schema are taken, and stored for older ones to name."""

from __future__ import annotations

import itertools
import json
import sqlite3
from typing import TYPE_CHECKING, Any

from heatlas.core.context import NOBODY
from heatlas.core.errors import SourceFailed
from heatlas.core.version import __version__
from heatlas.library.file.digests import unwatch, watch
from heatlas.library.file.schema import APPLICATION_ID, MIGRATIONS
from heatlas.library.file.sound_rows import damaged, has_digests, path_of

if TYPE_CHECKING:
    from heatlas.core.context import Context

__all__ = ["migrate", "note_version", "number_of", "refuse_newer", "refuse_noted"]


def note_version(connection: sqlite3.Connection, step: int) -> None:
    """Store that this heatlas took a step of the schema, which older ones do not know; from digests on."""
    if not has_digests(connection):
        return
    watch(connection)
    value = json.dumps({"step": step, "version": __version__})
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('heatlas', ?)", (value,))


def number_of(connection: sqlite3.Connection, pragma: str) -> int:
    """Whole number that a pragma of SQLite gives."""
    value: int = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return value


def refuse_newer(connection: sqlite3.Connection, version: int) -> None:
    """Refuse a library of a newer heatlas, and one whose head names another step than was taken.

    Parameters
    ----------
    version : int
        Steps of the schema that the head of the file names.

    Raises
    ------
    SourceFailed
        Names the version that can read it, if the library does.
    """
    noted = _noted(connection)
    step, name = noted.get("step"), noted.get("version")
    if isinstance(step, int) and step != version:
        raise damaged(connection, f"its head names step {version} of the schema, but {step} were taken")
    if version > len(MIGRATIONS):
        known = isinstance(name, str) and name != __version__
        by, update = (f" ({name}; this is {__version__})", f"pip install -U 'heatlas>={name}'") if known else ("", "")
        raise SourceFailed(
            f"{path_of(connection)} was written by a newer heatlas{by}: update heatlas to open it"
            + (f" ({update})" if update else "")
        )


def refuse_noted(connection: sqlite3.Connection) -> None:
    """Refuse a library that itself names a newer step, whatever its head says."""
    step = _noted(connection).get("step")
    if isinstance(step, int) and step > len(MIGRATIONS):
        refuse_newer(connection, step)


def _noted(connection: sqlite3.Connection) -> dict[str, Any]:
    """Step and version that the library names; nothing of one that was written before."""
    try:
        row = connection.execute("SELECT value FROM meta WHERE name = 'heatlas'").fetchone()
        found = {} if row is None else json.loads(row[0])
    except (sqlite3.DatabaseError, ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def migrate(connection: sqlite3.Connection, context: Context = NOBODY) -> None:
    """Migrate the tables to this version, inside a transaction that writes; digests of all rows take a while."""
    version = number_of(connection, "user_version")
    if version == len(MIGRATIONS):
        return
    refuse_newer(connection, version)
    for statement in itertools.chain(*MIGRATIONS[version:]):
        if callable(statement):
            statement(connection, context)
        else:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    note_version(connection, len(MIGRATIONS))
    unwatch(connection)  # damaged rows are healed next, and triggers refuse to change them
