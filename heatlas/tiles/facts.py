"""What a measure reads of activities: their facts, and which are on either side of a difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.library.index.coverage import renewal
from heatlas.library.index.passage_tiles import needs_facts
from heatlas.library.rows.activity_means import ActivityFacts, read_means
from heatlas.tiles.look import Filter
from heatlas.tiles.view import choose_in
from heatlas.tracks.athlete import refuse_without_athlete
from heatlas.tracks.filters import names_in
from heatlas.tracks.people import refuse_nobody

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from heatlas.library.index.passage_tiles import Sides
    from heatlas.raster.measure import Measure
    from heatlas.tiles.snapshot import Snapshot
    from heatlas.tiles.view import View
    from heatlas.tracks.metrics.model import Model

__all__ = ["all_facts", "facts_of", "sides_of"]


def sides_of(view: View, snapshot: Snapshot, measure: Measure) -> Sides | None:
    """Activities on either side of a difference, by number: on a public map in whole groups.

    Raises
    ------
    BadOption
        When a filter leaves none, or on a public map too few.
    """
    if not measure.sides:
        return None

    def choose_one(text: str) -> NDArray[np.bool_]:
        chosen = choose_in(view, snapshot, Filter(text), recorded=measure.recorded)
        if not chosen.count:
            few = "too few activities for a public map" if view.public else "no activity"
            asked = frozenset() if view.public else names_in(text) & snapshot.outdated
            old = renewal(asked, view.library.path.name)
            more = f"; {old}" if old else ""
            raise BadOption(f"the filter {text!r} of {measure} leaves {few}: take a wider one{more}")
        return chosen.keep

    key = (snapshot.version, measure.recorded, measure.sides)
    return view.sides.get(key, lambda: (choose_one(measure.sides[0]), choose_one(measure.sides[1])))


def facts_of(view: View, snapshot: Snapshot, measure: Measure, model: Model | None = None) -> ActivityFacts | None:
    """All that the measure reads of activities, if it reads any; a model of the heart rate is fitted unless given.

    Raises
    ------
    BadOption
        Where a measure needs to know of the athlete what the library does not.
    """
    if not needs_facts(measure):
        return None
    if snapshot.activities:
        refuse_without_athlete(measure.reads, str(measure), snapshot.activities.values())
        if measure.reduction == "people":
            refuse_nobody(str(measure), snapshot.activities.values())

    facts = all_facts(view, snapshot)
    return facts if model is None else facts.holding(model)


def all_facts(view: View, snapshot: Snapshot) -> ActivityFacts:
    """Facts and means of all activities, whatever the measure; read once."""

    def read() -> ActivityFacts:
        with view.library.read() as connection:
            return ActivityFacts(snapshot.activities, read_means(connection, max(snapshot.activities, default=0)))

    return view.facts.get((snapshot.version,), read)
