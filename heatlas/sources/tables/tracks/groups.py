"""Group the rows of a table by track."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Groups", "as_texts", "codes_of", "grouped"]


@frozen
class Groups:
    """Rows of each track, one after the other."""

    order: NDArray[np.int64]
    """(n,) rows of the table that belong to a track, track by track, each in the order of time."""
    starts: NDArray[np.int64]
    """(number of tracks + 1,) offsets into `order`."""
    keys: list[Any]
    """Value of the track column for each track."""
    sorted: bool = False
    """Whether `order` is all rows of the table in their order."""

    def ordered(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sort values of the table's rows into this order."""
        return values if self.sorted else values[self.order]


def grouped(tracks: pa.Array, time: NDArray[np.float64]) -> Groups:
    """Sort rows by track, in order of first occurrence, and by time; both sorts are stable."""
    codes, keys = codes_of(tracks)
    steps = np.diff(codes)
    if len(codes) and codes[0] >= 0 and (steps >= 0).all():
        starts = np.concatenate(([0], np.flatnonzero(steps) + 1, [len(codes)]))
        if (np.diff(time)[steps == 0] >= 0).all() or np.isnan(time).all():
            return Groups(np.arange(len(codes)), starts, keys, sorted=True)
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    sorted_codes = codes[rows]
    starts = np.searchsorted(sorted_codes, np.arange(len(keys) + 1))
    moments = time[rows]
    if np.isnan(moments).any():
        # A row without a time stays behind the one before it.
        known = np.where(np.isnan(moments), -1, np.arange(len(rows)))
        last = np.maximum.accumulate(known)
        within = last >= starts[sorted_codes]
        moments = np.where(within, moments[np.maximum(last, 0)], -np.inf)
    # By track, then by time; lexsort is stable.
    return Groups(rows[np.lexsort((moments, sorted_codes))], starts, keys)


def codes_of(values: pa.Array) -> tuple[NDArray[np.int64], list[Any]]:
    """Code of each value, numbered by first occurrence, -1 for null or empty; and the distinct values."""
    if pa.types.is_nested(values.type):
        values = as_texts(values)
    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    codes = pc.fill_null(coded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False).copy()
    keys = [_scalar(value) for value in coded.dictionary]
    for k, key in enumerate(keys):
        if key is None or key == "" or key != key:
            codes[codes == k] = -1
    used = np.unique(codes[codes >= 0])
    renumbered = np.full(len(keys) + 1, -1)
    renumbered[used] = np.arange(len(used))
    return renumbered[codes], [keys[k] for k in used]


def _scalar(value: Any) -> Any:
    """Convert a value to Python; bytes become text, with invalid UTF-8 replaced."""
    try:
        found = value.as_py()
    except UnicodeDecodeError:
        return value.as_buffer().to_pybytes().decode("utf-8", "replace")
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else found


def as_texts(piece: pa.Array) -> pa.Array:
    """Convert any array to text."""
    try:
        return piece.cast(pa.large_string())
    except pa.ArrowException:
        return pa.array([None if value is None else str(value) for value in piece.to_pylist()], pa.large_string())
