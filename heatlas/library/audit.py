"""Audit a library: measure how closely a stranger could guess a home from the tracks that are shown.

The guesses (`heatlas.library.home_guesses`) use only what is shown. They are compared with the true starts and ends,
which only the owner has.
"""

from __future__ import annotations

import datetime as dt
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import to_lonlat
from heatlas.library.file.settings import privacy_of, read_settings, read_zones
from heatlas.library.home_guesses import Seen, guesses, reach
from heatlas.library.rows.activities import read_activities
from heatlas.library.rows.tracks import sound_tracks
from heatlas.library.zones import library_words
from heatlas.tracks.local_time import offset_of
from heatlas.tracks.privacy import RULE, hide
from heatlas.tracks.privacy.advice import covering, how_to_hide, zone_name
from heatlas.tracks.privacy.gathering import gather, metres_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.library.file.store import Library
    from heatlas.tracks.privacy import Privacy, Zone

__all__ = ["Audit", "AuditedPlace", "audit", "audit_tracks"]

_FREQUENT = 5
"""Least number of starts and ends for a place to be audited."""
_SAFE = 100.0
"""Least error of a guess, metres, at which too many houses remain to identify one."""
_LINE = 60.0
"""Length of line before an end, metres, that gives its direction."""
_CELLS = 1 << 22
"""Cells around the world in which lines are drawn: 10 m at the equator."""


@frozen
class AuditedPlace:
    """Place where activities often begin or end, and the guesses at it."""

    lat: float
    lon: float
    ends: int
    """Starts and ends of whole tracks at the place."""
    shown: int
    """Those of them whose track has any part shown."""
    nearest_shown: float | None
    """Metres from the place to the nearest cell that is shown; None where nothing is shown."""
    guesses: dict[str, float]
    """Kind of guess -> metres from the place to the nearest guess of that kind."""

    @property
    def off(self) -> float | None:
        """Metres by which the best guess is wrong; None without a guess."""
        return min(self.guesses.values(), default=None)

    @property
    def safe(self) -> bool:
        """Whether no guess comes nearer than 100 m."""
        return self.off is None or self.off >= _SAFE


@frozen
class Audit:
    """Result of an audit."""

    spots: tuple[AuditedPlace, ...]
    """Places, the most frequent first."""
    verdict: str
    """Sentence that sums up the places."""


def audit(library: Library) -> Audit:
    """Guess the places that a library hides from the tracks that it shows.

    Raises
    ------
    BadOption
        When the owner's secret is not the one with which the library's cuts were drawn.
    """
    with library.read() as connection:
        privacy, _ = privacy_of(connection, read_settings(connection))
        activities = read_activities(connection, shown=True)
        found = audit_tracks((track for _, track in sound_tracks(connection, activities, ())), privacy)
        return replace(found, verdict=_verdict(found.spots, read_zones(connection), library_words(library)))


def audit_tracks(tracks: Iterable[Batch], privacy: Privacy) -> Audit:
    """Guess the hidden places of some tracks (batches of one each, nothing cut) from their shown parts."""
    found = _Found()
    for track in tracks:
        if track.fixes:
            found.add(track, hide(track, privacy))
    spots = tuple(sorted(found.spots(), key=lambda spot: -spot.ends))
    return Audit(spots, _verdict(spots, {}))


@dataclass(slots=True)
class _Found:
    """True places and everything that is shown, in world coordinates."""

    true: list[tuple[float, float]] = field(default_factory=list)
    """First and last fix of each track."""
    ends: list[NDArray[np.float64]] = field(default_factory=list)
    """(k, 4) ends of shown lines, and a place further along each line."""
    of: list[NDArray[np.int64]] = field(default_factory=list)
    """(k,) index in `true` of the track's end to which this end belongs; -1 for ends within a track."""
    pixels: list[NDArray[np.int64]] = field(default_factory=list)
    """(m,) numbers of cells, column * _CELLS + row."""
    months: list[int] = field(default_factory=list)

    def add(self, track: Batch, shown: Batch) -> None:
        number = len(self.true)
        self.true += [(track.u[0], track.v[0]), (track.u[-1], track.v[-1])]
        ends = _ends(shown)
        of = np.full(len(ends), -1)
        if len(of):
            of[0], of[-1] = number, number + 1
        self.ends.append(ends)
        self.of.append(of)
        self.pixels.append(_cells(shown))
        self.months.append(_month(track))

    def spots(self) -> Iterator[AuditedPlace]:
        """Guesses at each place that is frequent enough."""
        places = np.array(self.true).reshape(-1, 2)
        ends = np.concatenate([np.zeros((0, 4)), *self.ends])
        of = np.concatenate([np.zeros(0, np.int64), *self.of])
        months = np.repeat(np.array(self.months, np.int64), [len(part) for part in self.of])
        # Each pixel occurs once for each month; the month of activities without a date is -1.
        cells = [(month + 1) * _CELLS**2 + part for month, part in zip(self.months, self.pixels, strict=True)]
        numbers = np.unique(np.concatenate([np.zeros(0, np.int64), *cells]))
        pixel_months, rest = np.divmod(numbers, _CELLS**2)
        pixels = (np.stack(np.divmod(rest, _CELLS), axis=1) + 0.5) / _CELLS
        for centre, members in gather(places, _FREQUENT):
            near = metres_from(pixels, centre)
            hole = float(np.hypot(*near.T).min()) if len(near) else np.inf
            far = reach(hole)[1]
            here, there = metres_from(ends[:, :2], centre), metres_from(ends[:, 2:], centre)
            own = np.isin(of, members)
            some, around = own | (np.abs(here).max(axis=1) <= far), np.abs(near).max(axis=1) <= far
            seen = Seen(here[some], there[some], own[some], months[some], near[around], pixel_months[around] - 1)
            lon, lat = to_lonlat(*centre)
            yield AuditedPlace(
                float(lat), float(lon), len(members), int(own.sum()), hole if np.isfinite(hole) else None,
                guesses(seen, hole) if np.isfinite(hole) else {},
            )  # fmt: skip


