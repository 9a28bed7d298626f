"""What is known of point sets without their points."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.library.file.sound_rows import say, small_rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

__all__ = ["StoredPoints", "are", "list_point_sets", "points_of", "stored_data"]

_KNOWN = ("number", "name", "source", "weight", "points", "total", "lightest", "heaviest")


@frozen
class StoredPoints:
    """Description of a point set, without its points."""

    number: int
    name: str
    source: str
    """Names of the tables that it was read from."""
    weight: str | None
    """Column of the weights; None: each point counts 1."""
    points: int
    total: float
    """Sum of the weights; without weights the number of points."""
    lightest: float | None
    heaviest: float | None
    bbox: tuple[float, float, float, float]
    """West, south, east, north of all points, degrees; east exceeds 180 across the antimeridian."""
    digest: bytes
    """Digest of positions and weights."""
    dropped: dict[str, int]
    """Reason -> number of rows left out when the tables were read."""
    crowd: tuple[float, float, float, float] | None
    """Box of nearly all points, if it is much smaller than `bbox`."""
    time: str | None = None
    """Column of the times; None: they are not known."""
    days: tuple[tuple[int, int], ...] = ()
    """Days since 1970 on which there are points, and how many; of very many days only the first of each month."""

    @property
    def outcome(self) -> str:
        """What its row says beside its columns, as JSON."""
        times = {} if self.time is None else {"time": self.time, "days": [list(pair) for pair in self.days]}
        return json.dumps({"dropped": self.dropped, "crowd": self.crowd, **times})

    @property
    def signed(self) -> bool:
        """Whether any weight is below 0."""
        return self.lightest is not None and self.lightest < 0


def list_point_sets(connection: sqlite3.Connection) -> dict[str, StoredPoints]:
    """Point sets by name, in the order of their names."""
    found = {}
    for row in sorted(small_rows(connection, "point_sets").values(), key=lambda row: str(row[1])):
        try:
            said = json.loads(row[13])
            crowd = None if said["crowd"] is None else tuple(said["crowd"])
            dropped = said["dropped"]
            days = tuple((int(day), int(count)) for day, count in said.get("days", ()))
        except (ValueError, TypeError, KeyError, RecursionError):
            say(connection, f"the description of the points {row[1]} cannot be read, and they are left out")
            continue
        known = dict(zip(_KNOWN, row, strict=False))
        found[row[1]] = StoredPoints(
            **known, bbox=row[8:12], digest=row[12], dropped=dropped, crowd=crowd, time=said.get("time"), days=days
        )
    return found


def points_of(connection: sqlite3.Connection, name: str) -> StoredPoints:
    """Find a point set by name; case is ignored if that is unambiguous.

    Raises
    ------
    BadOption
        When there is none of that name; the message lists all names.
    """
    known = list_point_sets(connection)
    alike = [name] if name in known else [one for one in known if one.casefold() == name.casefold()]
    if len(alike) != 1:
        raise BadOption(f"there is no point set {name!r}: there {are(list(known))}")
    return known[alike[0]]


def are(names: Sequence[str]) -> str:
    """Write a list of names with its verb: "are a, b", "is a"."""
    return f"are {', '.join(names)}" if len(names) > 1 else f"is {names[0]}" if names else "is none"


def stored_data(stored: StoredPoints) -> dict[str, Any]:
    """Description of a point set as plain data."""
    return {
        "name": stored.name,
        "source": stored.source,
        "points": stored.points,
        "weight": stored.weight,
        "total": stored.total,
        "weights": None if stored.weight is None else [stored.lightest, stored.heaviest],
        "bbox": list(stored.bbox),
        "dropped": stored.dropped,
    }
