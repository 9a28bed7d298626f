"""Find the columns of a table: by the name that the user gave, else by common names."""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from functools import lru_cache
from pathlib import PurePath
from shlex import quote
from typing import TYPE_CHECKING

import pyarrow as pa

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.regex import regex
from heatlas.options import TableOptions, options_of
from heatlas.sources.tables.systems import is_metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["CRS", "DECIMALS", "ORDERS", "PointColumns", "distinct_names", "find_columns", "plain_name"]

CRS = b"crs"
"""Metadata key under which readers store the coordinate system of a geometry column.

The value is any text that PROJ understands; empty means WGS 84."""


@frozen(kw_only=True)
class PointColumns:
    """Names of the columns that are read; None where there is none."""

    lat: str | None = None
    """Latitude. Either `lat` and `lon` are given, or `geometry`. With `crs` they are northing and easting."""
    lon: str | None = None
    geometry: str | None = None
    place: tuple[str, ...] = ()
    """Columns that name towns, and their regions or countries; in place of latitude, longitude and geometry."""
    weight: str | None = None
    time: str | None = None
    track: str | None = None
    decimal: str | None = None
    """Decimal mark of numbers in text that the user states, "point" or "comma"; None: detected."""
    dates: str | None = None
    """Order of written dates that the user states, "dmy", "mdy" or "ymd"; None: detected."""
    crs: str | None = None
    """Coordinate system that the user states, as PROJ understands it, for positions that state none."""

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that points need: those of positions and weights, each once."""
        named = (self.lat, self.lon, self.geometry, *self.place, self.weight)
        return tuple(dict.fromkeys(name for name in named if name is not None))


_LAT = """
    latitude lat geolatitude geolat gpslatitude gpslat positionlatitude positionlat decimallatitude decimallat
    latitudedeg latdeg latitudewgs84 latwgs84 wgs84lat latitud latitudine breitengrad geobreite breedtegraad
    latitudee7 late7 latitudee6 late6
    szerokosc leveysaste szelesseg latitudedecimal ycoordinate ycoord coordy geoy pointy y
"""
_LON = """
    longitude lon lng long geolongitude geolon geolng geolong gpslongitude gpslon gpslng gpslong positionlongitude
    positionlong positionlon decimallongitude decimallon decimallong longitudedeg londeg lngdeg longdeg longitudewgs84
    lonwgs84 longwgs84 wgs84lon wgs84long longitud longitudine langengrad laengengrad geolange lengtegraad
    longitudee7 lone7 lnge7 longe7 longitudee6 lone6 lnge6 longe6
    dlugosc pituusaste hosszusag longitudedecimal xcoordinate xcoord coordx geox pointx x
"""
_NORTH = """
    northing northings north utmnorthing utmn utmy yutm hochwert nordwert ycoordinate ycoord coordy geoy pointy y n
"""
_EAST = """
    easting eastings east utmeasting utme utmx xutm rechtswert ostwert xcoordinate xcoord coordx geox pointx x e
"""
_GEOMETRY = """
    geometry geom thegeom wkbgeometry wkb wkt geog geography geojson shape point location coordinates latlon latlng
"""
_TIME = """
    time timestamp datetime dateandtime timestamputc timeutc utctime trackedat recordedat measuredat loggedat createdat
    localtime eventtime starttime startedat unixtime unixtimestamp epoch epochms ts date zeit zeitstempel heure fecha
    acqdate eventdate observedon occurredat occurredon reportedat reportedon onsetdate dateofonset
    dateonset symptomonset onsetofsymptoms symptomonsetdate dateonsetsymptoms dateofsymptomonset casedate dateofcase
    diagnosisdate dateofdiagnosis datediagnosed specimendate dateconfirmation reportdate datereport dateofreport
    datereported reporteddate reportingdate notificationdate dateofnotification datenotified
"""
_TOWNS = """
    town city townname cityname municipality place placename locality settlement ort stadt gemeinde ville commune
    ciudad municipio comune citta cidade stad kommun kommune kaupunki kunta
