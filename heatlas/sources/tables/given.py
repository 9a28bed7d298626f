"""Tables as they were given, with what was said of how to read them; each is opened once."""

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
    """A table as it was given; it is opened when it is first needed, and once."""

    source: Any
    """A path, a URL, "-", or what is in memory."""
    options: TableOptions
    seen: FileKind | None = None
    """What was seen of a file when it was looked at."""

    @property
    def is_stdin(self) -> bool:
        """Whether it is standard input, which can be read only once."""
        return isinstance(self.source, str) and self.source == "-"

    @cached_property
    def table(self) -> Table:
        """The table, open; its rows are read when they are asked for.

        Raises
        ------
        BadOption, SourceFailed, MissingExtra
            As `heatlas.sources.tables.open_table` does.
        """
        from heatlas.sources.tables import open_table

        return open_table(self.source, query=self.options.query, table=self.options.table, seen=self.seen)
