"""All measures of metrics: the index draws what tracing draws, and neither order nor pieces change a bit."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import first_columns, made, older, put, rows, walks

import heatlas.raster.draw_passages as draw_passages
from heatlas.core.batch import join
from heatlas.core.context import NOBODY
from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.library.care.checking import check
from heatlas.library.file.columns import AMOUNTS, VALUES
from heatlas.library.file.opening import open_library
from heatlas.library.file.settings import Settings
from heatlas.library.index.drawing import draw
from heatlas.library.maintenance import compact, reindex, remove
from heatlas.library.rows.activity_means import read_means
from heatlas.raster.draw_tracks import draw as draw_tracks
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.measure import RELATIONS, parse_measure
from heatlas.raster.offered import every_measure
from heatlas.raster.pipeline import heat
from heatlas.rendering.bands import BLOCK, draw_in_bands
from heatlas.tracks.athlete import ATHLETE
from heatlas.tracks.filters import EFFORT
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.metrics.evaluation import Columns
from heatlas.tracks.metrics.means import means_of

ZOOMS = Settings(zooms=(12, 16))
ALL = [
    *every_measure(), "share(heart_rate >= 150 and not grade > 1)", "share(stops)", "share(hour < 12)",
    "std(flat_pace)", "corr(flat_pace,heart_rate)", "corr(wait,heart_rate)", "corr(speed,elevation)",
    "corr(vam,power)", "slope(heart_rate~grade_100)", "slope(pace~climb)", "corr(power,cadence)", "min(sun)",
]  # fmt: skip
MEASURES = list(
    dict.fromkeys(
        str(one)
        for one in map(parse_measure, ALL)
        if not one.simple and not one.reads & {*ATHLETE, *EFFORT} and one.reduction != "people"
    )
)
"""Simple ones, which read one column, are in test_library_index.py, those of an athlete's record in test_athlete.py,
those of whole efforts, which these short walks are not, in test_effort.py, people, of whom these walks have none, in
test_people_measure.py."""
FORMULAS = [name for name in MEASURES if parse_measure(name).metric]
EXACT = ["days", "first", "last", "activities", "passes", "month", "fixes"]
"""Of what is known of whole activities: no step of a column is in them."""
assert set(EXACT) <= set(MEASURES)


def window(zoom=14, width=300, height=280):
    u, v = from_lonlat(10.9, 47.8)
    scale = 256.0 * 2**zoom
    return Window(scale, int(u * scale) - width // 2, int(v * scale) - height // 2, width, height)


def recorded(seed, count):
    """Walks, every third of which has all columns; local time is said, as a library would find it out otherwise."""
    rng = np.random.default_rng(seed)
    found = []
    for k, track in enumerate(walks(seed, count)):
        hills = 600 + 5 * np.sin(np.arange(track.fixes) / 9 + k) + rng.normal(0, 0.1, track.fixes)
        columns = {**track.columns, "elevation": hills.astype(np.float32)}
        for name, low, high in (("power", 0, 400), ("heart_rate", 90, 190), ("cadence", 60, 100)):
            if k % 3 == 0:
                columns.setdefault(name, rng.uniform(low, high, track.fixes).astype(np.float32))
        found.append(replace(track, columns=columns, activities=(replace(track.activities[0], utc_offset=3600.0),)))
    return found


def same(one, other):
    """Whether two grids are equal to the last bit."""
    return one.planes.keys() == other.planes.keys() and all(
        np.array_equal(plane, other.planes[name]) for name, plane in one.planes.items()
    )


def in_steps(name, values):
    """Values of a column of a track's passages, in their order, as the index holds them."""
    if name in AMOUNTS:
        step = AMOUNTS[name][1]
        return np.diff(np.rint(np.cumsum(values) / step), prepend=0) * step
    if name not in VALUES:
        return values
    if name == "pace":
        table, least = VALUES[name].table, VALUES[name].least
        steps = np.clip(np.rint(np.log2(values, where=~np.isnan(values), out=np.zeros(len(values))) * 512), least, None)
        return np.where(np.isnan(values), np.nan, table[np.clip(steps - least, 0, len(table) - 1).astype(int)])
    steps = np.rint(values / VALUES[name].step) * VALUES[name].step
    return steps % METRICS[name].period if METRICS[name].cyclic else steps


def coarse(patch):
    """Let tracing have columns that are as coarse as those of the index."""
    trace = draw_passages._passages

    def passages(*given):
        found = trace(*given)
        columns = {name: in_steps(name, values) for name, values in found.columns.items()}
        return replace(found, columns=Columns(columns, len(found.cells)))

    patch.setattr(draw_passages, "_passages", passages)


