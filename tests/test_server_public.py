"""Public maps: totals of what is shown, measures of the way alone, and no answer that is of a few."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import SECRET, cut, made, put, walks
from serving import PLACE, client, named, pixels, tile_of, values

from heatlas.core.errors import BadOption
from heatlas.kernels.path import metres_along
from heatlas.library.file.settings import Settings
from heatlas.library.zones import add_zone
from heatlas.server import create_app, serve
from heatlas.tiles.crowds import grouped, whole_in
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.privacy import Privacy, Zone

BODY = ("heart_rate", "power", "cadence", "temperature")
ZONE = (PLACE[0], PLACE[1], 60.0)


@pytest.fixture(autouse=True)
def secret(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("config")
    (folder / "secret").write_text(SECRET.hex())
    monkeypatch.setenv("HEATLAS_CONFIG", str(folder))


def moment(year, month, day=15):
    return dt.datetime(year, month, day, 12, tzinfo=dt.UTC).timestamp()


def dated(plan, private=()):
    """Walks of (sport, year, month), one for each."""
    tracks = walks(3, len(plan), n=40)
    found = []
    for k, (track, (sport, *month)) in enumerate(zip(tracks, plan, strict=True)):
        start = moment(*month, day=1 + k % 27)
        one = replace(track.activities[0], sport=sport, start=start, private=k in private, distance=9000.0 + k)
        found.append(replace(track, time=start + np.arange(track.fixes, dtype=float), activities=(one,)))
    return found


def shown_metres(track):
    return float(metres_along(track.u, track.v, track.segments).sum())


def test_totals_are_those_of_what_is_shown(tmp_path):
    tracks = named(14, n=120)
    with made(tmp_path / "lib.db", tracks, settings=Settings(clip_ends=120.0)) as library:
        add_zone(library, "home", *ZONE)
    seen = cut(tracks, Privacy(120.0, (Zone(*ZONE),), SECRET))
    public = [track for track in seen if not track.activities[0].private and track.fixes]
    assert 5 <= len(public) < 7  # of one nothing is shown at all, or so this test shows less than it should
    with client(tmp_path / "lib.db", public=True) as web:
        told = web.get("/api/library.json").json()
        assert web.get("/scale.json?z=9").json()["activities"] == len(public)
    assert told["activities"] == len(public)
    assert told["fixes"] == sum(track.fixes for track in public)
    assert told["distance"] == pytest.approx(sum(map(shown_metres, public)), abs=0.07 * len(public))
    for sport in told["sports"]:
        of_sport = [track for track in public if track.activities[0].sport == sport["sport"]]
        assert sport["activities"] == len(of_sport)
        assert sport["distance"] == pytest.approx(sum(map(shown_metres, of_sport)), abs=0.07 * len(public))
    assert sum(count for _, count in told["days"]) <= len(public)


def test_the_owner_sees_true_totals_and_who_has_the_token_does_not(tmp_path):
    tracks = named(8)
    with made(tmp_path / "lib.db", tracks) as library:
        add_zone(library, "home", *ZONE)
    seen = [track for track in cut(tracks, Privacy(0.0, (Zone(*ZONE),), SECRET)) if track.fixes]
    around = f"/at?lat={PLACE[0]}&lon={PLACE[1]}&radius=2000"
    with client(tmp_path / "lib.db") as web:
        told = web.get("/api/library.json").json()
        assert told["fixes"] == sum(track.fixes for track in tracks)
        assert told["distance"] == sum(1000.0 * (k + 1) for k in range(8))
        assert {one["distance"] for one in web.get(around).json()["activities"]} <= {1000.0 * (k + 1) for k in range(8)}
    with client(tmp_path / "lib.db", token="open") as web:
        headers = {"Authorization": "Bearer open"}
        told = web.get("/api/library.json", headers=headers).json()
        assert told["fixes"] == sum(track.fixes for track in seen)
        assert told["distance"] == pytest.approx(sum(map(shown_metres, seen)), abs=0.6)
        lengths = {track.activities[0].name: shown_metres(track) for track in seen}
        found = web.get(around, headers=headers).json()["activities"]
        assert found
        for one in found:
            assert one["distance"] == pytest.approx(lengths[one["name"]], abs=0.07)


def test_where_nothing_is_hidden_totals_are_what_the_sources_state(tmp_path):
    made(tmp_path / "lib.db", named(12)).close()
    with client(tmp_path / "lib.db", public=True) as web:
        assert web.get("/api/library.json").json()["distance"] == sum(1000.0 * (k + 1) for k in range(1, 12, 2))


def test_measures_of_the_body_are_neither_listed_nor_reached(tmp_path):
    made(tmp_path / "lib.db", walks(1, 8)).close()
    x, y = tile_of(12)
    with client(tmp_path / "lib.db") as web:
        assert {"heart_rate", "power"} <= {one["name"] for one in web.get("/api/library.json").json()["measures"]}
    with client(tmp_path / "lib.db", public=True) as web:
        listed = [one["name"] for one in web.get("/api/library.json").json()["measures"]]
        assert {"passes", "pace", "elevation", "seconds"} <= set(listed)
        described = web.get("/openapi.json").text + web.get("/WMTSCapabilities.xml").text
        for metric in BODY:
            assert metric not in listed
            assert f"max({metric})" not in described
            assert f">{metric}<" not in described
            for measure in (metric, f"max({metric})", f"min({metric})", f"std({metric})", f"mean({metric})"):
                for address in (
                    f"/tiles/{measure}/12/{x}/{y}.png", f"/tiles/{measure}/12/{x}/{y}.webp",
                    f"/tiles/{measure}/12/{x}/{y}@2x.png", f"/tiles/{measure}/12/{x}/{y}.npy",
                    f"/scale.json?z=9&measure={measure}", f"/legend.png?z=9&measure={measure}",
                    f"/tiles.json?measure={measure}",
                ):  # fmt: skip
                    answer = web.get(address)
                    assert answer.status_code == 403, address
                    assert "public" in answer.json()["error"]
        assert web.get(f"/tiles/pace/12/{x}/{y}.png").status_code == 200
        for measure in ("passes", "pace", "seconds"):
            answer = web.get(f"/tiles/{measure}/12/{x}/{y}.npy")
            assert (answer.status_code, "not numbers" in answer.json()["error"]) == (403, True)


def test_what_is_named_is_shown_and_given_as_numbers(tmp_path):
    made(tmp_path / "lib.db", walks(1, 8)).close()
    x, y = tile_of(12)
    with client(tmp_path / "lib.db", public=True, public_measures="heart_rate, passes,max(power)") as web:
        listed = {one["name"] for one in web.get("/api/library.json").json()["measures"]}
        assert "heart_rate" in listed
        assert "power" not in listed
        for measure in ("heart_rate", "max(heart_rate)", "max(power)", "passes"):
            assert np.isfinite(values(web, f"/tiles/{measure}/12/{x}/{y}.npy")).any()
            assert pixels(web.get(f"/tiles/{measure}/12/{x}/{y}.png").content)[..., 3].any()
        for measure in ("power", "min(power)", "pace"):
            assert web.get(f"/tiles/{measure}/12/{x}/{y}.npy").status_code == 403
    for wrong in ({"public_measures": "heart_beat"}, {"public_least": 0}):
        with pytest.raises(BadOption):
            create_app(tmp_path / "lib.db", public=True, **wrong)
    with pytest.raises(BadOption, match="--public"):
        create_app(tmp_path / "lib.db", public_measures="passes")
    with pytest.raises(BadOption, match="--public"):
        serve(tmp_path / "lib.db", public_least=3)


PLAN = (
    [("Run", 2023, 1)] * 6 + [("Run", 2023, 2)] * 1 + [("Run", 2023, 3)] * 5 + [("Ride", 2023, 3)] * 3
    + [("Ride", 2024, 5)] * 6 + [("Hike", 2024, 5)] * 2 + [("Swim", 2024, 6)] * 4 + [("Run", 2024, 7)] * 7
)  # fmt: skip

MONTHS = sorted({plan[1:] for plan in PLAN})


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    path = tmp_path_factory.mktemp("few") / "lib.db"
    made(path, dated(PLAN), group=40).close()
    with client(path, public=True) as web:
        yield web


def count(web, **asked):
    return web.get("/scale.json", params={"z": 9, **asked}).json()["activities"]


def test_a_filter_that_leaves_a_few_is_answered_as_empty(web):
    x, y = tile_of(12)
    empty = {"after": "2023-02", "before": "2023-03"}
    assert count(web, **empty) == 0
    scale = web.get("/scale.json", params={"z": 9, **empty}).json()
    assert (scale["low"], scale["high"], scale["ticks"]) == (None, None, [])
    for form in ("png", "webp"):
        tile = web.get(f"/tiles/passes/12/{x}/{y}.{form}", params=empty)
        assert tile.status_code == 200
        assert not pixels(tile.content)[..., 3].any()
    assert count(web, after="2023-01", before="2023-02") == 6
    assert count(web, where="month = 7") == 7
    assert count(web, sport="Hike") == 0
    assert count(web, sport="Never") == 0  # nobody is told which sports there are
    assert count(web, sport="Ride") == 9
    assert count(web, sport="Ride", where="year = 2023") == 0
    assert count(web) == len(PLAN)


def test_what_is_too_few_is_not_listed(web):
    told = web.get("/api/library.json").json()
    assert {sport["sport"]: sport["activities"] for sport in told["sports"]} == {"Run": 19, "Ride": 9}
    assert dict(told["days"]) == {"2023-01-01": 6, "2024-07-01": 7}
    assert told["days"] == [
        [f"{y}-{m:02}-01", n] for y, m in MONTHS if (n := count(web, where=f"year={y} AND month={m}"))
    ]
    assert told["sports"][1]["distance"] == sum(9000.0 + k for k, plan in enumerate(PLAN) if plan[0] == "Ride")
    assert told["activities"] == len(PLAN)


def test_no_difference_of_two_answers_is_of_a_few(web):
    times = [
        {}, *({"where": f"year = {year}"} for year in (2023, 2024)),
        *({"where": f"year = {year} AND month = {month}"} for year, month in
          ((2023, 1), (2023, 2), (2023, 3), (2024, 5), (2024, 6), (2024, 7))),
        {"where": "NOT (year = 2023 AND month = 2)"}, {"where": "NOT (year = 2024 AND month = 6)"},
        {"where": "year = 2023 AND month <> 2"}, {"after": "2023-02"}, {"before": "2024-06"},
    ]  # fmt: skip
    counts = [count(web, **one) for one in times]
    assert len(set(counts)) > 4
    for one in counts:  # each is a part of the whole
        assert len(PLAN) - one in {0, *range(5, 99)}
    year, months = count(web, where="year = 2023"), sum(count(web, where=f"year=2023 AND month={k}") for k in (1, 2, 3))
    assert year - months in {0, *range(5, 99)}
    sports = [count(web, sport=sport) for sport in ("Run", "Ride", "Hike", "Swim")]
    assert len(PLAN) - sum(sports) in {0, *range(5, 99)}


def test_filters_of_two_kinds_cannot_be_subtracted(tmp_path):
    # Five rides and one run in May: the month less the rides is that run.
    plan = [("Ride", 2024, 5)] * 5 + [("Run", 2024, 5)] + [("Run", 2024, 6)] * 6 + [("Run", 2024, 7)] * 5
    made(tmp_path / "lib.db", dated(plan), group=40).close()
    with client(tmp_path / "lib.db", public=True) as web:
        assert [count(web, where=f"month = {month}") for month in (5, 6, 7)] == [5, 6, 0]
        assert count(web, sport="Ride") == count(web, sport="Ride", where="month = 5") == 5
        assert count(web, sport="Run") == count(web, where="NOT sport = 'Ride'") == 12
        assert dict(web.get("/api/library.json").json()["days"]) == {"2024-05-01": 5, "2024-06-01": 6}


def partly_known(plan, known, metric="heart_rate"):
    """Walks as `dated` makes them, with a metric of some of them alone."""
    found = []
    for k, track in enumerate(dated(plan)):
        columns = {name: values for name, values in track.columns.items() if name not in {"heart_rate", "power"}}
        if k in known:
            columns[metric] = np.full(track.fixes, 150, np.float32)
        found.append(replace(track, columns=columns))
    return found


def test_a_measure_of_a_few_is_not_shown_by_a_filter(tmp_path):
    plan = [("Run", 2024, 8)] * 5 + [("Run", 2024, 9)] * 6
    made(tmp_path / "lib.db", partly_known(plan, {0, *range(5, 10)}), group=40).close()
    x, y = tile_of(12)
    with client(tmp_path / "lib.db", public=True, public_measures="heart_rate") as web:
        august, heart = {"where": "month = 8"}, {"measure": "heart_rate"}
        assert count(web, **august) == 5
        assert count(web, **august, **heart) == 0  # one of them has it, and is shown with those of September
        assert count(web, where="month = 9", **heart) == 0
        assert count(web, where="year = 2024", **heart) == 6
        assert not np.isfinite(values(web, f"/tiles/heart_rate/12/{x}/{y}.npy?where=month=8")).any()
        assert np.isfinite(values(web, f"/tiles/heart_rate/12/{x}/{y}.npy?where=year=2024")).any()
    with client(tmp_path / "lib.db") as web:
        assert count(web, **august, **heart) == 5


def test_what_private_activities_recorded_is_not_listed(tmp_path):
    tracks = partly_known([("Run", 2024, 8)] * 12, {0, 1})
    tracks[:2] = [replace(one, activities=(replace(one.activities[0], private=True),)) for one in tracks[:2]]
    made(tmp_path / "lib.db", tracks, group=40).close()
    listed = {}
    for public in (True, False):
        options = {"public": True, "public_measures": "heart_rate"} if public else {}
        with client(tmp_path / "lib.db", **options) as web:
            listed[public] = {one["name"] for one in web.get("/api/library.json").json()["measures"]}
    assert "heart_rate" in listed[False] - listed[True]
    assert {"pace", "elevation", "flat_pace", "bearing"} <= listed[True]
    closed = {metric.name for metric in METRICS.values() if not metric.public}
    assert {"efficiency", "hour", "first", "wait"} <= closed & listed[False]
    assert not (closed | {"days", "share(dark)"}) & listed[True]
    assert not {metric.name for metric in METRICS.values() if not metric.listed} & (listed[False] | listed[True])
    assert not [name for name in listed[True] if "(" in name]  # no relations


def test_what_is_too_few_joins_what_is_most_like_it():
    def sizes(paths, least=5):
        groups = grouped(paths, least).tolist()
        return sorted(sorted(paths[k] for k in range(len(paths)) if groups[k] == one) for one in set(groups))

    months = [(2023, 1)] * 6 + [(2023, 2)] + [(2023, 3)] * 8 + [(2024, 6)] * 3 + [(2024, 7)] * 2
    assert sizes(months) == [months[:7], months[7:15], months[15:]]
    assert sizes(months[::-1]) == sizes(months)
    assert sizes(months[:18]) == [months[:7] + months[15:18], months[7:15]]
    assert grouped(months[:7], 8).tolist() == [-1] * 7
    assert grouped([], 5).tolist() == []
    assert whole_in(grouped(months, 5), months).tolist() == [False] * 7 + [True] * 8 + [False] * 5


def test_the_number_is_an_option(tmp_path):
    made(tmp_path / "lib.db", dated(PLAN), group=40).close()
    with client(tmp_path / "lib.db", public=True, public_least=1) as web:
        assert count(web, where="year = 2023 AND month = 2") == 1
        assert count(web, sport="Hike") == 2
    with client(tmp_path / "lib.db", public=True, public_least=8) as web:
        assert count(web, where="year = 2023 AND month = 1") == 0
    with client(tmp_path / "lib.db") as web:
        assert count(web, where="year = 2023 AND month = 2") == 1


@settings(max_examples=150)
@given(
    plan=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=60),
    least=st.integers(1, 6),
)
def test_no_sum_or_difference_of_answers_is_of_a_few(plan, least):
    groups = grouped(plan, least)
    assert (groups >= 0).all() if len(plan) >= least else (groups < 0).all()
    paths = sorted(plan)
    of_sorted = grouped(paths, least)  # in whichever order activities came in
    assert sorted(np.bincount(of_sorted[of_sorted >= 0])) == sorted(np.bincount(groups[groups >= 0]))
    answers = []
    for part in (slice(0, 1), slice(1, 2), slice(1, 3), slice(0, 3)):
        labels = [one[part] for one in plan]
        whole = whole_in(groups, labels)
        for label in set(labels):
            mask = np.array([one == label for one in labels])
            exact = [set(np.flatnonzero(groups == g)) <= set(np.flatnonzero(mask)) and g >= 0 for g in groups]
            assert (mask & whole == exact).all()
            answers.append(mask & whole)
    for one in answers:
        for other in answers:
            for both in (one & other, one & ~other, one | other, ~(one | other)):
                assert both.sum() == 0 or both.sum() >= min(least, len(plan))


def test_nobody_is_told_when_something_private_came_in(tmp_path):
    tracks = dated([("Run", 2024, 1)] * 9, private=(8,))
    with made(tmp_path / "lib.db", tracks[:7], group=40) as library, client(tmp_path / "lib.db", public=True) as web:
        before = web.get("/api/library.json")
        put(library, tracks[8:])
        after = web.get("/api/library.json", headers={"If-None-Match": before.headers["etag"]})
        assert after.status_code == 304
        put(library, tracks[7:8])
        assert web.get("/api/library.json").json()["activities"] == 8
        assert web.get("/api/library.json").headers["etag"] != before.headers["etag"]
