"""Draw windows from the index at a suitable zoom, smoothed, then enlarged or reduced to the requested zoom."""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from dataclasses import field as dataclass_field
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import CIRCUMFERENCE
from heatlas.core.window import Window
from heatlas.library.file.settings import Settings
from heatlas.library.index.drawing import draw_tiles
from heatlas.library.index.people import people_around
from heatlas.library.points.point_drawing import DEEPEST_TILES, draw_tile
from heatlas.library.points.point_times import PointIndex, read_timed
from heatlas.raster.gaussian import halo, smooth
from heatlas.raster.point_kernel import halo as kernel_halo
from heatlas.raster.point_kernel import spread
from heatlas.raster.threshold import is_shown
from heatlas.raster.tile_pixels import SIDE, assembled, places_in
from heatlas.tiles.facts import facts_of, sides_of
from heatlas.tiles.view import signs_matter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from heatlas.raster.gaussian import Smoothing
    from heatlas.raster.grid import Grid
    from heatlas.raster.tile_pixels import TilePixels
    from heatlas.tiles.counted import CountedTiles
    from heatlas.tiles.look import Brush, Look
    from heatlas.tiles.snapshot import Chosen, Snapshot
    from heatlas.tiles.view import View
    from heatlas.tracks.metrics.model import Model

__all__ = [
    "SIDE", "Field", "as_drawn", "bare", "cached_tiles", "count_tiles", "doubled", "field_window", "first_zoom",
    "index_in", "margins", "mosaic", "signs_matter_in", "smoothed", "zooms_read",
]  # fmt: skip

_SMOOTHEST = 16.0
"""Pixels at the equator: a wider smoothing is drawn from a coarser zoom, where the difference cannot be seen."""
_WIDEST = 48.0
"""Pixels at the equator: the same limit for the radius of a kernel (three standard deviations of a Gaussian)."""
_SERIES = itertools.count()
"""Numbers that stand for what cached tiles are of, as long keys take long to look up; none is used twice."""
_REDUCIBLE = 2
"""Zooms below the index's first that are reduced from it."""


@frozen
class Field:
    """Source of tiles: one measure of chosen activities or of a point set, with one smoothing."""

    view: View
    snapshot: Snapshot
    chosen: Chosen
    look: Look
    model: Model | None = None
    """Model of the heart rate that published tiles hold on to; None: fitted to the chosen activities."""
    counted: CountedTiles | None = None
    """Tiles that were counted elsewhere (`heatlas.scale`); None: they are counted from the library."""
    brushes: dict[int, Brush | None] = dataclass_field(default_factory=dict, init=False, repr=False, compare=False)
    """Zoom -> how its tiles are coloured, as `heatlas.tiles.direct` found it."""


def zooms_read(smoothing: Smoothing, first: int, last: int) -> tuple[int, ...]:
    """Zooms of the usual index from which some zooms of tracks are drawn, ascending."""
    return tuple(sorted({_drawn_zoom(zoom, smoothing, Settings().zooms) for zoom in range(first, last + 1)}))


def _drawn_zoom(zoom: int, smoothing: Smoothing, indexed: tuple[int, int]) -> int:
    """Zoom of the index from which a zoom is drawn; the same everywhere, so that there are no seams."""
    first, last = indexed
    zoom = min(max(zoom, first), last)
    while zoom > first and smoothing.metres * SIDE * 2**zoom / CIRCUMFERENCE > _SMOOTHEST:
        zoom -= 1
    return zoom


def as_drawn(field: Field, zoom: int) -> tuple[Field, int]:
    """Field as it is drawn for a zoom, and the zoom of the index from which it is drawn.

    Points are indexed at all zooms up to the finest. A radius of many pixels is drawn from a coarser zoom. A radius in
    pixels is made smaller where a coarser zoom is drawn and enlarged.
    """
    kernel = field.look.kernel
    if kernel is None:
        return field, _drawn_zoom(zoom, field.look.smoothing, field.snapshot.settings.zooms)
    drawn = min(zoom, DEEPEST_TILES)
    while drawn > 0 and kernel.metres * SIDE * 2**drawn / CIRCUMFERENCE > _WIDEST:
        drawn -= 1
    if drawn < zoom and not kernel.metres:
        kernel = replace(kernel, pixels=kernel.pixels / 2 ** (zoom - drawn))
    return replace(field, look=replace(field.look, kernel=kernel)), drawn


