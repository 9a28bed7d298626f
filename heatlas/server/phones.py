"""Positions that apps of phones post: OwnTracks, GPSLogger and its like, Overland.

Each app has its own form and wants its own answer. What they mean is one thing: `PhoneFix`es of a device, which
`heatlas.library.phone_days` adds to the track of the day. Fixes that cannot be, or that are known to no better than
200 m, are left out.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import math
import time
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from heatlas.core.errors import printable
from heatlas.library.phone_days import PhoneDays, PhoneFix
from heatlas.server.state import current, say, site_of
from heatlas.server.uploads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request

__all__ = ["FORMS", "receive_fixes"]

_LARGEST = 4 << 20
"""Bytes of a request."""
_MOST = 20_000
"""Fixes of a request."""
_FARTHEST = 200.0
"""Metres of accuracy beyond which a fix says too little."""
_FIRST = dt.datetime(1980, 1, 6, tzinfo=dt.UTC).timestamp()
_AHEAD = 86400.0
"""Seconds that a phone's clock may be ahead."""
_LONGEST = 100
_KMH = 1 / 3.6


async def receive_fixes(request: Request, form: str) -> Any:
    """Add what an app posts to the track of its day, and return what the app wants to hear.

    Raises
    ------
    HTTPException
        403 on a public map that has no token; 400 for what is not of this form; 413 if it is too large.
    HeatlasError
        When it cannot be stored; apps then send it again.
    """
    site = site_of(request)
    if site.public and site.token is None:
        raise HTTPException(403, "this map is public: nothing can be added here")
    read, answer = FORMS[form]
    try:
        found = read(request, await _body(request))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise HTTPException(400, f"this is nothing that {form} sends") from None
    if len(found) > _MOST:
        raise HTTPException(413, f"one request may have {_MOST} positions at most")
    fixes = [fix for fix in found if fix is not None and _is_sound(fix)]
    site, _ = await current(site)
    days = _days_of(request)
    added = await asyncio.to_thread(days.note, fixes)
    if added:
        async with site.importing:  # requests that waited here meanwhile are taken together
            await in_thread(site, days.take, site.view.library)
    return answer(added, len(found) - len(fixes), len(fixes) - added)


def _days_of(request: Request) -> PhoneDays:
    """Logs beside the served library."""
    state = request.app.state
    path = site_of(request).view.library.path
    if getattr(state, "phones", None) is None or state.phones[0] != path:
        state.phones = path, PhoneDays(path)
    days: PhoneDays = state.phones[1]
    return days


async def _body(request: Request) -> Any:
    """Body of a request: JSON, or the fields of a form; None if it is empty."""
    data = bytearray()
    try:
        async for block in request.stream():
            data += block
            if len(data) > _LARGEST:
                raise HTTPException(413, f"one request may have {_LARGEST} bytes at most")
    except ClientDisconnect:
        raise HTTPException(400, "the request did not arrive as a whole") from None
    text = data.decode("utf-8").strip()
    if not text:
        return None
    if text[0] in "{[":
        return json.loads(text)
    from urllib.parse import parse_qsl

    return dict(parse_qsl(text))


def _is_sound(fix: PhoneFix) -> bool:
    where = abs(fix.lat) <= 90 and abs(fix.lon) <= 180 and (fix.lat, fix.lon) != (0, 0)
    return where and _FIRST <= fix.time <= time.time() + _AHEAD and not fix.accuracy > _FARTHEST


def _of_owntracks(request: Request, body: Any) -> list[PhoneFix | None]:
    """Messages of OwnTracks in HTTP mode; other types than locations are none, and need no more than an answer."""
    messages = body if isinstance(body, list) else [] if body is None else [body]
    found: list[PhoneFix | None] = []
    for message in messages:
        if message.get("_type") == "encrypted":
            say(
                site_of(request), "OwnTracks sends encrypted messages, which heatlas cannot read: switch that off there"
            )
        if message.get("_type") != "location":
            continue
        topic = str(message.get("topic") or "").split("/")
        heads = [request.headers.get(name, "") for name in ("x-limit-u", "x-limit-d")]
        names = topic[1:3] if len(topic) > 2 else heads if all(heads) else [str(message.get("tid") or "")]
        found.append(
            _fix(
                "/".join(filter(None, names)) or "owntracks", message["tst"], message["lat"], message["lon"],
                message.get("alt"), _number(message.get("vel")) * _KMH, message.get("acc"),
            )
        )  # fmt: skip
    return found


