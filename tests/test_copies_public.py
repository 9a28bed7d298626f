"""A private activity is nowhere on what everybody may see, whichever of its copies is marked, and whenever it comes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from publishing import publish, tiles_in
from serving import client
from test_copies import MERGED, known, public, sources

import heatlas
from heatlas.cli import group
from heatlas.core.errors import NothingToDraw
from heatlas.library.file.opening import open_library
from heatlas.library.manage import import_into, remove_activities
from heatlas.library.rows.merged import list_activities

ZOOMS = (10, 13)


@pytest.mark.parametrize("name", ["tiles", "heat.mbtiles", "heat.pmtiles"])
def test_published_tiles_are_emptied_when_a_private_copy_comes(tmp_path, name):
    export, watch, phone, half, _ = sources(tmp_path / "in")
    import_into(tmp_path / "lib.db", watch, phone)
    publish(tmp_path / "lib.db", tmp_path / name, zooms=ZOOMS, public=True)
    held = len(tiles_in(tmp_path / name))
    assert held
    import_into(tmp_path / "lib.db", half)
    assert publish(tmp_path / "lib.db", tmp_path / name, zooms=ZOOMS, public=True)["tiles"]["removed"] == 0
    import_into(tmp_path / "lib.db", export)
    report = publish(tmp_path / "lib.db", tmp_path / name, zooms=ZOOMS, public=True)
    assert report["tiles"]["removed"] == held
    assert tiles_in(tmp_path / name) == {}


def test_the_live_map_follows_at_once(tmp_path):
    export, watch, *_, other = sources(tmp_path / "in")
    import_into(tmp_path / "lib.db", watch, other)
    seen = client(tmp_path / "lib.db", public=True)
    assert seen.get("/api/library.json").json()["activities"] == 2
    import_into(tmp_path / "lib.db", export)
    assert seen.get("/api/library.json").json()["activities"] == 1
    own = client(tmp_path / "lib.db")
    assert own.get("/api/library.json").json()["activities"] == 2
    sports = json.dumps(own.get("/api/library.json").json())
    assert "EBikeRide" in sports


def test_a_page_and_a_film_leave_it_out(tmp_path):
    export, watch, *_ = sources(tmp_path / "in")
    for form in ("map.html", "tiles"):
        with pytest.raises(NothingToDraw):
            heatlas.render(watch, export, output=tmp_path / form, zoom="10-12", public=True)


def test_the_command_line_says_what_copies_gave(tmp_path):
    paths = [str(path) for path in sources(tmp_path / "in")]
    run = CliRunner().invoke(group, ["import", *paths, "-l", str(tmp_path / "lib.db"), "-q", "--json"])
    gave = {one["left_out"].rpartition("/")[2]: one["merged"] for one in json.loads(run.stdout)["duplicates"]}
    assert set(gave) == {"77.gpx", "p.gpx", "h.gpx"}
    said = CliRunner().invoke(group, ["info", *paths]).stderr
    assert "3 activities found twice" in said
    assert "found twice: 1 copy gave commute, gear, id, name, private, sport" in said
    assert "1 activity is private because a copy is" in said
    chosen = [str(tmp_path / "heat.png"), "--where", "gear = 'Red bike'", "--json", "--width", "64"]
    drawn = CliRunner().invoke(group, ["render", *paths, "-o", *chosen])
    assert json.loads(drawn.stdout)["activities"] == 1


def test_removing_by_what_is_merged_takes_all_copies(tmp_path):
    path = tmp_path / "lib.db"
    import_into(path, *sources(tmp_path / "in"))
    assert remove_activities(path, "source LIKE '%watch/1.gpx'")[0] == 1
    with open_library(path) as library:
        assert public(library) == MERGED[1:]
        (mine,) = (a for a in list_activities(library).values() if a.private)
        assert known([mine])[0][1:] == MERGED[0][1:]
    assert remove_activities(path, "gear = 'Red bike'") == (1, [])
    with open_library(path) as library:
        assert known(list_activities(library).values()) == MERGED[1:]
        with library.read() as link:
            assert link.execute("SELECT count(*) FROM activities").fetchone()[0] == 1
        assert np.array_equal(link_passages(library), np.unique(link_passages(library)))


def link_passages(library):
    with library.read() as link:
        return np.array([key for (key,) in link.execute("SELECT key FROM passages ORDER BY key")])