def doubled(field: Field) -> Field:
    """Field for a screen of double density, where a radius of the same width has twice the pixels."""
    kernel = field.look.kernel
    if kernel is None:
        return field
    return replace(field, look=replace(field.look, kernel=replace(kernel, pixels=2 * kernel.pixels)))


def field_window(field: Field, window: Window) -> Grid | None:
    """Draw any window of a whole zoom; None if it is empty.

    Beyond the index's last zoom, and where the smoothing is wide, pixels of a coarser zoom are enlarged: interpolated
    linearly between their centres if they were smoothed, else repeated. Values stay those of the coarser pixels.
    Below the index's first zoom, amounts are summed over pixels; for passes and activities the maximum is taken.
    Points equal `heatlas.raster.pipeline.point_heat` over the same window.
    """
    zoom = round(window.zoom)
    field, drawn = as_drawn(field, zoom)
    if zoom == drawn:
        return smoothed(field, window)
    if zoom > drawn:
        return _enlarged(field, window, 1 << (zoom - drawn))
    if drawn - zoom > _REDUCIBLE:
        return None
    return _reduced(field, window, 1 << (drawn - zoom))


def smoothed(field: Field, window: Window) -> Grid | None:
    """Draw a window of an indexed zoom with its halo, then smooth it or spread its points."""
    columns, rows = margins(field, window)
    kernel = field.look.kernel
    grid = bare(field, window.grown(columns, rows), single=kernel is None and rows > 0)
    if grid is None:
        return None
    return smooth(grid, field.look.smoothing, window, 1) if kernel is None else spread(grid, kernel, window, 1)


def margins(field: Field, window: Window) -> tuple[int, int]:
    """Columns and rows of the halo that smoothing a window needs."""
    if field.look.kernel is not None:
        return kernel_halo(field.look.kernel, window)
    rows = halo(field.look.smoothing, window)
    return rows, rows


def cached_tiles(field: Field, scale: float) -> Callable[[Sequence[tuple[int, int]]], Sequence[TilePixels | None]]:
    """Return what counts tiles of some columns and rows as `count_tiles` does, each once."""
    measure = field.look.measure
    stored = field.snapshot.point_sets.get(field.look.point_set)
    of = (field.chosen.key, field.model) if stored is None else (stored.number, field.look.during)
    whose = field.snapshot.version, of, measure.key, scale  # a sum and its density share the cached tiles
    series = field.view.series.get(whose, lambda: next(_SERIES))

    def tiles(places: Sequence[tuple[int, int]]) -> Sequence[TilePixels | None]:
        keys = [(series, *place) for place in places]
        return field.view.grids.get_all(keys, lambda some: count_tiles(field, scale, [place[1:] for place in some]))

    return tiles


def bare(field: Field, window: Window, *, single: bool = False) -> Grid | None:
    """Assemble a window, before smoothing, from cached tiles (see `mosaic`)."""
    return mosaic(field, window, cached_tiles(field, window.scale), single=single)


def mosaic(
    field: Field,
    window: Window,
    tiles: Callable[[Sequence[tuple[int, int]]], Sequence[TilePixels | None]],
    *,
    single: bool = False,
) -> Grid | None:
    """Assemble a window from tiles, without pixels that too few people passed.

    Parameters
    ----------
    field : Field
        Source of the tiles.
    window : Window
        Window of a whole zoom; it may cross the antimeridian.
    tiles : callable
        Returns the tiles of some columns and rows, each with what anybody passed, or None if it is empty.
    single : bool
        Make planes of single precision, in which tracks are smoothed.

    Returns
    -------
    Grid or None
        None if the window is empty.
    """
    across, threshold = round(window.scale) // SIDE, field.snapshot.threshold
    with field.view.library.read() if threshold.people else nullcontext():  # passages and people in one state
        places = places_in(window)
        wrapped = list(dict.fromkeys((x % across, y) for x, y in places))
        found = dict(zip(wrapped, tiles(wrapped), strict=True))
        parts = (((x, y), found[x % across, y]) for x, y in places)
        counted = assembled(window, field.look.measure, parts, single=single)
        if counted is None or not threshold or field.counted is not None or field.look.point_set:
            return counted if counted is None or not _signed(field) else replace(counted, signed=True)
        grid = threshold.applied(counted, _shown_in(field, window) if threshold.people else None)
    return grid if any(plane.any() for plane in grid.planes.values()) else None


def _signed(field: Field) -> bool:
    """Whether sums may be below 0."""
    stored = field.snapshot.point_sets.get(field.look.point_set)
    return stored is not None and stored.signed and field.look.measure.reduction == "sum"


