"""Objects of a PDF file: written one after the other, with a table of their offsets at the end.

Format: ISO 32000-1 (PDF 1.7). Flate streams may hold rows that are filtered as in PNG, so the compressor of PNG files
is used, strip by strip.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["LONGEST", "POINTS", "PdfFile", "image_entries", "text_string"]

POINTS = 72.0
"""Units of a page per inch."""
LONGEST = 14_400.0
"""Most units of a side; larger pages use a larger unit."""


@dataclass(slots=True)
class PdfFile:
    """Writes objects one after the other, and at the end the table of their offsets."""

    file: IO[bytes]
    lengths: int
    """Difference between the number of a stream and that of its length: more than there are other objects."""
    places: dict[int, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Write the head."""
        # Four bytes beyond ASCII mark the file as binary for programs that copy files.
        self.file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def object(self, number: int, body: str) -> None:
        """Write an object."""
        self.places[number] = self.file.tell()
        self.file.write(f"{number} 0 obj\n{body}\nendobj\n".encode("ascii"))

    def stream(self, number: int, entries: str, chunks: Iterable[bytes]) -> None:
        """Write a stream, then its length as an object of its own: it is unknown before."""
        self.places[number] = self.file.tell()
        length = number + self.lengths
        self.file.write(f"{number} 0 obj\n<<{entries}/Length {length} 0 R>>\nstream\n".encode("ascii"))
        size = sum(self.file.write(chunk) for chunk in chunks)
        self.file.write(b"\nendstream\nendobj\n")
        self.object(length, str(size))

    def end(self, catalogue: int, info: int) -> None:
        """Write the table of offsets, which names the catalogue and the information."""
        start, count = self.file.tell(), max(self.places) + 1
        lines = [f"{self.places[k]:010d} 00000 n" if k in self.places else "0000000000 65535 f" for k in range(count)]
        table = "".join(f"{line} \n" for line in lines)
        trailer = f"<</Size {count}/Root {catalogue} 0 R/Info {info} 0 R>>"
        self.file.write(f"xref\n0 {count}\n{table}trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n".encode("ascii"))


def image_entries(width: int, height: int, channels: int, space: str) -> str:
    """List the entries of an image whose rows are filtered as in a PNG."""
    return (
        f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace{space}/BitsPerComponent 8"
        f"/Filter/FlateDecode/DecodeParms<</Predictor 15/Colors {channels}/BitsPerComponent 8/Columns {width}>>"
    )


def text_string(words: str) -> str:
    """Format a text string in UTF-16 with byte order mark."""
    return f"<FEFF{words.encode('utf-16-be').hex()}>"
