"""Put pieces together to an archive, on a disk or in a bucket: the pieces lie in the archive's order already."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.filesystems import locate
from heatlas.pmtiles.directory import Directory
from heatlas.publish.pmtiles import archive_head
from heatlas.scale.drawn import read_piece
from heatlas.scale.recipe import digest_of
from heatlas.scale.sealed import DIGEST, DamagedObject, reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from heatlas.core.filesystems import Location
    from heatlas.publish.sink import Metadata
    from heatlas.scale.drawn import Piece

__all__ = ["archive_of", "directory_of", "head_of"]

_CHUNK = 8 << 20
"""Bytes that are copied at once."""


def directory_of(uris: Sequence[str]) -> Directory:
    """Directory of all tiles of pieces that lie one after the other, in the order of their tiles."""
    pieces = [read_piece(locate(uri)) for uri in uris]
    nothing = [np.zeros(0, np.int64)]
    numbers = np.concatenate([*nothing, *(piece.numbers for piece in pieces)])
    lengths = np.concatenate([*nothing, *(piece.lengths for piece in pieces)])
    assert (np.diff(numbers) > 0).all()
    return Directory(numbers, np.ones_like(numbers), np.cumsum(lengths) - lengths, lengths)


def head_of(uris: Sequence[str], tiles: Directory, metadata: Metadata) -> bytes:
    """Bytes of an archive before its tiles.

    Parameters
    ----------
    uris : sequence of str
        The pieces, in the order of their tiles.
    tiles : Directory
        Result of `directory_of`.
    metadata : Metadata
        Metadata of all tiles.
    """
    return archive_head(tiles, metadata, digest_of(*(uri.rpartition("/")[2] for uri in uris)))


def archive_of(head: bytes, pieces: Iterable[Piece]) -> Iterator[bytes]:
    """Bytes of an archive, from its head on."""
    yield head
    for piece in pieces:
        yield from _bytes_of(piece)


def _bytes_of(piece: Piece) -> Iterator[bytes]:
    """Tiles of a piece, without its directory; compared with their digest, which is known at the end."""
    location: Location = piece.location
    left, digest = piece.size, hashlib.blake2b(digest_size=DIGEST)
    with reading(location), location.filesystem.open_input_stream(location.path) as stream:
        while left:
            data = stream.read(min(left, _CHUNK))
            if not data:
                raise DamagedObject(location.uri)
            left -= len(data)
            digest.update(data)
            yield data
    if digest.digest() != piece.digest:
        raise DamagedObject(location.uri)
