"""`heatlas demo`."""

from __future__ import annotations

from pathlib import Path

import click

from heatlas.cli.groups import Integer
from heatlas.cli.progress import show_progress

__all__ = ["command"]


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--seed", default=1, show_default=True, help="Another number makes another diary.")
@click.option("--activities", default=200, show_default=True, type=Integer(1), metavar="N", help="How many.")
@click.option("-q", "--quiet", is_flag=True, help="Print only errors.")
def command(folder: Path, seed: int, activities: int, quiet: bool) -> None:
    """Write a made-up but believable Strava export into DIR, to try everything without data."""
    from heatlas.demo import write_demo

    with show_progress(quiet) as progress:
        write_demo(folder, seed, activities, lambda done, total: progress.count("writing", done, total))
    if not quiet:
        click.echo(f"{folder}: now try  heatlas render {folder} -o heat.png --background dark --legend", err=True)
