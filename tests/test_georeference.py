"""Files beside a picture: GDAL places it without asking, and web maps get its corners."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.style.colormaps import colormap
from heatlas.style.image import Picture
from heatlas.writers import write
from heatlas.writers.georeference import describe, geotransform
from heatlas.writers.rendered_map import RenderedMap

WINDOWS = [
    Window(256 * 2**13, 1_086_000, 722_000, 300, 200),
    Window(1234567.891, 620_001, 410_003, 31, 57),
    Window(4096, 4000, 1500, 256, 64),
    Window(1024, -100, 512, 256, 1),
]


def rendered(window: Window, **more) -> RenderedMap:
    pixels = (np.indices((window.height, window.width)).sum(0) % 256).astype(np.uint8)
    return RenderedMap(window=window, picture=Picture(pixels, colormap("ember")), **more)


@pytest.mark.parametrize("ending", [".png", ".webp"])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("without", ["", "world file"])
def test_gdal_places_a_picture(tmp_path, ending, window, without):
    work = rendered(window)
    path, _, world, _ = write(tmp_path / f"heat{ending}", work)
    if without:
        world.unlink()
    with rasterio.open(path) as dataset:
        assert dataset.crs.to_epsg() == 3857
        pixel = dataset.transform.a
        error = np.abs(np.subtract(dataset.bounds, window.bounds)).max() / pixel
        assert error < 1e-6
        assert (dataset.width, dataset.height) == (window.width, window.height)


@pytest.mark.parametrize(("ending", "world_ending"), [(".png", ".pgw"), (".webp", ".wld")])
def test_a_world_file_holds_the_centre_of_the_first_pixel(tmp_path, ending, world_ending):
    window = WINDOWS[0]
    path, description, world, auxiliary = write(tmp_path / f"heat{ending}", rendered(window))
    assert world.name == f"heat{world_ending}"
    assert description.name == path.name + ".json"
    assert auxiliary.name == path.name + ".aux.xml"
    a, d, b, e, x, y = map(float, world.read_text().split())
    assert (d, b) == (0, 0)
    assert a == -e == pytest.approx(2 * math.pi * 6378137 / window.scale)
    left, _, _, top = window.bounds
    assert (x, y) == (left + a / 2, top - a / 2)


@given(
    st.floats(256, 2**30),
    st.integers(-(2**20), 2**20),
    st.integers(0, 2**20),
    st.integers(1, 9999),
    st.integers(1, 99),
)
def test_bounds_follow_from_the_geotransform(scale, x, y, width, height):
    window = Window(scale, x, y, width, height)
    left, size, _, top, _, minus = geotransform(window)
    bounds = (left, top + height * minus, left + width * size, top)
    assert bounds == pytest.approx(window.bounds, rel=1e-12, abs=1e-6)


@pytest.mark.parametrize("window", WINDOWS)
def test_corners_for_web_maps(window):
    seen = describe("heat.png", rendered(window))
    (south, west), (north, east) = seen["leaflet"]["bounds"]
    assert seen["maplibre"]["coordinates"] == [[west, north], [east, north], [east, south], [west, south]]
    assert seen["bbox"] == [west, south, east, north] == list(window.bbox)
    u, v = from_lonlat([west, east], [north, south])
    assert u * window.scale == pytest.approx([window.x, window.x + window.width], abs=1e-6)
    assert v * window.scale == pytest.approx([window.y, window.y + window.height], abs=1e-6)
    assert west < east


def test_what_is_known_is_described(tmp_path):
    work = rendered(WINDOWS[0], title="Läufe", measure="mean(pace)", range=(0.25, 0.5), attribution="© me")
    seen = json.loads(write(tmp_path / "heat.png", work)[1].read_text("utf-8"))
    assert seen["image"] == seen["maplibre"]["url"] == "heat.png"
    assert seen["crs"] == "EPSG:3857"
    assert seen["zoom"] == 13
    assert seen["resolution"] == pytest.approx(WINDOWS[0].resolution, rel=1e-5)
    known = {key: seen[key] for key in ("title", "measure", "unit", "range", "attribution")}
    assert known == {
        "title": "Läufe",
        "measure": "mean(pace)",
        "unit": "s/m",
        "range": [0.25, 0.5],
        "attribution": "© me",
    }


def test_a_range_is_taken_from_values_and_unknown_things_are_left_out():
    values = np.full((200, 300), np.nan, np.float32)
    assert "range" not in describe("a", rendered(WINDOWS[0], values=values))
    values[3, 4], values[5, 6] = 2, 7
    seen = describe("a", rendered(WINDOWS[0], values=values))
    assert seen["range"] == [2, 7]
    assert not {"title", "measure", "unit", "attribution"} & set(seen)
