"""Read IGC, the format in which flight recorders of gliders, paragliders and balloons store flights.

The format: FAI, Technical Specification for IGC-approved Flight Recorders, appendix A. Signatures are not checked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import Activity, Recording
from heatlas.core.errors import Unreadable
from heatlas.core.regex import regex
from heatlas.core.words import counted
from heatlas.sources.formats.arrays import known_columns, to_name
from heatlas.sources.formats.loggers.dates import DAY, day_number, days_of, seconds_of_day
from heatlas.sources.formats.loggers.plain_text import plain, worded

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_igc"]

_FIX = rb"B(\d{6})(\d{7})([NS])(\d{8})([EW])([AV])(?:([-\d]\d{4})([-\d]\d{4})([^\r\n]*))?"
_DATE = rb"H[FOP]DTE(?:DATE)?[: ]*(\d\d)(\d\d)(\d\d)"
_ANY_FIX = regex(rb"^B[\d]", re.MULTILINE)
_LINE = regex(rb"^(?:%b|%b)" % (_FIX, _DATE), re.MULTILINE)
_FACT = regex(rb"^H[FOP](GTY|CCL|FTY|TZN)([^\r\n]*)", re.MULTILINE)
_EXTENSIONS = regex(rb"^I\d\d((?:\d{4}[A-Z0-9]{3})+)", re.MULTILINE)
_EXTENSION = regex(rb"(\d\d)(\d\d)([A-Z0-9]{3})")
_BEFORE = 35
"""Bytes of a fix before its extensions."""
_SAILPLANES = (
    r"\bglider|sail ?plane|segelflug|\b(?:15|18|20) ?-?m|standard|club class|open class|two ?-?seat|\bAS[KWHG]\W?\d",
    r"\bAS ?3[0-9]|\bLS\W?\d|\bDG\W?\d|discus|ventus|nimbus|arcus|duo|janus|cirrus|libelle|pegas|jantar|\bSZD",
    r"\bKa\W?\d|astir|twin|blanik|antares|\bJS\W?\d|\bLAK\b|hornet|mosquito|\bPW\W?\d|\bSGS\W?\d",
)
_SPORTS = {
    "Paragliding": r"para ?glid|gleitschirm|parapente|parapendio|\bPG\b|FAI-?3|\bEN[- ]?[A-D]\b|\bLTF\b|\bsport class",
    "HangGliding": r"hang ?glid|drachen|deltaplane|\bHG\b|FAI-?[15]\b|rigid wing",
    "Gliding": "|".join(_SAILPLANES),
}
"""Sport -> words in the type and class of an aircraft that tell it; the first that fits counts."""


def read_igc(data: bytes, source: str) -> list[Recording]:
    """Read the flight of a flight recorder: one recording.

    The elevation is that of the satellites where the recorder knows it, else the one of the air pressure. The name of
    the pilot is not read.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When there is no fix in it.
    """
    text = plain(data).replace(b"\r", b"\n")
    seconds: list[float] = []
    dated: list[float] = []
    fixes: list[tuple[bytes, ...]] = []
    day = np.nan
    for match in _LINE.finditer(text):
        if match[1] is None:
            day = day_number(int(match[12]), int(match[11]), int(match[10]))
        else:
            seconds.append(seconds_of_day(match[1]))
            dated.append(day)
            fixes.append(match.groups(b"")[1:9])
            day = np.nan
    cut = len(fixes) > 1 and len(fixes[-1][-1]) < len(fixes[-2][-1]) and not text.endswith(b"\n")
    if cut:
        del fixes[-1], seconds[-1], dated[-1]
    if not fixes:
        raise Unreadable("a file of a flight recorder without a fix")
    moments = np.array(seconds)
    days = days_of(moments, np.array(dated))
    more = _extended(text, [fix[-1] for fix in fixes])
    lat = _degrees([fix[0] for fix in fixes], more.get("LAD"), [fix[1] == b"S" for fix in fixes])
    lon = _degrees([fix[2] for fix in fixes], more.get("LOD"), [fix[3] == b"W" for fix in fixes])
    columns = {"elevation": _elevation(fixes)}
    if "GSP" in more:
        columns["speed"] = more["GSP"] / 3.6
    if "OAT" in more:
        columns["temperature"] = more["OAT"]
    told = ["it states no date (HFDTE), so it is drawn without times"] if np.isnan(days).all() else []
    damaged = len(_ANY_FIX.findall(text)) - len(fixes)
    if damaged:
        told.append(f"{counted(damaged, 'fixes')} {'is' if damaged == 1 else 'are'} damaged, and left out")
    return [
        Recording(
            activity=_activity(text, source),
            lon=lon,
            lat=lat,
            time=days * DAY + moments + more.get("TDS", 0.0),
            columns=known_columns(**columns),
            warnings=tuple(told),
        )
    ]


def _degrees(texts: list[bytes], more: NDArray[np.float64] | None, negative: list[bool]) -> NDArray[np.float64]:
    """Degrees of ``DDDMMmmm``; `more` holds fractions of a thousandth of a minute."""
    value = np.array(texts).astype(np.float64)
    degrees, minutes = np.divmod(value, 100_000)
    if more is not None:
        minutes += np.where(np.isnan(more), 0, more)
    degrees = np.where(minutes < 60_000, degrees + minutes / 60_000, np.nan)
    return np.where(negative, -degrees, degrees)


def _elevation(fixes: list[tuple[bytes, ...]]) -> NDArray[np.float64]:
    """Metres: those of the satellites if there are any, else those of the pressure."""
    pressure, satellites = (np.array([_integer(fix[place]) for fix in fixes], np.float64) for place in (5, 6))
    satellites[np.array([fix[4] == b"V" for fix in fixes])] = np.nan  # V: no height by satellites
    with np.errstate(invalid="ignore"):
        if (np.nan_to_num(satellites) != 0).any():
            return satellites
    return pressure if (np.nan_to_num(pressure) != 0).any() else np.full(len(fixes), np.nan)


def _integer(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _extended(text: bytes, tails: list[bytes]) -> dict[str, NDArray[np.float64]]:
    """Values that an I record adds to each fix: speed in km/h, temperature, fractions of seconds and of positions."""
    said = _EXTENSIONS.search(text)
    found: dict[str, NDArray[np.float64]] = {}
    for first, last, code in _EXTENSION.findall(said[1]) if said else ():
        begin, end, name = int(first) - 1 - _BEFORE, int(last) - _BEFORE, code.decode()
        whole = {"GSP": 3, "OAT": 3, "TDS": 0, "LAD": 0, "LOD": 0}.get(name)
        if whole is None or not 0 <= begin < end:
            continue
        # Further digits are decimals.
        scale = 10.0 ** max(end - begin - whole, 0)
        found[name] = np.array([_integer(tail[begin:end]) for tail in tails]) / scale
    if "TDS" in found:
        found["TDS"] = np.nan_to_num(found["TDS"])
    return found


def _activity(text: bytes, source: str) -> Activity:
    facts: dict[str, str] = {}
    for code, said in _FACT.findall(text):
        # "HFGTYGLIDERTYPE:Discus 2c"; old files write no name before the colon.
        facts.setdefault(code.decode(), to_name(worded(said.partition(b":")[2] or said)))
    craft, device = facts.get("GTY", ""), facts.get("FTY", "")
    words = f"{craft} {facts.get('CCL', '')}"
    sport = next((sport for sport, pattern in _SPORTS.items() if re.search(pattern, words, re.IGNORECASE)), "Flying")
    try:
        hours = float(facts.get("TZN", "").upper().removeprefix("UTC"))
    except ValueError:
        hours = np.nan
    offset = hours * 3600 if abs(hours) <= 14 else None
    return Activity(source=source, sport=sport, gear=craft, device=device, utc_offset=offset)
