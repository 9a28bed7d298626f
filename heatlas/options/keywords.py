"""Options as types of keywords, so that editors and type checkers know them.

Written by ``python -m heatlas.options`` from the fields of the groups in `heatlas.options`: change them there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Literal

    from numpy.typing import ArrayLike

__all__ = [
    "ExploreKeywords", "ImportKeywords", "InspectKeywords", "OpenKeywords", "PrepareKeywords", "RenderKeywords",
    "SiteKeywords", "TableKeywords",
]  # fmt: skip


class _Explorer(TypedDict, total=False):
    """Keywords of `heatlas.options.ExplorerOptions`."""

    zoom: int | None
    """Zoom of the tiles: 14, 17, or any up to 25. [default: 14]"""
    missing: bool
    """List the tiles that nobody has visited around a place, nearest first."""
    around: str | Sequence[float | str] | None
    """Where --missing looks, and what a .png shows, e.g. 60.17,24.94,5km."""
    all: bool
    """A .png of all tiles, however far apart; by default of the busiest place."""
    width: int | None
    """Width of a .png in pixels, about. [default: some 1600]"""
    public: bool
    """For everybody: count what is shown, not whole tracks, without private activities, days and history."""
    public_least: int | None
    """With --public: activities that a filter must leave. [default: 5]"""
    at_least: int | None
    """With --public: people who must have visited a tile. 0: no threshold. [default: 5 if persons are named]"""


class _Filter(TypedDict, total=False):
    """Keywords of `heatlas.options.FilterOptions`."""

    where: str | None
    """Only activities that pass, e.g. "sport = 'Run' AND hour < 9"; hours and dates are local."""
    sport: Collection[str] | None
    """Only this sport, e.g. Run; may be repeated."""
    after: str | dt.date | None
    """Only activities that start on or after this day, or this moment; in local time, unless the moment has Z or an
    offset."""
    before: str | dt.date | None
    """Only activities that start before this day or moment."""
    utc: bool
    """Days, hours and films in UTC, not in local time."""


class _Style(TypedDict, total=False):
    """Keywords of `heatlas.options.StyleOptions`."""

    tone: str | None
    """log, linear, sqrt, rank; local: relative to the surroundings, local:0.5 with that share of the whole map's;
    LO:HI for a fixed range in the legend's unit, log:LO:HI. Default: log for counts and sums, linear for means."""
    colormap: str | Sequence[Any] | Callable[..., Any] | None
    """A name (see `heatlas info --colormaps`) or stops: #000,#f00,#ff0."""
    background: str | Sequence[float] | None
    """none, dark, light, a colour such as white, or #rrggbb. [default: none; of films and pages dark]"""
    legend: bool
    """Draw a bar with numbers and their unit."""


class _Label(TypedDict, total=False):
    """Keywords of `heatlas.options.LabelOptions`."""

    title: str | None
    """Large on pictures and films; the name of tiles and pages. {place} in it becomes the name of the place, e.g.
    Tampere, Finland."""
    attribution: str | None
    """A credit; on pictures and films at the edge."""


class _Hiding(TypedDict, total=False):
    """Keywords of `heatlas.options.HidingOptions`."""

    clip_ends: str | float | None
    """Cut about this much from both ends of each track, e.g. 200m."""
    zone: Collection[str] | None
    """Hide a place, e.g. home; may be repeated."""


class _Gap(TypedDict, total=False):
    """Keywords of `heatlas.options.GapOptions`."""

    max_gap: str | float | None
    """Tracks: draw no line over a longer time without a fix, e.g. 10min. [default: by each recording's rhythm]"""
    max_gap_distance: str | float | None
    """Tracks: draw no line between fixes farther apart, e.g. 2km. [default: likewise]"""


