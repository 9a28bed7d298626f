"""Store tracks whole and uncut, column by column, exact to the last bit.

Neighbouring values differ little. The differences of their bit patterns are stored byte by byte, all lowest bytes
first, and compressed with zstd. Positions are stored as steps of a grid where they lie on one
(`heatlas.library.rows.grids`), progress as the difference to a guess (`heatlas.library.rows.guessed_progress`), and
what was measured as decimals where it was recorded with few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import COLUMNS, Activity, Batch
from heatlas.core.errors import SourceFailed
from heatlas.core.hashing import blake2b
from heatlas.kernels.planes import add_up_doubles, add_up_singles, is_track
from heatlas.library.file.number_columns import Reader, single_bytes
from heatlas.library.file.packing import SMALL, is_marked, pack, pack_marked, unpack
from heatlas.library.file.sound_blobs import blobs_or_none
from heatlas.library.file.sound_rows import damaged, say
from heatlas.library.rows.grids import grid_bytes, read_grid
from heatlas.library.rows.guessed_progress import progress_bytes, read_progress

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import NDArray

__all__ = [
    "ALWAYS",
    "COLUMNS_OF",
    "NAMES",
    "activity_of_key",
    "column_names",
    "delete_track",
    "fingerprint",
    "first_fix",
    "has_column",
    "read_path",
    "read_track",
    "sound_tracks",
    "stored_columns",
    "stored_track",
    "write_track",
]

ALWAYS: dict[str, type[np.generic]] = {
    "u": np.float64,
    "v": np.float64,
    "time": np.float64,
    "progress": np.float32,
    "segments": np.int64,
}
"""Columns that each track has."""
_PATH = ("u", "v", "segments")
_SOUTHWARD = {"u": False, "v": True}
"""Columns that may lie on a grid, and whether they are southings."""
_NUMBERS = {name: k for k, name in enumerate([*ALWAYS, *COLUMNS])}
"""Name -> number of a column. New columns are added at the end."""
_COLUMNS = tuple(_NUMBERS)
NAMES = tuple(COLUMNS)
"""Names of the columns beside positions, times, progress and segments."""
_SPAN = 64
_FIRST, _LAST = f"number * {_SPAN} + {len(ALWAYS)}", f"(number + 1) * {_SPAN} - 1"
COLUMNS_OF = f"(SELECT count(*) FROM tracks WHERE key BETWEEN {_FIRST} AND {_LAST})"  # noqa: S608 - numbers
"""SQL: number of columns of `heatlas.core.batch.COLUMNS` that an activity has."""
_WORDS: dict[type[np.generic], np.dtype[Any]] = {
    kind: np.dtype(f"u{np.dtype(kind).itemsize}") for kind in (np.float32, np.float64, np.int64)
}
"""Type of a column -> whole numbers of as many bytes."""
_LEVEL = 4
"""zstd level; by 6 tracks are 1 % smaller and compressed in twice the time."""
_SHORT = {"progress": 512, "segments": 512}
"""Column that every drawing reads, and that is short in most tracks -> least bytes of it that are compressed. To unpack
a frame costs more than all else that is done with so few, and libraries are 0.04 % larger."""
_TOGETHER = 16
"""Tracks that one query reads. One for each takes a fifth longer; compressed, even long ones take a few MB."""


def _encode(name: str, column: NDArray[Any], u: NDArray[np.float64], v: NDArray[np.float64]) -> bytes:
    found, least = None, _SHORT.get(name, SMALL)
    if name in _SOUTHWARD:
        found = grid_bytes(column, _SOUTHWARD[name])
    elif name == "progress":
        found = progress_bytes(u, v, column)
    elif name in COLUMNS:
        found = single_bytes(column)
    if found is not None:
        return pack_marked(found, _LEVEL, least)
    words = column.view(f"<u{column.dtype.itemsize}")
    steps = words.copy()
    steps[1:] -= words[:-1]  # modulo 2**32 or 2**64
    planes = steps.view(np.uint8).reshape(-1, column.dtype.itemsize).T
    return pack(np.ascontiguousarray(planes).reshape(-1).data, _LEVEL, least=least)


def _decode(data: bytes, kind: type[np.generic]) -> NDArray[Any]:
    planes, word = unpack(data), _WORDS[kind]
    if kind is np.float64 and is_marked(data):
        return read_grid(planes)
    count, rest = divmod(len(planes), word.itemsize)
    if rest:
        raise SourceFailed("the library is damaged: a track's column is cut off")
    words = np.empty(count, word)
    (add_up_singles if word.itemsize == 4 else add_up_doubles)(planes, words)
    return words.view(kind)


def write_track(connection: sqlite3.Connection, number: int, batch: Batch) -> None:
    """Store the track of an activity: a batch of one."""
    columns = {name: getattr(batch, name) for name in ALWAYS} | dict(batch.columns)
    u, v = np.ascontiguousarray(batch.u), np.ascontiguousarray(batch.v)
    connection.executemany(
        "INSERT INTO tracks VALUES (?, ?)",
        [
            (number * _SPAN + _NUMBERS[name], _encode(name, np.ascontiguousarray(column), u, v))
            for name, column in columns.items()
        ],
    )


def read_track(
    connection: sqlite3.Connection, number: int, activity: Activity, columns: Collection[str] = COLUMNS
) -> Batch:
    """Read the track of an activity, with some of its columns.

    Raises
    ------
    SourceFailed
        When it is missing or damaged.
    """
    names = column_names(columns)
    return _batch(_decoded(connection, activity, names, stored_columns(connection, [number], names)[number]), activity)


def column_names(columns: Collection[str]) -> tuple[str, ...]:
    """Names of all columns that a batch with some columns is made of."""
    return (*ALWAYS, *(name for name in columns if name in _NUMBERS))


def _batch(found: dict[str, NDArray[Any]], activity: Activity) -> Batch:
    u, v, time, progress, segments = (found.pop(name) for name in ALWAYS)
    return Batch(
        u=u,
        v=v,
        time=time,
        progress=progress,
        columns=found,
        segments=segments,
        tracks=np.array([0, len(segments) - 1]),
        activities=(activity,),
    )


def read_path(
    connection: sqlite3.Connection, number: int, activity: Activity
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Read the way of an activity alone: u, v and segments, as a batch has them.

    Raises
    ------
    SourceFailed
        As `read_track` does.
    """
    found = _decoded(connection, activity, _PATH, stored_columns(connection, [number], _PATH)[number])
    return found["u"], found["v"], found["segments"]


