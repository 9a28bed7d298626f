"""Find activities that pass through a circle, with their visits and what was measured inside."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.mercator import MAX_LATITUDE, from_lonlat, ground_metres
from heatlas.kernels.index import decode_amounts, decode_values
from heatlas.library.file.columns import AMOUNTS, COLUMNS, PIXELS, decoded
from heatlas.library.file.keys import CHUNKS, chunk_of, key
from heatlas.library.file.pixels import ChunkPixels
from heatlas.library.file.settings import privacy_of, read_settings
from heatlas.library.index.sound_tiles import pixel_rows, read_columns
from heatlas.library.rows.activity_means import read_effort
from heatlas.library.rows.merged import read_merged
from heatlas.library.rows.tracks import sound_tracks
from heatlas.raster.passages import Columns
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.metrics.sports import SPORTS_OF
from heatlas.tracks.privacy import hide

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity, Batch
    from heatlas.library.file.store import Library
    from heatlas.tracks.privacy import Privacy

__all__ = ["PassingActivity", "anything_in", "passing"]

_SIDE = 256
_MOST_TILES = 1024
_GAP = 60.0
"""Seconds outside the circle after which a return is a new visit."""
_NEEDED = ("seconds", "metres", "pace", "heart_rate", "power", "grade_100")
_Parts = dict[str, list["NDArray[np.float64]"]]
"""Column -> its values in each chunk, NaN where unknown; and "pixels", a 1 for each passage."""


@frozen
class PassingActivity:
    """Activity that passes through a circle, and its amounts inside."""

    number: int
    activity: Activity
    visits: tuple[tuple[float, float], ...]
    """Unix seconds at which each visit begins and ends; empty where times are unknown."""
    seconds: float
    metres: float
    speed: float | None
    """Metres per second, stops included; None where times are unknown."""
    pace: float | None
    """Seconds per metre, without stops: the mean over the passages, as on the map."""
    heart_rate: float | None
    power: float | None
    flat_pace: float | None
    """Seconds per metre on the flat that would cost as much energy, the mean over the passages; of runs and walks."""
    waited: float
    """Seconds, as the metric `wait`."""
    effort: Mapping[str, float]
    """Of the whole activity: what is known of `heatlas.tracks.filters.EFFORT`."""


def passing(
    library: Library, lat: float, lon: float, radius: float, keep: NDArray[np.bool_] | None = None
) -> list[PassingActivity]:
    """Find activities that pass through a circle, in the finest zoom of the index, which holds no cut parts.

    Parameters
    ----------
    library : Library
        The library.
    lat, lon : float
        Centre, degrees.
    radius : float
        Metres. A pixel is inside if its centre is; the pixel in the middle always is.
    keep : ndarray of bool (n,), optional
        Whether to include each activity, by number; those from n on are left out.

    Returns
    -------
    list of PassingActivity
        Sorted by start; those without one come last.

    Raises
    ------
    BadOption
        When the circle is invalid or too large.
    """
    if not (abs(lat) < MAX_LATITUDE and abs(lon) <= 180 and 0 < radius < math.inf):
        raise BadOption(f"{lat:g},{lon:g},{radius:g} is no circle on the map: give degrees and a radius above 0")
    with library.read() as connection:
        settings = read_settings(connection)
        circle = _Circle.around(lat, lon, radius, settings.zooms[1])
        found = _sums(connection, circle, keep)
        activities = read_merged(connection, found).activities
        privacy, efforts = privacy_of(connection, settings)[0], read_effort(connection)
        passings = [
            _passing(
                k, activities[k], found[k], _visits(track, privacy, circle), efforts.get(k, {}),
            )
            for k, track in sound_tracks(connection, activities, ())
        ]  # fmt: skip
    return sorted(passings, key=lambda p: (math.inf if p.activity.start is None else p.activity.start, p.number))


def anything_in(connection: sqlite3.Connection, lat: float, lon: float, radius: float, zoom: int) -> bool:
    """Whether any pixel of a zoom of the index lies in a circle; `radius` in metres."""
    circle = _Circle.around(lat, lon, radius, zoom)
    for column, row in circle.tiles():
        tile = (zoom, column % 2**zoom, row)
        rows = list(pixel_rows(connection, (key(PIXELS, *tile), key(PIXELS, *tile, CHUNKS - 1))))
        inside = circle.holds(column, row) if rows else None
        for _, data in rows:
            if np.asarray(inside)[ChunkPixels(data).places].any():
                return True
    return False


@frozen
class _Circle:
    u: float
    v: float
    radius: float
    zoom: int
    reach: tuple[float, float]
    """Radius in pixels of the zoom, across and down."""

    @classmethod
    def around(cls, lat: float, lon: float, radius: float, zoom: int) -> _Circle:
        u, v = (float(world) for world in from_lonlat(lon, lat))
        reach = tuple(radius / float(metres) * _SIDE * 2**zoom for metres in ground_metres(v))
        if (2 * reach[0] / _SIDE + 2) * (2 * reach[1] / _SIDE + 2) > _MOST_TILES:
            raise BadOption(f"a circle of {radius:g} m is too wide to look for who passes here: take a smaller one")
        return cls(u % 1.0, v, radius, zoom, (reach[0], reach[1]))

    def tiles(self) -> Iterator[tuple[int, int]]:
        """Column (not wrapped) and row of each tile that the circle touches."""
        x, y = (world * 2**self.zoom for world in (self.u, self.v))
        across, down = (reach / _SIDE for reach in self.reach)
        for row in range(max(0, math.floor(y - down)), min(2**self.zoom - 1, math.floor(y + down)) + 1):
            for column in range(math.floor(x - across), math.floor(x + across) + 1):
                yield column, row

    def holds(self, column: int, row: int) -> NDArray[np.bool_]:
        """(65536,) whether each pixel of a tile lies inside."""
        x, y = (world * _SIDE * 2**self.zoom for world in (self.u, self.v))
        across = (column * _SIDE + np.arange(_SIDE) + 0.5 - x) / self.reach[0]
        down = (row * _SIDE + np.arange(_SIDE) + 0.5 - y) / self.reach[1]
        inside = (across**2)[None, :] + (down**2)[:, None] <= 1
        middle = math.floor(y) - row * _SIDE, math.floor(x) - column * _SIDE
        if 0 <= middle[0] < _SIDE and 0 <= middle[1] < _SIDE:
            inside[middle] = True
        return np.asarray(inside.reshape(-1))


def _sums(connection: sqlite3.Connection, circle: _Circle, keep: NDArray[np.bool_] | None) -> dict[int, _Parts]:
    """Columns of the passages inside the circle, by activity."""
    found: dict[int, _Parts] = defaultdict(lambda: {name: [] for name in (*_NEEDED, "pixels")})
    for column, row in circle.tiles():
        tile = (circle.zoom, column % 2**circle.zoom, row)
        rows = list(pixel_rows(connection, (key(PIXELS, *tile), key(PIXELS, *tile, CHUNKS - 1))))
        inside = circle.holds(column, row) if rows else None
        for k, data in rows:
            chunk = ChunkPixels(data)
            ids, lengths = chunk.header
            owner = np.repeat(ids, lengths)
            wanted = np.asarray(inside)[chunk.places]
            if keep is not None:
                wanted &= (owner < len(keep)) & np.append(keep, False)[np.minimum(owner, len(keep))]
            if wanted.any():
                _add(connection, found, (tile, chunk_of(k), chunk), owner, wanted)
    return found


def _add(
    connection: sqlite3.Connection,
    found: dict[int, _Parts],
    chunk: tuple[tuple[int, int, int], int, ChunkPixels],
    owner: NDArray[np.int64],
    wanted: NDArray[np.bool_],
) -> None:
    """Add the columns of the wanted passages of one chunk, of which `owner` (n,) are the activities."""
    lengths = chunk[-1].header[1]
    order = np.argsort(owner[wanted], kind="stable")
    numbers, first = np.unique(owner[wanted][order], return_index=True)
    columns = read_columns(connection, [COLUMNS[name] for name in _NEEDED], *chunk)
    for name in _NEEDED:
        data = columns.get(COLUMNS[name])
        if data is None:
            continue
        if name in AMOUNTS:
            values = decode_amounts(data, len(owner)) * AMOUNTS[name][1]
        else:
            values = decoded(name, decode_values(data, lengths))
        for number, part in zip(numbers.tolist(), np.split(values[wanted][order], first[1:]), strict=True):
            found[number][name].append(part)
    for number, count in zip(numbers.tolist(), np.diff(first, append=len(order)).tolist(), strict=True):
        for name in _NEEDED:
            if len(found[number][name]) == len(found[number]["pixels"]):  # the chunk has no such column
                found[number][name].append(np.full(count, np.nan))
        found[number]["pixels"].append(np.ones(count))


def _passing(
    number: int, activity: Activity, parts: _Parts, visits: tuple[tuple[float, float], ...], effort: dict[str, float]
) -> PassingActivity:
    columns = {name: np.concatenate(some) for name, some in parts.items()}
    count = len(columns.pop("pixels"))
    for name in SPORTS_OF:
        of_activity = METRICS[name].of_activity
        assert of_activity is not None
        columns[name] = np.full(count, of_activity(activity))
    inside = Columns(columns, count)
    seconds, metres = (float(np.nansum(inside[name])) for name in ("seconds", "metres"))
    means = {name: _mean(inside[name]) for name in ("pace", "heart_rate", "power", "flat_pace")}
    return PassingActivity(
        number=number, activity=activity, visits=visits, seconds=seconds, metres=metres,
        speed=metres / seconds if seconds else None, waited=float(np.nansum(inside["wait"])), effort=effort, **means,
    )  # fmt: skip


def _mean(values: NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def _visits(track: Batch, privacy: Privacy, circle: _Circle) -> tuple[tuple[float, float], ...]:
    """Visits of the shown part of a track; entering and leaving are interpolated along its lines."""
    shown = hide(track, privacy)
    east, north = (float(metres) for metres in ground_metres(circle.v))
    x = shown.u - circle.u
    x = (x - np.round(x)) * east
    y = (shown.v - circle.v) * north
    # A line is inside where |a + t (b - a)| <= radius: between the roots of a square.
    dx, dy = np.diff(x), np.diff(y)
    a, b, c = dx * dx + dy * dy, x[:-1] * dx + y[:-1] * dy, x[:-1] ** 2 + y[:-1] ** 2 - circle.radius**2
    root = np.sqrt(np.maximum(b * b - a * c, 0))
    still = a == 0
    divisor = np.where(still, 1, a)
    enter = np.where(still, 0, np.clip((-b - root) / divisor, 0, 1))
    leave = np.where(still, 1, np.clip((-b + root) / divisor, 0, 1))
    inside = np.where(still, c <= 0, (b * b - a * c >= 0) & (leave > enter))
    inside[shown.segments[1:-1][(shown.segments[1:-1] > 0) & (shown.segments[1:-1] < shown.fixes)] - 1] = False
    lapse = np.diff(shown.time)
    inside &= ~np.isnan(lapse)
    visits: list[tuple[float, float]] = []
    for i in np.flatnonzero(inside).tolist():
        first, last = (float(shown.time[i] + share[i] * lapse[i]) for share in (enter, leave))
        if visits and first - visits[-1][1] <= _GAP:
            visits[-1] = (visits[-1][0], max(last, visits[-1][1]))
        else:
            visits.append((first, last))
    return tuple(visits)
