"""Tracks whose rows lie in several files of one table or one command."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from heatlas.sources.tables.cells.text import seconds
from heatlas.sources.tables.tracks.buckets import Buckets, key_hashes, number_of_buckets
from heatlas.sources.tables.tracks.groups import codes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.sources.tables.table import Table

__all__ = ["Across", "shared_tracks"]

_HOUR = 3600.0
"""Seconds between the rows of two files up to which a track goes on from one to the other."""
_FILE = "\0file"
"""Column of the number of the file, beside the rows that are put aside."""


def shared_tracks(parts: Sequence[tuple[Table, str]]) -> NDArray[np.uint64]:
    """Hashes, ascending, of tracks that have rows in several files.

    Parameters
    ----------
    parts : sequence of (Table, str)
        Files, and their column of tracks.
    """
    held = [np.zeros(0, np.uint64)]
    for table, track in parts:
        assert table.coded is not None
        own = np.zeros(0, np.uint64)
        for piece in table.coded(track):
            own = np.union1d(own, np.unique(key_hashes(piece)))
        held.append(own[own != 0])
    every, counts = np.unique(np.concatenate(held), return_counts=True)
    return every[counts > 1]


@dataclass
class Across:
    """Rows of tracks that lie in several files, put aside while the files are read."""

    shared: NDArray[np.uint64]
    """Hashes of the tracks, ascending."""
    rows: int
    """Rows of all files."""
    names: list[str] = field(default_factory=list)
    """Names of the files that were read so far."""
    joined: int = 0
    """Tracks that were put together from several files."""
    apart: int = 0
    """Tracks of one value in several files that are taken for different ones."""
    _buckets: Buckets | None = None

    def without(self, table: Table, track: str, name: str) -> Table:
        """File without the rows of such tracks, which are put aside when it is read."""
        number = len(self.names)
        self.names.append(name)

        def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
            for batch in table.read(columns):
                hashes = key_hashes(batch.column(track))
                aside = np.isin(hashes, self.shared)
                if aside.any():
                    if self._buckets is None:
                        self._buckets = Buckets(number_of_buckets(self.rows))
                    rows = batch.filter(pa.array(aside))
                    numbers = pa.array(np.full(rows.num_rows, number, np.int32))
                    rows = pa.RecordBatch.from_arrays([*rows.columns, numbers], [*rows.schema.names, _FILE])
                    self._buckets.put(rows, hashes[aside])
                    batch = batch.filter(pa.array(~aside))  # noqa: PLW2901
                yield batch

        def coded(column: str) -> Iterator[pa.Array]:
            assert table.coded is not None
            for piece in table.coded(column):
                yield piece.filter(pa.array(~np.isin(key_hashes(piece), self.shared)))

        return replace(table, read=read, coded=coded)

    def tables(self, table: Table, track: str, time: str | None) -> Iterator[tuple[Table, str]]:
        """Tables of the rows that were put aside, each with the name of the file in which its tracks begin.

        The rows of a track in two files are joined if they overlap in time, or if there is at most an hour between
        them; without times they are joined. Else each file has a track of its own, as files that count their trips
        from 1 do.
        """
        for k in range(0 if self._buckets is None else self._buckets.number):
            assert self._buckets is not None
            batches = list(self._buckets.read(k))
            if not batches:
                continue
            rows = pa.Table.from_batches(batches).combine_chunks()
            firsts = self._first_files(rows, track, time)
            plain = rows.drop_columns([_FILE])
            for number in np.unique(firsts).tolist():
                own = plain.filter(pa.array(firsts == number)).to_batches()
                # Read once, with the columns that the rows were put aside with.
                yield replace(table, read=partial(_selected, own)), self.names[number]

    def _first_files(self, rows: pa.Table, track: str, time: str | None) -> NDArray[np.int64]:
        """For each row the number of the file in which its track begins."""
        codes, _ = codes_of(rows.column(track).combine_chunks())
        files = rows.column(_FILE).to_numpy().astype(np.int64)
        moments = np.zeros(len(codes)) if time is None else seconds(rows.column(time).combine_chunks())[0]
        pairs, which = np.unique(codes * len(self.names) + files, return_inverse=True)
        low, high = np.full(len(pairs), np.inf), np.full(len(pairs), -np.inf)
        known = ~np.isnan(moments)
        np.minimum.at(low, which[known], moments[known])
        np.maximum.at(high, which[known], moments[known])
        track_of, file_of = np.divmod(pairs, len(self.names))
        low = np.where(np.isfinite(low), low, 0.0)
        high = np.where(np.isfinite(high), high, 0.0)
        first = np.empty(len(pairs), np.int64)
        order = np.lexsort((low, track_of))
        before, end = -1, -np.inf
        for k in order.tolist():
            goes_on = track_of[k] == before and low[k] - end <= _HOUR
            if track_of[k] != before:
                group, several = k, False
            elif not goes_on:
                group = k
                self.apart += 1
            elif not several:
                several = True
                self.joined += 1
            first[k] = file_of[group]
            end = max(end, high[k]) if goes_on else high[k]
            before = track_of[k]
        return first[which]

    def said(self) -> list[str]:
        """Sentences on what was joined, and on what was not."""
        found = []
        if self.joined:
            found.append(f"{self.joined:,} tracks have rows in several files, and were put together")
        if self.apart:
            found.append(
                f"{self.apart:,} tracks have the name of one in another file, more than an hour apart, and are tracks "
                "of their own"
            )
        return found

    def close(self) -> None:
        """Remove the temporary files."""
        if self._buckets is not None:
            self._buckets.close()


def _selected(batches: Sequence[pa.RecordBatch], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch.select(list(columns))
