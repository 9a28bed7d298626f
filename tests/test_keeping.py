"""Libraries from the command line and as plain functions, as a person who has never seen them would try."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import made
import numpy as np
import pytest
from commands import heatlas as command

import heatlas
from heatlas.core.errors import BadOption, HeatlasError, NothingToDraw
from heatlas.library.file.identity import identity
from heatlas.library.file.opening import open_library
from heatlas.library.manage import import_into, library_tracks, remove_activities


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def export(tmp_path):
    return made.export(tmp_path / "export")


def test_import_twice_then_render_as_from_the_files(export, tmp_path):
    first = command("import", export)
    assert first.returncode == 0, first.stderr
    assert first.stdout == "heatlas.db holds 4 activities\n"
    again = command("import", export, "--json")
    assert json.loads(again.stdout)["activities"] == 4
    heatlas.render(export, output=tmp_path / "a.npy", width=300)
    done = command("render", "heatlas.db", "-o", "b.npy", "--width", 300)
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load("a.npy"), np.load("b.npy"))
    assert "Run" in command("info", "heatlas.db").stdout
    assert command("library", "check", "--all").stdout.startswith("all is well: all rows are what was written, and")


def test_what_a_library_hides_is_hidden_wherever_it_is_drawn(export, tmp_path):
    import_into("l.db", export, clip_ends="300m")
    heatlas.render(export, output=tmp_path / "a.npy", width=300, clip_ends="300m", bbox="10.8,47.7,11.0,47.9")
    heatlas.render("l.db", output=tmp_path / "b.npy", width=300, bbox="10.8,47.7,11.0,47.9")
    np.testing.assert_array_equal(np.load("a.npy"), np.load("b.npy"))
    assert library_tracks("l.db", ()).fixes < heatlas.open(export).fixes


def test_zones(export):
    command("import", export, "-l", "l.db")
    track = heatlas.open(export).batches[0]
    lon, lat = (float(x) for x in np.array(heatlas_lonlat(track.u[0], track.v[0])))
    before = library_tracks("l.db", ()).fixes
    assert command("zones", "add", "home", "--at", f"{lat},{lon}", "--radius", "300m", "-l", "l.db").returncode == 0
    assert command("zones", "list", "-l", "l.db").stdout.startswith(f"home  --at {lat:.8g},{lon:.8g} --radius 300m")
    assert "(rule 2)" in command("zones", "list", "-l", "l.db").stdout
    again = command("zones", "add", "home", "--at", "47,11", "--radius", "300m", "-l", "l.db")
    assert again.returncode == 2
    assert "has a zone 'home' already" in again.stderr
    assert library_tracks("l.db", ()).fixes < before
    assert "verdict" in json.loads(command("zones", "audit", "-l", "l.db", "--json").stdout)
    assert command("zones", "remove", "hom", "-l", "l.db").returncode == 2
    assert command("zones", "remove", "home", "-l", "l.db").returncode == 0
    assert library_tracks("l.db", ()).fixes == before


def test_zones_are_renewed_by_a_word(export):
    from dataclasses import replace

    from heatlas.library.file.opening import open_library
    from heatlas.library.maintenance import reindex
    from heatlas.library.manage import zones_of

    track = heatlas.open(export).batches[0]
    lon, lat = (float(x) for x in heatlas_lonlat(track.u[0], track.v[0]))
    command("import", export, "-l", "l.db", "--zone", f"{lat},{lon},300m")
    assert command("zones", "renew", "-l", "l.db").stdout == "all zones are cut by today's rule: nothing was changed\n"
    with open_library("l.db") as library:
        reindex(library, zones={"zone 1": replace(zones_of("l.db")["zone 1"], rule=1)})
    import_into("l.db", export, zone=[f"{lat},{lon},300m"])  # the same again: its cut is not drawn anew
    assert [zone.rule for zone in zones_of("l.db").values()] == [1]
    assert "rule 1; heatlas zones renew draws a better one" in command("zones", "list", "-l", "l.db").stdout
    said = command("zones", "renew", "-l", "l.db")
    assert (said.returncode, said.stdout) == (0, "cut anew: zone 1\n")
    assert "overwrite or withdraw it" in said.stderr
    assert [zone.rule for zone in zones_of("l.db").values()] == [2]
    assert library_tracks("l.db", ()).fixes == heatlas.open(export).hidden(privacy_of_library("l.db")).fixes


def test_a_zone_of_an_import_takes_no_name_of_another(export):
    from heatlas.library.manage import show_zone, zones_of

    import_into("l.db", export, zone=["47,11,300m", "48,12,300m"])
    show_zone("l.db", "zone 1")
    import_into("l.db", export, zone=["49,13,300m"])
    assert {name: zone.lat for name, zone in zones_of("l.db").items()} == {"zone 1": 49, "zone 2": 48}


def privacy_of_library(path):
    from heatlas.library.file.opening import open_library
    from heatlas.library.file.settings import privacy_of, read_settings

    with open_library(path) as library, library.read() as link:
        return privacy_of(link, read_settings(link))[0]


def heatlas_lonlat(u, v):
    from heatlas.core.mercator import to_lonlat

    return to_lonlat(u, v)


def test_remove_and_reindex(export):
    import_into("l.db", export)
    removed, instead = remove_activities("l.db", "sport = 'Run'")
    assert removed > 0
    assert not instead
    assert {activity.sport for activity in library_tracks("l.db", ()).activities}.isdisjoint({"Run"})
    left = len(library_tracks("l.db", ()).activities)
    for options, said in (
        ((), f"{left} "),
        (("--clip-ends", "100m"), f"{left} "),
        (("--clip-ends", "100m"), "nothing"),
    ):
        done = command("library", "reindex", "-l", "l.db", *options)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(said), done.stdout
    assert command("library", "compact", "-l", "l.db").returncode == 0
    assert command("library", "check", "-l", "l.db").returncode == 0


def test_what_is_removed_takes_its_copies_with_it(tmp_path):
    lon, lat = made.straight()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "one.gpx").write_bytes(made.gpx(lon, lat))
    (tmp_path / "b" / "two.gpx").write_bytes(made.gpx(lon, lat))
    for where, after in (("fixes_do_not_matter = 1", None), ("1 = 1", 0), ("source LIKE '%one.gpx'", 1)):
        library = f"{len(where)}.db"
        import_into(library, tmp_path / "a", tmp_path / "b")
        assert library_tracks(library, ()).fixes == len(lon)
        done = command("library", "remove", where, "-l", library)
        if after is None:
            assert done.returncode == 2
            continue
        assert done.stdout.startswith("1 activity removed\n")
        assert ("shown instead: a copy that did not pass" in done.stdout) == bool(after)
        assert len(library_tracks(library, ()).activities) == after


@pytest.mark.parametrize("start", [4.07e9, 3.1e5])
def test_a_clock_that_is_wrong_by_decades_does_not_stretch_the_dates(tmp_path, start):
    (tmp_path / "x.gpx").write_bytes(made.gpx(*made.straight(), start=start))
    tracks = heatlas.open(tmp_path / "x.gpx")
    assert tracks.activities[0].start is None
    assert "times that cannot be" in tracks.report.dropped


def test_a_library_is_told_from_other_databases(export, tmp_path):
    import_into("l.db", export)
    assert identity(Path("l.db")) == "library"
    with sqlite3.connect("other.db") as base:
        base.execute("CREATE TABLE sites (lat REAL, lon REAL)")
    base.close()
    assert identity(Path("other.db")) != "library"
    assert identity(Path("nowhere.db")) != "library"
    with pytest.raises(BadOption, match="goes alone"):
        heatlas.render("l.db", export, output=tmp_path / "a.png")
    with pytest.raises(HeatlasError, match="--table"):
        heatlas.render("other.db", output=tmp_path / "a.png")


@pytest.mark.parametrize("output", ["a.png", "a.mp4", "a.mbtiles", "a.html"])
@pytest.mark.parametrize(
    ("source", "options"),
    [("sites.duckdb", {"table": "t"}), ("sites.csv", {"lat": "y"}), ("sites.parquet", {"lon": "x"}), ("l.db", {})],
)
def test_what_is_missing_is_said_before_its_options(tmp_path, output, source, options):
    with pytest.raises(BadOption, match=f"there is no .* {source}"):
        heatlas.render(source, output=tmp_path / output, **options)
    assert not (tmp_path / output).exists()


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("import", "nowhere"), "nowhere"),
        (("zones", "list"), "heatlas import"),
        (("serve", "--public"), "heatlas import"),
        (("serve", "--max-gap", "30s"), "heatlas import"),
        (("library", "check", "-l", "text.db"), "no heatlas library"),
        (("zones", "add", "home", "--at", "91,0", "--radius", "5m"), "91,0"),
        (("import", "text.db", "--clip-ends", "far"), "200m"),
        (("serve", "--host", "0.0.0.0"), "--token"),
        (("serve", "--token", ""), "a token must be printable ASCII, and not empty"),
    ],
)
def test_wrong_usage_is_one_sentence(tmp_path, args, hint):
    (tmp_path / "text.db").write_text("not a library")
    done = command(*args)
    assert done.returncode in {1, 2}
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_empty_library_draws_nothing(tmp_path):
    open_library("l.db", create=True).close()
    with pytest.raises(NothingToDraw):
        heatlas.render("l.db", output=tmp_path / "a.png")


def test_a_new_library_into_which_nothing_came_is_taken_away(tmp_path):
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "bad.csv").write_text("lat,lon\n1,2\n")
    done = command("import", "none", "-l", "l.db")
    assert done.returncode == 1
    assert "l.db holds" not in done.stdout
    with pytest.raises(BadOption):
        import_into("l.db", tmp_path / "bad.csv", track="id")
    assert not list(tmp_path.glob("l.db*"))
    import_into("hides.db", tmp_path / "none", zone=["47,11,300m"])  # the next import must not forget that
    assert identity(Path("hides.db")) == "library"
    open_library("l.db", create=True).close()
    import_into("l.db", tmp_path / "none")
    assert identity(Path("l.db")) == "library"


def test_without_a_library_serve_says_where_a_drop_makes_one(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from heatlas.cli import group

    given = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("heatlas.server.serve", lambda path, **site: given.append((identity(path), site["makes"])))
    assert CliRunner().invoke(group, ["serve"], catch_exceptions=False).exit_code == 0
    assert given == [("library", tmp_path / "heatlas.db")]
    assert not list(tmp_path.glob("heatlas.db*"))
    open_library("heatlas.db", create=True).close()
    assert CliRunner().invoke(group, ["serve"], catch_exceptions=False).exit_code == 0
    assert given[1] == ("library", None)


def test_a_zone_may_come_before_the_first_import(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from heatlas.cli import group

    monkeypatch.chdir(tmp_path)
    words = ["zones", "add", "home", "--at", "47.8,10.9", "--radius", "500m"]
    done = CliRunner().invoke(group, words, catch_exceptions=False)
    assert done.output.startswith("a new library was made: heatlas.db;")
    assert "home" in CliRunner().invoke(group, ["zones", "list"], catch_exceptions=False).output
    (tmp_path / "none").mkdir()
    import_into("heatlas.db", tmp_path / "none")
    assert "home" in CliRunner().invoke(group, ["zones", "list"], catch_exceptions=False).output


def test_serve_shows_recordings_out_of_a_library_for_the_while(export, tmp_path):
    pytest.importorskip("uvicorn")
    (tmp_path / "scratch").mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "heatlas", "serve", str(export), "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path / "scratch"), "PYTHONUNBUFFERED": "1"},
    ) as server:  # fmt: skip
        try:
            address = next(line for line in server.stdout if "http://" in line).split()[0]
            for _ in range(50):
                try:
                    with urllib.request.urlopen(address + "api/library.json", timeout=10) as answer:
                        assert json.load(answer)["activities"] == 4
                    break
                except urllib.error.URLError:
                    time.sleep(0.1)
            assert any((tmp_path / "scratch").iterdir())
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)
    assert not list((tmp_path / "scratch").glob("heatlas-*"))