@settings(max_examples=6)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 9), group=st.integers(1, 9), zoom=st.sampled_from([12, 14]))
def test_the_index_is_tracing_with_coarse_columns(tmp_path_factory, seed, count, group, zoom):
    """To the last bit: nothing else is between them."""
    tracks = recorded(seed, count)
    place = window(zoom, 600, 560)
    with (
        pytest.MonkeyPatch.context() as patch,
        made(tmp_path_factory.mktemp("one") / "a.db", tracks, group, ZOOMS) as one,
    ):
        coarse(patch)
        for name in FORMULAS:
            measure = parse_measure(name)
            assert same(draw(one, place, measure), draw_tracks(tracks, place, measure, 1)), name


@pytest.fixture(scope="module")
def tracks():
    return recorded(1, 24)


@pytest.fixture(scope="module")
def library(tmp_path_factory, tracks):
    with made(tmp_path_factory.mktemp("index") / "a.db", tracks, group=7, settings=ZOOMS) as library:
        yield library


@pytest.mark.parametrize("name", MEASURES)
def test_the_index_is_near_to_tracing(library, tracks, name):
    measure = parse_measure(name)
    for zoom in (12, 15):
        ours, theirs = draw(library, window(zoom), measure), draw_tracks(tracks, window(zoom), measure, 1)
        if name in EXACT:
            assert same(ours, theirs)
            continue
        known = ours.filled & theirs.filled
        # Conditions and stops may be met by one of both where a value lies at their edge.
        assert known.sum() >= 0.9 * max(ours.filled.sum(), theirs.filled.sum())
        known &= np.isfinite(ours.values) & np.isfinite(theirs.values)
        a, b = ours.values[known].astype(float), theirs.values[known].astype(float)
        off = np.abs(a - b)
        if measure.period:
            off = np.minimum(off, measure.period - off)
        if known.sum() > 1:
            near = 0.05 * (measure.period or float(np.std(b)))
            if measure.reduction in RELATIONS:  # which are ratios of what may be small
                near = 2 * near + 0.2 * float(np.median(np.abs(b)))
            assert np.median(off) <= near + 1e-6, name
    assert draw(library, window(14), measure).filled.any(), name


@settings(max_examples=15)
@given(
    chosen=st.lists(st.booleans(), min_size=24, max_size=24), name=st.sampled_from(FORMULAS), zoom=st.integers(12, 14)
)
def test_a_filter_is_the_library_of_what_passes(library, tracks, chosen, name, zoom):
    with pytest.MonkeyPatch.context() as patch:
        coarse(patch)
        kept = [track for track, wanted in zip(tracks, chosen, strict=True) if wanted]
        place, measure = window(zoom, 600, 560), parse_measure(name)
        assert same(draw(library, place, measure, np.array([False, *chosen])), draw_tracks(kept, place, measure, 1))


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**32 - 1),
    order=st.permutations(range(6)),
    workers=st.sampled_from([1, 2, 3]),
    cuts=st.sets(st.integers(1, 5)),
)
def test_order_workers_and_batches_change_no_bit(seed, order, workers, cuts):
    tracks = recorded(seed, 6)
    ends = [0, *sorted(cuts), 6]
    other = [join([tracks[order[k]] for k in range(*ends)]) for ends in itertools.pairwise(ends)]
    for name in FORMULAS:
        measure = parse_measure(name)
        assert same(draw_tracks(tracks, window(14), measure, 1), draw_tracks(other, window(14), measure, workers)), name


@settings(max_examples=6)
@given(seed=st.integers(0, 2**32 - 1), x=st.integers(1, 199), y=st.integers(1, 149), zoom=st.sampled_from([13, 16]))
def test_a_mosaic_of_windows_is_one_window(seed, x, y, zoom):
    tracks, whole = recorded(seed, 4), window(zoom, 200, 150)
    for name in MEASURES:
        measure = parse_measure(name)
        grid = draw_tracks(tracks, whole, measure, 1)
        for left, width in ((0, x), (x, 200 - x)):
            for top, height in ((0, y), (y, 150 - y)):
                part = replace(whole, x=whole.x + left, y=whole.y + top, width=width, height=height)
                assert same(draw_tracks(tracks, part, measure, 1), grid.part(part)), name


