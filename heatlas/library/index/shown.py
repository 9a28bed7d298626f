"""Read from the index how many metres and fixes of each activity are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.index import UNKNOWN, decode_amounts, decode_values
from heatlas.library.file.columns import AMOUNTS, VALUES
from heatlas.library.file.keys import chunk_of, pixel_keys, tile_of
from heatlas.library.file.pixels import ChunkPixels
from heatlas.library.file.settings import read_settings
from heatlas.library.index.sound_tiles import pixel_rows, read_columns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["ShownAmounts", "numbers_with", "read_shown"]

_SHOWN = tuple(AMOUNTS[name][0] for name in ("metres", "fixes"))


class ShownAmounts(NamedTuple):
    """Amounts of an activity without its cut parts."""

    metres: float
    """Length of its lines, to 1/16 m."""
    fixes: int


def read_shown(connection: sqlite3.Connection) -> dict[int, ShownAmounts]:
    """Amounts of each activity that are shown, by number; activities of which nothing is shown are left out.

    At every zoom, the amounts of passages add up to those of the track. The coarsest zoom has the fewest passages.
    """
    metres: dict[int, int] = {}
    fixes: dict[int, int] = {}
    for k, pixels in _chunks(connection, ("metres", "fixes")):
        numbers, lengths = pixels.header
        begins = np.cumsum(lengths) - lengths
        columns = read_columns(connection, _SHOWN, tile_of(k), chunk_of(k), pixels)
        for which, sums in zip(_SHOWN, (metres, fixes), strict=True):
            steps = np.zeros(len(numbers), np.int64)
            if (column := columns.get(which)) is not None:
                steps = np.add.reduceat(decode_amounts(column, int(lengths.sum())), begins)
            for number, amount in zip(numbers.tolist(), steps.tolist(), strict=True):
                sums[number] = sums.get(number, 0) + amount
    step = AMOUNTS["metres"][1]
    return {number: ShownAmounts(metres[number] * step, fixes[number]) for number in metres}


def numbers_with(connection: sqlite3.Connection, metric: str) -> NDArray[np.int64]:
    """Numbers of activities that have a known value of a metric where they are shown, ascending."""
    found = []
    for k, pixels in _chunks(connection, (metric,)):
        which = VALUES[metric].column
        column = read_columns(connection, (which,), tile_of(k), chunk_of(k), pixels).get(which)
        if column is not None:
            numbers, lengths = pixels.header
            found.append(np.repeat(numbers, lengths)[decode_values(column, lengths) != UNKNOWN])
    return np.unique(np.concatenate([np.zeros(0, np.int64), *found]))


def _chunks(connection: sqlite3.Connection, columns: Sequence[str]) -> Iterator[tuple[int, ChunkPixels]]:
    """Chunks of the coarsest zoom: key and pixels."""
    settings = read_settings(connection)
    zoom = settings.zooms[0]
    settings.demand(zoom, columns)
    for k, data in pixel_rows(connection, pixel_keys(zoom)):
        yield k, ChunkPixels(data)
