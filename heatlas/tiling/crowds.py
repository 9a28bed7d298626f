"""Filters of a public map: no answer, and no difference of two answers, is of a few activities.

Whoever may filter may also subtract: the year less its other months is the month that was too small to be shown. So
activities are put into groups of at least so many, and a filter is answered by the groups that it holds as a whole:

- filters of time alone: each month with enough activities; what is left of a year together, if that is enough; what
  is left of all time together, if need be with the smallest of the others.
- filters of sport alone: each sport with enough; all others together, in the same way.
- filters of both: each sport in each of these months with enough; one is left out besides where the rest of its month,
  or of its sport, would be too few.

So sums and differences of answers to filters of one kind are always of whole groups, and an answer to a filter of both
leaves, in no month and in no sport, a rest of a few. What the whole map shows without a filter is not touched.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from heatlas.tiling.look import Filter
from heatlas.tiling.snapshot import choose, chosen_of
from heatlas.where import parse_filter

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from heatlas.tiling.snapshot import Chosen, Snapshot

    Groups = NDArray[np.int64]
    """(n,) group of each activity; -1: in none, it is never shown by a filter."""

__all__ = ["LEAST", "Crowds", "alone", "choose_among", "crowds_of", "grouped", "without_rests"]

L = TypeVar("L")
LEAST = 5
"""Activities that a filter of a public map must leave to be answered, unless another number is given."""
_OF_TIME = frozenset({"year", "month"})
_OTHERS = "\0others"
"""Name of what is too small for a group of its own; no sport is called so."""


def grouped(paths: Sequence[tuple[Hashable, ...]], least: int) -> Groups:
    """Put activities together that have a path in common, into groups of at least so many.

    Parameters
    ----------
    paths : sequence of tuple
        Of each activity, such as (year, month). What is too small is put together under the path without its last
        part, at last under none; where that is too small, the smallest group joins it, of several that were put
        together so if there is one.
    least : int
        Activities of a group.
    """
    names: list[tuple[Hashable, ...]] = list(paths)
    rest: tuple[Hashable, ...] = (_OTHERS,)
    for depth in range(max(map(len, paths), default=0) - 1, -1, -1):
        counts = Counter(names)
        names = [
            name if counts[name] >= least else (*path[:depth], _OTHERS) for name, path in zip(names, paths, strict=True)
        ]
    counts = Counter(names)
    while 0 < counts[rest] < least and len(counts) > 1:
        # What is put together already, rather than what stands alone.
        smallest = min(counts.keys() - {rest}, key=lambda name: (name[-1] != _OTHERS, counts[name], repr(name)))
        names = [rest if name == smallest else name for name in names]
        counts = Counter(names)
    places = {name: k if count >= least else -1 for k, (name, count) in enumerate(counts.items())}
    return np.array([places[name] for name in names], np.int64)


def alone(groups: Groups, labels: Sequence[L]) -> dict[L, int]:
    """Labels whose activities are a group of their own, and how many they are."""
    of_group: dict[int, set[L]] = {}
    for group, label in zip(groups.tolist(), labels, strict=True):
        of_group.setdefault(group, set()).add(label)
    whole = {next(iter(found)) for group, found in of_group.items() if group >= 0 and len(found) == 1}
    counts = Counter(labels)
    groups_of: dict[L, set[int]] = {}
    for group, label in zip(groups.tolist(), labels, strict=True):
        groups_of.setdefault(label, set()).add(group)
    return {label: counts[label] for label in counts if label in whole and len(groups_of[label]) == 1}


def without_rests(rows: Groups, columns: Groups, least: int) -> Groups:
    """Put activities of one row and one column together, so that in no row and no column a rest of a few is left.

    Parameters
    ----------
    rows, columns : ndarray of int64 (n,)
        Groups of each activity in two ways.
    least : int
        Activities of a group.
    """
    cells = np.unique(np.stack((rows, columns)), axis=1, return_inverse=True)[1].reshape(-1)
    size = np.bincount(cells)
    row, column = (np.zeros(len(size), np.int64) for _ in range(2))
    row[cells], column[cells] = rows, columns
    shown = (size >= least) & (row >= 0) & (column >= 0)
    while True:
        dropped = False
        for side in (row, column):
            for line in np.unique(side):
                here = side == line
                rest = int(size[here & ~shown].sum())
                if 0 < rest < least and (here & shown).any():
                    candidates = np.flatnonzero(here & shown)
                    shown[candidates[np.argmin(size[candidates])]] = False
                    dropped = True
        if not dropped:
            break
    groups: Groups = np.where(shown[cells], cells, -1)
    return groups


@dataclass(frozen=True)
class Crowds:
    """Groups of the activities of a public map."""

    months: list[tuple[Any, ...]]
    """(n) year and month of each activity, None where unknown."""
    sports: list[tuple[str]]
    least: int

    @cached_property
    def by_time(self) -> Groups:
        """Groups of filters of time."""
        return grouped(self.months, self.least)

    @cached_property
    def by_sport(self) -> Groups:
        """Groups of filters of sport."""
        return grouped(self.sports, self.least)

    @cached_property
    def by_both(self) -> Groups:
        """Groups of all other filters."""
        return without_rests(self.by_time, self.by_sport, self.least)


def crowds_of(snapshot: Snapshot, least: int) -> Crowds:
    """Group the activities of a public map."""
    known = snapshot.attributes
    months = [(values["year"], values["month"]) for values in known]
    return Crowds(months, [(values["sport"],) for values in known], least)


def choose_among(snapshot: Snapshot, wanted: Filter, crowds: Crowds) -> Chosen:
    """Choose as `heatlas.tiling.snapshot.choose` does, but whole groups alone; nothing by a sport that there is not.

    Raises
    ------
    BadOption
        For a filter that cannot be worked out.
    """
    exact = choose(snapshot, wanted, absent=True)
    if wanted == Filter():
        return exact
    mask = exact.keep[snapshot.numbers]
    groups = _groups(wanted, crowds)
    kept = np.zeros(int(groups.max(initial=-1)) + 2, np.bool_)
    kept[groups] = True
    kept[groups[~mask]] = False
    kept[-1] = False  # those in no group
    return chosen_of(snapshot, kept[groups])


def _groups(wanted: Filter, crowds: Crowds) -> Groups:
    asked = set() if wanted.where is None else _properties(parse_filter(wanted.where))
    of_sport = bool(wanted.sports) or "sport" in asked
    of_time = wanted.after is not None or wanted.before is not None or bool(asked & _OF_TIME)
    if of_sport == of_time or asked - _OF_TIME - {"sport"}:
        return crowds.by_both
    return crowds.by_sport if of_sport else crowds.by_time


def _properties(tree: Any) -> set[str]:
    """Attributes that a filter asks for."""
    if isinstance(tree, list):
        return set().union(*map(_properties, tree))
    if not isinstance(tree, dict):
        return set()
    own = {tree["property"]} if isinstance(tree.get("property"), str) else set()
    return own | set().union(*map(_properties, tree.values()))
