"""Recognise names of activities that a watch, an app or a service made up."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath

from heatlas.core.regex import regex
from heatlas.sources.sports import is_sport

__all__ = ["is_automatic"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS = regex(r"[^\W\d_]+")
_TIMES_OF_DAY = _words(
    """
    morning lunch midday noon afternoon evening night early late morgen morgens mittag mittags nachmittag
    nachmittags abend abends nacht nachts früh frühe matin midi apres après après-midi soir soirée nuit matinale
    mañana manana mediodía mediodia tarde noche matutina matinal vespertina nocturna mattina mattutina mattutino
    pranzo pomeriggio pomeridiana pomeridiano sera serale notte notturna notturno manhã manha almoço almoco
    noite noturna ochtend middag avond aamu päivä ilta yö aamupäivä iltapäivä morgon förmiddag eftermiddag kväll
    natt formiddag ettermiddag kveld rano poranny poranna popołudnie popołudniowy popołudniowa wieczór wieczorny
    wieczorna nocny nocna утренний утренняя дневной дневная вечерний вечерняя ночной ночная утро день вечер ночь
    """
)
_GENERAL = _words(
    """
    track tracks activity activities workout recording route course session log active current untitled unnamed
    new gps gpx fit tcx my no name on in the at of am im der die das den de du la le les el lo il a à al alla l
    d do da dos por pela en con op på i w nach zum zur strecke aufzeichnung trace parcours sortie aktivität
    activité actividad attività atividade activiteit monday tuesday wednesday thursday friday saturday sunday
    january february march april may june july august september october november december jan feb mar apr jun
    jul aug sep sept oct nov dec mon tue wed thu fri sat sun pm utc gmt t z
    """
)
_OF_A_PLACE = _words(
    """
    running cycling walking hiking swimming trailrunning laufen radfahren gehen wandern schwimmen cyclisme
    marche randonnée natation ciclismo senderismo natación corsa camminata escursionismo nuoto hardlopen fietsen
    wandelen
    """
)
"""Words at the end of names that Garmin makes from a place: "Berlin Running"."""
_TWO_WORDS = ("trail running", "mountain biking", "road cycling", "gravel cycling", "unpaved cycling", "open water")


def is_automatic(name: str, source: str = "", id: str = "") -> bool:  # noqa: A002 - the attribute's own name
    """Tell whether a name seems made up: a date, a sport and a time of day, or a place and a sport.

    Parameters
    ----------
    name : str
        Name of an activity.
    source, id : str
        Source and id of the same activity: a name that repeats the file's name or the id counts as made up too.
    """
    plain = name.strip().casefold()
    file = PurePosixPath(source.replace("\\", "/")).name.casefold()
    while "." in file and file.rpartition(".")[2] in {"gz", "gpx", "fit", "tcx", "zip"}:
        file = file.rpartition(".")[0]
    return plain in {"", file, id.casefold()} or _made_up(name.strip())


@lru_cache(maxsize=4096)
def _made_up(name: str) -> bool:
    if is_sport(name):
        return True
    words = _WORDS.findall(name)
    plain = [word.casefold() for word in words]
    rest = [word for word in plain if word not in _TIMES_OF_DAY and word not in _GENERAL]
    if all(map(is_sport, rest)) or is_sport(" ".join(rest)):
        return True
    said = [word for word in plain if word not in _TIMES_OF_DAY]
    while said and said[-1] in _GENERAL:
        said.pop()
        if is_sport(" ".join(said)):
            return True
    ends = plain[-1] in _OF_A_PLACE or " ".join(plain[-2:]) in _TWO_WORDS
    return ends and len(words) <= 5 and all(word[0].isupper() for word in words[:-1])
