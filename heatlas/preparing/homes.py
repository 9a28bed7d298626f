"""Second step: the home of each person, and the partition that the person belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.preparing.folder import WorkingFolder

__all__ = ["ZOOM", "Plan", "plan_of"]

ZOOM = 14
"""Zoom of home tiles: some 2 km."""


@frozen
class Plan:
    """Which person belongs to which partition."""

    partition: dict[str, int]
    """Person -> number of the partition."""
    order: dict[str, int]
    """Person -> place along the Hilbert curve of homes."""
    fixes: list[int]
    """Fixes of each partition."""
    persons: list[int]
    """Persons of each partition."""
    whole: list[bool]
    """Whether whole numbers of 1e-7 degrees hold all positions of each partition without a loss."""


def plan_of(folder: WorkingFolder, groups: int, size: int) -> Plan:
    """Order persons by the Hilbert number of their home tile, and cut them into partitions of about one size.

    The home of a person is the tile of zoom 14 in which most of the trips begin; of several the first along the curve.

    Parameters
    ----------
    folder : WorkingFolder
        With the groups.
    groups : int
        Number of them.
    size : int
        Fixes of a partition, about. One person is never cut.
    """
    tables = [pq.read_table(folder.file(f"read/{k:06}.people")) for k in range(groups)]
    rows = pa.concat_tables(tables).group_by(["person", "tile"])
    tiles = rows.aggregate([("trips", "sum"), ("fixes", "sum"), ("whole", "min")]).sort_by(
        [("person", "ascending"), ("trips_sum", "descending"), ("tile", "ascending")]
    )
    persons: list[str] = tiles["person"].to_pylist()
    firsts = np.flatnonzero([k == 0 or persons[k] != persons[k - 1] for k in range(len(persons))])
    if not len(firsts):
        return Plan({}, {}, [], [], [])
    homes = tiles["tile"].to_numpy()[firsts]
    fixes = np.add.reduceat(tiles["fixes_sum"].to_numpy(), firsts)
    whole = np.minimum.reduceat(tiles["whole_min"].to_numpy(zero_copy_only=False), firsts)
    names = [persons[k] for k in firsts]
    order = np.lexsort((np.arange(len(names)), homes))
    numbers = _cut(fixes[order], size)
    count = int(numbers[-1]) + 1
    return Plan(
        partition={names[k]: int(number) for k, number in zip(order.tolist(), numbers, strict=True)},
        order={names[k]: place for place, k in enumerate(order.tolist())},
        fixes=np.bincount(numbers, fixes[order], count).astype(np.int64).tolist(),
        persons=np.bincount(numbers, minlength=count).tolist(),
        whole=[bool(whole[order][numbers == k].all()) for k in range(count)],
    )


def _cut(fixes: Sequence[int] | np.ndarray, size: int) -> np.ndarray:
    """Number of the partition of each person, in their order: a new one where the last would become too large."""
    numbers = np.zeros(len(fixes), np.int64)
    number, held = 0, 0
    for k, some in enumerate(np.asarray(fixes).tolist()):
        if held and held + some > size + size // 4:
            number, held = number + 1, 0
        held += some
        numbers[k] = number
        if held >= size and k + 1 < len(numbers):
            number, held = number + 1, 0
    return numbers
