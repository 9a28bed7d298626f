"""Publishing that is stopped: nothing half-written has a final name, and the next run goes on; and one that watches."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time

import pytest
from library_made import made, put, walks
from PIL import Image
from publishing import folder_tiles, tiles_in

from heatlas.errors import HeatlasError
from heatlas.publish import pyramid
from heatlas.publish.archive import state_of
from heatlas.publish.databases import partial_of
from heatlas.publish.publishing import publish

OUTPUTS = ("tiles", "heat.mbtiles", "heat.pmtiles", "heat.sqlitedb")
ZOOMS = (3, 16)
SLOWLY = f"""
import sys, time
from heatlas.publish import pyramid
from heatlas.publish.publishing import publish
pyramid._TILES = 4
def told(stage, done, total):
    if stage == "drawing tiles":
        print(done, flush=True)
        time.sleep(0.02)
publish(sys.argv[1], sys.argv[2], zooms={ZOOMS}, tone="1:9", workers=2, progress=told)
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


def test_an_archive_that_is_not_ours_is_replaced(home, tmp_path):
    (tmp_path / "heat.pmtiles").write_bytes(b"PMTiles but not really")
    (tmp_path / "heat.mbtiles").write_bytes(b"something else")
    for name in ("heat.pmtiles", "heat.mbtiles"):
        publish(home, tmp_path / name, zooms=(8, 12))
        assert tiles_in(tmp_path / name)
    # Another archive of that name: what is known of the old one is worth nothing.
    publish(home, tmp_path / "other.pmtiles", zooms=(8, 10))
    (tmp_path / "other.pmtiles").replace(tmp_path / "heat.pmtiles")
    report = publish(home, tmp_path / "heat.pmtiles", zooms=(8, 12))["tiles"]
    assert report["unchanged"] == 0
    assert len(tiles_in(tmp_path / "heat.pmtiles")) == report["written"]
    (tmp_path / "heat.pmtiles").unlink()
    report = publish(home, tmp_path / "heat.pmtiles", zooms=(8, 12))["tiles"]
    assert len(tiles_in(tmp_path / "heat.pmtiles")) == report["written"]
    state_of(tmp_path / "heat.pmtiles").unlink()
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
from heatlas.publish import publishing
publishing._QUIET, publishing._PATIENCE = 0.2, 0.05
publishing.watch(sys.argv[1], sys.argv[2], zooms=(3, 14), told=lambda r: print(r["tiles"]["written"], flush=True))
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