"""
_LAT_WORDS, _LON_WORDS = frozenset({"latitude", "lat"}), frozenset({"longitude", "lon", "lng", "long"})
DECIMALS, ORDERS = (options_of(TableOptions)[name].choices for name in ("decimal", "dates"))
"""Choices of the options --decimal and --dates."""
_NOTHING = TableOptions()
_METRIC = frozenset(_NORTH.split())
_UNIT = regex(r"[(\[{].*?[)\]}]")
_MOST_LISTED = 20


@lru_cache(maxsize=4096)  # of tables whose rows are tracks, each name is asked for again with each row
def plain_name(name: str) -> str:
    """Write a name in lower case, without accents, units in brackets, blanks and punctuation."""
    return "".join(_words(name))


def _words(name: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", _UNIT.sub(" ", name).replace("ł", "l").casefold())
    return re.findall(r"[^\W_]+", "".join(c for c in decomposed if not unicodedata.combining(c)))


def distinct_names(names: Iterable[str]) -> list[str]:
    """Make names unique and not empty: a second "w" becomes "w_2", an empty third one "column_3"."""
    distinct: dict[str, None] = {}
    for k, given in enumerate(names, 1):
        name = base = given or f"column_{k}"
        number = 2
        while name in distinct:
            name, number = f"{base}_{number}", number + 1
        distinct[name] = None
    return list(distinct)


def find_columns(schema: pa.Schema, asked: TableOptions = _NOTHING, *, name: str) -> PointColumns:
    """Find the columns of positions, weights, times and tracks.

    Names are compared without regard to case, punctuation and units in brackets, from the most specific
    ("latitude") to the least ("y"). A geometry column is used if there is no pair of latitude and longitude; a column
    that is geometry by its type comes before x and y. In a coordinate system of metres, columns such as easting
    and northing come first. Without a weight option, only a column named "weight" is a weight.

    Parameters
    ----------
    schema : pyarrow.Schema
        Of the table.
    asked : TableOptions
        Names of columns as the user gave them; case and punctuation may differ if only one column fits.
        Coordinate system of positions that state none: "EPSG:32635", or anything that PROJ understands. How numbers
        and dates are written: "point" or "comma"; "dmy", "mdy" or "ymd".
    name : str
        Of the table, for messages.

    Returns
    -------
    PointColumns
        With both lat and lon, or with geometry.

    Raises
    ------
    BadOption
        When a column is missing, or several fit; the message names the columns. When PROJ does not know the
        coordinate system.
    MissingExtra
        When a coordinate system is given, without pyproj.
    """
    for option, said, known in (("--decimal", asked.decimal, DECIMALS), ("--dates", asked.dates, ORDERS)):
        if said is not None and said not in known:
            raise BadOption(f"{option} {said} is not known: say {_either(known)}")
    names = _unique(schema.names)
    found = {
        option: None if (column := getattr(asked, option)) is None else _named(column, names, name, f"--{option}")
        for option in ("lat", "lon", "geometry", "weight", "time", "track")
    }
    metric = asked.crs is not None and is_metric(asked.crs)
    place = _place_columns(asked, names, name)
    if place:
        pass  # positions are those of the towns
    elif found["geometry"] is not None:
        _check_geometry(schema, found, name)
    elif found["lat"] is None and found["lon"] is None:
        found.update(_position(schema, names, name, metric))
    elif found["lat"] is None or found["lon"] is None:
        other = "lat" if found["lat"] is None else "lon"
        found[other] = _by_alias(names, _aliases(other, metric), name, f"--{other}")
        if found[other] is None:
            raise BadOption(f"{name}: --{other} must be given as well; {_listed(names)}")
    if asked.crs is not None and found["geometry"] is not None:
        _check_stated(schema.field(found["geometry"]), name)
    if found["weight"] is None:
        found["weight"] = _only([column for column in names if column.strip().casefold() == "weight"])
    if found["time"] is None:
        found["time"] = next(iter(_ranked(names, _TIME)), None)
    return PointColumns(crs=asked.crs, decimal=asked.decimal, dates=asked.dates, place=place, **found)


def _place_columns(asked: TableOptions, names: Sequence[str], table: str) -> tuple[str, ...]:
    """Find the columns that name towns; refuse other positions beside them."""
    if asked.place is None:
        return ()
    for option in ("lat", "lon", "geometry", "crs"):
        if getattr(asked, option) is not None:
            raise BadOption(f"--place and --{option} both say where rows are: give one of them")
    parts = [part.strip() for part in asked.place.split(",")]
    if not all(parts):
        raise BadOption(
            f"--place={quote(str(asked.place))} names no column: write --place TOWN or --place TOWN,COUNTRY"
        )
    return tuple(dict.fromkeys(_named(part, names, table, "--place") for part in parts))


def _aliases(side: str, metric: bool) -> str:
    """Names of one coordinate, best fit for the coordinate system first."""
    degrees, metres = (_LAT, _NORTH) if side == "lat" else (_LON, _EAST)
    return f"{metres} {degrees}" if metric else degrees


def _check_geometry(schema: pa.Schema, found: Mapping[str, str | None], table: str) -> None:
    """Refuse a column that cannot hold geometry, and a geometry that is given together with lat or lon."""
    if found["lat"] is not None or found["lon"] is not None:
        raise BadOption(f"{table}: --geometry stands for --lat and --lon: give the one or the others")
    kind = schema.field(found["geometry"]).type
    if not _may_hold_geometry(kind):
        raise BadOption(
            f"{table}: the column {found['geometry']!r} for --geometry holds {kind}, not WKB, WKT, GeoJSON or text "
            "such as 60.17, 24.94"
        )


def _check_stated(field: pa.Field, table: str) -> None:
    stated = (field.metadata or {}).get(CRS, b"").decode()
    if stated:
        raise BadOption(
            f"{table} states its own coordinate system ({' '.join(stated.split())[:60]}): --crs is for what has none"
        )


def _position(schema: pa.Schema, names: Sequence[str], table: str, metric: bool) -> dict[str, str | None]:
    """Find the columns of positions if the user named none: a pair, or one of geometry."""
    declared = next((column for column in names if CRS in (schema.field(column).metadata or {})), None)
    if metric and declared is not None:
        return {"geometry": declared}
    lat, lon = _pair(names, table, metric)
    if lat is not None and not (declared is not None and plain_name(lat) in _METRIC):
        return {"lat": lat, "lon": lon}
    able = [column for column in names if _may_hold_geometry(schema.field(column).type)]
    geometry = declared or next(iter(_ranked(able, _GEOMETRY)), None)
    if geometry is None:
        raise BadOption(_missing(names, table))
    return {"geometry": geometry}


def _unique(names: Sequence[str]) -> list[str]:
    """Names that occur once; the others are ambiguous."""
    return [column for column in names if names.count(column) == 1] if len(set(names)) < len(names) else list(names)


def _only(found: Sequence[str]) -> str | None:
    return found[0] if len(found) == 1 else None


def _named(given: str, names: Sequence[str], table: str, option: str) -> str:
    """Find the column that the user means."""
    if given in names:
        return given
    plain = plain_name(given)
    for same in (str.casefold, plain_name):
        alike = [column for column in names if same(column) == same(given) and plain]
        if len(alike) == 1:
            return alike[0]
        if alike:
            raise BadOption(f"{table}: {option} {given} may mean {_either(alike)}; write it just as it is")
    close = get_close_matches(plain, [plain_name(column) for column in names], 1, 0.6)
    meant = [column for column in names if close and plain_name(column) == close[0]]
    hint = f"did you mean {meant[0]}? " if meant else ""
    raise BadOption(f"{table} has no column {given!r} for {option}; {hint}{_listed(names)}")


def _ranked(names: Sequence[str], aliases: str) -> list[str]:
    """All columns that bear the most specific of the aliases that occur."""
    ranks = {alias: rank for rank, alias in reversed(list(enumerate(aliases.split())))}
    held = [(ranks[plain], column) for column in names if (plain := plain_name(column)) in ranks]
    best = min((rank for rank, _ in held), default=None)
    return [column for rank, column in held if rank == best]


def _by_alias(names: Sequence[str], aliases: str, table: str, option: str) -> str | None:
    found = _ranked(names, aliases)
    if len(found) > 1:
        raise BadOption(f"{table}: {_either(found)} may be meant; say which with {option}")
    return _only(found)


def _pair(names: Sequence[str], table: str, metric: bool) -> tuple[str | None, str | None]:
    """Latitude and longitude, or northing and easting, or neither."""
    lat = _by_alias(names, _aliases("lat", metric), table, "--lat")
    lon = _by_alias(names, _aliases("lon", metric), table, "--lon")
    if lat is not None and lon is not None:
        return lat, lon
    pairs = _worded_pairs(names)
    if len(pairs) > 1:
        either = _either([f"{first} with {second}" for first, second in pairs[:5]])
        raise BadOption(f"{table} has several positions, {either}; say which with --lat and --lon")
    return pairs[0] if pairs else (None, None)


def _worded_pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs such as pickup_latitude and pickup_longitude, which differ in one word only."""
    rests: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for column in names:
        words = _words(column)
        for side, marks in enumerate((_LAT_WORDS, _LON_WORDS)):
            if len(marked := [word for word in words if word in marks]) == 1:
                rests[side]["".join(word for word in words if word != marked[0])] = column
    return [(column, rests[1][rest]) for rest, column in rests[0].items() if rest in rests[1]]


