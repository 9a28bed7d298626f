"""What is published for everybody: no layer, filter or step of a film is of a few activities."""

from __future__ import annotations

import base64
import json
import re
import sqlite3

import numpy as np
import pytest
from library_made import made, put, walks
from publishing import folder_tiles, publish
from test_film import film_job, planned
from test_server_public import PLAN, dated, moment, partly_known

import heatlas
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.library.maintenance import reindex, remove
from heatlas.rendering.film.activities import in_crowds
from heatlas.rendering.film.timeline import DAY

SMALL = {"zoom": "3-6"}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("public") / "lib.db"
    made(path, dated(PLAN), group=40).close()
    return path


def data_of(path):
    """What a page is told."""
    (data,) = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL
    )
    return json.loads(data)


def layers_of(path):
    """Titles and activities of the layers of a page."""
    return {layer["title"]: layer["activities"] for layer in data_of(path)["layers"]}


def test_layers_of_a_few_are_left_out_and_said(library, tmp_path):
    told = heatlas.render(library, output=tmp_path / "a.html", layers="sport,year,month", public=True, **SMALL)
    # The small rides of 2023 come together with those of 2024: neither year is of whole groups.
    assert layers_of(tmp_path / "a.html") == {"All": 34, "Run": 19, "Ride": 9, "Jan 2023": 6, "Jul 2024": 7}
    assert any("4 layers by sport 2 are left out" in words for words in told["warnings"])
    heatlas.render(library, output=tmp_path / "a.html", layers="year,month", public=True, **SMALL)
    found = {"All": 34, "2023": 15, "2024": 19, "Mar 2023": 8, "May 2024": 8}
    assert layers_of(tmp_path / "a.html") == found
    whole = heatlas.render(library, output=tmp_path / "b.html", layers="sport", public=True, public_least=1, **SMALL)
    assert set(layers_of(tmp_path / "b.html")) == {"All", "Run", "Ride", "Hike", "Swim"}
    assert whole["warnings"] == []
    heatlas.render(library, output=tmp_path / "c.html", layers="sport", **SMALL)
    assert layers_of(tmp_path / "c.html") == layers_of(tmp_path / "b.html")
    with pytest.raises(BadOption, match="--public-least is for --public"):
        heatlas.render(library, output=tmp_path / "d.html", public_least=3, **SMALL)


def test_a_page_names_no_place_of_a_few(tmp_path):
    path = tmp_path / "lib.db"
    made(path, [*walks(1, 6), *walks(2, 2, lat=52.5, lon=13.4)], group=40).close()
    places = {}
    for public, least in ((True, None), (True, 2), (False, None)):
        output = tmp_path / "a.html"
        heatlas.render(path, output=output, public=public, public_least=least, **SMALL)
        places[public, least] = [place["activities"] for place in data_of(output)["places"]]
    assert places == {(True, None): [6], (True, 2): [6, 2], (False, None): [6, 2]}


def test_layers_of_two_kinds_cannot_be_subtracted(tmp_path):
    plan = [("Ride", 2024, 5)] * 5 + [("Run", 2024, 5)] + [("Run", 2024, 6)] * 6 + [("Run", 2024, 7)] * 5
    made(tmp_path / "lib.db", dated(plan), group=40).close()
    shown = {}
    for words in ("month,sport", "sport,month"):
        heatlas.render(tmp_path / "lib.db", output=tmp_path / "a.html", layers=words, public=True, **SMALL)
        shown[words] = set(layers_of(tmp_path / "a.html")) - {"All"}
    # May less the rides was one run.
    assert shown == {"month,sport": {"May 2024", "Jun 2024", "Jul 2024"}, "sport,month": {"Ride", "Run", "Jun 2024"}}


def test_a_measure_counts_those_alone_of_which_it_is_known(tmp_path):
    plan = [("Run", 2024, 8)] * 5 + [("Run", 2024, 9)] * 7
    tracks = partly_known(plan, {0, *range(5, 11)})
    made(tmp_path / "lib.db", tracks, group=40).close()
    heart = {"measure": "heart_rate", "public": True}
    for name in ("tiles", "a.html"):
        with pytest.raises(NothingToDraw, match="leaves 1 with heart_rate of 12 activities, and --public"):
            heatlas.render(tmp_path / "lib.db", output=tmp_path / name, where="month = 8", **heart, **SMALL)
    assert publish(tmp_path / "lib.db", tmp_path / "b", where="month = 9", zooms=(3, 6), **heart)["activities"] == 6
    heatlas.render(tmp_path / "lib.db", output=tmp_path / "a.html", layers="month", **heart, **SMALL)
    assert set(layers_of(tmp_path / "a.html")) == {"All"}  # the one of August is shown with those of September
    crowded = planned(film_job(tmp_path, width=120, public=True, measure="heart_rate"), tracks)
    assert len(set(crowded.cast.activities.starts.tolist())) == 1
    assert len(set(planned(film_job(tmp_path, width=120, public=True), tracks).cast.activities.starts.tolist())) == 2


