"""Kinds of output: choose one by the name, and check that it supports the options."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.options import FilmOptions, RenderOptions, given, options_of, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from heatlas.core.context import Context

    Maker = Callable[[tuple[Any, ...], Path, RenderOptions, Context], dict[str, Any]]

__all__ = ["KINDS", "OutputKind", "kind_of", "make", "unfit"]

_STILL = (".png", ".webp", ".tif", ".tiff", ".kmz", ".npy", ".pdf")
_MOVING = (".mp4", ".gif")
_ARCHIVES = (".mbtiles", ".pmtiles", ".sqlitedb")
_ENDINGS = frozenset({*_STILL, *_MOVING, *_ARCHIVES, ".html"})


@frozen
class OutputKind:
    """One kind of output."""

    name: str
    """Name for use in a sentence: "pictures ..."."""
    maker: str
    """Module and function that makes the output from sources, a path, options and a context."""

    def load(self) -> Maker:
        """Import the maker."""
        module, _, function = self.maker.partition(":")
        found: Maker = getattr(import_module(module), function)
        return found


KINDS = {
    "picture": OutputKind("pictures (.png, .webp, .tif, .kmz, .npy, .pdf)", "heatlas.rendering.pictures:picture"),
    "film": OutputKind("films (.mp4, .gif, moving .webp)", "heatlas.rendering.films:film"),
    "tiles": OutputKind("tiles (a folder, .mbtiles, .pmtiles, .sqlitedb)", "heatlas.rendering.tiles:tiles"),
    "page": OutputKind("pages (.html)", "heatlas.rendering.tiles:page"),
}
"""All kinds by name."""


def kind_of(name: str | Path, asked: Collection[str]) -> str:
    """Find the kind that the ending of a name asks for; a name without an ending is a folder of tiles.

    Parameters
    ----------
    name : str or Path
        Name of the output.
    asked : collection of str
        Names of the given options. Options of films make a .webp a film.

    Raises
    ------
    BadOption
        For an unknown ending, for an ending alone, and for a folder that has the ending of a file.
    """
    text, output = os.fspath(name), Path(name)
    ending = output.suffix.lower()
    if not text.strip():
        raise BadOption("the name of what to write is empty: say one such as heat.png")
    if text.endswith(("/", os.sep)):
        return "tiles"
    if output.name.lower() in _ENDINGS:
        raise BadOption(f"cannot write {output}: this is an ending without a name; say heat{output.name}")
    if ending in _ENDINGS and output.is_dir():
        raise BadOption(f"cannot write {output}: it is a folder; for tiles in it say {output}/, else take another name")
    if ending == ".html":
        return "page"
    if ending in _ARCHIVES or output.is_dir() or not ending:
        return "tiles"
    if ending in _MOVING or (ending == ".webp" and not options_of(FilmOptions).keys().isdisjoint(asked)):
        return "film"
    if ending in _STILL:
        return "picture"
    raise BadOption(
        f"cannot write {output}: the ending {output.suffix!r} is none of {', '.join((*_STILL, *_MOVING))}, .html, "
        ".mbtiles, .pmtiles, .sqlitedb; a name without an ending is a folder of tiles"
    )


def unfit(kind: str, asked: Collection[str]) -> list[str]:
    """List the given options that a kind of output does not support."""
    known = options_of(RenderOptions)
    return [name for name in asked if kind not in known[name].kinds]


def make(sources: tuple[Any, ...], output: str | Path, options: RenderOptions, context: Context) -> dict[str, Any]:
    """Make an output.

    Raises
    ------
    BadOption
        For an option that this kind does not support, with the kinds that do; or for a missing source.
    """
    asked = given(options)
    kind = kind_of(output, asked)
    for name in unfit(kind, asked):
        option = options_of(RenderOptions)[name]
        raise BadOption(f"{option.flag} is for {_having(option.kinds)}: leave it out")
    if context.report is not None and kind != "tiles":
        raise BadOption(f"told is for {_having(('tiles',))}: leave it out")
    options.public.check()
    if options.running.engine is not None:
        from heatlas.rendering.partitions import built_tiles

        return built_tiles(sources, output, options, context)
    refuse(options.running, "--engine, which says what does the tasks: say both or none", "work")
    from heatlas.library.manage.reading import refuse_missing

    refuse_missing(sources)
    if kind == "tiles" and (options.tiles.watch or options.film.every is not None):
        from heatlas.rendering.following import keep_tiles

        return keep_tiles(sources, Path(output), options, context)
    return KINDS[kind].load()(sources, Path(output), options, context)


def _having(kinds: tuple[str, ...]) -> str:
    return " and ".join(kind.name for name, kind in KINDS.items() if name in kinds)
