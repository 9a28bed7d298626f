"""Ground beside a folder of tiles: names of towns, and streets around what is shown."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from heatlas.gazetteer.towns import labels_around
from heatlas.publish.extent import places_of
from heatlas.publish.street_cut import Shown, cut_streets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from heatlas.pmtiles.streets import Streets
    from heatlas.publish.sink import Metadata
    from heatlas.tiles.fields import Field

__all__ = ["with_ground"]


def with_ground(metadata: Metadata, field: Field, streets: Streets | None, numbers: NDArray[np.int64]) -> Metadata:
    """Add names, and streets of a file, to the metadata of a folder; `numbers` are the tiles of its last zoom.

    Raises
    ------
    BadOption, SourceFailed
        When the file has no streets where anything is shown, or is damaged.
    """
    boxes = [place["bbox"] for place in places_of(field)]
    metadata = replace(metadata, names=labels_around(metadata.bounds, boxes))
    if streets is None or not len(numbers):
        return metadata
    first, last = metadata.zooms
    return replace(metadata, streets=cut_streets(streets, Shown(numbers, last, boxes, max(first - 2, 0)), math.inf))
