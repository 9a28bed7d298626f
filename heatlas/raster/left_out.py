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

__all__ = ["TRUSTED", "few_values", "left_out", "left_out_of_tracks", "share_shown"]

TRUSTED = ("elevation", "grade_100")
"""Metrics at fixes; where the first is known of an activity and the second is not, elevations are not trusted."""
_MOST = 0.5
"""Share of the pixels that have a value from which on nothing need be said of the others."""
_NAMED = 3
"""Sports that a sentence names."""


def few_values(measure: Measure, share: float, where: str = "") -> list[str]:
    """Say how little of a map has a value, where a pixel must hold more than anything to have one.

    Parameters
    ----------
    measure : Measure
        Of tracks.
    share : float
        Of the pixels on paths, 0 to 1 (`share_shown`).
    where : str
        Part of the map that the share is of, such as "at zoom 16"; empty: all of it.
    """
    needs = measure.layout.needs
    if not needs or share >= _MOST:
        return []
    have = f"{share:.0%} of the pixels have a value{where and ' '}{where}"
    more = "a wider --smooth, a coarser --resolution, or --around a busier place shows more"
    if where:
        more = "a wider --smooth, or a zoom farther out, shows more"
    return [f"{name_of(measure)} needs {needs} in a pixel: {have}; {more}"]


def share_shown(values: Iterable[NDArray[Any]]) -> float:
    """Share of values of pixels on paths that are known; 1 without any."""
    known, count = 0, 0
    for part in values:
        known, count = known + int(np.isfinite(part).sum()), count + part.size
    return known / count if count else 1.0


def left_out_of_tracks(measure: Measure, batches: Sequence[Batch]) -> list[str]:
    """Sentences on the activities of batches that a measure leaves out."""
    distrusted = 0
    if TRUSTED[1] in measure.reads:
        for batch in batches:
            known, trusted = (~np.isnan(mean) for mean in map(means_of(batch, TRUSTED).__getitem__, TRUSTED))
            distrusted += int((known & ~trusted).sum())
    return left_out(measure, (activity for batch in batches for activity in batch.activities), distrusted)


def left_out(measure: Measure, activities: Iterable[Activity], distrusted: int) -> list[str]:
    """Sentences on what a measure leaves out of some activities.

    Parameters
    ----------
    measure : Measure
        Of tracks.
    activities : iterable of Activity
        Those that count.
    distrusted : int
        Number of them with elevations that are not trusted (see `TRUSTED`), where the measure reads slopes over 100 m.
    """
    groups = [name for name in SPORTS_OF if name in measure.reads]
    found, others = [], list(activities) if groups else []
    for name in groups:
        test, words = METRICS[name].of_activity, SPORTS_OF[name][1]
        assert test is not None
        sports = Counter(activity.sport for activity in others if not test(activity))
        if sports:
            named = ", ".join(f"{count:,} {sport}" for sport, count in sports.most_common(_NAMED))
            more = ", ..." if len(sports) > _NAMED else ""
            are = _are(sports.total(), "of other sports")
            found.append(f"{name_of(measure)} makes sense of {words} alone: {are} left out ({named}{more})")
    if distrusted and TRUSTED[1] in measure.reads:
        are = _are(distrusted, "whose elevations leap, as those of a phone without a barometer do,")
        found.append(f"{name_of(measure)} needs elevations that can be trusted: {are} left out")
    return found


def _are(count: int, which: str) -> str:
    return f"{counted(count, 'activities')} {which} {'is' if count == 1 else 'are'}"
