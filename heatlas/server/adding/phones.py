"""Positions that apps of phones post: OwnTracks, GPSLogger and its like, Overland.

Each app has its own form and wants its own answer. Messages are read by the code that reads files of these apps
(`heatlas.sources.formats.phones`), and become `PhoneFix`es of a device, which `heatlas.library.phone_days` adds to the
track of the day. Fixes that cannot be, or that are known to no better than 200 m, are left out.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from heatlas.core.errors import printable
from heatlas.library.phone_days import PhoneDays, PhoneFix
from heatlas.server.adding.uploads import in_thread
from heatlas.server.site.state import current, say, site_of
from heatlas.sources.accuracy import is_inaccurate
from heatlas.sources.formats.phones.device_rows import DeviceRows
from heatlas.sources.formats.phones.overland import add_location
from heatlas.sources.formats.phones.owntracks import add_message
from heatlas.sources.formats.phones.values import moments, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request

__all__ = ["FORMS", "receive_fixes"]

_LARGEST = 4 << 20
"""Bytes of a request."""
_MOST = 20_000
"""Fixes of a request."""
_FIRST = dt.datetime(1980, 1, 6, tzinfo=dt.UTC).timestamp()
_AHEAD = 86400.0
"""Seconds that a phone's clock may be ahead."""
_LONGEST = 100


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
    rows = DeviceRows()
    try:
        read(request, await _body(request), rows)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise HTTPException(400, f"this is nothing that {form} sends") from None
    if len(rows) > _MOST:
        raise HTTPException(413, f"one request may have {_MOST} positions at most")
    fixes = _sound_fixes(rows, form)
    site, _ = await current(site)
    days = _days_of(request)
    added = await asyncio.to_thread(days.note, fixes)
    if added:
        async with site.importing:  # requests that waited here meanwhile are taken together
            await in_thread(site, days.take, site.view.library)
    return answer(added, len(rows) - len(fixes), len(fixes) - added)


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


def _of_owntracks(request: Request, body: Any, rows: DeviceRows) -> None:
    """Read messages of OwnTracks in HTTP mode; other types than locations are none, and need no more than an answer."""
    heads = [request.headers.get(name, "") for name in ("x-limit-u", "x-limit-d")]
    for message in body if isinstance(body, list) else [] if body is None else [body]:
        if message.get("_type") == "encrypted":
            say(
                site_of(request), "OwnTracks sends encrypted messages, which heatlas cannot read: switch that off there"
            )
        if message.get("_type") != "location":
            continue
        if "tst" not in message or not add_message(rows, message, "/".join(heads) if all(heads) else ""):
            raise ValueError


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


def _of_gpslogger(request: Request, body: Any, rows: DeviceRows) -> None:
    """Read one position in the parameters of an address, or in a form."""
    said: dict[str, Any] = {name.lower(): value for name, value in request.query_params.items()}
    if isinstance(body, dict):
        said |= {str(name).lower(): value for name, value in body.items()}
    given = {what: next((said[name] for name in names if said.get(name)), None) for what, names in _NAMES.items()}
    if None in (given["lat"], given["lon"], given["time"]):
        raise HTTPException(400, "a position needs lat, lon and time")
    if np.isnan(moments([given["time"]])[0]):
        raise HTTPException(400, "the time is neither in seconds or milliseconds since 1970 nor in ISO 8601")
    rows.add(
        str(given["device"] or ""),
        given["time"],
        (number(given["lon"]), number(given["lat"])),
        accuracy=number(given["accuracy"]),
        elevation=number(given["elevation"]),
        speed=number(given["speed"]),
    )


def _of_overland(request: Request, body: Any, rows: DeviceRows) -> None:
    """Read a batch of Overland; what has no position and time, such as the summary of a trip, is none."""
    named = request.query_params.get("device_id") or ""
    for feature in body["locations"]:
        add_location(rows, feature, named)


def _sound_fixes(rows: DeviceRows, unnamed: str) -> list[PhoneFix]:
    """Fixes that can be, and that are known to 200 m or better."""
    held = (rows.lat, rows.lon, rows.elevation, rows.speed, rows.accuracy)
    lat, lon, elevation, speed, accuracy = map(np.frombuffer, held)
    moment, (device, names) = rows.time, rows.device
    with np.errstate(invalid="ignore"):
        sound = (abs(lat) <= 90) & (abs(lon) <= 180) & ((lat != 0) | (lon != 0))
        sound &= (moment >= _FIRST) & (moment <= time.time() + _AHEAD) & ~is_inaccurate(accuracy)
        speed = np.where(speed < 0, np.nan, speed)
    columns = np.column_stack((moment, lat, lon, elevation, speed, accuracy))[sound].tolist()
    devices = [names[k] for k in device[sound].tolist()]
    return [PhoneFix(_device_name(name) or unnamed, *row) for name, row in zip(devices, columns, strict=True)]


def _device_name(name: str) -> str:
    return printable("".join(char for char in name if char.isprintable()))[:_LONGEST]


def _plain(added: int, left_out: int, known: int) -> dict[str, Any]:
    return {"result": "ok", "added": added, "known": known, "left_out": left_out}


FORMS: dict[str, tuple[Callable[[Request, Any, DeviceRows], None], Callable[[int, int, int], Any]]] = {
    "owntracks": (_of_owntracks, lambda added, left_out, known: []),
    "gpslogger": (_of_gpslogger, _plain),
    "overland": (_of_overland, _plain),
}
"""Name of an app -> how its requests are read, and what it wants to hear."""
