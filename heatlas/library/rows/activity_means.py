"""Means of columns over whole activities, and the moments of the heart rate's model: written when they are indexed.

Both are taken of what is shown, cuts applied, by the functions that tracing uses, and stored to the last bit.
"""

from __future__ import annotations

import math
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.hashing import blake2b
from heatlas.library.file.columns import VALUES
from heatlas.library.file.digests import blob_tables
from heatlas.library.file.settings import read_settings
from heatlas.library.file.sound_blobs import blobs
from heatlas.library.file.sound_rows import damaged
from heatlas.tracks.filters import EFFORT, names_in
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.metrics.means import efforts_of, means_of, middles_of, moments_of, weights_of
from heatlas.tracks.metrics.model import MODELLED, fit_model
from heatlas.tracks.people import numbers_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity
    from heatlas.library.rows.passages import PreparedTrack
    from heatlas.tracks.metrics.model import Model

__all__ = ["ActivityFacts", "delete_means", "read_effort", "read_means", "with_effort", "write_means"]

_MODELS = 64
"""Choices of activities whose models are remembered."""
_SIDE = 6
"""Rows of the moments."""
_EFFORT = {"decoupling": 0, "mean_heart_rate": VALUES["heart_rate"].column, "normalised_power": 1}
"""Attribute of an effort -> its place: that of its mean, or of a column without one, as pixels and seconds are."""
assert [*_EFFORT] == [*EFFORT]


def write_means(connection: sqlite3.Connection, tracks: Mapping[int, PreparedTrack]) -> None:
    """Write the means of activities, by number; tracks are cut."""
    rows = []
    for number, track in tracks.items():
        values, batch = np.full(_width(), np.nan), track.batch
        middles, weight = middles_of(batch, track.metrics, track.metrics), weights_of(batch, track.metres)
        means = means_of(batch, track.metrics, middles, weight)
        for name, mean in means.items():
            values[VALUES[name].column] = mean[0]
        for name, effort in efforts_of(batch, middles, means).items():
            values[_EFFORT[name]] = effort[0]
        modelled = track.metrics.keys() >= {*MODELLED}
        moments = moments_of(batch, middles, weight)[0] if modelled else np.zeros((_SIDE, _SIDE))
        rows.append((number, np.concatenate([values, moments.ravel()]).astype("<f8").tobytes()))
    connection.executemany("INSERT OR REPLACE INTO activity_means VALUES (?, ?)", rows)


def delete_means(connection: sqlite3.Connection, numbers: Collection[int]) -> None:
    """Delete the means of activities."""
    connection.executemany("DELETE FROM activity_means WHERE number = ?", [(number,) for number in numbers])


def _width() -> int:
    return max(encoding.column for encoding in VALUES.values()) + 1


@frozen
class ActivityMeans:
    """Means and moments of all activities of a library, by number."""

    means: dict[str, NDArray[np.float64]]
    """Metric at fixes -> (numbers,), NaN where unknown."""
    effort: dict[str, NDArray[np.float64]]
    """Attribute of efforts -> (numbers,), NaN where unknown."""
    moments: NDArray[np.float64]
    """(numbers, n, n) as `heatlas.tracks.metrics.means.moments_of` gives them."""


def read_means(connection: sqlite3.Connection, most: int) -> ActivityMeans:
    """Read the means of activities with numbers up to `most`; of those that were indexed before, none are known."""
    read_settings(connection).demand_facts()
    values = np.full((most + 1, _width()), np.nan)
    moments = np.zeros((most + 1, _SIDE, _SIDE))
    for number, data in _rows(connection, most):
        found = np.frombuffer(data, "<f8")
        width = len(found) - _SIDE * _SIDE
        values[number, : min(width, _width())] = found[: min(width, _width())]
        moments[number] = found[width:].reshape(_SIDE, _SIDE)
    means = {name: values[:, encoding.column] for name, encoding in VALUES.items()}
    return ActivityMeans(means, {name: values[:, place] for name, place in _EFFORT.items()}, moments)


def read_effort(connection: sqlite3.Connection) -> dict[int, dict[str, float]]:
    """Read the attributes that filters know of activities' efforts, by number; what is unknown is left out."""
    places = list(_EFFORT.values())
    found = {}
    for number, data in _rows(connection):
        effort = dict(zip(_EFFORT, np.frombuffer(data, "<f8")[places].tolist(), strict=True))
        found[number] = {name: value for name, value in effort.items() if not math.isnan(value)}
    return found


