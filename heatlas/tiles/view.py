"""An open library and its caches, while it is served."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption, HeatlasError, SourceFailed
from heatlas.core.frozen import frozen
from heatlas.core.resources import hold_back
from heatlas.library.file.failures import failures
from heatlas.library.file.opening import open_library
from heatlas.library.index.shown import numbers_with
from heatlas.library.points.point_drawing import both_signs
from heatlas.raster.threshold import Limits, Threshold
from heatlas.tiles.cache import Cache
from heatlas.tiles.crowds import LEAST, choose_among, crowds_of
from heatlas.tiles.snapshot import Chosen, Snapshot, choose, take
from heatlas.tiles.tile_counts import CellTiles, TileCounts, count_tiles

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.dataset.places import Place
    from heatlas.library.file.store import Library
    from heatlas.library.index.passage_tiles import Sides
    from heatlas.library.points.point_times import TimedPoints
    from heatlas.library.points.stored_points import StoredPoints
    from heatlas.library.rows.activity_means import ActivityFacts
    from heatlas.raster.tile_pixels import TilePixels
    from heatlas.style.local_tone import Surroundings
    from heatlas.style.tone import Tone
    from heatlas.tiles.look import Filter

__all__ = [
    "Fitting", "View", "census_of", "choose_in", "close", "crowds_in", "known_in", "now", "open_view", "renewed",
    "reopened", "signs_matter", "unchanged",
]  # fmt: skip

_ANSWERS, _GRIDS, _TONES, _CENSUSES, _PLACES, _SIGNS, _CROWDS = (
    64 << 20, 96 << 20, 4 << 20, 64 << 20, 1 << 20, 1 << 16, 16 << 20
)  # fmt: skip
"""Limits of the caches in bytes."""
_FIELDS, _FIELD_BYTES = 16 << 20, 30_000
"""The same for fields, and what each takes at most beside the activities that it shows: a kilobyte for each zoom that
was drawn, and a table of steps that no other has."""
_ENOUGH = 16 << 20
"""The same for pixels that enough people passed: 9 kB of a tile with its halo."""
_NO_LIMITS = Limits()
_FACTS = 512 << 20
"""The same for facts of activities: 600 bytes of each."""
_TIMED = 1 << 30
"""The same for points with their times: 24 bytes of each."""
_STILL = 0.3
"""Seconds in which a file must not change before it is opened."""
_LOOKS = 10
"""Times to look whether it still changes."""


@frozen
class Fitting:
    """A tone, and what is known of the sample that it was fitted to."""

    tone: Tone | None
    """None: there is nothing to see."""
    share: float = 1.0
    """Share of the pixels on paths that have a value."""


@dataclass(slots=True)
class View:
    """An open library with caches; made by `open_view`."""

    library: Library
    lock: threading.Lock
    seen: int
    """The library's `data_version` when `snapshot` was taken; -1: unknown."""
    snapshot: Snapshot
    answers: Cache[bytes]
    """Bodies of responses, such as encoded tiles."""
    grids: Cache[TilePixels | None]
    """Tiles of the index before smoothing; None: empty."""
    tones: Cache[Fitting]
    tile_counts: Cache[TileCounts]
    places: Cache[list[Place]]
    """Regions that hold the activities a filter chooses."""
    public: bool = False
    """Whether private activities are left out, and filters show whole groups only (`heatlas.tiles.crowds`)."""
    shown_only: bool = False
    """Whether activities of which nothing is shown are left out."""
    least: int = LEAST
    """Activities that a filter of a public map must leave."""
    utc: bool = False
    """Whether days are in UTC; else in the time of the place where each activity began."""
    surroundings: Cache[Surroundings | CellTiles] = field(
        default_factory=lambda: Cache(_TONES, lambda found: found.nbytes)
    )
    """Cells of a local tone, alone and those around a tile, and their tiles."""
    signs: Cache[bool] = field(default_factory=lambda: Cache(_SIGNS, lambda sign: 100))
    """Number of a point set -> whether sums below 0 matter on the map."""
    known: Cache[NDArray[np.bool_]] = field(default_factory=lambda: Cache(_CROWDS, lambda known: known.nbytes))
    """Metric -> (n,) activities that have it."""
    crowds: Cache[NDArray[np.int64]] = field(default_factory=lambda: Cache(_CROWDS, lambda groups: groups.nbytes))
    """Metric -> (n,) groups of a public map."""
    facts: Cache[ActivityFacts] = field(default_factory=lambda: Cache(_FACTS, lambda facts: facts.nbytes))
    """What measures read of activities; read once."""
    timed: Cache[TimedPoints] = field(default_factory=lambda: Cache(_TIMED, lambda timed: timed.nbytes))
    """Number of a point set -> its points with their times."""
    limits: Limits = _NO_LIMITS
    """Threshold of people, as it was asked for."""
    enough: Cache[NDArray[np.uint8]] = field(default_factory=lambda: Cache(_ENOUGH, lambda bits: bits.nbytes + 100))
    """Window -> pixels that enough people passed, eight to a byte."""
    totals: Cache[Any] = field(default_factory=lambda: Cache(_SIGNS, lambda totals: 200))
    """Choice -> totals of what a map with a threshold of people shows (`heatlas.tiles.shown_totals`)."""
    sides: Cache[Sides] = field(default_factory=lambda: Cache(_CROWDS, lambda sides: sides[0].nbytes + sides[1].nbytes))
    """Filters of a difference -> activities on either side."""
    fields: Cache[Any] = field(
        default_factory=lambda: Cache(_FIELDS, lambda one: _FIELD_BYTES + one.chosen.keep.nbytes)
    )
    """Parameters of a tile's address -> its field (`heatlas.tiles.fields.Field`)."""
    series: Cache[int] = field(default_factory=lambda: Cache(_PLACES, lambda number: 30))
    """What tiles in `grids` are of: state, choice, measure and scale -> number with which their keys begin."""


