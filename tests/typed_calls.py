"""Calls as type checkers see them: nothing here runs.

mypy and pyright read this file, and warn of an ignored error that is none. So both are errors: a good call with
another type, and a bad one that passes.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray
from xarray import DataArray

import heatlas


def good(frame: Any) -> None:
    """Calls that people make."""
    tracks = heatlas.open("export.zip", Path("rides"), max_gap="10min", routes=True)
    assert_type(tracks, heatlas.Tracks)
    runs = tracks.where("sport = 'Run'").where(lambda activity: activity.commute).select(sport=["Run"])
    runs = runs.select("Run", after=dt.date(2024, 1, 1), before="2025-01-01")
    window = tracks.window((24.8, 60.1, 25.1, 60.3), width=900)
    window = tracks.window(around=(60.17, 24.94, "5km"), resolution="2m")
    window = tracks.window(frame, zoom=13)
    window = tracks.window(all=True, width=900)
    heat = runs.heat("pace", window, smooth="8m")
    assert_type(heat, heatlas.Heat)
    assert_type(heat.smooth("8m").smooth(0), heatlas.Heat)
    assert_type(heat.tone("log").tone((4, 7)).tone(heat), heatlas.Heat)
    assert_type(
        heat.colormap("ice").colormap(["black", (255, 0, 0)]).background(None).background("white"), heatlas.Heat
    )
    assert_type(heat.values, NDArray[np.float32])
    assert_type(heat.bbox, tuple[float, float, float, float])
    assert_type(heat.sample([(24.9, 60.2)]), NDArray[np.float32])
    assert_type(heat.save("pace.png", legend=True, title="{place}", scale_bar=True), list[Path])
    assert_type(heat.to_xarray(), DataArray)
    assert_type(heat - heat, heatlas.Heat)
    points = heatlas.open_points(frame, weight="beds", lat="y", lon="x")
    points = heatlas.open_points(frame, weight=np.array([1.0, 2.0]))
    assert_type(points.where("beds > 10").heat("mean", radius="5km", kernel="quartic"), heatlas.Heat)
    report = heatlas.render(
        "export.zip", output="heat.png", measure="pace", sport=["Run"], after=dt.date(2024, 1, 1), resolution=2.5,
        bbox=(24.8, 60.1, 25.1, 60.3), background=(1, 2, 3), colormap=["black", "red"], legend=True, width=900,
    )  # fmt: skip
    assert_type(report, dict[str, Any])


def bad(tracks: heatlas.Tracks, heat: heatlas.Heat) -> None:
    """Slips that an editor should show."""
    heatlas.render("export.zip", output="heat.png", colourmap="ice")  # type: ignore[call-arg]
    heatlas.render("export.zip", output="heat.png", width="wide")  # type: ignore[arg-type]
    heatlas.render("export.zip", output="heat.png", legend="yes")  # type: ignore[arg-type]
    heatlas.render("export.zip", measure="pace")  # type: ignore[call-arg]
    heatlas.render("export.zip", output="heat.png", smooth=8)  # type: ignore[arg-type]
    heatlas.render("export.zip", output="heat.png", sports=["Run"])  # type: ignore[call-arg]
    heatlas.open("export.zip", maxgap="10min")  # type: ignore[call-arg]
    heatlas.open_points("a.csv", track="id", wieght="beds")  # type: ignore[call-arg]
    tracks.heat(smooth=None)  # type: ignore[arg-type]
    tracks.where(5)  # type: ignore[arg-type]
    tracks.window(width="90")  # type: ignore[arg-type]
    heat.smooth(None)  # type: ignore[arg-type]
    heat.smooth(8)  # type: ignore[arg-type]
    heat.tone((1, "50"))  # type: ignore[arg-type]
    heat.save("pace.png", legend="yes")  # type: ignore[arg-type]
    heat.tone(5)  # type: ignore[arg-type]
    heat.background(5)  # type: ignore[arg-type]
    heat.save()  # type: ignore[call-arg]
