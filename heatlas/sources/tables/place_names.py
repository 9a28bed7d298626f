"""Positions of rows that only name a town: what is not known or not clear is counted and shown, never guessed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.words import counted
from heatlas.gazetteer.search import Answer, describe_town, find_town
from heatlas.gazetteer.towns import towns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = ["EMPTY", "SEVERAL", "UNKNOWN", "PlaceNames"]

EMPTY, UNKNOWN, SEVERAL = 1, 2, 3
"""Codes of rows without a position: no name, a name that is not known, one of several towns. 0: placed."""
_CODES = {Answer.FOUND: 0, Answer.ALONE: 0, Answer.LARGEST: 0, Answer.SEVERAL: SEVERAL, Answer.UNKNOWN: UNKNOWN}
_SHOWN = 5
"""Names in a message."""

Said = tuple[str, ...]


@dataclass(slots=True)
class PlaceNames:
    """What the names of a table have been taken for. Each different name is looked up once."""

    known: dict[Said, tuple[float, float, Answer]] = field(default_factory=dict)
    """Cells of the columns -> longitude, latitude, answer."""
    rows: Counter[Said] = field(default_factory=Counter)
    """Rows of each since the last `sentences`."""

    def positions(
        self, columns: Sequence[pa.Array]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.uint8]]:
        """Longitude and latitude of each row, NaN where there is none, and its code.

        Parameters
        ----------
        columns : sequence of pyarrow.Array
            Names of towns, and what else says where they are: region, country.
        """
        cells = [_texts(column) for column in columns]
        tables = [{text: k for k, text in enumerate(dict.fromkeys(column))} for column in cells]
        keys = np.zeros(len(cells[0]), np.int64)
        for column, numbers in zip(cells, tables, strict=True):
            keys = keys * len(numbers) + np.fromiter((numbers[text] for text in column), np.int64, len(column))
        different, first, which, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        lon, lat = np.full(len(different), np.nan), np.full(len(different), np.nan)
        codes = np.zeros(len(different), np.uint8)
        for k, (row, count) in enumerate(zip(first.tolist(), counts.tolist(), strict=True)):
            said = tuple(column[row] for column in cells)
            if not said[0]:
                codes[k] = EMPTY
                continue
            self.rows[said] += count
            lon[k], lat[k], answer = self._look(said)
            codes[k] = _CODES[answer]
        which = which.reshape(-1)
        return lon[which], lat[which], codes[which]

    def _look(self, said: Said) -> tuple[float, float, Answer]:
        found = self.known.get(said)
        if found is None:
            answer, places = find_town(said[0], said[1:])
            where = (np.nan, np.nan)
            if _CODES[answer] == 0:
                packed = towns().packed
                where = (float(packed.lon[places[0]]), float(packed.lat[places[0]]))
            found = self.known[said] = (*where, answer)
        return found

    def sentences(self) -> Iterator[str]:
        """Say what was not known, not clear or taken by its size, with counts and examples; then forget the counts."""
        for answer, says in _SENTENCES.items():
            names = Counter({said: n for said, n in self.rows.items() if self.known[said][2] is answer})
            if names:
                yield says(names)
        self.rows.clear()


def _texts(column: pa.Array) -> list[str]:
    """Cells as text without blanks around; empty where there is nothing."""
    import pyarrow as pa  # every table has place names, read or not

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return ["" if value is None else str(value).strip() for value in column.to_pylist()]


def _unknown(names: Counter[Said]) -> str:
    shown = [f"{_written(said)} ({counted(n, 'rows')})" for said, n in names.most_common(_SHOWN)]
    return (
        f"{_rows(names)} left out, whose places are not known: {_listed(names, shown)}. The list of towns (GeoNames) "
        "has no small ones: give such rows latitude and longitude"
    )


def _several(names: Counter[Said]) -> str:
    shown = [
        f"{_written(said)} ({counted(n, 'rows')}) in "
        + ", or in ".join(describe_town(town) for town in find_town(said[0], said[1:]).towns[:3])
        for said, n in names.most_common(_SHOWN)
    ]
    return (
        f"{_rows(names)} left out, whose places may be several: {_listed(names, shown)}. Say the region or country in "
        "further columns, --place TOWN,REGION,COUNTRY, or in the name"
    )


def _largest(names: Counter[Said]) -> str:
    shown = []
    for said, n in names.most_common(_SHOWN):
        first, second, *_ = find_town(said[0], said[1:]).towns
        shown.append(f"{_written(said)} ({counted(n, 'rows')}) in {describe_town(first)}, not {describe_town(second)}")
    return f"{_rows(names)} placed at by far the largest town of their name: {_listed(names, shown)}"


def _alone(names: Counter[Said]) -> str:
    shown = [
        f"{_written(said)} ({counted(n, 'rows')}) in {describe_town(find_town(said[0]).towns[0])}"
        for said, n in names.most_common(_SHOWN)
    ]
    return (
        f"{_rows(names)} placed at the only listed town of their name, as no country is said: {_listed(names, shown)}"
    )


def _rows(names: Counter[Said]) -> str:
    return counted(sum(names.values()), "rows")


def _listed(names: Counter[Said], shown: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return "; ".join(shown) + (f"; and {more:,} more names" if more > 0 else "")


def _written(said: Said) -> str:
    text = ", ".join(part for part in said if part)
    return text if len(text) <= 60 else f"{text[:57]}..."


_SENTENCES = {
    Answer.UNKNOWN: _unknown, Answer.SEVERAL: _several, Answer.LARGEST: _largest, Answer.ALONE: _alone,
}  # fmt: skip
