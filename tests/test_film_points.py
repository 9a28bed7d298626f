"""Films of points: each frame is what a drawing of the points of that moment would be."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from PIL import Image

import heatlas
from heatlas.core.context import Context
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.points import Points
from heatlas.core.window import Window
from heatlas.dataset.point_extent import framed
from heatlas.dataset.points import PointSet
from heatlas.dataset.viewport import Viewport
from heatlas.options import RenderOptions, TableOptions, gather
from heatlas.raster.bin_points import bin_points, pixels_of
from heatlas.raster.measure import parse_point_measure
from heatlas.raster.pipeline import point_heat
from heatlas.raster.point_kernel import Kernel
from heatlas.raster.softening import Softening
from heatlas.rendering.film.order import FilmOrder
from heatlas.rendering.film.point_cast import PointCast, crowded, in_order
from heatlas.rendering.film.storyboard import Storyboard
from heatlas.sources.tables import open_table
from heatlas.style.colour import colour

DAY = 86400.0
FIRST = dt.datetime(2024, 1, 1, tzinfo=dt.UTC).timestamp()


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def cases(count=300, days=40, seed=4, weighted=True):
    """Points around one place, spread over some days, in no order."""
    rng = np.random.default_rng(seed)
    return Points(
        lon=38.7 + rng.normal(0, 0.2, count), lat=9.0 + rng.normal(0, 0.2, count),
        weight=rng.normal(3, 2, count) if weighted else None, time=FIRST + rng.integers(0, days, count) * DAY,
    )  # fmt: skip


def written(path, points, dates=None):
    """A table of points."""
    dates = [f"{dt.datetime.fromtimestamp(t, dt.UTC):%Y-%m-%d}" for t in points.time] if dates is None else dates
    weight = np.ones(len(points)) if points.weight is None else points.weight
    rows = zip(points.lat.tolist(), points.lon.tolist(), weight.tolist(), dates, strict=True)
    path.write_text("lat,lon,cases,date\n" + "".join(f"{a!r},{b!r},{c!r},{d}\n" for a, b, c, d in rows))
    return path


def order_of(tmp_path, measure, **options):
    asked = gather(RenderOptions, {"width": 160, "duration": "1s", "fps": 12.0, **options})
    return FilmOrder.parse(tmp_path / "heat.gif", measure, Viewport.parse(asked.frame, default="all"), asked)


@pytest.mark.parametrize("span", [None, "6d"])
@pytest.mark.parametrize("kernel", [Kernel(pixels=6), Kernel(pixels=0), Kernel("quartic", metres=3000, pixels=0)])
@pytest.mark.parametrize("reduction", ["sum", "count", "mean", "max"])
def test_each_frame_is_a_drawing_of_its_moment(tmp_path, reduction, kernel, span):
    points, measure = cases(), parse_point_measure(reduction, "cases")
    order = order_of(tmp_path, measure, span=span)
    ordered, undated = in_order([points])
    window = order.window((38.2, 8.4, 39.2, 9.6), Softening(kernel))
    cast = PointCast.of(ordered, window, measure, kernel, 1)
    storyboard = Storyboard.plan(cast, order.script, Context(1))
    assert undated == 0
    ends = storyboard.timeline.ends
    for number, (frame, painter) in enumerate(storyboard.maps()):
        if number != frame:
            break  # the last one is held
        begin = -np.inf if span is None else ends[frame] - 6 * DAY
        shown = ordered.chosen((ordered.time < ends[frame]) & (ordered.time >= begin))
        direct = point_heat([shown], window, measure, kernel, Context(1)).smoothed
        pixels = colour(direct, storyboard.tone, storyboard.style.colours, storyboard.style.background).rgba
        np.testing.assert_array_equal(painter.settled, pixels[..., :3], err_msg=str(frame))
    assert storyboard.before[-1] == len(cast.starts) > 200
    assert (storyboard.gone[-1] > 0) == (span is not None)


def test_the_last_frame_is_the_picture_that_render_draws(tmp_path):
    table = written(tmp_path / "cases.csv", cases(weighted=False))
    options = {"width": 200, "radius": "5px", "background": "dark"}
    heatlas.render(table, output=tmp_path / "heat.png", **options)
    points = PointSet.of([open_table(table)], TableOptions())
    measure, kernel = parse_point_measure(None, None), Kernel(pixels=5)
    ordered, _ = in_order(points.chunks(timed=True))
    order = order_of(tmp_path, measure, width=200)
    box = framed((ordered.lon.min(), ordered.lat.min(), ordered.lon.max(), ordered.lat.max()))
    cast = PointCast.of(ordered, order.window(box, Softening(kernel)), measure, kernel)
    storyboard = Storyboard.plan(cast, order.script, Context(2))
    for picture in storyboard.frames(*storyboard.shape):
        last = picture
    with Image.open(tmp_path / "heat.png") as image:
        rendered = np.array(image.convert("RGB"))
    np.testing.assert_array_equal(last[: storyboard.window.height], rendered)
    assert (rendered != (14, 17, 22)).any()


@pytest.mark.parametrize("name", ["heat.gif", "heat.webp", "heat.mp4"])
def test_films_are_written_in_all_formats(tmp_path, name):
    table = written(tmp_path / "cases.csv", cases())
    report = heatlas.render(
        table, output=tmp_path / name, duration="1s", fps=10, width=320, weight="cases", span="7d", legend=True
    )
    assert (tmp_path / name).stat().st_size > 1000
    assert report["points"] == 300
    assert report["columns"]["time"] == "date"
    assert (report["from"], report["to"]) == ("2024-01-01", "2024-02-09")
    assert report["kernel"] == {"shape": "gaussian", "radius": 15.0, "unit": "px"}


def test_order_of_rows_changes_nothing(tmp_path):
    points = cases(60)
    turned = points.chosen(np.arange(60)[::-1])
    options = {"width": 90, "duration": "1s", "weight": "cases", "measure": "max"}
    for name, these in (("one", points), ("two", turned)):
        heatlas.render(written(tmp_path / f"{name}.csv", these), output=tmp_path / f"{name}.gif", **options)
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()


def test_points_without_a_time_are_left_out_and_counted(tmp_path):
    points = cases(6)
    dates = ["2024-05-01", "", "soon", "9999-12-31", "0001-01-01", "2024-05-03"]
    table = written(tmp_path / "cases.csv", points, dates)
    report = heatlas.render(table, output=tmp_path / "a.gif", duration="1s", width=80, time="date")
    assert report["dropped"] == {"points whose time is unknown or cannot be": 4}
    assert (report["points"], report["rows"]) == (2, 6)
    assert (report["from"], report["to"]) == ("2024-05-01", "2024-05-03")
    with pytest.raises(NothingToDraw, match=r"none of the 6 points of .* says when it was, as a film needs to know"):
        heatlas.render(written(tmp_path / "b.csv", points, [""] * 6), output=tmp_path / "a.gif", time="date")


@pytest.mark.parametrize("column", ["acq_date", "eventDate", "observed_on", "Onset date"])
def test_usual_names_of_times_are_known(tmp_path, column):
    table = written(tmp_path / "cases.csv", cases(20))
    table.write_text(table.read_text().replace("cases,date", f"cases,{column}"))
    report = heatlas.render(table, output=tmp_path / "a.gif", duration="1s", width=80)
    assert report["columns"]["time"] == column


def test_a_table_without_times_says_what_is_missing(tmp_path):
    (tmp_path / "p.csv").write_text("lat,lon\n9.0,38.7\n9.1,38.8\n")
    with pytest.raises(
        BadOption,
        match=r"a film needs to know when each row was: say --time COLUMN of .*p\.csv; its columns are lat, lon",
    ):
        heatlas.render(tmp_path / "p.csv", output=tmp_path / "a.gif")
    assert not (tmp_path / "a.gif").exists()


def test_options_of_tracks_are_refused(tmp_path):
    table = written(tmp_path / "cases.csv", cases(5))
    with pytest.raises(BadOption, match="--sport is for tracks, and these are points"):
        heatlas.render(table, output=tmp_path / "a.gif", sport=["Run"])
    with pytest.raises(BadOption, match="--public is for tracks: points are what their owner chose to show"):
        heatlas.render(table, output=tmp_path / "a.gif", public=True)


def test_filters_and_dates_choose_rows(tmp_path):
    table = written(tmp_path / "cases.csv", cases(200))
    options = {"duration": "1s", "width": 80, "weight": "cases"}
    report = heatlas.render(
        table, output=tmp_path / "a.gif", after="2024-01-10", before="2024-01-20", where="cases > 1", **options
    )
    assert (report["from"], report["to"]) == ("2024-01-10", "2024-01-19")
    assert 0 < report["points"] < 60


def test_pixels_seen_twice_count_twice():
    points = Points(lon=np.array([10.0, 170.0]), lat=np.array([5.0, -5.0]))
    window = Window(256.0, 0, 0, 400, 256)
    owners, cells = pixels_of(points, window)
    assert owners.tolist() == [0, 0, 1]
    grid = bin_points([points], window, parse_point_measure("count", None))
    assert sorted(np.flatnonzero(grid.total).tolist()) == sorted(cells.tolist())


def test_times_of_a_table_are_those_that_were_written(tmp_path):
    rows = "9,38,2024-03-01\n0,0,2024-03-02\n9,39,2024-03-03T12:00:00Z\n9,39,x\n"
    (tmp_path / "p.csv").write_text("lat,lon,date\n" + rows)
    points = PointSet.of([open_table(tmp_path / "p.csv")], TableOptions())
    assert points.time == "date"
    (chunk,) = [chunk for chunk in points.chunks(timed=True) if len(chunk)]
    moments = dt.datetime(2024, 3, 1, tzinfo=dt.UTC), dt.datetime(2024, 3, 3, 12, tzinfo=dt.UTC)
    np.testing.assert_array_equal(chunk.time, [*(moment.timestamp() for moment in moments), np.nan])
    assert all(chunk.time is None for chunk in points.chunks())


def test_a_few_dates_far_from_all_others_are_told():
    time = np.sort(cases().time)
    assert crowded(time) is None
    odd = np.concatenate([np.full(3, -2.2e9), time, [3.8e9]])
    assert crowded(odd) == (
        "4 points are far from all others in time, and the film spans them: "
        "--after=2023-11-28 --before=2024-03-15 films the rest"
    )
    assert crowded(odd[:50]) is None  # too few to tell
