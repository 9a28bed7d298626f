"""Columns of the passages of a chunk of the index, decoded as formulas are worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from heatlas.kernels.operations import AMOUNTS as OF_AMOUNTS
from heatlas.kernels.operations import COLUMN, FACTS, NOTHING, ROW, STEPS, TABLE, Coded
from heatlas.library.file.columns import AMOUNTS, COLUMNS, VALUES
from heatlas.tracks.metrics.evaluation import Columns, program_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.kernels.operations import Adding, Runs, Voicing
    from heatlas.tracks.metrics.evaluation import Cells, What
    from heatlas.tracks.metrics.program import Program

ColumnBytes = Mapping[int, "NDArray[np.uint8] | None"]
"""Number of a column -> its bytes in a chunk; None where the chunk has none."""

__all__ = ["CodedColumns", "ColumnBytes", "Facts"]

_NO_BYTES = np.zeros(0, np.uint8)
_PACES = VALUES["pace"]
"""The one column whose values lie in a table."""
_PLACED = {"longitude": COLUMN, "latitude": ROW}


class Facts(NamedTuple):
    """What a measure reads of activities, and of the pixels of a tile."""

    names: tuple[str, ...]
    of_activities: NDArray[np.float64]
    """(names, activities), by number."""
    places: NDArray[np.float64]
    """(2, 256) longitudes of the columns of pixels, and latitudes of their rows."""


class CodedColumns(Columns):
    """Columns of the passages of wanted runs."""

    __slots__ = ("_columns", "_facts", "_runs")

    def __init__(self, runs: Runs, columns: ColumnBytes, facts: Facts) -> None:
        """Take the wanted runs, and bytes of their columns."""
        super().__init__({}, int(runs.lengths[runs.kept].sum()))
        self._runs, self._columns, self._facts = runs, columns, facts

    def _run(self, program: Program) -> NDArray[np.float64]:
        from heatlas.kernels.formula import evaluate_coded

        found = np.empty(self._count)
        evaluate_coded(program.formula, self._runs, self._coded(program.reads), found)
        return found

    def add(self, what: What, cells: Cells, adding: Adding) -> None:
        """Add the values of a formula to the pixels of the passages, as they are decoded."""
        from heatlas.kernels.formula import add_coded

        program = program_of(what)
        if program is None:
            super().add(what, cells, adding)
        else:
            add_coded(program.formula, self._runs, self._coded(program.reads), adding)

    def add_voices(
        self,
        whats: Sequence[What],
        cells: Cells,
        bounds: NDArray[np.int64],
        slots: NDArray[np.int32],
        voicing: Voicing,
    ) -> None:
        """Add voices of one or two formulas to pixels, as their columns are decoded."""
        from heatlas.kernels.voices import add_voices_coded

        program = program_of(*whats)
        if program is None:
            super().add_voices(whats, cells, bounds, slots, voicing)
        else:
            add_voices_coded(program.formula, self._runs, self._coded(program.reads), len(whats) == 2, slots, voicing)

    def _coded(self, names: tuple[str, ...]) -> Coded:
        kinds, rows = np.full(len(names), NOTHING), np.zeros(len(names), np.int64)
        steps, table, least = np.zeros(len(names)), _PACES.table, _PACES.least
        data = [_NO_BYTES] * (len(names) + 1)
        facts = self._facts
        for c, name in enumerate(names):
            if name in facts.names:
                kinds[c], rows[c] = FACTS, facts.names.index(name)
            elif name in _PLACED:
                kinds[c] = _PLACED[name]
            elif (found := self._columns.get(COLUMNS.get(name, -1))) is not None:
                data[c + 1] = found
                if name in AMOUNTS:
                    kinds[c], steps[c] = OF_AMOUNTS, AMOUNTS[name][1]
                else:
                    kinds[c], steps[c] = STEPS if VALUES[name].step else TABLE, VALUES[name].step
        begins = np.cumsum([len(one) for one in data])
        return Coded(kinds, np.concatenate(data), begins, steps, table, least, rows, facts.of_activities, facts.places)
