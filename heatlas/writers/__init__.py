"""Write heat maps to files, completely or not at all; the ending of the name decides the format.

============== ==============================================================
`rendered_map` a rendered map, as writers receive it
`png`          PNG, also for tiles and legends
`deflate`      compressing for PNG and PDF, the same bytes from the same input
`webp`         lossless WebP
`plain`        pictures that lie nowhere on the map
`geotiff`      cloud-optimised GeoTIFF of values or colours
`gdal`         errors of GDAL, raised
`kmz`          KMZ for globes and handheld devices
`npy`          NumPy arrays of values
`pdf`          PDF of a picture
`pdf_page`     PDF of a poster, with text and crop marks
`pdf_fonts`    fonts that are embedded
`pdf_file`     objects of a PDF, one after the other
`georeference` files beside a picture that say where it lies
`atomic`       files that get their final name when they are complete
============== ==============================================================
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption, MissingExtra
from heatlas.core.paths import refuse_place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from heatlas.core.window import Window
    from heatlas.writers.rendered_map import RenderedMap

    Writer = Callable[[Path, RenderedMap], list[Path]]
    """Writes a rendered map to a path, which may exist, and other files beside it where the format needs them.
    Returns all paths, the main one first."""

__all__ = ["WRITERS", "check", "check_place", "check_size", "write"]


def _late(module: str) -> Writer:
    """Import the writer when it is first used: importing Pillow and rasterio is slow."""

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
        For an unknown ending (the text names the known ones), a folder that is not writable, or a path that is not
        writable or is no file.
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
    """Refuse a path that could not be written, whatever its ending.

    Raises
    ------
    BadOption
        For a folder that is not writable, or a path that is not writable or is no file; for a name that this system
        reserves. Folders that are missing are made when the file is written.
    """
    refuse_place(path)
    final = path.resolve()
    if final.exists() and not final.is_file():
        raise BadOption(f"cannot write {path}: it exists and is no file")
    if final.exists() and not os.access(final, os.W_OK):
        raise BadOption(f"cannot write {path}: no permission to change it")


def check_size(path: Path, window: Window) -> None:
    """Refuse a picture that the format cannot hold, before drawing.

    Raises
    ------
    BadOption
        When a side is too long; the text says what to do.
    TooLarge
        When the format is encoded in one piece and memory is too small.
    """
    if path.suffix.lower() == ".webp":
        import_module("heatlas.writers.webp").check_size(window)
    elif max(window.width, window.height) >= 1 << 31:
        raise BadOption(
            f"a picture of {window.width} x {window.height} px has sides longer than any format can hold: "
            "take a coarser --resolution or a smaller --bbox"
        )


def write(path: Path, rendered: RenderedMap) -> list[Path]:
    """Write a rendered map completely or not at all.

    Parameters
    ----------
    path : Path
        The ending chooses the writer. An existing file is replaced.
    rendered : RenderedMap
        Map to write.

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
