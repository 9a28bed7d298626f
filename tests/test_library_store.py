"""The file of a library: what may be opened, what goes wrong, and tracks that come back as they went in."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from library_made import made, put, rows, walks
from slow import make_batch

import heatlas
import heatlas.library.file.opening as opening
import heatlas.library.file.versions as versions
from heatlas.core.batch import COLUMNS, Activity, Batch
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.window import Window
from heatlas.library.care.checking import check
from heatlas.library.file.identity import identity
from heatlas.library.file.keys import CHUNKS, NUMBERS, chunk_of, column_of, key, other_keys, pixel_keys, tile_of
from heatlas.library.file.opening import open_library
from heatlas.library.file.packing import pack, unpack
from heatlas.library.file.schema import APPLICATION_ID, MIGRATIONS
from heatlas.library.file.settings import Settings
from heatlas.library.imports import import_sources
from heatlas.library.index.drawing import draw
from heatlas.library.rows.activities import read_activities
from heatlas.library.rows.merged import list_activities
from heatlas.library.rows.tracks import read_track
from heatlas.options import TableOptions
from heatlas.raster.measure import parse_measure
from heatlas.sources.archive import Entry, entries
from heatlas.sources.resolve import GivenLibrary, resolve
from heatlas.widget import source as widget_source


def test_a_library_is_made_and_opened_again(tmp_path):
    path = tmp_path / "a.db"
    with pytest.raises(BadOption, match="there is no library"):
        open_library(path)
    open_library(path, create=True).close()
    made(path, walks(1, 3)).close()
    assert os.name == "nt" or path.stat().st_mode & 0o077 == 0  # whole tracks are in it: for the owner alone
    with open_library(path) as library:
        assert len(list_activities(library)) == 3
        with library.read() as link:
            assert link.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert link.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
            assert link.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def other_database(path):
    with sqlite3.connect(path) as link:
        link.execute("CREATE TABLE t (x)")
    link.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"<gpx></gpx>" * 20), "no heatlas library"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4000), "no heatlas library"),
        (other_database, "a database, but no heatlas library"),
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.write_bytes(b""), "no heatlas library"),
    ],
)
def test_what_is_no_library_is_left_alone(tmp_path, make, said):
    path = tmp_path / "other"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(SourceFailed, match=said):
        open_library(path)
    if before:
        with pytest.raises(SourceFailed, match=said):
            open_library(path, create=True)
    assert before is None or path.read_bytes() == before


POSIX = pytest.mark.skipif(os.name == "nt", reason="elsewhere each handle has its own locks, and no file blocks")


def companions(path):
    return sorted(found.name for found in path.parent.glob(f"{path.name}-*"))


def contents(folder):
    """All files of a folder; of those that processes share as memory only that they are there."""
    files = [path for path in folder.iterdir() if path.is_file()]
    return {path.name: b"" if path.name.endswith("-shm") else path.read_bytes() for path in files}


def opened_twice(path):
    open_library(path).close()


def asked_whether_a_library(path):
    assert identity(path) == "library"


def asked_whether_a_table(path):
    assert resolve([path], TableOptions()) == GivenLibrary(path)


def imported_from_its_own_folder(path):
    with open_library(path) as library:
        import_sources(library, [path.parent])


def looked_for_recordings(path):
    assert not [found for found in entries([path.parent, path]) if isinstance(found, Entry)]


def rendered(path):
    heatlas.render(path, output=path.with_name("a.npy"), width=20)


def shown(path):
    widget_source.opened(path)[0].close()


@POSIX
@pytest.mark.parametrize(
    "again",
    [opened_twice, asked_whether_a_library, asked_whether_a_table, imported_from_its_own_folder, looked_for_recordings,
     rendered, shown],
)  # fmt: skip
def test_the_log_of_an_open_library_is_left_alone_by_others(tmp_path, monkeypatch, again):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))
    path = tmp_path / "a.db"
    with made(path, walks(1, 2)) as library:
        again(path)
        other = (
            "import sys; from heatlas.library.rows.merged import list_activities\n"
            "from heatlas.library.file.opening import open_library\n"
            "with open_library(sys.argv[1]) as library: print(len(list_activities(library)))"
        )

        def seen_by_another():
            done = subprocess.run([sys.executable, "-c", other, path], capture_output=True, text=True, check=True)
            return int(done.stdout)

        assert seen_by_another() == 2
        # Whoever takes itself for the last one removes them, and what this one then writes goes nowhere.
        assert companions(path) == ["a.db-shm", "a.db-wal"]
        put(library, walks(2, 1))
        assert seen_by_another() == 3
    assert companions(path) == []
    with open_library(path) as library:
        assert len(list_activities(library)) == 3
        assert check(library, None) == []


def test_a_library_is_told_as_soon_as_it_is_made(tmp_path):
    with open_library(tmp_path / "a.db", create=True):
        assert identity(tmp_path / "a.db") == "library"


def with_a_log(path):
    """A database of somebody else, whose process ended without closing it: all of it is in the log."""
    link = sqlite3.connect(path.with_name("made"))
    link.execute("PRAGMA journal_mode = WAL")
    link.execute("CREATE TABLE t (x)")
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).write_bytes(path.with_name("made" + ending).read_bytes())
    link.close()


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda path: None, "missing"),
        (lambda path: path.mkdir(), "folder"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_bytes(b"x"), "other"),
        (lambda path: path.write_bytes(b"SQLite format 3\0"), "other"),
        (lambda path: path.write_bytes(b"\0" * 9000), "other"),
        (other_database, "database"),
        (with_a_log, "database"),
        pytest.param(lambda path: os.mkfifo(path), "other", marks=POSIX),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "other", marks=POSIX),
    ],
)  # fmt: skip
def test_what_a_file_is_leaves_nothing_behind(tmp_path, make, what):
    path = tmp_path / "50% #1?.db"
    make(path)
    before = contents(tmp_path)
    assert identity(path) == what
    if what == "missing":
        with pytest.raises(BadOption, match="there is no file"):
            resolve([path], TableOptions())
    else:
        assert not isinstance(resolve([path], TableOptions()), GivenLibrary)
        with pytest.raises(SourceFailed, match="library"):
            open_library(path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["nul\0", "long" * 2000])
def test_names_that_cannot_be(name):
    assert not isinstance(resolve([name], TableOptions()), GivenLibrary)
    with pytest.raises(SourceFailed, match="cannot be opened"):
        identity(Path(name))
    for call in (heatlas.open, heatlas.inspect, heatlas.open_points):
        with pytest.raises(BadOption, match="there is no file or folder"):
            call(name)


def test_a_folder_that_is_not_there_is_made(tmp_path):
    open_library(tmp_path / "new" / "a.db", create=True).close()
    assert (tmp_path / "new" / "a.db").exists()
    with pytest.raises(BadOption, match="is no folder"):
        open_library(tmp_path / "new" / "a.db" / "b.db", create=True)


def test_an_empty_file_becomes_a_library_when_asked_for(tmp_path):
    (tmp_path / "a.db").write_bytes(b"")
    with open_library(tmp_path / "a.db", create=True) as library:
        assert list_activities(library) == {}


def test_an_older_library_is_brought_up_to_date_and_a_newer_one_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.db"
    with made(path, walks(1, 3)) as library:
        before = rows(library)
    step = ("ALTER TABLE activities ADD COLUMN weather TEXT", "UPDATE activities SET weather = 'fair'")
    for module in (opening, versions):
        monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, step))
    with open_library(path) as library, library.write() as link:  # which takes the step
        assert link.execute("SELECT DISTINCT weather FROM activities").fetchall() == [("fair",)]
        assert link.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
        assert link.execute("SELECT * FROM passages ORDER BY 1").fetchall() == before["passages"]
    monkeypatch.undo()
    with pytest.raises(SourceFailed, match="newer heatlas"):
        open_library(path)


def test_a_step_that_fails_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a.db"
    made(path, walks(1, 2)).close()
    for module in (opening, versions):
        steps = (*MIGRATIONS, ("CREATE TABLE new (x)", "UPDATE nowhere SET x = 1"))
        monkeypatch.setattr(module, "MIGRATIONS", steps)
    with open_library(path) as library, pytest.raises(SourceFailed, match="nowhere"), library.write():
        pass
    monkeypatch.undo()
    with open_library(path) as library:
        assert check(library, None) == []


def test_a_full_disk_is_said_and_the_library_stays_sound(tmp_path):
    tracks = walks(2, 8)
    with made(tmp_path / "a.db", tracks[:2]) as library:
        before = rows(library)
        with library.read() as link:
            pages = link.execute("PRAGMA page_count").fetchone()[0]
            link.execute(f"PRAGMA max_page_count = {pages + 3}")
        with pytest.raises(SourceFailed, match="disk is full") as error:
            put(library, tracks[2:])
        assert "\n" not in str(error.value)
        assert rows(library) == before
        assert check(library, None) == []
        with library.read() as link:
            link.execute("PRAGMA max_page_count = 1000000")
        put(library, tracks[2:])
        assert check(library, None) == []


def test_a_locked_library_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("heatlas.library.file.connecting.PATIENCE", 0.05)
    with made(tmp_path / "a.db", walks(2, 2)) as library, open_library(tmp_path / "a.db") as other:
        with other.write(), pytest.raises(SourceFailed, match="another process is writing"):
            put(library, walks(3, 1))
        put(library, walks(3, 1))
        assert len(list_activities(other)) == 3


def test_readers_see_one_state_while_another_thread_writes(tmp_path):
    tracks = walks(2, 12)
    with made(tmp_path / "a.db", tracks[:1]) as library:
        window = Window(256.0 * 4, 0, 0, 1024, 1024)
        done = threading.Event()
        seen = []

        def read():
            while not done.is_set():
                seen.append(int(draw(library, window, parse_measure("activities")).total.max()))

        reader = threading.Thread(target=read)
        reader.start()
        for track in tracks[1:]:
            put(library, [track])
        done.set()
        reader.join()
        assert seen == sorted(seen)
        assert set(seen) <= set(range(1, 13))
        assert draw(library, window, parse_measure("activities")).total.max() == 12


bits64 = st.integers(0, 2**64 - 1)


@given(data=st.data(), n=st.integers(1, 40))
def test_tracks_come_back_to_the_last_bit(library, data, n):
    def any_bits(kind):
        words = data.draw(arrays.arrays(np.uint64 if kind == np.float64 else np.uint32, n))
        return words.view(kind)

    places = data.draw(arrays.arrays(np.float64, n, elements=st.floats(0, 1, exclude_max=True)))
    segments = np.array(sorted({0, n, *data.draw(st.lists(st.integers(0, n), max_size=4))}))
    batch = Batch(
        u=places, v=np.roll(places, 1), time=any_bits(np.float64), progress=any_bits(np.float32),
        columns={name: any_bits(np.float32) for name in data.draw(st.sets(st.sampled_from(COLUMNS)))},
        segments=segments, tracks=np.array([0, len(segments) - 1]), activities=(Activity(source="s"),),
    )  # fmt: skip
    from heatlas.library.rows.tracks import delete_track, write_track

    with library.write() as link:
        write_track(link, 77, batch)
        back = read_track(link, 77, batch.activities[0])
        delete_track(link, 77)
        assert link.execute("SELECT count(*) FROM tracks").fetchone() == (0,)
    assert back.columns.keys() == batch.columns.keys()
    for name in ("u", "v", "time", "progress", "segments", "tracks"):
        assert getattr(back, name).dtype == getattr(batch, name).dtype
        assert getattr(back, name).tobytes() == getattr(batch, name).tobytes()
    for name, values in batch.columns.items():
        assert back.columns[name].tobytes() == values.tobytes()


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with open_library(tmp_path_factory.mktemp("tracks") / "a.db", create=True) as library:
        yield library


def test_attributes_come_back(tmp_path):
    activity = Activity(
        source="a/b.fit", id="7", sport="Ride", name="Tåget ☃", start=1.7e9 + 0.25, distance=1.5, elapsed_time=3.0,
        moving_time=None, gear="bike", commute=True, private=True, device="x",
        extra={"athletes": 2, "mood": "good", "rain": False, "watts": np.float32(1.5), "none": None},
    )  # fmt: skip
    batch = replace(make_batch([10.9, 10.91], [47.8, 47.81]), activities=(activity,))
    with made(tmp_path / "a.db", [batch]) as library, library.read() as link:
        assert read_activities(link) == {1: activity}


@given(st.binary(max_size=300), st.integers(1, 30))
def test_packing(data, times):
    assert unpack(pack(data * times)).tobytes() == data * times


@given(st.binary(max_size=60))
def test_damaged_bytes_are_said(data):
    with suppress(SourceFailed):
        assert len(unpack(data)) <= max(len(data), int.from_bytes(data[:4], "little"))


@st.composite
def places(draw):
    """Zoom, x, y and chunk."""
    zoom = draw(st.integers(0, 20))
    return (zoom, *(draw(st.integers(0, 2**zoom - 1)) for _ in "xy"), draw(st.integers(0, CHUNKS - 1)))


@given(st.integers(0, NUMBERS - 1), places(), places())
def test_keys_sort_and_come_apart(column, place, other):
    number = key(column, *place)
    assert -(2**63) <= number < 2**63
    assert (*tile_of(number), chunk_of(number)) == place
    assert column_of(number) == column
    assert (number < key(column, *other)) == (place < other)
    zoom = place[0]
    for least, greatest in (pixel_keys(), pixel_keys(zoom)):
        assert (least <= number <= greatest) == (column == 0)
    assert (pixel_keys(zoom)[0] <= key(0, *other) <= pixel_keys(zoom)[1]) == (other[0] == zoom)
    narrow, narrowest, wide, widest = other_keys(place[:3], place[3])
    assert (narrow <= number <= narrowest) == (1 <= column < 16)
    assert (wide <= number <= widest) == (column >= 16)
    assert not (narrow <= key(column, *other) <= narrowest or wide <= key(column, *other) <= widest) or other == place


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_number_comes_apart(number):
    zoom, x, y = tile_of(number)  # of a damaged file: what checking says, not how it fails
    assert 0 <= zoom < 32
    assert -1 <= x < 2**24
    assert 0 <= y < 2**20


def test_check_finds_what_is_wrong(tmp_path):
    def faults(*statements):
        path = tmp_path / "a.db"
        path.unlink(missing_ok=True)
        with made(path, walks(5, 4)) as library:
            assert check(library, None) == []
            with library.write() as link:
                for statement in statements:
                    link.execute(statement)
            return " ".join(check(library, None))

    assert "has no track" in faults("DELETE FROM tracks WHERE key / 64 = 2")
    assert "damaged" in faults("UPDATE passages SET data = x'ff00000001' WHERE key = (SELECT min(key) FROM passages)")
    assert "something else of activity" in faults("DELETE FROM passages WHERE key & 15 IN (2, 15)")
    assert "something else of activity" in faults("DELETE FROM passages WHERE (key >> 57) & 31 = 9")
    assert "not shown" in faults("UPDATE activities SET same_as = 1 WHERE number = 3")
    assert "not what was read" in faults(
        "UPDATE tracks SET data = (SELECT data FROM tracks WHERE key = 64) WHERE key = 128"
    )


@pytest.mark.parametrize("zooms", [(-1, 4), (5, 4), (2, 21)])
def test_zooms_that_cannot_be(zooms):
    with pytest.raises(BadOption):
        Settings(zooms=zooms)
