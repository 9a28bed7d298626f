"""Tracks on a lattice of whole numbers: places inside pixels, lines near a window, and their courses through pixels.

Positions are rounded to a fine lattice inside the pixels. The next pixel is then decided in whole numbers, without
any rounding: by the line between two fixes alone, wherever a window's edges are.

Indices in hot loops are unsigned: numba checks signed ones for negative values.
"""

from __future__ import annotations

import math

import numpy as np

from heatlas.kernels.compiled import helper
from heatlas.kernels.instructions import bits_of

__all__ = [
    "CHUNK", "FRAME", "LONGEST", "ONE", "frame_of", "moment", "near_lines", "next_pixel", "place", "reached", "set_out",
    "slot_of", "visits",
]  # fmt: skip

CHUNK = 512
"""Fixes that are tested in one go; those on one side outside the window are skipped at once."""
LONGEST = 13
"""Binary logarithm of the pixels of a line below which its products fit into 64 bits, at 24 bits of a pixel."""
FRAME = ("i8", "f8", "i8", "i8", "i8", "i8")
"""Types of what `frame_of` gives."""
ONE = np.uint64(1)
"""Increment of an unsigned index."""
_MAGIC = 1.5 * 2.0**52
"""Added to a smaller number, it leaves the nearest whole number in the last bits: a rounding that vectorises."""
_MAGIC_BITS = int(np.float64(_MAGIC).view(np.int64))


def frame_of(scale: float, x0: float, y0: float, width: int, height: int) -> tuple[int, float, int, int, int, int]:
    """Locate a window on the lattice.

    Parameters
    ----------
    scale : float
        Pixels across the world.
    x0, y0 : float
        Left and upper edge, pixels.
    width, height : int
        Pixels.

    Returns
    -------
    tuple
        Binary logarithm of the lattice's points across a pixel: 24, fewer where numbers would grow too long; points
        across the world; left and upper edge, points; width and height, pixels.
    """
    bits = min(24, 49 - math.ceil(math.log2(scale)))
    points = 2.0**bits
    return bits, scale * points, round(x0 * points), round(y0 * points), width, height


@helper()
def place(world, size, origin):
    """Position on the lattice: `size` points across the world, `origin` at the window's edge."""
    return bits_of(world * size + _MAGIC) - (_MAGIC_BITS + origin)


@helper()
def near_lines(u, v, start, lines, all_of_them, frame, x, y, near):
    """Find the lines that may touch the window and, if not `all_of_them`, lead to another pixel.

    Plain loops without branches, which the compiler turns into vector instructions: most lines stay inside one
    pixel, or away from the window. `x` and `y` receive the places of the `lines` + 1 fixes from `start` on,
    `near` the lines found, counted from `start`.

    Returns the number of lines found.
    """
    bits, size, left, top, width, height = frame
    right, bottom = (width << bits) - 1, (height << bits) - 1
    beyond = 0  # negative as soon as one fix lies outside
    found = np.uint64(0)
    for world, origin, far, places in ((v, top, bottom, y), (u, left, right, x)):
        some = world[start : start + lines + 1]  # by `start + i` each would be fetched alone: it might be negative
        before = behind = -1  # negative while all fixes lie beyond that edge
        for i in range(lines + 1):
            places[i] = place(some[i], size, origin)
            before &= places[i]
            behind &= far - places[i]
            beyond |= places[i] | (far - places[i])
        if (before | behind) < 0:
            return found
    for i in range(lines):
        leads_on = ((x[i] ^ x[i + 1]) | (y[i] ^ y[i + 1])) >> bits != 0
        near[i] = leads_on | all_of_them
    if beyond < 0:
        for i in range(lines):
            aside = (x[i] & x[i + 1]) | ((right - x[i]) & (right - x[i + 1]))
            aside |= (y[i] & y[i + 1]) | ((bottom - y[i]) & (bottom - y[i + 1]))
            near[i] &= np.uint32(aside >= 0)
    for i in range(lines):  # in place: the flag of a line is read before a number is written there
        wanted = np.uint64(near[i])
        near[found] = i
        found += wanted
    return found


@helper()
def _coarser(ax, ay, bx, by, bits):
    """Number of bits that a very long line must drop for its products to fit into 64 bits; its ends stay."""
    less = 0
    while (abs(bx - ax) | abs(by - ay)) >> (bits + LONGEST + less) > 0:
        less += 1
    return less


