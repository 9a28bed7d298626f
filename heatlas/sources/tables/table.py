"""A table whose rows stream: what files, databases and frames in memory have in common."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyarrow as pa

__all__ = ["RAW", "Table"]

RAW = "\0"
"""Begins the name of a column that is to be given as it is written, not as it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that are read when they are asked for, some ten thousand at a time."""

    name: str
    """For messages and reports: the file as it was given, or a URL without its password."""
    schema: pa.Schema
    """Columns under their names, with what is known of their types before the rows are read."""
    read: Callable[[Sequence[str]], Iterator[pa.RecordBatch]]
    """Stream all rows with the named columns only, in the table's order. Raises `heatlas.core.errors.SourceFailed`
    when reading breaks off, with one sentence that names the table."""
    repeatable: bool = False
    """Whether `read` may be called again at little cost and gives the same rows: memory and Parquet, but neither
    a stream nor a query."""
    bounds: Callable[[str], tuple[float, float] | None] = lambda column: None
    """Least and greatest value of a numeric column where the format states them without reading rows."""
    once: bool = False
    """Whether `read` may be called only once: a stream from outside."""
    size: int | None = None
    """Number of rows where it is known beforehand."""
    with_srids: Callable[[], Table] | None = None
    """Open it so that geometries say their SRID where they have one: without, those of a database are in WGS 84."""
    raw: bool = False
    """Whether `read` also knows the columns as they are written, under RAW and their names."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason ("rows with too few or too many cells" ...) -> how many rows reading itself had to leave out; it
    grows while `read` streams. `heatlas.sources.tables.rows.read_points` hands its growth on with the points."""
    readings: dict[str, str] = field(default_factory=dict)
    """Column -> how it is read, in words, where that is not what everybody would take it for; found out while `read`
    streams (see `heatlas.sources.tables.settled`)."""
    beyond: Counter[str] = field(default_factory=Counter)
    """Coordinate system that a person stated -> how many positions lie beyond the area that it is made for."""
    warnings: list[str] = field(default_factory=list)
    """What was wrong with the table though it could be read ("the packed data is cut off ..."), each a sentence
    without the name; it grows while `read` streams, so look at it afterwards."""
