"""Towns by their names: with country or region where they are said, never guessed among equals."""

from __future__ import annotations

from collections import defaultdict
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.core.regex import regex
from heatlas.gazetteer.folding import fold
from heatlas.gazetteer.packing import unpack
from heatlas.gazetteer.towns import FILE, Towns, towns

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FACTOR", "Answer", "Match", "describe_town", "find_town"]

_CITY = 200_000.0
"""People of a city that is meant by its name alone."""
FACTOR = 10.0
"""How many times as large as the next of its name a town must be to be taken for it."""
_SAME_KM = 30.0
"""Distance below which two towns of one name and country are one: a town and the municipality around it."""
_KM = 111.2
_PARTS = regex(r"[,;()\[\]]")
_DIGRAPHS = regex(r"([aou])e")
"""Umlauts as they are written without dots: Lueneburg."""
_ARTICLE = "the "
_ALIASES = {
    "usa": "US", "united states of america": "US", "america": "US", "uk": "GB", "great britain": "GB", "holland": "NL",
    "netherlands": "NL", "nederland": "NL", "czech republic": "CZ", "cesko": "CZ", "ivory coast": "CI", "burma": "MM",
    "turkiye": "TR", "turkey": "TR", "macedonia": "MK", "cape verde": "CV", "uae": "AE", "swaziland": "SZ",
    "deutschland": "DE", "allemagne": "DE", "osterreich": "AT", "schweiz": "CH", "suisse": "CH", "svizzera": "CH",
    "espana": "ES", "italia": "IT", "suomi": "FI", "sverige": "SE", "norge": "NO", "danmark": "DK", "polska": "PL",
    "belgique": "BE", "belgie": "BE", "brasil": "BR", "mexico": "MX", "magyarorszag": "HU", "eesti": "EE",
    "latvija": "LV", "lietuva": "LT", "hrvatska": "HR", "romania": "RO", "republic of ireland": "IE", "eire": "IE",
    "russian federation": "RU", "republic of korea": "KR", "korea": "KR", "viet nam": "VN", "drc": "CD",
}  # fmt: skip
"""Other names of countries, folded -> their codes."""


class Answer(Enum):
    """What is known of a name."""

    FOUND = "found"
    ALONE = "alone"
    """It is found, by its name alone: a smaller town of that name may be meant, which is not listed."""
    LARGEST = "largest"
    """There are several, one of them by far the largest."""
    SEVERAL = "several"
    UNKNOWN = "unknown"


class Match(NamedTuple):
    """Answer to a name."""

    answer: Answer
    towns: tuple[int, ...]
    """Candidates, the largest first: the first is meant unless there are several, or none."""


def find_town(name: str, said: Sequence[str] = ()) -> Match:
    """Find a town by its name.

    Parameters
    ----------
    name : str
        "Zürich", "Zurich", "Springfield, Illinois", "Paris (France)". Case, accents and punctuation do not matter.
    said : sequence of str
        What else is known: a country or a first administrative division each, by name or code; empty ones do not
        count. All must fit.
    """
    first, *rest = [part.strip() for part in _PARTS.split(name) if part.strip()] or [""]
    wanted = [fold(one) for one in (*rest, *said) if one.strip()]
    known = towns()
    plain = fold(first)
    named = _index().get(plain) or _index().get(_DIGRAPHS.sub(r"\1", plain), [])
    fitting = [k for k in named if all(_lies_in(known, k, one) for one in wanted)]
    found = _without_doubles(known, sorted(fitting, key=lambda k: (-known.packed.population[k], k)))
    if not found:
        return Match(Answer.UNKNOWN, ())
    if len(found) == 1:
        alone = not wanted and known.packed.population[found[0]] < _CITY
        return Match(Answer.ALONE if alone else Answer.FOUND, tuple(found))
    largest, second = (float(known.packed.population[k]) for k in found[:2])
    return Match(Answer.LARGEST if largest >= FACTOR * second else Answer.SEVERAL, tuple(found))


def describe_town(town: int) -> str:
    """Region and country of a town: "Illinois, United States"."""
    known = towns()
    return ", ".join(part for part in (known.region(town)[1], known.country(town)[1]) if part)


@lru_cache(1)
def _index() -> dict[str, list[int]]:
    """Folded name -> towns of that name."""
    packed, found = unpack(FILE.read_bytes()), defaultdict[str, list[int]](list)
    for k, (name, others) in enumerate(zip(packed.names, packed.others, strict=True)):
        for one in {fold(name), *others.split("|")} - {""}:
            found[one].append(k)
    return dict(found)


def _lies_in(known: Towns, town: int, wanted: str) -> bool:
    """Whether a country or region that is said, folded, is that of a town."""
    code, country = known.country(town)
    short, region = known.region(town)
    plain = wanted.removeprefix(_ARTICLE)
    names = {fold(country).removeprefix(_ARTICLE), fold(region), code.casefold(), _long_codes().get(code, "")}
    if short.isalpha():
        names.add(short.casefold())
    return plain in names or plain.replace(" ", "") in names or _ALIASES.get(plain) == code


@lru_cache(1)
def _long_codes() -> dict[str, str]:
    return {code: long.casefold() for code, long, _ in towns().packed.countries}


def _without_doubles(known: Towns, found: Sequence[int]) -> list[int]:
    """Towns without those that lie beside a larger one of the same name and country."""
    kept: list[int] = []
    lat, lon = known.packed.lat, known.packed.lon
    for k in found:
        beside = (
            known.country(k)[0] == known.country(other)[0]
            and np.hypot(lat[k] - lat[other], (lon[k] - lon[other]) * np.cos(np.radians(lat[k]))) * _KM < _SAME_KM
            for other in kept
        )
        if not any(beside):
            kept.append(k)
    return kept