def open_view(
    library: Library,
    public: bool = False,
    *,
    shown_only: bool = False,
    least: int = LEAST,
    utc: bool = False,
    limits: Limits = _NO_LIMITS,
) -> View:
    """Open a view of a library.

    Parameters
    ----------
    library : Library
        The library.
    public : bool
        See `View.public`.
    shown_only : bool
        Leave out activities of which nothing is shown; a public view always does.
    least : int
        Activities that a filter of a public map must leave.
    utc : bool
        Date activities in UTC.
    limits : Limits
        Threshold of people, as it was asked for.

    Raises
    ------
    BadOption
        When `least` is below 1.
    SourceFailed
        When the library cannot be read.
    """
    if least < 1:
        raise BadOption(f"--public-least={least} makes no sense: it is 1 or more activities")
    hold_back()
    snapshot = take(library, public, shown_only, least, utc, limits)
    Threshold.of(limits, public=public, activities=snapshot.activities.values())  # refuses
    return View(
        library, threading.Lock(), -1, snapshot,
        Cache(_ANSWERS, len), Cache(_GRIDS, _grid_bytes), Cache(_TONES, lambda tone: 5000),
        Cache(_CENSUSES, lambda counts: counts.nbytes), Cache(_PLACES, lambda places: 500 * len(places)),
        public, shown_only, least, utc, limits=limits,
    )  # fmt: skip


def close(view: View) -> None:
    """Close all connections; the next use opens new ones."""
    with view.lock:
        view.seen = -1
    view.library.close()


def renewed(view: View) -> View:
    """View of the library that has taken the place of the one of a view, with the same settings.

    The old view is left: its transactions that are under way are refused, and its connections closed.

    Raises
    ------
    SourceFailed
        When there is no file, one that cannot be shown, or one that is still being written.
    """
    library = view.library
    path, where = library.path, library.whereabouts
    if where == "missing":
        raise SourceFailed(f"the library {path} was removed or moved: it is shown again when it is back")
    _until_still(path)
    library.leave()
    with view.lock:
        view.seen = -1
    try:
        return reopened(view, open_library(path))
    except HeatlasError as error:
        raise SourceFailed(f"the library {path} was replaced, and cannot be shown: {error}") from None


def reopened(view: View, library: Library) -> View:
    """Open a view of another library with the settings of one."""
    return open_view(
        library, view.public, shown_only=view.shown_only, least=view.least, utc=view.utc, limits=view.limits
    )