class TableKeywords(TypedDict, total=False):
    """Keywords of `heatlas.options.TableOptions`."""

    query: str | None
    """A SELECT that reads a database."""
    table: str | None
    """Table of a database, layer of a file, or sheet of a workbook to read."""
    lat: str | None
    """Tables: column of latitudes; by default found by name."""
    lon: str | None
    """Tables: column of longitudes; by default found by name."""
    geometry: str | None
    """Tables: positions in one column, as WKB, WKT, GeoJSON or "60.17, 24.94"; by default found by type."""
    place: str | None
    """Tables without positions: columns of names of towns, and of their regions or countries."""
    crs: str | None
    """Tables: coordinate system of positions that state none, e.g. EPSG:32635 for metres in UTM."""
    decimal: str | None
    """Tables: whether 1,234 is 1234 or 1.234; by default decided by the whole column."""
    dates: str | None
    """Tables: whether 03/02/2024 has its day or its month first; by default decided by the whole column."""
    weight: str | ArrayLike | None
    """Points: column of weights; by default `weight`, or 1 each."""
    time: str | None
    """Tables: column of times; of fixes with --track, of points for films, --after and --before."""
    track: str | None
    """Tables: rows are the fixes of tracks, which this column tells apart (`all`: of one track); or the column
    holds encoded polylines, each a track."""


class _Reading(TypedDict, total=False):
    """Keywords of `heatlas.options.ReadingOptions`."""

    read_as: str | None
    """Maps and tables of geometries (KML, GeoJSON, GeoPackage ...): read their lines as tracks, or their points.
    [default: tracks where there are lines]"""
    routes: bool
    """Also read planned routes, which are otherwise left out: routes of GPX, courses of TCX and FIT, and the routes
    of a Strava export. Their times, if any, are not taken; --where planned tells them apart."""
    person: str | None
    """Whose the tracks are: a name for all; of tables the column that says it, by default `person`; `folder`: the
    name of the folder or archive of each person inside the SOURCE."""


class _Athlete(TypedDict, total=False):
    """Keywords of `heatlas.options.AthleteOptions`."""

    athlete: str | None
    """A JSON file about the athlete: "rest", "max" (beats/min), "mass" (kg) and "zones", each a value or values by
    days, e.g. {"rest": 48, "max": {"2015-01-01": 192, "2024-01-01": 186}}; for heart_rate_reserve, zone and your
    own metrics."""
    rest: float | None
    """The athlete's resting heart rate."""
    max_heart_rate: float | None
    """The athlete's maximum heart rate."""
    heart_rate_zones: str | Sequence[float] | None
    """Heart rates at which zones 2 to 5 begin, e.g. 115,135,150,165. [default: 60, 70, 80 and 90 % of the reserve,
    or of the maximum if rest is unknown]"""


class _PointSet(TypedDict, total=False):
    """Keywords of `heatlas.options.PointSetOptions`."""

    where: str | None
    """Points: only rows that pass, e.g. "beds > 10"."""
    after: str | dt.date | None
    """Points: only rows at or after this day or moment."""
    before: str | dt.date | None
    """Points: only rows before this day or moment (UTC)."""
    name: str | None
    """Points: name of the point set; by default that of the file."""


class _Metric(TypedDict, total=False):
    """Keywords of `heatlas.options.MetricOptions`."""

    metric: Collection[str] | None
    """A metric of your own, a formula over the metrics of a passage, e.g. "cost [beats/m] = heart_rate * pace /
    60"; then --measure cost, max(cost), or share(COND) with it; may be repeated."""


class _Viewport(TypedDict, total=False):
    """Keywords of `heatlas.options.ViewportOptions`."""

    bbox: str | Sequence[float] | Any | None
    """A box in degrees; by default the busiest place is drawn. Of a page: where it opens."""
    around: str | Sequence[float | str] | None
    """A circle's bounding box, e.g. 60.17,24.94,5km."""
    all: bool
    """All activities, however far apart."""
    zoom: float | str | None
    """Zoom of web maps (256 px tiles); of tiles a range, such as 0-16."""
    resolution: str | float | None
    """True ground metres per pixel at the centre, e.g. 1m."""
    width: int | None
    """Width of the picture in pixels."""


