"""Read location_data.json of a Samsung Health export: a list of positions of one exercise.

No official description was published. The fields are those that people who parse their exports describe.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from heatlas.core.batch import Activity
from heatlas.core.errors import Unreadable
from heatlas.sources.accuracy import GREATEST, INACCURATE
from heatlas.sources.formats.json_lists import JsonLists
from heatlas.sources.formats.sampled import Fix, number, sampled_recording

if TYPE_CHECKING:
    from heatlas.core.batch import Recording

__all__ = ["read_samsung"]

_BEGIN = ("start_time", "latitude", "longitude", "altitude", "accuracy")


def read_samsung(data: bytes, source: str) -> list[Recording]:
    """Read the positions of an exercise.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        Path of the file, for ``Activity.source``.

    Raises
    ------
    Unreadable
        When it holds no position.
    """
    lists = JsonLists(data, (), _BEGIN)
    fixes: list[Fix] = []
    inaccurate = 0
    for item in lists:
        if not isinstance(item, dict):
            continue
        lat, lon = number(item.get("latitude")), number(item.get("longitude"))
        if not (math.isfinite(lat) and math.isfinite(lon)):
            continue
        if number(item.get("accuracy")) > GREATEST:
            inaccurate += 1
            continue
        fixes.append((number(item.get("start_time")) / 1000, lat, lon, number(item.get("altitude"))))
    if not fixes and not inaccurate:
        raise Unreadable(f"positions of Samsung Health without any{''.join(f': {w}' for w in lists.warnings[-1:])}")
    found = sampled_recording(Activity(source=source, device="Samsung Health"), fixes, {}, lists.warnings)
    return [replace(found, dropped={INACCURATE: inaccurate} if inaccurate else {})]
