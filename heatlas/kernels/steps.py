"""Values to the 256 steps of a palette, by the values at which each step begins."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import kernel

__all__ = ["SHIFT", "step_of_values"]

SHIFT = 14
"""Bits of a float32 that are not looked at first: 512 places are left for each doubling of a value."""


@kernel()
def step_of_values(values, bits, begins, table, least, out):
    """Find the step of each value: how many steps begin at it or below; 0 for 0 and what is below.

    Parameters
    ----------
    values : ndarray of float32 (n,)
        Not NaN.
    bits : ndarray of int32 (n,)
        The same memory: the bits of numbers above 0 ascend as they do.
    begins : ndarray of float32 (256,)
        Above 0, ascending; the last is infinite, so that there are 255 of them.
    table : ndarray of uint8 (places,)
        Step of the least value of each place: of bits >> SHIFT, less `least`.
    least : int
        Place of the first step.
    out : ndarray of uint8 (n,)
        Is overwritten.
    """
    last = table.shape[0] - 1
    for k in range(values.shape[0]):
        value = values[k]
        step = np.uint8(0)
        if value >= begins[0]:
            step = table[min((np.int64(bits[k]) >> SHIFT) - least, last)]
            while begins[step] <= value:
                step += np.uint8(1)
        out[k] = step
