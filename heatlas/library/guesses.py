"""Ways to guess at a place that is hidden, from the ends and the pixels of what is shown around it.

The middle of the ends, a circle through them, and where the lines meet are those of the literature (Hassan et al.,
Analysis of Privacy Protections in Fitness Tracking Social Networks, USENIX Security 2018). What hides a zone is a
circle without any line: the largest empty circle at which lines end tells what was cut, and so does the empty circle
between pixels alone. A public map has months: each shows lines that all together would hide.

All is in metres east and south of the true place, which the guesses do not use but for where to look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Places = NDArray[np.float64]

__all__ = ["Seen", "guesses", "reach"]

_ROUNDS = 30
_ENOUGH = 5
"""Ends at a circle, or of a month, from which something can be guessed."""
_SECTORS = 24
"""Directions that are told apart around a circle."""
_WIDE = 6
"""Directions in which lines must end for their circle to be believed."""
_TRIED = 40
"""Centres that are looked at for one whose circle is held by pixels in half of all directions."""
_NODES = 24
"""Steps of the lattice of centres that are tried, from the middle to its edge."""
_ASIDE = 0.37
"""Steps by which the lattice lies aside of the true place."""
_LEAST = 400.0
"""Metres around the place in which centres are tried at least."""
_MOST = 6000.0
_MONTHS = 24
"""Months that are looked at one by one, those with the most ends."""
_OPEN = 40.0
"""Metres to a guess that leave nothing to find out."""
_TOUCH = 30.0
"""Metres between a circle and an end that lies at it: cuts fall on fixes, and ways are not drawn out to the edge."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is shown around a place."""

    ends: Places
    """(k, 2) ends of shown lines, also where a line goes on after something that is hidden."""
    on: Places
    """(k, 2) a place some way on from each end."""
    own: NDArray[np.bool_]
    """(k,) whether this is what is left of the beginning or the end of an activity that begins or ends here."""
    months: NDArray[np.int64]
    """(k,) month of each end."""
    pixels: Places
    """(m, 2) middles of pixels that are shown."""
    pixel_months: NDArray[np.int64]
    """(m,) month of each; a pixel is here once for each month that shows it."""

    def of(self, month: int) -> Seen:
        """What one month shows."""
        ends, pixels = self.months == month, self.pixel_months == month
        return Seen(
            self.ends[ends], self.on[ends], self.own[ends], self.months[ends], self.pixels[pixels],
            self.pixel_months[pixels],
        )  # fmt: skip


def reach(hole: float) -> tuple[float, float]:
    """Tell how far around a place centres are tried, and how far around it must be known what is shown, metres.

    Parameters
    ----------
    hole : float
        Metres from the place to what is shown nearest to it.
    """
    # Of a circle of 2.2 radii whose centre is up to one radius away, at least one radius around the place is empty.
    search = min(max(1.25 * hole, _LEAST), _MOST)
    return search, search + 2.5 * min(max(hole, _LEAST / 2), _MOST)


def guesses(seen: Seen, hole: float) -> dict[str, float]:
    """Guess in all ways, from all and from each month.

    Returns
    -------
    dict
        Way of guessing -> metres from the true place to the guess; of several the nearest.
    """
    found = _nearest(_old_guesses(seen.ends[seen.own], seen.on[seen.own]))
    if min(found.values(), default=np.inf) < _OPEN:
        return found  # circles and months could only say the same, more slowly
    found = _nearest(_guesses(seen, hole))
    near = seen.own | (np.hypot(*seen.ends.T) < 3 * hole)
    months, counts = np.unique(seen.months[near], return_counts=True)
    busiest = months[np.lexsort((months, -counts))][: min(int((counts >= _ENOUGH).sum()), _MONTHS)]
    if len(months) < 2 or not len(busiest):
        return found
    by_month = [guess for month in busiest for guess in _guesses(seen.of(month), hole, whole=False)]
    return found | {f"{way}, by month": off for way, off in _nearest(by_month).items()}


def _guesses(seen: Seen, hole: float, whole: bool = True) -> Iterator[tuple[str, Places]]:
    yield from _old_guesses(seen.ends[seen.own], seen.on[seen.own])
    around = seen.ends[np.abs(seen.ends).max(axis=1) <= reach(hole)[1]]
    if len(around) >= _ENOUGH:
        yield "middle of all ends around", np.median(around, axis=0)
    yield from _circles(seen, hole, whole)


def _nearest(found: Iterable[tuple[str, Places]]) -> dict[str, float]:
    nearest: dict[str, float] = {}
    for way, guess in found:
        nearest[way] = min(float(np.hypot(*guess)), nearest.get(way, np.inf))
    return nearest


