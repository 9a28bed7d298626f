"""Sources are resolved once: what each is, how often a file is opened, and what is said of those that do not fit."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

import heatlas
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.library.manage import import_into, library_of
from heatlas.options import TableOptions
from heatlas.sources.resolve import GivenLibrary, GivenPoints, GivenTracks, resolve, resolve_import, resolve_tracks

WATCHED: dict[str, str] = {}
OPENED: Counter[str] = Counter()


def watch(event, args):
    if not WATCHED or event not in {"open", "sqlite3.connect"} or not isinstance(args[0], (str, bytes, os.PathLike)):
        return
    name = os.fsdecode(args[0])
    if name.startswith("file:"):  # as SQLite has it
        name = f"/{name.partition('?')[0][5:].lstrip('/')}"
    if (known := WATCHED.get(os.path.realpath(name))) is not None:
        OPENED[f"{known} {'opened' if event == 'open' else 'connected'}"] += 1


sys.addaudithook(watch)


@contextmanager
def counted(*paths):
    """Count how often files are opened, and connected to as databases of SQLite."""
    OPENED.clear()
    WATCHED.update({os.path.realpath(path): Path(path).name for path in paths})
    try:
        yield OPENED
    finally:
        WATCHED.clear()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def made():
    """Points, fixes and recordings of a few minutes, as files and in a database."""
    rng = np.random.default_rng(1)
    rows = [(60.17 + y, 24.94 + x, n) for x, y, n in zip(*rng.normal(0, 0.01, (2, 200)), range(200), strict=True)]
    Path("points.csv").write_text("lat,lon,beds\n" + "".join(f"{y:.6f},{x:.6f},{n}\n" for y, x, n in rows))
    fixes = [
        (trip, f"2024-05-0{trip + 1}T08:{k // 60:02}:{k % 60:02}Z", 60.17 + k * 1e-4, 24.9 + k * 2e-4)
        for trip in range(2)
        for k in range(99)
    ]
    Path("fixes.csv").write_text(
        "trip,time,lat,lon\n" + "".join(f"{t},{at},{y:.6f},{x:.6f}\n" for t, at, y, x in fixes)
    )
    with closing(sqlite3.connect("points.sqlite")) as link, link:
        link.execute("CREATE TABLE p (lat REAL, lon REAL, beds INT)")
        link.executemany("INSERT INTO p VALUES (?, ?, ?)", rows)
    points = "".join(f'<trkpt lat="{y}" lon="{x}"><time>{at}</time></trkpt>' for t, at, y, x in fixes if not t)
    Path("x.gpx").write_text(f'<gpx version="1.1"><trk><trkseg>{points}</trkseg></trk></gpx>')


URL = "sqlite:///points.sqlite"


@pytest.mark.parametrize(
    ("source", "options", "file", "times"),
    [
        # Looked at once, and read once; a database is asked for its columns once, and for its rows once.
        ("points.csv", {}, "points.csv", {"points.csv opened": 2}),
        ("fixes.csv", {"track": "trip"}, "fixes.csv", {"fixes.csv opened": 2}),
        (URL, {"query": "SELECT * FROM p"}, "points.sqlite", {"points.sqlite connected": 2}),
        (URL, {"table": "p"}, "points.sqlite", {"points.sqlite connected": 2}),
        # A file of SQLite is also asked whether it is a library.
        ("points.sqlite", {"table": "p"}, "points.sqlite", {"points.sqlite opened": 1, "points.sqlite connected": 3}),
        # Recordings are looked for as in a folder, and that looks again.
        ("x.gpx", {}, "x.gpx", {"x.gpx opened": 3}),
    ],
)
@pytest.mark.parametrize("output", ["a.png", "tiles", "import", "info"])
def test_each_source_is_looked_at_once(source, options, file, times, output):
    made()
    points = file.startswith("points")
    with counted(file) as found:
        if output == "import":
            import_into("new.db", source, **options, **({"name": "points"} if points else {}))
        elif output == "info":
            heatlas.inspect(source, **options)
        else:
            more = {"zoom": "0-3"} if output == "tiles" else {"width": 60}
            heatlas.render(source, output=output, **more, **options)
    # What is in the columns of a table of points is told from a sample of its own.
    way = "opened" if source == "points.csv" else "connected"
    sample = Counter({f"{file} {way}": 1} if output == "info" and points else {})
    assert found == Counter(times) + sample


def test_films_and_what_is_served_look_at_each_source_once():
    made()
    with counted("fixes.csv", "points.csv") as found:
        heatlas.render("fixes.csv", output="a.gif", track="trip", width=60, duration="1s")
        with library_of(["points.csv"]):
            pass
    assert found == Counter({"fixes.csv opened": 2, "points.csv opened": 2})


def test_duckdb_is_asked_for_its_columns_once_and_for_its_rows_once(monkeypatch):
    duckdb = pytest.importorskip("duckdb")
    with closing(duckdb.connect("points.duckdb")) as link:
        link.execute("CREATE TABLE p AS SELECT 60.0 AS lat, 24.0 AS lon")
    opened, connect = [], duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *args, **how: opened.append(args) or connect(*args, **how))
    heatlas.render("duckdb:///points.duckdb", table="p", output="a.png", width=60)
    assert len(opened) == 2


def test_a_library_is_recognised_once():
    made()
    import_into("l.db", "x.gpx")
    with counted("l.db") as found:
        heatlas.render("l.db", output="a.png", width=60)
    # Whether it is one; which points are in it; its tracks: each opening makes sure that it is a library, and connects.
    # Two openings have two connections beside theirs, which tell whether another file has taken the library's place.
    assert found == Counter({"l.db connected": 9})


def test_sources_are_told_apart():
    made()
    import_into("l.db", "x.gpx")
    none = TableOptions()
    assert resolve(["x.gpx", "."], none) == GivenTracks((Path("x.gpx"), Path()))
    assert resolve(["l.db"], none) == GivenLibrary(Path("l.db"))
    for source in ("points.csv", Path("points.csv"), "mysql://user@host/base", "-", {"lat": [1.0], "lon": [2.0]}):
        given = resolve([source], TableOptions(lat="lat", lon="lon"))
        assert isinstance(given, GivenPoints), source
        assert given.tables[0].source is source
    by_track = resolve(["fixes.csv", "x.gpx"], TableOptions(track="trip"))
    assert isinstance(by_track, GivenTracks)
    assert (by_track.paths, by_track.track, len(by_track.tables)) == ((Path("x.gpx"),), "trip", 1)
    assert resolve_tracks(["points.csv"], none).track is None
    tracks, points = resolve_import(["x.gpx", "points.csv"], none)
    assert (tracks, len(points.tables)) == (GivenTracks((Path("x.gpx"),)), 1)
    tracks, points = resolve_import(["x.gpx", "fixes.csv"], TableOptions(track="trip"))
    assert (len(tracks.tables), points) == (1, GivenPoints(()))


def test_a_path_of_another_kind_is_a_path():
    class Named(os.PathLike):
        def __fspath__(self):
            return "points.csv"

    made()
    assert isinstance(resolve([Named()], TableOptions()), GivenPoints)


def test_a_table_that_cannot_be_opened_is_tried_again_when_it_is_read(tmp_path):
    given = resolve(["later.csv"], TableOptions())
    with pytest.raises(BadOption, match="there is no file or folder later"):
        _ = given.tables[0].table
    made()
    Path("points.csv").rename("later.csv")
    assert given.tables[0].table.schema.names == ["lat", "lon", "beds"]
    assert given.tables[0].table is given.tables[0].table


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_not_waited_for():
    for name, call in (("a.csv", heatlas.open_points), ("a.gpx", heatlas.inspect), ("b.csv", heatlas.inspect)):
        os.mkfifo(name)
        try:
            said = call(name)["files"]["failed"][0]["reason"]
        except SourceFailed as error:
            said = str(error)
        assert "not a regular file" in said


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        ((), "give one source or more"),
        ((["x.gpx"],), "one by one"),
        ((5,), "5 is no source: give a path"),
        (("points.csv", "x.gpx"), "tables of points and recordings make two maps"),
        (("points.csv", "l.db"), "tables of points and recordings make two maps"),
        (("l.db", "x.gpx"), "a library goes alone"),
        (("l.db", "l.db"), "a library goes alone"),
    ],
)
def test_sources_that_do_not_go_together_are_refused(sources, says):
    made()
    import_into("l.db", "x.gpx")
    for call in (heatlas.inspect, lambda *sources: heatlas.render(*sources, output="a.png")):
        with pytest.raises(BadOption, match=says):
            call(*sources)
