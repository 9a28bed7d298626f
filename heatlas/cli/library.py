"""`heatlas import` and `heatlas library`."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heatlas.cli.groups import Group
from heatlas.cli.options import library_option as _library
from heatlas.cli.options import quiet_option as _quiet
from heatlas.cli.options import request_options, workers_option
from heatlas.cli.progress import show_progress
from heatlas.core.context import Context
from heatlas.core.errors import NothingToDraw
from heatlas.core.paths import files_of_database
from heatlas.core.stopping import stop_status
from heatlas.core.words import counted
from heatlas.options import AthleteOptions, FollowOptions, ImportOptions, gather

if TYPE_CHECKING:
    from collections.abc import Callable

    from heatlas.cli.progress import Progress
    from heatlas.core.repeat import Repeat

__all__ = ["import_command", "library_group"]

_GLANCE = 20 * 3600.0
"""Seconds after which an import that has nothing to do opens the library all the same, and looks for damage in it."""


@click.command("import")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@_library
@request_options(ImportOptions)
@request_options(FollowOptions)
@workers_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object on stdout.")
@_quiet
def import_command(
    sources: tuple[str, ...], library: str, as_json: bool, quiet: bool, watch: bool, every: str | None, **options: Any
) -> None:
    """Bring SOURCE into a library; again, only what is new. It can be stopped, and goes on where it was.

    A SOURCE is a Strava export (.zip or folder), or any folder, archive or file of .fit, .gpx and .tcx: its tracks
    become activities. Or it is a table (.csv, .parquet, .geojson ..., a database): its rows become a point set, under
    the name of the file, in the place of the one that is called so. --clip-ends and --zone hide parts of tracks (not
    points) from now on. With --watch or --every it goes on until it is stopped.
    """
    from heatlas.cli.summary import print_json

    last = ""

    def tell(report: dict[str, Any]) -> None:
        nonlocal last
        if as_json:
            print_json(report)
        elif not quiet:
            last = _print_import(report, library, len(sources))

    if watch or every is not None:
        with show_progress(quiet) as progress:
            _follow(sources, library, FollowOptions(watch=watch, every=every), tell, progress, options)
        if last and (now := _holding(library)) != last:  # what was brought in may not have been told of yet
            click.echo(now)
        return
    before = _repeat(sources, library, options)
    if before is not None and (known := before.earlier()) is not None:
        tell(known)
        return
    from heatlas.library.manage import import_into

    try:
        with show_progress(quiet) as progress, before or nullcontext():
            report = import_into(library, *sources, progress=progress.count, repeat=before, **options)
    except KeyboardInterrupt:
        click.echo(f"heatlas: stopped; {library} keeps what was brought in, and the same command goes on", err=True)
        raise SystemExit(stop_status() or 130) from None
    tell(report)
    if "nothing" in report:
        raise NothingToDraw(report["nothing"])  # so that commands that follow do not run


def _repeat(sources: tuple[str, ...], library: str, options: dict[str, Any]) -> Repeat | None:
    """Import of files and folders, which may have been done before; None for all others, such as of databases."""
    if not all(map(os.path.exists, sources)):
        return None
    asked = {**options, "workers": None, "sources": sources, "library": library}
    from heatlas.core.repeat import Repeat

    return Repeat("import", asked, sources, files_of_database(library), "import", _GLANCE)


def _follow(
    sources: tuple[str, ...],
    library: str,
    asked: FollowOptions,
    tell: Callable[[dict[str, Any]], None],
    progress: Progress,
    options: dict[str, Any],
) -> None:
    """Import, and go on until a signal ends it: that is how it is meant to end, so that the exit status is 0."""
    from heatlas.watching import follow

    workers = options.pop("workers")
    try:
        follow(
            Path(library), sources, gather(ImportOptions, options, "import"), watch=asked.watch, every=asked.every,
            tell=tell, context=Context(workers, progress.count),
        )  # fmt: skip
    except KeyboardInterrupt:
        click.echo(f"heatlas: stopped; {library} keeps what was brought in, and the same command goes on", err=True)


def _print_import(report: dict[str, Any], library: str, sources: int) -> str:
    """Report on stderr what was read and on stdout what the library holds; returns the latter."""
    from heatlas.cli.summary import print_files, say_open_places

    if len(report["point_sets"]) < sources:
        print_files({name: value for name, value in report.items() if name != "activities"})
    for point_set in report["point_sets"]:
        _print_point_set(point_set)
    holding = _holding(library, report["activities"])
    if holding:
        click.echo(holding)
    say_open_places(report.get("open_places", ()))
    return holding


def _holding(library: str, activities: int | None = None) -> str:
    """Say what a library holds, by default as it is now; empty where there is none: nothing was imported."""
    from heatlas.library.manage import count_activities, point_sets_of

    if not Path(library).exists():
        return ""
    activities = count_activities(library) if activities is None else activities
    sets = len(point_sets_of(library))
    held = [counted(activities, "activities")] if activities or not sets else []
    held += [counted(sets, "point sets")] if sets else []
    return f"{library} holds {' and '.join(held)}"


def _print_point_set(report: dict[str, Any]) -> None:
    """Report on stderr what was read of a table, and on stdout the point set that was stored."""
    from heatlas.cli.summary import print_files

    print_files({**report, "files": {"failed": [], "warnings": report["warnings"]}})
    said = "" if report["changed"] else ", as they were"
    click.echo(f"{report['name']}: {counted(report['points'], 'points')}{said}")


@click.group("library", cls=Group)
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
        click.echo(f"{counted(remove_points(library, points), 'points')} removed")
    elif where is not None:
        removed, instead = remove_activities(library, where)
        click.echo(f"{counted(removed, 'activities')} removed")
        if instead:
            copies = "a copy that did not pass" if len(instead) == 1 else f"{len(instead):,} copies that did not pass"
            click.echo(f"shown instead: {copies}, e.g. {instead[0]}; a filter over source takes these out as well")


@library_group.command("person")
@click.argument("name")
@click.option("--where", required=True, metavar="FILTER", help="Which activities, e.g. \"gear = 'Kuura'\".")
@_library
def _name_person(name: str, where: str, library: str) -> None:
    """Say that the activities that pass a filter are those of NAME; "" for nobody's.

    heatlas import --person says it of what is brought in.
    """
    from heatlas.library.manage import name_person

    changed, given = name_person(library, name, where)
    whose = f"of {name}" if name.strip() else "nobody's"
    click.echo(f"{counted(given, 'activities')} {'is' if given == 1 else 'are'} {whose} now, {changed:,} of them newly")


@library_group.command("reindex")
@_library
@click.option("--clip-ends", metavar="LENGTH", help="Cut about this much from both ends of each track; 0 for nothing.")
@click.option("--rejoin", metavar="LENGTH", help="How far a path must have gone for a return to count again.")
@workers_option
@_quiet
def _reindex(library: str, quiet: bool, **options: Any) -> None:
    """Make the index anew: all of it, or, where a length is given, what that changes."""
    from heatlas.library.manage import reindex_library

    with show_progress(quiet) as progress:
        done = reindex_library(library, progress=progress.count, **options)
    if not quiet:
        click.echo(f"{counted(done, 'activities')} indexed anew" if done else "nothing to index anew: all is as asked")


@library_group.command("athlete")
@_library
@request_options(AthleteOptions)
@click.option("--forget", is_flag=True, help="Remove everything about the athlete.")
def _athlete(library: str, forget: bool, **options: Any) -> None:
    """Show what a library stores about its athlete, or change it, for measures such as heart_rate_reserve and zone."""
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
@click.option("--all", is_flag=True, help="Trace every activity again, not a sample of 20.")
@_quiet
def _check(library: str, all: bool, quiet: bool) -> None:  # noqa: A002 - as the flag
    """Say what is wrong with a library, if anything is; exit 1 then.

    All rows are compared with their digests, and the index of some activities, or all, with their tracks.
    """
    from heatlas.library.file.sound_rows import how_to_repair
    from heatlas.library.manage import check_library

    with show_progress(quiet) as progress:
        found = check_library(library, all, progress.count)
    for fault in found["faults"]:
        click.echo(fault)
    if found["faults"]:
        click.echo(f"to mend what can be mended: {how_to_repair(library)}")
        raise SystemExit(1)
    traced, held = found["traced"], found["activities"]
    rows = (
        "all rows are what was written" if found["digests"] else "rows have no digests yet, which the next change makes"
    )
    every = "" if traced == held else ": --all looks at every one"
    click.echo(f"all is well: {rows}, and {traced:,} of {held:,} activities were traced again{every}")
    if before := found["undigested"]:
        click.echo(
            f"{before:,} activities are from before there were digests: of damage from then, only that of positions "
            "and times is seen"
        )
    if found["outdated"]:
        click.echo(found["outdated"])


@library_group.command("repair")
@_library
@click.option(
    "--clip-ends", metavar="LENGTH", help="If asked for: the length that was cut from the ends of tracks; 0 for none."
)
@click.option("--zone", multiple=True, metavar="LAT,LON,RADIUS", help="If asked for: a place that was hidden.")
@click.option("--no-zones", is_flag=True, help="If asked for: no place was hidden.")
@_quiet
def _repair(library: str, quiet: bool, **options: Any) -> None:
    """Repair a damaged library as far as possible; the damaged file is kept under another name.

    Files of damaged tracks are read again where they are still there; damaged tiles of the index, or all of it, are
    made anew; what cannot be brought back is named. A sound library is left as it is.
    """
    from heatlas.cli.summary import line
    from heatlas.library.manage import repair_library

    with show_progress(quiet) as progress:
        done = repair_library(library, progress=progress.count, **options)
    if done["healed"]:
        line(f"{counted(done['healed'], 'rows were')} damaged, and came back from copies")
    for name in done["read_again"]:
        line(f"  read again: {name}")
    for what in done["set_aside"]:
        line(f"  set aside: {what}")
    sets = f" and {counted(done['point_sets'], 'point sets')}" if done["point_sets"] else ""
    held = f"{library} holds {counted(done['activities'], 'activities')}{sets}"
    if done["damaged"] is None:
        click.echo(f"{held}; all is well, and it was left as it is")
        return
    if done["tiles"] != 0:
        tiles = "all tiles" if done["tiles"] is None else counted(done["tiles"], "tiles")
        line(f"{tiles} of the index {'was' if done['tiles'] == 1 else 'were'} made anew")
    click.echo(f"{held}; the damaged one is {done['damaged']} now")


@library_group.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@_library
@_quiet
def _back_up(file: Path, library: str, quiet: bool) -> None:
    """Copy a library into FILE, whatever else runs meanwhile; an older backup of that name is replaced.

    Nothing is replaced when the library is damaged. To restore, copy FILE back while nothing has the library open.
    """
    from heatlas.library.manage import back_up_library

    with show_progress(quiet) as progress:
        made = back_up_library(library, file, progress.count)
    sets = f" and {counted(made['point_sets'], 'point sets')}" if made["point_sets"] else ""
    instead = "" if made["replaced"] is None else f", in place of a backup with {made['replaced']:,}"
    click.echo(f"{file}: {counted(made['activities'], 'activities')}{sets}{instead}")
