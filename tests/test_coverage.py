"""Libraries that an older heatlas indexed: what is missing or worked out by other rules is said with what to type."""

from __future__ import annotations

import re
from contextlib import closing
from functools import partial

import made
import numpy as np
import pytest
from click.testing import CliRunner
from library_made import first_columns, walks
from library_made import made as library_with
from serving import client

import heatlas
from heatlas.cli import group
from heatlas.core.errors import NothingToDraw
from heatlas.library.care.checking import check
from heatlas.library.file.opening import open_library
from heatlas.library.index.coverage import is_complete, outdated, renewal
from heatlas.library.maintenance import reindex
from heatlas.library.manage import import_into

SLOPES = (
    "an older heatlas indexed this library, without {} as they are worked out now: heatlas library reindex -l lib.db "
    "works them out anew"
)


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)


def rides(folder, power=True, first=0):
    folder.mkdir()
    lon, lat = made.straight(6000, step=8.0)
    rise = 100 + np.random.default_rng(1).normal(0, 6, len(lon))  # leaps, as of a phone
    watts = np.full(len(lon), 200) if power else None
    for k in range(3):
        text = made.gpx(lon, lat, start=1.7e9 + 86400 * (first + k), elevation=rise, kind="cycling", power=watts)
        (folder / f"{k}.gpx").write_bytes(text)
    return folder


def forget_rules(path):
    """Leave a library as one was before rules had numbers."""
    with open_library(path) as library, library.write() as link:
        link.execute("DELETE FROM meta WHERE name = 'rules'")


def test_a_new_library_has_nothing_to_renew(tmp_path):
    import_into("lib.db", rides(tmp_path / "rides"))
    with open_library("lib.db") as library, library.read() as link:
        assert is_complete(link)
        assert outdated(link) == frozenset()
    assert renewal((), "lib.db") == ""
    assert "outdated" not in heatlas.inspect("lib.db")


def test_older_rules_are_said_once_with_the_command(tmp_path):
    import_into("lib.db", rides(tmp_path / "rides"))
    forget_rules("lib.db")
    run = CliRunner()
    for command in (["library", "check", "-l", "lib.db"], ["info", "lib.db"]):
        done = run.invoke(group, command)
        assert done.exit_code == 0, done.output
        assert done.output.count(SLOPES.format("normalised power and slopes over 100 m")) == 1, command
    said = heatlas.render("lib.db", output="a.mbtiles", measure="up", zoom="13")["warnings"]
    assert said.count(SLOPES.format("slopes over 100 m")) == 1
    assert not any("older" in text for text in heatlas.render("lib.db", output="a.mbtiles", zoom="13")["warnings"])
    # Activities that come later are indexed by the rules of now, the others are not.
    import_into("lib.db", rides(tmp_path / "more", first=9))
    with open_library("lib.db") as library:
        with library.read() as link:
            assert outdated(link) == {"grade_100", "normalised_power"}
        reindex(library)
        with library.read() as link:
            assert is_complete(link)
        assert check(library, None) == []
    assert run.invoke(group, ["info", "lib.db"]).output.count("older") == 0


def test_a_filter_that_asks_for_what_was_not_worked_out_says_so(tmp_path):
    pytest.importorskip("starlette")
    import_into("lib.db", rides(tmp_path / "rides"))
    forget_rules("lib.db")
    known, told = "normalised_power > 10 OR sport = 'Ride'", SLOPES.format("normalised power")
    said = heatlas.render("lib.db", output="a.mbtiles", where=known, zoom="13")["warnings"]
    assert said.count(told) == 1
    for command in (heatlas.explore, partial(heatlas.render, output="b.mbtiles", zoom="13")):
        with pytest.raises(NothingToDraw, match=f"leaves none of 3 activities; {re.escape(told)}"):
            command("lib.db", where="normalised_power > 9999")
    assert heatlas.explore("lib.db", where=known)["warnings"] == [told]
    assert "warnings" not in heatlas.explore("lib.db")
    with client("lib.db") as web:
        for asked in ("where=normalised_power > 9999", f"where={known}", f"measure=diff(pace; {known}; NOT commute)"):
            said = web.get(f"/scale.json?z=13&{asked}").json()["left_out"]
            assert told[:1].upper() + told[1:] in said, asked
        said = web.get("/scale.json?z=13&measure=diff(pace; normalised_power > 9999; others)").text
        assert "leaves no activity" in said
        assert told in said
    with client("lib.db", public=True, public_least=2) as web:
        assert "older" not in web.get("/scale.json?z=13&where=normalised_power > 9999").text


def test_what_the_tracks_have_not_is_not_missed(tmp_path):
    import_into("lib.db", rides(tmp_path / "rides", power=False))
    forget_rules("lib.db")
    with open_library("lib.db") as library, library.read() as link:
        assert outdated(link) == {"grade_100"}


def test_maps_say_it_to_their_owner_and_are_drawn_anew(tmp_path):
    pytest.importorskip("starlette")
    import_into("lib.db", rides(tmp_path / "rides"))
    forget_rules("lib.db")
    with client("lib.db") as web:
        before = web.get("/scale.json?z=14&measure=up").json()["left_out"]
        assert before[-1].startswith("An older heatlas indexed this library, without slopes over 100 m as")
        assert not web.get("/scale.json?z=14&measure=pace").json()["left_out"]
        version = web.get("/api/library.json").json()["version"]
        with open_library("lib.db") as library:
            reindex(library)
        assert "older" not in str(web.get("/scale.json?z=14&measure=up").json()["left_out"])
        assert web.get("/api/library.json").json()["version"] != version
    forget_rules("lib.db")
    with client("lib.db", public=True, public_least=2) as web:
        assert "older" not in web.get("/scale.json?z=14&measure=up").text


def test_columns_that_came_later_are_named(tmp_path):
    with first_columns(), closing(library_with(tmp_path / "old.db", walks(3, 6))) as library:
        pass
    forget_rules("old.db")
    with open_library("old.db") as library, library.read() as link:
        names = outdated(link)
        assert {"bearing", "elapsed"} <= names
        assert "heart_rate" not in names
        assert "bearing" in renewal(names, "old.db")
        assert check(library, None) == []
