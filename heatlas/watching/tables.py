"""Read tables again, on a schedule or when their file has changed."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import NoRows
from heatlas.core.report import Report
from heatlas.library.file.opening import open_library
from heatlas.library.manage.importing import bring, refuse_unfit
from heatlas.library.points.point_sets import remove_point_set
from heatlas.library.points.point_tables import named_tables
from heatlas.library.points.stored_points import list_point_sets
from heatlas.options import GapOptions, HidingOptions
from heatlas.options.measuring import AthleteOptions
from heatlas.sources.resolve import resolve_import
from heatlas.sources.tables import is_path
from heatlas.watching.walk import files_under
from heatlas.watching.whole import REST, Waiting

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Sequence

    from heatlas.core.context import Context
    from heatlas.options import ImportOptions

__all__ = ["TableReader", "name_of"]


class TableReader:
    """Reads some tables into a library; what has not changed is not written again.

    Parameters
    ----------
    library : Path
        The library.
    sources : sequence
        Paths, or addresses of databases.
    asked : ImportOptions
        How tables are read.
    every : float, optional
        Seconds between two readings; None: when a file has changed.
    tell : callable
        Called with the report of each reading that changed anything.
    context : Context
        Number of workers, and the receiver of progress.
    """

    def __init__(
        self,
        library: Path,
        sources: Sequence[Any],
        asked: ImportOptions,
        every: float | None,
        tell: Callable[[dict[str, Any]], None],
        context: Context,
    ) -> None:
        self._path, self._sources, self._every = library, sources, every
        # What is stored in the library is said once, at the beginning.
        self._asked = replace(asked, hiding=HidingOptions(), gaps=GapOptions(), athlete=AthleteOptions())
        self._tell, self._context = tell, context
        self._waiting = Waiting()
        self._read: dict[Path, tuple[int, int]] | None = None
        self._told = self._is_empty = False

    def work(self) -> float:
        """Read the tables, if it is time; returns the seconds until it may be again."""
        started = time.monotonic()
        found = self._files() if self._every is None else []
        state = {path: (status.st_size, status.st_mtime_ns) for path, status in found}
        if self._every is None and self._read is not None:
            if state == self._read:
                return REST
            wait = max((self._waiting.judge(path, status).wait for path, status in found), default=0.0)
            if wait:
                return min(wait, REST)
        tracks, points = resolve_import(self._sources, self._asked.tables, self._asked.read)
        refuse_unfit(tracks, points, self._asked)
        named = named_tables(points, self._asked.rows)
        self._read = state
        try:
            report = bring(self._path, tracks, named, self._asked, self._context)
            self._is_empty = False
        except NoRows:
            report = self._emptied(named)
        except BaseException:
            self._read = None
            raise
        if (
            not self._told
            or report.get("emptied")
            or report["files"]["read"]
            or any(each["changed"] for each in report["point_sets"])
        ):
            self._told = True
            self._tell(report)
        if self._every is None:
            return REST
        return max(self._every - (time.monotonic() - started), 0.0)

    def _emptied(self, names: Collection[str]) -> dict[str, Any]:
        """Take out the points of tables that have no row any more; what is read next is then written again."""
        report = Report()
        with open_library(self._path) as library:
            for name in names:
                with library.read() as connection:
                    is_there = name in list_point_sets(connection)
                if is_there:
                    remove_point_set(library, name)
        if not self._is_empty:
            for source in self._sources:
                report.warnings.append((name_of(source), "there is no row any more: its points were taken out"))
        said = {"library": str(self._path), "activities": 0, "point_sets": [], "emptied": not self._is_empty}
        self._is_empty = True
        return {**report.data(), **said, "seconds": report.seconds}

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        """Files of the tables; some are folders of files."""
        paths = [Path(source) for source in self._sources if is_path(source)]
        return [found for path in paths for found in files_under(path)]


def name_of(source: Any) -> str:
    """Name of a source in messages; an address without a password."""
    import os

    from heatlas.sources.databases.url import is_database_url, parse_address

    return (
        parse_address(source, os.environ).name if isinstance(source, str) and is_database_url(source) else str(source)
    )
