"""Films of a given form, captions of seasons, openings, and labels of small films."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import walks

import heatlas
from heatlas.core.errors import BadOption
from heatlas.dataset.tracks import Tracks
from heatlas.dataset.viewport import Viewport
from heatlas.options import RenderOptions, gather
from heatlas.raster.measure import parse_measure
from heatlas.rendering.film import FilmJob
from heatlas.rendering.film.caption import Caption, caption_height
from heatlas.rendering.film.timeline import make_timeline

TRACKS = Tracks(tuple(walks(5, 9))).localised()
GROUND = (14, 17, 22)


def job_of(tmp_path, name="film.gif", **options):
    asked = gather(RenderOptions, {"duration": "1s", "fps": 6, **options})
    frame = Viewport.parse(asked.frame, default="busiest place")
    return FilmJob.parse(tmp_path / name, parse_measure("passes"), frame, asked)


@pytest.mark.parametrize(
    ("name", "options", "size"),
    [
        ("film.mp4", {"size": "9:16"}, (1080, 1920)),
        ("film.mp4", {"size": "1:1"}, (1080, 1080)),
        ("film.gif", {"size": "16:9"}, (800, 450)),
        ("film.mp4", {"size": "4:5", "width": 301}, (300, 376)),
    ],
)
def test_a_film_of_a_form_has_just_that_size_and_holds_what_is_drawn(tmp_path, name, options, size):
    job = job_of(tmp_path, name, **options)
    box = TRACKS.places()[0].bbox
    window = job.window(box, TRACKS)
    assert (window.width, window.height + caption_height(window.width)) == size
    u, v = (np.concatenate([getattr(batch, axis) for batch in TRACKS.batches]) for axis in "uv")
    x, y = u * window.scale - window.x, v * window.scale - window.y
    assert ((x >= 0) & (x < window.width) & (y >= 0) & (y < window.height)).mean() >= 0.9
    west, south, east, north = job.window((10.0, 47.0, 10.1, 47.1)).bbox  # a box that was asked for is whole
    pixel = (east - west) / window.width
    assert west <= 10.0 + pixel
    assert south <= 47.0 + pixel
    assert east >= 10.1 - pixel
    assert north >= 47.1 - pixel


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"size": "wide"}, "--size 'wide' is no form of a film"),
        ({"size": "1:9"}, "is no form of a film"),
        ({"size": "1:1", "zoom": "12"}, "--size and --zoom cannot go together"),
        ({"size": "4:1", "width": 100}, "no room for a map"),
        ({"opening": "long"}, "--opening 'long' is no length"),
        ({"every": "year"}, "take auto, day, week, month, season"),
    ],
)
def test_forms_that_are_none_are_refused(tmp_path, options, says):
    with pytest.raises(BadOption, match=says):
        job_of(tmp_path, **options)


def test_an_opening_shows_the_finished_map_first(tmp_path):
    job = job_of(tmp_path, width=120, opening="1s")
    storyboard = job.plan(TRACKS, job.window(TRACKS.places()[0].bbox))
    frames = [frame.copy() for frame in storyboard.frames(*storyboard.shape)]
    assert len(frames) == len(storyboard) == 6 + 6 + 12
    tall = storyboard.window.height
    np.testing.assert_array_equal(frames[0], frames[-1])  # the glow has gone by then
    light = [int(frame[:tall].astype(int).sum()) for frame in frames[:6]]
    assert light[0] == light[4] > light[5] > tall * 120 * sum(GROUND)
    plain = job_of(tmp_path, width=120)
    without = plain.plan(TRACKS, plain.window(TRACKS.places()[0].bbox))
    for one, other in zip(frames[6:], without.frames(*without.shape), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (frames[6][:tall] != GROUND).any()  # the first frame of all is not empty


@given(
    first=st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1)),
    days=st.integers(0, 3000),
    frames=st.integers(2, 200),
    south=st.booleans(),
)
def test_a_frame_is_called_by_the_season_that_it_ends(first, days, frames, south):
    start = dt.datetime(first.year, first.month, first.day, 9, tzinfo=dt.UTC).timestamp()
    line = make_timeline(start, start + days * 86400, frames, "season", None, south=south)
    assert len(line) == frames
    for frame, end in enumerate(line.ends.tolist()):
        last = dt.datetime.fromtimestamp(end - 1, dt.UTC)
        name = {12: 3, 1: 3, 2: 3, 3: 0, 4: 0, 5: 0, 6: 1, 7: 1, 8: 1}.get(last.month, 2)
        words = ("Autumn", "Winter", "Spring", "Summer") if south else ("Spring", "Summer", "Autumn", "Winter")
        year = last.year - (last.month < 3)
        assert line.date(frame) == f"{words[name]} {year}" + (f"/{(year + 1) % 100:02}" if name == 3 else "")
        ended = dt.datetime.fromtimestamp(end, dt.UTC)
        assert end == line.ends[-1] or (ended.day == 1 and ended.month in {3, 6, 9, 12})


@given(
    width=st.integers(60, 700),
    date=st.sampled_from(["May 2024", "30 September 2024", "Winter 2024/25"]),
    totals=st.lists(st.sampled_from([("1,234", "activities"), ("123,456", "km"), ("7", "hours")]), max_size=3),
)
@settings(deadline=None, max_examples=60)
def test_no_label_of_a_caption_is_cut_off(width, date, totals):
    caption = Caption.lay_out(width, GROUND, (255, 120, 20), [date], totals, [])
    drawn = caption.letter(date, [number for number, _ in totals])
    wide = Caption.lay_out(4000, GROUND, (255, 120, 20), [date], totals, [])
    assert len(wide.columns) == len(totals)
    ink = (np.abs(drawn.astype(int) - GROUND).sum(-1) > 40)[caption.line :]
    assert not ink[:, :2].any()
    assert not ink[:, -2:].any()
    assert not ink[-2:].any()
    assert ink.any()
    if caption.columns:
        assert caption.unit.size >= 8
        assert caption.margin + caption.date.getlength(date) < caption.columns[0][0]


def test_the_places_of_labels_are_the_same_in_all_frames(tmp_path):
    report = heatlas.render(
        {"lat": np.array([47.8, 47.9]), "lon": np.array([10.9, 11.0]), "date": ["2024-01-01", "2024-03-01"]},
        output=tmp_path / "film.gif", size="1:1", width=300, duration="1s", fps=4, title="Points", legend=True,
    )  # fmt: skip
    assert report["window"]["width"] == 300
    assert report["window"]["height"] == 300 - caption_height(300)
