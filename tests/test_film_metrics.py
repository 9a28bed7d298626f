"""Films of every measure: each step equals a drawing from nothing, and one model holds for the whole film."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from library_made import walks

from heatlas.core.batch import join
from heatlas.core.window import Window
from heatlas.raster.draw_passages import model_of
from heatlas.raster.draw_tracks import draw
from heatlas.raster.measure import Measure, parse_measure
from heatlas.raster.offered import measures_of
from heatlas.rendering.film.running_grid import RunningGrid
from heatlas.tracks.metrics import METRICS

DAY = 86400.0
MEASURES = [str(measure) for measure in measures_of([name for name in METRICS if METRICS[name].at_fixes])]


def days_of_walks(count=8):
    """Walks with heart rates, two on each day, and what would be known of them if they were longer."""
    return [
        replace(
            track,
            activities=tuple(
                replace(a, start=1.7e9 + k // 2 * DAY, facts={"decoupling": 0.5 * k, "normalised_power": 200.0 + k})
                for a in track.activities
            ),
        )
        for k, track in enumerate(walks(5, count, n=300))
    ]


def window_over(tracks):
    bounds = np.concatenate([track.bounds for track in tracks])
    scale = 256 * 2.0**13
    left, top = int(bounds[:, 0].min() * scale) - 2, int(bounds[:, 2].min() * scale) - 2
    right, bottom = int(bounds[:, 1].max() * scale) + 3, int(bounds[:, 3].max() * scale) + 3
    return Window(scale, left, top, right - left, bottom - top)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("span", [None, 3])
def test_each_step_equals_a_drawing_from_nothing(measure, span):
    tracks, wanted = days_of_walks(), parse_measure(measure)
    window, model = window_over(tracks), model_of(tracks, wanted)
    running = RunningGrid.empty(window, wanted, 1, model)
    before = 0
    for high in range(1, len(tracks) + 1):
        low = 0 if span is None else max(0, high - span)
        running.step(tracks[high - 1 : high], tracks[before:low], tracks[low:high])
        before = low
        direct = draw(tracks[low:high], window, wanted, 1, model=model)
        assert running.grid.planes.keys() == direct.planes.keys()
        for name, plane in direct.planes.items():
            np.testing.assert_array_equal(running.grid.planes[name], plane, err_msg=f"{name} of {high}")
    unrecorded = {"cadence", "temperature", "power"} & set(wanted.columns)
    assert direct.filled.any() or unrecorded or wanted.reduction == "residual" or "watts" in measure


def test_the_model_is_that_of_all_tracks():
    tracks, measure = days_of_walks(), Measure("residual", "heart_rate")
    model = model_of(tracks, measure)
    assert model is not None
    assert model_of(tracks[:2], measure) != model
    assert model_of(tracks, Measure("passes")) is None
    assert model_of([], measure) is None


@pytest.mark.parametrize("measure", ["residual(heart_rate)", "days", "stops", "share(dark)", "first", "bearing"])
def test_a_film_is_written(tmp_path, monkeypatch, measure):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))
    from heatlas.core.context import Context
    from heatlas.dataset.tracks import Tracks
    from heatlas.dataset.viewport import Viewport
    from heatlas.options import RenderOptions, gather
    from heatlas.rendering.film import FilmJob

    asked = gather(RenderOptions, {"width": 120, "duration": "1s", "fps": 6, "legend": False})
    frame = Viewport.parse(asked.frame, default="busiest place")
    job = FilmJob.parse(tmp_path / "film.gif", parse_measure(measure), frame, asked)
    report = job.run(Tracks((join(days_of_walks()),)), Context(1))
    assert (tmp_path / "film.gif").stat().st_size > 1000
    assert ("model" in report) == measure.startswith("residual")
