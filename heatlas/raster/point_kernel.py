"""Spread points by kernels: a shape, and a radius around each point.

Every pixel that holds points is a source. Its kernel is computed from its own latitude, so that a radius in metres is
true everywhere. Distances north and south follow the meridian's arc of the ellipsoid (J. P. Snyder, Map Projections,
USGS Professional Paper 1395, 1987, equation 3-21). Distances sideways use reduced latitudes (W. D. Lambert, The
distance between two widely separated points on the surface of the earth, 1942, without the term of flattening).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.mercator import EARTH_RADIUS, ECCENTRICITY2, ground_metres, to_lonlat
from heatlas.core.resources import processors

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    _Geometry = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[Any], float, bool]

    from heatlas.core.window import Window
    from heatlas.raster.grid import Grid

__all__ = ["MAX_RADIUS", "MEAN_FLOOR", "SHAPES", "Kernel", "halo", "pixel_areas", "spread"]

SHAPES = ("gaussian", "linear", "quartic", "epanechnikov", "uniform")
MAX_RADIUS = 768.0
"""Pixels, where a radius is narrowest in the window. A wider radius needs a coarser window."""
_MAX_POLAR = 4 * MAX_RADIUS
"""Pixels, where a radius on the ground is widest, towards the poles. MAX_RADIUS there would make maps of the world
needlessly coarse."""
MEAN_FLOOR = 0.1
"""Share of a point's peak that must reach a pixel for its mean to be shown."""
_SIGMAS = 3.0
"""Standard deviations of a Gaussian in its radius; 1.1 % of its peak are left there."""
_TAIL = 4.0
"""Standard deviations after which a Gaussian ends."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A shape, and the radius on the ground or on the screen where it ends.

    With d = distance / radius: gaussian exp(-(3 d)² / 2), linear 1 - d, epanechnikov 1 - d², quartic (1 - d²)²,
    uniform 1. A Gaussian has no end: its radius is three standard deviations, and it is cut off after four.
    """

    shape: str = "gaussian"
    metres: float = 0.0
    """True metres, the same on the ground at every latitude; 0: see `pixels`."""
    pixels: float = 15.0
    """Pixels, the same at every zoom; 0 leaves every point in its own pixel."""

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise BadOption(f"there is no kernel {self.shape!r}: take one of {', '.join(SHAPES)}")
        if not (0 <= self.metres < math.inf and 0 <= self.pixels < math.inf):
            raise BadOption("a radius must be 0 or more, such as 15px or 500m")

    @property
    def is_point(self) -> bool:
        """Whether nothing is spread: the radius is below a millimetre and below a fifth of a pixel."""
        return self.metres < 1e-3 and self.pixels < 0.2

    def data(self) -> dict[str, Any]:
        """Plain data: shape, radius, and its unit."""
        unit, radius = ("m", self.metres) if self.metres else ("px", self.pixels)
        return {"shape": self.shape, "radius": radius, "unit": unit}


def halo(kernel: Kernel, window: Window) -> tuple[int, int]:
    """Columns on either side of a window, and rows above and below, whose points reach into it.

    Raises
    ------
    BadOption
        When the radius is more than MAX_RADIUS pixels even where it is narrowest, or four times as much anywhere.
    """
    if kernel.is_point:
        return 0, 0
    gaussian = kernel.shape == "gaussian"
    tail = _TAIL / _SIGMAS if gaussian else 1.0
    radius, rows, most = kernel.pixels, 0, MAX_RADIUS
    if kernel.metres:
        radius, most = _narrowest(kernel.metres, window), _MAX_POLAR
        if radius <= MAX_RADIUS:
            radius = _widest(kernel.metres, window, 0)
        else:
            most = MAX_RADIUS
        for _ in range(8):  # rows nearer to the poles have wider circles, which reach more rows; it converges at once
            if radius > most:
                break
            rows = math.ceil(tail * radius) + 1
            radius = _widest(kernel.metres, window, rows)
    if radius > most:
        least = f", or a radius of at most {most / radius * kernel.metres:.0f}m" if kernel.metres else ""
        raise BadOption(
            f"a radius of {radius:.0f} px is too wide: take a coarser --resolution, a smaller --width{least}"
        )
    if gaussian:
        # Two passes sideways, each of half the variance, where the width differs from row to row.
        sigma = radius / _SIGMAS
        across = 2 * math.ceil(_TAIL * sigma * math.sqrt(0.5)) if kernel.metres else math.ceil(_TAIL * sigma)
        return across, rows or math.ceil(_TAIL * sigma)
    if not kernel.metres:
        return math.ceil(radius), math.ceil(radius)
    return _sideways(kernel.metres, window, rows), rows


def _narrowest(metres: float, window: Window) -> float:
    """Pixels of a length on the ground where it is narrowest: on the row of the window nearest to the equator."""
    middle = np.clip(0.5, window.y / window.scale, (window.y + window.height) / window.scale)
    return float(metres * window.scale / np.maximum(*ground_metres(np.clip(middle, 0, 1))))


