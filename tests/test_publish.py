"""Published tiles: equal to the live map's, in every output, brought up to date tile by tile."""

from __future__ import annotations

import json
import math
import sqlite3

import numpy as np
import pytest
from library_made import made, put, walks
from publishing import asked, folder_tiles, pixels, publish, tiles_in
from serving import client

import heatlas
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.library.file.settings import Settings
from heatlas.library.maintenance import compact, remove
from heatlas.publish.dirty_tiles import hiding_words
from heatlas.publish.publishing import is_pyramid
from heatlas.publish.request import look_words, parse_request
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.measure import parse_point_measure
from heatlas.raster.point_kernel import Kernel
from heatlas.tiles.look import Look
from heatlas.tracks.privacy import Zone

OUTPUTS = ("tiles", "heat.mbtiles", "heat.pmtiles", "heat.sqlitedb")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A library of walks in two places."""
    path = tmp_path_factory.mktemp("publish") / "lib.db"
    made(path, walks(1, 6) + walks(2, 2, lat=60.2, lon=24.9)).close()
    return path


def served(path, query):
    """What the live map shows: a function from tiles to pixels."""
    server = client(path)

    def tile(measure, z, x, y, form):
        answer = server.get(f"/tiles/{measure}/{z}/{x}/{y}.{form}{query}")
        assert answer.status_code == 200, answer.text
        return pixels(answer.content)

    return tile


def around(tiles):
    """Tiles, and those that touch them."""
    near = {(z, x + i, y + j) for z, x, y in tiles for i in (-1, 0, 1) for j in (-1, 0, 1)}
    return [(z, x % 2**z, y) for z, x, y in near if 0 <= y < 2**z]


@pytest.mark.parametrize(
    ("query", "options", "zooms"),
    [
        ("", {}, (0, 18)),
        ("?smooth=0", {"smooth": "0"}, (1, 18)),
        ("?smooth=60m&sport=Run&tone=sqrt", {"smooth": "60m", "sport": ["Run"], "tone": "sqrt"}, (0, 17)),
        ("?where=distance is null and sport='Ride'&colormap=viridis", {"where": "distance is null and sport='Ride'",
         "colormap": "viridis"}, (14, 17)),
        ("", {"measure": "pace", "format": "webp"}, (13, 18)),
        ("?tone=rank", {"measure": "max(heart_rate)", "tone": "rank"}, (12, 16)),
        ("?smooth=3px", {"measure": "seconds", "smooth": "3px"}, (12, 17)),
        ("?tone=local:0.2:1", {"tone": "local:0.2:1"}, (15, 15)),
    ],
)  # fmt: skip
def test_tiles_equal_those_of_the_live_map(home, tmp_path, query, options, zooms):
    report = publish(home, tmp_path / "tiles", zooms=zooms, **options)
    form = options.get("format", "png")
    tiles = folder_tiles(tmp_path / "tiles", form)
    assert {z for z, _, _ in tiles} == set(range(zooms[0], zooms[1] + 1))
    assert report["tiles"]["written"] == len(tiles)
    tile = served(home, query)
    for place in around(tiles):
        shown = tile(options.get("measure", "passes"), *place, form)
        if place in tiles:
            assert shown[..., 3].any()
            np.testing.assert_array_equal(pixels(tiles[place]), shown)
        else:
            assert not shown[..., 3].any()


@pytest.mark.parametrize("smooth", ["auto", "300m"])
def test_zooms_below_and_above_those_of_the_index(tmp_path, smooth):
    """Of a library that is indexed at few zooms, near the edge of the world and on either side of its seam."""
    settings = Settings(zooms=(6, 9))
    made(tmp_path / "lib.db", walks(3, 4, lat=71.0, lon=179.9999), settings=settings).close()
    publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=(0, 12), smooth=smooth)
    tiles = folder_tiles(tmp_path / "tiles")
    assert {z for z, _, _ in tiles} == set(range(4, 13))
    assert {x for z, x, _ in tiles if z == 9} == {0, 511}
    tile = served(tmp_path / "lib.db", f"?smooth={smooth}")
    for place in around(tiles):
        shown = tile("passes", *place, "png")
        if place in tiles:
            np.testing.assert_array_equal(pixels(tiles[place]), shown)
        else:
            assert not shown[..., 3].any()


def test_all_outputs_hold_the_same_tiles(home, tmp_path):
    reports = {name: publish(home, tmp_path / name, zooms=(0, 16)) for name in OUTPUTS}
    tiles = {name: tiles_in(tmp_path / name) for name in OUTPUTS}
    assert len(tiles["tiles"]) > 40
    for name in OUTPUTS:
        assert tiles[name] == tiles["tiles"]
        assert reports[name]["tiles"] == reports["tiles"]["tiles"]
        assert reports[name]["bytes"] == sum(map(len, tiles[name].values()))


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_second_run_writes_what_has_changed(tmp_path, name):
    library = made(tmp_path / "lib.db", walks(1, 8))
    options = {"zooms": (3, 17), "tone": "1:9"}
    publish(tmp_path / "lib.db", tmp_path / name, **options)
    before = tiles_in(tmp_path / name)
    again = publish(tmp_path / "lib.db", tmp_path / name, **options)["tiles"]
    assert again == {"written": 0, "unchanged": len(before), "removed": 0, "empty": 0}

    (number,) = put(library, walks(5, 1, lat=47.805, lon=10.91))
    report = publish(tmp_path / "lib.db", tmp_path / name, **options)["tiles"]
    publish(tmp_path / "lib.db", tmp_path / "fresh", **options)
    after = tiles_in(tmp_path / name)
    assert after == folder_tiles(tmp_path / "fresh")
    changed = {place for place, data in after.items() if before.get(place) != data}
    assert report["written"] == len(changed) < len(after)
    assert report["unchanged"] == len(after) - len(changed)

    remove(library, [number])
    report = publish(tmp_path / "lib.db", tmp_path / name, **options)["tiles"]
    assert tiles_in(tmp_path / name) == before
    assert report["removed"] == len(after.keys() - before.keys()) > 0
    assert report["written"] == len(changed & before.keys())
    library.close()


def test_a_filter_chooses_other_activities(home, tmp_path):
    options = {"zooms": (8, 17), "tone": "1:9"}
    publish(home, tmp_path / "tiles", **options)
    report = publish(home, tmp_path / "tiles", sport=["Run"], **options)
    publish(home, tmp_path / "fresh", sport=["Run"], **options)
    assert folder_tiles(tmp_path / "tiles") == folder_tiles(tmp_path / "fresh")
    assert report["tiles"]["written"] > 0
    assert publish(home, tmp_path / "tiles", sport=["Run"], **options)["tiles"]["written"] == 0


def test_attributes_that_change_what_is_chosen(tmp_path):
    library = made(tmp_path / "lib.db", walks(1, 6))
    options = {"zooms": (10, 17), "tone": "1:9", "where": "sport = 'Run'"}
    publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    with library.write() as link:
        link.execute("UPDATE activities SET sport = 'Run' WHERE number = 1")
    library.close()
    assert publish(tmp_path / "lib.db", tmp_path / "tiles", **options)["tiles"]["written"] > 0
    publish(tmp_path / "lib.db", tmp_path / "fresh", **options)
    assert folder_tiles(tmp_path / "tiles") == folder_tiles(tmp_path / "fresh")


def test_chunks_that_are_put_together_change_nothing(tmp_path):
    library = made(tmp_path / "lib.db", walks(1, 8), group=1)
    publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=(8, 17))
    compact(library)
    library.close()
    report = publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=(8, 17))
    assert report["tiles"]["written"] == report["tiles"]["empty"] == 0


def test_another_zone_hides_what_was_published(tmp_path):
    from heatlas.library.zones import add_zone

    library = made(tmp_path / "lib.db", walks(1, 8))
    publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=(8, 16), tone="1:9")
    before = folder_tiles(tmp_path / "tiles")
    add_zone(library, "home", 47.8, 10.9, 400)
    library.close()
    publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=(8, 16), tone="1:9")
    publish(tmp_path / "lib.db", tmp_path / "fresh", zooms=(8, 16), tone="1:9")
    assert folder_tiles(tmp_path / "tiles") == folder_tiles(tmp_path / "fresh") != before


def test_the_tone_is_kept_until_it_matters(tmp_path):
    library = made(tmp_path / "lib.db", walks(1, 40))
    publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=(12, 12))

    def range_of(**options):
        publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=(12, 12), **options)
        legend = json.loads((tmp_path / "tiles" / "tiles.json").read_text())["legend"]["12"]
        return legend["low"], legend["high"]

    first = range_of()
    put(library, walks(9, 1, lat=47.83, lon=10.95, n=40))
    assert range_of() == first
    fresh = range_of(refit=True)
    assert range_of() == fresh
    put(library, walks(10, 30))
    busier = range_of()
    assert busier[1] > 1.1 * fresh[1]
    assert busier == range_of(refit=True)
    library.close()


def test_zooms_that_are_no_longer_wanted_go(home, tmp_path):
    for name in OUTPUTS:
        publish(home, tmp_path / name, zooms=(8, 14))
        before = tiles_in(tmp_path / name)
        report = publish(home, tmp_path / name, zooms=(9, 15))["tiles"]
        after = tiles_in(tmp_path / name)
        assert {z for z, _, _ in after} == set(range(9, 16))
        assert report["removed"] == sum(z == 8 for z, _, _ in before)
        assert report["unchanged"] == sum(z > 8 for z, _, _ in before)
    assert not (tmp_path / "tiles" / "8").exists()


@pytest.mark.parametrize("name", OUTPUTS)
def test_another_style_draws_all_anew(home, tmp_path, name):
    publish(home, tmp_path / name, zooms=(10, 14))
    report = publish(home, tmp_path / name, zooms=(10, 14), colormap="viridis")
    publish(home, tmp_path / "fresh", zooms=(10, 14), colormap="viridis")
    assert tiles_in(tmp_path / name) == folder_tiles(tmp_path / "fresh")
    assert report["tiles"]["written"] == len(tiles_in(tmp_path / name))


def test_what_somebody_removed_from_a_folder_comes_back(home, tmp_path):
    publish(home, tmp_path / "tiles", zooms=(12, 15))
    before = folder_tiles(tmp_path / "tiles")
    lost = sorted(before)[3]
    (tmp_path / "tiles" / "{}/{}/{}.png".format(*lost)).unlink()
    (tmp_path / "tiles" / "15" / "1").mkdir()
    (tmp_path / "tiles" / "15" / "1" / "2.png").write_bytes(b"left by a run that was killed")
    report = publish(home, tmp_path / "tiles", zooms=(12, 15))["tiles"]
    assert (report["written"], report["removed"]) == (1, 1)
    assert folder_tiles(tmp_path / "tiles") == before


def test_what_tells_of_the_tiles(home, tmp_path):
    options = {"zooms": (2, 15), "title": "Heat of 2024", "attribution": "© A. Runner"}
    for name in OUTPUTS:
        publish(home, tmp_path / name, url="https://example.org/heat", **options)
    told = json.loads((tmp_path / "tiles" / "tiles.json").read_text())
    assert told["tilejson"] == "3.0.0"
    assert told["tiles"] == ["https://example.org/heat/{z}/{x}/{y}.png"]
    assert (told["minzoom"], told["maxzoom"]) == (2, 15)
    west, south, east, north = told["bounds"]
    assert 10.8 < west < 10.9 < 24.9 < east < 25.0
    assert 47.7 < south < 47.8 < 60.2 < north < 60.3
    assert math.hypot(told["center"][0] - 10.9, told["center"][1] - 47.8) < 0.05
    assert told["legend"]["12"]["unit"] == "passes" or told["legend"]["12"]["title"]
    assert set(told["legend"]) == {str(z) for z in range(2, 16)}

    link = sqlite3.connect(tmp_path / "heat.mbtiles")
    rows = dict(link.execute("SELECT name, value FROM metadata").fetchall())
    assert link.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    link.close()
    assert rows["name"] == "Heat of 2024"
    assert (rows["format"], rows["type"], rows["minzoom"], rows["maxzoom"]) == ("png", "overlay", "2", "15")
    assert [float(degrees) for degrees in rows["bounds"].split(",")] == pytest.approx(told["bounds"], abs=1e-5)
    assert json.loads(rows["json"])["legend"] == told["legend"]

    link = sqlite3.connect(tmp_path / "heat.sqlitedb")
    link.row_factory = sqlite3.Row
    info = link.execute("SELECT * FROM info").fetchall()
    link.close()
    assert [(row["minzoom"], row["maxzoom"], row["tilenumbering"]) for row in info] == [(2, 15, "BigPlanet")]

    from pmtiles.reader import MmapSource, Reader

    with (tmp_path / "heat.pmtiles").open("rb") as file:
        reader = Reader(MmapSource(file))
        header, about = reader.header(), reader.metadata()
    assert (header["min_zoom"], header["max_zoom"], header["clustered"]) == (2, 15, True)
    assert header["addressed_tiles_count"] == len(folder_tiles(tmp_path / "tiles"))
    assert header["min_lon_e7"] / 1e7 == pytest.approx(west)
    assert about["attribution"] == "© A. Runner"
    assert about["legend"] == told["legend"]


def test_gdal_finds_mbtiles_where_they_lie(home, tmp_path):
    import rasterio

    from heatlas.core.mercator import CIRCUMFERENCE

    publish(home, tmp_path / "heat.mbtiles", zooms=(13, 13), sport=["Run"], before="2023-11-25")
    tiles = tiles_in(tmp_path / "heat.mbtiles")
    with rasterio.open(tmp_path / "heat.mbtiles") as raster:
        assert raster.crs.to_epsg() == 3857
        size = CIRCUMFERENCE / 256 / 2**13
        assert raster.res == pytest.approx((size, size))
        for (z, x, y), data in tiles.items():
            left, top = x * 256 * size - CIRCUMFERENCE / 2, CIRCUMFERENCE / 2 - y * 256 * size
            assert z == 13
            column, row = (left - raster.bounds.left) / size, (raster.bounds.top - top) / size
            read = raster.read(window=rasterio.windows.Window(round(column), round(row), 256, 256))
            np.testing.assert_array_equal(np.moveaxis(read, 0, -1)[..., 3], pixels(data)[..., 3])


def test_what_cannot_be_written_is_refused(home, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "holiday.jpg").write_bytes(b"x")
    for output, options, words in [
        (tmp_path / "full", {}, "holds other things"),
        (tmp_path / "full" / "holiday.jpg" / "heat.pmtiles", {}, "is no folder"),
        (tmp_path / "full" / "holiday.jpg", {}, "is a file"),
        (tmp_path / "tiles", {"zooms": (3, 23)}, "zooms 3-23"),
        (tmp_path / "tiles", {"format": "jpeg"}, "png or webp"),
        (tmp_path / "tiles", {"measure": "wishes"}, "wishes"),
        (tmp_path / "tiles", {"sport": ["Curling"]}, "Curling"),
    ]:
        with pytest.raises(BadOption, match=words):
            publish(home, output, **options)
    publish(home, tmp_path / "tiles", zooms=(3, 3))
    with pytest.raises(BadOption, match="png tiles"):
        publish(home, tmp_path / "tiles", zooms=(3, 3), format="webp")
    with pytest.raises(NothingToDraw):
        publish(home, tmp_path / "new", after="2099-01-01")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", OUTPUTS[1:])
def test_an_address_that_a_file_has_no_place_for_is_refused(home, tmp_path, name):
    with pytest.raises(BadOption, match="--url is for folders"):
        heatlas.render(home, output=tmp_path / name, url="https://example.org/tiles/")
    assert not (tmp_path / name).exists()


def test_what_asks_for_tiles(tmp_path):
    assert is_pyramid("heat.pmtiles")
    assert is_pyramid("site/")
    assert is_pyramid(tmp_path)
    assert not is_pyramid("heat.png")
    assert not is_pyramid("new-folder")


def test_the_page_of_a_folder_needs_nothing_from_elsewhere(home, tmp_path):
    import re

    publish(home, tmp_path / "tiles", zooms=(8, 9))
    page = (tmp_path / "tiles" / "index.html").read_text()
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(named) >= 5
    assert all((tmp_path / "tiles" / name).is_file() for name in named)
    script = (tmp_path / "tiles" / "assets" / "page.js").read_text()
    for module in (tmp_path / "tiles" / "assets").rglob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', module.read_text()):
            assert (module.parent / name).is_file()
    assert "://" not in re.sub(r"heat://|http://localhost:8000", "", page + script)
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "tiles" / "assets").rglob("*") if file.is_file()}
    publish(home, tmp_path / "tiles", zooms=(8, 9))
    assert kept == {file: file.stat().st_mtime_ns for file in kept}


def test_what_an_earlier_version_laid_beside_the_page_is_removed(home, tmp_path):
    publish(home, tmp_path / "tiles", zooms=(8, 8))
    assets = tmp_path / "tiles" / "assets"
    (assets / "vendor").mkdir()
    for name in ("world.js", "icon.svg", "vendor/world.json", "own.txt"):
        (assets / name).write_text("before")
    publish(home, tmp_path / "tiles", zooms=(8, 8))
    assert sorted(path.name for path in assets.iterdir()) == [
        "disk.js", "folder.js", "ground.js", "here.js", "own.txt", "page.css", "page.js", "web",
    ]  # fmt: skip


def test_the_words_that_are_digested_stay(home):
    """Folders that were published hold digests of them: another word, or a version, draws all of their tiles again."""
    of_tracks = parse_request(home, asked(measure="pace", tone="log:2:10", smooth="8m", format="webp"))
    assert look_words(of_tracks.look, of_tracks.form) == (
        "('2', '0.1.0', 'mean(pace)', Smoothing(metres=8.0, pixels=0.0), "
        "Scale(curve='log', range=(0.12, 0.6)), '', None, 'webp')"
    )
    of_points = Look(
        parse_point_measure("sum", "beds", True), Smoothing(), None, None, "clinics", Kernel("quartic", 500.0)
    )
    assert look_words(of_points, "png") == (
        "('2', '0.1.0', 'sum(beds) per km2', Smoothing(metres=0.0, pixels=0.0), None, 'clinics', "
        "Kernel(shape='quartic', metres=500.0, pixels=15.0), 'png')"
    )
    chosen = parse_request(home, asked(sport=["Run", "Ride"], where="name = 'x'", after="2024-05-01"))
    assert chosen.said == "Filter(where=\"name = 'x'\", sports=('Ride', 'Run'), after='2024-05-01', before=None)"
    assert hiding_words(Settings(200.0, zooms=(2, 16), secret="ab"), {"home": Zone(60.1, 24.9, 500.0)}) == (
        "(Settings(clip_ends=200.0, rejoin=25.0, zooms=(2, 16), secret='ab', max_gap=None, max_gap_distance=None), "
        "{'home': Zone(lat=60.1, lon=24.9, radius=500.0, rule=2)})"
    )
