"""Sort sources by kind. Each source is inspected once; the result is a tagged value.

================ ==============================================================
`GivenTracks`    recordings, and tables whose rows are tracks or fixes of them
`GivenPoints`    tables whose rows are points
`GivenLibrary`   a library
================ ==============================================================
"""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption, SourceFailed, printable
from heatlas.core.frozen import frozen
from heatlas.core.paths import missing_path
from heatlas.core.regex import regex
from heatlas.options import ReadingOptions, refuse
from heatlas.sources.sqlite_head import LIBRARY_ID, read_head

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from heatlas.core.filesystems import Location
    from heatlas.options import TableOptions
    from heatlas.sources.tables.given import GivenTable

__all__ = [
    "Given", "GivenLibrary", "GivenPoints", "GivenTracks", "refuse_odd", "resolve", "resolve_import",
    "resolve_served", "resolve_tables", "resolve_tracks", "split_import",
]  # fmt: skip

_ALL = ReadingOptions()
_LIBRARY = regex(r"(?!\w+://).*\.db", re.DOTALL)
"""Path with the usual ending of a library."""


@frozen
class GivenTracks:
    """Recordings, and tables whose rows are tracks, or fixes of them."""

    paths: tuple[Path | Location, ...]
    """Files, folders and archives of recordings, also in buckets."""
    tables: tuple[GivenTable, ...] = ()
    track: str | None = None
    """Column of the tables that groups rows into tracks, or `LINES` of `heatlas.sources.tables.tracks.lines`; None if
    none was given or found."""
    routes: bool = False
    """Whether planned routes are read, too."""
    person: str | None = None
    """Whose they are, as it was written."""


@frozen
class GivenPoints:
    """Tables whose rows are points."""

    tables: tuple[GivenTable, ...]


@frozen
class GivenLibrary:
    """A library of heatlas."""

    path: Path


Given = GivenTracks | GivenPoints | GivenLibrary
"""Sources of one map."""


@frozen
class _Parts:
    """All sources by kind."""

    paths: tuple[Path | Location, ...]
    tables: tuple[GivenTable, ...]
    libraries: tuple[Path, ...]


def resolve(sources: Collection[Any], options: TableOptions, read: ReadingOptions = _ALL) -> Given:
    """Resolve the sources of one map.

    Parameters
    ----------
    sources : collection of str, Path or object
        As for `heatlas.api.open_sources` and `open_points`. Each file is opened once, to inspect it. A table is opened
        if only its columns tell whether it holds tracks.
    options : TableOptions
        Options of reading tables.
    read : ReadingOptions
        What is read of the sources.

    Raises
    ------
    BadOption
        For objects that are no sources, and for sources or options that do not go together.
    """
    parts = _by_kind(sources, options, read)
    if not parts.tables:
        return _tracks_of(parts, None, read)
    track = _track_of(parts.tables, options, read)
    if track is not None:
        return _tracks_of(parts, track, read)
    if parts.paths or parts.libraries:
        raise BadOption("tables of points and recordings make two maps: name the one or the other")
    _refuse_person_of_points(read, parts)
    return GivenPoints(parts.tables)


def resolve_tracks(
    sources: Collection[Any], options: TableOptions, read: ReadingOptions = _ALL
) -> GivenTracks | GivenLibrary:
    """Resolve the sources of tracks: rows of tables are then fixes, also where no column of tracks was given.

    Raises
    ------
    BadOption
        As `resolve`.
    """
    parts = _by_kind(sources, options, read)
    return _tracks_of(parts, _track_of(parts.tables, options, read) if parts.tables else None, read)


def resolve_tables(sources: Collection[Any], options: TableOptions) -> GivenPoints:
    """Resolve sources that are all tables of points; others are refused when they are opened.

    Raises
    ------
    BadOption
        For objects that are no sources.
    """
    from heatlas.sources.tables.given import GivenTable

    refuse_odd(sources)
    return GivenPoints(tuple(GivenTable(source, options) for source in sources))


