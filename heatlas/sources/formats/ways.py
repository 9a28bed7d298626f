"""Lines that become recordings, whatever file or table they come from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import COLUMNS, Recording
from heatlas.core.words import counted
from heatlas.sources.formats.xml_text import find_offsets, parse_time
from heatlas.sources.formats.xml_values import Values
from heatlas.sources.sports import is_sport, sport_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity

__all__ = ["AREAS", "OTHERS", "POINTS", "Way", "recordings_of_ways", "shapes_left"]

POINTS, AREAS, OTHERS = "points", "areas", "empty or unknown shapes"
"""Kinds of shapes that are no lines."""


@dataclass(slots=True)
class Way:
    """Lines that are one recording: of a placemark, a feature or a row."""

    facts: dict[str, Any]
    """Name -> value, as they are written: numbers, texts and booleans."""
    name: str = ""
    folders: tuple[str, ...] = ()
    """Names of the folders around it, the outermost first."""
    span: tuple[str, str] = ("", "")
    """Time of all of it, as written: begin and end."""
    parts: list[NDArray[np.float64]] = field(default_factory=list)
    """Each (n, 4): longitude, latitude, elevation, time; NaN where unknown."""
    columns: list[dict[str, NDArray[np.float32]]] = field(default_factory=list)
    """Sensors of each part."""
    goes_on: list[bool] = field(default_factory=list)
    """Whether each part goes on from the one before without a break."""
    odd: list[tuple[int, int, str]] = field(default_factory=list)
    """Part, row and text of times in an unusual form."""
    unread: int = 0
    uneven: int = 0
    """Tracks with more times than positions, or fewer."""

    def __len__(self) -> int:
        """Count the fixes."""
        return sum(map(len, self.parts))

    def add(self, part: NDArray[np.float64], *, goes_on: bool = False, **columns: NDArray[np.float32]) -> None:
        """Add a line: (n, 4) positions and times, with sensors; `goes_on` without a break before it."""
        self.parts.append(part)
        self.columns.append(columns)
        self.goes_on.append(goes_on)

    @property
    def odd_times(self) -> list[str]:
        """Texts that `read_odd` reads."""
        spans = [text for text in (*self.span, self._stated()) if text and parse_time(text) != parse_time(text)]
        return [*(text for *_, text in self.odd), *spans]

    def _stated(self) -> str:
        """Start among the facts, as it is written; empty if there is none."""
        from heatlas.sources.tables.tracks.row_activity import start_column

        name = start_column(self.facts)
        return "" if name is None else str(self.facts[name])[:80]

    def read_odd(self, values: Values) -> int:
        """Read times of an unusual form; returns the number of those that are no times."""
        failed = 0
        for part, row, text in self.odd:
            self.parts[part][row, 3] = moment = values.time(text)
            failed += not isfinite(moment)
        self.odd.clear()
        return failed

    def recording(
        self, source: str, offsets: Mapping[float, float], values: Values, warnings: tuple[str, ...]
    ) -> Recording:
        """Make the recording."""
        fixes = np.concatenate(self.parts)
        begins = np.cumsum([0, *map(len, self.parts)])[:-1]
        segments = [int(at) for at, same in zip(begins, self.goes_on, strict=True) if not same]
        columns = {name: self._column(name) for name in COLUMNS}
        if np.isnan(columns["elevation"]).all() and np.nan_to_num(fixes[:, 2]).any():
            # An altitude of 0 throughout is that of programs that know none.
            with np.errstate(over="ignore"):
                columns["elevation"] = fixes[:, 2].astype(np.float32)
            columns["elevation"][np.isinf(columns["elevation"])] = nan
        return Recording(
            activity=self._activity(source, fixes[:, 3], offsets, values),
            lon=np.ascontiguousarray(fixes[:, 0]),
            lat=np.ascontiguousarray(fixes[:, 1]),
            time=np.ascontiguousarray(fixes[:, 3]),
            columns={name: column for name, column in columns.items() if not np.isnan(column).all()},
            segments=np.array(segments, np.int64),
            warnings=warnings,
            drawn=bool(np.isnan(fixes[:, 3]).all()),
        )

    def _column(self, name: str) -> NDArray[np.float32]:
        unknown = [np.full(len(part), nan, np.float32) for part in self.parts]
        return np.concatenate([held.get(name, none) for held, none in zip(self.columns, unknown, strict=True)])

    def _activity(
        self, source: str, time: NDArray[np.float64], offsets: Mapping[float, float], values: Values
    ) -> Activity:
        from heatlas.sources.tables.tracks.row_activity import row_activity, start_column

        facts = dict(self.facts)
        said = values.time(self._stated())
        if isfinite(said):
            facts.pop(str(start_column(facts)))
        begin, end = (values.time(text) if text else nan for text in self.span)
        known = time[np.isfinite(time)]
        start = next((float(moment) for moment in (*known[:1], begin, said) if isfinite(moment)), None)
        activity = row_activity(facts, source, start)
        if activity.elapsed_time is None and end > begin:
            activity = replace(activity, elapsed_time=float(end - begin))
        names = [name for name in (activity.name, self.name, *reversed(self.folders)) if name]
        sport = next((sport_name(word) for word in names if is_sport(word)), "Unknown")
        return replace(
            activity,
            name=self.name or activity.name or next(iter(names), ""),
            sport=sport if activity.sport == "Unknown" else activity.sport,
            utc_offset=None if start is None else offsets.get(start),
        )


def recordings_of_ways(
    ways: list[Way], source: str, others: Mapping[str, int], warnings: Sequence[str] = (), data: bytes = b""
) -> list[Recording]:
    """Make recordings of ways.

    Parameters
    ----------
    ways : list of Way
        In the order of the file; it is emptied, so that memory is not held twice.
    source : str
        Path of the file, for ``Activity.source``.
    others : mapping
        Kind of shape that is no line -> their number.
    warnings : sequence of str
        Faults of the file; the first recording bears them, and what is said of the ways.
    data : bytes
        Text of the file, for offsets of its times from UTC; in XML only.
    """
    values = Values(times=[text for way in ways for text in way.odd_times])
    offsets = find_offsets(data, values.time) if data else {}
    said = [*values.warnings, *warnings]
    unread = sum(way.read_odd(values) + way.unread for way in ways)
    if unread:
        said.append(f"{unread} values are neither numbers nor times")
    if odd := sum(way.uneven for way in ways):
        said.append(f"{counted(odd, 'lines')} with more or fewer times than positions: read as far as both go")
    said += shapes_left(others)
    ways.reverse()
    found = [ways.pop().recording(source, offsets, values, tuple(said))] if ways else []
    while ways:
        found.append(ways.pop().recording(source, offsets, values, ()))
    return found


def shapes_left(others: Mapping[str, int]) -> list[str]:
    """Warnings of shapes that are left out where lines are drawn; none if there are none."""
    said = [counted(others[kind], kind) for kind in (POINTS, AREAS, OTHERS) if others.get(kind)]
    if not said:
        return []
    listed = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    one = sum(others.values()) == 1
    advice = ": --read-as=points draws the points" if others.get(POINTS) else ""
    return [f"lines are drawn; {listed} {'is' if one else 'are'} not{advice}"]
