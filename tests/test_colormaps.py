"""Colour maps: order of lightness, endpoints, stops, and what cannot be read."""

from __future__ import annotations

import numpy as np
import pytest
from eyes import SEEN, seen_by
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.errors import BadOption
from heatlas.core.window import Window
from heatlas.raster.grid import Grid
from heatlas.raster.measure import parse_measure
from heatlas.style.colormaps import CYCLIC, DEFAULT, DIVERGING, colormap, lightness, names
from heatlas.style.colour import BACKGROUNDS
from heatlas.style.defaults import suiting_colours
from heatlas.tracks.metrics import METRICS

TURNING = DIVERGING | CYCLIC | {"spectrum"}


@pytest.mark.parametrize("name", names())
def test_a_named_map_is_256_opaque_colours(name):
    colors = colormap(name)
    assert colors.shape == (256, 4)
    assert colors.dtype == np.uint8
    assert (colors[:, 3] == 255).all()
    assert np.array_equal(colormap(f"{name}_r"), colors[::-1])


@pytest.mark.parametrize("name", sorted(set(names()) - TURNING))
def test_lightness_of_a_sequential_map_goes_one_way(name):
    light = lightness(colormap(name))
    light = light if light[-1] > light[0] else -light
    # Eight bits a channel blur each step by a little more than 0.002.
    assert np.diff(light).min() > -0.0025
    assert np.diff(light[::8]).min() > 0


@pytest.mark.parametrize("name", sorted(DIVERGING))
def test_a_diverging_map_turns_in_the_middle_and_is_even(name):
    light = lightness(colormap(name))
    assert abs(int(np.argmax(np.abs(light - light[0]))) - 127.5) < 2
    assert np.abs(light - light[::-1]).max() < 0.05


@pytest.mark.parametrize("name", sorted(CYCLIC))
def test_a_cyclic_map_ends_where_it_begins_and_favours_no_value(name):
    colors = colormap(name)
    steps = np.abs(np.diff(np.vstack([colors, colors[:1]])[:, :3].astype(int), axis=0)).max(axis=1)
    assert (colors[0] == colors[-1]).all()
    assert steps.max() < 6  # no edge anywhere, that between 255 and 0 included
    assert 0.45 < lightness(colors).min() < lightness(colors).max() < 0.9  # it stands out on dark and on light
    # Opposite directions differ, and so do quarters.
    for apart in (64, 128):
        assert np.abs(colors[:, :3].astype(int) - np.roll(colors, apart, axis=0)[:, :3]).sum(axis=1).min() > 90


def test_the_default_stands_out_on_a_dark_map():
    assert names()[0] == DEFAULT
    light = lightness(colormap(DEFAULT))
    assert light[0] - lightness([17, 19, 24]) > 0.25
    assert light[-1] > 0.95


@pytest.mark.parametrize("name", ["ember", "ice", "aurora", "lagoon", "viridis", "inferno", "cividis"])
def test_lightness_is_spread_over_the_map(name):
    light = lightness(colormap(name))
    shares = np.abs(np.diff(light[::32])) / abs(light[-1] - light[0])
    assert shares.max() < 0.25


def test_lightness_knows_black_and_white():
    assert lightness([[0, 0, 0], [255, 255, 255]]) == pytest.approx([0, 1], abs=1e-6)
    # The published OKLab of sRGB red.
    assert lightness([255, 0, 0]) == pytest.approx(0.6279554, abs=1e-5)


@pytest.mark.parametrize(
    ("stops", "at", "rgba"),
    [
        ("#000,#f00,#ff0", 0, (0, 0, 0, 255)),
        ("#000,#f00,#ff0", 255, (255, 255, 0, 255)),
        ("#F00,#fff8", 255, (255, 255, 255, 136)),
        (" #123456 , #abcdef80 ", 0, (0x12, 0x34, 0x56, 255)),
        ("#123456,#abcdef80", 255, (0xAB, 0xCD, 0xEF, 0x80)),
        ("0:#000000,0.2:#ff000080,1:#fff", 51, (255, 0, 0, 128)),
        ("0.2:#00f,0.8:#f00", 10, (0, 0, 255, 255)),
        ("0.2:#00f,0.8:#f00", 250, (255, 0, 0, 255)),
    ],
)
def test_custom_stops(stops, at, rgba):
    assert tuple(colormap(stops)[at]) == rgba


