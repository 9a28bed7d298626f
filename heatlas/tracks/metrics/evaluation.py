"""Values of formulas: each is recorded once, and again when people define metrics anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.kernels.operations import UNUSED
from heatlas.tracks.metrics.own import definitions
from heatlas.tracks.metrics.program import Opaque, record
from heatlas.tracks.metrics.table import METRICS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.kernels.operations import Adding, Voicing
    from heatlas.tracks.metrics.program import Program

    What = str | Callable[[Mapping[str, Any]], Any]
    """Name of a column or metric, or a formula that can be told from others, such as an `Expression`."""
    Cells = NDArray[np.int64] | NDArray[np.uint16]
    """(k,) pixels of passages."""

__all__ = ["Columns", "program_of"]


def program_of(*whats: What) -> Program | None:
    """Program of a formula, or of two; None where one cannot be recorded, and must be called with arrays."""
    names = [name for what in whats for name in ((what,) if isinstance(what, str) else getattr(what, "names", ()))]
    return _recorded(whats, definitions(names))


@lru_cache(512)
def _recorded(whats: tuple[What, ...], _: str) -> Program | None:
    formulas = {name: _formula_of(name) for name, metric in METRICS.items() if metric.formula is not None}

    def values(columns: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(columns[what] if isinstance(what, str) else what(columns) for what in whats)

    try:
        return record(values, formulas)
    except Opaque:
        return None


def _formula_of(name: str) -> Callable[[Mapping[str, Any]], Any]:
    """Formula of a metric, unknown where it makes no sense of the sport."""
    metric = METRICS[name]
    formula, sports = metric.formula, metric.sports
    assert formula is not None
    if not sports:
        return formula
    return lambda columns: np.where(columns[sports] > 0, formula(columns), np.nan)


class Columns(Mapping[str, "NDArray[np.float64]"]):
    """Columns of k passages by name; formulas are worked out when they are first asked for."""

    __slots__ = ("_count", "_known")

    def __init__(self, known: Mapping[str, NDArray[np.float64]], count: int) -> None:
        """Take the columns that are known, (k,) each, NaN where unknown; all others are unknown throughout."""
        self._known, self._count = dict(known), count

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Values of a column or metric, (k,)."""
        if name not in self._known:
            self._known[name] = self.of(name)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def of(self, what: What) -> NDArray[np.float64]:
        """Values of a formula, (k,)."""
        program = program_of(what)
        if program is not None:
            return self._run(program)
        function = _formula_of(what) if isinstance(what, str) else what
        with np.errstate(all="ignore"):
            return np.asarray(function(self), np.float64)

    def _run(self, program: Program) -> NDArray[np.float64]:
        unknown = np.full(self._count, np.nan)
        return program({name: self._known.get(name, unknown) for name in program.reads}, self._count)

    def add(self, what: What, cells: Cells, adding: Adding) -> None:
        """Add the values of a formula to the pixels (k,) of the passages."""
        from heatlas.kernels.values import add_values_at

        add_values_at(cells.astype(np.int64, copy=False), self._values(what), adding)

    def add_voices(
        self,
        whats: Sequence[What],
        cells: Cells,
        bounds: NDArray[np.int64],
        slots: NDArray[np.int32],
        voicing: Voicing,
    ) -> None:
        """Add voices of one or two formulas to pixels, as `heatlas.kernels.voices.add_voices` says."""
        from heatlas.kernels.voices import add_voices

        x, *others = map(self._values, whats)
        add_voices(cells.astype(np.int64, copy=False), bounds, x, others[0] if others else UNUSED, slots, voicing)

    def _values(self, what: What) -> NDArray[np.float64]:
        return self[what] if isinstance(what, str) else self.of(what)
