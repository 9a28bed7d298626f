"""Recognise activities that record no real place: games, trainers, treadmills, rowing machines.

One rule holds for all formats. An activity is indoors if its sport is so in the file *or* in the table of its export
(Strava's table calls a ride on a trainer a ride), if an attribute says so, or if its program makes no others. Positions
are no evidence against it: devices store none indoors, so any that exist were made by an app. They look real, but lie
on roads where nobody was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from heatlas.core.regex import regex

if TYPE_CHECKING:
    from heatlas.core.batch import Activity

__all__ = ["INDOORS", "VIRTUAL_OF", "is_indoors", "virtual_word"]

INDOORS = "activities that were virtual or indoors"
"""Reason under which indoor activities are counted."""
_ATTRIBUTES = ("trainer", "indoor", "indoors", "virtual", "treadmill")
_PROGRAMS = regex(
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
"""Sport -> word for it on the spot or in a game."""


def virtual_word(sport: str, otherwise: str = "VirtualWorkout") -> str:
    """Word for a sport on the spot or in a game: VirtualRide for Ride; `otherwise` where it has none."""
    return sport if sport.startswith("Virtual") else VIRTUAL_OF.get(sport, otherwise)


def is_indoors(*descriptions: Activity) -> bool:
    """Tell whether any description of one activity says that nobody was where its positions are.

    Parameters
    ----------
    *descriptions : Activity
        The same activity from its file, and joined with the table of its export.
    """
    return any(
        activity.sport.startswith("Virtual")
        or any(activity.extra.get(name) in {True, "true", "yes"} for name in _ATTRIBUTES)
        or _PROGRAMS.match(activity.device) is not None
        for activity in descriptions
    )
