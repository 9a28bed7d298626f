"""Tables of a library, and the migrations of older files.

A file's `user_version` is the number of steps that it has taken. A new file takes all of them. A released step never
changes; another step is added instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.sources.sqlite_head import LIBRARY_ID

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from heatlas.core.context import Context

__all__ = ["APPLICATION_ID", "MIGRATIONS", "READABLE", "SPAN", "TIMELESS"]

APPLICATION_ID = LIBRARY_ID
"""HeAt; distinguishes a library from other SQLite databases."""

_FIRST = (
    """
    CREATE TABLE meta (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL  -- JSON
    ) WITHOUT ROWID, STRICT
    """,
    """
    CREATE TABLE zones (
        name TEXT PRIMARY KEY,
        lat REAL NOT NULL,
        lon REAL NOT NULL,
        radius REAL NOT NULL  -- metres
    ) WITHOUT ROWID, STRICT
    """,
    """
    CREATE TABLE files (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,  -- path, with members of archives after a slash
        size INTEGER NOT NULL,  -- bytes on disk
        changed INTEGER NOT NULL,  -- of the file, or of the archive that it is in: nanoseconds since 1970
        digest BLOB NOT NULL,  -- BLAKE2b of the bytes on disk
        said BLOB NOT NULL,  -- BLAKE2b of what the table of its export says of it; empty where nothing
        outcome TEXT NOT NULL  -- JSON: what was read and what was left out, and why
    ) STRICT
    """,
    # AUTOINCREMENT: a number is never used again, so that a filter made before a removal selects nothing else after it.
    """
    CREATE TABLE activities (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        file INTEGER NOT NULL REFERENCES files,
        same_as INTEGER REFERENCES activities DEFERRABLE INITIALLY DEFERRED,  -- the richer copy that is shown instead
        source TEXT NOT NULL,
        id TEXT NOT NULL,
        sport TEXT NOT NULL,
        name TEXT NOT NULL,
        start REAL,  -- Unix seconds
        distance REAL,  -- metres
        elapsed_time REAL,  -- seconds
        moving_time REAL,  -- seconds
        gear TEXT NOT NULL,
        commute INTEGER NOT NULL,
        private INTEGER NOT NULL,
        device TEXT NOT NULL,
        extra TEXT NOT NULL,  -- JSON
        fixes INTEGER NOT NULL,
        timed INTEGER NOT NULL,  -- fixes that have a time
        first REAL,  -- least time of a fix, Unix seconds
        last REAL,  -- greatest
        west REAL NOT NULL,  -- world coordinates of the whole track, nothing cut
        east REAL NOT NULL,
        north REAL NOT NULL,
        south REAL NOT NULL,
        fingerprint BLOB NOT NULL  -- BLAKE2b of the track
    ) STRICT
    """,
    "CREATE INDEX activities_by_file ON activities (file)",
    "CREATE INDEX activities_by_copy ON activities (same_as) WHERE same_as IS NOT NULL",
    "CREATE INDEX activities_by_time ON activities (first, last)",
    "CREATE INDEX activities_by_fixes ON activities (fixes)",
    # One row for each column of a track: key = activity * 64 + column (heatlas.library.file.columns).
    "CREATE TABLE tracks (key INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT",
    # One row for each column of a chunk of a tile; the key holds all of that (heatlas.library.file.keys).
    "CREATE TABLE passages (key INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT",
    """
    CREATE VIEW chunks AS
    SELECT key & 15 AS metric, (key >> 57) & 31 AS z, (key >> 37) & 1048575 AS x, (key >> 17) & 1048575 AS y,
           (key >> 4) & 8191 AS chunk, length(data) AS bytes
    FROM passages
    """,
)

_POINTS = (
    # AUTOINCREMENT, as for activities: results for one point set are never taken for another's.
    """
    CREATE TABLE point_sets (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        source TEXT NOT NULL,  -- what its tables were called
        weight TEXT,  -- column of the weights; NULL: each point counts 1
        points INTEGER NOT NULL,
        total REAL NOT NULL,  -- sum of the weights; the number of points where there are none
        lightest REAL,
        heaviest REAL,
        west REAL NOT NULL,  -- box of all points, degrees; east exceeds 180 across the antimeridian
        south REAL NOT NULL,
        east REAL NOT NULL,
        north REAL NOT NULL,
        digest BLOB NOT NULL,  -- BLAKE2b of positions and weights
        outcome TEXT NOT NULL  -- JSON: rows that were left out and why, and where nearly all points lie
    ) STRICT
    """,
    # The points as they were read, some ten thousand to a row (heatlas.library.points.point_sets).
    """
    CREATE TABLE points (
        point_set INTEGER NOT NULL REFERENCES point_sets ON DELETE CASCADE,
        chunk INTEGER NOT NULL,
        count INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (point_set, chunk)
    ) STRICT
    """,
    # The points in cells, some thousand to a row (heatlas.library.points.point_index).
    """
    CREATE TABLE point_cells (
        point_set INTEGER NOT NULL REFERENCES point_sets ON DELETE CASCADE,
        level INTEGER NOT NULL,
        first INTEGER NOT NULL,  -- Morton number of the first cell
        data BLOB NOT NULL,
        PRIMARY KEY (point_set, level, first)
    ) STRICT
    """,
)

# Existing zones keep the cuts that were drawn for them; new ones have a better rule (heatlas.tracks.privacy).
_RULES = ("ALTER TABLE zones ADD COLUMN rule INTEGER NOT NULL DEFAULT 1",)

TIMELESS = "(first IS NULL OR last - first < 1 OR first < 315532800 OR last > 4102444800 OR 2 * timed < fixes)"
"""SQL: whether `heatlas.tracks.duplicates` might not trust the times of an activity; true in case of doubt."""
SPAN = "((last - first > 7200) + (last - first > 86400) + (last - first > 864000))"
"""SQL: class 0 to 3 of an activity's duration, with which activities that overlap a time are found by their start."""