def _until_still(path: Path) -> None:
    """Wait while a file is being copied into place: half of it may look like a library.

    Raises
    ------
    SourceFailed
        When it goes on for long.
    """
    for _ in range(_LOOKS):
        with suppress(OSError):
            before = path.stat()
            if time.time() - before.st_mtime > _STILL:
                return
            time.sleep(_STILL)
            after = path.stat()
            if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
                return
    raise SourceFailed(f"the library {path} is being replaced: it is shown when it is whole")


def unchanged(view: View) -> bool:
    """Whether nothing was written since the snapshot was taken; takes some microseconds."""
    with view.lock, failures(view.library.path):
        return _data_version(view) == view.seen


def now(view: View) -> Snapshot:
    """Present snapshot of the library; taken again only if something was written."""
    with view.lock, failures(view.library.path):
        version = _data_version(view)
        if version != view.seen:
            before = view.snapshot
            view.snapshot, view.seen = _taken(view), version
            _forget_all_but(view, (before, view.snapshot))
        return view.snapshot


def _forget_all_but(view: View, used: tuple[Snapshot, Snapshot]) -> None:
    """Forget what was read of the whole library in older states: it is large, and nobody asks for it any more.

    The state before is still drawn where an answer was begun.
    """
    versions = {snapshot.version for snapshot in used}
    numbers = {stored.number for snapshot in used for stored in snapshot.point_sets.values()}
    of_versions: tuple[Cache[Any], ...] = (
        view.tile_counts, view.known, view.crowds, view.facts, view.sides, view.surroundings, view.enough, view.fields,
        view.series,
    )  # fmt: skip
    of_points: tuple[Cache[Any], ...] = (view.timed, view.signs)
    for caches, present in ((of_versions, versions), (of_points, numbers)):
        for cache in caches:
            cache.forget(lambda key, present=present: key[0] not in present)  # type: ignore[misc]


def _taken(view: View) -> Snapshot:
    return take(view.library, view.public, view.shown_only, view.least, view.utc, view.limits)


def choose_in(
    view: View, snapshot: Snapshot, wanted: Filter, *, recorded: frozenset[str] = frozenset(), absent: bool = False
) -> Chosen:
    """Choose activities for a viewer; on a public map in whole groups (`heatlas.tiles.crowds`).

    Parameters
    ----------
    recorded : frozenset of str
        Metrics at fixes of which the measure is made: on a public map a filter chooses only activities that have them.
    absent : bool
        As for `heatlas.tiles.snapshot.choose`; on a public map always true, so that absent sports are not reported.

    Raises
    ------
    BadOption
        As `heatlas.tiles.snapshot.choose` does.
    """
    if not view.public:
        return choose(snapshot, wanted, absent=absent)
    return choose_among(snapshot, wanted, crowds_in(view, snapshot, recorded))


def crowds_in(view: View, snapshot: Snapshot, recorded: frozenset[str] = frozenset()) -> NDArray[np.int64]:
    """(n,) groups of a public map, made once for each set of metrics that must have been recorded."""

    def group() -> NDArray[np.int64]:
        return crowds_of(snapshot, view.least, known_in(view, snapshot, recorded))

    return view.crowds.get((snapshot.version, recorded), group)


def known_in(view: View, snapshot: Snapshot, recorded: Collection[str]) -> NDArray[np.bool_]:
    """(n,) activities for which all of some metrics at fixes were recorded."""
    found = np.ones(len(snapshot.activities), np.bool_)
    for metric in sorted(recorded):
        found &= _knows(view, snapshot, metric)
    return found


def _knows(view: View, snapshot: Snapshot, metric: str) -> NDArray[np.bool_]:
    def look() -> NDArray[np.bool_]:
        with view.library.read() as connection:
            return np.isin(snapshot.numbers, numbers_with(connection, metric))

    return view.known.get((snapshot.version, metric), look)


def census_of(view: View, snapshot: Snapshot, zoom: int) -> TileCounts:
    """Passages by tile of a zoom, counted once."""
    return view.tile_counts.get((snapshot.version, zoom), lambda: count_tiles(view.library, zoom))


def signs_matter(view: View, stored: StoredPoints) -> bool:
    """Whether sums of weights below 0 matter on the map; worked out once for each point set."""
    return view.signs.get((stored.number,), lambda: both_signs(view.library, stored))


def _data_version(view: View) -> int:
    view.library.refuse_another()
    return view.library.data_version


def _grid_bytes(tile: TilePixels | None) -> int:
    return 0 if tile is None else tile.nbytes
