"""Commands that changed nothing are not done again, and whatever changes is seen."""

from __future__ import annotations

import json
import logging
import os

import made
import pytest
from click.testing import CliRunner

import heatlas.core.repeat as repeating
from heatlas.cli import group
from heatlas.core.repeat import Repeat

REPORT = {"tiles": {"written": 0}, "seconds": {"look": 3.0, "all": 5.0}}


@pytest.fixture(autouse=True)
def _own_notes(monkeypatch, tmp_path):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "config"))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A library, a folder of sources, a file that an option names, and a folder of tiles."""
    folder = tmp_path / "work"
    for name in ("lib.db", "sources/a.gpx", "sources/inner/b.gpx", "athlete.json", "site/index.html", "site/3/4/5.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"12345678")
    monkeypatch.chdir(folder)
    return folder


def given(**more):
    asked = {"athlete": "athlete.json", "sports": ("Run",), "where": None, **more}
    return Repeat("render", asked, ["lib.db", "lib.db-wal", "sources"], ["site", ".site.state"])


def noted(**more):
    run = given(**more)
    with run:
        pass
    run.note(REPORT)


def overwritten(path):
    """Another content of the same size under the same time."""
    before = path.stat()
    path.write_bytes(b"87654321")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = {
    "library": lambda place: overwritten(place / "lib.db"),
    "written last": lambda place: (place / "lib.db-wal").write_bytes(b"1"),
    "source": lambda place: overwritten(place / "sources/inner/b.gpx"),
    "new source": lambda place: (place / "sources/inner/c.gpx").write_bytes(b"1"),
    "moved source": lambda place: (place / "sources/inner/b.gpx").rename(place / "sources/b.gpx"),
    "file of an option": lambda place: overwritten(place / "athlete.json"),
    "page": lambda place: overwritten(place / "site/index.html"),
    "tile": lambda place: (place / "site/3/4/5.png").unlink(),
    "column": lambda place: (place / "site/3/9").mkdir(),
    "ledger": lambda place: (place / ".site.state").write_bytes(b"1"),
    "secret": lambda place: (place.parent / "config/secret").write_bytes(b"1"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_is_seen(place, change):
    noted()
    again = given().earlier()
    assert again is not None
    assert {**again, "seconds": 0} == {**REPORT, "seconds": 0}
    assert again["seconds"]["look"] == 0
    assert 0 < again["seconds"]["all"] < 5
    CHANGES[change](place)
    assert given().earlier() is None
    noted()
    assert given().earlier() is not None


def test_another_order_is_another_run(place, monkeypatch):
    noted()
    assert given(where="commute").earlier() is None
    assert given(sports=("Run", "Ride")).earlier() is None
    for name, value in (("TZ", "Asia/Tokyo"), ("HEATLAS_JIT", "1")):
        with monkeypatch.context() as other:
            other.setenv(name, value)
            assert given().earlier() is None
    with monkeypatch.context() as other:
        other.setattr(repeating, "__version__", "9.9.9")
        assert given().earlier() is None
    assert given().earlier() is not None


def test_a_run_that_says_or_changes_something_is_not_noted(place):
    warned = given()
    with warned:
        logging.getLogger("heatlas.made").warning("a row is damaged")
    warned.note(REPORT)
    assert given().earlier() is None
    changed = given()
    with changed:
        overwritten(place / "lib.db")
    changed.note(REPORT)
    assert given().earlier() is None


def test_a_note_that_is_damaged_is_none_and_few_are_kept(place, monkeypatch):
    monkeypatch.setattr(repeating, "_KEPT", 3)
    for k in range(5):
        noted(where=str(k))
    notes = list((place.parent / "config/cache/unchanged").iterdir())
    assert len(notes) == 3
    assert given(where="4").earlier() is not None
    for note in notes:
        assert note.stat().st_mode & 0o077 == 0 or os.name == "nt"
        note.write_bytes(b"[]")
    assert given(where="4").earlier() is None


def run(*arguments):
    done = CliRunner().invoke(group, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def without_notes(folder, *arguments):
    """What a run reports that does all its work."""
    for note in (folder / "config" / "cache" / "unchanged").glob("*"):
        note.unlink()
    return run(*arguments)


def kept(report):
    return {name: value for name, value in report.items() if name != "seconds"}


SOURCES = {
    "some": lambda folder: None,
    "unreadable": lambda folder: (folder / "broken.fit").write_bytes(b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT12345"),
    "cut off": lambda folder: (folder / "cut.gpx").write_bytes(made.gpx(*made.straight(lat=47.2))[:-300]),
    "copies": lambda folder: (folder / "same.gpx").write_bytes((folder / "a.gpx").read_bytes()),
    "left out": lambda folder: (folder / "table.csv").write_text("lat,lon\n47,11\n"),
    "broken archive": lambda folder: (folder / "x.zip").write_bytes(b"PK\x03\x04" + bytes(60)),
    "no position": lambda folder: (folder / "none.gpx").write_bytes(b"<gpx><trk><trkseg></trkseg></trk></gpx>"),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_run_that_works_tells_what_the_next_one_would_say(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tracks").mkdir()
    (tmp_path / "tracks" / "a.gpx").write_bytes(made.gpx(*made.straight(lat=47.0)))
    SOURCES[kind](tmp_path / "tracks")
    bring, publish = ("import", "tracks"), ("render", "-o", "site", "--zoom", "9-11")
    for change in (
        lambda: None,
        lambda: (tmp_path / "tracks" / "b.gpx").write_bytes(made.gpx(*made.straight(lat=47.01))),
    ):
        change()
        assert run(*bring)["files"]["read"] > 0
        with monkeypatch.context() as idle:
            idle.setattr("heatlas.library.manage.import_into", None)
            told = run(*bring)
        assert kept(without_notes(tmp_path, *bring)) == kept(told)
        assert run(*publish)["tiles"]["written"] > 0
        with monkeypatch.context() as idle:
            idle.setattr("heatlas.rendering.render", None)
            told = run(*publish)
        assert kept(without_notes(tmp_path, *publish)) == kept(told)


def test_an_import_during_which_another_wrote_is_not_noted(tmp_path, monkeypatch):
    """Also where that happens when its own work is done."""
    monkeypatch.chdir(tmp_path)
    for name, lat in (("one", 47.0), ("two", 47.1)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.gpx").write_bytes(made.gpx(*made.straight(lat=lat)))
    from heatlas.library.manage import import_into, importing

    def held(library):
        with monkeypatch.context() as plain:
            plain.setattr(importing, "_held", real)
            import_into("heatlas.db", "two")
        return real(library)

    real = importing._held
    with monkeypatch.context() as busy:
        busy.setattr(importing, "_held", held)
        run("import", "one")
    assert not list((tmp_path / "config" / "cache").glob("unchanged/*"))
    assert run("import", "one")["activities"] == 2


def test_unchanged_tiles_and_imports_are_told_as_they_were(tmp_path, monkeypatch):
    """What is told without work is what was told with it; and damage, new tracks, zones and options lead to work."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tracks").mkdir()
    (tmp_path / "tracks" / "a.gpx").write_bytes(made.gpx(*made.straight()))
    bring, publish = ("import", "tracks"), ("render", "-o", "site", "--zoom", "9-11")
    run(*bring)
    worked = run(*bring)
    first = run(*publish)
    full = run(*publish)
    assert first["tiles"]["written"] == full["tiles"]["unchanged"] > 0
    with monkeypatch.context() as idle:
        idle.setattr("heatlas.library.manage.import_into", None)
        idle.setattr("heatlas.rendering.render", None)
        assert {**run(*bring), "seconds": 0} == {**worked, "seconds": 0}
        assert {**run(*publish), "seconds": 0} == {**full, "seconds": 0}

    tile = next((tmp_path / "site" / "11").rglob("*.png"))
    kept = tile.read_bytes()
    tile.unlink()
    assert run(*publish)["tiles"]["written"] == 1
    assert tile.read_bytes() == kept
    run(*publish)
    page = tmp_path / "site" / "index.html"
    right = page.read_bytes()
    page.write_bytes(right.replace(b"<", b">"))
    run(*publish)
    assert page.read_bytes() == right

    (tmp_path / "tracks" / "b.gpx").write_bytes(made.gpx(*made.straight(lat=47.01)))
    assert run(*bring)["files"]["read"] == 1
    assert run(*publish)["tiles"]["written"] > 0
    run(*publish)
    assert run(*publish, "--title", "Ours")["tiles"]["written"] == 0
    assert json.loads((tmp_path / "site" / "tiles.json").read_bytes())["name"] == "Ours"
