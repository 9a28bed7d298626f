"""Weights below 0: colours have a middle only where both signs matter, in pictures, arrays, tiles and pages alike."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import heatlas
from heatlas.core.errors import BadOption
from heatlas.dataset.places import bbox_window
from heatlas.library.file.opening import open_library
from heatlas.library.manage import import_into
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.measure import parse_point_measure
from heatlas.raster.point_kernel import Kernel
from heatlas.style.sample import both_signs_matter
from heatlas.tiles.fields import Field
from heatlas.tiles.look import Filter, Look
from heatlas.tiles.scales import colours_of, tone_of
from heatlas.tiles.snapshot import choose
from heatlas.tiles.view import open_view


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def quakes(path, negative: float, least: float) -> str:
    """Write 1,000 clustered weights of some 0 to 7, a share of which is turned below 0."""
    rng = np.random.default_rng(4)
    lon, lat = rng.normal((-117, 35), (3, 2), (1000, 2)).T
    weight = rng.gamma(2, 1, 1000)
    few = rng.random(1000) < negative
    weight[few] = least * rng.random(few.sum())
    rows = [f"{y:.4f},{x:.4f},{w:.2f}" for x, y, w in zip(lon, lat, weight, strict=True)]
    path.write_text("lat,lon,mag\n" + "\n".join(rows))
    return str(path)


def render(source, **more):
    return heatlas.render(source, output=source.replace(".csv", ".png"), weight="mag", width=300, **more)


@pytest.mark.parametrize(("negative", "least", "both"), [(0.0, -1, False), (0.03, -0.3, False), (0.5, -3, True)])
def test_the_rule_is_one_everywhere(tmp_path, negative, least, both):
    source = quakes(tmp_path / "quakes.csv", negative, least)
    low, high = render(source, background="light")["range"]
    assert (low == -high) == both
    assert both or 0 <= low < high
    import_into(tmp_path / "a.db", source, name="quakes", weight="mag")
    view = open_view(open_library(tmp_path / "a.db"))
    look = Look(
        parse_point_measure("sum", "mag", False), Smoothing(), None, None, "quakes", Kernel("gaussian", pixels=15)
    )
    field = Field(view, view.snapshot, choose(view.snapshot, Filter()), look)
    for zoom in (4, 6, 9):
        tone = tone_of(field, zoom)
        assert tone.diverging == both
        assert (tone.low == -tone.high) == both
        assert both or tone.low > 0
    middle = colours_of(field)[128, :3]
    assert (middle.min() > 200) == both  # a diverging map is pale in its middle
    tone = heatlas.open_points(source, weight="mag").heat(window=bbox_window((-130, 27, -104, 43), width=300)).fitted
    assert tone.diverging == both


def test_a_log_tone_needs_no_option_where_nothing_is_below_0(tmp_path):
    source = quakes(tmp_path / "a.csv", 0.03, -0.3)
    assert render(source, tone="log")["range"] == render(source)["range"]
    with pytest.raises(BadOption, match="log tone"):
        render(quakes(tmp_path / "b.csv", 0.5, -3), tone="log")


def test_what_is_too_little_to_matter_is_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("lat,lon,mag\n" + "".join(f"10,{20 + k},100\n" for k in range(9)) + "20,24,-2\n")
    report = render(str(path), radius="10px", background="dark")
    assert report["range"][0] > 0
    (said,) = [warning for warning in report["warnings"] if "below 0" in warning]
    assert "-2" in said
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert np.argwhere(pixels.sum(axis=2) > 150)[:, 0].min() > pixels.shape[0] // 2  # the one in the north is not seen


@pytest.mark.parametrize(("values", "both"), [
    ([], False), ([1.0, 2], False), ([-1.0], True), ([-1.0, -5], True), ([-0.04, 1], False), ([-0.06, 1], True),
    ([-5.0, 1e-3], True), ([0.0, 0.0], False), ([-9999.0] + [1.0] * 9999, False), ([-1.0] * 20 + [1.0] * 9999, True),
])  # fmt: skip
def test_when_both_signs_matter(values, both):
    assert both_signs_matter(np.array(values)) is both


@pytest.mark.parametrize("kernel", ["gaussian", "linear"])
def test_one_point_near_a_pole_does_not_spoil_a_wide_radius(tmp_path, kernel):
    path = tmp_path / "world.csv"
    path.write_text("lat,lon,mag\n10,20,5\n-60,179.9,3\n85.04,10,2\n-84.9,-170,4\n70,-179.99,6\n")
    report = heatlas.render(
        path, output=tmp_path / "a.npy", weight="mag", zoom=2, radius="3000km", kernel=kernel, bbox=(-180, -85, 180, 85)
    )
    values = np.load(tmp_path / "a.npy")
    assert report["window"]["width"] == 1024
    assert np.nanmax(values[:3]) > 1.9  # its own weight, over all longitudes around the pole
    assert np.nanmin(values[0]) > 1.5
    with pytest.raises(BadOption, match="too wide"):
        heatlas.render(
            path, output=tmp_path / "b.npy", weight="mag", zoom=5, radius="3000km", bbox=(-180, -85, 180, 85)
        )
