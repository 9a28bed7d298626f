"""Choose the layers of a public page so that no layer, and no difference of layers, is of a few activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.tiles.crowds import grouped, whole_in
from heatlas.tracks.local_time import start_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heatlas.core.batch import Activity

__all__ = ["titles_of"]


def _year(activity: Activity) -> str:
    start = start_of(activity)
    return "" if start is None else str(start.year)


def _month(activity: Activity) -> str:
    start = start_of(activity)
    return "" if start is None else start.strftime("%b %Y")


LABELS: dict[str, Callable[[Activity], str]] = {
    "sport": lambda activity: activity.sport,
    "year": _year,
    "month": _month,
    "gear": lambda activity: activity.gear,
}
"""Word of --layers -> function from an activity to the title of its layer; empty: it is in none."""


def titles_of(
    activities: Sequence[Activity], words: Sequence[str], least: int, at_least: int = 0
) -> dict[str, set[str]]:
    """Titles of the layers that are shown, by word of --layers.

    Activities are grouped once, into groups of at least `least`. A layer is shown only if it consists of whole groups.
    Sums and differences of layers then consist of whole groups too, and so does the rest of all activities.

    Parameters
    ----------
    activities : sequence of Activity
        Activities that are split into layers.
    words : sequence of str
        Keys of LABELS; grouping follows the first one first, so that it loses the fewest layers.
    least : int
        Minimum size of a group.
    at_least : int
        Minimum number of different people of a group.
    """
    labels = {word: [LABELS[word](activity) for activity in activities] for word in words}
    groups = np.zeros(0, np.int64)
    if activities and words:
        whose = [activity.person for activity in activities]
        groups = grouped(list(zip(*labels.values(), strict=True)), least, whose, at_least)
    found = {}
    for word, titles in labels.items():
        whole = whole_in(groups, titles).tolist()
        found[word] = (
            set(titles) - {title for title, is_whole in zip(titles, whole, strict=True) if not is_whole} - {""}
        )
    return found
