"""Measures of tracks that menus offer: which data can show them, in which groups, and what they tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.raster.measure import COUNTS, RELATIONS, SPENT, Measure, reductions_of
from heatlas.tracks.athlete import ATHLETE
from heatlas.tracks.metrics import METRICS, metric_named
from heatlas.tracks.metrics.sports import SPORTS_OF, sports_among

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from heatlas.core.batch import Activity
    from heatlas.tracks.metrics import Metric

__all__ = ["about", "every_measure", "group_of", "known_of", "measures_of", "name_of", "related_metrics"]

_ABOUT = {
    "passes": "How often a place was passed",
    "activities": "How many activities came by",
    "people": "How many different people came by",
    "days": "On how many days anybody came by",
    "fixes": "How many positions were recorded",
    "seconds": "How long it took in all",
    "metres": "How far it was in all",
    "dark": "How often it was night: the sun more than 6 degrees below the horizon",
    "zone >= 4": "How often the heart was in the upper two of its zones",
    "both": "Two measures at once: each place by the thirds in which its means lie, of all places",
    "diff": "What changed between two choices of activities; opaque where it is more than chance",
    "corr": "Whether the one goes with the other, on each activity's own terms; paler is less sure",
    "slope": "How much the one changes with the other; paler is less sure",
    "residual": "Where the heart beats faster than speed, slope and time make one expect; paler is less sure",
}
"""Reduction, or condition -> what it tells."""


def known_of(activities: Iterable[Activity]) -> list[str]:
    """What is known of activities, on which menus depend: facts of athletes, sports, and whether persons are named."""
    some = list(activities)
    athlete = {name for activity in some for name in activity.facts if name in ATHLETE}
    people = ["people"] if any(activity.person for activity in some) else []
    return [*sorted(athlete), *sports_among(some), *people]


def measures_of(recorded: Collection[str]) -> list[Measure]:
    """List the measures that menus offer, where some metrics at fixes and of activities are known (`known_of`).

    Counts and amounts, each metric in its usual reduction, and relations of the metrics that people compare.
    """
    there = frozenset(recorded)
    found = [Measure(name) for name in (*COUNTS, *SPENT) if name != "people" or name in there]
    found += [
        measure
        for entry in METRICS.values()
        if entry.listed and _is_there(measure := Measure(entry.reduction, entry.name), there)
    ]
    if "elapsed" in there:
        found.append(Measure("share", "dark"))
    if _is_there(hard := Measure("share", "zone >= 4"), there):
        found.append(hard)
    if there >= Measure("corr", "pace", other="heart_rate").recorded:
        found += [Measure(relation, "pace", other="heart_rate") for relation in ("both", "corr", "slope")]
        found.append(Measure("residual", "heart_rate"))
    return found


def _is_there(measure: Measure, there: frozenset[str]) -> bool:
    of_activities = [METRICS[name] for name in measure.reads & METRICS.keys() if METRICS[name].of_activity is not None]
    return (
        measure.recorded <= there
        and measure.reads & {*ATHLETE, *SPORTS_OF} <= there
        and all(metric.columns <= there for metric in of_activities)
    )


def related_metrics(recorded: Collection[str]) -> list[Metric]:
    """List the metrics that can be set against each other, where some metrics at fixes were recorded.

    Those of passages that do not go round, in the order of the table.
    """
    there = frozenset(recorded)
    return [
        entry
        for entry in METRICS.values()
        if entry.listed and not entry.cyclic and entry.of_activity is None and entry.reduction != "best"
        and _is_there(Measure(entry.reduction, entry.name), there)
    ]  # fmt: skip


def name_of(measure: Measure) -> str:
    """Name of a measure of tracks as users write it: a mean by the name of its metric."""
    return measure.metric if measure.reduction == "mean" else str(measure)


def group_of(measure: Measure) -> str:
    """Name of the group in which menus offer a measure of tracks."""
    if measure.reduction in RELATIONS:
        return "Relations"
    if measure.reduction == "share":
        named = METRICS.get(measure.metric)
        return "Body" if named is None else named.group
    return "Visits" if not measure.metric else metric_named(measure.metric).group


def about(measure: Measure) -> str:
    """One sentence on a measure of tracks, for people who choose it; empty where there is nothing to say."""
    if measure.entry is not None:
        return measure.entry.about
    if measure.reduction == "share" and measure.metric in METRICS and measure.metric not in _ABOUT:
        return METRICS[measure.metric].about
    return _ABOUT.get(measure.metric if measure.reduction == "share" else measure.reduction, "")


def every_measure() -> list[str]:
    """Names of the measures of tracks that can be listed: all but conditions and relations of any two metrics."""
    named = [str(measure) for measure in measures_of([*METRICS, "people"])]
    means = [f"{reduction}({name})" for name in METRICS for reduction in reductions_of(name) if _is_offered(name)]
    return list(dict.fromkeys([*named, *(name for name in METRICS if _is_offered(name)), *means]))


def _is_offered(name: str) -> bool:
    return METRICS[name].listed and METRICS[name].reduction in {"mean", "min", "max"}
