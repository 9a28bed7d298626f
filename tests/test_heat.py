"""Heats as objects: values, smoothing anew, tones, pictures, files."""

from __future__ import annotations

import base64
import io
import pickle
import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_made import walks
from made import export
from PIL import Image

import heatlas
from heatlas.core.errors import BadOption, NothingToDraw, TooLarge
from heatlas.dataset.tracks import Tracks
from heatlas.raster.point_kernel import Kernel

MEASURES = ("passes", "activities", "fixes", "seconds", "metres", "heart_rate", "std(heart_rate)", "max(power)")
TRACKS = Tracks(tuple(walks(1, 12)))
WINDOW = TRACKS.window(width=160)
RNG = np.random.default_rng(3)
TABLE = {"lat": 47.8 + RNG.normal(0, 0.01, 300), "lon": 10.9 + RNG.normal(0, 0.01, 300), "beds": RNG.uniform(1, 9, 300)}
POINTS = heatlas.open_points(TABLE, weight="beds")
POINT_WINDOW = POINTS.window(width=150)


@pytest.fixture(scope="module")
def heat():
    return TRACKS.heat(window=WINDOW)


def same(a, b):
    for name in ("total", "count", "square"):
        one, other = getattr(a.smoothed, name), getattr(b.smoothed, name)
        assert (one is None) == (other is None)
        assert one is None or (one.dtype == other.dtype and np.array_equal(one, other)), name
    assert a.smoothed.window == b.smoothed.window
    assert np.array_equal(a.bare.total, b.bare.total)
    assert a.width == b.width


@pytest.mark.parametrize("source", [TRACKS, POINTS])
def test_what_does_not_fit_in_memory_is_refused(source):
    with pytest.raises(TooLarge, match=r"GB of memory .* heatlas\.render"):
        source.heat(window=source.window(width=2_000_000))


def test_a_heat_says_what_it_is(heat):
    assert isinstance(heat, heatlas.Heat)
    assert heat.values.shape == heat.shape == (WINDOW.height, WINDOW.width)
    assert heat.values.dtype == np.float32
    assert np.isnan(heat.values).any()
    assert np.nanmax(heat.values) > 1
    assert (heat.bbox, heat.crs, heat.window, heat.measure, heat.unit) == (
        WINDOW.bbox, "EPSG:3857", WINDOW, "passes", "passes",
    )  # fmt: skip
    assert heat.total == heat.bare.total.sum() > 0
    assert TRACKS.heat("heart_rate", WINDOW).unit == "bpm"
    assert POINTS.heat("sum", POINT_WINDOW, "0px").total == pytest.approx(TABLE["beds"].sum())
    assert "Passes" in repr(heat)
    assert f"{WINDOW.width} x {WINDOW.height} px" in repr(heat)
    np.testing.assert_array_equal(np.asarray(heat), heat.values)
    assert np.asarray(heat, np.float64).dtype == np.float64


def test_a_heat_never_changes(heat):
    with pytest.raises(FrozenInstanceError):
        heat.width = None
    with pytest.raises(ValueError, match="read-only"):
        heat.values[0, 0] = 1
    before = heat.values.copy()
    np.asarray(heat.to_xarray())[:] = 0
    np.array(heat)[:] = 0
    heat.smooth(0), heat.tone("linear"), heat.background("dark"), heat.colormap("ice"), heat - heat, heat * 2
    np.testing.assert_array_equal(heat.values, before)
    assert heat.look.background is None


@given(
    st.sampled_from(MEASURES),
    st.sampled_from(["0", "1px", "2.5px", "4m", "30m", "auto"]),
    st.sampled_from(["0", "1px", "7px", "12m", "80m", "auto"]),
    st.integers(1, 3),
)
def test_smoothing_anew_is_the_same_to_the_last_bit(measure, first, then, workers):
    wanted = TRACKS.heat(measure, WINDOW, then)
    once = TRACKS.heat(measure, WINDOW, first)
    same(once.smooth(then, workers), wanted)
    same(once.smooth("5px").smooth("60m").smooth(then), wanted)


