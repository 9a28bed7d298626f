"""A library that is removed or replaced while it is served: noticed, said once, and never mixed up with another."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from library_made import made, put, walks
from serving import PLACE, client, named, pixels, tile_of

from heatlas.core.context import Context
from heatlas.core.errors import SourceFailed
from heatlas.library.care.checking import check
from heatlas.library.file.opening import open_library
from heatlas.library.rows.merged import list_activities
from heatlas.options import RenderOptions, ViewportOptions
from heatlas.publish.following import watch
from heatlas.server.site.state import shut

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a file that is open cannot be removed or replaced there")


EVENING = 1717192800.0
"""22:00 UTC on 31 May 2024: midnight in Bavaria."""


@pytest.fixture
def path(tmp_path):
    made(tmp_path / "lib.db", named(6), group=20).close()
    return tmp_path / "lib.db"


def swapped_in(path, tracks):
    """Put another library in the place of one, as a backup or a copy by rename does."""
    made(path.with_name("other.db"), tracks, group=20).close()
    path.with_name("other.db").replace(path)


def test_a_library_that_was_removed_is_refused_and_said_once(path, caplog):
    x, y = tile_of(12)
    with client(path) as web, caplog.at_level(logging.WARNING):
        assert web.get("/api/library.json").json()["activities"] == 6
        path.rename(path.with_name("away.db"))
        for address in ("/api/library.json", f"/tiles/passes/12/{x}/{y}.png", "/scale.json?z=9", "/at?lat=1&lon=1"):
            answer = web.get(address)
            assert answer.status_code == 503
            assert "was removed or moved" in answer.json()["error"]
        answer = web.post("/api/import", headers={"X-Filename": "a.gpx"}, content=b"<gpx/>")
        assert (answer.status_code, "removed" in answer.json()["error"]) == (503, True)
        assert [record.message for record in caplog.records] == [
            f"heatlas: the library {path} was removed or moved: it is shown again when it is back"
        ]
        assert not path.exists()
        path.with_name("away.db").rename(path)
        assert web.get("/api/library.json").json()["activities"] == 6
        path.rename(path.with_name("away.db"))
        assert web.get("/api/library.json").status_code == 503
        assert len(caplog.records) == 2


@pytest.mark.parametrize("options", [{"public": True}, {"token": "open"}])
def test_others_than_the_owner_are_not_told_where_the_library_lies(path, caplog, options):
    headers = {"Authorization": "Bearer open"}
    with client(path, **options) as web, caplog.at_level(logging.WARNING):
        assert web.get("/api/library.json", headers=headers).status_code == 200

        def refused():
            for address in ("/api/library.json", "/scale.json?z=9"):
                answer = web.get(address, headers=headers)
                assert answer.status_code == 503
                assert answer.json() == {"error": "the library cannot be read now; the server's own output says why"}

        path.rename(path.with_name("away.db"))
        refused()
        assert [record.message for record in caplog.records] == [
            f"heatlas: the library {path} was removed or moved: it is shown again when it is back"
        ]
        path.write_text("no library at all")
        refused()
        assert "was replaced, and cannot be shown" in caplog.records[-1].message
        path.unlink()
        path.with_name("away.db").rename(path)
        assert web.get("/api/library.json", headers=headers).status_code == 200
        shut(web.app.state.site)
        link = sqlite3.connect(path, isolation_level=None)
        link.execute("DROP TABLE zones")
        link.close()
        refused()
        assert str(path) in caplog.records[-1].message


def test_days_stay_those_of_utc_when_another_library_comes(path):
    late = [replace(track, activities=(replace(track.activities[0], start=EVENING),)) for track in walks(7, 6)]
    with client(path, utc=True) as web:
        swapped_in(path, late)
        assert web.get("/api/library.json").json()["days"] == [["2024-05-31", 6]]
    with client(path) as web:
        assert web.get("/api/library.json").json()["days"] == [["2024-06-01", 6]]


def test_another_library_in_its_place_is_served(path, caplog):
    x, y = tile_of(13)
    with client(path) as web, caplog.at_level(logging.WARNING):
        before = web.get(f"/tiles/passes/13/{x}/{y}.png?smooth=0").content
        version = web.get("/api/library.json").json()["version"]
        swapped_in(path, walks(7, 9))
        told = web.get("/api/library.json").json()
        assert told["activities"] == 9
        assert told["version"] != version
        after = web.get(f"/tiles/passes/13/{x}/{y}.png?smooth=0").content
        assert after != before
        assert pixels(before)[..., 3].any()
        assert pixels(after)[..., 3].any()
        with client(path) as fresh:
            assert fresh.get(f"/tiles/passes/13/{x}/{y}.png?smooth=0").content == after
        assert web.get(f"/at?lat={PLACE[0]}&lon={PLACE[1]}&radius=2000").json()["total"] > 0
        assert [record.message for record in caplog.records] == [
            f"heatlas: the library {path} was replaced: from now on the new one is shown"
        ]
        swapped_in(path, walks(8, 4))
        assert web.get("/api/library.json").json()["activities"] == 4


def test_what_is_private_in_the_new_one_is_never_shown(path):
    with client(path, public=True, public_least=1) as web:
        assert web.get("/api/library.json").json()["activities"] == 3
        swapped_in(path, named(8, seed=5))
        assert web.get("/api/library.json").json()["activities"] == 4
        assert web.get("/scale.json?z=9").json()["activities"] == 4


def test_something_else_in_its_place_is_refused(path, caplog):
    with client(path) as web, caplog.at_level(logging.WARNING):
        assert web.get("/api/library.json").status_code == 200
        path.with_name("text").write_text("no library at all")
        path.with_name("text").replace(path)
        for _ in range(2):
            answer = web.get("/api/library.json")
            assert answer.status_code == 503
            assert "was replaced, and cannot be shown" in answer.json()["error"]
        assert len(caplog.records) == 1
        swapped_in(path, walks(8, 4))
        assert web.get("/api/library.json").json()["activities"] == 4


def test_an_open_library_never_goes_on_with_another_file(path):
    with open_library(path) as library:
        with library.read() as link:
            assert link.execute("SELECT count(*) FROM activities").fetchone() == (6,)
        shutil.copy(path, path.with_name("copy.db"))
        path.with_name("copy.db").replace(path)
        told = []

        def elsewhere():
            try:
                with library.read():
                    told.append("read")
            except SourceFailed as error:
                told.append(str(error))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert told == [f"the library {path} was replaced by another file while it was in use"]


def test_a_watch_goes_on_with_the_library_that_takes_the_place(path, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("heatlas.publish.following._PATIENCE", 0.02)
    reports = []

    def then(report):
        reports.append(report["activities"])
        if len(reports) == 1:
            swapped_in(path, walks(8, 4))
        elif len(reports) == 2:
            path.rename(path.with_name("away.db"))
            threading.Timer(0.3, lambda: path.with_name("away.db").rename(path)).start()
        else:
            raise KeyboardInterrupt

    with caplog.at_level(logging.WARNING):
        watch(path, tmp_path / "tiles", RenderOptions(frame=ViewportOptions(zoom="3-5")), Context(report=then))
    assert reports == [6, 4, 4]
    assert [record.message for record in caplog.records] == [
        f"heatlas: the library {path} was replaced: from now on the new one is published",
        f"heatlas: the library {path} was removed or moved: it is shown again when it is back",
        f"heatlas: the library {path} is back",
    ]


def overwritten(path, other):
    """Copy a file over another in place, as `cp` does: its inode stays, and the log beside it."""
    with path.open("r+b") as file:
        file.truncate()
        file.write(other.read_bytes())


def kept_busy(path):
    """A process that reads an old state: it keeps the log from being emptied."""
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM activities").fetchone()
    return reader


@pytest.mark.parametrize("log", ["full", "empty"])
@pytest.mark.parametrize("how", ["copied over", "renamed over"])
@pytest.mark.parametrize("what", ["another", "an older state"])
def test_the_log_of_the_old_file_never_reaches_the_new_one(path, caplog, how, what, log):
    made(path.with_name("another.db"), walks(7, 9), group=20).close()
    shutil.copy(path, path.with_name("an older state.db"))
    with open_library(path) as library:
        put(library, walks(30, 1))
    x, y = tile_of(13)
    address = f"/tiles/passes/13/{x}/{y}.png?smooth=0"
    with client(path) as web, caplog.at_level(logging.WARNING):
        assert web.get("/api/library.json").json()["activities"] == 7
        reader = kept_busy(path) if log == "full" else None
        with open_library(path) as library:
            put(library, walks(9, 4))
        if reader:
            reader.close()
        assert (path.with_name("lib.db-wal").stat().st_size > 0) == (log == "full")
        assert web.get("/api/library.json").json()["activities"] == 11
        before = web.get(address).content
        other = path.with_name(f"{what}.db")
        expected = 9 if what == "another" else 6
        with client(other) as fresh:
            right = fresh.get(address).content
        content = other.read_bytes()
        if how == "copied over":
            overwritten(path, other)
        else:
            other.replace(path)
        assert web.get("/api/library.json").json()["activities"] == expected
        after = web.get(address).content
        assert (after, after == before) == (right, False)
        told = [record.message for record in caplog.records]
        assert f"heatlas: the library {path} was replaced: from now on the new one is shown" in told
        assert any("was set aside as lib.db-wal-of-another-state" in message for message in told) == (log == "full")
    with open_library(path) as library:
        assert check(library, None) == []
    assert path.read_bytes() == content
    left = {"another.db", "an older state.db", "lib.db", *(["lib.db-wal-of-another-state"] if log == "full" else [])}
    assert {file.name for file in path.parent.iterdir()} == left - ({other.name} if how == "renamed over" else set())


def test_a_backup_beside_the_log_of_a_killed_process_is_read_as_it_is(path, caplog):
    shutil.copy(path, path.with_name("backup.db"))
    killed = """
