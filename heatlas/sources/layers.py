"""Layers of lines in folders and archives: GeoPackage, FlatGeobuf and Shapefile, each line a recording.

GDAL wants a file with a name, and a Shapefile is several. So they are copied to a temporary folder while they are read,
from wherever they lie: beside recordings, in an archive, or on the shelf of what was unpacked.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.batch import TABLES
from heatlas.core.errors import HeatlasError, MissingExtra, Unreadable
from heatlas.core.scratch import scratch_folder
from heatlas.sources.blobs import Blob, Distant
from heatlas.sources.sniff import NOT_RECORDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from heatlas.core.batch import Recording

__all__ = ["LAYERS", "Layers", "is_beside", "open_layers", "read_layers"]

LAYERS = {"geopackage": ".gpkg", "shapefile": ".shp", "flatgeobuf": ".fgb"}
"""Kind -> ending by which GDAL knows it."""
_BESIDE = (".shx", ".dbf", ".prj", ".cpg")
"""Endings of the other files of a Shapefile: places of shapes, attributes, coordinate system, encoding."""
_PIECE = 1 << 20


class Layers(Distant):
    """Content of a file of layers, with the files that belong to it."""

    __slots__ = ("beside",)

    def __init__(self, blob: Blob, beside: Mapping[str, Blob]) -> None:
        super().__init__(blob)
        self.beside = {"": self, **{ending: Distant(other) for ending, other in beside.items()}}
        """Ending -> content; that of the file itself is "". """


def is_beside(name: str) -> bool:
    """Whether a file may be part of a Shapefile, by its name."""
    return name.lower().endswith(_BESIDE)


def open_layers(blob: Blob, name: str, parts: Mapping[str, Blob]) -> Layers:
    """Content of a file of layers.

    Parameters
    ----------
    blob : Blob
        The file.
    name : str
        Its name, as that of an entry.
    parts : mapping
        Name of each other file of the same archive that may be part of a Shapefile -> its bytes. Those of a file in a
        folder are looked for beside it.
    """
    stem = os.path.splitext(name)[0]  # noqa: PTH122 - no path, but a name
    found = {part.lower()[-4:]: other for part, other in parts.items() if part[:-4] == stem}
    if isinstance(blob.place, Path) and not blob.start and blob.place.suffix.lower() == ".shp":
        for other in blob.place.parent.glob(f"{_plain(blob.place.stem)}.*"):
            if is_beside(other.name):
                found.setdefault(other.suffix.lower(), Blob(other, 0, other.stat().st_size))
    return Layers(blob, found)


def _plain(stem: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in stem)


def read_layers(name: str, content: Distant, found: str) -> list[Recording]:
    """Read the lines of all layers of a file.

    Parameters
    ----------
    name : str
        Path of the file, for ``Activity.source``.
    content : Layers or Distant
        The file.
    found : str
        Its kind, of `LAYERS`.

    Raises
    ------
    Unreadable
        When no layer has lines, or GDAL cannot read it.
    """
    from heatlas.sources.tables.files.vector import layers_of

    with scratch_folder() as folder:
        path = folder / f"layer{LAYERS[found]}"
        for ending, part in getattr(content, "beside", {"": content}).items():
            with path.with_suffix(ending or LAYERS[found]).open("wb") as file:
                file.writelines(part[at : at + _PIECE] for at in range(0, len(part), _PIECE))
        try:
            layers = layers_of(path)
            recordings = [each for layer in layers for each in _lines(path, layer, name, len(layers) > 1)]
        except MissingExtra as error:
            raise Unreadable(f"{NOT_RECORDINGS[found]}; {error}", TABLES) from None
        except HeatlasError as error:
            raise Unreadable(_said_of(name, path, str(error)).removeprefix(f"{name} ")) from None
    if not recordings:
        raise Unreadable(NOT_RECORDINGS[found], TABLES)
    return recordings


def _said_of(name: str, path: Path, text: str) -> str:
    """What was said of a temporary file, or of one beside it, said of the file that people know."""
    return text.replace(str(path), name).replace(str(path.with_suffix("")), os.path.splitext(name)[0])  # noqa: PTH122


def _lines(path: Path, layer: str, name: str, several: bool) -> Iterator[Recording]:
    """Recordings of one layer; its warnings and counts go with the first. A layer without lines has none."""
    from heatlas.options import TableOptions
    from heatlas.sources.tables.columns import CRS
    from heatlas.sources.tables.files.vector import read_vector
    from heatlas.sources.tables.tracks.lines import NoLines, read_lines

    table = read_vector(path, layer)
    geometry = next((field.name for field in table.schema if CRS in (field.metadata or {})), None)
    asked = TableOptions(geometry=geometry)
    try:
        found = list(read_lines(table, asked, f"{name}/{layer}" if several else name))
    except NoLines:
        if table.warnings:
            raise Unreadable(table.warnings[0]) from None
        return
    warnings = tuple(_said_of(name, path, text) for text in table.warnings)
    yield replace(found[0], warnings=warnings, dropped=dict(+table.dropped))
    yield from found[1:]
