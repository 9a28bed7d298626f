"""Choose the ticks of a legend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.units import rounded_to, steps
from heatlas.style.calendar_ticks import calendar_ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heatlas.core.units import Unit

__all__ = ["cyclic_ticks", "marked_ticks", "nice_ticks"]

_GAP_SHARE = 0.024
"""Least room between two labels, as a share of the bar."""
_LABEL_SHARE = 0.0135
"""Half the width of a character, as a share of the bar."""
_AT_END, _OVERHANG = 0.015, 0.028
"""Distance from the end of the bar within which a number is that of the end, and how far a label may exceed the bar,
as shares of it."""
_EVEN_TICKS, _ROUND_TICKS, _FEW_TICKS = 6, 8, 4
"""Greatest number of ticks: evenly spaced, at round numbers, and where others supplement too few round numbers."""


def marked_ticks(
    low: float, high: float, position: Callable[[float], float], unit: Unit, beyond: tuple[bool, bool]
) -> list[tuple[float, str]]:
    """Choose the numbers that a legend shows, and mark ends that stand for all beyond them: <5:00 ... 10:00+.

    Parameters
    ----------
    low, high, position, unit
        As for `nice_ticks`, low first.
    beyond : (bool, bool)
        Whether values lie below the lowest and above the highest.
    """
    ticks = nice_ticks(low, high, position, unit)
    if low == high or unit.style == "date" or not any(beyond):
        return ticks
    step = (high - low) / _EVEN_TICKS
    texts = [unit.format(value) for value in rounded_to((low, high), step, unit)]
    for end, marked in ((0, beyond[0]), (1, beyond[1])):
        if not marked:
            continue
        place = float(end)
        near = [label for at, label in ticks if abs(at - place) <= _AT_END]
        text = near[-end] if near else texts[end]
        mark = f"{text}+" if end else f"<{text}"
        ticks = [one for one in ticks if abs(one[0] - place) > _AT_END and _is_clear(one, place, mark)]
        ticks = [*ticks, (place, mark)] if end else [(place, mark), *ticks]
    return ticks


def _is_clear(tick: tuple[float, str], place: float, mark: str) -> bool:
    """Whether a tick has room beside the mark of an end, which lies inwards of it but for the panel's edge."""
    room = (len(tick[1]) + 2 * len(mark)) * _LABEL_SHARE + _GAP_SHARE - _OVERHANG
    return abs(tick[0] - place) >= room


