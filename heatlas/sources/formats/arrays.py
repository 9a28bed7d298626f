"""Arrays of a recording, of which everything that is no sensible number is taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["finite", "known_columns", "to_name"]

_LARGEST = 1e15
_LONGEST = 200


def finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace what is infinite, or absurdly large, by NaN."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) < _LARGEST, values, np.nan)


def known_columns(**columns: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
    """Columns of a recording as it holds them, without those that are unknown throughout."""
    held = {name: finite(values).astype(np.float32) for name, values in columns.items()}
    return {name: values for name, values in held.items() if not np.isnan(values).all()}


def to_name(text: str) -> str:
    """Name of an activity or a device: text that can be stored and sent, on one line, and not endless."""
    return " ".join(printable(text[:_LONGEST]).split())
