"""Reports in words and as JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from heatlas.core.regex import regex
from heatlas.core.wording import worded, worded_report
from heatlas.core.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

from heatlas.core.errors import printable

__all__ = ["line", "print_files", "print_json", "print_summary", "say_open_places"]

_CONTROL = regex(r"[\x00-\x1f\x7f-\x9f]")

_SHOWN = 10
"""Files that are named one by one; --json names all."""
_WORTH = 100
"""Least metres across breaks that are reported."""


def print_json(report: dict[str, Any]) -> None:
    """Print a report as one object on stdout."""
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(worded_report(report), ensure_ascii=plain, indent=2, allow_nan=False)
    click.echo(text if plain else printable(text))


def line(text: str) -> None:
    """Print one line on stderr; control characters, which a name may contain, are escaped."""
    click.echo(_CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", worded(text)), err=True)


def print_files(report: dict[str, Any]) -> None:
    """Report on stderr what was read and what was left out."""
    files = report["files"]
    if "points" in report:
        named = ", ".join(f"{what} {name!r}" for what, name in report["columns"].items())
        line(f"{counted(report['rows'], 'rows')}, {counted(report['points'], 'points')} ({named})")
    else:
        without = not files["read"] and report.get("activities")  # a library of tracks that were read from tables
        said = [] if without else [counted(files["read"], "files")]
        said += [counted(report[what], what) for what in ("activities", "fixes") if what in report]
        unread = f"; {counted(len(files['failed']), 'files')} could not be read" if files["failed"] else ""
        line(", ".join(said) + unread)
    if report["dropped"]:
        line("left out: " + ", ".join(counted(n, reason) for reason, n in report["dropped"].items()))
    if "breaks" in report:
        _say_breaks(report["breaks"])
    _say_copies(report.get("duplicates", []))
    nothing = "nothing" in report  # its sentence names the first failed file, or contains the notes
    for item in files["failed"][int(nothing) : _SHOWN]:
        line(f"  could not read {item['file']}: {item['reason']}")
    if len(files["failed"]) > _SHOWN:
        line(f"  ... and {len(files['failed']) - _SHOWN:,} more (--json names them)")
    for item in files["warnings"][:_SHOWN]:
        line(f"  {item['file']}: {item['reason']}")
    if len(files["warnings"]) > _SHOWN:
        line(f"  ... and {len(files['warnings']) - _SHOWN:,} more warnings (--json names them)")
    for note in () if nothing else files.get("notes", ()):
        line(note)


def _say_copies(duplicates: list[dict[str, Any]]) -> None:
    """Report the attributes that copies gave to the activities that are shown, with an example."""
    gave = [copy for copy in duplicates if copy["merged"]]
    if not gave:
        return
    first, names = gave[0], sorted({name for copy in gave for name in copy["merged"]})
    copies = counted(len(gave), "copies")
    more = " and more" if len(names) > _SHOWN else ""
    line(
        f"found twice: {copies} gave {', '.join(names[:_SHOWN])}{more} to what is shown, "
        f"e.g. {first['left_out']} to {first['same_as']}"
    )
    private = len({copy["same_as"] for copy in gave if "private" in copy["merged"]})
    if private:
        line(f"  {counted(private, 'activities are')} private because a copy is")


def _say_breaks(breaks: dict[str, Any]) -> None:
    """Report how much of the way breaks leave out, and the files where it is much."""
    out, files = breaks["left_out_m"], breaks["files"]
    if out < _WORTH and not files:
        return
    line(f"breaks leave out {_kilometres(out)}: where no position was recorded, or it cannot be, no line is drawn")
    for item in files[:_SHOWN]:
        line(f"  {item['file']}: {_kilometres(item['left_out_m'])} of {_kilometres(item['of_m'])}")
    if len(files) > _SHOWN:
        line(f"  ... and {len(files) - _SHOWN:,} more (--json names them)")


def _kilometres(metres: float) -> str:
    return f"{metres / 1000:,.0f} km" if metres >= 100_000 else f"{metres / 1000:,.1f} km"


def print_summary(report: dict[str, Any]) -> None:
    """Report on stderr what was drawn, and on stdout the paths of the outputs."""
    if "files" in report:
        print_files(report)
    if "tiles" in report:
        _say_tiles(report)
    elif "layers" in report:
        _say_page(report)
    else:
        _say_window(report)
    say_open_places(report.get("open_places", ()))
    for path in report["outputs"]:
        click.echo(printable(str(path)))


def say_open_places(places: Sequence[dict[str, Any]]) -> None:
    """Report on stderr, in one line, the first place that should be hidden, and what to type for that."""
    if not places:
        return
    from heatlas.tracks.privacy.frequented import Frequented

    first = {name: value for name, value in places[0].items() if name != "hide"}
    others = len(places) - 1
    where = "heatlas zones suggest" if places[0]["hide"].startswith("heatlas") else "--json names them"
    more = f" ({others:,} more {'place' if others == 1 else 'places'}: {where})" if others else ""
    line(f"{Frequented(**first).words()}, and what is shown gives that away; to hide it: {places[0]['hide']}{more}")


def _say_tiles(report: dict[str, Any]) -> None:
    counts, (first, last) = report["tiles"], report["zooms"]
    if "partitions" in report:
        whole = ", ".join(counted(report[what], what) for what in ("fixes", "activities", "persons", "partitions"))
        left = ", ".join(f"{count:,} {what}" for what, count in report["dropped"].items())
        line(f"{whole}{f'; left out: {left}' if left else ''}")
    said = [f"{counted(counts['written'], 'tiles')} written ({report['bytes'] / 1e6:,.1f} MB)"]
    said += [f"{counts[what]:,} {what}" for what in ("unchanged", "removed") if counts.get(what)]
    line(f"{report['measure']}, zooms {first} to {last}: {', '.join(said)}, {report['seconds']['all']:.1f} s")
    for warning in report["warnings"]:
        line(f"  {warning}")


def _say_page(report: dict[str, Any]) -> None:
    first, last = report["zooms"]
    layers = report["layers"]
    named = f": {', '.join(layers)}" if len(layers) > 1 else ""
    line(f"{counted(len(layers), 'layers')}{named}; zooms {first} to {last}, {report['bytes'] / 1e6:,.1f} MB")
    for warning in report["warnings"]:
        line(f"  {warning}")


def _whereabouts(name: str) -> str:
    """Name of a place within a sentence: around Tampere, Finland; near Utö, Finland; at sea."""
    from heatlas.gazetteer.naming import AT_SEA  # with NumPy, which not all reports need

    if name == AT_SEA:
        return name.lower()
    return name if name.startswith("near ") else f"around {name}"


def _say_window(report: dict[str, Any]) -> None:
    window = report["window"]
    others = [place for place in report["places"] if not place["drawn"]]
    if others and report["choice"] == "busiest place":
        named = ", ".join(
            f"{place['activities']:,} {_whereabouts(place['name'])} ({place['center'][1]:.2f},{place['center'][0]:.2f})"
            for place in others[:4]
        )
        more = f" and {len(others) - 4} more places" if len(others) > 4 else ""
        line(f"the busiest place is drawn; elsewhere: {named}{more} (--around LAT,LON,RADIUS or --all)")
    low, high = (text.strip() for text in report["range_text"])
    unit = f" {report['unit']}" if report["unit"] not in {report["measure"], "s", "m", ""} else ""
    shown = f"from {low} to {high}{unit}"
    if "square" in report:
        axes = (report["square"][name] for name in "xy")
        shown = "in thirds, " + " and ".join(f"{axis['title']}: {' and '.join(axis['limits'])}" for axis in axes)
    film = f", {report['from']} to {report['to']} in {report['duration']:.1f} s" if "frames" in report else ""
    line(
        f"{report['measure']} {shown}, {report['place']}, "
        f"{window['width']:,} x {window['height']:,} px at {window['resolution_m']:.3g} m "
        f"(zoom {window['zoom']:.2f}){film}; took {sum(report['seconds'].values()):.1f} s"
    )
    if "facets" in report:
        picture = report["picture"]
        line(f"{len(report['facets'])} pictures in one of {picture['width']:,} x {picture['height']:,} px")
    if "model" in report:
        line(f"usual {report['model']}")
    for warning in report.get("warnings", []):
        line(f"  {warning}")
