"""Batches whose arrays lie in a temporary file, mapped into memory: the system reads and forgets them as it needs."""

from __future__ import annotations

import mmap
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch

__all__ = ["Spill", "is_spilled", "spilled_if"]

BLOCK = 64 << 20
"""Bytes that are written at once."""
IN_MEMORY = 512 << 20
"""Bytes of tracks that are held in memory before the first are written: some 18 million fixes."""
_FIXES = ("u", "v", "time", "progress")


class Spill:
    """Takes batches, and holds them in memory until there are many; then in a temporary file without a name.

    Parameters
    ----------
    in_memory : int, optional
        Bytes that are held in memory; 0: none.
    """

    def __init__(self, in_memory: int | None = None) -> None:
        self._room = IN_MEMORY if in_memory is None else in_memory
        self._done: list[Batch] = []
        self._waiting: list[Batch] = []
        self._bytes = 0
        self._file: BinaryIO | None = None

    def add(self, batch: Batch) -> None:
        """Take a batch.

        Raises
        ------
        OSError
            When the disk of temporary files is full.
        """
        self._waiting.append(batch)
        self._bytes += _size(batch)
        if self._bytes >= max(BLOCK, self._room):
            self._write()

    def close(self) -> list[Batch]:
        """All batches, in the order in which they came."""
        if self._file is not None:
            self._write()
            self._file.close()  # what is mapped stays
            self._file = None
        return self._done + self._waiting

    def _write(self) -> None:
        """Write what waits to the file."""
        if self._file is None:
            import tempfile

            self._file = tempfile.TemporaryFile(prefix="heatlas-")  # noqa: SIM115 - as long as anything is mapped
            self._room = 0
        for start in range(0, len(self._waiting), 1 << 14):
            self._done += _mapped(self._file, self._waiting[start : start + (1 << 14)])
        self._waiting, self._bytes = [], 0


def spilled_if(batches: Iterable[Batch], large: bool) -> list[Batch]:
    """Batches that are made one after the other; of what is `large` they are held in a file."""
    if not large:
        return list(batches)
    spill = Spill(0)
    for batch in batches:
        spill.add(batch)
    return spill.close()


def is_spilled(batch: Batch) -> bool:
    """Whether the arrays of a batch are mapped from a file."""
    held: object = batch.u
    while isinstance(held, np.ndarray):
        held = held.base
    return isinstance(held, (mmap.mmap, memoryview))


def _arrays(batch: Batch) -> list[NDArray[Any]]:
    return [*(getattr(batch, name) for name in _FIXES), *batch.columns.values()]


def _size(batch: Batch) -> int:
    return sum(array.nbytes for array in _arrays(batch))


def _mapped(file: BinaryIO, batches: Sequence[Batch]) -> list[Batch]:
    """Write batches to the end of a file, and map them from there."""
    grain = mmap.ALLOCATIONGRANULARITY
    start = -(-file.seek(0, 2) // grain) * grain
    file.seek(start)
    held_already = [not batch.fixes or is_spilled(batch) for batch in batches]
    for batch, already in zip(batches, held_already, strict=True):
        for array in () if already else _arrays(batch):
            file.write(np.ascontiguousarray(array).data)
            file.write(b"\0" * (-array.nbytes % 8))
    file.flush()
    end = file.tell()
    if end == start:
        return list(batches)
    # Private and writable, for kernels are compiled for arrays that are; nothing writes to them.
    held = mmap.mmap(file.fileno(), end - start, access=mmap.ACCESS_COPY, offset=start)
    at = 0
    found: list[Batch] = []
    for batch, already in zip(batches, held_already, strict=True):
        if already:
            found.append(batch)
            continue
        views: list[NDArray[Any]] = []
        for array in _arrays(batch):
            views.append(np.frombuffer(held, array.dtype, len(array), at))
            at += array.nbytes + -array.nbytes % 8
        fixes: dict[str, Any] = dict(zip(_FIXES, views, strict=False))
        columns: dict[str, Any] = dict(zip(batch.columns, views[len(_FIXES) :], strict=True))
        found.append(replace(batch, **fixes, columns=columns))
    return found
