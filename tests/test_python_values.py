"""Values that people pass from Python: colours, colour maps, areas, functions; and what they take away."""

from __future__ import annotations

import cmap
import geopandas
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import shapely
from library_made import walks

import heatlas
from heatlas.core.errors import BadOption
from heatlas.dataset.tracks import Tracks
from heatlas.options.values import text_of

mpl.use("agg")
TRACKS = Tracks(tuple(walks(4, 8)))
BOX = (10.89, 47.79, 10.92, 47.81)
WINDOW = TRACKS.window(BOX, width=90)
HEAT = TRACKS.heat("passes", WINDOW)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"), ("dark", "dark"), ((1, 2, 255), "#0102ff"), ((0.0, 0.5, 1.0), "#0080ff"),
        (np.array([10, 20, 30], np.uint8), "#0a141e"), ((1, 2, 3, 4), "#010203"),
    ],
)  # fmt: skip
def test_backgrounds(value, text):
    assert text_of("background", value) == text
    assert HEAT.background(value).look.background == HEAT.background(text).look.background


def test_a_background_may_have_a_name():
    assert HEAT.background("white").look.background == (255, 255, 255)
    assert HEAT.background("Rebecca" + "Purple").look.background == (102, 51, 153)


@pytest.mark.parametrize("odd", ["whiteish", (1, 2), (300, 0, 0), ("a", 1, 2), 5, (-1, 0, 0)])
def test_backgrounds_that_are_none(odd):
    with pytest.raises(BadOption, match=r"background .* is (no colour|none of)"):
        HEAT.background(odd)


def test_colours_in_a_list_are_stops():
    wanted = HEAT.colormap("#000000,#ff0000").colours
    for colours in (["black", "red"], ["#000", "#f00"], [(0, 0, 0), (255, 0, 0)], np.array([[0.0, 0, 0], [1.0, 0, 0]])):
        np.testing.assert_array_equal(HEAT.colormap(colours).colours, wanted)


@pytest.mark.parametrize("given", [mpl.colormaps["magma"], cmap.Colormap("magma")], ids=["matplotlib", "cmap"])
def test_maps_of_other_libraries(given):
    found = HEAT.colormap(given).colours.astype(int)
    wanted = np.round(np.asarray(mpl.colormaps["magma"](np.linspace(0, 1, 256))) * 255)
    assert abs(found - wanted).max() <= 1


@pytest.mark.parametrize("odd", [5, [], ["black"], lambda places: "x", ["blackish", "red"], None])
def test_maps_that_are_none(odd):
    with pytest.raises(BadOption, match="colour"):
        HEAT.colormap(odd)


def test_a_range_may_be_two_numbers():
    assert HEAT.tone((1, 5)).look.tone == HEAT.tone("1:5").look.tone
    with pytest.raises(BadOption, match="is no tone: give a curve such as 'log', or a range such as"):
        HEAT.tone((1, 2, 3))


def test_geometries_are_boxes():
    frame = geopandas.GeoDataFrame(geometry=[shapely.box(*BOX)], crs="EPSG:4326")
    assert TRACKS.window(frame, width=90) == WINDOW
    assert TRACKS.window(frame.geometry, width=90) == WINDOW
    assert TRACKS.window(shapely.box(*BOX), width=90) == WINDOW
    metres = frame.to_crs("EPSG:3857")
    found = TRACKS.window(metres, width=90)
    assert found.bbox == pytest.approx(WINDOW.bbox, abs=1e-3)
    with pytest.raises(BadOption, match="needs a coordinate system"):
        TRACKS.window(geopandas.GeoSeries([shapely.Point(1, 2)]))
    with pytest.raises(BadOption, match="is no box"):
        text_of("bbox", object())


def test_a_window_around_a_place(tmp_path):
    by_text, by_numbers = (TRACKS.window(around=around, width=90) for around in ("47.8,10.9,500m", (47.8, 10.9, 500)))
    assert by_text == by_numbers
    west, south, east, north = by_text.bbox
    assert west < 10.9 < east
    assert south < 47.8 < north
    assert by_text.resolution * 90 == pytest.approx(1000, rel=0.05)
    with pytest.raises(BadOption, match="bbox and around cannot go together"):
        TRACKS.window(BOX, around="47.8,10.9,500m")
    with pytest.raises(BadOption, match=r"^around '47\.8' is no circle"):
        TRACKS.window(around="47.8")


