"""Import recordings and points into a library."""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

from heatlas.core.context import Context, silent
from heatlas.core.errors import BadOption, HeatlasError, printable
from heatlas.library.manage.reading import advice_on, zones_of
from heatlas.options import ImportOptions, gather, given, refuse
from heatlas.options.parsing import parse_athlete_options, parse_gaps, parse_length, parse_zone
from heatlas.options.signature import with_keywords
from heatlas.sources.formats.planned import PLANNED
from heatlas.sources.indoor import INDOORS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from heatlas.core.batch import Recording
    from heatlas.core.context import Progress
    from heatlas.core.repeat import Repeat
    from heatlas.dataset.points import PointSet
    from heatlas.library.file.settings import IndexPart
    from heatlas.library.file.states import States
    from heatlas.library.file.store import Library
    from heatlas.options.keywords import ImportKeywords
    from heatlas.sources.resolve import GivenPoints, GivenTracks
    from heatlas.tracks.privacy import Zone

__all__ = [
    "apply_settings", "bring", "check_settings", "import_into", "refuse_table_options", "refuse_unfit",
]  # fmt: skip


@with_keywords(ImportOptions)
def import_into(
    path: str | Path,
    *sources: Any,
    workers: int | None = None,
    progress: Progress = silent,
    repeat: Repeat | None = None,
    **options: Unpack[ImportKeywords],
) -> dict[str, Any]:
    """Import recordings and points into a library; it is made where there is none.

    A repeated import reads only what is new. Recordings become activities. Each table becomes a point set with the name
    of its file, and replaces a point set of that name. Points are shown unchanged: hiding parts of tracks does not
    apply to them.

    Parameters
    ----------
    path : str or Path
        The library.
    *sources : str, Path or object
        Strava exports, folders, archives and files of .fit, .gpx and .tcx; tables, as for `heatlas.api.open_points`.
    workers : int, optional
        Threads; by default one for each processor.
    progress : callable, optional
        Called with the stage, the number done and the total.
    repeat : Repeat, optional
        Notes what the next import like this one would report, if that has nothing to do.
    **options
        Parts to hide: `clip_ends`, a length to cut from both ends of each track, and `zones`, circles
        "LAT,LON,RADIUS". The library stores both and applies them from now on; its circles are named "zone 1",
        "zone 2" ... `max_gap` and `max_gap_distance` replace each recording's own rhythm ("auto") in this and later
        imports. The athlete: `rest`, `max_heart_rate` and `heart_rate_zones`, or all in a file, `athlete`; the library
        keeps that. `routes` takes planned routes, too. For tables: `track`, as for `heatlas.open`, with which their
        rows become activities (a repeated import stores only those whose rows have changed), and their columns, as for
        `heatlas.open_points`. For points:
        `name`, `where`, `after` and `before`.

    Returns
    -------
    dict
        Report of what was read, and the size of the library; where anything has changed, `open_places` that should be
        hidden. A new library is not made where nothing was imported, unless something is to be hidden.
    """
    from heatlas.library.file.states import in_file
    from heatlas.sources.resolve import resolve_import

    asked = gather(ImportOptions, options, "import_into")
    tracks, points = resolve_import(sources, asked.tables, asked.read)
    refuse_unfit(tracks, points, asked)
    brought = _brought(Path(path), tracks, _named(points, asked), asked, Context(workers, progress))
    if repeat is not None and brought.again is not None:
        repeat.note(brought.again, lambda: in_file(Path(path)) == brought.left)
    return brought.report


def _named(points: GivenPoints, asked: ImportOptions) -> dict[str, PointSet]:
    """Open tables, if there are any: without them, what reads tables is not loaded."""
    if not points.tables:
        return {}
    from heatlas.library.points.point_tables import named_tables

    return named_tables(points, asked.rows)


