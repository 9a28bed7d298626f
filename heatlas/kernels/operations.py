"""What formulas are made of, as their kernels take them; known without compiling anything.

A formula is a list of steps (`heatlas.tracks.metrics.program` records it). Each takes up to three registers and fills
another; a register is a row of values of a block of passages. First come the columns that the formula reads, then its
constants. Conditions are 1 or 0; what is unknown is NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.signatures import Struct

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ADDING", "AMOUNTS", "CODED", "COLUMN", "FACTS", "FORMULA", "NOTHING", "OPERATIONS", "ROW", "RUNS", "STEPS",
    "TABLE", "UNUSED", "VOICING", "Adding", "Coded", "Formula", "Runs", "Voicing",
]  # fmt: skip

UNUSED = np.zeros(0)
"""Stands for a plane that a reduction lacks, in kernels that can fill several."""

OPERATIONS = (
    "add", "subtract", "multiply", "divide", "remainder", "power", "minimum", "maximum", "less", "less_equal", "equal",
    "not_equal", "logical_and", "logical_or", "logical_not", "isnan", "isfinite", "negative", "absolute", "sqrt", "exp",
    "log", "arcsin", "where", "sine_of_sun",
)  # fmt: skip
"""Names of the operations, as numpy calls them; each step holds the place of its own."""
NOTHING, AMOUNTS, STEPS, TABLE, FACTS, COLUMN, ROW = range(7)
"""Kinds of columns: unknown throughout; bytes of amounts, of values in steps, of values in a table; facts of
activities; a number for each column of pixels, or for each row."""


class Formula(NamedTuple):
    """A formula as kernels take it."""

    steps: NDArray[np.int64]
    """(s, 5) int64: operation, register of the result, registers of what it takes."""
    constants: NDArray[np.float64]
    """(c,) float64."""
    registers: int
    """How many there are: columns, constants and results."""
    result: int
    """Register of the formula's value."""
    second: int
    """Register of its second value, of a pair of formulas; else that of the first."""


class Runs(NamedTuple):
    """Runs of activities in a tile of the index."""

    pixels: NDArray[np.uint16]
    """(k,) uint16, run after run."""
    numbers: NDArray[np.int64]
    """(r,) int64: number of the activity of each run."""
    lengths: NDArray[np.int64]
    """(r,) int64: passages of each run."""
    kept: NDArray[np.bool_]
    """(r,) bool: whether the run is wanted."""


class Coded(NamedTuple):
    """Columns that a formula reads, as they are found in a tile of the index."""

    kinds: NDArray[np.int64]
    """(c,) int64: NOTHING to ROW."""
    data: NDArray[np.uint8]
    """(b,) uint8: bytes of the columns, one after the other."""
    begins: NDArray[np.int64]
    """(c + 1,) int64: where those of each column begin."""
    steps: NDArray[np.float64]
    """(c,) float64: value of 1, of AMOUNTS and STEPS."""
    table: NDArray[np.float64]
    """(t,) float64: values of TABLE."""
    least: int
    """Whole number of the first of them."""
    rows: NDArray[np.int64]
    """(c,) int64: which of the facts, of FACTS."""
    facts: NDArray[np.float64]
    """(f, activities) float64: facts by number of the activity."""
    places: NDArray[np.float64]
    """(2, 256) float64: of COLUMN by the column of the pixel, of ROW by its row."""


class Adding(NamedTuple):
    """How values of passages are added to the planes (pixels,) of pixels; planes of no length are not touched."""

    scale: float
    """Values are rounded to multiples of 1 / scale, a power of two, so that sums do not depend on their order."""
    counts: NDArray[np.float64]
    """Number of passages."""
    totals: NDArray[np.float64]
    """Sum."""
    squares: NDArray[np.float64] = UNUSED
    """Sum of squares."""
    extremes: NDArray[np.float64] = UNUSED
    """Least or greatest value; NaN before the first."""
    across: NDArray[np.float64] = UNUSED
    """Of angles the sum of sines, where the totals are those of cosines."""
    greatest: bool = False
    """Whether `extremes` hold the greatest."""
    period: float = 0.0
    """A whole turn, of angles; else 0."""
    factor: float = 1.0
    """Values are multiplied by it first."""


class Voicing(NamedTuple):
    """How voices of activities are added to the planes (pixels,) of pixels; planes of no length are not touched."""

    levels: NDArray[np.float64]
    """(2, activities) float64: taken off from the two values of each; NaN: it is left out. Of voices with one value the
    first row is for n, x, xx, the second for m, y, yy: 0 on the side of a difference that an activity is on."""
    scale_x: float
    """Values are rounded to multiples of 1 / scale, a power of two."""
    scale_y: float
    n: NDArray[np.float64]
    """Number of voices."""
    x: NDArray[np.float64]
    """Sum of the first value."""
    y: NDArray[np.float64] = UNUSED
    """Sum of the second value, or of the value on the second side."""
    xx: NDArray[np.float64] = UNUSED
    """Sums of squares and of products."""
    yy: NDArray[np.float64] = UNUSED
    xy: NDArray[np.float64] = UNUSED
    m: NDArray[np.float64] = UNUSED
    """Number of voices on the second side."""
    factor: float = 1.0
    """The first value is multiplied by it, once the level is off."""


# Types of their parts. Numba does not convert named tuples: none is marked as only read.
FORMULA = Struct(Formula, "i8[:, :]", "f8[:]", "i8", "i8", "i8")
RUNS = Struct(Runs, "u2[:]", "i8[:]", "i8[:]", "b1[:]")
CODED = Struct(Coded, "i8[:]", "u1[:]", "i8[:]", "f8[:]", "f8[:]", "i8", "i8[:]", "f8[:, :]", "f8[:, :]")
ADDING = Struct(Adding, "f8", *5 * ["f8[:]"], "b1", "f8", "f8")
VOICING = Struct(Voicing, "f8[:, :]", "f8", "f8", *7 * ["f8[:]"], "f8")
