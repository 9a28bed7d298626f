"""What there is to say of a metric: one entry, from which everything else follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from heatlas.core.frozen import frozen
from heatlas.core.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.core.batch import Activity
    from heatlas.tracks.metrics.motion import AtFixes

    Formula = Callable[[Mapping[str, NDArray[np.float64]]], NDArray[np.float64]]
    """Columns of k passages by name -> (k,), NaN where unknown."""
    OfActivity = Callable[[Activity], float]
    """NaN where unknown."""

__all__ = ["GROUPS", "Metric", "Store"]

GROUPS = ("Movement", "Body", "Terrain", "Time", "Direction", "Own")
"""Groups of metrics, in the order in which people see them."""


class Store(NamedTuple):
    """Encoding of a metric in the index of a library, as whole numbers."""

    column: int
    """Number of its column, never used again for another."""
    step: float
    """Value of 1, a multiple of a power of two; 0: steps are ratios (see `heatlas.library.file.columns`)."""


@frozen
class Metric:
    """How a metric is found, stored, reduced, written and shown.

    A metric is known at fixes (`at_fixes`), of passages (`formula`), or of activities (`of_activity`); one of the three
    is given.
    """

    name: str
    group: str
    """One of GROUPS."""
    about: str
    """One sentence for people who choose it."""
    unit: Unit = Unit()
    title: str = ""
    """As legends and menus say it; empty: the reduction and the name, "Mean heart rate"."""
    columns: frozenset[str] = frozenset()
    """Columns of a batch that it is made from."""
    at_fixes: AtFixes | None = None
    inverse: bool = False
    """Whether a passage's value is the reciprocal of its time-weighted mean (pace from speed)."""
    store: Store | None = None
    """Of metrics at fixes alone."""
    inputs: tuple[str, ...] = ()
    """Columns of passages that the formula reads: metrics at fixes, metrics of activities, "seconds", "metres"."""
    formula: Formula | None = None
    sports: str = ""
    """Metric of activities that says whose passages the formula makes sense of: on_foot, by_bike, own_power; others are
    unknown. Empty: all sports."""
    of_activity: OfActivity | None = None
    reduction: str = "mean"
    """How passages are reduced where nobody says."""
    period: float = 0.0
    """Of a cyclic metric the value that equals 0: 24 h, 360 degrees; else 0."""
    colours: str = "dusk"
    """Name of the colour map that suits it on a dark ground."""
    curve: str = "linear"
    """Curve of the tone that suits it in its usual reduction."""
    range: tuple[float, float] | None = None
    """Values at the ends of the colours, in its own unit, so that maps can be compared; None: fitted to the data."""
    middle: float | None = None
    """Value in the middle of the colours: 0 of a slope; None: there is none."""
    good: int = 0
    """1 where more is better, -1 where less is, else 0."""
    public: bool = False
    """Whether public maps show it unasked: what tells of the way and how fast it was gone, not of bodies or habits."""
    exact: int = 16
    """Binary digits behind the point to which values are rounded before they are added up.

    Sums are then exact in any order as long as they stay below 2**(53 - exact), and those of squares, as relations and
    standard deviations have them, below 2**(53 - 2 * exact).
    """
    related: str = ""
    """Metric that stands for it in relations; empty: itself."""
    listed: bool = True
    """Whether menus offer it; other metrics are inputs of formulas."""
    condition: bool = False
    """Whether it is 1 or 0 of a passage, so that its share can be asked for."""
    definition: str = ""
    """Of metrics that people define (`heatlas.tracks.metrics.own`): what changes when the formula does; else empty."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns of passages that its values follow from: the inputs, and what says which sports it is of."""
        return (*self.inputs, self.sports) if self.sports else self.inputs

    @property
    def cyclic(self) -> bool:
        """Whether values go round: hours, directions."""
        return self.period > 0
