"""Planes of a measure in the plan: whole numbers, which add up exactly in any order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.kernels.partials import ADDED, GREATEST, LEAST, PASSES, PERSONS, SIGNED, TRACKS
from heatlas.kernels.partials import VALUES as OF_VALUES
from heatlas.library.file.columns import AMOUNTS, VALUES
from heatlas.raster.measure import SPENT
from heatlas.raster.offered import name_of
from heatlas.raster.threshold import UNION_FROM
from heatlas.tracks.metrics import METRICS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.raster.measure import Measure
    from heatlas.raster.reductions import NamedPlanes

__all__ = [
    "CountedPlanes",
    "column_of",
    "merged_rules",
    "numbers_of_steps",
    "planes_of",
    "refuse_measure",
    "tile_planes",
]

_TABLE = 20
"""Binary digits behind the point of the values of tables (`heatlas.library.file.columns`)."""
_COUNTED = {"passes": PASSES, "activities": TRACKS, "people": PERSONS}
_REDUCTIONS = {"mean": SIGNED, "min": LEAST, "max": GREATEST}


@frozen
class CountedPlanes:
    """Planes in which a zoom is counted: arguments of `heatlas.kernels.partials.count_tiles`."""

    what: int
    near: int
    rules: NDArray[np.int64]


def refuse_measure(measure: Measure) -> None:
    """Refuse a measure that does not add up over partitions in whole numbers.

    Raises
    ------
    BadOption
        With those that do.
    """
    if measure.reduction in {*_COUNTED, *AMOUNTS}:
        return
    if not (measure.simple and measure.reduction in _REDUCTIONS and measure.metric in VALUES):
        metrics = ", ".join(name for name in sorted(VALUES) if _is_simple(name))
        raise BadOption(
            f"an engine counts passes, activities, people, fixes, seconds, metres, and the mean, min or max of "
            f"{metrics}, not {name_of(measure)}: leave --engine out"
        )


def _is_simple(metric: str) -> bool:
    return METRICS[metric].listed and not METRICS[metric].cyclic


def planes_of(measure: Measure, zoom: int, counts_persons: bool) -> CountedPlanes:
    """Planes in which a measure is counted at a zoom; with `counts_persons` the second says who was there."""
    near = 0 if not counts_persons else 2 if zoom >= UNION_FROM else 1
    rules = merged_rules(measure).tolist()
    if near:
        rules.insert(1, ADDED)
    return CountedPlanes(_COUNTED.get(measure.reduction, OF_VALUES), near, np.array(rules, np.int64))


def merged_rules(measure: Measure) -> NDArray[np.int64]:
    """Rules of the planes of merged tiles: passages, then those of the measure."""
    if measure.reduction == "passes":
        return np.array([ADDED])
    if measure.reduction in {*_COUNTED, *AMOUNTS}:
        return np.array([ADDED, ADDED])
    return np.array([ADDED, ADDED, _REDUCTIONS[measure.reduction]])


def column_of(measure: Measure) -> str | None:
    """Column of passages that a measure reads; None: it reads none."""
    return measure.reduction if measure.reduction in AMOUNTS else measure.metric or None


def numbers_of_steps(metric: str) -> NDArray[np.int64]:
    """Whole number of each step of a metric's table (t,); empty: the steps are the numbers."""
    found: NDArray[np.int64] = np.rint(VALUES[metric].table * 2.0**_TABLE).astype(np.int64)
    return found


def tile_planes(measure: Measure, planes: NDArray[np.int64]) -> NamedPlanes:
    """Name the merged planes of a tile (p, 65536), equal to those of `heatlas.library.index.drawing.draw`."""
    reduction = measure.reduction
    if not measure.metric:
        total = measure.layout.total
        return {total: planes[-1] * AMOUNTS[reduction][1] if reduction in SPENT else planes[-1].astype(np.uint32)}
    _, step, table, _ = VALUES[measure.metric]
    counts = planes[1] if reduction == "mean" else np.minimum(planes[1], 1)
    values = planes[2] * (2.0**-_TABLE if len(table) else float(step))
    return {"n": counts.astype(np.float64), "x": values}
