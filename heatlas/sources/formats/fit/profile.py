"""Part of the FIT profile that heatlas reads: messages, fields, scales, types of numbers.

Numbers, scales and offsets are those of the FIT profile; byte order and invalid values are those of the FIT protocol.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    "ACTIVITY",
    "BASE_TYPES",
    "CORRELATION",
    "COURSE",
    "DEVELOPER_FIELD",
    "EVENT",
    "FIELDS",
    "FILE_ID",
    "LAP",
    "NAMES",
    "PACKED",
    "PACKED_PARTS",
    "POSITION",
    "RARE",
    "RECORD",
    "SESSION",
    "SPORT",
    "STRING",
    "UNITS",
    "WANTED",
    "WORKOUT",
    "BaseType",
    "FitField",
    "Value",
]

Value = int | float | str

FILE_ID, SPORT, SESSION, LAP, RECORD, EVENT, WORKOUT, COURSE = 0, 12, 18, 19, 20, 21, 26, 31
ACTIVITY, CORRELATION, DEVELOPER_FIELD = 34, 162, 206

WANTED = np.zeros(256, np.uint8)
"""Global number -> 1 for records, 2 for the other messages that ``walk`` lists."""
WANTED[[FILE_ID, SPORT, SESSION, LAP, EVENT, WORKOUT, COURSE, ACTIVITY, CORRELATION, DEVELOPER_FIELD]] = 2
WANTED[RECORD] = 1


class BaseType(NamedTuple):
    """A type of number."""

    width: int
    code: str
    """Format character of the struct module."""
    sign: int
    """The sign bit; 0 if unsigned."""
    invalid: int
    floating: bool = False


BASE_TYPES = {
    0: BaseType(1, "B", 0, 0xFF),
    1: BaseType(1, "b", 0x80, 0x7F),
    2: BaseType(1, "B", 0, 0xFF),
    3: BaseType(2, "h", 0x8000, 0x7FFF),
    4: BaseType(2, "H", 0, 0xFFFF),
    5: BaseType(4, "i", 0x80000000, 0x7FFFFFFF),
    6: BaseType(4, "I", 0, 0xFFFFFFFF),
    8: BaseType(4, "f", 0, 0, floating=True),
    9: BaseType(8, "d", 0, 0, floating=True),
    10: BaseType(1, "B", 0, 0),
    11: BaseType(2, "H", 0, 0),
    12: BaseType(4, "I", 0, 0),
    13: BaseType(1, "B", 0, 0xFF),
}
"""Low five bits of the base type -> type. 64-bit integers occur in no field that is read."""
STRING = 7
_SEMICIRCLES = 2**31 / 180


class FitField(NamedTuple):
    """Column of a field, and its scaling: value = raw / scale - offset."""

    column: str
    scale: float = 1.0
    offset: float = 0.0
    rank: int = 1
    """A field of higher rank overrides those of lower rank in its column."""


FIELDS = {
    0: FitField("lat", _SEMICIRCLES),
    1: FitField("lon", _SEMICIRCLES),
    2: FitField("elevation", 5, 500),
    3: FitField("heart_rate"),
    4: FitField("cadence"),
    5: FitField("distance", 100),
    6: FitField("speed", 1000),
    7: FitField("power"),
    13: FitField("temperature"),
    53: FitField("fractional_cadence", 128),
    73: FitField("speed", 1000, rank=2),
    78: FitField("elevation", 5, 500, rank=2),
}
"""Fields of records, which become columns: number of the field -> column and scaling."""

PACKED = 8  # three bytes of a record: 12 bits of speed, then 12 bits of distance that wrap around
PACKED_PARTS = ((0, FitField("speed", 100, rank=0)), (12, FitField("wrapped_distance")))
POSITION = frozenset({"lat", "lon"})

RARE: dict[int, dict[int, tuple[str, float]]] = {
    FILE_ID: {
        0: ("type", 1),
        1: ("manufacturer", 1),
        2: ("product", 1),
        4: ("time_created", 1),
        8: ("product_name", 1),
    },
    SPORT: {0: ("sport", 1), 1: ("sub_sport", 1), 3: ("name", 1)},
    SESSION: {
        2: ("start_time", 1),
        5: ("sport", 1),
        6: ("sub_sport", 1),
        7: ("elapsed_time", 1000),
        8: ("timer_time", 1000),
        9: ("distance", 100),
        11: ("calories", 1),
        16: ("average_heart_rate", 1),
        17: ("max_heart_rate", 1),
        20: ("average_power", 1),
        21: ("max_power", 1),
        22: ("ascent", 1),
        23: ("descent", 1),
        110: ("name", 1),
    },
    EVENT: {0: ("event", 1), 1: ("event_type", 1)},
    LAP: {25: ("sport", 1), 39: ("sub_sport", 1)},
    WORKOUT: {4: ("sport", 1), 8: ("name", 1), 11: ("sub_sport", 1)},
    COURSE: {4: ("sport", 1), 5: ("name", 1), 7: ("sub_sport", 1)},
    ACTIVITY: {253: ("timestamp", 1), 5: ("local_timestamp", 1)},
    CORRELATION: {253: ("timestamp", 1), 1: ("system_timestamp", 1)},
    DEVELOPER_FIELD: {
        0: ("index", 1),
        1: ("number", 1),
        2: ("base_type", 1),
        3: ("name", 1),
        6: ("scale", 1),
        7: ("offset", 1),
        8: ("units", 1),
        14: ("native_message", 1),
        15: ("native_field", 1),
    },
}
"""Global number of each message that is read singly -> number of the field -> name, scale."""


UNITS: dict[str, dict[str, float]] = {
    "heart_rate": {"bpm": 1, "beats/min": 1},
    "cadence": {"rpm": 1},
    "power": {"w": 1, "watt": 1, "watts": 1},
    "temperature": {"c": 1, "°c": 1, "degc": 1, "celsius": 1, "deg c": 1, "degrees c": 1},
    "speed": {"m/s": 1, "mps": 1, "km/h": 3.6, "kph": 3.6, "kmh": 3.6},
    "elevation": {"m": 1, "meter": 1, "meters": 1, "metre": 1, "metres": 1},
}
"""Column -> units that a developer field may have -> how many of them make one unit of the column."""
NAMES = {"power": "power", "heart rate": "heart_rate", "heartrate": "heart_rate", "cadence": "cadence"}
"""Names by which developer fields are recognised without a native field; they must state a unit."""
