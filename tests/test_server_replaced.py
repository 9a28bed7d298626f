"""A library that is removed or replaced while it is served: noticed, said once, and never mixed up with another."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import threading
from dataclasses import replace

import pytest
from library_made import made, walks
from serving import PLACE, client, named, pixels, tile_of

from heatlas.core.context import Context
from heatlas.core.errors import SourceFailed
from heatlas.library.store import open_library
from heatlas.options import RenderOptions, ViewportOptions
from heatlas.publish.publishing import watch
from heatlas.server.state import shut

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
            f"heatlas: the library {path} was removed or moved: it is served again when it is back"
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
            f"heatlas: the library {path} was removed or moved: it is served again when it is back"
        ]
        path.write_text("no library at all")
        refused()
        assert "was replaced, and cannot be served" in caplog.records[-1].message
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
            f"heatlas: the library {path} was replaced: from now on the new one is served"
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
            assert "was replaced, and cannot be served" in answer.json()["error"]
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


def test_a_watch_ends_when_its_library_is_replaced(path, tmp_path):
    def then(report):
        swapped_in(path, walks(8, 4))

    with pytest.raises(SourceFailed, match="was replaced by another file"):
        watch(path, tmp_path / "tiles", RenderOptions(frame=ViewportOptions(zoom="3-5")), Context(report=then))
