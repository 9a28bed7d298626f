"""Table whose rows stream: the common form of files, databases and frames in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heatlas.sources.tables.place_names import PlaceNames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

__all__ = ["RAW", "Table"]

RAW = "\0"
"""Prefix of a column's name that requests its cells as written, not as read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that are read when they are requested, some ten thousand at a time."""

    name: str
    """For messages and reports: the file as it was given, or a URL without its password."""
    schema: pa.Schema
    """Names of the columns, and their types as far as they are known before the rows are read."""
    read: Callable[[Sequence[str]], Iterator[pa.RecordBatch]]
    """Stream all rows with the named columns only, in the table's order. Raises `heatlas.core.errors.SourceFailed`
    when reading breaks off, with one sentence that names the table."""
    repeatable: bool = False
    """Whether `read` may be called again at little cost and returns the same rows: true for memory and Parquet, false
    for a stream or a query."""
    bounds: Callable[[str], tuple[float, float] | None] = lambda column: None
    """Least and greatest value of a numeric column, if the format states them without reading rows."""
    once: bool = False
    """Whether `read` may be called only once, as for standard input."""
    size: int | None = None
    """Number of rows, if it is known beforehand."""
    with_srids: Callable[[], Table] | None = None
    """Reopen a database's table so that all geometries carry their SRID; else those in WGS 84 carry none."""
    raw: bool = False
    """Whether `read` also takes names that begin with RAW, for columns as written."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason ("rows with too few or too many cells" ...) -> number of rows that reading left out. Grows while `read`
    streams; `heatlas.sources.tables.rows.read_points` passes the increase on with the points."""
    names: PlaceNames = field(default_factory=PlaceNames)
    """What names of places have been taken for, where rows are placed by them."""
    readings: dict[str, str] = field(default_factory=dict)
    """Column -> description of how it is read, if that is unusual. Filled while `read` streams (see
    `heatlas.sources.tables.settled`)."""
    with_clocks: set[str] = field(default_factory=set)
    """Columns of days to which the times of the day of another column were added. Filled while `read` streams."""
    beyond: Counter[str] = field(default_factory=Counter)
    """Coordinate system that the user stated -> number of positions beyond the area that it is made for."""
    warnings: list[str] = field(default_factory=list)
    """Problems of a table that could still be read ("the packed data is cut off ..."), each a sentence without the
    table's name. Grows while `read` streams, so read it afterwards."""
