"""What `render` writes: pictures, films, tiles and pages, each with the options that make sense for it.

============ ==============================================================
`kinds`      which kind a name asks for; options that it has not are refused
`pictures`   of tracks and of points
`films`      of tracks
`tiles`      folders and archives of tiles, and pages that hold them
`zooms`      one zoom, or a range
============ ==============================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

__all__ = ["render"]


def render(
    *sources: Any,
    output: str | Path,
    measure: str | None = None,
    bbox: str | Sequence[float] | None = None,
    around: str | None = None,
    everything: bool = False,
    zoom: float | str | None = None,
    resolution: float | str | None = None,
    width: int | None = None,
    tone: str | None = None,
    colormap: str | None = None,
    background: str | None = None,
    legend: bool = False,
    rgba: bool = False,
    smooth: str | None = None,
    where: str | None = None,
    sports: Collection[str] = (),
    after: str | dt.date | None = None,
    before: str | dt.date | None = None,
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
    title: str | None = None,
    attribution: str | None = None,
    scale_bar: bool = False,
    garmin: bool = False,
    dpi: float | None = None,
    every: str | None = None,
    span: str | None = None,
    duration: str | None = None,
    fps: float | None = None,
    form: str | None = None,
    layers: str | None = None,
    basemap: str | None = None,
    public: bool = False,
    public_least: int | None = None,
    url: str | None = None,
    refit: bool = False,
    watch: bool = False,
    told: Callable[[dict[str, Any]], None] | None = None,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Draw recordings or points as a heat map; the options are those of the command line.

    Parameters
    ----------
    *sources : str, Path or object
        Strava exports, folders, archives, and files of .gpx, .fit and .tcx; a library; or tables (see
        `heatlas.open_points`), whose rows are points, or, with `track`, the fixes of tracks.
    output : str or Path
        What to write; its ending decides how. Pictures: .png, .webp, .tif, .kmz, .npy, .pdf. Films: .mp4, .gif,
        and .webp with an option of films. Tiles: .pmtiles, .mbtiles, .sqlitedb, or a folder. A page: .html.
    measure : str, optional
        What to count (see `heatlas.grid.parse_measure` and `parse_point_measure`): by default passes; of points the
        sum of the weights.
    bbox, around, everything
        What to draw in pictures and films: "W,S,E,N" or (W, S, E, N) in degrees, "LAT,LON,RADIUS", or all; by
        default the busiest place, or all points.
    zoom, resolution, width
        How finely, at most one of them: zoom of web maps, true metres per pixel ("1m"), or pixels across. For tiles
        and pages a range of zooms, "0-16".
    tone : str, optional
        "log", "linear", "sqrt", "rank", "LO:HI" or "log:LO:HI" in the unit of the legend.
    colormap : str, optional
        A name or stops (see `heatlas.colormaps.colormap`).
    background : str, optional
        "none", "dark", "light" or "#rrggbb"; by default none, of films and pages dark.
    legend : bool
        Draw a bar with numbers.
    rgba : bool
        Colours instead of values in a GeoTIFF.
    smooth : str, optional
        Standard deviation of the Gaussian: "4m", "2px", "0", or "auto".
    where, sports, after, before
        Which activities (see `Tracks.where` and `Tracks.select`), or which rows (see `PointSet.where`). Dates are text
        or objects of `datetime`.
    utc : bool
        Read dates and times of filters and films as UTC; else activities are dated by the clocks of their places.
    clip_ends, zones
        What of tracks to hide: a length, and circles "LAT,LON,RADIUS".
    max_gap, max_gap_distance : str, optional
        Longest time ("10min") and length ("2km") between fixes over which a line is drawn, in place of each recording's
        own rhythm.
    query, table : str, optional
        What to read of a database; the layer of a file that has several.
    lat, lon, geometry, weight, time, track : str, optional
        Columns of a table; by default found by their names. Only with `track` are rows tracks.
    crs, decimal, dates : str, optional
        What positions are in that are not degrees, and how numbers and dates are written (see `heatlas.open_points`).
    radius, kernel, density
        How far and in which shape a point is felt: "15px", "500m"; "gaussian", "linear", "quartic", "epanechnikov",
        "uniform"; whether values are per square kilometre.
    title, attribution : str, optional
        Words on a picture; the name of tiles and pages, and who is to be named.
    scale_bar : bool
        Draw a bar of true metres on a picture.
    garmin : bool
        A .kmz as Garmin's devices want it.
    dpi : float, optional
        Pixels per inch of a .pdf; by default 300.
    every, span, duration, fps
        Of films (see `heatlas.film.FilmJob.parse`): steps of time, how long activities stay, "20s", frames a second.
    form : str, optional
        Of tiles: "png" (default) or "webp".
    layers : str, optional
        Of a page: several maps to switch between, "sport", "year", "month", "gear", or measures "passes,pace".
    basemap : str, optional
        Of a page: a URL with {z}, {x} and {y}, which can be switched on.
    public : bool
        Of tiles, pages and films: leave out the activities that are marked as private, and what is of a few alone.
    public_least : int, optional
        Activities that a filter, a layer or a step of a film must have when it is public; by default 5.
    url : str, optional
        Of a folder of tiles: the address under which it will be found, for its tiles.json.
    refit : bool
        Of tiles: fit the scales anew, which else stay as they were while they are about right.
    watch : bool
        Of tiles: do not return, but redraw whenever the library changes, until KeyboardInterrupt.
    told : callable, optional
        Of tiles that are watched: is given the report of each run.
    workers : int, optional
        Threads; by default one for each processor.
    progress : callable, optional
        Is told the stage, and how much of how much is done.

    Returns
    -------
    dict
        The report: what was read, drawn and written, as plain data.

    Raises
    ------
    HeatlasError
        With one sentence that says what to do.
    """
    options = {name: value for name, value in locals().items() if name not in {"sources", "output", "progress"}}
    from heatlas.outputs.kinds import make
    from heatlas.sources.resolve import refuse_odd

    refuse_odd(sources)
    for name in _TEXTS & options.keys():
        options[name] = _written(options[name])
    for name in ("sports", "zones"):
        options[name] = (options[name],) if isinstance(options[name], str) else options[name]
    given = {name: value for name, value in options.items() if value is not None and value is not False and value != ()}
    return make(sources, output, given, progress)


_TEXTS = {
    "bbox", "around", "resolution", "smooth", "after", "before", "clip_ends", "radius", "every", "span", "duration",
    "max_gap", "max_gap_distance",
}  # fmt: skip
"""Options that are text, but are easily given as numbers, rows of numbers, or dates."""


def _written(value: Any) -> Any:
    """Write a value as the command line has it."""
    if value is None or isinstance(value, str):
        return value
    return ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
