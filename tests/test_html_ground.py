"""Pages in one file on a light ground: tiles without a palette get other colours too, and keep their opacity."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from compared import LAT, LON
from library_made import made
from published import field_of, opened, window_picture
from publishing import publish_html
from test_differences import YEARS, years
from test_html import wide
from test_html_layers import data_of

import heatlas
from heatlas.library.file.opening import open_library
from heatlas.library.file.settings import Settings
from heatlas.style.colormaps import colormap
from heatlas.style.image import Picture
from heatlas.tiles.view import close, open_view
from heatlas.writers.png import encode_png

SOURCE = Path(heatlas.__file__).parent / "publish" / "page" / "recolour.js"
RECOLOUR = """async ([source, png, from, to]) => {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const { recolour } = await import(`data:text/javascript,${encodeURIComponent(source)}`);
    const found = await recolour(bytes(png).buffer, bytes(from), bytes(to));
    const image = found instanceof ImageData;
    const data = image ? found.data : new Uint8Array(found);
    return [image, btoa(data.reduce((text, byte) => text + String.fromCharCode(byte), ""))];
}"""


def recoloured(page, pixels, start, end):
    words = [base64.b64encode(part).decode() for part in
             (encode_png(pixels, text={}), start[:, :3].tobytes(), end[:, :3].tobytes())]  # fmt: skip
    image, data = page.evaluate(RECOLOUR, [SOURCE.read_text("utf-8"), *words])
    assert image
    return np.frombuffer(base64.b64decode(data), np.uint8)


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize("smooth", [False, True])
def test_colours_are_exchanged_to_the_last_bit(plain_browser, opaque, smooth):
    rng = np.random.default_rng(7)
    steps = rng.integers(0, 256, (40, 64))
    if smooth:  # rows are then written as differences
        steps = np.add.outer(np.arange(40), np.arange(64)) % 256
    dark, light = colormap("polar"), colormap("balance")
    alpha = np.full(steps.shape, 255, np.uint8) if opaque else rng.integers(0, 256, steps.shape, np.uint8)
    pixels = np.concatenate([dark[steps][..., :3], alpha[..., None]], -1).astype(np.uint8)
    page = plain_browser.new_page()
    found = recoloured(page, Picture(pixels), dark, light).reshape(40, 64, 4)
    page.close()
    np.testing.assert_array_equal(found[..., 3], alpha)
    first = {tuple(colour): k for k, colour in reversed(list(enumerate(dark[:, :3].tolist())))}
    places = np.array([first[tuple(colour)] for colour in pixels[..., :3].reshape(-1, 3).tolist()]).reshape(40, 64)
    seen = alpha > 0
    np.testing.assert_array_equal(found[seen][:, :3], light[places][seen][:, :3])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("ground") / "lib.db"
    made(path, years(24), settings=Settings(zooms=(12, 16))).close()
    return path


@pytest.mark.parametrize(
    ("measure", "given"),
    [(YEARS, True), ("share(pace > 0.35)", True), ("first", True), ("wait", True),
     ("passes", True), ("pace", True), ("both(pace, heart_rate)", False), ("bearing", False)],
)  # fmt: skip
def test_layers_whose_colours_do_not_suit_any_ground_have_two_sets(path, tmp_path, measure, given):
    publish_html(path, tmp_path / "map.html", zooms=(14, 14), measure=measure)
    layer = data_of(tmp_path / "map.html")["layers"][0]
    assert ("palettes" in layer) == given
    publish_html(path, tmp_path / "map.html", zooms=(14, 14), measure="passes", colormap="viridis")
    assert "palettes" not in data_of(tmp_path / "map.html")["layers"][0]


def test_a_difference_on_a_light_ground(browser, path, tmp_path):
    publish_html(path, tmp_path / "map.html", zooms=(14, 16), measure=YEARS)
    with opened(browser, tmp_path / "map.html", f"#map=15,{LAT},{LON + 0.0027}&theme=light", offline=True) as seen:
        with open_library(path) as library:
            view = open_view(library, shown_only=True)
            left, top, scale = seen.corner()
            assert scale == 256 * 2**16
            field = field_of(view, YEARS, colormap="balance")
            drawn = window_picture(field, 16, round(left), round(top), *seen.size)
            close(view)
        shot = seen.shot()
        strong = drawn[..., 3] > 250
        at = strong & ~wide(~strong, 1)
        at[:, :350] = at[:40] = at[460:] = False
        assert at.sum() > 50
        assert np.median(np.abs(shot[at] - drawn[at][:, :3])) <= 8
        bar = seen.page.get_attribute("#legend-bar", "style")
        red, green, blue = colormap("balance")[255, :3].tolist()
        assert f"rgb({red}, {green}, {blue})" in bar


def test_a_layer_may_be_a_difference_of_sports(path, tmp_path):
    """Filters of a layer stay as they are written: sports have capital letters."""
    sports = "diff(pace; sport = 'Run' AND year = 2019; sport = 'Run' AND year = 2020)"
    report = publish_html(path, tmp_path / "map.html", zooms=(14, 14), layers=f"passes,{sports}")
    assert report["layers"] == ["Passes", "Mean pace: sport = 'Run' AND year = 2020 less sport = 'Run' AND year = 2019"]
    assert report["warnings"] == []
