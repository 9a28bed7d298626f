"""Explorer tiles of a served library, as the page draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.explorer.chosen import choose_shown
from heatlas.explorer.explored import Counting, explored_of
from heatlas.explorer.report import map_data
from heatlas.explorer.visits import shown_visits, whole_visits
from heatlas.server.query import FILTER, only, parse_filter_of, whole
from heatlas.tiles.look import Filter
from heatlas.tiles.snapshot import choose

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from heatlas.explorer.visits import TileVisits
    from heatlas.server.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["DEFAULT", "ZOOMS", "explorer_data"]

ZOOMS = (10, 17)
"""First and last zoom that may be requested: finer tiles are too many to be sent."""
DEFAULT = 14


def explorer_data(site: ServedLibrary, snapshot: Snapshot, query: QueryParams) -> dict[str, Any]:
    """Visited tiles and scores of the activities that a filter chooses, as plain data.

    The owner's scores count whole tracks. Whoever needs a token, or looks at a public map, gets those of what is shown.

    Raises
    ------
    BadOption
        For parameters that cannot be used.
    """
    only(query, "z", *FILTER)
    zoom = whole("z", query.get("z"), *ZOOMS, DEFAULT)
    chosen = choose_shown(site.view, snapshot, parse_filter_of(query, site.public))
    counting = Counting(whole=not (site.public or site.token is not None), public=site.public)
    visits = site.visits.get((snapshot.version, zoom), lambda: _visits(site, snapshot, zoom, counting))
    activities = {number: one for number, one in snapshot.activities.items() if chosen.keep[number]}
    return map_data(explored_of(visits.of(chosen.keep), activities, zoom, counting))


def _visits(site: ServedLibrary, snapshot: Snapshot, zoom: int, counting: Counting) -> TileVisits:
    """Visits of all activities of a snapshot.

    Where nothing is hidden, what is shown is whole, and the index gives it sooner.
    """
    library = site.view.library
    if counting.whole and snapshot.hides:
        return whole_visits(library, snapshot.activities, zoom)
    return shown_visits(library, choose(snapshot, Filter()).keep, zoom)
