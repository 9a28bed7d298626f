"""All metrics: adding one is adding an entry here, and what it says of itself reaches every output."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from heatlas.core.units import Unit
from heatlas.tracks.athlete import ATHLETE
from heatlas.tracks.local_time import offset_of, start_of
from heatlas.tracks.metrics import fixes, passages
from heatlas.tracks.metrics.metric import Metric, Store
from heatlas.tracks.metrics.sports import SPORTS_OF, suits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.core.batch import Activity
    from heatlas.tracks.metrics.metric import OfActivity

__all__ = ["ALIASES", "AMOUNTS", "METRICS", "POSITION", "leaves", "listed", "metric_named", "stored"]

AMOUNTS = ("seconds", "metres")
"""Columns of passages that add up along a track."""
POSITION = ("longitude", "latitude")
"""Columns of passages that follow from where their pixels are: degrees, the middle of the pixel."""
ALIASES = {"gap": "flat_pace", "hrr": "heart_rate_reserve"}
"""Other name -> name."""
_PACE = Unit("s/m", "min/km", "pace", factor=1000)
_DEGREES = Unit("°", style="bearing")
_BPM = Unit("bpm", "bpm", whole=True)


def _start(activity: Activity) -> float:
    return math.nan if activity.start is None else activity.start


def _day(activity: Activity) -> float:
    """Days since 1970, by local clocks."""
    return (_start(activity) + offset_of(activity)) / 86400


def _local_start(activity: Activity) -> float:
    """Seconds of the local day at which an activity began."""
    return (_start(activity) + offset_of(activity)) % 86400


def _year_share(activity: Activity) -> float:
    start = start_of(activity)
    if start is None:
        return math.nan
    begin = start.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    return (start - begin) / (begin.replace(year=begin.year + 1) - begin) if start.year < 9999 else math.nan


def _fact(name: str) -> OfActivity:
    """Take a fact of the athlete on the day of an activity."""
    return lambda activity: activity.facts.get(name, math.nan)


def _metrics() -> Iterable[Metric]:
    elevation, heart = frozenset({"elevation"}), frozenset({"heart_rate"})
    yield Metric(
        "pace", "Movement", "How long a kilometre takes, without stops", _PACE,
        at_fixes=fixes.moving_speed, inverse=True, store=Store(4, 0), colours="pace", good=-1, public=True,
        exact=16,
    )  # fmt: skip
    yield Metric(
        "speed", "Movement", "How fast, stops included", Unit("m/s", "km/h", factor=3.6),
        at_fixes=fixes.speed, store=Store(5, 1 / 128), good=1, public=True, exact=12,
    )  # fmt: skip
    yield Metric(
        "grade", "Terrain", "How steep, uphill above 0", Unit("%", "%"), columns=elevation,
        at_fixes=fixes.grade(25.0), store=Store(6, 1 / 8), colours="polar", middle=0, public=True, exact=10,
    )  # fmt: skip
    yield Metric(
        "heart_rate", "Body", "Heart beats per minute", _BPM, columns=heart,
        at_fixes=fixes.column("heart_rate"), store=Store(7, 1 / 2), good=-1,
        related="steady_heart_rate", exact=10,
    )  # fmt: skip
    yield Metric(
        "cadence", "Body", "Turns or steps of one foot per minute", Unit("1/min", "per min", whole=True),
        columns=frozenset({"cadence"}), at_fixes=fixes.column("cadence"), store=Store(8, 1 / 2), exact=10,
    )  # fmt: skip
    yield Metric(
        "power", "Body", "Power of a meter", Unit("W", "W", whole=True),
        columns=frozenset({"power"}), at_fixes=fixes.column("power"), store=Store(9, 1), good=1, exact=8,
    )  # fmt: skip
    yield Metric(
        "elevation", "Terrain", "Height above the sea", Unit("m", "m", whole=True), columns=elevation,
        at_fixes=fixes.column("elevation"), store=Store(10, 1 / 4), colours="relief", public=True, exact=8,
    )  # fmt: skip
    yield Metric(
        "temperature", "Terrain", "Temperature that the device measured", Unit("°C", "°C"),
        columns=frozenset({"temperature"}), at_fixes=fixes.column("temperature"), store=Store(11, 1 / 4), exact=10,
    )  # fmt: skip
    yield Metric(
        "bearing", "Direction", "Mean direction of travel; paler where both ways are gone", _DEGREES,
        title="Direction of travel",
        at_fixes=fixes.bearing, store=Store(12, 45 / 8), reduction="circular", period=360, colours="ring", public=True,
    )  # fmt: skip
    yield Metric(
        "elapsed", "Time", "Seconds since the start", Unit("s", style="duration"),
        at_fixes=fixes.elapsed, store=Store(13, 8), listed=False, exact=3,
    )  # fmt: skip
    yield Metric(
        "steady_heart_rate", "Body", "Heart rate over a minute, 40 s later: the answer to an effort", _BPM,
        columns=heart, at_fixes=fixes.steady("heart_rate", 60.0, 40.0), store=Store(14, 1 / 2), listed=False, exact=10,
    )  # fmt: skip
    yield Metric(
        "grade_100", "Terrain", "Slope over 100 m, of elevations that can be trusted", Unit("%", "%"),
        columns=elevation, at_fixes=fixes.trusted_grade(50.0), store=Store(16, 1 / 4), middle=0, listed=False,
        public=True, exact=10,
    )  # fmt: skip
    yield from _formulas()
    yield from _of_activities()


def _formulas() -> Iterable[Metric]:
    metres = Unit("m", style="distance")
    yield Metric(
        "flat_pace", "Movement", "Pace on the flat that would cost as much energy", _PACE,
        inputs=("pace", "grade_100"), formula=passages.flat_pace, sports="on_foot", colours="pace", good=-1,
        public=True, exact=16,
    )  # fmt: skip
    yield Metric(
        "best", "Movement", "Fastest passage, where there are three; the more there are, the faster is the fastest",
        _PACE, title="Best pace", inputs=("pace",), formula=lambda columns: columns["pace"],
        reduction="best", colours="pace", good=-1, public=True, exact=16,
    )  # fmt: skip
    yield Metric(
        "wait", "Movement", "Time lost at lights and crossings", Unit("s", style="duration"), title="Waiting time",
        inputs=("seconds", "metres", "pace"), formula=passages.wait, colours="lamp", good=-1,
        curve="log", range=(0.5, 30), exact=6,
    )  # fmt: skip
    yield Metric(
        "stops", "Movement", "How often someone stops for more than 3 s, held towards the usual where few passed",
        Unit("%", "%", factor=100), title="Passes with a stop", inputs=("wait",), formula=passages.stopped,
        reduction="chance", colours="lamp", good=-1, curve="log", range=(0.005, 0.3), condition=True,
    )  # fmt: skip
    yield Metric(
        "efficiency", "Body", "Metres gained with each heart beat", Unit("m/beat", "m/beat"),
        inputs=("pace", "heart_rate"), formula=passages.efficiency, sports="own_power", good=1, exact=14,
    )  # fmt: skip
    yield Metric(
        "heart_rate_reserve", "Body", "Heart rate as a share of what lies between rest and the greatest",
        Unit("%", "%"), title="Heart rate reserve", inputs=("heart_rate", "rest_heart_rate", "max_heart_rate"),
        formula=passages.heart_rate_reserve,
    )  # fmt: skip
    yield Metric(
        "zone", "Body", "Zone of the heart rate, 1 to 5", title="Mean heart rate zone",
        inputs=("heart_rate", *ATHLETE[3:]), formula=passages.zone,
    )  # fmt: skip
    yield Metric(
        "watts_per_beat", "Body", "Watts for each heart beat per minute", Unit("W/bpm", "W/bpm"),
        inputs=("power", "heart_rate"), formula=passages.watts_per_beat, sports="by_bike", good=1, exact=14,
    )  # fmt: skip
    yield Metric(
        "vam", "Terrain", "Metres climbed in an hour, where it rises by more than 3 %", Unit("m/h", "m/h", whole=True),
        title="Rate of ascent", inputs=("grade_100", "pace"), formula=passages.climb_rate, sports="own_power", good=1,
        exact=4,
    )  # fmt: skip
    yield Metric(
        "climb", "Terrain", "Metres climbed by each passage; below 0 downhill", metres,
        title="Climb",
        inputs=("metres", "grade"), formula=passages.climb, colours="polar", middle=0, public=True, exact=12,
    )  # fmt: skip
    yield Metric(
        "up", "Terrain", "Metres climbed by each passage, downhill left out", metres,
        title="Ascent", inputs=("climb", "grade_100"), formula=passages.up, colours="lamp", public=True, exact=12,
    )  # fmt: skip
    yield Metric(
        "down", "Terrain", "Metres descended by each passage, uphill left out", metres,
        title="Descent", inputs=("climb", "grade_100"), formula=passages.down, colours="lamp", public=True, exact=12,
    )  # fmt: skip
    yield Metric(
        "oneway", "Direction", "How much of the traffic goes one way", Unit("%", "%", factor=100), title="One way",
        inputs=("bearing",), formula=lambda columns: columns["bearing"], period=360, reduction="concentration",
        colours="aurora", range=(0, 1), public=True,
    )  # fmt: skip
    yield Metric(
        "street", "Direction", "Direction of the way, whichever way it is gone", _DEGREES,
        title="Direction of the way",
        inputs=("bearing",), formula=passages.street, period=180, reduction="circular", colours="ring", public=True,
    )  # fmt: skip
    yield Metric(
        "hour", "Time", "Time of day; paler where it differs", Unit("h", style="clock"), title="Time of day",
        inputs=("local_start", "elapsed"), formula=passages.hour, period=24, reduction="circular", colours="ring",
    )  # fmt: skip
    yield Metric(
        "month", "Time", "Time of the year; paler where it differs", Unit("months", style="month"),
        title="Time of the year", inputs=("year_share",), formula=passages.month, period=12, reduction="circular",
        colours="ring",
    )  # fmt: skip
    yield Metric(
        "sun", "Time", "Elevation of the sun", Unit("°", "°"), inputs=("start", "elapsed", *POSITION),
        formula=passages.solar_elevation, listed=False, exact=10,
    )  # fmt: skip
    yield Metric(
        "dark", "Time", "Whether it is night: the sun more than 6 degrees below the horizon",
        title="Passes in the dark",
        inputs=("start", "elapsed", *POSITION), formula=passages.dark, reduction="share", listed=False, condition=True,
    )  # fmt: skip


def _of_activities() -> Iterable[Metric]:
    date = Unit("d", style="date")
    yield Metric("start", "Time", "When the activity began, Unix seconds", Unit("s"), of_activity=_start, listed=False)
    yield Metric(
        "local_start", "Time", "Local time at which it began, seconds of the day", Unit("s", style="duration"),
        of_activity=_local_start, listed=False,
    )  # fmt: skip
    for name in ATHLETE:
        unit = Unit("kg", "kg") if name == "mass" else _BPM
        yield Metric(name, "Body", "Known of the athlete", unit, of_activity=_fact(name), listed=False)
    for name, (sports, words) in SPORTS_OF.items():
        about = f"Whether it is one of {words}, or of an unknown sport"
        yield Metric(name, "Movement", about, of_activity=suits(sports), listed=False, condition=True)
    heart, power = frozenset({"heart_rate"}), frozenset({"power"})
    yield Metric(
        "decoupling", "Body", "How much more speed a heart beat gave in the first half than in the second",
        Unit("%", "%"), of_activity=_fact("decoupling"), columns=heart, good=-1,
    )  # fmt: skip
    yield Metric(
        "normalised_power", "Body", "Power that would be as hard if it were even, of the whole activity",
        Unit("W", "W", whole=True), of_activity=_fact("normalised_power"), columns=power, good=1,
    )  # fmt: skip
    yield Metric("year_share", "Time", "Share of the year", of_activity=_year_share, listed=False)
    yield Metric(
        "first", "Time", "When someone was first here: how the map filled up", date, title="First visit",
        of_activity=_day, reduction="min", colours="aurora",
    )  # fmt: skip
    yield Metric(
        "last", "Time", "When someone was last here", date, title="Last visit", of_activity=_day, reduction="max",
        colours="aurora",
    )  # fmt: skip


METRICS: dict[str, Metric] = {metric.name: metric for metric in _metrics()}
"""Name -> metric. Values are in base units: pace s/m, speed m/s, grade percent, the rest as
`heatlas.core.batch.COLUMNS`."""


def stored() -> dict[str, Metric]:
    """List the metrics that an index has a column for, by name."""
    return {name: metric for name, metric in METRICS.items() if metric.store is not None}


def listed() -> list[Metric]:
    """List the metrics that menus offer."""
    return [metric for metric in METRICS.values() if metric.listed]


def metric_named(name: str) -> Metric:
    """Look up a metric; any other name is a column of the table that the tracks came from, taken as it is."""
    found = METRICS.get(ALIASES.get(name, name))
    if found is not None:
        return found
    return Metric(name, "Movement", "", columns=frozenset({name}), at_fixes=fixes.column(name))


def leaves(name: str) -> frozenset[str]:
    """Columns of passages, metrics at fixes and metrics of activities that a metric is made of in the end."""
    if name in AMOUNTS or name in POSITION:
        return frozenset({name})
    metric = metric_named(name)
    if metric.formula is None:
        return frozenset({metric.name})
    return frozenset().union(*map(leaves, metric.reads))
