"""The athlete: resting and greatest heart rate, mass and heart-rate zones, each from some day on.

They become facts of activities by the day on which these began (`heatlas.core.batch.Activity.facts`), which metrics
such as `heart_rate_reserve` and `zone` read.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.tracks.local_time import start_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from heatlas.core.batch import Activity

__all__ = [
    "ATHLETE",
    "ZONE_SHARES",
    "Athlete",
    "athlete_from",
    "parse_athlete",
    "read_athlete_file",
    "refuse_without_athlete",
]

ZONE_SHARES = (60.0, 70.0, 80.0, 90.0)
"""Percent at which zones 2 to 5 begin where nobody says: of the reserve if the resting heart rate is known (Karvonen,
Kentala & Mustala, The effects of training on heart rate, Ann Med Exp Biol Fenn 35, 1957), else of the greatest."""
ATHLETE = ("rest_heart_rate", "max_heart_rate", "mass", "zone_2_from", "zone_3_from", "zone_4_from", "zone_5_from")
"""Facts of activities that follow from the athlete: beats/min, but for the mass, kg."""
_LIMITS = {"rest": (20.0, 150.0, "beats per minute"), "max": (60.0, 250.0, "beats per minute"),
           "mass": (10.0, 500.0, "kg")}  # fmt: skip
_ALWAYS = "0001-01-01"
_LEAST, _MOST = 30.0, 250.0
"""Bounds of zones, beats per minute."""

_Dated = tuple[tuple[str, tuple[float, ...]], ...]
"""Days, ascending, and what holds from each on."""


@frozen
class Athlete:
    """What is known of an athlete."""

    rest: _Dated = ()
    """Resting heart rate, one number each."""
    most: _Dated = ()
    """Greatest heart rate, one number each."""
    mass: _Dated = ()
    """kg, one number each."""
    zones: _Dated = ()
    """Heart rates at which zones 2 to 5 begin, four numbers each; () for `ZONE_SHARES`."""

    def __bool__(self) -> bool:
        return bool(self.rest or self.most or self.mass or self.zones)

    def facts(self, day: str) -> dict[str, float]:
        """Facts that hold on a day, "2024-05-01"; what is unknown is left out."""
        found = {}
        for name, dated in (("rest_heart_rate", self.rest), ("max_heart_rate", self.most), ("mass", self.mass)):
            if dated:
                (found[name],) = _holding(dated, day)
        bounds = _holding(self.zones, day) if self.zones else ()
        most = found.get("max_heart_rate")
        if not bounds and most is not None:
            rest = found.get("rest_heart_rate", 0.0)
            bounds = tuple(rest + share / 100 * (most - rest) for share in ZONE_SHARES)
        return {**found, **dict(zip(ATHLETE[3:], bounds, strict=False))}

    def known(self, activities: Iterable[Activity]) -> list[Activity]:
        """The activities with the facts of their days; those without a date have the latest."""
        found, kept = [], dict[str, dict[str, float]]()
        for activity in activities:
            start = start_of(activity)
            day = "9999-12-31" if start is None else start.date().isoformat()
            facts = kept.setdefault(day, self.facts(day))
            found.append(replace(activity, facts={**activity.facts, **facts}))
        return found

    def data(self) -> dict[str, Any]:
        """As `parse_athlete` reads it."""
        named = {"rest": self.rest, "max": self.most, "mass": self.mass, "zones": self.zones}
        return {name: _plain(dated) for name, dated in named.items() if dated}


def parse_athlete(data: Mapping[str, Any], name: str = "the athlete's record") -> Athlete:
    """Read a record.

    Parameters
    ----------
    data : mapping
        "rest", "max" (beats per minute), "mass" (kg) and "zones", the four heart rates at which zones 2 to 5 begin.
        Each is one value, or a mapping from days, "2024-05-01", to the value from that day on.
    name : str
        What to call it in errors.

    Raises
    ------
    BadOption
        For what cannot be.
    """
    if not hasattr(data, "items"):
        raise BadOption(f'{name} is none: write it like {{"rest": 48, "max": {{"2020-01-01": 190}}}}')
    for key in data:
        if key not in {*_LIMITS, "zones"}:
            raise BadOption(f"{name} has {key!r}: it may have {', '.join(_LIMITS)} and zones")
    found = {
        key: _dated(value, f"{key} of {name}", lambda one, key=key: (_number(one, *_LIMITS[key], f"{key} of {name}"),))
        for key, value in data.items()
        if key in _LIMITS
    }
    zones = _dated(data.get("zones", ()), f"zones of {name}", lambda one: _bounds(one, f"zones of {name}"))
    athlete = Athlete(found.get("rest", ()), found.get("max", ()), found.get("mass", ()), zones)
    days = [day for dated in (athlete.rest, athlete.most) for day, _ in dated]
    for day in days if athlete.rest and athlete.most else ():
        (rest,), (most,) = _holding(athlete.rest, day), _holding(athlete.most, day)
        if most < rest + 20:
            raise BadOption(f"max of {name} is {most:g}: it must be well above rest, {rest:g}")
    return athlete


def read_athlete_file(path: str | Path) -> Athlete:
    """Read a record from a file of JSON.

    Raises
    ------
    BadOption
        When it cannot be read.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadOption(f"--athlete={quote(str(path))} cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise BadOption(f'--athlete={quote(str(path))} is no JSON: write it like {{"rest": 48, "max": 190}}') from None
    return parse_athlete(data, str(path))


def athlete_from(said: Any) -> Athlete:
    """Read a record from Python: an `Athlete`, a mapping, or the path of a file of JSON."""
    if isinstance(said, Athlete):
        return said
    return read_athlete_file(said) if isinstance(said, (str, Path)) else parse_athlete(said)


def refuse_without_athlete(reads: Collection[str], measure: str, activities: Iterable[Activity]) -> None:
    """Refuse a measure that reads facts of the athlete of which none is known.

    Raises
    ------
    BadOption
        With what to say.
    """
    needed = [name for name in ATHLETE if name in reads]
    if not needed or any(name in activity.facts for activity in activities for name in needed):
        return
    how = {"mass": "--athlete FILE.json with a mass"}.get(needed[0], "--rest 48 --max-heart-rate 190")
    if needed == [*ATHLETE[3:]]:
        how = "--heart-rate-zones 115,135,150,165, or --max-heart-rate 190"
    raise BadOption(
        f"{measure} needs to know of the athlete: say {how}, or --athlete FILE.json; a library keeps that by "
        "heatlas library athlete"
    )


def _holding(dated: _Dated, day: str) -> tuple[float, ...]:
    """What holds on a day; before the first day, what holds from then on."""
    found = dated[0][1]
    for begin, values in dated:
        if begin <= day:
            found = values
    return found


def _plain(dated: _Dated) -> Any:
    """One value, or values by days."""
    values = {day: list(value) if len(value) > 1 else value[0] for day, value in dated}
    return values[_ALWAYS] if len(values) == 1 and _ALWAYS in values else values


def _dated(value: Any, name: str, read: Any) -> _Dated:
    if not hasattr(value, "items"):
        return () if value in ((), None) else ((_ALWAYS, read(value)),)
    found = []
    for day, one in value.items():
        try:
            found.append((dt.date.fromisoformat(str(day)).isoformat(), read(one)))
        except ValueError:
            raise BadOption(f"{name} has {day!r}, which is no day: write it like 2024-05-01") from None
    return tuple(sorted(found))


def _number(value: Any, least: float, most: float, unit: str, name: str) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not least <= number <= most:
        raise BadOption(f"{name} is {value!r}: give {least:g} to {most:g} {unit}")
    return number


def _bounds(value: Any, name: str) -> tuple[float, ...]:
    wanted = f"{name} are {value!r}: give the four heart rates at which zones 2 to 5 begin, such as 115, 135, 150, 165"
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise BadOption(wanted)
    try:
        bounds = tuple(float(one) for one in value)
    except (TypeError, ValueError):
        raise BadOption(wanted) from None
    if len(bounds) != 4 or not all(_LEAST <= one <= _MOST for one in bounds) or list(bounds) != sorted(set(bounds)):
        raise BadOption(wanted)
    return bounds