import os, sys
sys.path[:0] = sys.argv[2:]
from library_made import put, walks
from heatlas.library.file.opening import open_library
put(open_library(sys.argv[1]), walks(9, 4))
os._exit(1)
"""
    tests = str(Path(__file__).parent)

    def kill():
        assert subprocess.run([sys.executable, "-c", killed, str(path), tests], check=False).returncode == 1
        assert path.with_name("lib.db-wal").stat().st_size > 0

    kill()
    with open_library(path) as library:  # its own log belongs to it
        assert len(list_activities(library)) == 10
    shutil.copy(path.with_name("backup.db"), path)
    kill()
    overwritten(path, path.with_name("backup.db"))
    with caplog.at_level(logging.WARNING), open_library(path) as library:
        assert len(list_activities(library)) == 10  # the log was made on this very state, so nothing is lost
    assert caplog.records == []
    kill()
    overwritten(path, path.with_name("backup.db"))
    for _ in range(2):
        with caplog.at_level(logging.WARNING), open_library(path) as library:
            assert len(list_activities(library)) == 6
            assert check(library, None) == []
    (told,) = [record.message for record in caplog.records]
    assert "set aside as lib.db-wal-of-another-state" in told


def test_an_import_into_a_file_that_is_replaced_meanwhile_fails_and_changes_neither(path):
    made(path.with_name("other.db"), walks(7, 9), group=20).close()
    content = path.with_name("other.db").read_bytes()
    for how in (overwritten, renamed_over):
        with open_library(path) as library:
            with pytest.raises(SourceFailed, match="was replaced by another file while it was in use"):
                _replaced_in_the_middle(library, how, path.with_name("other.db"))
            with pytest.raises(SourceFailed, match="was replaced by another file while it was in use"):
                put(library, walks(9, 2))
        assert path.read_bytes() == content
        made(path.with_name("lib2.db"), named(6), group=20).close()
        path.with_name("lib2.db").replace(path)


def renamed_over(path, other):
    shutil.copy(other, f"{path}.new")
    Path(f"{path}.new").replace(path)


def _replaced_in_the_middle(library, how, other):
    with library.write() as link:
        link.execute("UPDATE activities SET name = 'changed'")
        how(library.path, other)


def test_writing_by_other_processes_is_no_replacement(path, caplog):
    with client(path) as web, caplog.at_level(logging.WARNING):
        for k in range(3):
            with open_library(path) as library:
                for j in range(3):
                    put(library, walks(20 + 5 * k + j, 1, lat=47.9 + 0.1 * k + 0.02 * j))
                library.shrink()
            assert web.get("/api/library.json").json()["activities"] == 6 + 3 * (k + 1)
        os.utime(path)
        path.chmod(0o640)
        assert web.get("/api/library.json").json()["activities"] == 15
    assert caplog.records == []
    assert [file.name for file in path.parent.iterdir()] == ["lib.db"]


@pytest.mark.parametrize("when", ["in_file", "_commits", "_with_log"])
def test_a_log_that_grows_while_it_is_looked_at_is_no_foreign_one(path, caplog, monkeypatch, when):
    """Another process commits, or moves its log into the file, between any two looks."""
    from heatlas.library.file import states

    real, other = getattr(states, when), open_library(path)
    put(other, walks(3, 1))

    def meanwhile(*given):
        found = real(*given)
        for k in range(3):
            put(other, walks(1, 2 + k, n=600))
        return found

    monkeypatch.setattr(states, when, meanwhile)
    with caplog.at_level(logging.WARNING):
        states.set_foreign_log_aside(path)
        other.settle()
        put(other, walks(2, 10, n=600))
        states.set_foreign_log_aside(path)
    other.close()
    assert caplog.records == []
    assert not list(path.parent.glob("*-of-another-state*"))
    with open_library(path) as library:
        assert check(library) == []


def test_a_half_copied_library_is_not_shown(path, monkeypatch):
    monkeypatch.setattr("heatlas.tiles.view._STILL", 0.02)
    made(path.with_name("other.db"), walks(7, 9), group=20).close()
    content = path.with_name("other.db").read_bytes()
    with client(path) as web:
        assert web.get("/api/library.json").json()["activities"] == 6
        with path.open("r+b") as file:
            file.truncate()
            file.write(content[: len(content) // 2])
            file.flush()
            for address in ("/api/library.json", f"/at?lat={PLACE[0]}&lon={PLACE[1]}"):
                answer = web.get(address)
                assert answer.status_code == 503, answer.text
                assert "was replaced, and cannot be shown" in answer.json()["error"]
            file.write(content[len(content) // 2 :])
        assert web.get("/api/library.json").json()["activities"] == 9


def test_a_map_in_a_notebook_goes_on_with_the_library_that_takes_the_place(path):
    pytest.importorskip("anywidget")
    from heatlas.widget import LiveMap

    shown = LiveMap(path)
    try:
        before = shown._stamp
        swapped_in(path, walks(8, 4))
        with pytest.warns(UserWarning, match=r"the library lib\.db was replaced: from now on the new one is shown"):
            shown.refresh()
        assert shown._stamp != before
        assert "4 activities" in repr(shown)
        path.rename(path.with_name("away.db"))
        with pytest.raises(SourceFailed, match="removed or moved"):
            shown.refresh()
    finally:
        shown.close()
