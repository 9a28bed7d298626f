"""Publishing that is stopped: nothing half-written has a final name, and the next run goes on; and one that watches."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from library_made import made, put, walks
from PIL import Image
from publishing import folder_tiles, publish, tiles_in

from heatlas.core.errors import BadOption, HeatlasError
from heatlas.core.paths import state_beside
from heatlas.library.rows.merged import list_activities
from heatlas.publish import pyramid
from heatlas.publish.databases import partial_of

OUTPUTS = ("tiles", "heat.mbtiles", "heat.pmtiles", "heat.sqlitedb")
ZOOMS = (3, 16)
SLOWLY = f"""
import sys, time
from heatlas.core.context import Context
from heatlas.options import ViewportOptions, RenderOptions, StyleOptions
from heatlas.publish import pyramid
from heatlas.publish.publishing import publish
pyramid._TILES = 4
def told(stage, done, total):
    if stage == "drawing tiles":
        print(done, flush=True)
        time.sleep(0.02)
options = RenderOptions(frame=ViewportOptions(zoom="{ZOOMS[0]}-{ZOOMS[1]}"), style=StyleOptions(tone="1:9"))
publish(sys.argv[1], sys.argv[2], options, Context(2, told))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    path = tmp_path_factory.mktemp("stopped") / "lib.db"
    made(path, walks(1, 10)).close()
    return path


def begun(library, output, tiles):
    """A run that has written so many tiles."""
    run = subprocess.Popen([sys.executable, "-c", SLOWLY, str(library), str(output)], stdout=subprocess.PIPE, text=True)
    for line in run.stdout:
        if int(line) >= tiles:
            return run
    raise AssertionError("it was over before it could be stopped")


def ended(run):
    run.stdout.close()
    return run.wait(30)


def is_whole(data):
    Image.open(io.BytesIO(data)).load()
    return True


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_stopped_in_the_middle(home, tmp_path, name, how):
    run = begun(home, tmp_path / name, 60)
    os.kill(run.pid, how)
    assert ended(run) != 0
    if name == "tiles":
        assert all(is_whole(data) for data in folder_tiles(tmp_path / name).values())
        assert not (tmp_path / name / "tiles.json").exists()
    else:
        assert not (tmp_path / name).exists()
    report = publish(home, tmp_path / name, zooms=ZOOMS, tone="1:9")["tiles"]
    publish(home, tmp_path / "fresh", zooms=ZOOMS, tone="1:9")
    assert tiles_in(tmp_path / name) == folder_tiles(tmp_path / "fresh")
    assert report["unchanged"] >= 6
    assert report["written"] < len(folder_tiles(tmp_path / "fresh"))
    assert not partial_of(tmp_path / name).exists()


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_update_that_is_killed(home, tmp_path, name):
    path = tmp_path / "lib.db"
    path.write_bytes(home.read_bytes())
    publish(path, tmp_path / name, zooms=ZOOMS, tone="1:9")
    before = tiles_in(tmp_path / name)
    library = made(path, [])
    put(library, walks(7, 6))
    library.close()
    run = begun(path, tmp_path / name, 12)
    run.kill()
    ended(run)
    between = tiles_in(tmp_path / name)
    if name == "heat.pmtiles":
        assert between == before
    assert all(is_whole(data) for data in between.values())
    publish(path, tmp_path / name, zooms=ZOOMS, tone="1:9")
    publish(path, tmp_path / "fresh", zooms=ZOOMS, tone="1:9")
    assert tiles_in(tmp_path / name) == folder_tiles(tmp_path / "fresh")


def test_two_at_once(home, tmp_path):
    run = begun(home, tmp_path / "heat.pmtiles", 4)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("heatlas.publish.ledger._PATIENCE", 0.1)
            with pytest.raises(HeatlasError, match="another program is using it"):
                publish(home, tmp_path / "heat.pmtiles", zooms=ZOOMS)
    finally:
        run.kill()
        ended(run)


JOURNAL = """
import os, sys
import heatlas.publish.ledger as ledger
from heatlas.core.context import Context
from heatlas.options import ViewportOptions, RenderOptions
from heatlas.publish.publishing import publish
ledger._CACHE_KB = 16  # so that pages are written before the commit, as in a long run
def progress(stage, done, total):
    if stage == "drawing tiles" and done >= 30:
        os.kill(os.getpid(), 9)
publish(sys.argv[1], sys.argv[2], RenderOptions(frame=ViewportOptions(zoom="12-16")), Context(1, progress))
"""