def nice_ticks(low: float, high: float, position: Callable[[float], float], unit: Unit) -> list[tuple[float, str]]:
    """Choose the numbers that a legend shows.

    A linear tone gets even steps. Any other tone gets 1, 2, 5, 10, 20, 50 ... as far as there is room, and even
    steps only where a narrow range holds too few of these. Dates get years, months or days of the calendar.

    Parameters
    ----------
    low, high : float
        Values at the ends of the bar, in the unit of the measure.
    position : callable
        Value -> place on the bar, 0 to 1; rising or falling.
    unit : Unit
        Format of the numbers, and the steps in which people count them.

    Returns
    -------
    list of (float, str)
        Positions, ascending, and labels that do not overlap on a bar of the usual length.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return []
    low, high = min(low, high), max(low, high)
    chosen: dict[float, tuple[float, str]] = {}
    if low == high:
        return [(min(max(position(low), 0.0), 1.0), unit.format(low))]
    if unit.style == "date":
        return _dates(low, high, position, unit)
    lower, upper = low * unit.factor, high * unit.factor
    for tier in _even_tiers(lower, upper, unit) if _is_linear(low, high, position) else []:
        chosen = _fitting([tier], position, unit, _EVEN_TICKS)
        if len(chosen) == sum(map(len, tier)):
            break
    if len(chosen) < 2:
        chosen = _fitting_round(_round_tiers(lower, upper, unit), position, unit)
    if len(chosen) < 3:
        ends = [[(lower, upper)]] if lower == -upper else [[(lower,)], [(upper,)]]
        kept = _paired(list(chosen)) if lower < 0 < upper else [(number,) for number in chosen]
        extra = [kept, *_even_tiers(lower, upper, unit)[::-1], *ends]
        chosen = _fitting(extra, position, unit, _FEW_TICKS)
    return sorted(chosen.values())


def cyclic_ticks(period: float, unit: Unit) -> list[tuple[float, str]]:
    """Label the quarters of a cyclic measure: N E S W, 0 h 6 h 12 h 18 h, Jan Apr Jul Oct.

    Parameters
    ----------
    period : float
        Value that equals 0, in the unit of the measure. Half a turn of a bearing has the names of both its ends: N-S.
    unit : Unit
        Format of the numbers.

    Returns
    -------
    list of (float, str)
        Shares of the period, from 0 to below 1, and labels.
    """
    quarters = [period * k / 4 for k in range(4)]
    if unit.style == "clock":
        return [(value / period, f"{value:g} h") for value in quarters]
    if unit.style == "bearing" and period == 180:
        return [(value / period, f"{unit.format(value)}-{unit.format(value + 180)}") for value in quarters]
    return [(value / period, unit.format(value)) for value in quarters]


def _dates(low: float, high: float, position: Callable[[float], float], unit: Unit) -> list[tuple[float, str]]:
    """Ticks of a range of days since 1970; its ends where no calendar dates fit."""

    def placed(found: list[tuple[float, str]]) -> dict[float, tuple[float, str]]:
        return {day: (min(max(position(day), 0.0), 1.0), label) for day, label in found}

    def has_room(found: list[tuple[float, str]]) -> bool:
        taken: dict[float, tuple[float, str]] = {}
        for day, (place, label) in placed(found).items():
            if not _has_room(place, label, taken):
                return False
            taken[day] = (place, label)
        return True

    found = calendar_ticks(low, high, has_room)
    if not found:
        ends = [(float(day), unit.format(day)) for day in (math.floor(low), math.floor(high))]
        found = ends if has_room(ends) else ends[:1]
    return sorted(placed(found).values())


def _is_linear(low: float, high: float, position: Callable[[float], float]) -> bool:
    places = [position(low + share * (high - low)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return bool(np.abs(np.diff(places, n=2)).max() < 0.01)


def _even_tiers(lower: float, upper: float, unit: Unit) -> list[list[tuple[float, ...]]]:
    """List tiers of evenly spaced written numbers, from dense to sparse. Numbers are grouped with their opposites."""
    span = upper - lower
    tiers = []
    for step in steps(unit, span / (_EVEN_TICKS + 1), span):
        if unit.whole and step < 1 and span >= 2:
            continue
        first, last = math.ceil(lower / step - 1e-6), math.floor(upper / step + 1e-6)
        tiers.append(_paired([number * step for number in range(first, last + 1)]))
    return tiers


def _paired(numbers: Sequence[float]) -> list[tuple[float, ...]]:
    """Group numbers with their opposites, 0 first, then the largest. On one side of 0 each is a group, in order.

    Labels that are chosen one by one from one end would leave out different numbers on either side of 0.
    """
    if not (min(numbers, default=0) < 0 < max(numbers, default=0)):
        return [(number,) for number in numbers]
    sizes = sorted({abs(number) for number in numbers}, key=lambda size: (size != 0, -size))
    own = set(numbers)
    return [tuple(number for number in sorted({-size, size}) if number in own) for size in sizes]


def _round_tiers(lower: float, upper: float, unit: Unit) -> list[list[tuple[float, ...]]]:
    """List 1, 2, 5, 10 ... (or 1 s, 10 s, 1 min ...) of a range, the roundest ones first.

    Around 0, numbers are grouped with their opposites, the largest ones first.
    """
    reach = max(abs(lower), abs(upper))
    inside: list[tuple[float, ...]] = []
    for number in steps(unit, max(reach * 1e-9, 1e-12), reach):
        pair = tuple(n for n in (-number, number) if lower <= n + 1e-9 * reach and n - 1e-9 * reach <= upper)
        if pair and not (unit.whole and number < 1 <= upper):
            inside.append(pair)
    if lower <= 0 <= upper:
        inside.append((0.0,))
    if lower < 0 < upper:
        inside.reverse()
    tiers: list[list[tuple[float, ...]]] = [[], [], []]
    for group in inside:
        tiers[_roughness(abs(group[0]), unit)].append(group)
    return tiers


def _fitting_round(
    tiers: Sequence[Sequence[tuple[float, ...]]], position: Callable[[float], float], unit: Unit
) -> dict[float, tuple[float, str]]:
    """Choose round numbers. Of decades that lie too close, choose every second or third if all of those fit."""
    chosen = _fitting(tiers, position, unit, _ROUND_TICKS)
    if not chosen.keys() >= {number for group in tiers[0] for number in group}:
        for stride in (2, 3):
            regular = _fitting([tiers[0][::stride]], position, unit, _ROUND_TICKS)
            if 3 <= len(regular) == sum(map(len, tiers[0][::stride])):
                return regular
    return chosen


def _roughness(number: float, unit: Unit) -> int:
    """Grade a number: 0 round, 1 middling, 2 lesser."""
    if unit.style in {"duration", "pace"} and number >= 1:
        size = 3600 if number >= 3600 else 60 if number >= 60 else 1
        number /= size
        if size < 3600:
            return {1: 0, 10: 0, 5: 1, 30: 1}.get(round(number), 2)
    if number == 0:
        return 0
    mantissa = number / 10.0 ** math.floor(math.log10(number) + 1e-9)
    return 0 if round(mantissa) == 1 else 1


def _fitting(
    tiers: Sequence[Sequence[tuple[float, ...]]],
    position: Callable[[float], float],
    unit: Unit,
    most: int,
) -> dict[float, tuple[float, str]]:
    """Choose written numbers tier by tier whose labels have room among those chosen before; groups as a whole."""
    chosen: dict[float, tuple[float, str]] = {}
    for tier in tiers:
        for group in tier:
            taken = dict(chosen)
            for number in group:
                place, label = position(number / unit.factor), unit.format(number / unit.factor)
                if not (-1e-6 <= place <= 1 + 1e-6 and _has_room(place, label, taken)):
                    break
                taken[number] = (min(max(place, 0.0), 1.0), label)
            else:
                chosen = taken if len(taken) <= most else chosen
    return chosen


def _has_room(place: float, label: str, taken: dict[float, tuple[float, str]]) -> bool:
    return all(
        abs(place - other) >= (len(label) + len(words)) * _LABEL_SHARE + _GAP_SHARE and label != words
        for other, words in taken.values()
    )
