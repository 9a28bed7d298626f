"""Pages made of a library: which layers they have, how large they will be, and what they hold."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from library_made import made, walks
from PIL import Image
from published import field_of, window_picture
from publishing import publish_html

from heatlas.core.errors import BadOption, NothingToDraw, TooLarge
from heatlas.library.file.opening import open_library
from heatlas.publish import html, layers
from heatlas.tiles.scales import scale_data
from heatlas.tiles.view import close, open_view

ZOOMS = (6, 12)
GEAR = "Anna's <b>shoes</b>"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Walks of two years, some with gear and some private."""
    path = tmp_path_factory.mktemp("layers") / "made.db"
    tracks = [
        replace(
            track,
            time=track.time + 86400.0 * 90 * k,
            activities=(
                replace(
                    track.activities[0], name=f"Secret errand {k}", start=1.7e9 + 86400.0 * 91 * k,
                    gear=GEAR if k < 3 else "", private=k == 0, id=f"number-{k}",
                ),
            ),
        )
        for k, track in enumerate(walks(3, 8))
    ]  # fmt: skip
    made(path, tracks).close()
    return path


@pytest.fixture
def output(tmp_path):
    return tmp_path / "map.html"


def data_of(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def archive_of(path, number):
    text = path.read_text(encoding="utf-8")
    pieces = re.findall(rf'id="a{number}-(\d+)">([^<]*)<', text)
    assert [int(k) for k, _ in pieces] == list(range(len(pieces)))
    return b"".join(base64.b64decode(piece) for _, piece in pieces)


def told(report):
    return [(layer["group"], layer["title"], layer["activities"]) for layer in report["layers"]]


def test_layers_are_those_that_were_asked_for(library, output):
    report = publish_html(library, output, zooms=ZOOMS, layers="sport, year,gear,pace")
    data = data_of(output)
    assert told(data) == [
        ("", "All", 8),
        ("Sport", "Ride", 4), ("Sport", "Run", 4),
        ("Year", "2023", 1), ("Year", "2024", 4), ("Year", "2025", 3),
        ("Gear", GEAR, 3),
        ("Measure", "Mean pace", 8),
    ]  # fmt: skip
    assert report["layers"] == [layer["title"] for layer in data["layers"]]
    assert report["zooms"] == data["zooms"] == list(ZOOMS)
    assert "palettes" in data["layers"][0]
    assert data["layers"][7]["palettes"] != data["layers"][0]["palettes"]
    assert data["places"]


def test_a_page_opens_at_the_box_that_is_given_and_holds_all(library, output):
    import heatlas

    usual = heatlas.render(library, output=output, zoom="6-8")
    places = data_of(output)["places"]
    given = heatlas.render(library, output=output, zoom="6-8", bbox=(10.8, 47.7, 10.9, 47.8))
    assert data_of(output)["places"] == [{"name": "First view", "bbox": [10.8, 47.7, 10.9, 47.8]}, *places]
    assert given["layers"] == usual["layers"]
    with pytest.raises(BadOption, match="is no box"):
        heatlas.render(library, output=output, bbox="1,2,3")


def test_archives_and_scales_are_those_of_python(library, output):
    from pmtiles.reader import MemorySource, Reader, all_tiles

    publish_html(library, output, zooms=ZOOMS, layers="sport")
    view = open_view(open_library(library))
    field = field_of(view, sports=("Ride",))
    packed = MemorySource(archive_of(output, 1))
    tiles = dict(all_tiles(packed))
    assert Reader(packed).header()["max_zoom"] == 12
    at = next(place for place in tiles if place[0] == 12)
    shown = np.asarray(Image.open(io.BytesIO(tiles[at])).convert("RGBA"), np.int16)
    assert np.array_equal(shown, window_picture(field, 12, at[1] * 256, at[2] * 256, 256, 256))
    written = data_of(output)["layers"][1]
    for zoom in range(6, 13):
        expected = scale_data(field, zoom)
        assert {**written["scales"][str(zoom)], "colors": written["colors"]} == json.loads(json.dumps(expected))
    close(view)


def test_measures_alone_and_filters(library, output):
    publish_html(library, output, zooms=ZOOMS, layers="passes,max(heart_rate)", sport=("Run",))
    assert told(data_of(output)) == [("Measure", "Passes", 4), ("Measure", "Max heart rate", 4)]
    publish_html(library, output, zooms=ZOOMS, layers="month", after="2024-03-01", before="2024-09-10", title="T")
    months = [title for group, title, _ in told(data_of(output)) if group]
    assert months == ["May 2024", "Aug 2024"]
    publish_html(library, output, zooms=ZOOMS, layers="gear", where="sport = 'Run' OR sport = 'Ride'")
    assert told(data_of(output))[1:] == [("Gear", GEAR, 3)]


def test_private_activities_are_left_out_of_public_pages(library, output):
    publish_html(library, output, zooms=ZOOMS, public=True)
    assert told(data_of(output)) == [("", "Passes", 7)]


def test_no_single_activity_can_be_read_out_of_a_page(library, output):
    publish_html(library, output, zooms=ZOOMS, layers="sport,year,month,seconds")
    everything = output.read_bytes() + b"".join(archive_of(output, k) for k in range(len(data_of(output)["layers"])))
    for secret in (b"Secret", b"errand", b"number-1", b"2023-11-14", b"1700000000"):
        assert secret not in everything


def test_what_was_not_recorded_is_left_out_and_told(library, output):
    report = publish_html(library, output, zooms=ZOOMS, layers="passes,temperature")
    assert report["layers"] == ["Passes"]
    assert "temperature" in report["warnings"][0]
    with pytest.raises(NothingToDraw, match="recorded"):
        publish_html(library, output, zooms=ZOOMS, layers="temperature")
    with pytest.raises(NothingToDraw, match="the filter leaves none of"):
        publish_html(library, output, zooms=ZOOMS, where="distance > 1e9")


def test_wrong_words_are_told_with_those_that_are_known(library, output):
    with pytest.raises(BadOption, match=r"--layers knows sport, year, month, gear.*sprot"):
        publish_html(library, output, layers="sprot")
    with pytest.raises(BadOption, match="twice"):
        publish_html(library, output, layers="sport,Sport")
    (output.parent / "none").write_text("a file")
    with pytest.raises(BadOption, match="no folder"):
        publish_html(library, output.parent / "none" / "map.html")
    assert [file.name for file in output.parent.iterdir()] == ["none"]


def test_sizes_are_foreseen(library, output, monkeypatch):
    report = publish_html(library, output, layers="sport,pace", zooms=(6, 15))
    tiles = report["bytes"] - html.page_bytes(len(report["layers"]))
    foreseen = report["estimated"] - html.page_bytes(len(report["layers"]))
    assert 0.5 * tiles < foreseen < 2 * tiles
    monkeypatch.setattr(html, "WARN_BYTES", report["estimated"] - 1000)
    last = publish_html(library, output, layers="sport,pace")["zooms"][1]
    assert 12 <= last < 16
    monkeypatch.setattr(html, "MOST_BYTES", html.page_bytes(4) // 2)
    monkeypatch.setattr(layers, "publish", lambda *_, **__: pytest.fail("it was drawn all the same"))
    before = output.read_bytes()
    with pytest.raises(TooLarge, match=r"more than .* MB with zooms 6-\d+.*--zoom.*--where.*folder"):
        publish_html(library, output, layers="sport,pace", zooms=(6, 15))
    assert output.read_bytes() == before


def test_equal_libraries_make_equal_pages(library, tmp_path):
    for name, workers in (("one", 1), ("other", 2)):
        publish_html(library, tmp_path / name, zooms=ZOOMS, layers="sport", workers=workers)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
