"""Work out formulas over columns of passages, step by step over blocks that stay in the processor's cache."""

from __future__ import annotations

import math

import numpy as np

from heatlas.kernels.compiled import helper, kernel
from heatlas.kernels.exponential import exponentials
from heatlas.kernels.numbers import read_numbers, unzigzag
from heatlas.kernels.operations import ADDING, AMOUNTS, CODED, FACTS, FORMULA, NOTHING, OPERATIONS, ROW, RUNS, TABLE
from heatlas.kernels.sun import sines_of_sun
from heatlas.kernels.values import add_values

__all__ = [
    "add_coded", "evaluate", "evaluate_coded", "fill_registers", "next_block", "registers_for", "work_out",
]  # fmt: skip

(
    _ADD, _SUBTRACT, _MULTIPLY, _DIVIDE, _REMAINDER, _POWER, _MINIMUM, _MAXIMUM, _LESS, _LESS_EQUAL, _EQUAL,
    _NOT_EQUAL, _AND, _OR, _NOT, _ISNAN, _ISFINITE, _NEGATIVE, _ABSOLUTE, _SQRT, _EXP,
    _LOG, _ARCSIN, _WHERE, _SUN,
) = range(len(OPERATIONS))  # fmt: skip
_BLOCK = 512
"""Passages that are worked out at a time."""


@helper(error_model="numpy")
def work_out(steps, registers, count):
    """Do the steps of a formula for the first `count` values of the registers (n, most)."""
    for s in range(steps.shape[0]):
        operation, out = steps[s, 0], registers[steps[s, 1]]
        a, b, c = registers[steps[s, 2]], registers[steps[s, 3]], registers[steps[s, 4]]
        if operation == _ADD:
            for j in range(count):
                out[j] = a[j] + b[j]
        elif operation == _SUBTRACT:
            for j in range(count):
                out[j] = a[j] - b[j]
        elif operation == _MULTIPLY:
            for j in range(count):
                out[j] = a[j] * b[j]
        elif operation == _DIVIDE:
            for j in range(count):
                out[j] = a[j] / b[j]
        elif operation == _REMAINDER:
            for j in range(count):
                # As fmod rounds a little otherwise, what is just outside is brought back.
                rest = a[j] - math.floor(a[j] / b[j]) * b[j]
                rest = rest + b[j] if rest * b[j] < 0 else rest
                out[j] = 0.0 if abs(rest) >= abs(b[j]) else rest
        elif operation == _POWER:
            for j in range(count):
                out[j] = a[j] ** b[j]
        elif operation == _MINIMUM:
            for j in range(count):
                out[j] = a[j] if a[j] < b[j] or a[j] != a[j] else b[j]
        elif operation == _MAXIMUM:
            for j in range(count):
                out[j] = a[j] if a[j] > b[j] or a[j] != a[j] else b[j]
        elif operation == _LESS:
            for j in range(count):
                out[j] = 1.0 if a[j] < b[j] else 0.0
        elif operation == _LESS_EQUAL:
            for j in range(count):
                out[j] = 1.0 if a[j] <= b[j] else 0.0
        elif operation == _EQUAL:
            for j in range(count):
                out[j] = 1.0 if a[j] == b[j] else 0.0
        elif operation == _NOT_EQUAL:
            for j in range(count):
                out[j] = 1.0 if a[j] != b[j] else 0.0
        elif operation == _AND:
            for j in range(count):
                out[j] = 1.0 if (a[j] != 0) & (b[j] != 0) else 0.0
        elif operation == _OR:
            for j in range(count):
                out[j] = 1.0 if (a[j] != 0) | (b[j] != 0) else 0.0
        elif operation == _NOT:
            for j in range(count):
                out[j] = 1.0 if a[j] == 0 else 0.0
        elif operation == _ISNAN:
            for j in range(count):
                out[j] = 1.0 if a[j] != a[j] else 0.0
        elif operation == _ISFINITE:
            for j in range(count):
                out[j] = 1.0 if abs(a[j]) < np.inf else 0.0
        elif operation == _NEGATIVE:
            for j in range(count):
                out[j] = -a[j]
        elif operation == _ABSOLUTE:
            for j in range(count):
                out[j] = abs(a[j])
        elif operation == _SQRT:
            for j in range(count):
                out[j] = np.sqrt(a[j])
        elif operation == _EXP:
            exponentials(a, out, count)
        elif operation == _LOG:
            for j in range(count):
                out[j] = np.log(a[j])
        elif operation == _ARCSIN:
            for j in range(count):
                out[j] = np.arcsin(min(max(a[j], -1.0), 1.0)) if a[j] == a[j] else np.nan
        elif operation == _WHERE:
            for j in range(count):
                out[j] = b[j] if a[j] != 0 else c[j]
        elif operation == _SUN:
            sines_of_sun(a, b, c, out, count)


