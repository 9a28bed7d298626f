"""Differences of means between two choices of activities, and Welch's t."""

from __future__ import annotations

import itertools
import math
import pickle
from collections import defaultdict
from dataclasses import replace
from urllib.parse import quote, urlsplit

import numpy as np
import pytest
from click.testing import CliRunner
from compared import LAT, LON, along, around, same
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import made
from publishing import folder_tiles, publish
from serving import client, pixels, tile_of, values

from heatlas.cli import group
from heatlas.core.errors import BadOption
from heatlas.dataset.tracks import Tracks
from heatlas.library.file.settings import Settings
from heatlas.library.index.drawing import draw as draw_index
from heatlas.raster.differences import difference, fit_variance, significance, welch
from heatlas.raster.draw_tracks import draw
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.measure import Measure, parse_measure
from heatlas.raster.passages import Passages, add_passages
from heatlas.raster.pipeline import heat
from heatlas.rendering.bands import BLOCK, draw_in_bands
from heatlas.style.colour import colour
from heatlas.style.defaults import measure_title, suiting_colours, titled
from heatlas.style.legend_kinds import legend_for
from heatlas.style.tone import ToneScale, fit
from heatlas.tracks.filters import parse_where
from heatlas.tracks.metrics.evaluation import Columns

NAMES = ("n", "x", "xx", "m", "y", "yy")
HALVES = "diff(pace; half = 0; half = 1)"
BARE = Smoothing(metres=0.0, pixels=0.0)
SMOOTH = Smoothing(metres=4.0, pixels=1.0)


