"""Options of commands: options of a request, derived from its fields, and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heatlas.cli.groups import Integer, Number
from heatlas.options import options_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from heatlas.options import Option

__all__ = ["LIBRARY", "library_option", "quiet_option", "request_options", "sources_or_library", "workers_option"]

LIBRARY = "heatlas.db"
"""Library that every command takes where none, and no other source, is named."""
library_option = click.option(
    "-l", "--library", default=LIBRARY, show_default=True, metavar="LIB", help="The library's file."
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print only errors.")
workers_option = click.option(
    "--workers",
    type=Integer(1),
    metavar="N",
    help="Processes to read and threads to draw; by default one for each processor.",
)


def sources_or_library(sources: tuple[str, ...]) -> tuple[str, ...]:
    """Sources as they were named; without any, the library of the current folder.

    Raises
    ------
    click.UsageError
        When there is none.
    """
    if sources or Path(LIBRARY).exists():
        return sources or (LIBRARY,)
    raise click.UsageError(f"name a SOURCE: there is no {LIBRARY} here, which is taken where none is named")


def request_options(request: type) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Add all options of a request (see `heatlas.options`) to a command, which takes them as keywords."""

    def added(function: click.decorators.FC) -> click.decorators.FC:
        for option in reversed(options_of(request).values()):
            function = click.option(option.flag, option.name, help=option.help, **_click_arguments(option))(function)
        return function

    return added


def _click_arguments(option: Option) -> dict[str, Any]:
    """Arguments for `click.option`, other than the name and the help."""
    if option.type is bool:
        return {"is_flag": True}
    said: dict[str, Any] = {"metavar": option.value} if option.value else {}
    low, high = option.limits
    if option.choices:
        return {**said, "type": click.Choice(option.choices)}
    if option.type is tuple:
        return {**said, "multiple": True}
    if option.type is int:
        return {**said, "type": Integer(None if low is None else int(low), None if high is None else int(high))}
    return {**said, "type": Number(low, high)} if option.type is float else said
