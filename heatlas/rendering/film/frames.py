"""Frames of a film, the formats of films, and writing to a file."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption, MissingExtra
from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FORMATS", "FilmFormat", "Frames", "check_film", "write_film"]


@frozen
class Frames:
    """Frames of a film, read once from first to last."""

    frames: Iterator[NDArray[np.uint8]]
    """(height, width, 3) RGB each. Reading the next frame may overwrite the array of the last one."""
    count: int
    height: int
    width: int
    fps: float
    samples: tuple[NDArray[np.uint8], ...]
    """(k, 3) colours each of the background, of heat, of glows and of captions, for formats with few colours."""


@frozen
class FilmFormat:
    """A format of films."""

    module: str
    fps: float
    """Default number of frames a second."""
    side: int
    """Default length of the longer side of the map, pixels."""
    even: bool = False
    """Whether sides must be even."""
    aura: bool = False
    """Whether new heat lights the pixels around it. Soft gradients that change from frame to frame make large files in
    formats without prediction between frames."""
    most: int = 16384
    """Longest side, pixels."""


FORMATS = {
    ".mp4": FilmFormat("mp4", 30.0, 1280, even=True, aura=True),
    ".gif": FilmFormat("gif", 12.5, 800, most=65535),
    ".webp": FilmFormat("webp", 15.0, 800, most=16383),
}
"""Ending in lower case -> format."""


def check_film(path: Path) -> None:
    """Refuse a path that could not be written, before any work is done.

    Raises
    ------
    BadOption
        For an unknown ending, or a folder that is missing or not writable.
    MissingExtra
        When ffmpeg is not installed.
    """
    from heatlas.writers import check_place

    if path.suffix.lower() not in FORMATS:
        raise BadOption(f"cannot write {path} as a film: take a name that ends in {', '.join(FORMATS)}")
    check_place(path)
    if path.suffix.lower() == ".mp4" and find_spec("imageio_ffmpeg") is None:
        raise MissingExtra("writing an .mp4", "film")


def write_film(path: Path, film: Frames) -> None:
    """Write a film completely or not at all.

    Raises
    ------
    BadOption
        When it is too large for its format.
    HeatlasError
        When the system refuses to write, or the encoder fails.
    """
    from heatlas.writers.atomic import atomic_write

    form = FORMATS[path.suffix.lower()]
    if max(film.width, film.height) > form.most:
        raise BadOption(
            f"{path.suffix} holds at most {form.most} pixels a side, not {film.width} x {film.height}: "
            "take less --width"
        )
    with atomic_write(path) as draft:
        import_module(f"heatlas.rendering.film.{form.module}").write(draft, film)
