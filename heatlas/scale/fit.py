"""Fit the tone of a zoom to merged tiles, and find the tiles of it that are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from heatlas.core.filesystems import locate
from heatlas.pmtiles.hilbert import first_number
from heatlas.publish.dirty_tiles import occupied
from heatlas.publish.tones import fitted, read_fitted
from heatlas.scale.drawn import merged_tiles_of, read_json, write_json
from heatlas.scale.merged_tiles import merged_field
from heatlas.scale.sealed import opened_rows, seal_table
from heatlas.tiles.scales import tone_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.filesystems import Location
    from heatlas.scale.recipe import Recipe
    from heatlas.style.tone import Tone

__all__ = ["FitTask", "cut", "fit", "read_numbers", "read_tone"]

_NUMBERS = ".tiles"
"""What follows the name of an object in that of the tiles to draw."""
_BLOCK = 4
"""Tiles of a block, which are drawn together (`heatlas.publish.metatiles`)."""


@dataclass(frozen=True, slots=True)
class FitTask:
    """Fit the tone of one zoom, and cut its tiles into ranges."""

    index: str
    """Object that says where merged tiles lie."""
    zoom: int
    recipe: Recipe
    activities: int
    """Activities that count, for the legend; 0: it does not tell."""
    most: int
    """Tiles of a range, about."""
    output: str


def fit(task: FitTask) -> dict[str, Any]:
    """Fit a tone by the code that fits published ones, and find the tiles to draw; returns the numbers in each range.

    The tiles of a zoom are found at once, which takes some 100 bytes of memory for each.
    """
    field = merged_field(merged_tiles_of(task.index), task.recipe, max(task.activities, 1))
    found = fitted(field, task.zoom, None, refit=True)
    tone = found.tone
    numbers = np.zeros(0, np.int64)
    if tone is not None:
        numbers = occupied(field, task.zoom, np.ones(2, np.uint64)).numbers
    ranges = cut(task.zoom, numbers, task.most)
    _write_numbers(locate(task.output + _NUMBERS), ranges)
    legend = tone_data(field, tone)
    if not task.activities:
        del legend["activities"]
    summary = {
        "fitted": found.data(),
        "legend": legend,
        "ranges": [len(some) for some in ranges],
    }
    write_json(locate(task.output), summary)
    return summary


def cut(zoom: int, numbers: NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
    """Cut tiles, ascending, into ranges of about `most` tiles; those of a block stay together."""
    if not len(numbers):
        return []
    begins = np.flatnonzero(np.diff((numbers - first_number(zoom)) // _BLOCK, prepend=-1))
    wanted = np.arange(most, len(numbers), most)
    cuts = np.unique(begins[np.minimum(np.searchsorted(begins, wanted), len(begins) - 1)])
    return [some for some in np.split(numbers, cuts) if len(some)]


def _write_numbers(location: Location, ranges: Sequence[NDArray[np.int64]]) -> None:
    """Write the tiles to draw, a row group for each range."""
    schema, sink = pa.schema([("number", pa.int64())]), pa.BufferOutputStream()
    encoding = {"number": "DELTA_BINARY_PACKED"}
    writer = pq.ParquetWriter(
        sink, schema, compression="zstd", use_dictionary=False, column_encoding=encoding, write_page_checksum=True
    )
    for some in ranges:
        writer.write_table(pa.table({"number": some}, schema=schema), row_group_size=len(some))
    location.write(seal_table(sink, writer))


def read_numbers(uri: str, place: int) -> NDArray[np.int64]:
    """Read the tiles of a range, ascending, from what a task wrote."""
    location = locate(uri + _NUMBERS)
    with opened_rows(location) as file:
        found: NDArray[np.int64] = file.read_row_group(place)["number"].to_numpy()
    return found


def read_tone(uri: str) -> Tone | None:
    """Read the tone that a task fitted."""
    return read_fitted(read_json(locate(uri))["fitted"]).tone
