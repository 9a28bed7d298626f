"""What a sink is given to write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from heatlas.errors import BadOption
from heatlas.legend import CORNERS, place_legend

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from heatlas.picture import Picture
    from heatlas.window import Window

__all__ = ["Artwork"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artwork:
    """A finished heat map with all that is known of it; each sink takes what its format can hold."""

    window: Window
    picture: Picture | None = None
    """The map in colour, of the size of the window. GeoTIFF (unless `rgba`) and NumPy files do without."""
    values: NDArray[np.float32] | None = None
    """(height, width) the measure itself, NaN where nothing is. Only GeoTIFF and NumPy files need it."""
    legend: NDArray[np.uint8] | None = None
    """(h, w, 4) RGBA of `heatlas.legend.draw_legend`. Painted on pictures, pinned to the screen in a KMZ,
    written beside data as NAME.legend.png."""
    corner: str = "bottom-right"
    """Where the legend goes: a word of `heatlas.legend.CORNERS`."""
    title: str = ""
    measure: str = ""
    """As on the command line: passes, mean(pace) ..."""
    range: tuple[float, float] | None = None
    """Values that the first and the last colour stand for."""
    attribution: str = ""
    """Who must be named beside the picture."""
    rgba: bool = False
    """GeoTIFF only: colours instead of values."""

    def __post_init__(self) -> None:
        expected = (self.window.height, self.window.width)
        for pixels in (self.values, None if self.picture is None else self.picture.pixels):
            if pixels is not None and pixels.shape[:2] != expected:
                raise BadOption(
                    f"the map has {pixels.shape[1]} x {pixels.shape[0]} pixels, "
                    f"but its window {expected[1]} x {expected[0]}"
                )
        if self.corner not in CORNERS:
            raise BadOption(f"{self.corner!r} is no corner for a legend: take one of {', '.join(CORNERS)}")

    @property
    def finished(self) -> Picture:
        """The picture with its legend painted on."""
        picture = self.needed_picture
        if self.legend is None:
            return picture
        return place_legend(picture, self.legend, corner=self.corner)

    @property
    def needed_picture(self) -> Picture:
        """The picture alone; without one this format cannot be written."""
        if self.picture is None:
            raise BadOption("this format needs a picture, but only values were given")
        return self.picture

    @property
    def needed_values(self) -> NDArray[np.float32]:
        """The values; without them this format cannot be written."""
        if self.values is None:
            raise BadOption("this format needs values, but only a picture was given")
        return np.asarray(self.values, np.float32)
