"""Fonts of a PDF: Pillow's own is embedded as it is, others as far as their letters are used.

Formats: ISO 32000-1, sections 9.6.3 (TrueType), 9.7.4 (CID-keyed fonts) and 9.10.3 (ToUnicode).
"""

from __future__ import annotations

import io
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.frozen import frozen
from heatlas.style.fonts import load_font, runs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.writers.pdf_file import PdfFile

__all__ = ["Fonts"]

_OWN = ""
"""Stands for Pillow's own font."""
_EM = 1000.0
"""Units of the widths of letters."""
_OBJECTS = 5
"""Most objects of a font."""


@frozen
class _Font:
    """An embedded font."""

    name: str
    """Of its resource: F0, F1 ..."""
    data: bytes
    codes: dict[str, int] | None
    """Letter -> number of its glyph; None: letters are bytes of Windows-1252."""
    metrics: dict[str, Any]
    """bbox, ascent, descent, widths (of letters 32 to 255, or of glyphs), family."""

    def encoded(self, words: str) -> str:
        """Words as a string of the content."""
        if self.codes is None:
            return f"<{words.encode('cp1252', 'replace').hex()}>"
        return "<" + "".join(f"{self.codes.get(char, 0):04x}" for char in words) + ">"


@frozen
class Fonts:
    """Fonts of the texts of a page."""

    fonts: dict[str, _Font]
    """File of a font -> the font; empty for Pillow's own."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Fonts:
        """Embed all fonts that texts need and that can be embedded."""
        letters: dict[str, set[str]] = {}
        for words in texts:
            for text, font in runs(words, 24.0):
                letters.setdefault(_file_of(font), set()).update(text)
        found: dict[str, _Font] = {}
        for path, used in letters.items():
            embedded = _own() if path == _OWN else _subset(path, used, f"F{len(found) + 1}")
            if embedded is not None:
                found[path] = embedded
        return cls(found)

    def strings(self, words: str) -> list[tuple[str, str]] | None:
        """Resource and string of each run of a text; None: a font of it cannot be embedded."""
        found = []
        for text, font in runs(words, 24.0):
            known = self.fonts.get(_file_of(font))
            if known is None:
                return None
            found.append((known.name, known.encoded(text)))
        return found

    @property
    def objects(self) -> int:
        """Number of objects that `write` uses."""
        return _OBJECTS * len(self.fonts)

    def resources(self, first: int) -> str:
        """Entries of the page's fonts, whose objects begin at a number."""
        names = [f"/{font.name} {first + _OBJECTS * k} 0 R" for k, font in enumerate(self.fonts.values())]
        return f"/Font<<{''.join(names)}>>" if names else ""

    def write(self, out: PdfFile, first: int) -> None:
        """Write the objects of all fonts from a number on."""
        for k, font in enumerate(self.fonts.values()):
            _write(out, font, first + _OBJECTS * k)


def _file_of(font: Any) -> str:
    """File of a font of Pillow; empty for its own, which is in memory."""
    path = getattr(font, "path", "")
    return str(path) if isinstance(path, (str, Path)) else _OWN


def _own() -> _Font:
    """Describe Pillow's own font, with its widths in Windows-1252."""
    font = load_font(_EM)
    letters = [bytes([code]).decode("cp1252", "replace") for code in range(32, 256)]
    widths = [round(font.getlength(letter)) for letter in letters]
    ascent, descent = font.getmetrics()
    metrics = {"bbox": (-200, -descent, 1200, ascent), "ascent": ascent, "descent": -descent, "widths": widths}
    return _Font("F0", font.font_bytes, None, {**metrics, "family": font.getname()[0] or "Own"})


def _subset(path: str, used: set[str], name: str) -> _Font | None:
    """Cut a TrueType font down to some letters; None: it has other outlines, or fontTools is missing."""
    if find_spec("fontTools") is None:
        return None
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont, TTLibError

    try:
        font = TTFont(io.BytesIO(Path(path).read_bytes()), fontNumber=0)
    except (OSError, TTLibError):
        return None
    if "glyf" not in font or "fvar" in font:
        return None
    family, unit = str(font["name"].getBestFamilyName() or "Font"), _EM / font["head"].unitsPerEm
    chooser = Subsetter(Options(layout_features=[], name_IDs=[], hinting=False, notdef_outline=True))
    chooser.populate(text="".join(sorted(used)))
    chooser.subset(font)
    glyphs = {char: font.getGlyphID(glyph) for code, glyph in font.getBestCmap().items() if (char := chr(code)) in used}
    head, lines = font["head"], font["hhea"]
    widths = [round(font["hmtx"][glyph][0] * unit) for glyph in font.getGlyphOrder()]
    bbox = tuple(round(edge * unit) for edge in (head.xMin, head.yMin, head.xMax, head.yMax))
    written = io.BytesIO()
    font.save(written)
    metrics = {"bbox": bbox, "ascent": round(lines.ascent * unit), "descent": round(lines.descent * unit)}
    return _Font(name, written.getvalue(), glyphs, {**metrics, "widths": widths, "family": family})


def _write(out: PdfFile, font: _Font, first: int) -> None:
    """Write a font: itself, its descriptor, its file, and what maps glyphs to letters."""
    known = font.metrics
    # Six letters before the name say that it is a part of a font.
    family = "".join(char for char in known["family"] if char.isascii() and char.isalnum()) or "Font"
    name = family if font.codes is None else f"HEATLA+{family}"
    box = " ".join(map(str, known["bbox"]))
    widths = " ".join(map(str, known["widths"]))
    descriptor, file = first + 1, first + 2
    flags = 32 if font.codes is None else 4
    out.object(
        descriptor,
        f"<</Type/FontDescriptor/FontName/{name}/Flags {flags}/FontBBox[{box}]/ItalicAngle 0/Ascent {known['ascent']}"
        f"/Descent {known['descent']}/CapHeight {known['ascent']}/StemV 80/FontFile2 {file} 0 R>>",
    )
    out.stream(file, f"/Filter/FlateDecode/Length1 {len(font.data)}", [zlib.compress(font.data, 9)])
    if font.codes is None:
        out.object(
            first,
            f"<</Type/Font/Subtype/TrueType/BaseFont/{name}/FirstChar 32/LastChar 255/Widths[{widths}]"
            f"/Encoding/WinAnsiEncoding/FontDescriptor {descriptor} 0 R>>",
        )
        return
    descendant, unicode = first + 3, first + 4
    out.object(
        first,
        f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H/DescendantFonts[{descendant} 0 R]"
        f"/ToUnicode {unicode} 0 R>>",
    )
    out.object(
        descendant,
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}/CIDToGIDMap/Identity/FontDescriptor {descriptor} 0 R"
        f"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/W[0[{widths}]]>>",
    )
    out.stream(unicode, "", [_to_unicode(font.codes).encode("ascii")])


def _to_unicode(codes: dict[str, int]) -> str:
    """Map glyphs to letters, so that text can be found and copied."""
    rows = [f"<{code:04x}> <{char.encode('utf-16-be').hex()}>" for char, code in sorted(codes.items())]
    blocks = [rows[k : k + 100] for k in range(0, len(rows), 100)]
    maps = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /H def /CMapType 2 def "
        f"1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n{maps}\n"
        "endcmap CMapName currentdict /CMap defineresource pop end end"
    )
