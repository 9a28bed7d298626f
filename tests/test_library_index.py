"""What is drawn from the index is what is drawn from the cut tracks."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import SECRET, cut, made, put, rows, walks

from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.library import maintenance
from heatlas.library.care.checking import check
from heatlas.library.file.columns import VALUES
from heatlas.library.file.opening import open_library
from heatlas.library.file.settings import Settings
from heatlas.library.index import gathering, joining, writing
from heatlas.library.index.drawing import draw
from heatlas.library.maintenance import compact, remove
from heatlas.library.rows.merged import select
from heatlas.library.rows.passages import PreparedTrack
from heatlas.raster.draw_tracks import draw as draw_tracks
from heatlas.raster.measure import parse_measure
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.privacy import Privacy, Zone

COUNTS = ["passes", "activities", "fixes"]
AMOUNTS = {"seconds": 1 / 16, "metres": 1 / 8}
METRIC_MEASURES = [
    f"{reduction}({metric})"
    for metric in VALUES
    for reduction in ("mean", "min", "max", "std")
    if not METRICS[metric].cyclic  # test_metrics_index.py
]
STEP = {"pace": 0.0, **{name: scale.step / 2 for name, scale in VALUES.items() if name != "pace"}}
PLACE = (47.8, 10.9)


def window(zoom, width=300, height=280, place=PLACE, shift=(0, 0)):
    u, v = from_lonlat(place[1], place[0])
    scale = 256.0 * 2**zoom
    return Window(scale, int(u * scale) - width // 2 + shift[0], int(v * scale) - height // 2 + shift[1], width, height)


def equal(a, b):
    return all(
        (x is None and y is None) or np.array_equal(x, y)
        for x, y in ((a.total, b.total), (a.count, b.count), (a.square, b.square))
    )


def hold(library, tracks, window, measure, keep=None):
    """Hold a drawing from the index against one from the tracks."""
    measure = parse_measure(measure)
    ours, theirs = draw(library, window, measure, keep), draw_tracks(tracks, window, measure, 1)
    if measure.reduction in COUNTS:
        assert ours.total.dtype.kind == theirs.total.dtype.kind
        assert np.array_equal(ours.total, theirs.total)
        return
    if measure.reduction in AMOUNTS:
        passes = draw_tracks(tracks, window, parse_measure("passes"), 1).total
        assert (np.abs(ours.total - theirs.total) <= passes * AMOUNTS[measure.reduction] + 1e-6).all()
        return
    assert np.array_equal(ours.count, theirs.count)
    step, a, b = STEP[measure.metric], ours.values, theirs.values
    near = 1e-3 * np.abs(b) + 1e-6 if measure.metric == "pace" else step + 1e-4
    if measure.reduction == "std":  # a deviation of what is wrong by a step is wrong by two at most
        mean = np.abs(draw_tracks(tracks, window, parse_measure(measure.metric), 1).values)
        near = 2e-3 * mean + 2e-4 if measure.metric == "pace" else 2 * step + 2e-3
        # Below is a difference of large squares in either drawing: it holds to some 1e-5 of the mean.
        near = near + 1e-4 * mean
    assert np.array_equal(np.isnan(a), np.isnan(b))
    assert (np.abs(a - b) <= near)[~np.isnan(a)].all()


@pytest.fixture(scope="module")
def tracks():
    return walks(1, 30)


@pytest.fixture(scope="module")
def library(tmp_path_factory, tracks):
    with made(tmp_path_factory.mktemp("index") / "a.db", tracks, group=7) as library:
        yield library


@pytest.mark.parametrize("zoom", [2, 7, 12, 15, 16, 17])
@pytest.mark.parametrize("measure", [*COUNTS, *AMOUNTS, *METRIC_MEASURES])
def test_the_index_draws_what_the_tracks_draw(library, tracks, zoom, measure):
    assert draw_tracks(tracks, window(zoom), parse_measure("passes"), 1).total.any()
    hold(library, tracks, window(zoom), measure)


@settings(max_examples=25)
@given(
    zoom=st.integers(2, 17),
    shift=st.tuples(st.integers(-400, 400), st.integers(-400, 400)),
    size=st.tuples(st.integers(1, 700), st.integers(1, 700)),
    measure=st.sampled_from([*COUNTS, *AMOUNTS, "pace", "max(heart_rate)", "std(power)"]),
    chosen=st.lists(st.booleans(), min_size=30, max_size=30),
)
def test_any_window_and_any_filter(library, tracks, zoom, shift, size, measure, chosen):
    keep = np.array([False, *chosen])
    kept = [track for track, wanted in zip(tracks, chosen, strict=True) if wanted]
    hold(library, kept, window(zoom, *size, shift=shift), measure, keep)


@pytest.mark.parametrize("measure", [*COUNTS, *AMOUNTS, "pace", "std(elevation)"])
def test_a_filter_that_selects_everything_is_no_filter(library, measure):
    keep = select(library)
    assert keep.sum() == 30
    for zoom in (3, 14, 17):
        bare = draw(library, window(zoom), parse_measure(measure))
        assert equal(bare, draw(library, window(zoom), parse_measure(measure), keep))
        nothing = draw(library, window(zoom), parse_measure(measure), np.zeros(0, bool))
        assert not nothing.filled.any()


@pytest.mark.parametrize("measure", [*COUNTS, *AMOUNTS, "pace", "min(grade)"])
def test_a_mosaic_of_tiles_is_one_window(library, measure):
    measure = parse_measure(measure)
    whole = window(15, 700, 600)
    x, y = whole.x // 256 * 256, whole.y // 256 * 256
    whole = Window(whole.scale, x, y, 768, 768)
    one = draw(library, whole, measure)
    for row in range(3):
        for column in range(3):
            tile = draw(library, Window(whole.scale, x + 256 * column, y + 256 * row, 256, 256), measure)
            part = np.s_[256 * row : 256 * row + 256, 256 * column : 256 * column + 256]
            assert np.array_equal(one.total[part], tile.total)
    inner = Window(whole.scale, x + 100, y + 90, 300, 310)
    assert np.array_equal(draw(library, inner, measure).total, one.total[90:400, 100:400])


def test_what_is_filtered_is_what_tracks_filter(library, tracks):
    where = select(library, where="sport = 'Run' AND start >= DATE('2023-11-20')", after="2023-11-18")
    wanted = [
        track.activities[0].sport == "Run" and track.activities[0].start >= 1700438400 for track in tracks
    ]  # fmt: skip
    assert where[1:].tolist() == wanted
    assert 0 < sum(wanted) < 30
    with pytest.raises(BadOption, match="sprot"):
        select(library, where="sprot = 'Run'")


def test_over_the_antimeridian(tmp_path):
    tracks = walks(3, 6, lat=-16.5, lon=180.0, n=300)
    tracks += [
        replace(t, u=t.u - 1, activities=(replace(t.activities[0], source="w"),), time=t.time + 5e6) for t in tracks[:2]
    ]
    assert any((t.u > 1).any() and (t.u < 1).any() for t in tracks)
    with made(tmp_path / "a.db", tracks) as library:
        for zoom in (2, 5, 14, 17):
            middle = window(zoom, 500, 300, (-16.5, 180.0))
            for turn in (-1, 0):
                wide = replace(middle, x=middle.x + turn * int(middle.scale))
                for measure in (*COUNTS, *AMOUNTS, "pace", "max(elevation)"):
                    hold(library, tracks, wide, measure)
            east = Window(middle.scale, 0, (middle.y + 150) // 256 * 256, 256, 256)
            west = replace(east, x=int(middle.scale) - 256)
            hold(library, tracks, east, "passes")
            hold(library, tracks, west, "activities")
            assert draw(library, east, parse_measure("passes")).filled.any()
        assert check(library, None) == []


def test_a_window_that_is_wider_than_the_world(library, tracks):
    world = Window(256.0 * 4, -500, -300, 2500, 1600)
    for measure in ("passes", "activities", "fixes"):
        hold(library, tracks, world, measure)


@pytest.mark.parametrize("scale", [256.0 * 2**18, 256.0 * 2, 1000.0, 256.0 * 2**12.5])
def test_what_is_not_indexed_is_said(library, scale):
    with pytest.raises(BadOption, match="zooms 2 to 17"):
        draw(library, Window(scale, 0, 0, 10, 10), parse_measure("passes"))


def test_the_order_of_imports_changes_nothing_that_is_drawn(tmp_path, tracks):
    orders = [tracks, tracks[::-1], tracks[7:] + tracks[:7]]
    libraries = [made(tmp_path / f"{group}.db", some, group) for some, group in zip(orders, (30, 1, 4), strict=True)]
    for zoom in (2, 11, 15, 17):
        for measure in (*COUNTS, *AMOUNTS, "pace", "std(pace)", "std(speed)", "max(power)", "grade"):
            grids = [draw(library, window(zoom), parse_measure(measure)) for library in libraries]
            assert equal(grids[0], grids[1])
            assert equal(grids[0], grids[2])
    for library in libraries:
        assert check(library, None) == []
        library.close()


def test_adding_and_removing_leaves_nothing(tmp_path, tracks):
    with made(tmp_path / "a.db", tracks[:12], group=3) as library:
        before = rows(library)
        drawn = [draw(library, window(z), parse_measure(m)) for z in (2, 13, 17) for m in (*COUNTS, "pace")]
        numbers = put(library, tracks[12:])
        remove(library, numbers)
        after = rows(library)
        assert before["activities"] == after["activities"]
        assert before["tracks"] == after["tracks"]
        assert before["activity_means"] == after["activity_means"]
        again = [draw(library, window(z), parse_measure(m)) for z in (2, 13, 17) for m in (*COUNTS, "pace")]
        assert all(equal(a, b) for a, b in zip(drawn, again, strict=True))
        assert check(library, None) == []
        remove(library, range(1, 13))
        assert not any(rows(library).values())


def test_compaction_changes_nothing(tmp_path, tracks):
    with made(tmp_path / "a.db", tracks, group=1) as library:
        with library.read() as link:
            many = link.execute("SELECT count(*), max(chunk) FROM chunks").fetchone()
        measures = [parse_measure(m) for m in (*COUNTS, *AMOUNTS, "pace", "grade")]
        drawn = [draw(library, window(z), measure) for z in range(2, 18) for measure in measures]
        compact(library)
        again = [draw(library, window(z), measure) for z in range(2, 18) for measure in measures]
        assert all(equal(a, b) for a, b in zip(drawn, again, strict=True))
        with library.read() as link:
            few = link.execute("SELECT count(*), max(chunk) FROM chunks").fetchone()
        assert few[1] == 0
        assert few[0] < many[0] / 2
        assert 1 < many[1] < 30  # chunks were merged while they came in
        assert check(library, None) == []


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=300), st.tuples(*[st.integers(0, 9)] * 3))
def test_bytes_are_merged_few_times(sizes, tile):
    present, written = [], 0
    for number, size in enumerate(sizes):
        present.append((number, size))
        chosen = writing._to_merge(tile, present)
        assert chosen == [number for number, _ in present[len(present) - len(chosen) :]]
        if chosen:
            some = [size for _, size in present[-len(chosen) :]]
            assert sum(some) >= writing._GROWTH[0] * max(some)
            present[-len(chosen) :] = [(chosen[0], sum(some))]
            written += sum(some)
    assert sum(size for _, size in present) == sum(sizes)
    assert written <= math.log(sum(sizes), writing._GROWTH[0]) * sum(sizes)
    if len(set(sizes)) == 1:  # as imports are
        assert len(present) <= (writing._GROWTH[1] - 1) * (1 + math.log(len(sizes), writing._GROWTH[0]))


def disk_is_full(**_):
    raise OSError(28, "No space left on device")


def test_a_file_of_many_tracks_is_indexed_in_groups(tmp_path, tracks, monkeypatch):
    """Passages of tens of thousands of tracks at once would take gigabytes; what is drawn is the same."""
    with open_library(tmp_path / "whole.db", create=True) as whole:
        put(whole, tracks[:8])
        monkeypatch.setattr(writing, "_FIXES", 300)  # three tracks
        monkeypatch.setattr(writing, "_FEW", 2)
        monkeypatch.setattr(writing, "_PIXELS", 100)
        with open_library(tmp_path / "parts.db", create=True) as parts:
            put(parts, tracks[:8])
            assert rows(parts) == rows(whole)  # what is added to a tile goes into one chunk
        monkeypatch.setattr(maintenance, "_HELD", 5)  # tracks are read again
        with open_library(tmp_path / "again.db", create=True) as again:
            put(again, tracks[:8])
            assert rows(again) == rows(whole)
        monkeypatch.setattr(joining, "_PIECE", 1000)
        monkeypatch.setattr(gathering, "_IN_MEMORY", 10_000)  # the rest waits in a file
        with open_library(tmp_path / "filed.db", create=True) as filed:
            put(filed, tracks[:8])
            assert rows(filed) == rows(whole)
        with monkeypatch.context() as full, open_library(tmp_path / "full.db", create=True) as refused:
            full.setattr(gathering, "tempfile", SimpleNamespace(TemporaryFile=disk_is_full))
            put(refused, tracks[:8])
            assert not check(refused, 2)
        monkeypatch.setattr(gathering, "_IN_MEMORY", 1)
        monkeypatch.setattr(gathering, "_FILED", 1)
        with open_library(tmp_path / "chunks.db", create=True) as chunks:
            put(chunks, tracks[:8])
            with chunks.read() as link:
                assert link.execute("SELECT max(chunk) FROM chunks").fetchone() == (2,)
            assert not check(chunks, 2)
            for measure in (*COUNTS, "pace"):
                over = window(15), parse_measure(measure)
                assert equal(draw(chunks, *over), draw(whole, *over))
        prepared = {k: PreparedTrack(track, 25.0) for k, track in enumerate(tracks)}
        assert [len(some) for some in writing._at_once(2, prepared)] == [30]
        assert max(len(some) for some in writing._at_once(17, prepared)) == 2


def test_threads_change_nothing(tmp_path, tracks):
    with open_library(tmp_path / "a.db", create=True) as one, open_library(tmp_path / "b.db", create=True) as other:
        put(one, tracks, workers=1)
        put(other, tracks, workers=3)
        assert rows(one) == rows(other)


PRIVACY = Privacy(150.0, (Zone(*PLACE, 120.0),), SECRET)


@pytest.fixture
def secret(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "config"))
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "secret").write_text(SECRET.hex())


@pytest.mark.parametrize("measure", [*COUNTS, *AMOUNTS, "pace", "heart_rate"])
def test_what_is_hidden_is_not_in_the_index(tmp_path, tracks, secret, measure):
    with made(tmp_path / "a.db", [], settings=Settings(clip_ends=150.0)) as library:
        with library.write() as link:
            link.execute("INSERT INTO zones (name, lat, lon, radius, rule) VALUES ('home', ?, ?, 120, 2)", PLACE)
        put(library, tracks)
        shown = cut(tracks, PRIVACY)
        for zoom in (4, 14, 17):
            hold(library, shown, window(zoom, 500, 400), measure)
        if measure == "passes":
            bare, seen = (draw_tracks(t, window(17, 500, 400), parse_measure("passes"), 1) for t in (tracks, shown))
            assert seen.total.sum() < bare.total.sum()
            assert check(library, None) == []