def test_what_a_killed_run_was_about_to_write_is_taken_back(tmp_path):
    library = made(tmp_path / "lib.db", walks(1, 4))
    path = tmp_path / "heat.mbtiles"
    publish(tmp_path / "lib.db", path, zooms=(12, 16))
    put(library, [track for k in range(4) for track in walks(50 + k, 2, lat=47.8 + 0.02 * k)])
    library.close()
    killed = subprocess.run([sys.executable, "-c", JOURNAL, tmp_path / "lib.db", path], timeout=120, check=False)
    assert killed.returncode == -9
    assert path.with_name("heat.mbtiles-journal").exists()
    assert publish(tmp_path / "lib.db", path, zooms=(12, 16))["tiles"]["written"] > 0
    publish(tmp_path / "lib.db", tmp_path / "fresh.mbtiles", zooms=(12, 16))
    assert tiles_in(path).keys() == tiles_in(tmp_path / "fresh.mbtiles").keys()
    with contextlib.closing(sqlite3.connect(path)) as link:
        assert link.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_two_runs_in_different_styles_keep_out_of_each_other_s_way(home, tmp_path):
    path = tmp_path / "heat.mbtiles"
    partial_of(path).touch()
    with contextlib.closing(sqlite3.connect(partial_of(path), isolation_level=None)) as other:
        other.execute("CREATE TABLE heatlas_state (name TEXT, value TEXT)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HeatlasError, match="another program is using it"):
            publish(home, path, zooms=(8, 9))
        other.execute("COMMIT")
    publish(home, path, zooms=(8, 9))


def test_a_private_activity_that_comes_in_meanwhile_is_not_published(tmp_path):
    library = made(tmp_path / "lib.db", walks(1, 4))
    secret = [
        replace(track, activities=(replace(track.activities[0], private=True, source="secret"),))
        for track in walks(77, 1)
    ]
    came = []

    def progress(stage, done, total):
        if stage == "drawing tiles" and not came:
            came.extend(put(library, secret))

    publish(tmp_path / "lib.db", tmp_path / "a.mbtiles", public=True, zooms=(12, 16), workers=1, progress=progress)
    assert came
    publish(tmp_path / "lib.db", tmp_path / "b.mbtiles", public=True, zooms=(12, 16))
    assert tiles_in(tmp_path / "a.mbtiles") == tiles_in(tmp_path / "b.mbtiles")


def test_connections_of_threads_that_have_ended_are_closed(tmp_path):
    library = made(tmp_path / "lib.db", walks(1, 2))
    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            for job in [pool.submit(list_activities, library) for _ in range(4)]:
                job.result()
    list_activities(library)
    assert len(library._links) <= 4
    library.close()


def test_only_what_was_published_is_replaced(home, tmp_path):
    shutil.copy(home, tmp_path / "heat.sqlitedb")
    (tmp_path / "heat.pmtiles").write_bytes(b"PMTiles but not really")
    (tmp_path / "heat.mbtiles").write_bytes(b"something else")
    for name in ("heat.pmtiles", "heat.mbtiles", "heat.sqlitedb"):
        before = (tmp_path / name).read_bytes()
        for source in (home, tmp_path / "heat.sqlitedb"):  # a library least of all
            with pytest.raises(BadOption, match="holds other things"):
                publish(source, tmp_path / name, zooms=(8, 12))
        assert (tmp_path / name).read_bytes() == before
    (tmp_path / "heat.pmtiles").write_bytes(b"")
    publish(home, tmp_path / "heat.pmtiles", zooms=(8, 12))
    # Another archive of that name: what is known of the old one is worth nothing.
    publish(home, tmp_path / "other.pmtiles", zooms=(8, 10))
    (tmp_path / "other.pmtiles").replace(tmp_path / "heat.pmtiles")
    report = publish(home, tmp_path / "heat.pmtiles", zooms=(8, 12))["tiles"]
    assert report["unchanged"] == 0
    assert len(tiles_in(tmp_path / "heat.pmtiles")) == report["written"]
    (tmp_path / "heat.pmtiles").unlink()
    report = publish(home, tmp_path / "heat.pmtiles", zooms=(8, 12))["tiles"]
    assert len(tiles_in(tmp_path / "heat.pmtiles")) == report["written"]
    state_beside(tmp_path / "heat.pmtiles").unlink()
    publish(home, tmp_path / "heat.pmtiles", zooms=(8, 12))
    assert len(tiles_in(tmp_path / "heat.pmtiles")) == report["written"]


def test_a_damaged_ledger_says_what_to_do(home, tmp_path):
    publish(home, tmp_path / "tiles", zooms=(8, 9))
    (tmp_path / "tiles" / ".heatlas.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(HeatlasError, match="remove it to begin anew"):
        publish(home, tmp_path / "tiles", zooms=(8, 9))


def test_little_is_held_at_once(home, tmp_path, monkeypatch):
    """However many tiles there are, only some blocks wait to be written."""
    waiting, most = 0, 0

    def drawn(*args, real=pyramid.draw_block):
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        return real(*args)

    def settled(task, block, tiles, sink, outcome, real=pyramid._settle):
        nonlocal waiting
        waiting -= 1
        return real(task, block, tiles, sink, outcome)

    monkeypatch.setattr(pyramid, "draw_block", drawn)
    monkeypatch.setattr(pyramid, "_settle", settled)
    publish(home, tmp_path / "tiles", zooms=ZOOMS, workers=2)
    assert 2 <= most <= 2 * pyramid._AHEAD


WATCHING = """
import sys
from heatlas.core.context import Context
from heatlas.options import ViewportOptions, RenderOptions
from heatlas.publish import following
following._QUIET, following._PATIENCE = 0.2, 0.05
context = Context(report=lambda report: print(report["tiles"]["written"], flush=True))
following.watch(sys.argv[1], sys.argv[2], RenderOptions(frame=ViewportOptions(zoom="3-14")), context)
print("done", flush=True)
"""


def test_watching(home, tmp_path):
    path = tmp_path / "lib.db"
    path.write_bytes(home.read_bytes())
    asked = [sys.executable, "-c", WATCHING, str(path), str(tmp_path / "tiles")]
    run = subprocess.Popen(asked, stdout=subprocess.PIPE, text=True)
    try:
        first = int(run.stdout.readline())
        assert first == len(folder_tiles(tmp_path / "tiles")) > 10
        time.sleep(0.3)
        library = made(path, [])
        put(library, walks(8, 3, lat=47.82))
        library.close()
        assert int(run.stdout.readline()) > 0
        os.kill(run.pid, signal.SIGINT)
        assert run.stdout.readline() == "done\n"
        assert run.wait(30) == 0
    finally:
        run.kill()
        run.stdout.close()
        run.wait()
