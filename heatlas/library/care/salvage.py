"""Read what is sound of a damaged library, from a copy of its file."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from heatlas.core.errors import HeatlasError, SourceFailed
from heatlas.library.care.readable_rows import readable_rows
from heatlas.library.file.connecting import connect
from heatlas.library.file.digests import DIGESTED, SMALL
from heatlas.library.file.schema import APPLICATION_ID, MIGRATIONS
from heatlas.library.file.settings import Settings, read_settings, read_zones
from heatlas.library.file.sound_rows import has_digests, is_corrupt, plain_rows, sort_rows
from heatlas.library.file.versions import refuse_noted
from heatlas.library.points.point_checks import sound_points
from heatlas.library.points.stored_points import list_point_sets
from heatlas.library.rows.activities import ActivityRow, activities_of
from heatlas.library.rows.tracks import NAMES, fingerprint, read_track, stored_track

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from heatlas.core.batch import Activity, Batch
    from heatlas.core.points import Points
    from heatlas.library.file.connecting import LibraryConnection
    from heatlas.library.points.stored_points import StoredPoints
    from heatlas.tracks.privacy import Zone

__all__ = ["Salvage", "Track", "open_damaged", "salvage"]

_PAGES = 1024, 8192
"""Bytes of a page of libraries, and of older ones."""
_LEAST_PAGE = 512
_PAGE_AT = 16
"""Offset of the size of a page."""
_HEAD = (
    (0, b"SQLite format 3\0"),
    (18, b"\2\2\0\x40\x20\x20"),  # a log, nothing reserved
    (44, b"\0\0\0\4\0\0\0\0"),  # format of the schema
    (56, b"\0\0\0\1"),  # UTF-8
    (68, APPLICATION_ID.to_bytes(4, "big")),
)
"""Offset and bytes of the head of every library (https://www.sqlite.org/fileformat2.html, 1.3)."""
_SIZE = 28
"""Offset of the number of pages."""


class Track(NamedTuple):
    """Track of a damaged library."""

    batch: Batch | None
    """None where nothing of it is sound."""
    lost: tuple[str, ...]
    """Columns that are damaged: the others and the positions are sound."""


class Salvage(NamedTuple):
    """What is sound of a damaged library; tracks and points are read one by one."""

    connection: sqlite3.Connection
    settings: Settings | None
    """None where nobody can tell."""
    zones: dict[str, Zone] | None
    """None where nobody can tell."""
    meta: dict[str, str]
    files: dict[int, tuple[Any, ...]]
    rows: dict[int, ActivityRow]
    """Rows of activities; a row without an entry in `activities` cannot be read."""
    activities: dict[int, Activity]
    lost: int
    """Rows of activities that are damaged, as are their copies."""
    healed: int
    """Small rows that are damaged, and read from their copies."""
    whole: bool
    """Whether the lists of files and activities can be read to their ends."""

    def track(self, number: int) -> Track:
        """Read a track of the damaged library."""
        activity, row = self.activities[number], self.rows[number]
        try:
            return Track(_sound(self.connection, row, activity, None), ())
        except (HeatlasError, sqlite3.Error):
            pass
        columns, lost = [], []
        for name in NAMES:
            try:
                found = _sound(self.connection, row, activity, name)
            except (HeatlasError, sqlite3.Error):
                lost.append(name)
                continue
            columns += [name] if name in found.columns else []
        try:
            positions = _sound(self.connection, row, activity, "")
        except (HeatlasError, sqlite3.Error):
            return Track(None, ())
        known = {name: _sound(self.connection, row, activity, name).columns[name] for name in columns}
        return Track(replace(positions, columns=known), tuple(lost))

    def is_sound(self, number: int) -> bool:
        """Whether an activity and its whole track are what was read."""
        if number not in self.activities:
            return False
        batch, lost = self.track(number)
        return batch is not None and not lost

    def track_rows(self, number: int) -> list[tuple[int, bytes]]:
        """Rows of a sound track as they are stored."""
        return stored_track(self.connection, number)

    def likely_zones(self) -> list[tuple[float, float, float]]:
        """Latitude, longitude and radius of zones as their damaged table says them."""
        found = []
        with suppress(sqlite3.Error):
            found = self.connection.execute("SELECT lat, lon, radius FROM zones").fetchall()
        return [row for row in found if all(isinstance(value, float) for value in row)]

    def point_sets(self) -> dict[str, StoredPoints]:
        """Point sets whose descriptions are sound, by name."""
        with suppress(HeatlasError, sqlite3.Error):
            return list_point_sets(self.connection)
        return {}

    def lost_point_sets(self) -> int:
        """Point sets whose descriptions are damaged, as far as their digests tell."""
        known = 0
        with suppress(sqlite3.Error):
            part = SMALL["point_sets"][0]
            (known,) = self.connection.execute("SELECT count(*) FROM digests WHERE part = ?", (part,)).fetchone()
        return max(known - len(self.point_sets()), 0)

    def points(self) -> Iterator[tuple[StoredPoints, Points | None]]:
        """Point sets with their points; None where these are damaged."""
        for stored in self.point_sets().values():
            try:
                yield stored, sound_points(self.connection, stored)
            except (HeatlasError, sqlite3.Error):
                yield stored, None


def _sound(connection: sqlite3.Connection, row: ActivityRow, activity: Activity, column: str | None) -> Batch:
    """Track with all columns (None), or with one; raises where that is not what was read."""
    batch = read_track(connection, row.number, activity, NAMES if column is None else (column,))
    if fingerprint(batch) != row.fingerprint:
        raise SourceFailed("it is not what was read")
    return batch


def open_damaged(path: Path, folder: Path) -> LibraryConnection:
    """Open a copy of a damaged library, whose head is mended.

    Parameters
    ----------
    path : Path
        The library; it is only read.
    folder : Path
        Where the copy is made.

    Raises
    ------
    SourceFailed
        When not even the list of its tables can be read.
    """
    found = _opened(path, folder)
    if found is None:
        raise SourceFailed(
            f"the library {path} is damaged where it says what is in it, and cannot be repaired: bring back a backup, "
            "or import the recordings into a new library, with the same --clip-ends and --zone"
        )
    found.library_path = path
    try:
        refuse_noted(found)
    except SourceFailed:
        found.close()
        raise
    return found


def _opened(path: Path, folder: Path) -> LibraryConnection | None:
    """Open a copy with a mended head; None if the tables that matter cannot be found."""
    copy = folder / "damaged.db"
    with path.open("rb") as file:
        stated = int.from_bytes(_read_at(file, _PAGE_AT, 2), "big")
    # The size that the head says comes first, unless no heatlas writes such pages: then the head may be damaged. Other
    # tools may have written the file with other pages.
    for page in (*sorted(_PAGES, key=stated.__ne__), None):
        for ending in ("", "-wal"):
            if path.with_name(path.name + ending).exists():
                shutil.copyfile(path.with_name(path.name + ending), copy.with_name(copy.name + ending))
        _mend_head(copy, page)
        connection = None
        with suppress(sqlite3.Error, UnicodeDecodeError):
            connection = connect(copy, lenient=True)
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            if {"activities", "tracks"} <= names:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
                steps = len(MIGRATIONS) if "digests" in names else min(DIGESTED - 1, version)
                connection.execute(f"PRAGMA user_version = {steps}")
                return connection
        if connection is not None:
            connection.close()
    return None


def _mend_head(copy: Path, page: int | None) -> None:
    """Write again what is the same in the head of every library, and the number of pages that are there.

    With a `page` of None the size of a page is left as it is.
    """
    with copy.open("r+b") as file:
        for offset, data in _HEAD if page is None else (*_HEAD, (_PAGE_AT, page.to_bytes(2, "big"))):
            file.seek(offset)
            file.write(data)
        bytes_of_page = int.from_bytes(_read_at(file, _PAGE_AT, 2), "big")
        there = file.seek(0, 2) // max(bytes_of_page, _LEAST_PAGE)
        if not 0 < int.from_bytes(_read_at(file, _SIZE, 4), "big") <= there:
            file.seek(_SIZE)
            file.write(there.to_bytes(4, "big"))


def _read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def salvage(connection: sqlite3.Connection) -> Salvage:
    """Read the small rows of a damaged library that `open_damaged` opened."""
    meta, healed, _, _ = _small(connection, "meta")
    files, more, _, whole = _small(connection, "files")
    activity_rows, most, lost, all_of_them = _small(connection, "activities")
    rows = {int(key): ActivityRow(*row) for key, row in activity_rows.items()}
    settings: Settings | None = None
    zones: dict[str, Zone] | None = None
    with suppress(SourceFailed, sqlite3.Error):
        settings = read_settings(connection)
    with suppress(SourceFailed, sqlite3.Error):
        zones = read_zones(connection)
    return Salvage(
        connection, settings, zones, {str(name): row[1] for name, row in meta.items()}, files, rows,
        activities_of(connection, list(rows.values())), lost, healed + more + most,
        whole and all_of_them,
    )  # fmt: skip


def _small(connection: sqlite3.Connection, table: str) -> tuple[dict[Any, tuple[Any, ...]], int, int, bool]:
    """Rows of a table with copies; how many of them are damaged; how many are lost; whether that is all of it."""
    try:
        found = sort_rows(connection, table)
    except sqlite3.Error as error:
        if not (is_corrupt(error) or isinstance(error, sqlite3.OperationalError)):
            raise
    else:
        return found.sound, len(found.healed), len(found.lost), True
    if has_digests(connection):
        return *readable_rows(connection, table), False
    try:  # without digests rows are what they are
        return plain_rows(connection, table), 0, 0, True
    except sqlite3.Error:
        return {}, 0, 0, False
