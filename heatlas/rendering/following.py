"""Tiles that follow their sources: a library, folders and files, and tables on a schedule."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import NothingToDraw
from heatlas.core.scratch import scratch_folder
from heatlas.publish.following import watch
from heatlas.publish.publishing import publish
from heatlas.rendering.tiles import check_tiles, emptied, of_points, prepared, without_library
from heatlas.sources.resolve import GivenLibrary, GivenPoints, resolve
from heatlas.watching import Alarm, Part, following, keep_going
from heatlas.watching.following import parse_every
from heatlas.watching.rounds import begin, until_well

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heatlas.core.context import Context
    from heatlas.options import RenderOptions
    from heatlas.sources.resolve import Given

__all__ = ["keep_tiles"]


def keep_tiles(sources: tuple[Any, ...], output: Path, options: RenderOptions, context: Context) -> dict[str, Any]:
    """Write tiles, and update them until KeyboardInterrupt, as `--watch` and `--every` say.

    Returns
    -------
    dict
        The last report, as plain data.
    """
    check_tiles(output, options)
    last: dict[str, Any] = {}

    def tell(report: dict[str, Any]) -> None:
        last.clear()
        last.update(report)
        if context.report is not None:
            context.report(report)

    every, watching = options.film.every, options.tiles.watch
    seconds = parse_every(every)
    plain = replace(options, film=replace(options.film, every=None), tiles=replace(options.tiles, watch=False))
    telling = replace(context, report=tell)
    try:
        given = until_well("the source", lambda: resolve(sources, options.tables, options.read))
        if isinstance(given, GivenLibrary):
            prepared(given, plain)
            if watching:
                watch(given.path, output, plain, telling)
            else:
                assert seconds is not None
                _publish_often(given.path, output, plain, seconds, telling)
        else:
            _follow(given, sources, output, plain, (watching, every), telling)
    except KeyboardInterrupt:
        pass
    return last


def _publish_often(path: Path, output: Path, options: RenderOptions, seconds: float, context: Context) -> None:
    """Publish a library again and again."""

    def work() -> float:
        with suppress(NothingToDraw):
            _report(publish(path, output, options, context), context)
        return seconds

    parts = [Part(f"the library {path}", work)]
    begin(parts)
    keep_going(parts, Alarm())


def _report(made: dict[str, Any], context: Context) -> None:
    if context.report is not None:
        context.report(made)


def _follow(
    given: Given,
    sources: tuple[Any, ...],
    output: Path,
    options: RenderOptions,
    when: tuple[bool, str | None],
    context: Context,
) -> None:
    """Keep a temporary library of the sources, and publish it when anything in it has changed."""
    asked, rest = prepared(given, options)
    points = isinstance(given, GivenPoints)
    brought: dict[str, Any] = {}

    def publishing(work: Callable[[], float]) -> Callable[[], float]:
        def then() -> float:
            pause = work()
            if brought.get("emptied"):  # its points would stay published
                if output.exists():
                    _report(emptied(output, options, context), context)
                brought.clear()
            elif brought:
                with suppress(NothingToDraw):
                    made = publish(path, output, rest, context)
                    _report({**(of_points if points else without_library)(brought), **made}, context)
                brought.clear()
            return pause

        return then

    alarm = Alarm()
    with scratch_folder() as folder:
        path = folder / "heatlas.db"
        with following(
            path, sources, asked, watch=when[0], every=when[1], tell=brought.update, alarm=alarm, context=context
        ) as parts:
            for part in parts:
                part.work = publishing(part.work)
            begin(parts)
            keep_going(parts, alarm)
