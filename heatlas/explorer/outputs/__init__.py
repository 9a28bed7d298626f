"""Files that hold explorer tiles, written whole or not at all; the ending of the name says how.

========== ==============================================================
`geojson`  a feature for each tile, for the squares and for missing tiles
`gpx`      closed tracks and waypoints, for handheld devices
`kml`      polygons in folders, for globes
`data`     the report as JSON
`picture`  blocks of colour, as PNG
`shapes`   tiles as rings of degrees, and names for people
========== ==============================================================
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.writers import check_place
from heatlas.writers.atomic import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.explorer.explored import Explored
    from heatlas.explorer.missing import Missing

__all__ = ["PICTURE", "TEXTS", "check_output", "write_outlines"]

PICTURE = ".png"
TEXTS = {".geojson": "geojson", ".gpx": "gpx", ".kml": "kml", ".json": "data"}
"""Ending in lower case -> module whose `lines` gives the text of a file, part by part."""


def check_output(path: Path) -> None:
    """Refuse a path that could not be written, before any work is done.

    Raises
    ------
    BadOption
        For an unknown ending (naming those that are known), a folder that is missing or closed, or a file that is
        closed or is no file.
    """
    ending = path.suffix.lower()
    if ending not in {PICTURE, *TEXTS}:
        what = f"the ending {path.suffix!r}" if path.suffix else "a name without an ending"
        raise BadOption(f"cannot write {path}: {what} is none of {', '.join([*TEXTS, PICTURE])}")
    check_place(path)


def write_outlines(path: Path, explored: Explored, missing: Missing | None) -> None:
    """Write a file of text.

    Raises
    ------
    HeatlasError
        When the system refuses to write.
    """
    lines = import_module(f"heatlas.explorer.outputs.{TEXTS[path.suffix.lower()]}").lines
    with atomic_write(path) as draft, draft.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines(explored, missing))
