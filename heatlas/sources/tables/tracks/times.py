"""Find the column of times of tracks, and report values in it that cannot be read."""

from __future__ import annotations

import datetime as dt
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heatlas.sources.tables.cells.text import UNKNOWN_TEXTS, as_text
from heatlas.sources.tables.columns import plain_name
from heatlas.sources.tables.readings import decoded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from heatlas.sources.tables.columns import PointColumns

__all__ = ["are_moments", "looks_like_time", "may_be_times", "unread"]

_TIMES = ("t", "tst", "when", "moment", "utc", "gpstime", "fixtime", "basedatetime")
"""Names of times that are too short or too rare to be accepted without a check of the values."""
_CREDIBLE = tuple(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp() for year in (1980, 2100))
"""Unix seconds between which numbers under such a name are moments, not seconds since a start or degrees."""


def may_be_times(names: Sequence[str], columns: PointColumns | None = None) -> list[str]:
    """Columns whose names may mean a time, without those that have another role."""
    used = () if columns is None else (columns.lat, columns.lon, columns.geometry, columns.weight, columns.track)
    return [name for name in names if plain_name(name) in _TIMES and names.count(name) == 1 and name not in used]


def looks_like_time(names: Sequence[str]) -> str:
    """Warning that columns were not read as times although their names suggest it."""
    if len(names) == 1:
        said, options = f"{names[0]!r} looks like a time", f"--time={quote(names[0])}"
    else:
        said = f"{', '.join(map(repr, names[:-1]))} and {names[-1]!r} look like times"
        options = " or ".join(f"--time={quote(name)}" for name in names)
    return f"{said}: say {options}; without it rows keep the file's order and have no dates"


def are_moments(written: Sequence[pa.Array], moments: NDArray[np.float64]) -> bool:
    """Whether a guessed column holds times: nine of ten values can be read, and all of these lie in 1980 to 2099."""
    known = moments[~np.isnan(moments)]
    if not len(known) or known.min() < _CREDIBLE[0] or known.max() >= _CREDIBLE[1]:
        return False
    return bool(len(known) >= 0.9 * _said(written).sum())


def unread(name: str, written: Sequence[pa.Array], moments: NDArray[np.float64]) -> str | None:
    """Warning of values that could not be read in a column of times; None if there are none.

    Parameters
    ----------
    name : str
        Of the column.
    written : sequence of pyarrow.Array
        Its cells as they are written, piece by piece.
    moments : ndarray of float64 (n,)
        Unix seconds that were read from them, NaN where reading failed.
    """
    said = _said(written)
    rows = np.flatnonzero(said & np.isnan(moments))
    if not len(rows):
        return None
    example = str(_cell(written, int(rows[0]))).strip()
    return f"{name!r}: {len(rows):,} of {int(said.sum()):,} values are no times, e.g. {example[:40]!r}"


def _said(written: Sequence[pa.Array]) -> NDArray[np.bool_]:
    """Which cells are not blank."""
    return np.concatenate([np.zeros(0, bool), *map(_known, written)])


def _known(piece: pa.Array) -> NDArray[np.bool_]:
    piece = decoded(piece)
    text = as_text(piece)
    if text is not None:
        word = pc.utf8_lower(pc.utf8_trim_whitespace(text.cast(pa.large_string())))
        known = pc.invert(pc.fill_null(pc.is_in(word, UNKNOWN_TEXTS, skip_nulls=True), False))
        return np.asarray(pc.and_(known, text.is_valid()).to_numpy(zero_copy_only=False))
    known = pc.invert(piece.is_null(nan_is_null=True))
    return np.asarray(known.to_numpy(zero_copy_only=False))


def _cell(written: Sequence[pa.Array], row: int) -> Any:
    for piece in written:
        if row < len(piece):
            value = piece[row].as_py()
            return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        row -= len(piece)
    return None
