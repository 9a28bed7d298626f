"""Tables as the user gave them, with the options for reading them; each is opened once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heatlas.options import TableOptions
    from heatlas.sources.tables.file_kind import FileKind
    from heatlas.sources.tables.table import Table

__all__ = ["GivenTable"]


@dataclass(frozen=True, eq=False)
class GivenTable:
    """A table as the user gave it; it is opened once, when it is first needed."""

    source: Any
    """A path, a URL, "-", or an object in memory."""
    options: TableOptions
    seen: FileKind | None = None
    """Kind of the file, if it was detected already."""

    @property
    def is_stdin(self) -> bool:
        """Whether it is standard input, which can be read only once."""
        return isinstance(self.source, str) and self.source == "-"

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
