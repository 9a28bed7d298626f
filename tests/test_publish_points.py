"""Published tiles of points: equal to the live map's, and brought up to date tile by tile."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from library_made import made, walks
from publishing import folder_tiles, pixels, publish, publish_html, tiles_in
from serving import client

import heatlas
from heatlas.core.errors import BadOption
from heatlas.library.manage import import_into

TOWN = (60.17, 24.94)


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def clinics(count=120, low=1):
    """Points around a town, one on either side of the antimeridian, and one in the far north."""
    rng = np.random.default_rng(4)
    lat = np.append(TOWN[0] + rng.normal(0, 0.01, count), [-17.0, -17.0, 81.0])
    lon = np.append(TOWN[1] + rng.normal(0, 0.02, count), [179.998, -179.99, 40.0])
    return {"lat": lat, "lon": lon, "beds": rng.integers(low, 300, count + 3).astype(float)}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    path = tmp_path_factory.mktemp("points") / "lib.db"
    import_into(path, clinics(), name="clinics", weight="beds")
    return path


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """Tracks and two point sets, of which one has weights on either side of 0."""
    path = tmp_path_factory.mktemp("several") / "lib.db"
    made(path, walks(1, 4)).close()
    import_into(path, clinics(), name="clinics", weight="beds")
    import_into(path, clinics(low=-300), name="Drift", weight="beds")
    return path


def around(tiles, far=1):
    """Tiles, and those near them."""
    steps = range(-far, far + 1)
    near = {(z, (x + i) % 2**z, y + j) for z, x, y in tiles for i in steps for j in steps}
    return sorted((z, x, y) for z, x, y in near if 0 <= y < 2**z)


def check_against_server(path, folder, measure, query):
    """Every published tile, and every one beside it, shows what the live map does."""
    tiles, server = folder_tiles(folder), client(path)
    for z, x, y in around(tiles):
        answer = server.get(f"/tiles/{measure}/{z}/{x}/{y}.png{query}")
        assert answer.status_code == 200, answer.text
        shown = pixels(answer.content)
        if (z, x, y) in tiles:
            np.testing.assert_array_equal(pixels(tiles[z, x, y]), shown)
        else:
            assert not shown[..., 3].any(), (z, x, y)
    return tiles


@pytest.mark.parametrize(
    ("measure", "query", "options", "zooms"),
    [
        ("sum(clinics)", "", {}, (0, 12)),
        ("sum(clinics)", "?radius=500m&kernel=quartic&density=1",
         {"radius": "500m", "kernel": "quartic", "density": True}, (0, 12)),
        ("count(clinics)", "?radius=40px&kernel=linear", {"radius": "40px", "kernel": "linear"}, (1, 11)),
        ("mean(clinics)", "?radius=2km", {"radius": "2km"}, (7, 11)),
        ("sum(clinics)", "?tone=local:0.2:1", {"tone": "local:0.2:1"}, (8, 9)),
        ("max(clinics)", "?radius=9px&kernel=uniform&colormap=viridis",
         {"radius": "9px", "kernel": "uniform", "colormap": "viridis"}, (5, 11)),
        ("count(clinics)", "?radius=0px&tone=1:5", {"radius": "0px", "tone": "1:5"}, (2, 12)),
    ],
)  # fmt: skip
def test_tiles_equal_those_of_the_live_map(home, tmp_path, measure, query, options, zooms):
    report = publish(home, tmp_path / "tiles", zooms=zooms, measure=measure, **options)
    tiles = check_against_server(home, tmp_path / "tiles", measure, query)
    assert {z for z, _, _ in tiles} == set(range(zooms[0], zooms[1] + 1))
    assert report["tiles"]["written"] == len(tiles)
    assert (report["point_set"], report["points"], report["activities"]) == ("clinics", 123, 0)


@pytest.mark.parametrize("measure", ["sum(pair)", "mean(pair)"])
def test_a_radius_that_is_drawn_from_a_coarser_zoom(tmp_path, measure):
    """Tiles far from the point glow, which none of the index's tiles tells that has a point in it."""
    pair = {"lat": np.array([60.0, 60.01]), "lon": np.array([24.0, 24.02]), "w": np.array([3.0, 40.0])}
    import_into(tmp_path / "lib.db", pair, name="pair", weight="w")
    publish(tmp_path / "lib.db", tmp_path / "tiles", measure=measure, zooms=(9, 14), radius="3km")
    tiles = check_against_server(tmp_path / "lib.db", tmp_path / "tiles", measure, "?radius=3km")
    assert sum(z == 14 for z, _, _ in tiles) > 20


