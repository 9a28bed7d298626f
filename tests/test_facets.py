"""Small multiples: one tone for all, every picture as it would be by itself, and what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from library_made import walks
from PIL import Image

import heatlas
from heatlas.core.batch import join
from heatlas.core.context import Context
from heatlas.core.errors import BadOption, NothingToDraw, TooLarge
from heatlas.dataset.tracks import Tracks
from heatlas.dataset.viewport import Viewport
from heatlas.options import RenderOptions, gather
from heatlas.options.drawing import PictureOptions
from heatlas.options.option import options_of
from heatlas.raster.measure import parse_measure
from heatlas.raster.offered import measures_of
from heatlas.rendering import facet_parts, facets
from heatlas.rendering.facets import FACETS, FacetJob, check_facet
from heatlas.rendering.finish import Finish
from heatlas.rendering.track_job import TrackJob
from heatlas.style.colour import colour
from heatlas.style.sheet import Cell, cell_width, columns_for, lay_out

DAY = 86400.0
GROUND = (14, 17, 22)


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def collection(count=9, apart=40 * DAY, **known):
    tracks = [
        replace(track, activities=tuple(replace(a, start=1.7e9 + k * apart, **known) for a in track.activities))
        for k, track in enumerate(walks(3, count))
    ]
    return Tracks((join(tracks[: count // 2]), join(tracks[count // 2 :])))


def facet_job(tmp_path, by, measure="passes", name="sheet.png", **options):
    asked = gather(RenderOptions, {"facet": by, "width": 800, "background": "dark", **options})
    wanted, output = parse_measure(measure), tmp_path / name
    check_facet(output, asked)
    frame = Viewport.parse(asked.frame, default="busiest place")
    return FacetJob(TrackJob.parse(wanted, frame, Finish.parse(output, wanted, asked), asked), by)


def pixels_of(path):
    with Image.open(path) as image:
        return np.array(image.convert("RGBA"))


@pytest.mark.parametrize("measure", ["passes", "pace", "stops", "share(heart_rate > 140)", "residual(heart_rate)"])
def test_each_picture_is_a_drawing_in_the_one_tone(tmp_path, measure, monkeypatch):
    seen = []
    monkeypatch.setattr(facets, "colour", lambda *args: seen.append((args, colour(*args))) or seen[-1][1])
    report = facet_job(tmp_path, "sport", measure).run(collection(30), Context(1))
    assert [facet["title"] for facet in report["facets"]] == ["Ride", "Run"]
    tones = [args[1] for args, _ in seen]
    assert tones[0] is tones[1]
    sheet = pixels_of(tmp_path / "sheet.png")
    assert sheet.shape == (report["picture"]["height"], report["picture"]["width"], 4)
    assert report["picture"]["width"] <= 800
    for (grid, *_), picture in seen:
        # The middle of each picture, where no rounded corner is, is in the sheet to the last bit.
        height, width = grid.window.height, grid.window.width
        inner = picture.rgba[height // 4 : -height // 4, width // 4 : -width // 4]
        assert _holds(sheet, inner)
    assert ("model" in report) == measure.startswith("residual")


def _holds(sheet, part):
    """Whether a part stands somewhere in a sheet: where its most colourful row does, all of it is compared."""
    flat, wanted = (np.ascontiguousarray(pixels).view(np.uint32)[..., 0] for pixels in (sheet, part))
    height, width = wanted.shape
    chosen = max(range(height), key=lambda row: len(np.unique(wanted[row])))
    row = wanted[chosen].tobytes()
    for top in range(len(flat) - height + 1):
        line, at = flat[top + chosen].tobytes(), -1
        while (at := line.find(row, at + 1)) >= 0:
            left = at // 4
            if at % 4 == 0 and np.array_equal(flat[top : top + height, left : left + width], wanted):
                return True
    return False


@pytest.mark.parametrize("measure", [str(one) for one in measures_of(["pace", "speed", "grade", "grade_100", "bearing",
                                     "elapsed", "elevation", "heart_rate", "steady_heart_rate"])])  # fmt: skip
def test_every_measure(tmp_path, measure):
    job = facet_job(tmp_path, "month", measure, legend=True, title="Months", width=900, smooth="9px")
    tracks = collection(40, apart=1.5 * DAY, facts={"decoupling": 3.0})  # as of longer ones
    report = job.run(tracks, Context(1))
    assert len(report["facets"]) == 12
    assert report["facets"][0]["title"] == "January"
    assert report["facets"][6]["activities"] == 0
    assert (pixels_of(tmp_path / "sheet.png")[..., 3] == 255).all()
    assert not list(tmp_path.glob("sheet.*.*")), "a sheet lies nowhere: nothing stands beside it"


def test_months_and_weekdays_are_whole_years_are_contiguous(tmp_path):
    titles = {}
    for by in ("month", "weekday", "year"):
        report = facet_job(tmp_path, by).run(collection(3, apart=400 * DAY), Context(1))
        titles[by] = [facet["title"] for facet in report["facets"]]
        assert sum(facet["activities"] for facet in report["facets"]) == 3
    assert (len(titles["month"]), titles["weekday"][0], len(titles["weekday"])) == (12, "Monday", 7)
    assert titles["year"] == ["2023", "2024", "2026"] or titles["year"] == ["2023", "2024", "2025", "2026"]


def test_what_is_left_out_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(facet_parts, "MOST", 2)
    tracks = collection(8)
    gears = ["A", "A", "A", "B", "B", "", "C", "D"]
    named = iter(gears)
    tracks = replace(
        tracks,
        batches=tuple(
            replace(batch, activities=tuple(replace(a, gear=next(named)) for a in batch.activities))
            for batch in tracks.batches
        ),
    )
    report = facet_job(tmp_path, "gear").run(tracks, Context(1))
    assert [(facet["title"], facet["activities"]) for facet in report["facets"]] == [("A", 3), ("B", 2)]
    assert report["warnings"] == [
        "1 activity without gear is left out",
        "2 more by gear with 2 activities are left out: at most 2 are shown",
    ]


def test_none_at_all(tmp_path):
    with pytest.raises(NothingToDraw, match="no activity in the window has a gear"):
        facet_job(tmp_path, "gear").run(collection(3), Context(1))
    with pytest.raises(NothingToDraw, match="what max\\(cadence\\) needs"):
        facet_job(tmp_path, "sport", "max(cadence)").run(collection(3), Context(1))
    with pytest.raises(NothingToDraw, match="filter leaves none"):
        facet_job(tmp_path, "sport", where="name = 'no'").run(collection(3), Context(1))


def test_wrong_options(tmp_path, monkeypatch):
    for name in ("sheet.tif", "sheet.kmz", "sheet.npy", "sheet.pdf"):
        with pytest.raises(BadOption, match=r"side by side in a \.png or \.webp"):
            facet_job(tmp_path, "sport", name=name)
    with pytest.raises(BadOption, match="none of month, year"):
        facet_job(tmp_path, "hour")
    with pytest.raises(BadOption, match="too narrow"):
        facet_job(tmp_path, "month", width=100).run(collection(3), Context(1))
    monkeypatch.setattr(facets, "free_memory", lambda: 1e6)
    with pytest.raises(TooLarge, match="12 pictures of"):
        facet_job(tmp_path, "month").run(collection(3), Context(1))
    (tmp_path / "points.csv").write_text("lat,lon\n1,2\n")
    with pytest.raises(BadOption, match="--facet is for tracks"):
        heatlas.render(tmp_path / "points.csv", output=tmp_path / "x.png", facet="sport")
    with pytest.raises(BadOption, match="--facet is for pictures"):
        heatlas.render(tmp_path / "points.csv", output=tmp_path / "x.mp4", facet="sport")


def test_the_option_and_the_table_agree():
    assert options_of(PictureOptions)["facet"].choices == tuple(FACETS)


def test_a_webp_without_a_background(tmp_path):
    job = facet_job(tmp_path, "sport", name="sheet.webp", background=None, legend=True, title="Sports", scale_bar=True)
    report = job.run(collection(6), Context(1))
    pixels = pixels_of(tmp_path / "sheet.webp")
    assert pixels.shape[:2] == (report["picture"]["height"], report["picture"]["width"])
    assert (pixels[..., 3] == 0).mean() > 0.3


@pytest.mark.parametrize(
    ("count", "aspect", "columns"), [(12, 1.0, 4), (12, 0.5, 6), (12, 2.0, 3), (7, 1.0, 4), (1, 1.0, 1), (24, 1.0, 6)]
)
def test_columns_fill_a_page(count, aspect, columns):
    assert columns_for(count, aspect) == columns


@pytest.mark.parametrize("count", range(1, 25))
def test_a_sheet_is_as_wide_as_was_asked_for(count):
    for total in (300, 1000, 3000):
        for columns in range(1, count + 1):
            wide = cell_width(total, columns)
            if wide > 20:
                assert total - 2 * columns - 2 <= lay_out(count, columns, wide, wide).total_width <= total + columns


def test_long_words_are_shortened_and_nothing_leaves_its_place():
    cells = [
        Cell("Mountain biking in the rain and at night" * 3, "1,234 activities", np.full((60, 90, 4), 255, np.uint8))
    ]
    sheet = lay_out(1, 1, 90, 60)
    for ground in (None, GROUND, (250, 249, 246)):
        pixels = sheet.paint(cells, ground, title="A very long title of a very small sheet", attribution="Somebody" * 9)
        assert pixels.shape[1] == sheet.total_width
        margin = pixels[:, : sheet.margin // 3]
        assert (margin == margin[0, 0]).all()
