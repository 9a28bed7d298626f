"""Speeds of sports, above which a step between two fixes is an error of the recording."""

from __future__ import annotations

from heatlas.sources.sports import SPORTS

__all__ = ["max_speed"]

_MAX_SPEED = {
    **dict.fromkeys(("Run", "TrailRun", "VirtualRun"), 12.0),
    **dict.fromkeys(("Walk", "Hike", "Snowshoe", "RockClimbing", "Wheelchair"), 8.0),
    **dict.fromkeys(("Ride", "MountainBikeRide", "GravelRide", "EBikeRide", "EMountainBikeRide"), 35.0),
    **dict.fromkeys(("VirtualRide", "Handcycle", "Velomobile", "RollerSki", "InlineSkate", "Skateboard"), 35.0),
    **dict.fromkeys(("AlpineSki", "BackcountrySki", "Snowboard"), 45.0),
    **dict.fromkeys(("NordicSki", "IceSkate", "HorsebackRiding", "Surfing", "Racket"), 25.0),
    **dict.fromkeys(("Kitesurf", "Windsurf", "Sail", "Boating"), 35.0),
    **dict.fromkeys(("Rowing", "VirtualRow", "Kayaking", "Canoeing", "StandUpPaddling"), 10.0),
    **dict.fromkeys(("Tennis", "TableTennis", "Badminton", "Squash", "Padel", "Pickleball", "Racquetball"), 12.0),
    **dict.fromkeys(("Soccer", "Basketball", "Volleyball", "Cricket", "Golf"), 12.0),
    "Swim": 5.0,
    **dict.fromkeys(("Gliding", "SkyDiving"), 120.0),
    "Flying": 350.0, "Paragliding": 50.0, "HangGliding": 60.0, "Driving": 80.0, "Train": 170.0, "CableCar": 15.0,
}  # fmt: skip
_ANY_SPEED, _AIRLINER = 70.0, 350.0


def max_speed(sport: str) -> float:
    """Speed in m/s above which a step between two fixes is an error of the recording.

    Without a sport, or with a word that is not in `SPORTS`, it is the speed of an airliner with a tail wind.
    """
    unknown = sport == "Unknown" or sport not in SPORTS
    return _AIRLINER if unknown else _MAX_SPEED.get(sport, _ANY_SPEED)
