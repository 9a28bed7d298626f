"""Explorer tiles from sources and options to files and a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from heatlas.core.context import Context, silent
from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.wording import worded_report
from heatlas.dataset.places import around
from heatlas.explorer.chosen import explore_chosen
from heatlas.explorer.framing import box_around, busiest_box
from heatlas.explorer.missing import missing_around
from heatlas.explorer.outputs import PICTURE, check_output, write_outlines
from heatlas.explorer.report import report_of
from heatlas.options import ExploreOptions, ImportOptions, gather, refuse
from heatlas.options.parsing import parse_around
from heatlas.options.signature import with_keywords
from heatlas.sources.resolve import resolve_served
from heatlas.sources.tables import is_path
from heatlas.tracks.filters import parse_where
from heatlas.tracks.local_time import parse_moment

if TYPE_CHECKING:
    from heatlas.core.context import Progress
    from heatlas.explorer.explored import Explored
    from heatlas.explorer.outputs.picture import Paint
    from heatlas.explorer.visits import TileVisits
    from heatlas.options import TableOptions
    from heatlas.options.keywords import ExploreKeywords

__all__ = ["ZOOM", "explore"]

ZOOM = 14
"""Zoom of explorer tiles when nobody says: 1.6 km in the middle of Europe."""


@with_keywords(ExploreOptions)
def explore(
    *sources: Any,
    output: str | Path | None = None,
    progress: Progress = silent,
    workers: int | None = None,
    **options: Unpack[ExploreKeywords],
) -> dict[str, Any]:
    """Find the tiles of a zoom that activities visit, the largest square and cluster, and what each activity added.

    Parameters
    ----------
    *sources : str, Path or object
        One library; or recordings, as for `heatlas.open`, which are read into a temporary one.
    output : str or Path, optional
        What to write; its ending decides how: .geojson, .gpx, .kml, .json (the report) or .png.
    progress : callable, optional
        Is told the stage, and how much of how much is done.
    workers : int, optional
        Threads for reading; by default one for each processor.
    **options
        Those of the command line, under the names of `heatlas.options.ExploreOptions`.

    Returns
    -------
    dict
        The report: scores, tiles, missing tiles, and the history, as plain data.

    Raises
    ------
    HeatlasError
        With one sentence that says what to do.
    """
    from heatlas.library.file.opening import open_library
    from heatlas.library.manage import library_of

    job = _Job.parse(None if output is None else Path(output), gather(ExploreOptions, options, "explore"))
    asked = job.asked
    context = Context(workers, progress)
    reading = ImportOptions(hiding=asked.hiding, gaps=asked.gaps, tables=asked.tables, read=asked.read)
    _refuse_points(sources, asked.tables)
    with library_of(sources, reading, context) as path, open_library(path) as library:
        explored, visits, old = explore_chosen(library, job.zoom, asked.filter, asked.explorer, context)
    return worded_report({**job.finish(explored, visits, context), **({"warnings": [old]} if old else {})})


def _refuse_points(sources: tuple[Any, ...], tables: TableOptions) -> None:
    """Refuse tables whose rows are points: these visit no tiles."""
    there = [source for source in sources if not is_path(source) or Path(source).exists()]  # others are named later
    given = resolve_served(there, tables) if there else None
    if isinstance(given, tuple) and given[1].tables:
        raise BadOption(
            f"explorer tiles are of tracks, and the rows of {given[1].tables[0].source} are points: say --track COLUMN "
            "where they are fixes of tracks, or --track=all"
        )


@frozen
class _Job:
    """What is asked, as sound options."""

    asked: ExploreOptions
    output: Path | None
    circle: tuple[float, float, float] | None
    paint: Paint | None
    """None where no picture is written."""

    @classmethod
    def parse(cls, output: Path | None, asked: ExploreOptions) -> _Job:
        """Check the options, before anything is read."""
        explorer = asked.explorer
        for date in filter(None, (asked.filter.after, asked.filter.before)):
            parse_moment(date)
        if asked.filter.where is not None:
            parse_where(asked.filter.where)
        if explorer.at_least is not None and not explorer.public:
            raise BadOption("--at-least is for --public, which leaves out what is of a few: say both or none")
        if explorer.public_least is not None and not explorer.public:
            raise BadOption("--public-least is for --public, which leaves out what is of a few: say both or none")
        if not explorer.public:
            hidden = "--public, which counts what is shown; without it whole tracks are: add that, or leave this out"
            refuse(asked.hiding, hidden)
        paint = None
        if output is not None:
            check_output(output)
        if output is not None and output.suffix.lower() == PICTURE:
            from heatlas.explorer.outputs.picture import Paint

            paint = Paint.parse(asked.style, asked.labels, explorer.width)
        else:
            _refuse_paint(asked)
        circle = None if explorer.around is None else parse_around(explorer.around)
        if circle is not None:
            around(*circle)
        if explorer.missing and circle is None:
            raise BadOption("--missing looks around a place: say --around LAT,LON,RADIUS too")
        if circle is not None and not explorer.missing and paint is None:
            raise BadOption("--around says where --missing looks, or what a .png shows: add --missing, or leave it out")
        if explorer.all and circle is not None:
            raise BadOption("--all and --around cannot go together: give one of them")
        return cls(asked, output, circle, paint)

    @property
    def zoom(self) -> int:
        """Of the tiles."""
        return ZOOM if self.asked.explorer.zoom is None else self.asked.explorer.zoom

    def finish(self, explored: Explored, visits: TileVisits, context: Context) -> dict[str, Any]:
        """Write the file, if one was asked for, and make the report."""
        context.progress("scoring", 0, 0)
        missing = None
        if self.asked.explorer.missing:
            assert self.circle is not None
            missing = missing_around(explored.keys, self.zoom, self.circle)
        report = report_of(explored, missing)
        if self.output is None:
            return report
        context.progress("writing", 0, 0)
        written = [self.output]
        if self.paint is None:
            write_outlines(self.output, explored, missing)
        else:
            from heatlas.explorer.outputs.picture import write_picture

            written = write_picture(self.output, explored, missing, self._box(explored, visits), self.paint)
        return {**report, "outputs": [str(path) for path in written]}

    def _box(self, explored: Explored, visits: TileVisits) -> tuple[float, float, float, float]:
        """What a picture shows, degrees: the circle, all tiles, or the busiest place."""
        if self.circle is not None:
            return around(*self.circle)
        if self.asked.explorer.all:
            return box_around(explored.keys, self.zoom)
        return busiest_box(explored, visits)


def _refuse_paint(asked: ExploreOptions) -> None:
    """Refuse options of pictures where none is written."""
    picture = "a .png: leave it out"
    refuse(asked.style, picture)
    refuse(asked.labels, picture)
    refuse(asked.explorer, picture, "all", "width")