class _Kernel(TypedDict, total=False):
    """Keywords of `heatlas.options.KernelOptions`."""

    radius: str | Literal[0] | None
    """Points: how far each point spreads, on the screen (15px) or on the ground (500m, 100km); 0px for bare pixels.
    [default: 15px]"""
    kernel: str | None
    """Points: the shape in which each point spreads. [default: gaussian]"""
    density: bool
    """Points: values per square kilometre."""


class _Picture(TypedDict, total=False):
    """Keywords of `heatlas.options.PictureOptions`."""

    facet: str | None
    """Tracks: small pictures side by side in one tone, one for each of these; .png or .webp, --width of them
    all."""
    scale_bar: bool
    """Draw a bar of true metres."""
    rgba: bool
    """Colours, not values, in a .tif."""
    garmin: bool
    """A .kmz of small JPEGs, for Garmin's devices."""
    dpi: float | None
    """Pixels per inch of a .pdf or a poster. [default: 300]"""
    paper: str | None
    """A poster, .pdf or .png: A4, A3, A2 ... or width and height, such as 50x70cm. It is composed around what is
    drawn, with title, legend and scale bar below."""
    margin: str | None
    """With --paper: room around, e.g. 15mm. [default: some 5 % of the shorter side]"""
    bleed: str | None
    """With --paper, in a .pdf: colour beyond the trimmed edge, e.g. 3mm, with crop marks."""
    figures: bool
    """With --paper: kilometres, hours, activities, years and places."""
    theme: str | None
    """A ground and colours that go together, unless --background or --colormap say others."""


class _Film(TypedDict, total=False):
    """Keywords of `heatlas.options.FilmOptions`."""

    every: str | int | None
    """Tiles: go on, and read the sources again so often, e.g. 10min; also databases. Films: frames end with whole
    ones: day, week, month, season, 3d. [default: time runs evenly]"""
    span: str | int | None
    """Films: how long an activity or a point stays: 30d, 4w, 1y; by default for good."""
    size: str | None
    """Films: form of the whole, such as 1:1, 9:16, 16:9; the map is composed in it. [default: that of the map]"""
    opening: str | float | None
    """Films: the finished map first, for so long, as many services show the first frame alone. [default: none]"""
    duration: str | float | None
    """Films: length of the film; the last frame then stays for 2 s. [default: 20s]"""
    fps: float | None
    """Films: frames a second. [default: 30 for .mp4, 12.5 for .gif, 15 for .webp]"""


class _Tile(TypedDict, total=False):
    """Keywords of `heatlas.options.TileOptions`."""

    format: str | None
    """Tiles: their form. [default: png]"""
    refit: bool
    """Tiles: fit new scales; by default the old ones stay while they are about right."""
    watch: bool
    """Tiles: go on, and draw again what changes in a library, or in folders and files."""
    url: str | None
    """Tiles: the address at which the folder will be published, for its tiles.json."""


class _Page(TypedDict, total=False):
    """Keywords of `heatlas.options.PageOptions`."""

    layers: str | None
    """Pages: layers to switch between: sport, year, month, gear and measures, e.g. sport,year or passes,pace. Each
    layer has its own scale, unless --tone LO:HI fixes it."""
    basemap: str | Mapping[str, str] | None
    """Pages: map tiles {z}/{x}/{y} that the viewer may switch on; by default OpenStreetMap's, which only pages on
    the web may show. These, pictures and folders of tiles: a file of streets, e.g. town.pmtiles. Pictures: world,
    for coasts and borders."""
    explorer: int | None
    """Pages and folders of tiles: tiles of this zoom that activities visit, with the largest square and cluster, as
    a layer to switch on; what is shown is counted."""


class _Public(TypedDict, total=False):
    """Keywords of `heatlas.options.PublicOptions`."""

    public: bool
    """Tiles, pages, films: leave out private activities, and groups of a few activities."""
    public_least: int | None
    """With --public: the least number of activities that a filter or a layer must have. [default: 5]"""
    at_least: int | None
    """Tracks: show only pixels that at least so many different people passed, from zoom 15 on with the pixels
    around; needs --person. 0: no threshold. [default: 5 with --public, if persons are named]"""
    round: int | None
    """Tracks: round counts to multiples of this, so that the difference of two maps does not tell single passes."""


