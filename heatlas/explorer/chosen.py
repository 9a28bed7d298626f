"""Explorer tiles of the activities of a library that a filter chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.context import NOBODY
from heatlas.core.errors import NothingToDraw
from heatlas.explorer.explored import Counting, explored_of
from heatlas.explorer.report import map_data
from heatlas.explorer.visits import is_indexed, maybe_cut, shown_visits, whole_visits
from heatlas.library.index.coverage import renewal
from heatlas.options import least_of
from heatlas.raster.threshold import Limits, nowhere_enough
from heatlas.tiles.cache import Cache
from heatlas.tiles.look import Filter
from heatlas.tiles.snapshot import choose, chosen_of
from heatlas.tiles.view import choose_in, close, open_view

if TYPE_CHECKING:
    from heatlas.core.context import Context
    from heatlas.explorer.explored import Explored
    from heatlas.explorer.visits import TileVisits
    from heatlas.library.file.store import Library
    from heatlas.options import ExplorerOptions, FilterOptions
    from heatlas.tiles.snapshot import Chosen, Snapshot
    from heatlas.tiles.view import View

__all__ = ["DEFAULT", "ZOOMS", "VisitsCache", "choose_shown", "explore_chosen", "explorer_of_view"]

ZOOMS = (10, 17)
"""First and last zoom that maps show: finer tiles are too many to be sent."""
DEFAULT = 14
"""Zoom that maps show when nobody says."""
_VISITS = 96 << 20
"""Bytes of visits that are held in memory."""


def explore_chosen(
    library: Library, zoom: int, wanted: FilterOptions, asked: ExplorerOptions, context: Context
) -> tuple[Explored, TileVisits, str]:
    """Find the tiles of the activities that a filter chooses: of whole tracks, or for everybody of what is shown.

    Returns
    -------
    Explored, TileVisits
        Their tiles.
    str
        Sentence on what an older heatlas indexed and the filter asks for; empty if nothing.

    Raises
    ------
    BadOption
        For a filter that cannot be worked out, or a zoom that the index does not hold.
    NothingToDraw
        When nothing is left.
    """
    least = least_of(asked)
    view = open_view(library, asked.public, least=least, utc=wanted.utc, limits=Limits(asked.at_least))
    try:
        snapshot = view.snapshot
        chosen = choose_shown(view, snapshot, Filter(wanted.where, wanted.sport, wanted.after, wanted.before))
    finally:
        close(view)
    old = renewal(chosen.asked & snapshot.outdated, library.path)
    activities = {number: one for number, one in snapshot.activities.items() if chosen.keep[number]}
    if not snapshot.activities:
        raise NothingToDraw("there is no activity with a position in what was given")
    if not activities:
        few = f" of at least {least}" if asked.public else ""
        more = f"; {old}" if old else ""
        raise NothingToDraw(f"the filter leaves none{few} of {len(snapshot.activities):,} activities{more}")
    visits = _visits(library, snapshot, chosen, zoom, Counting(not asked.public), context)
    visits = visits.of_enough(snapshot.people, snapshot.threshold)
    if not len(visits.tile) and snapshot.threshold.people:
        raise NothingToDraw(nowhere_enough(snapshot.threshold, activities.values()))
    if snapshot.threshold.people:
        activities = {number: activities[number] for number in set(visits.number.tolist())}
    if not len(visits.tile):
        raise NothingToDraw("no activity goes through a tile: nothing is shown of them, or they lie beyond the map")
    return explored_of(visits, activities, zoom, Counting(not asked.public, asked.public)), visits, old


class VisitsCache(Cache["TileVisits"]):
    """Visits of all activities, by version of the library, zoom and what is counted."""

    def __init__(self) -> None:
        super().__init__(_VISITS, lambda visits: visits.nbytes)


def explorer_of_view(
    view: View, snapshot: Snapshot, wanted: Filter, zoom: int, counting: Counting, cache: VisitsCache
) -> dict[str, Any]:
    """Explorer tiles of the activities that a filter chooses, in the form that maps draw; nothing chosen is no tiles.

    Raises
    ------
    BadOption
        For a filter that cannot be worked out, or a zoom that the index does not hold.
    """
    keep = choose_shown(view, snapshot, wanted).keep
    visits = cache.get(
        (snapshot.version, zoom, counting.whole),
        lambda: _visits(view.library, snapshot, choose(snapshot, Filter()), zoom, counting),
    )
    activities = {number: one for number, one in snapshot.activities.items() if keep[number]}
    shown = visits.of(keep).of_enough(snapshot.people, snapshot.threshold)
    if snapshot.threshold.people:
        activities = {number: activities[number] for number in set(shown.number.tolist())}
    return map_data(explored_of(shown, activities, zoom, counting))


def _visits(
    library: Library, snapshot: Snapshot, chosen: Chosen, zoom: int, counting: Counting, context: Context = NOBODY
) -> TileVisits:
    """Visits of chosen activities.

    What nothing is hidden of is whole in the index, which gives it in a hundredth of the time.
    """
    if not counting.whole:
        return shown_visits(library, chosen.keep, zoom)
    numbers = snapshot.numbers[chosen.keep[snapshot.numbers]]
    if not is_indexed(snapshot.settings, zoom):
        cut = numbers
    elif snapshot.hides:
        cut = numbers[maybe_cut(library, numbers)]
    else:
        cut = numbers[:0]
    indexed = chosen.keep.copy()
    indexed[cut] = False
    whole = whole_visits(library, {number: snapshot.activities[number] for number in cut.tolist()}, zoom, context)
    return whole.joined(shown_visits(library, indexed, zoom)) if indexed.any() else whole


def choose_shown(view: View, snapshot: Snapshot, wanted: Filter) -> Chosen:
    """Choose activities; for everybody whole groups, and none where there are fewer than the map's least number."""
    chosen = choose_in(view, snapshot, wanted)
    if view.public and chosen.count < view.least:
        return chosen_of(snapshot, snapshot.numbers < 0)
    return chosen
