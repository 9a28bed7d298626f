"""Compress in zlib's format, so that the same input makes the same bytes.

Formats: ZLIB, RFC 1950; DEFLATE, RFC 1951.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["compressed"]

_ISAL_LEVELS = (1, 2)
"""At level 3 isal looks at memory that nothing was written to, as Valgrind shows."""
_HEAD = 289
"""Bytes that isal gets first: the 288 that it keeps to look ahead (ISAL_LOOK_AHEAD), and one."""
_CHUNK_BYTES = 1 << 16


def compressed(strips: Iterator[memoryview | bytes], level: int) -> Iterator[bytes]:
    """Compress strips, one after the other, to one stream in pieces of at least 64 kB, except the last.

    The bytes depend on the strips, the level, the kind of processor, and the versions of isal and zlib, and on nothing
    else.

    Parameters
    ----------
    strips : iterator of memoryview or bytes
        Bytes (n,).
    level : int
        0 to 9. Levels 1 and 2 are those of the fast isal library where it is installed, others those of zlib.

    Raises
    ------
    BadOption
        For another level.
    """
    pieces = _head_first(strips)
    head = next(pieces)
    compressor = _compressor(level, len(head))
    data = compressor.compress(head)
    for piece in pieces:
        data += compressor.compress(piece)
        if len(data) >= _CHUNK_BYTES:
            yield data
            data = b""
    yield data + compressor.flush()


def _head_first(strips: Iterator[memoryview | bytes]) -> Iterator[memoryview | bytes]:
    """Cut strips so that the first has `_HEAD` bytes, or is all where there are fewer."""
    head = b""
    for strip in strips:
        cut = _HEAD - len(head)
        head += strip[:cut]
        if len(head) == _HEAD:
            yield head
            yield strip[cut:]
            yield from strips
            return
    yield head


def _compressor(level: int, begins: int) -> Any:
    """Make a compressor that is given so many bytes first.

    With all bytes at once, isal has two answers on x86. It enters the first byte in its table of what it saw where, and
    then the third under a hash of the address of its own state, not of the data: `.write_first_byte` shifts a register
    that nobody loaded (igzip/igzip_icf_body_h1_gr_bt.asm of isa-l, up to 2.32 at least). At one in 8,192 addresses (of
    64 kB each) that is where the data looks later, and a match begins elsewhere. Given `_HEAD` bytes it enters the
    first and waits; the next call hashes data. zlib compresses what is less.
    """
    if not 0 <= level <= 9:
        raise BadOption(f"compression level {level} is not between 0 and 9")
    if level in _ISAL_LEVELS and begins == _HEAD:
        try:
            from isal import isal_zlib
        except ImportError:
            pass
        else:
            return isal_zlib.compressobj(level)
    return zlib.compressobj(level)