class _Engine(TypedDict, total=False):
    """Keywords of `heatlas.options.EngineOptions`."""

    engine: str | Any | None
    """Tiles (.pmtiles) of partitions, as heatlas prepare writes them: build them by tasks on an engine. pool:
    processes of this machine; dask: the scheduler of DASK_SCHEDULER_ADDRESS, else one of this machine;
    dask=tcp://HOST:PORT."""
    work: str | None
    """With --engine: folder or address, e.g. s3://bucket/work, for the results of tasks; it is kept, and used again
    for everything that has not changed. [default: beside OUT, removed in the end]"""


class ExploreKeywords(_Explorer, _Filter, _Style, _Label, _Hiding, _Gap, TableKeywords, _Reading, total=False):
    """Keywords of `heatlas.options.ExploreOptions`."""


class ImportKeywords(_Hiding, _Gap, _Athlete, TableKeywords, _Reading, _PointSet, total=False):
    """Keywords of `heatlas.options.ImportOptions`."""


class InspectKeywords(TableKeywords, _Reading, total=False):
    """Keywords of `heatlas.options.InspectOptions`."""


class OpenKeywords(TableKeywords, _Reading, _Gap, total=False):
    """Keywords of `heatlas.options.OpenOptions`."""


class PrepareKeywords(TableKeywords, _Reading, total=False):
    """Keywords of `heatlas.options.PrepareOptions`."""

    fixes: int | None
    """Fixes of a file, about; a person is never cut. [default: 10000000]"""
    round_positions: bool
    """Round positions to 1e-7 degrees (1 cm); by default only where that loses nothing."""


class RenderKeywords(
    _Metric,
    _Athlete,
    _Style,
    _Viewport,
    TableKeywords,
    _Reading,
    _Kernel,
    _Filter,
    _Hiding,
    _Gap,
    _Picture,
    _Film,
    _Label,
    _Tile,
    _Page,
    _Public,
    _Engine,
    total=False,
):
    """Keywords of `heatlas.options.RenderOptions`."""

    measure: str | None
    """Visits: passes, activities, people, days, fixes, seconds, metres. Movement: pace, speed, flat_pace (or gap),
    best, wait, stops. Body: heart_rate, heart_rate_reserve (or hrr), zone, cadence, power, efficiency,
    watts_per_beat, decoupling, normalised_power. Terrain: elevation, grade, climb, up, down, vam, temperature.
    Direction: bearing, street, oneway. Time: hour, month, first, last, share(dark). Relations: both(X, Y), corr(X,
    Y), slope(Y ~ X), residual(heart_rate), diff(METRIC; FILTER; FILTER). Or mean|min|max|std|sum of a metric, e.g.
    max(power); share(CONDITION), e.g. share(heart_rate >= 150). `heatlas info` lists what the data allow. Of
    points: sum, count, mean, min, max. [default: passes; of points the sum of the weights]"""
    smooth: str | Literal[0] | None
    """Standard deviation of the Gaussian, e.g. 4m or 2px; 0 for none. [default: 4m, at least 1px]"""


class SiteKeywords(TypedDict, total=False):
    """Keywords of `heatlas.options.SiteOptions`."""

    public: bool
    """Hide names, times and who passed where: for everybody to see."""
    public_measures: str | Collection[str] | None
    """Public: also show these measures, and give their numbers (.npy), e.g. heart_rate,passes."""
    public_least: int | None
    """Public: activities that a filter must leave to be answered. [default: 5]"""
    at_least: int | None
    """Public: show only pixels that at least so many different people passed, from zoom 15 on with the pixels
    around. 0: no threshold. [default: 5 if persons are named]"""
    utc: bool
    """Days and hours of UTC, not of the places where activities began."""
    token: str | None
    """A password that clients must send; needed for access from other machines. Also HEATLAS_TOKEN."""
    basemap: str | Mapping[str, str] | None
    """Map tiles {z}/{x}/{y} beneath, fetched by the browser alone; or a file of streets, e.g. town.pmtiles."""
