"""`heatlas serve`."""

from __future__ import annotations

from typing import Any

import click

from heatlas.cli.options import quiet_option, request_options
from heatlas.cli.progress import show_progress
from heatlas.core.context import Context
from heatlas.core.errors import MissingExtra
from heatlas.core.stopping import stop_status
from heatlas.options import ServeOptions, gather, given

__all__ = ["command"]


@click.command("serve")
@click.argument("sources", nargs=-1, metavar="LIB|SOURCE...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@request_options(ServeOptions)
@quiet_option
def command(sources: tuple[str, ...], host: str, port: int, quiet: bool, **options: Any) -> None:
    """Show a library, or anything that can be imported, as a live map, and serve its tiles.

    Without LIB it is heatlas.db. Only this machine can look, but for --public or with a --token.
    """
    from heatlas.library.manage import library_of
    from heatlas.tracks.metrics.own import metrics_defined

    asked = gather(ServeOptions, options, "serve")
    try:
        from heatlas.server import serve
    except ImportError as error:
        if str(error.name or "").startswith("heatlas"):
            raise
        raise MissingExtra("serving", "server") from None
    with show_progress(quiet) as progress, metrics_defined(asked.own.metrics):
        context = Context(progress=progress.count)
        with library_of(sources or ("heatlas.db",), asked.reading, context) as path:
            progress.done()
            try:
                serve(path, host=host, port=port, quiet=quiet, **given(asked.site))
            except KeyboardInterrupt:
                click.echo("heatlas: stopped; requests that were not answered yet were cut off", err=True)
                raise SystemExit(stop_status() or 130) from None
