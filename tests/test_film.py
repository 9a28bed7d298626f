"""Films: each frame is what a drawing of that moment would be, and time runs evenly."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import made
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_made import walks
from PIL import Image

import heatlas
from heatlas.core.batch import join
from heatlas.core.context import Context
from heatlas.core.errors import BadOption, NothingToDraw, TooLarge
from heatlas.core.window import Window
from heatlas.dataset.tracks import Tracks
from heatlas.dataset.viewport import Viewport
from heatlas.options import RenderOptions, gather
from heatlas.raster.draw_tracks import draw
from heatlas.raster.gaussian import halo, smooth
from heatlas.raster.measure import parse_measure
from heatlas.rendering.film import FilmJob
from heatlas.rendering.film.activities import box_of, film_activities
from heatlas.rendering.film.timeline import DAY, make_timeline, parse_duration, parse_span, parse_step
from heatlas.style.colour import colour

COUNTED = ("passes", "activities", "fixes")
ALL = (*COUNTED, "seconds", "metres", "heart_rate", "std(heart_rate)", "min(heart_rate)", "max(heart_rate)", "pace",
       "grade")  # fmt: skip


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def dated(count=9, seed=3, apart=3.3 * DAY):
    """Walks around one place, some days apart."""
    return [
        replace(track, activities=tuple(replace(a, start=1.7e9 + k * apart) for a in track.activities))
        for k, track in enumerate(walks(seed, count))
    ]


def film_job(tmp_path, measure="passes", name="heat.gif", width=240, smooth="2px", duration="1s", fps=12.0, **options):
    asked = gather(RenderOptions, {"width": width, "smooth": smooth, "duration": duration, "fps": fps, **options})
    frame = Viewport.parse(asked.frame, default="busiest place")
    return FilmJob.parse(tmp_path / name, parse_measure(measure), frame, asked)


def planned(job, tracks):
    """The scenes of a job."""
    collection = Tracks((join(tracks),))
    return job.plan(collection, job.window(collection.places()[0].bbox), Context(2))


def direct(storyboard, frame):
    """What a frame must be: a drawing of its tracks, made from nothing."""
    shown = storyboard.cast.activities.tracks[storyboard.gone[frame] : storyboard.before[frame]]
    margin = halo(storyboard.cast.softening.of, storyboard.window)
    measure = storyboard.fullest.smoothed.measure
    counted = draw(shown, storyboard.window.grown(margin), measure, 1)
    smoothed = smooth(counted, storyboard.cast.softening.of, storyboard.window, 1)
    pixels = colour(smoothed, storyboard.tone, storyboard.style.colours, storyboard.style.background).rgba[..., :3]
    return counted, pixels


@pytest.mark.parametrize("span", [None, "9d"])
@pytest.mark.parametrize(
    ("measure", "smooth"), [*((measure, "2px") for measure in ALL), ("passes", "0"), ("pace", "0"), ("metres", "15m")]
)
def test_each_frame_is_a_drawing_of_its_moment(tmp_path, measure, span, smooth, monkeypatch):
    grids = {}
    storyboard = planned(film_job(tmp_path, measure, span=span, smooth=smooth), dated())
    from heatlas.rendering.film.running_grid import RunningGrid

    step = RunningGrid.step

    def watched(self, *args):
        box = step(self, *args)
        grids["now"] = self.grid
        return box

    monkeypatch.setattr(RunningGrid, "step", watched)
    seen = 0
    for frame, painter in storyboard.maps():
        seen += 1
        if len(storyboard.timeline) < seen < len(storyboard):
            continue  # the last frame is held
        counted, pixels = direct(storyboard, frame)
        for plane in ("total", "count", "square"):
            np.testing.assert_array_equal(getattr(grids["now"], plane), getattr(counted, plane))
        np.testing.assert_array_equal(painter.settled, pixels)
    assert seen == len(storyboard) == 12 + 24
    assert storyboard.before[-1] == 9
    assert len(set(storyboard.before.tolist())) == 9
    assert (storyboard.gone[-1] > 0) == (span is not None)


@pytest.mark.parametrize("measure", ["passes", "seconds", "heart_rate", "pace"])
def test_the_last_frame_is_the_picture_that_render_draws(tmp_path, measure):
    export = made.export(tmp_path / "export")
    tracks = heatlas.open(export)
    job = film_job(tmp_path, measure, width=300)
    tracks_dated = Tracks(tuple(tracks.batches))
    storyboard = job.plan(tracks_dated, job.window(tracks_dated.places()[0].bbox), Context(2))
    for picture in storyboard.frames(*storyboard.shape):
        last = picture
    heatlas.render(export, output=tmp_path / "heat.png", measure=measure, smooth="2px", background="dark", width=300)
    with Image.open(tmp_path / "heat.png") as image:
        rendered = np.array(image.convert("RGB"))
    np.testing.assert_array_equal(last[: storyboard.window.height], rendered)
    assert (rendered != (14, 17, 22)).any()


def test_what_is_new_glows_and_cools_down(tmp_path):
    storyboard = planned(film_job(tmp_path, fps=20.0, duration="3s"), dated(3, apart=20 * DAY))
    first = int(np.argmax(storyboard.before >= 2))
    brightness = []
    for frame, picture in enumerate(storyboard.frames(*storyboard.shape)):
        _, settled = direct(storyboard, min(frame, len(storyboard.timeline) - 1))
        brightness.append(int((picture[: len(settled)].astype(int) - settled).clip(0).sum()))
    assert brightness[first] > 10 * brightness[first - 1]
    assert brightness[first] > 4 * brightness[first + 10] > 0
    assert brightness[-1] == 0


def test_the_scale_stands_still_and_fits_the_last_frame_or_the_fullest_span(tmp_path):
    tracks = dated(12)
    whole, sliding = planned(film_job(tmp_path), tracks), planned(film_job(tmp_path, span="7d"), tracks)
    assert whole.tone.high > sliding.tone.high >= 1
    fixes = [
        sum(t.fixes for t in sliding.cast.activities.tracks[low:high])
        for low, high in zip(sliding.gone, sliding.before, strict=True)
    ]
    full = int(np.argmax(fixes))
    margin = halo(sliding.cast.softening.of, sliding.window)
    tracks = sliding.cast.activities.tracks[sliding.gone[full] : sliding.before[full]]
    shown = draw(tracks, sliding.window.grown(margin), parse_measure("passes"), 1)
    assert sliding.total == shown.cropped(margin).total.sum()
    given_tone = planned(film_job(tmp_path, tone="log:1:50"), dated(12)).tone
    assert (given_tone.low, given_tone.high) == (1, 50)


def test_activities_without_a_start_are_left_out_and_counted(tmp_path):
    tracks = dated(6)
    for k, start in ((1, None), (3, 1.7e11), (4, -1e10)):
        tracks[k] = replace(tracks[k], activities=(replace(tracks[k].activities[0], start=start),))
    report = film_job(tmp_path, smooth="0", width=80).run(Tracks((join(tracks),)), Context(1))
    assert report["dropped"]["activities whose start is unknown or cannot be"] == 3
    assert report["activities"] == 3
    with pytest.raises(NothingToDraw, match="none of 1 activities says when it was"):
        film_job(tmp_path).run(Tracks((tracks[1],)), Context(1))


def test_filters_and_privacy_hold_for_films(tmp_path):
    tracks = dated(6)
    report = film_job(tmp_path, width=80, sport=["Run"], after="2023-11-16").run(Tracks((join(tracks),)), Context(1))
    assert report["activities"] == 3
    assert report["from"] == "2023-11-18"
    zone = heatlas.open(made.export(tmp_path / "export"))
    job = film_job(tmp_path, width=80, zone=["47.8,10.9,30km"])
    with pytest.raises(NothingToDraw):
        job.run(zone.select(sport=["Ride"]), 1)


def test_totals_are_of_what_lies_in_the_window():
    tracks = dated(2)
    far = walks(1, 1, lat=20.0)[0]
    far = replace(far, activities=(replace(far.activities[0], start=1.6e9),))
    window = Tracks((join(tracks),)).window(width=300)
    activities = film_activities([join([far, *tracks])], window, window)
    assert len(activities.tracks) == 2
    assert activities.totals[-1][0] == 2
    metres = draw(tracks, window, parse_measure("metres"), 1).total.sum()
    seconds = draw(tracks, window, parse_measure("seconds"), 1).total.sum()
    np.testing.assert_allclose(activities.totals[-1][1:], [metres, seconds], rtol=0.02)


@given(
    seed=st.integers(0, 10**6), x=st.integers(-300, 300), y=st.integers(-300, 300),
    width=st.integers(1, 300), height=st.integers(1, 300),
)  # fmt: skip
def test_nothing_is_drawn_outside_of_the_box_of_tracks(seed, x, y, width, height):
    tracks = walks(seed, 2, n=30)
    scale = 256 * 2.0**14
    window = Window(scale, int(tracks[0].u[0] * scale) + x, int(tracks[0].v[0] * scale) + y, width, height)
    drawn = draw(tracks, window, parse_measure("passes"), 1).total
    box = box_of(tracks, window)
    if box is None:
        assert not drawn.any()
        return
    top, left = box.y - window.y, box.x - window.x
    assert 0 <= top < top + box.height <= height
    assert 0 <= left < left + box.width <= width
    assert drawn.sum() == drawn[top : top + box.height, left : left + box.width].sum()


def test_a_box_across_the_antimeridian_is_found_on_both_sides():
    track = walks(5, 1, lat=10.0, lon=179.9999)[0]
    scale = 256 * 2.0**14
    middle = int(track.v[0] * scale)
    for x in (int(scale) - 100, -100):
        window = Window(scale, x, middle - 100, 200, 200)
        assert box_of([track], window) is not None
        assert draw([track], window, parse_measure("passes"), 1).total.any()


@given(
    st.floats(0, 2e9), st.floats(0, 6e8), st.integers(2, 700),
    st.sampled_from(["auto", "week", "month", 1, 3, 400]), st.sampled_from([None, 30]),
)  # fmt: skip
def test_time_runs_evenly_from_midnight_to_midnight(first, length, frames, step, span):
    line = make_timeline(first, first + length, frames, step, span)
    assert len(line) == frames
    assert line.begin <= first < line.begin + DAY
    assert line.begin % DAY == line.ends[-1] % DAY == 0
    assert line.ends[-1] - DAY <= first + length < line.ends[-1]
    assert (np.diff(line.ends) >= 0).all()
    assert line.begin < line.ends[0]
    assert line.share(frames - 1) == 1
    assert all(0 < share < 1 for share in line.years())
    days = [dt.datetime.fromtimestamp(end, dt.UTC) for end in line.ends[:-1]]
    inner = [day for day in days if day.timestamp() != line.ends[-1]]
    if step != "auto":
        assert all(day.timestamp() % DAY == 0 for day in inner)
    if step == "week":
        assert all(day.isoweekday() == 1 for day in inner)
    if step == "month":
        assert all(day.day == 1 for day in inner)
    if isinstance(step, int):
        assert all((day.timestamp() - line.begin) % (step * DAY) == 0 for day in inner)
    if step == "auto":
        assert np.ptp(np.diff(line.ends, prepend=line.begin)) < 1e-3


def test_dates_say_the_day_in_short_films_and_the_month_in_long_ones():
    start = dt.datetime(2024, 2, 28, 9, tzinfo=dt.UTC).timestamp()
    short, long = make_timeline(start, start + 2 * DAY, 3, 1, None), make_timeline(start, start + 400 * DAY, 4, 1, None)
    assert short.dates() == ["28 February 2024", "29 February 2024", "1 March 2024"]
    assert long.date(0) == "June 2024"
    assert long.date(3) == "April 2025"
    assert short.day(short.begin) == "2024-02-28"


def test_options_are_read_as_people_write_them():
    assert [parse_step(text) for text in ("auto", "Day", "week", "month", "3d")] == ["auto", 1, "week", "month", 3]
    assert [parse_span(text) for text in ("30d", "4w", "1y", "10 days")] == [30, 28, 365, 10]
    assert [parse_duration(text, 30) for text in ("20s", "20", "1.5min", ".5s")] == [20, 20, 90, 0.5]


@pytest.mark.parametrize("text", ["", "0d", "d", "-3d", "year", "3", "1.5d"])
def test_steps_that_are_none_are_refused(text):
    with pytest.raises(BadOption, match="--every"):
        parse_step(text)


@pytest.mark.parametrize("text", ["", "0d", "30", "d", "3 moons", "-3d"])
def test_spans_that_are_none_are_refused(text):
    with pytest.raises(BadOption, match="--span"):
        parse_span(text)


@pytest.mark.parametrize("text", ["", "0s", "-3", "2h", "nan", "inf", "2days", "0.001s", "99min"])
def test_durations_that_are_none_are_refused(text):
    with pytest.raises(BadOption, match="--duration"):
        parse_duration(text, 30)


def test_what_cannot_be_filmed_is_refused_at_once(tmp_path):
    with pytest.raises(TooLarge, match="take --width"):
        film_job(tmp_path, width=30_000).run(Tracks((join(dated(2)),)), Context(1))
    with pytest.raises(BadOption, match="transparent"):
        film_job(tmp_path, background="none")
    (tmp_path / "file").write_text("")
    with pytest.raises(BadOption, match="no folder"):
        film_job(tmp_path, name="file/heat.gif")
    with pytest.raises(BadOption, match="--fps"):
        film_job(tmp_path, fps=0.5)
    with pytest.raises(BadOption, match="too small for a legend"):
        film_job(tmp_path, width=60, legend=True).run(Tracks((join(dated(2)),)), Context(1))
