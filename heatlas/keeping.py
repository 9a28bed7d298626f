"""Libraries as plain functions: bring recordings and points in, hide places, look after the file, serve it."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.errors import BadOption, MissingExtra
from heatlas.options import parse_length, parse_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from heatlas.tracks import Tracks

__all__ = [
    "audit_library", "check_library", "compact_library", "hide_zone", "import_into", "is_library", "library_of",
    "library_tracks",
    "point_sets_of", "reindex_library", "remove_activities", "remove_points", "serve_sources",
    "show_zone", "zones_of",
]  # fmt: skip


def is_library(source: object) -> bool:
    """Tell whether something is a library's file, by its content."""
    from heatlas.library.schema import APPLICATION_ID

    if not isinstance(source, (str, Path)) or not Path(source).is_file():
        return False
    try:
        with Path(source).open("rb") as file:
            head = file.read(72)
    except OSError:
        return False
    # SQLite keeps the application's id at offset 68 (https://www.sqlite.org/fileformat2.html, 1.3.17).
    return head.startswith(b"SQLite format 3\0") and head[68:72] == APPLICATION_ID.to_bytes(4, "big")


def library_tracks(path: str | Path, columns: Collection[str]) -> Tracks:
    """Read the tracks of a library, without what it hides.

    Raises
    ------
    BadOption
        When the owner's secret is not the one with which the library's cuts were drawn.
    SourceFailed
        When the file cannot be read.
    """
    from heatlas.library.collection import tracks_of
    from heatlas.library.settings import privacy_of, read_settings
    from heatlas.library.store import open_library

    with open_library(path) as library:
        with library.read() as link:
            privacy, _ = privacy_of(link, read_settings(link))
        tracks = tracks_of(library, columns=columns)
    return tracks.hidden(privacy) if privacy.clip_ends or privacy.zones else tracks


def point_sets_of(path: str | Path) -> list[dict[str, Any]]:
    """What is known of each point set of a library, as plain data."""
    from heatlas.library.point_sets import list_point_sets
    from heatlas.library.point_tables import stored_data
    from heatlas.library.store import open_library

    with open_library(path) as library, library.read() as link:
        return [stored_data(stored) for stored in list_point_sets(link).values()]


def import_into(
    path: str | Path,
    *sources: Any,
    clip_ends: str | None = None,
    zones: Collection[str] = (),
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    **table_options: Any,
) -> dict[str, Any]:
    """Bring recordings and points into a library, which is made where there is none; again, only what is new is read.

    Recordings become activities. Each table becomes a point set under the name of its file, and takes the place of the
    one that was called so. Points are shown as they are: what hides parts of tracks does not apply to them.

    Parameters
    ----------
    path : str or Path
        The library.
    *sources : str, Path or object
        Strava exports, folders, archives and files of .fit, .gpx and .tcx; tables, as for `heatlas.api.open_points`.
    clip_ends : str, optional
        Length to cut from both ends of each track ("200m"); the library keeps to it from now on.
    zones : collection of str
        Circles "LAT,LON,RADIUS" to hide from now on, under the names "zone 1", "zone 2" ...
    workers : int, optional
        Threads; by default one for each processor.
    progress : callable, optional
        Is told the stage, and how much of how much is done.
    **table_options
        For tables: name, query, table, lat, lon, weight, where, after, before, time, as for
        `heatlas.library.point_tables.named_tables`.

    Returns
    -------
    dict
        What was read, and how much the library holds.
    """
    from heatlas.library.activities import list_activities
    from heatlas.library.imports import import_sources
    from heatlas.library.point_tables import import_tables, named_tables
    from heatlas.library.store import open_library
    from heatlas.library.upkeep import reindex
    from heatlas.report import Report

    clip = parse_length(clip_ends, "--clip-ends") if clip_ends else None
    circles = [parse_zone(zone) for zone in zones]
    recordings, of_tables = _apart(sources)
    if not of_tables:
        _refuse_table_options(table_options)
    tables = named_tables(of_tables, **table_options)
    with open_library(path, create=True) as library:
        if clip is not None or circles:
            # Before anything new is there: what is to be hidden is never in the index.
            known = zones_of(path)
            named = {f"zone {len(known) + k + 1}": zone for k, zone in enumerate(circles)}
            reindex(
                library,
                clip_ends=clip,
                zones={**known, **named} if circles else None,
                progress=lambda done, total: progress("hiding", done, total),
            )
        report = Report()
        if recordings:
            report = import_sources(library, recordings, workers, lambda done, total: progress("reading", done, total))
        point_sets = import_tables(library, tables, lambda done, total: progress("reading points", done, total))
        held = len(list_activities(library))
    return {
        **report.data(), "library": str(path), "activities": held, "seconds": report.seconds, "point_sets": point_sets,
    }  # fmt: skip


def _apart(sources: Collection[Any]) -> tuple[list[Path], list[Any]]:
    """Tell recordings from tables."""
    from heatlas.sources.tables import is_table

    recordings, tables = [], []
    for source in sources:
        if is_library(source):
            raise BadOption(f"{source} is a library already: name what it was made from")
        if is_table(source):
            tables.append(source)
        elif not Path(source).exists():
            raise BadOption(f"there is no file or folder {source}")
        else:
            recordings.append(Path(source))
    return recordings, tables


