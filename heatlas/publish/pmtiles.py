"""Write and read PMTiles: one file of tiles for any web server that supports range requests.

Format: PMTiles Version 3 Specification, https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import fields
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import SourceFailed
from heatlas.pmtiles.directory import HEADER, MAGIC, VERSION, Directory, joined, pack_directory, unpack_directory

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from heatlas.pmtiles.streets import Streets
    from heatlas.publish.sink import Metadata

__all__ = ["archive_head", "read_directory", "read_metadata", "write_archive", "write_vectors"]

_ROOM = 16384
"""Bytes in which the header and the root must fit."""
_GZIP, _PLAIN = 2, 1
_TYPES = {"mvt": 1, "png": 2, "webp": 4}
_LEAF = 4096
"""Entries of a leaf; doubled until the root is short enough."""


def _tree(entries: Directory) -> tuple[bytes, bytes]:
    """Root of the directory, and its leaves if the root alone would be too long."""
    root = pack_directory(entries)
    if len(root) <= _ROOM - HEADER.size:
        return root, b""
    size = _LEAF
    while True:
        cuts = list(range(0, len(entries), size))
        leaves = [pack_directory(entries.part(cut, cut + size)) for cut in cuts]
        lengths = np.array([len(leaf) for leaf in leaves])
        root = pack_directory(
            Directory(entries.numbers[cuts], np.zeros_like(lengths), np.cumsum(lengths) - lengths, lengths)
        )
        if len(root) <= _ROOM - HEADER.size:
            return root, b"".join(leaves)
        size *= 2


def write_archive(path: Path, tiles: Directory, pieces: Iterable[bytes], metadata: Metadata, generation: str) -> None:
    """Write an archive.

    Parameters
    ----------
    path : Path
        File to write; it is overwritten.
    tiles : Directory
        One entry for each tile; equal tiles may share their offset. Other offsets ascend without gaps.
    pieces : iterable of bytes
        All data, in order.
    metadata : Metadata
        Metadata of all tiles.
    generation : str
        Identifier stored in the archive's metadata.
    """
    _write(path, archive_head(tiles, metadata, generation), pieces)


def archive_head(tiles: Directory, metadata: Metadata, generation: str) -> bytes:
    """Bytes of an archive before its data: header, directory and metadata; arguments as for `write_archive`."""
    place = metadata.bounds, metadata.center
    return _head(tiles, _about(metadata, generation), (_PLAIN, metadata.form, metadata.zooms), place)


def write_vectors(
    path: Path, tiles: Directory, pieces: Iterable[bytes], streets: Streets, zooms: tuple[int, int]
) -> None:
    """Write tiles of a base map, as they are stored in its file; parameters are those of `write_archive`."""
    west, south, east, north = streets.bounds
    place = streets.bounds, ((west + east) / 2, (south + north) / 2, zooms[0])
    packing = _GZIP if streets.packed else _PLAIN
    _write(path, _head(tiles, {"attribution": streets.attribution}, (packing, "mvt", zooms), place), pieces)


def _write(path: Path, head: bytes, pieces: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.write(head)
        for data in pieces:
            file.write(data)


def _head(
    tiles: Directory, about: dict[str, Any],
    form: tuple[int, str, tuple[int, int]], place: tuple[tuple[float, ...], tuple[float, float, int]],
) -> bytes:  # fmt: skip
    """Header, directory and metadata; `form` is compression, type and zooms of tiles, `place` bounds and centre."""
    entries = joined(tiles)
    root, leaves = _tree(entries)
    described = gzip.compress(json.dumps(about, ensure_ascii=False).encode(), 6, mtime=0)
    size = int((tiles.offsets + tiles.lengths).max(initial=0))
    parts, at = [], HEADER.size
    for length in (len(root), len(described), len(leaves), size):
        parts += [at, length]
        at += length
    contents = len(np.unique(tiles.offsets))
    (packing, kind, zooms), (bounds, (lon, lat, zoom)) = form, place
    header = HEADER.pack(
        MAGIC, VERSION, *parts, len(tiles), len(entries), contents, 1, _GZIP, packing, _TYPES[kind], *zooms,
        *(round(edge * 1e7) for edge in bounds), zoom, round(lon * 1e7), round(lat * 1e7),
    )  # fmt: skip
    return b"".join((header, root, described, leaves))


def _about(metadata: Metadata, generation: str) -> dict[str, Any]:
    data = {
        "name": metadata.title,
        "description": metadata.description,
        "attribution": metadata.attribution,
        "type": "overlay",
        "version": "1",
        "legend": metadata.legend,
        "generation": generation,
    }
    return {name: value for name, value in data.items() if value}


def _read_header(file: IO[bytes]) -> tuple[int, ...]:
    head = file.read(HEADER.size)
    if len(head) < HEADER.size or not head.startswith(MAGIC + bytes([VERSION])):
        raise SourceFailed("it is no PMTiles archive of version 3")
    return tuple(HEADER.unpack(head)[2:])


def read_directory(file: IO[bytes]) -> tuple[Directory, int]:
    """Read the directory of an archive, with one entry for each tile.

    Returns
    -------
    Directory, int
        The directory, and the offset of the data in the file.

    Raises
    ------
    SourceFailed
        When the file is no archive.
    """
    root_at, root_size, _, _, leaves_at, _, data_at = _read_header(file)[:7]
    entries = unpack_directory(_at(file, root_at, root_size))
    leaf = entries.runs == 0
    parts = [entries.part(0, 0)]
    for k in range(len(entries)):
        if leaf[k]:
            data = _at(file, leaves_at + int(entries.offsets[k]), int(entries.lengths[k]))
            parts.append(unpack_directory(data))
    if leaf.any():
        columns = [np.concatenate([getattr(p, column.name) for p in parts]) for column in fields(Directory)]
        entries = Directory(*columns)
    return entries.whole(), data_at


def read_metadata(file: IO[bytes]) -> dict[str, Any]:
    """Read the metadata of an archive."""
    _, _, at, size = _read_header(file)[:4]
    data: dict[str, Any] = json.loads(gzip.decompress(_at(file, at, size)))
    return data


def _at(file: IO[bytes], at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)
