"""Sports that a metric makes sense of, in the words of `heatlas.sources.sports`."""

from __future__ import annotations

__all__ = ["BY_BIKE", "ON_FOOT", "OWN_POWER", "UNCERTAIN"]

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
UNCERTAIN = frozenset({"", "Unknown", "Workout", "Multisport"})
"""Words that leave open which sport it was: it may be any."""
