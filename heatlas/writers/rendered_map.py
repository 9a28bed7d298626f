"""A rendered heat map, as writers receive it."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.style.decorations import DecoratedPixels, Decorations, arrange
from heatlas.style.legend import CORNERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from heatlas.core.window import Window
    from heatlas.style.cover import Cover
    from heatlas.style.image import Pixels

__all__ = ["RenderedMap"]


@frozen(kw_only=True)
class RenderedMap:
    """A rendered heat map with its metadata; each writer uses the parts that its format can hold.

    Pictures and values may be larger than memory: writers read rows from the top downwards.
    """

    window: Window
    picture: Pixels | None = None
    """Picture of the size of the window. GeoTIFF (unless `rgba`) and NumPy files do not need it."""
    values: NDArray[np.float32] | Callable[[int, int], NDArray[np.float32]] | None = None
    """(height, width) values of the measure, NaN where there are none, or a function of first and last row that returns
    rows of them. Only GeoTIFF and NumPy files need it."""
    legend: NDArray[np.uint8] | None = None
    """(h, w, 4) RGBA of `heatlas.style.legend.draw_legend`. Painted on pictures, fixed to the screen in a KMZ, written
    beside values as NAME.legend.png."""
    corner: str = ""
    """Corner of the legend: a word of `heatlas.style.legend.CORNERS`; empty: where it hides least heat."""
    cover: Cover | None = None
    """Where the picture holds heat; None: unknown, and decorations go where they usually are."""
    decorations: Decorations = field(default_factory=Decorations)
    """Other things to paint on pictures."""
    title: str = ""
    measure: str = ""
    """Measure as on the command line: passes, mean(pace) ..."""
    range: tuple[float, float] | None = None
    """Values of the first and the last colour."""
    attribution: str = ""
    """Names to state beside the picture."""
    rgba: bool = False
    """GeoTIFF only: colours instead of values."""
    garmin: bool = False
    """KMZ only: for Garmin's handheld devices."""
    dpi: float = 300.0
    """PDF only: pixels per inch of paper."""

    def __post_init__(self) -> None:
        expected = (self.window.height, self.window.width)
        values = self.values.shape if isinstance(self.values, np.ndarray) else None
        for shape in (values, None if self.picture is None else self.picture.shape):
            if shape is not None and tuple(shape) != expected:
                raise BadOption(
                    f"the map has {shape[1]} x {shape[0]} pixels, but its window {expected[1]} x {expected[0]}"
                )
        if self.corner and self.corner not in CORNERS:
            raise BadOption(f"{self.corner!r} is no corner for a legend: take one of {', '.join(CORNERS)}")

    @property
    def finished(self) -> Pixels:
        """Picture with legend and decorations painted on it."""
        picture = self.needed_picture
        return DecoratedPixels(picture, arrange(self.window, self.decorations, self.legend, self.corner, self.cover))

    @property
    def needed_picture(self) -> Pixels:
        """Picture without legend and decorations; an error where there is none."""
        if self.picture is None:
            raise BadOption("this format needs a picture, but only values were given")
        return self.picture

    def value_rows(self, step: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Iterate over values by `step` rows, with the number of the first row; an error where there are none."""
        if self.values is None:
            raise BadOption("this format needs values, but only a picture was given")
        height = self.window.height
        for top in range(0, height, step):
            last = min(top + step, height)
            rows = self.values[top:last] if isinstance(self.values, np.ndarray) else self.values(top, last)
            yield top, np.asarray(rows, np.float32)