def test_weights_below_0(several, tmp_path):
    publish(several, tmp_path / "tiles", measure="sum(drift)", zooms=(6, 10), radius="20px")
    assert check_against_server(several, tmp_path / "tiles", "sum(Drift)", "?radius=20px")


@pytest.mark.parametrize("name", ["tiles", "heat.mbtiles", "heat.pmtiles", "heat.sqlitedb"])
def test_one_more_row_changes_the_tiles_where_it_is_felt(tmp_path, name):
    options = {"zooms": (0, 12), "tone": "1:900", "radius": "1km", "kernel": "quartic"}
    path, rows = tmp_path / "lib.db", clinics()
    import_into(path, rows, name="clinics", weight="beds")
    publish(path, tmp_path / name, **options)
    before = tiles_in(tmp_path / name)
    assert publish(path, tmp_path / name, **options)["tiles"]["unchanged"] == len(before)

    more = {key: np.append(row, one) for (key, row), one in zip(rows.items(), (60.2, 25.0, 250.0), strict=True)}
    import_into(path, more, name="clinics", weight="beds")
    report = publish(path, tmp_path / name, **options)["tiles"]
    publish(path, tmp_path / "fresh", **options)
    after = tiles_in(tmp_path / name)
    assert after == folder_tiles(tmp_path / "fresh")
    changed = {place for place, data in after.items() if before.get(place) != data}
    assert report["written"] == len(changed) < len(after) / 2
    assert report["unchanged"] == len(after) - len(changed)

    import_into(path, rows, name="clinics", weight="beds")
    publish(path, tmp_path / name, **options)
    assert tiles_in(tmp_path / name) == before


def test_tiles_that_cannot_have_changed_are_not_drawn(tmp_path, monkeypatch):
    from heatlas.publish import pyramid

    path, rows = tmp_path / "lib.db", clinics()
    import_into(path, rows, name="clinics", weight="beds")
    publish(path, tmp_path / "tiles", zooms=(12, 12), tone="1:900")
    drawn, draw = [], pyramid.draw_block
    monkeypatch.setattr(pyramid, "draw_block", lambda *of: drawn.extend(of[1].numbers.tolist()) or draw(*of))
    publish(path, tmp_path / "tiles", zooms=(12, 12), tone="1:900")
    assert drawn == []
    rows["beds"][-1] += 1  # in the far north
    import_into(path, rows, name="clinics", weight="beds")
    publish(path, tmp_path / "tiles", zooms=(12, 12), tone="1:900")
    assert 0 < len(drawn) <= 4


def test_a_count_does_not_care_for_weights(tmp_path):
    path, rows = tmp_path / "lib.db", clinics()
    import_into(path, rows, name="clinics", weight="beds")
    publish(path, tmp_path / "tiles", measure="count", zooms=(3, 11))
    import_into(path, {**rows, "beds": rows["beds"] * 7}, name="clinics", weight="beds")
    report = publish(path, tmp_path / "tiles", measure="count", zooms=(3, 11))["tiles"]
    assert report["written"] == report["empty"] == 0


def test_the_tone_follows_the_weights(tmp_path):
    """As many points on the same spots, which weigh more."""
    path, rows = tmp_path / "lib.db", clinics()
    import_into(path, rows, name="clinics", weight="beds")
    publish(path, tmp_path / "tiles", zooms=(9, 9))
    import_into(path, {**rows, "beds": rows["beds"] * 5}, name="clinics", weight="beds")
    publish(path, tmp_path / "tiles", zooms=(9, 9))
    publish(path, tmp_path / "fresh", zooms=(9, 9))
    legends = [json.loads((tmp_path / name / "tiles.json").read_text())["legend"]["9"] for name in ("tiles", "fresh")]
    assert legends[0]["high"] == legends[1]["high"]
    assert legends[0]["title"] == "Clinics: sum of beds"


