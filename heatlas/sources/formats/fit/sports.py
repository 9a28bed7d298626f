"""Meaning of the numbers of FIT: sports, makers, kinds of file.

The numbers are those of the FIT profile (types ``sport``, ``sub_sport``, ``manufacturer`` and ``file``).
"""

from __future__ import annotations

from heatlas.sources.indoor import virtual_word

__all__ = ["ACTIVITY_FILE", "COURSE_FILE", "FILE_KINDS", "MAKERS", "sport_word"]

_RUNNING, _CYCLING, _SKIING, _SNOWBOARDING, _E_BIKING = 1, 2, 13, 14, 21

# fmt: off
_SPORTS = {
    1: "Run", 2: "Ride", 3: "Transition", 4: "Workout", 5: "Swim", 6: "Basketball", 7: "Soccer", 8: "Tennis",
    10: "Workout", 11: "Walk", 12: "NordicSki", 13: "AlpineSki", 14: "Snowboard", 15: "Rowing", 16: "Hike",
    17: "Hike", 18: "Multisport", 19: "Canoeing", 20: "Flying", 21: "EBikeRide", 22: "Driving", 23: "Boating",
    24: "Driving", 25: "Golf", 26: "HangGliding", 27: "HorsebackRiding", 30: "InlineSkate", 31: "RockClimbing",
    32: "Sail", 33: "IceSkate", 34: "SkyDiving", 35: "Snowshoe", 36: "Driving", 37: "StandUpPaddling",
    38: "Surfing", 39: "WaterSport", 40: "WaterSport", 41: "Kayaking", 42: "WaterSport", 43: "Windsurf",
    44: "Kitesurf", 45: "Workout", 46: "SkyDiving", 47: "Workout", 48: "StairStepper", 53: "WaterSport",
    58: "WinterSport", 62: "HighIntensityIntervalTraining", 64: "Racket", 65: "Wheelchair", 66: "Wheelchair",
    69: "Golf", 71: "Cricket", 75: "Volleyball", 76: "WaterSport", 77: "WaterSport", 78: "WaterSport",
    80: "Workout", 81: "Driving", 82: "Swim", 83: "Dance", 84: "Workout", 86: "Workout", 88: "Canoeing",
}

# Sub-sports that are more specific than the sport, whatever the sport is.
_SUB_SPORTS = {
    12: "Handcycle", 15: "Elliptical", 16: "StairStepper", 20: "WeightTraining",
    28: "EBikeRide", 32: "Transition", 33: "Transition", 34: "Transition", 35: "Driving", 36: "Driving",
    40: "SkyDiving", 42: "NordicSki", 43: "Yoga", 44: "Pilates", 46: "GravelRide", 47: "EMountainBikeRide",
    68: "RockClimbing", 69: "RockClimbing", 70: "HighIntensityIntervalTraining", 78: "Multisport",
    79: "Multisport", 80: "Multisport", 81: "Multisport", 84: "Pickleball", 85: "Padel",
    94: "Squash", 95: "Badminton", 96: "Racquetball", 97: "TableTennis",
    110: "Flying", 111: "Paragliding", 112: "Flying", 126: "Multisport", 127: "EMountainBikeRide",
}

# Sub-sports whose meaning depends on the sport.
_PAIRS = {
    (_RUNNING, 3): "TrailRun", (_CYCLING, 8): "MountainBikeRide", (_CYCLING, 9): "MountainBikeRide",
    (_CYCLING, 123): "MountainBikeRide", (_CYCLING, 11): "GravelRide", (_E_BIKING, 8): "EMountainBikeRide",
    (_E_BIKING, 9): "EMountainBikeRide", (_SKIING, 37): "BackcountrySki", (_SNOWBOARDING, 37): "Snowboard",
}

# Sub-sports on the spot or in a game -> word where the sport has no virtual form.
_INDOOR = {
    1: "VirtualRun", 5: "VirtualRide", 6: "VirtualRide", 14: "VirtualRow", 25: "VirtualSki", 27: "VirtualWalk",
    45: "VirtualRun", 58: "VirtualRide", 86: "VirtualWheelchair", 87: "VirtualWheelchair", 88: "VirtualHandcycle",
}

MAKERS = {
    1: "garmin", 2: "garmin", 6: "srm", 7: "quarq", 9: "saris", 13: "dynastream", 15: "dynastream",
    16: "timex", 23: "suunto", 32: "wahoo", 37: "magellan", 40: "concept2", 45: "xplova", 48: "pioneer",
    59: "mio", 61: "geonaute", 63: "specialized", 67: "bkool", 68: "cateye", 69: "stages", 70: "sigma",
    73: "wattbike", 86: "elite", 89: "tacx", 95: "stryd", 107: "magene", 108: "giant", 111: "technogym",
    115: "igpsport", 116: "thinkrider", 121: "kinetic", 123: "polar", 132: "cycplus", 148: "ezon",
    255: "development", 258: "lezyne", 260: "zwift", 263: "favero", 265: "strava", 267: "bryton", 268: "sram",
    281: "trainerroad", 282: "sufferfest", 284: "virtualtraining", 289: "hammerhead", 294: "coros",
    307: "onelap", 309: "form", 310: "decathlon", 326: "nike", 331: "mywhoosh", 339: "zepp", 340: "peloton",
    348: "huawei",
}
"""Number -> maker, in the shortest form of its name."""

ACTIVITY_FILE, COURSE_FILE = 4, 6
"""Number of the kind of file that is a recording."""

FILE_KINDS = {
    1: "device description", 2: "settings file", 3: "sport settings file", 5: "workout", 6: "course",
    7: "schedule", 9: "weight log", 10: "totals file", 11: "goals file", 14: "blood pressure log",
    15: "monitoring file", 20: "activity summary", 28: "monitoring file", 32: "monitoring file",
    34: "segment", 35: "segment list", 40: "display configuration", 44: "metrics file", 49: "sleep file",
    68: "heart rate variability log",
}
"""Number -> kind of file that is no recording."""
# fmt: on


def sport_word(sport: int | None, sub_sport: int | None) -> str:
    """Name a sport in the words of ``heatlas.sources.sports``.

    Indoor and virtual kinds have words of their own (treadmill: VirtualRun; spin: VirtualRide), as in other formats.
    A number that has no word is "Unknown".
    """
    if sport is None and sub_sport is None:
        return "Unknown"
    if sub_sport in _INDOOR:
        return virtual_word(_SPORTS.get(sport or 0, "Unknown"), _INDOOR[sub_sport])
    pair = _PAIRS.get((sport if sport is not None else -1, sub_sport if sub_sport is not None else -1))
    return pair or _SUB_SPORTS.get(sub_sport or 0) or _SPORTS.get(sport or 0, "Unknown")
