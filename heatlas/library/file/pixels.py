"""Pixels of chunks of the index, as they are stored.

A chunk's runs and their pixels are a header (`heatlas.kernels.encode.encode_headers`) and codes of moves
(`heatlas.kernels.moves`). Chunks of older libraries, and those where lines leap more than they go, hold bytes of pixels
(`heatlas.kernels.index`) that zstd packed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.encode import encode_pixels
from heatlas.kernels.index import decode_head, decode_header, decode_pixels
from heatlas.kernels.move_writing import encode_moves
from heatlas.kernels.moves import decode_coded_header, decode_moves
from heatlas.library.file.packing import is_twice_marked, pack_two, twice_marked, unpack_head, unpack_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["ChunkPixels", "head_of", "join_pixels", "pack_pixels"]

_LENGTH = (1 << 30) - 1
_LEAPS = 4
"""Bytes of pixels that a byte of codes holds where lines go on. Where it holds fewer, zstd may pack them better."""


def pack_pixels(header: memoryview | bytes, pixels: memoryview | bytes) -> bytes:
    """Blob of the header and the bytes of pixels of a chunk."""
    coded = encode_moves(np.frombuffer(header, np.uint8), np.frombuffer(pixels, np.uint8))
    blob: bytes = b"".join((twice_marked(len(header)), header, coded.data))
    if _LEAPS * len(coded) > len(pixels):
        return min(blob, pack_two(header, pixels), key=len)
    return blob


def _is_coded(data: bytes) -> bool:
    return isinstance(data, bytes) and is_twice_marked(data)


def head_of(data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Activity and passages of each run of a chunk, from the header of its pixels alone if that is apart.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    if _is_coded(data):
        head = np.frombuffer(data, np.uint8)[4 : 4 + (int.from_bytes(data[:4], "little") & _LENGTH)]
    else:
        head = unpack_head(data)
    ids, lengths = decode_head(head)
    return ids, lengths


def join_pixels(blobs: Iterable[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    """Join chunks as `heatlas.kernels.tiles.count_passes_of` takes them; a `ChunkPixels` of each would take longer.

    Returns
    -------
    ndarray of uint8, ndarray of int64 (c + 1,), ndarray of bool (c,)
        Header and pixels of chunk after chunk, their offsets, and whether the pixels are codes of moves.

    Raises
    ------
    SourceFailed
        When the bytes are damaged.
    """
    parts: list[bytes | memoryview] = []
    ends, coded, end = [0], [], 0
    for data in blobs:
        if is_coded := _is_coded(data):
            parts.append(data[4:])
            end += len(data) - 4
        else:
            some = unpack_parts(data)
            parts += some
            end += sum(map(len, some))
        ends.append(end)
        coded.append(is_coded)
    return np.frombuffer(b"".join(parts), np.uint8), np.array(ends), np.array(coded, np.bool_)


class ChunkPixels:
    """Runs and pixels of a chunk; decoded once, when they are asked for."""

    __slots__ = ("_at", "_data", "_header", "_places", "coded", "parts")

    def __init__(self, data: bytes) -> None:
        """Take a blob, and unpack it if zstd packed it.

        Raises
        ------
        SourceFailed
            When the bytes are damaged.
        """
        self.coded = _is_coded(data)
        """Whether the pixels are codes of moves."""
        self.parts: Sequence[bytes | memoryview] = (memoryview(data)[4:],) if self.coded else unpack_parts(data)
        """Header and pixels, together or each by itself."""
        self._header: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._places: NDArray[np.uint16] | None = None

    @property
    def header(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Activity and passages of each run, (r,)."""
        if self._header is None:
            self._data = np.frombuffer(b"".join(self.parts), np.uint8)
            read = decode_coded_header if self.coded else decode_header
            ids, lengths, self._at = read(self._data)
            self._header = ids, lengths
        return self._header

    @property
    def places(self) -> NDArray[np.uint16]:
        """Pixel of each passage, run after run: row * 256 + column."""
        if self._places is None:
            _, lengths = self.header
            self._places = (decode_moves if self.coded else decode_pixels)(self._data, self._at, lengths)
        return self._places

    def plain(self) -> bytes:
        """Bytes of the pixels, without the header."""
        _, lengths = self.header
        if not self.coded:
            return self._data[self._at :].tobytes()
        ends = np.cumsum(np.append(0, lengths[lengths > 0]))
        stretches, runs = np.stack([ends[:-1], ends[1:]], axis=1), np.arange(len(ends))
        plain: NDArray[np.uint8] = encode_pixels(self.places, stretches, runs, runs[[0, -1]])[0]
        return plain.tobytes()
