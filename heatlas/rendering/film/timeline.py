"""Timeline of a film: its begin and end, the moment of each frame, and the options for them.

Moments are in local time at each activity: seconds since midnight of 1 January 1970 there.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Timeline", "make_timeline", "parse_duration", "parse_span", "parse_step", "utc"]

DAY = 86400.0
_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0}
_DAYS = {"d": 1, "day": 1, "days": 1, "w": 7, "week": 7, "weeks": 7, "y": 365, "year": 365, "years": 365}
_LONGEST = 3600.0
_MOST_FRAMES = 100_000
_BY_DAYS = 100
"""Days up to which the dates of a film include the day."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def utc(seconds: float) -> dt.datetime:
    """Date and time of a moment. `datetime.fromtimestamp` fails before 1970 on Windows."""
    return _EPOCH + dt.timedelta(seconds=seconds)


@frozen
class Timeline:
    """Moments up to which the frames of a film show activities."""

    begin: float
    """Seconds: the midnight before the first activity."""
    ends: NDArray[np.float64]
    """(frames,) seconds, ascending: a frame shows activities that started before. The last one is a midnight."""
    span: float | None
    """Seconds before the end of a frame in which shown activities started; None: all are shown."""
    seasons: tuple[str, ...] = ()
    """Names of the seasons from March on, by which moments are called; empty: they are called by months or days."""

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.ends)

    def date(self, frame: int) -> str:
        """Text for the moment of a frame: "March 2024", with the day in short films, or "Winter 2024/25"."""
        last = utc(self.ends[frame] - 1)
        if self.seasons:
            season, year = (last.month - 3) % 12 // 3, last.year - (last.month < 3)
            return f"{self.seasons[season]} {year}" + (f"/{(year + 1) % 100:02}" if season == 3 else "")
        words = f"{_MONTHS[last.month - 1]} {last.year}"
        return f"{last.day} {words}" if self.ends[-1] - self.begin <= _BY_DAYS * DAY else words

    @staticmethod
    def day(moment: float) -> str:
        """The day of a moment: 2024-03-14."""
        return utc(moment).date().isoformat()

    def dates(self) -> list[str]:
        """All texts that `date` gives, each once."""
        return list(dict.fromkeys(self.date(frame) for frame in range(len(self))))

    def share(self, frame: int) -> float:
        """Share of the film's time that has passed, 0 to 1."""
        return float((self.ends[frame] - self.begin) / (self.ends[-1] - self.begin))

    def years(self) -> list[float]:
        """Shares of the film's time at which years begin."""
        first, last = (utc(moment).year for moment in (self.begin, self.ends[-1]))
        news = [dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp() for year in range(first + 1, last + 1)]
        length = self.ends[-1] - self.begin
        return [(new - self.begin) / length for new in news if new < self.ends[-1]]


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


_NORTH, _SOUTH = ("Spring", "Summer", "Autumn", "Winter"), ("Autumn", "Winter", "Spring", "Summer")


def make_timeline(
    first: float, last: float, frames: int, step: int | str, span: int | None, *, south: bool = False
) -> Timeline:
    """Distribute time over frames.

    Parameters
    ----------
    first, last : float
        Starts of the first and the last activity, seconds in local time.
    frames : int
        Number of frames.
    step : int or str
        As from `parse_step`: frames end with whole days, weeks (on Mondays), months or seasons (from March, June,
        September and December on); "auto" divides time evenly.
    span : int or None
        Days that stay visible.
    south : bool
        Whether seasons are those of the southern hemisphere.
    """
    begin, end = first // DAY * DAY, (last // DAY + 1) * DAY
    if step == "auto":
        ends = begin + (end - begin) * np.arange(1, frames + 1) / frames
        ends = np.maximum(ends, first + 1)  # the first frame, which stands for the film, is not empty
        ends[-1] = end
    else:
        borders = _borders(begin, end, step)
        ends = borders[-(-np.arange(1, frames + 1) * len(borders) // frames) - 1]
    names = (_SOUTH if south else _NORTH) if step == "season" else ()
    return Timeline(begin, ends, None if span is None else span * DAY, names)


def _borders(begin: float, end: float, step: int | str) -> NDArray[np.float64]:
    """Moments after `begin` at which steps end; the last one is `end`."""
    if step in {"month", "season"}:
        day = utc(begin)
        months: list[float] = []
        while not months or months[-1] < end:
            day = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
            if step == "month" or day.month % 3 == 0 or day.timestamp() >= end:
                months.append(day.timestamp())
        inner = np.array(months)
    else:
        days = 7 if step == "week" else int(step)
        # 1 January 1970 was a Thursday; weeks begin on Mondays.
        start = begin - (begin / DAY + 3) % 7 * DAY if step == "week" else begin
        inner = np.arange(start + days * DAY, end + days * DAY, days * DAY)
    return np.append(inner[inner < end], end)


def parse_step(text: str) -> int | str:
    """Read "auto", "day", "week", "month", "season" or a number of days such as "3d".

    Returns
    -------
    int or str
        Days, or "auto", "week", "month" or "season".

    Raises
    ------
    BadOption
        When it is none of these.
    """
    word = text.strip().lower()
    if word in {"auto", "week", "month", "season"}:
        return word
    if word == "day":
        return 1
    match = re.fullmatch(r"(\d{1,5})\s*d", word)
    if not match or not int(match[1]):
        raise BadOption(f"--every {text!r} is no step of time: take auto, day, week, month, season, or days such as 3d")
    return int(match[1])


def parse_span(text: str) -> int:
    """Read days, weeks or years ("30d", "4w", "1y") as days.

    Raises
    ------
    BadOption
        When it is none of these.
    """
    match = re.fullmatch(r"(\d{1,5})\s*([a-z]+)", text.strip().lower())
    days = int(match[1]) * _DAYS.get(match[2], 0) if match else 0
    if not days:
        raise BadOption(f"--span {text!r} is no stretch of time: write it like 30d, 4w or 1y")
    return days


def parse_duration(text: str, fps: float, flag: str = "--duration") -> float:
    """Read "20s", "1.5min" or "20" (seconds) as seconds.

    Raises
    ------
    BadOption
        When it is invalid, or a film of so many frames makes no sense.
    """
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*([a-z]*)", text.strip().lower())
    seconds = float(match[1]) * _SECONDS.get(match[2], 0.0) if match else 0.0
    if not 0 < seconds <= _LONGEST:
        raise BadOption(f"{flag} {text!r} is no length of a film: write it like 20s or 1.5min, an hour at most")
    if not 2 <= seconds * fps <= _MOST_FRAMES:
        raise BadOption(
            f"{seconds:g} s at {fps:g} frames a second make {int(seconds * fps):,} frames, "
            f"not 2 to {_MOST_FRAMES:,}: change {flag} or --fps"
        )
    return seconds
