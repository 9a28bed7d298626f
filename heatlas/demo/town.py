"""Build the ways of the made-up town: river, old core, ring, avenues, parks, a hill, a lake, streets and villages."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from heatlas.demo import network as net
from heatlas.demo.geometry import along, blob, lengths, offset, resample, smooth, spline, turned
from heatlas.demo.grounds import (
    AVENUES,
    CORE,
    HILL,
    LAKE,
    LANES,
    RIVER,
    TRACK,
    TRACK_ANGLE,
    VILLAGES,
    track_lap,
)
from heatlas.demo.streets import CELL, HALF, SIDE, cells, inside, streets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.demo.geometry import Points
    from heatlas.demo.network import Network

    Lines = list[tuple[Points, int]]

__all__ = ["town"]


def _ring(centre: tuple[float, float], radii: Sequence[float]) -> Points:
    """Draw a closed smooth line through points at these distances from its centre, at even angles from the east."""
    theta = np.arange(len(radii)) * 2 * math.pi / len(radii)
    return spline(np.column_stack((np.cos(theta), np.sin(theta))) * np.array(radii)[:, None] + centre, closed=True)


def _wander(a: tuple[float, float], b: tuple[float, float], rng: np.random.Generator, amount: float = 0.06) -> Points:
    """Draw a winding country road between two places."""
    p, q = np.array(a, float), np.array(b, float)
    far = float(np.hypot(*(q - p)))
    n = max(3, round(far / 650))
    t = np.linspace(0, 1, n)
    side = smooth(rng.normal(size=n), 0.8) * far * amount
    side *= np.minimum(1, 4 * np.minimum(t, 1 - t))
    right = np.array([q[1] - p[1], p[0] - q[0]]) / far
    return spline(p + (q - p) * t[:, None] + right * side[:, None])


def _banks(rng: np.random.Generator) -> Lines:
    """Draw the paths along both sides of the river, and its foot bridges."""
    s = lengths(RIVER)
    middle = RIVER[(RIVER[:, 1] > -8200) & (RIVER[:, 1] < 8000)]
    lines: Lines = []
    for side in (-1, 1):
        wiggle = 46 + 14 * smooth(rng.normal(size=len(middle)), 14) * 6
        lines.append((resample(smooth(offset(middle, side * np.clip(wiggle, 36, 85)), 3), 12), net.PATH))
    # Foot bridges; the other bridges belong to the avenues and the rings.
    for y in (-3380, -2150, -1120, 1480, 3050):
        i = int(np.argmin(np.abs(RIVER[:, 1] - y)))
        across = along(RIVER, s[i] + np.array([-5.0, 5.0]))
        tangent = (across[1] - across[0]) / 10
        right = np.array([tangent[1], -tangent[0]])
        lines.append((resample(np.array([RIVER[i] - right * 210, RIVER[i] + right * 210]), 10), net.BRIDGE))
    return lines


def _hill(rng: np.random.Generator) -> Lines:
    """Draw the trails of the hill: rings at three heights, three that wind up, one on the crest, one to the south."""
    lines: Lines = []
    for far in (1020, 690, 380):
        lines.append((blob(HILL, (far * 1.08, far * 0.94), 0.2, rng, rough=0.07), net.TRAIL))
    for bearing, turns, width in ((-0.42, 9, 0.30), (-1.75, 7, 0.26), (2.55, 6, 0.22)):
        k = np.arange(turns * 2)
        r = 1075 - (1075 - 25) * k / (len(k) - 1)
        # Hairpins: points on alternating sides, each nearer to the top.
        swing = width * (1 - 0.25 * k / len(k)) * np.minimum(1.5, 420 / r + 0.45)
        theta = bearing + np.where(k % 2, swing, -swing)
        theta += 0.06 * rng.normal(size=len(k))
        p = np.column_stack((r * np.cos(theta), r * np.sin(theta))) + HILL
        p[-1] = HILL
        lines.append((spline(p, 8), net.TRAIL))
    west, east = [(-4900, 3500), (-4450, 3050), (-3900, 2950)], [(-3000, 2950), (-2600, 3250), (-2150, 3300)]
    south = [(-3420, 1790), (-3500, 1500), (-3300, 1000), (-3350, 150)]
    lines.append((spline([*west, HILL, *east, (-1780, 3250)], 10), net.TRAIL))
    lines.append((spline(south, 10), net.TRAIL))
    return lines


def _middle(outline: Points) -> tuple[float, float]:
    return float(outline[:, 0].mean()), float(outline[:, 1].mean())


def _park(outline: Points, angle: float, rng: np.random.Generator, lanes: int, *, pond: bool) -> Lines:
    """Draw the paths of a park: around it, winding along it, and across."""
    lines: Lines = [(outline, net.PATH)]
    middle = _middle(outline)
    local = turned(outline - np.array(middle), -angle, (0.0, 0.0))
    half, wide = np.abs(local).max(axis=0)
    for k in range(lanes):
        x = np.linspace(-half * 1.02, half * 1.02, 9)
        base = wide * (2 * (k + 0.5) / lanes - 1) * 0.75
        y = base * np.sqrt(np.clip(1.05 - (x / half) ** 2, 0.03, 1)) + rng.normal(size=9) * wide * 0.17
        lines.append((spline(turned(np.column_stack((x, y)), angle, middle), 10), net.PATH))
    for x in np.linspace(-0.62, 0.62, lanes + 1) * half:
        y = np.linspace(-wide * 1.05, wide * 1.05, 5)
        bent = np.column_stack((x + rng.normal(size=5) * half * 0.10, y))
        lines.append((spline(turned(bent, angle, middle), 10), net.PATH))
    if pond:
        lines.append((blob(middle, (half * 0.34, wide * 0.36), angle, rng), net.PATH))
    return lines


def _laid(rng: np.random.Generator) -> tuple[Lines, list[Points]]:
    """Draw everything except the streets, and the outlines that streets stay out of."""
    ring = _ring(CORE, [530, 600, 575, 560, 590, 640, 690, 650, 610, 665, 640, 560, 500, 520, 545, 500])
    orbital = _ring(
        (100.0, 100.0),
        [2500, 2420, 2250, 2300, 2500, 2350, 2050, 2150, 2380, 2500, 2300, 2250, 2480, 2600, 2400, 2450],
    )
    lines: Lines = [(ring, net.AVENUE), (orbital, net.AVENUE), (CORE + (ring - CORE) * 0.9, net.PATH)]
    for village, points in AVENUES.items():
        gate = (CORE[0] + 0.72 * (points[0][0] - CORE[0]), CORE[1] + 0.72 * (points[0][1] - CORE[1]))
        road = spline([gate, *points, VILLAGES[village]])
        urban = np.hypot(*road.T) < 3800
        n = int(urban.sum())
        lines += [(road[: n + 1], net.AVENUE), (road[n:], net.LANE)]
    for pair in LANES.split(","):
        a, b = pair.split()
        lines.append((_wander(VILLAGES[a], VILLAGES[b], rng), net.LANE))
    english = blob((2440, 2950), (1080, 430), 1.62, rng, rough=0.06)
    city = blob((-960, -1420), (470, 350), -0.35, rng, rough=0.06)
    lake = blob(LAKE, (830, 520), 0.25, rng, rough=0.15, ripple=0.011)
    forest = blob((3150, -4450), (1250, 950), -0.5, rng, rough=0.10)
    lines += _park(english, 1.62, rng, 3, pond=True) + _park(city, -0.35, rng, 2, pond=True)
    lines += [(lake, net.PATH), (forest, net.TRAIL)]
    lines.append((resample(LAKE + (lake - LAKE) * 1.32, 12), net.TRAIL))
    heights = _hill(rng)
    lines += _banks(rng) + heights + _forest(forest, rng) + _links(lake, heights[0][0])
    ground = turned(np.array([(-150, -95), (150, -95), (150, 95), (-150, 95), (-150, -95)], float), TRACK_ANGLE, TRACK)
    lines.append((resample(ground, 12), net.PATH))
    entrance = turned(np.array([(0.0, -30.0), (20.0, -60.0), (40.0, -150.0)]), TRACK_ANGLE, TRACK)
    lines += [(track_lap(), net.PATH), (spline(entrance, 8), net.PATH)]
    return lines, [_within(o, 26) for o in (english, city, lake, forest, ground, heights[0][0])]


def _links(lake: Points, hill: Points) -> Lines:
    """Draw the ways out of town to the lake, the hill and the forest."""
    lines: Lines = []
    for points, outline in (
        ([(-1430, -2000), (-1720, -2650), (-2350, -3200), (-3350, -4250)], lake),
        ([(-430, -3700), (-1400, -3950), (-2200, -4100), (-3350, -4250)], lake),
        ([(-3650, -2120), (-3980, -2900), (-3750, -3500), (-3350, -4250)], lake),
        ([(-6150, -3650), (-5400, -4150), (-4700, -4300), (-3350, -4250)], lake),
        ([(-1560, 1980), (-1950, 2120), (-2330, 2230), (-3350, 2750)], hill),
    ):
        line = spline(points)
        wet = inside(outline)[cells(line)]
        lines.append((line[: int(np.argmax(wet)) + 3], net.TRAIL))
    for points in (
        [(3560, -2580), (3250, -3300), (3150, -4450)],
        [(320, -4300), (1150, -4120), (1950, -4380), (3150, -4450)],
    ):
        lines.append((spline(points), net.TRAIL))
    return lines


def _forest(outline: Points, rng: np.random.Generator) -> Lines:
    """Draw the rides of the forest: a star and two irregular rings."""
    lines: Lines = []
    middle = np.array(_middle(outline))
    for theta in (0.15, 0.75, 1.35, 2.0, 2.6):
        ray = np.array([math.cos(theta), math.sin(theta)])
        bend = rng.normal(size=2) * 45
        p = [
            middle - ray * 1500,
            middle - ray * 600 + bend,
            middle,
            middle + ray * 600 - bend,
            middle + ray * 1500,
        ]
        lines.append((spline(p), net.TRAIL))
    for share in (0.38, 0.7):
        lines.append((resample(middle + smooth(outline - middle, 6) * share, 12), net.TRAIL))
    return lines


def _within(outline: Points, by: float) -> Points:
    """Shrink an outline by some metres."""
    middle = outline.mean(axis=0)
    far = np.hypot(*(outline - middle).T)
    return np.asarray(middle + (outline - middle) * (1 - by / far)[:, None])


def _spacing(outlines: list[Points], rng: np.random.Generator) -> NDArray[np.float32]:
    """Metres between streets in each cell: small in the core, larger in the suburbs, 560 in the fields, 0 for none."""
    axis = ((np.arange(SIDE // 2) + 0.5) * 2 * CELL - HALF).astype(np.float32)
    x, y = np.meshgrid(axis, axis)
    far = np.hypot(x - CORE[0], y - CORE[1])
    reach = [4300, 3900, 4300, 3500, 3700, 2900, 2700, 4100, 3900, 3300, 3700, 3100, 3500, 2900, 4200, 3600]
    edge = np.hypot(*_ring(CORE, reach).T)
    theta = np.arctan2(y, x)
    limit = np.interp(theta % (2 * math.pi), np.linspace(0, 2 * math.pi, len(edge)), edge)
    mottle = 1 + 0.16 * np.sin(x / 390 + 1) * np.sin(y / 470) + 0.10 * np.sin((x + y) / 830)
    spacing = np.where(far < limit, np.interp(far, (400, 650, 1800, 4200), (58, 88, 104, 138)) * mottle, 0)
    spacing = np.where((far >= limit) & (far < limit + 2600), 560, spacing)
    for vx, vy in VILLAGES.values():
        r = rng.uniform(330, 560)
        spacing = np.where(np.hypot((x - vx), (y - vy) * rng.uniform(0.8, 1.3)) < r, 92, spacing)
    spacing = np.repeat(np.repeat(spacing.astype(np.float32), 2, axis=0), 2, axis=1)
    for outline in outlines:
        spacing[inside(outline)] = 0
    rows, columns = cells(resample(RIVER, 8))
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        spacing[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = 0
    return spacing


@cache
def town() -> Network:
    """Build the town: some seconds of work, done once. It does not depend on the seed of the demo."""
    rng = np.random.default_rng(20)
    lines, outlines = _laid(rng)
    spacing = _spacing(outlines, rng)
    weight = {net.AVENUE: 1.0, net.PATH: 0.7, net.LANE: 0.5}
    guides = [(points, weight[kind]) for points, kind in lines if kind in weight]
    guides.append((RIVER, 1.5))
    for line in streets(spacing, guides, [points for points, _ in lines], rng):
        rural = np.median(spacing[cells(line)]) > 300
        lines.append((line, net.TRAIL if rural else net.STREET))
    return net.build(lines)