def refuse_unfit(tracks: GivenTracks, points: GivenPoints, asked: ImportOptions) -> None:
    """Refuse options of tables where there is no table, and options of points where rows are tracks."""
    if not (tracks.tables or points.tables):
        refuse_table_options(asked)
    if tracks.tables:
        from heatlas.sources.tables.tracks.lines import LINES

        how = "--read-as=tracks" if tracks.track == LINES else f"--track={quote(str(tracks.track))}"
        refuse(asked.rows, f"points, and with {how} rows are tracks: leave it out")


def bring(
    path: Path,
    tracks: GivenTracks,
    tables: Mapping[str, PointSet],
    asked: ImportOptions,
    context: Context,
    part: IndexPart | None = None,
) -> dict[str, Any]:
    """Import resolved tracks, and points by name, into a library, as `import_into` does.

    With a `part` the index of a new library holds nothing else.
    """
    return _brought(path, tracks, tables, asked, context, part).report


class _Brought(NamedTuple):
    """Outcome of an import."""

    report: dict[str, Any]
    again: dict[str, Any] | None
    """Report of the next import like it, if nothing changes until then; None: it may have something to do."""
    left: States | None
    """State in which the library was left."""


def _brought(
    path: Path,
    tracks: GivenTracks,
    tables: Mapping[str, PointSet],
    asked: ImportOptions,
    context: Context,
    part: IndexPart | None = None,
) -> _Brought:
    from heatlas.core.report import Report
    from heatlas.library.file.opening import open_library
    from heatlas.library.file.settings import set_part
    from heatlas.library.imports import import_sources
    from heatlas.library.rows.activities import shown_numbers

    keep = check_settings(asked)
    if not (tracks.paths or tracks.tables) and given(asked.gaps):
        raise BadOption("--max-gap and --max-gap-distance are for recordings, and there is none: leave them out")
    with _unless_empty(path, keep=keep):
        with open_library(path, create=True) as library:
            library.observe()
            if part is not None:
                set_part(library, part)
            notes = apply_settings(library, asked, context)
            report, known = Report(), _held(library)
            if tracks.paths or tracks.tables:
                found = _recordings(tracks)
                report = import_sources(library, tracks.paths, context, found, tracks.routes, tracks.person)
                for opened in (each.table for each in tracks.tables):
                    report.read += opened.files
                    report.dropped.update(opened.dropped)
                    report.warnings += [(printable(opened.name), text) for text in opened.warnings]
            report.warnings += [(str(path), note) for note in notes]
            point_sets = _stored(library, tables, context)
            with library.read() as connection:
                shown = shown_numbers(connection)
            stored = _held(library)
            left = library.left
            # Reported once for each state of the library: without a change, an earlier import has reported it.
            anew = bool(report.read or given(asked.hiding))
            places = {"open_places": advice_on(library, shown)} if anew else {}
        before = report.dropped["files that were read before"] + report.dropped["tracks that were read before"]
        empty = sum(report.dropped[reason] for reason in ("activities without a position", INDOORS, PLANNED))
        gave = report.read > empty or stored > known
        nothing = not (gave or point_sets or before)
        said = {"nothing": report.nothing()} if nothing else {}
        whole = {"library": str(path), "activities": len(shown), "seconds": report.seconds, "point_sets": point_sets}
        again = None
        if report.again is not None and left is not None and not (tracks.tables or tables or given(asked.hiding)):
            again = {**report.again.data(), **whole, "seconds": {"import": 0.0}}
        return _Brought({**report.data(), **said, **places, **whole}, again, left)


def _recordings(tracks: GivenTracks) -> Iterator[Recording]:
    """Read the tracks of tables, if there are any."""
    if tracks.tables:
        from heatlas.sources.tables.tracks.of_tables import recordings_of_tables

        yield from recordings_of_tables(tracks, absolute=True)


