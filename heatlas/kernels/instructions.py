"""Instructions that numba lacks, by name. Their code, `intrinsics`, is loaded with numba, to compile a kernel."""

from __future__ import annotations

import functools
from typing import Any

__all__ = [
    "add_four", "bits_of", "eight_bytes", "float32_of", "float64_of", "prefetch", "round_four", "trailing_zeros",
    "weigh_four", "weigh_sixteen",
]  # fmt: skip


class Instruction:
    """An instruction that kernels call."""

    def __init__(self, name: str) -> None:
        self._name = name

    @functools.cached_property
    def _numba_type_(self) -> Any:
        """Numba asks for this when it compiles a kernel that calls it."""
        from numba.core.registry import cpu_target

        from heatlas.kernels import intrinsics

        context = cpu_target.typing_context
        context.refresh()
        return context.resolve_value_type(getattr(intrinsics, self._name))


prefetch = Instruction("prefetch")
"""(array, index): fetch the cache line of an element before it is needed."""
eight_bytes = Instruction("eight_bytes")
"""(array, index): eight bytes of an array from an index on as one uint64, to test all of them at once."""
trailing_zeros = Instruction("trailing_zeros")
"""(number): zero bits below the lowest one of a uint64, which is not 0."""
bits_of = Instruction("bits_of")
"""(number): bits of a float64 as an int64."""
float64_of = Instruction("float64_of")
"""(bits): the float64 that the bits of an int64 stand for."""
float32_of = Instruction("float32_of")
"""(bits): the float32 that the lower 32 bits of an int64 stand for."""
add_four = Instruction("add_four")
"""(out, at, array, index): add four float64 of an array to those of another; places are uint64."""
weigh_four = Instruction("weigh_four")
"""(out, total, weights, array, here, there, middle, weight): add what a part of a line weighs, of four metrics."""
round_four = Instruction("round_four")
"""(out, to, array, total, weights, scales, rules, unknown): round four means to steps."""
weigh_sixteen = Instruction("weigh_sixteen")
"""(out, to, array, first, step, weights, count, factor): weighted sums of `count` rows of sixteen."""
