"""Streets below the heat of a picture: decoded, painted faintly, alike in strips, refused where they cannot be."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from serving import PLACE
from street_tiles import layer, town_tile, write_town

import heatlas
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.dataset.places import around, bbox_window
from heatlas.pmtiles.streets import CREDIT, open_streets
from heatlas.pmtiles.vector_tiles import LINE, POLYGON, read_layers
from heatlas.style.street_ground import StreetGround

DARK, LIGHT = (14, 17, 22), (250, 249, 246)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return write_town(tmp_path_factory.mktemp("town") / "town.pmtiles", *PLACE)


def test_layers_are_read_and_others_skipped():
    ring = [(0, 0), (4096, 0), (4096, 2048), (0, 2048), (0, 0)]
    hole = [(100, 100), (100, 200), (200, 200), (200, 100), (100, 100)]
    data = b"".join(
        (
            layer("water", [("area", [ring, hole], {"kind": "lake", "name": "Långsjön"})]),
            layer("roads", [("line", [[(0, 0), (-64, 4160)]], {"kind": "path", "min_zoom": 13})]),
            layer("pois", [("point", [[(1, 1)]], {"kind": "bench"})]),
        )
    )
    found = read_layers(data, {"water", "roads"})
    assert set(found) == {"water", "roads"}
    (lake,), (path,) = found["water"], found["roads"]
    assert (lake.kind, lake.properties) == (POLYGON, {"kind": "lake", "name": "Långsjön"})
    assert lake.parts[0] == [(0, 0), (1, 0), (1, 0.5), (0, 0.5)]
    assert len(lake.parts[1]) == 4
    assert (path.kind, path.parts) == (LINE, [[(0, 0), (-64 / 4096, 4160 / 4096)]])
    assert path.properties["min_zoom"] == 13
    assert read_layers(b"", {"water"}) == {}


@pytest.mark.parametrize("data", [b"\x1a\xff\xff\x7fx", b"\x1a\x05ab", bytes(range(1, 60))])
def test_bytes_that_are_no_tile_are_refused(data):
    with pytest.raises(SourceFailed, match="damaged"):
        read_layers(data, {"water"})


def test_a_damaged_tile_never_fails_otherwise():
    tile = bytearray(town_tile(13, 4344, 2858, *PLACE))
    rng = np.random.default_rng(2)
    for _ in range(60):
        broken = tile.copy()
        for at in rng.integers(0, len(tile), 4):
            broken[at] = int(rng.integers(256))
        with contextlib.suppress(SourceFailed):
            read_layers(bytes(broken), {"water", "roads", "landuse"})


def at(window, east, north):
    """Pixel so many kilometres from the middle of the town."""
    lat, lon = PLACE[0] + north / 111.2, PLACE[1] + east / (111.2 * np.cos(np.radians(PLACE[0])))
    west, south, right, top = window.bbox
    return round((top - lat) / (top - south) * window.height), round((lon - west) / (right - west) * window.width)


@pytest.mark.parametrize(("land", "sign"), [(DARK, 1), (LIGHT, -1)])
def test_streets_are_faint_and_of_ranks(town, land, sign):
    window = bbox_window(around(*PLACE, 3600), width=900)
    ground = StreetGround(window, land, streets=open_streets(town)).rows(0, window.height).astype(np.int16)
    bare = np.array(land)

    def apart(east, north):
        y, x = at(window, east, north)
        near = ground[y - 2 : y + 3, x - 2 : x + 3].sum(axis=2) - bare.sum()
        return sign * int((sign * near).max())

    minor, major = apart(0.125, 0.25), apart(0.125, 1.0)
    assert 0 < sign * minor < sign * major < 150
    y, x = at(window, 0.125, 0.125)
    assert (ground[y, x] == bare).all()  # between streets
    y, x = at(window, 0, -3.45)
    assert (ground[y, x] != bare).any()  # the lake
    y, x = at(window, 1.6, 1.6)
    assert ground[y, x, 1] > ground[y, x, 0]  # the park


def test_beyond_the_file_the_ground_is_plain(town):
    window = bbox_window(around(-30.0, -60.0, 2000), width=200)
    assert (StreetGround(window, DARK, streets=open_streets(town)).rows(0, 50) == DARK).all()


def test_strips_fit_together(town, monkeypatch):
    window = bbox_window(around(*PLACE, 3000), width=300)
    whole = StreetGround(window, DARK, streets=open_streets(town)).rows(0, window.height).astype(np.int16)
    monkeypatch.setattr("heatlas.style.ground._STRIP", 300 * 64)
    ground = StreetGround(window, DARK, streets=open_streets(town))
    parts = [ground.rows(top, min(top + 50, window.height)) for top in range(0, window.height, 50)]
    apart = np.abs(np.concatenate(parts).astype(np.int16) - whole).max(axis=2)
    assert (apart > 6).mean() < 0.002
    narrow = replace(window, x=window.x + 100, width=100)
    cut = StreetGround(narrow, DARK, streets=open_streets(town)).rows(0, 200)
    assert (np.abs(cut.astype(np.int16) - whole[:200, 100:200]).max(axis=2) > 6).mean() < 0.01


def test_a_picture_has_the_heat_above_and_names_openstreetmap(tmp_path, town):
    source = tmp_path / "a.gpx"
    points = "".join(f'<trkpt lat="{PLACE[0]}" lon="{PLACE[1] - 0.01 + k / 5000}"/>' for k in range(100))
    source.write_text(f'<gpx version="1.1"><trk><trkseg>{points}</trkseg></trk></gpx>')
    box = f"{PLACE[0]},{PLACE[1]},2km"
    report = heatlas.render(
        source, output=tmp_path / "a.png", around=box, width=500, basemap=str(town), attribution="Mine"
    )
    plain = heatlas.render(
        source, output=tmp_path / "b.png", around=box, width=500, background="dark", attribution="Mine"
    )
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "b.png") as other:
        on, off = (np.asarray(picture.convert("RGB"), np.int16) for picture in (one, other))
        assert CREDIT in str(one.info) or "OpenStreetMap" in (tmp_path / "a.png.json").read_text()
    assert report["range"] == plain["range"]
    middle = on[:, 200:300], off[:, 200:300]
    heat = middle[1].sum(axis=2) > 200
    assert heat.any()
    assert np.abs(middle[0] - middle[1])[heat].max() <= 2  # where the heat is opaque, nothing shines through
    assert 0.02 < (np.abs(on[:400] - off[:400]).max(axis=2) > 3).mean() < 0.6
    assert on[:, :, 0].max() >= off[:, :, 0].max() - 1


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("a.png", {"basemap": "https://example.org/{z}/{x}/{y}.png"}, "is a file of streets such as town.pmtiles"),
        ("a.tif", {}, "--basemap is painted, and a.tif holds values"),
        ("a.kmz", {}, "would cover the ground"),
        ("a.png", {"background": "none"}, "needs a ground"),
        ("a.png", {"facet": "year"}, "not for the small ones of --facet"),
        ("a.png", {"basemap": "none.pmtiles"}, "cannot be opened"),
        ("a.mp4", {}, "--basemap is for"),
        ("a.html", {"basemap": "none.pmtiles"}, "cannot be opened"),
    ],
)
def test_what_cannot_lie_on_streets_is_refused(tmp_path, town, name, options, reason):
    (tmp_path / "a.gpx").write_text("<gpx/>")
    with pytest.raises(BadOption, match=reason):
        heatlas.render(tmp_path / "a.gpx", output=tmp_path / name, **{"basemap": str(town), **options})
    assert not (tmp_path / name).exists()