def _widest(metres: float, window: Window, rows: int) -> float:
    """Pixels of a length on the ground where it is widest: on the row nearest to a pole, within the world."""
    edges = np.clip(np.array([window.y - rows, window.y + window.height + rows]) / window.scale, 0, 1)
    return float(metres * window.scale / np.minimum(*ground_metres(edges)).min())


def _sideways(metres: float, window: Window, rows: int) -> int:
    """Columns that a circle reaches sideways at most; half the world when it holds a pole."""
    edges = np.clip(np.array([window.y - rows, window.y + window.height + rows]) / window.scale, 0, 1)
    cos = float(np.cos(np.radians(to_lonlat(0, edges)[1])).min())
    ratio = 1.01 * math.sin(min(metres / EARTH_RADIUS, math.pi / 2)) / cos
    turn = math.asin(ratio) / (2 * math.pi) if ratio < 1 else 0.5
    return min(math.ceil(turn * window.scale) + 1, math.ceil(window.scale / 2))


def pixel_areas(window: Window) -> NDArray[np.float64]:
    """(height,) square kilometres on the ground of one pixel of each row."""
    east, north = ground_metres((window.y + np.arange(window.height) + 0.5) / window.scale)
    areas: NDArray[np.float64] = east * north / window.scale**2 / 1e6
    return areas


def _meridian(window: Window) -> NDArray[np.float64]:
    """(height,) metres along the ellipsoid's meridian from the equator to the middle of each row."""
    lat = np.radians(to_lonlat(0, (window.y + np.arange(window.height) + 0.5) / window.scale)[1])
    e2, e4, e6 = ECCENTRICITY2, ECCENTRICITY2**2, ECCENTRICITY2**3
    return np.asarray(
        EARTH_RADIUS
        * (
            (1 - e2 / 4 - 3 * e4 / 64 - 5 * e6 / 256) * lat
            - (3 * e2 / 8 + 3 * e4 / 32 + 45 * e6 / 1024) * np.sin(2 * lat)
            + (15 * e4 / 256 + 45 * e6 / 1024) * np.sin(4 * lat)
            - 35 * e6 / 3072 * np.sin(6 * lat)
        )
    )


