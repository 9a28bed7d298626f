"""A reel: the frames of a film on their way into a file, and the formats there are."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FORMATS", "FilmFormat", "Frames", "check_film", "write_film"]


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames, one after the other; none is needed twice."""

    frames: Iterator[NDArray[np.uint8]]
    """(height, width, 3) RGB each. An array may be painted over when the next frame is asked for."""
    count: int
    height: int
    width: int
    fps: float
    samples: tuple[NDArray[np.uint8], ...]
    """(k, 3) colours for a format with few of them: of the background, of heat, of what glows, of captions."""


@dataclass(frozen=True, slots=True)
class FilmFormat:
    """A format of films."""

    module: str
    fps: float
    """Frames a second when nobody asks for another number."""
    side: int
    """Pixels of the longer side of the map when nobody asks for another size."""
    even: bool = False
    """Whether sides must be even."""
    aura: bool = False
    """Whether what is new shines on what is around: soft gradients that change from frame to frame are what formats
    without prediction between frames pay most for."""
    most: int = 16384
    """Pixels that a side may have."""


FORMATS = {
    ".mp4": FilmFormat("mp4", 30.0, 1280, even=True, aura=True),
    ".gif": FilmFormat("gif", 12.5, 800, most=65535),
    ".webp": FilmFormat("webp", 15.0, 800, most=16383),
}
"""Ending in lower case -> format."""


def check_film(path: Path) -> None:
    """Refuse what could not be written, before any work is done.

    Raises
    ------
    BadOption
        For an unknown ending, or a folder that is missing or closed.
    MissingExtra
        When ffmpeg is not there.
    """
    from heatlas.writers import check_place

    if path.suffix.lower() not in FORMATS:
        raise BadOption(f"cannot write {path} as a film: take a name that ends in {', '.join(FORMATS)}")
    check_place(path)
    if path.suffix.lower() == ".mp4" and find_spec("imageio_ffmpeg") is None:
        raise MissingExtra("writing an .mp4", "film")


def write_film(path: Path, film: Frames) -> None:
    """Write a film, all of it or nothing.

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