def halves(count=40, slower=0.0, seed=1, **known):
    """Tracks along one way in two random halves, the second slower in the second half of the way (s/m)."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(count):
        half = int(rng.integers(2))
        paces = rng.normal(0.35, 0.03) + np.array([0, slower * half])
        found.append(along(k, pace=paces, heart=rng.normal(150, 8), extra={"half": half}, **known))
    return found


def test_the_total_is_of_both_sides():
    tracks = Tracks(tuple(halves(12)))
    window = tracks.window(width=200)
    drawn = heat(tracks.batches, window, parse_measure(HALVES), BARE)
    planes = drawn.bare.planes
    assert drawn.total == planes["n"].sum() + planes["m"].sum() > planes["n"].sum() > 0


# Text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("diff(pace; year = 2019; year = 2023)", "diff(pace; year = 2019; year = 2023)"),
        (
            " DIFF( gap ;sport='Run';  sport IN ('Hike', 'Walk') ) ",
            "diff(flat_pace; sport='Run'; sport IN ('Hike', 'Walk'))",
        ),
        ("diff(mean(heart_rate); name = 'a;b'; name = 'c')", "diff(heart_rate; name = 'a;b'; name = 'c')"),
        ("diff(share(heart_rate > 150); year=1; year=2)", "diff(share(heart_rate > 150); year=1; year=2)"),
    ],
)
def test_differences_are_written_as_they_are_read(text, written):
    measure = parse_measure(text)
    assert str(measure) == written
    assert parse_measure(written) == measure
    assert measure.signed
    assert measure.reads == measure.mean.reads


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("diff(pace; year = 2019)", "needs a mean and two filters"),
        ("diff(pace, year = 2019, year = 2023)", "needs a mean and two filters"),
        ("diff(pace; ; year = 2023)", "needs a mean and two filters"),
        ("diff(max(pace); year = 1; year = 2)", "compares means"),
        ("diff(passes; year = 1; year = 2)", "compares means"),
        ("diff(hour; year = 1; year = 2)", "compares means"),
        ("diff(pase; year = 1; year = 2)", "there is no measure 'pase'"),
        ("diff(pace; year = = 1; year = 2)", "is not understood"),
    ],
)
def test_what_is_no_difference_says_so_in_one_sentence(text, said):
    with pytest.raises(BadOption, match=said) as refused:
        parse_measure(text)
    assert "\n" not in str(refused.value)


# Planes


@given(st.integers(0, 2**32 - 1))
def test_planes_are_those_of_a_plain_twin(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 9, 7)
    total = int(counts.sum())
    pace = rng.uniform(0.2, 1, total)
    pace[rng.random(total) < 0.2] = np.nan
    sides = rng.random((2, 7)) < 0.5  # an activity may be on both, or neither
    passages = Passages(
        rng.integers(0, 4, total), np.concatenate([[0], np.cumsum(counts)]), Columns({"pace": pace}, total),
        Columns({}, 7), sides=(sides[0], sides[1]),
    )  # fmt: skip
    planes = {name: np.zeros(4) for name in NAMES}
    add_passages(passages, parse_measure(HALVES), planes, np.full(4, -1, np.int32))
    expected = defaultdict(lambda: np.zeros(6))
    for k, (first, last) in enumerate(itertools.pairwise(passages.bounds)):
        voices = defaultdict(list)
        for p in range(first, last):
            if not math.isnan(pace[p]):
                voices[int(passages.cells[p])].append(pace[p])
        for pixel, known in voices.items():
            voice = round(sum(known) / len(known) * 2**16) / 2**16
            for side in (0, 1):
                if sides[side][k]:
                    expected[pixel][3 * side : 3 * side + 3] += [1, voice, voice * voice]
    for pixel in range(4):
        assert [planes[name][pixel] for name in NAMES] == expected[pixel].tolist()


def planes_of(first, second):
    """Planes of one pixel from the voices of both sides."""
    found = {}
    for names, side in ((NAMES[:3], first), (NAMES[3:], second)):
        found |= dict(zip(names, ([len(side)], [sum(side)], [sum(value**2 for value in side)]), strict=True))
    return {name: np.array(value, float) for name, value in found.items()}


numbers = st.lists(st.floats(0.1, 0.9), min_size=4, max_size=12)


@given(numbers, numbers, st.floats(0.001, 0.1))
def test_t_is_that_of_welch_with_variances_held_towards_the_usual(first, second, usual):
    def part(side):
        variance = np.var(side, ddof=1)
        return ((len(side) - 1) * variance + 4 * usual) / (len(side) - 1 + 4) / len(side)

    planes = planes_of(first, second)
    expected = (np.mean(second) - np.mean(first)) / math.sqrt(part(first) + part(second))
    assert welch(planes, (usual,))[0] == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert difference(planes, (usual,))[0] == pytest.approx(np.mean(second) - np.mean(first), abs=1e-12)
    assert significance(planes, (usual,))[0] == (1 if abs(welch(planes, (usual,))[0]) > 2 else 0.25)


def test_few_voices_say_nothing():
    for first, second in (([0.3] * 3, [0.4] * 9), ([0.3] * 9, [0.4] * 3)):
        planes = planes_of(first, second)
        assert np.isnan(difference(planes, (0.1,))).all()
        assert np.isnan(welch(planes, (0.1,))).all()
        assert fit_variance(planes) == (0.0,)
    assert welch(planes_of([0.3] * 4, [0.3] * 4), (0.0,)).tolist() == [0.0]


# Maps


@settings(max_examples=8, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(2, 4))
def test_neither_order_nor_workers_change_a_bit(random, workers):
    tracks = halves()
    shuffled = list(tracks)
    random.shuffle(shuffled)
    measure = parse_measure(HALVES)
    assert same(draw(tracks, around(), measure, 1), draw(shuffled, around(), measure, workers))


def test_bands_and_parts_agree_with_the_whole():
    tracks, window, measure = halves(slower=0.05), around(height=200), parse_measure(HALVES)
    whole = heat(tracks, window, measure, SMOOTH)
    with draw_in_bands(lambda part, _: heat(tracks, part, measure, SMOOTH), window, BLOCK) as banded:
        rows = banded.rows(0, 200)
        np.testing.assert_array_equal(rows.values, whole.smoothed.values)
        np.testing.assert_array_equal(rows.opacity, whole.smoothed.opacity)
    part = heat(tracks, replace(window, width=90), measure, SMOOTH).smoothed
    part = replace(part, fitted=whole.smoothed.fitted)
    np.testing.assert_array_equal(part.values, whole.smoothed.values[:, :90])
    np.testing.assert_array_equal(part.opacity, whole.smoothed.opacity[:, :90])


@pytest.mark.parametrize("mean", ["pace", "heart_rate", "share(heart_rate >= 150.25)"])
def test_the_index_gives_the_same_voices(tmp_path, mean):
    tracks = halves(slower=0.05)
    measure = parse_measure(f"diff({mean}; half = 0; half = 1)")
    library = made(tmp_path / "l.heatlas", tracks, settings=Settings(zooms=(12, 16)))
    index, traced = draw_index(library, around(), measure), draw(tracks, around(), measure)
    for name in "nm":
        np.testing.assert_array_equal(index.planes[name], traced.planes[name])
        assert traced.planes[name].max() > 10
    one, other = (replace(grid, fitted=(1.0,)).values for grid in (index, traced))
    np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
    assert np.nanmax(np.abs(one - other)) <= {"pace": 0.01, "heart_rate": 0.5}.get(mean, 0)


def test_what_changed_is_opaque_and_what_did_not_is_pale():
    tracks, measure = halves(80, slower=0.06), parse_measure(HALVES)
    drawn = heat(tracks, around(), measure, SMOOTH)
    grid, on_path = drawn.smoothed, drawn.bare.filled & np.isfinite(drawn.smoothed.values)
    columns = np.nonzero(on_path)[1]
    middle = (columns.min() + columns.max()) / 2
    later = on_path & (np.arange(on_path.shape[1]) > middle + 8)
    sooner = on_path & (np.arange(on_path.shape[1]) < middle - 8)
    assert np.median(grid.values[later]) == pytest.approx(0.06, abs=0.02)
    assert (grid.opacity[later] == 1).mean() > 0.95
    assert (grid.opacity[sooner] == 0.25).mean() > 0.8
    tone = fit(ToneScale("linear"), grid, drawn.bare)
    assert tone.low == -tone.high
    painted = colour(grid, tone, suiting_colours(grid, None), None).rgba
    assert set(painted[later & (grid.opacity == 1), 3].tolist()) == {255}
    assert set(painted[sooner & (grid.opacity < 1), 3].tolist()) == {64}


@pytest.mark.parametrize("mean", ["pace", "heart_rate"])
def test_random_halves_are_no_news(mean):
    """The null test: of two random halves about 5 % of the pixels differ by |t| > 2."""
    shares = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        # Eighty people, each going part of the way, as fast as they happen to be from place to place.
        tracks = [
            along(
                k, pace=rng.normal(0.35, 0.03, 12), heart=rng.normal(150, 8, 12), metres=rng.uniform(200, 400),
                extra={"half": int(rng.integers(2))},
            )
            for k in range(80)
        ]  # fmt: skip
        drawn = heat(tracks, around(), parse_measure(f"diff({mean}; half = 0; half = 1)"), SMOOTH)
        shown = drawn.bare.filled & np.isfinite(drawn.smoothed.values)
        shares.append((drawn.smoothed.opacity[shown] == 1).mean())
    assert 0.015 < np.mean(shares) < 0.10


# Python


@pytest.mark.parametrize("mean", ["pace", "heart_rate", "share(heart_rate >= 150.25)"])
def test_t_of_two_heats_is_that_of_a_difference(mean):
    tracks = Tracks(tuple(halves(slower=0.05)))
    a, b = (tracks.where(f"half = {half}").heat(mean, around()) for half in (1, 0))
    t = (a - b).t()
    whole = tracks.heat(f"diff({mean}; half = 0; half = 1)", around())
    grid = whole.smoothed
    np.testing.assert_allclose(t.values, welch(grid.planes, grid.fitted).astype(np.float32), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(whole.t().values, t.values, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose((b - a).t().values, -t.values, rtol=2e-2, atol=2e-2)
    assert t.title.endswith("difference: t")
    assert t.unit == ""
    assert t.fitted.low == -t.fitted.high
    assert np.nanmax(np.abs(t.values)) > 2 or mean != "pace"
    assert "<figure" in t._repr_html_()


def test_t_follows_the_smoothing():
    tracks = Tracks(tuple(halves(slower=0.05)))
    heats = [tracks.where(f"half = {half}").heat("pace", around(), "0") for half in (1, 0)]
    wide = [each.smooth("3px") for each in heats]
    fresh = [tracks.where(f"half = {half}").heat("pace", around(), "3px") for half in (1, 0)]
    np.testing.assert_array_equal((wide[0] - wide[1]).t().values, (fresh[0] - fresh[1]).t().values)


def test_t_of_anything_else_says_so():
    tracks = Tracks(tuple(halves(12)))
    pace, passes = tracks.heat("pace", around()), tracks.heat("passes", around())
    for heat_ in (pace, passes - passes, pickle.loads(pickle.dumps(pace - pace)), pace / pace):
        with pytest.raises(BadOption, match=r"take \(a - b\)\.t\(\)"):
            heat_.t()


def test_attributes_that_no_activity_has_are_named():
    with pytest.raises(BadOption, match="no activity has an attribute 'yeer': did you mean year"):
        Tracks(tuple(halves(6))).heat("diff(pace; yeer = 1; year = 2)", around())


# Files, servers, films


YEARS = "diff(pace; year = 2019; year = 2020)"


def years(count=24, **known):
    """Runs of 2019, and slower ones of 2020."""
    rng = np.random.default_rng(5)
    return [
        along(
            k, pace=rng.normal(0.35, 0.02) + 0.05 * (k % 2), heart=rng.normal(150, 8),
            start=(1.55e9 if k % 2 == 0 else 1.585e9) + 86400.0 * (k // 2), **known,
        )
        for k in range(count)
    ]  # fmt: skip


def test_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made(tmp_path / "l.heatlas", years())
    run = CliRunner()
    box = ",".join(f"{edge:.6f}" for edge in around().bbox)
    drawn = run.invoke(
        group, ["render", "l.heatlas", "-o", "d.npy", "--measure", YEARS, "--bbox", box, "--width", "256"]
    )
    assert drawn.exit_code == 0, drawn.output
    assert np.nanmedian(np.load(tmp_path / "d.npy")) == pytest.approx(0.05, abs=0.02)
    film = run.invoke(group, ["render", "l.heatlas", "-o", "d.gif", "--measure", YEARS])
    assert film.exit_code
    assert "compares two choices: draw a picture" in str(film.exception)
    wrong = run.invoke(group, ["render", "l.heatlas", "-o", "d.png", "--measure", "diff(pace; yeer = 1; year = 2)"])
    assert wrong.exit_code
    assert "did you mean year" in str(wrong.exception)


def test_swapping_the_sides_changes_the_sign_and_nothing_else(tmp_path):
    """Which pixels lie on paths, and so the tone, must not depend on the side that is named first."""
    few, many = "day <= 3", "day > 3"
    numbered = [
        replace(
            track, v=track.v + (2e-6 if k in {4, 5, 6} else 0.0),  # 54 m beside the way of all others
            activities=(replace(track.activities[0], extra={"day": k % 12}),),
        )
        for k, track in enumerate(years())
    ]  # fmt: skip
    window = around()
    one, other = (
        heat(numbered, window, parse_measure(f"diff(pace; {a}; {b})"), SMOOTH) for a, b in ((few, many), (many, few))
    )
    assert np.array_equal(one.bare.filled, other.bare.filled)
    assert one.bare.filled.any()
    assert one.smoothed.fitted == pytest.approx(other.smoothed.fitted, rel=1e-6)
    np.testing.assert_allclose(one.smoothed.values, -other.smoothed.values, rtol=1e-6, atol=1e-9)
    made(tmp_path / "l.heatlas", numbered, settings=Settings(zooms=(12, 16)))
    with client(tmp_path / "l.heatlas") as web:
        low, high = (
            web.get(f"/scale.json?z=16&measure={quote(f'diff(pace; {a}; {b})')}").json()
            for a, b in ((few, many), (many, few))
        )
    assert low["high"] is not None
    assert (low["low"], low["high"], low["left_out"]) == (pytest.approx(-high["high"]), pytest.approx(-high["low"]), [])


BRIEF = "Mean pace: difference"
LONG = "diff(pace; others; distance > 10000 AND NOT commute)"


@pytest.mark.parametrize(
    ("measure", "title", "head", "note"),
    [
        (YEARS, "Mean pace: 2020 less 2019", "", ""),
        ("diff(pace; others; gear = 'It''s')", "Mean pace: It's less all others", "", ""),
        ("diff(pace; sport = 'Run'; others)", "Mean pace: all others less Run", "", ""),
        ("diff(pace; gear = 'Run'; sport = 'Run')", "Mean pace: sport = 'Run' less gear = 'Run'", BRIEF,
         "sport = 'Run' less gear = 'Run'; "),
        (LONG, "Mean pace: distance > 10000 AND NOT commute less all others", BRIEF,
         "distance > 10000 AND NOT commute less all others; "),
    ],
)  # fmt: skip
def test_titles_and_legends_say_what_is_compared(measure, title, head, note):
    """Layers of two differences have two titles; a legend has room for a short one, and says the rest below."""
    measure = parse_measure(measure)
    legend = legend_for(measure, None)
    assert measure_title(measure) == title
    assert legend.title == (head or title) + ", min/km"
    assert legend.note == f"{note}opaque where |t| > 2"
    assert legend_for(measure, None, titled(measure)) == legend
    assert legend_for(measure, None, "Mine").title == "Mine"


def test_others_are_all_that_the_other_side_does_not_choose():
    """Also those of which it cannot be told; NOT leaves them out."""
    measure = parse_measure("diff(pace; Others; gear = 'a')")
    assert str(measure) == "diff(pace; others; gear = 'a')"
    assert parse_measure(str(measure)) == measure
    rest = parse_where(measure.sides[0])
    assert [rest({"gear": gear}) for gear in ("a", "b", None)] == [False, True, True]
    assert not parse_where("NOT (gear = 'a')")({"gear": None})
    swapped = parse_measure("diff(pace; gear = 'a'; others)")
    assert swapped.sides == measure.sides[::-1]
    with pytest.raises(BadOption, match="compares others with others"):
        parse_measure("diff(pace; others; others)")


def test_the_server_draws_differences(tmp_path):
    tracks = years()
    made(tmp_path / "l.heatlas", tracks, settings=Settings(zooms=(12, 16)))
    page, (x, y) = client(tmp_path / "l.heatlas"), tile_of(16, LAT, LON)
    found = values(page, f"/tiles/{quote(YEARS)}/16/{x}/{y}.npy?")
    assert np.nanmedian(found) == pytest.approx(0.05, abs=0.02)
    shown = pixels(page.get(f"/tiles/{quote(YEARS)}/16/{x}/{y}.png?").content)
    assert (shown[..., 3] == 255).any()
    scale = page.get(f"/scale.json?z=16&measure={YEARS}").json()
    assert scale["note"] == "opaque where |t| > 2"
    # The filter of the map is asked for as well.
    none = values(page, f"/tiles/{quote(YEARS)}/16/{x}/{y}.npy?&where=year = 2019")
    assert np.isnan(none).all()
    empty = page.get(f"/tiles/{quote('diff(pace; year = 2019; year = 1999)')}/16/{x}/{y}.png")
    assert empty.status_code == 400
    assert "'year = 1999'" in empty.text


@pytest.mark.parametrize("gear", ["Road/gravel", "/a//b/../c/1/2/3.png", "50 % & more; #1?", "É+{z}\\"])
def test_a_filter_may_hold_what_addresses_are_made_of(tmp_path, gear):
    tracks = [*years(12, gear=gear), *years(36, gear="other")[12:]]
    made(tmp_path / "l.heatlas", tracks, settings=Settings(zooms=(12, 16)))
    page, (x, y) = client(tmp_path / "l.heatlas"), tile_of(16, LAT, LON)
    measure = f"diff(pace; gear = '{gear}'; gear = 'other')"
    known = values(page, f"/tiles/{quote(measure, safe='')}/16/{x}/{y}.npy")
    assert np.isfinite(known).any()
    told = page.get("/tiles.json", params={"measure": measure}).json()
    place = {"{z}": "16", "{x}": str(x), "{y}": str(y)}
    address = urlsplit(told["tiles"][0]).path
    for name, value in place.items():
        assert address.count(name) == 1
        address = address.replace(name, value)
    np.testing.assert_array_equal(values(page, f"{address.removesuffix('.png')}.npy"), known)
    if ".." not in gear:  # a proxy may have decoded slashes, and nothing else
        np.testing.assert_array_equal(values(page, f"/tiles/{quote(measure, safe='/')}/16/{x}/{y}.npy"), known)


def test_a_public_map_compares_whole_groups_only(tmp_path):
    tracks = years(40)
    made(tmp_path / "l.heatlas", tracks, settings=Settings(zooms=(12, 16)))
    page, (x, y) = client(tmp_path / "l.heatlas", public=True), tile_of(16, LAT, LON)
    shown = page.get(f"/tiles/{quote(YEARS)}/16/{x}/{y}.png?")
    assert shown.status_code == 200
    assert pixels(shown.content)[..., 3].any()
    # A half of a month is no whole group, and what tells one activity is not asked.
    few = "year = 2019 AND month = 2 AND sport = 'Run' AND NOT year = 2019"
    for one, said in ((few, "too few activities for a public map"), ("hour < 4", "this map is public")):
        answer = page.get(f"/tiles/{quote(f'diff(pace; {one}; year = 2020)')}/16/{x}/{y}.png")
        assert answer.status_code == 400
        assert said in answer.text
    assert page.get(f"/tiles/{quote(YEARS.replace('pace', 'heart_rate'))}/16/{x}/{y}.png").status_code == 403


def test_measures_of_voices_are_not_offered():
    with pytest.raises(BadOption, match="there is no measure"):
        parse_measure("voices(pace)")
    assert Measure("voices", "pace").reads == {"pace"}


@pytest.mark.parametrize("measure", [YEARS, "both(pace, heart_rate)"])
def test_published_tiles_are_those_of_the_server(tmp_path, measure):
    made(tmp_path / "l.heatlas", years(), settings=Settings(zooms=(12, 16)))
    publish(tmp_path / "l.heatlas", tmp_path / "tiles", zooms=(15, 16), measure=measure)
    page, found = client(tmp_path / "l.heatlas"), folder_tiles(tmp_path / "tiles")
    assert found
    for (z, x, y), data in found.items():
        served = page.get(f"/tiles/{quote(measure)}/{z}/{x}/{y}.png")
        np.testing.assert_array_equal(pixels(data)[..., 3], pixels(served.content)[..., 3])


def test_what_is_known_of_activities_is_read_once(tmp_path, monkeypatch):
    import heatlas.tiles.facts as facts

    made(tmp_path / "l.heatlas", years(), settings=Settings(zooms=(12, 16)))
    page, (x, y) = client(tmp_path / "l.heatlas"), tile_of(16, LAT, LON)
    reads, read = [], facts.read_means
    monkeypatch.setattr(facts, "read_means", lambda *given: reads.append(1) or read(*given))
    for column in range(4):
        assert page.get(f"/tiles/corr(pace,heart_rate)/16/{x + column}/{y}.png").status_code == 200
    assert len(reads) == 1
