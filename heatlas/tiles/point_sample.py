"""A sample of the pixels that hold points, with their spread values: the tone of a zoom is fitted to it.

Tiles are not a fair sample: where points are sparse, a few tiles hold only a few points. Therefore pixels are chosen
from the whole map, and the value at each is summed directly from its neighbours. The kernel is taken as round in pixels
at the latitude of the chosen pixel; the difference from tiles is too small to be seen.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.mercator import ground_metres
from heatlas.library.points.point_cells import PIXELS, unmorton
from heatlas.raster.point_kernel import MEAN_FLOOR
from heatlas.tiles.fields import index_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.library.points.point_cells import Cells
    from heatlas.raster.measure import Measure
    from heatlas.raster.point_kernel import Kernel
    from heatlas.tiles.fields import Field

    Floats = NDArray[np.float64]

__all__ = ["felt"]

_ALL = 4096
"""Pixels up to which all are sampled."""
_TOP, _REST = 1024, 1024
"""Else, for sums and counts, the first pixels by value, each for itself; and pixels at even steps for all others."""
_PAIRS = 1 << 20
"""Pairs of pixel and neighbour processed at a time, about."""


def felt(field: Field, zoom: int) -> dict[str, Floats] | None:
    """Sample spread values at pixels of a zoom that hold points, each repeated for the pixels that it represents.

    Parameters
    ----------
    field : Field
        Field that `heatlas.tiles.fields.as_drawn` returns.
    zoom : int
        Zoom that it returns.

    Returns
    -------
    dict of str to ndarray of float64 (n,), or None
        Planes as those of a grid; None if there are no points.
    """
    kernel = field.look.kernel
    cells = index_in(field).level(zoom + PIXELS)
    if cells is None or kernel is None:
        return None
    measure = field.look.measure
    across = 1 << (zoom + PIXELS)
    column, row = unmorton(cells.code)
    east, _ = ground_metres((row + 0.5) / across)
    radius = kernel.metres / east * across if kernel.metres else np.full(len(row), kernel.pixels)
    weight = cells.count.astype(np.float64) if measure.reduction == "count" or cells.total is None else cells.total
    if measure.density:
        weight = weight / (math.prod(ground_metres((row + 0.5) / across)) / across**2 / 1e6)
        weight = weight / _norms(kernel, radius)
    chosen, times = _chosen(cells, weight, radius, measure.reduction)
    found = _around(cells, weight, (column, row), radius, chosen, kernel, measure)
    return {name: np.repeat(plane, times) for name, plane in found.items()}


def _chosen(
    cells: Cells, weight: Floats, radius: Floats, reduction: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the sampled pixels, and how many pixels each represents."""
    n = len(cells)
    if n <= _ALL:
        return np.arange(n), np.ones(n, np.int64)
    order = np.argsort(-_alike(cells, weight, radius, reduction), kind="stable")
    top = _TOP if reduction in {"sum", "count"} else 0
    steps = top + np.arange(_REST + 1) * (n - top) // _REST
    middles = (steps[:-1] + steps[1:]) // 2
    return order[np.append(np.arange(top), middles)], np.append(np.ones(top, np.int64), np.diff(steps))


def _alike(cells: Cells, weight: Floats, radius: Floats, reduction: str) -> Floats:
    """Sort key by which pixels of similar spread values come together: mean, amount nearby, or extreme nearby."""
    if reduction == "mean":
        return weight / cells.count
    # "Nearby": in squares about as wide as the radius.
    levels = max(0, round(math.log2(max(1.0, float(np.median(radius))))))
    begins = np.flatnonzero(np.diff(cells.code >> 2 * levels, prepend=-1))
    if cells.least is not None and cells.greatest is not None and reduction in {"min", "max"}:
        of_minima = reduction == "min"
        near: Floats = (np.minimum if of_minima else np.maximum).reduceat(
            cells.least if of_minima else cells.greatest, begins
        )
    else:
        near = np.abs(np.add.reduceat(weight, begins))
    return np.repeat(near, np.diff(begins, append=len(cells)))


