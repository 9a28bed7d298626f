"""Read the history of device trackers of Home Assistant, as its REST interface answers.

The form: https://developers.home-assistant.io/docs/api/rest/ (GET /api/history/period): a list for each entity. The CSV
of its history page has no positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.sources.formats.phones.device_rows import DeviceRows
from heatlas.sources.formats.phones.json_rows import JsonRows
from heatlas.sources.formats.phones.values import inside, number

if TYPE_CHECKING:
    from heatlas.core.batch import Recording
    from heatlas.sources.blobs import Content

__all__ = ["read_history"]

_PERSON = "person."


def read_history(data: Content, source: str) -> list[Recording]:
    """Read states with positions: one recording of each device.

    A person of Home Assistant has the positions of a device, so persons are read only where there is no device.

    Parameters
    ----------
    data : Content
        The file; it is read in slices.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When there is no state with a position.
    """
    devices, persons, held, entity = DeviceRows(), DeviceRows(), JsonRows(data, "states"), ""
    for state in held:
        entity = str(state.get("entity_id") or entity)  # short answers name it only once
        about = inside(state, "attributes")
        if not isinstance(about, dict) or "latitude" not in about or "longitude" not in about:
            continue
        (persons if entity.startswith(_PERSON) else devices).add(
            entity.partition(".")[2],
            state.get("last_updated") or state.get("last_changed"),
            (number(about["longitude"]), number(about["latitude"])),
            accuracy=number(about.get("gps_accuracy")),
            elevation=number(about.get("altitude")),
            speed=number(about.get("speed")),
        )
    rows = devices or persons
    return rows.recordings(source, "a history of Home Assistant", held.warnings)
