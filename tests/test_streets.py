"""Streets out of a file: reading it, what is refused, and how the server gives it out."""

from __future__ import annotations

import gzip
import shutil

import numpy as np
import pytest
from library_made import made
from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import TileType
from serving import PLACE, client, named
from street_tiles import town_tile, write_town

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.mercator import from_lonlat
from heatlas.pmtiles.hilbert import places_at, zoom_of
from heatlas.pmtiles.streets import CREDIT, is_file_of_tiles, open_streets


def tile_at(zoom, lat=PLACE[0], lon=PLACE[1]):
    u, v = from_lonlat(lon, lat)
    return zoom, int(u * 2**zoom), int(v * 2**zoom)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return write_town(tmp_path_factory.mktemp("town") / "town.pmtiles", *PLACE)


def test_tiles_are_those_that_others_read(town):
    streets = open_streets(town)
    with town.open("rb") as file:
        other = Reader(MmapSource(file))
        for zoom in range(6, 17):
            place = tile_at(zoom)
            assert streets.tile(*place) == other.get(*place)
            far = tile_at(zoom, -30, -60)
            assert streets.tile(*far) == other.get(*far)
    assert streets.vector_tile(*tile_at(13)) == town_tile(*tile_at(13), *PLACE)
    assert streets.vector_tile(*tile_at(3)) is None
    assert (streets.zooms, streets.attribution) == ((8, 14), CREDIT)
    assert streets.bounds == pytest.approx((10.84, 47.77, 10.96, 47.83), abs=1e-6)


def test_a_directory_with_leaves_is_read_leaf_by_leaf(tmp_path):
    rng = np.random.default_rng(1)
    numbers = np.cumsum(rng.integers(1, 9, 12_000)).tolist()
    more = {
        number: rng.bytes(int(size)) for number, size in zip(numbers, rng.integers(1, 90, len(numbers)), strict=True)
    }
    path = write_town(tmp_path / "large.pmtiles", *PLACE, zooms=(13, 14), more=more)
    streets = open_streets(path)
    assert (streets.root.runs == 0).any(), "the file is too small to have leaves"
    assert streets.vector_tile(*tile_at(14)) == town_tile(*tile_at(14), *PLACE)
    for number in [*numbers[::997], numbers[-1]]:
        zoom = zoom_of(number)
        (x,), (y,) = places_at(zoom, [number])
        assert streets.tile(zoom, int(x), int(y)) == more[number]
    missing = next(number for number in range(5000, 6000) if number not in more)
    (x,), (y,) = places_at(zoom_of(missing), [missing])
    assert streets.tile(zoom_of(missing), int(x), int(y)) is None
    assert 1 < len(streets.leaves) <= 64


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kind": TileType.PNG}, "holds pictures"),
        ({"layers": ("building", "transportation")}, "has the layers building, transportation, not those of Protomaps"),
    ],
)
def test_other_archives_are_refused_with_what_they_are(tmp_path, change, reason):
    path = write_town(tmp_path / "x.pmtiles", *PLACE, zooms=(8, 8), **change)
    with pytest.raises(BadOption, match=reason):
        open_streets(path)


def test_what_is_no_archive_or_damaged_is_refused(tmp_path, town):
    with pytest.raises(BadOption, match="cannot be opened: No such file"):
        open_streets(tmp_path / "none.pmtiles")
    other = tmp_path / "other.pmtiles"
    other.write_bytes(b"a picture, perhaps" * 20)
    with pytest.raises(BadOption, match="is no PMTiles archive"):
        open_streets(other)
    data = town.read_bytes()
    other.write_bytes(data[:150])
    with pytest.raises(SourceFailed, match="it ends before"):
        open_streets(other)
    other.write_bytes(data[:127] + b"\0" * 40 + data[167:])
    with pytest.raises(SourceFailed, match="directories cannot be read"):
        open_streets(other)
    cut = tmp_path / "cut.pmtiles"
    cut.write_bytes(data[:-2000])
    streets = open_streets(cut)
    numbers = streets.root.numbers[streets.root.offsets == streets.root.offsets.max()]
    (x,), (y,) = places_at(14, numbers[:1])
    with pytest.raises(SourceFailed, match="it ends before"):
        streets.tile(14, int(x), int(y))


def test_a_base_map_is_a_file_or_an_address():
    assert is_file_of_tiles("maps/Town.PMTiles")
    assert not is_file_of_tiles("https://example.org/town.pmtiles")
    assert not is_file_of_tiles("https://example.org/{z}/{x}/{y}.png")


def test_the_server_gives_streets_out(tmp_path, town):
    copy = shutil.copy(town, tmp_path / "town.pmtiles")
    with client(made(tmp_path / "a.db", named()).path, basemap=str(copy)) as web:
        base = web.get("/api/library.json").json()["basemap"]
        assert (base["url"], base["streets"]) == ("streets/{z}/{x}/{y}.mvt", True)
        assert (base["minzoom"], base["maxzoom"], base["attribution"]) == (8, 14, CREDIT)
        zoom, x, y = tile_at(13)
        answer = web.get(f"/streets/{zoom}/{x}/{y}.mvt")
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Content-Type"] == "application/vnd.mapbox-vector-tile"
        assert answer.content in {town_tile(zoom, x, y, *PLACE), gzip.compress(town_tile(zoom, x, y, *PLACE), mtime=0)}
        nothing = web.get("/streets/13/0/0.mvt")
        assert (nothing.status_code, nothing.content) == (200, b"")
        assert web.get("/streets/13/9000/0.mvt").status_code == 404
        assert web.get("/streets/13/0/0.mvt?x=1").status_code == 400
        assert "example" not in web.get("/").headers["Content-Security-Policy"]


def test_without_a_file_there_are_no_streets(tmp_path):
    path = made(tmp_path / "a.db", named()).path
    with client(path) as web:
        assert web.get("/streets/13/0/0.mvt").status_code == 404
        assert web.get("/api/library.json").json()["basemap"] is None
    with pytest.raises(BadOption, match="cannot be opened"):
        client(path, basemap="none.pmtiles")
