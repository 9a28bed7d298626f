"""Table whose rows stream: the common form of files, databases and frames in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from heatlas.core.filesystems import Location
    from heatlas.sources.contract.partitions import Partition
    from heatlas.sources.tables.place_names import PlaceNames

__all__ = ["RAW", "Copied", "Dataset", "Role", "Table"]

RAW = "\0"
"""Prefix of a column's name that requests its cells as written, not as read."""


@frozen
class Dataset:
    """Files of Parquet that are one table together: a folder, a pattern, or an address."""

    name: str
    """As the user gave it."""
    files: tuple[Location, ...]

    def __str__(self) -> str:
        return self.name


@frozen
class Copied:
    """A table in a bucket, copied to a temporary file."""

    name: str
    """Its address."""
    path: Path

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True)
class Role:
    """What a column beside positions and times is for tracks."""

    describes: bool
    """Whether it holds an attribute of tracks."""
    mixed: int = 0
    """Tracks within which it differs."""
    able: int = 0
    """Tracks with several values."""
    tracks: int = 0

    def sentence(self, name: str) -> str:
        """Warning of tracks within which it differs."""
        return f"{name!r} differs within {self.mixed:,} of {self.tracks:,} tracks: these are read without it"


def _no_names() -> PlaceNames:
    from heatlas.sources.tables.place_names import PlaceNames  # it needs the gazetteer

    return PlaceNames()


@frozen(kw_only=True)
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
    coded: Callable[[str], Iterator[pa.Array]] | None = None
    """Stream one column at little cost, as dictionaries where it is stored so; None where nothing is cheaper than
    `read`."""
    parts: tuple[Table, ...] = ()
    """Its files, each as a table, where it is a folder or pattern of several; they share its counts and warnings."""
    partition: Partition | None = None
    """The file, where its columns are those of a partition of large data (`heatlas.sources.contract`)."""
    raw: bool = False
    """Whether `read` also takes names that begin with RAW, for columns as written."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason ("rows with too few or too many cells" ...) -> number of rows that reading left out. Grows while `read`
    streams; `heatlas.sources.tables.rows.read_points` passes the increase on with the points."""
    names: PlaceNames = field(default_factory=_no_names)
    """What names of places have been taken for, where rows are placed by them."""
    readings: dict[str, str] = field(default_factory=dict)
    """Column -> description of how it is read, if that is unusual. Filled while `read` streams (see
    `heatlas.sources.tables.settled`)."""
    with_clocks: set[str] = field(default_factory=set)
    """Columns of days to which the times of the day of another column were added. Filled while `read` streams."""
    beyond: Counter[str] = field(default_factory=Counter)
    """Coordinate system that the user stated -> number of positions beyond the area that it is made for."""
    roles: dict[str, Role] = field(default_factory=dict)
    """Column beside positions and times -> what it is for tracks, once the first of its rows have decided it."""
    warnings: list[str] = field(default_factory=list)
    """Problems of a table that could still be read ("the packed data is cut off ..."), each a sentence without the
    table's name. Grows while `read` streams, so read it afterwards."""

    @property
    def files(self) -> int:
        """Number of files that it consists of."""
        return max(1, len(self.parts))
