"""Build an archive of tiles from partitions: the plan from its sources to one file, on a disk or in a bucket."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import NothingToDraw
from heatlas.core.filesystems import failing, is_address, locate
from heatlas.core.mercator import to_lonlat
from heatlas.pmtiles.hilbert import first_number
from heatlas.publish.extent import bounds_of
from heatlas.publish.sink import Metadata
from heatlas.scale.assemble import archive_of, directory_of, head_of
from heatlas.scale.copying import copied, copies
from heatlas.scale.drawn import merged_tiles_of, read_piece
from heatlas.scale.manifest import Folder
from heatlas.scale.merged_tiles import merged_field
from heatlas.scale.plan import Sizes, draw, why_nothing
from heatlas.sources.contract.partitions import find_partitions
from heatlas.tiles.metadata import first_view
from heatlas.tiles.scales import field_title
from heatlas.writers.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.core.context import Context
    from heatlas.core.filesystems import Location
    from heatlas.pmtiles.directory import Directory
    from heatlas.scale.drawn import Piece
    from heatlas.scale.engine import Engine
    from heatlas.scale.plan import Drawn
    from heatlas.scale.recipe import Recipe

__all__ = ["Labels", "build"]

_VIEW = 9
"""Zoom of the tile at which a map of an archive begins: that with the most passages."""
_INVISIBLE = "there is nothing to see: choose other zooms, or a measure that the tracks have"
Labels = tuple[str, str]
"""Title, empty for that of the measure, and attribution."""


def build(
    sources: Sequence[str | Path],
    output: str,
    recipe: Recipe,
    engine: Engine,
    context: Context,
    *,
    work: str | None = None,
    labels: Labels = ("", ""),
    sizes: Sizes = Sizes(),
) -> dict[str, Any]:
    """Build an archive.

    Parameters
    ----------
    sources : sequence of str or Path
        Partitions, as for `heatlas.sources.contract.partitions.find_partitions`.
    output : str
        The archive: a path or an address of a bucket that ends in ``.pmtiles``. It appears when it is whole.
    recipe, engine, context, sizes
        As for `heatlas.scale.plan.draw`.
    work : str, optional
        Folder or address for the objects of the plan; what they hold of unchanged partitions is used again by the next
        call. By default a hidden folder beside the output, which is removed in the end.
    labels : (str, str)
        Title and attribution.

    Returns
    -------
    dict
        The report, as plain data.
    """
    started = time.perf_counter()
    target = locate(output)
    partitions = find_partitions([_whole(source) for source in sources], context.threads)
    if not partitions:
        raise NothingToDraw("the partitions that were given hold no fix")
    folder = Folder(locate(_whole(work)) if work is not None else _beside(target))
    try:
        drawn = draw(partitions, recipe, folder, engine, context, sizes)
        assembling = time.perf_counter()
        context.progress("finishing", 0, 0)
        tiles = folder.mended(partial(_tiles_of, drawn, recipe), engine)
    except NothingToDraw:
        if work is None:
            folder.remove()
        raise
    metadata = folder.mended(partial(_describe, tiles, drawn, recipe, labels), engine)
    head = head_of(drawn.pieces, tiles, metadata)
    size = folder.mended(lambda: _write(target, head, [read_piece(locate(uri)) for uri in drawn.pieces]), engine)
    if work is None:
        folder.remove()
    else:
        folder.write()
        folder.prune()
    done = time.perf_counter()
    return {
        "measure": str(recipe.look.measure),
        "partitions": len(partitions),
        "persons": drawn.persons,
        "activities": drawn.activities,
        "fixes": drawn.fixes,
        "dropped": dict(sorted(drawn.dropped.items())),
        "tiles": {"written": len(tiles), "unchanged": 0, "removed": 0, "empty": 0},
        "bytes": size,
        "zooms": list(recipe.zooms),
        "bbox": list(metadata.bounds),
        "reused": folder.reused,
        "warnings": _warnings(folder),
        "seconds": {**drawn.seconds, "finish": done - assembling, "all": done - started},
        "outputs": [output],
    }


def _warnings(folder: Folder) -> list[str]:
    if not folder.damaged:
        return []
    many = "1 object was" if folder.damaged == 1 else f"{folder.damaged:,} objects were"
    return [f"{many} damaged or gone from the working folder, and made again: look after the disk that it is on"]


def _tiles_of(drawn: Drawn, recipe: Recipe) -> Directory:
    tiles = directory_of(drawn.pieces)
    if not len(tiles):
        raise NothingToDraw(why_nothing(drawn, recipe, _INVISIBLE))
    return tiles


def _whole(source: str | Path) -> str:
    """Address, or whole path: workers may stand in other folders."""
    text = os.fspath(source)
    return text if is_address(text) else os.path.abspath(text)  # noqa: PTH100 - may be a pattern


def _beside(target: Location) -> Location:
    """Hidden folder beside an output."""
    folder, _, name = _whole(target.uri).rpartition("/")
    return locate(f"{folder}/.{name}.work")


def _write(target: Location, head: bytes, pieces: Sequence[Piece]) -> int:
    """Write an archive, which appears when it is whole; returns its bytes."""
    if copies(target, pieces):
        return copied(target, head, pieces)
    size, parts = 0, archive_of(head, pieces)
    if target.is_local:
        with atomic_write(Path(target.path)) as draft, draft.open("wb") as file:
            for part in parts:
                size += file.write(part)
        return size
    with failing(target.uri, "written"):
        stream = target.filesystem.open_output_stream(target.path)
        try:
            for part in parts:
                size += stream.write(part) or len(part)
        except BaseException:
            stream.abort()
            raise
        stream.close()
    return size


def _describe(tiles: Directory, drawn: Drawn, recipe: Recipe, labels: Labels) -> Metadata:
    """Metadata of an archive, as published ones have them."""
    field = merged_field(merged_tiles_of(drawn.index), recipe, drawn.activities)
    first, last = recipe.zooms
    held = tiles.numbers[np.searchsorted(tiles.numbers, first_number(last)) :]
    zoom = min(max(_VIEW, recipe.indexed[0]), recipe.indexed[-1])
    (x, y), across = merged_tiles_of(drawn.index).busiest(zoom), 1 << zoom
    (west, east), (north, south) = to_lonlat(np.array([x, x + 1]) / across, np.array([y, y + 1]) / across)
    lon, lat, begin = first_view((float(west), float(south), float(east), float(north)))
    return Metadata(
        title=labels[0] or field_title(field),
        attribution=labels[1],
        form=recipe.form,
        zooms=recipe.zooms,
        bounds=bounds_of(last, held),
        center=(lon, lat, min(max(begin, first), last)),
        legend={str(zoom): legend for zoom, legend in drawn.legend.items()},
        url="",
    )
