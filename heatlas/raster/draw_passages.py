"""From batches to a grid, for measures that read several columns of passages, or one of activities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import to_lonlat
from heatlas.kernels.operations import UNUSED
from heatlas.raster.measure import SPENT
from heatlas.raster.passages import Passages, add_passages
from heatlas.tracks.filters import test_of
from heatlas.tracks.metrics import METRICS, POSITION, Motion, metric_named
from heatlas.tracks.metrics.evaluation import Columns
from heatlas.tracks.metrics.means import means_of, moments_of
from heatlas.tracks.metrics.model import fit_model, levels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity, Batch
    from heatlas.core.window import Window
    from heatlas.raster.accumulators import Accumulators
    from heatlas.raster.measure import Measure
    from heatlas.raster.partition import NearbyBatch
    from heatlas.tracks.metrics.model import Model

    Reducer = Callable[[Sequence[NearbyBatch], Window, Accumulators, Measure], None]
    """Adds nearby batches to the planes of a strip."""

__all__ = ["add_labels", "model_of", "reducer"]


@frozen
class _Prepared:
    """A batch with all that a measure reads of it."""

    metres: NDArray[np.float64]
    """(n,) to the next fix."""
    fixes: dict[str, NDArray[np.float64]]
    """Metric at fixes -> (n,), or (n, 2) of a cyclic one."""
    activities: dict[str, NDArray[np.float64]]
    """Metric of activities -> (tracks,)."""
    means: dict[str, NDArray[np.float64]]
    """Metric at fixes -> (tracks,)."""
    level: NDArray[np.float64]
    """(tracks,) for a residual."""
    sides: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None
    """(tracks,) each, for a difference."""


def model_of(batches: Sequence[Batch], measure: Measure) -> Model | None:
    """Fit the model that a measure needs to all tracks, whatever the window; None: none is needed, or can be fitted.

    The same model must go to all drawings that are compared: parts of a picture, frames of a film.
    """
    if measure.reduction != "residual" or not batches:
        return None
    return fit_model(np.concatenate([moments_of(batch) for batch in batches]))


def reducer(
    within: Sequence[NearbyBatch], measure: Measure, model: Model | None, among: Sequence[Activity] = ()
) -> Reducer:
    """Make ready to add batches to the planes of a measure.

    Parameters
    ----------
    within : sequence of NearbyBatch
        Those that may touch the window.
    measure : Measure
        What to count.
    model : Model, optional
        Of `model_of`.
    among : sequence of Activity
        All that there are, whatever the window: filters of a difference may name the attributes of any.
    """
    tests = [test_of(side, among) for side in measure.sides]
    prepared = {id(nearby.batch): _prepare(nearby.batch, measure, model, tests) for nearby in within}

    def reduce(within: Sequence[NearbyBatch], strip: Window, planes: Accumulators, measure: Measure) -> None:
        slots = np.full(strip.width * strip.height, -1, np.int32)
        for nearby in within:
            batch, known = nearby.batch, prepared[id(nearby.batch)]
            places = list(nearby.over(strip))
            for k in range(len(batch)):
                for frame, touching in places:
                    if touching[k]:
                        place = (frame, nearby.least[k], nearby.bits[k])
                        passages = _passages(batch, k, known, place, measure, strip, model)
                        add_passages(passages, measure, planes.named, slots)

    return reduce


def _prepare(
    batch: Batch, measure: Measure, model: Model | None, tests: Sequence[Callable[[Activity], bool]]
) -> _Prepared:
    from heatlas.kernels.path import metres_along

    reads = measure.reads - {*SPENT, *POSITION}
    motion = Motion(batch)
    metrics = {name: metric_named(name) for name in sorted(reads)}
    fixes = {name: metric.at_fixes(motion) for name, metric in metrics.items() if metric.at_fixes is not None}
    activities = {
        name: np.array([metric.of_activity(activity) for activity in batch.activities])
        for name, metric in metrics.items()
        if metric.of_activity is not None
    }
    return _Prepared(
        metres_along(batch.u, batch.v, batch.segments),
        fixes,
        activities,
        {**means_of(batch, reads), **activities} if measure.centred else {},
        UNUSED if model is None else levels(moments_of(batch), model),
        None if not tests else (_passing(batch, tests[0]), _passing(batch, tests[1])),
    )


def _passing(batch: Batch, test: Callable[[Activity], bool]) -> NDArray[np.bool_]:
    return np.array([test(activity) for activity in batch.activities], np.bool_)


def _passages(
    batch: Batch, k: int, known: _Prepared, place: tuple[Any, ...], measure: Measure, strip: Window, model: Model | None
) -> Passages:
    """List the passages of one track with their columns."""
    from heatlas.kernels.trace import list_passages

    segments = batch.segments[batch.tracks[k] : batch.tracks[k + 1] + 1]
    of_track = (batch.u, batch.v, batch.progress, batch.time, known.metres)

    def listed(metric: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        found: tuple[NDArray[np.int64], NDArray[np.float64]] = list_passages(*of_track, metric, segments, *place)
        return found

    cells, spent = listed(np.zeros(0))
    timed = not np.isnan(batch.time[segments[0] : segments[-1]]).all()
    columns = {"seconds": spent[:, 0] if timed else np.full(len(cells), np.nan), "metres": spent[:, 1]}
    for name, values in known.fixes.items():
        if METRICS[name].cyclic:
            north, east = (_mean(listed(np.ascontiguousarray(values[:, axis]))[1]) for axis in (0, 1))
            columns[name] = np.degrees(np.arctan2(east, north)) % METRICS[name].period
            continue
        mean = _mean(listed(values)[1])
        columns[name] = _reciprocal(mean) if metric_named(name).inverse else mean
    for name, constant in known.activities.items():
        columns[name] = np.full(len(cells), constant[k])
    if measure.reads & {*POSITION}:
        world = strip.scale
        lon, lat = to_lonlat(
            (strip.x + cells % strip.width + 0.5) / world, (strip.y + cells // strip.width + 0.5) / world
        )
        columns |= {"longitude": np.asarray(lon), "latitude": np.asarray(lat)}
    means = Columns({name: mean[k : k + 1] for name, mean in known.means.items()}, 1)
    sides = None if known.sides is None else (known.sides[0][k : k + 1], known.sides[1][k : k + 1])
    return Passages(
        cells, np.array([0, len(cells)]), Columns(columns, len(cells)), means, model, known.level[k : k + 1], sides
    )


def _mean(spent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of a metric over each passage, from `spent` (k, 4)."""
    return np.asarray(np.divide(spent[:, 2], spent[:, 3], out=np.full(len(spent), np.nan), where=spent[:, 3] > 0))


