"""The glow of new tracks: laid over a picture, and cooled down from frame to frame."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import kernel

__all__ = ["glow_in", "glow_over", "light"]


@kernel("f4[:, :]", "const f4[:, :]", "f4", "i8", "i8")
def light(glow, mask, strength, top, left):
    """Raise `glow` (h, w) to `strength` times `mask`, where that is more.

    `mask` (float32) is smaller. Its corner lies at row `top` and column `left`; values above 1 count as 1.
    """
    for y in range(mask.shape[0]):
        for x in range(mask.shape[1]):
            value = strength * min(mask[y, x], np.float32(1.0))
            if value > glow[top + y, left + x]:
                glow[top + y, left + x] = value


@kernel("const u1[:, :]", "const u1[:, :]", "f4[:, :]", "f4", "f4", "u1[:, :, :]")
def glow_in(steps, colours, glow, rate, least, picture):
    """Make a picture hotter where it glows, in its own colours, and let the glow cool down.

    Parameters
    ----------
    steps : ndarray of uint8 (h, w)
        The picture as steps of a palette.
    colours : ndarray of uint8 (256, 3)
        The palette, from nothing to the hottest.
    glow : ndarray of float32 (h, w)
        0 leaves a pixel as it is, 1 or more makes it the hottest. Is multiplied by `rate`, and becomes 0 below `least`.
    rate, least : float32
        Both below 1.
    picture : ndarray of uint8 (h, w, 3)
        Is painted over where it glows.
    """
    for y in range(glow.shape[0]):
        for x in range(glow.shape[1]):
            value = glow[y, x]
            if value > 0:
                step = np.float32(steps[y, x])
                hot = int(step + (np.float32(255) - step) * min(value, np.float32(1)) + np.float32(0.5))
                for c in range(3):
                    picture[y, x, c] = colours[hot, c]
                value *= rate
                glow[y, x] = value if value >= least else np.float32(0)


@kernel("const f4[:]", "f4[:, :]", "f4", "f4", "u1[:, :, :]")
def glow_over(flash, glow, rate, least, picture):
    """Lay one colour over a picture where it glows, and let the glow cool down.

    Parameters
    ----------
    flash : ndarray of float32 (3,)
        The colour.
    glow, rate, least, picture
        As for `glow_in`; 1 or more covers a pixel.
    """
    half = np.float32(0.5)
    for y in range(glow.shape[0]):
        for x in range(glow.shape[1]):
            value = glow[y, x]
            if value > 0:
                cover = min(value, np.float32(1))
                for c in range(3):
                    base = np.float32(picture[y, x, c])
                    picture[y, x, c] = np.uint8(base + cover * (flash[c] - base) + half)
                value *= rate
                glow[y, x] = value if value >= least else np.float32(0)
