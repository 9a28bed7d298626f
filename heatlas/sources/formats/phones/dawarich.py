"""Read what Dawarich exports: points of GeoJSON, and the JSON of its first versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.sources.formats.phones.device_rows import DeviceRows
from heatlas.sources.formats.phones.json_rows import JsonRows
from heatlas.sources.formats.phones.overland import add_feature
from heatlas.sources.formats.phones.owntracks import add_message

if TYPE_CHECKING:
    from heatlas.core.batch import Recording
    from heatlas.sources.blobs import Content

__all__ = ["read_dawarich"]


def read_dawarich(data: Content, source: str) -> list[Recording]:
    """Read points: one recording of each device, by its topic or its tracker.

    Speeds are not read: they are in the unit of whatever app sent them.

    Parameters
    ----------
    data : Content
        The file; it is read in slices.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When there is no point.
    """
    rows, held = DeviceRows(), JsonRows(data, "features", "dawarich-export")
    for item in held:
        if "geometry" in item:
            add_feature(rows, item, device=("topic", "tracker_id"), time=("timestamp",), accuracy="accuracy", speed="")
        else:
            add_message(rows, item | {"vel": None})
    return rows.recordings(source, "an export of Dawarich", held.warnings)
