"""Tables as they were given, with what was said of how to read them; each is opened once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heatlas.sources.tables.file_kind import FileKind
    from heatlas.sources.tables.table import Table

__all__ = ["GivenTable", "TableOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """How a person wants tables to be read; None where nothing was said."""

    query: str | None = None
    """SQL, of databases."""
    table: str | None = None
    """Table of a database, layer of a file, or sheet of a workbook."""
    lat: str | None = None
    """Columns, as for `heatlas.sources.tables.columns.find_columns`; so are the others up to `time`."""
    lon: str | None = None
    geometry: str | None = None
    crs: str | None = None
    decimal: str | None = None
    dates: str | None = None
    weight: str | None = None
    time: str | None = None
    track: str | None = None
    """Column that tells tracks apart or holds encoded polylines, or "all"; then rows are no points."""

    @property
    def positions(self) -> dict[str, str | None]:
        """Options that say where each row is, when, and how that is written."""
        return {
            "lat": self.lat, "lon": self.lon, "geometry": self.geometry, "crs": self.crs, "decimal": self.decimal,
            "dates": self.dates, "time": self.time,
        }  # fmt: skip


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
