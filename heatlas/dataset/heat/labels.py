"""What values mean: their title and unit, and what lies in the middle of their scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.core.units import Unit, legend_title
from heatlas.style.defaults import measure_unit

if TYPE_CHECKING:
    from heatlas.raster.grid import Measure

__all__ = ["Labels", "check_alike", "is_amount", "labels_of"]


@dataclass(frozen=True, slots=True)
class Labels:
    """How values are called and written."""

    title: str
    unit: Unit
    label: str
    """Unit to write behind the title; empty where the title or the numbers say it."""
    middle: float | None = None
    """Value in the middle of the scale: 0 of a difference, 1 of a ratio of two of a kind; else None."""

    @property
    def heading(self) -> str:
        """Title and unit, as a legend shows them."""
        return f"{self.title}, {self.label}" if self.label else self.title


def labels_of(measure: Measure) -> Labels:
    """Say what a measure's values mean."""
    unit, title = measure_unit(measure), legend_title(str(measure), Unit())
    return Labels(title, unit, "" if unit.label.lower() == title.lower() else unit.label)


def is_amount(measure: Measure) -> bool:
    """Whether a measure is a count or a sum: then nothing is 0, and amounts can be added."""
    return measure.layout.sums


def check_alike(one: Labels, other: Labels) -> None:
    """Refuse two meanings whose values cannot share a scale.

    Raises
    ------
    BadOption
        When they are in two units.
    """
    if one.unit != other.unit:
        raise BadOption(f"the tone of {other.title} is in another unit than {one.title}: give a range, LO:HI")