def _around(
    cells: Cells,
    weight: Floats,
    places: tuple[NDArray[np.int64], NDArray[np.int64]],
    radius: Floats,
    chosen: NDArray[np.int64],
    kernel: Kernel,
    measure: Measure,
) -> dict[str, Floats]:
    """Reduce the neighbours of each chosen pixel, weighted by the kernel."""
    (column, row), reduction = places, measure.reduction
    key = row << 32 | column
    order = np.argsort(key)
    key = key[order]
    reach = 0.0 if kernel.is_point else 4 / 3 if kernel.shape == "gaussian" and reduction not in {"min", "max"} else 1.0
    rows = math.ceil(reach * float(radius[chosen].max(initial=0)))
    parts = []
    step = max(1, _PAIRS // ((2 * rows + 1) * 64))
    for begin in range(0, len(chosen), step):
        some = chosen[begin : begin + step]
        wide = np.ceil(reach * radius[some]).astype(np.int64)[:, None]
        line = row[some][:, None] + np.arange(-rows, rows + 1)
        first = np.searchsorted(key, line << 32 | np.maximum(column[some][:, None] - wide, 0)).ravel()
        last = np.searchsorted(key, (line << 32 | column[some][:, None] + wide) + 1).ravel()
        lengths = np.maximum(last - first, 0)
        pixel = np.repeat(np.repeat(np.arange(len(some)), 2 * rows + 1), lengths)
        run = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        other = order[np.repeat(first, lengths) + run]
        squares = (column[other] - column[some][pixel]) ** 2 + (row[other] - row[some][pixel]) ** 2
        share = squares / np.maximum(radius[some][pixel], 1e-9) ** 2
        parts.append(_reduced(cells, weight, pixel, other, share, kernel, measure, len(some)))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _reduced(
    cells: Cells,
    weight: Floats,
    pixel: NDArray[np.int64],
    other: NDArray[np.int64],
    share: Floats,
    kernel: Kernel,
    measure: Measure,
    size: int,
) -> dict[str, Floats]:
    if measure.reduction in {"min", "max"}:
        values = cells.least if measure.reduction == "min" else cells.greatest
        assert values is not None
        within = share <= 1
        pixel, other = pixel[within], other[within]
        begins = np.flatnonzero(np.diff(pixel, prepend=-1))  # each pixel is a neighbour of its own
        extreme = np.minimum if measure.reduction == "min" else np.maximum
        return {"n": np.ones(size), "x": extreme.reduceat(values[other], begins)}
    height = _profile(kernel.shape, share)
    total = np.bincount(pixel, height * weight[other], size).astype(np.float64, copy=False)
    if measure.layout.sums:
        return {measure.layout.total: total}
    count = np.bincount(pixel, height * cells.count[other], size).astype(np.float64, copy=False)
    return {"n": np.where(count >= MEAN_FLOOR, count, 0), "x": np.where(count >= MEAN_FLOOR, total, 0)}


def _profile(shape: str, share: Floats) -> Floats:
    """Height of a kernel; `share` is (distance / radius)²."""
    left = np.maximum(1 - share, 0.0)
    if shape == "gaussian":
        height = np.where(share <= 16 / 9, np.exp(-4.5 * share), 0.0)
    elif shape == "linear":
        height = np.maximum(1 - np.sqrt(share), 0.0)
    elif shape == "uniform":
        height = share <= 1
    else:
        height = left if shape == "epanechnikov" else left * left
    return np.asarray(height, np.float64)


_INTEGRALS = {"gaussian": 2 / 9, "linear": 1 / 3, "uniform": 1.0, "epanechnikov": 1 / 2, "quartic": 1 / 3}
"""Volume below a kernel of radius 1, in units of pi."""


def _norms(kernel: Kernel, radius: Floats) -> Floats:
    """Sum of a kernel over all pixels, for each radius in pixels."""
    norms = math.pi * _INTEGRALS[kernel.shape] * radius**2
    small = radius < 4
    if small.any():
        x, y = np.meshgrid(np.arange(-6, 7), np.arange(-6, 7))
        sizes, which = np.unique(np.round(np.maximum(radius[small], 0.05), 2), return_inverse=True)
        norms[small] = _profile(kernel.shape, (x * x + y * y).ravel() / sizes[:, None] ** 2).sum(axis=1)[which]
    return norms