def signs_matter_in(field: Field) -> bool:
    """Whether sums below 0 matter, so that the tone is diverging."""
    stored = field.snapshot.point_sets.get(field.look.point_set)
    return stored is not None and _signed(field) and signs_matter(field.view, stored)


def index_in(field: Field) -> PointIndex:
    """Cells of the points that a field shows."""
    stored, span = field.snapshot.point_sets[field.look.point_set], field.look.during
    if span is None:
        return PointIndex(field.view.library, stored)
    timed = field.view.timed.get((stored.number,), lambda: read_timed(field.view.library, stored))
    return PointIndex(field.view.library, stored, span, timed)


def count_tiles(field: Field, scale: float, places: Sequence[tuple[int, int]]) -> list[TilePixels | None]:
    """Count tiles of some columns and rows before smoothing, all of them in one state; None for those that are empty.

    A threshold of people is not applied yet, unless tiles were counted elsewhere.
    """
    zoom, measure = round(scale / SIDE).bit_length() - 1, field.look.measure
    if field.counted is not None:
        return [field.counted.tile(zoom, x, y, measure) for x, y in places]
    if field.look.point_set:
        index = index_in(field)
        return [draw_tile(index, zoom, x, y, measure) for x, y in places]
    facts = facts_of(field.view, field.snapshot, measure, field.model)
    sides = sides_of(field.view, field.snapshot, measure)
    found = draw_tiles(field.view.library, zoom, places, measure, field.chosen.keep, facts, sides)
    return [found.get(place) for place in places]


def _shown_in(field: Field, window: Window) -> NDArray[np.bool_]:
    """(height, width) pixels that enough people passed, among the chosen activities; remembered for all measures."""
    snapshot, chosen = field.snapshot, field.chosen

    def count() -> NDArray[np.uint8]:
        least = snapshot.threshold.people
        people = people_around(field.view.library, window, chosen.keep, snapshot.people, least)
        return np.packbits(is_shown(people, least))

    bits = field.view.enough.get((snapshot.version, chosen.key, window), count)
    size = window.height * window.width
    return np.unpackbits(bits, count=size).view(np.bool_).reshape(window.height, window.width)


def _enlarged(field: Field, window: Window, factor: int) -> Grid | None:
    left, top = window.x // factor - 1, window.y // factor - 1
    right, bottom = -(-(window.x + window.width) // factor) + 1, -(-(window.y + window.height) // factor) + 1
    source = Window(window.scale / factor, left, top, right - left, bottom - top)
    grid = smoothed(field, source)
    if grid is None:
        return None
    across, down = window.x + np.arange(window.width), window.y + np.arange(window.height)
    kernel = field.look.kernel
    if kernel.is_point if kernel is not None else not field.look.smoothing.sigma(source).any():
        return grid.map(lambda plane: plane[np.ix_(down // factor - top, across // factor - left)], window)
    (x, right_share), (y, lower_share) = _between(across, factor, left), _between(down, factor, top)

    def blend(plane: NDArray[Any]) -> NDArray[np.float32]:
        rows = plane[y] * (1 - lower_share)[:, None] + plane[y + 1] * lower_share[:, None]
        return np.asarray(rows[:, x] * (1 - right_share) + rows[:, x + 1] * right_share, np.float32)

    return grid.map(blend, window)


def _between(pixels: NDArray[np.int64], factor: int, first: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Coarser pixel whose centre precedes each pixel's, counted from `first`, and the share of the way to the next."""
    # In half pixels, which are whole numbers: overlapping windows agree to the last bit.
    halves = 2 * pixels + 1 - factor
    before = halves // (2 * factor)
    return before - first, ((halves - before * 2 * factor) / (2 * factor)).astype(np.float32)


def _reduced(field: Field, window: Window, factor: int) -> Grid | None:
    source = Window(
        window.scale * factor, window.x * factor, window.y * factor, window.width * factor, window.height * factor
    )
    grid = smoothed(field, source)
    if grid is None:
        return None
    greatest = grid.sums and grid.measure.of_lines

    def pool(plane: NDArray[Any]) -> NDArray[Any]:
        cells = plane.reshape(window.height, factor, window.width, factor)
        pooled: NDArray[Any] = cells.max(axis=(1, 3)) if greatest else cells.sum(axis=(1, 3))
        return pooled

    return grid.map(pool, window)


def first_zoom(snapshot: Snapshot) -> int:
    """Coarsest zoom at which tracks are drawn; points are at all zooms."""
    return max(0, snapshot.settings.zooms[0] - _REDUCIBLE)
