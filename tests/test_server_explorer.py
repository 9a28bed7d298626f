"""Explorer tiles over HTTP: the owner's, and what others and everybody are told of them."""

from __future__ import annotations

import numpy as np
import pytest
from library_made import made, walks
from serving import client, named

import heatlas
from heatlas.library.maintenance import reindex


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "lib.db"
    made(path, walks(3, 14, n=400)).close()
    return path


@pytest.fixture(scope="module")
def web(path):
    with client(path) as web:
        yield web


def compact(report):
    names = ("x", "y", "first", "last", "count")
    return [[tile[name] for name in names] for tile in report["tiles"]]


@pytest.mark.parametrize("zoom", [10, 14, 17])
def test_the_server_says_what_the_command_says(web, path, zoom):
    told, report = web.get(f"/explorer.json?z={zoom}").json(), heatlas.explore(path, zoom=zoom)
    assert told["tiles"] == compact(report)
    for name in ("zoom", "counted", "activities", "total", "square", "cluster", "next_square"):
        assert told[name] == report[name], name
    assert told["counted"] == "whole tracks"


def test_filters_count_and_zoom_14_is_the_default(web, path):
    told = web.get("/explorer.json?sport=Run&after=2023-11-18").json()
    report = heatlas.explore(path, sport="Run", after="2023-11-18")
    assert told["tiles"] == compact(report)
    assert told["activities"] == report["activities"] < 14
    assert web.get("/explorer.json?sport=Run&z=14&after=2023-11-18").json() == told


def test_nothing_chosen_is_no_tiles(web):
    told = web.get("/explorer.json?after=2100-01-01").json()
    assert (told["activities"], told["total"], told["tiles"], told["square"], told["next_square"]) == (
        0,
        0,
        [],
        None,
        None,
    )
    assert told["cluster"] == {"size": 0, "tiles": []}


@pytest.mark.parametrize(
    "query", ["z=9", "z=18", "z=14.5", "z=", "measure=passes", "z=14&z=17", "where=a+b", "sport=Swim"]
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(web, query):
    answer = web.get(f"/explorer.json?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_answers_are_cached_by_the_state_of_the_library(web):
    answer = web.get("/explorer.json?z=17")
    again = web.get("/explorer.json?z=17", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_who_has_a_token_and_everybody_see_tiles_of_what_is_shown(tmp_path):
    path = tmp_path / "lib.db"
    with made(path, walks(3, 14, n=400)) as library:
        reindex(library, clip_ends=300.0)
    with client(path) as web:
        whole = web.get("/explorer.json?z=17").json()
    with client(path, token="open") as web:
        assert web.get("/explorer.json?z=17").status_code == 403
        told = web.get("/explorer.json?z=17", headers={"Authorization": "Bearer open"}).json()
    with client(path, public=True) as web:
        public = web.get("/explorer.json?z=17").json()
    assert (whole["counted"], told["counted"], public["counted"]) == ("whole tracks", "what is shown", "what is shown")
    places = [{tuple(tile[:2]) for tile in one["tiles"]} for one in (whole, told, public)]
    assert places[1] == places[2]
    assert places[1] < places[0]
    assert all(len(tile) == 5 for tile in told["tiles"])
    assert all(len(tile) == 2 for tile in public["tiles"])


def test_private_activities_are_no_part_of_a_public_map(tmp_path):
    tracks = named(20)
    made(tmp_path / "lib.db", tracks).close()
    made(tmp_path / "open.db", [track for track in tracks if not track.activities[0].private]).close()
    with client(tmp_path / "lib.db", public=True) as web, client(tmp_path / "open.db", public=True) as other:
        for query in ("z=17", "z=17&sport=Run", "z=14&after=2023-11"):
            assert web.get(f"/explorer.json?{query}").json() == other.get(f"/explorer.json?{query}").json()
        assert "Secret" not in web.get("/explorer.json?z=17").text
        assert web.get("/explorer.json?where=name='Secret errand 1'").status_code == 400


def test_a_public_answer_is_of_whole_groups_or_of_nobody(tmp_path):
    tracks = walks(1, 12)
    made(tmp_path / "lib.db", tracks).close()
    with client(tmp_path / "lib.db", public=True, public_least=7) as web:
        assert web.get("/explorer.json?sport=Run").json()["total"] == 0  # six of twelve are runs
        assert web.get("/explorer.json").json()["activities"] == 12
    made(tmp_path / "few.db", tracks[:4]).close()
    with client(tmp_path / "few.db", public=True) as web:
        assert web.get("/explorer.json").json()["tiles"] == []


def test_what_is_imported_meanwhile_counts_at_once(tmp_path):
    from library_made import put

    path = tmp_path / "lib.db"
    library = made(path, walks(1, 3))
    with client(path) as web:
        before = web.get("/explorer.json?z=17").json()
        put(library, walks(2, 3, lat=48.8))
        after = web.get("/explorer.json?z=17").json()
    library.close()
    assert (before["activities"], after["activities"]) == (3, 6)
    assert {tuple(tile[:2]) for tile in before["tiles"]} < {tuple(tile[:2]) for tile in after["tiles"]}
    assert np.array([tile[4] for tile in after["tiles"]]).min() >= 1
