"""KMZ: pieces lie where the window lies, in latitude too, and no piece is too large."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from zipfile import ZipFile

import numpy as np
import pytest
import rasterio
from PIL import Image

from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.style.colormaps import colormap
from heatlas.style.decorations import Decorations
from heatlas.style.image import Picture
from heatlas.writers import kmz, write
from heatlas.writers.kmz import GARMIN_BYTES, GARMIN_IMAGES, GARMIN_PIXELS, MAX_SIDE
from heatlas.writers.rendered_map import RenderedMap

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
    (path,) = write(tmp_path / "heat.kmz", RenderedMap(window=window, picture=Picture(pattern(window))))
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
    (path,) = write(tmp_path / "heat.kmz", RenderedMap(window=window, picture=Picture(pattern(window))))
    seen = {int(row) for _, pixels in overlays(path) for row in pixels[:, 0, 1]}
    assert len(seen) == min(window.height, 256)


def test_a_small_map_is_one_overlay_and_keeps_its_palette(tmp_path):
    palette = colormap("ember")
    palette[0] = 0
    pixels = (np.indices((200, 300)).sum(0) % 256).astype(np.uint8)
    (path,) = write(tmp_path / "heat.kmz", RenderedMap(window=CITY, picture=Picture(pixels, palette)))
    with ZipFile(path) as archive:
        assert archive.namelist() == ["doc.kml", "heat.png"]
        with Image.open(io.BytesIO(archive.read("heat.png"))) as image:
            assert image.mode == "P"
    ((_, seen),) = overlays(path)
    assert seen.shape == (200, 300, 4)
    assert np.array_equal(seen, palette[pixels])


def test_across_the_antimeridian_there_are_two(tmp_path):
    (path,) = write(tmp_path / "heat.kmz", RenderedMap(window=FIJI, picture=Picture(pattern(FIJI))))
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
    (path,) = write(tmp_path / "heat.kmz", RenderedMap(window=LARGE, picture=picture))
    assert len(list(overlays(path))) == 1


def test_words_are_escaped_and_the_legend_is_pinned(tmp_path):
    legend = np.full((20, 50, 4), 77, np.uint8)
    work = RenderedMap(
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
    work = RenderedMap(window=CITY, picture=Picture(pattern(CITY)))
    first, second = (write(tmp_path / name, work)[0].read_bytes() for name in ("a.kmz", "b.kmz"))
    assert first == second


def test_gdal_places_an_overlay(tmp_path):
    (path,) = write(tmp_path / "heat.kmz", RenderedMap(window=CITY, picture=Picture(pattern(CITY))))
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


GROUND = (250, 249, 246)


def ramps(window: Window) -> Picture:
    """Smooth ramps that JPEG keeps: red tells the column and green the row, within some hundred pixels."""
    x, y = np.arange(window.width) % 512, np.arange(window.height) % 512
    rgba = np.full((window.height, window.width, 4), 255, np.uint8)
    rgba[..., 0], rgba[..., 1] = np.abs(x - 256)[None].clip(0, 255), np.abs(y - 256)[:, None].clip(0, 255)
    rgba[..., 2] = 90
    return Picture(rgba)


def for_garmin(window: Window, picture: Picture, **more) -> RenderedMap:
    return RenderedMap(window=window, picture=picture, garmin=True, decorations=Decorations(ground=GROUND), **more)


@pytest.mark.parametrize("window", [WORLD, TALL, CITY, FIJI, LARGE, Window(2.0**22, 2_000_000, 900_000, 3000, 1500)])
def test_garmin_takes_every_image(tmp_path, window):
    (path,) = write(tmp_path / "heat.kmz", for_garmin(window, ramps(window)))
    covered, names = 0, []
    with ZipFile(path) as archive:
        assert archive.namelist()[0] == "doc.kml"
        root = ET.fromstring(archive.read("doc.kml"))
        assert root.find(".//k:ScreenOverlay", NS) is None
        for overlay in root.iterfind(".//k:GroundOverlay", NS):
            assert int(overlay.find("k:drawOrder", NS).text) >= 50
            name = overlay.find("k:Icon/k:href", NS).text
            names.append(name)
            data = archive.read(name)
            assert len(data) <= GARMIN_BYTES
            # Markers up to the first scan: a baseline frame (SOF0) and no progressive one (SOF2).
            frames, at = [], 2
            while data[at + 1] != 0xDA:
                frames.append(data[at + 1])
                at += 2 + int.from_bytes(data[at + 2 : at + 4])
            assert 0xC0 in frames
            assert 0xC2 not in frames
            with Image.open(io.BytesIO(data)) as image:
                assert image.format == "JPEG"
                assert image.mode == "RGB"
                assert image.width * image.height <= GARMIN_PIXELS
                assert max(image.size) <= MAX_SIDE
            edges = [
                float(overlay.find(f"k:LatLonBox/k:{side}", NS).text) for side in ("north", "south", "east", "west")
            ]
            covered += (edges[2] - edges[3]) * (edges[0] - edges[1])
        assert sorted(archive.namelist()[1:]) == sorted(names)
    west, south, east, north = window.bbox
    assert covered == pytest.approx((east - west) * (north - south), rel=1e-6)
    assert len(names) <= GARMIN_IMAGES


@pytest.mark.parametrize("window", [TALL, CITY, FIJI, Window(2.0**22, 2_000_000, 900_000, 3000, 1500)])
def test_garmin_finds_every_pixel_within_half_a_pixel_of_its_place(tmp_path, window):
    (path,) = write(tmp_path / "heat.kmz", for_garmin(window, ramps(window)))
    for (north, south, east, west), pixels in overlays(path):
        height, width = pixels.shape[:2]
        lat = north + (np.arange(height) + 0.5) / height * (south - north)
        lon = west + (np.arange(width) + 0.5) / width * (east - west)
        rows = from_lonlat(np.zeros(height), lat)[1] * window.scale - window.y - 0.5
        columns = (from_lonlat(lon, np.zeros(width))[0] * window.scale - window.x - 0.5) % window.scale
        # What a ramp of one step per pixel would read there; JPEG rounds by a step or two.
        down, across = (np.abs(places % 512 - 256).clip(0, 255) for places in (rows, columns))
        assert np.abs(np.median(pixels[..., 1], axis=1) - down).max() < 0.5 + 2.5
        assert abs(np.mean(np.median(pixels[..., 1], axis=1) - down)) < 0.5
        assert np.abs(np.median(pixels[..., 0], axis=0) - across).max() < 0.5 + 2.5


def test_garmin_gets_only_what_is_not_empty(tmp_path):
    window = Window(2.0**22, 2_000_000, 900_000, 4000, 3000)
    pixels = np.zeros((3000, 4000), np.uint8)
    pixels[5, 5] = 200
    palette = colormap("ember")
    palette[0] = (*GROUND, 255)
    (path,) = write(tmp_path / "heat.kmz", for_garmin(window, Picture(pixels, palette), title="Panamá"))
    assert len(list(overlays(path))) == 1
    with ZipFile(path) as archive:
        assert ET.fromstring(archive.read("doc.kml")).find("k:Document/k:name", NS).text == "Panamá"


def test_garmin_refuses_more_images_than_it_loads(tmp_path, monkeypatch):
    monkeypatch.setattr(kmz, "GARMIN_IMAGES", 10)
    window = Window(2.0**22, 2_000_000, 900_000, 6000, 4000)
    pixels = np.broadcast_to(np.arange(6000, dtype=np.uint8) % 2 + 100, (4000, 6000))
    with pytest.raises(BadOption, match=r"needs 2\d images, and Garmin devices load 10: take --width \d+ ") as caught:
        write(tmp_path / "heat.kmz", for_garmin(window, Picture(pixels, colormap("ember"))))
    assert list(tmp_path.iterdir()) == []
    width = int(str(caught.value).partition("--width ")[2].split()[0])
    part = width / 6000
    smaller = Window(2.0**22 * part, int(2_000_000 * part), int(900_000 * part), width, int(4000 * part))
    assert 7 <= sum(map(len, kmz._bands(smaller, garmin=True))) <= 10


def test_garmin_images_too_large_lose_quality_not_pixels(monkeypatch):
    noise = Picture(np.random.default_rng(0).integers(0, 256, (300, 300, 4), np.uint8))
    best = kmz._jpeg(noise)
    monkeypatch.setattr(kmz, "GARMIN_BYTES", len(best) // 2)
    small = kmz._jpeg(noise)
    assert len(small) <= len(best) // 2
    with Image.open(io.BytesIO(small)) as image:
        assert image.size == (300, 300)
