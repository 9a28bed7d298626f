"""Options of `heatlas render`, in groups, and those of several commands."""

from __future__ import annotations

import click

__all__ = [
    "POSITION_OPTIONS", "film_options", "filters_options", "gaps_options", "hiding_options", "library_option",
    "picture_options", "position_options", "quiet_option", "style_options", "tables_options", "tile_options",
    "track_option",
    "windows_options",
]  # fmt: skip

POSITION_OPTIONS = ("lat", "lon", "geometry", "crs", "decimal", "dates")
"""Names of what `position_options` adds."""
library_option = click.option(
    "-l", "--library", default="heatlas.db", show_default=True, metavar="LIB", help="The library's file."
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")


def filters_options(function: click.decorators.FC) -> click.decorators.FC:
    """Options that choose activities."""
    for option in (
        click.option("--utc", is_flag=True, help="Days, hours and films in UTC, not in local time."),
        click.option("--before", metavar="DATE", help="Only activities that start before this day or moment."),
        click.option(
            "--after",
            metavar="DATE",
            help="Only activities that start on or after this day, or this moment; in the local time of their places, "
            "but for a moment with Z or an offset.",
        ),
        click.option("--sport", multiple=True, metavar="NAME", help="Only this sport, e.g. Run; may be repeated."),
        click.option(
            "--where",
            metavar="FILTER",
            help="Only activities that pass, e.g. \"sport = 'Run' AND hour < 9\"; hours and dates are local.",
        ),
    ):
        function = option(function)
    return function


def windows_options(function: click.decorators.FC) -> click.decorators.FC:
    """Options that choose what is drawn, and how finely."""
    for option in (
        click.option("--width", type=click.IntRange(1), metavar="PX", help="Width of the picture in pixels."),
        click.option("--resolution", metavar="LENGTH", help="True ground metres per pixel at the centre, e.g. 1m."),
        click.option(
            "--zoom",
            metavar="Z|A-B",
            help="Zoom of web maps (256 px tiles); of tiles a range, such as 0-16.",
        ),
        click.option("--all", "everything", is_flag=True, help="All activities, however far apart."),
        click.option("--around", metavar="LAT,LON,RADIUS", help="A circle's bounding box, e.g. 60.17,24.94,5km."),
        click.option("--bbox", metavar="W,S,E,N", help="A box in degrees; by default the busiest place is drawn."),
    ):
        function = option(function)
    return function


def style_options(function: click.decorators.FC) -> click.decorators.FC:
    """Options of measure, tone and colour."""
    for option in (
        click.option("--legend", is_flag=True, help="Draw a bar with numbers and their unit."),
        click.option(
            "--background",
            metavar="NAME",
            help="none, dark, light or #rrggbb.  [default: none; of films and pages dark]",
        ),
        click.option(
            "--colormap",
            metavar="NAME|STOPS",
            help="A name (see `heatlas info --colormaps`) or stops: #000,#f00,#ff0.",
        ),
        click.option(
            "--tone",
            metavar="CURVE|LO:HI",
            help="log, linear, sqrt, rank; LO:HI for a fixed range in the legend's unit, log:LO:HI. "
            "Default: log for counts and sums, linear for means.",
        ),
        click.option(
            "--smooth",
            metavar="WIDTH",
            help="Standard deviation of the Gaussian, e.g. 4m or 2px; 0 for none.  [default: 4m, at least 1px]",
        ),
        click.option(
            "--measure",
            metavar="NAME",
            help="passes, activities, seconds, metres, fixes; or mean|min|max|std of pace, speed, heart_rate, cadence, "
            "power, elevation, temperature, grade, e.g. max(power); a bare metric is its mean. Of points: sum, count, "
            "mean, min, max.  [default: passes; of points the sum of the weights]",
        ),
    ):
        function = option(function)
    return function


def hiding_options(function: click.decorators.FC) -> click.decorators.FC:
    """Options of privacy."""
    for option in (
        click.option(
            "--zone",
            multiple=True,
            metavar="LAT,LON,RADIUS",
            help="Hide a place, e.g. home; may be repeated.",
        ),
        click.option(
            "--clip-ends",
            metavar="LENGTH",
            help="Cut about this much from both ends of each track, e.g. 200m.",
        ),
    ):
        function = option(function)
    return function


track_option = click.option(
    "--track",
    metavar="COLUMN|all",
    help="Tables: rows are the fixes of tracks, which this column tells apart (`all`: of one track); or the column "
    "holds encoded polylines, each a track.",
)


def position_options(function: click.decorators.FC) -> click.decorators.FC:
    """Options that say where the positions of a table are, and how it is written."""
    for option in (
        click.option(
            "--dates",
            type=click.Choice(["dmy", "mdy", "ymd"]),
            help="Tables: what 03/02/2024 means, day or month first; by default what the whole column says.",
        ),
        click.option(
            "--decimal",
            type=click.Choice(["point", "comma"]),
            help="Tables: whether 1,234 is 1234 or 1.234; by default what the whole column says.",
        ),
        click.option(
            "--crs",
            metavar="EPSG:N",
            help="Tables: coordinate system of positions that state none, e.g. EPSG:32635 for metres in UTM.",
        ),
        click.option(
            "--geometry",
            metavar="COLUMN",
            help='Tables: positions in one column, as WKB, WKT, GeoJSON or "60.17, 24.94"; by default found by type.',
        ),
        click.option("--lon", metavar="COLUMN", help="Tables: longitudes; by default found by name."),
        click.option("--lat", metavar="COLUMN", help="Tables: latitudes; by default found by name."),
    ):
        function = option(function)
    return function


def gaps_options(function: click.decorators.FC) -> click.decorators.FC:
    """Options that say outright over which steps of tracks a line is drawn."""
    for option in (
        click.option(
            "--max-gap-distance",
            metavar="LENGTH",
            help="Tracks: draw no line between fixes farther apart, e.g. 2km.  [default: by each recording's rhythm]",
        ),
        click.option(
            "--max-gap",
            metavar="TIME",
            help="Tracks: draw no line over a longer time without a fix, e.g. 10min.  [default: likewise]",
        ),
    ):
        function = option(function)
    return function


def tables_options(function: click.decorators.FC) -> click.decorators.FC:
    """Options of tables and their points."""
    for option in (
        click.option("--density", is_flag=True, help="Points: values per square kilometre."),
        click.option(
            "--kernel",
            type=click.Choice(["gaussian", "linear", "quartic", "epanechnikov", "uniform"]),
            help="Points: shape of what is felt around each.  [default: gaussian]",
        ),
        click.option(
            "--radius",
            metavar="LENGTH",
            help="Points: how far each is felt, on the screen (15px) or on the ground (500m, 100km); 0px for bare "
            "pixels.  [default: 15px]",
        ),
        track_option,
        click.option("--time", metavar="COLUMN", help="When each row was, with --track."),
        click.option("--weight", metavar="COLUMN", help="What each point weighs; by default `weight`, or 1 each."),
        position_options,
        click.option(
            "--table", metavar="NAME", help="Table of a database, layer of a file, or sheet of a workbook to read."
        ),
        click.option("--query", metavar="SQL", help="What to read of a database: a SELECT."),
    ):
        function = option(function)
    return function


def picture_options(function: click.decorators.FC) -> click.decorators.FC:
    """Options of pictures alone."""
    for option in (
        click.option("--dpi", type=click.FloatRange(1), metavar="N", help="Pixels per inch of a .pdf.  [default: 300]"),
        click.option("--garmin", is_flag=True, help="A .kmz of small JPEGs, as Garmin's devices want it."),
        click.option("--rgba", is_flag=True, help="Colours, not values, in a .tif."),
        click.option("--scale-bar", is_flag=True, help="Draw a bar of true metres."),
    ):
        function = option(function)
    return function


def film_options(function: click.decorators.FC) -> click.decorators.FC:
    """Options of films."""
    for option in (
        click.option(
            "--fps",
            type=click.FloatRange(1, 60),
            metavar="N",
            help="Films: frames a second.  [default: 30 for .mp4, 12.5 for .gif, 15 for .webp]",
        ),
        click.option(
            "--duration",
            metavar="TIME",
            help="Films: how long time runs; then the last frame is held for 2 s.  [default: 20s]",
        ),
        click.option(
            "--span", metavar="TIME", help="Films: how long an activity stays: 30d, 4w, 1y; by default for good."
        ),
        click.option(
            "--every",
            metavar="TIME",
            help="Films: frames end with whole ones: day, week, month, 3d.  [default: time runs evenly]",
        ),
    ):
        function = option(function)
    return function


def tile_options(function: click.decorators.FC) -> click.decorators.FC:
    """Options of tiles and pages."""
    for option in (
        click.option("--url", metavar="URL", help="Tiles: where a folder will be found, for its tiles.json."),
        click.option(
            "--public-least",
            type=click.IntRange(1),
            metavar="N",
            help="With --public: activities that a filter, or a layer, must have to be shown.  [default: 5]",
        ),
        click.option(
            "--public",
            is_flag=True,
            help="Tiles, pages, films: leave out activities that are marked as private, and what is of a few alone.",
        ),
        click.option("--watch", is_flag=True, help="Tiles: go on, and redraw whenever the library changes."),
        click.option(
            "--refit", is_flag=True, help="Tiles: fit the scales anew, which else stay while they are about right."
        ),
        click.option(
            "--basemap",
            metavar="URL",
            help="Pages: map tiles {z}/{x}/{y} that the viewer may switch on; by default OpenStreetMap's, which only "
            "pages on the web may show.",
        ),
        click.option(
            "--layers",
            metavar="BY",
            help="Pages: what one can switch between: sport, year, month, gear and measures, e.g. sport,year or "
            "passes,pace. Each layer has its own scale, unless --tone LO:HI fixes it.",
        ),
        click.option("--format", "form", type=click.Choice(["png", "webp"]), help="Tiles: their form.  [default: png]"),
        click.option("--attribution", metavar="TEXT", help="Who is to be named; on pictures at the edge."),
        click.option("--title", metavar="TEXT", help="Large on pictures; the name of tiles and pages."),
    ):
        function = option(function)
    return function
