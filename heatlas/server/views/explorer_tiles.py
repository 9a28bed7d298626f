"""Explorer tiles of a served library, as the page draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.explorer.chosen import DEFAULT, ZOOMS, explorer_of_view
from heatlas.explorer.explored import Counting
from heatlas.server.site.query import FILTER, only, parse_filter_of, whole

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams

    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.snapshot import Snapshot

__all__ = ["explorer_data"]


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
    counting = Counting(whole=not (site.public or site.token is not None), public=site.public)
    return explorer_of_view(site.view, snapshot, parse_filter_of(query, site.public), zoom, counting, site.visits)
