"""Land, coasts and borders below a picture: where they are, in strips as in one piece, and where they end."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import heatlas
from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat
from heatlas.dataset.places import bbox_window
from heatlas.style import ground as grounds
from heatlas.style.world_ground import LAST_ZOOM, WorldGround

DARK, LIGHT = (14, 17, 22), (250, 249, 246)
LAND = [(15.0, 48.0), (3.0, 27.0), (-100.0, 40.0), (135.0, -25.0), (160.0, 65.5), (-55.0, -10.0)]
SEA = [(-30.0, 40.0), (-150.0, 0.0), (80.0, -20.0), (175.0, 40.0), (51.0, 42.0)]


def at(rows, window, lon, lat):
    u, v = (float(x) for x in from_lonlat(lon, lat))
    x = int(u * window.scale - window.x) % int(window.scale)
    return tuple(rows[int(v * window.scale) - window.y, x].tolist())


@pytest.mark.parametrize("land", [DARK, LIGHT])
@pytest.mark.parametrize("box", [(-180, -84, 180, 84), (0, -84, 360, 84)])  # the second goes across the antimeridian
def test_land_is_where_it_is_and_the_sea_is_faint(land, box):
    window = bbox_window(box, width=512)
    rows = WorldGround(window, land).rows(0, window.height)
    assert {at(rows, window, *place) for place in LAND} == {land}
    (sea,) = {at(rows, window, *place) for place in SEA}
    assert 3 < max(abs(a - b) for a, b in zip(sea, land, strict=True)) < 60


def test_strips_make_the_same_ground(monkeypatch):
    window = bbox_window((5, 45, 15, 55), width=300)
    whole = WorldGround(window, DARK).rows(0, window.height)
    monkeypatch.setattr(grounds, "_STRIP", 300 * 64)
    cut = WorldGround(window, DARK)
    pieces = np.concatenate([cut.rows(top, min(top + 50, window.height)) for top in range(0, window.height, 50)])
    assert np.abs(whole.astype(int) - pieces).max() <= 8  # joints of lines are rounded otherwise at the edge of a strip
    assert (whole != pieces).any(axis=-1).mean() < 0.01


def test_near_there_is_land_alone_and_the_report_says_so(tmp_path):
    window = bbox_window((5, 45, 5.2, 45.2), zoom=LAST_ZOOM + 1)
    assert (WorldGround(window, LIGHT).rows(0, window.height) == LIGHT).all()
    points = {"lat": np.array([47.8, 47.81]), "lon": np.array([10.9, 10.91])}
    report = heatlas.render(points, output=tmp_path / "near.png", basemap="world", width=200)
    assert any("no coasts nearer than zoom 9.5" in words for words in report["warnings"])
    points = {"lat": np.array([36.0, 55.0]), "lon": np.array([-9.0, 20.0])}
    report = heatlas.render(points, output=tmp_path / "far.png", basemap="world", width=200)
    assert not any("coasts" in words for words in report["warnings"])
    with Image.open(tmp_path / "far.png") as image:
        assert image.mode == "RGB"
        assert len(image.getcolors(1 << 16)) > 3
    with pytest.raises(BadOption, match="--basemap needs a ground"):
        heatlas.render(points, output=tmp_path / "no.png", basemap="world", background="none")
    with pytest.raises(BadOption, match="or the word world"):
        heatlas.render(points, output=tmp_path / "no.png", basemap="moon")
