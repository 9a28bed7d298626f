"""Map values to the 256 steps of a palette, by the values at which each step begins."""

from __future__ import annotations

import numpy as np

from heatlas.kernels.compiled import kernel

__all__ = ["SHIFT", "step_of_values"]

SHIFT = 14
"""Low bits of a float32 that the table ignores: 512 places are left for each doubling of a value."""


@kernel("const f4[:]", "const i4[:]", "const f4[:]", "const u1[:]", "i8", "u1[:]")
def step_of_values(values, bits, begins, table, least, out):
    """Find the step of each value: the number of steps that begin at it or below; 0 for values of 0 or less.

    Parameters
    ----------
    values : ndarray of float32 (n,)
        Not NaN.
    bits : ndarray of int32 (n,)
        The same memory. The bits of numbers above 0 ascend with the numbers.
    begins : ndarray of float32 (256,)
        Above 0, ascending. The last is infinite, so that the greatest step is 255.
    table : ndarray of uint8 (places,)
        Step of the least value of each place; the place of a value is bits >> SHIFT, less `least`.
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
