"""Read Traccar: positions of its server as JSON and CSV. Its GPX and KML are read as what they are.

The fields: https://www.traccar.org/api-reference/ (Position). Speeds are in knots.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

from heatlas.sources.formats.csv_columns import read_columns
from heatlas.sources.formats.phones.device_rows import DeviceRows
from heatlas.sources.formats.phones.json_rows import JsonRows
from heatlas.sources.formats.phones.values import number

if TYPE_CHECKING:
    from heatlas.core.batch import Recording
    from heatlas.sources.blobs import Content

__all__ = ["read_traccar", "read_traccar_table"]

_KNOTS = 1852 / 3600


def read_traccar(data: Content, source: str) -> list[Recording]:
    """Read positions of the server: one recording of each device.

    Positions that the device calls invalid have no place.

    Parameters
    ----------
    data : Content
        The file; it is read in slices.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When there is no position.
    """
    rows, held = DeviceRows(), JsonRows(data, "positions")
    for item in held:
        if "latitude" not in item or "longitude" not in item:
            continue
        lon, lat = number(item["longitude"]), number(item["latitude"])
        rows.add(
            _named(item.get("deviceId", "")),
            item.get("fixTime") or item.get("deviceTime"),
            (np.nan, np.nan) if item.get("valid") is False else (lon, lat),
            accuracy=number(item.get("accuracy")),
            elevation=number(item.get("altitude")),
            speed=number(item.get("speed")) * _KNOTS,
        )
    return rows.recordings(source, "positions of Traccar", held.warnings)


def read_traccar_table(data: bytes, source: str) -> list[Recording]:
    """Read the CSV of positions, as `read_traccar` does the JSON. Its times have no zone, and are read as UTC."""
    table = read_columns(data)
    lost = np.array([text.lower() == "false" for text in table.texts("valid")])
    lon, lat = (np.where(lost, np.nan, table.numbers(name)) for name in ("longitude", "latitude"))
    rows = DeviceRows(
        lon=array("d", lon),
        lat=array("d", lat),
        accuracy=array("d", table.numbers("accuracy")),
        elevation=array("d", table.numbers("altitude")),
        speed=array("d", table.numbers("speed") * _KNOTS),
    )
    devices = [_named(text) for text in table.texts("deviceid")]
    rows.name(devices, table.texts("fixtime", "devicetime"), [""] * table.rows)
    zone = "its times are read as UTC: Traccar writes them in the time zone of the account, and does not say which"
    return rows.recordings(source, "a table of Traccar", (*table.told, zone))


def _named(number_of_device: object) -> str:
    return f"device {number_of_device}" if isinstance(number_of_device, (int, str)) and number_of_device != "" else ""
