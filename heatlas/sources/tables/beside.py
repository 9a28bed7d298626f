"""Columns that complete others: hemispheres beside latitude and longitude, days beside times of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from heatlas.sources.tables.columns import plain_name

if TYPE_CHECKING:
    from heatlas.sources.tables.columns import PointColumns

__all__ = ["date_beside", "hemispheres_beside"]

_LAT = """
    ns latns nsindicator nsind nshemisphere nsdir northsouth latdir latdirection latitudedirection latitudedir lathem
    lathemi lathemisphere latitudehem latitudehemisphere latref latituderef gpslatituderef latitudens latind latside
    hemisphere1 hemns hemispherens nshem
"""
_LON = """
    ew lonew ewindicator ewind ewhemisphere ewdir eastwest londir londirection longitudedirection longitudedir lonhem
    longhem longdir lonhemi lonhemisphere longhemisphere longitudehem longitudehemisphere lonref longituderef
    gpslongituderef longitudeew lonind lonside longew lngdir lngew lnghem hemisphere2 hemew hemisphereew ewhem
"""
_DATE = "date datum fecha data day utcdate dateutc gpsdate localdate datetag dateymd datedmy"
_CLOCK = ("time", "zeit", "heure", "hora", "uhr", "clock", "utc")


def hemispheres_beside(schema: pa.Schema, columns: PointColumns) -> tuple[list[str], list[str]]:
    """Find text columns that may hold the hemispheres of latitudes and longitudes: by name, or right behind them.

    Their rows decide (`heatlas.sources.tables.degrees.is_hemispheres`).
    """
    names = [name for name in schema.names if schema.names.count(name) == 1]
    used = {columns.lat, columns.lon, columns.geometry, columns.weight, columns.time, columns.track}
    able = [name for name in names if name not in used and _may_be_text(schema.field(name).type)]
    found: list[list[str]] = []
    for position, known in ((columns.lat, _LAT), (columns.lon, _LON)):
        behind = names[names.index(position) + 1 :][:1] if position in names else []
        found.append([name for name in able if plain_name(name) in known.split() or name in behind])
    return found[0], found[1]


def _may_be_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(
        test(kind)
        for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary)
    )


def date_beside(schema: pa.Schema, columns: PointColumns) -> str | None:
    """Find the column that may hold the days, if the column of times holds only times of the day."""
    if columns.time is None or not any(word in plain_name(columns.time) for word in _CLOCK):
        return None
    found = [
        name
        for name in schema.names
        if plain_name(name) in _DATE.split() and name != columns.time and schema.names.count(name) == 1
    ]
    return found[0] if len(found) == 1 else None
