"""Tables in databases, and results of queries, as streams of Arrow batches.

MySQL and MariaDB, PostgreSQL, SQLite and DuckDB are read by modules of their own, any other database by SQLAlchemy.
Only reading statements are run; passwords appear nowhere.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.sources.databases.query import check_query
from heatlas.sources.databases.url import is_database_url, parse_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heatlas.sources.tables.table import Table

__all__ = ["is_database_url", "open_database"]


def open_database(
    url: str, *, query: str | None = None, table: str | None = None, environ: Mapping[str, str] = os.environ
) -> Table:
    """Open a query or a table of a database for reading; every `read` of the result runs it anew.

    Parameters
    ----------
    url
        `scheme://user:password@host:port/database`, with the schemes of SQLAlchemy; what follows a `?` are options
        of the driver. Without a password in it, that of `HEATLAS_DB_PASSWORD` is taken, else what the database's own
        programs take: `MYSQL_PWD`; `PGPASSWORD` and `~/.pgpass`.
    query
        One statement that reads; it is run as it is.
    table
        `table` or `schema.table`; only the columns that are asked for are read, and geometries as WKB in WGS 84.
    environ
        Where passwords are looked up.

    Returns
    -------
    Table
        Its name is the URL without password and options.

    Raises
    ------
    BadOption
        Where both or neither of query and table are given, for a table that is not there, for a statement that writes.
    SourceFailed
        Where the database cannot be reached or refuses the query.
    MissingExtra
        Where the driver is not installed.
    """
    address = parse_address(url, environ)
    if query is not None and table is not None:
        raise BadOption(f"{address.name} takes --query or --table, not both")
    if query is not None:
        query = check_query(query, address.dialect)
    if address.dialect in {"mysql", "mariadb"}:
        from heatlas.sources.databases.mysql import open_mysql

        return open_mysql(address, query, table)
    if address.dialect == "postgresql":
        from heatlas.sources.databases.postgres import open_postgres

        return open_postgres(address, query, table)
    if address.scheme in {"sqlite", "sqlite+pysqlite"}:
        from heatlas.sources.databases.sqlite import open_sqlite

        return open_sqlite(address, query, table)
    if address.dialect == "duckdb":
        from heatlas.sources.databases.duckdb import open_duckdb

        return open_duckdb(address, query, table)
    from heatlas.sources.databases.sqlalchemy import open_sqlalchemy

    return open_sqlalchemy(address, query, table)