@kernel(FORMULA, "const f8[:, :]", "f8[:]", allocates=True)
def evaluate(formula, columns, found):
    """Work out a formula.

    Parameters
    ----------
    formula : Formula
        What to work out.
    columns : ndarray of float64 (c, k)
        What it reads, in the order of its registers; NaN where unknown.
    found : ndarray of float64 (k,)
        Is filled with the values.
    """
    registers = np.empty((formula.registers, _BLOCK))
    count = columns.shape[0]
    for c in range(formula.constants.shape[0]):
        registers[count + c, :] = formula.constants[c]
    for first in range(0, columns.shape[1], _BLOCK):
        size = min(_BLOCK, columns.shape[1] - first)
        for c in range(count):
            _copy(columns[c, first : first + size], registers[c, :size])
        work_out(formula.steps, registers, size)
        _copy(registers[formula.result, :size], found[first : first + size])


@kernel(FORMULA, RUNS, CODED, "f8[:]", allocates=True)
def evaluate_coded(formula, runs, coded, found):
    """Work out a formula for the wanted passages of a tile of the index, decoding what it reads on the way.

    Parameters
    ----------
    formula : Formula
        What to work out.
    runs : Runs
        The passages.
    coded : Coded
        The columns that the formula reads, in the order of its registers.
    found : ndarray of float64 (wanted,)
        Is filled with the values.
    """
    registers, codes, at = registers_for(formula, runs, coded)
    first, begin, done = 0, 0, 0
    while first < runs.lengths.shape[0]:
        last, size, wanted = next_block(runs, first)
        fill_registers(runs, first, last, begin, coded, at, codes, registers)
        work_out(formula.steps, registers, wanted)
        _copy(registers[formula.result, :wanted], found[done : done + wanted])
        first, begin, done = last, begin + size, done + wanted


@kernel(FORMULA, RUNS, CODED, ADDING, allocates=True)
def add_coded(formula, runs, coded, adding):
    """Add the values that `evaluate_coded` finds to the pixels; faster than to find them first.

    Parameters
    ----------
    formula, runs, coded
        As there.
    adding : Adding
        Where to, and how.
    """
    registers, codes, at = registers_for(formula, runs, coded)
    cells = np.empty(registers.shape[1], np.int64)
    first, begin = 0, 0
    while first < runs.lengths.shape[0]:
        last, size, wanted = next_block(runs, first)
        fill_registers(runs, first, last, begin, coded, at, codes, registers)
        work_out(formula.steps, registers, wanted)
        j, k = 0, begin
        for r in range(first, last):
            if runs.kept[r]:
                here = runs.pixels[k : k + runs.lengths[r]]
                there = cells[j : j + here.shape[0]]
                for i in range(here.shape[0]):
                    there[i] = here[i]
                j += here.shape[0]
            k += runs.lengths[r]
        add_values(cells[:wanted], registers[formula.result, :wanted], adding)
        first, begin = last, begin + size


