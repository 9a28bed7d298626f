"""Recordings into a library: only what is new, one of several copies, and whatever stops it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from library_made import rows
from made import export, gpx, straight

import heatlas.library.imports as imports
import heatlas.library.reading_files as reading_files
from heatlas.core.batch import COLUMNS
from heatlas.core.context import Context
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.window import Window
from heatlas.library.care.checking import check
from heatlas.library.collection import tracks_of
from heatlas.library.file.opening import open_library
from heatlas.library.imports import import_sources
from heatlas.library.index.drawing import draw
from heatlas.library.maintenance import remove
from heatlas.library.rows.merged import list_activities
from heatlas.raster.measure import parse_measure
from heatlas.sources.load import load


@pytest.fixture
def library(tmp_path):
    with open_library(tmp_path / "lib.db", create=True) as library:
        yield library


def same_batches(ours, theirs):
    assert [b.activities for b in ours] == [b.activities for b in theirs]
    for a, b in zip(ours, theirs, strict=True):
        for name in ("u", "v", "time", "progress", "segments", "tracks"):
            assert getattr(a, name).tobytes() == getattr(b, name).tobytes()
            assert getattr(a, name).dtype == getattr(b, name).dtype
        assert list(a.columns) == list(b.columns)
        for name, column in b.columns.items():
            assert a.columns[name].tobytes() == column.tobytes()


@pytest.mark.parametrize("columns", [COLUMNS, ("heart_rate",), ()])
def test_tracks_of_a_library_are_those_of_the_files(tmp_path, library, columns):
    folder = export(tmp_path / "export")
    with (folder / "activities.csv").open("a") as table:
        table.write('77,"Jan 1, 2024, 8:00:00 AM",Gone,Run,60,1,activities/77.gpx,60,1000\n')
        table.write('78,"Jan 1, 2024, 8:00:00 AM",By hand,Run,60,1,,60,1000\n')
    report = import_sources(library, [folder])
    batches, theirs = load([folder], columns)
    ours = tracks_of(library, columns=columns)
    same_batches(ours.batches, batches)
    for kept in (report, ours.report):
        assert kept.read == theirs.read
        assert [(u.file, u.reason) for u in kept.failed] == [(u.file, u.reason) for u in theirs.failed]
        assert kept.dropped["activities that were virtual or indoors"] == 1
    for silent in ("rows of a table that name no file", "rows of a table whose file is not there"):
        assert report.dropped[silent] == theirs.dropped[silent] >= 1
    keep = np.array([False, True, False, True])
    assert len(tracks_of(library, keep)) == 2
    assert check(library, None) == []


def test_real_recordings_come_back_as_they_were_read(library, shared_data):
    files = sorted((shared_data / "laakkti-strava-export").rglob("*.gz"))[::9]
    assert len(files) > 10
    import_sources(library, files)
    same_batches(tracks_of(library).batches, load(files)[0])
    assert check(library, 5) == []


def test_a_second_import_reads_only_what_is_new(tmp_path, library, monkeypatch):
    folder = export(tmp_path / "export")
    import_sources(library, [folder])
    before = rows(library)
    read = []
    reading = reading_files.read_group
    monkeypatch.setattr(
        reading_files, "read_group", lambda files, *rest: (read.extend(files), reading(files, *rest))[1]
    )
    report = import_sources(library, [folder])
    assert read == []
    assert report.dropped == {"files that were read before": 7}
    assert rows(library) == before
    # New bytes under a new time are read; old bytes under a new time are not.
    lon, lat = straight(1500)
    (folder / "activities" / "1.gpx").write_bytes(gpx(lon, lat))
    os.utime(folder / "activities" / "3.gpx", ns=(0, 12345))
    (folder / "activities" / "9.gpx").write_bytes(gpx(lon, lat + 0.01, start=1.71e9))
    import_sources(library, [folder])
    assert sorted(Path(entry.name).name for entry in read) == ["1.gpx", "9.gpx"]
    same_batches(tracks_of(library).batches, load([folder])[0])
    assert check(library, None) == []
    read.clear()
    assert import_sources(library, [folder]).dropped == {"files that were read before": 8}
    assert read == []


def test_a_file_that_was_only_touched_is_counted_as_read_before(tmp_path, library):
    (tmp_path / "a.gpx").write_bytes(gpx(*straight(50), start=1.7e9))
    import_sources(library, [tmp_path / "a.gpx"])
    for _ in range(2):
        os.utime(tmp_path / "a.gpx", (1.6e9, 1.6e9))
        report = import_sources(library, [tmp_path / "a.gpx"])
        assert (report.read, dict(report.dropped)) == (0, {"files that were read before": 1})


def test_an_import_of_few_files_reads_the_rows_of_these_alone(tmp_path, library, monkeypatch):
    """Else each group of a watched folder, and each fix of a phone, costs the more the larger the library is."""
    from heatlas.library import imports, new_files
    from heatlas.sources.archive import entries_of
    from heatlas.sources.formats.gpx import read_gpx
    from heatlas.sources.sheets.exports import Exports

    (tmp_path / "a.gpx").write_bytes(gpx(*straight(), start=1.7e9))
    import_sources(library, [tmp_path / "a.gpx"])
    asked, rows = [], new_files.small_rows

    def small_rows(connection, table, keys=None):
        asked.append((table, keys))
        return rows(connection, table, keys)

    monkeypatch.setattr(new_files, "small_rows", small_rows)
    (tmp_path / "b.gpx").write_bytes(gpx(*straight(lat=40.0), start=1.6e9))
    (own,) = read_gpx(gpx(*straight(lat=41.0), start=1.5e9), "elsewhere")
    entries = list(entries_of([tmp_path / "a.gpx", tmp_path / "b.gpx"]))
    _, added = imports.import_entries(library, entries, Exports(), recordings=[own])
    assert added == 2
    assert [keys for table, keys in asked if table == "files"] == [[1], []]


def test_what_the_table_says_anew_is_read_anew(tmp_path, library):
    folder = export(tmp_path / "export")
    import_sources(library, [folder])
    table = folder / "activities.csv"
    table.write_text(table.read_text().replace("Morning Run", "Evening Run"))
    report = import_sources(library, [folder])
    assert report.dropped["files that were read before"] == 6
    names = {activity.name for activity in list_activities(library).values()}
    assert names == {"Evening Run", "Run, with\na line break", "Ride", "Holiday"}
    assert check(library, None) == []


def test_one_bad_path_is_said_before_anything_is_done(tmp_path, library):
    with pytest.raises(BadOption, match="there is no file"):
        import_sources(library, [export(tmp_path / "export"), tmp_path / "nothing"])
    assert list_activities(library) == {}


def copies(folder):
    """The same run three times: whole with heart rate, whole without, half; and another run beside it."""
    folder.mkdir()
    lon, lat = straight(2000)
    heart = np.linspace(120, 150, len(lon))
    half = len(lon) // 2
    files = {
        "rich": gpx(lon, lat, heart_rate=heart),
        "plain": gpx(lon, lat),
        "half": gpx(lon[:half], lat[:half]),
        "friend": gpx(lon, lat + 6e-4, start=1.7e9),
    }
    for name, data in files.items():
        (folder / f"{name}.gpx").write_bytes(data)
    return [folder / f"{name}.gpx" for name in files]


def drawn(library):
    u = tracks_of(library).batches[0]
    scale = 256.0 * 2**16
    window = Window(scale, int(u.u[0] * scale) - 100, int(u.v[0] * scale) - 100, 1200, 300)
    measures = map(parse_measure, ("passes", "activities", "seconds", "heart_rate"))
    return [draw(library, window, measure).total for measure in measures]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 2, 3, 0)])
def test_of_copies_the_richest_is_shown_whatever_came_first(tmp_path, library, order):
    files = copies(tmp_path / "copies")
    for k in order:
        import_sources(library, [files[k]])
    batches, theirs = load(files)
    ours = tracks_of(library)
    same_batches(ours.batches, batches)
    assert sorted(ours.report.duplicates) == sorted(theirs.duplicates)
    assert [Path(a.source).stem for a in ours.activities] == ["friend", "rich"]
    assert check(library, None) == []
    with open_library(tmp_path / "once.db", create=True) as once:
        import_sources(once, files)
        assert all(np.array_equal(a, b) for a, b in zip(drawn(library), drawn(once), strict=True))


def test_a_copy_is_shown_when_the_richer_one_goes(tmp_path, library):
    files = copies(tmp_path / "copies")
    import_sources(library, files)
    numbers = {Path(activity.source).stem: k for k, activity in list_activities(library).items()}
    remove(library, [numbers["rich"]])
    assert sorted(Path(a.source).stem for a in list_activities(library).values()) == ["friend", "plain"]
    assert check(library, None) == []
    # What was removed comes back when it is imported again.
    import_sources(library, files)
    assert sorted(Path(a.source).stem for a in list_activities(library).values()) == ["friend", "rich"]
    assert check(library, None) == []
    with pytest.raises(BadOption, match="there is no activity 999"):
        remove(library, [numbers["friend"], 999])
    assert len(list_activities(library)) == 2


def many(folder, count=40):
    folder.mkdir()
    for k in range(count):
        lon, lat = straight(600, lat=47.8 + 0.002 * (k % 7), lon=10.9 + 0.001 * (k % 5))
        (folder / f"{k:02}.gpx").write_bytes(gpx(lon, lat, start=1.7e9 + 86400.0 * k))
    return folder


def test_stopped_by_hand_it_keeps_what_was_done_and_goes_on(tmp_path, library, monkeypatch):
    folder = many(tmp_path / "many")
    monkeypatch.setattr(imports, "_ACTIVITIES", 4)
    calls = []

    def progress(stage, done, total):
        calls.append(done)
        if len(calls) == 15:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_sources(library, [folder], Context(progress=progress))
    kept = len(list_activities(library))
    assert 4 <= kept < 40
    assert check(library, None) == []
    report = import_sources(library, [folder])
    assert report.dropped["files that were read before"] == kept
    assert len(list_activities(library)) == 40
    same_batches(tracks_of(library).batches, load([folder])[0])


IMPORT = """
import sys
from pathlib import Path
import heatlas.library.imports as imports
from heatlas.library.file.opening import open_library
imports._ACTIVITIES = 3
print("ready", flush=True)
with open_library(sys.argv[1], create=True) as library:
    imports.import_sources(library, [Path(sys.argv[2])])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a kill that nothing can catch")