def _old_guesses(ends: Places, on: Places) -> Iterator[tuple[str, Places]]:
    """Guess at what lies behind the ends (k, 2) of tracks that go on through `on` (k, 2)."""
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
    """Empty circles: the largest between pixels, that at which lines end in most directions, and the largest such.

    Of the whole also the one around the true place: a month may show so little that this would be no guess, but a hint.
    """
    if not len(seen.pixels):
        return
    nodes, radii, step = _empty(seen.pixels, hole)
    if whole:
        yield "empty circle between pixels", _climbed(nodes[_uphill(radii)], seen.pixels, step)
    for node in np.argsort(-radii, kind="stable")[:_TRIED]:
        if _held(seen.pixels, nodes[node], radii[node] + step):
            yield "empty circle between pixels", _climbed(nodes[node], seen.pixels, step)
            break
    if len(seen.ends) < _ENOUGH:
        return
    wide = _directions(nodes, radii, seen.ends, _TOUCH + step)
    believed = np.flatnonzero(wide >= _WIDE)
    if not len(believed):
        return
    largest = believed[np.argmax(radii[believed])]
    widest = np.lexsort((radii, wide))[-1]
    for node in {int(largest), int(widest)}:
        centre = _climbed(nodes[node], seen.pixels, step)
        yield "empty circle at which lines end", centre
        radius = np.hypot(*(seen.pixels - centre).T).min()
        at_it = seen.ends[np.abs(np.hypot(*(seen.ends - centre).T) - radius) <= 2 * _TOUCH]
        if len(at_it) >= _ENOUGH:
            yield "circle through all that ends at it", circle(at_it)
            yield "middle of all that ends at it", np.median(at_it, axis=0)


def _empty(pixels: Places, hole: float) -> tuple[Places, NDArray[np.float64], float]:
    """Centres on a lattice, how far each is from what is shown, about, and the lattice's step."""
    search, far = reach(hole)
    step = search / _NODES
    inner, outer = _NODES, int(np.ceil(far / step))
    side = 2 * outer + 1
    taken = np.zeros((side, side), np.bool_)  # rows to the south
    column, row = np.rint(pixels / step - _ASIDE).astype(np.int64).T + outer
    inside = (column >= 0) & (column < side) & (row >= 0) & (row < side)
    taken[row[inside], column[inside]] = True
    # Along each row first, then down the columns (Saito and Toriwaki, Pattern Recognition 27, 1994).
    place = np.arange(side)
    left = np.maximum.accumulate(np.where(taken, place, -4 * side), axis=1)
    right = np.minimum.accumulate(np.where(taken, place, 5 * side)[:, ::-1], axis=1)[:, ::-1]
    along = np.minimum(place - left, right - place).astype(np.float64) ** 2
    some = slice(outer - inner, outer + inner + 1)
    along = along[:, some]
    squares = np.stack([(along + ((place - y) ** 2)[:, None]).min(axis=0) for y in place[some]])
    # Not at the true place itself: no guess may be right because it began there.
    axis = (np.arange(-inner, inner + 1) + _ASIDE) * step
    nodes = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    return nodes, np.sqrt(squares).reshape(-1) * step, step


def _uphill(radii: NDArray[np.float64]) -> int:
    """Node at which one arrives from the middle of the lattice, going where circles are larger."""
    side = 2 * _NODES + 1
    field = np.pad(radii.reshape(side, side), 1, constant_values=-1.0)
    row = column = _NODES + 1
    while True:
        around = field[row - 1 : row + 2, column - 1 : column + 2]
        down, right = np.unravel_index(int(around.argmax()), around.shape)
        if around[down, right] <= field[row, column]:
            return (row - 1) * side + column - 1
        row, column = row + int(down) - 1, column + int(right) - 1


def _held(pixels: Places, centre: Places, radius: float) -> bool:
    """Whether there are pixels at a circle in most directions."""
    away = pixels - centre
    at_it = away[np.hypot(*away.T) <= radius + _TOUCH]
    return len(np.unique(np.floor(np.arctan2(*at_it.T) * (_SECTORS / 2 / np.pi)))) >= _SECTORS // 2


def _climbed(centre: Places, pixels: Places, step: float) -> Places:
    """Go uphill in the distance to the nearest pixel, until the circle is held by pixels all around it."""
    x, y = np.meshgrid(np.arange(-1.0, 2), np.arange(-1.0, 2))
    star = np.column_stack((x.ravel(), y.ravel()))
    for _ in range(60):
        away = np.hypot(*(pixels - centre).T)
        best = float(away.min())
        near = pixels[away <= best + 3 * step]  # the nearest to any place that is tried
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


def _directions(nodes: Places, radii: NDArray[np.float64], ends: Places, touch: float) -> NDArray[np.int64]:
    """(nodes,) in how many directions lines end at the circle around each node."""
    cells = np.unique(np.rint(ends / 10), axis=0) * 10  # many end at one place
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
    """Centre of the circle that fits points best, outliers counting less.

    Linear least squares in x, y and x^2 + y^2 (I. Kasa, A circle fitting procedure and its error analysis, IEEE
    Transactions on Instrumentation and Measurement 25, 1976), again and again with weights from the residuals.
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
    """The place from which straight lines through points, along unit vectors, are least far, outliers counting less."""
    weight = np.ones(len(points))
    across = np.column_stack((-way[:, 1], way[:, 0]))
    place = points.mean(axis=0)
    for _ in range(_ROUNDS):
        distance = (across * points).sum(axis=1)
        place, *_ = np.linalg.lstsq(across * weight[:, None], distance * weight, rcond=1e-6)
        weight = 1 / np.sqrt(np.maximum(np.abs(across @ place - distance), 1.0))
    return np.asarray(place)
