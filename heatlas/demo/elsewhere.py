"""Build two more places: a heath for a week of holidays, and the island of a smart trainer."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from heatlas.demo import network as net
from heatlas.demo.geometry import blob, spline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.demo.geometry import Points
    from heatlas.demo.network import Network

__all__ = ["heath", "heath_height", "island", "island_height"]


def heath_height(points: Points) -> NDArray[np.float64]:
    """Metres above the sea."""
    x, y = points.T
    return np.asarray(74 + 9 * np.sin(x / 700) * np.cos(y / 520) + 4 * np.sin((x - y) / 330))


def island_height(points: Points) -> NDArray[np.float64]:
    """Metres above the sea."""
    x, y = points.T
    return np.asarray(6 + 260 * np.exp(-(((x - 900) / 1500) ** 2) - ((y + 300) / 1200) ** 2) + 9 * np.sin(x / 400) ** 2)


@cache
def heath() -> Network:
    """Build the sandy tracks and the lane around an inn at (0, 0)."""
    rng = np.random.default_rng(53)
    lines = [
        (blob((700, 500), (1000, 700), 0.4, rng, rough=0.12), net.TRAIL),
        (blob((-800, 300), (1100, 800), -0.7, rng, rough=0.12), net.TRAIL),
        (blob((100, -900), (1300, 950), 0.1, rng, rough=0.12), net.TRAIL),
        (spline([(-3000, -500), (-1500, -150), (0, 10), (1400, -200), (3100, 300)]), net.LANE),
        (spline([(300, 2600), (-100, 1300), (0, -10), (250, -1400), (-100, -2700)]), net.TRAIL),
    ]
    return net.build(lines)


@cache
def island() -> Network:
    """Build the road around the island and two roads over its mountain."""
    rng = np.random.default_rng(27)
    lines = [
        (blob((0, 0), (4200, 2600), 0.3, rng, rough=0.16), net.LANE),
        (
            spline([(-5200, -900), (-2500, -200), (-800, -500), (900, -300), (2600, 400), (5200, 1200)]),
            net.LANE,
        ),
        (
            spline(
                [
                    (400, -3600),
                    (900, -1900),
                    (500, -1100),
                    (900, -300),
                    (1300, 500),
                    (200, 1500),
                    (-300, 3500),
                ]
            ),
            net.LANE,
        ),
    ]
    return net.build(lines)