@given(
    st.sampled_from(["sum", "count", "mean", "max"]),
    st.sampled_from(["gaussian", "linear", "uniform"]),
    st.sampled_from([("0px", 0.0, 0.0), ("9px", 9.0, 0.0), ("200m", 0.0, 200.0), ("900m", 0.0, 900.0)]),
    st.sampled_from(["4px", "400m"]),
    st.booleans(),
)
def test_points_are_spread_anew_to_the_last_bit(measure, shape, radius, first, density):
    density = density and measure in {"sum", "count"}
    _, pixels, metres = radius
    kernel = Kernel(shape, metres, pixels)
    how = {"kernel": first} if isinstance(first, Kernel) else {"radius": first}
    once = POINTS.heat(measure, POINT_WINDOW, density=density, **how)
    same(once.smooth(kernel), POINTS.heat(measure, POINT_WINDOW, density=density, kernel=kernel))


def test_a_width_of_points_is_a_standard_deviation_as_on_the_command_line():
    once = POINTS.heat("sum", POINT_WINDOW, "30px")
    same(once.smooth("5px"), POINTS.heat("sum", POINT_WINDOW, "15px"))
    same(once.smooth("auto"), POINTS.heat("sum", POINT_WINDOW))
    same(once.smooth(0), POINTS.heat("sum", POINT_WINDOW, "0px"))


def test_what_cannot_be_smoothed_says_so(heat):
    with pytest.raises(BadOption, match="4m or 2px"):
        heat.smooth("5")
    with pytest.raises(BadOption, match="smooth those first"):
        (heat - heat).smooth("2px")
    with pytest.raises(BadOption, match="take the other"):
        heat.smooth(Kernel())
    again = pickle.loads(pickle.dumps(heat))
    np.testing.assert_array_equal(again.values, heat.values)
    same(again.smooth(0), heat.smooth(0))
    with pytest.raises(BadOption, match="beyond what was counted"):
        again.smooth("40px")
    stream = heatlas.open_points(iter_table())
    with pytest.raises(BadOption, match="beyond what was counted"):
        stream.heat("count", POINT_WINDOW, "3px").smooth("40px")


def iter_table():
    """A table that can be read once."""
    import pyarrow as pa

    batch = pa.record_batch({"lat": TABLE["lat"], "lon": TABLE["lon"]})
    return pa.RecordBatchReader.from_batches(batch.schema, [batch])


def test_one_tone_makes_two_heats_comparable(heat):
    few = Tracks(TRACKS.batches[:3]).heat(window=WINDOW)
    shared = few.tone(heat)
    assert shared.fitted is heat.fitted
    assert few.fitted.high < heat.fitted.high
    assert few.tone("1:7").fitted.high == 7
    assert few.tone(heat.fitted).fitted is heat.fitted
    alike = few.values == heat.values
    assert alike.any()
    np.testing.assert_array_equal(np.asarray(shared.image())[alike], np.asarray(heat.image())[alike])
    pace = TRACKS.heat("pace", WINDOW)
    assert pace.tone("4:8").fitted.low == pytest.approx(0.24), "minutes per kilometre, as the legend has them"
    with pytest.raises(BadOption, match="another unit"):
        pace.tone(heat)
    with pytest.raises(BadOption, match="neither one of"):
        heat.tone("loud")


def test_images_are_what_the_command_writes(tmp_path):
    folder = export(tmp_path / "export")
    tracks = heatlas.open(folder)
    heat = tracks.heat(window=tracks.window((10.89, 47.79, 10.93, 47.81), width=300))
    heatlas.render(
        folder, output=tmp_path / "drawn.png", bbox="10.89,47.79,10.93,47.81", width=300, tone="linear",
        colormap="ice", background="#102030",
    )  # fmt: skip
    image = heat.background("#102030").colormap("ice").tone("linear").image()
    assert image.mode == "RGBA"
    assert image.size == (300, heat.window.height)
    np.testing.assert_array_equal(np.asarray(image), np.asarray(Image.open(tmp_path / "drawn.png").convert("RGBA")))
    assert (np.asarray(heat.image())[..., 3] == 0).any(), "transparent unless a background was chosen"