def test_killed_at_any_moment_nothing_is_lost_or_counted_twice(tmp_path):
    folder = many(tmp_path / "many")
    path = tmp_path / "killed.db"
    command = [sys.executable, "-c", IMPORT, str(path), str(folder)]
    rng = np.random.default_rng(4)
    kept = 0
    for attempt in range(9):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(float(rng.uniform(0.02, 0.4)) + 0.05 * attempt)
            process.send_signal(signal.SIGKILL)
        if not path.exists():
            continue
        with open_library(path, create=True) as library:
            assert check(library, 3) == []
            now = len(list_activities(library))
            assert now >= kept
            kept = now
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open_library(path) as library, open_library(tmp_path / "whole.db", create=True) as whole:
        assert check(library, None) == []
        import_sources(whole, [folder])
        same_batches(tracks_of(library).batches, tracks_of(whole).batches)
        assert all(np.array_equal(a, b) for a, b in zip(drawn(library), drawn(whole), strict=True))


def test_files_of_archives_are_known_again(tmp_path, library):
    folder = export(tmp_path / "export")
    shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    import_sources(library, [tmp_path / "packed.zip"])
    assert len(list_activities(library)) == 4
    report = import_sources(library, [tmp_path / "packed.zip"])
    assert report.dropped["files that were read before"] == 7
    # The folder holds the same: copies, which are kept apart and not drawn.
    import_sources(library, [folder])
    assert len(list_activities(library)) == 4
    assert check(library, None) == []


