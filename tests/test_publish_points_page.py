"""Pages of points when nobody says more: how fine they are, where they open, and that they tell how far they are."""

from __future__ import annotations

import json
import re
import threading

import numpy as np
import pytest
from publishing import asked, publish_html

import heatlas
from heatlas.cli.progress import Progress
from heatlas.core.context import Context
from heatlas.library.manage import import_into
from heatlas.publish.default_zoom import last_zoom_of_points
from heatlas.publish.dirty_tiles import marks_of, occupied
from heatlas.publish.request import parse_request
from heatlas.publish.size_estimate import fitting_zooms
from heatlas.tiles.view import close, open_view


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def scattered(count, degrees=6.0):
    rng = np.random.default_rng(7)
    return {
        "lat": 9 + rng.uniform(-degrees / 2, degrees / 2, count),
        "lon": 39 + rng.uniform(-degrees / 2, degrees / 2, count),
        "w": rng.integers(1, 9, count).astype(float),
    }


def looked_at(path, rows, work, **options):
    """Import rows, and give what some work makes of their field."""
    from heatlas.library.file.opening import open_library

    import_into(path, rows, name="rows", weight="w")
    with open_library(path) as library:
        view = open_view(library)
        try:
            return work(parse_request(path, asked(**options)).field(view, view.snapshot))
        finally:
            close(view)


def data_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_points_are_drawn_until_most_stand_alone(tmp_path):
    """Of 4,000 points in a square of 6 degrees: 15 px of zoom 10 are 2.3 km, and the next is 5 km away."""
    last = looked_at(tmp_path / "wide.db", scattered(4000), last_zoom_of_points)
    assert 9 <= last <= 11
    nearer = looked_at(tmp_path / "near.db", scattered(4000, 6 / 8), last_zoom_of_points)
    assert last + 2 <= nearer <= 14
    assert looked_at(tmp_path / "wider.db", scattered(4000), last_zoom_of_points, radius="60px") > last


def test_few_points_are_drawn_to_where_one_looks_from_near(tmp_path):
    assert looked_at(tmp_path / "few.db", scattered(5), last_zoom_of_points) == 14
    assert looked_at(tmp_path / "metres.db", scattered(5), last_zoom_of_points, radius="20km") == 8


def test_points_that_lie_nowhere_apart_end_at_zoom_14(tmp_path):
    assert looked_at(tmp_path / "crowd.db", scattered(3000, 0.01), last_zoom_of_points) == 14


def test_a_page_of_points_has_a_bounded_number_of_tiles_and_tells_how_far_it_is(tmp_path):
    told = []

    def bounded(field):
        first, last, _ = fitting_zooms([field], None, Context(progress=lambda *say: told.append(say)))
        return first, last, [len(occupied(field, zoom, marks_of(field)).numbers) for zoom in range(last + 2)]

    first, last, tiles = looked_at(tmp_path / "lib.db", scattered(9000, 40), bounded)
    assert first == 0
    assert 6 <= last < 14
    assert sum(tiles[:-1]) <= 2500 < sum(tiles)
    assert [done for _, done, _ in told] == list(range(len(told)))
    assert told[0][0] == "estimating the size"


def test_a_page_of_points_opens_on_all_of_them_and_names_no_places(tmp_path):
    import_into(tmp_path / "lib.db", scattered(300), name="rows", weight="w")
    publish_html(tmp_path / "lib.db", tmp_path / "map.html", zooms=(3, 6))
    (place,) = data_of(tmp_path / "map.html")["places"]
    west, south, east, north = place["bbox"]
    assert 35 < west < 36.1
    assert 41.9 < east < 43
    assert 5 < south < 6.1
    assert 11.9 < north < 13


def test_a_page_opens_no_nearer_than_its_last_zoom(browser, tmp_path):
    from published import opened

    heatlas.render(scattered(40, 0.02), output=tmp_path / "map.html", weight="w", zoom="2-8")
    with opened(browser, tmp_path / "map.html") as seen:
        seen.page.click("#whole")
        seen.settle()
        assert float(seen.said()["map"][0].split(",")[0]) == pytest.approx(7, abs=0.01)
        assert seen.page.locator("#places-field").is_hidden()


class Bars:
    """Stands in for bars on a terminal."""

    def __init__(self):
        self.said, self.shown = [], threading.Event()

    def add_task(self, name, total):
        self.said.append((name, total))
        return len(self.said)

    def remove_task(self, task):
        pass

    def update(self, task, completed, total):
        self.said.append((completed, total))

    def start(self):
        self.shown.set()

    def stop(self):
        self.said.append("stop")


def test_a_first_stage_that_takes_long_is_shown_without_another_word(monkeypatch):
    monkeypatch.setattr("heatlas.cli.progress._PATIENCE", 0.05)
    bars = Bars()
    progress = Progress(bars)
    progress.count("estimating the size", 0, 12)
    assert bars.said == []
    assert bars.shown.wait(20)
    progress.count("estimating the size", 1, 12)
    progress.done()
    progress.count("too late", 0, 0)
    assert bars.said == [("estimating the size", 12), (0, 12), (1, 12), "stop"]


def test_quick_work_shows_nothing():
    bars = Bars()
    progress = Progress(bars)
    progress.count("looking what there is", 0, 0)
    progress.done()
    assert bars.said == ["stop"]
    assert not progress._timer.is_alive() or progress._timer.finished.is_set()
