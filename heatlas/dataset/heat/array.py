"""Heat: a measure over a window, as an array with its place on the map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.dataset.heat import arithmetic
from heatlas.dataset.heat.arithmetic import LabelledHeat
from heatlas.dataset.heat.labels import check_alike, labels_of
from heatlas.dataset.heat.look import Appearance
from heatlas.dataset.heat.resmooth import smoothed_anew
from heatlas.dataset.heat.styled import StyledGrid
from heatlas.style.colormaps import colormap
from heatlas.style.colour import parse_background
from heatlas.style.defaults import in_base_unit
from heatlas.style.tone import Tone, parse_tone_scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import DTypeLike, NDArray
    from PIL.Image import Image

    from heatlas.dataset.heat.resmooth import Width
    from heatlas.raster.pipeline import Drawn

__all__ = ["Heat"]


@dataclass(frozen=True, eq=False, repr=False)
class Heat(StyledGrid):
    """A measure over a window: values, where they lie, and how they are shown. It never changes: methods give another.

    `Tracks.heat` and `PointSet.heat` make it.

    Examples
    --------
    >>> heat = tracks.heat("passes")                               # doctest: +SKIP
    >>> heat.values.shape, heat.crs, heat.unit                     # doctest: +SKIP
    >>> heat.smooth("8m").background("dark").save("heat.png")      # doctest: +SKIP
    >>> this_year - last_year                                      # doctest: +SKIP
    """

    width: Width | None = None
    """How it was smoothed; None where it was worked out of other heats."""
    again: Callable[[Width], Drawn] | None = None
    """Counts and smooths again, where a wider smoothing reads beyond what was counted."""

    __array_ufunc__ = None  # NumPy's own numbers leave arithmetic to this class

    @classmethod
    def of(cls, drawn: Drawn, width: Width, again: Callable[[Width], Drawn] | None = None) -> Heat:
        """Wrap what `heatlas.raster.pipeline.heat` or `point_heat` gave.

        Parameters
        ----------
        drawn : heatlas.raster.pipeline.Drawn
            As counted and as smoothed.
        width : Smoothing or Kernel
            How it was smoothed.
        again : callable, optional
            Draws the same with another width.
        """
        return cls(LabelledHeat(drawn, labels_of(drawn.smoothed.measure)), width=width, again=again)

    def smooth(self, width: str | float | Width, workers: int | None = None) -> Heat:
        """Smooth anew from what was counted, to the last bit as if it had been drawn so; a wider reach counts again.

        Parameters
        ----------
        width : str, 0, Smoothing or Kernel
            Standard deviation of a Gaussian, "8m" or "2px"; 0 for none; "auto". Of points also a `Kernel`.
        workers : int, optional
            Threads; by default one for each processor.

        Raises
        ------
        BadOption
            For what is no width, or where what it was counted from is gone: it was worked out of other heats, pickled,
            or read from a stream.
        """
        if self.width is None:
            raise BadOption("this heat was worked out of others: smooth those first, then calculate")
        drawn, wanted = smoothed_anew(self.worked.drawn, self.width, width, self.again, workers)
        return replace(self, worked=replace(self.worked, drawn=drawn), width=wanted)

    def tone(self, tone: str | Tone | Heat) -> Heat:
        """Fix how values become colours.

        Parameters
        ----------
        tone : str, Tone or Heat
            "log", "linear", "sqrt", "rank"; a range in the unit of the legend, "LO:HI" or "log:LO:HI"; or that of
            another heat, so that equal colours are equal values.

        Raises
        ------
        BadOption
            For what is no tone, or that of a heat in another unit.
        """
        if isinstance(tone, Heat):
            check_alike(self.worked.labels, tone.worked.labels)
            tone = tone.fitted
        if isinstance(tone, str):
            return self._looking(tone=in_base_unit(parse_tone_scale(tone), self.worked.labels.unit))
        return self._looking(tone=tone)

    def colormap(self, name: str) -> Heat:
        """Take other colours: a name of `heatlas.style.colormaps.names`, reversed with "_r", or stops "#rgb,#rgb"."""
        return self._looking(colours=colormap(name))

    def background(self, name: str) -> Heat:
        """Choose what to paint on: "none" (transparent), "dark", "light" or "#rrggbb"."""
        return self._looking(background=parse_background(name))

    def titled(self, title: str) -> Heat:
        """Call it by another name, on legends and in files."""
        labels = self.worked.labels
        named = replace(labels, title=title, label=labels.label or labels.unit.label)
        return replace(self, worked=replace(self.worked, labels=named))

    def _looking(self, **changed: Any) -> Heat:
        return replace(self, look=replace(self.look, **changed))

    def image(self, legend: bool = False) -> Image:
        """Paint it.

        Returns
        -------
        PIL.Image.Image
            RGBA, of the size of the window.

        Raises
        ------
        NothingToDraw
            When no pixel has a value and no tone was fixed.
        """
        from heatlas.dataset.heat.files import image_of

        return image_of(self, legend)

    def to_url(self) -> str:
        """Give the picture as a data: URL (PNG), for whatever takes an image's address: maps, HTML, Markdown."""
        from heatlas.dataset.heat.files import url_of

        return url_of(self)

    def save(self, path: str | Path, legend: bool = False, rgba: bool = False) -> list[Path]:
        """Write it to a file; the ending decides how, as in `heatlas.render`.

        Parameters
        ----------
        path : str or Path
            .png, .webp and .kmz hold the picture; .tif (unless `rgba`) and .npy the values.
        legend : bool
            Paint the legend on pictures, or put it beside data.
        rgba : bool
            Colours in a GeoTIFF instead of values.

        Returns
        -------
        list of Path
            The files written, the main one first.

        Raises
        ------
        BadOption, MissingExtra, NothingToDraw, HeatlasError
            When it cannot be written, in one sentence.
        """
        from heatlas.dataset.heat.files import save

        return save(self, Path(path), legend, rgba)

    def to_xarray(self) -> Any:
        """Make an xarray.DataArray (y, x) with the centres of pixels in metres of EPSG:3857.

        It has a name, a unit and a CRS that rioxarray understands; xarray alone is enough to make it.

        Raises
        ------
        MissingExtra
            Without xarray.
        """
        from heatlas.dataset.heat.raster import data_array

        return data_array(self.values.copy(), self.window, self.measure, self.worked.labels)

    def to_rasterio_profile(self) -> dict[str, Any]:
        """Make what ``rasterio.open(path, "w", **profile)`` takes to write `values` as a GeoTIFF of one band.

        Raises
        ------
        MissingExtra
            Without rasterio.
        """
        from heatlas.dataset.heat.raster import profile

        return profile(self.window)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype) if copy or copy is None else np.asarray(self.values, dtype)

    def __add__(self, other: object) -> Heat:
        return self._with(arithmetic.total, other)

    def __sub__(self, other: object) -> Heat:
        return self._with(arithmetic.difference, other)

    def __truediv__(self, other: object) -> Heat:
        if isinstance(other, (int, float, np.integer, np.floating)):
            if not other:
                raise BadOption("a heat cannot be divided by 0")
            return self * (1 / float(other))
        return self._with(arithmetic.ratio, other)

    def __mul__(self, factor: object) -> Heat:
        if not isinstance(factor, (int, float, np.integer, np.floating)):
            return NotImplemented
        return self._made(arithmetic.scaled(self.worked, float(factor)))

    __rmul__ = __mul__

    def __neg__(self) -> Heat:
        return self * -1

    def _with(self, operation: Callable[[LabelledHeat, LabelledHeat], LabelledHeat], other: object) -> Heat:
        return self._made(operation(self.worked, other.worked)) if isinstance(other, Heat) else NotImplemented

    def _made(self, worked: LabelledHeat) -> Heat:
        """What was worked out, before the same background."""
        return Heat(worked, Appearance(background=self.look.background))

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: neither what it was counted from, nor what can be worked out again."""
        kept = {name: value for name, value in self.__dict__.items() if name not in {"values", "fitted", "_thumbnail"}}
        return {**kept, "again": None}

    def __repr__(self) -> str:
        from heatlas.dataset.heat.display import described

        return described(self)

    @cached_property
    def _thumbnail(self) -> bytes | None:
        from heatlas.dataset.heat.display import thumbnail

        return thumbnail(self)

    def _repr_png_(self) -> bytes | None:
        return self._thumbnail

    def _repr_html_(self) -> str:
        from heatlas.dataset.heat.display import figure

        return figure(self, self._thumbnail)
