"""Store point sets in a library: named tables of weighted points, as they were read.

Zones and clipped ends hide parts of tracks. They do not apply to points, which their owner chose to show.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption, NothingToDraw, SourceFailed
from heatlas.core.points import Points
from heatlas.dataset.points import NoRows, PointSet, why_no_points
from heatlas.library.digests import SMALL, points_part
from heatlas.library.packing import pack, unpack
from heatlas.library.point_cells import cells_of
from heatlas.library.point_index import write_index
from heatlas.library.point_packing import Reader, decimals_bytes
from heatlas.library.sound_rows import damaged, has_digests, paired_with_digests, say, small_rows
from heatlas.raster.measure import COUNTS, SPENT
from heatlas.raster.spool import Tally
from heatlas.tracks.metrics import METRICS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from heatlas.library.store import Library

__all__ = [
    "LONGEST_NAME",
    "StoredPoints",
    "are",
    "check_name",
    "concatenated",
    "import_points",
    "list_point_sets",
    "name_from",
    "points_digest",
    "points_of",
    "read_points",
    "remove_point_set",
    "write_points",
]  # fmt: skip

LONGEST_NAME = 60
_CHUNK = 1 << 16
_LEVEL = 6
_WORLD = 180.0


@dataclass(frozen=True, slots=True)
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

    @property
    def signed(self) -> bool:
        """Whether any weight is below 0."""
        return self.lightest is not None and self.lightest < 0


def check_name(name: str) -> str:
    """Check the name of a point set; blanks become underscores.

    Raises
    ------
    BadOption
        When it cannot be part of a URL, or of a measure such as sum(NAME).
    """
    word = re.sub(r"\s+", "_", unicodedata.normalize("NFC", name).strip())
    if not (0 < len(word) <= LONGEST_NAME and all(char.isalnum() or char in "_-" for char in word)):
        raise BadOption(
            f"{name!r} cannot name a point set: take letters, digits, _ and -, at most {LONGEST_NAME} of them"
        )
    if word.casefold() in {*METRICS, *COUNTS, *SPENT}:
        raise BadOption(f"a point set cannot be called {word}, as that is a measure of tracks: say --name OTHER")
    return word


def name_from(source: str) -> str:
    """Make the name of a point set from that of a file, without folders, endings and unsuitable characters.

    Raises
    ------
    BadOption
        When nothing remains, or the name is a measure of tracks.
    """
    stem = re.split(r"[/\\]", source.rstrip("/\\"))[-1]
    stem = re.sub(r"(\.[A-Za-z0-9]{1,12}){1,2}$", "", stem) or stem
    word = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", stem)).strip("_")[:LONGEST_NAME]
    if not word:
        raise BadOption(f"{source} gives no name for its points: say --name NAME")
    return check_name(word)


_KNOWN = ("number", "name", "source", "weight", "points", "total", "lightest", "heaviest")
_COLUMNS = ", ".join(SMALL["point_sets"][1])


def list_point_sets(connection: sqlite3.Connection) -> dict[str, StoredPoints]:
    """Point sets by name, in the order of their names."""
    found = {}
    for row in sorted(small_rows(connection, "point_sets").values(), key=lambda row: str(row[1])):
        try:
            said = json.loads(row[13])
            crowd = None if said["crowd"] is None else tuple(said["crowd"])
            dropped = said["dropped"]
        except (ValueError, TypeError, KeyError, RecursionError):
            say(connection, f"the description of the points {row[1]} cannot be read, and they are left out")
            continue
        known = dict(zip(_KNOWN, row, strict=False))
        found[row[1]] = StoredPoints(**known, bbox=row[8:12], digest=row[12], dropped=dropped, crowd=crowd)
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


def import_points(
    library: Library, name: str, points: PointSet, told: Callable[[int], None] = lambda rows: None
) -> tuple[StoredPoints, Tally, bool]:
    """Import points under a name, replacing a set of that name, in one transaction.

    Points are held in memory while they are indexed, some 100 bytes each.

    Parameters
    ----------
    library : Library
        The library.
    name : str
        Name from `check_name`.
    points : PointSet
        Points, read once before anything is written.
    told : callable, optional
        Called with the rows read so far.

    Returns
    -------
    StoredPoints
        Point set in the library.
    Tally
        Counts and sums of the rows that were read.
    bool
        Whether anything was written; equal points under the same name are not written again.

    Raises
    ------
    NothingToDraw
        When no row is a point.
    SourceFailed
        When the table cannot be read to its end, or the library cannot be written.
    """
    tally = Tally()
    chunks = list(tally(points.chunks(), told))
    box = tally.bbox
    if box is None:
        raise (NothingToDraw if tally.rows else NoRows)(why_no_points(points.name, tally))
    whole = concatenated(chunks)
    del chunks
    digest = points_digest(whole, points.weight)
    with library.read() as connection:
        if (before := list_point_sets(connection).get(name)) is not None and before.digest == digest:
            return before, tally, False
    cells = cells_of(whole)
    weighed = whole.weight is not None
    outcome = json.dumps({"dropped": dict(tally.dropped), "crowd": tally.crowd})
    with library.write() as connection:
        connection.execute("DELETE FROM point_sets WHERE name = ?", (name,))
        number = connection.execute(
            f"INSERT INTO point_sets ({_COLUMNS}) VALUES (NULL{', ?' * 13})",  # noqa: S608
            (
                name, points.name, points.weight, tally.points, tally.total, tally.lightest if weighed else None,
                tally.heaviest if weighed else None, *box, digest, outcome,
            ),
        ).lastrowid  # fmt: skip
        assert number is not None
        _write_rows(connection, number, whole)
        write_index(connection, number, cells)
        stored = list_point_sets(connection)[name]
    return stored, tally, True


def points_digest(points: Points, weight: str | None) -> bytes:
    """Digest of positions and weights, 16 bytes."""
    digest = hashlib.blake2b(f"{weight!r}".encode(), digest_size=16)
    for column in (points.lon, points.lat, points.weight):
        if column is not None:
            digest.update(np.ascontiguousarray(column).data)
    return digest.digest()


def _write_rows(connection: sqlite3.Connection, number: int, points: Points) -> None:
    for chunk, first in enumerate(range(0, len(points), _CHUNK)):
        columns = [points.lon, points.lat, *([] if points.weight is None else [points.weight])]
        part = [np.ascontiguousarray(column[first : first + _CHUNK]) for column in columns]
        data = pack(b"".join(map(decimals_bytes, part)), _LEVEL)
        connection.execute("INSERT INTO points VALUES (?, ?, ?, ?)", (number, chunk, len(part[0]), data))


def read_points(connection: sqlite3.Connection, stored: StoredPoints) -> Iterator[Points]:
    """Read the points of a set, in their order and exact to the last bit.

    Raises
    ------
    SourceFailed
        When they are damaged.
    """
    left = stored.points
    for key, data in _rows_of(connection, stored):
        count = key & ((1 << 20) - 1)
        reader = Reader(unpack(data))
        if not 0 < count <= min(_CHUNK, left):
            raise SourceFailed(f"the library is damaged: the points of {stored.name} are not as many as were kept")
        lon, lat = reader.decimals(count), reader.decimals(count)
        weight = None if stored.weight is None else reader.decimals(count)
        if not ((np.abs(lon) <= _WORLD).all() and (np.abs(lat) <= _WORLD / 2).all()):
            raise SourceFailed(f"the library is damaged: points of {stored.name} lie off the globe")
        left -= count
        yield Points(lon=lon, lat=lat, weight=weight)
    if left:
        raise SourceFailed(f"the library is damaged: {left:,} points of {stored.name} are missing")


def _rows_of(connection: sqlite3.Connection, stored: StoredPoints) -> Iterator[tuple[int, bytes]]:
    """Rows of a set's points: chunk << 20 | count, and blob."""
    rows = connection.execute(
        "SELECT chunk << 20 | count, data FROM points WHERE point_set = ? ORDER BY chunk", (stored.number,)
    )
    if not has_digests(connection):
        yield from rows.fetchall()
        return
    for key, data, sound in paired_with_digests(connection, points_part(stored.number), rows):
        if not sound or data is None:
            raise damaged(connection, f"points of {stored.name} are not what was read")
        yield key, data


def remove_point_set(library: Library, name: str) -> StoredPoints:
    """Remove a point set, and return its description.

    Raises
    ------
    BadOption
        When there is none of that name.
    """
    with library.write() as connection:
        stored = points_of(connection, name)
        connection.execute("DELETE FROM point_sets WHERE number = ?", (stored.number,))
    return stored


def write_points(connection: sqlite3.Connection, stored: StoredPoints, points: Points) -> None:
    """Write points and index of a set whose row is there."""
    _write_rows(connection, stored.number, points)
    write_index(connection, stored.number, cells_of(points))


def concatenated(chunks: list[Points]) -> Points:
    """Points of all chunks."""
    weights = [chunk.weight for chunk in chunks if chunk.weight is not None]
    return Points(
        lon=np.concatenate([chunk.lon for chunk in chunks]),
        lat=np.concatenate([chunk.lat for chunk in chunks]),
        weight=np.concatenate(weights) if weights else None,
    )
