"""Count the people who passed each pixel of a window, or the pixels around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.resources import processors
from heatlas.core.threads import side_by_side
from heatlas.raster.partition import near, strips
from heatlas.raster.threshold import reach_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.core.batch import Batch
    from heatlas.core.window import Window

__all__ = ["people_around"]


def people_around(batches: Sequence[Batch], window: Window, workers: int | None = None) -> NDArray[np.uint32]:
    """Count the different people of each pixel and of those within `heatlas.raster.threshold.reach_of` it.

    Activities that are nobody's do not count.

    Returns
    -------
    ndarray of uint32 (height, width)
    """
    reach, workers = reach_of(window), workers or processors()
    within = near(batches, window.grown(reach))
    names = sorted({one.person for nearby in within for one in nearby.batch.activities} - {""})
    numbers = {name: number for number, name in enumerate(names)}
    counts = np.zeros((window.height, window.width), np.uint32)

    def count(strip: Window) -> None:
        from heatlas.kernels.path import metres_along
        from heatlas.kernels.people import add_people
        from heatlas.kernels.trace import list_passages

        outer, top = strip.grown(reach), strip.y - window.y
        stamps, part = np.full((strip.height, strip.width), -1, np.int64), counts[top : top + strip.height]
        tracks = [(nearby, k, one.person) for nearby in within for k, one in enumerate(nearby.batch.activities)]
        tracks = sorted((track for track in tracks if track[2]), key=lambda track: track[2])
        metres = {
            id(nearby.batch): metres_along(nearby.batch.u, nearby.batch.v, nearby.batch.segments) for nearby in within
        }
        places = {id(nearby): list(nearby.over(outer)) for nearby in within}
        for nearby, k, person in tracks:
            batch = nearby.batch
            segments = batch.segments[batch.tracks[k] : batch.tracks[k + 1] + 1]
            for frame, touching in places[id(nearby)]:
                if touching[k]:
                    cells, _spent = list_passages(
                        batch.u, batch.v, batch.progress, batch.time, metres[id(batch)], np.zeros(0), segments,
                        frame, nearby.least[k], nearby.bits[k],
                    )  # fmt: skip
                    bounds, label = np.array([0, len(cells)]), np.array([numbers[person]])
                    add_people(cells, bounds, np.zeros(1, np.int64), label, outer.width, reach, stamps, part)

    side_by_side(count, strips(within, window, workers), workers)
    return counts
