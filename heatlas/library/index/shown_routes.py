"""The route of one activity as it is shown: its lines without hidden parts, and what was measured along them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.core.mercator import to_lonlat
from heatlas.kernels.path import metres_along
from heatlas.library.file.settings import privacy_of, read_settings
from heatlas.library.rows.tracks import sound_tracks
from heatlas.tracks.metrics.fixes import STOPPED
from heatlas.tracks.privacy import hide

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity, Batch
    from heatlas.library.file.store import Library

__all__ = ["PROFILE", "Route", "read_route", "route_of"]

PROFILE = ("elevation", "heart_rate", "pace")
"""Columns of a profile: metres, beats per minute, seconds per metre in motion."""
_STEP = 2.0
"""Metres between the points of a line, at least."""
_POINTS = 6000
"""Points of a route, about, at most."""
_BINS = 200
"""Stretches of a profile at most."""
_SHORTEST = 10.0
"""Metres of a stretch at least."""


@frozen
class Route:
    """Lines of an activity, and its profile; nothing of it tells how much is hidden."""

    lines: tuple[NDArray[np.float64], ...]
    """Each (n, 2), longitude and latitude in degrees; longitudes go on beyond 180 across the antimeridian."""
    metres: float
    """Length of the lines."""
    profile: Mapping[str, NDArray[np.float64]]
    """Name of `PROFILE` -> its mean on each of equal stretches of the way, NaN where unknown; without columns that are
    unknown throughout."""


def read_route(library: Library, number: int, activity: Activity) -> Route | None:
    """Read the route of an activity; None where nothing of it is shown."""
    with library.read() as connection:
        privacy = privacy_of(connection, read_settings(connection))[0]
        tracks = [track for _, track in sound_tracks(connection, {number: activity}, ("elevation", "heart_rate"))]
    if not tracks:
        return None
    shown = hide(tracks[0], privacy)
    return route_of(shown) if shown.fixes else None


def route_of(shown: Batch) -> Route:
    """Route of a cut track.

    Distances are counted along the lines that are left, so that gaps do not tell how long they are.
    """
    step = np.asarray(metres_along(shown.u, shown.v, shown.segments), np.float64)
    along = np.concatenate(([0.0], np.cumsum(step)[:-1]))
    total = float(step.sum())
    return Route(_lines(shown, along, max(_STEP, total / _POINTS)), total, _profile(shown, step, along, total))


def _lines(shown: Batch, along: NDArray[np.float64], step: float) -> tuple[NDArray[np.float64], ...]:
    """Lines with a point for every step of the way, and both ends of each segment."""
    stretch = np.floor(along / step)
    keep = np.ones(shown.fixes, np.bool_)
    keep[1:] = stretch[1:] != stretch[:-1]
    first, last = shown.segments[:-1], shown.segments[1:]
    keep[first[first < last]] = True
    keep[last[first < last] - 1] = True
    lon, lat = to_lonlat(shown.u, shown.v)
    found = []
    for a, b in zip(first.tolist(), last.tolist(), strict=True):
        if b > a:
            line = np.stack([lon[a:b], lat[a:b]], axis=1)[keep[a:b]]
            found.append(line)
    return tuple(found)


def _profile(
    shown: Batch, step: NDArray[np.float64], along: NDArray[np.float64], total: float
) -> dict[str, NDArray[np.float64]]:
    bins = int(min(max(total / _SHORTEST, 1), _BINS))
    width = total / bins or 1.0
    place = np.minimum(along / width, bins - 1).astype(np.int64)
    found = {
        name: _means(place, shown.columns[name].astype(np.float64), bins)
        for name in ("elevation", "heart_rate")
        if name in shown.columns
    }
    # A line counts for the stretch in which it begins; one on which somebody stands, or of unknown length in time, not.
    lapse = np.append(np.diff(shown.time), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        moving = (step > 0) & (lapse > 0) & (step / lapse >= STOPPED)
        metres = np.bincount(place[moving], step[moving], bins)
        found["pace"] = np.bincount(place[moving], lapse[moving], bins) / np.where(metres > 0, metres, np.nan)
    return {name: values for name, values in found.items() if not np.isnan(values).all()}


def _means(place: NDArray[np.int64], values: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    counts = np.bincount(place[known], minlength=bins)
    sums = np.bincount(place[known], values[known], bins)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
