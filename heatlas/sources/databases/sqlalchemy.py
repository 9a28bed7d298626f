"""Read any other database for which SQLAlchemy has a dialect."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from heatlas.core.errors import MissingExtra
from heatlas.sources.databases.failures import attempt
from heatlas.sources.databases.relations import find_table, make_table, need_table, project
from heatlas.sources.databases.rows import ROWS, batches_of, infer_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.sources.databases.url import Address
    from heatlas.sources.tables.table import Table

__all__ = ["open_sqlalchemy"]

# Drivers raise errors of any type, and many hold the whole URL, so that all of them are caught.
_ERRORS = (Exception,)


def open_sqlalchemy(address: Address, query: str | None, table: str | None) -> Table:
    """Open a query or a table of a database with a dialect for SQLAlchemy. Types are those of the first rows."""
    try:
        import sqlalchemy as sql
    except ImportError:
        raise MissingExtra(f"reading {address.dialect}", "sql") from None
    engine = attempt(address, _ERRORS, "needs a dialect of SQLAlchemy and its driver", _engine, address)
    source = None
    if query is None:
        tables = attempt(address, _ERRORS, "cannot be read", _tables, engine)
        if table is None:
            raise need_table(address, tables)
        schema_name, table_name = find_table(address, table, tables)
        source = sql.table(table_name, schema=schema_name or None)

    def start(connection: Any, columns: list[str] | None) -> Any:
        if source is None:
            # With no_parameters, no driver takes a % in the query for a placeholder.
            return connection.execution_options(no_parameters=True).exec_driver_sql(query)
        asked: list[Any] = [sql.text("*")] if columns is None else [sql.column(column) for column in columns]
        return connection.execute(sql.select(*asked).select_from(source))

    def look() -> pa.Schema:
        with _connected(engine) as connection:
            result = start(connection, None)
            return infer_schema(list(result.keys()), result.fetchmany(ROWS))

    schema = attempt(address, _ERRORS, "cannot be read", look)

    def stream(columns: list[str]) -> Iterator[pa.RecordBatch]:
        with _connected(engine) as connection:
            expected = schema if source is None else pa.schema([schema.field(column) for column in columns])
            for batch in batches_of(start(connection, columns).fetchmany, expected):
                yield project(batch, columns)

    return make_table(address, schema, stream, _ERRORS)


def _engine(address: Address) -> Any:
    import sqlalchemy
    from sqlalchemy.pool import NullPool

    url = sqlalchemy.URL.create(
        address.scheme,
        username=address.user,
        password=address.password,
        host=address.host,
        port=address.port,
        database=address.database,
        query=dict(address.options),
    )
    return sqlalchemy.create_engine(url, poolclass=NullPool, hide_parameters=True)


@contextmanager
def _connected(engine: Any) -> Iterator[Any]:
    """Connect, with rows that stream. Nothing is committed, and the transaction is read-only if the server allows."""
    import sqlalchemy

    with engine.connect() as connection:
        with suppress(sqlalchemy.exc.DBAPIError):  # not all databases know this
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        try:
            yield connection.execution_options(yield_per=ROWS)
        finally:
            connection.invalidate()  # unread rows are discarded


def _tables(engine: Any) -> list[tuple[str, str]]:
    """Tables and views, those of the default schema first."""
    import sqlalchemy

    with engine.connect() as connection:
        look = sqlalchemy.inspect(connection)
        usual = look.default_schema_name
        schemas = [usual, *(name for name in look.get_schema_names() if name != usual)]
        return [
            (schema or "", table)
            for schema in schemas
            for table in (*look.get_table_names(schema), *look.get_view_names(schema))
            if str(schema).lower() not in {"information_schema", "pg_catalog", "sys", "performance_schema"}
        ]
