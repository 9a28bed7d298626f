"""Local tones of tiles: those around fit together, and a change in one town leaves another as it was."""

from __future__ import annotations

import io

import numpy as np
import pytest
from library_made import made, put, walks
from PIL import Image
from publishing import folder_tiles, publish

from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.library.manage import import_into
from heatlas.pmtiles.hilbert import numbers_of
from heatlas.publish.dirty_tiles import cell_signatures
from heatlas.style.local_tone import STEPS, Surroundings, ranks_of, touched_cells
from heatlas.tiles.encoding import encode
from heatlas.tiles.fields import SIDE, Field, field_window
from heatlas.tiles.look import Filter
from heatlas.tiles.painting import tile_bytes
from heatlas.tiles.request import TileRequest, read_look
from heatlas.tiles.scales import colours_of, scale_data, tone_of
from heatlas.tiles.surroundings import tone_for
from heatlas.tiles.tile_counts import sampled
from heatlas.tiles.view import choose_in, open_view

TOWN, VILLAGE = {"lat": 47.8, "lon": 10.9}, {"lat": 47.8, "lon": 11.6}


def field_in(library, **asked):
    view = open_view(library)
    look = read_look(TileRequest(**asked), view.snapshot)
    return Field(view, view.snapshot, choose_in(view, view.snapshot, Filter()), look)


def tile_at(zoom, lat, lon):
    u, v = from_lonlat(lon, lat)
    return int(u * 2**zoom), int(v * 2**zoom)


def rgba(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return made(tmp_path_factory.mktemp("local") / "lib.db", walks(1, 10, **TOWN) + walks(2, 3, **VILLAGE))


@pytest.mark.parametrize(("zoom", "up"), [(15, 0), (15, 1), (14, 5), (18, 2)])
def test_a_mosaic_of_tiles_is_one_image(library, zoom, up):
    field = field_in(library, tone=f"local:0.1:{up}")
    x, y = (place - 1 for place in tile_at(zoom, **TOWN))
    window = Window(SIDE * 2.0**zoom, x * SIDE, y * SIDE, 3 * SIDE, 3 * SIDE)
    grid = field_window(field, window)
    whole = rgba(encode(grid, tone_for(field, zoom, window), colours_of(field), "png"))
    tiles = [np.hstack([rgba(tile_bytes(field, zoom, x + i, y + j)) for i in range(3)]) for j in range(3)]
    np.testing.assert_array_equal(np.vstack(tiles), whole)
    assert not np.array_equal(rgba(encode(grid, tone_of(field, zoom), colours_of(field), "png")), whole)


def test_tiles_do_not_depend_on_what_was_asked_before_nor_on_the_order_of_import(library, tmp_path):
    places = [(14, *tile_at(14, **TOWN)), (14, *tile_at(14, **VILLAGE)), (13, *tile_at(13, **TOWN))]
    field = field_in(library, tone="local:0.2:1")
    tiles = [tile_bytes(field, *place) for place in places]
    turned = made(tmp_path / "turned.db", (walks(1, 10, **TOWN) + walks(2, 3, **VILLAGE))[::-1], group=2)
    other = field_in(turned, tone="local:0.2:1")
    assert [tile_bytes(other, *place) for place in places[::-1]] == tiles[::-1]


def test_a_change_in_the_village_draws_nothing_in_the_town(tmp_path):
    town = walks(1, 10, **TOWN)
    village = walks(2, 30, **VILLAGE)
    library = made(tmp_path / "lib.db", town + village[:2])
    options = {"zooms": (12, 15), "tone": "local:0.1:1"}
    publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    before = folder_tiles(tmp_path / "tiles")
    assert publish(tmp_path / "lib.db", tmp_path / "tiles", **options)["tiles"]["written"] == 0
    put(library, [village[2]])
    report = publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    after = folder_tiles(tmp_path / "tiles")
    changed = {place for place in after if after[place] != before.get(place)}
    assert len(changed) == report["tiles"]["written"] > 0
    east = from_lonlat(11.25, 47.8)[0]
    assert all(x > east * 2**z - 2 for z, x, _ in changed)
    assert report["tiles"]["unchanged"] == len(after) - len(changed)
    # Where a cell is fitted anew, tiles of it are drawn again through which the new activity does not go.
    field = field_in(library, tone="local:0.1:1")
    publish(tmp_path / "lib.db", tmp_path / "tiles", refit=True, **options)
    for place, data in folder_tiles(tmp_path / "tiles").items():
        np.testing.assert_array_equal(rgba(data), rgba(tile_bytes(field, *place)))


def test_signatures_follow_the_cells_that_reach_a_tile():
    rng, zoom = np.random.default_rng(1), 8
    cells = np.array([y << 32 | x for y in range(8) for x in (0, 3, 4, 7)], np.int64)
    ranks = ranks_of(rng.pareto(1, (len(cells), STEPS)) * 1000, 0.1)
    x, y = np.meshgrid(np.arange(0, 256, 5), np.arange(0, 256, 7))
    numbers = np.sort(numbers_of(zoom, x.ravel().astype(np.int64), y.ravel().astype(np.int64)))
    before = cell_signatures(Surroundings(3, cells, ranks), zoom, numbers)
    from heatlas.pmtiles.hilbert import places_at

    columns, rows = places_at(zoom, numbers)
    for k in (0, 5, 17, 31):
        other = ranks.copy()
        other[k, 9] ^= 1
        moved = cell_signatures(Surroundings(3, cells, other), zoom, numbers) != before
        reached = [
            cells[k] in touched_cells(3, Window(SIDE * 2.0**zoom, int(x) * SIDE, int(y) * SIDE, SIDE, SIDE))
            for x, y in zip(columns, rows, strict=True)
        ]
        assert moved.tolist() == reached
        assert 0 < moved.sum() < len(moved)


def test_a_sample_stands_for_all_tiles():
    passages = np.sort(np.random.default_rng(2).pareto(0.9, 400) * 50 + 1).astype(np.int64)[::-1]
    chosen, weights = sampled(passages, 8)
    assert len(chosen) <= 8
    assert chosen[0] == 0
    assert (weights >= 1).all()
    assert (weights * passages[chosen]).sum() == pytest.approx(passages.sum(), rel=0.2)
    assert sampled(passages[:8], 8)[1].tolist() == [1.0] * 8


def test_the_scale_of_a_local_tone_has_words_at_its_ends(library):
    local, plain = (scale_data(field_in(library, tone=tone, measure="seconds"), 14) for tone in ("local", "log"))
    assert (local["low_text"], local["high_text"], local["unit"], local["curve"]) == ("less", "more", "", "local")
    assert local["ticks"] == [[0.0, "less"], [1.0, "more"]]
    assert local["note"] == "relative to its surroundings"
    assert (local["low"], local["high"]) == (plain["low"], plain["high"])


def test_weights_below_zero_are_refused(tmp_path):
    rng = np.random.default_rng(3)
    points = {"lat": rng.normal(60, 1, 50), "lon": rng.normal(25, 1, 50), "beds": rng.normal(0, 9, 50)}
    import_into(tmp_path / "lib.db", points, name="drift", weight="beds")
    from heatlas.library.file.opening import open_library

    field = field_in(open_library(tmp_path / "lib.db"), measure="sum(drift)", tone="local")
    with pytest.raises(BadOption, match="local tone needs values above 0"):
        tone_of(field, 5)
