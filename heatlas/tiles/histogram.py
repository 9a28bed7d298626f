"""Joint histogram of two metrics over the passages of a box, from the index."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.units import rounded_to
from heatlas.library.file.columns import VALUES
from heatlas.library.index.drawing import read_passages
from heatlas.raster.measure import parse_measure
from heatlas.raster.threshold import is_shown
from heatlas.style.ticks import nice_ticks
from heatlas.tiles.fields import SIDE
from heatlas.tiles.in_view import is_wide, window_of
from heatlas.tiles.view import census_of
from heatlas.tracks.metrics import metric_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.raster.measure import Measure
    from heatlas.tiles.in_view import Box
    from heatlas.tiles.snapshot import Chosen, Snapshot
    from heatlas.tiles.view import View

__all__ = ["BINS", "JointHistogram", "histogram_of", "joint_histogram", "reading"]

BINS = 64
"""Bins on each axis."""
_MOST = 800_000
"""Passages that are read at most: of a wide box those of a coarser zoom are."""
_PUBLIC_ZOOM = 12
"""Zoom of whole tiles that a public map counts: one for all, so that no two answers differ by less than a tile."""
_SHARES = 0.01, 0.99
"""Shares of the passages at the ends of an axis."""


@frozen
class JointHistogram:
    """Passages by two metrics."""

    names: tuple[str, str]
    """Metrics of the columns, x, and of the rows, y."""
    edges: tuple[NDArray[np.float64], NDArray[np.float64]]
    """(65,) edges of the bins of x and y, in the units of the metrics."""
    counts: NDArray[np.int64]
    """(64, 64) passages by y and x; those outside the edges are left out."""
    passages: int
    """Passages of the box of which both metrics are known."""
    activities: int
    """Activities that they belong to."""
    zoom: int
    """Zoom of the index from which they were read."""

    def data(self) -> dict[str, Any]:
        """As plain data: edges as `low` and `high`, and as people write them."""
        x, y = (_axis(name, edges) for name, edges in zip(self.names, self.edges, strict=True))
        return {
            "x": x, "y": y, "bins": BINS, "counts": self.counts.ravel().tolist(), "passages": self.passages,
            "activities": self.activities, "zoom": self.zoom,
        }  # fmt: skip


def reading(x: str, y: str) -> Measure:
    """Make a measure that reads the columns of two metrics."""
    return parse_measure(f"share({x} < {y})")


def joint_histogram(
    view: View, snapshot: Snapshot, chosen: Chosen, names: tuple[str, str], box: Box, zoom: int
) -> JointHistogram:
    """Count the passages of a box by two metrics.

    A passage is in the box if the middle of its pixel is. It is read at the requested zoom or, where there would be too
    many, at a coarser one. On a public map whole tiles of one zoom are counted, those that enough activities pass.

    Parameters
    ----------
    view, snapshot, chosen
        Library, its state, and the activities that count.
    names : (str, str)
        Metrics x and y.
    box : (float, float, float, float)
        West, south, east, north, degrees.
    zoom : int
        Requested zoom of 256 px tiles.

    Raises
    ------
    BadOption
        On a public map, for a box with too many passages.
    """
    measure = reading(*names)
    zoom, window = _window(view, snapshot, chosen, box, zoom)
    values: list[NDArray[np.float64]] = [np.zeros((2, 0))]
    owners: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    places: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    for x, y, numbers, passages in read_passages(view.library, window, measure, chosen.keep):
        pair = np.array([passages.columns[name] for name in names])
        inside = np.isfinite(pair).all(axis=0)
        if not view.public:
            cells = passages.cells.astype(np.int64)
            column, row = x * SIDE + cells % SIDE - window.x, y * SIDE + cells // SIDE - window.y
            inside &= (column >= 0) & (column < window.width) & (row >= 0) & (row < window.height)
        values.append(pair[:, inside])
        owners.append(numbers[inside])
        places.append(np.full(int(inside.sum()), y << 32 | x % (1 << zoom), np.int64))
    found, owner = np.concatenate(values, axis=1), np.concatenate(owners)
    if view.public:
        crowded = _crowded(np.concatenate(places), owner, view.least)
        if snapshot.threshold.people:
            crowded &= _of_enough(np.concatenate(places), owner, snapshot)
        found, owner = found[:, crowded], owner[crowded]
    return histogram_of(names, found, owner, zoom)


def histogram_of(
    names: tuple[str, str], values: NDArray[np.float64], owner: NDArray[np.int64], zoom: int
) -> JointHistogram:
    """Count passages by two metrics.

    Parameters
    ----------
    names : (str, str)
        Metrics x and y.
    values : ndarray of float64 (2, k)
        Their values, all known.
    owner : ndarray of int64 (k,)
        Number of the activity of each passage.
    zoom : int
        Zoom from which they were read.
    """
    edges = _edges(names[0], values[0]), _edges(names[1], values[1])
    bins = [
        np.floor((some - ends[0]) / (ends[1] - ends[0])).astype(np.int64)
        for some, ends in zip(values, edges, strict=True)
    ]
    inside = np.logical_and(*((some >= 0) & (some < BINS) for some in bins))
    counts = np.bincount((bins[1] * BINS + bins[0])[inside], minlength=BINS * BINS).reshape(BINS, BINS)
    return JointHistogram(names, edges, counts, values.shape[1], len(np.unique(owner)), zoom)


def _window(view: View, snapshot: Snapshot, chosen: Chosen, box: Box, zoom: int) -> tuple[int, Window]:
    """Zoom of the index for a box, and the box in its pixels."""
    first, last = snapshot.settings.zooms
    if view.public:
        zoom = min(max(_PUBLIC_ZOOM, first), last)
        window = window_of(box, zoom)
        if is_wide(window) or _passages(view, snapshot, chosen, window, zoom) > _MOST:
            raise BadOption("the box holds too much to be counted: take a smaller one")
        return zoom, window
    zoom = min(max(zoom, first), last)
    while zoom > first:
        window = window_of(box, zoom)
        if not is_wide(window) and _passages(view, snapshot, chosen, window, zoom) <= _MOST:
            break
        zoom -= 1
    return zoom, window_of(box, zoom)


def _passages(view: View, snapshot: Snapshot, chosen: Chosen, window: Window, zoom: int) -> int:
    """Passages of chosen activities in the tiles that a window touches."""
    counts = census_of(view, snapshot, zoom)
    left, top = window.x // SIDE, window.y // SIDE
    right, bottom = (window.x + window.width - 1) // SIDE, (window.y + window.height - 1) // SIDE
    touched = ((counts.x - left) % (1 << zoom) <= right - left) & (counts.y >= top) & (counts.y <= bottom)
    keep = np.append(chosen.keep, False)
    counted = touched[counts.tile] & keep[np.minimum(counts.number, len(keep) - 1)]
    return int(counts.passages[counted].sum())


def _crowded(place: NDArray[np.int64], owner: NDArray[np.int64], least: int) -> NDArray[np.bool_]:
    """(k,) whether each passage lies in a tile that enough activities pass."""
    tiles, tile = np.unique(place, return_inverse=True)
    passing = np.unique(np.stack([tile, owner]), axis=1)[0]
    return np.asarray((np.bincount(passing, minlength=len(tiles)) >= least)[tile], np.bool_)


def _of_enough(place: NDArray[np.int64], owner: NDArray[np.int64], snapshot: Snapshot) -> NDArray[np.bool_]:
    """(k,) whether each passage lies in a tile that enough people pass."""
    tiles, tile = np.unique(place, return_inverse=True)
    whose = snapshot.people[owner]
    passing = np.unique(np.stack([tile, whose])[:, whose >= 0], axis=1)[0]
    return np.asarray(is_shown(np.bincount(passing, minlength=len(tiles)), snapshot.threshold.people)[tile], np.bool_)


def _edges(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(65,) edges of the bins of a metric; where values are stored in steps a bin has a whole number of these."""
    if not len(values):
        return np.linspace(0.0, 1.0, BINS + 1)
    low = float(np.quantile(values, _SHARES[0], method="lower"))  # values that occur, so that of few none is outside
    high = float(np.quantile(values, _SHARES[1], method="higher"))
    step = VALUES[name].step if name in VALUES else 0.0
    if step and metric_named(name).unit.whole and high - low >= BINS / 2:
        step = max(step, 1.0)  # sensors give whole numbers: bins with two of them beside bins with one look striped
    least = step or max(abs(low), abs(high), 1e-6) * 1e-3
    width = max((high - low) / (BINS - 1), least)
    if step:
        width = math.ceil(width / step - 1e-9) * step
    first = low - (BINS * width - (high - low)) / 2
    if step:
        first = (math.floor(first / step) + 0.5) * step  # no value that is stored lies on an edge
    return np.asarray(first + width * np.arange(BINS + 1), np.float64)


def _axis(name: str, edges: NDArray[np.float64]) -> dict[str, Any]:
    metric, low, high = metric_named(name), float(edges[0]), float(edges[-1])
    written = rounded_to(edges.tolist(), float(edges[1] - edges[0]), metric.unit)
    ticks = nice_ticks(low, high, lambda value: (value - low) / (high - low), metric.unit)
    return {
        "name": name, "title": metric.title or name.replace("_", " ").capitalize(), "unit": metric.unit.label,
        "low": low, "high": high, "ticks": [[place, words] for place, words in ticks],
        "labels": [metric.unit.format(edge) for edge in written],
    }  # fmt: skip
