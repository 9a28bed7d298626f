"""Slow, plain twins of metrics and relations."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction

from slow import passages

from heatlas.core.mercator import from_lonlat, ground_metres
from heatlas.kernels.path import metres_along
from heatlas.tracks.metrics import METRICS, Motion


def mean_between(time, value, first, last):
    """Mean over the time from `first` to `last` seconds after each moment, of one segment, by the second.

    Each known value holds for half of the time to its neighbours, at most 7.5 s.
    """
    known = [k for k in range(len(time)) if not math.isnan(value[k]) and not math.isnan(time[k])]
    weight = {}
    for at, k in enumerate(known):
        before = time[k] - time[known[at - 1]] if at else 0
        after = time[known[at + 1]] - time[k] if at + 1 < len(known) else 0
        weight[k] = min(before, 15) / 2 + min(after, 15) / 2
    found = []
    for moment in time:
        inside = [k for k in known if first <= time[k] - moment <= last]
        covered = sum(weight[k] for k in inside)
        enough = covered >= (last - first) / 2 and not math.isnan(moment)
        found.append(sum(weight[k] * value[k] for k in inside) / covered if enough else math.nan)
    return found


def activity_mean(batch, name):
    """Mean of a metric at fixes over a batch of one track."""
    values, metres = METRICS[name].at_fixes(Motion(batch)), metres_along(batch.u, batch.v, batch.segments)
    total = weight = 0.0
    for first, last in zip(batch.segments[:-1], batch.segments[1:], strict=True):
        for i in range(first, last - 1):
            known = [value for value in (values[i], values[i + 1]) if not math.isnan(value)]
            lapse = batch.time[i + 1] - batch.time[i]
            own = metres[i] if math.isnan(lapse) else lapse
            if known:
                total, weight = total + own * sum(known) / len(known), weight + own
    if not weight:
        return math.nan
    mean = total / weight
    return 1 / mean if METRICS[name].inverse else mean


def passage_values(batch, window, name):
    """Metric of all passages of a batch of one track: pixel -> list."""
    metric = METRICS[name]
    metres = metres_along(batch.u, batch.v, batch.segments)
    found = {}
    for pixel, here in passages(batch, window, metres=metres, metric=metric.at_fixes(Motion(batch))).items():
        means = [passage["sum"] / passage["weight"] if passage["weight"] > 0 else math.nan for passage in here]
        found[pixel] = [(1 / mean if mean > 0 else math.nan) if metric.inverse else mean for mean in means]
    return found


def rounded(value, digits):
    """To whole multiples of 2**-digits, as a fraction; halves to even."""
    return Fraction(round(Fraction(value) * 2**digits), 2**digits)


def pairs_of_voices(voices, digits_x, digits_y):
    """Planes of a relation: pixel -> n, x, y, xx, yy, xy, exact.

    `voices`: for each activity its means of x and y, and pixel -> list of (x, y) of its passages there.
    """
    planes = defaultdict(lambda: [Fraction(0)] * 6)
    for mean_x, mean_y, pixels in voices:
        for pixel, pairs in pixels.items():
            known = [(x, y) for x, y in pairs if not math.isnan(x) and not math.isnan(y)]
            if not known or math.isnan(mean_x) or math.isnan(mean_y):
                continue
            x = sum(x for x, _ in known) / len(known) - mean_x
            y = sum(y for _, y in known) / len(known) - mean_y
            x, y = rounded(x, digits_x), rounded(y, digits_y)
            planes[pixel] = [a + b for a, b in zip(planes[pixel], (1, x, y, x * x, y * y, x * y), strict=True)]
    return planes


def correlation(pairs):
    """Pearson's, by its definition."""
    mean_x, mean_y = (sum(pair[k] for pair in pairs) / len(pairs) for k in (0, 1))
    over = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    return over / math.sqrt(sum((x - mean_x) ** 2 for x, _ in pairs) * sum((y - mean_y) ** 2 for _, y in pairs))


def least_squares(pairs):
    """Slope of y on x, and the sum of what is left over squared."""
    mean_x, mean_y = (sum(pair[k] for pair in pairs) / len(pairs) for k in (0, 1))
    slope = sum((x - mean_x) * (y - mean_y) for x, y in pairs) / sum((x - mean_x) ** 2 for x, _ in pairs)
    return slope, sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in pairs)


def compass(lon, lat, other_lon, other_lat):
    """Direction from one place to another nearby, degrees from north."""
    (u, v), (a, b) = from_lonlat(lon, lat), from_lonlat(other_lon, other_lat)
    east, north = ground_metres(v)
    return math.degrees(math.atan2((a - u) * east, (v - b) * north)) % 360
