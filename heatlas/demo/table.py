"""Write activities.csv as in the bulk export: 99 columns, five of whose names occur twice."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from heatlas.demo.geometry import smooth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from heatlas.demo.motion import Fixes

__all__ = ["HEADER", "row", "table_bytes"]

HEADER = (
    "Activity ID", "Activity Date", "Activity Name", "Activity Type", "Activity Description",
    "Elapsed Time", "Distance", "Max Heart Rate", "Relative Effort", "Commute", "Activity Private Note",
    "Activity Gear", "Filename", "Athlete Weight", "Bike Weight", "Elapsed Time", "Moving Time", "Distance",
    "Max Speed", "Average Speed", "Elevation Gain", "Elevation Loss", "Elevation Low", "Elevation High",
    "Max Grade", "Average Grade", "Average Positive Grade", "Average Negative Grade", "Max Cadence",
    "Average Cadence", "Max Heart Rate", "Average Heart Rate", "Max Watts", "Average Watts", "Calories",
    "Max Temperature", "Average Temperature", "Relative Effort", "Total Work", "Number of Runs",
    "Uphill Time", "Downhill Time", "Other Time", "Perceived Exertion", "Type", "Start Time",
    "Weighted Average Power", "Power Count", "Prefer Perceived Exertion", "Perceived Relative Effort",
    "Commute", "Total Weight Lifted", "From Upload", "Grade Adjusted Distance", "Weather Observation Time",
    "Weather Condition", "Weather Temperature", "Apparent Temperature", "Dewpoint", "Humidity",
    "Weather Pressure", "Wind Speed", "Wind Gust", "Wind Bearing", "Precipitation Intensity",
    "Sunrise Time", "Sunset Time", "Moon Phase", "Bike", "Gear", "Precipitation Probability",
    "Precipitation Type", "Cloud Cover", "Weather Visibility", "UV Index", "Weather Ozone", "Jump Count",
    "Total Grit", "Average Flow", "Flagged", "Average Elapsed Speed", "Dirt Distance",
    "Newly Explored Distance", "Newly Explored Dirt Distance", "Activity Count", "Total Steps",
    "Carbon Saved", "Pool Length", "Training Load", "Intensity", "Average Grade Adjusted Pace",
    "Timer Time", "Total Cycles", "Recovery", "With Pet", "Competition", "Long Run", "For a Cause", "Media",
)  # fmt: skip
"""Names of the columns, in order. Where a name occurs twice, its second column holds the exact value."""


def _date(time: int) -> str:
    """Format a date as the export does, in UTC: Jun 4, 2024, 6:13:47 AM."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time)
    month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][when.month - 1]
    half = "PM" if when.hour >= 12 else "AM"
    return f"{month} {when.day}, {when.year}, {(when.hour + 11) % 12 + 1}:{when:%M:%S} {half}"


def _climb(fixes: Fixes) -> dict[str, str]:
    """Columns of heights; the climb is summed after smoothing over about half a minute."""
    if np.isnan(fixes.elevation).all():
        return {}
    steps = np.diff(smooth(fixes.elevation, 6))
    return {
        "Elevation Gain": f"{steps[steps > 0].sum():.1f}", "Elevation Loss": f"{-steps[steps < 0].sum():.1f}",
        "Elevation Low": f"{fixes.elevation.min():.1f}", "Elevation High": f"{fixes.elevation.max():.1f}",
    }  # fmt: skip


def _measured(fixes: Fixes) -> tuple[dict[str, str], dict[str, str]]:
    """Columns that come from the fixes; the second dict holds the second columns of their names."""
    first = _climb(fixes) | {"Max Speed": f"{smooth(fixes.speed, 2).max():.3f}"}
    second: dict[str, str] = {}
    sensors = {"Cadence": fixes.cadence, "Heart Rate": fixes.heart_rate, "Watts": fixes.power}
    for column, values in sensors.items():
        if np.isfinite(values).any():
            first[f"Average {column}"] = f"{np.nanmean(values):.1f}"
            first[f"Max {column}"] = f"{np.nanmax(values):.1f}"
    if np.isfinite(fixes.temperature).any():
        first["Average Temperature"] = f"{np.nanmean(fixes.temperature):.1f}"
    if "Average Heart Rate" in first:
        effort = max(1.0, fixes.moving / 60 * (float(first["Average Heart Rate"]) / 150) ** 4)
        first["Relative Effort"], second["Relative Effort"] = f"{effort:.0f}", f"{effort:.1f}"
        second["Max Heart Rate"] = first["Max Heart Rate"]
    return first, second


def row(words: Mapping[str, str], start: int, fixes: Fixes | None, by_hand: tuple[int, float]) -> list[str]:
    """Fill one row.

    Parameters
    ----------
    words : mapping
        Columns that are already known: Activity ID, Activity Name, Activity Type, Filename ...
    start : int
        Unix seconds, UTC.
    fixes : Fixes or None
        The recording; None for an activity that was entered by hand.
    by_hand : (int, float)
        Seconds and metres of an activity that was entered by hand.
    """
    first, second = _measured(fixes) if fixes else ({}, {})
    elapsed, metres = (fixes.elapsed, float(fixes.distance[-1])) if fixes else by_hand
    moving = fixes.moving if fixes else elapsed
    first |= words
    first |= {
        "Activity Date": _date(start),
        "Elapsed Time": f"{elapsed}",
        "Distance": f"{metres / 1000:.2f}",
        "Moving Time": f"{moving:.1f}",
        "Average Speed": f"{metres / max(moving, 1):.3f}",
        "Average Elapsed Speed": f"{metres / max(elapsed, 1):.3f}",
        "From Upload": "1.0" if fixes else "0.0",
        "Flagged": "0.0",
    }
    second |= {
        "Elapsed Time": f"{elapsed:.1f}",
        "Distance": f"{metres:.1f}",
        "Commute": "1.0" if words["Commute"] == "true" else "0.0",
    }
    seen: set[str] = set()
    cells = []
    for column in HEADER:
        cells.append((second if column in seen else first).get(column, ""))
        seen.add(column)
    return cells


def table_bytes(rows: Iterable[list[str]]) -> bytes:
    """Write the whole table; cells are quoted where necessary, and keep their line breaks."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows)
    return text.getvalue().encode()
