"""Streets beside a folder of tiles: one file for each tile, as any web server gives it out."""

from __future__ import annotations

import gzip
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from heatlas.core.paths import rename

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.publish.street_cut import StreetCut

__all__ = ["told_of", "write_streets"]

_FOLDER = "streets"
_ENDING = ".mvt"


def told_of(cut: StreetCut) -> dict[str, Any]:
    """What tiles.json tells of streets."""
    first, last = cut.zooms
    return {
        "tiles": [f"{_FOLDER}/{{z}}/{{x}}/{{y}}{_ENDING}"], "minzoom": first, "maxzoom": last,
        "bounds": list(cut.streets.bounds), "attribution": cut.streets.attribution,
    }  # fmt: skip


def write_streets(path: Path, cut: StreetCut | None) -> None:
    """Write the tiles that differ from those of the folder, and remove those that are not among them."""
    folder = path / _FOLDER
    wanted = (
        {}
        if cut is None
        else {folder / str(z) / str(x) / f"{y}{_ENDING}": tile for (z, x, y), tile in cut.tiles.items()}
    )
    for stored in folder.glob(f"*/*/*{_ENDING}"):
        if stored not in wanted:
            stored.unlink()
    for name, tile in wanted.items():
        # Web servers name no packing for such a file: it is stored plain, and they pack it on the way.
        data = gzip.decompress(tile) if cut is not None and cut.streets.packed else tile
        if name.is_file() and name.stat().st_size == len(data) and name.read_bytes() == data:
            continue
        name.parent.mkdir(parents=True, exist_ok=True)
        draft = name.with_suffix(".draft")
        draft.write_bytes(data)
        rename(draft, name)
    for empty in (*folder.glob("*/*"), *folder.glob("*"), folder):
        with suppress(OSError):
            empty.rmdir()