def resolve_import(
    sources: Collection[Any], options: TableOptions, read: ReadingOptions = _ALL
) -> tuple[GivenTracks, GivenPoints]:
    """Resolve the sources of an import. A library holds both tracks and points.

    Raises
    ------
    BadOption
        As `resolve`, and for a library or a path that does not exist.
    """
    return _side_by_side(_by_kind(sources, options, read), sources, options, read)


def resolve_served(
    sources: Collection[Any], options: TableOptions, read: ReadingOptions = _ALL
) -> tuple[GivenTracks, GivenPoints] | GivenLibrary:
    """Resolve sources to serve: a library, or sources to build one from, as `resolve_import` does.

    Raises
    ------
    BadOption
        As `resolve_import`.
    """
    parts = _by_kind(sources, options, read)
    return _library_of(parts) if parts.libraries else _side_by_side(parts, sources, options, read)


def split_import(
    sources: Collection[Any], options: TableOptions, read: ReadingOptions = _ALL
) -> tuple[tuple[Path, ...], tuple[Any, ...]]:
    """Tell the recordings of an import from its tables, none of which is opened.

    Returns
    -------
    tuple of Path
        Files, folders and archives of recordings.
    tuple
        Tables, as they were given.

    Raises
    ------
    BadOption
        As `resolve_import`.
    """
    parts = _by_kind(sources, options, read)
    _refuse_no_sources(parts, sources)
    local = tuple(path for path in parts.paths if isinstance(path, Path))
    if len(local) < len(parts.paths):
        raise BadOption("--watch and --every follow folders of this machine, not recordings in buckets: leave them out")
    return local, tuple(each.source for each in parts.tables)


def _refuse_no_sources(parts: _Parts, sources: Collection[Any]) -> None:
    from heatlas.sources.tables import is_path

    for path in parts.libraries:
        raise BadOption(f"{path} is a library already: name what it was made from")
    from heatlas.core.filesystems import locate

    for source in sources:
        missing = is_path(source) and not os.path.exists(source)  # noqa: PTH110 - False also for impossible names
        if missing and not locate(source).is_pattern:
            raise missing_path(source)


def _side_by_side(
    parts: _Parts, sources: Collection[Any], options: TableOptions, read: ReadingOptions
) -> tuple[GivenTracks, GivenPoints]:
    _refuse_no_sources(parts, sources)
    track = _track_of(parts.tables, options, read) if parts.tables else None
    if track is None:
        _refuse_person_of_points(read, parts)
        return GivenTracks(parts.paths, routes=read.routes, person=read.person), GivenPoints(parts.tables)
    return GivenTracks(parts.paths, parts.tables, track, read.routes, read.person), GivenPoints(())


def _tracks_of(parts: _Parts, track: str | None, read: ReadingOptions) -> GivenTracks | GivenLibrary:
    if parts.libraries:
        return _library_of(parts)
    return GivenTracks(parts.paths, parts.tables, track, read.routes, read.person)


def _refuse_person_of_points(read: ReadingOptions, parts: _Parts) -> None:
    if read.person and parts.tables and not parts.paths:
        table = printable(str(parts.tables[0].source))[:60]
        raise BadOption(
            f"--person={quote(read.person)} is for tracks, and rows of {table} are points: leave it out, or say "
            "with --track which column tells tracks apart"
        )


def _library_of(parts: _Parts) -> GivenLibrary:
    if len(parts.libraries) > 1 or parts.paths or parts.tables:
        raise BadOption("a library goes alone: heatlas import SOURCE... -l LIBRARY brings more into it")
    return GivenLibrary(parts.libraries[0])


def _track_of(tables: Sequence[GivenTable], options: TableOptions, read: ReadingOptions) -> str | None:
    from heatlas.sources.tables.tracks.reader import track_option

    return track_option(tables, options, read)


