"""Write animated WebP with Pillow, which reads one frame after the other."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.rendering.film.frames import Frames

__all__ = ["write"]

_QUALITY = 75


class _FrameSequence(Image.Image):
    """An image of many frames, of which only the last requested one is in memory."""

    def __init__(self, film: Frames) -> None:
        super().__init__()
        self._film, self._at = film, -1
        self.n_frames = film.count
        self._advance()

    def tell(self) -> int:
        return self._at

    def seek(self, frame: int) -> None:
        while self._at < frame:
            self._advance()

    def _advance(self) -> None:
        image = Image.fromarray(next(self._film.frames))
        self.im, self._mode, self._size = image.im, image.mode, image.size
        self._at += 1


def write(path: Path, film: Frames) -> None:
    """Encode a film that plays in a loop."""
    moments = [round(1000 * k / film.fps) for k in range(film.count + 1)]
    durations = [end - begin for begin, end in pairwise(moments)]
    with path.open("wb") as file:
        _FrameSequence(film).save(
            file, "WEBP", save_all=True, duration=durations, loop=0, quality=_QUALITY, method=2, kmin=60, kmax=120
        )
