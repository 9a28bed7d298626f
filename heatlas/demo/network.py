"""Build a network of ways from lines, and find the shortest paths in it."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen
from heatlas.demo.geometry import lengths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.demo.geometry import Points

__all__ = ["AVENUE", "BRIDGE", "LANE", "PATH", "STREET", "TRAIL", "Network", "build"]

AVENUE, STREET, PATH, TRAIL, LANE, BRIDGE = range(6)
"""Kinds of way."""

_CELL = 26.0
_MERGE = 10.0
_STUB = 130.0


@frozen(kw_only=True)
class Network:
    """Junctions and the ways between them."""

    nodes: NDArray[np.float64]
    """(n, 2) metres."""
    ends: NDArray[np.int64]
    """(m, 2) the two junctions of each way."""
    kind: NDArray[np.int64]
    """(m,) kind of each way."""
    length: NDArray[np.float64]
    """(m,) metres."""
    line: NDArray[np.int64]
    """(m,) number of the line that each way is a piece of."""
    shapes: tuple[Points, ...]
    """Line of each way, from its first junction to its second."""
    ways: tuple[tuple[tuple[int, int], ...], ...]
    """For each junction: (neighbour, way) of all ways that meet there."""

    def nearest(self, x: float, y: float) -> int:
        """Junction nearest to a place."""
        return int(np.argmin(np.hypot(self.nodes[:, 0] - x, self.nodes[:, 1] - y)))

    def route(self, start: int, goal: int, cost: Sequence[float], least: float) -> list[int]:
        """Find the ways of the cheapest path between two junctions (A*).

        Parameters
        ----------
        start, goal : int
            Junctions.
        cost : sequence of float
            Cost of each way.
        least : float
            Lower bound of the cost of one metre.
        """
        beeline = (np.hypot(*(self.nodes - self.nodes[goal]).T) * least).tolist()
        best = {start: 0.0}
        came: dict[int, tuple[int, int]] = {}
        queue = [(beeline[start], start)]
        done = set()
        while queue:
            _, node = heappop(queue)
            if node == goal:
                break
            if node in done:
                continue
            done.add(node)
            here = best[node]
            for other, way in self.ways[node]:
                total = here + cost[way]
                if total < best.get(other, np.inf):
                    best[other] = total
                    came[other] = (node, way)
                    heappush(queue, (total + beeline[other], other))
        path = []
        node = goal
        while node != start:
            node, way = came[node]
            path.append(way)
        return path[::-1]


def _pairs(cell: NDArray[np.int64], width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair the segments whose middles lie in the same or in neighbouring cells."""
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    left, right = [], []
    for step in (0, 1, width - 1, width, width + 1):
        first = np.searchsorted(ordered, cell + step, "left")
        count = np.searchsorted(ordered, cell + step, "right") - first
        a = np.repeat(np.arange(len(cell)), count)
        b = order[np.arange(len(a)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)]
        keep = a < b if step == 0 else np.ones(len(a), bool)
        left.append(a[keep])
        right.append(b[keep])
    return np.concatenate(left), np.concatenate(right)


