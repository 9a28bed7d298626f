"""Write PDF: a page for printing with the lossless picture (see `heatlas.writers.pdf_page` for posters)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.core.frozen import frozen
from heatlas.style.image import Picture
from heatlas.writers.georeference import describe, write_description
from heatlas.writers.pdf_file import LONGEST, POINTS, PdfFile, image_entries, text_string
from heatlas.writers.png import SOFTWARE, compressed_rows

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.style.image import Pixels
    from heatlas.writers.rendered_map import RenderedMap

__all__ = ["write"]

_CATALOGUE, _PAGES, _PAGE, _CONTENT, _INFO, _IMAGE, _ALPHA = range(1, 8)


def write(path: Path, rendered: RenderedMap) -> list[Path]:
    """Write a page of the picture's size at the map's dots per inch, and NAME.pdf.json with its position."""
    picture = rendered.finished
    height, width = picture.shape
    page = [side * POINTS / rendered.dpi for side in (width, height)]
    unit = max(1.0, max(page) / LONGEST)
    across, down = (f"{side / unit:.4f}" for side in page)
    content = f"q {across} 0 0 {down} 0 0 cm /Heat Do Q".encode()
    words = {"Title": rendered.title, "Author": rendered.attribution, "Producer": SOFTWARE["Software"]}
    with path.open("wb") as file:
        out = PdfFile(file, _ALPHA)
        out.begin()
        out.object(_CATALOGUE, f"<</Type/Catalog/Pages {_PAGES} 0 R>>")
        out.object(_PAGES, f"<</Type/Pages/Kids[{_PAGE} 0 R]/Count 1>>")
        out.object(
            _PAGE,
            f"<</Type/Page/Parent {_PAGES} 0 R/MediaBox[0 0 {across} {down}]/UserUnit {unit:.6f}"
            f"/Contents {_CONTENT} 0 R/Resources<</XObject<</Heat {_IMAGE} 0 R>>>>>>",
        )
        out.stream(_CONTENT, "", [content])
        out.object(_INFO, "<<" + "".join(f"/{key}{text_string(text)}" for key, text in words.items() if text) + ">>")
        mask = "" if _opaque(picture) else f"/SMask {_ALPHA} 0 R"
        channels = 3 if picture.palette is None else 1
        out.stream(
            _IMAGE,
            image_entries(width, height, channels, _space(picture.palette)) + mask,
            compressed_rows(picture, channels),
        )
        if mask:
            alpha = _Alpha(picture)
            out.stream(_ALPHA, image_entries(width, height, 1, "/DeviceGray"), compressed_rows(alpha, 1))
        out.end(_CATALOGUE, _INFO)
    description = describe(path.name, rendered)
    # Web maps cannot show pages.
    placed = {key: value for key, value in description.items() if key not in {"image", "leaflet", "maplibre"}}
    return [path, write_description(path, {"page": path.name, "dpi": rendered.dpi, **placed})]


@frozen
class _Alpha:
    """Alpha channel of a picture, as a picture of one channel (see `heatlas.style.image.Pixels`)."""

    picture: Pixels
    palette: NDArray[np.uint8] | None = None
    opaque: bool = True

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.picture.shape

    def rows(self, first: int, last: int) -> Picture:
        """Rows `first` to `last`."""
        part = self.picture.rows(first, last)
        return Picture(part.pixels[..., 3] if part.palette is None else part.palette[:, 3][part.pixels])


def _opaque(picture: Pixels) -> bool:
    return picture.opaque if picture.palette is None else bool((picture.palette[:, 3] == 255).all())


def _space(palette: NDArray[np.uint8] | None) -> str:
    if palette is None:
        return "/DeviceRGB"
    return f"[/Indexed/DeviceRGB {len(palette) - 1}<{palette[:, :3].tobytes().hex()}>]"
