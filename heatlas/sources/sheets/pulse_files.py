"""Read heart rates that an export keeps in a file beside each recording.

Samsung Health writes `live_data.json` beside `location_data.json`: a list of values by time, in milliseconds since
1970, as people who parse their exports describe. Polar's older programs write an HRM file, whose sections Polar has
described, beside a GPX of the same name. Its times are local.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import Unreadable
from heatlas.core.regex import regex
from heatlas.sources.formats.json_lists import JsonLists
from heatlas.sources.formats.sampled import clock, number
from heatlas.sources.sheets.pulse import Pulse
from heatlas.sources.sheets.strava_values import parse_date
from heatlas.sources.sniff import decode

if TYPE_CHECKING:
    from heatlas.sources.sheets.kinds import Sheet

__all__ = ["read_pulse", "recording_of"]

_HRM = ".hrm"
_LIVE = regex(r"live_data\.json\Z", re.IGNORECASE)
_BEGIN = ("start_time", "heart_rate", "calorie", "distance", "speed", "cadence", "count", "power")
_LONGEST = 60
"""Seconds between values; larger codes mean other things, such as single beats."""
_POSSIBLE = (20, 250)
"""Beats per minute; 0 stands for none."""


def recording_of(sheet: Sheet) -> str:
    """Name of the recording that heart rates belong to."""
    if sheet.name.lower().endswith(_HRM):
        return f"{sheet.name[: -len(_HRM)]}.gpx"
    return _LIVE.sub("location_data.json", sheet.name)


def read_pulse(sheet: Sheet) -> Pulse:
    """Read the measurements of one file.

    Raises
    ------
    Unreadable, OSError
        When it holds none, or cannot be read.
    """
    data = sheet.read()
    pulse = _hrm(decode(data)) if sheet.name.lower().endswith(_HRM) else _live(data)
    sound = (pulse.rate >= _POSSIBLE[0]) & (pulse.rate <= _POSSIBLE[1]) & np.isfinite(pulse.time)
    order = np.argsort(pulse.time[sound], kind="stable")
    return Pulse(pulse.time[sound][order], pulse.rate[sound][order], pulse.local)


def _live(data: bytes) -> Pulse:
    found = [
        (_moment(item.get("start_time")), number(item["heart_rate"]))
        for item in JsonLists(data, (), _BEGIN)
        if isinstance(item, dict) and "heart_rate" in item
    ]
    time, rate = np.array(found, np.float64).reshape(-1, 2).T
    return Pulse(time, rate)


def _moment(value: object) -> float:
    return clock(value) if isinstance(value, str) and not value.isdecimal() else number(value) / 1000


def _hrm(text: str) -> Pulse:
    said = dict(re.findall(r"^(\w+)=(.*?)\s*$", text.partition("[HRData]")[0], re.MULTILINE))
    day, interval = said.get("Date", ""), int(number(said.get("Interval", "")) if said.get("Interval") else 0)
    start = parse_date(f"{day[:4]}-{day[4:6]}-{day[6:8]} {said.get('StartTime', '')}")
    if start is None or not 0 < interval <= _LONGEST:
        raise Unreadable("no heart rates at equal times in it, so that nothing can be joined")
    rates = re.findall(
        r"^[ \t]*(\d{1,3})(?:[ \t][^\n]*)?$", text.partition("[HRData]")[2].replace("\r", ""), re.MULTILINE
    )
    return Pulse(start + interval * np.arange(len(rates), dtype=np.float64), np.array(rates, np.float64), local=True)