def _crossings(p: Points, q: Points, line: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    """Find crossings of the segments p-q of lines: (segment, fraction of it, segment, fraction of it)."""
    middle = np.floor((p + q) / 2 / _CELL).astype(np.int64)
    middle -= middle.min(axis=0) - 1
    width = int(middle[:, 0].max()) + 3
    a, b = _pairs(middle[:, 1] * width + middle[:, 0], width)
    keep = (line[a] != line[b]) | (np.abs(a - b) > 2)
    a, b = a[keep], b[keep]
    r, s, gap = q[a] - p[a], q[b] - p[b], p[b] - p[a]
    cross = r[:, 0] * s[:, 1] - r[:, 1] * s[:, 0]
    cross[np.abs(cross) < 1e-9] = np.inf
    t = (gap[:, 0] * s[:, 1] - gap[:, 1] * s[:, 0]) / cross
    u = (gap[:, 0] * r[:, 1] - gap[:, 1] * r[:, 0]) / cross
    hit = (t >= 0) & (t <= 1) & (u >= 0) & (u <= 1) & np.isfinite(cross)
    return a[hit], t[hit], b[hit], u[hit]


def _merge(places: Points) -> NDArray[np.int64]:
    """Number places; a place within `_MERGE` metres of an earlier one takes that one's number."""
    seen: dict[tuple[int, int], list[tuple[float, float, int]]] = {}
    number = np.empty(len(places), np.int64)
    found = 0
    for i, (x, y) in enumerate(places.tolist()):
        cx, cy = int(x // _MERGE), int(y // _MERGE)
        near = -1
        for key in ((cx + dx, cy + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
            for px, py, k in seen.get(key, ()):
                if (px - x) ** 2 + (py - y) ** 2 < _MERGE**2:
                    near = k
        if near < 0:
            near = found
            found += 1
            seen.setdefault((cx, cy), []).append((x, y, near))
        number[i] = near
    return number


def _keep(ends: NDArray[np.int64], length: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mask of the ways to keep: those of the greatest connected part, without short stubs."""
    keep = np.ones(len(ends), bool)
    total = int(ends.max()) + 1
    for _ in range(6):
        degree = np.bincount(ends[keep].ravel(), minlength=total)
        keep &= ~((degree[ends].min(axis=1) == 1) & (length < _STUB))
    part = np.arange(total)
    while True:
        low = part.copy()
        for side in (0, 1):
            np.minimum.at(low, ends[keep, side], part[ends[keep, 1 - side]])
        low = low[low]
        if np.array_equal(low, part):
            break
        part = low
    greatest = np.bincount(part[ends[keep, 0]]).argmax()
    return np.asarray(keep & (part[ends[:, 0]] == greatest))


def build(lines: Sequence[tuple[Points, int]]) -> Network:
    """Join lines into a network, with a junction wherever two cross.

    Parameters
    ----------
    lines : sequence of (points, kind)
        Points at most about 20 m apart.
    """
    p = np.concatenate([points[:-1] for points, _ in lines])
    q = np.concatenate([points[1:] for points, _ in lines])
    count = np.array([len(points) - 1 for points, _ in lines])
    line = np.repeat(np.arange(len(lines)), count)
    first = np.concatenate(([0], np.cumsum(count)))
    a, t, b, u = _crossings(p, q, line)
    # The position of a junction on its line is segment + fraction. Both ends of each line are junctions too.
    at = np.concatenate((a + t, b + u, first[:-1], first[1:] - 1e-9))
    segment = np.minimum(at.astype(np.int64), len(p) - 1)
    on = line[segment]
    places = p[segment] + (q - p)[segment] * (at - segment)[:, None]
    # The place of a crossing, computed on both of its lines, differs by rounding only.
    number = _merge(np.round(places, 2))
    nodes = np.zeros((int(number.max()) + 1, 2))
    nodes[number[::-1]] = np.round(places[::-1], 2)
    order = np.lexsort((at, on))
    ends, source, shapes = [], [], []
    for i, j in pairwise(order):
        if on[i] != on[j]:
            continue
        middle = q[segment[i] : segment[j]] if segment[j] > segment[i] else q[:0]
        shape = np.concatenate((nodes[number[i]][None], middle, nodes[number[j]][None]))
        if number[i] == number[j] and lengths(shape)[-1] < 4 * _MERGE:
            continue
        ends.append((number[i], number[j]))
        source.append(on[i])
        shapes.append(shape)
    kind = np.array([kind for _, kind in lines])
    return _finish(nodes, np.array(ends), np.array(source), kind, shapes)


def _finish(
    nodes: Points,
    ends: NDArray[np.int64],
    line: NDArray[np.int64],
    kind: NDArray[np.int64],
    shapes: list[Points],
) -> Network:
    """Leave out loose ways, and number the others anew."""
    length = np.array([lengths(shape)[-1] for shape in shapes])
    keep = _keep(ends, length)
    used, renumbered = np.unique(ends[keep].ravel(), return_inverse=True)
    ends = renumbered.reshape(-1, 2)
    ways: list[list[tuple[int, int]]] = [[] for _ in used]
    for way, (a, b) in enumerate(ends.tolist()):
        ways[a].append((b, way))
        ways[b].append((a, way))
    return Network(
        nodes=nodes[used],
        ends=ends,
        kind=kind[line[keep]],
        line=line[keep],
        length=length[keep],
        shapes=tuple(shape for shape, kept in zip(shapes, keep, strict=True) if kept),
        ways=tuple(tuple(around) for around in ways),
    )
