"""Colours whose steps are found beforehand, against those of a tone that is asked for each pixel."""

from __future__ import annotations

import numpy as np
import pytest

from heatlas.core.window import Window
from heatlas.raster.grid import Grid
from heatlas.raster.measure import parse_measure
from heatlas.style.colour import colour
from heatlas.style.mean_colours import colours_of_means
from heatlas.style.stepping import steps_of
from heatlas.style.tone import Tone

COLOURS = np.random.default_rng(0).integers(0, 256, (256, 4)).astype(np.uint8)
TONES = [
    ("mean(pace)", Tone("rank", 0.1, 0.9, np.sort(np.random.default_rng(1).uniform(0.1, 0.9, 513)))),
    ("mean(pace)", Tone("log", 0.1, 0.9)),
    ("min(elevation)", Tone("linear", -20.0, 300.0)),
    ("max(elevation)", Tone("linear", -20.0, -20.0)),
    ("mean(grade)", Tone("rank", -9.0, 9.0, np.sort(np.random.default_rng(2).normal(0, 3, 513)))),
    ("mean(heart_rate)", Tone("sqrt", 90.0, 180.0, fade=0.16)),
    ("passes", Tone("log", 1.0, 300.0, fade=0.16)),
    ("seconds", Tone("rank", 0.5, 40.0, np.geomspace(0.5, 40, 513), fade=0.16, alike=0.3)),
]


def smoothed(measure, tone, rng):
    """A grid in single precision with every kind of value: beside the range, nothing, next to nothing."""
    window = Window(2.0**20, 0, 0, 200, 300)
    wide = (tone.high - tone.low or 1) * rng.uniform(-0.3, 1.3, (300, 200)) + tone.low
    if measure.layout.sums:
        return Grid.of(window, measure, np.where(rng.random(wide.shape) < 0.4, 0, np.maximum(wide, 0)).astype("f4"))
    count = np.where(rng.random(wide.shape) < 0.4, 0, rng.exponential(2.0, wide.shape)).astype(np.float32)
    count[:3] = np.array([1e-42, 0.1, 0.6])[:, None]
    value = np.where(rng.random(wide.shape) < 0.1, tone.low, wide)
    return Grid(window, measure, {"n": count, "x": (value * count).astype(np.float32)})


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize(("name", "tone"), TONES)
def test_steps_are_those_of_the_tone(name, tone, monkeypatch):
    measure = parse_measure(name)
    for seed in range(3):
        grid = smoothed(measure, tone, np.random.default_rng(seed))
        if seed == 2 and grid.sums:  # as counted, and in double precision
            grid = grid.map(lambda plane: plane.astype(np.float64) if name == "seconds" else plane.astype(np.uint8))
        quick = steps_of(grid, tone) if grid.sums else colours_of_means(grid, tone, COLOURS)
        assert quick is not None
        drawn = colour(grid, tone, COLOURS, None)
        with monkeypatch.context() as patch:
            patch.setattr("heatlas.style.colour.steps_of", lambda *_: None)
            patch.setattr("heatlas.style.colour.colours_of_means", lambda *_: None)
            wanted = colour(grid, tone, COLOURS, None)
        np.testing.assert_array_equal(drawn.rgba, wanted.rgba)
        assert len(np.unique(drawn.rgba.reshape(-1, 4), axis=0)) > 100 or tone.low == tone.high
