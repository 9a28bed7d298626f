"""`heatlas serve`."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heatlas.cli.groups import Integer
from heatlas.cli.options import LIBRARY, quiet_option, request_options
from heatlas.cli.progress import show_progress
from heatlas.core.context import Context
from heatlas.core.errors import BadOption, MissingExtra
from heatlas.core.scratch import scratch_folder
from heatlas.core.stopping import stop_status
from heatlas.core.words import counted
from heatlas.options import ImportOptions, ServeOptions, gather, given

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.watching import Alarm, Part

__all__ = ["command"]

_BESIDE = 4
"""Libraries beside a new one that are named at most."""


@click.command("serve")
@click.argument("sources", nargs=-1, metavar="LIB|SOURCE...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=Integer(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@request_options(ServeOptions)
@quiet_option
def command(sources: tuple[str, ...], host: str, port: int, quiet: bool, **options: Any) -> None:
    """Show a library, or anything that can be imported, as a live map, and serve its tiles.

    Without LIB it is heatlas.db; where there is none, it is made of what is dropped on the page. Only this machine can
    look, but for --public or with a --token. With --watch DIR or --every TIME the map follows what comes in; a LIB that
    is not there is made then, if its name ends in .db.
    """
    from heatlas.tracks.metrics.own import metrics_defined
    from heatlas.watching.background import in_background

    # A command line can be read by other users of the machine, and by whoever looks into a container.
    if options["token"] is None:
        options["token"] = os.environ.get("HEATLAS_TOKEN")
        if options["token"] == "":  # as from a variable of which nobody said the value: the map would be open
            raise BadOption("HEATLAS_TOKEN is empty: give it a token, or unset it")
    asked = gather(ServeOptions, options, "serve")
    try:
        from heatlas.server import serve
    except ImportError as error:
        if str(error.name or "").startswith("heatlas"):
            raise
        raise MissingExtra("serving", "server") from None
    with show_progress(quiet) as progress, metrics_defined(asked.own.metric):
        context = Context(progress=progress.count)
        with _kept_up(sources, asked, context, quiet) as (path, parts, alarm, makes):
            progress.done()
            try:
                with in_background(parts, alarm):
                    serve(path, host=host, port=port, quiet=quiet, makes=makes, **given(asked.site))
            except KeyboardInterrupt:
                click.echo("heatlas: stopped; requests that were not answered yet were cut off", err=True)
                raise SystemExit(stop_status() or 130) from None


@contextmanager
def _kept_up(
    sources: tuple[str, ...], asked: ServeOptions, context: Context, quiet: bool
) -> Iterator[tuple[Path, list[Part], Alarm, Path | None]]:
    """Give the library to serve, the parts that keep it up to date, and the file of a library that a drop makes.

    Parts are folders that are watched, and sources that are read again.
    """
    from heatlas.library.file.identity import identity
    from heatlas.library.file.opening import open_library
    from heatlas.library.manage import library_of
    from heatlas.sources.tables import is_path
    from heatlas.watching import Alarm, following
    from heatlas.watching.rounds import begin, say

    folders, every = asked.folders.watch, asked.folders.every
    lone = Path(sources[0] if sources else LIBRARY)
    is_library = len(sources) < 2 and all(map(is_path, sources)) and identity(lone) in {"library", "missing", "empty"}
    alarm = Alarm()
    with ExitStack() as stack:

        def follow(path: Path, these: tuple[str, ...], reading: ImportOptions, watch: bool) -> list[Part]:
            return stack.enter_context(
                following(
                    path, these, reading, watch=watch, every=every, alarm=alarm, context=context,
                    tell=lambda report: None if quiet else _say_taken(report),
                )
            )  # fmt: skip

        parts: list[Part] = []
        if is_library and every is not None and not folders:
            raise BadOption("--every reads SOURCEs again, and a library is shown as it is: name what to read")
        asks_nothing = not sources and not folders and not asked.site.public and asked.reading == ImportOptions()
        makes = _unmade(lone) if asks_nothing else None
        if makes is not None:
            path = stack.enter_context(scratch_folder()) / "heatlas.db"
            open_library(path, create=True).close()
        elif is_library and folders:
            others = _refuse_mistyped(lone) if identity(lone) == "missing" else None
            path, parts = lone, follow(lone, folders, asked.reading, True)
            if others is not None:
                say(f"there was no library {lone}: a new one was made{others}")
        elif is_library or every is None:
            path = stack.enter_context(library_of(sources or (str(lone),), asked.reading, context))
            parts = follow(path, folders, ImportOptions(), True) if folders else []
        else:
            path = stack.enter_context(scratch_folder()) / "heatlas.db"
            parts = follow(path, sources, asked.reading, False)
            begin(parts)
            parts += follow(path, folders, ImportOptions(), True) if folders else []
        yield path, parts, alarm, makes


def _unmade(path: Path) -> Path | None:
    """File of the library to make, if there is none."""
    from heatlas.library.file.identity import identity

    if identity(path) != "missing":
        return None
    if not os.access(path.absolute().parent, os.W_OK):
        raise BadOption(f"there is no library {path}, and none can be made in {path.absolute().parent}")
    return path.absolute()


def _refuse_mistyped(path: Path) -> str:
    """Refuse to make a library of a name that may be that of a source; words about libraries that lie beside it.

    Raises
    ------
    BadOption
        When the name does not end in .db, as that of a folder or an archive.
    """
    from heatlas.library.file.identity import identity

    if path.suffix.lower() != ".db":
        raise BadOption(f"there is no library {path}: heatlas import SOURCE... -l {path} makes one")
    beside = sorted(other.name for other in path.parent.glob("*.db") if identity(other) == "library")
    named = beside if len(beside) < _BESIDE else [*beside[: _BESIDE - 1], "others"]
    return f"; {'libraries' if len(named) > 1 else 'a library'} beside it: {', '.join(named)}" if named else ""


def _say_taken(report: dict[str, Any]) -> None:
    """Say in one line what was taken while the server runs."""
    from heatlas.cli.summary import line

    for point_set in report["point_sets"]:
        line(f"{point_set['name']}: {counted(point_set['points'], 'points')}")
    files = report["files"]
    if files["read"] or files["failed"]:
        unread = f", {counted(len(files['failed']), 'files')} could not be read" if files["failed"] else ""
        line(f"{counted(files['read'], 'files')} taken{unread}; {counted(report['activities'], 'activities')} now")
    for item in [*files["failed"], *files["warnings"]][:10]:
        line(f"  {item['file']}: {item['reason']}")