def _may_hold_geometry(kind: pa.DataType) -> bool:
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary)
    others = (pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_null)
    if pa.types.is_struct(kind):
        return {"x", "y"} <= {field.name for field in kind}
    return any(test(kind) for test in (*texts, *others))


def _missing(names: Sequence[str], table: str) -> str:
    plain = {plain_name(column) for column in names}
    if {"filename", "activityid"} <= plain or PurePath(table).name == "activities.csv":  # in any language
        return (
            f"{table} has no positions: it is the table of a Strava export; name the export's folder or ZIP instead, "
            "where its recordings are"
        )
    north, east = _ranked(names, _NORTH), _ranked(names, _EAST)
    if north and east:
        return f"{table}: {east[0]} and {north[0]} are metres of a map grid: say of which, --crs EPSG:n"
    lat, lon = _ranked(names, _LAT), _ranked(names, _LON)
    what = "latitude" if lon and not lat else "longitude" if lat and not lon else "latitude and longitude"
    options = {"latitude": "--lat", "longitude": "--lon"}.get(what, "--lat and --lon")
    both = "; --geometry names one that holds both" if names and len(options) > 5 else ""
    if towns := _ranked(names, _TOWNS):
        both += f"; where {towns[0]} names towns, --place={quote(towns[0])} places rows by their names"
    return f"{table}: no column is called {what}; name it with {options}; {_listed(names)}{both}"


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "it has no columns"
    shown = ", ".join(column if len(column) <= 40 else f"{column[:37]}..." for column in names[:_MOST_LISTED])
    more = len(names) - _MOST_LISTED
    return f"its columns are {shown}" + (f" and {more} more" if more > 0 else "")


def _either(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
