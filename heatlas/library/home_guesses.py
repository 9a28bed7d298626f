"""Guess a hidden place from the ends of lines and the pixels that are shown around it.

Three guesses are published: the middle of the ends, a circle through them, and the place where the lines meet (Hassan
et al., Analysis of Privacy Protections in Fitness Tracking Social Networks, USENIX Security 2018). A zone leaves a
circle without lines. So the largest empty circle at which lines end is a guess, and so is an empty circle between
pixels. A public map can be filtered by month, and a month shows lines that all months together would hide.

Coordinates are metres east and south of the true place. The guesses use it only to choose the area of the search.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Places = NDArray[np.float64]

__all__ = ["Seen", "guesses", "reach"]

_ROUNDS = 30
_ENOUGH = 5
"""Least number of ends at a circle, or in a month, for a guess."""
_SECTORS = 24
"""Sectors around a circle."""
_WIDE = 6
"""Least number of sectors in which lines end for a circle to be a guess."""
_TRIED = 40
"""Centres that are tried for a circle with pixels in half of its sectors."""
_NODES = 24
"""Steps from the middle of the lattice of tried centres to its edge."""
_ASIDE = 0.37
"""Steps by which the lattice is shifted from the true place."""
_LEAST = 400.0
"""Least radius of the search around the place, metres."""
_MOST = 6000.0
"""Greatest radius of the search, metres."""
_MONTHS = 24
"""Most months from which guesses are made: those with the most ends."""
_OPEN = 40.0
"""Error of a guess, metres, below which no further guess is needed."""
_TOUCH = 30.0
"""Metres between a circle and an end that counts as on it: tracks are cut at fixes, not at the edge itself."""


@frozen
class Seen:
    """Ends and pixels that are shown around a place."""

    ends: Places
    """(k, 2) ends of shown lines, including those where a line resumes after a hidden part."""
    on: Places
    """(k, 2) place further along the line of each end."""
    own: NDArray[np.bool_]
    """(k,) whether the end belongs to the shown remainder of an activity that begins or ends at the place."""
    months: NDArray[np.int64]
    """(k,) month of each end."""
    pixels: Places
    """(m, 2) centres of pixels that are shown."""
    pixel_months: NDArray[np.int64]
    """(m,) month of each pixel; a pixel occurs once for each month that shows it."""

    def of(self, month: int) -> Seen:
        """Ends and pixels that are shown in one month."""
        ends, pixels = self.months == month, self.pixel_months == month
        return Seen(
            self.ends[ends], self.on[ends], self.own[ends], self.months[ends], self.pixels[pixels],
            self.pixel_months[pixels],
        )  # fmt: skip


def reach(hole: float) -> tuple[float, float]:
    """Radii around a place, metres: of the search for centres, and of the ends and pixels that it needs.

    Parameters
    ----------
    hole : float
        Metres from the place to the nearest pixel that is shown.
    """
    # A circle of 2.2 radii, its centre up to one radius away, leaves at least one radius around the place empty.
    search = min(max(1.25 * hole, _LEAST), _MOST)
    return search, search + 2.5 * min(max(hole, _LEAST / 2), _MOST)


def guesses(seen: Seen, hole: float) -> dict[str, float]:
    """Make all guesses, from everything and from each month.

    Returns
    -------
    dict
        Kind of guess -> metres from the true place to the nearest guess of that kind.
    """
    found = _nearest(_published_guesses(seen.ends[seen.own], seen.on[seen.own]))
    if min(found.values(), default=np.inf) < _OPEN:
        return found  # circles and months would take longer and add nothing
    found = _nearest(_guesses(seen, hole))
    near = seen.own | (np.hypot(*seen.ends.T) < 3 * hole)
    months, counts = np.unique(seen.months[near], return_counts=True)
    busiest = months[np.lexsort((months, -counts))][: min(int((counts >= _ENOUGH).sum()), _MONTHS)]
    if len(months) < 2 or not len(busiest):
        return found
    by_month = [guess for month in busiest for guess in _guesses(seen.of(month), hole, whole=False)]
    return found | {f"{way}, by month": off for way, off in _nearest(by_month).items()}


def _guesses(seen: Seen, hole: float, whole: bool = True) -> Iterator[tuple[str, Places]]:
    yield from _published_guesses(seen.ends[seen.own], seen.on[seen.own])
    around = seen.ends[np.abs(seen.ends).max(axis=1) <= reach(hole)[1]]
    if len(around) >= _ENOUGH:
        yield "middle of all ends around", np.median(around, axis=0)
    yield from _circles(seen, hole, whole)


def _nearest(found: Iterable[tuple[str, Places]]) -> dict[str, float]:
    nearest: dict[str, float] = {}
    for way, guess in found:
        nearest[way] = min(float(np.hypot(*guess)), nearest.get(way, np.inf))
    return nearest


def _published_guesses(ends: Places, on: Places) -> Iterator[tuple[str, Places]]:
    """Published guesses, from ends (k, 2) of lines that go on through `on` (k, 2)."""
    if not len(ends):
        return
    yield "middle of the ends", np.median(ends, axis=0)
    if len(ends) >= 3 and np.ptp(ends, axis=0).max() > 1:
        yield "circle through the ends", circle(ends)
        way = ends - on
        length = np.hypot(*way.T)
        if (length > 1).sum() >= 3:
            unit = (way / np.maximum(length, 1)[:, None])[length > 1]
            yield "where the lines meet", crossing(ends[length > 1], unit)


def _circles(seen: Seen, hole: float, whole: bool) -> Iterator[tuple[str, Places]]:
    """Guesses by empty circles: the largest between pixels, and those at which lines end in many sectors.

    With `whole`, the circle that grows from the true place is also a guess. In a month with few lines, that circle
    would give away the place, so it is left out.
    """
    if not len(seen.pixels):
        return
    nodes, radii, step = _empty(seen.pixels, hole)
    if whole:
        yield "empty circle between pixels", _moved_uphill(nodes[_largest_from_middle(radii)], seen.pixels, step)
    for node in np.argsort(-radii, kind="stable")[:_TRIED]:
        if _enclosed(seen.pixels, nodes[node], radii[node] + step):
            yield "empty circle between pixels", _moved_uphill(nodes[node], seen.pixels, step)
            break
    if len(seen.ends) < _ENOUGH:
        return
    wide = _sectors_with_ends(nodes, radii, seen.ends, _TOUCH + step)
    believed = np.flatnonzero(wide >= _WIDE)
    if not len(believed):
        return
    largest = believed[np.argmax(radii[believed])]
    widest = np.lexsort((radii, wide))[-1]
    for node in {int(largest), int(widest)}:
        centre = _moved_uphill(nodes[node], seen.pixels, step)
        yield "empty circle at which lines end", centre
        radius = np.hypot(*(seen.pixels - centre).T).min()
        at_it = seen.ends[np.abs(np.hypot(*(seen.ends - centre).T) - radius) <= 2 * _TOUCH]
        if len(at_it) >= _ENOUGH:
            yield "circle through all that ends at it", circle(at_it)
            yield "middle of all that ends at it", np.median(at_it, axis=0)


def _empty(pixels: Places, hole: float) -> tuple[Places, NDArray[np.float64], float]:
    """Centres on a lattice (k, 2), their distances to shown pixels, exact to about a step, and the step, metres."""
    search, far = reach(hole)
    step = search / _NODES
    inner, outer = _NODES, int(np.ceil(far / step))
    side = 2 * outer + 1
    taken = np.zeros((side, side), np.bool_)  # rows to the south
    column, row = np.rint(pixels / step - _ASIDE).astype(np.int64).T + outer
    inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
    taken[row[inside], column[inside]] = True
    # Distances along rows, then along columns (Saito and Toriwaki, Pattern Recognition 27, 1994).
    place = np.arange(side)
    left = np.maximum.accumulate(np.where(taken, place, -4 * side), axis=1)
    right = np.minimum.accumulate(np.where(taken, place, 5 * side)[:, ::-1], axis=1)[:, ::-1]
    along = np.minimum(place - left, right - place).astype(np.float64) ** 2
    some = slice(outer - inner, outer + inner + 1)
    along = along[:, some]
    squares = np.stack([(along + ((place - y) ** 2)[:, None]).min(axis=0) for y in place[some]])
    # The lattice avoids the true place, so that no guess is right because it started there.
    axis = (np.arange(-inner, inner + 1) + _ASIDE) * step
    nodes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    return nodes, np.sqrt(squares).reshape(-1) * step, step


def _largest_from_middle(radii: NDArray[np.float64]) -> int:
    """Node reached from the middle of the lattice by always moving to the largest circle next to it."""
    side = 2 * _NODES + 1
    field = np.pad(radii.reshape(side, side), 1, constant_values=-1.0)
    row = column = _NODES + 1
    while True:
        around = field[row - 1 : row + 2, column - 1 : column + 2]
        down, right = np.unravel_index(int(around.argmax()), around.shape)
        if around[down, right] <= field[row, column]:
            return (row - 1) * side + column - 1
        row, column = row + int(down) - 1, column + int(right) - 1


def _enclosed(pixels: Places, centre: Places, radius: float) -> bool:
    """Whether a circle has pixels in at least half of its sectors."""
    away = pixels - centre
    at_it = away[np.hypot(*away.T) <= radius + _TOUCH]
    return len(np.unique(np.floor(np.arctan2(*at_it.T) * (_SECTORS / 2 / np.pi)))) >= _SECTORS // 2


def _moved_uphill(centre: Places, pixels: Places, step: float) -> Places:
    """Move a centre uphill in the distance to the nearest pixel, until pixels bound the circle on all sides."""
    x, y = np.meshgrid(np.arange(-1.0, 2), np.arange(-1.0, 2))
    star = np.column_stack((x.ravel(), y.ravel()))
    for _ in range(60):
        away = np.hypot(*(pixels - centre).T)
        best = float(away.min())
        near = pixels[away <= best + 3 * step]  # only these can be nearest to a tried centre
        tried = centre + star * step
        radii = np.hypot(tried[:, None, 0] - near[None, :, 0], tried[:, None, 1] - near[None, :, 1]).min(axis=1)
        first = int(radii.argmax())
        if radii[first] > best + 0.02 * step:
            centre = tried[first]
        elif step < 4:
            break
        else:
            step /= 2.5
    return centre


def _sectors_with_ends(nodes: Places, radii: NDArray[np.float64], ends: Places, touch: float) -> NDArray[np.int64]:
    """(nodes,) number of sectors of each node's circle in which lines end."""
    cells = np.unique(np.rint(ends / 10), axis=0) * 10  # many lines end at one place
    counts = np.zeros(len(nodes), np.int64)
    for first in range(0, len(nodes), 512):
        some = slice(first, first + 512)
        x = cells[None, :, 0] - nodes[some, None, 0]
        y = cells[None, :, 1] - nodes[some, None, 1]
        at_it = np.abs(np.hypot(x, y) - radii[some, None]) <= touch
        sector = ((np.arctan2(y, x) / (2 * np.pi) + 0.5) * _SECTORS).astype(np.int64) % _SECTORS
        bits = np.bitwise_or.reduce(np.where(at_it, np.int64(1) << sector, 0), axis=1)
        counts[some] = np.bitwise_count(bits)
    return counts