def test_what_is_written_on_a_saved_heat_stands_where_render_puts_it(tmp_path):
    """In the corners where least heat is hidden."""
    folder = export(tmp_path / "export")
    tracks = heatlas.open(folder)
    for box in ((10.89, 47.79, 10.93, 47.81), (10.85, 47.77, 10.92, 47.80), (10.91, 47.80, 10.99, 47.83)):
        heatlas.render(
            folder, output=tmp_path / "drawn.png", bbox=",".join(map(str, box)), width=500, background="dark",
            legend=True, title="Here", scale_bar=True,
        )  # fmt: skip
        heat = tracks.heat(window=tracks.window(box, width=500)).background("dark")
        heat.save(tmp_path / "saved.png", legend=True, title="Here", scale_bar=True)
        drawn, saved = (np.asarray(Image.open(tmp_path / name)) for name in ("drawn.png", "saved.png"))
        np.testing.assert_array_equal(saved, drawn)


def test_files_hold_what_is_shown(heat, tmp_path):
    import rasterio

    wide = TRACKS.heat(window=TRACKS.window(width=400)).background("dark").titled("Walks in the park")
    for ending in ("png", "webp", "kmz", "tif", "npy"):
        written = wide.save(tmp_path / f"heat.{ending}", legend=True)
        assert written[0] == tmp_path / f"heat.{ending}"
        assert all(path.is_file() for path in written)
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / "heat.png").convert("RGBA")), np.asarray(wide.image(legend=True))
    )
    np.testing.assert_array_equal(np.load(tmp_path / "heat.npy"), wide.values)
    assert "Walks in the park" in (tmp_path / "heat.png.json").read_text()
    left, _, _, top = wide.window.bounds
    size, _, _, height, x, y = map(float, (tmp_path / "heat.pgw").read_text().split())
    assert (x - size / 2, y - height / 2) == pytest.approx((left, top))
    with rasterio.open(tmp_path / "heat.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), wide.values)
    wide.save(tmp_path / "colours.tif", rgba=True)
    with rasterio.open(tmp_path / "colours.tif") as dataset:
        np.testing.assert_array_equal(np.moveaxis(dataset.read(), 0, -1), np.asarray(wide.image()))
    with pytest.raises(BadOption, match=r"ending '.gifx'"):
        wide.save(tmp_path / "heat.gifx")


@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # of affine, by rioxarray
def test_xarray_has_places_units_and_a_crs(heat):
    import rioxarray  # noqa: F401 - adds .rio

    pace = TRACKS.heat("pace", WINDOW)
    array = pace.to_xarray()
    assert array.dims == ("y", "x")
    assert (array.name, array.attrs["units"], array.attrs["long_name"]) == ("mean(pace)", "s/m", "Mean pace")
    assert array.rio.crs.to_epsg() == 3857
    np.testing.assert_allclose(array.rio.bounds(), WINDOW.bounds, rtol=1e-12)
    left, size, _, top, _, height = pace.to_rasterio_profile()["transform"].to_gdal()
    np.testing.assert_allclose(array.x, left + (np.arange(WINDOW.width) + 0.5) * size, rtol=1e-13)
    np.testing.assert_allclose(array.y, top + (np.arange(WINDOW.height) + 0.5) * height, rtol=1e-13)
    np.testing.assert_allclose(array.rio.transform()[:6], pace.to_rasterio_profile()["transform"][:6], rtol=1e-13)
    assert np.isnan(array.rio.encoded_nodata)
    np.testing.assert_array_equal(array.values, pace.values)
    world = array.rio.reproject("EPSG:4326")
    west, south, east, north = WINDOW.bbox
    assert world.rio.bounds() == pytest.approx((west, south, east, north), abs=(east - west) / 50)


def test_a_rasterio_profile_writes_the_values(heat, tmp_path):
    import rasterio

    with rasterio.open(tmp_path / "heat.tif", "w", **heat.to_rasterio_profile()) as dataset:
        dataset.write(heat.values, 1)
    with rasterio.open(tmp_path / "heat.tif") as dataset:
        np.testing.assert_array_equal(dataset.read(1), heat.values)
        np.testing.assert_allclose(dataset.bounds, WINDOW.bounds, rtol=1e-12)
        assert dataset.crs.to_epsg() == 3857


def png_of(html):
    return Image.open(io.BytesIO(base64.b64decode(re.search(r"data:image/png;base64,([^\"]+)", html)[1])))


@pytest.mark.parametrize("width", [160, 1700])
def test_a_notebook_shows_a_small_picture_with_numbers(width):
    heat = TRACKS.heat("seconds", TRACKS.window(width=width))
    image = Image.open(io.BytesIO(heat._repr_png_()))
    assert max(image.size) <= 1200
    assert image.width / image.height == pytest.approx(heat.shape[1] / heat.shape[0], rel=0.01)
    assert image.convert("RGB").getpixel((0, 0)) == (14, 17, 22), "a dark ground, as nothing else was said"
    assert np.asarray(image.convert("L")).max() > 150
    html = heat.titled("<script>alert(1)</script>")._repr_html_()
    assert png_of(html).size == image.size
    assert "<script" not in html
    assert not re.search(r"https?:|<link|src=\"(?!data:)", html), "nothing is fetched from anywhere"
    assert "in all" in heat._repr_html_()
    assert len(html) < 400_000


def test_where_nothing_is_there_is_nothing_to_see(heat):
    none = Tracks(()).heat(window=WINDOW)
    assert none._repr_png_() is None
    assert "Nothing to see" in none._repr_html_()
    with pytest.raises(NothingToDraw):
        none.image()
    assert not np.asarray(none.tone(heat).image())[..., 3].any(), "with a tone that is known, an empty picture"
    assert (none - heat).total == -heat.total


def test_collections_introduce_themselves():
    assert re.fullmatch(r"<Tracks 12 activities, [\d,]+ fixes, 2023-11-14 to 2023-11-25: 6 Ride, 6 Run>", repr(TRACKS))
    html = TRACKS._repr_html_()
    assert "12 activities" in html
    assert "<td" in html
    gone = TRACKS.where("sport = 'Swim'")
    assert "the filter leaves none of 12 activities" in repr(gone)
    assert "the filter leaves none of 12 activities" in gone._repr_html_()
    assert repr(POINTS) == "<PointSet mapping of arrays: 300 rows, at lat, lon, weighted by beds>"
    assert "weighted by beds" in POINTS._repr_html_()


def test_a_card_of_what_is_cut_tells_the_lengths_that_are_shown():
    from heatlas.dataset.heat.html import lengths_of
    from heatlas.kernels.path import metres_along
    from heatlas.tracks.privacy import Privacy

    shown = TRACKS.hidden(Privacy(60.0, (), bytes(16)))
    assert shown.report.dropped["fixes hidden for privacy"]
    lengths = lengths_of(shown.batches)
    assert len(lengths) == len(shown)
    metres = sum(metres_along(batch.u, batch.v, batch.segments).sum() for batch in shown.batches)
    assert sum(lengths) == pytest.approx(metres)
    assert " km</td>" in shown._repr_html_() or " m</td>" in shown._repr_html_()


def test_a_picture_is_an_address_for_other_maps(heat):
    url = heat.to_url()
    assert url.startswith("data:image/png;base64,")
    image = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGBA")
    np.testing.assert_array_equal(np.asarray(image), np.asarray(heat.image()))