def _reciprocal(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.divide(1, values, out=np.full(len(values), np.nan), where=values > 0))


def add_labels(within: Sequence[NearbyBatch], strip: Window, planes: Accumulators, measure: Measure) -> None:
    """Count in each pixel the local days on which anybody passed, or the people who did.

    Who has no date has a day of their own. What is nobody's is not counted among people.
    """
    from heatlas.kernels.path import metres_along
    from heatlas.kernels.reduce import add_activities
    from heatlas.kernels.trace import list_passages

    nothing = np.zeros(0)
    metres = {
        id(nearby.batch): metres_along(nearby.batch.u, nearby.batch.v, nearby.batch.segments) for nearby in within
    }
    ordinal, before = 0, None
    # The same day must come in one go, as each pixel remembers the last day alone.
    for nearby, k, label in _labelled(within, measure):
        batch = nearby.batch
        ordinal += label != before  # NaN differs from itself
        before = label
        segments = batch.segments[batch.tracks[k] : batch.tracks[k + 1] + 1]
        for frame, touching in nearby.over(strip):
            if touching[k]:
                place = (frame, nearby.least[k], nearby.bits[k])
                cells, _spent = list_passages(
                    batch.u, batch.v, batch.progress, batch.time, metres[id(batch)], nothing, segments, *place
                )
                add_activities(cells, ordinal, planes.stamps, planes.counts)


def _labelled(within: Sequence[NearbyBatch], measure: Measure) -> list[tuple[NearbyBatch, int, float | str]]:
    """Tracks with their day, or whose they are, in order of that."""
    if measure.reduction == "people":
        people = [(near, k, one.person) for near in within for k, one in enumerate(near.batch.activities) if one.person]
        return sorted(people, key=lambda track: track[2])
    days = [(nearby, k, day_of(nearby.batch, k)) for nearby in within for k in range(len(nearby.batch))]
    return sorted(days, key=lambda track: (np.isnan(track[2]), track[2]))


def day_of(batch: Batch, k: int) -> float:
    """Local day on which a track began, days since 1970; NaN where unknown."""
    of_activity = METRICS["first"].of_activity
    assert of_activity is not None
    return float(np.floor(of_activity(batch.activities[k])))
