"""First phase: trace a partition at all zooms, and write its tiles as rows sorted along the Hilbert curve."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import split
from heatlas.core.filesystems import locate
from heatlas.core.frozen import frozen
from heatlas.kernels.lattice import frame_of
from heatlas.kernels.lines import join_fixes
from heatlas.kernels.partials import count_tiles
from heatlas.kernels.path import TOLERANCE, metres_along
from heatlas.kernels.valued import FIXES, METRES, METRIC, SECONDS, list_valued
from heatlas.kernels.visited import list_visited, spill
from heatlas.library.file.columns import AMOUNTS, rounding
from heatlas.pmtiles.hilbert import places_at
from heatlas.raster.partition import REJOIN
from heatlas.scale.merge import added
from heatlas.scale.planes import column_of, numbers_of_steps, planes_of
from heatlas.scale.rows import RowWriter, TileRows
from heatlas.scale.source import read_tracks
from heatlas.tracks.metrics import Motion, metric_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.raster.measure import Measure
    from heatlas.scale.planes import CountedPlanes
    from heatlas.scale.recipe import Recipe
    from heatlas.scale.source import PersonTracks

__all__ = ["TraceTask", "trace"]

_PORTION = 1 << 21
"""Fixes whose passages are listed at once."""
_AMOUNTS = {"seconds": SECONDS, "metres": METRES, "fixes": FIXES}
_NONE = np.zeros(0, np.int64)
_PERSON = 24
"""Bits of a person's number beside a tile's in one number."""


@frozen
class TraceTask:
    """Trace one partition."""

    uri: str
    """Address or path of the partition."""
    recipe: Recipe
    output: str


@frozen
class _Stretches:
    """Passages at one zoom, and the stretches of them that lie in one tile."""

    pixels: NDArray[np.uint16]
    values: NDArray[np.int64]
    numbers: NDArray[np.int64]
    """(m,) tile of each stretch."""
    begins: NDArray[np.int64]
    """(m + 1,) offsets into the passages."""
    tracks: NDArray[np.int64]
    """(m,) track of each stretch."""


def trace(task: TraceTask) -> dict[str, Any]:
    """Trace a partition; returns what was found: fixes, activities, persons, and what was dropped.

    All tracks are in memory, at 28 bytes for each fix and 40 more for a metric. Passages are listed zoom by zoom, those
    of some persons at a time, and added up.
    """
    dropped: Counter[str] = Counter()
    recipe = task.recipe
    portions = list(_portions(read_tracks(task.uri, recipe, dropped)))
    listings = [[_listing(some.batch, recipe.look.measure) for some in portion] for portion in portions]
    found = [some for portion in portions for some in portion]
    summary: dict[str, Any] = {
        "fixes": sum(some.batch.fixes for some in found),
        "activities": sum(len(some.batch) for some in found),
        "persons": sum(len(np.unique(some.persons)) for some in found),
        "dropped": dict(sorted(dropped.items())),
    }
    writer = RowWriter(locate(task.output), summary)
    for zoom in recipe.indexed:
        parts = [_count_zoom(some, listing, zoom, recipe) for some, listing in zip(portions, listings, strict=True)]
        for rows in parts if len(parts) == 1 else added(parts, recipe, zoom):
            writer.add(rows)
        parts.clear()
    writer.close()
    return {**summary, "rows": writer.rows}


def _portions(found: Iterable[PersonTracks]) -> Iterator[list[PersonTracks]]:
    """Gather whole persons until they have about so many fixes as are counted at once."""
    portion: list[PersonTracks] = []
    for some in found:
        portion.append(some)
        if sum(one.batch.fixes for one in portion) >= _PORTION:
            yield portion
            portion = []
    if portion:
        yield portion


def _count_zoom(
    found: Sequence[PersonTracks], listing: Sequence[Callable[[int], _Stretches]], zoom: int, recipe: Recipe
) -> TileRows:
    """Count the pixels of all tiles of a zoom."""
    stretches = _joined([list_at(zoom) for list_at in listing], [len(some.batch) for some in found])
    persons = np.concatenate([some.persons for some in found])
    return _count(stretches, persons, zoom, planes_of(recipe.look.measure, zoom, bool(recipe.least)))


def _listing(batch: Batch, measure: Measure) -> Callable[[int], _Stretches]:
    """Return the function that lists the passages of a batch at a zoom."""
    name = column_of(measure)
    if name is None:
        return partial(_list, batch)
    ways = batch.time, metres_along(batch.u, batch.v, batch.segments), _lines(batch, measure.metric)
    if not measure.metric:
        return partial(_list_values, batch, (_AMOUNTS[name], ways, (AMOUNTS[name][1], 0.0, 0.0, 0.0), _NONE))
    return partial(_list_values, batch, (METRIC, ways, rounding(name), numbers_of_steps(name)))


def _lines(batch: Batch, metric: str) -> NDArray[np.float64]:
    """Metric along the lines of all tracks (n, 3), each of which is looked at by itself."""
    if not metric:
        return np.zeros((0, 3))
    needed = metric_named(metric)
    assert needed.at_fixes is not None
    if not needed.columns <= set(batch.columns):
        return np.zeros((batch.fixes, 3))
    tracks = split(batch, [tuple(batch.columns)] * len(batch))
    found = np.concatenate([needed.at_fixes(Motion(track)) for track in tracks])
    lines: NDArray[np.float64] = join_fixes(found[:, None])
    return lines


def _list(batch: Batch, zoom: int) -> _Stretches:
    """List passages without what was spent in them."""
    pixels, numbers, begins, tracks = list_visited(*_ways(batch, zoom), zoom)
    return _Stretches(pixels, np.zeros(0, np.int64), numbers, begins, tracks)


def _list_values(batch: Batch, counted: tuple[Any, ...], zoom: int) -> _Stretches:
    """List passages with a value each."""
    pixels, numbers, begins, tracks, values = list_valued(*_ways(batch, zoom), zoom, *counted)
    return _Stretches(pixels, values, numbers, begins, tracks)


def _ways(batch: Batch, zoom: int) -> tuple[Any, ...]:
    """Arguments of the kernels that list passages, before the zoom."""
    scale = 256 << zoom
    frame = frame_of(float(scale), 0, 0, scale, scale)
    return batch.u, batch.v, batch.progress, batch.segments, batch.tracks, *_reach(batch, scale), frame


def _reach(batch: Batch, scale: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Rejoin distance of each track, and the bits of its table, as `heatlas.library.rows.passages` has them."""
    first, smallest = batch.ground
    least = np.maximum(REJOIN, 2 * first / scale)
    reach = (1.1 * least + 2 * TOLERANCE) * scale / smallest + 4
    west, east, north, south = batch.bounds.T * scale
    around = np.maximum(east - west, south - north) + 4  # a table as wide as the whole track is wide enough
    wide = np.where(np.isfinite(around), np.minimum(reach, around), 8.0)
    return least, np.maximum(3, np.ceil(np.log2(wide))).astype(np.int64)