def test_a_filter_that_leaves_a_few_is_refused(library, tmp_path):
    for name, where in (("tiles", "month = 2"), ("a.mbtiles", "sport = 'Hike'"), ("a.html", "sport = 'Swim'")):
        with pytest.raises(NothingToDraw, match="--public shows no fewer than 5"):
            heatlas.render(library, output=tmp_path / name, where=where, public=True, **SMALL)
        heatlas.render(library, output=tmp_path / f"open-{name}", where=where, **SMALL)
    assert publish(library, tmp_path / "some", where="sport = 'Ride'", public=True, zooms=(3, 6))["activities"] == 9
    few = publish(library, tmp_path / "few", where="month = 2", public=True, public_least=1, zooms=(3, 6))
    assert few["activities"] == 1


def test_a_map_that_has_become_one_of_a_few_is_emptied(tmp_path):
    path = tmp_path / "lib.db"
    with made(path, dated([("Run", 2024, 1)] * 6 + [("Ride", 2024, 1)] * 6), group=40) as library:
        options = {"where": "sport = 'Run'", "public": True, "zooms": (3, 8)}
        publish(path, tmp_path / "tiles", **options)
        assert folder_tiles(tmp_path / "tiles")
        remove(library, [1, 2])
        publish(path, tmp_path / "tiles", **options)
        assert not folder_tiles(tmp_path / "tiles")
        put(library, dated([("Run", 2024, 2)] * 9)[7:])
        assert publish(path, tmp_path / "tiles", **options)["activities"] == 6


def test_what_is_hidden_does_not_count_in_what_is_published(tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "config"))
    near, far = walks(1, 5, n=30), walks(2, 3, n=400)
    with made(tmp_path / "lib.db", near + far, group=40) as library:
        reindex(library, clip_ends=400.0)
        with library.read() as link:
            from heatlas.library.index.shown import read_shown

            seen = len(read_shown(link))
    assert 0 < seen < 8
    assert publish(tmp_path / "lib.db", tmp_path / "a.mbtiles", zooms=(3, 6))["activities"] == seen
    link = sqlite3.connect(tmp_path / "a.mbtiles")
    legend = json.loads(link.execute("SELECT value FROM metadata WHERE name = 'json'").fetchone()[0])["legend"]
    link.close()
    assert {scale["activities"] for scale in legend.values()} == {seen}
    heatlas.render(tmp_path / "lib.db", output=tmp_path / "a.html", **SMALL)
    assert layers_of(tmp_path / "a.html")["Passes"] == seen
    assert base64.b64encode(b"PMTiles").decode()[:8] in (tmp_path / "a.html").read_text("utf-8")


def test_a_film_for_everybody_goes_by_months_that_have_enough(tmp_path):
    months = [("Run", 2024, 1)] * 5 + [("Run", 2024, 2)] * 2 + [("Run", 2024, 3)] * 4 + [("Run", 2024, 4)] * 6
    months += [("Run", 2024, 6)] * 3
    tracks = dated(months)
    plain = planned(film_job(tmp_path, width=120), tracks)
    crowded = planned(film_job(tmp_path, width=120, public=True), tracks)
    assert len(plain.cast.activities.tracks) == len(crowded.cast.activities.tracks) == 20
    first = [moment(2024, month, 1) - DAY / 2 for month in (1, 3, 6)]
    assert sorted(set(crowded.cast.activities.starts.tolist())) == first
    assert [int((crowded.cast.activities.starts == start).sum()) for start in first] == [5, 6, 9]
    steps = np.diff(np.append(0, crowded.before))
    assert set(steps[steps > 0].tolist()) == {5, 6, 9}
    # The last frame is what the film without it shows.
    last = [(frame, painter.settled.copy()) for frame, painter in crowded.maps()][-1][1]
    np.testing.assert_array_equal(last, [(f, p.settled.copy()) for f, p in plain.maps()][-1][1])
    assert in_crowds(plain.cast.activities, 21, plain.window) is None


def test_a_film_for_everybody_shows_nothing_that_is_private_and_no_few(library, tmp_path):
    path = tmp_path / "lib.db"
    made(path, dated([("Run", 2024, 1)] * 12, private=range(6)), group=40).close()
    options = {"duration": "1s", "width": 120, "public": True}
    assert heatlas.render(path, output=tmp_path / "film.gif", **options)["activities"] == 6
    with pytest.raises(NothingToDraw, match="fewer than 7 activities are to be seen"):
        heatlas.render(path, output=tmp_path / "film.gif", public_least=7, **options)
    with pytest.raises(BadOption, match="--public-least is for --public"):
        heatlas.render(path, output=tmp_path / "film.gif", duration="1s", public_least=7)