_COPIES = (
    # Attributes that a table beside the recordings states; of older files all that such a table may hold.
    "ALTER TABLE activities ADD COLUMN told TEXT NOT NULL DEFAULT ''",  # names of attributes, with blanks between
    """
    UPDATE activities SET told = 'commute distance elapsed_time extra gear id moving_time name private sport start'
    WHERE file IN (SELECT number FROM files WHERE said <> x'')
    """,
    # Number of a private copy that is merged into another activity, but makes this one private too.
    "ALTER TABLE activities ADD COLUMN private_by INTEGER REFERENCES activities DEFERRABLE INITIALLY DEFERRED",
    "CREATE INDEX activities_by_private_copy ON activities (private_by) WHERE private_by IS NOT NULL",
    f"CREATE INDEX activities_by_span ON activities ({SPAN}, first, last)",
    "CREATE INDEX activities_by_box ON activities (west, east, north, south)",
    f"CREATE INDEX activities_timeless ON activities ({TIMELESS}, west)",
)


def _time_zones(connection: sqlite3.Connection, _: Context) -> None:
    from heatlas.library.rows.time_zones import fill_time_zones

    fill_time_zones(connection)


_LOCAL = (
    # Seconds by which local time was ahead of UTC, as the recording says; else the IANA name of its place's time zone.
    "ALTER TABLE activities ADD COLUMN utc_offset REAL",
    "ALTER TABLE activities ADD COLUMN time_zone TEXT NOT NULL DEFAULT ''",
    # Offsets of FIT files were in `extra`, under the same name. Many recorders write 0 when they know none.
    """
    UPDATE activities
    SET utc_offset = nullif(json_extract(extra, '$.utc_offset'), 0), extra = json_remove(extra, '$.utc_offset')
    WHERE json_type(extra, '$.utc_offset') IN ('integer', 'real')
    """,
    _time_zones,
)

