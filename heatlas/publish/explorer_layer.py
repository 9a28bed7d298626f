"""Explorer tiles beside published heat, for everybody to see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption

if TYPE_CHECKING:
    from heatlas.tiles.fields import Field

__all__ = ["explorer_data"]


def explorer_data(field: Field, zoom: int | None) -> dict[str, Any] | None:
    """Explorer tiles of what is shown of the chosen activities, without days and counts; None if not requested.

    Raises
    ------
    BadOption
        For points, and for a zoom that the index does not hold.
    """
    if zoom is None:
        return None
    if field.look.point_set:
        raise BadOption("--explorer counts tiles that tracks visit, and points are shown: leave it out")
    from heatlas.explorer.explored import Counting, explored_of
    from heatlas.explorer.report import map_data
    from heatlas.explorer.visits import shown_visits

    visits = shown_visits(field.view.library, field.chosen.keep, zoom)
    visits = visits.of_enough(field.snapshot.people, field.snapshot.threshold)
    numbers, keep = field.snapshot.activities, field.chosen.keep
    activities = {number: activity for number, activity in numbers.items() if keep[number]}
    if field.snapshot.threshold.people:
        activities = {number: activities[number] for number in set(visits.number.tolist())}
    return map_data(explored_of(visits, activities, zoom, Counting(whole=False, public=True)))
