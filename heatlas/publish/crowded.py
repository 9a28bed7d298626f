"""Which layers of a public page have enough activities, so that none, and no difference of them, is of a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.tiles.crowds import grouped, whole_in
from heatlas.tracks.filters import start_of

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
"""Title of the layer of a group in which an activity is; empty: in none."""


def titles_of(activities: Sequence[Activity], words: Sequence[str], least: int) -> dict[str, set[str]]:
    """Titles of the layers that are shown, by the word that they are asked for with.

    All layers are made of the same groups of at least so many activities, and a layer is shown that is made of whole
    ones. So are, then, all sums and differences of layers, and what is left when they are taken from all activities.

    Parameters
    ----------
    activities : sequence of Activity
        Of what there are layers.
    words : sequence of str
        Keys of LABELS; the first one decides first which activities come together, and loses the fewest layers.
    least : int
        Activities of a group.
    """
    labels = {word: [LABELS[word](activity) for activity in activities] for word in words}
    groups = grouped(list(zip(*labels.values(), strict=True)), least) if activities and words else np.zeros(0, np.int64)
    found = {}
    for word, titles in labels.items():
        whole = whole_in(groups, titles).tolist()
        found[word] = (
            set(titles) - {title for title, is_whole in zip(titles, whole, strict=True) if not is_whole} - {""}
        )
    return found
