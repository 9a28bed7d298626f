"""Read sentences of NMEA 0183 as rows: times, dates, positions, elevations and speeds."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.sources.formats.loggers.dates import day_number
from heatlas.sources.formats.loggers.nmea_sentences import Checks, Sentences, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Rows", "read_rows"]

_KNOTS = 1852 / 3600
_FEET = 0.3048
_MODERN = [b"GA", b"GB", b"BD", b"GQ", b"GI"]
"""Talkers of systems that came after 2010: Galileo, BeiDou, QZSS, NavIC."""


@dataclass(slots=True)
class Rows:
    """Sentences that hold a time or a position, in their order."""

    seconds: NDArray[np.float64]
    """(n,) of the day, NaN where the sentence states no time."""
    days: NDArray[np.float64]
    """(n,) since 1970, NaN where it states no date."""
    lon: NDArray[np.float64]
    """(n,) degrees, NaN without reception."""
    lat: NDArray[np.float64]
    """(n,) degrees, NaN without reception."""
    elevation: NDArray[np.float64]
    """(n,) metres above the sea."""
    speed: NDArray[np.float64]
    """(n,) m/s."""
    placed: NDArray[np.bool_]
    """(n,) whether the sentence is of a kind that states a position, known or not."""
    of_clock: NDArray[np.bool_]
    """(n,) whether its date is that of the receiver's clock, which may be unset."""
    is_modern: bool
    """Whether a satellite system speaks that came after 2010."""
    warnings: list[str] = field(default_factory=list)


def read_rows(data: bytes) -> Rows:
    """Read all sentences with times or positions.

    A sentence whose checksum is wrong, or which lacks it where most others have one, is left out, and so counted in a
    warning. Where most checksums of the first ones are wrong, none is believed.

    Parameters
    ----------
    data : bytes
        Text in which ASCII is ASCII. Whatever stands between sentences is ignored.
    """
    found: list[Rows] = []
    checks: Checks | None = None
    for piece in pieces(data):
        held = Sentences(piece)
        checks = checks or Checks(held)
        checks.leave_out_damaged(held)
        found.append(_read(held))
    if checks is None:
        return _read(Sentences(b""))
    joined = {name: np.concatenate([getattr(rows, name) for rows in found]) for name, _ in _arrays(found[0])}
    return Rows(**joined, is_modern=any(rows.is_modern for rows in found), warnings=checks.told())


def _read(held: Sentences) -> Rows:
    n = len(held.starts)
    seconds, days, lon, lat, elevation, speed = np.full((6, n), np.nan)
    placed, of_clock = np.zeros((2, n), bool)
    is_modern = bool(np.isin(held.talkers, _MODERN).any())
    rows = Rows(seconds, days, lon, lat, elevation, speed, placed, of_clock, is_modern)
    for kind, read in _READERS.items():
        which = np.flatnonzero(held.kinds == kind)
        if len(which):
            read(rows, held, which)
    own = held.kinds != b"VTG"
    return replace(rows, **{name: values[own] for name, values in _arrays(rows)})


def _arrays(rows: Rows) -> list[tuple[str, Any]]:
    return [(each.name, values) for each in fields(Rows) if isinstance(values := getattr(rows, each.name), np.ndarray)]


def _put_place(rows: Rows, held: Sentences, which: NDArray[np.int64], field_: int, valid: NDArray[np.bool_]) -> None:
    """Read latitude, its side, longitude and its side, which are fields in this order."""
    both = []
    for k, (positive, negative) in ((field_, (b"N", b"S")), (field_ + 2, (b"E", b"W"))):
        value, side = held.numbers(which, k), held.texts(which, k + 1)
        # DDDMM.mmmm: the last two digits before the point are minutes.
        degrees, minutes = np.divmod(value, 100)
        sound = valid & (value >= 0) & (minutes < 60) & ((side == positive) | (side == negative))
        value = np.where(sound, degrees + minutes / 60, np.nan)
        both.append(np.where(side == negative, -value, value))
    unknown = np.isnan(both[0]) | np.isnan(both[1])
    rows.lat[which], rows.lon[which] = (np.where(unknown, np.nan, values) for values in both)
    rows.placed[which] = True


