"""Files that the live map makes of a view: orders within limits, made aside, cancelled; what they show of home."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import pytest
from library_made import made, walks
from PIL import Image
from serving import client, named
from starlette.datastructures import QueryParams

from heatlas.core.errors import BadOption
from heatlas.library.file.opening import open_library
from heatlas.server.app import create_app
from heatlas.server.making.orders import parse_order
from heatlas.server.site.outputs import Outputs
from heatlas.server.site.state import shut

BOX = "10.89,47.79,10.91,47.81"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    library = made(tmp_path_factory.mktemp("outputs") / "made.db", named(12))
    library.close()
    return library.path


@pytest.fixture
def site(path):
    site = create_app(path).state.site
    yield site
    shut(site)


def ordered(site, **asked):
    return parse_order(site.view, site.view.snapshot, QueryParams(list(asked.items())))


def test_an_order_has_the_options_of_render(site):
    order = ordered(
        site, kind="picture", measure="pace", sport="Run", after="2024-01-01", bbox=BOX, width="800", title="Mine",
        background="light", tone="4:6", everybody="1", form="pdf", where="distance > 10",
    )  # fmt: skip
    assert order.name == "heatlas-pace.pdf"
    assert order.options == {
        "measure": "pace", "sport": ["Run"], "after": "2024-01-01T00:00:00", "bbox": [10.89, 47.79, 10.91, 47.81],
        "width": 800, "title": "Mine", "background": "light", "tone": "4:6", "legend": True, "scale_bar": True,
        "where": "(distance > 10) AND NOT private",
    }  # fmt: skip
    film = ordered(site, kind="film", bbox=BOX, width="400", duration="5s", everybody="1", title="is for pictures")
    assert film.options["public"] is True
    assert film.options["duration"] == "5s"
    assert "title" not in film.options
    assert ordered(site, kind="tiles", format="mbtiles", measure="max(power)").name == "heatlas-max-power.mbtiles"
    assert ordered(site, kind="page", bbox=BOX).options["bbox"] == [10.89, 47.79, 10.91, 47.81], "where it opens"
    assert "bbox" not in ordered(site, kind="tiles", bbox=BOX).options


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "kind must be one of picture, film, page, tiles"),
        ({"kind": "virus"}, "kind must be one of"),
        ({"kind": "picture", "bbox": BOX, "format": "exe"}, "a picture can be png, webp, pdf, not 'exe'"),
        ({"kind": "picture"}, "bbox must be"),
        ({"kind": "picture", "bbox": BOX, "width": "10001"}, "width must be a whole number from 64 to 10000"),
        ({"kind": "picture", "bbox": "10.89,47.0,10.9,48.9", "width": "3000"}, "too large to be made here"),
        (
            {"kind": "film", "bbox": BOX, "width": "400", "duration": "600"},
            "duration must be a whole number from 2",
        ),
        ({"kind": "film", "bbox": BOX, "width": "5000"}, "width must be"),
        ({"kind": "page", "where": "sport ="}, "filter"),
        ({"kind": "page", "output": "/etc/passwd"}, "there is no parameter 'output'"),
        ({"kind": "page", "title": "x" * 121}, "title must be at most 120"),
        ({"kind": "page", "everybody": "yes"}, "everybody is 1 or 0"),
        ({"kind": "page", "background": "#123456"}, "background is dark or light"),
    ],
)
def test_orders_have_limits(site, asked, words):
    with pytest.raises(BadOption, match=words):
        ordered(site, **asked)


def ended(page, number):
    for _ in range(600):
        said = page.get(f"/api/outputs/{number}").json()
        if said["state"] in {"done", "failed"}:
            return said
        time.sleep(0.1)
    raise AssertionError(said)


def test_a_picture_is_made_aside_and_downloaded(path):
    before = sorted(path.parent.iterdir())
    with client(path) as page:
        begun = page.post("/api/outputs", params={"kind": "picture", "bbox": BOX, "width": 400})
        assert begun.status_code == 202, begun.text
        number = begun.json()["id"]
        said = ended(page, number)
        assert (said["state"], said["name"]) == ("done", "heatlas-passes.png"), said
        file = page.get(f"/api/outputs/{number}/file")
        assert len(file.content) == said["bytes"]
        assert file.headers["content-disposition"] == 'attachment; filename="heatlas-passes.png"'
        assert Image.open(io.BytesIO(file.content)).width == 400
        failing = page.post("/api/outputs", params={"kind": "picture", "bbox": "0,0,1,1", "width": 400}).json()["id"]
        said = ended(page, failing)
        assert said["state"] == "failed"
        assert said["error"]
        assert str(path.parent) not in said["error"]
        assert page.get(f"/api/outputs/{failing}/file").status_code == 404
        assert page.delete(f"/api/outputs/{number}").json() == {"state": "cancelled"}
        for gone in (page.get(f"/api/outputs/{number}"), page.delete(f"/api/outputs/{number}")):
            assert gone.status_code == 404
        assert page.post("/api/outputs", headers={"Origin": "http://elsewhere.example"}).status_code == 403
    assert sorted(path.parent.iterdir()) == before, "the server leaves nothing behind"


def test_what_is_cancelled_ends_and_what_waits_is_limited(path, site):
    outputs, before = Outputs(), sorted(path.parent.iterdir())
    film = ordered(site, kind="film", bbox=BOX, width="400", seconds="60", form="gif")
    first, *rest = [outputs.start(path, film) for _ in range(4)]
    with pytest.raises(BadOption, match="4 outputs are being made already"):
        outputs.start(path, film)
    for _ in range(300):
        if outputs.look(first)["state"] == "running" and outputs.look(first)["stage"]:
            break
        time.sleep(0.05)
    assert [outputs.look(number)["state"] for number in rest] == ["waiting"] * 3
    process = outputs._jobs[first].process
    assert outputs.cancel(first)
    assert process.wait(5) != 0
    assert outputs.look(first) is None
    outputs.close()
    assert sorted(path.parent.iterdir()) == before


def test_home_is_told_before_anything_is_made(tmp_path):
    """Walks that begin at one door: the owner is told where, who holds a token how many, the public nothing."""
    door = [replace(track, u=track.u - track.u[0] + 0.5303, v=track.v - track.v[0] + 0.3466) for track in walks(3, 8)]
    door[0] = replace(door[0], activities=(replace(door[0].activities[0], private=True),))
    library = made(tmp_path / "home.db", door)
    library.close()
    with client(library.path) as page:
        said = page.get("/api/home.json").json()
        assert (said["open"], said["private"]) == (True, 1)
        assert "activities begin or end around" in said["words"][0]
        assert "In it: 1 activity that is marked as private." in said["words"]
        assert page.get("/api/home.json", params={"where": "NOT private"}).json()["private"] == 0
        elsewhere = page.get("/api/home.json", params={"bbox": "0,0,1,1"}).json()
        assert (elsewhere["open"], elsewhere["private"]) == (False, 0)
    with client(library.path, token="s3cret") as page:
        said = page.get("/api/home.json", params={"token": "s3cret"}).json()
        assert said["open"]
        assert not any(char.isdigit() and char != "1" for char in said["words"][0]), "no positions"
    with client(library.path, public=True) as page:
        assert page.get("/api/home.json").status_code == 403
        refused = page.post("/api/outputs", params={"kind": "page"})
        assert (refused.status_code, refused.json()["error"][:18]) == (403, "this map is public")


def test_zones_are_named_as_hidden(tmp_path):
    from heatlas.library.manage import hide_zone

    library = made(tmp_path / "zone.db", walks(3, 4))
    library.close()
    hide_zone(library.path, "home", "47.9,11.2", "300m")
    with client(library.path) as page:
        assert "Hidden in it: 1 zone." in page.get("/api/home.json").json()["words"]
    open_library(library.path).close()
