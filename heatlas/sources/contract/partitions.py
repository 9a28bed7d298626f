"""Partitions among the sources, and the refusal of persons that lie in several of them."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.filesystems import Found, Location, failing, locate
from heatlas.core.frozen import frozen
from heatlas.core.threads import side_by_side
from heatlas.sources.contract.columns import Stated, check_schema, hashes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "Partition",
    "find_partitions",
    "opened",
    "partition_at",
    "partition_of",
    "person_texts",
    "refuse_shared_persons",
]

_ENDING = ".parquet"


@frozen(eq=False)
class Partition:
    """A Parquet file of the contract, of which the footer was read."""

    location: Location
    fixes: int
    """Number of its rows."""
    size: int
    """Bytes of the file."""
    schema: pa.Schema
    stated: Stated | None
    """What heatlas wrote into its footer; None for files of others."""
    range: tuple[Any, Any] | None
    """Least and greatest person, if statistics say so: text, or whole numbers."""
    _persons: list[NDArray[np.uint64]] = field(default_factory=list, repr=False)

    @property
    def uri(self) -> str:
        """Address or path of the file."""
        return self.location.uri

    def persons(self) -> NDArray[np.uint64]:
        """Hashes of its persons, ascending; read from the footer, or once from the column.

        Raises
        ------
        SourceFailed
            When they cannot be read.
        """
        if not self._persons:
            self._persons.append(hashes_of(self.names()) if self.stated is None else self.stated.persons)
        return self._persons[0]

    def names(self) -> set[str]:
        """Names of its persons, read from the column.

        Raises
        ------
        SourceFailed
            When they cannot be read.
        """
        names: set[str] = set()
        with opened(self.location, ["person"]) as file:
            for batch in file.iter_batches(1 << 20, columns=["person"]):
                names.update(person_texts(pc.unique(batch.column(0)), self.uri))
        return names


def person_texts(persons: pa.Array, name: str) -> list[str]:
    """Persons, or trips, as text.

    Raises
    ------
    SourceFailed
        When one has no value.
    """
    if persons.null_count:
        raise SourceFailed(f"{name}: {persons.null_count:,} rows name no person or no trip: leave them out")
    return [found if isinstance(found, str) else str(found) for found in persons.to_pylist()]


@contextmanager
def opened(location: Location, dictionaries: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; the named columns are read as dictionaries.

    Raises
    ------
    SourceFailed
        When it is none, or damaged.
    """
    with failing(location.uri), location.filesystem.open_input_file(location.path) as source:
        yield pq.ParquetFile(source, read_dictionary=list(dictionaries), pre_buffer=not location.is_local)


def find_partitions(sources: Sequence[str | Path], threads: int = 1) -> list[Partition]:
    """Find the partitions of files, folders, patterns and addresses, and check their columns.

    Parameters
    ----------
    sources : sequence of str or Path
        Such as ``fixes/``, ``fixes/*.parquet``, ``s3://bucket/fixes``.
    threads : int
        Footers that are read at once.

    Returns
    -------
    list of Partition
        In the order of the sources, within one by name; a file that is named twice comes once. Empty files are left
        out.

    Raises
    ------
    BadOption
        When a source holds none.
    SourceFailed
        When one cannot be read, or is no partition; the message says what makes one.
    """
    found: dict[str, tuple[Location, int]] = {}
    for source in sources:
        location = locate(source)
        files = [file for file in _listed(location) if not file.location.name.startswith("_")]
        if not files:
            raise BadOption(f"{source} holds no {_ENDING} file")
        for file in files:
            found.setdefault(file.location.path, (file.location, file.size))
    made = side_by_side(_partition, list(found.values()), threads)
    return [partition for partition in made if partition.fixes]


def _listed(location: Location) -> list[Found]:
    one_file = not location.is_pattern and location.kind() != "folder"
    if one_file and location.kind() != "file":
        return []
    return location.found("" if one_file else _ENDING)


def _partition(found: tuple[Location, int]) -> Partition:
    location, size = found
    with opened(location) as file:
        schema, head = file.schema_arrow, file.metadata
    check_schema(schema, location.uri)
    return replace(partition_of(location, head, schema), size=size)


def partition_at(location: Location) -> Partition:
    """Partition of one file; its columns are not checked.

    Raises
    ------
    SourceFailed
        When it cannot be read.
    """
    with opened(location) as file:
        return partition_of(location, file.metadata, file.schema_arrow)


def partition_of(location: Location, head: pq.FileMetaData, schema: pa.Schema) -> Partition:
    """Partition by its footer; its columns are not checked.

    Raises
    ------
    SourceFailed
        When heatlas has written it, and its footer is damaged or of a later version.
    """
    return Partition(location, head.num_rows, 0, schema, Stated.read(head.metadata, location.uri), _range(head))


def _range(head: pq.FileMetaData) -> tuple[Any, Any] | None:
    """Least and greatest person of all row groups; None if one of them does not state both."""
    index = next(k for k in range(head.num_columns) if head.schema.column(k).path == "person")
    lows, highs = [], []
    for k in range(head.num_row_groups):
        statistics = head.row_group(k).column(index).statistics
        if not head.row_group(k).num_rows:
            continue
        if statistics is None or not statistics.has_min_max or not isinstance(statistics.min, (str, int)):
            return None
        lows.append(statistics.min)
        highs.append(statistics.max)
    return (min(lows), max(highs)) if lows else None


def refuse_shared_persons(partitions: Sequence[Partition], threads: int = 1) -> None:
    """Refuse partitions of which two hold the same person, before any work.

    Ranges that do not overlap are proof enough. Of others the persons are compared, as their footers state them, or as
    their columns hold them.

    Raises
    ------
    SourceFailed
        Names a person, two of the files, and the command that mends it.
    """
    if _apart([partition.range for partition in partitions]):
        return
    every = side_by_side(Partition.persons, partitions, threads)
    persons = np.concatenate([np.zeros(0, np.uint64), *every])
    owners = np.repeat(np.arange(len(every)), [len(some) for some in every])
    order = np.argsort(persons, kind="stable")
    persons, owners = persons[order], owners[order]
    twice = np.flatnonzero(persons[1:] == persons[:-1])
    if not len(twice):
        return
    one, other = (partitions[int(owners[twice[0] + k])] for k in (0, 1))
    shared = sorted(one.names() & other.names())
    more = len(np.unique(persons[twice])) - 1
    others = f", and {more:,} other persons in several files" if more else ""
    folder = one.uri.rpartition("/")[0] or "."
    raise SourceFailed(
        f"the person {shared[0] if shared else '?'} lies in {one.uri} and in {other.uri}{others}: all of a person must "
        f"lie in one file; heatlas prepare {folder} -o DIR brings them together"
    )


def _apart(ranges: Sequence[tuple[Any, Any] | None]) -> bool:
    """Whether all ranges are known, and no two overlap."""
    known = [found for found in ranges if found is not None]
    if len(known) < len(ranges) or len({type(low) for low, _ in known}) > 1:
        return False
    known.sort()
    return all(before[1] < after[0] for before, after in itertools.pairwise(known))
