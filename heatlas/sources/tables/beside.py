"""Columns that complete others: hemispheres beside latitude and longitude, days beside times of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from heatlas.sources.tables.columns import plain_name

if TYPE_CHECKING:
    from heatlas.sources.tables.columns import PointColumns

__all__ = ["day_and_clock", "hemispheres_beside"]

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
_DAYS = "acqdate eventdate observedon occurredon reportedon onsetdate dateofonset startdate"
"""Names of days that are times by themselves, too; of `_DATE` they are where nothing else says when."""
_CLOCK = ("time", "zeit", "heure", "hora", "uhr", "clock", "utc")
_CLOCKS = """
    time timeofday clock zeit uhrzeit heure hora ora tijd timeutc utctime localtime gpstime hhmm hhmmss timehhmm
    timehhmmss starttime
"""


def hemispheres_beside(schema: pa.Schema, columns: PointColumns) -> tuple[list[str], list[str]]:
    """Find text columns that may hold the hemispheres of latitudes and longitudes: by name, or right behind them.

    Their rows decide (`heatlas.sources.tables.cells.degrees.is_hemispheres`).
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


def day_and_clock(schema: pa.Schema, columns: PointColumns) -> tuple[str, str] | None:
    """Find the columns that may hold days and times of the day, one of which is the column of times.

    Their rows decide (`heatlas.sources.tables.readings`).

    Returns
    -------
    (str, str) or None
        Column of days, and column of times of the day.
    """
    if columns.time is None or columns.time not in schema.names:
        return None
    own = plain_name(columns.time)
    is_clock = any(word in own for word in _CLOCK)
    twin = own.replace("time", "date") if is_clock else own.replace("date", "time")
    known = _DATE.split() if is_clock else _CLOCKS.split()
    if not is_clock and own not in {*_DATE.split(), *_DAYS.split()}:
        return None
    used = {columns.time, columns.lat, columns.lon, columns.geometry, columns.weight, columns.track}
    able = [name for name in schema.names if name not in used and schema.names.count(name) == 1]
    found = [name for name in able if plain_name(name) == twin] or [name for name in able if plain_name(name) in known]
    if len(found) != 1:
        return None
    return (found[0], columns.time) if is_clock else (columns.time, found[0])
