"""Explorer tiles of libraries and recordings: what is counted, for whom, and what is written."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import made
import numpy as np
import pytest
from library_made import cut, walks
from library_made import made as library_with
from serving import named

import heatlas
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.window import Window
from heatlas.explorer.keys import pairs_of
from heatlas.explorer.visits import maybe_cut, path_visits, shown_visits, whole_visits
from heatlas.library.index.drawing import draw as draw_index
from heatlas.library.maintenance import reindex
from heatlas.library.rows.merged import list_activities
from heatlas.raster.draw_tracks import draw
from heatlas.raster.measure import Measure
from heatlas.tracks.privacy import Privacy, Zone, far_from, hide

PLACE = (47.8, 10.9)
ZOOMS = (12, 14, 17, 19)


@pytest.fixture(scope="module")
def tracks():
    return walks(3, 14, n=400)


@pytest.fixture(scope="module")
def path(tracks, tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "heatlas.db"
    library_with(path, tracks).close()
    return path


@pytest.fixture(scope="module")
def private_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "heatlas.db"
    library_with(path, named(20)).close()
    return path


def window_around(tiles, zoom):
    """A window with one pixel for each tile, and a margin."""
    x, y = np.array(tiles).T
    return Window(float(1 << zoom), int(x.min()) - 2, int(y.min()) - 2, int(np.ptp(x)) + 5, int(np.ptp(y)) + 5)


def counted(report):
    return Counter({(tile["x"], tile["y"]): tile["count"] for tile in report["tiles"]})


def from_grid(grid):
    rows, columns = np.nonzero(grid.total)
    return Counter(
        {
            (int(grid.window.x + x), int(grid.window.y + y)): int(grid.total[y, x])
            for y, x in zip(rows, columns, strict=True)
        }
    )


@pytest.mark.parametrize("zoom", ZOOMS)
def test_activities_of_a_tile_are_those_that_drawing_counts(tracks, path, zoom):
    found = counted(heatlas.explore(path, zoom=zoom))
    assert found == from_grid(draw(tracks, window_around(list(found), zoom), Measure("activities")))


@pytest.mark.parametrize("zoom", ZOOMS)
def test_the_index_holds_the_same_tiles_where_nothing_is_hidden(path, zoom):
    with heatlas.library.file.opening.open_library(path) as library:
        activities = list_activities(library)
        keep = np.ones(max(activities) + 1, bool)
        whole, shown = whole_visits(library, activities, zoom), shown_visits(library, keep, zoom)
    assert np.array_equal(whole.number, shown.number)
    assert np.array_equal(whole.tile, shown.tile)
    keep[:5] = False
    assert set(shown.of(keep).number.tolist()) == set(whole.number.tolist()) - set(range(5))
    assert not len(shown.of(keep[:0]).tile)


def test_tracks_across_the_antimeridian_visit_tiles_on_both_sides():
    track = replace(walks(1, 1)[0])
    track = replace(track, u=np.linspace(0.9999, 1.0001, track.fixes))
    columns = {x for x, _ in pairs_of(path_visits(track.u, track.v, track.segments, 14))}
    assert {0, (1 << 14) - 1} <= columns


def test_the_owner_counts_whole_tracks_and_everybody_what_is_shown(tracks, tmp_path):
    path = tmp_path / "heatlas.db"
    with library_with(path, tracks) as library:
        reindex(library, clip_ends=300.0)
    own, public = heatlas.explore(path, zoom=19), heatlas.explore(path, zoom=19, public=True)
    assert (own["counted"], public["counted"]) == ("whole tracks", "what is shown")
    tiles = {(tile["x"], tile["y"]) for tile in public["tiles"]}
    assert tiles < set(counted(own))
    with heatlas.library.file.opening.open_library(path) as library:
        shown = from_grid(draw_index(library, window_around(list(counted(own)), 19), Measure("activities")))
    assert tiles == set(shown)


def test_only_tracks_near_a_zone_are_read_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))
    near, far = walks(3, 4), walks(4, 5, lat=47.4)
    with library_with(tmp_path / "heatlas.db", near + far) as library:
        numbers = np.array(sorted(list_activities(library)), np.int64)
        keep = np.ones(numbers.max() + 1, np.bool_)
        reindex(library, zones={"home": Zone(*PLACE, 300.0)})
        found = maybe_cut(library, numbers)
        assert found.tolist() == [True] * 4 + [False] * 5
        shown = shown_visits(library, keep, 19)
        whole = whole_visits(library, list_activities(library), 19)
        for number, cut_here in zip(numbers.tolist(), found.tolist(), strict=True):
            same = np.array_equal(whole.tile[whole.number == number], shown.tile[shown.number == number])
            assert same is not cut_here
        reindex(library, clip_ends=200.0)
        assert maybe_cut(library, numbers).all()
        reindex(library, clip_ends=0.0)
    assert counted(heatlas.explore(tmp_path / "heatlas.db", zoom=19)) == Counter(
        (int(x), int(y)) for x, y in pairs_of(whole.tile)
    )


@pytest.mark.parametrize("rule", [1, 2])
def test_what_is_far_from_zones_is_never_cut(rule):
    rng = np.random.default_rng(rule)
    zone = Zone(-16.8, 179.999, 400.0, rule)  # its circle lies across the antimeridian
    for k in range(300):
        track = walks(k, 1, lat=-16.8 + rng.normal(0, 0.02), lon=179.999 + rng.normal(0, 0.02), n=30)[0]
        if rng.random() < 0.5:
            track = replace(track, u=track.u - np.round(track.u))
        cut_track = hide(track, Privacy(zones=(zone,), secret=rng.bytes(16)))
        far = far_from([zone], track.bounds)[0]
        assert not (far and cut_track.fixes < track.fixes)
    boxes = np.array([[0.2, 0.3, 0.1, 0.9], [0.99, 1.01, 0.1, 0.9], [-0.01, 0.01, 0.1, 0.9]])
    assert far_from([zone], boxes).tolist() == [True, False, False]


def test_everybody_is_told_no_days_no_counts_and_no_single_activity(private_path, tmp_path):
    for ending in ("json", "geojson", "gpx", "kml", "png"):
        heatlas.explore(private_path, output=tmp_path / f"all.{ending}", zoom=17, public=True)
    report = heatlas.explore(private_path, zoom=17, public=True)
    assert "history" not in report
    assert set(report["tiles"][0]) == {"x", "y", "in_square", "in_cluster"}
    for ending in ("json", "geojson", "gpx", "kml"):
        text = (tmp_path / f"all.{ending}").read_text()
        text = text.replace('"activities": 10', "")
        for word in ("Secret", "Hidden", "Watch", "rain", "id-1", "2023-", '"count"', '"first"', "activit"):
            assert word not in text, (ending, word)
    assert report["activities"] == 10  # every other one is private


def test_a_public_answer_is_never_of_a_few(private_path):
    with pytest.raises(NothingToDraw, match="of at least 5"):
        heatlas.explore(private_path, public=True, where="id = 'id-1-3'")
    with pytest.raises(NothingToDraw, match="of at least 11"):
        heatlas.explore(private_path, public=True, public_least=11)


def test_filters_choose_what_they_choose_elsewhere(path):
    everything = heatlas.explore(path, zoom=17)
    runs = heatlas.explore(path, zoom=17, sport="Run")
    rides = heatlas.explore(path, zoom=17, where="sport = 'Ride'")
    assert counted(runs) + counted(rides) == counted(everything)
    assert runs["activities"] + rides["activities"] == everything["activities"]
    later = heatlas.explore(path, zoom=17, after=everything["history"][7]["start"])
    assert [step["source"] for step in later["history"]] == [step["source"] for step in everything["history"][7:]]
    with pytest.raises(NothingToDraw, match="the filter leaves none of 14 activities"):
        heatlas.explore(path, after="2100-01-01")
    with pytest.raises(BadOption, match="no activity is a Swim"):
        heatlas.explore(path, sport="Swim")


def test_the_history_ends_with_the_scores(path):
    report = heatlas.explore(path, zoom=19)
    history = report["history"]
    assert [step["start"] for step in history] == sorted(step["start"] for step in history)
    assert sum(step["new"] for step in history) == report["total"] == len(report["tiles"]) == history[-1]["total"]
    assert history[-1]["square"] == report["square"]["size"]
    assert history[-1]["cluster"] == report["cluster"]["size"] == sum(tile["in_cluster"] for tile in report["tiles"])
    assert sum(tile["in_square"] for tile in report["tiles"]) == report["square"]["size"] ** 2
    for name in ("new", "total", "square", "cluster"):
        assert all(isinstance(step[name], int) for step in history)


def test_recordings_are_read_into_a_temporary_library(tmp_path):
    export = made.export(tmp_path / "export")
    report = heatlas.explore(export, zoom=14, output=tmp_path / "tiles.geojson")
    assert report["activities"] == 4
    assert report["outputs"] == [str(tmp_path / "tiles.geojson")]
    assert not list(tmp_path.glob("*.db*"))


def test_what_recordings_hide_is_not_counted_for_everybody(tmp_path):
    export = made.export(tmp_path / "export")
    shown = heatlas.explore(export, zoom=17, public=True, public_least=1)
    cut_off = heatlas.explore(export, zoom=17, public=True, public_least=1, clip_ends="400m")
    assert set(places(cut_off)) < set(places(shown))


def places(report):
    return [(tile["x"], tile["y"]) for tile in report["tiles"]]


def features(path, kind=None):
    found = json.loads(path.read_text())["features"]
    return [one for one in found if kind is None or one["properties"]["kind"] == kind]


def test_geojson_has_a_feature_for_each_tile_and_the_squares(path, tmp_path):
    out = tmp_path / "tiles.geojson"
    report = heatlas.explore(path, output=out, zoom=17, missing=True, around=(*PLACE, "600m"))
    tiles = features(out, "tile")
    assert len(tiles) == report["total"]
    for feature, tile in zip(tiles, report["tiles"], strict=True):
        properties = feature["properties"]
        assert properties["tile"] == f"17/{tile['x']}/{tile['y']}"
        assert {name: properties[name] for name in ("first", "last", "count", "in_square", "in_cluster")} == {
            name: tile[name] for name in ("first", "last", "count", "in_square", "in_cluster")
        }
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert len(ring) == 5
        area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
        assert area > 0  # against the clock (RFC 7946, 3.1.6)
        assert heatlas.Window(float(1 << 17), tile["x"], tile["y"], 1, 1).bbox == pytest.approx(
            (ring[0][0], ring[0][1], ring[2][0], ring[2][1]), abs=1e-6
        )
    assert [one["properties"]["size"] for one in features(out, "square")] == [report["square"]["size"]]
    assert len(features(out, "next_square")) == 1
    missing = features(out, "missing")
    names = [one["properties"]["tile"] for one in missing]
    assert len(names) == len(set(names))
    wanted = {f"17/{tile['x']}/{tile['y']}" for tile in report["missing"]}
    wanted |= {f"17/{x}/{y}" for x, y in report["next_square"]["missing"]}
    assert set(names) == wanted
    metres = [tile["metres"] for tile in report["missing"]]
    assert metres
    assert metres == sorted(metres)
    assert not set(names) & {one["properties"]["tile"] for one in tiles}


def test_gpx_has_closed_tracks_and_waypoints(path, tmp_path):
    out = tmp_path / "tiles.gpx"
    report = heatlas.explore(path, output=out, zoom=17, missing=True, around=(*PLACE, "600m"))
    root = ET.parse(out).getroot()
    space = {"g": "http://www.topografix.com/GPX/1/1"}
    segments = root.findall("g:trk[1]/g:trkseg", space)
    assert len(segments) == report["total"]
    for segment in segments:
        points = [(point.get("lat"), point.get("lon")) for point in segment]
        assert points[0] == points[-1]
        assert len(points) == 5
    names = [point.findtext("g:name", namespaces=space) for point in root.findall("g:wpt", space)]
    assert set(names) >= {f"17/{tile['x']}/{tile['y']}" for tile in report["missing"]}
    titles = [name.text for name in root.findall("g:trk/g:name", space)]
    size = report["square"]["size"]
    assert titles == ["Visited tiles 1", f"Square {size} x {size}", f"Next square {size + 1} x {size + 1}"]
    gpxpy = pytest.importorskip("gpxpy")
    assert len(gpxpy.parse(out.read_text()).tracks) == 3


def test_kml_has_a_polygon_for_each_tile(path, tmp_path):
    out = tmp_path / "tiles.kml"
    report = heatlas.explore(path, output=out, zoom=17)
    root = ET.parse(out).getroot()
    space = {"k": "http://www.opengis.net/kml/2.2"}
    visited = root.findall("k:Document/k:Folder[1]/k:Placemark", space)
    assert len(visited) == report["total"]
    styles = Counter(place.findtext("k:styleUrl", namespaces=space) for place in visited)
    assert styles["#cluster"] == report["cluster"]["size"]
    assert {style.get("id") for style in root.iter("{http://www.opengis.net/kml/2.2}Style")} >= {"visited", "square"}


def test_json_is_the_report(path, tmp_path):
    out = tmp_path / "tiles.json"
    report = heatlas.explore(path, output=out, zoom=17)
    report.pop("outputs")
    assert json.loads(out.read_text()) == report


def pixels(path):
    from PIL import Image

    return np.asarray(Image.open(path).convert("RGBA")).astype(int)


@pytest.mark.parametrize("background", ["none", "dark", "light"])
def test_a_picture_has_a_block_for_each_tile(path, tmp_path, background):
    out = tmp_path / "tiles.png"
    report = heatlas.explore(path, output=out, zoom=17, background=background, all=True, width=1000)
    picture = pixels(out)
    assert 800 < picture.shape[1] <= 1000
    beside = json.loads((tmp_path / "tiles.png.json").read_text())
    west, _, east, _ = beside["bbox"]
    u = lambda lon: (lon + 180) / 360 * 2**17  # noqa: E731
    columns = round(u(east) - u(west))
    side = picture.shape[1] // columns
    left = round(u(west))
    top = min(tile["y"] for tile in report["tiles"]) - 1
    middles = picture[side // 2 :: side, side // 2 :: side]
    ground = middles[0, 0]
    assert (ground[3] == 0) == (background == "none")
    hollow = {(x, y) for x, y in report["next_square"]["missing"]}
    for row, column in np.ndindex(middles.shape[:2]):
        visited = (left + column, top + row) in counted(report)
        if (left + column, top + row) not in hollow:
            assert (middles[row, column] != ground).any() == visited, (row, column)


def test_pictures_have_legends_titles_and_places(path, tmp_path):
    plain = heatlas.explore(path, output=tmp_path / "a.png", zoom=17, background="dark")
    heatlas.explore(path, output=tmp_path / "b.png", zoom=17, background="dark", legend=True, title="Tiles")
    assert (pixels(tmp_path / "a.png") != pixels(tmp_path / "b.png")).any()
    assert plain["outputs"][0] == str(tmp_path / "a.png")
    heatlas.explore(path, output=tmp_path / "c.png", zoom=17, around=(*PLACE, "400m"), missing=True)
    heatlas.explore(path, output=tmp_path / "d.png", zoom=14, colormap="ice", tone="1:10")


WRONG = [
    ({"zoom": 26}, "--zoom 26 cannot be used: give a whole number from 0 to 25"),
    ({"zoom": 14.5}, "zoom 14.5 cannot be used: give a whole number from 0 to 25"),
    ({"zoom": 9, "public": True}, "zooms 10 to 25, not 9"),
    ({"output": "tiles.shp"}, "the ending '.shp' is none of .geojson, .gpx, .kml, .json, .png"),
    ({"output": "tiles"}, "a name without an ending"),
    ({"missing": True}, "say --around LAT,LON,RADIUS too"),
    ({"around": "47.8,10.9,5km"}, "add --missing"),
    ({"around": "47.8,10.9", "missing": True}, "is no circle"),
    ({"around": "47.8,10.9,5000km", "missing": True}, "take a smaller radius"),
    ({"around": "47.8,10.9,5km", "all": True, "output": "tiles.png"}, "--all and --around"),
    ({"width": 500, "output": "tiles.gpx"}, "--width is for a .png"),
    ({"legend": True}, "--legend is for a .png"),
    ({"title": "Mine", "output": "tiles.kml"}, "--title is for a .png"),
    ({"public_least": 7}, "--public-least is for --public"),
    ({"where": "a b"}, "not understood"),
    ({"where": "weathr = 'rain'"}, "no activity has an attribute"),
    ({"after": "soon"}, "is no date"),
    ({"clip_ends": "200m"}, "--clip-ends is for --public"),
    ({"zone": ["47.8,10.9,300m"]}, "--zone is for --public"),
    ({"clip_ends": "200m", "public": True}, "a library hides what it was told to"),
    ({"lat": "y"}, "for tables"),
]


@pytest.mark.parametrize(("options", "says"), WRONG)
def test_wrong_options_get_one_sentence(path, tmp_path, monkeypatch, options, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadOption) as error:
        heatlas.explore(path, **options)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(BadOption, match="there is no library"):
        heatlas.explore(tmp_path / "none.db")
    points = tmp_path / "points.csv"
    points.write_text("lat,lon\n47.8,10.9\n")
    with pytest.raises(BadOption, match=r"the rows of .*points.csv are points: say --track COLUMN"):
        heatlas.explore(points)


def test_a_closed_folder_is_refused_before_any_work(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(BadOption, match="is no folder"):
        heatlas.explore("nowhere.db", output=tmp_path / "file" / "tiles.gpx")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(BadOption, match="no permission"):
        heatlas.explore("nowhere.db", output=tmp_path / "tiles.gpx")


@pytest.mark.parametrize(("zoom", "total", "square", "cluster"), [(14, 36, 3, 1), (17, 445, 3, 12)])
def test_scores_of_real_recordings_are_known(budapest, zoom, total, square, cluster):
    """By an independent exact traversal of whole tracks."""
    report = heatlas.explore(budapest, zoom=zoom)
    assert (report["total"], report["square"]["size"], report["cluster"]["size"]) == (total, square, cluster)


@pytest.fixture(scope="module")
def budapest(shared_data, tmp_path_factory):
    from heatlas.library.manage import import_into

    path = tmp_path_factory.mktemp("budapest") / "heatlas.db"
    import_into(path, shared_data / "slalom007-strava-export")
    return path


def test_cuts_leave_the_owner_what_was_before(tracks, tmp_path):
    """Tiles of cut tracks are those that cut tracks visit, and never others."""

    def visits(track):
        return set(path_visits(track.u, track.v, track.segments, 17))

    shown = cut(tracks, Privacy(300.0, (), b"0123456789abcdef" * 2))
    for whole, part in zip(tracks, shown, strict=True):
        assert visits(part) <= visits(whole)
