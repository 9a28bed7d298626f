"""Read the CSV and the GeoJSON of GPSLogger (mendhak). Its GPX, NMEA and KML are read as what they are.

The columns: https://gpslogger.app/#fileformats.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from heatlas.sources.formats.csv_columns import read_columns
from heatlas.sources.formats.phones.device_rows import DeviceRows
from heatlas.sources.formats.phones.json_rows import JsonRows
from heatlas.sources.formats.phones.legs import sport_of_motion
from heatlas.sources.formats.phones.overland import add_feature

if TYPE_CHECKING:
    from heatlas.core.batch import Recording
    from heatlas.sources.blobs import Content

__all__ = ["read_gpslogger", "read_gpslogger_points"]


def read_gpslogger(data: bytes, source: str) -> list[Recording]:
    """Read the CSV: one recording, of each profile and way of moving that it names.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When not a row can be read.
    """
    table = read_columns(data)
    rows = DeviceRows(
        lon=array("d", table.numbers("lon")),
        lat=array("d", table.numbers("lat")),
        accuracy=array("d", table.numbers("accuracy")),
        elevation=array("d", table.numbers("elevation")),
        speed=array("d", table.numbers("speed")),
    )
    sports = [sport_of_motion(word) for word in table.texts("activity")]
    rows.name(table.texts("profile_name"), table.texts("time"), sports)
    return rows.recordings(source, "a table of GPSLogger", table.told)


def read_gpslogger_points(data: Content, source: str) -> list[Recording]:
    """Read the GeoJSON, as `read_gpslogger` does the CSV."""
    rows, held = DeviceRows(), JsonRows(data, "features")
    for feature in held:
        add_feature(rows, feature, device=("profile_name",), time=("time_long", "time"), accuracy="accuracy")
    return rows.recordings(source, "points of GPSLogger", held.warnings)
