"""Write PDF: a page for printing with the lossless picture.

Format: ISO 32000-1 (PDF 1.7). Flate streams may hold rows that are filtered as in PNG, so the compressor of PNG files
is used, strip by strip.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from heatlas.style.image import Picture
from heatlas.writers.georeference import describe, write_description
from heatlas.writers.png import SOFTWARE, compressed_rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.style.image import Pixels
    from heatlas.writers.rendered_map import RenderedMap

__all__ = ["write"]

_POINTS = 72.0
"""Units of a page per inch."""
_LONGEST = 14_400.0
"""Most units of a side; larger pages use a larger unit."""
_CATALOGUE, _PAGES, _PAGE, _CONTENT, _INFO, _IMAGE, _ALPHA = range(1, 8)


def write(path: Path, rendered: RenderedMap) -> list[Path]:
    """Write a page of the picture's size at the map's dots per inch, and NAME.pdf.json with its position."""
    picture = rendered.finished
    height, width = picture.shape
    page = [side * _POINTS / rendered.dpi for side in (width, height)]
    unit = max(1.0, max(page) / _LONGEST)
    across, down = (f"{side / unit:.4f}" for side in page)
    content = f"q {across} 0 0 {down} 0 0 cm /Heat Do Q".encode()
    words = {"Title": rendered.title, "Author": rendered.attribution, "Producer": SOFTWARE["Software"]}
    with path.open("wb") as file:
        out = _Writer(file)
        out.begin()
        out.object(_CATALOGUE, f"<</Type/Catalog/Pages {_PAGES} 0 R>>")
        out.object(_PAGES, f"<</Type/Pages/Kids[{_PAGE} 0 R]/Count 1>>")
        out.object(
            _PAGE,
            f"<</Type/Page/Parent {_PAGES} 0 R/MediaBox[0 0 {across} {down}]/UserUnit {unit:.6f}"
            f"/Contents {_CONTENT} 0 R/Resources<</XObject<</Heat {_IMAGE} 0 R>>>>>>",
        )
        out.stream(_CONTENT, "", [content])
        out.object(_INFO, "<<" + "".join(f"/{key}{_text(text)}" for key, text in words.items() if text) + ">>")
        mask = "" if _opaque(picture) else f"/SMask {_ALPHA} 0 R"
        channels = 3 if picture.palette is None else 1
        out.stream(
            _IMAGE,
            _image(width, height, channels, _space(picture.palette)) + mask,
            compressed_rows(picture, channels),
        )
        if mask:
            alpha = _Alpha(picture)
            out.stream(_ALPHA, _image(width, height, 1, "/DeviceGray"), compressed_rows(alpha, 1))
        out.end()
    description = describe(path.name, rendered)
    # Web maps cannot show pages.
    placed = {key: value for key, value in description.items() if key not in {"image", "leaflet", "maplibre"}}
    return [path, write_description(path, {"page": path.name, "dpi": rendered.dpi, **placed})]


@dataclass(slots=True)
class _Writer:
    """Writes objects one after the other, and at the end the table of their offsets."""

    file: IO[bytes]
    places: dict[int, int] = field(default_factory=dict)

    def begin(self) -> None:
        # Four bytes beyond ASCII mark the file as binary for programs that copy files.
        self.file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def object(self, number: int, body: str) -> None:
        self.places[number] = self.file.tell()
        self.file.write(f"{number} 0 obj\n{body}\nendobj\n".encode("ascii"))

    def stream(self, number: int, entries: str, chunks: Iterable[bytes]) -> None:
        """Write a stream, then its length as an object of its own: it is unknown before."""
        self.places[number] = self.file.tell()
        length = number + _ALPHA
        self.file.write(f"{number} 0 obj\n<<{entries}/Length {length} 0 R>>\nstream\n".encode("ascii"))
        size = sum(self.file.write(chunk) for chunk in chunks)
        self.file.write(b"\nendstream\nendobj\n")
        self.object(length, str(size))

    def end(self) -> None:
        start, count = self.file.tell(), max(self.places) + 1
        lines = [f"{self.places[k]:010d} 00000 n" if k in self.places else "0000000000 65535 f" for k in range(count)]
        table = "".join(f"{line} \n" for line in lines)
        trailer = f"<</Size {count}/Root {_CATALOGUE} 0 R/Info {_INFO} 0 R>>"
        self.file.write(f"xref\n0 {count}\n{table}trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n".encode("ascii"))


@dataclass(frozen=True, slots=True)
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


def _image(width: int, height: int, channels: int, space: str) -> str:
    """Entries of an image whose rows are filtered as in a PNG."""
    return (
        f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace{space}/BitsPerComponent 8"
        f"/Filter/FlateDecode/DecodeParms<</Predictor 15/Colors {channels}/BitsPerComponent 8/Columns {width}>>"
    )


def _text(words: str) -> str:
    """Format a text string in UTF-16 with byte order mark."""
    return f"<FEFF{words.encode('utf-16-be').hex()}>"
