"""What a film shows, in the order in which it comes: tracks by their starts, points by their times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from heatlas.core.context import Context
    from heatlas.core.window import Window
    from heatlas.raster.grid import Grid
    from heatlas.raster.measure import Measure
    from heatlas.raster.pipeline import Drawn
    from heatlas.raster.softening import Softening

__all__ = ["Cast", "Part", "Running"]

Part = tuple[int, int]
"""First item, and the one after the last."""


class Running(Protocol):
    """A measure of the shown items over the window and its halo, updated from frame to frame."""

    @property
    def grid(self) -> Grid:
        """Counts after the last step."""

    def step(self, before: Part, now: Part) -> Window | None:
        """Update the counts from the items that were shown to those that are shown now.

        Returns the rectangle that holds all changes; None: nothing changed.
        """


class Cast(Protocol):
    """All that a film shows over one window."""

    @property
    def window(self) -> Window:
        """The window, without its halo."""

    @property
    def measure(self) -> Measure:
        """What is counted."""

    @property
    def softening(self) -> Softening:
        """How what is counted is smoothed or spread."""

    @property
    def starts(self) -> NDArray[np.float64]:
        """(k,) seconds, ascending: when each item appears."""

    @property
    def amounts(self) -> NDArray[np.int64]:
        """(k + 1,) how much there is to see of all items before the k-th: fixes, or points."""

    @property
    def aura(self) -> bool:
        """Whether what is new may shine on what is around."""

    def drawn(self, part: Part, context: Context) -> Drawn:
        """Heat of some items."""

    def running(self) -> Running:
        """Begin to count, with nothing."""

    def near(self, part: Part, margin: int) -> Window | None:
        """Smallest rectangle that holds what some items touch of the window, grown by a margin; None: nothing."""

    def touched(self, part: Part, box: Window) -> NDArray[np.bool_]:
        """(h, w) pixels of a rectangle to which some items add."""

    def words(self, part: Part, days: int | None) -> list[tuple[str, str]]:
        """Totals of some items, as numbers and units; `days` is the span they cover, None: all time."""

    def most_words(self, parts: list[Part], days: int | None) -> list[tuple[str, str]]:
        """The same with the greatest number of each that occurs in any part, for which room is kept."""
