"""Fill quarters with streets: lines that follow a field of directions at a distance from each other.

The field follows the lines that exist already (river, avenues, rings), so that blocks turn with them. After
G. Chen et al., Interactive procedural street modeling (2008), and B. Jobard and W. Lefer, Creating
evenly-spaced streamlines of arbitrary density (1997).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.demo.geometry import gaussian, normals, smooth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.demo.geometry import Points

__all__ = ["CELL", "HALF", "SIDE", "cells", "inside", "streets"]

HALF = 13824.0
"""Half the side of the planned square, metres."""
CELL = 16.0
"""Side of a cell of its rasters, metres."""
SIDE = int(2 * HALF / CELL)
_COARSE = 4
_STEP = 12.0


def cells(points: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of the cell of each point, clipped to the raster."""
    at = np.clip(((points + HALF) / CELL).astype(np.int64), 0, SIDE - 1)
    return at[:, 1], at[:, 0]


def inside(outline: Points) -> NDArray[np.bool_]:
    """Mask of the cells whose centre lies inside a closed outline (even-odd rule)."""
    mask = np.zeros((SIDE, SIDE), bool)
    (y0, x0), (y1, x1) = (tuple(int(v[0]) for v in cells(c[None])) for c in (outline.min(axis=0), outline.max(axis=0)))
    ys = (np.arange(y0, y1 + 1) + 0.5) * CELL - HALF
    xs = (np.arange(x0, x1 + 1) + 0.5) * CELL - HALF
    p, q = outline, np.roll(outline, -1, axis=0)
    for row, y in enumerate(ys, y0):
        up = (p[:, 1] > y) != (q[:, 1] > y)
        cuts = p[up, 0] + (y - p[up, 1]) / (q[up, 1] - p[up, 1]) * (q[up, 0] - p[up, 0])
        mask[row, x0 : x1 + 1] = np.searchsorted(np.sort(cuts), xs) % 2 == 1
    return mask