def test_what_is_drawn_when_nobody_says(home, several, tmp_path):
    assert publish(home, tmp_path / "wide", radius="20km")["zooms"] == [0, 8]
    assert publish(several, tmp_path / "tracks", zooms=(9, 9))["measure"] == "passes"
    smooth, radius = (
        publish(home, tmp_path / name, zooms=(8, 9), **{name: width})
        for name, width in (("smooth", "4px"), ("radius", "12px"))
    )
    assert folder_tiles(tmp_path / "smooth") == folder_tiles(tmp_path / "radius")
    assert smooth["measure"] == radius["measure"] == "sum(beds)"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"where": "beds > 3"}, "--where is for tracks: the points of clinics are added up already"),
        ({"sport": ["Run"]}, "--sport is for tracks"),
        ({"after": "2024-01-01"}, "have no times, which --after asks for"),
        ({"before": "2024-01-01"}, "have no times, which --before asks for"),
        ({"measure": "sum(schools)"}, "no point set 'schools'"),
        ({"measure": "passes"}, "no tracks, but points"),
        ({"measure": "mean", "density": True}, "density makes sense"),
        ({"radius": "5px", "smooth": "3px"}, "--smooth"),
        ({"radius": "65px"}, "--radius 65px is too wide for tiles: take at most 64px or 1000km"),
        ({"smooth": "400km"}, "--smooth 400km is too wide"),
        ({"radius": "wide"}, "15px"),
        ({"kernel": "cone"}, "quartic"),
    ],
)
def test_what_cannot_be_asked_of_points_is_refused(home, tmp_path, options, words):
    with pytest.raises(BadOption, match=re.escape(words)):
        publish(home, tmp_path / "tiles", **options)
    assert not (tmp_path / "tiles").exists()


def test_what_cannot_be_asked_of_tracks_is_refused(several, tmp_path):
    for options in ({"radius": "15px"}, {"kernel": "linear"}, {"density": True}):
        with pytest.raises(BadOption, match="is for points, and this shows tracks"):
            publish(several, tmp_path / "tiles", measure="passes", **options)


def data_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_a_page_of_points(home, tmp_path):
    output = tmp_path / "map.html"
    publish_html(home, output, zooms=(2, 9), radius="2km")
    data = data_of(output)
    assert [(layer["group"], layer["title"]) for layer in data["layers"]] == [("", "Clinics: sum of beds")]
    assert data["layers"][0]["scales"]["5"]["points"] == 123
    assert "palettes" in data["layers"][0]
    west, south, east, north = data["places"][0]["bbox"]
    assert west < TOWN[1] < east
    assert south < TOWN[0] < north


def test_layers_of_points_and_of_tracks(several, tmp_path):
    output = tmp_path / "map.html"
    publish_html(
        several, output, zooms=(6, 9), layers="SUM(clinics),count(clinics),passes,mean(drift)", radius="20px",
        sport=("Run",), smooth="3px",
    )  # fmt: skip
    layers = data_of(output)["layers"]
    assert [layer["title"] for layer in layers] == [
        "Clinics: sum of beds", "Clinics: points", "Passes", "Drift: mean beds",
    ]  # fmt: skip
    assert [layer["activities"] for layer in layers] == [0, 0, 2, 0]
    publish_html(several, output, zooms=(6, 9), layers="sport,sum(clinics)", radius="20px")
    assert [layer["title"] for layer in data_of(output)["layers"]] == ["All", "Ride", "Run", "Clinics: sum of beds"]


def test_layers_that_points_cannot_have(home, several, tmp_path):
    for path, options, words in [
        (home, {"layers": "sport"}, "--layers sport splits tracks"),
        (several, {"layers": "year", "measure": "count(clinics)"}, "have no times, which --layers year asks for"),
        (several, {"layers": "sum(clinics)", "sport": ("Run",)}, "--sport is for tracks"),
        (several, {"layers": "passes,pace", "radius": "5px"}, "--radius is for points"),
        (several, {"layers": "sum(clinics),sum(schools)"}, "no point set 'schools'"),
        (several, {"layers": "sum(clinics),sum(clinics)"}, "twice"),
    ]:
        with pytest.raises(BadOption, match=re.escape(words)):
            publish_html(path, tmp_path / "map.html", zooms=(6, 7), **options)
    assert not (tmp_path / "map.html").exists()


