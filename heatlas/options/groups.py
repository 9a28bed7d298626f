"""Groups of options that belong together, with values as they were written."""

from __future__ import annotations

from dataclasses import dataclass

from heatlas.core.errors import BadOption
from heatlas.options.option import option, several, switch

__all__ = [
    "LEAST",
    "ExplorerOptions",
    "FilmOptions",
    "FilterOptions",
    "GapOptions",
    "HidingOptions",
    "KernelOptions",
    "LabelOptions",
    "PageOptions",
    "PictureOptions",
    "PointSetOptions",
    "PublicOptions",
    "SiteOptions",
    "StyleOptions",
    "TableOptions",
    "TileOptions",
    "ViewportOptions",
]  # fmt: skip

LEAST = 5
"""Activities that a filter, a layer or a step of a film must have by default to be public."""
_PAINTED = ("picture", "film")
_OF_POINTS = ("picture", "film", "tiles", "page")
_NAMED = ("picture", "tiles", "page")
_PUBLISHED = ("tiles", "page", "film")
_LENGTH = "float"


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleOptions:
    """Tone and colours."""

    tone: str | None = option(
        "CURVE|LO:HI",
        "log, linear, sqrt, rank; LO:HI for a fixed range in the legend's unit, log:LO:HI. "
        "Default: log for counts and sums, linear for means.",
    )
    colormap: str | None = option("NAME|STOPS", "A name (see `heatlas info --colormaps`) or stops: #000,#f00,#ff0.")
    background: str | None = option(
        "NAME",
        "none, dark, light or #rrggbb.  [default: none; of films and pages dark]",
        kinds=("picture", "film", "page"),
    )
    legend: bool = switch("Draw a bar with numbers and their unit.", kinds=_PAINTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewportOptions:
    """Part of the world that is drawn, and its resolution."""

    bbox: str | None = option(
        "W,S,E,N", "A box in degrees; by default the busiest place is drawn. Of a page: where it opens.",
        kinds=(*_PAINTED, "page"), takes="Sequence[float]",
    )  # fmt: skip
    around: str | None = option(
        "LAT,LON,RADIUS",
        "A circle's bounding box, e.g. 60.17,24.94,5km.",
        kinds=_PAINTED,
        takes="Sequence[float | str]",
    )
    everything: bool = switch("All activities, however far apart.", flag="--all", kinds=_PAINTED)
    zoom: float | str | None = option("Z|A-B", "Zoom of web maps (256 px tiles); of tiles a range, such as 0-16.")
    resolution: str | None = option(
        "LENGTH", "True ground metres per pixel at the centre, e.g. 1m.", kinds=_PAINTED, takes=_LENGTH
    )
    width: int | None = option("PX", "Width of the picture in pixels.", kinds=_PAINTED, limits=(1, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """Rows to read of tables, and the meaning of their columns."""

    query: str | None = option("SQL", "What to read of a database: a SELECT.")
    table: str | None = option("NAME", "Table of a database, layer of a file, or sheet of a workbook to read.")
    lat: str | None = option("COLUMN", "Tables: latitudes; by default found by name.")
    lon: str | None = option("COLUMN", "Tables: longitudes; by default found by name.")
    geometry: str | None = option(
        "COLUMN", 'Tables: positions in one column, as WKB, WKT, GeoJSON or "60.17, 24.94"; by default found by type.'
    )
    place: str | None = option(
        "TOWN[,COUNTRY]",
        "Tables: columns of names of towns, and of their regions or countries, where there are no positions.",
    )
    crs: str | None = option(
        "EPSG:N", "Tables: coordinate system of positions that state none, e.g. EPSG:32635 for metres in UTM."
    )
    decimal: str | None = option(
        "",
        "Tables: whether 1,234 is 1234 or 1.234; by default what the whole column says.",
        choices=("point", "comma"),
    )
    dates: str | None = option(
        "",
        "Tables: what 03/02/2024 means, day or month first; by default what the whole column says.",
        choices=("dmy", "mdy", "ymd"),
    )
    weight: str | None = option("COLUMN", "Points: what each weighs; by default `weight`, or 1 each.", kinds=_OF_POINTS)
    time: str | None = option(
        "COLUMN", "Tables: when each row was; of fixes with --track, of points for films, --after and --before."
    )
    track: str | None = option(
        "COLUMN|all",
        "Tables: rows are the fixes of tracks, which this column tells apart (`all`: of one track); or the column "
        "holds encoded polylines, each a track.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelOptions:
    """Kernel of points: its radius and its shape."""

    radius: str | None = option(
        "LENGTH",
        "Points: how far each is felt, on the screen (15px) or on the ground (500m, 100km); 0px for bare pixels.  "
        "[default: 15px]",
        kinds=_OF_POINTS,
        takes=_LENGTH,
    )
    kernel: str | None = option(
        "",
        "Points: shape of what is felt around each.  [default: gaussian]",
        kinds=_OF_POINTS,
        choices=("gaussian", "linear", "quartic", "epanechnikov", "uniform"),
    )
    density: bool = switch("Points: values per square kilometre.", kinds=_OF_POINTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOptions:
    """Filter of the activities, or the points, that are drawn."""

    where: str | None = option(
        "FILTER", "Only activities that pass, e.g. \"sport = 'Run' AND hour < 9\"; hours and dates are local."
    )
    sports: tuple[str, ...] = several("NAME", "Only this sport, e.g. Run; may be repeated.", flag="--sport")
    after: str | None = option(
        "DATE",
        "Only activities that start on or after this day, or this moment; in the local time of their places, but for "
        "a moment with Z or an offset.",
        takes="dt.date",
    )
    before: str | None = option("DATE", "Only activities that start before this day or moment.", takes="dt.date")
    utc: bool = switch("Days, hours and films in UTC, not in local time.")


@dataclass(frozen=True, slots=True, kw_only=True)
class HidingOptions:
    """Parts of tracks that are hidden."""

    clip_ends: str | None = option(
        "LENGTH", "Cut about this much from both ends of each track, e.g. 200m.", takes=_LENGTH
    )
    zones: tuple[str, ...] = several("LAT,LON,RADIUS", "Hide a place, e.g. home; may be repeated.", flag="--zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class GapOptions:
    """Longest steps of tracks over which a line is drawn."""

    max_gap: str | None = option(
        "TIME",
        "Tracks: draw no line over a longer time without a fix, e.g. 10min.  [default: by each recording's rhythm]",
        takes="float",
    )
    max_gap_distance: str | None = option(
        "LENGTH", "Tracks: draw no line between fixes farther apart, e.g. 2km.  [default: likewise]", takes=_LENGTH
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureOptions:
    """Options that only pictures have."""

    facet: str | None = option(
        "",
        "Tracks: small pictures side by side in one tone, one for each of these; .png or .webp, --width of them all.",
        kinds=("picture",),
        choices=("month", "year", "sport", "weekday", "gear"),
    )
    scale_bar: bool = switch("Draw a bar of true metres.", kinds=("picture",))
    rgba: bool = switch("Colours, not values, in a .tif.", kinds=("picture",))
    garmin: bool = switch("A .kmz of small JPEGs, as Garmin's devices want it.", kinds=("picture",))
    dpi: float | None = option("N", "Pixels per inch of a .pdf.  [default: 300]", kinds=("picture",), limits=(1, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmOptions:
    """Time in a film."""

    every: str | None = option(
        "TIME",
        "Tiles: go on, and read the sources again so often, e.g. 10min; also databases. Films: frames end with whole "
        "ones: day, week, month, 3d.  [default: time runs evenly]",
        kinds=("film", "tiles"),
        takes="int",
    )
    span: str | None = option(
        "TIME",
        "Films: how long an activity or a point stays: 30d, 4w, 1y; by default for good.",
        kinds=("film",),
        takes="int",
    )
    duration: str | None = option(
        "TIME",
        "Films: how long time runs; then the last frame is held for 2 s.  [default: 20s]",
        kinds=("film",),
        takes="float",
    )
    fps: float | None = option(
        "N",
        "Films: frames a second.  [default: 30 for .mp4, 12.5 for .gif, 15 for .webp]",
        kinds=("film",),
        limits=(1, 60),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOptions:
    """Title and attribution, on pictures and in published maps."""

    title: str | None = option("TEXT", "Large on pictures; the name of tiles and pages.", kinds=_NAMED)
    attribution: str | None = option("TEXT", "Who is to be named; on pictures at the edge.", kinds=_NAMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TileOptions:
    """Form of tiles, and when they are written again."""

    form: str | None = option(
        "", "Tiles: their form.  [default: png]", flag="--format", kinds=("tiles",), choices=("png", "webp")
    )
    refit: bool = switch("Tiles: fit the scales anew, which else stay while they are about right.", kinds=("tiles",))
    watch: bool = switch(
        "Tiles: go on, and draw again what changes in a library, or in folders and files.", kinds=("tiles",)
    )
    url: str | None = option("URL", "Tiles: where a folder will be found, for its tiles.json.", kinds=("tiles",))


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOptions:
    """Layers and base map of a page."""

    layers: str | None = option(
        "BY",
        "Pages: what one can switch between: sport, year, month, gear and measures, e.g. sport,year or passes,pace. "
        "Each layer has its own scale, unless --tone LO:HI fixes it.",
        kinds=("page",),
    )
    basemap: str | None = option(
        "URL|FILE",
        "Pages: map tiles {z}/{x}/{y} that the viewer may switch on; by default OpenStreetMap's, which only pages on "
        "the web may show. Pictures: a file of streets that are painted below, e.g. town.pmtiles.",
        kinds=("page", "picture"),
    )
    explorer: int | None = option(
        "Z",
        "Pages and folders of tiles: tiles of this zoom that activities visit, with the largest square and cluster, as "
        "a layer to switch on; what is shown is counted.",
        kinds=("tiles", "page"),
        limits=(10, 17),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicOptions:
    """Limits of what is published for everybody."""

    public: bool = switch(
        "Tiles, pages, films: leave out activities that are marked as private, and what is of a few alone.",
        kinds=_PUBLISHED,
    )
    public_least: int | None = option(
        "N",
        "With --public: activities that a filter, or a layer, must have to be shown.  [default: 5]",
        kinds=_PUBLISHED,
        limits=(1, None),
    )

    @property
    def least(self) -> int:
        """Activities that a filter, a layer or a step of a film must have when it is public."""
        return LEAST if self.public_least is None else self.public_least

    def check(self) -> None:
        """Refuse a number that would be ignored.

        Raises
        ------
        BadOption
            When `public_least` is given without `public`.
        """
        if self.public_least is not None and not self.public:
            raise BadOption("--public-least is for --public, which leaves out what is of a few: say both or none")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOptions:
    """Access to a server, and the limits of what it shows."""

    public: bool = switch("Hide names, times and who passed where: for everybody to see.", kinds=())
    public_measures: str | None = option(
        "NAMES",
        "Public: also show these, and give their numbers (.npy), e.g. heart_rate,passes; else neither.",
        kinds=(),
        takes="Collection[str]",
    )
    public_least: int | None = option(
        "N", "Public: activities that a filter must leave to be answered.  [default: 5]", kinds=(), limits=(1, None)
    )
    utc: bool = switch("Days and hours of UTC, not of the places where activities began.", kinds=())
    token: str | None = option(
        "SECRET", "What clients must know; needed to be reached from elsewhere. Also HEATLAS_TOKEN.", kinds=()
    )
    basemap: str | None = option(
        "URL|FILE",
        "Map tiles {z}/{x}/{y} beneath, fetched by the browser alone; or a file of streets, e.g. town.pmtiles.",
        kinds=(),
        takes="Mapping[str, str]",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSetOptions:
    """Rows of tables that become a point set of a library, and its name."""

    where: str | None = option("FILTER", 'Points: only rows that pass, e.g. "beds > 10".')
    after: str | None = option("DATE", "Points: only rows at or after this day or moment.", takes="dt.date")
    before: str | None = option("DATE", "Points: only rows before this day or moment (UTC).", takes="dt.date")
    name: str | None = option("NAME", "Points: what to call them; by default as their file is called.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorerOptions:
    """Which explorer tiles are counted, and where missing ones are looked for."""

    zoom: int | None = option("Z", "Zoom of the tiles: 14, 17, or any up to 25.  [default: 14]", limits=(0, 25))
    missing: bool = switch("List the tiles that nobody has visited around a place, nearest first.")
    around: str | None = option(
        "LAT,LON,RADIUS",
        "Where --missing looks, and what a .png shows, e.g. 60.17,24.94,5km.",
        takes="Sequence[float | str]",
    )
    everything: bool = switch("A .png of all tiles, however far apart; by default of the busiest place.", flag="--all")
    width: int | None = option("PX", "Width of a .png in pixels, about.  [default: some 1600]", limits=(1, None))
    public: bool = switch(
        "For everybody: count what is shown, not whole tracks, without private activities, days and history.",
    )
    public_least: int | None = option(
        "N", "With --public: activities that a filter must leave.  [default: 5]", limits=(1, None)
    )