def test_rendering_takes_the_same_objects(tmp_path):
    points = {"lat": [47.8, 47.805], "lon": [10.9, 10.91], "w": [1.0, 2.0]}
    frame = geopandas.GeoDataFrame(geometry=[shapely.box(*BOX)], crs="EPSG:4326")
    shown = {"weight": "w", "width": 60}
    heatlas.render(
        points, output=tmp_path / "a.png", bbox=frame, background=(1, 2, 3), colormap=["black", "red"], **shown
    )
    text = ",".join(map(repr, frame.total_bounds.tolist()))
    heatlas.render(points, output=tmp_path / "b.png", bbox=text, background="#010203", colormap="#000,#f00", **shown)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_function_filters():
    assert len(TRACKS.where(lambda activity: activity.sport == "Run")) == len(TRACKS.where("sport = 'Run'")) == 4


def test_sports_are_found_in_any_case():
    for text in ("sport = 'run'", "'RUN' = sport", "sport IN ('run', 'swim')", "NOT sport <> 'rUn'"):
        assert len(TRACKS.where(text)) == 4, text
    assert len(TRACKS.where("name = 'x' OR sport = 'run'")) == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sport = 5", "compares sport, which is text, with a number: put '5' in single quotes"),
        ("5 = id", "compares id, which is text"),
        ("name IN ('a', 5)", "compares name, which is text"),
        ("distance > '5000'", "compares distance, which is a number, with text: leave out the quotes"),
        ("hour BETWEEN '6' AND 9", "compares hour, which is a number"),
        ("NOT (year = '2024')", "compares year"),
    ],
)
def test_comparisons_that_could_never_pass_are_refused(text, says):
    with pytest.raises(BadOption, match=says):
        TRACKS.where(text)


def test_a_window_describes_itself():
    assert repr(WINDOW) == (
        f"<Window bbox 10.89,47.79,10.92,47.81: 90 x {WINDOW.height} px of {WINDOW.resolution:.3g} m, "
        f"zoom {WINDOW.zoom:.4g}>"
    )


def test_activities_as_a_frame():
    frame = TRACKS.to_pandas()
    assert len(frame) == len(TRACKS)
    assert list(frame["sport"]) == [activity.sport for activity in TRACKS.activities]
    assert str(frame["start"].dt.tz) == "UTC"
    assert frame["start"].iloc[0].timestamp() == TRACKS.activities[0].start
    assert Tracks(()).to_pandas().empty


def test_values_at_positions():
    row, column = np.argwhere(np.isfinite(HEAT.values))[7]
    size = 1 / WINDOW.scale
    west, south, east, north = heatlas.Window(WINDOW.scale, WINDOW.x + int(column), WINDOW.y + int(row), 1, 1).bbox
    here = ((west + east) / 2, (south + north) / 2)
    assert size > 0
    found = HEAT.sample([here, (0.0, 0.0), (np.nan, 47.0), here])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[[0, 3]], HEAT.values[row, column])
    assert np.isnan(found[1:3]).all()
    np.testing.assert_array_equal(HEAT.sample([here[0]], [here[1]]), found[:1])
    frame = geopandas.GeoDataFrame(geometry=[shapely.Point(here)], crs="EPSG:4326")
    np.testing.assert_array_equal(HEAT.sample(frame), found[:1])
    np.testing.assert_array_equal(HEAT.sample(frame.geometry), found[:1])
    for odd in ("here", [1, 2, 3], 5):
        with pytest.raises(BadOption, match="positions are"):
            HEAT.sample(odd)


def test_values_across_the_antimeridian():
    window = heatlas.Window(1024.0, 1000, 470, 60, 40)
    points = heatlas.open_points(pd.DataFrame({"lat": [10.0, 10.0], "lon": [179.5, -179.5]}))
    heat = points.heat("count", window)
    east, west = heat.sample([(179.5, 10.0), (-179.5, 10.0)])
    assert east > 0.5
    assert west > 0.5


def test_a_plot_has_degrees_a_legend_and_a_scale_bar():
    ax = HEAT.background("dark").plot()
    labels = [label.get_text() for label in (*ax.get_xticklabels(), *ax.get_yticklabels())]
    assert any(text.endswith("°E") for text in labels)
    assert any(text.endswith("°N") for text in labels)
    left, right = ax.get_xlim()
    assert (left, right) == pytest.approx((WINDOW.bounds[0], WINDOW.bounds[2]))
    assert len(ax.figure.axes) == 2
    assert "passes" in ax.figure.axes[1].get_ylabel().lower()
    assert any("m" in text.get_text() for text in ax.texts)
    _, beside = plt.subplots()
    assert HEAT.plot(beside, legend=False, scale_bar=False) is beside
    assert len(beside.figure.axes) == 1
    assert not beside.texts
    ring = TRACKS.heat("hour", WINDOW).plot()
    assert len(ring.child_axes) == 1
    plt.close("all")


def test_texts_pass_as_they_are():
    assert text_of("colormap", "ice_r") == "ice_r"
    assert text_of("bbox", "1,2,3,4") == "1,2,3,4"