@helper(forceinline=True)
def set_out(ax, ay, bx, by, bits):
    """Compute the course of a line from pixel to pixel.

    The pixels of a line are found by exact traversal: J. Amanatides and A. Woo, A Fast Voxel Traversal Algorithm for
    Ray Tracing, Eurographics 1987. The balance is the difference of the two next crossings, times both lengths. While
    it is negative, the next edge is one between columns, which also comes first of two at once. Crossing it adds `rise`
    to the balance; crossing one between rows subtracts `run`.

    Returns
    -------
    way : tuple of int
        Column and row of the first pixel, edges between columns and between rows to come, and the balance. Changes from
        pixel to pixel (`next_pixel`).
    slope : tuple of int
        Step from column to column, and from row to row (1 or -1), rise and run.
    """
    less = _coarser(ax, ay, bx, by, bits)
    columns, rows = (bx >> bits) - (ax >> bits), (by >> bits) - (ay >> bits)
    west, north = (bx - ax) >> 63, (by - ay) >> 63  # -1 or 0: makes distances positive without a branch
    to_x = ((((((ax >> bits) + 1 + west) << bits) - ax) ^ west) - west) >> less
    to_y = ((((((ay >> bits) + 1 + north) << bits) - ay) ^ north) - north) >> less
    length_x, length_y = abs(bx - ax) >> less, abs(by - ay) >> less
    balance = to_x * length_y - to_y * length_x - 1
    way = ax >> bits, ay >> bits, abs(columns), abs(rows), balance
    step_x, step_y = (1 if columns > 0 else -1), (1 if rows > 0 else -1)
    return way, (step_x, step_y, length_y << (bits - less), length_x << (bits - less))


@helper(forceinline=True)
def next_pixel(way, slope):
    """Cross the next edge, of which there is one; returns the way from there, and whether the edge lay between columns.

    Where it did not, it lay between rows.
    """
    column, row, columns, rows, balance = way
    step_x, step_y, rise, run = slope
    if columns > 0 and (balance < 0 or rows == 0):
        return (column + step_x, row, columns - 1, rows, balance + rise), True
    return (column, row + step_y, columns, rows - 1, balance - run), False


@helper(forceinline=True)
def reached(way, slope, sideways, line, frame):
    """Share of a line that lies before the edge that `next_pixel` crossed.

    `line` has the places of its ends, not rounded to the lattice: x of both, y of both.
    """
    bits, left, top = frame[0], frame[2], frame[3]
    if sideways:
        return _crossing(line[0], line[1], ((way[0] + (slope[0] < 0)) << bits) + left)
    return _crossing(line[2], line[3], ((way[1] + (slope[1] < 0)) << bits) + top)


@helper(error_model="numpy")
def _crossing(a, b, edge):
    """Share of the line from a to b that lies before an edge, by places that are not rounded to the lattice.

    The time and distance spent in four pixels are therefore those spent in the one pixel that they form at half the
    scale. All are counted from the world's edge, where whole numbers are exact. Counting from a window's edge would
    round the places.
    """
    return min(max((edge - a) / (b - a), 0.0), 1.0)


@helper(forceinline=True)
def slot_of(column, row, mask, shift):
    """Key of a pixel, and its slot in a table of 4**shift that repeats over the lattice; `mask` is 2**shift - 1."""
    return (row << 32) + column, (row & mask) << shift | column & mask


@helper()
def moment(fixes, line, frame, column, row, share):
    """Progress at which a line enters (`share` is 0) or leaves (1) a pixel.

    Line -1 - i stands for the end of a segment at fix i. The share is a float: numba would compile again for each flag.
    """
    u, v, progress = fixes
    if line < 0:
        return np.float64(progress[-1 - line])
    bits, size, left, top, _, _ = frame
    ax, ay, bx, by = u[line] * size, v[line] * size, u[line + 1] * size, v[line + 1] * size
    leaving = share > 0
    if place(u[line + leaving], size, left) >> bits != column:
        share = _crossing(ax, bx, ((column + ((bx > ax) == leaving)) << bits) + left)
    if place(v[line + leaving], size, top) >> bits != row:
        down = _crossing(ay, by, ((row + ((by > ay) == leaving)) << bits) + top)
        share = min(share, down) if leaving else max(share, down)
    start = np.float64(progress[line])
    return start + share * (progress[line + 1] - start)


@helper()
def visits(u, v, segments, frame, x, y, near):
    """Bound the number of pixel visits inside a window from above."""
    bits, _, _, _, width, height = frame
    total = 0
    for s in range(segments.shape[0] - 1):
        total += segments[s] < segments[s + 1]
        for start in range(segments[s], segments[s + 1] - 1, CHUNK):
            lines = min(CHUNK, segments[s + 1] - 1 - start)
            found = near_lines(u, v, start, lines, True, frame, x, y, near)
            for j in range(found):
                i = near[j]
                columns, rows = abs((x[i + 1] >> bits) - (x[i] >> bits)), abs((y[i + 1] >> bits) - (y[i] >> bits))
                total += min(columns + 1, width + 1) + min(rows + 1, height + 1)
    return total
