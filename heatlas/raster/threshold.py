"""The threshold of people: a pixel shows only what enough different people passed.

This is the one place that decides it, for pictures, libraries and partitions alike. People are counted at every zoom by
itself, before smoothing and tone. Fine pixels are narrower than a road, and people who take the same road would miss
each other's: from zoom 15 on those count who passed any of the 3 x 3 pixels around. They are counted by union of the
sets of people, as sums over pixels would count one person up to nine times.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.raster.measure import COUNTS
from heatlas.tracks.people import any_person, refuse_nobody

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity
    from heatlas.core.window import Window
    from heatlas.raster.grid import Grid
    from heatlas.raster.measure import Measure

__all__ = [
    "AT_LEAST", "NO_THRESHOLD", "UNION_FROM", "Limits", "Threshold", "is_shown", "nowhere_enough", "reach_of",
]  # fmt: skip

AT_LEAST = 5
"""People who must have passed a pixel of what is public, where persons are named."""
UNION_FROM = 15.0
"""Zoom of 256 px tiles from which on the people of 3 x 3 pixels are united."""

_BYTES = 12
"""Of a pixel: 4 for its people, and 8 for the person that was counted last."""


def reach_of(window: Window) -> int:
    """Pixels on all sides of one whose people count for it, too: 0 or 1."""
    return int(window.zoom >= UNION_FROM)


def is_shown(people: NDArray[Any], at_least: int) -> NDArray[np.bool_]:
    """Whether pixels are shown, of which it is known how many different people passed them or the pixels around."""
    return np.asarray(people >= at_least)


@frozen
class Limits:
    """Threshold as it was asked for: what it is follows from whether persons are named."""

    at_least: int | None = None
    """None: `AT_LEAST` on a public map with persons, else none."""
    round: int | None = None


@frozen
class Threshold:
    """Least number of people of a pixel that is shown, and the steps to which counts are rounded."""

    people: int = 0
    """0: every pixel is shown."""
    step: int = 1
    """Counts are rounded to multiples of it, halves up."""

    def __bool__(self) -> bool:
        return self.people > 0 or self.step > 1

    @property
    def bytes_per_pixel(self) -> int:
        """Memory that counting the people of a pixel takes."""
        return _BYTES if self.people > 0 else 0

    @classmethod
    def of(cls, asked: Limits, *, public: bool, activities: Collection[Activity], strict: bool = True) -> Threshold:
        """Choose the threshold of an output.

        Parameters
        ----------
        asked : Limits
            As they were asked for.
        public : bool
            Whether the output is for everybody: then it has a threshold by default, if persons are named.
        activities : collection of Activity
            Those that may be shown.
        strict : bool
            Refuse to count people where nobody is named; else nothing is shown there.

        Raises
        ------
        BadOption
            When people are asked for, nobody is named, and `strict`.
        """
        if asked.at_least and activities and strict:
            refuse_nobody(f"--at-least={asked.at_least}", activities)
        usual = AT_LEAST if public and any_person(activities) else 0
        return cls(usual if asked.at_least is None else asked.at_least, asked.round or 1)

    def check(self, measure: Measure) -> None:
        """Refuse to round what is no count.

        Raises
        ------
        BadOption
            Names the measures that are counts.
        """
        if self.step > 1 and measure.reduction not in COUNTS:
            raise BadOption(f"--round is for counts ({', '.join(COUNTS)}), and {measure} is none: leave it out")

    def applied(self, grid: Grid, shown: NDArray[np.bool_] | None) -> Grid:
        """Leave out what too few people passed, and round counts.

        Parameters
        ----------
        grid : Grid
            As counted, before smoothing.
        shown : ndarray of bool (height, width), optional
            Whether each pixel `is_shown`, by the people of it and of those within `reach_of` it; needed where there is
            a least number.
        """
        if self.people > 0:
            assert shown is not None
            grid = grid.map(lambda plane: np.where(shown, plane, np.zeros(1, plane.dtype)))
        if self.step > 1 and grid.measure.reduction in COUNTS:
            grid = grid.map(self._rounded)
        return replace(grid, fitted=None) if self else grid

    def _rounded(self, plane: NDArray[Any]) -> NDArray[Any]:
        wide = plane.astype(np.uint32)
        return (wide + self.step // 2) // self.step * self.step

    def told(self) -> list[str]:
        """Say what is left out, for whoever looks at a map; nothing where everything is shown."""
        return [f"Only pixels that {self.named} passed are shown"] if self.people > 0 else []

    @property
    def named(self) -> str:
        """How many people, in words."""
        return "a named person" if self.people == 1 else f"{self.people} different people"

    def words(self, *, span: bool = False) -> list[str]:
        """Say the same for reports to the owner, and how to change it.

        With `span` the output is of a span of time, and a sentence warns of the difference of two such outputs.
        """
        said = []
        if self.people > 0:
            around = f"from zoom {UNION_FROM:g} on those around it count, too; --at-least changes the number"
            said.append(f"only pixels that {self.named} passed are shown ({around})")
        if self.step > 1:
            said.append(f"counts are rounded to multiples of {self.step}")
        elif self.people > 0 and span:
            said.append(
                "two maps of spans of time can be subtracted, and what is left may be of one person: publish one span "
                "alone, or counts with --round"
            )
        return said


NO_THRESHOLD = Threshold()


def nowhere_enough(threshold: Threshold, activities: Iterable[Activity]) -> str:
    """Say that no place was passed by enough people, and what to do."""
    there = len({activity.person for activity in activities} - {""})
    return (
        f"no place was passed by {threshold.named}, of {there:,} in all: say --at-least with a smaller number, or 0 to "
        "show what anybody passed"
    )
