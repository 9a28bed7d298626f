"""Sports that a metric makes sense of, in the words of `heatlas.sources.sports`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.core.batch import Activity
    from heatlas.tracks.metrics.metric import OfActivity

__all__ = ["BY_BIKE", "ON_FOOT", "OWN_POWER", "SPORTS_OF", "UNCERTAIN", "sports_among", "suits"]

ON_FOOT = frozenset({"Run", "TrailRun", "VirtualRun", "Walk", "VirtualWalk", "Hike", "Snowshoe"})
"""Running and walking."""
BY_BIKE = frozenset(
    {"Ride", "MountainBikeRide", "GravelRide", "VirtualRide", "EBikeRide", "EMountainBikeRide", "Velomobile",
     "Handcycle"}
)  # fmt: skip
"""Cycling."""
OWN_POWER = ON_FOOT | (BY_BIKE - {"EBikeRide", "EMountainBikeRide"}) | frozenset(
    {"NordicSki", "BackcountrySki", "RollerSki", "InlineSkate", "IceSkate", "Wheelchair", "Swim", "Rowing", "Kayaking",
     "Canoeing", "StandUpPaddling"}
)  # fmt: skip
"""Those in which nothing but one's own power moves one, be it with wheels, skis or a boat."""
SPORTS_OF = {
    "on_foot": (ON_FOOT, "runs and walks"),
    "by_bike": (BY_BIKE, "rides"),
    "own_power": (OWN_POWER, "sports by one's own power"),
}
"""Metric of activities -> the sports of which it is 1, and what people call them."""
UNCERTAIN = frozenset({"", "Unknown", "Workout", "Multisport"})
"""Words that leave open which sport it was: it may be any."""


def suits(sports: frozenset[str]) -> OfActivity:
    """1 of an activity whose sport is among some, or is not known; else 0."""

    def of_activity(activity: Activity) -> float:
        return float(activity.sport in sports or activity.sport in UNCERTAIN)

    return of_activity


def sports_among(activities: Iterable[Activity]) -> list[str]:
    """Names of `SPORTS_OF` that are 1 of any activity."""
    there = {activity.sport for activity in activities}
    return [name for name, (sports, _) in SPORTS_OF.items() if there & (sports | UNCERTAIN)]
