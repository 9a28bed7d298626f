"""Interface of outputs of tiles, and the metadata of all tiles."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from heatlas.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from heatlas.publish.ledger import Ledger
    from heatlas.publish.street_cut import StreetCut

__all__ = ["Metadata", "Sink"]


@frozen
class Metadata:
    """Metadata of all tiles of an output."""

    title: str
    attribution: str
    form: str
    zooms: tuple[int, int]
    bounds: tuple[float, float, float, float]
    """West, south, east, north, degrees."""
    center: tuple[float, float, int]
    """Longitude, latitude and zoom of the first view."""
    legend: dict[str, Any]
    """Zoom, as text -> its scale (`heatlas.tiles.scales.tone_data`)."""
    url: str
    """URL of a folder once it is on the web, with a slash at its end; empty: unknown."""
    explorer: dict[str, Any] | None = None
    """Explorer tiles (`heatlas.explorer.report.map_data`); None: not requested. Folders alone hold them."""
    names: list[list[float | str | int]] = field(default_factory=list)
    """Names of towns (`heatlas.gazetteer.towns.labels_around`). Folders alone hold them."""
    streets: StreetCut | None = None
    """Streets that lie beside the tiles of a folder; None: not requested."""

    @property
    def description(self) -> str:
        """Description of the tiles in one sentence."""
        scale: dict[str, Any] = next(iter(self.legend.values()), {})
        unit = f", {scale['unit']}" if scale.get("unit") else ""
        return f"Heat map of {scale.get('title', 'tracks').lower()}{unit}, made with heatlas"


@frozen
class Sink:
    """An open output; it accepts tiles of any zoom in any order."""

    ledger: Ledger
    write: Callable[[int, int, int, bytes], None]
    """Write a tile: zoom, column, row and bytes; it may exist already."""
    remove: Callable[[int, int, int], None]
    """Remove a tile: zoom, column and row; it may be missing already."""
    present: Callable[[int], NDArray[np.int64] | None]
    """Zoom -> numbers of the tiles that exist, ascending; None: those of the ledger."""
    finish: Callable[[Metadata], list[Path]]
    """Called once, after the last tile; returns the files or folders that were made, the main one first."""
