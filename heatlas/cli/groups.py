"""Groups of commands, numbers and outputs, which say in plain words what is wrong with what was typed."""

from __future__ import annotations

import os
from typing import Any

import click

__all__ = ["Group", "Integer", "Number", "Output"]


class Integer(click.IntRange):
    """A whole number within limits; click itself speaks of an "integer range"."""

    name = "integer"


class Number(click.FloatRange):
    """A number within limits; click itself speaks of a "float range"."""

    name = "number"


class Output(click.Path):
    """The name of what is written; where it is missing, an example says more than the name of the option."""

    def get_missing_message(self, *_: Any, **__: Any) -> str:
        """Return what follows on "Missing option '-o' / '--output'."; newer versions of click hand over a context."""
        return "Name the file to write, such as -o heat.png"


class Group(click.Group):
    """A group of commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that a line begins with.

        Raises
        ------
        click.UsageError
            Says what was probably meant by a word that is no command.
        """
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}: {self._meant(ctx, args[0])}")
        return super().resolve_command(ctx, args)

    def _meant(self, ctx: click.Context, word: str) -> str:
        from difflib import get_close_matches

        names = self.list_commands(ctx)
        if ctx.parent is None and os.path.exists(word):  # noqa: PTH110 - False also for impossible names
            return f"to draw {word}, type heatlas render {word} -o heat.png"
        if near := get_close_matches(word.lower(), names, 2):
            return f"did you mean {' or '.join(near)}?"
        return f"there are {', '.join(names)}"
