"""Read PLT, the track files of OziExplorer; those of the Geolife data set are of the same form.

The format: https://www.oziexplorer4.com/eng/help/fileformats.html.
"""

from __future__ import annotations

import re

import numpy as np

from heatlas.core.batch import Activity, Recording
from heatlas.core.errors import Unreadable
from heatlas.core.regex import regex
from heatlas.sources.formats.arrays import finite, known_columns, to_name
from heatlas.sources.formats.loggers.dates import DAY
from heatlas.sources.formats.loggers.plain_text import plain, worded

__all__ = ["read_plt"]

_NUMBER = rb"[ \t]*+(-?\d++(?:\.\d*+)?)[ \t]*+"
_REST = rb"[ \t]*+(\d?)[ \t]*+(?:,[ \t]*+(-?[\d.]*+)[ \t]*+(?:,[ \t]*+(-?[\d.]*+)[^\n]*+)?)?"
_POINT = regex(b"^" + _NUMBER + b"," + _NUMBER + b"," + _REST + b"$", re.MULTILINE)
"""A line; nothing in it is tried twice, so that a hostile one takes no time."""
_LINES = 6
"""Lines before the points."""
_UNIX = 25_569.0
"""Days from the epoch of Delphi, 30 December 1899, to 1970."""
_FEET = 0.3048


def read_plt(data: bytes, source: str) -> list[Recording]:
    """Read a track file: one recording.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When there is no point in it.
    """
    lines = plain(data).lstrip().replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n", _LINES)
    head, rest = [*lines[:_LINES], *[b""] * _LINES], b"".join(lines[_LINES:])
    rest, cut = _without_cut_line(rest)
    found = _POINT.findall(rest)
    if not found:
        raise Unreadable("a track file (PLT) without a point")
    lat, lon, code, elevation, days = (
        finite(np.array([_number(text) for text in column])) for column in zip(*found, strict=True)
    )
    elevation[elevation == -777] = np.nan  # "not known", in either unit
    if b"feet" in head[2].lower():
        elevation *= _FEET
    with np.errstate(invalid="ignore"):
        time = np.where(days > 0, (days - _UNIX) * DAY, np.nan)
    # Days have 7 digits behind the point, 9 ms: a time so close to a whole second is that second.
    whole = np.round(time)
    time = np.where(np.abs(time - whole) < 0.02, whole, time)
    name = head[4].split(b",")
    own = len(name) > 3 and b"Ozi" in head[0]  # Geolife writes the same name everywhere
    return [
        Recording(
            activity=Activity(source=source, name=to_name(worded(name[3])) if own else ""),
            lon=lon,
            lat=lat,
            time=time,
            columns=known_columns(elevation=elevation),
            segments=np.union1d([0], np.flatnonzero(code == 1)),
            warnings=(*cut, *_told(worded(head[1]), rest, len(found))),
        )
    ]


def _without_cut_line(text: bytes) -> tuple[bytes, list[str]]:
    """Leave out a last line that has fewer fields than the one before it, and no end."""
    body, _, last = text.rpartition(b"\n")
    if last.strip() and last.count(b",") < body.rpartition(b"\n")[2].count(b","):
        return body, ["cut off in its last line, which was left out"]
    return text, []


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _told(datum: str, rest: bytes, points: int) -> list[str]:
    told = []
    if re.sub(r"\W", "", datum).upper() not in {"WGS84", ""}:
        told.append(
            f"its positions are by the datum {datum[:40]!r} and are read as WGS 84: they may be off by some 100 m"
        )
    lines = sum(1 for line in rest.split(b"\n") if line.strip())
    if lines > points:
        told.append(f"{lines - points:,} of {lines:,} lines are no points")
    return told
