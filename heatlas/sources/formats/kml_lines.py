"""Read the lines of a KML placemark: positions, times, sensors, and what is said of them."""

from __future__ import annotations

import re
from collections import Counter
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import COLUMNS
from heatlas.core.regex import regex
from heatlas.sources.formats.ways import AREAS, OTHERS, POINTS, Way
from heatlas.sources.formats.xml import attribute, children, first_text, local_name
from heatlas.sources.formats.xml_text import parse_number, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


__all__ = ["joined", "way_of"]

CONTINUATION = 900.0
"""Seconds within which a line continues the one before, where both have times."""
_LONGEST = 80
"""Most characters of a number or time that are looked at."""
_PLAIN_NAMES = frozenset({"path", "track", "tracks", "line", "linestring", "points"})
"""Names that programs give to all lines: the folder around has the one that tells them apart."""
_FACTS = 200
"""Most values of a placemark that become attributes."""
_SHAPES = {"Point": POINTS, "Polygon": AREAS, "Model": OTHERS}
_BETWEEN = regex(r"[ \t]*,[ \t]*")
_PIECE = regex(r"\b(part|teil|segment|line|leg)$", re.IGNORECASE)
_NUMBERING = "0123456789 \t#_.()-"


def way_of(placemark: Any, folders: Sequence[Any], cut: bool) -> tuple[Way, Counter[str]]:
    """Read the lines of a placemark.

    Parameters
    ----------
    placemark : element
        The placemark.
    folders : sequence of elements
        The folders around it, the outermost first.
    cut : bool
        Whether the document ends inside of it, so that its last position and time may be incomplete.

    Returns
    -------
    Way
        Empty if there is no line.
    Counter
        Kind of shape that is no line -> their number.
    """
    names = tuple(first_text(folder, "name") for folder in folders)
    # The time of a folder holds for what is in it.
    span = next((span for each in (placemark, *reversed(folders)) if any(span := _span(each))), ("", ""))
    name = first_text(placemark, "name")
    if name.lower() in _PLAIN_NAMES and names and names[-1].lower() not in _PLAIN_NAMES:
        name = names[-1] or name
    way = Way(_facts(placemark), name, names, span)
    others: Counter[str] = Counter()
    waiting = [placemark]
    while waiting:
        element = waiting.pop()
        name = local_name(element)
        if name in {"LineString", "LinearRing"}:
            _add_line(way, element, cut)
        elif name == "Track":
            _add_track(way, element, cut)
        elif name == "MultiTrack":
            goes_on = first_text(element, "interpolate").lower() in {"1", "true"}
            for track in children(element, "track"):
                _add_track(way, track, cut, goes_on and len(way) > 0)
        elif name in _SHAPES:
            others[_SHAPES[name]] += 1
        elif name in {"Placemark", "MultiGeometry"}:
            waiting += reversed(element)
    return way, others


def stamp_of(placemark: Any) -> tuple[str, str] | None:
    """Coordinates and time of a placemark that is a point with a time, as written; else None."""
    when, place = first_text(placemark, "timestamp", "when"), first_text(placemark, "point", "coordinates")
    return (place, when) if when and place else None


def take_stamps(way: Way, stamps: Sequence[tuple[str, str]]) -> bool:
    """Give a line the times of points before it, if these are its fixes, one by one; GPSBabel writes both."""
    (part,) = way.parts if len(way.parts) == 1 else (None,)
    if part is None or not stamps or len(part) != len(stamps) or not np.isnan(part[:, 3]).all():
        return False
    places, failed = _places([place for place, _ in stamps], ",")
    if failed or not (np.abs(places[:, :2] - part[:, :2]) <= 1e-6).all():
        return False
    _set_times(way, len(way.parts) - 1, [when for _, when in stamps])
    return True


def _set_times(way: Way, number: int, texts: Sequence[str]) -> None:
    """Parse the times of a part; those of an unusual form are left to `Way.read_odd`."""
    time = way.parts[number][:, 3]
    for row, text in enumerate(texts[: len(time)]):
        time[row] = parse_time(text[:_LONGEST]) if text else nan
        if text.strip() and time[row] != time[row]:
            way.odd.append((number, row, text[:_LONGEST]))


def _facts(placemark: Any) -> dict[str, Any]:
    """Extended data of a placemark: numbers and text."""
    facts: dict[str, Any] = {}
    for held in children(placemark, "extendeddata"):
        for data in [*children(held, "data"), *children(held, "schemadata", "simpledata")][:_FACTS]:
            text = first_text(data, "value") or (data.text or "").strip()[:500]
            value = parse_number(text[:_LONGEST])
            facts.setdefault(attribute(data, "name"), value if value == value else text)
    facts.pop("", None)
    return facts


def _span(placemark: Any) -> tuple[str, str]:
    begin = first_text(placemark, "timespan", "begin") or first_text(placemark, "timestamp", "when")
    return begin, first_text(placemark, "timespan", "end")


