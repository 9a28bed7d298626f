"""Where tiles go, as a shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.publish.ledger import Ledger

__all__ = ["Metadata", "Sink"]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is said of all tiles."""

    title: str
    attribution: str
    form: str
    zooms: tuple[int, int]
    bounds: tuple[float, float, float, float]
    """West, south, east, north, degrees."""
    center: tuple[float, float, int]
    """Longitude, latitude and zoom to begin with."""
    legend: dict[str, Any]
    """Zoom, as text -> its scale (`heatlas.tiles.scales.tone_data`)."""
    url: str
    """Address under which a folder will be found, with a slash at its end; empty: not known."""

    @property
    def description(self) -> str:
        """One sentence."""
        scale: dict[str, Any] = next(iter(self.legend.values()), {})
        unit = f", {scale['unit']}" if scale.get("unit") else ""
        return f"Heat map of {scale.get('title', 'tracks').lower()}{unit}, made with heatlas"


@dataclass(frozen=True, slots=True)
class Sink:
    """An opened output, which takes tiles of any zoom in any order."""

    ledger: Ledger
    write: Callable[[int, int, int, bytes], None]
    """Zoom, column, row and bytes of a tile; it may be there already."""
    remove: Callable[[int, int, int], None]
    """Zoom, column and row of a tile, which may be gone already."""
    present: Callable[[int], NDArray[np.int64] | None]
    """Zoom -> numbers of its tiles that are really there, ascending; None: those of the ledger."""
    finish: Callable[[Metadata], list[Path]]
    """Is called once, after the last tile; returns the files or folders that were made, the main one first."""
