"""Read PostgreSQL through ADBC, which copies a result in binary form."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pyarrow as pa

from heatlas.core.errors import MissingExtra
from heatlas.sources.databases.arrow import plain_batch, plain_schema
from heatlas.sources.databases.failures import attempt
from heatlas.sources.databases.relations import find_table, make_table, need_table, quoted, select
from heatlas.sources.tables.columns import CRS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.sources.databases.url import Address
    from heatlas.sources.tables.table import Table

__all__ = ["open_postgres"]

_CONNECT_SECONDS = 10
_BATCH_BYTES = 2 << 20
_TABLES = (
    "SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' "
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') "
    "ORDER BY coalesce(array_position(current_schemas(false), n.nspname), 1000), n.nspname, c.relname"
)
_GEOMETRIES = (
    "SELECT a.attname::text, t.typname::text, n.nspname::text FROM pg_catalog.pg_attribute a "
    "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace "
    "WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND t.typname IN ('geometry', 'geography')"
)


_AS_IT_IS = """
    bool bytea char bpchar name int2 int4 int8 float4 float8 numeric text varchar json jsonb date time timestamp
    timestamptz interval
"""
"""Types that the driver returns correctly."""
_WRITTEN = {
    # The driver returns cents; the number of decimals depends on the server's locale.
    "money": "%s::numeric",
    "oid": "%s::bigint",
    "point": "'POINT(' || (%s)[0] || ' ' || (%s)[1] || ')'",
    **dict.fromkeys(
        ("bit", "varbit"), "CASE WHEN length(%s) < 64 THEN ((%s)::bit(64) >> (64 - length(%s)))::bigint END"
    ),
}
"""Type -> expression with a type that heatlas reads; %s stands for the column. Other types become text."""
_PLACES = frozenset({"geometry", "geography", "point"})


def open_postgres(address: Address, query: str | None, table: str | None, srids: bool = False) -> Table:
    """Open a query or a table of a PostgreSQL server; geometries of tables become WKB in WGS 84, or EWKB."""
    errors = _errors()
    connection = attempt(address, errors, "cannot be reached", _connect, address)
    with contextlib.closing(connection):

        def relation() -> tuple[str, dict[str, str], pa.Schema]:
            with connection.cursor() as cursor:
                source, written = query or "", {}
                if query is None:
                    tables = _all(cursor, _TABLES)
                    if table is None:
                        raise need_table(address, tables)
                    source = ".".join(map(quoted, find_table(address, table, tables)))
                    written = {name: _as_wkb(kind, home, srids) for name, kind, home in _geometries(cursor, source)}
                sql = query if query is not None else select("*", source)
                given = cursor.adbc_execute_schema(sql)
                written = {**_expressions(given), **written}
                if written:
                    source = source if query is None else f"({query}\n) AS heatlas_query"
                    names = [name for name in given.names if given.names.count(name) == 1]
                    sql = select(_list(names, written), source)
                return source, written, _declared(plain_schema(cursor.adbc_execute_schema(sql)), given)

        source, written, schema = attempt(address, errors, "cannot be read", relation)

    def stream(columns: list[str]) -> Iterator[pa.RecordBatch]:
        sql = source if query is not None and not written else select(_list(columns, written), source)
        with contextlib.closing(_connect(address)) as connection, connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
            cursor.execute(sql)
            for batch in cursor.fetch_record_batch():
                yield plain_batch(batch, columns)

    made = make_table(address, schema, stream, errors)
    return replace(made, with_srids=lambda: open_postgres(address, query, table, srids=True))


def _errors() -> tuple[type[BaseException], ...]:
    try:
        import adbc_driver_manager
        import adbc_driver_postgresql  # noqa: F401
    except ImportError:
        raise MissingExtra("reading PostgreSQL", "postgres") from None
    return (adbc_driver_manager.Error, OSError, pa.ArrowException)


def _connect(address: Address) -> Any:
    """Connect so that the server refuses writes in any transaction.

    libpq fills in parts that the URL leaves out, from its usual sources such as `~/.pgpass` and `PGSERVICEFILE`.
    """
    from adbc_driver_postgresql import dbapi

    options = {"connect_timeout": str(_CONNECT_SECONDS), "application_name": "heatlas", **address.options}
    options["options"] = f"{options.get('options', '')} -c default_transaction_read_only=on".strip()
    host = f"[{address.host}]" if address.host and ":" in address.host else quote(address.host or "", safe="")
    login = "" if address.user is None else quote(address.user, safe="")
    if address.password is not None:
        options["password"] = address.password
    port = "" if address.port is None else f":{address.port}"
    where = f"{login}@{host}{port}" if login else f"{host}{port}"
    uri = f"postgresql://{where}/{quote(address.database or '', safe='')}?{urlencode(options, quote_via=quote)}"
    return dbapi.connect(uri, autocommit=True)


def _all(cursor: Any, sql: str) -> list[tuple[str, str]]:
    cursor.execute(sql)
    return [(str(schema), str(table)) for schema, table in cursor.fetchall()]


def _geometries(cursor: Any, source: str) -> list[tuple[str, str, str]]:
    """Columns of PostGIS: name, type, and the schema in which PostGIS is installed."""
    cursor.execute(_GEOMETRIES, (source,))
    return [(str(name), str(kind), str(home)) for name, kind, home in cursor.fetchall()]


def _expressions(schema: pa.Schema) -> dict[str, str]:
    """Expressions for the columns whose types only PostgreSQL understands."""
    kinds = {
        field.name: (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
        for field in schema
        if schema.names.count(field.name) == 1
    }
    # Arrays and enumerations, whose types have other names, are returned correctly.
    strange = {
        name: kind
        for name, kind in kinds.items()
        if kind not in _AS_IT_IS.split()
        and (kind in _WRITTEN or isinstance(schema.field(name).type, pa.BaseExtensionType))
        and kind not in {"geometry", "geography"}
    }
    return {name: _WRITTEN.get(kind, "%s::text") for name, kind in strange.items()}


def _declared(schema: pa.Schema, given: pa.Schema) -> pa.Schema:
    """Mark the columns of geometries, whatever their names."""
    kinds = {field.name: (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode() for field in given}
    return pa.schema(
        [field.with_metadata({CRS: b""}) if kinds.get(field.name) in _PLACES else field for field in schema]
    )


def _as_wkb(kind: str, home: str, srids: bool) -> str:
    """Expression for a geometry as WKB, with %s for the column. Rows may differ in their SRID or have none."""
    call = quoted(home).replace("%", "%%") + "."
    form = "ST_AsEWKB" if srids else "ST_AsBinary"
    if kind == "geography":
        return f"{call}{form}((%s)::{call}geometry)"
    other = f"{call}ST_Transform(%s, 4326)"
    return f"{call}{form}(CASE WHEN {call}ST_SRID(%s) IN (0, 4326) THEN %s ELSE {other} END)"


def _list(columns: list[str], written: dict[str, str]) -> str:
    """Write the columns of a SELECT."""
    names = [quoted(column) for column in columns]
    parts = [
        f"{written[column].replace('%s', name).replace('%%', '%')} AS {name}" if column in written else name
        for column, name in zip(columns, names, strict=True)
    ]
    return ", ".join(parts)