def _add_line(way: Way, element: Any, cut: bool) -> None:
    text = next((child.text or "" for child in children(element, "coordinates")), "")
    if cut and element.getnext() is None and not text[-1:].isspace():
        text = text.rpartition(" ")[0] if " " in text else text.rpartition("\n")[0]
    tuples = _BETWEEN.sub(",", text).split() if ", " in text or " ," in text else text.split()
    places, failed = _places([each.rstrip(",") for each in tuples], ",")
    way.unread += failed
    if len(places):
        way.add(np.column_stack([places, np.full(len(places), nan)]))


def _add_track(way: Way, element: Any, cut: bool, goes_on: bool = False) -> None:
    whens: list[str] = []
    coords: list[str] = []
    into: dict[Any, list[str] | None] = {}
    for child in element:
        tag = child.tag
        if tag not in into:
            into[tag] = {"coord": coords, "when": whens}.get(local_name(child))
        if (texts := into[tag]) is not None:
            texts.append(child.text or "")
    if cut and element.getnext() is None:
        last = local_name(element[-1]) if len(element) else ""
        del (coords if last == "coord" else whens if last == "when" else [])[-1:]
    places, failed = _places([text.replace(",", " ") for text in coords], None)
    if whens and not cut:
        way.uneven += len(whens) != len(coords)
    way.unread += failed
    if len(places):
        unknown = np.full(len(places), nan)
        way.add(np.column_stack([places, unknown]), goes_on=goes_on, **_sensors(element, len(places)))
        _set_times(way, len(way.parts) - 1, whens)


def _places(texts: Sequence[str], separator: str | None) -> tuple[NDArray[np.float64], int]:
    """Longitude, latitude and elevation of each text, NaN where unknown; and the number of texts that are none."""
    try:
        values = np.array([[float(part) for part in text.split(separator)] for text in texts], np.float64)
    except ValueError:  # a part that is no number, or texts of different lengths
        values = np.zeros(0)
    if values.ndim == 2 and values.shape[1] in {2, 3} and not np.isinf(values).any():
        return np.pad(values, ((0, 0), (0, 3 - values.shape[1])), constant_values=nan), 0
    failed = 0
    found = np.full((len(texts), 3), nan)
    for k, text in enumerate(texts):
        numbers = [parse_number(part.strip()[:_LONGEST]) for part in text.split(separator)[:3]]
        if len(numbers) >= 2 and all(map(isfinite, numbers[:2])):
            found[k, : len(numbers)] = numbers
        else:
            failed += bool(text.strip())
    return found, failed


def _sensors(track: Any, length: int) -> dict[str, NDArray[np.float32]]:
    """Arrays of extended data that are columns of fixes, one value for each position."""
    found: dict[str, NDArray[np.float32]] = {}
    for array in children(track, "extendeddata", "schemadata", "simplearraydata"):
        from heatlas.sources.tables.tracks.columns import metric_name

        name, factor = metric_name(attribute(array, "name"))
        values = [parse_number((value.text or "").strip()[:_LONGEST]) for value in children(array, "value")][:length]
        if name in COLUMNS and name not in found and values:
            with np.errstate(over="ignore"):
                column = (np.array([*values, *[nan] * (length - len(values))]) * factor).astype(np.float32)
            found[name] = np.where(np.isinf(column), np.float32(nan), column)
    return found


def joined(ways: Iterable[Way]) -> list[Way]:
    """Join consecutive ways that are pieces of one recording."""
    found: list[Way] = []
    for way in ways:
        if found and _continues(found[-1], way):
            before = found[-1]
            shift = len(before.parts)
            before.odd += [(part + shift, row, text) for part, row, text in way.odd]
            before.parts += way.parts
            before.columns += way.columns
            before.goes_on += [True, *way.goes_on[1:]]
            before.span = before.span[0], way.span[1]
            before.unread += way.unread
            before.uneven += way.uneven
            before.name = before.name if before.name == way.name else _stem(before.name)
        else:
            found.append(way)
    return found


def _continues(before: Way, after: Way) -> bool:
    """Tell whether a way begins where the one before ends, under a name that differs by a number only."""
    last, first = before.parts[-1][-1], after.parts[0][0]
    if before.folders != after.folders or not (np.abs(last[:2] - first[:2]) <= 1e-9).all():
        return False
    if _stem(before.name) != _stem(after.name):
        return False
    ends = [moment for moment in (last[3], parse_time(before.span[1])) if moment == moment]
    begins = [moment for moment in (first[3], parse_time(after.span[0])) if moment == moment]
    return not ends or not begins or bool(0 <= begins[0] - ends[0] <= CONTINUATION)


def _stem(name: str) -> str:
    """Take the number, or "part 2", off a name."""
    stem = name.rstrip(_NUMBERING)
    return _PIECE.sub("", stem).rstrip(_NUMBERING) if stem != name else name
