"""Means and moments of metrics over whole activities: what relations take off, and what a model is fitted to."""

from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.path import mean_between, metres_along
from heatlas.tracks.metrics.model import MODELLED, terms
from heatlas.tracks.metrics.motion import Motion
from heatlas.tracks.metrics.table import METRICS, stored

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch

__all__ = [
    "decoupling_of", "efforts_of", "means_of", "middles_of", "moments_of", "normalised_power_of", "weights_of",
    "with_efforts",
]  # fmt: skip

_LONG_ENOUGH = 1200.0
"""Seconds in motion from which on two halves can be compared."""

_ROLLING = 30.0
"""Seconds over which a normalised power averages first."""
_LONGEST_STEP = 15.0
"""Seconds to the next fix for which a power counts at most."""

_NOTHING: Mapping[str, NDArray[np.float64]] = MappingProxyType({})
_DECOUPLED = ("pace", "heart_rate")


def middles_of(
    batch: Batch, names: Collection[str], known: Mapping[str, NDArray[np.float64]] = _NOTHING
) -> dict[str, NDArray[np.float64]]:
    """Values of metrics in the middle of the line from each fix to the next, (n,) each.

    Parameters
    ----------
    batch : Batch
        With what is private cut out.
    names : collection of str
        Metrics that are stored; others, and angles, are left out.
    known : mapping of str to ndarray of float64 (n,)
        Metrics at fixes that were worked out before.

    Returns
    -------
    dict of str to ndarray of float64 (n,)
        In the order of all metrics. Where one end is unknown, the value of the other, as at the last fix.
    """
    motion = Motion(batch)
    found = {
        name: known[name] if name in known else metric.at_fixes(motion)
        for name, metric in stored().items()
        if name in names and not metric.cyclic and metric.at_fixes is not None
    }
    # All in one go: on the track of one activity, a call takes longer than its work.
    return dict(zip(found, _middles(np.stack([*found.values()])), strict=True)) if found else {}


