"""Choose the activity that is shown, in each group of copies."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.tracks.duplicates.candidates import candidates
from heatlas.tracks.duplicates.sameness import same
from heatlas.tracks.duplicates.traces import is_part, is_shorter, poverty, trace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from heatlas.core.batch import Batch
    from heatlas.tracks.duplicates.traces import Trace

__all__ = ["Judge", "Verdict", "judge_all"]

_MOST = 20
"""Most others of its group that an activity is compared with."""


@frozen
class Verdict:
    """Activities that another one is shown for, by their indices (or numbers)."""

    copy_of: dict[int, int]
    """Copy -> the activity that is shown in its place."""
    private_by: dict[int, int]
    """Activity that is shown -> a private copy of it that is shown, or merged, elsewhere, such as a piece of two."""

    def copies(self) -> dict[int, list[int]]:
        """List the copies of each shown activity that has any; an empty list for one in `private_by` without copies."""
        found: dict[int, list[int]] = {shown: [] for shown in self.private_by}
        for copy, shown in self.copy_of.items():
            found.setdefault(shown, []).append(copy)
        return found


class Judge:
    """Compares tracks, each pair once; tracks may be added when they are needed.

    Parameters
    ----------
    columns : callable
        Counts the columns of a track, also those that were not read.
    """

    def __init__(self, columns: Callable[[Batch], int] = lambda batch: len(batch.columns)) -> None:
        self._columns = columns
        self.batches: dict[int, Batch] = {}
        self._traces: dict[int, Trace] = {}
        self._verdicts: dict[tuple[int, int], bool] = {}
        self._ranks: dict[int, tuple[Any, ...]] = {}
        self._orders: dict[int, tuple[Any, ...]] = {}

    def add(self, number: int, batch: Batch) -> None:
        """Add a track under a number."""
        self.batches[number] = batch

    def trace(self, number: int) -> Trace:
        """Return the trace of a track, which is compared with others."""
        if number not in self._traces:
            self._traces[number] = trace_of(self.batches[number])
        return self._traces[number]

    def rank(self, number: int) -> tuple[Any, ...]:
        """Sort key of a track: the richest first."""
        if number not in self._ranks:
            self._ranks[number] = self._poverty(number, self._columns(self.batches[number]))
        return self._ranks[number]

    def _poverty(self, number: int, columns: int) -> tuple[Any, ...]:
        batch = self.batches[number]
        timed = int(np.count_nonzero(batch.time == batch.time))  # NaN is not
        return (*poverty(batch.activities[0], batch.fixes, timed, columns), number)

    def same(self, a: int, b: int) -> bool:
        """Whether two are copies of one activity."""
        for number in (a, b):  # in a crowd, each is compared with hundreds
            if number not in self._orders:
                self._orders[number] = self._poverty(number, 0)
        pair = (a, b) if self._orders[a] < self._orders[b] else (b, a)
        if pair not in self._verdicts:
            self._verdicts[pair] = same(self.trace(pair[0]), self.trace(pair[1]))
        return self._verdicts[pair]

    def part(self, k: int, whole: int) -> bool:
        """Whether one is so short that it can only be a part of the other."""
        copy, other = self.trace(k), self.trace(whole)
        return is_part((copy.span, other.span), lambda: (copy.under_way, other.under_way))

    def private(self, k: int) -> bool:
        """Whether an activity's own source marks it as private."""
        return any(activity.private for activity in self.batches[k].activities)

    def person(self, k: int) -> str:
        """Whose an activity is by its own source; empty when unknown."""
        return self.batches[k].activities[0].person

    def decide(self, numbers: Iterable[int], pairs: Iterable[tuple[int, int]]) -> Verdict:
        """Decide which activities are shown, given pairs among them that may be copies."""
        copy_of: dict[int, int] = {}
        private_by: dict[int, int] = {}
        for members in _groups(numbers, pairs, self):
            group = _Group(self, sorted(members, key=self.rank))
            copy_of |= group.copy_of
            private_by |= group.private_by()
        return Verdict(copy_of, private_by)


@dataclass
class _Group:
    judge: Judge
    members: list[int]
    """The richest first."""

    @cached_property
    def copy_of(self) -> dict[int, int]:
        """Member that is left out -> the one shown in its place: the richest, but never a part of it."""
        judge = self.judge
        kept: list[int] = []
        copy_of: dict[int, int] = {}
        parts = {k for k in self.members if self._is_part(k)}
        whose: dict[int, str] = {}
        for k in sorted(self.members, key=lambda k: k in parts):
            person = judge.person(k)
            original = next(
                (
                    o for o in kept[:_MOST]
                    if not (person and whose[o] and person != whose[o]) and not judge.part(o, k) and judge.same(k, o)
                ),
                None,
            )  # fmt: skip
            if original is None:
                kept.append(k)
                whose[k] = person
            else:
                copy_of[k] = original
                whose[original] = whose[original] or person  # from now on it takes no copies of others
        return copy_of

    def _is_part(self, k: int) -> bool:
        judge = self.judge
        mine = judge.trace(k).under_way
        longer = takewhile(lambda other: is_shorter(mine, judge.trace(other).under_way), self._longest)
        wholes = (other for other in longer if judge.part(k, other))
        return any(judge.same(k, other) for other in islice(wholes, _MOST))

    @cached_property
    def _longest(self) -> list[int]:
        """Members with times, the longest first."""
        spans = {k: span[1] - span[0] for k in self.members if (span := self.judge.trace(k).under_way) is not None}
        return sorted(spans, key=lambda k: -spans[k])

    def private_by(self) -> dict[int, int]:
        """Member shown as public -> a private member that is a copy of it too."""
        judge = self.judge
        found: dict[int, int] = {}
        secret = [k for k in self.members if judge.private(k)]
        already_private = {*secret, *(self.copy_of[k] for k in secret if k in self.copy_of)}
        for shown in self.members if secret else ():
            if shown not in self.copy_of and shown not in already_private:
                by = next((k for k in secret if judge.same(k, shown)), None)
                if by is not None:
                    found[shown] = by
        return found


def judge_all(
    batches: Sequence[Batch], columns: Callable[[Batch], int] = lambda batch: len(batch.columns)
) -> tuple[Judge, Verdict]:
    """Decide which activities, a batch each, are copies of others; their numbers are the indices."""
    judge = Judge(columns)
    for k, batch in enumerate(batches):
        judge.add(k, batch)
    pairs = candidates([judge.trace(k) for k in range(len(batches))])
    return judge, judge.decide(range(len(batches)), pairs)


def _groups(numbers: Iterable[int], pairs: Iterable[tuple[int, int]], judge: Judge) -> list[list[int]]:
    """Group activities that pairs of copies connect; activities without copies are left out."""
    root = {k: k for k in numbers}

    def find(k: int) -> int:
        while root[k] != k:
            root[k] = root[root[k]]
            k = root[k]
        return k

    for a, b in pairs:
        if find(a) != find(b) and judge.same(a, b):
            root[find(a)] = find(b)
    groups: dict[int, list[int]] = defaultdict(list)
    for k in root:
        groups[find(k)].append(k)
    return [group for group in groups.values() if len(group) > 1]
