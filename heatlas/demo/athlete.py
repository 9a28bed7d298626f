"""Names, descriptions and gear that the athlete gives to activities."""

from __future__ import annotations

from bisect import bisect
from typing import TYPE_CHECKING

from heatlas.core.frozen import frozen
from heatlas.demo.diary import KINDS

if TYPE_CHECKING:
    import numpy as np

    from heatlas.demo.diary import Session

__all__ = ["Words", "tell"]

_NAMES = {
    "loop": ("River loop", "Feierabendrunde", "Once around the park", "Läufchen am Fluss", "Easy 🌿"),
    "commute": ("To work", "Way home"),
    "explore": ("New streets", "Straßen sammeln", "Where does this one go?", "Zigzag"),
    "long": ("Long run", 'Langer Lauf, "ganz langsam"', "Sunday long one"),
    "far": ("Dörferrunde", "Out and around", "Côte après côte", "Ride with Jörg & Zoë"),
    "intervals": ("25 laps", "Intervalle 🏃", "Track night"),
    "trail": ("Hairpins", "Auf den Berg", "Up, down, up"),
    "walk": ("Walk", "Spaziergang", "Sunday stroll"),
    "hike": ("Hike, slow and happy", "Wanderung"),
    "swim": ("Pool", "Bahnen ziehen"),
    "virtual": ("Turbo", "Island, indoors"),
    "holiday": ("Heath", "Urlaubsläufchen", "Sand and heather"),
}  # fmt: skip
_REMARKS = (
    'Legs heavy at first.\nBetter after the bridge, then "flying".',
    "6 × 3 min, 90 s easy",
    "Wind from all sides; windy, in a word.",
    "Schöner Morgen, Nebel über dem Fluss.\n\nReh gesehen!",
    "Too fast, too early",
)


@frozen(kw_only=True)
class Words:
    """Name, description and gear of an activity."""

    name: str
    about: str
    gear: str


def tell(session: Session, rng: np.random.Generator) -> Words:
    """Draw the name, description and gear of an activity.

    Four in ten loops, explorations, long rides and walks have the name that the service gave them.
    """
    kind = session.kind
    names = _NAMES[kind]
    name = names[session.number % 2] if kind == "commute" else names[int(rng.integers(len(names)))]
    if rng.random() < 0.4 and kind in {"loop", "explore", "far", "walk"}:
        part = ("Morning", "Lunch", "Afternoon", "Evening")[bisect((11, 14, 17), session.local)]
        name = f"{part} {KINDS[kind].sport}"
    about = _REMARKS[int(rng.integers(len(_REMARKS)))] if rng.random() < 0.12 else ""
    if kind in {"commute", "far", "virtual"}:
        gear = "Stadtrad" if kind == "commute" else "Road bike Nº 2"
    elif kind in {"swim", "walk"}:
        gear = ""
    else:
        gear = "Trail shoes" if kind in {"trail", "hike"} else "Road shoes"
    return Words(name=name, about=about, gear=gear)
