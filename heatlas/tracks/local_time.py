"""When activities began, by the clocks of their places; days and moments as people write them."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.core.regex import regex

if TYPE_CHECKING:
    from heatlas.core.batch import Activity

__all__ = ["in_utc", "moment_seconds", "offset_of", "parse_date", "parse_moment", "seconds_after", "start_of"]

_MONTH = regex(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def offset_of(activity: Activity) -> float:
    """Seconds by which local time was ahead of UTC when an activity began.

    The offset is the recording's, else that of the time zone of its place; 0 where both are unknown.
    """
    if activity.utc_offset is not None:
        return activity.utc_offset
    if activity.start is None or not activity.time_zone:
        return 0.0
    zone = _zone(activity.time_zone)
    if zone is None:
        return 0.0
    # Not by `fromtimestamp`, which fails on some systems for moments before 1970.
    offset = (_EPOCH + dt.timedelta(seconds=activity.start)).astimezone(zone).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


@cache
def _zone(name: str) -> dt.tzinfo | None:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a zone that this machine's database lacks
        return None


def start_of(activity: Activity) -> dt.datetime | None:
    """Start of an activity in local time; None where unknown."""
    if activity.start is None:
        return None
    offset = dt.timedelta(seconds=offset_of(activity))
    moment = _EPOCH + dt.timedelta(seconds=activity.start)
    return moment.astimezone(dt.timezone(offset) if offset else dt.UTC)


def in_utc(activity: Activity) -> Activity:
    """Return the activity with local time replaced by UTC."""
    return replace(activity, utc_offset=0.0)


def parse_moment(text: str | dt.date) -> dt.datetime:
    """Read a day ("2024-05-01"), a month ("2024-05", its first day) or a moment ("2024-05-01T08:30:00Z" or an object).

    A moment without an offset is returned without one; it stands for the local time of each activity's place.

    Raises
    ------
    BadOption
        When it is neither.
    """
    written = str(text).strip()
    try:
        return dt.datetime.fromisoformat(f"{written}-01" if _MONTH.fullmatch(written) else written)
    except ValueError:
        raise BadOption(f"{text!r} is no date: write it as 2024-05-01, 2024-05 or 2024-05-01T08:30:00Z") from None


def parse_date(text: str | dt.date) -> dt.datetime:
    """Read a day or a moment as `parse_moment` does; UTC where no offset is given, as for rows of a table.

    Raises
    ------
    BadOption
        When it is neither.
    """
    moment = parse_moment(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def moment_seconds(moment: dt.datetime) -> float:
    """Unix seconds of a moment; a moment without an offset is taken as UTC."""
    return ((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)) - _EPOCH).total_seconds()


def seconds_after(activity: Activity, moment: dt.datetime) -> float:
    """Seconds from a moment to the start of an activity, in local time if the moment has no offset; NaN if unknown."""
    if activity.start is None:
        return math.nan
    return activity.start + (0.0 if moment.tzinfo else offset_of(activity)) - moment_seconds(moment)
