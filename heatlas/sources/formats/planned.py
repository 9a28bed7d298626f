"""Planned routes: ways that nobody recorded. They are read like recordings, and left out unless they are asked for."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from heatlas.core.batch import Recording

__all__ = ["PLANNED", "ROUTES", "as_planned", "only_planned"]

PLANNED = "planned routes, which --routes draws"
"""Reason under which routes are counted that were not asked for."""
ROUTES = "planned routes"
"""Kind of the files in which exports keep them."""


def only_planned() -> str:
    """Say that a file holds nothing but planned routes, and how to draw them all the same."""
    return "a planned route, not a recording: --routes draws it all the same"


def as_planned(recording: Recording) -> Recording:
    """Mark a recording as a planned route.

    Times are those of a computation, or of the day on which the file was made: they are taken out, with the speed.
    """
    activity = replace(
        recording.activity,
        start=None,
        elapsed_time=None,
        moving_time=None,
        utc_offset=None,
        extra={**recording.activity.extra, "planned": True},
    )
    return replace(
        recording,
        activity=activity,
        time=np.full(len(recording.time), nan),
        columns={name: values for name, values in recording.columns.items() if name != "speed"},
        drawn=True,
    )
