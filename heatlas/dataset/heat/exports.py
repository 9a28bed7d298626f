"""A heat that leaves heatlas: as a picture, a file, an array of another library, a figure, or numbers at positions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.dataset.heat.labels import attributes_of
from heatlas.dataset.heat.styled import StyledGrid

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray
    from PIL.Image import Image
    from xarray import DataArray

__all__ = ["ExportableGrid"]


@dataclass(frozen=True, eq=False, repr=False)
class ExportableGrid(StyledGrid):
    """The part of a `heatlas.Heat` that gives it to people, files and other libraries."""

    def image(self, legend: bool = False) -> Image:
        """Paint the heat.

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
        """Encode the picture as a data: URL (PNG), for maps, HTML and Markdown."""
        from heatlas.dataset.heat.files import url_of

        return url_of(self)

    def save(
        self,
        path: str | Path,
        legend: bool = False,
        rgba: bool = False,
        *,
        title: str = "",
        scale_bar: bool = False,
        attribution: str = "",
    ) -> list[Path]:
        """Write the heat to a file; the ending decides the format, as in `heatlas.render`.

        Parameters
        ----------
        path : str or Path
            .tif (unless `rgba`) and .npy hold the values; other endings hold the picture.
        legend : bool
            Paint the legend on pictures, or write it beside values.
        rgba : bool
            Colours in a GeoTIFF instead of values.
        title : str
            Large on pictures, and the title of the file; {place} in it is what is shown: Tampere, Finland.
        scale_bar : bool
            Paint a bar of true metres on a picture.
        attribution : str
            Who is to be named, at the edge of a picture.

        Returns
        -------
        list of Path
            The files written, the main one first.

        Raises
        ------
        BadOption, MissingExtra, NothingToDraw, HeatlasError
            When the file cannot be written.
        """
        from heatlas.dataset.heat.files import Captions, save

        return save(self, Path(path), Captions(title, scale_bar, attribution), legend=legend, rgba=rgba)

    def to_xarray(self) -> DataArray:
        """Make an xarray.DataArray (y, x) with the centres of pixels in metres of EPSG:3857.

        The array has a name, a unit and a CRS that rioxarray understands. Only xarray is needed.

        Raises
        ------
        MissingExtra
            Without xarray.
        """
        from heatlas.dataset.heat.raster import data_array

        about = {} if self.smoothed.worked else attributes_of(self.smoothed.measure)
        return data_array(self.values.copy(), self.window, self.measure, self.worked.labels, about)

    def sample(self, points: Any, lat: Any = None) -> NDArray[np.float32]:
        """Read the values at some positions.

        Parameters
        ----------
        points : array, GeoDataFrame or GeoSeries
            (n, 2) longitudes and latitudes in degrees; points of any coordinate system; with `lat` (n,) longitudes.
        lat : array, optional
            (n,) latitudes in degrees.

        Returns
        -------
        ndarray of float32
            (n,) values in the unit of the heat; NaN where there is none, and outside of the window.

        Raises
        ------
        BadOption
            For what has no positions.
        """
        from heatlas.dataset.heat.sampling import sampled

        return sampled(self, points, lat)

    def plot(self, ax: Any = None, legend: bool = True, scale_bar: bool = True) -> Any:
        """Draw the heat with matplotlib, for papers: axes in degrees, legend with its unit, scale bar.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure.
        legend, scale_bar : bool
            Whether to draw these.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        MissingExtra
            Without matplotlib.
        NothingToDraw
            When no pixel has a value and no tone was fixed.
        """
        from heatlas.dataset.heat.plotting import plotted

        return plotted(self, ax, legend, scale_bar)

    def to_rasterio_profile(self) -> dict[str, Any]:
        """Make the profile with which ``rasterio.open(path, "w", **profile)`` writes `values` as a GeoTIFF of one band.

        Raises
        ------
        MissingExtra
            Without rasterio.
        """
        from heatlas.dataset.heat.raster import profile

        return profile(self.window)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype) if copy or copy is None else np.asarray(self.values, dtype)
