"""Metrics that are added to a library: up to 64 columns, and files from before there was room for them."""

from __future__ import annotations

import os
import sqlite3

import numpy as np
import pytest
from library_made import first_columns, made, older, put, rows, walks
from library_reader import columns_of, key, pixels_of, values_of
from made import export

import heatlas.library.file.opening as opening
import heatlas.library.file.store as store
from heatlas.core.errors import SourceFailed
from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.library.care.checking import check
from heatlas.library.file.bundles import BUNDLE
from heatlas.library.file.columns import COLUMNS, VALUES, Encoding
from heatlas.library.file.opening import open_library
from heatlas.library.file.schema import MIGRATIONS
from heatlas.library.file.settings import Settings, read_settings
from heatlas.library.imports import import_sources
from heatlas.library.index.drawing import draw
from heatlas.library.maintenance import compact, reindex, remove
from heatlas.library.rows.merged import list_activities
from heatlas.raster.draw_tracks import draw as draw_tracks
from heatlas.raster.measure import Measure, parse_measure
from heatlas.tracks.metrics import METRICS, Metric, Store

WIDE = len(MIGRATIONS)
BEFORE = 5
"""Steps of a library that knows no column from 16 on."""
ZOOMS = Settings(zooms=(12, 16))
TODAY = ["passes", "activities", "fixes", "seconds", "metres", "pace", "max(heart_rate)"]
MADE = sorted(set(range(64)) - {BUNDLE, *COLUMNS.values()})
FREE = MADE[0]


def metric_of(column):
    """A made-up metric with whole steps of 1/8; now and then unknown."""

    needs = {"power"} if column % 9 == 0 else set()

    def at_fixes(motion):
        batch = motion.batch
        steps = np.rint(100 * np.sin(batch.u * 1e5 * column)) + column
        return np.where((steps % 7 == 3) | (not needs <= set(batch.columns)), np.nan, steps / 8)

    return Metric(
        f"made_{column}", "Body", "Made up", columns=frozenset(needs), at_fixes=at_fixes, store=Store(column, 1 / 8)
    )


@pytest.fixture
def many(monkeypatch):
    """A heatlas with as many metrics as there is room for."""
    for column in MADE:
        monkeypatch.setitem(METRICS, f"made_{column}", metric_of(column))
        monkeypatch.setitem(VALUES, f"made_{column}", Encoding(column, 1 / 8, np.zeros(0)))
        monkeypatch.setitem(COLUMNS, f"made_{column}", column)
    assert sorted(COLUMNS.values()) == [column for column in range(64) if column != BUNDLE]


