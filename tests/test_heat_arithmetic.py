"""Sums, differences and ratios of heats."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from library_made import walks
from PIL import Image

import heatlas
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.dataset.tracks import Tracks

ALL = walks(2, 14)
WINDOW = Tracks(tuple(ALL)).window(width=120)
AMOUNTS = ("passes", "activities", "fixes", "seconds", "metres")
MEANS = ("heart_rate", "pace", "std(heart_rate)", "max(power)")

parts = st.builds(
    lambda first, last: Tracks(tuple(ALL[min(first, last) : max(first, last) + 1])),
    st.integers(0, 13), st.integers(0, 13),
)  # fmt: skip
widths = st.sampled_from(["0", "auto", "3px"])


def heat_of(tracks, measure, width="auto"):
    """A heat; of tracks that know nothing of a metric there is none."""
    try:
        return tracks.heat(measure, WINDOW, width)
    except NothingToDraw:
        reject()


@given(parts, parts, st.sampled_from(AMOUNTS), widths)
def test_what_is_missing_of_counts_is_0(one, two, measure, width):
    a, b = (tracks.heat(measure, WINDOW, width) for tracks in (one, two))
    less, more = a - b, a + b
    there = ~np.isnan(a.values) | ~np.isnan(b.values)
    x, y = np.nan_to_num(a.values), np.nan_to_num(b.values)
    np.testing.assert_array_equal(less.values, np.where(there, x - y, np.nan))
    np.testing.assert_array_equal(more.values, np.where(there, x + y, np.nan))
    np.testing.assert_array_equal((-less).values, (b - a).values)
    assert less.total == pytest.approx(a.total - b.total)
    assert more.total == pytest.approx(a.total + b.total)
    assert less.unit == more.unit == a.unit
    assert less.values.dtype == np.float32


@given(parts, parts, st.sampled_from(MEANS), widths)
def test_what_is_missing_of_means_is_unknown(one, two, measure, width):
    a, b = (heat_of(tracks, measure, width) for tracks in (one, two))
    np.testing.assert_array_equal((a - b).values, a.values - b.values)
    with pytest.raises(BadOption, match="do not add up"):
        a + b


@given(parts, parts, st.sampled_from(AMOUNTS + MEANS), st.sampled_from(AMOUNTS + MEANS), widths)
def test_a_ratio_is_known_where_what_is_below_is(one, two, above, below, width):
    a, b = heat_of(one, above, width), heat_of(two, below, width)
    ratio = a / b
    x = np.nan_to_num(a.values) if above in AMOUNTS else a.values
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        wanted = x / b.values
    wanted[~np.isfinite(wanted)] = np.nan
    known = ~np.isnan(ratio.values)
    np.testing.assert_array_equal(ratio.values[known], wanted[known])
    lost = ~known & ~np.isnan(wanted)
    assert np.nan_to_num(b.values[lost]).max(initial=0) < 1e-6, "only what hardly anything is behind"
    assert ratio.unit == ("" if above == below else f"{a.unit}/{b.unit}")


@given(parts, st.sampled_from(AMOUNTS + MEANS), st.sampled_from([2, 0.5, -1, 3.7, np.float64(4), np.int32(7)]))
def test_scaling(tracks, measure, factor):
    heat = heat_of(tracks, measure)
    np.testing.assert_array_equal((heat * factor).values, heat.values * np.float32(factor))
    np.testing.assert_array_equal((factor * heat).values, (heat * factor).values)
    np.testing.assert_allclose((heat / factor).values, heat.values / np.float32(factor), rtol=3e-7)
    assert (heat * factor).unit == heat.unit


def heats(measure="passes", background=None):
    one, two = Tracks(tuple(ALL[:9])), Tracks(tuple(ALL[5:]))
    made = [tracks.heat(measure, WINDOW) for tracks in (one, two)]
    return [heat.background(background) for heat in made] if background else made


def test_a_heat_less_itself_is_0_and_over_itself_1():
    a, _ = heats()
    there = ~np.isnan(a.values)
    np.testing.assert_array_equal((a - a).values[there], 0)
    np.testing.assert_array_equal((a / a).values[there], 1)
    assert np.isnan((a - a).values[~there]).all()
    assert not np.asarray((a - a).image())[..., 3].any(), "nothing differs, so that nothing is seen"


@pytest.mark.parametrize("measure", ["passes", "seconds", "heart_rate"])
@pytest.mark.parametrize("ground", ["dark", "light"])
def test_a_difference_is_symmetric_about_0(measure, ground):
    a, b = heats(measure, ground)
    less = a - b
    tone = less.fitted
    assert tone.low == -tone.high < 0
    assert tone.position(0) == 0.5
    assert tone.position(tone.high / 3) + tone.position(-tone.high / 3) == pytest.approx(1, abs=1e-6)
    assert less.look.background == a.look.background
    seen = (less.smoothed.count > 0.7) & less.bare.filled
    pixels = np.asarray(less.image())[..., :3].astype(int)[seen][np.argsort(less.values[seen])]
    cold, warm = pixels[:9], pixels[-9:]
    assert (warm[:, 0] - warm[:, 2]).mean() > 20 > -20 > (cold[:, 0] - cold[:, 2]).mean()
    assert "difference" in less.title
    assert "difference" in less._repr_html_()
    named = a.titled("2020") - b.titled("2019")
    assert named.title == "2020 less 2019"
    assert "2020 less 2019" in named._repr_html_()


def test_one_pass_more_is_seen_beside_many():
    base = Tracks(tuple(ALL[:2])).heat(window=WINDOW)
    many = base * 50
    one = Tracks(tuple(ALL[2:4])).heat(window=WINDOW)
    less = (many - one).background("dark")
    image = np.asarray(less.image())[..., :3].astype(int)
    once = (less.values > -1.2) & (less.values < -0.8)
    assert once.sum() > 20
    assert np.abs(image[once] - (14, 17, 22)).max(axis=1).min() > 15


def test_a_ratio_of_a_kind_is_symmetric_about_1():
    a, b = heats()
    tone = (a / b).fitted
    assert tone.low * tone.high == pytest.approx(1)
    assert tone.position(1) == pytest.approx(0.5)
    assert (a / b).tone("linear").fitted.curve == "linear"
    other = heats("seconds")[0] / a
    assert other.fitted.low > 0
    assert other.measure == "ratio(seconds / passes)"
    assert other.title == "Time spent / passes"


def test_the_range_of_a_ratio_is_not_that_of_what_smoothing_spread():
    a, b = heats()
    ratio = a / b
    on_path = ratio.bare.filled & ~np.isnan(ratio.values) & (ratio.values > 0)
    tails = np.exp(np.quantile(np.abs(np.log(ratio.values[on_path])), 0.98))
    assert tails > 100, "where the tail of one meets another"
    assert 1.5 < ratio.fitted.high < 14
    apart = Tracks(tuple(ALL[:1])).heat(window=WINDOW) / Tracks(tuple(ALL[1:2])).heat(window=WINDOW)
    assert apart.fitted.high > 1
    assert (a / a).fitted.high == pytest.approx(1, abs=0.02)


def test_ratios_of_two_measures_are_what_they_say():
    tracks = Tracks(tuple(ALL))
    seconds, metres, passes = (tracks.heat(m, WINDOW, "0") for m in ("seconds", "metres", "passes"))
    speed = metres / seconds
    assert speed.unit == "m/s"
    known = ~np.isnan(speed.values)
    np.testing.assert_allclose(speed.values[known], metres.values[known] / seconds.values[known])
    # So much in each pass, times the passes, is all of it.
    back = (metres / passes).values * passes.values
    np.testing.assert_allclose(np.nansum(back), metres.total, rtol=1e-5)


def test_tones_of_differences():
    a, b = heats()
    less = a - b
    assert less.tone("linear").fitted.curve == "linear"
    assert less.tone("-5:5").fitted.high == 5
    assert less.tone(less).fitted is less.fitted
    for tone in ("rank", "sqrt", "log:1:5"):
        with pytest.raises(BadOption, match="linear, log, or a range"):
            less.tone(tone).image()


def test_what_does_not_go_together_says_so():
    a, b = heats()
    other = Tracks(tuple(ALL)).heat(window=WINDOW.grown(1))
    with pytest.raises(
        BadOption, match=rf"two windows, {WINDOW.width} x .* and {WINDOW.width + 2} x .*window=a.window"
    ):
        a - other
    with pytest.raises(BadOption, match=r"passes less mean\(pace\) means nothing"):
        a - heats("pace")[1]
    with pytest.raises(BadOption, match="do not add up"):
        a + heats("seconds")[1]
    with pytest.raises(BadOption, match="divided by 0"):
        a / 0
    with pytest.raises(BadOption, match="finite"):
        a * float("nan")
    for wrong in (lambda: a + 1, lambda: a - "b", lambda: a * b, lambda: 1 / a, lambda: a * "x"):
        with pytest.raises(TypeError):
            wrong()
    assert a == a
    assert a != b


def test_sums_of_differences_and_files(tmp_path):
    a, b = heats()
    less = (a - b).background("light")
    np.testing.assert_allclose(((a - b) + (b - a)).values[~np.isnan(less.values)], 0, atol=1e-6)
    assert ((a - b) + b).fitted.low < 0
    less.titled("This year less last").save(tmp_path / "less.png")
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / "less.png").convert("RGBA")), np.asarray(less.image())
    )
    assert '"This year less last, passes"' in (tmp_path / "less.png.json").read_text()
    less.save(tmp_path / "less.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "less.npy"), less.values)
    assert Image.open(io.BytesIO(less._repr_png_())).size == (WINDOW.width, WINDOW.height)


def test_points_with_weights_below_0():
    table = {"lat": [47.8, 47.8, 47.81], "lon": [10.9, 10.91, 10.92], "gain": [3.0, -2.0, 1.0]}
    points = heatlas.open_points(table, weight="gain")
    window = points.window(width=90)
    heat = points.heat("sum", window, "9px")
    np.testing.assert_array_equal((heat * -2).values, heat.values * -2)
    assert (heat + heat).total == pytest.approx(4)
    assert ((heat + heat) - heat).total == pytest.approx(2)
    np.testing.assert_allclose((heat / heat).values[~np.isnan(heat.values)], 1)
