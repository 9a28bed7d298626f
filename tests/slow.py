"""Slow, plain twins of the kernels, and made-up tracks to hold both against."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from heatlas.core.batch import Activity, Batch
from heatlas.core.mercator import from_lonlat, ground_metres, to_lonlat
from heatlas.kernels.path import TOLERANCE, progress_along


def make_batch(lon, lat, time=None, segments=None, columns=None, source="made", tracks=None, **known) -> Batch:
    """A batch of tracks from degrees; one track unless offsets into the segments are given."""
    u, v = from_lonlat(lon, lat)
    n = len(u)
    segments = np.array([0, n] if segments is None else segments)
    tracks = np.array([0, len(segments) - 1] if tracks is None else tracks)
    return Batch(
        u=u,
        v=v,
        time=np.full(n, np.nan) if time is None else np.asarray(time, float),
        progress=progress_along(u, v, segments[tracks], TOLERANCE),
        columns={name: np.asarray(values, np.float32) for name, values in (columns or {}).items()},
        segments=segments,
        tracks=tracks,
        activities=tuple(Activity(source=f"{source}{k}", **known) for k in range(len(tracks) - 1)),
    )


def wander(rng, n=200, step=6.0, lat=47.8, lon=10.9, **options) -> Batch:
    """A random walk of `n` fixes with steps of some metres and seconds."""
    heading = np.cumsum(rng.normal(0, 0.6, n))
    metres = rng.exponential(step, n)
    x, y = np.cumsum(metres * np.cos(heading)), np.cumsum(metres * np.sin(heading))
    east, north = ground_metres(from_lonlat(lon, lat)[1])
    u, v = from_lonlat(lon, lat)
    lons, lats = to_lonlat(u + x / east, v + y / north)
    time = 1.7e9 + np.cumsum(rng.integers(0, 6, n))
    return make_batch(lons, lats, time, **options)


def snapped(world, scale):
    """A position in pixels, to 24 bits of a pixel; fewer where 49 would not do for the world."""
    points = 2.0 ** min(24, 49 - math.ceil(math.log2(scale)))
    return round(world * scale * points) / points


def visits(ax, ay, bx, by):
    """Pixels of a line with the shares of it inside, by sorting its crossings."""
    cuts = [(0.0, None)]
    column, row = math.floor(ax), math.floor(ay)
    end_column, end_row = math.floor(bx), math.floor(by)
    step_x, step_y = (1 if end_column > column else -1), (1 if end_row > row else -1)
    for k in range(abs(end_column - column)):
        edge = column + (k + 1 if step_x > 0 else -k)
        cuts.append(((edge - ax) / (bx - ax), "x"))
    for k in range(abs(end_row - row)):
        edge = row + (k + 1 if step_y > 0 else -k)
        cuts.append(((edge - ay) / (by - ay), "y"))
    cuts.sort(key=lambda cut: cut[0])
    for (start, axis), (end, _) in zip(cuts, [*cuts[1:], (1.0, None)], strict=True):
        column += step_x * (axis == "x")
        row += step_y * (axis == "y")
        yield column, row, start, end


def passages(batch: Batch, window, rejoin=25.0, metres=None, metric=None):
    """All passages of the first track of a batch: pixel -> list of dicts of what was spent."""
    found = defaultdict(list)
    east, _ = ground_metres(batch.v[batch.segments[0]])
    least = max(rejoin, 2 * float(east) / window.scale)
    current = None
    for first, last in zip(batch.segments[:-1], batch.segments[1:], strict=True):
        current = None
        pieces = [(i, i + 1) for i in range(first, last - 1)] if last - first > 1 else [(first, first)]
        for i, j in pieces:
            ax, ay = snapped(batch.u[i], window.scale) - window.x, snapped(batch.v[i], window.scale) - window.y
            bx, by = snapped(batch.u[j], window.scale) - window.x, snapped(batch.v[j], window.scale) - window.y
            p, q = float(batch.progress[i]), float(batch.progress[j])
            for column, row, start, end in visits(ax, ay, bx, by):
                if not (0 <= column < window.width and 0 <= row < window.height):
                    current = None
                    continue
                before = found[row, column]
                enter, leave = p + start * (q - p), p + end * (q - p)
                if current != (row, column):
                    current = (row, column)
                    if not before or enter - before[-1]["leave"] > least:
                        before.append({"seconds": 0.0, "metres": 0.0, "sum": 0.0, "weight": 0.0})
                passage = before[-1]
                passage["leave"] = leave
                if metres is None or i == j:
                    continue
                share = end - start
                lapse = (batch.time[j] - batch.time[i]) * share
                if np.isfinite(lapse):
                    passage["seconds"] += lapse
                weight = lapse if np.isfinite(lapse) else metres[i] * share
                passage["metres"] += metres[i] * share
                if metric is not None:
                    known = [m for m in (metric[i], metric[j]) if np.isfinite(m)]
                    if known:
                        middle = (start + end) / 2
                        value = metric[i] + (metric[j] - metric[i]) * middle if len(known) == 2 else known[0]
                        passage["sum"] += value * (weight + 1e-9)
                        passage["weight"] += weight + 1e-9
    return found


def counts(batch: Batch, window, rejoin=25.0):
    """(height, width) number of passages."""
    grid = np.zeros((window.height, window.width), int)
    for (row, column), found in passages(batch, window, rejoin).items():
        grid[row, column] = len(found)
    return grid


def blur(field, sigma, reach=4.0):
    """Each output pixel by its own double sum, as the definition says; `field` without a halo."""
    height, width = field.shape
    out = np.zeros((height, width))
    for y in range(height):
        radius = math.ceil(reach * sigma[y])
        taps = np.array([math.exp(-0.5 * (k / sigma[y]) ** 2) if k else 1.0 for k in range(-radius, radius + 1)])
        taps /= taps.sum()
        for x in range(width):
            for j in range(-radius, radius + 1):
                for i in range(-radius, radius + 1):
                    if 0 <= y + j < height and 0 <= x + i < width:
                        out[y, x] += taps[j + radius] * taps[i + radius] * field[y + j, x + i]
    return out


def merged(layout, name, one, other):
    """One plane, at one pixel, of what two grids hold together; `one` and `other` hold all planes there."""
    rule = next(plane.rule.name for plane in layout.planes if plane.name == name)
    a, b = float(one[name]), float(other[name])
    if rule in {"SUM", "COUNT"}:
        return a + b
    if rule == "KNOWN":
        return 1.0 if a or b else 0.0
    found = [value for value, planes in ((a, one), (b, other)) if planes["n"]]
    return (min if rule == "LEAST" else max)(found) if found else 0.0


def local_tone(toned, column, row, scale, zoom, tables, fade):
    """One pixel's local tone; `tables`: (column, row) of a cell -> its tones at even steps of the global tone."""
    if not toned > fade:
        return toned
    across = 2**zoom
    x, y = (column + 0.5) * across / scale - 0.5, (row + 0.5) * across / scale - 0.5
    u = (toned - fade) / (1 - fade)
    found = 0.0
    for i in (math.floor(x), math.floor(x) + 1):
        for j in (math.floor(y), math.floor(y) + 1):
            table = tables.get((i % across, min(max(j, 0), across - 1)))
            local = u if table is None else np.interp(u, np.linspace(0, 1, len(table)), table)
            found += (1 - abs(x - i)) * (1 - abs(y - j)) * local
    return fade + (1 - fade) * found


def add_up_planes(planes, kind):
    """Twin of `heatlas.kernels.planes.add_up_doubles` and `add_up_singles`, in numbers of any size."""
    count, last, found = len(planes) // np.dtype(kind).itemsize, 0, []
    for i in range(count):
        last += int.from_bytes(bytes(planes[i::count]), "little")
        found.append(last % (1 << 8 * np.dtype(kind).itemsize))
    return np.array(found, kind)


def is_track(u, v, segments):
    """Twin of `heatlas.kernels.planes.is_track`."""
    u, v, segments = u.tolist(), v.tolist(), segments.tolist()
    there = all(-49.5 < x < 50.5 for x in u) and all(0 <= y <= 1 for y in v)
    whole = len(u) == len(v) and len(segments) > 1 and segments[0] == 0 and segments[-1] == len(u)
    return there and whole and segments == sorted(segments)
