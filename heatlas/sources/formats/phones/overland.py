"""Read Overland: what the app sends to a server, and the day files of Compass, which stores it.

The form: https://github.com/aaronpk/Overland-iOS#api. A payload has a list of locations, each a Feature of GeoJSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.sources.formats.phones.device_rows import DeviceRows
from heatlas.sources.formats.phones.json_rows import JsonRows
from heatlas.sources.formats.phones.legs import sport_of_motion
from heatlas.sources.formats.phones.values import inside, number

if TYPE_CHECKING:
    from heatlas.core.batch import Recording
    from heatlas.sources.blobs import Content

__all__ = ["add_feature", "add_location", "read_overland"]


def read_overland(data: Content, source: str) -> list[Recording]:
    """Read locations: one recording of each device and way of moving.

    Parameters
    ----------
    data : Content
        The file; it is read in slices.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When there is no location.
    """
    rows, held = DeviceRows(), JsonRows(data, "locations")
    for feature in held:
        add_location(rows, feature)
    return rows.recordings(source, "locations of Overland", held.warnings)


def add_location(rows: DeviceRows, feature: dict[str, Any], unnamed: str = "") -> None:
    """Add a location as Overland writes it; nothing without a position, such as for the summary of a trip.

    Parameters
    ----------
    rows : DeviceRows
        Receives the location.
    feature : dict
        A Feature of GeoJSON.
    unnamed : str
        Name of the device where the location has none.
    """
    properties = inside(feature, "properties")
    motion = properties.get("motion") if isinstance(properties, dict) else None
    words = motion if isinstance(motion, list) else [motion]
    add_feature(
        rows,
        feature,
        device=("device_id", "unique_id"),
        unnamed=unnamed,
        time=("timestamp",),
        accuracy="horizontal_accuracy",
        sport=next(filter(None, map(sport_of_motion, words)), ""),
    )


def add_feature(
    rows: DeviceRows,
    feature: dict[str, Any],
    *,
    device: tuple[str, ...],
    time: tuple[str, ...],
    accuracy: str,
    unnamed: str = "",
    speed: str = "speed",
    sport: str = "",
) -> None:
    """Add a point of GeoJSON, given the names of its properties; nothing for another geometry.

    `device` and `time` name several properties, of which the first that is there counts.
    """
    properties, place = inside(feature, "properties"), inside(inside(feature, "geometry"), "coordinates")
    if not isinstance(place, list) or len(place) < 2 or not isinstance(properties, dict):
        return
    altitude = properties.get("altitude", place[2] if len(place) > 2 else None)
    named = next((properties[key] for key in device if properties.get(key)), unnamed)
    rows.add(
        str(named) if isinstance(named, (str, int)) else "",
        next((properties[key] for key in time if properties.get(key) is not None), None),
        (number(place[0]), number(place[1])),
        accuracy=number(properties.get(accuracy)),
        elevation=number(altitude),
        speed=number(properties.get(speed)),
        sport=sport,
    )
