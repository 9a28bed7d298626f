"""Heats drawn with matplotlib, for papers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import MissingExtra
from heatlas.core.mercator import CIRCUMFERENCE, from_lonlat
from heatlas.dataset.heat.appearance import is_dark, legend_of
from heatlas.dataset.heat.files import image_of
from heatlas.style.scale_bar import bar_length, words_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.dataset.heat.styled import StyledGrid

__all__ = ["plotted"]

_SHARE = 0.25
"""Largest share of the width that the scale bar takes."""
_MARGIN = 0.04
"""Share of the sides between the scale bar and the edges."""


def plotted(heat: StyledGrid, ax: Any, legend: bool, scale_bar: bool) -> Any:
    """Draw a heat; see `Heat.plot`.

    Raises
    ------
    MissingExtra
        Without matplotlib.
    NothingToDraw
        When no pixel has a value and no tone was fixed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtra("plotting with matplotlib", "plot") from None
    picture = np.asarray(image_of(heat, legend=False))
    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    left, bottom, right, top = heat.window.bounds
    ax.imshow(picture, extent=(left, right, bottom, top), origin="upper", interpolation="antialiased")
    ax.set_aspect("equal")
    _degrees(ax, heat)
    if legend:
        _legend(ax, heat)
    if scale_bar:
        _scale_bar(ax, heat)
    return ax


def _degrees(ax: Any, heat: StyledGrid) -> None:
    """Ticks at round degrees: longitudes lie evenly in Mercator, latitudes do not."""
    from matplotlib.ticker import MaxNLocator

    west, south, east, north = heat.bbox
    locator = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10])
    lon = [tick for tick in locator.tick_values(west, east) if west <= tick <= east]
    lat = [tick for tick in locator.tick_values(south, north) if south <= tick <= north]
    u, _ = from_lonlat(np.array(lon), np.zeros(len(lon)))
    u = u + np.round((np.array(lon) - 360 * (u - 0.5)) / 360)  # beyond the antimeridian
    _, v = from_lonlat(np.zeros(len(lat)), np.array(lat))
    ax.set_xticks((u - 0.5) * CIRCUMFERENCE, [_written(tick, "EW") for tick in lon])
    ax.set_yticks((0.5 - v) * CIRCUMFERENCE, [_written(tick, "NS") for tick in lat])


def _written(degrees: float, halves: str) -> str:
    degrees = (degrees + 180) % 360 - 180 if halves == "EW" else degrees
    return f"{abs(degrees):.6g}°{halves[int(degrees < 0)] if round(degrees, 9) else ''}"


def _legend(ax: Any, heat: StyledGrid) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    found = legend_of(heat.worked.drawn, heat.fitted, heat.worked.labels)
    if found.kind != "bar":
        _picture_of_legend(ax, heat.legend(2.0))
        return
    colours = ScalarMappable(Normalize(0, 1), ListedColormap(heat.colours / 255))
    bar = ax.figure.colorbar(colours, ax=ax, shrink=0.8)
    bar.set_ticks([place for place, _ in found.ticks], labels=[words for _, words in found.ticks])
    bar.set_label(heat.worked.labels.heading)


def _picture_of_legend(ax: Any, legend: NDArray[np.uint8]) -> None:
    """Draw a legend that is no bar beside the map."""
    beside = ax.inset_axes((1.02, 0.0, 0.4, 0.4 * legend.shape[0] / legend.shape[1]))
    beside.imshow(legend)
    beside.set_axis_off()


def _scale_bar(ax: Any, heat: StyledGrid) -> None:
    window = heat.window
    row = window.height * (1 - _MARGIN)
    metres, pixels = bar_length(window, row, window.width * _SHARE)
    size = CIRCUMFERENCE / window.scale
    left, bottom, _, _ = window.bounds
    x, y = left + window.width * size * _MARGIN, bottom + window.height * size * _MARGIN
    ink = "white" if heat.look.background is not None and is_dark(heat.look.background) else "black"
    ax.plot([x, x + pixels * size], [y, y], color=ink, linewidth=2, solid_capstyle="butt")
    ax.annotate(words_for(metres), (x, y), (0, 3), textcoords="offset points", color=ink, fontsize="small", va="bottom")
