"""Hide home: cut the ends of tracks and the fixes in zones, before anything is counted.

A fixed length would leak: the ends of many tracks then lie on a circle around home (Hassan et al., Analysis of
Privacy Protections in Fitness Tracking Social Networks, USENIX Security 2018). So lengths and shifts are random, but
drawn from a secret that stays with the owner: drawing the map twice makes the same cuts, and nobody else can compute
them.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.batch import take_fixes
from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.mercator import EARTH_RADIUS, MAX_LATITUDE, from_lonlat, ground_metres

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity, Batch

__all__ = ["RULE", "Privacy", "Zone", "far_from", "hidden_circle", "hide"]

_SPREAD = 0.35
"""A cut is the given length times 1 - _SPREAD to 1 + _SPREAD."""
RULE = 2
"""Rule by which circles of new zones are drawn; a library stores the rule of each of its zones."""


@frozen
class _Rule:
    """How a hidden circle is drawn, as multiples of the zone's radius.

    margin - shift is at least 1, so the circle covers the zone.
    """

    margin: float
    """Least radius."""
    spread: float
    """Most that the radius is larger than `margin`."""
    shift: float
    """Most that the centre is shifted."""
    salt: str
    """Makes draws of two rules independent: else two maps would give the place away."""


_RULES = {
    1: _Rule(1.4, 0.0, 1.4 - 1, ""),  # not 0.4, which differs in the last bit: existing cuts must stay the same
    2: _Rule(2.0, 0.2, 1.0, " 2"),
}


@frozen
class Zone:
    """A circle in which nothing is shown.

    A wider circle around a shifted centre is cut; it covers the zone. By rule 2 its radius is 2 to 2.2 times the zone's
    radius, and its centre is shifted uniformly over a disc of the zone's radius. So the place may be anywhere in such a
    disc around the circle's centre, and the cut reveals neither the place nor the radius. Rule 1, of older libraries,
    takes 1.4 times the radius and a shift of at most 0.4 times it.
    """

    lat: float
    """Degrees."""
    lon: float
    """Degrees."""
    radius: float
    """Metres."""
    rule: int = RULE
    """Rule by which the circle that is cut is drawn: 1 or 2."""
    person: str = ""
    """Whose tracks it hides, besides those of which nobody knows whose they are; empty: everybody's."""

    def __post_init__(self) -> None:
        if self.rule not in _RULES:
            raise BadOption(f"there is no rule {self.rule} for zones: update heatlas, or take {RULE}")

    def hides(self, activity: Activity) -> bool:
        """Whether it hides the tracks of an activity."""
        return not self.person or activity.claimed or activity.person in {"", self.person}


@frozen
class Privacy:
    """Cuts and zones to hide, and the secret from which the exact cuts are drawn."""

    clip_ends: float = 0.0
    """Metres to cut from both ends of each track, on average."""
    zones: tuple[Zone, ...] = ()
    secret: bytes = b""
    """At least 16 bytes when anything is hidden; see `owner_secret`."""

    def __post_init__(self) -> None:
        if (self.clip_ends or self.zones) and len(self.secret) < 16:
            raise BadOption("hiding needs a secret of at least 16 bytes: take heatlas.tracks.privacy.owner_secret()")


def _draw(secret: bytes, *what: object) -> float:
    """Draw a number in [0, 1) that only the secret's owner can compute."""
    import hashlib
    import hmac

    text = "\x1f".join(str(part) for part in what).encode()
    return int.from_bytes(hmac.digest(secret, text, hashlib.sha256)[:8], "big") / 2.0**64


def _identity(activity: Activity, batch: Batch, first: int) -> str:
    """Identity of an activity that stays the same when its file moves."""
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

    An end is cut until the way from it is the drawn length and the straight distance half of that, so that zigzags in
    front of the door do not use up the length.
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


def hidden_circle(zone: Zone, secret: bytes) -> tuple[float, float, float]:
    """Draw the circle that is cut for a zone.

    Returns
    -------
    east, south, radius : float
        Metres from the zone's centre to that of the circle, and the circle's radius.
    """
    # Written with a fixed precision: 500 and 500.0 are one zone.
    identity = f"{zone.lat:.6f} {zone.lon:.6f} {zone.radius:.1f}"
    rule = _RULES[zone.rule]
    angle = 2 * math.pi * _draw(secret, f"zone angle{rule.salt}", identity)
    # The root of a uniform number spreads the centres evenly over the disc.
    shift = rule.shift * zone.radius * math.sqrt(_draw(secret, f"zone shift{rule.salt}", identity))
    more = rule.spread * _draw(secret, f"zone radius{rule.salt}", identity) + _stretch(zone) if rule.spread else 0.0
    return shift * math.cos(angle), shift * math.sin(angle), zone.radius * (rule.margin + more)


def far_from(zones: Iterable[Zone], bounds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether tracks lie so far from zones that no circle of theirs reaches them, however it is drawn.

    Parameters
    ----------
    zones : iterable of Zone
        Whose circles are cut.
    bounds : ndarray of float64 (n, 4)
        West, east, north and south of each track, world coordinates.
    """
    west, east, north, south = bounds.T
    found = np.ones(len(bounds), np.bool_)
    for zone in zones:
        rule = _RULES[zone.rule]
        reach = zone.radius * (rule.shift + rule.margin + rule.spread + _stretch(zone)) * 1.001
        u, v = from_lonlat(zone.lon, zone.lat)
        across, along = (reach / float(metres) for metres in ground_metres(v))
        # The nearest copy of the zone's centre, as worlds lie beside each other.
        middle = u + np.round((west + east) / 2 - u)
        near = (middle >= west - across) & (middle <= east + across)
        near |= east - west >= 1 - 2 * across
        found &= ~(near & (v >= north - along) & (v <= south + along))
    return found


def _stretch(zone: Zone) -> float:
    """Relative error of metres at the zone's centre where the zone is nearest to a pole; 0.0002 for 1 km."""
    far = math.radians(min(abs(zone.lat) + math.degrees(zone.radius / EARTH_RADIUS), MAX_LATITUDE))
    return max(math.cos(math.radians(zone.lat)) / math.cos(far) - 1, 0.0)


def _inside(batch: Batch, zone: Zone, secret: bytes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Fixes inside the zone's hidden circle, and fixes whose line to the next one crosses it."""
    east_shift, south_shift, radius = hidden_circle(zone, secret)
    u, v = from_lonlat(zone.lon, zone.lat)
    east, north = (float(g) for g in ground_metres(v))
    # Metres from the shifted centre, by the short way around the world.
    x = batch.u - u
    x = (x - np.round(x)) * east - east_shift
    y = (batch.v - v) * north - south_shift
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
    """Cut the ends of tracks and the hidden circles from a batch; the result contains no hidden fix.

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
        if zone.person and not all(map(zone.hides, batch.activities)):
            theirs = np.repeat([zone.hides(a) for a in batch.activities], np.diff(batch.segments[batch.tracks]))
            inside, crosses = inside & theirs, crosses & theirs
        keep &= ~inside
        cut |= crosses
    return _split(batch, keep, cut)
