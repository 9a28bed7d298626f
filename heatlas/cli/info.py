"""`heatlas info`."""

from __future__ import annotations

from typing import Any

import click

from heatlas.cli.options import request_options, sources_or_library, workers_option
from heatlas.cli.progress import show_progress
from heatlas.core.errors import NothingToDraw
from heatlas.gazetteer.towns import CREDIT
from heatlas.options import InspectOptions

__all__ = ["command"]

_SHOWN = 40
"""Columns that are described one by one; --json names all."""


@click.command("info")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--colormaps", is_flag=True, help="List the colour maps instead.")
@request_options(InspectOptions)
@workers_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.option(
    "--no-positions",
    "redacted",
    is_flag=True,
    help="With --json: leave out places, dates, names of files and examples of values, as for a report of a fault.",
)
@click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
def command(
    sources: tuple[str, ...], colormaps: bool, as_json: bool, redacted: bool, quiet: bool, **options: Any
) -> None:
    """Say what is in SOURCE: counts, sports, dates, places, and what was left out and why.

    Of a table: its columns, where its points are, and what they weigh. Without SOURCE it is heatlas.db.
    """
    if colormaps:
        from heatlas.style.colormaps import names

        click.echo("\n".join(names()))
        return
    sources = sources_or_library(sources)
    if redacted and not as_json:
        raise click.UsageError("--no-positions goes with --json")
    from heatlas.api import inspect
    from heatlas.cli.summary import line, print_files, print_json

    with show_progress(quiet) as progress:
        report = inspect(*sources, progress=progress.count, **options)
    if redacted:
        from heatlas.cli.redaction import without_positions

        report = without_positions(report)
    if as_json:
        print_json(report)
        _refuse_nothing(report)
        return
    if "undecided" in report:
        _print_columns(report)
        line(report["undecided"])
        return
    if report.get("activities") or not report.get("point_sets"):
        print_files(report)
    if "points" in report:
        _print_points(report)
    elif report["activities"]:
        _print_tracks(report)
    for point_set in report.get("point_sets", ()):
        _print_point_set(point_set)
    if "outdated" in report:
        line(report["outdated"])
    _refuse_nothing(report)


def _refuse_nothing(report: dict[str, Any]) -> None:
    """Say why nothing was found; exit 1 then."""
    if "nothing" in report:
        raise NothingToDraw(report["nothing"])


def _print_columns(report: dict[str, Any]) -> None:
    """Print the name and type of each column, and how it is read or its values."""
    for name, columns in report["all_columns"].items():
        click.echo(f"columns of {name}: {', '.join(columns)}")
        facts = report["column_facts"][name]
        width = max((len(fact["name"]) for fact in facts[:_SHOWN]), default=0)
        for fact in facts[:_SHOWN]:
            click.echo(f"  {fact['name']:{width}}  {fact['type']:12}  {_held(fact)}".rstrip())
        if len(facts) > _SHOWN:
            click.echo(f"  ... and {len(facts) - _SHOWN} more (--json names them)")


def _held(fact: dict[str, Any]) -> str:
    """Describe the values of a column, and how it is read."""
    low, high = fact.get("range") or (None, None)
    known = [] if low is None else [f"{low:.10g}" if low == high else f"{low:.10g} to {high:.10g}"]
    example = fact.get("example")
    if example is not None and (low is None or fact["type"] == "text" or fact["reading"]):
        known.append(f"e.g. {example}")
    return ", ".join([*known, *([f"read {fact['reading']}"] if fact["reading"] else [])])


def _print_points(report: dict[str, Any]) -> None:
    _print_columns(report)
    for text in report["hints"]:
        click.echo(text)
    if report["bbox"]:
        click.echo("all points: --bbox " + ",".join(f"{x:.4f}" for x in report["bbox"]))
    if report["weights"]:
        low, high = report["weights"]
        click.echo(f"weights: {low:g} to {high:g}, in all {report['total']:g}")


def _print_point_set(stored: dict[str, Any]) -> None:
    weights = ""
    if stored["weight"] is not None:
        low, high = stored["weights"]
        weights = f", weight {stored['weight']!r} {low:g} to {high:g}, in all {stored['total']:g}"
    box = ",".join(f"{x:.4f}" for x in stored["bbox"])
    click.echo(f"points {stored['name']}: {stored['points']:,} of {stored['source']}{weights}  --bbox {box}")


def _print_tracks(report: dict[str, Any]) -> None:
    width = max(len(sport) for sport in report["sports"])
    click.echo(f"{report['first'][:10]} to {report['last'][:10]}" if report["first"] else "no dates")
    for sport, counts in report["sports"].items():
        click.echo(
            f"  {sport:{width}}  {counts['activities']:>7,}  {counts['distance_m'] / 1000:>10,.0f} km"
            f"  {counts['moving_s'] / 3600:>8,.0f} h moving"
        )
    if report["people"]:
        named = {name or "nobody's": count for name, count in report["people"].items()}
        shown = ", ".join(f"{name} {count:,}" for name, count in list(named.items())[:_SHOWN])
        more = f" and {len(named) - _SHOWN:,} more (--json names them)" if len(named) > _SHOWN else ""
        click.echo(f"people: {shown}{more}")
    click.echo("columns: " + ", ".join(f"{name} {share:.0%}" for name, share in report["columns"].items()))
    _print_measures(report)
    click.echo(f"places, the busiest first (names: {CREDIT}):")
    width = max(len(place["name"]) for place in report["places"][:12])
    for place in report["places"][:12]:
        west, south, east, north = place["bbox"]
        box = f"--bbox {west:.4f},{south:.4f},{east:.4f},{north:.4f}"
        click.echo(f"  {place['activities']:>7,} activities  {place['name']:{width}}  {box}")
    if len(report["places"]) > 12:
        click.echo(f"  ... and {len(report['places']) - 12} more")


def _print_measures(report: dict[str, Any]) -> None:
    """List the measures that the data can show, in groups, and what is usual of the heart rate."""
    groups: dict[str, list[str]] = {}
    for measure in report["measures"]:
        groups.setdefault(measure["group"], []).append(measure["name"])
    width = max(map(len, groups), default=0)
    click.echo("can be shown, with --measure:")
    for group, names in groups.items():
        click.echo(f"  {group:{width}}  {', '.join(names)}")
    if report["model"]:
        click.echo(f"usual {report['model']}")