def _put_time(rows: Rows, held: Sentences, which: NDArray[np.int64], number: int) -> None:
    value = held.numbers(which, number)
    hours, rest = np.divmod(value, 10_000)
    minutes, seconds = np.divmod(rest, 100)
    sound = (value >= 0) & (hours < 24) & (minutes < 60) & (seconds < 61)
    rows.seconds[which] = np.where(sound, hours * 3600 + minutes * 60 + np.round(seconds, 6), np.nan)


def _put_date(rows: Rows, held: Sentences, which: NDArray[np.int64], number: int) -> None:
    """Read dates such as 040524, of which a file has few."""
    dates, inverse = np.unique(held.texts(which, number), return_inverse=True)
    rows.days[which] = np.array([_day(date) for date in dates.tolist()])[inverse]


def _day(text: bytes) -> float:
    if len(text) != 6 or not text.isdigit():
        return np.nan
    return day_number(int(text[4:]), int(text[2:4]), int(text[:2]))


def _gga(rows: Rows, held: Sentences, which: NDArray[np.int64]) -> None:
    quality = held.texts(which, 5)
    valid = (quality != b"0") & (quality != b"")
    _put_time(rows, held, which, 0)
    _put_place(rows, held, which, 1, valid)
    rows.elevation[which] = np.where(valid, held.numbers(which, 8), np.nan)


def _gns(rows: Rows, held: Sentences, which: NDArray[np.int64]) -> None:
    valid = np.array([bool(mode.strip(b"N")) for mode in held.texts(which, 5).tolist()])
    _put_time(rows, held, which, 0)
    _put_place(rows, held, which, 1, valid)
    rows.elevation[which] = np.where(valid, held.numbers(which, 8), np.nan)


def _rmc(rows: Rows, held: Sentences, which: NDArray[np.int64]) -> None:
    valid = held.texts(which, 1) == b"A"
    _put_time(rows, held, which, 0)
    _put_place(rows, held, which, 2, valid)
    _put_date(rows, held, which, 8)
    rows.speed[which] = np.where(valid, held.numbers(which, 6) * _KNOTS, np.nan)
    rows.of_clock[which] = ~valid


def _gll(rows: Rows, held: Sentences, which: NDArray[np.int64]) -> None:
    _put_time(rows, held, which, 4)
    _put_place(rows, held, which, 0, held.texts(which, 5) != b"V")


def _zda(rows: Rows, held: Sentences, which: NDArray[np.int64]) -> None:
    _put_time(rows, held, which, 0)
    parts = np.nan_to_num(np.stack([held.numbers(which, k) for k in (3, 2, 1)], axis=1), posinf=0, neginf=0)
    dates, inverse = np.unique(np.clip(parts, 0, 9999).astype(np.int64), axis=0, return_inverse=True)
    rows.days[which] = np.array([day_number(*date) for date in dates.tolist()])[inverse.ravel()]
    rows.of_clock[which] = True


def _vtg(rows: Rows, held: Sentences, which: NDArray[np.int64]) -> None:
    """Put the speed to the sentence before it, unless that knows its own."""
    kmh, knots = held.numbers(which, 6), held.numbers(which, 4)
    speed = np.where(np.isnan(kmh), knots * _KNOTS, kmh / 3.6)
    speed, before = speed[which > 0], which[which > 0] - 1
    lacking = np.isnan(rows.speed[before])
    rows.speed[before[lacking]] = speed[lacking]


def _trk(rows: Rows, held: Sentences, which: NDArray[np.int64]) -> None:
    """Read points of a track that a Magellan receiver has stored."""
    _put_time(rows, held, which, 6)
    _put_place(rows, held, which, 0, held.texts(which, 7) == b"A")
    _put_date(rows, held, which, 9)
    rows.elevation[which] = held.numbers(which, 4) * np.where(held.texts(which, 5) == b"F", _FEET, 1.0)


_READERS: dict[bytes, Callable[[Rows, Sentences, NDArray[np.int64]], None]] = {
    b"GGA": _gga,
    b"GNS": _gns,
    b"RMC": _rmc,
    b"GLL": _gll,
    b"ZDA": _zda,
    b"TRK": _trk,
    b"VTG": _vtg,  # after those whose speeds it completes
}
