"""Global tones to local ones: ranks of the four nearest cells, blended for each pixel."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import kernel

__all__ = ["blend_ranks"]


@kernel(
    "f4[:]", "const b1[:, :]", "const i8[:]", "const f4[:]", "const i8[:]", "const f4[:]", "const f4[:, :, :]", "f4"
)
def blend_ranks(toned, shown, left, across, upper, down, ranks, fade):
    """Replace global tones by blended ranks.

    Parameters
    ----------
    toned : ndarray of float32 (n,)
        Global tones of the shown pixels, row by row, 0 to 1. Is overwritten; tones up to `fade` stay.
    shown : ndarray of bool (height, width)
        Pixels that have a tone.
    left : ndarray of int64 (width,)
        Column of cells whose centre lies to the left of each pixel; the next column lies to its right.
    across : ndarray of float32 (width,)
        Share of the way to the next column, 0 to 1.
    upper : ndarray of int64 (height,)
        Row of cells whose centre lies above each pixel.
    down : ndarray of float32 (height,)
        Share of the way to the next row.
    ranks : ndarray of float32 (rows, columns, knots)
        Local tone of each cell at even steps of the global tone above `fade`; 0 first, 1 last.
    fade : float32
        Tone of the lowest value.
    """
    last = ranks.shape[2] - 1
    one = np.float32(1)
    steps = np.float32(last)
    k = 0
    for y in range(shown.shape[0]):
        above, beneath, lower = ranks[upper[y]], ranks[upper[y] + 1], down[y]
        for x in range(shown.shape[1]):
            if not shown[y, x]:
                continue
            t = toned[k]
            if t > fade:
                place = (t - fade) / (one - fade) * steps
                step = min(np.int64(place), last - 1)
                f = place - np.float32(step)
                a, share = left[x], across[x]
                b = a + 1
                nw = above[a, step] + f * (above[a, step + 1] - above[a, step])
                ne = above[b, step] + f * (above[b, step + 1] - above[b, step])
                sw = beneath[a, step] + f * (beneath[a, step + 1] - beneath[a, step])
                se = beneath[b, step] + f * (beneath[b, step + 1] - beneath[b, step])
                north = nw + share * (ne - nw)
                south = sw + share * (se - sw)
                toned[k] = fade + (one - fade) * (north + lower * (south - north))
            k += 1
