"""Streets that are in a page: which of a file they are, and what the page is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.pmtiles.directory import Directory
from heatlas.pmtiles.hilbert import first_number, number_of
from heatlas.publish.pieces import archive_data
from heatlas.publish.pmtiles import read_directory, write_vectors
from heatlas.publish.street_cut import Shown, StreetCut, cut_streets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from heatlas.pmtiles.streets import Streets

__all__ = ["no_room", "street_data", "streets_of", "write_cut"]


def streets_of(
    streets: Streets, archives: Sequence[Path], zooms: tuple[int, int], places: Sequence[Mapping[str, Any]], room: float
) -> StreetCut | None:
    """Choose streets around the heat of archives of tiles, all of the same zooms; None where there is no room."""
    first, last = zooms
    held = [np.zeros(0, np.int64)]
    for archive in archives:
        with archive.open("rb") as file:
            numbers = read_directory(file)[0].numbers
        held.append(numbers[(numbers >= first_number(last)) & (numbers < first_number(last + 1))])
    # A page goes out to 1.4 zooms before the first, as MapLibre counts them for tiles of streets.
    shown = Shown(np.unique(np.concatenate(held)), last, [place["bbox"] for place in places], max(first - 2, 0))
    return cut_streets(streets, shown, room)


def street_data(cut: StreetCut | None, archive: Path | None) -> dict[str, Any] | None:
    """Describe streets that are in a page: its base map, and the archive of their tiles."""
    if cut is None or archive is None:
        return None
    first, last = cut.zooms
    return {
        "name": "Streets", "url": "streets://{z}/{x}/{y}", "attribution": cut.streets.attribution, "streets": True,
        "minzoom": first, "maxzoom": last, "bounds": list(cut.streets.bounds), "archive": archive_data(archive),
    }  # fmt: skip


def no_room(streets: Streets) -> str:
    """Say that a page has no room for streets."""
    return f"there are no streets of {streets.path.name} in the page"


def write_cut(cut: StreetCut, path: Path) -> None:
    """Write the tiles that were chosen as a PMTiles archive."""
    numbers = np.array([number_of(zoom, x, y) for zoom, x, y in cut.tiles], np.int64)
    data, order = list(cut.tiles.values()), np.argsort(numbers)
    places: dict[bytes, int] = {}
    pieces: list[bytes] = []
    offsets, at = [], 0
    for k in order.tolist():
        if data[k] not in places:
            places[data[k]] = at
            pieces.append(data[k])
            at += len(data[k])
        offsets.append(places[data[k]])
    lengths = [len(data[k]) for k in order.tolist()]
    entries = Directory(numbers[order], np.ones(len(order), np.int64), np.array(offsets), np.array(lengths))
    write_vectors(path, entries, pieces, cut.streets, cut.zooms)
