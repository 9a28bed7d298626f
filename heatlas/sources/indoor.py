"""Which activities are no recording of a place: games, trainers, treadmills, rowing machines.

One rule for all formats. An activity is indoors when its sport is said to be so by the file *or* by the table of its
export (Strava's calls a ride on a trainer a ride), when an attribute says so, or when a program made it that knows
nothing else. Positions do not speak against it: devices store none indoors, so those that are there are an app's, and
look as real as others. They move along roads on which nobody was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from heatlas.core.batch import Activity

__all__ = ["INDOORS", "VIRTUAL_OF", "is_indoors", "virtual_word"]

INDOORS = "activities that were virtual or indoors"
"""Reason under which they are counted."""
_ATTRIBUTES = ("trainer", "indoor", "indoors", "virtual", "treadmill")
_PROGRAMS = re.compile(
    r"(bkool|fulgaz|kinetic|mywhoosh|rouvy|sufferfest|tacx|trainerroad|virtualtraining|wattbike|zwift)\b", re.IGNORECASE
)

VIRTUAL_OF = {
    **dict.fromkeys(("Run", "TrailRun"), "VirtualRun"),
    **dict.fromkeys(("Walk", "Hike", "Snowshoe"), "VirtualWalk"),
    **dict.fromkeys(("Ride", "MountainBikeRide", "GravelRide", "EBikeRide", "EMountainBikeRide"), "VirtualRide"),
    **dict.fromkeys(("Rowing", "Kayaking", "Canoeing"), "VirtualRow"),
    **dict.fromkeys(("NordicSki", "AlpineSki", "BackcountrySki", "RollerSki", "Snowboard"), "VirtualSki"),
    "Velomobile": "VirtualRide",
    "Handcycle": "VirtualHandcycle",
    "Wheelchair": "VirtualWheelchair",
    "Swim": "VirtualSwim",
}
"""Sport -> the word for it where it is done on the spot, or in a game."""


def virtual_word(sport: str, otherwise: str = "VirtualWorkout") -> str:
    """Word for a sport that is done on the spot, or in a game: VirtualRide for Ride; else another one."""
    return sport if sport.startswith("Virtual") else VIRTUAL_OF.get(sport, otherwise)


def is_indoors(*told: Activity) -> bool:
    """Tell whether any description of one activity says that nobody was where its positions are.

    Parameters
    ----------
    *told : Activity
        The same activity as its file has it, and as it is joined with the table of its export.
    """
    return any(
        activity.sport.startswith("Virtual")
        or any(activity.extra.get(name) in {True, "true", "yes"} for name in _ATTRIBUTES)
        or _PROGRAMS.match(activity.device) is not None
        for activity in told
    )
