"""Table of reductions: the planes of each, the rule by which each plane merges, and the values made of them.

A plane is 0 where there is nothing, whatever its rule, so that windows are joined and smoothed plane by plane. A new
reduction is one row here, and a kernel that adds to its planes (`heatlas.raster.draw_tracks`,
`heatlas.library.index.drawing`).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.raster.differences import SURE as SIGNIFICANT
from heatlas.raster.differences import difference, fit_variance, significance
from heatlas.raster.relations import FEWEST, correlation, fit_prior, residual, slope, sureness
from heatlas.raster.terciles import fit_terciles, third_of_both

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

__all__ = ["LAYOUTS", "MORE", "ONCE", "WORKED", "Layout", "NamedPlanes", "Plane", "Rule", "merged"]

NamedPlanes: TypeAlias = "Mapping[str, NDArray[Any]]"
"""Arrays of one shape by their names, in the order of the table."""
_PLANE_BYTES = 16
"""Of each plane: 8 as counted, 4 on the way to being smoothed, and 4 smoothed."""
ONCE, MORE = 0.7, 0.06
"""Opacity of a mean of one passage, and what each further one adds, up to 1 (also in `heatlas.style.mean_colours`)."""
_EXTRA = 10.0
"""Passages that the usual chance counts for."""
_ENOUGH = 3.0
"""Passages from which on the fastest of them is told."""
_SUM_BYTES, _VALUE_BYTES = 16, 24
"""Bytes per pixel of tone and colour: steps of a palette for sums, RGBA with opacity for the rest."""


class Rule(Enum):
    """How the values of two parts of the data merge in a pixel."""

    SUM = "adds up"
    COUNT = "is a count"
    """Whole numbers, which add up exactly, widen where their type is too narrow, and can be subtracted again."""
    LEAST = "is the least"
    GREATEST = "is the greatest"
    KNOWN = "is 1 where there is an extreme"


@frozen
class Plane:
    """One array of a grid."""

    name: str
    """n for counts, x for sums and extremes, xx for sums of squares."""
    rule: Rule
    dtype: str = "f8"
    """For counts of whole numbers the narrowest type, which widens as needed."""

    @property
    def extreme(self) -> bool:
        """Whether it holds the least or the greatest."""
        return self.rule is Rule.LEAST or self.rule is Rule.GREATEST


@frozen
class Layout:
    """Planes of a reduction, and how values are made of them."""

    planes: tuple[Plane, ...]
    finish: Callable[..., NDArray[Any]]
    """Makes the values, as a new array, of the planes and, if there is a `fit`, of what it found; where nothing is
    they may be anything."""
    of_lines: bool = True
    """Whether one pass counts 1 in every pixel of a line, however wide the pixel is."""
    fit: Callable[[NamedPlanes], tuple[float, ...]] | None = None
    """Finds what holds of all pixels, from planes of pixels on paths (k,); None: values need no such thing."""
    opacity: Callable[..., NDArray[Any]] | None = None
    """How sure the values are, 0 to 1, of the planes and, if there is a `fit`, of what it found; None: sure wherever
    there are any."""
    note: str = ""
    """A few words on the opacity, or on where there are values, for a legend."""
    needs: str = ""
    """How much a pixel must hold to have a value, in words; empty: anything will do."""

    @property
    def sparse(self) -> bool:
        """Whether values may be NaN although something is there."""
        return bool(self.needs)

    @property
    def sums(self) -> bool:
        """Whether values are counts or sums, not means or extremes. Empty is then 0, and values add up."""
        return len(self.planes) == 1

    @property
    def extremes(self) -> bool:
        """Whether any of the planes is an extreme."""
        return any(plane.extreme for plane in self.planes)

    @property
    def total(self) -> str:
        """Name of the plane with the counts or sums, or for a mean with the sum over passages."""
        return self.planes[0].name if self.sums else "x"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the planes."""
        return tuple(plane.name for plane in self.planes)

    @property
    def reversible(self) -> bool:
        """Whether a grid that was merged can be subtracted again, exactly to the last bit."""
        return all(plane.rule is Rule.COUNT for plane in self.planes)

    @property
    def bytes_per_pixel(self) -> int:
        """Memory that drawing, smoothing and colouring one pixel takes at most."""
        return _PLANE_BYTES * len(self.planes) + (_SUM_BYTES if self.sums else _VALUE_BYTES)