def _stored(library: Library, tables: Mapping[str, PointSet], context: Context) -> list[dict[str, Any]]:
    if not tables:
        return []
    from heatlas.library.points.point_tables import import_tables

    return import_tables(library, tables, context)


def check_settings(asked: ImportOptions) -> bool:
    """Refuse settings of an import that cannot be used, before a library is made.

    Returns
    -------
    bool
        Whether there are any for whose sake a new library stays, though nothing is imported.
    """
    if asked.hiding.clip_ends:
        parse_length(asked.hiding.clip_ends, "--clip-ends")
    for zone in asked.hiding.zone:
        parse_zone(zone)
    parse_gaps(asked.gaps.max_gap, asked.gaps.max_gap_distance)
    return bool(given(asked.hiding)) or parse_athlete_options(asked.athlete) is not None


def apply_settings(library: Library, asked: ImportOptions, context: Context) -> list[str]:
    """Bring a library up to date, and store what an import says of parts to hide, gaps and the athlete.

    Returns
    -------
    list of str
        Notes: what later imports do otherwise, and faults of the library that a glance finds.
    """
    from heatlas.library.care.digest_checks import glance
    from heatlas.library.file.settings import set_athlete, set_gaps
    from heatlas.library.maintenance import reindex

    hiding, gaps = asked.hiding, asked.gaps
    clip = parse_length(hiding.clip_ends, "--clip-ends") if hiding.clip_ends else None
    circles = [parse_zone(zone) for zone in hiding.zone]
    athlete = parse_athlete_options(asked.athlete)
    library.update(context)
    looked = glance(library)
    if clip is not None or circles:
        # Before anything new is imported, so that hidden parts are never in the index.
        reindex(
            library,
            clip_ends=clip,
            zones=_with(zones_of(library.path), circles) if circles else None,
            context=context.under("hiding"),
        )
    if athlete is not None:
        set_athlete(library, athlete, whole=asked.athlete.athlete is not None)
    changed = None
    if given(gaps):
        changed = set_gaps(library, lambda known: parse_gaps(gaps.max_gap, gaps.max_gap_distance, known))
    return [*([changed] if changed else []), *looked]


@contextmanager
def _unless_empty(path: Path, keep: bool) -> Iterator[None]:
    """Remove a library that was made inside, when nothing was imported; with `keep` it stays."""
    made = not os.path.lexists(path)
    try:
        yield
    finally:
        with suppress(HeatlasError):  # a library that cannot be opened stays, and an earlier error is raised
            if made and not keep and path.exists() and _is_empty(path):
                for end in ("", "-wal", "-shm"):
                    path.with_name(path.name + end).unlink(missing_ok=True)


def _is_empty(path: Path) -> bool:
    from heatlas.library.file.opening import open_library

    with open_library(path) as library, library.read() as connection:
        query = "SELECT (SELECT count(*) FROM activities) + (SELECT count(*) FROM point_sets)"
        return not connection.execute(query).fetchone()[0]


def _held(library: Library) -> int:
    """Count the activities of a library, with copies."""
    with library.read() as connection:
        return int(connection.execute("SELECT count(*) FROM activities").fetchone()[0])


def _with(known: Mapping[str, Zone], circles: Collection[Zone]) -> dict[str, Zone]:
    """Add circles as zones with new names; an existing zone keeps its cut, whatever rule drew it."""
    zones = dict(known)
    for circle in circles:
        if any((zone.lat, zone.lon, zone.radius) == (circle.lat, circle.lon, circle.radius) for zone in zones.values()):
            continue
        number = next(k for k in itertools.count(1) if f"zone {k}" not in zones)
        zones[f"zone {number}"] = circle
    return zones


def refuse_table_options(asked: ImportOptions) -> None:
    """Refuse options of tables where there is no table.

    Raises
    ------
    BadOption
        Names the first.
    """
    reason = "tables of points that are brought in, and there is none: leave it out"
    refuse(asked.tables, reason)
    refuse(asked.rows, reason)
