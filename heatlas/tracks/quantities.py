"""Distances and durations as people write them: 10 km, 6.2 mi, 800 m, 1h30, 90 min, 1.5 h, 45 s."""

from __future__ import annotations

import re
from typing import Literal

from heatlas.core.frozen import frozen
from heatlas.core.regex import regex

__all__ = ["QUANTITY", "UNITS", "Quantity", "parse_quantity"]

UNITS = {"km": 1000.0, "m": 1.0, "mi": 1609.344, "h": 3600.0, "min": 60.0, "s": 1.0}
"""Unit -> metres or seconds."""
_LENGTHS = ("km", "m", "mi")
QUANTITY = regex(
    r"(?<![\w.])(?:(?P<hours>\d{1,4})\s?h\s?(?P<minutes>[0-5]?\d)(?:\s?min)?"
    r"|(?P<number>\d{1,9}(?:\.\d{1,6})?)\s?(?P<unit>km|mi|m|h|min|s))(?![\w.])",
    re.ASCII,
)
"""A quantity inside of other text."""


@frozen
class Quantity:
    """A distance or duration."""

    value: float
    """Metres or seconds."""
    kind: Literal["distance", "duration"]
    step: float
    """Weight of its last digit, in the same unit: 1000 for 12 km, 100 for 12.0 km."""


def parse_quantity(match: re.Match[str]) -> Quantity:
    """Take the quantity of a match of `QUANTITY`."""
    if match["hours"] is not None:
        return Quantity(int(match["hours"]) * 3600.0 + int(match["minutes"]) * 60.0, "duration", 60.0)
    unit, number = match["unit"], match["number"]
    digits = len(number.partition(".")[2])
    return Quantity(
        round(float(number) * UNITS[unit], 6), "distance" if unit in _LENGTHS else "duration",
        UNITS[unit] * 10.0**-digits,
    )  # fmt: skip
