"""Parse text that users write: lengths, times, places, boxes, widths of kernels."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.options.option import refuse
from heatlas.options.renamed import warn_of
from heatlas.raster.gaussian import Smoothing, default_smoothing
from heatlas.tracks.athlete import parse_athlete, read_athlete_file

if TYPE_CHECKING:
    from heatlas.options.measuring import AthleteOptions
    from heatlas.raster.point_kernel import Kernel
    from heatlas.tracks.athlete import Athlete
    from heatlas.tracks.clean import Gaps
    from heatlas.tracks.privacy import Zone

__all__ = [
    "kernel_of", "kernel_of_smoothing", "parse_around", "parse_athlete_options", "parse_bbox", "parse_gaps",
    "parse_kernel", "parse_length", "parse_smoothing", "parse_time", "parse_zone", "parse_zone_at", "parse_zooms",
    "split_list",
]  # fmt: skip

_UNITS = {"m": 1.0, "km": 1000.0, "": 1.0}
_LAPSES = {"": 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_NUMBER = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)"


def split_list(text: str) -> list[str]:
    """Split at commas outside of brackets: "passes, corr(pace, heart_rate)" names two. Empty parts are left out."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


def parse_athlete_options(asked: AthleteOptions) -> Athlete | None:
    """Read what is said of the athlete, in a file or by single options; None: nothing.

    Raises
    ------
    BadOption
        For what cannot be, or both.
    """
    if asked.athlete is not None:
        refuse(
            asked, "an athlete without --athlete FILE: say it in the file", "rest", "max_heart_rate", "heart_rate_zones"
        )
        return read_athlete_file(asked.athlete)
    said: dict[str, Any] = {"rest": asked.rest, "max": asked.max_heart_rate}
    if asked.heart_rate_zones is not None:
        said["zones"] = [part.strip() for part in str(asked.heart_rate_zones).split(",")]
    said = {name: value for name, value in said.items() if value is not None}
    return parse_athlete(said, "the athlete") if said else None


def parse_length(text: str, name: str) -> float:
    """Read "200m", "1.5km" or "200" (metres) of the option `name`.

    Raises
    ------
    BadOption
        When it is not a length above 0.
    """
    match = re.fullmatch(_NUMBER + r"\s*(m|km|)", text.strip().lower())
    metres = float(match[1]) * _UNITS[match[2]] if match else math.nan
    if not (0 < metres < math.inf):
        raise BadOption(f"{name} {text!r} is no length: write it like 200m or 1.5km")
    return metres


def parse_gaps(max_gap: str | float | None, max_gap_distance: str | float | None, known: Gaps | None = None) -> Gaps:
    """Read the longest steps that are drawn: "10min" or "600" (seconds), and "2km"; "auto" is a recording's own rhythm.

    `known` holds the values that are used where none is given.

    Raises
    ------
    BadOption
        When the first is not a time, or the second not a length, above 0.
    """
    from heatlas.tracks.clean import Gaps

    known = Gaps() if known is None else known
    time, distance = known.time, known.distance
    if max_gap is not None:
        time = None if str(max_gap).strip().lower() == "auto" else parse_time(str(max_gap), "--max-gap")
    if max_gap_distance is not None:
        auto = str(max_gap_distance).strip().lower() == "auto"
        distance = None if auto else parse_length(str(max_gap_distance), "--max-gap-distance")
    return Gaps(time, distance)


def parse_time(text: str, name: str) -> float:
    """Read "90s", "10min", "2h", "1d" or "90" (seconds) of the option `name`.

    Raises
    ------
    BadOption
        When it is not a time above 0.
    """
    match = re.fullmatch(_NUMBER + r"\s*(s|sec|min|m|h|d|)", text.strip().lower())
    seconds = float(match[1]) * _LAPSES[match[2]] if match else math.nan
    if not (0 < seconds < math.inf):
        raise BadOption(f"{name} {text!r} is no time: write it like 90s, 10min, 2h or 1d")
    return seconds


def parse_zooms(text: float | str | None) -> tuple[int, int] | None:
    """Read the first and last zoom of tiles: "0-17", or one.

    Raises
    ------
    BadOption
        When it is neither.
    """
    if text is None:
        return None
    found = re.fullmatch(r"\s*(\d{1,2})(?:\.0)?\s*(?:-\s*(\d{1,2})\s*)?", str(text))
    if found is None:
        raise BadOption(f"--zoom {text!r} is no range of zooms: tiles are written for whole ones, such as 0-16")
    first, last = int(found[1]), int(found[2] or found[1])
    if first > last:
        raise BadOption(f"--zoom={text} goes backwards: the first zoom is the coarser one")
    return first, last


