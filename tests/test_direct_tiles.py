"""Tiles that are smoothed and toned in one call, against those that are drawn by way of grids."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_made import made, walks
from starlette.testclient import TestClient

from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.raster.gaussian import Smoothing, halo, smooth
from heatlas.raster.measure import parse_measure
from heatlas.raster.tile_pixels import SIDE, TilePixels, assembled, places_in
from heatlas.server.app import create_app
from heatlas.style.stepping import begins_of, steps_of
from heatlas.style.tone import Tone
from heatlas.tiles import painting
from heatlas.tiles.direct import Counted, steps_of_tile
from heatlas.tiles.fields import Field
from heatlas.tiles.look import Filter
from heatlas.tiles.painting import tile_bytes
from heatlas.tiles.request import TileRequest, read_look
from heatlas.tiles.view import choose_in, close, open_view

TOWN = {"lat": 47.8, "lon": 10.9}
TONES = (
    Tone("log", 1.0, 300.0, fade=0.16),
    Tone("linear", 2.0, 9.0),
    Tone("rank", 0.5, 40.0, np.geomspace(0.5, 40, 513), fade=0.16, alike=0.3),
)


def some_tile(rng, measure):
    """Pixels of a tile: few, or lines and blocks of many; None now and then."""
    amount = rng.choice([0, 1, 30, 2000, 30000])
    if amount == 0:
        return None
    first, last = sorted(rng.integers(0, SIDE * SIDE + 1, 2))
    pixels = np.unique(rng.integers(first, max(last, first + 1), amount)).clip(0, SIDE * SIDE - 1).astype(np.uint16)
    values = rng.integers(1, 400, len(pixels))
    kind = np.uint32 if measure.reduction == "passes" else np.float64
    return TilePixels(pixels, {measure.layout.total: values.astype(kind)})


@given(
    seed=st.integers(0, 2**32 - 1),
    name=st.sampled_from(["passes", "seconds", "metres"]),
    zoom=st.integers(2, 17),
    row=st.floats(0, 0.999),
    wide=st.sampled_from(
        [Smoothing(), Smoothing(4.0, 1.0), Smoothing(0.0, 2.3), Smoothing(60.0), Smoothing(0.0, 40.0)]
    ),
    tone=st.sampled_from(TONES),
)
def test_steps_of_a_tile_are_those_of_its_grid(seed, name, zoom, row, wide, tone):
    measure, rng = parse_measure(name), np.random.default_rng(seed)
    window = Window(SIDE * 2.0**zoom, int(rng.integers(0, 2**zoom)) * SIDE, int(row * 2**zoom) * SIDE, SIDE, SIDE)
    if wide.sigma(window).max() > 90:
        wide = Smoothing(pixels=min(wide.sigma(window).max(), 90))
    margin = halo(wide, window)
    places = places_in(window.grown(margin))
    tiles = [some_tile(rng, measure) for _ in places]
    field = SimpleNamespace(look=SimpleNamespace(measure=measure, smoothing=wide))
    begins = begins_of(tone, sums=True)
    for _ in range(2):  # what is worked in is left as it was
        if not any(tile is not None for tile in tiles):
            return
        steps, greatest = steps_of_tile(field, Counted(window, margin, places, tiles), begins)
        grid = assembled(window.grown(margin), measure, zip(places, tiles, strict=True), single=True)
        twin = steps_of(smooth(grid, wide, window, 1), tone)
        np.testing.assert_array_equal(steps, twin)
        assert greatest == twin.max()
        tiles = [some_tile(rng, measure) for _ in places]


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    view = open_view(made(tmp_path_factory.mktemp("direct") / "lib.db", walks(1, 8, **TOWN)))
    yield view
    close(view)


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"measure": "seconds"}, {"measure": "activities", "tone": "sqrt"}, {"smooth": "0"}, {"smooth": "40m"},
        {"tone": "local"}, {"tone": "2:9"}, {"measure": "pace"}, {"tone": "rank", "colormap": "ice"},
    ],
    ids=str,
)  # fmt: skip
def test_tiles_have_the_same_bytes_either_way(view, asked, monkeypatch):
    look = read_look(TileRequest(**asked), view.snapshot)
    field = Field(view, view.snapshot, choose_in(view, view.snapshot, Filter()), look)
    u, v = from_lonlat(TOWN["lon"], TOWN["lat"])
    wanted = [
        (zoom, int(u * 2**zoom) + beside, int(v * 2**zoom), form)
        for zoom in (0, 1, 2, 9, 13, 15, 16, 17, 18)
        for beside in (0, 1, -1)
        for form in ("png", "webp")
        if 0 <= int(u * 2**zoom) + beside < 2**zoom
    ]
    tiles = [tile_bytes(field, *place, form=form) for *place, form in wanted]
    monkeypatch.setattr(painting, "is_direct", lambda *_: False)
    assert [tile_bytes(field, *place, form=form) for *place, form in wanted] == tiles
    assert len(set(tiles)) > 10


def test_tiles_are_drawn_anew_when_metrics_are_defined_otherwise(view, monkeypatch):
    u, v = from_lonlat(TOWN["lon"], TOWN["lat"])
    app = create_app(view.library.path)
    held = app.state.site.view.fields
    with TestClient(app, base_url="http://localhost") as web:
        for zoom, said, fields in ((13, "", 1), (14, "", 1), (15, "slow: pace / 2", 2)):
            monkeypatch.setattr("heatlas.server.routes.definitions", lambda _, said=said: said)
            address = f"/tiles/passes/{zoom}/{int(u * 2**zoom)}/{int(v * 2**zoom)}.png"
            assert web.get(address).status_code == 200
            assert len(held) == fields
