"""Rows that are put aside in temporary files, so that those of one track come together again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from heatlas.core.scratch import make_scratch
from heatlas.sources.contract.columns import hash_of
from heatlas.sources.tables.tracks.groups import codes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["AT_ONCE", "Buckets", "key_hashes", "number_of_buckets"]

AT_ONCE = 1 << 21
"""Rows that are read as one table; of more, those of some tracks at a time."""
_MOST = 256
"""Files that are open at once."""


def number_of_buckets(rows: int) -> int:
    """Number of buckets for a number of rows; each then holds about half of what is read at once."""
    return min(_MOST, 2 * rows // AT_ONCE + 1)


def key_hashes(tracks: pa.Array) -> NDArray[np.uint64]:
    """Hash of the track of each row; 0 for rows without one."""
    codes, keys = codes_of(tracks)
    hashes = np.array([*(hash_of(str(key)) or 1 for key in keys), 0], np.uint64)
    return hashes[codes]


class Buckets:
    """Temporary files of rows, of which each holds all rows of some tracks; to be closed in the end."""

    def __init__(self, number: int) -> None:
        self._scratch = make_scratch()
        self.number = number
        self._writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}

    def put(self, batch: pa.RecordBatch, hashes: NDArray[np.uint64]) -> None:
        """Put rows into their buckets.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            Of the same columns each time.
        hashes : ndarray of uint64 (rows,)
            Hash of the track of each row.
        """
        plain = [c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in batch.columns]
        batch = pa.RecordBatch.from_arrays(plain, batch.schema.names)
        numbers = (hashes % np.uint64(self.number)).astype(np.int64)
        order = np.argsort(numbers, kind="stable")
        batch, numbers = batch.take(pa.array(order)), numbers[order]
        starts = np.searchsorted(numbers, np.arange(self.number + 1))
        for k in np.unique(numbers).tolist():
            rows = batch.slice(starts[k], starts[k + 1] - starts[k])
            if k not in self._writers:
                how = pa.ipc.IpcWriteOptions(compression="lz4")
                self._writers[k] = pa.ipc.new_stream(str(self._scratch.path / f"{k}.arrow"), batch.schema, options=how)
            self._writers[k].write_batch(rows)

    def read(self, number: int) -> Iterator[pa.RecordBatch]:
        """Stream the rows of a bucket, in the order in which they came; nothing can be put into it afterwards."""
        writer = self._writers.get(number)
        if writer is None:
            return
        writer.close()
        with pa.memory_map(str(self._scratch.path / f"{number}.arrow")) as file:
            yield from pa.ipc.open_stream(file)

    def close(self) -> None:
        """Remove the files."""
        for writer in self._writers.values():
            writer.close()
        self._scratch.close()
