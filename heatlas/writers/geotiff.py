"""Write cloud-optimised GeoTIFF (COG) of values or colours.

Values are float32 with NaN as nodata, so that GIS programs can style and compute with them. Colours are RGBA, because
TIFF palettes have no alpha.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import MissingExtra
from heatlas.style.defaults import title_named, unit_named
from heatlas.writers.gdal import held_to_its_word
from heatlas.writers.georeference import geotransform
from heatlas.writers.png import SOFTWARE, write_legend

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.writers.rendered_map import RenderedMap

__all__ = ["write"]

_BLOCK = 512
"""Pixels a side of the tiles inside the file."""
_VALUES = {"count": 1, "dtype": "float32", "nodata": np.nan}
_COLOURS = {"count": 4, "dtype": "uint8", "photometric": "RGB", "alpha": "NON-PREMULTIPLIED"}


def write(path: Path, rendered: RenderedMap) -> list[Path]:
    """Write a COG in EPSG:3857 with overviews.

    The legend and all decorations are painted on colours; beside values, the legend is a separate file. Overviews are
    averages of the pixels with values, so that lines one pixel wide do not break up.

    Raises
    ------
    MissingExtra
        Without rasterio.
    BadOption
        When the values, or the picture for `rgba`, are missing.
    OSError
        When the system refuses to write.
    """
    try:
        import rasterio
        from rasterio.shutil import copy
    except ImportError as error:
        raise MissingExtra("writing a GeoTIFF", "geotiff") from error

    plain = path.with_name(path.name + ".plain.tif")
    # GDAL makes a COG only from a finished file. A file on disk bounds memory. Light compression and sparse blocks make
    # it faster to write and read than an uncompressed one.
    with rasterio.Env(GDAL_CACHEMAX=64, GDAL_PAM_ENABLED=False):
        _write_plain(plain, rendered)
        with held_to_its_word():
            copy(
                plain,
                path,
                driver="COG",
                compress="DEFLATE",
                level=6,
                predictor="YES",
                blocksize=_BLOCK,
                overview_resampling="AVERAGE",
                bigtiff="IF_SAFER",
                num_threads="ALL_CPUS",
            )
    plain.unlink()
    return [path] if rendered.rgba else [path, *write_legend(path, rendered)]


def _write_plain(path: Path, rendered: RenderedMap) -> None:
    import rasterio

    window = rendered.window
    with held_to_its_word():
        dataset = rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=window.width,
            height=window.height,
            crs="EPSG:3857",
            transform=rasterio.Affine.from_gdal(*geotransform(window)),
            bigtiff="IF_SAFER",
            tiled=True,
            blockxsize=_BLOCK,
            blockysize=_BLOCK,
            compress="DEFLATE",
            zlevel=1,
            sparse_ok=True,
            num_threads="ALL_CPUS",
            **(_COLOURS if rendered.rgba else _VALUES),
        )
    try:
        for top, block in _blocks(rendered):
            part = rasterio.windows.Window(0, top, window.width, block.shape[1])
            with held_to_its_word():
                dataset.write(block, window=part)
        _describe(dataset, rendered)
    finally:
        with held_to_its_word():
            dataset.close()


def _blocks(rendered: RenderedMap) -> Iterator[tuple[int, NDArray[Any]]]:
    """Iterate over rows of blocks: number of the first row, and (bands, rows, width)."""
    if not rendered.rgba:
        for top, values in rendered.value_rows(_BLOCK):
            yield top, values[None]
        return
    picture, height = rendered.finished, rendered.window.height
    for top in range(0, height, _BLOCK):
        yield top, np.moveaxis(picture.rows(top, min(top + _BLOCK, height)).rgba, -1, 0)


def _describe(dataset: Any, rendered: RenderedMap) -> None:
    """Set tags: title, measure, unit and attribution."""
    title = rendered.title or (title_named(rendered.measure) if rendered.measure else "")
    tags = {
        "TIFFTAG_SOFTWARE": SOFTWARE["Software"],
        "TIFFTAG_IMAGEDESCRIPTION": title,
        "TIFFTAG_COPYRIGHT": rendered.attribution,
        "MEASURE": rendered.measure,
        "UNIT": unit_named(rendered.measure).symbol,
    }
    dataset.update_tags(**{key: value for key, value in tags.items() if value})
    if rendered.rgba:
        from rasterio.enums import ColorInterp

        dataset.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    elif rendered.measure:
        dataset.set_band_description(1, rendered.measure)
        dataset.set_band_unit(1, unit_named(rendered.measure).symbol)
