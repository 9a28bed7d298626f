"""Persons among activities, for measures and limits that count them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity

__all__ = ["any_person", "numbers_of", "refuse_nobody"]


def any_person(activities: Iterable[Activity]) -> bool:
    """Whether it is known of any activity whose it is."""
    return any(activity.person for activity in activities)


def numbers_of(activities: Iterable[Activity]) -> NDArray[np.int64]:
    """(n,) number of the person of each activity, in the order of names; -1: nobody's."""
    people = [activity.person for activity in activities]
    numbers = {name: number for number, name in enumerate(sorted(set(people) - {""}))}
    return np.array([numbers.get(person, -1) for person in people], np.int64)


def refuse_nobody(what: str, activities: Iterable[Activity]) -> None:
    """Refuse what counts people where nobody is named.

    Raises
    ------
    BadOption
        Says how to name them.
    """
    if not any_person(activities):
        raise BadOption(
            f"{what} needs persons, and nobody has said whose any activity is: say it with --person when they "
            "are read, or of a library's by heatlas library person NAME --where FILTER"
        )
