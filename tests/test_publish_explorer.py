"""Explorer tiles beside a folder of published tiles: of what is shown, kept fresh, and on its page."""

from __future__ import annotations

import functools
import http.server
import json
import threading

import pytest
from chromium import Glass
from library_made import made, put, walks
from publishing import publish
from serving import named
from test_page_explorer import blue

import heatlas
from heatlas.core.errors import BadOption
from heatlas.library.maintenance import remove
from heatlas.library.zones import add_zone

ZOOMS = (10, 12)


def told(folder):
    """What the folder says of explorer tiles, through the address that its description names."""
    address = json.loads((folder / "tiles.json").read_text())["explorer"]
    return json.loads((folder / address.removeprefix("https://example.org/heat/")).read_text())


def tiles_of(report):
    return [[tile["x"], tile["y"]] for tile in report["tiles"]]


def test_they_follow_the_library_and_the_filter(tmp_path):
    path, folder = tmp_path / "lib.db", tmp_path / "tiles"
    library = made(path, walks(3, 8, n=300))
    found = []

    def again(**options):
        report = publish(path, folder, zooms=ZOOMS, explorer=17, **options)
        assert folder / "explorer.json" in map(type(folder), report["outputs"])
        chosen = heatlas.explore(path, zoom=17, **options)
        found.append(told(folder))
        assert found[-1]["tiles"] == tiles_of(chosen)
        for name in ("zoom", "total", "square", "cluster", "next_square"):
            assert found[-1][name] == chosen[name], name
        assert found[-1]["counted"] == "what is shown"

    again()
    new = put(library, walks(5, 3, lat=47.85))
    again()
    assert found[1]["total"] > found[0]["total"]
    remove(library, new)
    library.close()
    again()
    assert found[2] == found[0]
    again(sport="Run")
    assert found[3]["total"] < found[0]["total"]
    # Without the option they are no longer told.
    publish(path, folder, zooms=ZOOMS)
    assert not (folder / "explorer.json").exists()
    assert "explorer" not in json.loads((folder / "tiles.json").read_text())


def test_what_is_hidden_or_private_is_in_none(tmp_path):
    tracks = named(20)
    library = made(tmp_path / "lib.db", tracks)
    made(tmp_path / "open.db", [track for track in tracks if not track.activities[0].private]).close()
    found = []
    for name in ("lib.db", "open.db"):
        publish(tmp_path / name, tmp_path / name[:-3], zooms=ZOOMS, explorer=17, public=True)
        found.append(told(tmp_path / name[:-3]))
    assert found[0] == found[1]
    assert all(len(tile) == 2 for tile in found[0]["tiles"])
    add_zone(library, "home", 47.8, 10.9, 300)
    library.close()
    publish(tmp_path / "lib.db", tmp_path / "lib", zooms=ZOOMS, explorer=17, url="https://example.org/heat/")
    whole = {tuple(tile) for tile in tiles_of(heatlas.explore(tmp_path / "lib.db", zoom=17))}
    assert {tuple(tile) for tile in told(tmp_path / "lib")["tiles"]} < whole


def test_an_emptied_library_has_none_left(tmp_path):
    path = tmp_path / "lib.db"
    library = made(path, walks(3, 3))
    publish(path, tmp_path / "tiles", zooms=ZOOMS, explorer=14)
    remove(library, [1, 2, 3])
    library.close()
    publish(path, tmp_path / "tiles", zooms=ZOOMS, explorer=14)
    assert (told(tmp_path / "tiles")["total"], told(tmp_path / "tiles")["tiles"]) == (0, [])


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("heat.png", "--explorer is for tiles"),
        ("heat.pmtiles", "--explorer is for pages and folders of tiles, which can show it: .pmtiles has no place"),
        ("heat.mbtiles", ".mbtiles has no place for it"),
    ],
)
def test_what_has_no_place_for_them_says_so(tmp_path, output, says):
    made(tmp_path / "lib.db", walks(3, 3)).close()
    with pytest.raises(BadOption, match=says):
        heatlas.render(tmp_path / "lib.db", output=tmp_path / output, explorer=14)
    assert not (tmp_path / output).exists()


def test_points_visit_no_tiles(tmp_path):
    points = tmp_path / "points.csv"
    points.write_text("lat,lon\n47.8,10.9\n47.9,10.95\n")
    with pytest.raises(BadOption, match="--explorer counts tiles that tracks visit"):
        heatlas.render(points, output=f"{tmp_path}/tiles/", explorer=14)
    assert not (tmp_path / "tiles" / "tiles.json").exists()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


def test_the_page_of_a_folder_shows_them(browser, tmp_path):
    made(tmp_path / "lib.db", walks(3, 6, n=300)).close()
    publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=(12, 14), explorer=17)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=tmp_path / "tiles"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(viewport={"width": 640, "height": 480})
    page, wrong, asked = context.new_page(), [], []
    Glass(page, "light").show(False)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda one: asked.append(one.url.split("?")[0].rpartition("/")[2]))
    seen = type("Seen", (), {"page": page})
    try:
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_selector("#explorer-line:not([hidden])")
        page.wait_for_timeout(600)
        assert "explorer.json" not in asked, "who does not want them fetches none"
        before = blue(seen).mean()
        page.click("#explorer")
        page.wait_for_selector("#explorer-note:has-text('square')")
        page.wait_for_timeout(800)
        total = told(tmp_path / "tiles")["total"]
        assert page.inner_text("#explorer-note").startswith(f"{total} tiles · square ")
        assert blue(seen).mean() > before + 0.01
        assert "explorer=1" in page.url
        page.reload()
        page.wait_for_selector("#explorer-note:has-text('square')")
        page.click("#explorer")
        page.wait_for_timeout(600)
        assert "explorer" not in page.url
        assert blue(seen).mean() < before + 0.002
        (tmp_path / "tiles" / "explorer.json").unlink()
        page.reload()
        page.wait_for_selector("#explorer-line:not([hidden])")
        page.click("#explorer")
        page.wait_for_selector("#explorer-note:has-text('cannot be had: 404')")
        assert wrong == []
    finally:
        context.close()
        server.shutdown()
        server.server_close()