def _field(guides: Sequence[tuple[Points, float]], rng: np.random.Generator) -> NDArray[np.float64]:
    """Direction of the first family of streets in each cell, radians: blurred guides plus weak, slow noise."""
    side = SIDE // _COARSE
    axis = (np.arange(side) + 0.5) * CELL * _COARSE - HALF
    x, y = np.meshgrid(axis, axis)
    # The noise turns slowly from quarter to quarter.
    turn = np.zeros_like(x)
    for _ in range(7):
        k = rng.normal(size=2) / 1500
        turn += 0.55 * np.sin(k[0] * x + k[1] * y + rng.uniform(0, 2 * math.pi))
    tensor = 0.02 * np.exp(2j * turn)
    guided = np.zeros_like(tensor)
    for points, weight in guides:
        tangent = normals(points)
        double = np.exp(2j * np.arctan2(tangent[:, 1], tangent[:, 0]))
        row, column = cells(points)
        np.add.at(guided, (row // _COARSE, column // _COARSE), weight * double)
    # A narrow and a wide blur: streets close to a guide follow it, those further off partly.
    for metres, weight in ((160.0, 1.0), (420.0, 1.5)):
        w = gaussian(metres / (CELL * _COARSE))
        blurred = np.apply_along_axis(np.convolve, 0, guided, w, mode="same")
        tensor += weight * np.apply_along_axis(np.convolve, 1, blurred, w, mode="same")
    tensor /= np.abs(tensor) + 1e-12
    fine = np.kron(tensor, np.ones((_COARSE, _COARSE)))
    w = gaussian(_COARSE * 0.6)
    fine = np.apply_along_axis(np.convolve, 0, fine, w, mode="same")
    return np.asarray(np.angle(np.apply_along_axis(np.convolve, 1, fine, w, mode="same")) / 2)


class _Plot:
    """Masks of one family of parallel streets: cells where a street ends (`close`), or none may begin (`wide`)."""

    def __init__(self) -> None:
        self.close = np.zeros((SIDE, SIDE), bool)
        self.wide = np.zeros((SIDE, SIDE), bool)

    def stamp(self, points: Points, spacing: NDArray[np.float32]) -> None:
        rows, columns = cells(points)
        for row, column in zip(rows[::2].tolist(), columns[::2].tolist(), strict=True):
            d = float(spacing[row, column]) or 90.0
            for raster, share in ((self.close, 0.6), (self.wide, 0.9)):
                r = max(1, int(d * share / CELL))
                raster[max(0, row - r) : row + r + 1, max(0, column - r) : column + r + 1] = True


def _trace(
    row: int,
    column: int,
    angle: NDArray[np.float64],
    sign: float,
    stop: NDArray[np.bool_],
    spacing: NDArray[np.float32],
    most: int,
) -> list[tuple[float, float]]:
    """Follow the field from the middle of a cell to the first obstacle."""
    points = []
    x, y = (column + 0.5) * CELL - HALF, (row + 0.5) * CELL - HALF
    dx, dy = 0.0, 0.0
    for n in range(most):
        row, column = int((y + HALF) / CELL), int((x + HALF) / CELL)
        if not (0 < row < SIDE - 1 and 0 < column < SIDE - 1):
            break
        points.append((x, y))
        blocked = stop[row, column] or not spacing[row, column]
        theta = angle[row, column]
        ex, ey = sign * math.cos(theta), sign * math.sin(theta)
        if n and ex * dx + ey * dy < 0:
            ex, ey = -ex, -ey
        # Adding the last direction smooths out the cells of the raster.
        dx, dy = (ex + dx, ey + dy) if n else (ex, ey)
        size = math.hypot(dx, dy) or 1.0
        dx, dy = dx / size, dy / size
        x, y = x + dx * _STEP, y + dy * _STEP
        if blocked:
            # One more step crosses the way along the obstacle.
            points.append((x, y))
            break
    return points


def streets(
    spacing: NDArray[np.float32],
    guides: Sequence[tuple[Points, float]],
    laid: Sequence[Points],
    rng: np.random.Generator,
) -> list[Points]:
    """Lay streets wherever `spacing` is positive.

    Parameters
    ----------
    spacing : ndarray of float32
        Metres between parallel streets in each cell, rows northwards; 0 where there are none.
    guides : sequence of (points, weight)
        Lines that streets are parallel to or at right angles to.
    laid : sequence of points
        Existing ways; streets parallel to them keep their distance.
    rng : numpy.random.Generator
        Source of the noise, the starting cells and the greatest lengths.
    """
    first = _field(guides, rng)
    families = [(first, _Plot()), (first + math.pi / 2, _Plot())]
    for points in laid:
        across = normals(points)
        run = np.arctan2(across[:, 1], across[:, 0]) + math.pi / 2
        parallel = np.abs(np.cos(run - first[cells(points)])) > math.sqrt(0.5)
        families[0][1].stamp(points[parallel], spacing)
        families[1][1].stamp(points[~parallel], spacing)
    rows, columns = np.nonzero(spacing > 0)
    # Dense quarters get more seeds than the fields.
    share = 1 / spacing[rows, columns].astype(np.float64) ** 2
    seeds = rng.choice(len(rows), size=int(9 * CELL**2 * share.sum()), p=share / share.sum())
    found = []
    for k, seed in enumerate(seeds.tolist()):
        row, column = int(rows[seed]), int(columns[seed])
        angle, plot = families[k % 2]
        if plot.wide[row, column]:
            continue
        most = int(rng.integers(25, 190))
        back, ahead = (_trace(row, column, angle, sign, plot.close, spacing, most) for sign in (-1.0, 1.0))
        line = np.array(back[:0:-1] + ahead)
        if len(line) > 7:
            line = smooth(line, 1.5)
            found.append(line)
            plot.stamp(line, spacing)
    return found