def test_a_mosaic_of_tiles_is_one_window_of_the_index(library):
    whole = window(15, 512, 512)
    whole = replace(whole, x=whole.x // 256 * 256, y=whole.y // 256 * 256)
    for name in MEASURES:
        grid = draw(library, whole, parse_measure(name))
        for left, top in itertools.product((0, 200), (0, 312)):
            part = replace(whole, x=whole.x + left, y=whole.y + top, width=200, height=200)
            assert same(draw(library, part, parse_measure(name)), grid.part(part)), name


@settings(max_examples=6)
@given(seed=st.integers(0, 2**32 - 1), first=st.integers(0, 6))
def test_grids_of_other_activities_merge(seed, first):
    tracks = recorded(seed, 6)
    for name in MEASURES:
        measure = parse_measure(name)
        if measure.reduction in {"residual", "days", "seconds", "metres"}:
            continue  # of a model of all activities; a day may be in both; sums of what is not rounded
        a, b = (draw_tracks(some, window(14), measure, 1) for some in (tracks[:first], tracks[first:]))
        whole = draw_tracks(tracks, window(14), measure, 1)
        assert same(a.merge(b), whole), name
        assert same(draw_tracks(tracks[first:], window(14), measure, 1, a), whole), name
        assert np.array_equal(a.merge(b).values, whole.values, equal_nan=True), name


@pytest.mark.parametrize("name", [*FORMULAS, "days"])
def test_bands_are_one_picture(tracks, name):
    def make(place, context):
        return heat(tracks, place, parse_measure(name), Smoothing(pixels=1.5), context)

    place = window(15, 300, 5 * BLOCK)
    whole = make(place, NOBODY)
    with draw_in_bands(make, place, 2 * BLOCK) as banded:
        assert np.array_equal(banded.values(0, place.height), whole.smoothed.values, equal_nan=True)
        assert (banded.sample.fitted is None) == (whole.smoothed.fitted is None)
        if whole.smoothed.fitted is not None:
            assert tuple(banded.sample.fitted) == tuple(whole.smoothed.fitted)
        for first, last in ((0, 1), (BLOCK - 1, BLOCK + 1), (place.height - 3, place.height)):
            ours, theirs = banded.rows(first, last), whole.smoothed.rows(first, last)
            assert (ours.opacity is None) == (theirs.opacity is None)
            assert ours.opacity is None or np.array_equal(ours.opacity, theirs.opacity)


@settings(max_examples=3)
@given(seed=st.integers(0, 2**32 - 1), kept=st.integers(1, 6), extra=st.integers(1, 3))
def test_adding_and_removing_changes_nothing(tmp_path_factory, seed, kept, extra):
    tracks = recorded(seed, kept + extra)
    with made(tmp_path_factory.mktemp("one") / "a.db", tracks[:kept], 4, ZOOMS) as library:
        before, drawn = rows(library), {name: draw(library, window(14), parse_measure(name)) for name in FORMULAS}
        assert len(before["activity_means"]) == kept
        numbers = put(library, tracks[kept:])
        assert len(rows(library)["activity_means"]) == kept + extra
        remove(library, numbers)
        after = rows(library)
        assert after["activity_means"] == before["activity_means"]
        assert after["passages"] == before["passages"]
        compact(library)
        assert check(library, None) == []
        for name, grid in drawn.items():
            assert same(grid, draw(library, window(14), parse_measure(name))), name


def test_means_are_those_of_tracing_to_the_last_bit(library, tracks):
    with library.read() as link:
        found = read_means(link, len(tracks))
    for number, track in enumerate(tracks, 1):
        for name, (mean,) in means_of(track, VALUES).items():
            assert np.array_equal(found.means[name][number], mean, equal_nan=True), name


def test_a_library_of_before_has_no_relations_until_it_is_reindexed(tmp_path, tracks):
    with first_columns():
        made(tmp_path / "whole.db", tracks[:10], 4, ZOOMS).close()
    older(tmp_path / "old.db", tmp_path / "whole.db", 6)
    known = {name for name, encoding in VALUES.items() if encoding.column < 12}
    with open_library(tmp_path / "old.db") as library, made(tmp_path / "new.db", tracks, 4, ZOOMS) as new:
        place = window(14)
        for name in FORMULAS:
            measure = parse_measure(name)
            ours = draw(library, place, measure)
            if measure.reduction in RELATIONS or measure.recorded - known - {"elapsed"}:
                assert not ours.filled.any(), name
            else:  # time of day and darkness are those of the start then
                assert ours.filled.any(), name
        put(library, tracks[10:])
        early, late = (np.arange(25) <= 10) & (np.arange(25) > 0), np.arange(25) > 10
        for name in FORMULAS:
            measure = parse_measure(name)
            assert same(draw(library, place, measure, late), draw(new, place, measure, late)), name
            if measure.reduction in RELATIONS:
                assert not draw(library, place, measure, early).filled.any()
                if measure.reduction != "residual":  # without any of before
                    assert same(draw(library, place, measure), draw(new, place, measure, late)), name
        reindex(library)
        assert rows(library)["activity_means"] == rows(new)["activity_means"]
        for name in FORMULAS:
            measure = parse_measure(name)
            assert same(draw(library, place, measure), draw(new, place, measure)), name
        assert check(library, None) == []


def test_means_are_of_what_is_shown(tmp_path, tracks):
    """What is cut off is in no mean."""
    with made(tmp_path / "a.db", tracks[:3], 4, ZOOMS) as library:
        before = rows(library)["activity_means"]
        reindex(library, clip_ends=150.0)
        after = rows(library)["activity_means"]
        assert [number for number, _ in after] == [1, 2, 3]
        assert all(one != other for one, other in zip(before, after, strict=True))
        reindex(library, clip_ends=0.0)
        assert rows(library)["activity_means"] == before