# Columns from 16 on have keys of another form (heatlas.library.file.keys). Existing rows stay unchanged, as they have
# no such column; only the view must know the form.
_ZOOM = " + ".join(f"(zoom_and_x > {(1 << k) - 1})" for k in range(1, 21))  # place of the highest bit
_WIDE = (
    "DROP VIEW chunks",
    f"""
    CREATE VIEW chunks AS
    SELECT key & 15 AS metric, (key >> 57) & 31 AS z, (key >> 37) & 1048575 AS x, (key >> 17) & 1048575 AS y,
           (key >> 4) & 8191 AS chunk, length(data) AS bytes
    FROM passages WHERE key >= 0
    UNION ALL
    SELECT key & 63, z, zoom_and_x - (1 << z), (key >> 19) & 1048575, (key >> 6) & 8191, length(data)
    FROM (
        SELECT key, data, zoom_and_x, {_ZOOM} AS z
        FROM (SELECT key, data, (key >> 39) & 2097151 AS zoom_and_x FROM passages WHERE key < 0)
    )
    """,  # noqa: S608 - numbers
)

# Of relations: means of the columns over each activity, and the moments of the heart rate's model.
_MEANS = (
    """
    CREATE TABLE activity_means (
        number INTEGER PRIMARY KEY REFERENCES activities ON DELETE CASCADE,
        data BLOB NOT NULL  -- float64, little-endian (heatlas.library.rows.activity_means)
    ) STRICT
    """,
)

# Digests of all rows, and copies of small ones (heatlas.library.file.digests).
_DIGESTS_OF = """
    CREATE TABLE digests (
        part INTEGER NOT NULL,  -- table of the row, or point set and level
        key ANY NOT NULL,  -- of the row
        digest BLOB NOT NULL,  -- BLAKE2b, 8 bytes
        copy TEXT,  -- the row as JSON, of tables with small rows
        PRIMARY KEY (part, key)
    ) WITHOUT ROWID, STRICT
"""


def _stamp(connection: sqlite3.Connection, context: Context) -> None:
    from heatlas.library.file.digests import stamp

    # Nobody can vouch for rows that were written before there were digests.
    connection.execute(
        "INSERT OR REPLACE INTO meta SELECT 'undigested', json(max(number)) FROM activities HAVING count(*) > 0"
    )
    stamp(connection, context)


_DIGESTS = (_DIGESTS_OF, _stamp)


def _watch_anew(connection: sqlite3.Connection, _: Context) -> None:
    from heatlas.library.file.digests import unwatch

    unwatch(connection)


# Whose an activity is, and whose tracks a zone hides; empty where unknown, and of zones for everybody. Digests of rows
# without a person stay as they are.
_PEOPLE = (
    "ALTER TABLE activities ADD COLUMN person TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE zones ADD COLUMN person TEXT NOT NULL DEFAULT ''",
    _watch_anew,
)

# Chunks that are written from here on have their header apart, and folded columns (heatlas.library.file.packing): an
# older heatlas must not read them. What is there stays as it is until it is merged with others.
_FOLDED = ()


def _mark(connection: sqlite3.Connection, context: Context) -> None:
    from heatlas.library.file.digests import unwatch, watch
    from heatlas.library.rows.marks import fill_marks

    unwatch(connection)  # it did not know the table
    watch(connection)
    fill_marks(connection, context)


# Where activities begin, end and stop: suggesting zones needs no tracks then.
_MARKS = (
    """
    CREATE TABLE activity_marks (
        number INTEGER PRIMARY KEY REFERENCES activities ON DELETE CASCADE,
        data BLOB NOT NULL  -- float64, little-endian (heatlas.library.rows.marks)
    ) STRICT
    """,
    _mark,
)

# Tracks that are written from here on have their positions as steps of a grid where they lie on one, progress as the
# difference to a guess, and decimals (heatlas.library.rows.tracks): an older heatlas must not read them. What is there
# stays as it is.
_GRIDS = ()

MIGRATIONS: tuple[tuple[str | Callable[[sqlite3.Connection, Context], None], ...], ...] = (
    _FIRST,
    _POINTS,
    _RULES,
    _COPIES,
    _LOCAL,
    _WIDE,
    _MEANS,
    _DIGESTS,
    _PEOPLE,
    _FOLDED,
    _MARKS,
    _GRIDS,
)
"""Statements of each step: SQL, or a function of the connection and the context of the work."""
READABLE = 5
"""Steps that reading needs; further ones are needed only to write."""
