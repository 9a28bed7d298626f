"""Read logs of Suunto watches: JSON of Movescount and of the app, and SML, which is the same in XML.

Angles are in radians, frequencies in hertz, temperatures in kelvin; positions and sensors are samples of their own.
"""

from __future__ import annotations

import math
import re
from html import unescape
from typing import TYPE_CHECKING, Any

from heatlas.core.batch import Activity
from heatlas.core.errors import Unreadable
from heatlas.core.regex import regex
from heatlas.sources.formats.json_lists import CUT, JsonLists
from heatlas.sources.formats.sampled import Fix, clock, number, sampled_recording, text_of
from heatlas.sources.formats.xml_text import to_utf8
from heatlas.sources.sniff import decode
from heatlas.sources.sports import sport_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.core.batch import Recording

__all__ = ["read_sml", "read_suunto"]

_BEGIN = (
    "TimeISO8601",
    "UTC",
    "Latitude",
    "Longitude",
    "GPSAltitude",
    "AbsPressure",
    "Altitude",
    "HR",
    "Events",
    "Attributes",
)
_SAMPLES = regex(r'"Samples"\s*:\s*\[')
_ACTIVITY = regex(r'"Activity"\s*:\s*"([^"\\]{1,100})"|<Activity>([^<>]{1,100})</Activity>')
_DEVICE = regex(
    r'"Device"\s*:\s*\{[^{}]*(?:\{[^{}]*\}[^{}]*)?"Name"\s*:\s*"([^"\\]{1,100})"|<Device>\s*<Name>([^<>]{1,100})<'
)
_VALUE = regex(r"<(\w{1,40})>([^<>]{0,100})</")
_ZONE = regex(r"([+-])(\d\d):?(\d\d)\s*\Z")
_UNITS = {
    "HR": ("heart_rate", 60.0, 0.0),
    "Cadence": ("cadence", 60.0, 0.0),
    "Speed": ("speed", 1.0, 0.0),
    "Power": ("power", 1.0, 0.0),
    "Temperature": ("temperature", 1.0, -273.15),
    "Altitude": ("elevation", 1.0, 0.0),
}
"""Term of a sample -> column, its factor, and what is added."""


def read_suunto(data: bytes, source: str) -> list[Recording]:
    """Read the JSON of a log.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When it holds no position.
    """
    text = decode(data)
    begin = _SAMPLES.search(text)
    if begin is None:
        raise Unreadable("a log of Suunto without samples", kind="logs without a way")
    lists = JsonLists(f"{{{text[begin.start() :]}".encode(errors="replace"), ("Samples",), _BEGIN)
    head = text[: begin.start()] + text[-20000:]
    samples = [_flat(item) for item in lists if isinstance(item, dict)]
    return _recordings(samples, head, source, lists.warnings)


def _flat(item: dict[str, Any]) -> dict[str, Any]:
    """Terms of a sample; the app wraps them."""
    inner: Any = item.get("Attributes")
    for key in ("suunto/sml", "Sample"):
        inner = inner.get(key) if isinstance(inner, dict) else None
    return {**item, **inner} if isinstance(inner, dict) else item


def read_sml(data: bytes, source: str) -> list[Recording]:
    """Read an SML; parameters and errors as of `read_suunto`."""
    text = to_utf8(data).decode("utf-8", "replace")
    head, *parts = re.split(r"<Sample>", text)
    samples = [{name: unescape(value) for name, value in _VALUE.findall(part)} for part in parts]
    whole = re.search(r"</sml>\s*\Z", text[-200:], re.IGNORECASE)
    return _recordings(samples, head[:20000] + (parts[-1][-20000:] if parts else ""), source, () if whole else (CUT,))


def _recordings(
    samples: Iterable[dict[str, Any]], head: str, source: str, warnings: tuple[str, ...]
) -> list[Recording]:
    fixes: list[Fix] = []
    sensors: dict[str, list[tuple[float, float]]] = {}
    zone: float | None = None
    for sample in samples:
        said = sample.get("TimeISO8601") or sample.get("UTC")
        when = clock(said)
        if zone is None and isinstance(said, str) and (found := _ZONE.search(said[-20:])):
            zone = float(f"{found[1]}{60 * (60 * int(found[2]) + int(found[3]))}")
        lat, lon = number(sample.get("Latitude")), number(sample.get("Longitude"))
        if math.isfinite(lat) and math.isfinite(lon):
            height = number(sample.get("GPSAltitude", sample.get("Altitude")))
            fixes.append((when, math.degrees(lat), math.degrees(lon), height))
        for term, (column, factor, more) in _UNITS.items():
            if term in sample:
                sensors.setdefault(column, []).append((when, number(sample[term]) * factor + more))
    if not fixes:
        if warnings:
            raise Unreadable(f"a log of Suunto without a position: {warnings[-1]}")
        raise Unreadable("a log of Suunto without a position", kind="logs without a way")
    sport, device = _ACTIVITY.search(head), _DEVICE.search(head)
    activity = Activity(
        source=source,
        sport=sport_name(_word(sport)) if sport else "Unknown",
        start=next((fix[0] for fix in fixes if math.isfinite(fix[0])), None),
        utc_offset=zone,
        device=f"Suunto {_word(device)}".strip() if device else "Suunto",
    )
    return [sampled_recording(activity, fixes, sensors, warnings)]


def _word(found: re.Match[str]) -> str:
    return text_of(next((group for group in found.groups() if group), "")).encode(errors="replace").decode()
