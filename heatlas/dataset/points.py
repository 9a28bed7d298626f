"""Weighted points of tables: count them, locate them, draw their heat."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import NoneType
from typing import TYPE_CHECKING, Any

from heatlas.core.context import Context
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.memory import check_whole
from heatlas.core.wording import worded_report
from heatlas.core.words import counted
from heatlas.dataset.places import bbox_window
from heatlas.dataset.point_extent import framed, stated_box, why_no_points
from heatlas.dataset.viewport import area_of, check_drawing, scale_of
from heatlas.options import TableOptions
from heatlas.options.parsing import kernel_of
from heatlas.raster.measure import Measure, parse_point_measure
from heatlas.raster.pipeline import point_heat
from heatlas.raster.point_kernel import Kernel
from heatlas.raster.spool import Spool, Tally
from heatlas.sources.tables.columns import PointColumns, find_columns
from heatlas.sources.tables.rows import read_points, swap_warning
from heatlas.sources.tables.settled import settled

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from heatlas.core.points import Points
    from heatlas.core.window import Window
    from heatlas.dataset.heat import Heat
    from heatlas.dataset.heat.resmooth import Width
    from heatlas.dataset.point_extent import Box
    from heatlas.raster.pipeline import Drawn
    from heatlas.sources.tables.given import GivenTable
    from heatlas.sources.tables.table import Table

__all__ = ["PointSet"]

_NOTHING = TableOptions()


_INTERNAL = frozenset({"chunks", "data", "given", "hints", "located", "of", "parts"})  # steps of other modules


@dataclass(frozen=True, slots=True, repr=False)
class PointSet:
    """Rows of tables that are points. A method that needs the rows reads them."""

    parts: tuple[tuple[Table, PointColumns], ...]
    """Each table with the columns to read."""

    @classmethod
    def of(cls, tables: Sequence[Table], asked: TableOptions = _NOTHING) -> PointSet:
        """Find the columns of some tables.

        Parameters
        ----------
        tables : sequence of Table
            They are read one after the other.
        asked : TableOptions
            As for `heatlas.sources.tables.columns.find_columns`.

        Raises
        ------
        BadOption
            When a column is missing; the text names the existing ones.
        """
        parts = [(table, find_columns(table.schema, asked, name=table.name)) for table in tables]
        if len({found.weight is None for _, found in parts}) > 1:  # only some have a column of that name
            parts = [(table, replace(found, weight=None)) for table, found in parts]
        return cls(tuple((settled(table, found), found) for table, found in parts))

    @classmethod
    def given(cls, tables: Sequence[GivenTable]) -> PointSet:
        """Open tables that were given together and find their columns.

        The tables are read one after the other.

        Raises
        ------
        BadOption, SourceFailed, MissingExtra
            As `heatlas.sources.tables.open_table` and `of` do.
        """
        return cls.of([each.table for each in tables], tables[0].options)

    def where(
        self, text: str | None = None, after: str | dt.date | None = None, before: str | dt.date | None = None
    ) -> PointSet:
        """Keep the rows that pass a filter (see `heatlas.sources.tables.row_filter.filtered`).

        Raises
        ------
        BadOption
            For an invalid filter, or a column that a table does not have.
        """
        from heatlas.sources.tables.row_filter import filtered

        if not isinstance(text, (str, NoneType)):
            raise BadOption("a filter of points is text, such as beds > 10")
        first, last = (None if date is None else str(date) for date in (after, before))
        return PointSet(
            tuple((filtered(table, text, first, last, columns.time), columns) for table, columns in self.parts)
        )

    @property
    def weight(self) -> str | None:
        """Name of the weight column; None: each point counts 1."""
        return self.parts[0][1].weight

    @property
    def name(self) -> str:
        """Names of the tables."""
        first = self.parts[0][0].name
        return first if len(self.parts) == 1 else f"{first} and {len(self.parts) - 1} more"

    @property
    def size(self) -> int:
        """Number of rows; 0 where it is unknown before reading."""
        sizes = [table.size for table, _ in self.parts]
        return 0 if None in sizes else sum(size or 0 for size in sizes)

    @property
    def time(self) -> str | None:
        """Name of the column of times; None where there is none, or not in all tables."""
        names = [columns.time for _, columns in self.parts]
        return None if None in names else names[0]

    def chunks(self, timed: bool = False) -> Iterator[Points]:
        """Stream the points; `timed`: with their times, where all tables have a column of them."""
        for table, columns in self.parts:
            yield from read_points(table, columns, timed and self.time is not None)

    def hints(self) -> list[str]:
        """Suggest options where rows look like fixes of tracks, which would be drawn as separate dots."""
        from heatlas.sources.tables.cells.orders import PERIODS
        from heatlas.sources.tables.tracks.reader import hint

        return [
            text
            for table, columns in self.parts
            if table.readings.get(columns.time or "") not in PERIODS.values()  # whole months are no moments of fixes
            and (text := hint(table.schema, columns.time))
        ]

    def data(self, tally: Tally, shown: bool = True) -> dict[str, Any]:
        """Plain data: what was read, what was left out, and warnings.

        Parameters
        ----------
        tally : Tally
            Counts from reading the points.
        shown : bool
            Whether all points are shown; a few strays then make the rest small.
        """
        warnings = [(table.name, text) for table, _ in self.parts for text in table.warnings]
        columns = self.parts[0][1]
        if odd := swap_warning(columns, tally.dropped, tally.points):
            warnings.append((self.name, odd))
        if shown and (crowd := tally.crowd):
            box = ",".join(f"{x:g}" for x in crowd)
            warnings.append((self.name, f"nearly all points lie within --bbox={box}, much less than all of them do"))
        return worded_report(
            {
                "files": {
                    "read": len(self.parts),
                    "failed": [],
                    "skipped": [],
                    "warnings": [{"file": name, "reason": text} for name, text in warnings],
                },
                "rows": tally.rows,
                "points": tally.points,
                "columns": {
                    what: name
                    for what in ("lat", "lon", "geometry", "place", "crs", "weight")
                    if (name := _joined(getattr(columns, what)))
                },
                "dropped": dict(sorted(tally.dropped.items())),
                "duplicates": [],
                "activities": 0,
                "fixes": 0,
                "places": [],
            }
        )

    @contextmanager
    def located(
        self, tally: Tally, told: Callable[[int], None] = lambda rows: None
    ) -> Iterator[tuple[Box | None, Iterable[Points]]]:
        """Find the box of all points (None without any) and provide the points.

        A table that cannot be read twice is read once, and its points are spooled. `tally` counts each row once.
        """
        if (box := stated_box(self.parts)) is not None:
            yield box, tally(self.chunks(), told, reach=False)
        elif all(table.repeatable for table, _ in self.parts):
            for _ in tally(self.chunks(), told):
                pass
            yield tally.bbox, self.chunks()
        else:
            spool = Spool(tally(self.chunks(), told))
            try:
                yield tally.bbox, spool
            finally:
                spool.close()

    def window(
        self,
        bbox: Box | str | Any | None = None,
        zoom: float | None = None,
        resolution: float | str | None = None,
        width: int | None = None,
        around: str | Sequence[float | str] | None = None,
    ) -> Window:
        """Make a window over a box (west, south, east, north), by default over all points.

        `bbox` may also be a GeoDataFrame, a GeoSeries or a geometry of shapely; `around` is a circle, "60.17,24.94,5km"
        or (60.17, 24.94, "5km"). Of `zoom` (0 to 24), `resolution` (true metres per pixel) and `width` (pixels) at most
        one is given.

        Raises
        ------
        BadOption
            For an invalid value.
        NothingToDraw
            When there is no point.
        """
        scale, box = scale_of(zoom, resolution, width), area_of(bbox, around)
        if box is None:
            tally = Tally()
            with self.located(tally) as (found, _):
                pass
            if found is None:
                raise NothingToDraw(why_no_points(self.name, tally))
            box = framed(found)
        return bbox_window(box, *scale)

    def heat(
        self,
        measure: str | Measure | None = None,
        window: Window | None = None,
        radius: str = "15px",
        density: bool = False,
        workers: int | None = None,
        *,
        kernel: str | Kernel = "gaussian",
    ) -> Heat:
        """Count points over a window and spread them.

        Parameters
        ----------
        measure : str or Measure, optional
            sum (of the weights; the default), count, mean, min or max.
        window : Window, optional
            By default all points, at most 4096 px wide and high.
        radius : str
            How far each point is felt, "15px" or "500m"; "0px" for bare pixels.
        density : bool
            Whether values are per square kilometre.
        workers : int, optional
            Threads; by default one for each processor.
        kernel : str or Kernel
            Shape: gaussian, linear, quartic, epanechnikov, uniform; or a kernel with its radius.

        Raises
        ------
        BadOption, TooLarge, NothingToDraw, SourceFailed
            In one sentence that says what to do.
        """
        from heatlas.dataset.heat import Heat

        check_drawing(measure or "sum", window)
        if not isinstance(measure, Measure):
            measure = parse_point_measure(measure, self.weight, density)
        wanted, over = measure, window or self.window()
        width = kernel_of(radius, kernel)
        check_whole(over, wanted.bytes_per_pixel)

        def again(width: Width) -> Drawn:
            assert isinstance(width, Kernel)
            return point_heat(self.chunks(), over, wanted, width, Context(workers))

        return Heat.of(again(width), width, again if all(table.repeatable for table, _ in self.parts) else None)

    def _facts(self) -> list[str]:
        columns = self.parts[0][1]
        place = columns.geometry or ", ".join(columns.place) or f"{columns.lat}, {columns.lon}"
        weight = f"weighted by {columns.weight}" if columns.weight else "each counts 1"
        return [counted(self.size, "rows") if self.size else "", f"at {place}", weight]

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self)} - _INTERNAL)

    def __repr__(self) -> str:
        return f"<PointSet {self.name}: {', '.join(fact for fact in self._facts() if fact)}>"

    def _repr_html_(self) -> str:
        from heatlas.dataset.heat.html import card

        return card(self.name, self._facts())


def _joined(named: str | tuple[str, ...] | None) -> str | None:
    return ", ".join(named) if isinstance(named, tuple) else named
