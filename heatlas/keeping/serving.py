"""Serve a library, or one that is made for the while."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from heatlas.errors import BadOption, MissingExtra, NothingToDraw
from heatlas.keeping.bringing import bring, refuse_gaps, refuse_table_options, refuse_unfit
from heatlas.keeping.looking import refuse_missing
from heatlas.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from heatlas.point_set import PointSet
    from heatlas.sources.resolve import GivenLibrary, GivenTracks

__all__ = ["library_for", "library_of", "serve_sources"]


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
    max_gap: str | None = None,
    max_gap_distance: str | None = None,
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
    clip_ends, zones, max_gap, max_gap_distance, workers, **table_options
        As for `import_into`; a library has its own.
    told : callable, optional
        Is given the report of `import_into`, if anything was brought in.

    Raises
    ------
    BadOption
        For sources that do not go together, or options that would be ignored.
    """
    from heatlas.library.point_tables import named_tables
    from heatlas.sources.resolve import GivenLibrary, resolve_served
    from heatlas.sources.tables.given import TableOptions

    refuse_missing(sources)
    rows = {name: table_options.pop(name, None) for name in ("name", "where", "after", "before")}
    given = resolve_served(sources, TableOptions(**table_options))
    if isinstance(given, GivenLibrary):
        refuse_table_options({**rows, **table_options})
        made: GivenLibrary | tuple[GivenTracks, Mapping[str, PointSet]] = given
    else:
        refuse_unfit(*given, {**rows, **table_options}, rows)
        made = given[0], named_tables(given[1], **rows)
    with library_for(
        made, progress, clip_ends=clip_ends, zones=zones, max_gap=max_gap, max_gap_distance=max_gap_distance,
        workers=workers, told=told,
    ) as path:  # fmt: skip
        yield path


@contextmanager
def library_for(
    given: GivenLibrary | tuple[GivenTracks, Mapping[str, PointSet]],
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    *,
    clip_ends: str | None = None,
    zones: Collection[str] = (),
    max_gap: str | None = None,
    max_gap_distance: str | None = None,
    workers: int | None = None,
    told: Callable[[dict[str, Any]], None] = lambda report: None,
) -> Iterator[Path]:
    """Give a library that was resolved, or one for the while of tracks and of points by name; else as `library_of`."""
    from heatlas.sources.resolve import GivenLibrary

    if isinstance(given, GivenLibrary):
        if clip_ends or zones:
            raise BadOption(
                "a library hides what it was told to: change that by heatlas library reindex --clip-ends or "
                "heatlas zones add"
            )
        refuse_gaps(max_gap, max_gap_distance)
        yield given.path
        return
    with scratch_folder() as folder:
        path = folder / "heatlas.db"
        brought = bring(
            path, *given, clip_ends=clip_ends, zones=zones, max_gap=max_gap, max_gap_distance=max_gap_distance,
            workers=workers, progress=progress,
        )  # fmt: skip
        told(brought)
        if not (brought["activities"] or brought["point_sets"]):
            raise NothingToDraw(brought.get("nothing", "there is no track with a position in what was given"))
        yield path