def _refuse_table_options(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if value is not None:
            raise BadOption(f"--{name} is for tables of points that are brought in, and there is none: leave it out")


def zones_of(path: str | Path) -> Mapping[str, Any]:
    """Zones of a library by name."""
    from heatlas.library.store import open_library
    from heatlas.library.zones import list_zones

    with open_library(path) as library:
        return list_zones(library)


def hide_zone(path: str | Path, name: str, at: str, radius: str) -> None:
    """Hide a circle: `at` is "LAT,LON", the radius a length."""
    from heatlas.library.store import open_library
    from heatlas.library.zones import add_zone

    zone = parse_zone(f"{at},{radius}")
    with open_library(path) as library:
        add_zone(library, name, zone.lat, zone.lon, zone.radius)


def show_zone(path: str | Path, name: str) -> None:
    """Show again what a zone hid."""
    from heatlas.library.store import open_library
    from heatlas.library.zones import remove_zone

    with open_library(path) as library:
        remove_zone(library, name)


def audit_library(path: str | Path) -> dict[str, Any]:
    """Try to find home from what would be shown; distances in metres."""
    from heatlas.library.audit import audit
    from heatlas.library.store import open_library

    with open_library(path) as library:
        found = audit(library)
    return {
        "verdict": found.verdict,
        "spots": [{**asdict(spot), "off": spot.off, "safe": spot.safe} for spot in found.spots],
    }


def remove_activities(path: str | Path, where: str) -> int:
    """Remove the activities that a CQL2 filter passes; return how many."""
    import numpy as np

    from heatlas.library.activities import select
    from heatlas.library.store import open_library
    from heatlas.library.upkeep import remove

    with open_library(path) as library:
        numbers = np.flatnonzero(select(library, where)).tolist()
        remove(library, numbers)
    return len(numbers)


def remove_points(path: str | Path, name: str) -> int:
    """Remove a point set; return how many points it had."""
    from heatlas.library.point_sets import remove_point_set
    from heatlas.library.store import open_library

    with open_library(path) as library:
        return remove_point_set(library, name).points


def reindex_library(
    path: str | Path,
    *,
    clip_ends: str | None = None,
    rejoin: str | None = None,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> None:
    """Make the index anew, with other lengths where they are given; "0" cuts nothing."""
    from heatlas.library.store import open_library
    from heatlas.library.upkeep import reindex

    clip = 0.0 if clip_ends == "0" else parse_length(clip_ends, "--clip-ends") if clip_ends else None
    with open_library(path) as library:
        reindex(
            library,
            clip_ends=clip,
            rejoin=parse_length(rejoin, "--rejoin") if rejoin else None,
            workers=workers,
            progress=lambda done, total: progress("indexing", done, total),
        )


def compact_library(
    path: str | Path, progress: Callable[[str, int, int], None] = lambda stage, done, total: None
) -> None:
    """Put together what importing bit by bit has left apart."""
    from heatlas.library.store import open_library
    from heatlas.library.upkeep import compact

    with open_library(path) as library:
        compact(library, lambda done, total: progress("compacting", done, total))


def check_library(path: str | Path, everything: bool = False) -> list[str]:
    """List what is wrong with a library; nothing when all is well."""
    from heatlas.library.checking import check
    from heatlas.library.store import open_library

    with open_library(path) as library:
        return check(library, None if everything else 20)


def serve_sources(
    *sources: str | Path,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    ready: Callable[[], None] = lambda: None,
    table_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> None:
    """Serve a library until Ctrl-C, or anything else out of a library that is made for the while.

    Parameters
    ----------
    *sources : str or Path
        One library, or recordings, or tables of points.
    progress : callable, optional
        Is told the stage, and how much of how much is done.
    ready : callable, optional
        Is called before serving begins.
    table_options : mapping, optional
        For tables, as `import_into` takes them.
    **options
        As for `heatlas.server.serve`.
    """
    try:
        from heatlas.server import serve
    except ImportError as error:
        if str(error.name or "").startswith("heatlas"):
            raise
        raise MissingExtra("serving", "server") from None
    with library_of(sources, progress, **(table_options or {})) as path:
        ready()
        serve(path, **options)


@contextmanager
def library_of(
    sources: Collection[Any],
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    *,
    clip_ends: str | None = None,
    zones: Collection[str] = (),
    workers: int | None = None,
    told: Callable[[dict[str, Any]], None] = lambda report: None,
    **table_options: Any,
) -> Iterator[Path]:
    """Give the one library, or one in a temporary folder that goes when it is no longer needed.

    Parameters
    ----------
    sources : collection of str, Path or object
        One library, or recordings, or tables of points.
    progress : callable, optional
        Is told the stage, and how much of how much is done.
    clip_ends, zones, workers, **table_options
        As for `import_into`; a library has its own.
    told : callable, optional
        Is given the report of `import_into`, if anything was brought in.

    Raises
    ------
    BadOption
        For sources that do not go together, or options that would be ignored.
    """
    libraries = [source for source in sources if is_library(source)]
    if libraries and len(sources) > 1:
        raise BadOption("a library is served alone: heatlas import SOURCE... -l LIBRARY brings more into it")
    if libraries:
        _refuse_table_options(table_options)
        if clip_ends or zones:
            raise BadOption(
                "a library hides what it was told to: change that by heatlas library reindex --clip-ends or "
                "heatlas zones add"
            )
        yield Path(libraries[0])
        return
    for source in sources:
        if Path(source).suffix == ".db" and not Path(source).exists():
            raise BadOption(f"there is no library {source}: heatlas import SOURCE... -l {source} makes one")
    with tempfile.TemporaryDirectory(prefix="heatlas-") as folder:
        path = Path(folder) / "heatlas.db"
        brought = import_into(
            path, *sources, clip_ends=clip_ends, zones=zones, workers=workers, progress=progress, **table_options
        )
        told(brought)
        if not (brought["activities"] or brought["point_sets"]):
            raise BadOption(f"there is no track in {', '.join(map(str, sources))}")
        yield path
