"""Map values to the 256 steps of a palette, by the values at which each step begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.kernels.compiled import helper, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SHIFT", "colour_means", "ordered", "step_of", "step_of_values"]

SHIFT = 14
"""Low bits of a float32 that the table ignores: 512 places are left for each doubling of a value."""


@helper(forceinline=True)
def _rank(bits):
    """Number of the bits of a float32 (as int64) among all: ascends with the numbers, also below 0."""
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


def ordered(ranks: NDArray[np.int64]) -> NDArray[np.float32]:
    """Numbers of some ranks (n,), which ascend with them, also below 0."""
    return (ranks ^ ((ranks >> 31) & 0x7FFFFFFF)).astype(np.int32).view(np.float32)


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
    for k in range(values.shape[0]):
        out[k] = step_of(values[k], bits[k], begins, table, least)


@helper(forceinline=True)
def step_of(value, bits, begins, table, least):
    """Find the step of a value as `step_of_values` does."""
    step = np.uint8(0)
    if value >= begins[0]:
        step = table[np.uint64(min((np.int64(bits) >> SHIFT) - least, table.shape[0] - 1))]
        while begins[step] <= value:
            step += np.uint8(1)
    return step


@kernel(
    "const f4[:]", "const f4[:]", "f4[:]", "const i4[:]", "const f4[:]", "const u1[:]", "i8", "const u4[:]",
    "const u1[:]", "f4", "f4", "u4[:]", error_model="numpy",
)  # fmt: skip
def colour_means(counts, sums, means, bits, begins, table, least, colours, alphas, once, more, out):
    """Colour means; their opacity follows from the passages behind them, as in `heatlas.style.colour`.

    Parameters
    ----------
    counts, sums : ndarray of float32 (n,)
        Passages, and sums of their values.
    means : ndarray of float32 (n,)
        Is overwritten.
    bits : ndarray of int32 (n,)
        The same memory.
    begins : ndarray of float32 (256,)
        Ascending: the least mean of steps 1 to 255, and NaN.
    table : ndarray of uint8 (places,)
        Step of the least value of each place; the place of a value is its rank >> SHIFT, less `least`.
    least : int
        Place of the first step.
    colours : ndarray of uint32 (256,)
        Colour of each step, red in the lowest byte, 0 in the highest; pixels that are empty have the first.
    alphas : ndarray of uint8 (256,)
        Opacity of each step.
    once, more : float32
        Opacity where there is one passage, and what each further one adds to it, up to 1.
    out : ndarray of uint32 (n,)
        Colours with their opacity in the highest byte; is overwritten.
    """
    last = table.shape[0] - 1
    for k in range(counts.shape[0]):
        means[k] = sums[k] / counts[k]
    for k in range(counts.shape[0]):
        count = counts[k]
        if not count > 0:
            out[k] = colours[0]
            continue
        step = _step(means[k], bits[k], begins, table, least, last)
        share = min(max((count - np.float32(0.1)) / np.float32(0.5), np.float32(0)), np.float32(1))
        share = share * share * (np.float32(3) - np.float32(2) * share)
        share = share * min(once + more * max(count - np.float32(1), np.float32(0)), np.float32(1))
        alpha = np.uint32(alphas[step]) * np.uint32(np.int32(np.rint(share * np.float32(255)))) + np.uint32(127)
        out[k] = colours[step] | (alpha // np.uint32(255)) << np.uint32(24)


@helper(forceinline=True)
def _step(value, bits, begins, table, least, last):
    step = np.uint8(0)
    if value >= begins[0]:
        step = table[max(min((_rank(np.int64(bits)) >> SHIFT) - least, last), 0)]  # -0 ranks below 0
        while begins[step] <= value:
            step += np.uint8(1)
    return step
