"""Tiles and pages of a library, or of one that is made for the while."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from heatlas.errors import BadOption
from heatlas.keeping import library_for, open_places_of
from heatlas.library.point_tables import named_tables
from heatlas.outputs.refusing import refuse
from heatlas.outputs.zooms import tile_zooms
from heatlas.point_set import NoRows
from heatlas.privacy import as_option
from heatlas.sources.resolve import GivenLibrary, GivenPoints, GivenTracks, resolve
from heatlas.sources.tables.given import TableOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from heatlas.sources.resolve import Given

__all__ = ["page", "tiles"]


def tiles(
    *sources: Any,
    output: Path,
    measure: str | None = None,
    zoom: float | str | None = None,
    smooth: str | None = None,
    where: str | None = None,
    sports: Collection[str] = (),
    after: str | None = None,
    before: str | None = None,
    utc: bool = False,
    clip_ends: str | None = None,
    zones: Collection[str] = (),
    max_gap: str | None = None,
    max_gap_distance: str | None = None,
    public: bool = False,
    public_least: int | None = None,
    query: str | None = None,
    table: str | None = None,
    lat: str | None = None,
    lon: str | None = None,
    geometry: str | None = None,
    crs: str | None = None,
    decimal: str | None = None,
    dates: str | None = None,
    weight: str | None = None,
    time: str | None = None,
    track: str | None = None,
    radius: str | None = None,
    kernel: str | None = None,
    density: bool = False,
    tone: str | None = None,
    colormap: str | None = None,
    form: str | None = None,
    title: str | None = None,
    attribution: str | None = None,
    url: str | None = None,
    refit: bool = False,
    watch: bool = False,
    told: Callable[[dict[str, Any]], None] | None = None,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Write tiles, or bring up to date those that are there; the options are those of `heatlas.render`.

    Returns
    -------
    dict
        The report, as plain data; of a watch the last one.
    """
    from heatlas.publish import ENDINGS, check, publish
    from heatlas.publish import watch as publish_again

    check(output, url)
    if output.suffix.lower() in ENDINGS:
        refuse({"--url": url}, f"folders of tiles, whose tiles.json names it: {output.suffix} has no place for it")
    options = _given(
        zooms=tile_zooms(zoom), measure=measure, tone=tone, colormap=colormap, smooth=smooth, form=form, title=title,
        attribution=attribution, url=url, radius=radius, kernel=kernel, density=density,
    )  # fmt: skip
    chosen = _given(where=where, sports=sports, after=after, before=before)
    of_tables = _given(
        query=query, table=table, lat=lat, lon=lon, geometry=geometry, crs=crs, decimal=decimal, dates=dates,
        weight=weight, time=time, track=track,
    )  # fmt: skip
    last: dict[str, Any] = {}
    given = resolve(sources, TableOptions(**of_tables))
    if watch and not isinstance(given, GivenLibrary):
        raise BadOption("--watch looks after a library: heatlas import SOURCE... makes one, and adds to it")
    gaps = {"max_gap": max_gap, "max_gap_distance": max_gap_distance}
    hiding = {"clip_ends": clip_ends, "zones": zones, "workers": workers, **gaps}
    try:
        with _opened(given, of_tables, chosen, hiding, public, progress) as (path, rest, brought):
            how: dict[str, Any] = {
                **options, **rest, **_openly(public, public_least), "utc": utc, "refit": refit, "workers": workers
            }  # fmt: skip
            if not watch:
                made = publish(path, output, progress=progress, **how)
                return {**_open_places(given, path, bool(made["tiles"].get("written"))), **brought, **made}

            def tell(report: dict[str, Any]) -> None:
                last.update(report)
                if told is not None:
                    told(report)

            publish_again(path, output, told=tell, progress=progress, **how)
    except NoRows:
        if chosen or not output.exists():
            raise
        kept = ("zooms", "form", "title", "attribution", "url")
        how = {name: options[name] for name in kept if name in options}
        return _emptied(output, workers=workers, progress=progress, **how)
    return last


