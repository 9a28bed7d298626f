"""Units of measures, and how their numbers are written."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Unit", "legend_title", "rounded_to", "steps", "unit_of", "with_unit"]

_CLOCK = (1, 2, 5, 10, 15, 20, 30)
"""Even steps of seconds and of minutes."""


@frozen
class Unit:
    """Unit of a measure, and how its values are written."""

    symbol: str = ""
    """Unit of the values themselves, as it goes into files."""
    label: str = ""
    """Unit of the written numbers, beside a legend's title; empty when each number carries its own."""
    style: str = "plain"
    """plain; duration (values in seconds), distance (metres), pace (seconds per metre), date (days since 1970), clock
    (hours of the day), month (months from the first of January), or bearing (degrees from north)."""
    factor: float = 1.0
    """Written number per value."""
    whole: bool = False
    """Whether only whole numbers make sense."""

    def format(self, value: float) -> str:
        """Write a value (in `symbol`) for people: 12,000; 5:30; 1 h 20 min; 1.5 km."""
        shown = value * self.factor
        if not math.isfinite(shown):
            return "-"
        if self.style == "duration":
            return _sign(shown) + _duration(abs(shown))
        if self.style == "pace":
            return _sign(shown) + _clock(abs(shown))
        if self.style == "distance":
            return f"{_plain(shown / 1000)} km" if abs(shown) >= 999.95 else f"{_plain(shown)} m"
        if self.style in _CALENDAR:
            return _CALENDAR[self.style](shown)
        return _plain(shown)


def _date(days: float) -> str:
    """Write a day, 2019-05-12."""
    try:
        return str(_EPOCH + dt.timedelta(days=days))
    except OverflowError:
        return "-"


def _time_of_day(hours: float) -> str:
    """Write 7.5 as 7:30."""
    minutes = round(hours * 60) % 1440
    return f"{minutes // 60}:{minutes % 60:02}"


def _month(months: float) -> str:
    return _MONTHS[int(months) % 12]


def _bearing(degrees: float) -> str:
    """Write the quarter winds as letters, and degrees between them."""
    quarter = round(degrees) % 360 / 45
    return _WINDS[int(quarter)] if quarter.is_integer() else f"{round(degrees) % 360}°"


_EPOCH = dt.date(1970, 1, 1)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WINDS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
_CALENDAR = {"date": _date, "clock": _time_of_day, "month": _month, "bearing": _bearing}
_COUNTS = {name: Unit(name, name, whole=True) for name in ("passes", "activities", "people", "days", "fixes")}
_PER_AREA = " per km2"
_UNITS = {
    **_COUNTS,
    "count": Unit("points", "points", whole=True),
    "seconds": Unit("s", style="duration"),
    "metres": Unit("m", style="distance"),
}
_TITLES = {
    "seconds": "Time spent", "metres": "Distance covered", "count": "Points", "std": "Spread of", "sum": "Sum of",
}  # fmt: skip


def unit_of(measure: str) -> Unit:
    """Unit of a measure without a metric: passes, seconds, count, count per km2 ...; plain numbers for all others."""
    if measure.endswith(_PER_AREA):
        return Unit("1/km2", "per km²")
    return _UNITS.get(measure.rstrip(")").rpartition("(")[2], Unit())


def legend_title(measure: str, unit: Unit) -> str:
    """Title of a measure and its unit: "Passes", "Mean pace, min/km", "Points, per km²"."""
    reduction, _, metric = measure.removesuffix(_PER_AREA).rstrip(")").partition("(")
    title = _TITLES.get(reduction, reduction.capitalize())
    if metric:
        title = f"{title} {metric.replace('_', ' ')}"
    return with_unit(title, unit)


def with_unit(title: str, unit: Unit) -> str:
    """Title with the unit behind it, where the title or the numbers do not say it."""
    label = unit.label
    return f"{title}, {label}" if label and label.lower() != title.lower() else title


def rounded_to(values: Sequence[float], step: float, unit: Unit) -> list[float]:
    """Round values for people who compare them: to one digit below a step between them, whole where the unit is."""
    digits = 0 if unit.whole or not step else max(0, 1 - math.floor(math.log10(abs(step * unit.factor))))
    return [round(value * unit.factor, digits) / unit.factor for value in values]


def steps(unit: Unit, low: float, high: float) -> list[float]:
    """List even steps for a legend, in written numbers: 1, 2, 5, 10 ... or 15 s, 30 s, 1 min ...

    Parameters
    ----------
    unit : Unit
        Durations and paces have steps of the clock, all others decimal ones.
    low, high : float
        Smallest and largest step, above 0.

    Returns
    -------
    list of float
        Ascending.
    """
    if unit.style in {"duration", "pace"}:
        clock = [step * scale for scale in (1.0, 60.0) for step in _CLOCK]
        counted = [*_tens(low, min(high, 0.9)), *clock, *(3600 * ten for ten in _tens(1, high / 3600))]
    else:
        counted = _tens(low, high)
    return [step for step in counted if low * (1 - 1e-9) <= step <= high * (1 + 1e-9)]


def _tens(low: float, high: float) -> list[float]:
    """List 1, 2, 5, 10, 20 ... from at most `low` to less than ten times `high`; none where high < low."""
    if high < low:
        return []
    decades = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
    return [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]


def _sign(value: float) -> str:
    return "-" if value < 0 else ""


def _plain(value: float) -> str:
    """Write at most four digits, with commas between thousands."""
    if value == 0:
        return "0"
    if abs(value) >= 999_950:
        return f"{float(f'{value / 1e6:.4g}'):,.4g}M" if abs(value) < 1e10 else f"{value:.4g}"
    rounded = float(f"{value:.4g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.4g}"


def _duration(seconds: float) -> str:
    """Write the two largest units that matter."""
    if seconds < 59.5:
        return f"{_plain(seconds)} s"
    if seconds < 3570:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{_plain(hours)} h {minutes} min" if minutes and hours < 100 else f"{_plain(hours)} h"


def _clock(seconds: float) -> str:
    """Write minutes and seconds, m:ss."""
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
