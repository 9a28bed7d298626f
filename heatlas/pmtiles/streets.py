"""Base map on disk: vector tiles out of a PMTiles file, such as an extract of Protomaps' daily builds."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.pmtiles.directory import HEADER, MAGIC, VERSION, Directory, unpack_directory
from heatlas.pmtiles.hilbert import number_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CREDIT", "Streets", "is_file_of_tiles", "open_streets"]

CREDIT = "© OpenStreetMap contributors"
"""Whom to name for streets when the file names nobody: extracts of Protomaps are of OpenStreetMap."""
_VECTOR = 1
_UNPACK: dict[int, Callable[[bytes], bytes]] = {1: bytes, 2: gzip.decompress}
"""Compression in the header -> what undoes it."""
_LAYERS = {"earth", "water", "roads"}
"""Layers of Protomaps' schema, one of which at least a base map has."""
_LEAVES = 64
"""Leaves of the directory that are remembered."""
_DEEP = 3
"""Levels of directories at most."""
_LARGEST = 64 << 20
"""Bytes of a directory at most."""


def is_file_of_tiles(given: str | Path) -> bool:
    """Whether a base map is named as a file, not as an address of tiles."""
    text = str(given)
    return "://" not in text and text.lower().endswith(".pmtiles")


@dataclass(slots=True)
class Streets:
    """A file of vector tiles. It may be read from several threads, and is open only while it is read."""

    path: Path
    zooms: tuple[int, int]
    bounds: tuple[float, float, float, float]
    """West, south, east, north, degrees."""
    attribution: str
    """Plain text."""
    packed: bool
    """Whether tiles are gzipped."""
    count: int
    """Number of tiles; 0 where the file does not say it."""
    data_at: int
    leaves_at: int
    root: Directory
    lock: threading.Lock = field(default_factory=threading.Lock)
    leaves: OrderedDict[int, Directory] = field(default_factory=OrderedDict)

    def tile(self, zoom: int, x: int, y: int) -> bytes | None:
        """Bytes of a tile as they are stored, or None where there is none.

        Raises
        ------
        SourceFailed
            When the file is damaged, or cannot be read any more.
        """
        if not self.zooms[0] <= zoom <= self.zooms[1]:
            return None
        number = number_of(zoom, x, y)
        directory = self.root
        for _ in range(_DEEP):
            k = int(np.searchsorted(directory.numbers, number, side="right")) - 1
            if k < 0:
                return None
            offset, length = int(directory.offsets[k]), int(directory.lengths[k])
            run = int(directory.runs[k])
            if run:
                return self._read(self.data_at + offset, length) if number < int(directory.numbers[k]) + run else None
            directory = self._leaf(offset, length)
        return None

    def vector_tile(self, zoom: int, x: int, y: int) -> bytes | None:
        """Bytes of a tile, unpacked, or None where there is none."""
        data = self.tile(zoom, x, y)
        return data if data is None or not self.packed else _unpacked(self.path, gzip.decompress, data)

    def _leaf(self, offset: int, length: int) -> Directory:
        with self.lock:
            if offset in self.leaves:
                self.leaves.move_to_end(offset)
                return self.leaves[offset]
        found = _directory(self.path, self._read(self.leaves_at + offset, length))
        with self.lock:
            self.leaves[offset] = found
            if len(self.leaves) > _LEAVES:
                self.leaves.popitem(last=False)
        return found

    def _read(self, at: int, size: int) -> bytes:
        return _bytes_at(self.path, at, size)


def open_streets(path: str | Path) -> Streets:
    """Open a file of vector tiles for a base map.

    Raises
    ------
    BadOption
        When there is no such file, or it is no base map of Protomaps' schema in PMTiles 3: with what it is.
    SourceFailed
        When it is damaged.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEADER.size)
    except OSError as error:
        raise BadOption(f"the base map {path} cannot be opened: {error.strerror or error}") from None
    if len(head) < HEADER.size or not head.startswith(MAGIC + bytes([VERSION])):
        raise BadOption(
            f"the base map {path} is no PMTiles archive of version 3: the page on base maps says how to cut one"
        )
    fields = HEADER.unpack(head)
    root_at, root_size, about_at, about_size, leaves_at, _, data_at = fields[2:9]
    inner, packing, kind, first, last = fields[14:19]
    if kind != _VECTOR:
        raise BadOption(f"the base map {path} holds pictures: streets in colours that suit heat need vector tiles")
    if inner not in _UNPACK or packing not in _UNPACK:
        raise BadOption(
            f"the base map {path} is packed as browsers do not unpack it: its tiles must be gzipped or plain"
        )
    about = _about(path, _UNPACK[inner], _bytes_at(path, about_at, about_size))
    layers = {str(layer.get("id")) for layer in about.get("vector_layers", []) if isinstance(layer, dict)}
    if layers and not layers & _LAYERS:
        named = ", ".join(sorted(layers)[:6])
        raise BadOption(f"the base map {path} has the layers {named}, not those of Protomaps: earth, water, roads")
    west, south, east, north = (edge / 1e7 for edge in fields[19:23])
    root = _directory(path, _bytes_at(path, root_at, root_size))
    return Streets(
        path=path, zooms=(first, last), bounds=(west, south, east, north), attribution=_credit(about),
        packed=packing == 2, count=fields[10], data_at=data_at, leaves_at=leaves_at, root=root,
    )  # fmt: skip


def _about(path: Path, unpack: Callable[[bytes], bytes], data: bytes) -> dict[str, Any]:
    try:
        about = json.loads(_unpacked(path, unpack, data) or b"{}")
    except ValueError:
        raise SourceFailed(f"the base map {path} is damaged: its description cannot be read") from None
    return about if isinstance(about, dict) else {}


def _credit(about: dict[str, Any]) -> str:
    """Attribution as plain text: the file's may be HTML."""
    said = str(about.get("attribution") or "")
    plain = "".join(part.partition(">")[2] if k else part for k, part in enumerate(said.split("<")))
    plain = plain.replace("&copy;", "©").replace("&amp;", "&").strip()
    if plain and "openstreetmap" not in plain.lower():
        return f"{plain}, {CREDIT}"
    return CREDIT if plain in {"", "© OpenStreetMap"} else plain


def _directory(path: Path, data: bytes) -> Directory:
    if len(data) > _LARGEST:
        raise SourceFailed(f"the base map {path} is damaged: one of its directories has {len(data):,} bytes")
    try:
        return unpack_directory(data)
    except (OSError, ValueError, IndexError, EOFError, zlib.error):
        raise SourceFailed(f"the base map {path} is damaged: one of its directories cannot be read") from None


def _unpacked(path: Path, unpack: Callable[[bytes], bytes], data: bytes) -> bytes:
    try:
        return unpack(data)
    except (OSError, EOFError, zlib.error):
        raise SourceFailed(f"the base map {path} is damaged: a part of it cannot be unpacked") from None


def _bytes_at(path: Path, at: int, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(at)
            data = file.read(min(size, _LARGEST))
    except (OSError, ValueError) as error:
        raise SourceFailed(f"the base map {path} cannot be read any more: {error}") from None
    if len(data) < size:
        raise SourceFailed(f"the base map {path} is damaged: it ends before byte {at + size:,}")
    return data
