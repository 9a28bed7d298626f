"""Tiles and pages of a library, or of other sources through a temporary one."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import PurePath
from shlex import quote
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption, NoRows
from heatlas.library.manage import library_for, open_places_of
from heatlas.library.points.point_tables import named_tables
from heatlas.options import (
    FilterOptions,
    ImportOptions,
    PointSetOptions,
    RenderOptions,
    TileOptions,
    ViewportOptions,
    refuse,
)
from heatlas.options import given as asked_of
from heatlas.options.parsing import parse_zooms
from heatlas.sources.resolve import GivenLibrary, GivenPoints, GivenTracks, resolve
from heatlas.tracks.privacy.advice import as_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from heatlas.core.context import Context
    from heatlas.library.file.settings import IndexPart
    from heatlas.sources.resolve import Given

__all__ = ["check_tiles", "emptied", "of_next_run", "of_points", "page", "prepared", "tiles", "without_library"]


def tiles(sources: tuple[Any, ...], output: Path, options: RenderOptions, context: Context) -> dict[str, Any]:
    """Write tiles, or update existing ones.

    Returns
    -------
    dict
        The report, as plain data; see `heatlas.rendering.following` for `watch` and `every`.
    """
    from heatlas.publish.part import part_for
    from heatlas.publish.publishing import publish

    check_tiles(output, options)
    given = resolve(sources, options.tables, options.read)
    try:
        with _opened(given, options, context, part_for) as (path, rest, brought):
            made = publish(path, output, rest, context)
            return {**_open_places(given, path, bool(made["tiles"].get("written"))), **brought, **made}
    except NoRows:
        if asked_of(replace(options.filter, utc=False)) or not output.exists():
            raise
        return emptied(output, options, context)


def of_next_run(report: dict[str, Any]) -> dict[str, Any]:
    """Report of a run that finds tiles of a library as another one left them, from the report of that."""
    counts = report["tiles"]
    tiles = {"written": 0, "unchanged": counts["written"] + counts["unchanged"], "removed": 0, "empty": 0}
    return {name: value for name, value in report.items() if name != "open_places"} | {"tiles": tiles, "bytes": 0}


def check_tiles(output: Path, options: RenderOptions) -> None:
    """Refuse an output, or options of tiles, that cannot be used, before any source is looked at.

    Raises
    ------
    BadOption
        Naming the option and the reason.
    """
    from heatlas.pmtiles.basemap import streets_beside
    from heatlas.publish.publishing import ENDINGS, check

    check(output, options.tiles.url)
    if output.suffix.lower() in ENDINGS:
        no_place = f"folders of tiles, whose tiles.json names it: {output.suffix} has no place for it"
        refuse(options.tiles, no_place, "url")
        refuse(
            options.page,
            f"pages and folders of tiles, which can show it: {output.suffix} has no place for it",
            "explorer",
        )
        refuse(options.page, f"pages, pictures and folders of tiles: {output.suffix} has no place for it", "basemap")
    streets_beside(options.page.basemap)
    parse_zooms(options.frame.zoom)


def page(sources: tuple[Any, ...], output: Path, options: RenderOptions, context: Context) -> dict[str, Any]:
    """Write a page that holds its tiles.

    Returns
    -------
    dict
        The report, as plain data.
    """
    from heatlas.pmtiles.basemap import parse_basemap
    from heatlas.publish.layers import publish_html
    from heatlas.publish.part import part_for_page
    from heatlas.writers import check_place

    check_place(output)
    if options.style.background not in {None, "dark", "light"}:
        raise BadOption(f"--background={quote(str(options.style.background))} is for pictures: a page is dark or light")
    parse_zooms(options.frame.zoom)
    if options.page.basemap is not None:
        parse_basemap(options.page.basemap)
    if options.frame.bbox is not None:
        from heatlas.dataset.viewport import box_of

        box_of(options.frame.bbox)
    given = resolve(sources, options.tables, options.read)
    with _opened(given, options, context, part_for_page) as (path, rest, brought):
        made = publish_html(path, output, rest, context)
        known = _open_places(given, path)
    return {**known, **brought, **made, "outputs": [made["output"]]}


def _open_places(given: Given, path: Path, written: bool = True) -> dict[str, Any]:
    """Find places that a library should hide and does not, when anything was written that others may see."""
    return {"open_places": open_places_of(path)} if written and isinstance(given, GivenLibrary) else {}


def emptied(output: Path, options: RenderOptions, context: Context) -> dict[str, Any]:
    """Remove the tiles of a table that has become empty; otherwise its points would stay published.

    Only the options of how tiles are written apply: tiles of another form do not belong to the table.
    """
    from heatlas.core.scratch import scratch_folder
    from heatlas.library.file.opening import open_library
    from heatlas.publish.publishing import publish

    tiles = TileOptions(format=options.tiles.format, url=options.tiles.url)
    how = RenderOptions(frame=ViewportOptions(zoom=options.frame.zoom), labels=options.labels, tiles=tiles)
    with scratch_folder() as folder:
        open_library(folder / "heatlas.db", create=True).close()
        return publish(folder / "heatlas.db", output, how, context)


@contextmanager
def _opened(
    given: Given, options: RenderOptions, context: Context, needed: Callable[[RenderOptions], IndexPart | None]
) -> Iterator[tuple[Path, RenderOptions, dict[str, Any]]]:
    """Provide a library, the remaining options, and the report of importing into a temporary library.

    Of a temporary library of tracks only the part that is `needed` is indexed.
    A filter of points is not among the remaining options: it is applied when their rows are imported.
    """
    brought: dict[str, Any] = {}
    telling = replace(context, report=brought.update)
    asked, rest = prepared(given, options)
    if isinstance(given, GivenLibrary):
        with library_for(given, asked, context) as path:
            yield path, rest, {}
    elif isinstance(given, GivenTracks):
        with library_for((given, {}), asked, telling, needed(rest)) as path:
            yield path, rest, without_library(brought)
    else:
        with library_for((GivenTracks(()), named_tables(given, asked.rows)), ImportOptions(), telling) as path:
            yield path, rest, of_points(brought)


def prepared(given: Given, options: RenderOptions) -> tuple[ImportOptions, RenderOptions]:
    """Split options into those of an import into a temporary library, and those of drawing.

    Raises
    ------
    BadOption
        For options that would be ignored.
    """
    if isinstance(given, GivenLibrary) or not given.tables:
        refuse(options.tables, "tables, such as a .csv or a database: leave it out")
    asked = ImportOptions(hiding=options.hiding, gaps=options.gaps, athlete=options.athlete, read=options.read)
    if isinstance(given, GivenLibrary):
        return asked, options
    if isinstance(given, GivenTracks):
        refuse(options.tables, "points in a table, and these are tracks: leave it out", "weight")
        return replace(asked, tables=options.tables), options
    points_only = "tracks, and a table's rows are points: leave it out, or say --track COLUMN"
    refuse(options.hiding, points_only)
    refuse(options.filter, points_only, "sport")
    refuse(options.gaps, points_only)
    refuse(options.athlete, points_only)
    refuse(options.own, points_only)
    refuse(options.public, points_only, "public", "at_least", "round")
    chosen = options.filter
    rows = PointSetOptions(where=chosen.where, after=chosen.after, before=chosen.before, name=_name_of(given))
    return ImportOptions(tables=options.tables, read=options.read, rows=rows), replace(
        options, filter=FilterOptions(utc=chosen.utc)
    )


def _name_of(given: GivenPoints) -> str:
    """Name points after their table, for a page; several tables together are "points"."""
    from heatlas.library.points.point_sets import name_from

    sources = [each.source for each in given.tables]
    named = [source for source in sources if isinstance(source, (str, PurePath)) and str(source) != "-"]
    if len(sources) == 1 and named and "://" not in str(named[0]):
        with suppress(BadOption):  # speed.csv has the name of a measure of tracks: "points" will do
            return name_from(str(named[0]))
    return "points"


def of_points(report: dict[str, Any]) -> dict[str, Any]:
    """Turn the report of an import of points into that of a picture of points."""
    (read,) = report["point_sets"]
    kept = {name: read[name] for name in ("rows", "points", "columns", "dropped")}
    return {**kept, "files": {**report["files"], "read": 1, "warnings": read["warnings"]}}


def without_library(report: dict[str, Any]) -> dict[str, Any]:
    """Drop facts of the temporary library from a report."""
    places = [{**place, "hide": as_option(place["lat"], place["lon"])} for place in report.get("open_places", ())]
    kept = {name: value for name, value in report.items() if name not in {"library", "seconds"}}
    return {**kept, "open_places": places} if places else kept
