"""Files that hold a heat map, written whole or not at all; the ending of the name says how."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heatlas.core.window import Window
    from heatlas.writers.rendered_map import RenderedMap

    Writer = Callable[[Path, RenderedMap], list[Path]]
    """Writes an artwork to a path that may be overwritten, and other files beside it where the format needs
    them; returns all of them, the main one first."""

__all__ = ["WRITERS", "check", "check_place", "check_size", "write"]


def _late(module: str) -> Writer:
    """Import the writer when it is first used: Pillow and rasterio take their time."""

    def writer(path: Path, rendered: RenderedMap) -> list[Path]:
        written: list[Path] = import_module(f"heatlas.writers.{module}").write(path, rendered)
        return written

    return writer


WRITERS: dict[str, Writer] = {
    ".png": _late("png"),
    ".webp": _late("webp"),
    ".tif": _late("geotiff"),
    ".tiff": _late("geotiff"),
    ".kmz": _late("kmz"),
    ".npy": _late("npy"),
    ".pdf": _late("pdf"),
}
"""Ending in lower case -> writer."""


def check(path: Path) -> None:
    """Refuse a path that could not be written, before any work is done.

    Raises
    ------
    BadOption
        For an unknown ending (naming those that are known), a folder that is missing or closed, or a file
        that is closed or is no file.
    MissingExtra
        When the ending needs a library that is not installed.
    """
    ending = path.suffix.lower()
    if ending not in WRITERS:
        what = f"the ending {path.suffix!r}" if path.suffix else "a name without an ending"
        raise BadOption(f"cannot write {path}: {what} is none of {', '.join(WRITERS)}")
    if ending in {".tif", ".tiff"} and find_spec("rasterio") is None:
        raise MissingExtra("writing a GeoTIFF", "geotiff")
    check_place(path)


def check_place(path: Path) -> None:
    """Refuse a path where nothing could be written, whatever its ending.

    Raises
    ------
    BadOption
        For a folder that is missing or closed, or a file that is closed or is no file.
    """
    final = path.resolve()
    if not final.parent.is_dir():
        raise BadOption(f"cannot write {path}: there is no folder {final.parent}")
    if final.exists() and not final.is_file():
        raise BadOption(f"cannot write {path}: it exists and is no file")
    if not os.access(final.parent, os.W_OK | os.X_OK) or (final.exists() and not os.access(final, os.W_OK)):
        raise BadOption(f"cannot write {path}: no permission")


def check_size(path: Path, window: Window) -> None:
    """Refuse a picture that a format cannot hold, before it is drawn.

    Raises
    ------
    BadOption
        When a side is too long; the text says what to do.
    TooLarge
        When a format that is written in one piece would not fit into memory.
    """
    if path.suffix.lower() == ".webp":
        import_module("heatlas.writers.webp").check_size(window)
    elif max(window.width, window.height) >= 1 << 31:
        raise BadOption(
            f"a picture of {window.width} x {window.height} px has sides longer than any format can hold: "
            "take a coarser --resolution or a smaller --bbox"
        )


def write(path: Path, rendered: RenderedMap) -> list[Path]:
    """Write an artwork, all of it or nothing.

    Parameters
    ----------
    path : Path
        Its ending chooses the writer. An older file of that name is replaced.
    rendered : RenderedMap
        The heat map.

    Returns
    -------
    list of Path
        The files written, the main one first.

    Raises
    ------
    BadOption, MissingExtra
        As `check`.
    HeatlasError
        When the system refuses to write.
    """
    from heatlas.writers.atomic import atomic_write

    check(path)
    with atomic_write(path) as draft:
        written = WRITERS[path.suffix.lower()](draft, rendered)
    folder = path.resolve().parent if path.is_symlink() else path.parent
    return [path, *(folder / file.name for file in written[1:])]
