"""Unpack members of ZIP archives, and streams of gzip, bzip2 and xz, piece by piece."""

from __future__ import annotations

import bz2
import lzma
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

from heatlas.core.errors import Unreadable
from heatlas.sources.zips import BOMB, DAMAGED, gunzip, isal_zlib, limit_of, read_member, seek

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.sources.zips import Budget, Member

__all__ = ["PACKED", "decompressed", "member_pieces", "pieces_of", "unpack_one"]

PACKED = frozenset({"gzip", "bzip2", "xz"})
"""Kinds of streams (`heatlas.sources.sniff.kind`) that `decompressed` reads."""
_PIECE = 1 << 20
_XZ_MEMORY = 256 << 20
"""Bytes of memory that an xz stream may ask for. The strongest preset takes 65 MiB."""


def member_pieces(file: BinaryIO, member: Member, budget: Budget) -> Iterator[bytes]:
    """Unpack one member of any size piece by piece, up to the first damage.

    Raises
    ------
    Unreadable
        As `read_member`, and when the budget is exceeded.
    """
    if member.method not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        data = read_member(file, member)[0]
        budget.take(len(data))
        yield data
        return
    seek(file, member)
    raw = pieces_of(file, member.packed)
    for piece in raw if member.method == zipfile.ZIP_STORED else _inflated(raw, -zlib.MAX_WBITS):
        budget.take(len(piece))
        yield piece


def pieces_of(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Read up to `size` bytes of a file, piece by piece."""
    while size > 0 and (piece := file.read(min(size, _PIECE))):
        size -= len(piece)
        yield piece


def _inflated(source: Iterator[bytes], wbits: int) -> Iterator[bytes]:
    """Unpack one stream after the other, up to the first damage, in small steps: 1 MB may unpack to 1000 MB."""
    stream = isal_zlib.decompressobj(wbits)
    for piece in source:
        rest = piece
        while rest:
            if stream.eof:
                if wbits < 0 or not rest.startswith(b"\x1f\x8b"):
                    return
                stream = isal_zlib.decompressobj(wbits)
            try:
                data = stream.decompress(rest, 4 * _PIECE)
            except (isal_zlib.error, zlib.error):
                return
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
            if data:
                yield data


def decompressed(found: str, source: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack a stream piece by piece, up to the first damage.

    Parameters
    ----------
    found : str
        gzip, bzip2 or xz, from `heatlas.sources.sniff.kind`.
    source : iterator of bytes
        Its pieces.
    """
    if found == "gzip":
        yield from _inflated(source, 16 + zlib.MAX_WBITS)
        return
    stream = _decompressor(found)
    for piece in source:
        rest = piece
        while rest or not (stream.needs_input or stream.eof):
            if stream.eof:
                rest = stream.unused_data
                if not rest.startswith((b"BZh", b"\xfd7zXZ")):
                    return
                stream = _decompressor(found)
            try:
                data = stream.decompress(rest, _PIECE)
            except (OSError, lzma.LZMAError, ValueError, EOFError, MemoryError):
                return
            rest = b"" if not stream.eof else stream.unused_data
            if data:
                yield data
            if stream.eof and not rest:
                break


def _decompressor(found: str) -> Any:
    return bz2.BZ2Decompressor() if found == "bzip2" else lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


def unpack_one(found: str, data: bytes) -> bytes:
    """Unpack a stream at once (`decompressed`), up to the first damage.

    Raises
    ------
    Unreadable
        When nothing could be unpacked, or when it unpacks to more than `limit_of` its size.
    """
    if found == "gzip":
        return gunzip(data)[0]
    left = limit_of(len(data))
    pieces = []
    for piece in decompressed(found, iter([data])):
        pieces.append(piece)
        left -= len(piece)
        if left <= 0:
            raise Unreadable(BOMB)
    if not pieces:
        raise Unreadable(DAMAGED)
    return b"".join(pieces)