def _sums(plane: Plane, *, of_lines: bool = True) -> Layout:
    """Lay out a reduction whose values are its only plane."""
    return Layout((plane,), lambda planes: planes[plane.name].astype(np.float32), of_lines)


def _mean(planes: NamedPlanes) -> NDArray[Any]:
    return planes["x"] / planes["n"]


def _angle(planes: NamedPlanes) -> NDArray[Any]:
    """Circular mean, as a share of the whole turn, 0 to below 1."""
    return np.asarray(np.arctan2(planes["y"], planes["x"]) / (2 * np.pi) % 1.0)


def _concentration(planes: NamedPlanes) -> NDArray[Any]:
    """Length of the mean of unit vectors, 0 to 1: 1 where all agree."""
    return np.asarray(np.minimum(np.hypot(planes["x"], planes["y"]) / planes["n"], 1.0))


def _several(planes: NamedPlanes) -> NDArray[Any]:
    """Opacity of what one passage cannot tell, as it always agrees with itself."""
    return np.clip((planes["n"] - 1) / 4, 0.15, 1)


def _frequent(planes: NamedPlanes) -> NDArray[Any]:
    """Opacity of a mean: what one passage tells is seen, and what several agree on stands out."""
    return np.asarray(np.minimum(ONCE + MORE * np.maximum(planes["n"] - 1, 0), 1))


def _chance_of_all(planes: NamedPlanes) -> tuple[float, ...]:
    count = float(planes["n"].sum())
    return (float(planes["x"].sum()) / count if count else 0.0,)


def _chance(planes: NamedPlanes, fitted: tuple[float, ...]) -> NDArray[Any]:
    """Share of passages, held towards the usual one as by ten passages more."""
    return np.asarray((planes["x"] + _EXTRA * fitted[0]) / (planes["n"] + _EXTRA))


def _best(planes: NamedPlanes) -> NDArray[Any]:
    """Extreme, where there are enough passages for one."""
    return np.where(planes["m"] >= _ENOUGH, planes["x"] / planes["n"], np.nan)


def _deviation(planes: NamedPlanes) -> NDArray[Any]:
    """Standard deviation."""
    mean = _mean(planes)
    deviation: NDArray[Any] = np.sqrt(np.maximum(planes["xx"] / planes["n"] - mean * mean, 0))
    return deviation


_N, _X, _XX = Plane("n", Rule.COUNT), Plane("x", Rule.SUM), Plane("xx", Rule.SUM)
_Y = Plane("y", Rule.SUM)
_PAIRS = (_N, _X, _Y, _XX, Plane("yy", Rule.SUM), Plane("xy", Rule.SUM))
_FEWER = "paler = fewer passes"
_SURE = f"n >= {FEWEST}; paler = less sure"
_KNOWN = Plane("n", Rule.KNOWN)
"""Makes a smoothed extreme the mean of the extremes nearby."""

