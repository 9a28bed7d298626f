"""Persons among activities, for measures and limits that count them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.core.batch import Activity

__all__ = ["any_person", "refuse_nobody"]


def any_person(activities: Iterable[Activity]) -> bool:
    """Whether it is known of any activity whose it is."""
    return any(activity.person for activity in activities)


def refuse_nobody(what: str, activities: Iterable[Activity]) -> None:
    """Refuse what counts people where nobody is named.

    Raises
    ------
    BadOption
        Says how to name them.
    """
    if not any_person(activities):
        raise BadOption(
            f"{what} counts people, and it is not known whose any activity is: say it with --person when they are "
            "read, or of a library's by heatlas library person NAME --where FILTER"
        )
