"""Cut large tables into tables of whole tracks, of which one at a time is in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.sources.tables.tracks.buckets import AT_ONCE, Buckets, key_hashes, number_of_buckets
from heatlas.sources.tables.tracks.groups import codes_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from heatlas.sources.tables.table import Table

__all__ = ["runs_of", "whole_tracks"]

_CHECK = 1 << 20
"""Runs after which it is checked whether a track comes again."""


def whole_tracks(table: Table, track: str) -> Iterator[Table]:
    """Cut a table into tables that hold all rows of their tracks; a small one is returned as it is.

    Where the rows of each track stand together, they are streamed. Else all rows are put aside in temporary files by
    their tracks, and read from these. Each table is to be read once, before the next is asked for, all with the same
    columns.

    Parameters
    ----------
    table : Table
        Its rows can be read again.
    track : str
        Column that tells the tracks apart.
    """
    if table.size is None or table.size <= AT_ONCE or table.coded is None:
        yield table
        return
    if runs_of(table.coded(track)) is not None:
        stream = _Stream(table, track)
        while not stream.ended:
            yield replace(table, read=stream.read, size=None)
        return
    aside = _Aside(table, track)
    try:
        for k in range(aside.number):
            yield replace(table, read=aside.reader(k), size=None)
    finally:
        aside.close()


def runs_of(pieces: Iterable[pa.Array]) -> NDArray[np.uint64] | None:
    """Hashes of tracks in the order of their rows, each once; None if the rows of one do not stand together."""
    held: list[NDArray[np.uint64]] = []
    last, count, checked = -1, 0, 0
    for piece in pieces:
        hashes = key_hashes(piece)
        hashes = hashes[hashes != 0]
        if not len(hashes):
            continue
        firsts = hashes[np.append(True, hashes[1:] != hashes[:-1])]
        if int(firsts[0]) == last:
            firsts = firsts[1:]
        last = int(hashes[-1])
        held.append(firsts)
        count += len(firsts)
        if count - checked > _CHECK or len(firsts) > len(hashes) // 2:
            held, checked = [np.concatenate(held)], count
            if len(np.unique(held[0])) < count:
                return None
    runs = np.concatenate([np.zeros(0, np.uint64), *held])
    return runs if len(np.unique(runs)) == len(runs) else None


class _Stream:
    """Rows of a table whose tracks stand together."""

    def __init__(self, table: Table, track: str) -> None:
        self._table, self._track = table, track
        self._batches: Iterator[pa.RecordBatch] | None = None
        self._left: pa.RecordBatch | None = None
        self.ended = False

    def read(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Stream the next rows, up to the end of a track."""
        if self._batches is None:
            self._batches = iter(self._table.read(columns))
        rows, last = 0, None
        while True:
            batch, self._left = self._left or next(self._batches, None), None
            if batch is None:
                self.ended = True
                return
            codes, keys = codes_of(batch.column(self._track))
            if rows >= AT_ONCE and len(codes):
                other = np.flatnonzero(codes != _code_of(keys, last))
                if len(other):
                    self._left = batch.slice(int(other[0]))
                    yield batch.slice(0, int(other[0]))
                    return
            rows += batch.num_rows
            if len(codes):
                last = keys[codes[-1]] if codes[-1] >= 0 else None
            yield batch


def _code_of(keys: list[Any], key: Any) -> int:
    return -1 if key is None else keys.index(key) if key in keys else -2


class _Aside:
    """Rows of a table in buckets, filled when the first is read."""

    def __init__(self, table: Table, track: str) -> None:
        self._table, self._track = table, track
        self.number = number_of_buckets(table.size or 0)
        self._buckets: Buckets | None = None

    def reader(self, number: int) -> Any:
        """Reader of a bucket, in the form of `Table.read`."""

        def read(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
            if self._buckets is None:
                self._buckets = Buckets(self.number)
                for batch in self._table.read(columns):
                    self._buckets.put(batch, key_hashes(batch.column(self._track)))
            yield from self._buckets.read(number)

        return read

    def close(self) -> None:
        """Remove the temporary files."""
        if self._buckets is not None:
            self._buckets.close()
