"""Serve a library, or one that is made for the while."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from heatlas.context import NOBODY, Context
from heatlas.errors import BadOption, MissingExtra, NothingToDraw
from heatlas.keeping.bringing import bring, refuse_gaps, refuse_table_options, refuse_unfit
from heatlas.keeping.looking import refuse_missing
from heatlas.options import ImportOptions, given
from heatlas.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from heatlas.point_set import PointSet
    from heatlas.sources.resolve import GivenLibrary, GivenTracks

__all__ = ["library_for", "library_of", "serve_sources"]

_NOTHING = ImportOptions()


def serve_sources(
    *sources: str | Path,
    context: Context = NOBODY,
    ready: Callable[[], None] = lambda: None,
    asked: ImportOptions = _NOTHING,
    **options: Any,
) -> None:
    """Serve a library until Ctrl-C, or anything else out of a library that is made for the while.

    Parameters
    ----------
    *sources : str or Path
        One library, or recordings, or tables of points.
    context : Context
        Who is told how far reading is.
    ready : callable, optional
        Is called before serving begins.
    asked : ImportOptions
        How recordings and tables are read.
    **options
        As for `heatlas.server.serve`.
    """
    try:
        from heatlas.server import serve
    except ImportError as error:
        if str(error.name or "").startswith("heatlas"):
            raise
        raise MissingExtra("serving", "server") from None
    with library_of(sources, asked, context) as path:
        ready()
        serve(path, **options)


@contextmanager
def library_of(sources: Collection[Any], asked: ImportOptions = _NOTHING, context: Context = NOBODY) -> Iterator[Path]:
    """Give the one library, or one in a temporary folder that goes when it is no longer needed.

    Parameters
    ----------
    sources : collection of str, Path or object
        One library, or recordings, or tables of points.
    asked : ImportOptions
        What to hide, and how recordings and tables are read; a library has its own.
    context : Context
        Its `report` is given that of `import_into`, if anything was brought in.

    Raises
    ------
    BadOption
        For sources that do not go together, or options that would be ignored.
    """
    from heatlas.library.point_tables import named_tables
    from heatlas.sources.resolve import GivenLibrary, resolve_served

    refuse_missing(sources)
    found = resolve_served(sources, asked.tables)
    if isinstance(found, GivenLibrary):
        refuse_table_options(asked)
        made: GivenLibrary | tuple[GivenTracks, Mapping[str, PointSet]] = found
    else:
        refuse_unfit(*found, asked)
        made = found[0], named_tables(found[1], asked.rows)
    with library_for(made, asked, context) as path:
        yield path


@contextmanager
def library_for(
    made: GivenLibrary | tuple[GivenTracks, Mapping[str, PointSet]], asked: ImportOptions, context: Context
) -> Iterator[Path]:
    """Give a library that was resolved, or one for the while of tracks and of points by name; else as `library_of`."""
    from heatlas.sources.resolve import GivenLibrary

    if isinstance(made, GivenLibrary):
        if given(asked.hiding):
            raise BadOption(
                "a library hides what it was told to: change that by heatlas library reindex --clip-ends or "
                "heatlas zones add"
            )
        refuse_gaps(asked.gaps)
        yield made.path
        return
    with scratch_folder() as folder:
        path = folder / "heatlas.db"
        brought = bring(path, *made, asked, context)
        if context.report is not None:
            context.report(brought)
        if not (brought["activities"] or brought["point_sets"]):
            raise NothingToDraw(brought.get("nothing", "there is no track with a position in what was given"))
        yield path
