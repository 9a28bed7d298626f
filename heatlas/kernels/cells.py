"""List the cells of a coarse lattice that tracks go through."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import kernel
from heatlas.kernels.lattice import FRAME, next_pixel, place, set_out

__all__ = ["list_cells"]


@kernel("const f8[:]", "const f8[:]", "const i8[:]", "const i8[:]", FRAME, allocates=True)
def list_cells(u, v, segments, tracks, frame):
    """List the cells that tracks go through, by exact traversal, as `heatlas.kernels.visits.list_visits` finds them.

    Parameters
    ----------
    u, v : ndarray of float64 (n,)
        World coordinates.
    segments, tracks : ndarray of int64
        Offsets as in a batch.
    frame : tuple
        Frame of the whole world, with its corner at 0, 0 (`heatlas.kernels.lattice.frame_of`).

    Returns
    -------
    track, column, row : ndarray of int64 (k,)
        Cell by cell along each track: each differs from the one before it. Columns of tracks across the antimeridian
        lie beyond the world.
    fixes : ndarray of int64 (k,)
        Fixes in the cell before the track leaves it.
    """
    fraction, size, left, top, _, _ = frame
    most = segments.shape[0] - 1
    for s in range(segments.shape[0] - 1):
        for i in range(segments[s], segments[s + 1] - 1):
            most += abs((place(u[i + 1], size, left) >> fraction) - (place(u[i], size, left) >> fraction))
            most += abs((place(v[i + 1], size, top) >> fraction) - (place(v[i], size, top) >> fraction))
    track, column, row, fixes = (
        np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64), np.zeros(most, np.int64)
    )  # fmt: skip
    n = -1
    for k in range(tracks.shape[0] - 1):
        for s in range(tracks[k], tracks[k + 1]):
            first, last = segments[s], segments[s + 1]
            if first == last:
                continue
            ax, ay = place(u[first], size, left), place(v[first], size, top)
            n += 1
            track[n], column[n], row[n], fixes[n] = k, ax >> fraction, ay >> fraction, 1
            for i in range(first + 1, last):
                bx, by = place(u[i], size, left), place(v[i], size, top)
                if (bx >> fraction != ax >> fraction) | (by >> fraction != ay >> fraction):
                    way, slope = set_out(ax, ay, bx, by, fraction)
                    while way[2] + way[3] > 0:
                        way, _ = next_pixel(way, slope)
                        n += 1
                        track[n], column[n], row[n] = k, way[0], way[1]
                fixes[n] += 1
                ax, ay = bx, by
    n += 1
    return track[:n], column[:n], row[:n], fixes[:n]
