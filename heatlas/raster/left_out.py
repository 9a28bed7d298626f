"""What a map of a measure leaves out, in sentences with counts.

Pixels that hold too little, activities of other sports, and those whose elevations cannot be trusted. Every output
says them once.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.words import counted
from heatlas.raster.offered import name_of
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.metrics.means import means_of
from heatlas.tracks.metrics.sports import SPORTS_OF

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity, Batch
    from heatlas.raster.measure import Measure

__all__ = ["TRUSTED", "few_values", "left_out", "left_out_of_any", "left_out_of_tracks", "share_shown", "why_no_value"]

TRUSTED = ("elevation", "grade_100")
"""Metrics at fixes; where the first is known of an activity and the second is not, elevations are not trusted."""
_MOST = 0.5
"""Share of the pixels that have a value from which on nothing need be said of the others."""
_NAMED = 3
"""Sports that a sentence names."""
_NEEDED = "needs elevations that can be trusted"
_LEAPING = "whose elevations leap, as those of a phone without a barometer do,"


def few_values(measure: Measure, share: float, where: str = "", name: str | None = None) -> list[str]:
    """Say how little of a map has a value, where a pixel must hold more than anything to have one.

    Parameters
    ----------
    measure : Measure
        Of tracks.
    share : float
        Of the pixels on paths, 0 to 1 (`share_shown`).
    where : str
        Part of the map that the share is of, such as "at zoom 16"; empty: all of it.
    name : str, optional
        First word of sentences. By default the measure as it is written for commands; empty below its title, in a
        legend.
    """
    needs = measure.layout.needs
    if not needs or share >= _MOST:
        return []
    have = f"{share:.0%} of the pixels have a value{where and ' '}{where}"
    more = "a wider --smooth, a coarser --resolution, or --around a busier place shows more"
    if where:
        more = f"a wider {'smoothing' if name == '' else '--smooth'}, or a zoom farther out, shows more"
    return [_sentence(measure, name, f"needs {needs} in a pixel: {have}; {more}")]


def share_shown(values: Iterable[NDArray[Any]]) -> float:
    """Share of values of pixels on paths that are known; 1 without any."""
    known, count = 0, 0
    for part in values:
        known, count = known + int(np.isfinite(part).sum()), count + part.size
    return known / count if count else 1.0


def left_out_of_tracks(measure: Measure, batches: Sequence[Batch]) -> list[str]:
    """Sentences on the activities of batches that a measure leaves out."""
    distrusted: list[bool] = []
    for batch in batches if TRUSTED[1] in measure.reads else ():
        known, trusted = (~np.isnan(mean) for mean in map(means_of(batch, TRUSTED).__getitem__, TRUSTED))
        distrusted += (known & ~trusted).tolist()
    return left_out(measure, [activity for batch in batches for activity in batch.activities], distrusted)


def left_out(
    measure: Measure, activities: Sequence[Activity], distrusted: Sequence[bool], name: str | None = None
) -> list[str]:
    """Sentences on what a measure leaves out of some activities, each of which is counted once.

    Parameters
    ----------
    measure : Measure
        Of tracks.
    activities : sequence of Activity
        Those that count.
    distrusted : sequence of bool
        Whether the elevations of each are not trusted (see `TRUSTED`); read where the measure reads slopes over 100 m.
    name : str, optional
        As for `few_values`.
    """
    found = _below_0(measure, name)
    if measure.reduction == "people" and (nobodys := sum(not activity.person for activity in activities)):
        found.append(_sentence(measure, name, f"does not count {counted(nobodys, 'activities')} without a person"))
    rest: Sequence[int] = range(len(activities))
    for group in _groups(measure):
        test = METRICS[group].of_activity
        assert test is not None
        suited = [k for k in rest if test(activities[k])]
        sports = Counter(activities[k].sport for k in set(rest).difference(suited))
        rest = suited
        if sports:
            named = ", ".join(f"{count:,} {sport}" for sport, count in sports.most_common(_NAMED))
            more = ", ..." if len(sports) > _NAMED else ""
            are = _are(sports.total(), "of other sports")
            found.append(_sentence(measure, name, f"{_only(group)}: {are} left out ({named}{more})"))
    count = sum(distrusted[k] for k in rest) if TRUSTED[1] in measure.reads else 0
    if count:
        found.append(_sentence(measure, name, f"{_NEEDED}: {_are(count, _LEAPING)} left out"))
    return found


def left_out_of_any(measure: Measure, name: str | None = None) -> list[str]:
    """Sentences on the activities that a measure leaves out of any map: they count none, and tell nothing of a map's.

    Parameters
    ----------
    measure : Measure
        Of tracks.
    name : str, optional
        As for `few_values`.
    """
    found = [f"{_only(group)}: activities of other sports are left out" for group in _groups(measure)]
    if TRUSTED[1] in measure.reads:
        found.append(f"{_NEEDED}: activities {_LEAPING} are left out")
    if measure.reduction == "people":
        found.append("does not count activities without a person")
    return [*_below_0(measure, name), *(_sentence(measure, name, words) for words in found)]


def why_no_value(measure: Measure, batches: Sequence[Batch]) -> str:
    """Say which of the columns that a measure reads no track has; empty where some track has each, or there is none."""
    there = {name for batch in batches for name, column in batch.columns.items() if np.isfinite(column).any()}
    missing = sorted(measure.columns - there)
    if not (missing and any(len(batch) for batch in batches)):
        return ""
    held = f"they have {', '.join(sorted(there))}" if there else "they have positions alone"
    return f"no activity has a value of {name_of(measure)}: {' and '.join(missing)} is not known of any; {held}"


def _below_0(measure: Measure, name: str | None) -> list[str]:
    """Say of a sum of a metric of people's own, which may be below 0, that such sums are not shown."""
    entry = METRICS.get(measure.metric)
    if measure.reduction != "sum" or entry is None or not entry.definition:
        return []
    return [_sentence(measure, name, "shows sums above 0: pixels whose sum is 0 or less stay empty")]


def _groups(measure: Measure) -> list[str]:
    return [group for group in SPORTS_OF if group in measure.reads]


def _only(group: str) -> str:
    return f"makes sense of {SPORTS_OF[group][1]} alone"


def _sentence(measure: Measure, name: str | None, words: str) -> str:
    if name == "":
        return words[:1].upper() + words[1:]
    return f"{name or name_of(measure)} {words}"


def _are(count: int, which: str) -> str:
    return f"{counted(count, 'activities')} {which} {'is' if count == 1 else 'are'}"
