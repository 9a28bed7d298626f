"""Tiles in one SQLite file: MBTiles 1.3 (Mapbox), and the .sqlitedb of OsmAnd, Locus and other phone apps.

MBTiles: https://github.com/mapbox/mbtiles-spec/blob/master/1.3/spec.md; rows count from the south. The .sqlitedb:
"Tiles SQLite Format" of OsmAnd's technical documentation, after the format of BigPlanet; rows count from the north,
zooms backwards from 17.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from heatlas.core.frozen import frozen
from heatlas.core.paths import rename
from heatlas.publish.ledger import failures, open_ledger
from heatlas.publish.sink import Sink
from heatlas.sources.sqlite_head import address_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from heatlas.publish.ledger import Ledger
    from heatlas.publish.sink import Metadata

__all__ = ["MBTILES", "SQLITEDB", "TileTable", "is_our_database", "open_database", "partial_of"]


@frozen
class TileTable:
    """Format of a SQLite file of tiles."""

    tables: tuple[str, ...]
    write: str
    """SQL that stores a tile; values: its place and bytes."""
    remove: str
    """SQL that removes a tile; values: its place."""
    place: Callable[[int, int, int], tuple[int, int, int]]
    """Zoom, column and row -> the same as the format numbers them."""
    describe: Callable[[Metadata], tuple[str, list[tuple[Any, ...]]]]
    """Metadata -> SQL that stores it, and rows of values."""
    about: str
    """Table of the metadata."""


def _mbtiles_rows(metadata: Metadata) -> tuple[str, list[tuple[Any, ...]]]:
    rows = {
        "name": metadata.title,
        "format": metadata.form,
        "bounds": ",".join(f"{degrees:.6f}" for degrees in metadata.bounds),
        "center": "{:.6f},{:.6f},{}".format(*metadata.center),
        "minzoom": str(metadata.zooms[0]),
        "maxzoom": str(metadata.zooms[1]),
        "attribution": metadata.attribution,
        "description": metadata.description,
        "type": "overlay",
        "version": "1",
        "json": json.dumps({"legend": metadata.legend}, ensure_ascii=False),
    }
    return "INSERT INTO metadata VALUES (?, ?)", [(name, value) for name, value in rows.items() if value]


MBTILES = TileTable(
    tables=(
        "CREATE TABLE IF NOT EXISTS metadata (name TEXT, value TEXT)",
        "CREATE UNIQUE INDEX IF NOT EXISTS names ON metadata (name)",
        "CREATE TABLE IF NOT EXISTS tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB)",
        "CREATE UNIQUE INDEX IF NOT EXISTS tile_index ON tiles (zoom_level, tile_column, tile_row)",
    ),
    write="INSERT OR REPLACE INTO tiles VALUES (?, ?, ?, ?)",
    remove="DELETE FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?",
    place=lambda zoom, x, y: (zoom, x, (1 << zoom) - 1 - y),
    describe=_mbtiles_rows,
    about="metadata",
)
"""For tile servers, QGIS, GDAL and many apps."""


def _sqlitedb_row(metadata: Metadata) -> tuple[str, list[tuple[Any, ...]]]:
    # The range of zooms is counted backwards too: minzoom is the finest.
    first, last = metadata.zooms
    row = (17 - last, 17 - first, "BigPlanet", 256, 0, 0, "no", metadata.title)
    return "INSERT INTO info VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [row]


SQLITEDB = TileTable(
    tables=(
        """CREATE TABLE IF NOT EXISTS info (
            minzoom INTEGER, maxzoom INTEGER, tilenumbering TEXT, tilesize INTEGER,
            ellipsoid INTEGER, inverted_y INTEGER, timecolumn TEXT, title TEXT
        )""",
        "CREATE TABLE IF NOT EXISTS android_metadata (locale TEXT)",
        "INSERT INTO android_metadata SELECT 'en_US' WHERE NOT EXISTS (SELECT 1 FROM android_metadata)",
        """CREATE TABLE IF NOT EXISTS tiles (
            x INTEGER, y INTEGER, z INTEGER, s INTEGER, image BLOB, PRIMARY KEY (x, y, z, s)
        )""",
    ),
    write="INSERT OR REPLACE INTO tiles (z, x, y, s, image) VALUES (?, ?, ?, 0, ?)",
    remove="DELETE FROM tiles WHERE z = ? AND x = ? AND y = ? AND s = 0",
    place=lambda zoom, x, y: (17 - zoom, x, y),
    describe=_sqlitedb_row,
    about="info",
)
"""For OsmAnd, Locus and other phone apps."""


def partial_of(path: Path) -> Path:
    """Hidden file for a new output until it is complete."""
    return path.with_name(f".{path.name}.partial")


@contextmanager
def open_database(layout: TileTable, path: Path, style: bytes, form: str) -> Iterator[Sink]:  # noqa: ARG001
    """Open a file of tiles.

    A file that was drawn in the same style is updated in place, in transactions. Anything else is written to a hidden
    file, which is renamed when it is complete. If this run is stopped, the next one continues with the hidden file.
    """
    path = path.resolve() if path.is_symlink() else path
    here, unfinished = path if _style_of(path) == style.hex() else partial_of(path), partial_of(path)
    if unfinished.exists() and (here == path or _style_of(here) != style.hex()):
        # A run in another style was stopped, and is not the one that goes on now.
        _refuse_if_used(unfinished)
        with failures(unfinished):
            _journal_of(unfinished).unlink(missing_ok=True)
            unfinished.unlink()
    with open_ledger(here, alone=here != path) as ledger:
        ledger.begin()
        for statement in layout.tables:
            ledger.connection.execute(statement)
        ledger.put("style", style.hex())
        ledger.commit()
        yield Sink(
            ledger,
            write=lambda zoom, x, y, data: _run(ledger, layout.write, (*layout.place(zoom, x, y), data)),
            remove=lambda zoom, x, y: _run(ledger, layout.remove, layout.place(zoom, x, y)),
            present=lambda zoom: None,
            finish=partial(_finish, layout, ledger, here, path),
        )


def _refuse_if_used(partial: Path) -> None:
    """Raise if another program is writing the file."""
    with failures(partial):
        connection = sqlite3.connect(partial, timeout=1, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            pass  # it is damaged, so no program uses it
        finally:
            connection.close()


def _run(ledger: Ledger, statement: str, values: tuple[Any, ...]) -> None:
    ledger.begin()
    ledger.connection.execute(statement, values)


def is_our_database(path: Path) -> bool:
    """Whether a file was published by heatlas, so that it may be changed or replaced."""
    return _style_of(path) is not None


def _style_of(path: Path) -> str | None:
    """Style stored in a published file; None if the file is missing or another one."""
    if not path.is_file() or path.stat().st_size == 0:
        return None
    with suppress(sqlite3.Error):
        # If a run was killed, SQLite first rolls its transaction back, which changes the file.
        mode = "rw" if _journal_of(path).exists() else "ro"
        connection = sqlite3.connect(f"{address_of(path.resolve())}?mode={mode}", uri=True)
        try:
            row = connection.execute("SELECT value FROM heatlas_state WHERE name = 'style'").fetchone()
        finally:
            connection.close()
        return None if row is None else str(json.loads(row[0]))
    return None


def _journal_of(path: Path) -> Path:
    return path.resolve().with_name(f"{path.resolve().name}-journal")


def _finish(layout: TileTable, ledger: Ledger, here: Path, path: Path, metadata: Metadata) -> list[Path]:
    statement, rows = layout.describe(metadata)
    ledger.begin()
    ledger.connection.execute(f"DELETE FROM {layout.about}")  # noqa: S608 - a name of this module's own
    ledger.connection.executemany(statement, rows)
    ledger.commit()
    if here != path:
        ledger.connection.close()
        with failures(path):
            _journal_of(path).unlink(missing_ok=True)  # of the old file: SQLite would roll it back into the new one
            rename(here, path)
    return [path]
