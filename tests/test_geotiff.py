"""GeoTIFF: values and colours as rasterio reads them, and the layout of a COG."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from heatlas.core.errors import BadOption, MissingExtra
from heatlas.core.window import Window
from heatlas.style.colormaps import colormap
from heatlas.style.image import Picture
from heatlas.writers import write
from heatlas.writers.rendered_map import RenderedMap


def made(height: int, width: int, **more) -> RenderedMap:
    values = np.random.default_rng(2).gamma(1, 20, (height, width)).astype(np.float32)
    values[values < 15] = np.nan
    palette = colormap("ember")
    palette[0] = 0
    pixels = np.nan_to_num(values).clip(0, 255).astype(np.uint8)
    window = Window(256 * 2**12, 540_001, 361_003, width, height)
    return RenderedMap(window=window, picture=Picture(pixels, palette), values=values, **more)


@pytest.mark.parametrize("shape", [(1, 1), (7, 700), (1300, 1100)])
@pytest.mark.parametrize("ending", [".tif", ".tiff"])
def test_values_are_read_back(tmp_path, shape, ending):
    work = made(*shape, measure="seconds", attribution="© me", title="Läufe")
    (path,) = write(tmp_path / f"heat{ending}", work)
    with rasterio.open(path) as dataset:
        assert np.array_equal(dataset.read(1), work.values, equal_nan=True)
        assert dataset.dtypes == ("float32",)
        assert np.isnan(dataset.nodata)
        assert dataset.crs.to_epsg() == 3857
        assert np.abs(np.subtract(dataset.bounds, work.window.bounds)).max() / dataset.transform.a < 1e-6
        assert dataset.descriptions == ("seconds",)
        assert dataset.units == ("s",)
        tags = dataset.tags()
    assert tags["MEASURE"] == "seconds"
    assert tags["UNIT"] == "s"
    assert tags["TIFFTAG_SOFTWARE"] == "heatlas"
    assert tags["TIFFTAG_IMAGEDESCRIPTION"] == "Läufe"
    assert tags["TIFFTAG_COPYRIGHT"] == "© me"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("with_palette", [True, False])
def test_colours_are_read_back(tmp_path, with_palette):
    work = made(600, 530, rgba=True)
    if not with_palette:
        work = RenderedMap(window=work.window, picture=Picture(work.picture.rgba), rgba=True)
    (path,) = write(tmp_path / "heat.tif", work)
    with rasterio.open(path) as dataset:
        assert np.array_equal(np.moveaxis(dataset.read(), 0, -1), work.picture.rgba)
        assert dataset.colorinterp == (
            ColorInterp.red,
            ColorInterp.green,
            ColorInterp.blue,
            ColorInterp.alpha,
        )


@pytest.mark.parametrize("rgba", [True, False])
def test_the_file_is_cloud_optimised(tmp_path, rgba):
    (path,) = write(tmp_path / "heat.tif", made(1300, 1100, rgba=rgba))
    offsets, data = [], []
    with rasterio.open(path) as dataset:
        structure = dataset.tags(ns="IMAGE_STRUCTURE")
        overviews = dataset.overviews(1)
        assert dataset.profile["tiled"]
        assert dataset.block_shapes[0] == (512, 512)
        offsets.append(
            int(dataset.tags(1, ns="TIFF").get("IFD_OFFSET") or dataset.get_tag_item("IFD_OFFSET", "TIFF", 1))
        )
        data.append(int(dataset.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", 1)))
        for level in range(len(overviews)):
            offsets.append(int(dataset.get_tag_item("IFD_OFFSET", "TIFF", 1, ovr=level)))
            data.append(int(dataset.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", 1, ovr=level)))
    assert structure["LAYOUT"] == "COG"
    assert structure["COMPRESSION"] == "DEFLATE"
    assert structure["PREDICTOR"] == ("2" if rgba else "3")
    assert overviews[:1] == [2]
    # All directories lie ahead of all data; full size first among them, and last among the data.
    assert offsets == sorted(offsets)
    assert max(offsets) < min(data)
    assert data == sorted(data, reverse=True)


def test_overviews_average_what_there_is(tmp_path):
    work = made(1100, 1024)
    (path,) = write(tmp_path / "heat.tif", work)
    with rasterio.open(path, overview_level=0) as dataset:
        seen = dataset.read(1)
    blocks = work.values.reshape(550, 2, 512, 2)
    count = np.isfinite(blocks).sum((1, 3))
    expected = np.where(count, np.nansum(blocks, (1, 3)) / np.maximum(count, 1), np.nan)
    assert np.allclose(seen, expected, rtol=1e-5, equal_nan=True)


def test_a_legend_is_written_beside(tmp_path):
    legend = np.full((20, 50, 4), 99, np.uint8)
    paths = write(tmp_path / "heat.tif", made(30, 20, legend=legend))
    assert [path.name for path in paths] == ["heat.tif", "heat.legend.png"]
    with rasterio.open(paths[0]) as dataset:
        assert np.array_equal(dataset.read(1), made(30, 20).values, equal_nan=True)


@pytest.mark.parametrize(("rgba", "word"), [(True, "needs a picture"), (False, "needs values")])
def test_what_is_missing_is_said(tmp_path, rgba, word):
    with pytest.raises(BadOption, match=word):
        write(tmp_path / "heat.tif", RenderedMap(window=Window(256, 0, 0, 2, 2), rgba=rgba))
    assert list(tmp_path.iterdir()) == []


def test_without_rasterio_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(MissingExtra, match=r"pip install 'heatlas\[geotiff\]'"):
        write(tmp_path / "heat.tif", made(2, 2))
