"""Filters of a public map: no answer, and no difference of two answers, is of a few activities.

Whoever may filter may also subtract: the year less its other months is the month that was too small to be shown, and
all of a month less its rides is its one run. So activities are put once into groups of at least so many, by sport, year
and month, and whatever a filter asks for, it is answered by the groups that it holds as a whole. Then all that can be
made of answers, sums, differences, what several have in common, is of whole groups as well.

What is too few joins what is most like it: small months of a sport and a year come together, then small years of a
sport, and small sports at last. Where even these are too few, the smallest group beside them takes them in.

A measure that is not known of all activities has groups of those alone of which it is known. What the whole map shows
without a filter is not touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.options import LEAST
from heatlas.tiles.look import Filter
from heatlas.tiles.snapshot import choose, chosen_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    from heatlas.tiles.snapshot import Chosen, Snapshot

    Groups = NDArray[np.int64]
    """(n,) group of each activity; -1: in none, it is never shown by a filter."""

__all__ = ["LEAST", "choose_among", "crowds_of", "grouped", "whole_in"]


def grouped(paths: Sequence[tuple[Hashable, ...]], least: int) -> Groups:
    """Put activities together that have a path in common, into groups of at least so many.

    Parameters
    ----------
    paths : sequence of tuple
        Of each activity, all of one length, such as (sport, year, month). Of what has a path in common but for its last
        part, that which is too small is put together; where that is still too small, it joins the smallest group there,
        and where there is none, the path without its last part decides in the same way.
    least : int
        Activities of a group. Where there are fewer in all, they are in none.
    """
    groups = np.full(len(paths), -1, np.int64)
    for number, members in enumerate(_gathered(paths, list(range(len(paths))), 0, least)[0]):
        groups[members] = number
    return groups


def _gathered(
    paths: Sequence[tuple[Hashable, ...]], here: list[int], depth: int, least: int
) -> tuple[list[list[int]], list[int]]:
    """Groups of the activities that have the first `depth` parts of their paths in common, and what is left of them."""
    if not here or depth == len(paths[here[0]]):
        return ([here], []) if len(here) >= least else ([], here)
    parts: dict[Hashable, list[int]] = {}
    for k in here:
        parts.setdefault(paths[k][depth], []).append(k)
    groups: list[list[int]] = []
    rest: list[int] = []
    for part in parts.values():
        enough, few = _gathered(paths, part, depth + 1, least)
        groups += enough
        rest += few
    if len(rest) >= least:
        return [*groups, rest], []
    if rest and groups:
        # The name decides between equal ones: the order in which activities were brought in must not.
        smallest = min(groups, key=lambda group: (len(group), min(repr(paths[k]) for k in group)))
        smallest += rest
        rest = []
    return groups, rest


def whole_in(groups: Groups, labels: Sequence[Hashable]) -> NDArray[np.bool_]:
    """(n,) which activities are in a group of which all have the same label: those that a filter of it shows."""
    found: dict[int, set[Hashable]] = {}
    for group, label in zip(groups.tolist(), labels, strict=True):
        found.setdefault(group, set()).add(label)
    return np.array([group >= 0 and len(found[group]) == 1 for group in groups.tolist()], np.bool_)


def crowds_of(snapshot: Snapshot, least: int, having: NDArray[np.bool_]) -> Groups:
    """Group the activities of a public map.

    Parameters
    ----------
    snapshot : Snapshot
        The map.
    least : int
        Activities of a group.
    having : ndarray of bool (n,)
        Of which what is shown is known; the others are in no group.
    """
    paths = [(values["sport"], values["year"], values["month"]) for values in snapshot.attributes]
    groups = np.full(len(paths), -1, np.int64)
    groups[having] = grouped([path for path, has in zip(paths, having.tolist(), strict=True) if has], least)
    return groups


def choose_among(snapshot: Snapshot, wanted: Filter, groups: Groups) -> Chosen:
    """Choose as `heatlas.tiles.snapshot.choose` does, but whole groups alone; nothing by a sport that there is not.

    Raises
    ------
    BadOption
        For a filter that cannot be worked out.
    """
    exact = choose(snapshot, wanted, absent=True)
    if wanted == Filter():
        return exact
    mask = exact.keep[snapshot.numbers]
    kept = np.ones(int(groups.max(initial=-1)) + 2, np.bool_)
    kept[groups[~mask]] = False
    kept[-1] = False  # those in no group
    return chosen_of(snapshot, kept[groups])
