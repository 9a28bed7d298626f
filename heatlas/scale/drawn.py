"""Objects that say what is drawn: where merged tiles lie, tones of zooms, and pieces of an archive."""

from __future__ import annotations

import io
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.filesystems import locate
from heatlas.core.frozen import frozen
from heatlas.scale.merged_tiles import MergedTiles
from heatlas.scale.sealed import DIGEST, DamagedObject, digest_of_bytes, reading, seal, unsealed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.filesystems import Location

__all__ = ["Piece", "merged_tiles_of", "read_json", "read_piece", "write_index", "write_json", "write_piece"]

_TRAILER = b"heatlas piece 2\0"
"""End of a piece, after the length of its directory in eight bytes."""


def write_json(location: Location, data: dict[str, Any]) -> None:
    """Write plain data as one object."""
    location.write(seal(json.dumps(data).encode()))


def read_json(location: Location) -> dict[str, Any]:
    """Read plain data.

    Raises
    ------
    DamagedObject, SourceFailed
        As in `heatlas.scale.sealed.reading`.
    """
    with reading(location), location.filesystem.open_input_file(location.path) as file:
        found: dict[str, Any] = json.loads(unsealed(location, bytes(file.read())))
    return found


def write_index(location: Location, merged: Sequence[tuple[int, str]], least: int) -> None:
    """Write where merged tiles lie: the first number of each range, and its object; and the threshold of persons."""
    write_json(location, {"merged": [[first, uri] for first, uri in merged], "least": least})


@lru_cache(maxsize=2)
def merged_tiles_of(index: str) -> MergedTiles:
    """Merged tiles of an index, with what this process has read of them."""
    said = read_json(locate(index))
    return MergedTiles([(int(first), str(uri)) for first, uri in said["merged"]], int(said["least"]))


@frozen
class Piece:
    """Part of an archive: tiles one after the other."""

    location: Location
    size: int
    """Bytes of the tiles, at the beginning of the object."""
    numbers: NDArray[np.int64]
    """(n,) ascending."""
    lengths: NDArray[np.int64]
    """(n,) bytes of each."""
    digest: bytes
    """Digest of the tiles (`heatlas.scale.sealed.digest_of_bytes`)."""


def write_piece(location: Location, numbers: Sequence[int], tiles: Sequence[bytes]) -> None:
    """Write tiles and their directory as one object."""
    directory = io.BytesIO()
    np.save(directory, np.array([numbers, [len(tile) for tile in tiles]], np.int64).reshape(2, -1))
    said = seal(digest_of_bytes(*tiles) + directory.getvalue())
    location.write(b"".join([*tiles, said, len(said).to_bytes(8, "little"), _TRAILER]))


def read_piece(location: Location) -> Piece:
    """Read the directory of a piece.

    Raises
    ------
    DamagedObject, SourceFailed
        As in `heatlas.scale.sealed.reading`.
    """
    end = 8 + len(_TRAILER)
    with reading(location), location.filesystem.open_input_file(location.path) as file:
        size = file.size()
        file.seek(max(size - end, 0))
        last = file.read(end)
        at = size - end - int.from_bytes(last[:8], "little")
        if last[8:] != _TRAILER or at < 0:
            raise DamagedObject(location.uri)
        file.seek(at)
        said = unsealed(location, file.read(size - end - at))
        numbers, lengths = np.load(io.BytesIO(said[DIGEST:]))
    return Piece(location, at, numbers, lengths, said[:DIGEST])