def spread(
    grid: Grid,
    kernel: Kernel,
    window: Window,
    workers: int | None = None,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Grid:
    """Spread a grid that was counted with the halo around a window, and crop it to the window.

    A lone point shows its whole weight in its own pixel, and K(d) times its weight at a distance d. A pixel shows the
    weight within reach. A density is weight per square kilometre; the sum of density times area over all pixels is the
    sum of the weights. Means are sums of K times weight over sums of K (E. A. Nadaraya, On estimating regression, 1964;
    G. S. Watson, Smooth regression analysis, 1964). Extremes are those within the radius.

    Parameters
    ----------
    grid : Grid
        Over the window and its `halo`.
    kernel : Kernel
        Shape and radius.
    window : Window
        Window of the result.
    workers : int, optional
        Threads; by default one for each processor.
    told : callable, optional
        Receives the number of rows that are done, and their total, in each pass.

    Returns
    -------
    Grid
        Over the window, planes of float32 (float64 where nothing is spread).
    """
    columns, rows = halo(kernel, window)
    grown, density = window.grown(columns, rows), grid.measure.density
    if grid.window != grown:
        raise ValueError(f"a grid over {grid.window} does not hold the halo of {columns}, {rows} px around {window}")
    if kernel.is_point:
        areas = pixel_areas(window)[:, None]
        return grid.map(lambda plane: plane / areas) if density else grid
    pool = _Strips(workers or processors(), told)
    if grid.measure.reduction in {"min", "max"}:
        extreme = _extremes(grid, kernel, window, pool)
        known = ~np.isnan(extreme)
        planes = {"n": known.astype(np.float32), "x": np.where(known, extreme, 0)}
        return replace(grid, window=window, planes=planes)
    by_shape = _gaussian if kernel.shape == "gaussian" else _disc
    shown = grid.map(lambda plane: by_shape(plane, kernel, window, density, pool), window)
    if shown.count is None:
        return shown
    felt = shown.count >= MEAN_FLOOR
    return shown.map(lambda plane: np.where(felt, plane, 0))


@frozen
class _Strips:
    """Runs a kernel on strips of rows in threads. An interrupt waits only for the strips that are running."""

    workers: int
    told: Callable[[int, int], None]
    """Receives the number of rows that are done, and their total."""

    def __call__(self, work: Callable[[int, int], None], rows: int) -> None:
        from concurrent.futures import ThreadPoolExecutor

        step = max(16, -(-rows // (16 * self.workers)))
        pool = ThreadPoolExecutor(self.workers)
        try:
            jobs = [pool.submit(work, first, min(first + step, rows)) for first in range(0, rows, step)]
            for k, job in enumerate(jobs):
                job.result()
                self.told(min((k + 1) * step, rows), rows)
        finally:
            pool.shutdown(cancel_futures=True)


def _gaussian(plane: NDArray[Any], kernel: Kernel, window: Window, density: bool, pool: _Strips) -> NDArray[np.float32]:
    """Blur sideways, then along the meridians. In metres, half of the sideways variance is that of the target's row."""
    from heatlas.kernels.spread import gauss_across, gauss_along, gauss_norms

    columns, reach = halo(kernel, window)
    plane = np.ascontiguousarray(plane, np.float32 if plane.dtype == np.float32 else np.float64)
    # With as many rows again, to count what a source spreads beyond the edge.
    beyond = window.grown(0, 2 * reach)
    if kernel.metres:
        deviation = kernel.metres / _SIGMAS
        along = _meridian(beyond)
        sigma = deviation * beyond.scale / ground_metres((beyond.y + np.arange(beyond.height) + 0.5) / beyond.scale)[0]
        halves = math.sqrt(0.5)
    else:
        deviation = kernel.pixels / _SIGMAS
        along = np.arange(float(beyond.height))
        sigma = np.full(beyond.height, deviation)
        halves = 1.0
    # The width has no limit beyond the edges of the map, where nothing is drawn.
    sigma = np.minimum(sigma, _MAX_POLAR)
    gain = np.ones(len(plane))
    inner = slice(reach, -reach)
    if density:
        gauss_norms(along, deviation, sigma, pixel_areas(beyond), reach, gain)
        gain = 1 / gain
    first = columns // 2 if kernel.metres else columns
    sideways = np.empty((len(plane), plane.shape[1] - 2 * first), np.float32)
    widths = halves * sigma[inner]
    pool(lambda low, high: gauss_across(plane, widths, gain, first, low, high, sideways), len(plane))
    upright = np.empty((window.height, sideways.shape[1]), np.float32)
    axis = along[inner], deviation, sigma[inner]
    pool(lambda low, high: gauss_along(sideways, *axis, reach, low, high, upright), window.height)
    if not kernel.metres:
        return upright
    out = np.empty((window.height, window.width), np.float32)
    ones, widths = np.ones(window.height), widths[inner]
    pool(lambda low, high: gauss_across(upright, widths, ones, columns - first, low, high, out), window.height)
    return out


def _geometry(kernel: Kernel, window: Window, columns: int, rows: int) -> _Geometry:
    """Make the arguments along, across, lateral, unit and ground of `heatlas.kernels.spread.spread_disc`."""
    grown = window.grown(0, rows)
    steps = np.arange(columns + 1)
    if not kernel.metres:
        # Whole numbers, so that a distance is the same wherever a window begins.
        return np.arange(float(grown.height)), np.ones(grown.height), steps * 1.0 * steps, kernel.pixels**-2.0, False
    lat = np.radians(to_lonlat(0, (grown.y + np.arange(grown.height) + 0.5) / grown.scale)[1])
    reduced = np.arctan(math.sqrt(1 - ECCENTRICITY2) * np.tan(lat))
    half_turn = np.minimum(np.pi * steps / window.scale, np.pi / 2)
    lateral = np.square(np.sin(half_turn[steps <= window.scale / 2]))
    unit = (2 * EARTH_RADIUS / kernel.metres) ** 2
    return _meridian(grown) / (2 * EARTH_RADIUS), np.cos(reduced), lateral, unit, True


def _cells(filled: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row offsets, and columns, of the filled pixels."""
    columns = np.ascontiguousarray(np.nonzero(filled)[1])
    starts = np.zeros(len(filled) + 1, np.int64)
    np.cumsum(filled.sum(axis=1), out=starts[1:])
    return starts, columns


def _disc(plane: NDArray[Any], kernel: Kernel, window: Window, density: bool, pool: _Strips) -> NDArray[np.float32]:
    """Add up kernels that end at their radius."""
    from heatlas.kernels import spread as kernels

    columns, reach = halo(kernel, window)
    shape = getattr(kernels, kernel.shape.upper())
    starts, cells = _cells(plane != 0)
    weights = np.asarray(plane[plane != 0], np.float64)
    if density:
        norms = np.ones(len(plane))
        areas = pixel_areas(window.grown(0, 2 * reach))
        geometry = _geometry(kernel, window, columns, 2 * reach)
        pool(lambda low, high: kernels.disc_norms(*geometry, shape, areas, reach, low, high, norms), len(plane))
        weights /= np.repeat(norms, np.diff(starts))
    geometry = _geometry(kernel, window, columns, reach)
    out = np.empty((window.height, window.width), np.float32)
    pool(
        lambda low, high: kernels.spread_disc(
            starts, cells, weights, *geometry, shape, reach, columns, low, high, out
        ),
        window.height,
    )  # fmt: skip
    return out


def _extremes(grid: Grid, kernel: Kernel, window: Window, pool: _Strips) -> NDArray[np.float32]:
    """Find the least or greatest value within the radius."""
    from heatlas.kernels.spread import spread_extremes

    columns, reach = halo(kernel, window)
    known = grid.filled
    starts, cells = _cells(known)
    values = np.asarray(grid.planes["x"][known], np.float64)
    greatest = grid.measure.reduction == "max"
    geometry = _geometry(kernel, window, columns, reach)
    out = np.empty((window.height, window.width), np.float32)
    pool(
        lambda low, high: spread_extremes(
            starts, cells, values, *geometry, reach, columns, greatest, low, high, out
        ),
        window.height,
    )  # fmt: skip
    return out
