"""Single activities: the list of a view, one route, the same way, values of attributes; none of it on a public map."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from library_made import made, walks
from serving import PLACE, client, named
from slow import make_batch

from heatlas.core.batch import Activity
from heatlas.core.mercator import from_lonlat, ground_metres
from heatlas.library.file.settings import Settings
from heatlas.library.index.shown_routes import route_of
from heatlas.library.index.visits import read_cells
from heatlas.server.activities.single import link_of
from heatlas.server.activities.single_routes import PATHS
from heatlas.tiles.same_way import LEAST_SHARE, ZOOM, same_way
from heatlas.tiles.view import close, open_view
from heatlas.tracks.privacy import hide

LAT, LON = PLACE
ASKED = {
    "/at": f"lat={LAT}&lon={LON}",
    "/route.json": "number=1",
    "/same-way.json": "number=1",
    "/api/values.json": "attribute=sport",
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("single") / "lib.db"
    far = named(3, seed=2, lat=LAT + 0.2)
    made(path, named() + far).close()
    return path


@pytest.fixture(scope="module")
def web(path):
    with client(path) as web:
        yield web


def numbers(answer):
    return [one["number"] for one in answer.json()["activities"]]


def test_a_public_map_tells_nothing_of_single_activities(path):
    with client(path, public=True) as web:
        for address in PATHS:
            answer = web.get(f"{address}?{ASKED.get(address, '')}")
            assert answer.status_code == 403, address
            assert "public" in answer.json()["error"]
        assert not set(PATHS) - set(web.get("/openapi.json").json()["paths"])


def test_the_list_is_of_the_view_and_of_the_filter(web):
    everything = web.get("/activities.json").json()
    assert everything["total"] == len(everything["activities"]) == 15
    assert everything["distance"] == sum(one["distance"] for one in everything["activities"])
    here = web.get(f"/activities.json?bbox={LON - 0.1},{LAT - 0.05},{LON + 0.1},{LAT + 0.05}")
    assert here.json()["total"] == 12
    north = web.get(f"/activities.json?bbox={LON - 0.1},{LAT + 0.15},{LON + 0.1},{LAT + 0.25}&sport=Run").json()
    assert {one["sport"] for one in north["activities"]} == {"Run"}
    assert north["total"] == 1
    assert web.get("/activities.json?bbox=0,0,1,1").json() == {"activities": [], "total": 0, "distance": 0, "offset": 0}


def test_pages_are_parts_of_one_order(web):
    for sort, order in itertools.product(("start", "name", "sport", "distance", "duration"), ("asc", "desc")):
        query = f"/activities.json?sort={sort}&order={order}"
        whole = numbers(web.get(query))
        parts = [numbers(web.get(f"{query}&offset={k}&limit=4")) for k in range(0, 16, 4)]
        assert list(itertools.chain(*parts)) == whole
        assert sorted(whole) == list(range(1, 16))
    metres = [one["distance"] for one in web.get("/activities.json?sort=distance").json()["activities"]]
    assert metres == sorted(metres, reverse=True)
    assert web.get("/activities.json?offset=500").json()["activities"] == []


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("", 15), ("secret", 15), ("ERRAND 11", 1), ("run", 7), ("errand run", 7), ("2023-11", 15), ("2031", 0),
        ("2 km", 2), (">10 km", 2), (">= 10 km", 3), ("<2km", 2), (">3 km <=5 km", 2), ("ride 12.0 km", 0),
        ("run 12.0 km", 1), ("nothing", 0), (">1h30", 0), ("sécret", 15),
    ],
)  # fmt: skip
def test_what_is_searched_is_found(web, words, count):
    assert web.get("/activities.json", params={"q": words}).json()["total"] == count


def test_each_activity_has_a_filter_that_chooses_it_alone(tmp_path):
    tracks = walks(3, 4)
    ids = ["7", "", "", "7"]
    sources = ["a/x.gpx", "a/y.gpx", "b/z.gpx", "b/z.gpx"]
    tracks = [
        replace(track, activities=(replace(track.activities[0], id=key, source=f"{k}-{source}" if k == 1 else source),))
        for k, (track, key, source) in enumerate(zip(tracks, ids, sources, strict=True))
    ]  # fmt: skip
    made(tmp_path / "lib.db", tracks).close()
    with client(tmp_path / "lib.db") as web:
        found = web.get("/activities.json?sort=start&order=asc").json()["activities"]
        terms = [(one["term"]["attribute"], one["term"]["value"]) for one in found]
        assert terms == [("file", "x.gpx"), ("file", "y.gpx"), ("source", "b/z.gpx"), ("source", "b/z.gpx")]
        for (attribute, value), count in zip(terms, (1, 1, 2, 2), strict=True):
            assert web.get("/activities.json", params={"where": f"{attribute} = '{value}'"}).json()["total"] == count


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    library = made(tmp_path_factory.mktemp("ways") / "lib.db", ways(), group=3)
    view = open_view(library)
    yield view
    close(view)


def line(*corners, noise=0.0, seed=0, k=0, **facts):
    """A track along corners, in metres east and north of a place, with a fix every 10 m and some noise."""
    rng = np.random.default_rng(seed)
    parts = []
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        count = max(int(np.hypot(x1 - x0, y1 - y0) // 10), 1)
        share = np.arange(count)[:, None] / count
        parts.append(np.array([[x0, y0]]) * (1 - share) + np.array([[x1, y1]]) * share)
    metres = np.concatenate([*parts, [corners[-1]]]) + rng.normal(0, noise, (1, 2))
    east, north = 111_320 * np.cos(np.radians(LAT)), 111_200
    time = 1.7e9 + 86400 * k + 4.0 * np.arange(len(metres))
    return make_batch(
        (LON + metres[:, 0] / east).tolist(), (LAT + metres[:, 1] / north).tolist(), time=time,
        start=1.7e9 + 86400 * k, source=f"{k}.gpx-", **facts,
    )  # fmt: skip


def ways():
    there = ((0, 0), (1500, 0), (1500, 900))
    return [
        line(*there, k=0),
        line(*there, noise=4, seed=1, k=1),
        line(*reversed(there), noise=4, seed=2, k=2),  # backwards
        line(*there, (4500, 900), k=3),  # goes on for twice as long
        line((0, 0), (1500, 0), k=4),  # two thirds of it
        line((0, 60), (1500, 60), (1560, 900), k=5),  # along it
        line(*there, (1700, 900), k=6),  # a little farther
        line((90000, 0), (91500, 0), k=7),
    ]


def test_the_same_way_is_that_of_a_slow_twin(view):
    with view.library.read() as connection:
        owner, column, row = read_cells(connection, ZOOM, np.ones(99, np.bool_))
    ways_of = {k: set() for k in range(1, 9)}
    for k, x, y in zip(owner.tolist(), column.tolist(), row.tolist(), strict=True):
        ways_of[k].add((x, y))
    near = {k: {(x + a, y + b) for x, y in way for a in (-1, 0, 1) for b in (-1, 0, 1)} for k, way in ways_of.items()}
    for one in ways_of:
        wanted = {one: 1.0}
        for other in set(ways_of) - {one}:
            shares = [len(ways_of[a] & near[b]) / len(ways_of[a]) for a, b in ((one, other), (other, one))]
            if min(shares) >= LEAST_SHARE:
                wanted[other] = min(shares)
        assert same_way(view, view.snapshot, one) == pytest.approx(wanted)
    assert set(same_way(view, view.snapshot, 1)) == {1, 2, 3, 7}
    assert same_way(view, view.snapshot, 99) == {}


def test_the_same_way_is_told_latest_first(view):
    with client(view.library.path) as web:
        answer = web.get("/same-way.json?number=1")
        assert numbers(answer) == [7, 3, 2, 1]
        assert answer.json()["total"] == 4
        assert web.get("/same-way.json?number=50").status_code == 404


def test_a_route_is_what_is_shown(tmp_path):
    track = line((0, 0), (3000, 0))
    columns = {"elevation": np.linspace(500, 530, track.fixes).astype(np.float32)}
    track = replace(track, columns=columns, time=1.7e9 + 5.0 * np.arange(track.fixes))
    options = Settings(clip_ends=500.0)
    made(tmp_path / "lib.db", [track], settings=options).close()
    with client(tmp_path / "lib.db") as web:
        told = web.get("/route.json?number=1").json()
    with open_view_of(tmp_path / "lib.db") as library:
        from heatlas.library.file.settings import privacy_of, read_settings

        with library.read() as connection:
            shown = hide(track, privacy_of(connection, read_settings(connection))[0])
    ends = [told["lines"][0][0][0], told["lines"][-1][-1][0]]
    lon = (np.array([shown.u[0], shown.u[-1]]) - 0.5) * 360
    assert ends == pytest.approx(lon.tolist(), abs=1e-6)
    assert 1000 < told["shown"] < 2800
    assert told["shown"] == pytest.approx((lon[1] - lon[0]) * 111_320 * np.cos(np.radians(LAT)), rel=0.01)
    profile = told["profile"]
    assert set(profile) == {"elevation", "pace"}
    kept = shown.columns["elevation"]
    assert kept.min() - 0.1 <= min(profile["elevation"]) < max(profile["elevation"]) <= kept.max() + 0.1
    known = [pace for pace in profile["pace"] if pace is not None]
    assert np.median(known) == pytest.approx(0.5, rel=0.05)


def open_view_of(path):
    from contextlib import closing

    from heatlas.library.file.opening import open_library

    return closing(open_library(path))


def test_distances_of_a_route_do_not_tell_how_long_a_gap_is():
    """Two halves with a gap of any length between them have one profile."""

    def halves(gap):
        first, second = line((0, 0), (1503, 0)), line((gap, 0), (gap + 1241, 0))
        n, m = first.fixes, second.fixes
        both = replace(
            first, u=np.concatenate([first.u, second.u]), v=np.concatenate([first.v, second.v]),
            time=1.7e9 + np.concatenate([np.arange(n), gap + np.arange(m)]) * 4.0,
            progress=np.concatenate([first.progress, gap + second.progress]),
            columns={"elevation": np.linspace(0, 9, n + m).astype(np.float32)},
            segments=np.array([0, n, n + m]),
            tracks=np.array([0, 2]),
        )  # fmt: skip
        return route_of(both)

    near, far = halves(2000.0), halves(9000.0)
    assert near.metres == pytest.approx(far.metres, rel=1e-6)
    for name in ("elevation", "pace"):
        assert near.profile[name] == pytest.approx(far.profile[name], rel=1e-3, nan_ok=True)
    assert [len(one) for one in near.lines] == [len(one) for one in far.lines]


def test_a_route_has_points_enough_to_be_within_two_metres():
    angle = np.linspace(0, 20, 4000)
    track = line(*((300 * np.cos(a), 300 * np.sin(a)) for a in angle))
    (points,) = route_of(track).lines
    assert len(points) < track.fixes + 1
    u, v = from_lonlat(points[:, 0], points[:, 1])
    east, north = (float(m) for m in ground_metres(track.v[0]))
    steps = np.hypot(np.diff(u) * east, np.diff(v) * north)
    assert steps.max() < 5
    assert points[0] == pytest.approx([LON + 300 / (111_320 * np.cos(np.radians(LAT))), LAT])


def test_others_than_the_owner_are_not_told_of_whole_activities(tmp_path):
    tracks = named(6)
    tracks = [replace(t, activities=(replace(t.activities[0], moving_time=777.0, distance=99_999.0),)) for t in tracks]
    made(tmp_path / "lib.db", tracks, settings=Settings(clip_ends=100.0)).close()
    with client(tmp_path / "lib.db") as web:
        assert web.get("/activities.json").json()["activities"][0]["duration"] == 777
        assert web.get("/api/values.json?attribute=moving_time").json()["bins"]["counts"] == [6]
    with client(tmp_path / "lib.db", token="secret") as web:
        for address in (
            "/activities.json",
            "/route.json?number=1",
            "/api/values.json?attribute=moving_time",
            "/api/values.json?attribute=distance",
        ):
            said = web.get(address, headers={"Authorization": "Bearer secret"})
            assert said.status_code == 200
            assert "777" not in said.text, address
            assert "99999" not in said.text, address


@pytest.mark.parametrize(
    ("source", "key", "told", "url"),
    [
        ("export_1/activities/123456.fit.gz", "987654321", ("name",), "https://www.strava.com/activities/987654321"),
        ("export_1/activities/123456.fit.gz", "987654321", (), None),
        ("DI_CONNECT/DI-Connect-Uploaded-Files/x.zip/a_1.fit", "12345678901", (), "https://connect.garmin.com/modern/activity/12345678901"),
        ("downloads/12345678901_ACTIVITY.fit", "", (), "https://connect.garmin.com/modern/activity/12345678901"),
        ("activity_12345678901.gpx", "", (), "https://connect.garmin.com/modern/activity/12345678901"),
        ("runs/2024.gpx", "17", (), None),
        ("table.csv/javascript:alert(1)", "javascript:alert(1)", ("name",), None),
    ],
)  # fmt: skip
def test_links_lead_to_whoever_gave_the_id(source, key, told, url):
    link = link_of(Activity(source=source, id=key, told=told))
    assert (link and link["url"]) == url


def test_values_are_counted_among_what_the_filter_chooses(web):
    sports = web.get("/api/values.json?attribute=sport").json()
    assert sports == {
        "attribute": "sport", "kind": "text", "activities": 15, "known": 15,
        "values": [["Ride", 8], ["Run", 7]], "left_out": 0, "bins": None,
    }  # fmt: skip
    gear = web.get("/api/values.json?attribute=gear&sport=Run").json()
    assert sum(count for _, count in gear["values"]) == gear["activities"] == 7
    days = web.get("/api/values.json?attribute=weekday").json()
    assert [day for day, _ in days["values"]] == sorted(day for day, _ in days["values"])
    flags = dict(web.get("/api/values.json?attribute=private").json()["values"])
    assert flags == {False: 7, True: 8}
    metres = web.get("/api/values.json?attribute=distance").json()
    bins = metres["bins"]
    assert sum(bins["counts"]) == 15
    assert bins["low"] <= 1000
    assert bins["high"] >= 12000
    for k, count in enumerate(bins["counts"]):
        low, high = bins["low"] + k * bins["width"], bins["low"] + (k + 1) * bins["width"]
        asked = web.get("/activities.json", params={"where": f"distance >= {low} AND distance < {high}"})
        assert asked.json()["total"] == count
    assert web.get("/api/values.json?attribute=nonsense").status_code == 400
    assert web.get("/api/values.json").status_code == 400


def test_attributes_are_listed_with_their_kinds(web):
    found = web.get("/api/attributes.json").json()
    kinds = {one["name"]: one["kind"] for one in found["attributes"]}
    assert kinds["sport"] == kinds["weather"] == "text"
    assert (kinds["distance"], kinds["hour"], kinds["commute"], kinds["start"]) == ("number", "whole", "flag", "moment")
    examples = {one["name"]: one["examples"] for one in found["attributes"]}
    assert examples["sport"] == ["Ride", "Run"]
    assert examples["id"] == []
    for name in kinds:
        assert web.get(f"/api/values.json?attribute={name}").json()["known"] > 0


def test_all_of_it_is_empty_in_an_empty_library(tmp_path):
    made(tmp_path / "lib.db", []).close()
    with client(tmp_path / "lib.db") as web:
        assert web.get("/activities.json?bbox=0,0,1,1").json()["total"] == 0
        assert web.get("/api/attributes.json").json() == {"attributes": [], "activities": 0}
        assert web.get("/route.json?number=1").status_code == 404