def window(zoom=15, size=256):
    u, v = from_lonlat(10.9, 47.8)
    scale = 256.0 * 2**zoom
    return Window(scale, int(u * scale) - size // 2, int(v * scale) - size // 2, size, size)


def drawn(library, measures, keep=None):
    return [draw(library, window(zoom), measure, keep) for zoom in (12, 16) for measure in measures]


def equal(ours, theirs):
    return all(
        np.array_equal(a.total, b.total)
        and (a.count is None) == (b.count is None)
        and (a.count is None or np.array_equal(a.count, b.count))
        for a, b in zip(ours, theirs, strict=True)
    )


def same_as_tracks(library, tracks, columns):
    """Whether made-up metrics are drawn as from the tracks."""
    for column in columns:
        measure = Measure("mean", f"made_{column}")
        ours, theirs = draw(library, window(16), measure), draw_tracks(tracks, window(16), measure, 1)
        assert theirs.count.any()
        assert np.array_equal(ours.count, theirs.count), column
        # A passage is wrong by half a step at most, and so is their mean.
        near = np.abs(ours.values - theirs.values) <= 1 / 16 + 1e-4
        assert near[ours.count > 0].all(), column


def never_bundled(patch):
    """Store each column by itself, also in small chunks."""
    for module in ("file.bundles", "index.joining"):
        patch.setattr(f"heatlas.library.{module}.BUNDLED", 0)


def negative(library):
    with library.read() as link:
        return link.execute("SELECT count(*) FROM passages WHERE key < 0").fetchone()[0]


def test_a_library_of_64_columns(tmp_path, many):
    tracks = walks(5, 12)
    with made(tmp_path / "a.db", tracks, group=4, settings=ZOOMS) as library:
        assert negative(library) > 1000
        same_as_tracks(library, tracks, MADE)
        assert check(library, None) == []
        every = [*map(parse_measure, TODAY), *(Measure("std", f"made_{column}") for column in (FREE, 36, 63))]
        before = drawn(library, every)
        compact(library)
        assert equal(before, drawn(library, every))
        assert check(library, None) == []
        remove(library, [2, 7])
        same_as_tracks(library, [track for k, track in enumerate(tracks, 1) if k not in {2, 7}], [FREE, 18, 36, 63])
        put(library, [tracks[1], tracks[6]])
        assert equal(before, drawn(library, every))
        assert check(library, None) == []
        remove(library, list(list_activities(library)))
        assert rows(library)["passages"] == []


def test_a_reader_by_the_page_finds_all_columns(tmp_path, many):
    with made(tmp_path / "a.db", walks(5, 8), settings=ZOOMS) as library, library.read() as link:
        seen = link.execute("SELECT metric, z, x, y, chunk, bytes FROM chunks").fetchall()
        keys = dict(link.execute("SELECT key, length(data) FROM passages").fetchall())
        assert {key(*row[:5]): row[5] for row in seen} == keys
        assert {row[0] for row in seen} == set(range(64)) - {VALUES["cadence"].column, VALUES["temperature"].column}
        z, x, y = max(row[1:4] for row in seen if row[0] == 40)
        tile, totals = Window(256.0 * 2**z, x * 256, y * 256, 256, 256), {}
        for chunk in sorted({row[4] for row in seen if row[:4] == (0, z, x, y)}):
            (blob,) = link.execute("SELECT data FROM passages WHERE key = ?", (key(0, z, x, y, chunk),)).fetchone()
            _, lengths, pixels = pixels_of(blob)
            for column, data in columns_of(link, z, x, y, chunk, lengths, pixels).items():
                values = values_of(data, lengths) if column in {11, 13, 16, 40, 63} else []
                known = np.array([value is not None for value in values], bool)
                total = np.bincount(pixels[known], [v for v in values if v is not None], 65536) if values else 0
                totals[column] = totals.get(column, 0) + total
        for column in totals.keys() & {11, 13, 16, 40, 63}:
            name = next(name for name, number in COLUMNS.items() if number == column)
            ours = (totals[column] * VALUES[name].step).reshape(256, 256)
            assert np.array_equal(ours, draw(library, tile, Measure("mean", name)).total)


def reindex_anyhow(library):
    """Make a whole index anew, also where there is no need."""
    with library.read() as link:
        rejoin = read_settings(link).rejoin
    reindex(library, rejoin=rejoin + 1)
    reindex(library, rejoin=rejoin)


def older_one(tmp_path, tracks):
    """A library of before with some tracks, and with the columns of before."""
    with first_columns():
        made(tmp_path / "whole.db", tracks, group=4, settings=ZOOMS).close()
    older(tmp_path / "old.db", tmp_path / "whole.db", BEFORE)
    return tmp_path / "old.db"


def test_a_library_of_before_takes_all_that_is_new(tmp_path, request):
    tracks = walks(6, 12)
    path = older_one(tmp_path, tracks[:7])
    request.getfixturevalue("many")
    with open_library(path) as library, made(tmp_path / "new.db", tracks, group=4, settings=ZOOMS) as new:
        assert check(library, None) == []
        assert drawn(library, [Measure("mean", "made_40")])[0].count.sum() == 0
        put(library, tracks[7:])
        with library.read() as link:
            assert link.execute("PRAGMA user_version").fetchone() == (WIDE,)
        assert rows(library)["tracks"] == rows(new)["tracks"]
        today = [parse_measure(name) for name in TODAY]
        for change in (lambda _: None, compact, lambda one: remove(one, [3, 9])):
            change(library)
            change(new)
            assert equal(drawn(library, today), drawn(new, today))
            assert check(library, None) == []
            assert negative(library) > 0
        # What was there has no such columns; what came later has.
        late = np.arange(13) >= 8
        some = [Measure("mean", f"made_{column}") for column in (FREE, 18, 63)]
        assert equal(drawn(library, some), drawn(new, some, late))
        reindex(library)
        reindex_anyhow(new)
        for one in (library, new):
            remove(one, [1])
            put(one, tracks[:1])
        assert rows(library)["passages"] == rows(new)["passages"]
        assert equal(drawn(library, some), drawn(new, some))
        assert check(library, None) == []


def test_an_older_heatlas_keeps_columns_that_it_does_not_know(tmp_path):
    tracks = walks(6, 9)
    with pytest.MonkeyPatch.context() as patch:
        for column in (FREE, 40):
            patch.setitem(METRICS, f"made_{column}", metric_of(column))
            patch.setitem(VALUES, f"made_{column}", Encoding(column, 1 / 8, np.zeros(0)))
            patch.setitem(COLUMNS, f"made_{column}", column)
        some = [Measure("mean", f"made_{FREE}"), Measure("mean", "made_40")]
        library = made(tmp_path / "a.db", tracks[:6], settings=ZOOMS)
        before = drawn(library, some)
        with patch.context() as without:
            for column in (FREE, 40):
                for table in (METRICS, VALUES, COLUMNS):
                    without.delitem(table, f"made_{column}")
            assert check(library, None) == []
            put(library, tracks[6:])
            compact(library)
            assert check(library, None) == []
        assert equal(before, drawn(library, some))
        # It has added activities without them: that is no fault, and made good by a new index.
        assert check(library, None) == []
        never_bundled(patch)
        reindex(library)
        assert not equal(before, drawn(library, some))
        with made(tmp_path / "b.db", tracks, settings=ZOOMS) as new:
            assert equal(drawn(library, some), drawn(new, some))
        with library.write() as link:
            link.execute("DELETE FROM passages WHERE key IN (SELECT key FROM passages WHERE key < 0 LIMIT 5)")
        assert "something else of activity" in " ".join(check(library, None))
        library.close()


def test_an_import_that_was_half_way_goes_on(tmp_path, request):
    folder = export(tmp_path / "export")
    with first_columns(), made(tmp_path / "half.db", [], settings=ZOOMS) as library:
        import_sources(library, sorted((folder / "activities").iterdir())[:3])
    older(tmp_path / "old.db", tmp_path / "half.db", BEFORE)
    request.getfixturevalue("many")
    never_bundled(request.getfixturevalue("monkeypatch"))
    with open_library(tmp_path / "old.db") as library, made(tmp_path / "new.db", [], settings=ZOOMS) as new:
        report = import_sources(library, sorted((folder / "activities").iterdir()))
        assert report.dropped["files that were read before"] == 3
        import_sources(new, sorted((folder / "activities").iterdir()))
        assert check(library, None) == []
        named = [{a.source: k for k, a in list_activities(one).items()} for one in (library, new)]
        assert named[0].keys() == named[1].keys()
        reindex(library)
        assert rows(library)["passages"] == rows(new)["passages"]
        assert negative(library) > 0


# The step itself


def watched(monkeypatch, path):
    """Open a library; how many instructions SQLite carried out, its statements, and the bytes of its log."""
    connect, instructions, statements = store.connect, [0], []

    def count():
        instructions[0] += 1

    def watch(path, frozen):
        link = connect(path, frozen)
        link.set_progress_handler(count, 1)
        link.set_trace_callback(statements.append)
        return link

    with monkeypatch.context() as patch:
        patch.setattr(store, "connect", watch)
        with open_library(path):
            log = path.with_name(path.name + "-wal").stat().st_size
    return instructions[0], statements, log


def test_opening_an_older_library_costs_the_same_whatever_it_holds(tmp_path, monkeypatch):
    found = []
    for count in (1, 40):
        folder = tmp_path / str(count)
        folder.mkdir()
        path = older_one(folder, walks(2, count))
        with sqlite3.connect(path) as link:
            before = link.execute("SELECT count(*), sum(length(data)) FROM passages").fetchone()
        link.close()
        found.append(watched(monkeypatch, path))
        with open_library(path) as library, library.read() as link:
            assert link.execute("SELECT count(*), sum(length(data)) FROM passages").fetchone() == before
            assert link.execute("PRAGMA user_version").fetchone() == (BEFORE,)
    assert before[0] > 400
    assert found[0] == found[1]
    instructions, statements, log = found[0]
    assert instructions < 2000
    assert not [text for text in statements if text.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))]
    assert log < 8 * 8192


