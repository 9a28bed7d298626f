"""Count the people who passed a pixel or the pixels around it."""

from __future__ import annotations

from heatlas.kernels.compiled import kernel

__all__ = ["add_people"]


@kernel("const i8[:]", "const i8[:]", "const i8[:]", "const i8[:]", "i8", "i8", "i8[:, :]", "u4[:, :]")
def add_people(cells, bounds, order, people, width, reach, stamps, counts):
    """Count each person once in each pixel within `reach` pixels of one that the person passed.

    Parameters
    ----------
    cells : ndarray of int64 (k,)
        Pixels of passages, row * width + column of a window that is larger than `counts` by `reach` on all sides.
    bounds : ndarray of int64 (r + 1,)
        Offsets of the runs, each of one person.
    order : ndarray of int64 (r,)
        Runs, those of one person after each other.
    people : ndarray of int64 (r,)
        Number of the person of each run, 0 or more.
    width : int
        Of the larger window.
    reach : int
        0: the pixel alone; 1: the 3 x 3 pixels around it.
    stamps : ndarray of int64 (height, width - 2 reach)
        Person counted last in each pixel; -1 before the first.
    counts : ndarray of uint32 (height, width - 2 reach)
        Is increased.
    """
    height, inner = counts.shape
    for run in order:
        person = people[run]
        for k in range(bounds[run], bounds[run + 1]):
            row = cells[k] // width
            column = cells[k] - row * width
            # In the smaller window the pixel lies at (row - reach, column - reach), and is felt `reach` around.
            for y in range(max(row - 2 * reach, 0), min(row + 1, height)):
                for x in range(max(column - 2 * reach, 0), min(column + 1, inner)):
                    if stamps[y, x] != person:
                        stamps[y, x] = person
                        counts[y, x] += 1
