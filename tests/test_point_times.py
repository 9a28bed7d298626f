"""Times of points: kept in the library, filtered while looking, and split into layers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from library_made import as_grid
from starlette.testclient import TestClient
from test_film_points import DAY, FIRST, cases, written

import heatlas
from heatlas.core.errors import BadOption
from heatlas.core.points import Points
from heatlas.library.care.checking import check
from heatlas.library.file.opening import open_library
from heatlas.library.manage import import_into, repair_library
from heatlas.library.points.point_drawing import draw_tile, points_in_tiles
from heatlas.library.points.point_rows import concatenated, read_points
from heatlas.library.points.point_times import PointIndex, read_timed
from heatlas.library.points.stored_points import list_point_sets
from heatlas.raster.bin_points import bin_points
from heatlas.raster.measure import parse_point_measure
from heatlas.server import create_app


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def stocked(tmp_path):
    """A library with cases of 40 days."""
    points = cases(500)
    import_into("lib.db", written(tmp_path / "cases.csv", points), weight="cases")
    return tmp_path / "lib.db", points


def stored_of(library):
    with library.read() as link:
        (stored,) = list_point_sets(link).values()
    return stored


def test_times_are_kept_to_the_last_bit(stocked):
    path, points = stocked
    with open_library(path) as library:
        stored = stored_of(library)
        with library.read() as link:
            kept = concatenated(list(read_points(link, stored)))
        assert check(library, None) == []
    np.testing.assert_array_equal(kept.time, points.time)
    assert stored.time == "date"
    days, counts = np.unique(points.time / DAY, return_counts=True)
    assert stored.days == tuple(zip(days.astype(int).tolist(), counts.tolist(), strict=True))


@pytest.mark.parametrize("reduction", ["sum", "count", "mean", "min", "max"])
@pytest.mark.parametrize("span", [(10, 20), (0, 40), (-5, 3), (39, 400), (15, 15)])
def test_a_tile_of_a_span_is_what_its_points_give(stocked, reduction, span):
    path, points = stocked
    begin, end = (FIRST + day * DAY for day in span)
    shown = points.chosen((points.time >= begin) & (points.time < end))
    measure = parse_point_measure(reduction, "cases")
    with open_library(path) as library:
        stored = stored_of(library)
        index = PointIndex(library, stored, (begin, end), read_timed(library, stored))
        assert index.points == len(shown)
        for zoom in (0, 5, 9, 12, 16, 22):
            x, y, counts = points_in_tiles(index, zoom)
            assert counts.sum() == len(shown)
            for k in range(min(len(x), 3)):
                place = zoom, int(x[k]), int(y[k])
                tile = as_grid(draw_tile(index, *place, measure), *place, measure)
                wanted = bin_points([shown], tile.window, measure, 1)
                for name, plane in wanted.planes.items():
                    np.testing.assert_allclose(tile.planes[name], plane, rtol=1e-12, atol=1e-12)
        assert len(shown) or draw_tile(index, 0, 0, 0, measure) is None


def test_a_library_draws_films_and_spans(stocked, tmp_path):
    path, points = stocked
    film = heatlas.render(path, output=tmp_path / "a.gif", duration="1s", width=120, span="7d")
    assert film["points"] == 500
    assert film["to"] == "2024-02-09"
    some = heatlas.render(path, output=tmp_path / "a.png", after="2024-01-11", before="2024-01-21", width=120)
    assert some["points"] == int(((points.time >= FIRST + 10 * DAY) & (points.time < FIRST + 20 * DAY)).sum())
    straight = heatlas.render(
        tmp_path / "cases.csv", output=tmp_path / "b.png", after="2024-01-11", before="2024-01-21", width=120,
        weight="cases",
    )  # fmt: skip
    assert some["range"] == straight["range"]
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_live_map_filters_by_time(stocked):
    path, points = stocked
    with TestClient(create_app(path), base_url="http://127.0.0.1") as client:
        (told,) = client.get("/api/library.json").json()["point_sets"]
        assert sum(count for _, count in told["days"]) == 500
        assert told["days"][0][0] == "2024-01-01"
        whole = client.get("/tiles/sum(cases)/8/155/121.png")
        part = client.get("/tiles/sum(cases)/8/155/121.png?after=2024-01-11&before=2024-01-12")
        assert whole.status_code == part.status_code == 200
        assert whole.content != part.content
        scale = client.get("/scale.json?measure=count(cases)&z=8&after=2024-01-11&before=2024-01-21").json()
        assert scale["points"] == int(((points.time >= FIRST + 10 * DAY) & (points.time < FIRST + 20 * DAY)).sum())
        nothing = client.get("/scale.json?measure=count(cases)&z=8&after=2030-01-01").json()
        assert (nothing["points"], nothing["low"]) == (0, None)
        refused = client.get("/tiles/sum(cases)/8/155/121.png?where=cases>1")
        assert refused.status_code == 400
        assert "added up already" in refused.json()["error"]


def test_on_a_public_map_times_are_months(stocked):
    path, points = stocked
    with TestClient(create_app(path, public=True), base_url="http://127.0.0.1") as client:
        (told,) = client.get("/api/library.json").json()["point_sets"]
        assert [day for day, _ in told["days"]] == ["2024-01-01", "2024-02-01"]
        scale = client.get("/scale.json?measure=count(cases)&z=8&after=2024-01-11&before=2024-01-12").json()
        assert scale["points"] == int((points.time < FIRST + 31 * DAY).sum())


def test_points_without_times_say_how_to_have_them(tmp_path):
    (tmp_path / "p.csv").write_text("lat,lon\n9.0,38.7\n9.1,38.8\n")
    import_into("lib.db", tmp_path / "p.csv")
    with open_library("lib.db") as library:
        stored = stored_of(library)
        assert (stored.time, stored.days) == (None, ())
    with TestClient(create_app("lib.db"), base_url="http://127.0.0.1") as client:
        refused = client.get("/tiles/count(p)/8/155/121.png?after=2024-01-11")
        assert refused.status_code == 400
        assert refused.json()["error"] == (
            "the points of p have no times, which after asks for: heatlas import FILE --time COLUMN reads them"
        )
    with pytest.raises(BadOption, match="a film needs to know when each row was: say --time COLUMN of p"):
        heatlas.render("lib.db", output=tmp_path / "a.gif")


def test_a_column_that_holds_no_times_is_none(tmp_path):
    (tmp_path / "p.csv").write_text("lat,lon,date\n9.0,38.7,soon\n9.1,38.8,later\n")
    import_into("lib.db", tmp_path / "p.csv")
    with open_library("lib.db") as library:
        assert stored_of(library).time is None
        assert check(library, None) == []


def test_many_days_are_told_by_month(tmp_path):
    points = cases(9000, days=9000)
    import_into("lib.db", written(tmp_path / "cases.csv", points))
    with open_library("lib.db") as library:
        days = stored_of(library).days
    assert sum(count for _, count in days) == 9000
    assert {(dt.date(1970, 1, 1) + dt.timedelta(days=day)).day for day, _ in days} == {1}


def test_tiles_and_pages_of_a_span(stocked, tmp_path):
    path, _ = stocked
    options = {"zoom": "5-8", "after": "2024-01-11", "before": "2024-01-21"}
    first = heatlas.render(path, output=tmp_path / "tiles", **options)
    assert first["tiles"]["written"] > 0
    again = heatlas.render(path, output=tmp_path / "tiles", **options)
    assert again["tiles"]["written"] == 0
    other = heatlas.render(path, output=tmp_path / "tiles", zoom="5-8", after="2024-01-15", before="2024-01-25")
    assert other["tiles"]["written"] > 0
    page = heatlas.render(path, output=tmp_path / "a.html", layers="month", zoom="5-8")
    assert page["layers"] == ["All", "Jan 2024", "Feb 2024"]
    years = heatlas.render(path, output=tmp_path / "a.html", layers="year", zoom="5-8", before="2024-01-21")
    assert years["layers"] == ["All", "2024"]
    with pytest.raises(BadOption, match="--layers sport splits tracks, and points are shown: take year, month"):
        heatlas.render(path, output=tmp_path / "a.html", layers="sport")


def test_importing_again_with_other_times_replaces_the_set(stocked, tmp_path):
    path, points = stocked
    later = Points(lon=points.lon, lat=points.lat, weight=points.weight, time=points.time + DAY)
    report = import_into("lib.db", written(tmp_path / "cases.csv", later), weight="cases")
    assert report["point_sets"][0]["changed"]
    assert report["point_sets"][0]["columns"]["time"] == "date"
    with open_library(path) as library:
        assert stored_of(library).days[0][0] == FIRST / DAY + 1


def test_a_repair_keeps_times(stocked):
    path, points = stocked
    repair_library(path)
    with open_library(path) as library:
        stored = stored_of(library)
        with library.read() as link:
            np.testing.assert_array_equal(concatenated(list(read_points(link, stored))).time, points.time)
