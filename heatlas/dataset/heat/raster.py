"""Heats for other libraries: xarray, rioxarray and rasterio.

The CRS is attached as CF conventions 1.11, section 5.6, and rioxarray require: a coordinate `spatial_ref` without
dimensions holds the WKT and GDAL's geotransform in its attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import MissingExtra
from heatlas.core.mercator import CIRCUMFERENCE
from heatlas.writers.georeference import WKT, geotransform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from xarray import DataArray

    from heatlas.core.window import Window
    from heatlas.dataset.heat.labels import Labels

__all__ = ["centres", "data_array", "profile"]


def centres(window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(width,) x and (height,) y of pixel centres, metres of EPSG:3857; y decreases."""
    size, half = CIRCUMFERENCE / window.scale, CIRCUMFERENCE / 2
    columns, rows = np.arange(window.width, dtype=np.float64), np.arange(window.height, dtype=np.float64)
    return (window.x + columns + 0.5) * size - half, half - (window.y + rows + 0.5) * size


def data_array(
    values: NDArray[np.float32], window: Window, measure: str, labels: Labels, more: Mapping[str, Any]
) -> DataArray:
    """Make an xarray.DataArray; `more` are further attributes.

    Raises
    ------
    MissingExtra
        Without xarray.
    """
    try:
        import xarray
    except ImportError:
        raise MissingExtra("giving an xarray.DataArray", "xarray") from None
    x, y = centres(window)
    numbers = " ".join(repr(float(number)) for number in geotransform(window))
    place = {"crs_wkt": WKT, "spatial_ref": WKT, "GeoTransform": numbers}
    axis = {"units": "metre", "long_name": "EPSG:3857"}
    array = xarray.DataArray(
        values,
        dims=("y", "x"),
        coords={
            "y": ("y", y, {"axis": "Y", "standard_name": "projection_y_coordinate", **axis}),
            "x": ("x", x, {"axis": "X", "standard_name": "projection_x_coordinate", **axis}),
            "spatial_ref": ((), 0, place),
        },
        name=measure,
        attrs={
            "long_name": labels.title,
            **({"units": labels.unit.symbol} if labels.unit.symbol else {}),
            **more,
            "measure": measure,
            "resolution": float(f"{window.resolution:.6g}"),
        },
    )
    # rioxarray looks for the CRS here; it and NetCDF take _FillValue for missing.
    array.encoding.update(grid_mapping="spatial_ref", _FillValue=np.float32(np.nan))
    return array


def profile(window: Window) -> dict[str, Any]:
    """Make the profile with which ``rasterio.open(path, "w", **profile)`` writes one band of values.

    Raises
    ------
    MissingExtra
        Without rasterio.
    """
    try:
        import rasterio
        from rasterio.crs import CRS
    except ImportError:
        raise MissingExtra("making a rasterio profile", "geotiff") from None
    return {
        "driver": "GTiff",
        "dtype": "float32",
        "nodata": np.nan,
        "width": window.width,
        "height": window.height,
        "count": 1,
        "crs": CRS.from_epsg(3857),
        "transform": rasterio.Affine.from_gdal(*geotransform(window)),
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "compress": "deflate",
        "predictor": 3,
    }
