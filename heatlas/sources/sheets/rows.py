"""Rows of the tables of exports, whichever service wrote them."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heatlas.sources.sheets.pulse import Pulse

__all__ = ["SheetRow", "SheetTable"]


@frozen(kw_only=True)
class SheetRow:
    """Values of the table for one activity; None or empty where it states nothing."""

    file: str = ""
    """File name as in the table, e.g. "activities/123.fit.gz"."""
    id: str = ""
    sport: str = ""
    """A word of `heatlas.sources.sports`."""
    name: str = ""
    start: float | None = None
    """Unix seconds."""
    distance: float | None = None
    """Metres."""
    elapsed_time: float | None = None
    """Seconds."""
    moving_time: float | None = None
    """Seconds."""
    gear: str = ""
    commute: bool | None = None
    private: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """All other columns with a value: numbers, booleans, text."""
    pulse: Pulse | None = None
    """Heart rate during the activity, where the export keeps it apart from the recording."""


@frozen(kw_only=True)
class SheetTable:
    """A table as read."""

    rows: Mapping[str, SheetRow]
    """File name as in the table -> row; where a table names no files (`by_start`), id -> row."""
    by_start: bool = False
    """Whether rows belong to the recordings that begin at the same time, because the table names no files."""
    local: bool = False
    """Whether `SheetRow.start` is the local time of the place, as if it were UTC; of tables `by_start`."""
    without_file: int = 0
    """Number of rows without a file: of activities that were entered by hand, or whose file is gone."""
    warnings: tuple[str, ...] = ()
