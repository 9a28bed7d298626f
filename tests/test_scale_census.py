"""Tiles of a zoom that are too many to be held: what is found some at a time is what is found at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from partitions import trips_of, write_partitions
from test_scale import ONE, recipe_of, tiles_in

from heatlas.pmtiles.hilbert import first_number, numbers_of, places_at
from heatlas.scale.archive import build
from heatlas.scale.census import Census
from heatlas.scale.engine import Here
from heatlas.scale.fit import cut
from heatlas.scale.plan import Sizes
from heatlas.tiles.tile_counts import TileCounts, busiest


def census_of(rng, zoom, many, most=4):
    """A census of some tiles, of which many have as many passages, and what `busiest` takes."""
    numbers = first_number(zoom) + np.sort(rng.choice(min(4**zoom, 40 * many), min(many, 4**zoom), replace=False))
    passages = rng.integers(0, most, len(numbers)) ** 3
    x, y = (some.astype(np.int32) for some in places_at(zoom, numbers))
    tile = np.arange(len(numbers), dtype=np.int32)
    pieces = [(numbers[k : k + 7], passages[k : k + 7]) for k in range(0, len(numbers), 7)]
    return Census(zoom, lambda: iter(pieces)), TileCounts(zoom, x, y, tile, 0 * tile, passages.astype(np.int32))


@pytest.mark.parametrize("held", [1, 20, 1 << 20])
def test_the_sample_is_that_of_all_tiles(monkeypatch, held):
    monkeypatch.setattr("heatlas.scale.census._COLLECTED", held)
    rng = np.random.default_rng(held)
    for zoom, many in ((0, 1), (3, 50), (14, 150)):
        for most in (2, 4, 30):
            census, counts = census_of(rng, zoom, many, most)
            for wanted in (1, 5, 16, 400):
                found = census.sample(wanted)
                assert [place[:2] for place in found] == busiest(counts, None, wanted)
                of = dict(zip(zip(counts.x.tolist(), counts.y.tolist(), strict=True), counts.passages, strict=True))
                assert all(of[x, y] == passages for x, y, passages in found)
            assert census.total() == counts.passages.sum()


@pytest.mark.parametrize("most", [1, 20])
def test_parts_hold_every_tile_once_and_all_that_is_near(most):
    rng = np.random.default_rng(most)
    for zoom in (2, 12):
        census, counts = census_of(rng, zoom, 60)
        parts, side = list(census.parts(zoom, most)), 1 << zoom
        assert len(parts) > 1 or zoom < 5
        edges = [edge for part in parts for edge in (part.first, part.end)]
        assert edges == sorted(edges)
        near = [(-4, -4), (0, 4), (1, -1), (4, 0)]
        for x, y in zip(counts.x.tolist(), counts.y.tolist(), strict=True):
            (own,) = numbers_of(zoom, [x], [y]) - first_number(zoom)
            shown = [((x + dx) % side, y + dy) for dx, dy in near if 0 <= y + dy < side]
            places = numbers_of(zoom, *zip(*shown, strict=True)) - first_number(zoom)
            for place in places.tolist():  # all that smoothing can reach is drawn from a part that knows of it
                part = parts[int(np.searchsorted([part.end for part in parts], place, side="right"))]
                assert part.first <= place
                assert any(first <= own < end for first, end in part.spans)
                assert part.near(zoom, np.array([own + first_number(zoom)]))


def test_ranges_hold_whole_blocks():
    rng = np.random.default_rng(3)
    low = first_number(9)
    numbers = low + np.flatnonzero(rng.random(4000) < 0.4)
    (whole, *rest), parts = list(cut(9, [numbers], 100)), np.split(numbers, np.sort(rng.integers(0, len(numbers), 60)))
    assert len(rest) > 10
    for ranges in ([whole, *rest], list(cut(9, parts, 100))):
        assert np.concatenate(ranges).tolist() == numbers.tolist()
        assert all((a[-1] - low) // 4 < (b[0] - low) // 4 for a, b in pairwise(ranges))
        assert all(len(some) < 110 for some in ranges)


@pytest.mark.parametrize(("tone", "smooth"), [(None, None), ("local:0.1:1", "300m")])
def test_a_map_that_is_looked_at_in_parts_is_the_same(tmp_path, monkeypatch, tone, smooth):
    trips = []
    for town in range(5):
        trips += trips_of(persons=2, trips=1 + town % 3, fixes=40, seed=town, lon=(178 + town) % 360 - 180)
    for k, trip in enumerate(trips):
        trip["person"] = trip["trip"] = str(k)
    write_partitions(tmp_path / "in", trips, 2)
    recipe = recipe_of(zooms=(11, 13), tone=tone, smooth=smooth)
    build([tmp_path / "in"], str(tmp_path / "a.pmtiles"), recipe, Here(), ONE, sizes=Sizes(2, 3, 40))
    monkeypatch.setattr("heatlas.scale.merged_tiles._ROWS", 0)
    monkeypatch.setattr("heatlas.scale.census._COLLECTED", 3)
    for module in ("fit", "merged_tiles"):
        monkeypatch.setattr(f"heatlas.scale.{module}.PART", 5)
    build([tmp_path / "in"], str(tmp_path / "b.pmtiles"), recipe, Here(), ONE, sizes=Sizes(2, 3, 40))
    assert tiles_in(tmp_path / "b.pmtiles") == tiles_in(tmp_path / "a.pmtiles")
