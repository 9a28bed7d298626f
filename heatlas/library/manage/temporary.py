"""A given library, or a temporary one made of other sources."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.scratch import scratch_folder
from heatlas.library.manage.importing import bring, refuse_table_options, refuse_unfit
from heatlas.library.manage.reading import refuse_gaps, refuse_missing
from heatlas.options import ImportOptions, given, refuse

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from heatlas.dataset.points import PointSet
    from heatlas.library.file.settings import IndexPart
    from heatlas.sources.resolve import GivenLibrary, GivenTracks

__all__ = ["library_for", "library_of"]

_NOTHING = ImportOptions()


@contextmanager
def library_of(sources: Collection[Any], asked: ImportOptions = _NOTHING, context: Context = NOBODY) -> Iterator[Path]:
    """Give the path of a library, or of one in a temporary folder that is removed in the end.

    Parameters
    ----------
    sources : collection of str, Path or object
        One library, or recordings, or tables of points.
    asked : ImportOptions
        Parts to hide, and how recordings and tables are read; a given library has its own.
    context : Context
        Its `report` is called with the report of `import_into`, when sources were imported.

    Raises
    ------
    BadOption
        For sources that do not go together, or options that would be ignored.
    """
    from heatlas.library.points.point_tables import named_tables
    from heatlas.sources.resolve import GivenLibrary, resolve_served

    refuse_missing(sources)
    found = resolve_served(sources, asked.tables, asked.read)
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
    made: GivenLibrary | tuple[GivenTracks, Mapping[str, PointSet]],
    asked: ImportOptions,
    context: Context,
    part: IndexPart | None = None,
) -> Iterator[Path]:
    """Give a resolved library, or a temporary one of tracks and of points by name; see `library_of`.

    With a `part` the index of a temporary library holds nothing else.
    """
    from heatlas.sources.resolve import GivenLibrary

    if isinstance(made, GivenLibrary):
        if given(asked.hiding):
            raise BadOption(
                "a library hides what it was told to: change that by heatlas library reindex --clip-ends or "
                "heatlas zones add"
            )
        refuse_gaps(asked.gaps)
        refuse(asked.athlete, "recordings, and a library has its athlete: heatlas library athlete changes that")
        yield made.path
        return
    with scratch_folder() as folder:
        path = folder / "heatlas.db"
        brought = bring(path, *made, asked, context, part)
        if context.report is not None:
            context.report(brought)
        if not (brought["activities"] or brought["point_sets"]):
            raise NothingToDraw(brought.get("nothing", "there is no track with a position in what was given"))
        yield path
