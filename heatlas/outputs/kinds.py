"""Kinds of output: which one a name asks for, and which options it has."""

from __future__ import annotations

import inspect
import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KINDS", "Kind", "kind_of", "make"]

_STILL = (".png", ".webp", ".tif", ".tiff", ".kmz", ".npy", ".pdf")
_MOVING = (".mp4", ".gif")
_ARCHIVES = (".mbtiles", ".pmtiles", ".sqlitedb")
_ENDINGS = frozenset({*_STILL, *_MOVING, *_ARCHIVES, ".html"})
_OF_FILMS = ("every", "span", "duration", "fps")
_WORDS = {"everything": "--all", "zones": "--zone", "sports": "--sport", "form": "--format"}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of output."""

    name: str
    """In a sentence: "pictures"."""
    maker: str
    """Module and function that makes it; its keywords are the options that there are."""

    def load(self) -> Callable[..., dict[str, Any]]:
        """Import the maker."""
        module, _, function = self.maker.partition(":")
        found: Callable[..., dict[str, Any]] = getattr(import_module(module), function)
        return found

    @property
    def options(self) -> list[str]:
        """Names of the options that this kind has."""
        parameters = inspect.signature(self.load()).parameters.values()
        return [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]


KINDS = {
    "picture": Kind("pictures (.png, .webp, .tif, .kmz, .npy, .pdf)", "heatlas.outputs.pictures:picture"),
    "film": Kind("films (.mp4, .gif, moving .webp)", "heatlas.outputs.films:film"),
    "tiles": Kind("tiles (a folder, .mbtiles, .pmtiles, .sqlitedb)", "heatlas.outputs.tiles:tiles"),
    "page": Kind("pages (.html)", "heatlas.outputs.tiles:page"),
}
"""All kinds by name."""


def kind_of(name: str | Path, given: dict[str, Any]) -> str:
    """Tell what a name asks for, by its ending; without one it is a folder of tiles.

    Raises
    ------
    BadOption
        For another ending, for an ending alone, and for a folder that has the ending of a file.
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
    if ending in _MOVING or (ending == ".webp" and any(name in given for name in _OF_FILMS)):
        return "film"
    if ending in _STILL:
        return "picture"
    raise BadOption(
        f"cannot write {output}: the ending {output.suffix!r} is none of {', '.join((*_STILL, *_MOVING))}, .html, "
        ".mbtiles, .pmtiles, .sqlitedb; a name without an ending is a folder of tiles"
    )


def make(
    sources: tuple[Any, ...], output: str | Path, given: dict[str, Any], progress: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Make an output with the options that were given.

    Raises
    ------
    BadOption
        Naming an option that this kind of output has not, and the kinds that have it; or a source that is not there.
    """
    kind = KINDS[kind_of(output, given)]
    known = kind.options
    for name in given:
        if name not in known:
            having = " and ".join(other.name for other in KINDS.values() if name in other.options)
            raise BadOption(f"{_WORDS.get(name, '--' + name.replace('_', '-'))} is for {having}: leave it out")
    from heatlas.keeping.looking import refuse_missing

    refuse_missing(sources)
    return kind.load()(*sources, output=Path(output), progress=progress, **given)
