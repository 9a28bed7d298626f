"""Write PDF: a laid-out page with the lossless map, real text, and marks for the printer's knife."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from heatlas.style.image import Picture
from heatlas.style.page import Box, Page, Stamp, Text
from heatlas.style.text import ink_for
from heatlas.writers.pdf_file import LONGEST, POINTS, PdfFile, image_entries, text_string
from heatlas.writers.pdf_fonts import Fonts
from heatlas.writers.png import SOFTWARE, compressed_rows

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.style.image import Pixels

__all__ = ["write_page"]

_MM = POINTS / 25.4
"""Units of a page per millimetre."""
_MARK, _AWAY, _THIN = 5.0, 3.0, 0.09
"""Crop marks: their length, their least distance from the trimmed edge, and their width, mm."""
_FINE = 600 / 25.4
"""Pixels per mm of letters whose font cannot be embedded."""
_CATALOGUE, _PAGES, _PAGE, _CONTENT, _INFO, _MAP = range(1, 7)


def write_page(path: Path, page: Page, picture: Pixels, *, title: str = "", attribution: str = "") -> None:
    """Write a page as PDF.

    Parameters
    ----------
    path : Path
        File to write.
    page : Page
        Page; with a bleed, the sheet is larger than the trimmed page, and crop marks stand around it.
    picture : Pixels
        The opaque map, stretched over the frame of the sheet.
    title, attribution : str
        Of the file.
    """
    fonts = Fonts.of([item.words for item in page.items if isinstance(item, Text)])
    stamps: list[Stamp] = []
    content = "\n".join(_content(page, fonts, stamps)).encode("ascii")
    first = _MAP + 1 + len(stamps)
    boxes, unit = _boxes(page)
    images = "".join(f"/S{k} {_MAP + 1 + k} 0 R" for k in range(len(stamps)))
    resources = f"<</XObject<</Map {_MAP} 0 R{images}>>{fonts.resources(first)}>>"
    words = {"Title": title, "Author": attribution, "Producer": SOFTWARE["Software"]}
    with path.open("wb") as file:
        out = PdfFile(file, first + fonts.objects)
        out.begin()
        out.object(_CATALOGUE, f"<</Type/Catalog/Pages {_PAGES} 0 R>>")
        out.object(_PAGES, f"<</Type/Pages/Kids[{_PAGE} 0 R]/Count 1>>")
        out.object(
            _PAGE,
            f"<</Type/Page/Parent {_PAGES} 0 R{boxes}/UserUnit {unit:.6f}/Contents {_CONTENT} 0 R"
            f"/Resources{resources}>>",
        )
        out.stream(_CONTENT, "/Filter/FlateDecode", [zlib.compress(content)])
        out.object(_INFO, "<<" + "".join(f"/{key}{text_string(text)}" for key, text in words.items() if text) + ">>")
        height, width = picture.shape
        out.stream(_MAP, image_entries(width, height, 3, "/DeviceRGB"), compressed_rows(_Coloured(picture), 3))
        for k, stamp in enumerate(stamps):
            rows, columns = stamp.pixels.shape[:2]
            entries = f"/Type/XObject/Subtype/Image/Width {columns}/Height {rows}/ColorSpace/DeviceRGB"
            data = zlib.compress(np.ascontiguousarray(stamp.pixels).tobytes(), 9)
            out.stream(_MAP + 1 + k, f"{entries}/BitsPerComponent 8/Filter/FlateDecode", [data])
        fonts.write(out, first)
        out.end(_CATALOGUE, _INFO)


class _Coloured:
    """A picture whose rows are RGBA, whether it has a palette or not (see `heatlas.style.image.Pixels`)."""

    palette = None
    opaque = True

    def __init__(self, picture: Pixels) -> None:
        self._picture = picture

    @property
    def shape(self) -> tuple[int, int]:
        return self._picture.shape

    def rows(self, first: int, last: int) -> Picture:
        return Picture(self._picture.rows(first, last).rgba)


def _slug(page: Page) -> float:
    """Paper around the trimmed page, mm: the bleed, and room for crop marks."""
    return max(page.sheet.bleed, _AWAY) + _MARK if page.sheet.bleed else 0.0


def _boxes(page: Page) -> tuple[str, float]:
    """Boxes of the page, and its unit."""
    sheet, slug = page.sheet, _slug(page)
    whole = (sheet.width + 2 * slug) * _MM, (sheet.height + 2 * slug) * _MM
    unit = max(1.0, max(whole) / LONGEST)

    def box(name: str, inset: float) -> str:
        edges = inset * _MM, inset * _MM, whole[0] - inset * _MM, whole[1] - inset * _MM
        return f"/{name}[{' '.join(f'{edge / unit:.4f}' for edge in edges)}]"

    found = [box("MediaBox", 0.0)]
    if slug:
        found += [box("BleedBox", slug - sheet.bleed), box("TrimBox", slug)]
    return "".join(found), unit


def _content(page: Page, fonts: Fonts, stamps: list[Stamp]) -> list[str]:
    """Operators of the page; small pictures are added to `stamps`."""
    sheet, slug = page.sheet, _slug(page)
    unit = _boxes(page)[1]
    total = sheet.height + 2 * slug
    scale = _MM / unit

    def rectangle(x: float, y: float, width: float, height: float) -> str:
        edges = (x + slug) * scale, (total - y - slug - height) * scale, width * scale, height * scale
        return " ".join(f"{edge:.4f}" for edge in edges)

    def image(name: str, x: float, y: float, width: float, height: float) -> str:
        left, low, wide, high = rectangle(x, y, width, height).split()
        return f"q {wide} 0 0 {high} {left} {low} cm /{name} Do Q"

    bleed = sheet.bleed
    lines = [_fill(page.ground), f"{rectangle(-bleed, -bleed, sheet.width + 2 * bleed, sheet.height + 2 * bleed)} re f"]
    lines.append(image("Map", *sheet.frame))
    for item in page.items:
        drawn: Text | Box | Stamp = item
        strings = fonts.strings(item.words) if isinstance(item, Text) else None
        if isinstance(item, Text) and strings is None:
            drawn = _painted(item, page.ground)
        if isinstance(drawn, Text):
            left, base = (_begin(drawn) + slug) * scale, (total - drawn.y - slug) * scale
            shown = [f"/{name} {drawn.size * scale:.4f} Tf {string} Tj" for name, string in strings or ()]
            lines += [_fill(drawn.colour), f"BT 1 0 0 1 {left:.4f} {base:.4f} Tm {' '.join(shown)} ET"]
        elif isinstance(drawn, Box):
            lines += [_fill(drawn.colour), f"{rectangle(drawn.x, drawn.y, drawn.width, drawn.height)} re f"]
        else:
            lines.append(image(f"S{len(stamps)}", drawn.x, drawn.y, drawn.width, drawn.height))
            stamps.append(drawn)
    if slug:
        lines.append("0 0 0 1 k")
        lines += [f"{rectangle(*mark)} re f" for mark in _marks(page)]
    return lines


def _marks(page: Page) -> list[tuple[float, float, float, float]]:
    """Crop marks: two thin lines at each corner, beyond the bleed."""
    width, height, away = page.sheet.width, page.sheet.height, max(page.sheet.bleed, _AWAY)
    half = _THIN / 2
    upright = [(x - half, y, _THIN, _MARK) for x in (0.0, width) for y in (-away - _MARK, height + away)]
    flat = [(x, y - half, _MARK, _THIN) for y in (0.0, height) for x in (-away - _MARK, width + away)]
    return upright + flat


def _begin(text: Text) -> float:
    """Left end of a text."""
    share = {"left": 0.0, "middle": 0.5, "right": 1.0}[text.anchor]
    return text.x - share * ink_for(None, 1.0).length(text.words, 100.0) / 100 * text.size


def _painted(text: Text, ground: tuple[int, int, int]) -> Stamp:
    """A text as a picture, where its font cannot be embedded."""
    size = text.size * _FINE
    mask = ink_for(None, 1.0).mask(text.words, size)
    share = mask[..., None].astype(np.float32) / 255
    pixels = np.rint(np.array(text.colour) * share + np.array(ground) * (1 - share)).astype(np.uint8)
    height, width = mask.shape
    return Stamp(_begin(text), text.y - 0.98 * text.size, width / _FINE, height / _FINE, pixels)


def _fill(colour: tuple[int, int, int]) -> str:
    return " ".join(f"{part / 255:.4f}" for part in colour) + " rg"
