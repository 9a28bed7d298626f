"""Read tables and query results of databases as streams of Arrow batches.

=========================================== ========================================================
`url`                                       addresses of databases, without their secrets
`query`                                     check that a query only reads
`mysql`, `postgres`, `sqlite`, `duckdb`     readers of single databases (`mysql`: also MariaDB)
`sqlalchemy`                                reader of all other databases
`mysql_rows`                                rows of MySQL's binary protocol, decoded in blocks
`rows`, `arrow`                             rows of Python drivers as Arrow; Arrow types made plain
`relations`                                 choice of tables and columns, and their `Table`
`failures`                                  errors of drivers as sentences
=========================================== ========================================================

Only statements that read are run. Passwords are never shown.
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
    """Open a query or a table of a database for reading; every `read` of the result runs it again.

    Parameters
    ----------
    url
        `scheme://user:password@host:port/database`, with the schemes of SQLAlchemy. Options of the driver follow
        after a `?`. Without a password in the URL, `HEATLAS_DB_PASSWORD` is used, else the variables and files of
        the database's own programs: `MYSQL_PWD`; `PGPASSWORD` and `~/.pgpass`.
    query
        One statement that reads; it is run unchanged.
    table
        `table` or `schema.table`; only the requested columns are read, and geometries as WKB in WGS 84.
    environ
        Environment variables in which passwords are looked up.

    Returns
    -------
    Table
        Its name is the URL without password and options.

    Raises
    ------
    BadOption
        When both or neither of query and table are given, for a table that does not exist, for a statement that
        writes.
    SourceFailed
        When the database cannot be reached or refuses the query.
    MissingExtra
        When the driver is not installed.
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
