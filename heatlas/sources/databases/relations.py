"""Choose tables and columns of any database, and make the `Table` that reads them."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.sources.databases.failures import guarded
from heatlas.sources.tables.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

    from heatlas.sources.databases.failures import Errors
    from heatlas.sources.databases.url import Address

__all__ = ["find_table", "make_table", "need_table", "project", "quoted", "select"]

_LISTED = 20


def quoted(name: str, mark: str = '"') -> str:
    """Quote a name for SQL, so that it can be nothing but a name."""
    return mark + name.replace(mark, mark * 2) + mark


def select(columns: str, source: str) -> str:
    """Write a SELECT statement; names in both parts must have passed `quoted`."""
    return f"SELECT {columns} FROM {source}"  # noqa: S608


def need_table(address: Address, tables: Sequence[tuple[str, str]]) -> BadOption:
    """Make the error that a query or one of these tables must be named."""
    return BadOption(f"{address.name} needs --query or --table; {_listing(tables)}")


def find_table(address: Address, wanted: str, tables: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Find `table` or `schema.table` among (schema, table), those of the default schema first; letter case may differ.

    Raises
    ------
    BadOption
        When there is no such table, or two in a schema that differ only in letter case.
    """
    for fold in (str, str.casefold):
        found = [
            (schema, table) for schema, table in tables if fold(wanted) in {fold(table), fold(f"{schema}.{table}")}
        ]
        if found and all(schema != found[0][0] for schema, _ in found[1:]):
            return found[0]
        if found and fold is not str:
            raise BadOption(f"{address.name} has several tables {wanted}: write it with its letter case")
    raise BadOption(f"{address.name} has no table {wanted}; {_listing(tables, wanted)}")


def _listing(tables: Sequence[tuple[str, str]], wanted: str | None = None) -> str:
    if not tables:
        return "it has no tables that can be read"
    usual = tables[0][0]
    names = [table if schema == usual else f"{schema}.{table}" for schema, table in tables]
    if wanted is not None and (near := difflib.get_close_matches(wanted, names, n=1)):
        return f"did you mean {near[0]}?"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"its tables are {', '.join(names[:_LISTED])}{more}"


def make_table(
    address: Address, schema: pa.Schema, stream: Callable[[list[str]], Iterator[pa.RecordBatch]], errors: Errors
) -> Table:
    """Make a `Table` from a function that starts a query for the named columns.

    Reading raises `BadOption` at once for a column that does not exist or whose name is not unique.
    """
    counts = Counter(schema.names)

    def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for column in columns:
            if counts[column] == 0:
                raise BadOption(f"{address.name} has no column {column}; its columns are {', '.join(schema.names)}")
            if counts[column] > 1:
                raise BadOption(f"the query gives several columns {column}: name them apart with AS")
        return guarded(address, errors, stream(list(columns)))

    return Table(name=address.name, schema=schema, read=read)


def project(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """Select columns in this order."""
    return batch if batch.schema.names == list(columns) else batch.select(list(columns))