_NAMES: dict[str, Sequence[str]] = {
    "device": ("device", "deviceid", "id", "ser", "aid", "user"),
    "time": ("time", "timestamp", "tst"),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "longitude", "lng"),
    "elevation": ("alt", "altitude", "ele"),
    "speed": ("spd", "speed", "s"),
    "accuracy": ("acc", "accuracy", "hdop_m"),
}
"""What a parameter is called in the addresses that apps are given."""


def _of_gpslogger(request: Request, body: Any) -> list[PhoneFix | None]:
    """One position in the parameters of an address, or in a form."""
    said: dict[str, Any] = {name.lower(): value for name, value in request.query_params.items()}
    if isinstance(body, dict):
        said |= {str(name).lower(): value for name, value in body.items()}
    given = {what: next((said[name] for name in names if said.get(name)), None) for what, names in _NAMES.items()}
    if None in (given["lat"], given["lon"], given["time"]):
        raise HTTPException(400, "a position needs lat, lon and time")
    return [
        _fix(
            str(given["device"] or "gpslogger"), given["time"], given["lat"], given["lon"], given["elevation"],
            _number(given["speed"]), given["accuracy"],
        )
    ]  # fmt: skip


def _of_overland(request: Request, body: Any) -> list[PhoneFix | None]:
    """A batch of Overland: GeoJSON points, each with its properties."""
    found: list[PhoneFix | None] = []
    for feature in body["locations"]:
        known: Mapping[str, Any] = feature.get("properties") or {}
        place = (feature.get("geometry") or {}).get("coordinates")
        if place is None or known.get("timestamp") is None:  # such as the summary of a trip
            continue
        device = known.get("device_id") or request.query_params.get("device_id") or "overland"
        speed = _number(known.get("speed"))
        found.append(
            _fix(
                str(device), known["timestamp"], place[1], place[0], known.get("altitude"),
                speed if speed >= 0 else math.nan, known.get("horizontal_accuracy"),
            )
        )  # fmt: skip
    return found


def _fix(device: str, moment: Any, lat: Any, lon: Any, elevation: Any, speed: float, accuracy: Any) -> PhoneFix | None:
    when, place = _seconds(moment), (_number(lat), _number(lon))
    if not all(map(math.isfinite, (when, *place))):
        return None
    name = printable("".join(char for char in device if char.isprintable()))[:_LONGEST]
    return PhoneFix(name, when, *place, _number(elevation), speed, _number(accuracy))


def _number(value: Any) -> float:
    """Number as apps write it; NaN where there is none, or one that cannot be."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return math.nan
    return number if abs(number) < 1e15 else math.nan


def _seconds(value: Any) -> float:
    """Unix seconds of a moment in seconds, milliseconds or ISO 8601; without an offset it is in UTC."""
    number = _number(value)
    if not math.isnan(number):
        return number / 1000 if abs(number) > 1e11 else number
    moment = dt.datetime.fromisoformat(str(value).strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def _plain(added: int, left_out: int, known: int) -> dict[str, Any]:
    return {"result": "ok", "added": added, "known": known, "left_out": left_out}


FORMS: dict[str, tuple[Callable[[Request, Any], list[PhoneFix | None]], Callable[[int, int, int], Any]]] = {
    "owntracks": (_of_owntracks, lambda added, left_out, known: []),
    "gpslogger": (_of_gpslogger, _plain),
    "overland": (_of_overland, _plain),
}
"""Name of an app -> how its requests are read, and what it wants to hear."""
