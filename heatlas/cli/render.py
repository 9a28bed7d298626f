"""`heatlas render`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heatlas.cli.groups import Output
from heatlas.cli.options import quiet_option, request_options, sources_or_library, workers_option
from heatlas.cli.progress import show_progress
from heatlas.core.errors import BadOption
from heatlas.core.paths import files_of_database, state_beside
from heatlas.core.stopping import stop_status
from heatlas.options import RenderOptions

if TYPE_CHECKING:
    from heatlas.core.repeat import Repeat

__all__ = ["command"]

_SQLITE = b"SQLite format 3\0"
"""Beginning of a library."""


@click.command("render")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "-o", "--output", required=True, type=Output(dir_okay=True), metavar="OUT",
    help="What to write, by its ending: .png .webp .pdf, .tif (values; colours with --rgba), .npy (values), .kmz; "
    ".mp4 .gif; .html; .mbtiles .pmtiles .sqlitedb; without an ending a folder of tiles.",
)  # fmt: skip
@request_options(RenderOptions)
@workers_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object on stdout.")
@quiet_option
def command(  # noqa: D103 - the help text stands below
    sources: tuple[str, ...], output: str, as_json: bool, quiet: bool, **options: Any
) -> None:
    sources = sources_or_library(sources)
    from heatlas.cli.summary import print_json, print_summary
    from heatlas.rendering.kinds import kind_of

    def tell(report: dict[str, Any]) -> None:
        if as_json:
            print_json(report)
        elif not quiet:
            print_summary(report)

    before = _repeat(sources, output, options)
    if before is not None and (known := before.earlier()) is not None:
        tell(known)
        return
    from heatlas.rendering import render

    goes_on = options["watch"] or (options["every"] is not None and kind_of(output, ()) == "tiles")
    try:
        with show_progress(quiet) as progress, before or nullcontext():
            report = render(*sources, output=output, told=tell if goes_on else None, progress=progress.count, **options)
    except KeyboardInterrupt:
        if kind_of(output, ()) != "tiles":
            raise
        click.echo(f"heatlas: stopped; {output} keeps what is done, and the same command goes on", err=True)
        raise SystemExit(stop_status() or 130) from None
    if not goes_on:
        tell(report)
    if before is not None:
        from heatlas.rendering.tiles import of_next_run

        before.note(of_next_run(report))


def _repeat(sources: tuple[str, ...], output: str, options: dict[str, Any]) -> Repeat | None:
    """Tiles of a library that were written before, which may not have changed; None for all other work."""
    from heatlas.rendering.kinds import kind_of

    try:
        tiles = kind_of(output, ()) == "tiles"
        with open(sources[0], "rb") as file:  # noqa: PTH123 - a name may be impossible
            library = file.read(len(_SQLITE)) == _SQLITE
    except (OSError, ValueError, BadOption):  # it is said where sources and outputs are looked at
        return None
    again = options["watch"] or options["every"] is not None or options["engine"] is not None
    if len(sources) > 1 or not (tiles and library) or again:
        return None
    asked = {**options, "workers": None, "sources": sources, "output": output}
    from heatlas.core.repeat import Repeat

    return Repeat("render", asked, files_of_database(sources[0]), (output, str(state_beside(Path(output)))))


command.help = """Draw SOURCE as a heat map.

A SOURCE is a Strava export (.zip or folder), or any folder, archive (.zip, .tar, .tar.gz ..., also in one another) or
file of .fit, .gpx and .tcx, also packed: its tracks are drawn. Or it is a library that `heatlas import` made; or a
table of points with weights: a .csv, .parquet, .geojson and the like, a database such as mysql://user@host/base with
--query or --table, or - for what comes in on stdin. Without SOURCE it is heatlas.db.
"""
