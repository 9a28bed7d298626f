"""`heatlas render`."""

from __future__ import annotations

from typing import Any

import click

from heatlas.cli.options import (
    film_options,
    filters_options,
    gaps_options,
    hiding_options,
    picture_options,
    style_options,
    tables_options,
    tile_options,
    windows_options,
)
from heatlas.cli.progress import show_progress

__all__ = ["command"]


@click.command("render")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=True), metavar="OUT",
    help="What to write, by its ending: .png .webp .pdf, .tif (values; colours with --rgba), .npy (values), .kmz; "
    ".mp4 .gif; .html; .mbtiles .pmtiles .sqlitedb; without an ending a folder of tiles.",
)  # fmt: skip
@style_options
@windows_options
@tables_options
@filters_options
@hiding_options
@gaps_options
@picture_options
@film_options
@tile_options
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
    watch: bool,
    **options: Any,
) -> None:
    from heatlas.cli.summary import print_json, print_summary
    from heatlas.outputs import render
    from heatlas.outputs.kinds import kind_of

    def tell(report: dict[str, Any]) -> None:
        if as_json:
            print_json(report)
        elif not quiet:
            print_summary(report)

    try:
        with show_progress(quiet) as progress:
            report = render(
                *sources,
                output=output,
                zones=zone,
                sports=sport,
                told=tell if watch else None,
                watch=watch,
                progress=progress.count,
                **options,
            )
    except KeyboardInterrupt:
        if kind_of(output, {}) != "tiles":
            raise
        click.echo(f"heatlas: stopped; {output} keeps what is done, and the same command goes on", err=True)
        raise SystemExit(130) from None
    if not watch:
        tell(report)


command.help = """Draw SOURCE as a heat map.

A SOURCE is a Strava export (.zip or folder), or any folder, archive (.zip, .tar, .tar.gz ..., also in one another) or
file of .fit, .gpx and .tcx, also packed: its tracks are drawn. Or it is a library that `heatlas import` made; or a
table of points with weights: a .csv, .parquet, .geojson and the like, a database such as mysql://user@host/base with
--query or --table, or - for what comes in on stdin.
"""