def circle(points: Places) -> Places:
    """Fit a circle to points, with less weight for outliers, and return its centre.

    Linear least squares in x, y and x^2 + y^2 (I. Kasa, A circle fitting procedure and its error analysis, IEEE
    Transactions on Instrumentation and Measurement 25, 1976), iterated with weights from the residuals.
    """
    weight = np.ones(len(points))
    centre = points.mean(axis=0)
    for _ in range(_ROUNDS):
        matrix = np.column_stack((2 * points, np.ones(len(points))))
        solution, *_ = np.linalg.lstsq(matrix * weight[:, None], (points**2).sum(axis=1) * weight, rcond=None)
        centre = solution[:2]
        off = np.abs(np.hypot(*(points - centre).T) - np.sqrt(max(solution[2] + centre @ centre, 0.0)))
        weight = 1 / np.sqrt(np.maximum(off, 1.0))
    return np.asarray(centre)


def crossing(points: Places, way: Places) -> Places:
    """Find the place nearest to straight lines through points along unit vectors, with less weight for outliers."""
    weight = np.ones(len(points))
    across = np.column_stack((-way[:, 1], way[:, 0]))
    place = points.mean(axis=0)
    for _ in range(_ROUNDS):
        distance = (across * points).sum(axis=1)
        place, *_ = np.linalg.lstsq(across * weight[:, None], distance * weight, rcond=1e-6)
        weight = 1 / np.sqrt(np.maximum(np.abs(across @ place - distance), 1.0))
    return np.asarray(place)
