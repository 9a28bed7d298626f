"""`heatlas zones`, for places that a library hides."""

from __future__ import annotations

import os
import shlex

import click

from heatlas.cli.groups import Group
from heatlas.cli.options import library_option, quiet_option
from heatlas.cli.progress import show_progress

__all__ = ["zones_group"]

_SHOWN = 20
"""Places that are named one by one; --json names all."""


@click.group("zones", cls=Group)
def zones_group() -> None:
    """Places that a library hides, such as home."""


@zones_group.command("add")
@click.argument("name")
@click.option("--at", required=True, metavar="LAT,LON", help="The middle.")
@click.option("--radius", required=True, metavar="LENGTH", help="How far around, e.g. 500m.")
@click.option("--person", default="", metavar="NAME", help="Hide only tracks of this person, and nobody's.")
@library_option
def _add(name: str, at: str, radius: str, person: str, library: str) -> None:
    """Hide what lies around a place: a circle that covers it, but is shifted and twice as wide or somewhat more.

    It may come before the first import, so that nothing is ever shown there: then the library is made.
    """
    from heatlas.library.manage import hide_zone

    new = not os.path.lexists(library)
    hidden, fixes = hide_zone(library, name, at, radius, person)
    if new:
        click.echo(f"a new library was made: {library}; what is imported into it is hidden there from the start")
        return
    click.echo(f"{hidden:,} of {fixes:,} fixes are hidden now, by cut ends and zones")


@zones_group.command("list")
@library_option
def _list(library: str) -> None:
    """List what is hidden, and by which rule the circle that is cut was drawn."""
    from heatlas.library.manage import zones_of
    from heatlas.tracks.privacy import RULE

    for name, zone in zones_of(library).items():
        older = "" if zone.rule == RULE else "; heatlas zones renew draws a better one"
        circle = f"--at {zone.lat:.8g},{zone.lon:.8g} --radius {zone.radius:.8g}m"
        whose = f" --person {shlex.quote(zone.person)}" if zone.person else ""
        click.echo(f"{name}  {circle}{whose}  (rule {zone.rule}{older})")


@zones_group.command("renew")
@library_option
@quiet_option
def _renew(library: str, quiet: bool) -> None:
    """Draw the circles of older zones by today's rule, and make the index anew.

    Two maps with two sets of cuts can be compared: home must lie where both allow it. So draw again and overwrite what
    you have published, or withdraw it; copies that others keep stay what they are. New zones need no renewing.
    """
    from heatlas.library.manage import renew_cuts

    with show_progress(quiet) as progress:
        renewed = renew_cuts(library, progress.count)
    if quiet:
        return
    if not renewed:
        click.echo("all zones are cut by today's rule: nothing was changed")
        return
    click.echo(f"cut anew: {', '.join(renewed)}")
    click.echo(
        "what was published with the older cuts can be compared with what comes now: overwrite or withdraw it", err=True
    )


@zones_group.command("remove")
@click.argument("name")
@library_option
def _remove(name: str, library: str) -> None:
    """Show again what a zone hid."""
    from heatlas.library.manage import show_zone

    show_zone(library, name)


@zones_group.command("suggest")
@library_option
@click.option("--json", "as_json", is_flag=True, help="Print all of them as one JSON object on stdout.")
def _suggest(library: str, as_json: bool) -> None:
    """List places that you may want to hide, and what to type for each.

    These are places where five or more activities begin or end, and places where anyone stops for three minutes, when
    something that is shown lies there. They are told to you alone, and written into no file.
    """
    from heatlas.cli.summary import print_json
    from heatlas.library.manage import open_places_of
    from heatlas.tracks.privacy.frequented import Frequented

    found = open_places_of(library)
    if as_json:
        print_json({"open_places": found})
        return
    for place in found[:_SHOWN]:
        known = Frequented(**{name: value for name, value in place.items() if name != "hide"})
        click.echo(f"{known.words()}: {place['hide']}")
    if len(found) > _SHOWN:
        click.echo(f"... and {len(found) - _SHOWN:,} more (--json names them)", err=True)
    if not found:
        click.echo("nothing is shown where many activities begin or end, or where anyone stops", err=True)


@zones_group.command("audit")
@library_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def _audit(library: str, as_json: bool) -> None:
    """Try to find home from what would be shown, and say how far off the best guess is."""
    from heatlas.cli.summary import print_json
    from heatlas.library.manage import audit_library

    found = audit_library(library)
    if as_json:
        print_json(found)
        return
    for spot in found["spots"]:
        off = "nothing to guess from" if spot["off"] is None else f"the best guess is {spot['off']:,.0f} m off"
        click.echo(f"{spot['ends']:,} starts and ends around {spot['lat']:.4f},{spot['lon']:.4f}: {off}")
    click.echo(found["verdict"])
