"""NumPy files: the values alone, for who wants to go on computing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.sinks.georeference import describe, write_description
from heatlas.sinks.png import write_legend

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.sinks.artwork import Artwork

__all__ = ["write"]


def write(path: Path, artwork: Artwork) -> list[Path]:
    """Write the values as float32 (height, width), NaN where nothing is, and NAME.json that places them."""
    values = artwork.needed_values
    with path.open("wb") as file:
        np.save(file, values, allow_pickle=False)
    description = describe(path.name, artwork)
    # There is no image that a web map could show.
    placed = {key: value for key, value in description.items() if key not in {"image", "leaflet", "maplibre"}}
    written = [path, write_description(path, {"array": path.name, "nodata": "NaN", **placed})]
    return [*written, *write_legend(path, artwork)]