def _joined(parts: Sequence[_Stretches], tracks: Sequence[int]) -> _Stretches:
    """Join the stretches of batches with so many tracks each."""
    passages = np.cumsum([0, *(len(part.pixels) for part in parts)])
    owners = np.cumsum([0, *tracks])
    return _Stretches(
        np.concatenate([part.pixels for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([*(p.begins[:-1] + n for p, n in zip(parts, passages, strict=False)), passages[-1:]]),
        np.concatenate([part.tracks + n for part, n in zip(parts, owners, strict=False)]),
    )


def _count(found: _Stretches, persons: NDArray[np.int64], zoom: int, planes: CountedPlanes) -> TileRows:
    """Sort stretches by tile and person, and count them; with what the tiles beside see where that matters."""
    numbers, owners, tracks = found.numbers, persons[found.tracks], found.tracks
    begins, ends = found.begins[:-1], found.begins[1:]
    outer = np.full(len(numbers), -1, np.int32)
    if planes.near == 2:
        x, y = places_at(zoom, numbers)
        beside, stretches, pixels = spill(found.pixels, found.begins, x, y, zoom)
        numbers, owners = np.append(numbers, beside), np.append(owners, owners[stretches])
        tracks, outer = np.append(tracks, tracks[stretches]), np.append(outer, pixels)
        begins, ends = (np.append(some, np.zeros(len(beside), np.int64)) for some in (begins, ends))
    assert not len(owners) or int(owners.max()) < 1 << _PERSON
    order = np.argsort(numbers << _PERSON | owners, kind="stable")
    numbers = numbers[order]
    tiles = np.append(np.flatnonzero(np.diff(numbers, prepend=-1)), len(numbers))
    known = _persons(tiles, owners[order], outer[order] < 0) if planes.near else np.zeros(len(tiles) - 1, np.int64)
    passages, filled, offsets, data = count_tiles(
        found.pixels, found.values, begins[order], ends[order], tracks[order], owners[order], outer[order], tiles,
        planes.what, planes.near, planes.rules,
    )  # fmt: skip
    return TileRows(numbers[tiles[:-1]], passages, known, filled, offsets, data)


def _persons(tiles: NDArray[np.int64], owners: NDArray[np.int64], inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(t,) persons who passed each tile, of stretches sorted by tile and person."""
    first = np.diff(owners, prepend=-1) != 0
    first[tiles[:-1]] = True
    runs = np.flatnonzero(first)
    passed = np.add.reduceat(inside, runs, dtype=np.int64) > 0 if len(runs) else np.zeros(0, np.bool_)
    return np.bincount(np.searchsorted(tiles, runs[passed], side="right") - 1, minlength=len(tiles) - 1)
