"""Activities as a frame of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.errors import MissingExtra
from heatlas.tracks.filters import attributes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.core.batch import Activity

__all__ = ["frame_of"]


def frame_of(activities: Sequence[Activity]) -> Any:
    """Make a frame; see `heatlas.Tracks.to_pandas`.

    Raises
    ------
    MissingExtra
        Without pandas.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra("a frame of pandas", "xarray") from None
    frame = pd.DataFrame([attributes(activity) for activity in activities])
    if activities:
        seconds = pd.Series([activity.start for activity in activities], dtype="float64")
        frame["start"] = pd.to_datetime(seconds, unit="s", utc=True)
    return frame.dropna(axis="columns", how="all")