def test_two_imports_at_once_keep_each_file_once(tmp_path):
    folder = many(tmp_path / "many", 24)
    command = [sys.executable, "-c", IMPORT, str(tmp_path / "both.db"), str(folder)]
    both = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    with open_library(tmp_path / "both.db") as library:
        assert len(list_activities(library)) == 24
        assert len(tracks_of(library)) == 24
        assert check(library, None) == []
        same_batches(tracks_of(library).batches, load([folder])[0])


def test_a_library_on_a_full_disk_goes_on_when_there_is_room(tmp_path, library, monkeypatch):
    folder = many(tmp_path / "many", 24)
    monkeypatch.setattr(imports, "_ACTIVITIES", 4)
    import_sources(library, [folder / f"{k:02}.gpx" for k in range(6)])
    with library.read() as link:
        link.execute(f"PRAGMA max_page_count = {link.execute('PRAGMA page_count').fetchone()[0] + 6}")
    with pytest.raises(SourceFailed, match="disk is full"):
        import_sources(library, [folder])
    assert check(library, None) == []
    kept = len(list_activities(library))
    assert 6 <= kept < 24
    with library.read() as link:
        link.execute("PRAGMA max_page_count = 1000000")
    import_sources(library, [folder])
    assert len(list_activities(library)) == 24
    assert check(library, None) == []


@pytest.mark.parametrize("turn", [1, -1])
def test_copies_without_times_are_found_as_well(tmp_path, library, turn):
    lon, lat = straight(900)
    files = {}
    for name, start in (("timed", 1.7e9), ("never-set", 0.0)):
        files[name] = tmp_path / f"{name}.gpx"
        files[name].write_bytes(gpx(lon, lat, start=start))
    timeless = gpx(lon, lat).decode()
    while "<time>" in timeless:
        before, _, rest = timeless.partition("<time>")
        timeless = before + rest.partition("</time>")[2]
    files["timeless"] = tmp_path / "timeless.gpx"
    files["timeless"].write_text(timeless)
    for path in list(files.values())[::turn]:
        import_sources(library, [path])
    batches, theirs = load(list(files.values()))
    same_batches(tracks_of(library).batches, batches)
    assert sorted(tracks_of(library).report.duplicates) == sorted(theirs.duplicates)
    assert len(theirs.duplicates) >= 1
    assert check(library, None) == []
