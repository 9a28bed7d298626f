"""`heatlas explore`."""

from __future__ import annotations

from typing import Any

import click

from heatlas.cli.options import quiet_option, request_options, sources_or_library, workers_option
from heatlas.cli.progress import show_progress
from heatlas.core.words import counted
from heatlas.options import ExploreOptions

__all__ = ["command"]

_BEST, _LAST, _NEAREST = 5, 5, 5
"""Activities that added most, last activities that added any, and missing tiles, that are named; --json names all."""


@click.command("explore")
@click.argument("sources", nargs=-1, metavar="LIB|SOURCE...")
@click.option(
    "-o", "--output", metavar="OUT",
    help="What to write, by its ending: .geojson, .gpx (for handheld devices), .kml, .json (the report), .png.",
)  # fmt: skip
@request_options(ExploreOptions)
@workers_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object on stdout.")
@quiet_option
def command(sources: tuple[str, ...], output: str | None, as_json: bool, quiet: bool, **options: Any) -> None:
    """Count the explorer tiles that activities visit, the largest square and the largest cluster.

    Without LIB it is heatlas.db. Whole tracks are counted, so what is written tells where hidden ends lie: for others
    add --public, which counts what is shown.
    """
    from heatlas.cli.summary import print_json
    from heatlas.explorer.job import explore

    with show_progress(quiet) as progress:
        report = explore(*sources_or_library(sources), output=output, progress=progress.count, **options)
    if as_json:
        print_json(report)
    elif not quiet:
        _print(report)


def _print(report: dict[str, Any]) -> None:
    """Say the scores on stderr, and on stdout what was written."""
    from heatlas.cli.summary import line

    square, cluster, then = report["square"], report["cluster"]["size"], report["next_square"]
    line(
        f"{counted(report['activities'], 'activities')}, "
        f"{report['counted']}: {counted(report['total'], 'tiles')} "
        f"of zoom {report['zoom']}, square {square['size']} x {square['size']}, cluster {cluster:,}"
    )
    line(f"the square lies around {_middle(square)}")
    if then is not None:
        count = len(then["missing"])
        line(
            f"{then['size']} x {then['size']} around {_middle(then)} takes {count:,} more "
            f"{'tile' if count == 1 else 'tiles'}:"
        )
        for x, y in then["missing"][:_NEAREST]:
            line(f"  {report['zoom']}/{x}/{y}  {_place(report['zoom'], x, y)}")
        _say_rest(count)
    _print_history(report.get("history", []))
    if "missing" in report:
        _print_missing(report)
    for warning in report.get("warnings", ()):
        line(warning)
    for path in report.get("outputs", ()):
        click.echo(path)


def _middle(square: dict[str, Any]) -> str:
    west, south, east, north = square["bbox"]
    return f"{(south + north) / 2:.4f},{(west + east) / 2:.4f}"


def _place(zoom: int, x: int, y: int) -> str:
    """Latitude and longitude of the middle of a tile."""
    from heatlas.core.mercator import to_lonlat

    lon, lat = to_lonlat((x + 0.5) / (1 << zoom), (y + 0.5) / (1 << zoom))
    return f"{float(lat):.4f},{float(lon):.4f}"


def _say_rest(count: int) -> None:
    from heatlas.cli.summary import line

    if count > _NEAREST:
        line(f"  ... and {count - _NEAREST:,} more (--json names them)")


def _print_missing(report: dict[str, Any]) -> None:
    from heatlas.cli.summary import line

    missing, there = report["missing"], report["missing_of"]
    if not missing:
        line(f"there {'the only tile is' if there == 1 else f'all {there:,} tiles are'} visited")
        return
    few = "none is visited yet"
    if len(missing) < there:
        few = f"{len(missing):,} {'is' if len(missing) == 1 else 'are'} missing"
    line(f"of {counted(there, 'tiles')} there {few}, the nearest first:")
    for tile in missing[:_NEAREST]:
        place = f"{tile['lat']:.4f},{tile['lon']:.4f}"
        line(f"  {report['zoom']}/{tile['x']}/{tile['y']}  {place}  {tile['metres'] / 1000:,.1f} km")
    _say_rest(len(missing))


def _print_history(history: list[dict[str, Any]]) -> None:
    """Show what added most, and what was added last."""
    from heatlas.cli.summary import line

    added = [step for step in history if step["new"]]
    if len(added) < 2:
        return
    best = sorted(added, key=lambda step: -step["new"])[:_BEST]
    rows = [("most new tiles", best)]
    if len(added) > _BEST:
        rows.append(("last new tiles", added[-_LAST:][::-1]))
    for what, steps in rows:
        line(f"{what:24}    new    total  square  cluster")
        for step in steps:
            day = (step["start"] or "no date")[:10]
            line(
                f"  {day:10}  {step['sport'][:10]:10}  {step['new']:>5,}  {step['total']:>7,}  {step['square']:>6,}  "
                f"{step['cluster']:>7,}  {step['name']}".rstrip()
            )