def page(
    *sources: Any,
    output: Path,
    measure: str | None = None,
    zoom: float | str | None = None,
    smooth: str | None = None,
    where: str | None = None,
    sports: Collection[str] = (),
    after: str | None = None,
    before: str | None = None,
    utc: bool = False,
    clip_ends: str | None = None,
    zones: Collection[str] = (),
    max_gap: str | None = None,
    max_gap_distance: str | None = None,
    public: bool = False,
    public_least: int | None = None,
    query: str | None = None,
    table: str | None = None,
    lat: str | None = None,
    lon: str | None = None,
    geometry: str | None = None,
    crs: str | None = None,
    decimal: str | None = None,
    dates: str | None = None,
    weight: str | None = None,
    time: str | None = None,
    track: str | None = None,
    radius: str | None = None,
    kernel: str | None = None,
    density: bool = False,
    tone: str | None = None,
    colormap: str | None = None,
    background: str | None = None,
    layers: str | None = None,
    basemap: str | None = None,
    title: str | None = None,
    attribution: str | None = None,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Write a page that holds its tiles; the options are those of `heatlas.render`.

    Returns
    -------
    dict
        The report, as plain data.
    """
    from heatlas.publish import publish_html
    from heatlas.sinks import check_place

    check_place(output)
    if background not in {None, "dark", "light"}:
        raise BadOption(f"--background {background} is for pictures: a page is dark or light")
    options = _given(
        zooms=tile_zooms(zoom), measure=measure, tone=tone, colormap=colormap, smooth=smooth, layers=layers,
        basemap=basemap, background=background, title=title, attribution=attribution, radius=radius, kernel=kernel,
        density=density,
    )  # fmt: skip
    chosen = _given(where=where, sports=sports, after=after, before=before)
    of_tables = _given(
        query=query, table=table, lat=lat, lon=lon, geometry=geometry, crs=crs, decimal=decimal, dates=dates,
        weight=weight, time=time, track=track,
    )  # fmt: skip
    gaps = {"max_gap": max_gap, "max_gap_distance": max_gap_distance}
    hiding = {"clip_ends": clip_ends, "zones": zones, "workers": workers, **gaps}
    given = resolve(sources, TableOptions(**of_tables))
    with _opened(given, of_tables, chosen, hiding, public, progress) as (path, rest, brought):
        made = publish_html(
            path,
            output,
            **_openly(public, public_least),
            utc=utc,
            workers=workers,
            progress=progress,
            **options,
            **rest,
        )
        known = _open_places(given, path)
    return {**known, **brought, **made, "outputs": [made["output"]]}


def _open_places(given: Given, path: Path, written: bool = True) -> dict[str, Any]:
    """Find what a library should hide and does not, when anything was written that others may see."""
    return {"open_places": open_places_of(path)} if written and isinstance(given, GivenLibrary) else {}


def _openly(public: bool, least: int | None) -> dict[str, Any]:
    """How much of a library everybody may see."""
    if least is not None and not public:
        raise BadOption("--public-least is for --public, which leaves out what is of a few: say both or none")
    return {"public": public, **({} if least is None else {"least": least})}


def _given(**options: Any) -> dict[str, Any]:
    """Options that were given: each has its own default."""
    return {name: value for name, value in options.items() if value is not None and value is not False and value != ()}


def _emptied(output: Path, **how: Any) -> dict[str, Any]:
    """Remove the tiles of a table that has become empty, as is done for a library: else its points stay published.

    `how` is what `heatlas.publish.publish` is told of how tiles are written: those of another form are not its own.
    """
    from heatlas.library.store import open_library
    from heatlas.publish import publish
    from heatlas.scratch import scratch_folder

    with scratch_folder() as folder:
        open_library(folder / "heatlas.db", create=True).close()
        return publish(folder / "heatlas.db", output, **how)


@contextmanager
def _opened(
    given: Given,
    of_tables: dict[str, Any],
    chosen: dict[str, Any],
    hiding: dict[str, Any],
    public: bool,
    progress: Callable[[str, int, int], None],
) -> Iterator[tuple[Path, dict[str, Any], dict[str, Any]]]:
    """Give a library, the filter that is left (that of points chooses rows when they are brought in), and a report.

    The report is of what was brought into a library that is made for the while.
    """
    brought: dict[str, Any] = {}
    if isinstance(given, GivenLibrary) or not given.tables:
        refuse(
            {f"--{name}": value for name, value in of_tables.items()},
            "tables, such as a .csv or a database: leave it out",
        )
    if isinstance(given, GivenLibrary):
        with library_for(given, progress, **hiding) as path:
            yield path, chosen, {}
        return
    if isinstance(given, GivenTracks):
        refuse({"--weight": of_tables.get("weight")}, "points in a table, and these are tracks: leave it out")
        with library_for((given, {}), progress, told=brought.update, **hiding) as path:
            yield path, chosen, _without_library(brought)
        return
    refuse({"--clip-ends": hiding["clip_ends"], "--zone": hiding["zones"] or None, "--sport": chosen.get("sports"),
            "--max-gap": hiding["max_gap"], "--max-gap-distance": hiding["max_gap_distance"],
            "--public": public or None},
           "tracks, and a table's rows are points: leave it out, or say --track COLUMN")  # fmt: skip
    tables, workers = named_tables(given, name=_name_of(given), **chosen), hiding["workers"]
    with library_for((GivenTracks(()), tables), progress, workers=workers, told=brought.update) as path:
        yield path, {}, _of_points(brought)


def _name_of(given: GivenPoints) -> str:
    """Name points after their table, as they will be called on a page; several tables are drawn together."""
    from heatlas.library.point_sets import name_from

    sources = [each.source for each in given.tables]
    named = [source for source in sources if isinstance(source, (str, PurePath)) and str(source) != "-"]
    if len(sources) == 1 and named and "://" not in str(named[0]):
        with suppress(BadOption):  # another name will do: speed.csv is called as a measure of tracks is
            return name_from(str(named[0]))
    return "points"


def _of_points(report: dict[str, Any]) -> dict[str, Any]:
    """Say of points that were brought in what is said of them when a picture is drawn."""
    (read,) = report["point_sets"]
    kept = {name: read[name] for name in ("rows", "points", "columns", "dropped")}
    return {**kept, "files": {**report["files"], "read": 1, "warnings": read["warnings"]}}


def _without_library(report: dict[str, Any]) -> dict[str, Any]:
    """Say nothing of a library that will be gone."""
    places = [{**place, "hide": as_option(place["lat"], place["lon"])} for place in report.get("open_places", ())]
    kept = {name: value for name, value in report.items() if name not in {"library", "seconds"}}
    return {**kept, "open_places": places} if places else kept