def stored_columns(
    connection: sqlite3.Connection, numbers: Collection[int], names: Collection[str]
) -> dict[int, dict[str, bytes | None]]:
    """Read some columns of some tracks as they are stored, by the number of the activity; None for a damaged one."""
    keys = frozenset(number * _SPAN + _NUMBERS[name] for number in numbers for name in names)
    found: dict[int, dict[str, bytes | None]] = {number: {} for number in numbers}
    for key, data in blobs_or_none(connection, "tracks", keys):
        number, column = divmod(key, _SPAN)
        found[number][_COLUMNS[column]] = data
    return found


def _decoded(
    connection: sqlite3.Connection, activity: Activity, names: Collection[str], stored: Mapping[str, bytes | None]
) -> dict[str, NDArray[Any]]:
    """Decode some columns of a track; those of `ALWAYS` must be there."""
    found: dict[str, NDArray[Any]] = {}
    for name, data in stored.items():  # positions come first
        if data is None:
            raise damaged(connection, f"the track of {activity.source} is not what was written")
        if is_marked(data) and name not in _SOUTHWARD and _SOUTHWARD.keys() <= found.keys():
            if name == "progress":
                found[name] = read_progress(unpack(data), found["u"], found["v"])
            else:
                found[name] = Reader(unpack(data)).singles(len(found["u"]))
        else:
            found[name] = _decode(data, ALWAYS.get(name, np.float32))
    if not ALWAYS.keys() & set(names) <= found.keys():
        raise damaged(connection, f"it has no track of {activity.source}")
    # Kernels do not check their arguments, so damaged data must not reach them.
    u, v, segments = (found[name] for name in _PATH)
    others = (column for name, column in found.items() if name != "segments")
    if not (all(len(column) == len(u) for column in others) and is_track(u, v, segments)):
        raise damaged(connection, f"the track of {activity.source} is none")
    return found


def has_column(connection: sqlite3.Connection, name: str) -> bool:
    """Whether any track has a column; keys alone are looked at."""
    if name not in _NUMBERS:
        return True
    found = connection.execute(f"SELECT 1 FROM tracks WHERE key % {_SPAN} = ? LIMIT 1", (_NUMBERS[name],))  # noqa: S608
    return found.fetchone() is not None


def stored_track(connection: sqlite3.Connection, number: int) -> list[tuple[int, bytes]]:
    """Rows of the track of an activity, as they are stored."""
    keys = (number * _SPAN, (number + 1) * _SPAN - 1)
    return connection.execute("SELECT key, data FROM tracks WHERE key BETWEEN ? AND ?", keys).fetchall()


def sound_tracks(
    connection: sqlite3.Connection, activities: Mapping[int, Activity], columns: Collection[str] = COLUMNS
) -> Iterator[tuple[int, Batch]]:
    """Numbers and tracks of activities; damaged tracks are said and left out."""
    names, numbers = column_names(columns), list(activities)
    for first in range(0, len(numbers), _TOGETHER):
        for number, stored in stored_columns(connection, numbers[first : first + _TOGETHER], names).items():
            try:
                track = _batch(_decoded(connection, activities[number], names, stored), activities[number])
            except SourceFailed:
                say(connection, f"the track of {activities[number].source} cannot be read and is left out")
                continue
            yield number, track


def first_fix(connection: sqlite3.Connection, number: int) -> tuple[float, float] | None:
    """World coordinates of a track's first fix, without decoding the rest; None for a track without fixes."""
    found = []
    for name in ("u", "v"):
        row = connection.execute("SELECT data FROM tracks WHERE key = ?", (number * _SPAN + _NUMBERS[name],)).fetchone()
        if row is not None and is_marked(row[0]):
            found.append(float(_decode(row[0], np.float64)[0]))
            continue
        planes = np.frombuffer(unpack(row[0]) if row is not None else b"", np.uint8)
        if not len(planes) or len(planes) % 8:
            return None
        # The first value is stored as its difference to 0: the first byte of each plane.
        found.append(float(planes.reshape(8, -1)[:, 0].copy().view("<f8")[0]))
    return found[0], found[1]


def activity_of_key(key: int) -> int:
    """Number of the activity of a row of `tracks`."""
    return key // _SPAN


def delete_track(connection: sqlite3.Connection, number: int) -> None:
    """Delete the track of an activity."""
    connection.execute("DELETE FROM tracks WHERE key BETWEEN ? AND ?", (number * _SPAN, (number + 1) * _SPAN - 1))


def fingerprint(batch: Batch) -> bytes:
    """Digest of a track, 16 bytes: equal for equal positions, times and segments, whatever their source."""
    digest = blake2b(digest_size=16)
    for column in (batch.u, batch.v, batch.time, batch.segments):
        digest.update(np.ascontiguousarray(column).data)
    return digest.digest()
