"""Cut the towns that heatlas ships from a dump of GeoNames.

Dump format: https://download.geonames.org/export/dump/readme.txt (files citiesN.txt, admin1CodesASCII.txt and
countryInfo.txt). In the cut are towns of `LEAST` people or more, capitals, and where none of these is near, the
largest place within `ALONE_KM`: so maps have names where few people live. Other names are kept of cities alone, and
only those in Latin letters, as these are searched and not shown.

Parts of towns are left out, by their feature codes. Copies of a dump may lack codes. A place without one counts as a
part when it lies in the circle that a larger city of its country would fill (`CROWD` people a square kilometre), and
has at most half of its people.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import SourceFailed
from heatlas.core.frozen import frozen
from heatlas.core.regex import regex
from heatlas.gazetteer.folding import fold
from heatlas.gazetteer.packing import Packed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["cut_towns"]

LEAST = 20_000
"""People of a town that is always in the cut."""
SMALLEST = 1_000
"""People of a place that is in the cut because it is the largest around."""
ALONE_KM = 17.0
CITY = 200_000
"""People of a city whose other names are kept, and those of capitals."""
_PARTS = frozenset({"PPLX", "PPLH", "PPLQ", "PPLW", "PPLCH"})
"""Feature codes of parts of towns, and of places where nobody lives any more."""
CROWD = 4_000
"""People of a square kilometre of a city: how wide it is taken to be where codes do not tell its parts."""
_SHARE = 0.5
_KNOWN_PARTS = frozenset({("HU", "Pest"), ("HK", "New Territories")})
"""Parts without a code that have more than this share of their city's people."""
_WIDE = 50_000
"""People of a city that can have parts."""
_LATIN = regex(r"[A-Z\u00c0-\u00de\u0100-\u024f][^\W\d_A-Z]+(?:[ '\u2019-][^\W\d_]+)*")
_KM = 111.2
"""Kilometres of a degree of latitude."""


@frozen
class _Town:
    name: str
    others: tuple[str, ...]
    lat: float
    lon: float
    code: str
    country: str
    region: str
    population: int


def cut_towns(cities: Path, regions: Path, countries: Path) -> Packed:
    """Cut towns from three files of a dump.

    Raises
    ------
    SourceFailed
        When a file has too few columns, or a number that is none.
    """
    towns = [town for town in _read_cities(cities) if town.code not in _PARTS]
    towns.sort(key=lambda town: (-town.population, town.country, town.name, town.lat))
    towns = _without_parts(towns)
    alone = _alone(towns)
    kept = [
        town for town, lone in zip(towns, alone, strict=True)
        if town.population >= LEAST or town.code == "PPLC" or (lone and town.population >= SMALLEST)
    ]  # fmt: skip
    kept.sort(key=lambda town: (town.country, town.region, town.lon, town.lat))
    used = sorted({town.region for town in kept})
    names = {row[0]: row[1] for row in _rows(regions, 2, (0, 1))}
    known = sorted({town.country for town in kept})
    listed = {code: (long, name) for code, long, name in _rows(countries, 5, (0, 1, 4))}
    number = {region: k for k, region in enumerate(used)}
    return Packed(
        names=[town.name for town in kept],
        others=["|".join(_others(town)) for town in kept],
        lat=np.array([town.lat for town in kept]),
        lon=np.array([town.lon for town in kept]),
        population=np.array([float(town.population) for town in kept]),
        region=np.array([number[town.region] for town in kept], np.int64),
        regions=[(code, names.get(code, "")) for code in used],
        countries=[(code, *listed.get(code, ("", code))) for code in known],
    )


def _read_cities(path: Path) -> Iterator[_Town]:
    for name, others, lat, lon, code, country, region, people in _rows(path, 15, (1, 3, 4, 5, 7, 8, 10, 14)):
        try:
            place = float(lat), float(lon), int(people or 0)
        except ValueError:
            raise SourceFailed(f"{path}: the row of {name} has no numbers where its position should be") from None
        yield _Town(name, tuple(others.split(",")), *place[:2], code, country, f"{country}.{region}", place[2])


def _rows(path: Path, least: int, columns: Sequence[int]) -> Iterator[tuple[str, ...]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#") or not line.strip():
                continue
            cells = line.rstrip("\r\n").split("\t")
            if len(cells) < least:
                raise SourceFailed(f"{path} has {len(cells)} columns in line {number}, not {least} as GeoNames' files")
            yield tuple(cells[k] for k in columns)


def _without_parts(towns: Sequence[_Town]) -> list[_Town]:
    """Towns without the places that have no code and are parts; they are ordered by population, the largest first."""
    cities: defaultdict[str, list[_Town]] = defaultdict(list)
    kept = []
    for town in towns:
        if not town.code and _is_part(town, cities[town.country]):
            continue
        kept.append(town)
        if town.population >= _WIDE:
            cities[town.country].append(town)
    return kept


def _is_part(town: _Town, cities: Sequence[_Town]) -> bool:
    """Whether a place lies in a much larger city."""
    return (town.country, town.name) in _KNOWN_PARTS or any(
        town.population <= _SHARE * city.population and _km(town, city) < math.sqrt(city.population / CROWD / math.pi)
        for city in cities
        if abs(town.lat - city.lat) < 1
    )


def _km(one: _Town, other: _Town) -> float:
    east = ((one.lon - other.lon + 180) % 360 - 180) * math.cos(math.radians(one.lat))
    return math.hypot(one.lat - other.lat, east) * _KM


def _alone(towns: Sequence[_Town]) -> list[bool]:
    """Whether no larger place that is alone, too, lies near; towns are ordered by population, the largest first."""
    size = ALONE_KM / _KM
    bands: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    found = []
    for town in towns:
        band, narrow = math.floor(town.lat / size), math.cos(math.radians(town.lat))
        near = any(
            (lat - town.lat) ** 2 + (((lon - town.lon + 180) % 360 - 180) * narrow) ** 2 < size**2
            for k in (band - 1, band, band + 1)
            for lat, lon in bands.get(k, ())
        )
        if not near:
            bands[band].append((town.lat, town.lon))
        found.append(not near)
    return found


def _others(town: _Town) -> list[str]:
    """Other names of a city, folded; abbreviations and transliterations, which are in one case, are left out."""
    if town.population < CITY and town.code != "PPLC":
        return []
    written = {fold(name) for name in town.others if _LATIN.fullmatch(name)}
    return sorted(name for name in written if len(name) > 2 and name != fold(town.name))
