"""`heatlas import` and `heatlas library`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from heatlas.cli.options import library_option as _library
from heatlas.cli.options import quiet_option as _quiet
from heatlas.cli.options import request_options, workers_option
from heatlas.cli.progress import show_progress
from heatlas.core.errors import NothingToDraw
from heatlas.core.stopping import stop_status
from heatlas.options import AthleteOptions, ImportOptions, gather

__all__ = ["import_command", "library_group"]


@click.command("import")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@_library
@request_options(ImportOptions)
@workers_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object on stdout.")
@_quiet
def import_command(sources: tuple[str, ...], library: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Bring SOURCE into a library; again, only what is new. It can be stopped, and goes on where it was.

    A SOURCE is a Strava export (.zip or folder), or any folder, archive or file of .fit, .gpx and .tcx: its tracks
    become activities. Or it is a table (.csv, .parquet, .geojson ..., a database): its rows become a point set, under
    the name of the file, in the place of the one that is called so. --clip-ends and --zone hide parts of tracks (not
    points) from now on.
    """
    from heatlas.cli.summary import print_files, print_json, say_open_places
    from heatlas.library.manage import import_into, point_sets_of

    try:
        with show_progress(quiet) as progress:
            report = import_into(library, *sources, progress=progress.count, **options)
    except KeyboardInterrupt:
        click.echo(f"heatlas: stopped; {library} keeps what was brought in, and the same command goes on", err=True)
        raise SystemExit(stop_status() or 130) from None
    if as_json:
        print_json(report)
    elif not quiet:
        if len(report["point_sets"]) < len(sources):
            print_files({name: value for name, value in report.items() if name != "activities"})
        for point_set in report["point_sets"]:
            _print_point_set(point_set)
        sets = len(point_sets_of(library)) if Path(library).exists() else 0
        held = [f"{report['activities']:,} activities"] if report["activities"] or not sets else []
        held += [f"{sets:,} point {'set' if sets == 1 else 'sets'}"] if sets else []
        if Path(library).exists():  # no new library is made when nothing was imported
            click.echo(f"{library} holds {' and '.join(held)}")
        say_open_places(report.get("open_places", ()))
    if "nothing" in report:
        raise NothingToDraw(report["nothing"])  # so that commands that follow do not run


def _print_point_set(report: dict[str, Any]) -> None:
    """Report on stderr what was read of a table, and on stdout the point set that was stored."""
    from heatlas.cli.summary import print_files

    print_files({**report, "files": {"failed": [], "warnings": report["warnings"]}})
    said = "" if report["changed"] else ", as they were"
    click.echo(f"{report['name']}: {report['points']:,} points{said}")


@click.group("library")
def library_group() -> None:
    """Look after a library."""


@library_group.command("remove")
@click.argument("where", required=False)
@click.option("--points", metavar="NAME", help="Remove this point set instead.")
@_library
def _forget(where: str | None, points: str | None, library: str) -> None:
    """Remove the activities that pass WHERE, e.g. "name = 'Test' AND distance < 100"; or a point set."""
    from heatlas.library.manage import remove_activities, remove_points

    if (where is None) == (points is None):
        raise click.UsageError("say WHERE, a filter over activities, or --points NAME")
    if points is not None:
        click.echo(f"{remove_points(library, points):,} points removed")
    elif where is not None:
        removed, instead = remove_activities(library, where)
        click.echo(f"{removed:,} activities removed")
        if instead:
            copies = "a copy that did not pass" if len(instead) == 1 else f"{len(instead):,} copies that did not pass"
            click.echo(f"shown instead: {copies}, e.g. {instead[0]}; a filter over source takes these out as well")


@library_group.command("reindex")
@_library
@click.option("--clip-ends", metavar="LENGTH", help="Cut about this much from both ends of each track; 0 for nothing.")
@click.option("--rejoin", metavar="LENGTH", help="How far a path must have gone for a return to count again.")
@workers_option
@_quiet
def _reindex(library: str, quiet: bool, **options: Any) -> None:
    """Make the index anew, with other lengths where they are given."""
    from heatlas.library.manage import reindex_library

    with show_progress(quiet) as progress:
        reindex_library(library, progress=progress.count, **options)


@library_group.command("athlete")
@_library
@request_options(AthleteOptions)
@click.option("--forget", is_flag=True, help="Remove all that is known of the athlete.")
def _athlete(library: str, forget: bool, **options: Any) -> None:
    """Say what a library knows of its athlete, and change that, for measures such as heart_rate_reserve and zone."""
    import json

    from heatlas.library.manage import edit_athlete

    known = edit_athlete(library, gather(AthleteOptions, options, "athlete"), forget=forget)
    click.echo(json.dumps(known) if known else "nothing is known of the athlete")


@library_group.command("compact")
@_library
@_quiet
def _compact(library: str, quiet: bool) -> None:
    """Put together what importing bit by bit has left apart."""
    from heatlas.library.manage import compact_library

    with show_progress(quiet) as progress:
        compact_library(library, progress.count)


@library_group.command("check")
@_library
@click.option("--all", "everything", is_flag=True, help="Trace every activity again, not a sample.")
def _check(library: str, everything: bool) -> None:
    """Say what is wrong with a library, if anything is; exit 1 then."""
    from heatlas.library.manage import check_library

    faults = check_library(library, everything)
    for fault in faults:
        click.echo(fault)
    if faults:
        raise SystemExit(1)
    click.echo("all is well")
