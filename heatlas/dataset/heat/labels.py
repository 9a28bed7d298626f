"""Labels of values: title, unit, and the middle of their scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.raster.terciles import CLASSES
from heatlas.style.defaults import measure_title, measure_unit

if TYPE_CHECKING:
    from heatlas.core.units import Unit
    from heatlas.raster.measure import Measure

__all__ = ["Labels", "attributes_of", "check_alike", "is_amount", "labels_of"]


@frozen
class Labels:
    """Title and unit of values."""

    title: str
    unit: Unit
    label: str
    """Unit to write after the title; empty where the title or the numbers contain it."""
    middle: float | None = None
    """Value in the middle of the scale: 0 for a difference, 1 for a ratio of two heats of one measure; else None."""

    @property
    def heading(self) -> str:
        """Title and unit, as a legend shows them."""
        return f"{self.title}, {self.label}" if self.label else self.title


def labels_of(measure: Measure) -> Labels:
    """Make the labels of a measure."""
    unit, title = measure_unit(measure), measure_title(measure)
    return Labels(title, unit, "" if unit.label.lower() == title.lower() else unit.label)


def attributes_of(measure: Measure) -> dict[str, Any]:
    """Attributes of an array of a measure, beside its title and unit, by CF conventions 1.11.

    A correlation is a pure number; classes have their numbers and meanings (section 3.5).
    """
    if measure.reduction == "both":
        thirds = ("low", "middle", "high")
        meanings = [f"{x}_{measure.metric}_{y}_{measure.other}" for y in thirds for x in thirds]
        return {"flag_values": np.arange(CLASSES, dtype=np.float32), "flag_meanings": " ".join(meanings)}
    return {"units": "1"} if measure.reduction == "corr" else {}


def is_amount(measure: Measure) -> bool:
    """Whether a measure is a count or a sum: a missing value is then 0, and values can be added."""
    return measure.layout.sums


def check_alike(one: Labels, other: Labels) -> None:
    """Refuse labels whose values cannot share a scale.

    Raises
    ------
    BadOption
        When their units differ.
    """
    if one.unit != other.unit:
        raise BadOption(f"the tone of {other.title} is in another unit than {one.title}: give a range, LO:HI")