def means_of(
    batch: Batch,
    names: Collection[str],
    middles: Mapping[str, NDArray[np.float64]] | None = None,
    weight: NDArray[np.float64] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Mean of metrics at fixes over each track, by time; by metres where times are unknown.

    Parameters
    ----------
    batch : Batch
        Of k tracks, with what is private cut out.
    names : collection of str
        Metrics that are stored; others are left out.
    middles : mapping of str to ndarray of float64 (n,), optional
        All of these metrics, from `middles_of`, if they were worked out before.
    weight : ndarray of float64 (n,), optional
        From `weights_of`, if it was worked out before.

    Returns
    -------
    dict of str to ndarray of float64 (k,)
        NaN where nothing is known. Of pace the reciprocal of the mean speed; of angles nothing.
    """
    rows = middles_of(batch, names) if middles is None else middles
    if not rows:
        return {}
    means = _means(np.stack([*rows.values()]), weights_of(batch) if weight is None else weight, batch)
    return {name: 1 / mean if METRICS[name].inverse else mean for name, mean in zip(rows, means, strict=True)}


def decoupling_of(batch: Batch, middles: Mapping[str, NDArray[np.float64]] | None = None) -> NDArray[np.float64]:
    """By how much more speed each heart beat gave in the first half of each track than in the second, percent, (k,).

    Of the time in motion whose heart rate is known; NaN where that is less than 20 minutes. `middles` are as for
    `means_of`.
    """
    found = np.full(len(batch), np.nan)
    if "heart_rate" not in batch.columns:
        return found
    if middles is None or not middles.keys() >= {*_DECOUPLED}:
        middles = middles_of(batch, _DECOUPLED)
    seconds = np.diff(batch.time, append=np.nan)
    seconds[batch.segments[1:][np.diff(batch.segments) > 0] - 1] = np.nan
    speed, beats = map(middles.__getitem__, _DECOUPLED)
    counted = np.where(np.isnan(seconds) | np.isnan(speed) | np.isnan(beats), 0.0, seconds)
    offsets = batch.segments[batch.tracks]
    for k in range(len(batch)):
        own = slice(offsets[k], offsets[k + 1])
        weight, v, h = counted[own], np.nan_to_num(speed[own]), np.nan_to_num(beats[own])
        total = float(weight.sum())
        if total >= _LONG_ENOUGH:
            early = np.cumsum(weight) <= total / 2
            halves = [float((v * weight)[half].sum() / (h * weight)[half].sum()) for half in (early, ~early)]
            found[k] = 100 * (halves[0] / halves[1] - 1) if halves[1] > 0 else np.nan
    return found


def normalised_power_of(batch: Batch) -> NDArray[np.float64]:
    """Normalised power of each track, watts, (k,): the power that would be as hard if it were even.

    The mean of the fourth powers of rolling means over 30 s, and its fourth root (Allen & Coggan, Training and Racing
    with a Power Meter, 2006), coasting included. NaN where power is known for less than 20 minutes.
    """
    found = np.full(len(batch), np.nan)
    if "power" not in batch.columns or not batch.fixes:
        return found
    power = batch.columns["power"].astype(np.float64)
    rolling = mean_between(batch.time, power, batch.segments, -_ROLLING, 0.0)
    seconds = np.diff(batch.time, append=np.nan)
    seconds[batch.segments[1:][np.diff(batch.segments) > 0] - 1] = 0.0
    seconds = np.where(np.isnan(rolling), 0.0, np.clip(np.nan_to_num(seconds), 0.0, _LONGEST_STEP))
    track = np.repeat(np.arange(len(batch)), np.diff(batch.segments[batch.tracks]))
    total = np.bincount(track, seconds, len(batch))
    fourth = np.bincount(track, seconds * np.nan_to_num(rolling) ** 4, len(batch))
    long_enough = total >= _LONG_ENOUGH
    found[long_enough] = (fourth[long_enough] / total[long_enough]) ** 0.25
    return found


def efforts_of(
    batch: Batch,
    middles: Mapping[str, NDArray[np.float64]] | None = None,
    means: Mapping[str, NDArray[np.float64]] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Work out the attributes of `heatlas.tracks.filters.EFFORT` of each track, (k,); NaN where unknown.

    `middles` and `means` are those of all metrics that the tracks have, from `middles_of` and `means_of`, if they were
    worked out before.
    """
    means = means_of(batch, ("heart_rate",)) if means is None else means
    beats = means.get("heart_rate", np.full(len(batch), np.nan))
    return {
        "decoupling": decoupling_of(batch, middles),
        "mean_heart_rate": beats,
        "normalised_power": normalised_power_of(batch),
    }


def with_efforts(batch: Batch) -> Batch:
    """Add what filters ask of efforts to the facts of activities; without fixes that is known already, or never."""
    if not batch.fixes:
        return batch
    efforts = {name: values.tolist() for name, values in efforts_of(batch).items()}
    activities = []
    for k, activity in enumerate(batch.activities):
        known = {name: values[k] for name, values in efforts.items() if not math.isnan(values[k])}
        activities.append(replace(activity, facts={**activity.facts, **known}))
    return replace(batch, activities=tuple(activities))


def moments_of(
    batch: Batch,
    middles: Mapping[str, NDArray[np.float64]] | None = None,
    weight: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Sums over each track of the products of the terms of the heart rate's model and the heart rate.

    Parameters
    ----------
    batch, middles, weight
        As for `means_of`; the middles are those of `heatlas.tracks.metrics.model.MODELLED`, and others.

    Returns
    -------
    ndarray of float64 (k, n, n)
        n is 2 more than the terms: the weight first, the heart rate last. The first row and column hold means, which
        are taken off from all the others.
    """
    weight = weights_of(batch) if weight is None else weight
    values = dict(middles_of(batch, MODELLED) if middles is None else middles)
    values["pace"] = _reciprocal(values["pace"])
    rows = np.stack([*terms(values), values["steady_heart_rate"]])
    there = ~np.isnan(rows).any(axis=0) & (weight > 0)
    offsets = batch.segments[batch.tracks]
    found = np.zeros((len(batch), len(rows) + 1, len(rows) + 1))
    for k in range(len(batch)):
        part = slice(offsets[k], offsets[k + 1])
        here = there[part]
        if not here.any():
            continue
        own, some = weight[part][here], rows[:, part][:, here]
        mean = (some * own).sum(axis=1) / own.sum()
        found[k, 0, 0], found[k, 0, 1:], found[k, 1:, 0] = own.sum(), mean, mean
        off = some - mean[:, None]
        found[k, 1:, 1:] = (off * own) @ off.T
    return found


def weights_of(batch: Batch, metres: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """(n,) seconds to the next fix, metres where that is unknown; 0 at the ends of segments.

    `metres` are those to the next fix (`heatlas.kernels.path.metres_along`), if they were worked out before.
    """
    if metres is None:
        metres = metres_along(batch.u, batch.v, batch.segments)
    seconds = np.diff(batch.time, append=np.nan)
    weight = np.where(np.isnan(seconds), metres, seconds)
    weight[batch.segments[1:][np.diff(batch.segments) > 0] - 1] = 0.0
    return weight


def _middles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of metrics (m, n) in the middle of the line to the next fix; of one end where the other is unknown."""
    following = np.full(values.shape, np.nan)
    following[:, :-1] = values[:, 1:]
    middle: NDArray[np.float64] = (values + following) / 2
    alone = np.isnan(middle)  # the last at least
    own = values[alone]
    middle[alone] = np.where(np.isnan(own), following[alone], own)
    return middle


def _reciprocal(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.divide(1, values, out=np.full(len(values), np.nan), where=values > 0))


def _means(rows: NDArray[np.float64], weight: NDArray[np.float64], batch: Batch) -> NDArray[np.float64]:
    """(m, k) weighted means of each of the rows (m, n) over each track."""
    offsets = batch.segments[batch.tracks]
    own = np.where(np.isnan(rows), 0.0, weight)
    found = np.full((len(rows), len(batch)), np.nan)
    filled = np.flatnonzero(np.diff(offsets))
    if len(filled):
        total = np.add.reduceat(own, offsets[filled], axis=1)
        amount = np.add.reduceat(own * np.nan_to_num(rows), offsets[filled], axis=1)
        found[:, filled] = np.divide(amount, total, out=np.full(total.shape, np.nan), where=total > 0)
    return found