def write_csv(path, columns):
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]))
    return path


def test_tables_instead_of_a_library(home, tmp_path):
    table = write_csv(tmp_path / "clinics.csv", clinics())
    report = heatlas.render(
        table, output=tmp_path / "heat.pmtiles", weight="beds", zoom="3-9", radius="2km", kernel="quartic", density=True
    )
    publish(home, tmp_path / "tiles", zooms=(3, 9), radius="2km", kernel="quartic", density=True)
    assert tiles_in(tmp_path / "heat.pmtiles") == folder_tiles(tmp_path / "tiles")
    assert (report["rows"], report["points"], report["columns"]["weight"]) == (123, 123, "beds")
    heatlas.render(table, output=tmp_path / "more", weight="beds", zoom="3-9", where="beds > 100")
    assert folder_tiles(tmp_path / "more")


def test_a_measure_may_name_the_column(home, several, tmp_path):
    table = write_csv(tmp_path / "clinics.csv", clinics())
    heatlas.render(table, output=tmp_path / "tiles", weight="beds", measure="mean(beds)", zoom="3-6")
    publish(home, tmp_path / "same", zooms=(3, 6), measure="mean(clinics)")
    assert folder_tiles(tmp_path / "tiles") == folder_tiles(tmp_path / "same")
    with pytest.raises(BadOption, match="no point set 'nurses'"):
        heatlas.render(table, output=tmp_path / "none", weight="beds", measure="sum(nurses)")
    with pytest.raises(BadOption, match="no point set 'beds'"):
        publish(several, tmp_path / "none", measure="sum(beds)")


def test_tables_are_one_point_set_together_whatever_they_are_called(tmp_path):
    rows = clinics()
    tables = [
        write_csv(tmp_path / f"{name}.csv", {key: row[part] for key, row in rows.items()})
        for name, part in (("speed", slice(0, 60)), ("power", slice(60, None)))
    ]
    heatlas.render(*tables, output=tmp_path / "heat.mbtiles", measure="sum", weight="beds", zoom="3-9")
    import_into(tmp_path / "lib.db", rows, name="points", weight="beds")
    publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=(3, 9))
    assert tiles_in(tmp_path / "heat.mbtiles") == folder_tiles(tmp_path / "tiles")
    heatlas.render(tables[0], output=tmp_path / "map.html", weight="beds", zoom="3-6", layers="sum,count")
    assert [layer["title"] for layer in data_of(tmp_path / "map.html")["layers"]] == [
        "Points: sum of beds", "Points: points",
    ]  # fmt: skip


@pytest.mark.parametrize("radius", ["0px", "15px"])
@pytest.mark.parametrize("measure", ["sum", "mean"])
def test_a_single_row_is_its_own_scale_in_the_full_colour(tmp_path, radius, measure):
    from heatlas.style.colormaps import colormap

    one = {"lat": np.array([47.8]), "lon": np.array([10.9]), "w": np.array([7.0])}
    heatlas.render(one, output=tmp_path / "tiles", weight="w", measure=measure, radius=radius, zoom="5-6")
    for zoom, scale in json.loads((tmp_path / "tiles" / "tiles.json").read_text())["legend"].items():
        assert (scale["low"], scale["high"], scale["low_text"], scale["high_text"]) == (7, 7, "7", "7")
        assert scale["ticks"] == [[1, "7"]]
        full = colormap("ember" if measure == "sum" else "dusk")[255]
        shown = [pixels(data) for (z, _, _), data in folder_tiles(tmp_path / "tiles").items() if z == int(zoom)]
        assert any((tile == full).all(axis=2).any() for tile in shown)
    report = heatlas.render(
        one, output=tmp_path / "one.png", weight="w", measure=measure, radius=radius, width=200, legend=True
    )
    assert report["range"] == pytest.approx([7, 7], rel=1e-4)
    assert report["range_text"] == ["7", "7"]
