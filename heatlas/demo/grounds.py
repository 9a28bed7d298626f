"""Fixed places of the made-up town, and heights of the ground; metres east and north of its middle.

The town is the same for every seed, so that pictures and tests can rely on its places.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.demo.geometry import resample, spline, turned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.demo.geometry import Points

__all__ = [
    "AVENUES",
    "CORE",
    "HILL",
    "LAKE",
    "LANES",
    "ORIGIN",
    "PLACES",
    "RIVER",
    "TRACK",
    "TRACK_ANGLE",
    "VILLAGES",
    "height",
    "track_lap",
]

ORIGIN = (47.8, 10.9)
"""Latitude and longitude of (0, 0). The real map there does not matter."""
CORE = (-120.0, 120.0)
"""Middle of the old core."""
HILL = (-3350.0, 2750.0)
"""Its top."""
TRACK = (-2700.0, -960.0)
"""Middle of the running track."""
TRACK_ANGLE = 0.42
"""Direction of its straights, radians anticlockwise from the east."""
LAKE = (-3350.0, -4250.0)
"""Middle of the lake."""

RIVER = spline([
    (-2900, -15500), (-1500, -11500), (-900, -9200), (-1050, -7400), (-250, -5700), (320, -4300),
    (60, -2900), (520, -1900), (930, -1050), (720, -250), (560, 420), (980, 1150), (1680, 1850), (1980, 2900),
    (1780, 4200), (2250, 5600), (2700, 7200), (3900, 9800), (4100, 12500), (4800, 15500),
])  # fmt: skip
"""The middle of the river, from south to north."""

PLACES: dict[str, tuple[float, float]] = {
    "home": (-1660, -2380),
    "work": (2950, 2150),
    "market": (-150, 110),
    "castle": (-480, 420),
    "park north": (2480, 3350),
    "park south": (2350, 2150),
    "park east": (2850, 2800),
    "city park west": (-1370, -1300),
    "city park east": (-590, -1460),
    "old bridge": (616, 160),
    "south bridge": (250, -3380),
    "east bank south": (455, -2180),
    "west bank mid": (470, -1800),
    "east bank mid": (790, -1480),
    "lake east": (-2500, -4100),
    "lake west": (-4130, -4300),
    "lake north": (-3620, -3740),
    "hill foot": (-2330, 2230),
    "hill top": HILL,
    "track": (-2635, -1032),
    "forest": (3150, -4450),
    "forest west": (2100, -4050),
    "forest north": (3300, -3600),
    "forest east": (4150, -4700),
    "forest south": (3300, -5300),
    "station west": (-1900, 700),
}
"""Name -> metres east and north. A route goes to the junction nearest to it."""

VILLAGES = {
    "E1": (6300, 850), "E2": (9900, 2400), "E3": (11700, -2500), "NE1": (6200, 4700), "NE2": (9400, 7900),
    "N1": (250, 7200), "N2": (-1300, 10900), "NW1": (-3500, 6700), "NW2": (-7000, 5300), "W1": (-7000, -500),
    "W2": (-11200, 1900), "SW1": (-6300, -3500), "SW2": (-9300, -7700), "S1": (-2100, -7300),
    "S2": (-3700, -11400), "S3": (2600, -8200), "SE1": (5900, -4700), "SE2": (8700, -8400),
}  # fmt: skip
"""Name of a village -> metres east and north."""

LANES = (
    "E1 NE1,NE1 N1,N1 NW1,NW1 NW2,NW2 W1,W1 SW1,SW1 S1,S1 S3,S3 SE1,SE1 E1,E1 E2,E2 NE2,NE1 NE2,E2 E3,"
    "E3 SE1,SE1 SE2,SE2 S3,SE2 E3,S1 S2,S2 SW2,SW1 SW2,SW2 W2,W1 W2,W2 NW2,NW1 N2,N1 N2,N2 NE2,"
    "S2 S3,E3 E1,W1 NW1"
)
"""Pairs of villages that are joined by a country road."""

AVENUES = {
    "E1": [(380, 130), (560, 150), (900, 190), (1700, 120), (2900, 420), (4300, 600)],
    "NE1": [(240, 560), (720, 900), (1250, 1080), (2000, 1250), (3100, 1750), (4400, 3150)],
    "SE1": [(270, -280), (740, -470), (1250, -760), (1900, -1350), (3000, -2150), (4300, -3500)],
    "S1": [(-100, -420), (-190, -900), (-330, -1900), (-420, -3000), (-900, -4500), (-1350, -5700)],
    "SW1": [(-520, -250), (-1100, -720), (-1800, -1250), (-2700, -1650), (-3900, -2350), (-5100, -2750)],
    "W1": [(-680, 170), (-1500, 110), (-2500, 330), (-3900, 60), (-5200, -200)],
    "NW1": [(-430, 600), (-900, 1150), (-1500, 1750), (-1850, 2650), (-2050, 4000), (-2700, 5200)],
    "N1": [(-50, 700), (130, 1500), (80, 2600), (350, 3900), (150, 5500)],
}
"""Village -> the avenue that leads to it from the ring."""


def height(points: Points) -> NDArray[np.float64]:
    """Metres above the sea: a valley that falls northwards, a hill, and gentle waves."""
    x, y = points[:, 0], points[:, 1]
    order = np.argsort(RIVER[:, 1], kind="stable")
    off = x - np.interp(y, RIVER[order, 1], RIVER[order, 0])
    ground = 612 - 0.0022 * y + 16 * (1 - np.exp(-((off / 900) ** 2)))
    far = np.clip(np.hypot(x, y) / 6000, 0, 1.6)
    waves = (
        np.sin(x / 910 + 0.4) * np.cos(y / 1170) + 0.7 * np.sin((x + 1.6 * y) / 1630) + 0.5 * np.sin((x - y) / 530 + 1)
    )
    hill = 168 * np.exp(-(((x - HILL[0]) / 640) ** 2) - ((y - HILL[1]) / 560) ** 2)
    return np.asarray(ground + hill + waves * (2 + 17 * far))


def track_lap(lane: float = 1.0) -> Points:
    """Draw one lap of the running track, closed, anticlockwise, with two straights; 400 m in lane 1."""
    r = 36.5 + 0.3 + (lane - 1) * 1.22
    straight = 84.39
    bend = np.linspace(-math.pi / 2, math.pi / 2, 40)
    right = np.column_stack((straight / 2 + r * np.cos(bend), r * np.sin(bend)))
    lap = np.concatenate((right, -right, right[:1]))
    return resample(turned(lap, TRACK_ANGLE, TRACK), 4.0)
