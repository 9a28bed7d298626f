"""Read DuckDB files, opened read-only, and run queries over files without a database."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from heatlas.core.errors import BadOption, MissingExtra, SourceFailed
from heatlas.core.scratch import scratch_folder
from heatlas.sources.databases.arrow import plain_batch, plain_schema
from heatlas.sources.databases.failures import attempt
from heatlas.sources.databases.relations import find_table, make_table, need_table, quoted, select
from heatlas.sources.tables.columns import CRS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.sources.databases.url import Address
    from heatlas.sources.tables.table import Table

__all__ = ["open_duckdb"]

_ROWS = 65_536
_MEMORY = ":memory:"
_ENDLESS = frozenset({"BIGNUM", "VARINT"})
_TABLES = (
    "SELECT table_schema, table_name FROM information_schema.tables "
    "WHERE table_schema NOT IN ('information_schema', 'pg_catalog') "
    "ORDER BY table_schema <> current_schema(), table_schema, table_name"
)


def open_duckdb(address: Address, query: str | None, table: str | None) -> Table:
    """Open a query or a table of `duckdb:///path`; without a path, a query may read files such as Parquet."""
    path = address.database or _MEMORY
    if path != _MEMORY and not Path(path).is_file():
        raise SourceFailed(f"{address.name} cannot be read: there is no file {path}")
    errors = _errors()

    def relation() -> tuple[str, pa.Schema]:
        with closing(_connect(path)) as connection:
            if query is not None:
                _check(connection, query)
                return query, _schema(connection, query)
            tables = connection.execute(_TABLES).fetchall()
            if table is None:
                raise need_table(address, tables)
            sql = ".".join(map(quoted, find_table(address, table, tables)))
            return sql, _schema(connection, select("*", sql))

    source, schema = attempt(address, errors, "cannot be read", relation)

    def stream(columns: list[str]) -> Iterator[pa.RecordBatch]:
        with scratch_folder() as folder, closing(_connect(path)) as connection:
            # Else DuckDB would spill beside the file or here, and leave the spilled data behind when killed.
            connection.execute("SET temp_directory = ?", [str(folder)])
            sql = source if query is not None else select(", ".join(map(quoted, columns)), source)
            for batch in _reader(_understood(connection, sql)):
                yield plain_batch(batch, columns)

    return make_table(address, schema, stream, errors)


def _errors() -> tuple[type[BaseException], ...]:
    try:
        import duckdb
    except ImportError:
        raise MissingExtra("reading DuckDB", "duckdb") from None
    return (duckdb.Error, OSError, pa.ArrowException)


def _connect(path: str) -> Any:
    import duckdb

    connection = duckdb.connect(path, read_only=path != _MEMORY)
    connection.execute("SET python_enable_replacements = false")  # a table name must not find a Python variable
    return connection


def _check(connection: Any, query: str) -> None:
    """Refuse anything that DuckDB does not parse as one SELECT: it would run several statements, and write files."""
    statements = connection.extract_statements(query)
    if len(statements) != 1 or not str(statements[0].type.name).startswith("SELECT"):
        raise BadOption("only a single SELECT statement is run")


def _schema(connection: Any, sql: str) -> pa.Schema:
    """Types of the result; the query is planned, not run."""
    relation = _understood(connection, sql)
    schema = plain_schema(_reader(relation.limit(0)).schema)
    kinds = dict(zip(relation.columns, map(str, relation.types), strict=True))
    return pa.schema(
        [
            field.with_metadata({CRS: b""}) if kinds[field.name].upper().startswith("GEOMETRY") else field
            for field in schema
        ]
    )


def _understood(connection: Any, sql: str) -> Any:
    """Make a relation in which integers of unlimited length, which Arrow lacks, are doubles."""
    relation = connection.sql(sql)
    kinds = [str(kind).upper() for kind in relation.types]
    if not _ENDLESS & set(kinds):
        return relation
    parts = [
        f"CAST({quoted(name)} AS DOUBLE) AS {quoted(name)}" if kind in _ENDLESS else quoted(name)
        for name, kind in zip(relation.columns, kinds, strict=True)
    ]
    return relation.project(", ".join(parts))


def _reader(result: Any) -> pa.RecordBatchReader:
    # Newer versions have renamed the method and warn of the old name.
    method = getattr(result, "to_arrow_reader", None) or result.fetch_record_batch
    return method(_ROWS)
