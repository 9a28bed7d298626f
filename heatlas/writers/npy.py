"""Write NumPy files of the values, for further computation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.writers.georeference import describe, write_description
from heatlas.writers.png import write_legend

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.writers.rendered_map import RenderedMap

__all__ = ["write"]

_STEP = 64
"""Rows to write at a time."""


def write(path: Path, rendered: RenderedMap) -> list[Path]:
    """Write the values as float32 (height, width), NaN where there are none, and NAME.npy.json with their position."""
    shape = (rendered.window.height, rendered.window.width)
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    rows = rendered.value_rows(_STEP)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for _, values in rows:
            file.write(np.ascontiguousarray(values, "<f4").data)
    description = describe(path.name, rendered)
    # Web maps cannot show an array.
    placed = {key: value for key, value in description.items() if key not in {"image", "leaflet", "maplibre"}}
    written = [path, write_description(path, {"array": path.name, "nodata": "NaN", **placed})]
    return [*written, *write_legend(path, rendered)]