def _month(track: Batch) -> int:
    """Month of an activity, counted from January 1970; -1 without a start."""
    start = track.activities[0].start
    if start is None:
        return -1
    # Local time, as for the months of a public map.
    local = start + offset_of(track.activities[0])
    day = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=local)
    return (day.year - 1970) * 12 + day.month - 1


def _ends(shown: Batch) -> NDArray[np.float64]:
    """(2 per line, 4) ends of a track's lines, and for each a place further along the line."""
    kept = np.flatnonzero(np.diff(shown.segments))
    first, last = shown.segments[:-1][kept], shown.segments[1:][kept] - 1
    ahead = np.searchsorted(shown.progress, shown.progress[first] + np.float32(_LINE), "right") - 1
    back = np.searchsorted(shown.progress, shown.progress[last] - np.float32(_LINE), "left")
    index = np.column_stack((first, last)).reshape(-1)
    on = np.column_stack((np.clip(ahead, first, last), np.clip(back, first, last))).reshape(-1)
    return np.column_stack((shown.u[index], shown.v[index], shown.u[on], shown.v[on]))


def _cells(shown: Batch) -> NDArray[np.int64]:
    """Cells that lines go through, sampled at places less than a cell apart."""
    if not shown.fixes:
        return np.zeros(0, np.int64)
    u, v = shown.u * _CELLS, shown.v * _CELLS
    du, dv = np.diff(u, append=u[-1:]), np.diff(v, append=v[-1:])
    lasts = shown.segments[1:][np.diff(shown.segments) > 0] - 1
    du[lasts] = dv[lasts] = 0  # no line to the next segment
    parts = np.maximum(np.ceil(np.maximum(np.abs(du), np.abs(dv)) * 1.5).astype(np.int64), 1)
    index = np.repeat(np.arange(len(u)), parts)
    share = (np.arange(len(index)) - np.repeat(np.cumsum(parts) - parts, parts)) / parts[index]
    column = np.floor(u[index] + share * du[index]).astype(np.int64) % _CELLS
    row = np.clip(np.floor(v[index] + share * dv[index]).astype(np.int64), 0, _CELLS - 1)
    return np.unique(column * _CELLS + row)


def _verdict(spots: tuple[AuditedPlace, ...], zones: Mapping[str, Zone], words: str = "") -> str:
    if not spots:
        return f"no place has {_FREQUENT} starts or ends: there is nothing to guess"
    open_ones = [spot for spot in spots if not spot.safe]
    if not open_ones:
        return f"no guess comes nearer than {_SAFE:.0f} m to any of {len(spots)} places"
    worst = min(open_ones, key=lambda spot: spot.off or 0.0)
    return (
        f"{len(open_ones)} of {len(spots)} places can be guessed to within {_SAFE:.0f} m, the nearest to "
        f"{worst.off:.0f} m: {_remedy(worst, zones, words)}"
    )


def _remedy(spot: AuditedPlace, zones: Mapping[str, Zone], words: str) -> str:
    """Command that makes a place harder to guess."""
    name = covering(spot.lat, spot.lon, zones)
    if name is None:
        return how_to_hide(spot.lat, spot.lon, zone_name(zones)) + words
    if zones[name].rule != RULE:
        return f"its zone was drawn by an older rule: heatlas zones renew{words}"
    return (
        f"its zone is too small, or happens to lie in the middle of what is cut: before you publish anything, "
        f"heatlas zones remove {shlex.quote(name)}{words} and "
        f"{how_to_hide(spot.lat, spot.lon, name, 1.5 * zones[name].radius)}{words}"
    )
