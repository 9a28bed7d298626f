"""Tables as the user gave them, with the options for reading them; each is opened once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from heatlas.sources.tables.table import Dataset

if TYPE_CHECKING:
    from heatlas.options import TableOptions
    from heatlas.sources.tables.file_kind import FileKind
    from heatlas.sources.tables.table import Table

__all__ = ["GivenTable"]


@dataclass(frozen=True, eq=False)
class GivenTable:
    """A table as the user gave it; it is opened once, when it is first needed."""

    source: Any
    """A path, a URL, "-", a `Dataset`, or an object in memory."""
    options: TableOptions
    seen: FileKind | None = None
    """Kind of the file, if it was detected already."""

    @property
    def is_stdin(self) -> bool:
        """Whether it is standard input, which can be read only once."""
        return isinstance(self.source, str) and self.source == "-"

    @property
    def is_parquet(self) -> bool:
        """Whether it is Parquet, by what was seen of it, or by its name."""
        return (
            isinstance(self.source, Dataset)
            or (self.seen is not None and self.seen.name == "parquet")
            or str(self.source).endswith(".parquet")
        )

    @cached_property
    def table(self) -> Table:
        """The opened table; its rows are read when they are requested.

        Raises
        ------
        BadOption, SourceFailed, MissingExtra
            As `heatlas.sources.tables.open_table` does.
        """
        from heatlas.sources.tables import open_table

        return open_table(self.source, query=self.options.query, table=self.options.table, seen=self.seen)
