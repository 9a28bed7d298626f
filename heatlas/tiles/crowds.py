"""Filters of a public map: no answer, and no difference of two answers, is of a few activities.

Visitors can subtract answers: a year less its other months gives the month that was too small to be shown, and a month
less its rides gives its one run. Activities are therefore grouped once, by sport, year and month, into groups of a
minimum size. A filter shows only the groups that it contains as a whole. Sums, differences and intersections of
answers then consist of whole groups too.

With a threshold of people, groups are of so many people, too.

Small groups join the most similar ones: small months of a sport and year are merged, then small years of a sport,
then small sports. If these are still too few, they join the smallest group beside them.

A measure that is not known for all activities has groups of those for which it is known. The map without a filter is
not affected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.options import LEAST
from heatlas.tiles.look import Filter
from heatlas.tiles.snapshot import choose, chosen_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

    from heatlas.tiles.snapshot import Chosen, Snapshot

    Groups = NDArray[np.int64]
    """(n,) group of each activity; -1: in none, no filter shows it."""

__all__ = ["LEAST", "choose_among", "crowds_of", "grouped", "whole_in"]


def grouped(paths: Sequence[tuple[Hashable, ...]], least: int, people: Sequence[str] = (), at_least: int = 0) -> Groups:
    """Group activities with equal paths into groups of at least `least`, and of at least so many people.

    Parameters
    ----------
    paths : sequence of tuple
        Path of each activity, all of one length, such as (sport, year, month). Groups that are too small are merged if
        their paths differ in the last part alone. If the merged group is still too small, it joins the smallest group
        there. If there is none, the same is done one part higher.
    least : int
        Minimum size of a group. If there are fewer activities in all, they are in no group.
    people : sequence of str
        Whose each activity is; read where people are counted.
    at_least : int
        Minimum number of different people of a group.
    """

    def are_enough(members: list[int]) -> bool:
        return len(members) >= least and (not at_least or len({people[k] for k in members} - {""}) >= at_least)

    groups = np.full(len(paths), -1, np.int64)
    for number, members in enumerate(_gathered(paths, list(range(len(paths))), 0, are_enough)[0]):
        groups[members] = number
    return groups


def _gathered(
    paths: Sequence[tuple[Hashable, ...]], here: list[int], depth: int, are_enough: Callable[[list[int]], bool]
) -> tuple[list[list[int]], list[int]]:
    """Groups of activities that share the first `depth` parts of their paths, and the activities left over."""
    if not here or depth == len(paths[here[0]]):
        return ([here], []) if are_enough(here) else ([], here)
    parts: dict[Hashable, list[int]] = {}
    for k in here:
        parts.setdefault(paths[k][depth], []).append(k)
    groups: list[list[int]] = []
    rest: list[int] = []
    for part in parts.values():
        enough, few = _gathered(paths, part, depth + 1, are_enough)
        groups += enough
        rest += few
    if rest and are_enough(rest):
        return [*groups, rest], []
    if rest and groups:
        # Ties are broken by path, as the result must not depend on the order of import.
        smallest = min(groups, key=lambda group: (len(group), min(repr(paths[k]) for k in group)))
        smallest += rest
        rest = []
    return groups, rest


def whole_in(groups: Groups, labels: Sequence[Hashable]) -> NDArray[np.bool_]:
    """(n,) whether all activities of each one's group have the same label, so that a filter by the label shows it."""
    found: dict[int, set[Hashable]] = {}
    for group, label in zip(groups.tolist(), labels, strict=True):
        found.setdefault(group, set()).add(label)
    return np.array([group >= 0 and len(found[group]) == 1 for group in groups.tolist()], np.bool_)


def crowds_of(snapshot: Snapshot, least: int, having: NDArray[np.bool_]) -> Groups:
    """Group the activities of a public map.

    Parameters
    ----------
    snapshot : Snapshot
        State of the library.
    least : int
        Minimum size of a group.
    having : ndarray of bool (n,)
        Activities for which the measure is known; the others are in no group.
    """
    paths = [(values["sport"], values["year"], values["month"]) for values in snapshot.attributes]
    groups = np.full(len(paths), -1, np.int64)
    chosen = np.flatnonzero(having).tolist()
    whose = [values["person"] for values in snapshot.attributes]
    groups[having] = grouped([paths[k] for k in chosen], least, [whose[k] for k in chosen], snapshot.threshold.people)
    return groups


def choose_among(snapshot: Snapshot, wanted: Filter, groups: Groups) -> Chosen:
    """Choose as `heatlas.tiles.snapshot.choose` does, but only whole groups; a sport that no activity has gives none.

    Raises
    ------
    BadOption
        For a filter that cannot be evaluated.
    """
    exact = choose(snapshot, wanted, absent=True)
    if wanted == Filter():
        return exact
    mask = exact.keep[snapshot.numbers]
    kept = np.ones(int(groups.max(initial=-1)) + 2, np.bool_)
    kept[groups[~mask]] = False
    kept[-1] = False  # group -1: in no group
    return chosen_of(snapshot, kept[groups])
