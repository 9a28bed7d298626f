"""An open library and what is remembered of it while it is served."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heatlas.library.store import failures
from heatlas.tiling.cache import Cache
from heatlas.tiling.census import Census, count_tiles
from heatlas.tiling.snapshot import Snapshot, take

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.grid import Grid
    from heatlas.library.store import Library
    from heatlas.places import Place
    from heatlas.tone import Tone

__all__ = ["View", "census_of", "close", "now", "open_view", "unchanged"]

_ANSWERS, _GRIDS, _TONES, _CENSUSES, _PLACES = 64 << 20, 96 << 20, 4 << 20, 64 << 20, 1 << 20
"""Bytes that each kind of memory may take."""


@dataclass(slots=True)
class View:
    """A library that is looked at; made by `open_view`."""

    library: Library
    watcher: sqlite3.Connection | None
    """Writes nothing, and so is told by SQLite of every commit, from whatever process; None while closed."""
    lock: threading.Lock
    seen: int
    """SQLite's data_version when `snapshot` was taken."""
    snapshot: Snapshot
    answers: Cache[bytes]
    """Encoded tiles and the like."""
    grids: Cache[Grid | None]
    """Tiles of the index as counted; None: nothing there."""
    tones: Cache[Tone | None]
    censuses: Cache[Census]
    places: Cache[list[Place]]
    """Regions that hold what a filter chooses."""
    public: bool = False
    """Whether private activities are left out."""


def open_view(library: Library, public: bool = False) -> View:
    """Look at a library; of a public one without what is private."""
    return View(
        library, None, threading.Lock(), -1, take(library, public),
        Cache(_ANSWERS, len), Cache(_GRIDS, _grid_bytes), Cache(_TONES, lambda tone: 5000),
        Cache(_CENSUSES, lambda census: census.nbytes), Cache(_PLACES, lambda places: 300 * len(places)), public,
    )  # fmt: skip


def _watch(path: Path) -> sqlite3.Connection:
    with failures(path):
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False, timeout=10.0)


def close(view: View) -> None:
    """Close all connections; the next use opens new ones."""
    with view.lock:
        if view.watcher is not None:
            view.watcher.close()
        view.watcher, view.seen = None, -1
    view.library.close()


def unchanged(view: View) -> bool:
    """Tell in some microseconds whether nothing was written since the library was looked at."""
    with view.lock, failures(view.library.path):
        return _data_version(view) == view.seen


def now(view: View) -> Snapshot:
    """The library as it is; looked at again only when something was written."""
    with view.lock, failures(view.library.path):
        version = _data_version(view)
        if version != view.seen:
            view.snapshot, view.seen = take(view.library, view.public), version
        return view.snapshot


def census_of(view: View, snapshot: Snapshot, zoom: int) -> Census:
    """Count the passages of a zoom's tiles, once."""
    return view.censuses.get((snapshot.version, zoom), lambda: count_tiles(view.library, zoom))


def _data_version(view: View) -> int:
    if view.watcher is None:
        view.watcher = _watch(view.library.path)
    version: int = view.watcher.execute("PRAGMA data_version").fetchone()[0]
    return version


def _grid_bytes(grid: Grid | None) -> int:
    if grid is None:
        return 0
    return sum(plane.nbytes for plane in (grid.total, grid.count, grid.square) if plane is not None)