def version(path):
    link = sqlite3.connect(path)
    (number,) = link.execute("PRAGMA user_version").fetchone()
    link.close()
    return number


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_what_cannot_be_written_is_read_as_it_is(tmp_path, request):
    folder = tmp_path / "open"  # anybody may make files in it
    folder.mkdir()
    path = older_one(folder, walks(6, 5))
    with open_library(folder / "whole.db") as library:
        expected = drawn(library, map(parse_measure, TODAY))
    folder.chmod(0o777)
    path.chmod(0o444)
    request.getfixturevalue("nobody")
    with open_library(path) as library:
        assert equal(expected, drawn(library, map(parse_measure, TODAY)))
        assert len(list_activities(library)) == 5
        assert check(library, None) == []
        with pytest.raises(SourceFailed, match="cannot be written"):
            remove(library, [1])
    assert version(path) == BEFORE


def test_a_library_that_another_process_writes_is_read_at_once(tmp_path, many, monkeypatch):
    monkeypatch.setattr("heatlas.library.file.connecting.PATIENCE", 3600.0)
    monkeypatch.setattr(opening, "PATIENCE", 3600.0)
    tracks = walks(6, 6)
    path = older_one(tmp_path, tracks[:5])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with open_library(path) as library:
        before = drawn(library, [parse_measure("passes")])
        assert before[0].filled.any()
        other.execute("COMMIT")
        assert version(path) == BEFORE
        # Whoever writes first takes the step; who has read before goes on reading.
        with open_library(path) as another:
            assert version(path) == BEFORE
            put(another, tracks[5:])
            assert version(path) == WIDE
        assert draw(library, window(16), Measure("mean", "made_40")).filled.any()
        remove(library, [6])
        assert equal(before, drawn(library, [parse_measure("passes")]))
    other.execute("BEGIN IMMEDIATE")
    other.execute(f"PRAGMA user_version = {BEFORE}")
    with open_library(path) as library:
        other.execute("ROLLBACK")
        put(library, tracks[5:])
    other.close()
    assert version(path) == WIDE


def test_the_first_write_takes_the_step(tmp_path):
    tracks = walks(6, 6)
    path = older_one(tmp_path, tracks[:5])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with open_library(path) as library:
        other.execute("COMMIT")
        assert version(path) == BEFORE
        put(library, tracks[5:])
        assert version(path) == WIDE
        assert check(library, None) == []
    other.close()