def test_a_transparent_stop_lends_no_colour():
    colors = colormap("#00000000,#ff0000")
    assert tuple(colors[0]) == (0, 0, 0, 0)
    assert (colors[1:, :3] == (255, 0, 0)).all()
    assert (np.diff(colors[:, 3].astype(int)) > 0).all()


@given(st.lists(st.integers(0, 0xFFFFFF), min_size=2, max_size=9).map(lambda c: [f"#{v:06x}" for v in c]))
def test_ends_are_met_and_colours_stay_inside(stops):
    colors = colormap(",".join(stops))
    assert colors[0, :3].tobytes().hex() == stops[0][1:]
    assert colors[-1, :3].tobytes().hex() == stops[-1][1:]
    light, ends = lightness(colors), lightness([[*bytes.fromhex(stop[1:])] for stop in stops])
    assert light.min() > ends.min() - 0.02
    assert light.max() < ends.max() + 0.02


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("embr", "ember"),
        ("viridus_r", "viridis"),
        ("", "known are"),
        ("zzz", "known are"),
        ("#f00", "two stops"),
        ("#ff,#000", "no stop"),
        ("#00g,#000", "no stop"),
        ("#000,red", "no stop"),
        ("0:#000,#fff", "each stop"),
        ("x:#000,1:#fff", "each stop"),
        ("nan:#000,1:#fff", "must rise"),
        ("0:#000,0:#fff", "must rise"),
        ("0:#000,2:#fff", "must rise"),
        ("0.5:#000,0.1:#fff", "must rise"),
    ],
)
def test_what_cannot_be_read_is_said(text, word):
    with pytest.raises(BadOption, match=word):
        colormap(text)


def defaults():
    """Colours of each measure on a dark and on a light ground; those of two metrics at once are in test_both.py."""
    relations = ("corr(pace, heart_rate)", "slope(heart_rate ~ pace)", "residual(heart_rate)", "share(dark)")
    for text in ("passes", "mean(frp)", *relations, *(name for name, one in METRICS.items() if one.listed)):
        measure = parse_measure(text, ["frp"])
        for ground in ("dark", "light"):
            one = Grid.empty(Window(1e6, 0, 0, 1, 1), measure)
            yield text, ground, measure, suiting_colours(one, BACKGROUNDS[ground])


@pytest.mark.parametrize("eyes", SEEN)
def test_default_colours_are_even_and_told_apart_by_all_eyes_on_both_grounds(eyes):
    for text, ground, measure, colours in defaults():
        seen = seen_by(eyes, colours)
        steps = np.hypot.reduce(np.diff(seen[::32], axis=0), axis=1)
        assert steps.min() > 5, (text, ground)  # an eighth of the bar; just noticeable is 2.3
        # Light goes one way, so that more is more for everybody; in diverging maps it does so on either side.
        light = seen[:, 0] if measure.period == 0 else []
        middled = (text in METRICS and METRICS[text].middle is not None) or text.startswith(("corr", "slope", "resid"))
        for side in [light[:128], light[:127:-1]] if middled else [light]:
            rises = np.diff(side[::8]) * np.sign(side[-1] - side[0]) if len(side) else np.zeros(0)
            assert (rises > -0.5).all(), (text, ground)
        apart = np.hypot.reduce(seen - seen_by(eyes, [BACKGROUNDS[ground]]), axis=1)
        assert np.delete(apart, slice(104, 152) if middled else []).min() > 12, (text, ground)
