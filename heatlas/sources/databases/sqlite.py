"""Read SQLite through the standard library, opened read-only."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from heatlas.core.errors import SourceFailed
from heatlas.sources.databases.failures import attempt
from heatlas.sources.databases.relations import find_table, make_table, need_table, project, quoted, select
from heatlas.sources.databases.rows import ROWS, batches_of, infer_schema
from heatlas.sources.sqlite_head import address_of
from heatlas.sources.tables.tracks.polylines import polyline_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.sources.databases.url import Address
    from heatlas.sources.tables.table import Table

__all__ = ["open_sqlite"]

_ERRORS = (sqlite3.Error, OSError)
_LOCK_SECONDS = 10


def open_sqlite(address: Address, query: str | None, table: str | None) -> Table:
    """Open a query or a table of `sqlite:///path`. Types are those of the first rows, as SQLite's columns have none."""
    if address.host or not address.database:
        raise SourceFailed(f"{address.name} names no file: an SQLite database is written sqlite:///path/to/file")
    if not Path(address.database).is_file():
        raise SourceFailed(f"{address.name} cannot be read: there is no file {address.database}")

    def relation() -> tuple[str, pa.Schema]:
        with closing(_connect(address.database or "")) as connection:
            if query is not None:
                rows = connection.execute(query)
                return query, infer_schema([column[0] for column in rows.description], rows.fetchmany(ROWS))
            tables = connection.execute(
                "SELECT 'main', name FROM sqlite_master "
                "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
            ).fetchall()
            if table is None and len(tables) != 1:
                raise need_table(address, tables)
            source = ".".join(map(quoted, find_table(address, tables[0][1] if table is None else table, tables)))
            rows = connection.execute(select("*", source))
            schema = infer_schema([column[0] for column in rows.description], rows.fetchmany(ROWS))
            if table is None and polyline_column(schema, positions=True) is None:
                raise need_table(address, tables)  # only a single table of tracks may be left unnamed
            return source, schema

    source, schema = attempt(address, _ERRORS, "cannot be read", relation)

    def stream(columns: list[str]) -> Iterator[pa.RecordBatch]:
        with closing(_connect(address.database or "")) as connection:
            if query is not None:
                for batch in batches_of(connection.execute(query).fetchmany, schema):
                    yield project(batch, columns)
                return
            rows = connection.execute(select(", ".join(map(quoted, columns)), source))
            yield from batches_of(rows.fetchmany, pa.schema([schema.field(column) for column in columns]))

    return make_table(address, schema, stream, _ERRORS)


def _connect(path: str) -> sqlite3.Connection:
    # SQLite's URIs need ? # % in a name to be escaped.
    connection = sqlite3.connect(
        f"{address_of(Path(path).absolute())}?mode=ro", uri=True, timeout=_LOCK_SECONDS, check_same_thread=False
    )
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA trusted_schema = OFF")  # views of untrusted files call no functions with side effects
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection
