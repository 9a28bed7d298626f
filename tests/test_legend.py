"""Legends: human numbers in true places, labels apart from each other, a panel that fits the picture."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from heatlas.core.units import steps
from heatlas.style import fonts
from heatlas.style.colormaps import colormap
from heatlas.style.defaults import title_named, unit_named
from heatlas.style.legend import draw_legend, fitting_scale, nice_ticks, over, shrunk

MEASURES = [
    "passes",
    "seconds",
    "metres",
    "mean(pace)",
    "mean(speed)",
    "mean(heart_rate)",
    "mean(grade)",
    "sum(w)",
]


def linear(low, high):
    return lambda value: (value - low) / (high - low)


def log(low, high):
    return lambda value: math.log(max(value, low) / low) / math.log(high / low)


@pytest.mark.parametrize(
    ("measure", "value", "words"),
    [
        ("passes", 12000, "12,000"),
        ("passes", 0.5, "0.5"),
        ("activities", 3, "3"),
        ("fixes", 2_500_000, "2.5M"),
        ("seconds", 30, "30 s"),
        ("seconds", 0.2, "0.2 s"),
        ("seconds", 59.7, "1 min"),
        ("seconds", 90, "1 min 30 s"),
        ("seconds", 3599, "1 h"),
        ("seconds", 4800, "1 h 20 min"),
        ("seconds", 720_000, "200 h"),
        ("metres", 500, "500 m"),
        ("metres", 999.9, "999.9 m"),
        ("metres", 999.96, "1 km"),
        ("metres", 1500, "1.5 km"),
        ("mean(pace)", 0.33, "5:30"),
        ("mean(pace)", 0.29999, "5:00"),
        ("mean(pace)", 3.6, "1:00:00"),
        ("mean(speed)", 10, "36"),
        ("max(heart_rate)", 151, "151"),
        ("mean(cadence)", 88, "88"),
        ("mean(power)", 250, "250"),
        ("mean(elevation)", 1234, "1,234"),
        ("mean(temperature)", -7.5, "-7.5"),
        ("mean(grade)", -12, "-12"),
        ("sum(population)", 3_400_000, "3.4M"),
        ("sum(population)", 0, "0"),
        ("sum(population)", math.nan, "-"),
        ("nobody(knows)", 0.000123, "0.000123"),
    ],
)
def test_numbers_are_written_for_people(measure, value, words):
    assert unit_named(measure).format(value) == words


@pytest.mark.parametrize(
    ("measure", "title"),
    [
        ("passes", "Passes"),
        ("seconds", "Time spent"),
        ("mean(pace)", "Mean pace, min/km"),
        ("max(heart_rate)", "Max heart rate, bpm"),
        ("sum(population)", "Sum of population"),
        ("std(elevation)", "Spread of elevation, m"),
    ],
)
def test_titles(measure, title):
    assert title_named(measure) == title


def test_steps_are_counted_by_the_clock():
    assert steps(unit_named("mean(pace)"), 5, 300) == [5, 10, 15, 20, 30, 60, 120, 300]
    assert steps(unit_named("seconds"), 900, 40_000) == [900, 1200, 1800, 3600, 7200, 18000, 36000]
    assert steps(unit_named("passes"), 0.5, 20) == [0.5, 1, 2, 5, 10, 20]


@pytest.mark.parametrize(
    ("measure", "low", "high", "curve", "labels"),
    [
        ("passes", 1, 100, log, "1 2 5 10 20 50 100"),
        ("passes", 1, 1_000_000, log, "1 100 10,000 1M"),
        ("passes", 1, 47, linear, "10 20 30 40"),
        ("passes", 1, 3, linear, "1 2 3"),
        ("mean(pace)", 0.22, 0.46, linear, "4:00 5:00 6:00 7:00"),
        ("mean(heart_rate)", 112, 176, linear, "120 130 140 150 160 170"),
        ("mean(grade)", -14, 14, linear, "-10 -5 0 5 10"),
        ("seconds", 3, 9000, log, "10 s|1 min|10 min|1 h"),
        ("metres", 8, 25_000, log, "10 m|100 m|1 km|10 km"),
        ("passes", 30, 80, log, "40 50 60 80"),
        ("sum(w)", 0.0012, 0.9, log, "0.002 0.01 0.1 0.5"),
    ],
)
def test_ticks_are_round_numbers_in_their_places(measure, low, high, curve, labels):
    unit, position = unit_named(measure), curve(low, high)
    ticks = nice_ticks(low, high, position, unit)
    assert [label for _, label in ticks] == labels.split("|" if "|" in labels else None)
    if curve is linear and measure == "mean(pace)":
        assert [place for place, _ in ticks] == pytest.approx([position(s / 1000) for s in (240, 300, 360, 420)])


@given(
    st.sampled_from(MEASURES),
    st.floats(-1e6, 1e7),
    st.floats(1e-4, 1e7),
    st.sampled_from(["linear", "log", "sqrt", "falling", "stairs"]),
)
def test_any_range_has_ticks_that_keep_apart(measure, low, span, curve):
    high = low + span
    assume(high - low > 1e-6 * max(abs(low), abs(high), 1) and (curve != "log" or low > 1e-6))
    position = {
        "linear": linear(low, high),
        "sqrt": lambda value: math.sqrt(max(linear(low, high)(value), 0)),
        "falling": lambda value: 1 - linear(low, high)(value),
        "stairs": lambda value: math.ceil(linear(low, high)(value) * 3 - 1e-9) / 3,
        "log": log(low, high) if low > 0 else None,
    }[curve]
    unit = unit_named(measure)
    ticks = nice_ticks(low, high, position, unit)
    assert 1 <= len(ticks) <= 8
    places, labels = zip(*ticks, strict=True)
    assert all(0 <= place <= 1 for place in places)
    assert len(set(labels)) == len(labels)
    assert all(np.diff(places) > 0.04)


@example("mean(pace)", 710_060.0, 1.0, "linear")  # the label that has just no room is that on the left
@given(st.sampled_from(MEASURES), st.floats(1e-3, 1e6), st.floats(1e-3, 1e3), st.sampled_from(["arsinh", "linear"]))
def test_ticks_of_a_difference_are_alike_on_both_sides(measure, reach, least, curve):
    far = math.asinh(reach / least) if curve == "arsinh" else reach
    bend = (lambda value: math.asinh(value / least)) if curve == "arsinh" else float
    unit = unit_named(measure)
    ticks = nice_ticks(-reach, reach, lambda value: (bend(value) / far + 1) / 2, unit)
    places, labels = zip(*ticks, strict=True)
    assert np.array(places) == pytest.approx(1 - np.array(places)[::-1], abs=1e-9)
    middle = unit.format(0)
    assert labels[len(labels) // 2] == middle
    assert [label.removeprefix("-") for label in labels] == [label.removeprefix("-") for label in labels[::-1]]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (-74.67, 74.67, "-50 -10 -1 0 1 10 50"),
        (-3.2, 3.2, "-2 -1 0 1 2"),
        (-1e6, 1e6, "-10,000 -10 0 10 10,000"),
        (-20, 400, "-10 -1 0 1 10 100"),
    ],
)
def test_ticks_of_a_difference_of_counts(low, high, labels):
    def place(value):
        return (math.asinh(value) - math.asinh(low)) / (math.asinh(high) - math.asinh(low))

    assert " ".join(label for _, label in nice_ticks(low, high, place, unit_named("passes"))) == labels


def test_odd_ranges():
    unit = unit_named("passes")
    assert nice_ticks(5, 5, lambda value: 0.3, unit) == [(0.3, "5")]
    assert nice_ticks(math.nan, 5, lambda value: 0.3, unit) == []
    assert nice_ticks(9, 1, linear(1, 9), unit) == nice_ticks(1, 9, linear(1, 9), unit)


@pytest.mark.parametrize("scale", [0.7, 1.0, 2.5])
@pytest.mark.parametrize("dark", [True, False, None])
def test_the_bar_shows_the_colours_in_order(scale, dark):
    colors = colormap("viridis")
    legend = draw_legend(colors, [(0.0, "1"), (1.0, "100")], "Passes", dark=dark, scale=scale)
    row = legend[legend.shape[0] // 2 - round(3 * scale)]
    pad = round(14 * scale)
    middle = row[pad + 4 : -pad - 4, :3].astype(int)
    x = np.linspace(0, 255, legend.shape[1] - 2 * pad)[4:-4]
    assert np.abs(middle - colors[np.rint(x).astype(int), :3]).max() <= 1
    # Corners are round: nothing there.
    assert legend[0, 0, 3] == legend[-1, -1, 3] == 0
    assert legend.dtype == np.uint8


def test_text_is_drawn_where_its_tick_is():
    ticks = [(0.25, "5"), (0.75, "50")]
    with_text = draw_legend(colormap("ember"), ticks, "Passes", dark=True).astype(int)
    without = draw_legend(colormap("ember"), [(0.5, " ")], "", dark=True)
    bare = draw_legend(colormap("ember"), [(0.25, " "), (0.75, " ")], "Passes", dark=True).astype(int)
    assert with_text.shape[0] > without.shape[0]
    assert with_text.shape == bare.shape
    columns = np.flatnonzero((with_text != bare).any((0, 2)))
    left, right = columns[columns < 138], columns[columns > 138]
    assert left.mean() == pytest.approx(14 + 0.25 * 247, abs=2)
    assert right.mean() == pytest.approx(14 + 0.75 * 247, abs=2)


def test_labels_without_room_are_left_out_and_none_leaves_the_panel():
    crowded = draw_legend(colormap("ember"), [(0.5 + i / 1000, "100,000") for i in range(9)], "")
    single = draw_legend(colormap("ember"), [(0.5, "100,000")], "")
    assert np.array_equal(crowded, single)
    edges = draw_legend(colormap("ember"), [(0, "100,000,000 km"), (1, "100,000,000 km")], "")
    blank = draw_legend(colormap("ember"), [(0, " "), (1, " ")], "")
    changed = np.flatnonzero((edges != blank).any((0, 2)))
    assert changed.min() >= 4
    assert changed.max() < blank.shape[1] - 4


def test_titles_that_are_odd_do_no_harm(monkeypatch):
    monkeypatch.setattr(fonts, "_OTHERS", ())
    fonts._homes.cache_clear()
    plain = draw_legend(colormap("ember"), [], "Laufe - 10 x")
    assert np.array_equal(plain, draw_legend(colormap("ember"), [], "Läufe – 10 ×"))
    assert np.array_equal(draw_legend(colormap("ember"), [], "地図"), draw_legend(colormap("ember"), [], "??"))
    long = draw_legend(colormap("ember"), [], "a very long title " * 20)
    assert long.shape == plain.shape
    fonts._homes.cache_clear()


@pytest.mark.skipif(not fonts._has("DejaVuSans.ttf", "ä"), reason="needs DejaVu Sans")
def test_titles_keep_their_accents():
    plain, accents, lost = (draw_legend(colormap("ember"), [], title) for title in ("Laufe", "Läufe", "Läufe 🂿"))
    assert not np.array_equal(plain, accents)
    assert np.array_equal(accents[:, :40], lost[:, :40])
    assert not np.array_equal(accents, lost)


def test_the_scale_grows_with_the_picture():
    assert fitting_scale(300, 300) == 1
    assert fitting_scale(3600, 3600) == 4


@given(st.integers(0, 2**32 - 1))
def test_layers_are_composed(seed):
    rng = np.random.default_rng(seed)
    upper, lower = rng.integers(0, 256, (2, 150, 7, 4), np.uint8)
    seen = over(upper, lower)
    a, b = (layer[..., 3:] / 255.0 for layer in (upper, lower))
    alpha = a + b * (1 - a)
    mixed = (upper[..., :3] * a + lower[..., :3] * b * (1 - a)) / np.where(alpha > 0, alpha, 1)
    assert np.abs(seen[..., :3] - mixed).max() < 0.51
    assert np.abs(seen[..., 3:] - 255 * alpha).max() < 0.51


def test_what_is_fully_there_or_not_at_all_is_exact():
    upper = np.zeros((1, 3, 4), np.uint8)
    upper[0, :, :3], upper[0, :, 3] = 255, (128, 0, 255)
    for below, expected in (((0, 0, 0, 255), (128, 0, 255)), ((9, 9, 9, 0), (255, 0, 255))):
        seen = over(upper, np.full((1, 3, 4), below, np.uint8))
        assert tuple(seen[0, :, 0]) == expected
        assert tuple(seen[0, 1]) == (tuple(below) if below[3] else (0, 0, 0, 0))


def test_a_shrunk_legend_keeps_its_colours():
    legend = np.zeros((40, 80, 4), np.uint8)
    legend[:, :40] = (200, 30, 10, 255)
    small = shrunk(legend, 0.5)
    assert small.shape == (20, 40, 4)
    assert tuple(small[10, 5]) == (200, 30, 10, 255)
    assert small[10, 35, 3] == 0
