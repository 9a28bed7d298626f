"""Tracks of a partition: read, cleaned, copies merged, filtered and cut. Later steps do not see what is hidden."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import join, order
from heatlas.core.errors import SourceFailed
from heatlas.core.frozen import frozen
from heatlas.core.report import Report
from heatlas.dataset.selection import Selection
from heatlas.dataset.tracks import Tracks
from heatlas.library.file.columns import AMOUNTS
from heatlas.scale.planes import column_of
from heatlas.sources.contract.columns import mending
from heatlas.sources.contract.partitions import find_partitions
from heatlas.sources.contract.reading import read_trips
from heatlas.sources.merging import without_copies
from heatlas.sources.reading import Outcome, cleaned
from heatlas.sources.sheets.exports import Exports
from heatlas.sources.sports import sport_name
from heatlas.tracks.metrics import metric_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch, Recording
    from heatlas.scale.recipe import Recipe

__all__ = ["PersonTracks", "read_tracks"]

_PACK = 1 << 19
"""Fixes of a batch, at least: a call takes longer than the work on a short track."""
_PRIVATE = "activities that are private"


@frozen
class PersonTracks:
    """Tracks that count, in batches of whole persons."""

    batch: Batch
    persons: NDArray[np.int64]
    """(tracks,) ascending, counted from 0 within the partition."""


def read_tracks(uri: str, recipe: Recipe, dropped: Counter[str]) -> Iterator[PersonTracks]:
    """Read the tracks of a partition that count, person by person.

    Parameters
    ----------
    uri : str
        Address or path of the partition.
    recipe : Recipe
        Filters and what is hidden. Private activities never count.
    dropped : Counter
        Reason -> number of what was left out; is added to.

    Raises
    ------
    SourceFailed
        When the partition cannot be read, or the trips of a person do not stand together.
    """
    (partition,) = find_partitions([uri])
    sensors = _sensors_of(recipe)

    @cache
    def richness() -> dict[tuple[str, str], int]:
        """Number of sensors of each trip; read where copies are compared, which is rare."""
        return {(person, trip.activity.id): len(trip.columns) for person, trip in read_trips(partition)}

    persons = _Persons(recipe, sensors, richness, dropped)
    batches: list[Batch] = []
    owners: list[int] = []
    for ordinal, (person, trips) in enumerate(_by_person(uri, read_trips(partition, sensors))):
        found = persons.tracks(person, trips)
        batches += found
        owners += [ordinal for batch in found for _ in batch.activities]
        if sum(batch.fixes for batch in batches) >= _PACK:
            yield PersonTracks(join(batches), np.array(owners, np.int64))
            batches, owners = [], []
    if batches:
        yield PersonTracks(join(batches), np.array(owners, np.int64))


def _by_person(uri: str, trips: Iterable[tuple[str, Recording]]) -> Iterator[tuple[str, list[Recording]]]:
    seen: set[str] = set()
    for person, some in groupby(trips, key=itemgetter(0)):
        if person in seen:  # would count as two persons, and pass a threshold
            raise SourceFailed(f"{uri}: the trips of {person} do not stand together: {mending(uri)}, sorted")
        seen.add(person)
        yield person, [trip for _, trip in some]


def _sensors_of(recipe: Recipe) -> frozenset[str]:
    """Columns of fixes that the measure reads."""
    name = column_of(recipe.look.measure)
    return frozenset() if name is None or name in AMOUNTS else metric_named(name).columns


@frozen
class _Persons:
    """Cleans the trips of one person after the other."""

    recipe: Recipe
    sensors: frozenset[str]
    richness: Callable[[], dict[tuple[str, str], int]]
    dropped: Counter[str]

    def tracks(self, person: str, trips: Iterable[Recording]) -> list[Batch]:
        """Clean, merge, filter and cut the tracks of a person."""
        outcome, report, none = Outcome(), Report(), Exports()
        found: list[Batch] = []
        for trip in trips:
            found += cleaned(outcome, trip, self.sensors, none, self.recipe.gaps)
        found = without_copies(
            sorted(found, key=order), report, lambda batch: self.richness()[person, batch.activities[0].id]
        )
        shown = [batch for batch in found if not batch.activities[0].private]
        if len(shown) < len(found):
            self.dropped[_PRIVATE] += len(found) - len(shown)
        tracks = _chosen(Tracks(tuple(shown)), self.recipe)
        self.dropped.update(outcome.dropped + report.dropped + tracks.report.dropped)
        return list(tracks.batches)


def _chosen(tracks: Tracks, recipe: Recipe) -> Tracks:
    """Tracks that the filter leaves, without their hidden parts."""
    asked = recipe.filter
    sports = {sport_name(sport) for sport in asked.sport}
    if sports and not any(activity.sport in sports for activity in tracks.activities):  # others may have them
        dropped = Counter({"activities that the filter left out": len(tracks)})
        return Tracks((), Report(dropped=dropped))
    selection = Selection(asked, recipe.privacy)
    return selection.hidden(selection.filtered(tracks))
