"""KMZ: pieces lie where the window lies, in latitude too, and no piece is too large."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from zipfile import ZipFile

import numpy as np
import pytest
import rasterio
from PIL import Image

from heatlas.colormaps import colormap
from heatlas.mercator import from_lonlat
from heatlas.picture import Picture
from heatlas.sinks import write
from heatlas.sinks.artwork import Artwork
from heatlas.sinks.kmz import MAX_SIDE
from heatlas.window import Window

NS = {"k": "http://www.opengis.net/kml/2.2"}
WORLD = Window(512, 0, 0, 512, 512)
TALL = Window(1024, 500, 200, 40, 500)
CITY = Window(256 * 2**13, 1_086_000, 722_000, 300, 200)
FIJI = Window(4096, 4000, 2200, 256, 64)
WEST_OF_WORLD = Window(4000.5, -70, 1800, 100, 64)
LARGE = Window(256 * 2**10, 140_001, 90_003, 2 * MAX_SIDE + 5, MAX_SIDE + 1)


def pattern(window: Window) -> np.ndarray:
    """Rows and columns of a lattice of the whole world in red, green and blue: each pixel names its place."""
    x = (window.x + np.arange(window.width)) % round(window.scale)
    y = window.y + np.arange(window.height)
    rgba = np.empty((window.height, window.width, 4), np.uint8)
    rgba[..., 0], rgba[..., 1] = (x % 256)[None], (y % 256)[:, None]
    rgba[..., 2] = (x // 256 % 16)[None] * 16 + (y // 256 % 16)[:, None]
    rgba[..., 3] = 255
    return rgba


def overlays(path):
    """Edges (north, south, east, west) and RGBA of every ground overlay."""
    with ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "doc.kml"
        root = ET.fromstring(archive.read("doc.kml"))
        for overlay in root.iterfind(".//k:GroundOverlay", NS):
            box = overlay.find("k:LatLonBox", NS)
            assert {child.tag.rpartition("}")[2] for child in box} == {"north", "south", "east", "west"}
            edges = [float(box.find(f"k:{side}", NS).text) for side in ("north", "south", "east", "west")]
            with Image.open(io.BytesIO(archive.read(overlay.find("k:Icon/k:href", NS).text))) as image:
                yield edges, np.array(image.convert("RGBA"))


@pytest.mark.parametrize("window", [WORLD, TALL, CITY, FIJI, WEST_OF_WORLD, LARGE])
def test_every_pixel_lies_within_half_a_pixel_of_its_place(tmp_path, window):
    (path,) = write(tmp_path / "heat.kmz", Artwork(window=window, picture=Picture(pattern(window))))
    covered = 0
    for (north, south, east, west), pixels in overlays(path):
        height, width = pixels.shape[:2]
        assert max(height, width) <= MAX_SIDE
        assert -180.1 < west < east < 180.1
        # As a globe draws it: evenly between the edges, in latitude and in longitude.
        lat = north + (np.arange(height) + 0.5) / height * (south - north)
        lon = west + (np.arange(width) + 0.5) / width * (east - west)
        _, v = from_lonlat(np.zeros(height), lat)
        u, _ = from_lonlat(lon, np.zeros(width))
        row = pixels[:, 0, 1].astype(int)
        off = (v * window.scale - 0.5 - row + 128) % 256 - 128
        assert np.abs(off).max() < 0.5 + 1e-6
        column = pixels[0, :, 0].astype(int)
        off = (u * window.scale - 0.5 - column + 128) % 256 - 128
        # A world that is not a whole number of pixels wide shifts the lattice behind the antimeridian.
        assert np.abs(off).max() < (0.01 if window.scale % 1 == 0 else 1)
        covered += (east - west) * (north - south)
    west, south, east, north = window.bbox
    assert covered == pytest.approx((east - west) * (north - south), rel=1e-6)


@pytest.mark.parametrize("window", [TALL, CITY, FIJI])
def test_no_row_is_lost(tmp_path, window):
    (path,) = write(tmp_path / "heat.kmz", Artwork(window=window, picture=Picture(pattern(window))))
    seen = {int(row) for _, pixels in overlays(path) for row in pixels[:, 0, 1]}
    assert len(seen) == min(window.height, 256)


def test_a_small_map_is_one_overlay_and_keeps_its_palette(tmp_path):
    palette = colormap("ember")
    palette[0] = 0
    pixels = (np.indices((200, 300)).sum(0) % 256).astype(np.uint8)
    (path,) = write(tmp_path / "heat.kmz", Artwork(window=CITY, picture=Picture(pixels, palette)))
    with ZipFile(path) as archive:
        assert archive.namelist() == ["doc.kml", "heat.png"]
        with Image.open(io.BytesIO(archive.read("heat.png"))) as image:
            assert image.mode == "P"
    ((_, seen),) = overlays(path)
    assert seen.shape == (200, 300, 4)
    assert np.array_equal(seen, palette[pixels])


def test_across_the_antimeridian_there_are_two(tmp_path):
    (path,) = write(tmp_path / "heat.kmz", Artwork(window=FIJI, picture=Picture(pattern(FIJI))))
    first, second = (edges for edges, _ in overlays(path))
    assert first[2] == pytest.approx(180)
    assert second[3] == pytest.approx(-180)
    assert first[3] == pytest.approx(FIJI.bbox[0])
    assert second[2] == pytest.approx(FIJI.bbox[2] - 360)


@pytest.mark.parametrize("with_palette", [True, False])
def test_empty_pieces_are_left_out(tmp_path, with_palette):
    palette = colormap("ember")
    palette[0] = 0
    pixels = np.zeros((LARGE.height, LARGE.width), np.uint8)
    pixels[5, 5] = 200
    picture = Picture(pixels, palette)
    picture = picture if with_palette else Picture(picture.rgba)
    (path,) = write(tmp_path / "heat.kmz", Artwork(window=LARGE, picture=picture))
    assert len(list(overlays(path))) == 1


def test_words_are_escaped_and_the_legend_is_pinned(tmp_path):
    legend = np.full((20, 50, 4), 77, np.uint8)
    work = Artwork(
        window=CITY,
        picture=Picture(pattern(CITY)),
        title="<b>Läufe</b> & \x01more",
        attribution="© <me>",
        legend=legend,
        corner="top-left",
    )
    (path,) = write(tmp_path / "heat.kmz", work)
    with ZipFile(path) as archive:
        root = ET.fromstring(archive.read("doc.kml"))
        with Image.open(io.BytesIO(archive.read("legend.png"))) as image:
            assert np.array_equal(np.array(image), legend)
    assert root.find("k:Document/k:name", NS).text == "<b>Läufe</b> & more"
    assert root.find("k:Document/k:description", NS).text == "© <me>"
    place = root.find(".//k:ScreenOverlay/k:screenXY", NS)
    assert (place.get("x"), place.get("y")) == ("0", "1")
    ((_, seen),) = overlays(path)
    assert np.array_equal(seen, pattern(CITY))


def test_equal_maps_make_equal_files(tmp_path):
    work = Artwork(window=CITY, picture=Picture(pattern(CITY)))
    first, second = (write(tmp_path / name, work)[0].read_bytes() for name in ("a.kmz", "b.kmz"))
    assert first == second


def test_gdal_places_an_overlay(tmp_path):
    (path,) = write(tmp_path / "heat.kmz", Artwork(window=CITY, picture=Picture(pattern(CITY))))
    with ZipFile(path) as archive:
        archive.extractall(tmp_path)
    # GDAL reads a lone overlay only where it is the root.
    overlay = ET.parse(tmp_path / "doc.kml").getroot().find(".//k:GroundOverlay", NS)
    root = ET.Element(f"{{{NS['k']}}}kml")
    root.append(overlay)
    ET.register_namespace("", NS["k"])
    ET.ElementTree(root).write(tmp_path / "lone.kml")
    with rasterio.open(tmp_path / "lone.kml") as dataset:
        west, south, east, north = CITY.bbox
        assert dataset.crs.to_epsg() == 4326
        assert np.allclose(dataset.bounds, (west, south, east, north), rtol=0, atol=1e-9)
        assert np.array_equal(np.moveaxis(dataset.read(), 0, -1), pattern(CITY)[..., : dataset.count])
