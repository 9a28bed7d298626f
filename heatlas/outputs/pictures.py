"""Pictures of tracks, or of points: from options as people write them to the job that draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.api import tracks_from
from heatlas.errors import BadOption
from heatlas.finish import Finish
from heatlas.frame import Frame, at_most_one
from heatlas.grid import parse_measure, parse_point_measure
from heatlas.library.point_tables import chosen_points
from heatlas.outputs.refusing import refuse
from heatlas.outputs.zooms import picture_zoom
from heatlas.sources.resolve import GivenLibrary, GivenPoints, GivenTracks, resolve
from heatlas.sources.tables.given import TableOptions
from heatlas.where import names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from heatlas.sources.resolve import Given
    from heatlas.spread import Kernel

__all__ = ["other_metrics", "picture", "without_cut_ends"]


def picture(
    *sources: Any,
    output: Path,
    measure: str | None = None,
    bbox: str | None = None,
    around: str | None = None,
    everything: bool = False,
    zoom: float | str | None = None,
    resolution: str | None = None,
    width: int | None = None,
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
    background: str = "none",
    legend: bool = False,
    rgba: bool = False,
    title: str | None = None,
    scale_bar: bool = False,
    attribution: str | None = None,
    garmin: bool = False,
    dpi: float | None = None,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Draw one picture; the options are those of `heatlas.render`.

    Returns
    -------
    dict
        The report, as plain data.
    """
    look = {
        "tone": tone, "colormap_name": colormap, "background": background, "legend": legend, "rgba": rgba,
        "title": title, "scale_bar": scale_bar, "attribution": attribution, "garmin": garmin, "dpi": dpi,
    }  # fmt: skip
    _refuse_paint(output, {"--tone": tone, "--colormap": colormap, "--background": background}, legend or rgba)
    columns = {
        "query": query, "table": table, "lat": lat, "lon": lon, "geometry": geometry, "crs": crs, "decimal": decimal,
        "dates": dates,
    }  # fmt: skip
    given = resolve(sources, TableOptions(**columns, weight=weight, time=time, track=track))
    held = chosen_points(given.path, measure) if isinstance(given, GivenLibrary) else None
    points = held is not None or isinstance(given, GivenPoints)
    frame = Frame.parse(
        bbox=bbox, around=around, everything=everything, zoom=picture_zoom(zoom), resolution=resolution, width=width,
        default="all" if points else "busiest place",
    )  # fmt: skip
    if points:
        refuse(
            {
                "--sport": sports or None,
                "--clip-ends": clip_ends,
                "--zone": zones or None,
                "--utc": utc or None,
                "--max-gap": max_gap,
                "--max-gap-distance": max_gap_distance,
            },
            "tracks, and these are points: leave it out" + ("" if held else ", or say --track COLUMN"),
        )
        if held is not None:
            said = {**columns, "weight": weight, "track": track, "time": time}
            refuse({f"--{name}": value for name, value in said.items()}, "tables: say it to heatlas import")
            measure = held[1]
        from heatlas.point_job import PointJob
        from heatlas.point_set import PointSet
        from heatlas.warm import compile_points, points_are_cold

        opened = held[0] if held else PointSet.given(given.tables)  # type: ignore[union-attr]
        opened = opened.where(where, after, before)
        what = parse_point_measure(measure, opened.weight, density)
        finish = Finish.parse(output=output, measure=what, **look)  # type: ignore[arg-type]
        job = PointJob(what, frame, finish, _kernel(radius, kernel, smooth), kernel or "gaussian")
        if points_are_cold():
            progress("compiling, only this once", 0, 0)
            compile_points(what, kernel or "gaussian")
        return job.run(opened, workers, progress)
    refuse(
        {"--weight": weight, "--radius": radius, "--kernel": kernel, "--density": density or None},
        "points in a table, and these are tracks: leave it out",
    )
    if isinstance(given, GivenLibrary) or not given.tables:
        refuse(
            {**{f"--{name}": value for name, value in columns.items()}, "--track": track, "--time": time},
            "tables, such as a .csv or a database: leave it out",
        )
    from heatlas.job import Job

    what = parse_measure(measure or "passes", other_metrics(given))
    tracks_job = Job.parse(
        what, frame, Finish.parse(output=output, measure=what, **look), smooth=smooth or "auto",  # type: ignore[arg-type]
        where=where, sports=sports, after=after, before=before, clip_ends=clip_ends, zones=zones, utc=utc,
    )  # fmt: skip
    assert not isinstance(given, GivenPoints)
    tracks = tracks_from(
        given, columns=what.columns, attributes=names_in(where), max_gap=max_gap, max_gap_distance=max_gap_distance,
        workers=workers, measure=str(what), progress=progress,
    )  # fmt: skip
    return without_cut_ends(tracks_job.run(tracks, workers, progress), given)


def without_cut_ends(report: dict[str, Any], given: Given) -> dict[str, Any]:
    """Say nothing of open places of a library: the ends that it shows are cut, and it told of true ones itself."""
    if isinstance(given, GivenLibrary):
        report.pop("open_places", None)
    return report


def _refuse_paint(output: Path, given: dict[str, str | None], painted: bool) -> None:
    """Refuse how values would be painted where they are written as they are, and no legend is beside them."""
    ending = output.suffix.lower()
    if painted or ending not in {".tif", ".tiff", ".npy"}:
        return
    hint = "write a .png" if ending == ".npy" else "add --rgba, write a .png"
    for name, value in given.items():
        if value not in {None, "none"}:
            raise BadOption(f"{name} is for what is painted, and {output.name} holds values: {hint}, or leave it out")


def other_metrics(given: Given) -> list[str]:
    """Names of all columns of tables whose rows are fixes: any of them may be a metric."""
    tables = [each for each in given.tables if not each.is_stdin] if isinstance(given, GivenTracks) else []
    if not tables:
        return []
    from heatlas.sources.tables.track_columns import metric_names

    return [name for each in tables for name in metric_names(each.table)]


def _kernel(radius: str | None, shape: str | None, smooth: str | None) -> Kernel | None:
    """Kernel of points: a radius and a shape, or the width of a Gaussian; None where its radius is left open."""
    from heatlas.parsing import kernel_of_smoothing, parse_kernel

    at_most_one({"--radius": radius, "--smooth": smooth})
    at_most_one({"--kernel": shape, "--smooth": smooth})
    if smooth is not None and smooth.strip().lower() != "auto":
        return kernel_of_smoothing(smooth)
    return None if radius is None else parse_kernel(radius, shape or "gaussian")
