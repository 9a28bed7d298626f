"""Archives of tiles in a page: base64, in pieces that the page decodes when it needs them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["archive_data", "pieces", "written"]

_PIECE = 768 << 10
"""Bytes of an archive that are decoded at a time: a megabyte of base64."""


def archive_data(archive: Path) -> dict[str, int]:
    """Describe an archive as the page reads it."""
    return {"size": archive.stat().st_size, "piece": _PIECE}


def written(name: str, archive: Path) -> int:
    """Bytes of an archive in the page; `name` is that of its elements."""
    size = archive.stat().st_size
    total = 0
    for piece, start in enumerate(range(0, size, _PIECE)):
        opening, closing = _element(name, piece)
        total += len(opening) + -(-min(_PIECE, size - start) // 3) * 4 + len(closing)
    return total


def pieces(name: str, archive: Path) -> Iterator[bytes]:
    """Elements of the page that hold an archive."""
    with archive.open("rb") as file:
        piece = 0
        while part := file.read(_PIECE):
            opening, closing = _element(name, piece)
            yield opening + base64.b64encode(part) + closing
            piece += 1


def _element(name: str, piece: int) -> tuple[bytes, bytes]:
    return f'<script type="text/plain" id="{name}-{piece}">'.encode(), b"</script>\n"
