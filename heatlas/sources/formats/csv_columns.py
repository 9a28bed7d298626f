"""Read whole columns of CSV whose header is known, for the readers of apps and loggers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from heatlas.core.errors import SourceFailed, Unreadable
from heatlas.core.words import counted
from heatlas.sources.tables.cells.text import numbers
from heatlas.sources.tables.files.csv import read_csv
from heatlas.sources.tables.streams import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Columns", "read_columns"]

_HEAD = 1 << 18


@dataclass(slots=True)
class Columns:
    """Columns of a table as text, by their names in lower case without units in brackets."""

    cells: dict[str, pa.Array]
    rows: int
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason -> number of rows that could not be read."""
    warnings: list[str] = field(default_factory=list)

    @property
    def told(self) -> list[str]:
        """Warnings of the table, and of rows that could not be read."""
        lost = sum(self.dropped.values())
        return [*self.warnings, *([f"{counted(lost, 'rows')} with too few or too many cells left out"] if lost else [])]

    def texts(self, *names: str) -> list[str]:
        """Cells of the first of these columns that there is, "" where a cell is empty."""
        return ["" if value is None else value.strip() for value in self._column(names).to_pylist()]

    def numbers(self, *names: str) -> NDArray[np.float64]:
        """Numbers of the first of these columns that there is, whatever unit follows them; NaN where there is none."""
        values, odd = numbers(self._column(names))
        if odd is None:
            return values
        text = pc.replace_substring_regex(
            self._column(names), r"^(\s*[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)\s*[^\d.,].*$", r"\1"
        )
        return numbers(text)[0]

    def has(self, name: str) -> bool:
        """Tell whether there is such a column."""
        return name in self.cells

    def _column(self, names: tuple[str, ...]) -> pa.Array:
        found = next((self.cells[name] for name in names if name in self.cells), None)
        return pa.nulls(self.rows, pa.string()) if found is None else found


def read_columns(data: bytes) -> Columns:
    """Read a table as far as it is sound.

    Raises
    ------
    Unreadable
        When not a row could be read.
    """
    try:
        table = read_csv(Source(name="it", head=data[:_HEAD], open=lambda _: iter((data,))))
    except SourceFailed as error:
        raise Unreadable(str(error)) from None
    names, broken = table.schema.names, ""
    batches: list[pa.RecordBatch] = []
    try:
        batches.extend(table.read(names))
    except SourceFailed as error:
        broken = str(error)
    if not sum(batch.num_rows for batch in batches):
        raise Unreadable(broken or "a table without a row")
    held = pa.Table.from_batches(batches).combine_chunks()
    cells: dict[str, pa.Array] = {}
    for name, column in zip(names, held.columns, strict=True):
        plain = name.partition("(")[0].strip(' "\ufeff').lower() or name.strip().lower()
        cells.setdefault(plain, column.chunk(0) if column.num_chunks else pa.nulls(0, pa.string()))
    warnings = [*table.warnings, *filter(None, [broken])]
    return Columns(cells, held.num_rows, Counter(table.dropped), warnings)