WORKED = Layout((_N, _X), _mean)
"""Values computed from other grids: n is the approximate number of passages behind a value, x the value times n."""
LAYOUTS: dict[str, Layout] = {
    "passes": _sums(Plane("n", Rule.COUNT, "u1")),
    "activities": _sums(Plane("n", Rule.COUNT, "u4")),
    "fixes": _sums(Plane("n", Rule.COUNT, "u4"), of_lines=False),
    "seconds": _sums(_X, of_lines=False),
    "metres": _sums(_X, of_lines=False),
    "mean": Layout((_N, _X), _mean, opacity=_frequent, note=_FEWER),
    "min": Layout((_KNOWN, Plane("x", Rule.LEAST)), _mean),
    "max": Layout((_KNOWN, Plane("x", Rule.GREATEST)), _mean),
    "std": Layout((_N, _X, _XX), _deviation, opacity=_frequent, note=_FEWER),
    "days": _sums(Plane("n", Rule.COUNT, "u4")),
    "people": _sums(Plane("n", Rule.COUNT, "u4")),
    "share": Layout((_N, _X), _mean, opacity=_frequent, note=_FEWER),
    "chance": Layout((_N, _X), _chance, fit=_chance_of_all),
    "best": Layout(
        (_KNOWN, Plane("x", Rule.LEAST), Plane("m", Rule.COUNT, "f8")), _best, note="n >= 3", needs="3 passages"
    ),
    "circular": Layout(
        (_N, _X, _Y), _angle, opacity=lambda planes: np.clip(_concentration(planes), 0.12, 1), note="paler = more mixed"
    ),
    "concentration": Layout((_N, _X, _Y), _concentration, opacity=_several, note=_FEWER),
    "corr": Layout(_PAIRS, correlation, fit=fit_prior, opacity=sureness, note=_SURE, needs="6 activities"),
    "slope": Layout(_PAIRS, slope, fit=fit_prior, opacity=sureness, note=_SURE, needs="6 activities"),
    "both": Layout((_N, _X, _Y), third_of_both, fit=fit_terciles),
    "diff": Layout(
        (_N, _X, _XX, Plane("m", Rule.COUNT, "f8"), _Y, Plane("yy", Rule.SUM)),
        difference,
        fit=fit_variance,
        opacity=significance,
        note=f"opaque where |t| > {SIGNIFICANT:g}",
        needs="4 activities on either side",
    ),
    "voices": Layout((_N, _X, _XX), _mean),
    "t": WORKED,
    "residual": Layout(
        (_N, _X), residual, opacity=lambda planes: np.clip(planes["n"] / 4, 0.25, 1), note="paler = less sure"
    ),
    "count": _sums(_N, of_lines=False),
    "sum": _sums(_X, of_lines=False),
    "ratio": WORKED,
}
"""Reduction -> layout. Passages have all but count, ratio and t; voices is one side of a difference; points have
count, sum, mean, min and max."""


def merged(layout: Layout, ours: NamedPlanes, others: NamedPlanes) -> dict[str, NDArray[Any]]:
    """Merge the planes of two grids of one layout (see `heatlas.raster.grid.Grid.merge`)."""
    return {plane.name: _MERGE[plane.rule](plane.name, ours, others) for plane in layout.planes}


def _sum(name: str, ours: NamedPlanes, others: NamedPlanes) -> NDArray[Any]:
    added: NDArray[Any] = np.add(ours[name], others[name])
    return added


def _counts(name: str, ours: NamedPlanes, others: NamedPlanes) -> NDArray[Any]:
    """Add counts, in the next wider type where theirs is too narrow."""
    added = _sum(name, ours, others)
    if added.dtype.kind != "u":
        return added
    over = added < others[name]
    if over.any():
        size = added.dtype.itemsize
        added = added.astype(f"u{2 * size}")
        added[over] += 1 << 8 * size
    return added


def _least(name: str, ours: NamedPlanes, others: NamedPlanes) -> NDArray[Any]:
    take = (others["n"] > 0) & ((ours["n"] <= 0) | (others[name] < ours[name]))
    return np.where(take, others[name], ours[name])


def _greatest(name: str, ours: NamedPlanes, others: NamedPlanes) -> NDArray[Any]:
    take = (others["n"] > 0) & ((ours["n"] <= 0) | (others[name] > ours[name]))
    return np.where(take, others[name], ours[name])


def _known(name: str, ours: NamedPlanes, others: NamedPlanes) -> NDArray[Any]:
    known: NDArray[Any] = np.maximum(ours[name], others[name])
    return known


_MERGE = {Rule.SUM: _sum, Rule.COUNT: _counts, Rule.LEAST: _least, Rule.GREATEST: _greatest, Rule.KNOWN: _known}
