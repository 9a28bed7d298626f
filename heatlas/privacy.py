"""Hide home: cut the ends of tracks and what lies in a zone, before anything is counted.

A fixed length would leak: the ends of many tracks then lie on a circle around home (Hassan et al., Analysis of
Privacy Protections in Fitness Tracking Social Networks, USENIX Security 2018). So lengths and shifts are
random, but drawn from a secret that stays with the owner: drawing the map twice cuts the same, and
nobody else can work the draw out.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import os
import secrets
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heatlas.batch import take_fixes
from heatlas.errors import BadOption
from heatlas.mercator import from_lonlat, ground_metres

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.batch import Activity, Batch

__all__ = ["Privacy", "Zone", "config_folder", "hide", "owner_secret"]

_SPREAD = 0.35
"""A cut is the asked-for length times 1 - _SPREAD to 1 + _SPREAD."""
_MARGIN = 1.4
"""A zone's hidden circle is this much wider than asked for, so that it covers the zone wherever it is shifted."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A circle in which nothing is shown."""

    lat: float
    """Degrees."""
    lon: float
    """Degrees."""
    radius: float
    """Metres."""


@dataclass(frozen=True, slots=True)
class Privacy:
    """What to hide, and the secret that decides where exactly."""

    clip_ends: float = 0.0
    """Metres to cut from both ends of each track, on average."""
    zones: tuple[Zone, ...] = ()
    secret: bytes = b""
    """At least 16 bytes when anything is hidden; see `owner_secret`."""

    def __post_init__(self) -> None:
        if (self.clip_ends or self.zones) and len(self.secret) < 16:
            raise BadOption("hiding needs a secret of at least 16 bytes: take heatlas.privacy.owner_secret()")


def config_folder() -> Path:
    """Folder of the owner's settings; the environment variable HEATLAS_CONFIG overrides it."""
    if folder := os.environ.get("HEATLAS_CONFIG"):
        return Path(folder)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", Path.home())) / "heatlas"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "heatlas"


def owner_secret() -> bytes:
    """Read the owner's secret of 32 bytes, and make it at first use.

    Raises
    ------
    BadOption
        When the settings cannot be written or the file in them is damaged.
    """
    path = config_folder() / "secret"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Opened exclusively: of two processes that start together, one makes it and both read it.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
        secret = bytes.fromhex(path.read_text().strip())
    except ValueError:
        secret = b""
    except OSError as error:
        raise BadOption(
            f"the secret for hiding home cannot be kept in {path}: {error.strerror}; "
            "set HEATLAS_CONFIG to a folder that can be written"
        ) from None
    if len(secret) < 16:
        raise BadOption(f"{path} is damaged: delete it, and a new secret is made (cuts will then differ)")
    return secret


def _draw(secret: bytes, *what: object) -> float:
    """A number in [0, 1) that only the secret's owner can know."""
    text = "\x1f".join(str(part) for part in what).encode()
    return int.from_bytes(hmac.digest(secret, text, hashlib.sha256)[:8], "big") / 2.0**64


def _identity(activity: Activity, batch: Batch, first: int) -> str:
    """What stays the same of an activity when its file moves."""
    start = batch.time[first]
    if math.isfinite(start):
        return f"{start:.0f}"
    return activity.id or f"{batch.u[first]:.9f} {batch.v[first]:.9f}"


def _distance(batch: Batch, fixes: slice, centre: int) -> NDArray[np.float64]:
    """Straight metres from one fix to others."""
    east, north = ground_metres(batch.v[centre])
    x, y = (batch.u[fixes] - batch.u[centre]) * east, (batch.v[fixes] - batch.v[centre]) * north
    metres: NDArray[np.float64] = np.hypot(x, y)
    return metres


def _clip(batch: Batch, length: float, secret: bytes, keep: NDArray[np.bool_]) -> None:
    """Unset `keep` at the ends of each track.

    An end goes until the way from it is the drawn length and the straight distance half of that, so that
    zigzags in front of the door do not use the length up.
    """
    offsets = batch.segments[batch.tracks]
    for k, activity in enumerate(batch.activities):
        first, last = int(offsets[k]), int(offsets[k + 1])
        if first == last:
            continue
        track = slice(first, last)
        identity = _identity(activity, batch, first)
        for end, centre in (("start", first), ("end", last - 1)):
            drawn = length * (1 + _SPREAD * (2 * _draw(secret, "clip", end, identity) - 1))
            way = np.abs(batch.progress[track] - batch.progress[centre])
            far = (way >= drawn) & (_distance(batch, track, centre) >= drawn / 2)
            shown = np.flatnonzero(far)
            if not len(shown):
                keep[track] = False
            elif end == "start":
                keep[first : first + shown[0]] = False
            else:
                keep[first + shown[-1] + 1 : last] = False


def _inside(batch: Batch, zone: Zone, secret: bytes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Fixes inside the zone's hidden circle, and fixes whose line to the next one crosses it."""
    # Written out to a fixed precision: 500 and 500.0 are one zone.
    identity = f"{zone.lat:.6f} {zone.lon:.6f} {zone.radius:.1f}"
    angle = 2 * math.pi * _draw(secret, "zone angle", identity)
    shift = (_MARGIN - 1) * zone.radius * math.sqrt(_draw(secret, "zone shift", identity))
    u, v = from_lonlat(zone.lon, zone.lat)
    east, north = (float(g) for g in ground_metres(v))
    # Metres from the shifted centre; round the world by the short way.
    x = batch.u - u
    x = (x - np.round(x)) * east - shift * math.cos(angle)
    y = (batch.v - v) * north - shift * math.sin(angle)
    radius = zone.radius * _MARGIN
    inside = np.hypot(x, y) <= radius
    dx, dy = np.diff(x, append=x[-1:]), np.diff(y, append=y[-1:])
    length2 = dx * dx + dy * dy
    nearest = np.clip(-(x * dx + y * dy) / np.where(length2 > 0, length2, 1), 0, 1)
    crosses = np.hypot(x + nearest * dx, y + nearest * dy) <= radius
    return inside, crosses


def _split(batch: Batch, keep: NDArray[np.bool_], cut: NDArray[np.bool_]) -> Batch:
    """Keep some fixes; begin a new segment after each gap and where `cut` forbids the line to the next fix."""
    starts = np.zeros(batch.fixes, bool)
    starts[batch.segments[:-1][np.diff(batch.segments) > 0]] = True
    starts[1:] |= ~keep[:-1] | cut[:-1]
    index = np.flatnonzero(keep)
    begins = np.flatnonzero(starts[index])
    segments = np.append(begins, len(index))
    kept_before = np.searchsorted(index, batch.segments[batch.tracks])
    return replace(
        take_fixes(batch, index, segments, np.searchsorted(segments, kept_before)),
        dropped=batch.dropped + Counter({"fixes hidden for privacy": batch.fixes - len(index)}),
    )


def hide(batch: Batch, privacy: Privacy) -> Batch:
    """Cut from a batch what must not be seen; nothing of it is in the result.

    The cut falls on fixes: the line between a hidden and a shown fix is hidden. Cut fixes are counted under
    "fixes hidden for privacy" in `dropped`.
    """
    if not batch.fixes or not (privacy.clip_ends or privacy.zones):
        return batch
    keep = np.ones(batch.fixes, bool)
    cut = np.zeros(batch.fixes, bool)
    if privacy.clip_ends:
        _clip(batch, privacy.clip_ends, privacy.secret, keep)
    for zone in privacy.zones:
        inside, crosses = _inside(batch, zone, privacy.secret)
        keep &= ~inside
        cut |= crosses
    return _split(batch, keep, cut)