@helper()
def _copy(values, out):
    """Copy values: numba's assignment of a slice brings its errors in words, and what makes text of them."""
    for j in range(values.shape[0]):
        out[j] = values[j]


@helper(allocates=True)
def registers_for(formula, runs, coded):
    """Make registers, with the constants in them, room for the codes of a block, and the place in each column."""
    most = _BLOCK
    for length in runs.lengths:
        most = max(most, length)
    registers, columns = np.empty((formula.registers, most)), coded.kinds.shape[0]
    for c in range(formula.constants.shape[0]):
        registers[columns + c, :] = formula.constants[c]
    return registers, np.empty(most, np.int64), np.zeros(columns, np.int64)


@helper()
def next_block(runs, first):
    """Count runs that make a block: the run after its last, its passages, and those that are wanted."""
    last, size, wanted = first, 0, 0
    while last < runs.lengths.shape[0] and (last == first or size + runs.lengths[last] <= _BLOCK):
        size += runs.lengths[last]
        wanted += runs.lengths[last] if runs.kept[last] else 0
        last += 1
    return last, size, wanted


@helper()
def fill_registers(runs, first, last, begin, coded, at, codes, registers):
    """Fill the first registers with the columns of a block that begins with the passage `begin`."""
    size = 0
    for r in range(first, last):
        size += runs.lengths[r]
    for c in range(coded.kinds.shape[0]):
        kind, out = coded.kinds[c], registers[c]
        if kind == NOTHING:
            out[:size] = np.nan
        elif kind <= TABLE:
            data = coded.data[coded.begins[c] : coded.begins[c + 1]]
            at[c] = read_numbers(data, at[c], codes, size)
            _decode(runs, first, last, codes, kind, coded.steps[c], coded.table, coded.least, out)
        elif kind == FACTS:
            _repeat(runs, first, last, coded.facts[coded.rows[c]], out)
        else:
            _take_places(runs, first, last, begin, coded.places, kind == ROW, out)


@helper()
def _decode(runs, first, last, codes, kind, step, table, least, out):
    """Fill `out` with what the codes of some runs mean, for the wanted passages."""
    j, k, most = 0, 0, table.shape[0] - 1
    for r in range(first, last):
        length = runs.lengths[r]
        here, there = codes[k : k + length], out[j : j + length]
        k += length
        if not runs.kept[r]:
            continue
        j += length
        known = np.int64(0)
        if kind == AMOUNTS:
            for i in range(length):
                there[i] = here[i] * step
        elif kind == TABLE:
            for i in range(length):
                known += unzigzag(here[i] - 1)  # 0 where unknown
                value = table[np.uint64(min(max(known - least, 0), most))]
                there[i] = value if here[i] != 0 else np.nan
        else:
            for i in range(length):
                known += unzigzag(here[i] - 1)
                there[i] = known * step if here[i] != 0 else np.nan


@helper()
def _repeat(runs, first, last, facts, out):
    """Fill `out` with a fact of its activity for each wanted passage of some runs."""
    j = 0
    for r in range(first, last):
        if runs.kept[r]:
            number = runs.numbers[r]
            out[j : j + runs.lengths[r]] = facts[number] if number < facts.shape[0] else np.nan
            j += runs.lengths[r]


@helper()
def _take_places(runs, first, last, begin, places, of_rows, out):
    """Fill `out` with what belongs to the row or column of pixels of each wanted passage of some runs."""
    j, k = 0, begin
    for r in range(first, last):
        if runs.kept[r]:
            pixels = runs.pixels[k : k + runs.lengths[r]]
            there = out[j : j + pixels.shape[0]]
            for i in range(pixels.shape[0]):
                there[i] = places[1, pixels[i] >> 8] if of_rows else places[0, pixels[i] & 255]
            j += pixels.shape[0]
        k += runs.lengths[r]
