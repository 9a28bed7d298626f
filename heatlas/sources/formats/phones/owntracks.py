"""Read OwnTracks: the files of its recorder, what the recorder answers, and messages of the app.

The messages: https://owntracks.org/booklet/tech/json/. A file of the recorder (.rec) has lines of a time, a mark and a
message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.words import counted
from heatlas.sources.formats.phones.device_rows import DeviceRows
from heatlas.sources.formats.phones.json_rows import JsonRows
from heatlas.sources.formats.phones.legs import sport_of_motion
from heatlas.sources.formats.phones.values import number

if TYPE_CHECKING:
    from heatlas.core.batch import Recording
    from heatlas.sources.blobs import Content

__all__ = ["add_message", "read_owntracks"]


def read_owntracks(data: Content, source: str) -> list[Recording]:
    """Read locations: one recording of each device, by its topic, or by user and device.

    Parameters
    ----------
    data : Content
        The file; it is read in slices.
    source : str
        Path of the file, for ``Activity.source``. That of a file of the recorder ends in ``rec/USER/DEVICE/MONTH.rec``.

    Raises
    ------
    Unreadable
        When there is no location.
    """
    rows, held, encrypted = DeviceRows(), JsonRows(data, "locations", "data"), 0
    unnamed = _device_of_path(source)
    for message in held:
        kind = message.get("_type", "location")
        if kind == "location":
            add_message(rows, message, unnamed)
        encrypted += kind == "encrypted"
    warnings = list(held.warnings)
    if encrypted:
        warnings.append(f"{counted(encrypted, 'messages')} {'is' if encrypted == 1 else 'are'} encrypted")
    return rows.recordings(source, "messages of OwnTracks", warnings)


def add_message(rows: DeviceRows, message: dict[str, Any], unnamed: str = "") -> bool:
    """Add a location as OwnTracks writes it: seconds since 1970, metres, km/h; nothing without a position.

    Parameters
    ----------
    rows : DeviceRows
        Receives the location.
    message : dict
        A message of the type "location".
    unnamed : str
        Name of the device where the message has no more of one than its two letters, `tid`.

    Returns
    -------
    bool
        Whether there is a position.
    """
    if "lat" not in message or "lon" not in message:
        return False
    motions = message.get("motionactivities")
    words = [sport_of_motion(word) for word in motions] if isinstance(motions, list) else []
    rows.add(
        _device(message) or unnamed or _letters(message),
        message.get("tst", message.get("isotst")),
        (number(message["lon"]), number(message["lat"])),
        accuracy=number(message.get("acc")),
        elevation=number(message.get("alt")),
        speed=number(message.get("vel")) / 3.6,
        sport=next(filter(None, words), ""),
    )
    return True


def _device(message: dict[str, Any]) -> str:
    topic = message.get("topic")
    if isinstance(topic, str) and topic:
        return topic.removeprefix("owntracks/").removesuffix("/event")
    user, device = (message.get(key) for key in ("username", "device"))
    if isinstance(device, str) and device:
        return f"{user}/{device}" if isinstance(user, str) and user else device
    return ""


def _letters(message: dict[str, Any]) -> str:
    tracker = message.get("tid")
    return tracker if isinstance(tracker, str) else ""


def _device_of_path(source: str) -> str:
    """User and device of a file in the store of the recorder."""
    parts = source.replace("\\", "/").split("/")
    return "/".join(parts[-3:-1]) if len(parts) > 3 and parts[-4] == "rec" and source.endswith(".rec") else ""
