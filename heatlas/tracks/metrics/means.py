"""Means and moments of metrics over whole activities: what relations take off, and what a model is fitted to."""

from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.path import mean_between, metres_along
from heatlas.tracks.metrics.model import MODELLED, terms
from heatlas.tracks.metrics.table import METRICS, stored

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch

__all__ = ["decoupling_of", "efforts_of", "means_of", "moments_of", "normalised_power_of", "with_efforts"]

_LONG_ENOUGH = 1200.0
"""Seconds in motion from which on two halves can be compared."""

_ROLLING = 30.0
"""Seconds over which a normalised power averages first."""
_LONGEST_STEP = 15.0
"""Seconds to the next fix for which a power counts at most."""

_NOTHING: Mapping[str, NDArray[np.float64]] = MappingProxyType({})


def means_of(
    batch: Batch,
    names: Collection[str],
    known: Mapping[str, NDArray[np.float64]] = _NOTHING,
    metres: NDArray[np.float64] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Mean of metrics at fixes over each track, by time; by metres where times are unknown.

    Parameters
    ----------
    batch : Batch
        Of k tracks, with what is private cut out.
    names : collection of str
        Metrics that are stored; others are left out.
    known : mapping of str to ndarray of float64 (n,)
        Metrics at fixes that were worked out before.
    metres : ndarray of float64 (n,), optional
        Metres to the next fix (`heatlas.kernels.path.metres_along`), if they were worked out before.

    Returns
    -------
    dict of str to ndarray of float64 (k,)
        NaN where nothing is known. Of pace the reciprocal of the mean speed; of angles nothing.
    """
    rows, inverse = {}, set()
    for name, metric in stored().items():
        if name in names and not metric.cyclic and metric.at_fixes is not None:
            rows[name] = _middles(known[name] if name in known else metric.at_fixes(batch))
            if metric.inverse:
                inverse.add(name)
    if not rows:
        return {}
    # All in one go: on the track of one activity, a call takes longer than its work.
    means = _means(np.stack([*rows.values()]), _weights(batch, metres), batch)
    return {name: 1 / mean if name in inverse else mean for name, mean in zip(rows, means, strict=True)}


def decoupling_of(batch: Batch, known: Mapping[str, NDArray[np.float64]] = _NOTHING) -> NDArray[np.float64]:
    """By how much more speed each heart beat gave in the first half of each track than in the second, percent, (k,).

    Of the time in motion whose heart rate is known; NaN where that is less than 20 minutes.
    """
    found = np.full(len(batch), np.nan)
    if "heart_rate" not in batch.columns:
        return found
    seconds = np.diff(batch.time, append=np.nan)
    seconds[batch.segments[1:][np.diff(batch.segments) > 0] - 1] = np.nan
    speed, beats = (
        _middles(known[name] if name in known else take(batch))
        for name, take in ((name, stored()[name].at_fixes) for name in ("pace", "heart_rate"))
        if take is not None
    )
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
    known: Mapping[str, NDArray[np.float64]] = _NOTHING,
    means: Mapping[str, NDArray[np.float64]] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Work out the attributes of `heatlas.tracks.filters.EFFORT` of each track, (k,); NaN where unknown.

    `means` are those of all metrics that the tracks have, from `means_of`, if they were worked out before.
    """
    means = means_of(batch, ("heart_rate",), known) if means is None else means
    beats = means.get("heart_rate", np.full(len(batch), np.nan))
    return {
        "decoupling": decoupling_of(batch, known),
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
    known: Mapping[str, NDArray[np.float64]] = _NOTHING,
    metres: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Sums over each track of the products of the terms of the heart rate's model and the heart rate.

    Parameters
    ----------
    batch, known, metres
        As for `means_of`.

    Returns
    -------
    ndarray of float64 (k, n, n)
        n is 2 more than the terms: the weight first, the heart rate last. The first row and column hold means, which
        are taken off from all the others.
    """
    weight = _weights(batch, metres)
    columns = {name: METRICS[name].at_fixes for name in MODELLED}
    values = {
        name: _middles(known[name] if name in known else take(batch))
        for name, take in columns.items()
        if take is not None
    }
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


def _weights(batch: Batch, metres: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """(n,) seconds to the next fix, metres where that is unknown; 0 at the ends of segments."""
    if metres is None:
        metres = metres_along(batch.u, batch.v, batch.segments)
    seconds = np.diff(batch.time, append=np.nan)
    weight = np.where(np.isnan(seconds), metres, seconds)
    weight[batch.segments[1:][np.diff(batch.segments) > 0] - 1] = 0.0
    return weight


def _middles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) value in the middle of the line to the next fix; that of one end where the other is unknown."""
    following = np.full(len(values), np.nan)
    following[:-1] = values[1:]
    middle: NDArray[np.float64] = (values + following) / 2
    alone = np.flatnonzero(np.isnan(middle))  # the last at least
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
