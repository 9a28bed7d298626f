"""The command line: `heatlas render`, `info`, `demo`, `import`, `zones`, `library`, `serve` ...

=========== ==================================================================
`render`    `heatlas render`
`info`      `heatlas info`
`demo`      `heatlas demo`
`library`   `heatlas import` and `heatlas library`
`zones`     `heatlas zones`
`serve`     `heatlas serve`
`explore`   `heatlas explore`
`prepare`   `heatlas prepare`
`options`   options that several commands share, or that a request declares
`old_flags` old names of options
`groups`    groups of commands, and numbers, that refuse in plain words
`progress`  progress bars on stderr
`summary`   reports in words and as JSON
`redaction` reports without places and names
`streams`   standard streams that are closed, full or not UTF-8
`failures`  errors in words, and exit statuses
=========== ==================================================================
"""

from __future__ import annotations

import gc
import os
import sys
import warnings
from typing import Any

import click

from heatlas.cli.failures import explain, refuse_small_limit
from heatlas.cli.groups import Group
from heatlas.cli.old_flags import with_new_flags
from heatlas.cli.streams import ReaderGone, prepare_streams
from heatlas.core.stopping import end_at_once, heed_stops, stop_status
from heatlas.core.version import __version__
from heatlas.core.wording import through, worded

__all__ = ["main"]


class _Lazy(Group):
    """A group that imports a command when it is used, so that --help stays quick."""

    commands_in = {  # noqa: RUF012 - click's own style
        "render": ("render.command", "Draw SOURCE as a heat map."),
        "import": ("library.import_command", "Bring SOURCE into a library; again, only what is new."),
        "serve": (
            "serve.command",
            "Show a library, or anything that can be imported, as a live map, and serve its tiles.",
        ),
        "explore": (
            "explore.command",
            "Count the explorer tiles that activities visit, the largest square and the largest cluster.",
        ),
        "prepare": (
            "prepare.command",
            "Make Parquet of SOURCE for large maps: each person in one file, ordered by home.",
        ),
        "info": (
            "info.command",
            "Say what is in SOURCE: counts, sports, dates, places, and what was left out and why.",
        ),
        "zones": ("zones.zones_group", "Places that a library hides, such as home."),
        "library": ("library.library_group", "Look after a library."),
        "demo": (
            "demo.command",
            "Write a made-up but believable Strava export into DIR, to try everything without data.",
        ),
    }
    """Name -> where the command is, and what a list of commands says of it: the beginning of its help."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse a command line, old flags included."""
        return super().parse_args(ctx, with_new_flags(args, _say))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        limit = formatter.width - 6 - max(map(len, self.commands_in))
        rows = [
            (name, click.Command(name, help=words).get_short_help_str(limit))
            for name, (_, words) in self.commands_in.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands_in)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in self.commands_in:
            return None
        import importlib

        module, _, attribute = self.commands_in[name][0].partition(".")
        command: click.Command = getattr(importlib.import_module(f"heatlas.cli.{module}"), attribute)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="heatlas")
def group() -> None:
    """Draw heat maps of recorded tracks and weighted points.

    \b
      heatlas demo my-export                       a made-up export to try everything with
      heatlas render my-export -o heat.png         the busiest place, passes counted
      heatlas render my-export -o pace.png --measure pace --background dark --legend
      heatlas render clinics.csv -o heat.png --weight beds
      heatlas import my-export                     into heatlas.db, a library; again, only what is new
      heatlas serve                                its live map, and tiles for any map program
      heatlas explore                              explorer tiles, largest square, and what was new
      heatlas info my-export                       what is in it, and what was left out and why
    """  # noqa: D301 - click wants the character
    from heatlas.core.scratch import sweep

    click.get_current_context().with_resource(through("shell"))
    refuse_small_limit()
    sweep()


def main() -> None:
    """Run the command line; exit 0 when done, 1 when nothing could be drawn, 2 for wrong usage.

    Stopped by a signal it exits with 128 + the number of the signal: 130 for Ctrl-C, 143 for SIGTERM.
    """
    # numba looks for the linear algebra of SciPy, which no kernel uses and whose import is slow. No other code runs in
    # this process, so nothing else needs SciPy.
    sys.modules.setdefault("scipy", None)  # type: ignore[arg-type]
    # No matrix here is large, and each thread of NumPy's linear algebra reserves memory when it is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    prepare_streams()
    warnings.showwarning = _warn
    heed_stops()
    try:
        with through("shell"):
            status = _run()
    except KeyboardInterrupt:  # again, while the first was being obeyed
        status = stop_status() or 130
    finally:
        # At exit Python would traverse all objects, to free memory that the system frees anyhow.
        gc.freeze()
        end_at_once()
    sys.exit(status)


def _run() -> int:
    """Run the command; return the exit status, after one sentence for each error that a person can mend."""
    try:
        status = group.main(standalone_mode=False)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - raised again unless it is foreseen
        if isinstance(error, click.exceptions.Abort | KeyboardInterrupt) or stop_status() is not None:
            # What a signal interrupts may fail in any way, such as an import.
            _say("stopped; nothing was written")
            return stop_status() or 130
        return _failed(error)
    return status if isinstance(status, int) else 0


def _failed(error: BaseException) -> int:
    """Say what failed, and return the exit status; anything unforeseen is raised again."""
    if isinstance(error, click.ClickException):
        error.show()
        return 2
    if isinstance(error, ReaderGone):
        return 0
    found = explain(error)
    if found is None:
        raise error
    _say(found[0])
    return found[1]


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning as one sentence, without a line of code."""
    _say(str(message))


def _say(text: str) -> None:
    click.echo(f"heatlas: {worded(text)}", err=True)
