"""`heatlas render`."""

from __future__ import annotations

import click

from heatlas.cli.progress import show_progress

__all__ = ["command"]


def _filters(function: click.decorators.FC) -> click.decorators.FC:
    """Options that choose activities."""
    for option in (
        click.option("--before", metavar="DATE", help="Only activities that start before this day or moment (UTC)."),
        click.option("--after", metavar="DATE", help="Only activities that start on or after this day or moment."),
        click.option("--sport", multiple=True, metavar="NAME", help="Only this sport, e.g. Run; may be repeated."),
        click.option(
            "--where",
            metavar="FILTER",
            help="Only activities that pass, e.g. \"sport = 'Run' AND distance > 5000\".",
        ),
    ):
        function = option(function)
    return function


def _windows(function: click.decorators.FC) -> click.decorators.FC:
    """Options that choose what is drawn, and how finely."""
    for option in (
        click.option("--width", type=click.IntRange(1), metavar="PX", help="Width of the picture in pixels."),
        click.option("--resolution", metavar="LENGTH", help="True ground metres per pixel at the centre, e.g. 1m."),
        click.option("--zoom", type=click.FloatRange(0, 24), metavar="Z", help="Zoom of web maps (256 px tiles)."),
        click.option("--all", "everything", is_flag=True, help="All activities, however far apart."),
        click.option("--around", metavar="LAT,LON,RADIUS", help="A circle's bounding box, e.g. 60.17,24.94,5km."),
        click.option("--bbox", metavar="W,S,E,N", help="A box in degrees; by default the busiest place is drawn."),
    ):
        function = option(function)
    return function


def _style(function: click.decorators.FC) -> click.decorators.FC:
    """Options of measure, tone and colour."""
    for option in (
        click.option("--legend", is_flag=True, help="Draw a bar with numbers and their unit."),
        click.option(
            "--background",
            default="none",
            show_default=True,
            metavar="NAME",
            help="none, dark, light or #rrggbb.",
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


def _hiding(function: click.decorators.FC) -> click.decorators.FC:
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


def _tables(function: click.decorators.FC) -> click.decorators.FC:
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
        click.option("--track", metavar="COLUMN", help="Rows are the fixes of tracks, which this column tells apart."),
        click.option("--time", metavar="COLUMN", help="When each row was, with --track."),
        click.option("--weight", metavar="COLUMN", help="What each point weighs; by default `weight`, or 1 each."),
        click.option("--lon", metavar="COLUMN", help="Longitudes; by default found by name."),
        click.option("--lat", metavar="COLUMN", help="Latitudes; by default found by name."),
        click.option("--table", metavar="NAME", help="Table of a database, or layer of a file, to read."),
        click.option("--query", metavar="SQL", help="What to read of a database: a SELECT."),
    ):
        function = option(function)
    return function


@click.command("render")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=True), metavar="OUT",
    help="What to write: .png, .webp, .tif (values; colours with --rgba), .kmz or .npy (values).",
)  # fmt: skip
@_style
@_windows
@_tables
@_filters
@_hiding
@click.option("--rgba", is_flag=True, help="Write colours, not values, into a .tif.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Processes to read and threads to draw; by default one for each processor.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object on stdout.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def command(  # noqa: D103 - the help text stands below
    sources: tuple[str, ...],
    output: str,
    zone: tuple[str, ...],
    sport: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    **options: object,
) -> None:
    from heatlas.api import render
    from heatlas.cli.summary import print_json, print_summary

    with show_progress(quiet) as progress:
        report = render(
            *sources,
            output=output,
            zones=zone,
            sports=sport,
            progress=progress.count,
            **options,  # type: ignore[arg-type]
        )
    if as_json:
        print_json(report)
    elif not quiet:
        print_summary(report)


command.help = """Draw SOURCE as a heat map.

A SOURCE is a Strava export (.zip or folder), or any folder, archive or file of .fit, .gpx and .tcx, also .gz: its
tracks are drawn. Or it is a table of points with weights: a .csv, .parquet, .geojson and the like, a database such as
mysql://user@host/base with --query or --table, or - for what comes in on stdin.
"""
