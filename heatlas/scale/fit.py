"""Fit the tone of a zoom to merged tiles, and find the tiles of it that are drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from heatlas.core.filesystems import locate
from heatlas.core.frozen import frozen
from heatlas.pmtiles.hilbert import first_number
from heatlas.publish.dirty_tiles import occupied
from heatlas.publish.tones import fitted, read_fitted
from heatlas.scale.drawn import merged_tiles_of, read_json, write_json
from heatlas.scale.merged_tiles import PART, merged_field
from heatlas.scale.sealed import opened_rows, seal_table
from heatlas.tiles.fields import as_drawn
from heatlas.tiles.scales import tone_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from heatlas.core.filesystems import Location
    from heatlas.scale.merged_tiles import MergedTiles
    from heatlas.scale.recipe import Recipe
    from heatlas.style.tone import Tone
    from heatlas.tiles.fields import Field

__all__ = ["FitTask", "cut", "fit", "read_numbers", "read_tone"]

_NUMBERS = ".tiles"
"""What follows the name of an object in that of the tiles to draw."""
_BLOCK = 4
"""Tiles of a block, which are drawn together (`heatlas.publish.metatiles`)."""


@frozen
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

    Tiles are looked at some at a time; what is kept are their numbers, packed.
    """
    merged = merged_tiles_of(task.index)
    field = merged_field(merged, task.recipe, max(task.activities, 1))
    found = fitted(field, task.zoom, None, refit=True)
    tone = found.tone
    parts = () if tone is None else _occupied(field, merged, task.zoom)
    ranges = _write_numbers(locate(task.output + _NUMBERS), cut(task.zoom, parts, task.most))
    legend = tone_data(field, tone)
    if not task.activities:
        del legend["activities"]
    summary = {"fitted": found.data(), "legend": legend, "ranges": ranges}
    write_json(locate(task.output), summary)
    return summary


def _occupied(field: Field, merged: MergedTiles, zoom: int) -> Iterator[NDArray[np.int64]]:
    """Find the tiles of a zoom that may hold anything, ascending, part by part."""
    drawn = as_drawn(field, zoom)[1]
    low, shift = first_number(zoom), 2 * (zoom - drawn)
    for part in merged.census(drawn).parts(zoom, PART):
        first, end = (place << shift if shift >= 0 else place >> -shift for place in (part.first, part.end))
        around = replace(field, counted=merged.around(part))
        numbers = occupied(around, zoom, np.ones(2, np.uint64)).numbers
        yield numbers[slice(*np.searchsorted(numbers, [low + first, low + end]))]


def cut(zoom: int, parts: Iterable[NDArray[np.int64]], most: int) -> Iterator[NDArray[np.int64]]:
    """Cut tiles, ascending part by part, into ranges of about `most` tiles; those of a block stay together."""
    left = np.zeros(0, np.int64)
    for part in parts:
        *whole, left = _cut(zoom, np.append(left, part), most)
        yield from whole
    if len(left):
        yield left


def _cut(zoom: int, numbers: NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
    begins = np.flatnonzero(np.diff((numbers - first_number(zoom)) // _BLOCK, prepend=-1))
    if not len(begins):
        return [numbers]
    wanted = np.arange(most, len(numbers), most)
    cuts = np.unique(begins[np.minimum(np.searchsorted(begins, wanted), len(begins) - 1)])
    return [some for some in np.split(numbers, cuts) if len(some)]


def _write_numbers(location: Location, ranges: Iterable[NDArray[np.int64]]) -> list[int]:
    """Write the tiles to draw, a row group for each range; returns how many each has."""
    schema, sink = pa.schema([("number", pa.int64())]), pa.BufferOutputStream()
    encoding = {"number": "DELTA_BINARY_PACKED"}
    writer = pq.ParquetWriter(
        sink, schema, compression="zstd", use_dictionary=False, column_encoding=encoding, write_page_checksum=True
    )
    many = []
    for some in ranges:
        many.append(len(some))
        writer.write_table(pa.table({"number": some}, schema=schema), row_group_size=len(some))
    location.write(seal_table(sink, writer))
    return many


def read_numbers(uri: str, place: int) -> NDArray[np.int64]:
    """Read the tiles of a range, ascending, from what a task wrote."""
    location = locate(uri + _NUMBERS)
    with opened_rows(location) as file:
        found: NDArray[np.int64] = file.read_row_group(place)["number"].to_numpy()
    return found


def read_tone(uri: str) -> Tone | None:
    """Read the tone that a task fitted."""
    return read_fitted(read_json(locate(uri))["fitted"]).tone
