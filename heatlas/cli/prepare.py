"""`heatlas prepare`."""

from __future__ import annotations

from typing import Any

import click

from heatlas.cli.options import quiet_option, request_options
from heatlas.cli.progress import show_progress
from heatlas.core.stopping import stop_status
from heatlas.core.words import counted
from heatlas.options import PrepareOptions

__all__ = ["command"]


@click.command("prepare")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("-o", "--output", required=True, metavar="DIR|s3://...", help="Folder for the files, or its address.")
@request_options(PrepareOptions)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object on stdout.")
@quiet_option
def command(sources: tuple[str, ...], output: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Make Parquet of SOURCE for large maps: each person in one file, ordered by home.

    A SOURCE is anything that `heatlas render` draws as tracks: exports, folders and archives of .fit, .gpx and .tcx,
    tables of fixes with --track, in folders or buckets. It can be stopped, and goes on where it was. The files hold
    whole tracks, nothing is cut: whoever draws them hides ends and zones, and leaves out private trips.
    """
    from heatlas.cli.summary import print_json
    from heatlas.preparing import prepare

    try:
        with show_progress(quiet) as progress:
            report = prepare(*sources, output=output, progress=progress.count, **options)
    except KeyboardInterrupt:
        click.echo(f"heatlas: stopped; {output} keeps what is done, and the same command goes on", err=True)
        raise SystemExit(stop_status() or 130) from None
    if as_json:
        print_json(report)
    elif not quiet:
        _print(report)


def _print(report: dict[str, Any]) -> None:
    """Say on stderr what was read and written, and on stdout where."""
    from heatlas.cli.summary import line, print_files

    print_files(report)
    files = counted(len(report["partitions"]), "files")
    known = "unchanged: " if report.get("unchanged") else ""
    line(
        f"{known}{counted(report['persons'], 'persons')}, {counted(report['trips'], 'trips')} and "
        f"{counted(report['fixes'], 'fixes')} in {files} ({report['bytes'] / 1e6:,.1f} MB, "
        f"{report['bytes_per_fix']:.1f} bytes a fix)"
    )
    for warning in report["warnings"]:
        line(f"  {warning}")
    click.echo(report["output"])