def parse_smoothing(text: str) -> Smoothing:
    """Read "4m", "2px", "0" (none) or "auto".

    Raises
    ------
    BadOption
        When it is none of these.
    """
    word = text.strip().lower()
    if word == "auto":
        return default_smoothing()
    match = re.fullmatch(_NUMBER + r"\s*(m|km|px|)", word)
    number = float(match[1]) if match else math.nan
    if number == 0:
        return Smoothing()
    if not match or not match[2] or not (0 < number < math.inf):
        raise BadOption(f"--smooth {text!r} is no width: write it like 4m or 2px, 0 for none, or auto")
    if match[2] == "px":
        return Smoothing(pixels=number)
    return Smoothing(metres=number * _UNITS[match[2]])


def parse_kernel(radius: str, shape: str = "gaussian") -> Kernel:
    """Read a radius, "15px", "500m", "100km" or "0px", of a kernel of a given shape.

    Raises
    ------
    BadOption
        When it is not a radius, or there is no such shape.
    """
    from heatlas.raster.point_kernel import Kernel

    match = re.fullmatch(_NUMBER + r"\s*(m|km|px|)", radius.strip().lower())
    number = float(match[1]) if match else math.nan
    if number == 0:
        return Kernel(shape, pixels=0.0)
    if not match or not match[2] or not (0 < number < math.inf):
        raise BadOption(f"--radius {radius!r} is no radius: write it like 15px or 500m, 0px for bare pixels")
    if match[2] == "px":
        return Kernel(shape, pixels=number)
    return Kernel(shape, metres=number * _UNITS[match[2]], pixels=0.0)


def kernel_of(radius: str | Kernel, kernel: str | Kernel) -> Kernel:
    """Read the radius and the shape of a kernel that Python gives.

    Until both had names of their own, a radius or a `Kernel` was passed for either: this works, with a warning.

    Raises
    ------
    BadOption
        As `parse_kernel`.
    """
    from heatlas.raster.point_kernel import SHAPES, Kernel

    if isinstance(kernel, Kernel):
        return kernel
    if isinstance(radius, Kernel):
        warn_of("the third argument of heat() is radius now: give kernel=Kernel(...)")
        return radius
    if kernel not in SHAPES and re.match(r"\s*[\d.]", str(kernel)):
        warn_of(f"kernel= of heat() is the shape now: give radius={kernel!r}")
        return parse_kernel(str(kernel))
    return parse_kernel(str(radius), str(kernel))


def kernel_of_smoothing(text: str) -> Kernel:
    """Read the width of `parse_smoothing` as a Gaussian kernel of the same standard deviation."""
    from heatlas.raster.point_kernel import Kernel

    smoothing = parse_smoothing(text)
    return Kernel(metres=3 * smoothing.metres, pixels=0.0 if smoothing.metres else 3 * smoothing.pixels)


def _numbers(text: str, count: int) -> list[float] | None:
    try:
        numbers = [float(part) for part in re.split(r"[,;\s]+", text.strip())]
    except ValueError:
        return None
    return numbers if len(numbers) == count and all(map(math.isfinite, numbers)) else None


def parse_bbox(text: str) -> tuple[float, float, float, float]:
    """Read "west,south,east,north" in degrees.

    Raises
    ------
    BadOption
        When these are not four numbers.
    """
    numbers = _numbers(text, 4)
    if numbers is None:
        raise BadOption(f"--bbox {text!r} is no box: give west,south,east,north in degrees")
    west, south, east, north = numbers
    return west, south, east, north


def parse_around(text: str, named: str = "--around") -> tuple[float, float, float]:
    """Read "latitude,longitude,radius" as degrees, degrees, metres; `named` is the option in errors.

    Raises
    ------
    BadOption
        When it is not such a circle.
    """
    return _circle(text, named)


def parse_zone(text: str, name: str = "--zone") -> Zone:
    """Read a zone as `parse_around` reads a circle; `name` is the option's name, for the error."""
    from heatlas.tracks.privacy import Zone

    lat, lon, radius = _circle(text, name)
    return Zone(lat, lon, radius)


def parse_zone_at(at: str, radius: str) -> Zone:
    """Read a zone whose middle and radius are options of their own, `--at` and `--radius`.

    Raises
    ------
    BadOption
        Names the one that cannot be used.
    """
    from heatlas.tracks.privacy import Zone

    lat, lon = _place(at, f"--at {at!r} is no place", "latitude,longitude such as 60.17,24.94")
    return Zone(lat, lon, parse_length(radius, "--radius"))


def _circle(text: str, name: str) -> tuple[float, float, float]:
    place, _, radius = text.strip().rpartition(",")
    lat, lon = _place(place, f"{name} {text!r} is no circle", "latitude,longitude,radius such as 60.17,24.94,5km")
    return lat, lon, parse_length(radius, name)


def _place(text: str, fault: str, form: str) -> tuple[float, float]:
    """Read "latitude,longitude"; the error begins with the fault, and shows the form."""
    numbers = _numbers(text, 2)
    if numbers is None:
        raise BadOption(f"{fault}: give {form}")
    for what, number, most in zip(("latitude", "longitude"), numbers, (90, 180), strict=True):
        if abs(number) > most:
            raise BadOption(f"{fault}, as its {what} {number:g} is not from -{most} to {most}: give {form}")
    return numbers[0], numbers[1]
