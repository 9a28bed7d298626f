"""Write pictures that lie nowhere on the map: nothing stands beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.style.image import Picture
from heatlas.writers.atomic import atomic_write
from heatlas.writers.png import SOFTWARE, write_png

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["write_plain"]


def write_plain(path: Path, pixels: NDArray[np.uint8], *, title: str = "", attribution: str = "") -> None:
    """Write (height, width, 4) RGBA as .png or .webp, completely or not at all.

    Raises
    ------
    HeatlasError
        When the system refuses to write.
    """
    with atomic_write(path) as draft:
        if path.suffix.lower() == ".webp":
            from PIL import Image

            with draft.open("wb") as file:
                Image.fromarray(pixels).save(file, "WEBP", lossless=True, method=4, quality=20, exact=False)
            return
        text = {**SOFTWARE, **{key: said for key, said in (("Title", title), ("Copyright", attribution)) if said}}
        with draft.open("wb") as file:
            write_png(file, Picture(pixels), text=text)
