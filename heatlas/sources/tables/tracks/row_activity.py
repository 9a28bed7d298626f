"""Turn named values, such as the cells of a row or the properties of a feature, into the attributes of an activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.batch import Activity
from heatlas.sources.sports import is_sport, sport_name
from heatlas.sources.tables.cells.flags import PRIVATE, VISIBILITY, is_hidden, is_private, says_yes, unnumbered
from heatlas.sources.tables.columns import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["row_activity", "start_column"]

_STARTS = (
    "startdate", "starttime", "startedat", "start", "begin", "begintime", "date", "time", "timestamp", "startdatelocal",
)  # fmt: skip
_FACTS = {
    "id": "id runid activityid rideid tripid stravaid uid",
    "name": "name title activityname",
    "sport": "sporttype sport activitytype",
    "gear": "gearname gear bike shoes",
    "private": "private isprivate",
    "visibility": "visibility privacy",
    "commute": "commute iscommute",
    "distance": "distance distancem distancemeters",
    "moving_time": "movingtime movingseconds",
    "elapsed_time": "elapsedtime elapsedseconds duration",
}
_MAYBE_SPORTS = ("type", "activity", "category")
"""Names under which a value is the sport only if it is the name of one: "type" may be that of a road."""


def start_column(names: Iterable[str]) -> str | None:
    """Name of the column with the start of each track."""
    held = list(names)
    return next((name for word in _STARTS for name in held if plain_name(name) == word), None)


def row_activity(facts: dict[str, Any], source: str, start: float | None) -> Activity:
    """Make the activity that some facts describe.

    Parameters
    ----------
    facts : dict
        Name -> value. Names are compared as those of columns; what has no meaning of its own becomes an attribute.
    source : str
        Path of the file or table, for ``Activity.source``.
    start : float or None
        Unix seconds.

    Returns
    -------
    Activity
        Its id is empty if the facts have none.
    """
    facts = {name: value for name, value in facts.items() if not isinstance(value, (dict, list))}
    private = any(
        (unnumbered(name) in PRIVATE and is_private(value)) or (unnumbered(name) in VISIBILITY and is_hidden(value))
        for name, value in facts.items()
    )
    known = {fact: _taken(facts, words.split()) for fact, words in _FACTS.items()}
    if known["sport"] is None:
        known["sport"] = _taken({k: v for k, v in facts.items() if is_sport(str(v))}, _MAYBE_SPORTS, facts)
    return Activity(
        source=source,
        id="" if known["id"] is None else str(_whole(known["id"])),
        name=str(known["name"] or ""),
        sport=sport_name(str(known["sport"])) if known["sport"] else "Unknown",
        start=start,
        gear=str(known["gear"] or ""),
        private=private,
        commute=says_yes(known["commute"]),
        distance=_amount(known["distance"]),
        moving_time=_amount(known["moving_time"]),
        elapsed_time=_amount(known["elapsed_time"]),
        extra={"_".join(_words(name)): _whole(value) for name, value in facts.items() if value not in {None, ""}},
    )


def _taken(facts: dict[str, Any], words: Sequence[str], also: dict[str, Any] | None = None) -> Any:
    """Remove facts with these names until one has a value, and return it."""
    for word in words:
        for name in [name for name in facts if plain_name(name) == word]:
            value = facts.pop(name)
            if also is not None:
                del also[name]
            if value not in {None, ""}:
                return value
    return None


def _words(name: str) -> list[str]:
    return "".join(char if char.isalnum() else " " for char in name.lower()).split() or ["column"]


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    return value if isinstance(value, (str, bool, int, float)) else str(value)


def _amount(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and value >= 0 else None
