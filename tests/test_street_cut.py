"""Streets that go with a page: those around what is shown, zoom by zoom, as far as there is room."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from library_made import made
from pmtiles.reader import MmapSource, Reader
from serving import PLACE, named
from street_tiles import town_tile, write_town

import heatlas
from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat
from heatlas.pmtiles.hilbert import numbers_of
from heatlas.pmtiles.streets import open_streets
from heatlas.publish import html
from heatlas.publish.page_streets import write_cut
from heatlas.publish.street_cut import Shown, cut_streets

LAT, LON = PLACE


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return write_town(tmp_path_factory.mktemp("town") / "town.pmtiles", LAT, LON)


def cell(zoom, lat=LAT, lon=LON):
    u, v = from_lonlat(lon, lat)
    return int(u * 2**zoom), int(v * 2**zoom)


def shown(lat=LAT, lon=LON, zoom=15, boxes=(), first=0):
    x, y = cell(zoom, lat, lon)
    return Shown(numbers_of(zoom, [x], [y]), zoom, boxes, first)


def test_tiles_around_the_heat_are_taken_and_the_rest_is_counted(town):
    streets = open_streets(town)
    cut = cut_streets(streets, shown(first=9), 1e9)
    x, y = cell(14)
    at_14 = {(a, b) for zoom, a, b in cut.tiles if zoom == 14}
    assert at_14 == {
        (a, b) for a in range(x - 2, x + 3) for b in range(y - 2, y + 3) if streets.tile(14, a, b) is not None
    }
    assert (cut.zooms, cut.ended) == ((9, 14), None)
    assert all(data == streets.tile(*place) for place, data in cut.tiles.items())
    assert cut.data()["left_out"] == streets.count - len(cut.tiles) > 0
    assert f"{cut.data()['left_out']} are left out" in cut.sentence()


def test_places_are_covered_whole(town):
    streets = open_streets(town)
    edge = streets.bounds
    more = cut_streets(streets, shown(boxes=[edge]), 1e9)
    assert len(more.tiles) == streets.count
    assert "left out" not in more.sentence()
    world = cut_streets(streets, shown(boxes=[(-180, -85, 180, 85)]), 1e9)
    assert len(world.tiles) == streets.count  # as far as the file reaches


def test_heat_that_is_coarser_than_streets_is_covered(town):
    cut = cut_streets(open_streets(town), shown(zoom=11), 1e9)
    x, y = cell(11)
    inside = [(a, b) for zoom, a, b in cut.tiles if zoom == 14 and (a >> 3, b >> 3) == (x, y)]
    assert len(inside) == 64 or len(inside) == sum(
        open_streets(town).tile(14, a, b) is not None
        for a in range(x << 3, (x + 1) << 3) for b in range(y << 3, (y + 1) << 3)
    )  # fmt: skip


def test_zooms_without_room_are_left_out_whole(town):
    streets = open_streets(town)
    whole = cut_streets(streets, shown(), 1e9)
    cut = cut_streets(streets, shown(), whole.bytes * 4 / 3 * 0.7)
    assert cut.zooms == (8, 13)
    assert cut.ended == 14
    assert "all from zoom 14 on, for which there is no room" in cut.sentence()
    assert cut_streets(streets, shown(), 100) is None


def test_a_file_of_another_place_is_refused(town):
    with pytest.raises(BadOption, match=r"has no streets where anything is shown: its box is 10\.840,47\.770"):
        cut_streets(open_streets(town), shown(-30, -60), 1e9)


def test_the_cut_is_an_archive_that_others_read(town, tmp_path):
    cut = cut_streets(open_streets(town), shown(), 1e9)
    write_cut(cut, tmp_path / "cut.pmtiles")
    with (tmp_path / "cut.pmtiles").open("rb") as file:
        other = Reader(MmapSource(file))
        assert {place: other.get(*place) for place in cut.tiles} == cut.tiles
        assert gzip.decompress(other.get(14, *cell(14))) == town_tile(14, *cell(14), LAT, LON)
        header = other.header()
    assert (header["min_zoom"], header["max_zoom"]) == cut.zooms
    again = open_streets(tmp_path / "cut.pmtiles")
    assert again.bounds == pytest.approx(open_streets(town).bounds, abs=1e-6)
    assert np.unique(again.root.numbers).size == len(again.root)


def test_a_page_holds_streets_within_its_size(town, tmp_path, monkeypatch):
    path = made(tmp_path / "a.db", named()).path
    report = heatlas.render(path, output=tmp_path / "a.html", zoom="9-14", basemap=str(town))
    held = report["streets"]
    assert held["zooms"][1] == 14
    assert any(f"{held['tiles']} tiles of {town.name} go with the map" in sentence for sentence in report["warnings"])
    text = (tmp_path / "a.html").read_text()
    assert 'id="streets-0"' in text
    assert "openstreetmap.org/{z}" not in text.split('id="data"')[1].split("</script>")[0]  # nobody is asked
    monkeypatch.setattr(html, "WARN_BYTES", 1_000_000)
    full = heatlas.render(path, output=tmp_path / "b.html", zoom="9-14", basemap=str(town))
    assert "streets" not in full
    assert any(f"there are no streets of {town.name} in the page" in sentence for sentence in full["warnings"])
    assert 'id="streets-0"' not in (tmp_path / "b.html").read_text()


def test_a_folder_holds_names_and_streets_beside_its_tiles(town, tmp_path):
    path, folder = made(tmp_path / "a.db", named()).path, tmp_path / "tiles"
    report = heatlas.render(path, output=folder, zoom="9-12", basemap=str(town))
    told = json.loads((folder / "tiles.json").read_text())["streets"]
    assert (told["minzoom"], told["maxzoom"], told["tiles"]) == (8, 14, ["streets/{z}/{x}/{y}.mvt"])
    x, y = cell(14)
    assert (folder / "streets" / "14" / str(x) / f"{y}.mvt").read_bytes() == town_tile(14, x, y, LAT, LON)
    held = list(folder.glob("streets/*/*/*"))
    assert len(held) == report["streets"]["tiles"]
    assert f"{len(held)} tiles of town.pmtiles go with the map" in report["warnings"][-1]
    assert "Schongau" in {name for _, _, name, _ in json.loads((folder / "names.json").read_text())}
    (folder / "streets" / "14" / "1").mkdir()
    (folder / "streets" / "14" / "1" / "1.mvt").write_bytes(b"of a former run")
    kept = {name: name.stat().st_mtime_ns for name in held}
    heatlas.render(path, output=folder, zoom="9-12", basemap=str(town))
    assert {name: name.stat().st_mtime_ns for name in folder.glob("streets/*/*/*")} == kept
    assert not (folder / "streets" / "14" / "1").exists()
    heatlas.render(path, output=folder, zoom="9-12")  # without the option they are gone
    assert not (folder / "streets").exists()
    assert "streets" not in json.loads((folder / "tiles.json").read_text())


@pytest.mark.parametrize(
    ("output", "basemap", "reason"),
    [
        ("tiles/", "https://example.org/{z}/{x}/{y}.png", "of a folder of tiles is a file of streets"),
        ("tiles/", "none.pmtiles", "cannot be opened"),
        ("a.mbtiles", "none.pmtiles", "--basemap is for pages, pictures and folders of tiles: .mbtiles has no place"),
    ],
)
def test_what_cannot_lie_beside_tiles_is_refused(tmp_path, output, basemap, reason):
    path = made(tmp_path / "a.db", named(4)).path
    with pytest.raises(BadOption, match=reason):
        heatlas.render(path, output=f"{tmp_path}/{output}", basemap=basemap)
    assert not (tmp_path / "tiles").exists()
