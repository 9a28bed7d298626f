"""Pages in one file with explorer tiles that can be switched on."""

from __future__ import annotations

import pytest
from library_made import made, walks
from published import opened
from serving import named
from test_html_layers import data_of
from test_page_explorer import blue

import heatlas
from heatlas.core.errors import BadOption


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "lib.db"
    made(path, walks(3, 14, n=400)).close()
    return path


@pytest.fixture(scope="module")
def page(path, tmp_path_factory):
    page = tmp_path_factory.mktemp("page") / "map.html"
    heatlas.render(path, output=page, explorer=17, zoom="8-13", layers="sport")
    return page


def test_a_page_holds_tiles_and_nothing_of_single_activities(path, page, tmp_path):
    told, report = data_of(page)["explorer"], heatlas.explore(path, zoom=17)
    assert told["tiles"] == [[tile["x"], tile["y"]] for tile in report["tiles"]]
    for name in ("zoom", "total", "square", "cluster", "next_square"):
        assert told[name] == report[name], name
    assert told["counted"] == "what is shown"
    heatlas.render(path, output=tmp_path / "plain.html", zoom="8-10")
    assert "explorer" not in data_of(tmp_path / "plain.html")


def test_private_activities_and_other_sports_are_not_in_it(tmp_path):
    tracks = named(20)
    made(tmp_path / "lib.db", tracks).close()
    made(tmp_path / "open.db", [track for track in tracks if not track.activities[0].private]).close()
    found = []
    for name, options in (("lib.db", {"public": True}), ("open.db", {}), ("lib.db", {"sport": "Run"})):
        heatlas.render(tmp_path / name, output=tmp_path / "map.html", explorer=17, zoom="8-10", **options)
        found.append(data_of(tmp_path / "map.html")["explorer"]["tiles"])
    assert found[0] == found[1]
    runs = heatlas.explore(tmp_path / "lib.db", zoom=17, sport="Run")
    assert found[2] == [[tile["x"], tile["y"]] for tile in runs["tiles"]]


def test_points_have_none(tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("lat,lon\n47.8,10.9\n47.9,10.95\n")
    with pytest.raises(BadOption, match="--explorer counts tiles that tracks visit"):
        heatlas.render(points, output=tmp_path / "map.html", explorer=14)


@pytest.mark.parametrize(("theme", "kind"), [("dark", "browser"), ("light", "plain_browser")])
def test_the_switch_shows_them_and_the_link_keeps_it(request, page, theme, kind):
    with opened(request.getfixturevalue(kind), page, f"#theme={theme}") as seen:
        before = blue(seen).mean()
        assert seen.page.text_content("#explorer-note") == ""
        seen.page.click("#explorer")
        seen.page.wait_for_timeout(1000)
        assert "tiles · square" in seen.page.text_content("#explorer-note")
        assert blue(seen).mean() > before + 0.005
        assert "explorer=1" in seen.page.url
        seen.page.click("#theme")
        seen.page.wait_for_timeout(1000)
        assert blue(seen).mean() > 0.005
        seen.page.click("#explorer")
        seen.page.wait_for_timeout(600)
        assert "explorer=1" not in seen.page.url
        assert blue(seen).mean() < 0.002


def test_a_page_without_tiles_has_no_switch(plain_browser, path, tmp_path):
    heatlas.render(path, output=tmp_path / "plain.html", zoom="8-10")
    with opened(plain_browser, tmp_path / "plain.html", "#explorer=1") as seen:
        assert not seen.page.is_visible("#explorer")