def _by_kind(sources: Collection[Any], options: TableOptions, read: ReadingOptions) -> _Parts:
    """Inspect each source once, and sort them by kind."""
    refuse_odd(sources)
    read.check()
    if (alone := _library_alone(sources)) is not None:
        _refuse_idle(read, [], [], [alone])
        return _Parts((), (), (alone,))
    from heatlas.sources.expanded import expanded
    from heatlas.sources.tables.given import GivenTable

    paths: list[Path | Location] = []
    tables: list[GivenTable] = []
    libraries: list[Path] = []
    for source in itertools.chain.from_iterable(map(expanded, sources)):
        kind = _look(source, options, read)
        if isinstance(kind, GivenLibrary):
            libraries.append(kind.path)
        elif isinstance(kind, GivenTable):
            tables.append(kind)
        else:
            paths.append(kind)
    _refuse_idle(read, paths, tables, libraries)
    return _Parts(tuple(paths), tuple(tables), tuple(libraries))


def _refuse_idle(
    read: ReadingOptions, paths: list[Path | Location], tables: list[GivenTable], libraries: list[Path]
) -> None:
    """Refuse options of reading that would change nothing."""
    if libraries:
        refuse(read, "sources when they are read, and a library holds what was read: say it to heatlas import")
    if read.routes and not paths:
        raise BadOption("--routes is for recordings, and there is none: leave it out")
    if read.read_as == "points" and not tables:
        raise BadOption("--read-as=points is for maps and tables of geometries, and there is none: leave it out")


def _library_alone(sources: Collection[Any]) -> Path | None:
    """Library that is the only source, and has the ending of one; nothing that reads other sources is then loaded."""
    alone = next(iter(sources))
    if len(sources) > 1 or not isinstance(alone, (str, Path)) or not _LIBRARY.fullmatch(str(alone)):
        return None
    try:
        head = read_head(Path(alone))
    except SourceFailed:  # which is said where it is looked for under other kinds
        return None
    return Path(alone) if head is not None and head.application_id == LIBRARY_ID else None


def _look(source: Any, options: TableOptions, read: ReadingOptions) -> Path | Location | GivenTable | GivenLibrary:
    from heatlas.core.filesystems import Location
    from heatlas.sources.tables import is_path, is_table_file, see
    from heatlas.sources.tables.given import GivenTable
    from heatlas.sources.tables.table import Copied, Dataset

    if isinstance(source, os.PathLike) and not isinstance(source, Path):
        source = Path(source)
    if isinstance(source, Location):
        return source
    if isinstance(source, Copied):
        return GivenTable(source, options, see(source.path))
    if isinstance(source, Dataset) or not is_path(source):
        return GivenTable(source, options)
    path = Path(source)
    seen = see(path)
    if seen is not None and seen.is_library:
        return GivenLibrary(path)
    # A recording whose rows are points too is read as a table where its columns are named.
    asked = (options.table, options.lat, options.lon, options.geometry, options.place, options.weight, options.track)
    rows = read.read_as == "points" or any(value is not None for value in asked)
    return GivenTable(source, options, seen) if is_table_file(path, seen, rows=rows) else path


def refuse_odd(sources: Collection[Any]) -> None:
    """Refuse objects that are neither a path nor a table, and paths that are not given one by one.

    Raises
    ------
    BadOption
        The message says how to write the sources.
    """
    if not sources or any(isinstance(source, (list, tuple, set, frozenset)) for source in sources):
        raise BadOption("give one source or more, one by one, such as open('a.gpx', 'b.gpx'); of a list open(*paths)")
    for source in sources:
        if not isinstance(source, (str, os.PathLike)) and not _is_object(source):
            raise BadOption(
                f"{source!r:.60} is no source: give a path, the URL of a database, or a table such as a DataFrame"
            )


def _is_object(source: Any) -> bool:
    """Whether an object that is no path is a source."""
    from heatlas.core.filesystems import Location
    from heatlas.sources.tables import is_table
    from heatlas.sources.tables.table import Copied, Dataset

    return isinstance(source, (Dataset, Copied, Location)) or is_table(source)