def _rows(connection: sqlite3.Connection, most: int = (1 << 63) - 1) -> Iterator[tuple[int, bytes]]:
    """Numbers of activities up to `most`, and the bytes of their means."""
    if "activity_means" not in blob_tables(connection):
        return
    least = 8 * (_SIDE * _SIDE + max(_EFFORT.values()) + 1)
    for number, data in blobs(connection, "activity_means", (0, most), lambda k: f"the means of activity {k}"):
        if len(data) % 8 or len(data) < least:
            raise damaged(connection, f"the means of activity {number} are none")
        yield number, data


def with_effort(
    connection: sqlite3.Connection, activities: Mapping[int, Activity], where: Collection[str | None]
) -> dict[int, Activity]:
    """Activities with what filters ask of their efforts, if they do."""
    if not any(names_in(text) & {*EFFORT} for text in where):
        return dict(activities)
    read_settings(connection).demand_facts()
    effort = read_effort(connection)
    return {k: replace(one, facts={**one.facts, **effort.get(k, {})}) for k, one in activities.items()}


class ActivityFacts:
    """All that measures read of activities, by number; worked out when it is first asked for.

    Parameters
    ----------
    activities : mapping of int to Activity
        Those that are shown, with the attributes of their copies.
    means : ActivityMeans
        Of the same library.
    """

    def __init__(self, activities: Mapping[int, Activity], means: ActivityMeans) -> None:
        self._activities, self._means = activities, means
        self._known: dict[str, NDArray[np.float64]] = {}
        self._held: Model | None = None
        self._fitted: dict[bytes, Model | None] = {}

    def holding(self, model: Model) -> ActivityFacts:
        """Copy with a model that is used whichever activities count."""
        found = copy(self)
        found._held = model
        return found

    @property
    def nbytes(self) -> int:
        """Bytes of the means and moments."""
        return self._means.moments.nbytes + sum(mean.nbytes for mean in self._means.means.values())

    def of(self, name: str) -> NDArray[np.float64]:
        """(numbers,) metric of activities; NaN where unknown."""
        if name in self._means.effort:
            return self._means.effort[name]
        if name not in self._known:
            take = METRICS[name].of_activity
            assert take is not None
            values = np.full(len(self._means.moments), np.nan)
            for number, activity in self._activities.items():
                values[number] = take(activity)
            self._known[name] = values
        return self._known[name]

    def mean(self, name: str) -> NDArray[np.float64]:
        """(numbers,) mean of a metric at fixes."""
        return self._means.means[name]

    @property
    def moments(self) -> NDArray[np.float64]:
        """(numbers, n, n) moments of the model."""
        return self._means.moments

    @cached_property
    def days(self) -> NDArray[np.float64]:
        """(numbers,) local day on which each began, days since 1970; NaN where unknown."""
        return np.floor(self.of("first"))

    @cached_property
    def people(self) -> NDArray[np.int64]:
        """(numbers,) number of the person of each, -1 where nobody knows whose it is."""
        found = np.full(len(self._means.moments), -1, np.int64)
        found[list(self._activities)] = numbers_of(self._activities.values())
        return found

    @cached_property
    def people_marks(self) -> NDArray[np.float64]:
        """(numbers,) number made of the name of the person of each alone, NaN where nobody knows whose it is."""
        found = np.full(len(self._means.moments), np.nan)
        for number, activity in self._activities.items():
            if activity.person:
                digest = blake2b(activity.person.encode("utf-8", "replace"), digest_size=6).digest()
                found[number] = int.from_bytes(digest, "little")
        return found

    def model(self, keep: NDArray[np.bool_] | None) -> Model | None:
        """Model of the activities that count, or the one that is held; None where too little is known."""
        if self._held is not None:
            return self._held
        # Each tile of a map asks anew, and what follows from a model is kept by the model.
        key = b"" if keep is None else np.packbits(keep).tobytes() + len(keep).to_bytes(8, "little")
        if key not in self._fitted:
            if len(self._fitted) >= _MODELS:
                self._fitted.clear()
            self._fitted[key] = fit_model(self.moments_of(keep))
        return self._fitted[key]

    def moments_of(self, keep: NDArray[np.bool_] | None) -> NDArray[np.float64]:
        """(k, n, n) moments of the activities that count; all where `keep` is None."""
        moments = self.moments
        return moments if keep is None else moments[: len(keep)][keep[: len(moments)]]
