"""Kernels of the plan against plain twins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from slow import wander
from slow_scale import count_tiles as slow_count
from slow_scale import laid_out, random_visits, read_tile

from heatlas.core.batch import join
from heatlas.kernels import partials
from heatlas.kernels.index import UNKNOWN
from heatlas.kernels.lattice import frame_of
from heatlas.kernels.partials import ADDED, GREATEST, LEAST, PASSES, PERSONS, SIGNED, TRACKS, VALUES
from heatlas.kernels.visited import list_visited, spill
from heatlas.library.file.columns import VALUES as VALUES_OF
from heatlas.library.rows.passages import PreparedTrack
from heatlas.pmtiles.hilbert import numbers_of, places_at
from heatlas.raster.measure import parse_measure
from heatlas.raster.partition import REJOIN
from heatlas.scale.planes import column_of
from heatlas.scale.trace import _listing, _reach

CASES = [
    (PASSES, 0, [ADDED]),
    (PASSES, 1, [ADDED, ADDED]),
    (TRACKS, 0, [ADDED, ADDED]),
    (PERSONS, 1, [ADDED, ADDED, ADDED]),
    (VALUES, 0, [ADDED, ADDED, SIGNED]),
    (VALUES, 1, [ADDED, ADDED, ADDED, LEAST]),
    (VALUES, 0, [ADDED, ADDED, GREATEST]),
    (VALUES, 0, [ADDED, SIGNED]),
]


@pytest.mark.parametrize(("lat", "lon"), [(47.8, 10.9), (-69.0, 179.9995), (3.0, -179.9999)])
def test_visits_of_many_tracks_are_those_of_each(lat, lon):
    rng = np.random.default_rng(4)
    tracks = [wander(rng, n=n, lat=lat, lon=lon) for n in (300, 1, 150)]
    batch = join(tracks)
    for zoom in (2, 12, 17):
        scale = 256 << zoom
        where = batch.u, batch.v, batch.progress, batch.segments, batch.tracks
        pixels, numbers, begins, owners = list_visited(
            *where, *_reach(batch, scale), frame_of(float(scale), 0, 0, scale, scale), zoom
        )
        wanted = [PreparedTrack(track, REJOIN).at(zoom, ()) for track in tracks]
        tile = np.concatenate([one.tile for one in wanted])
        lengths = np.diff(begins)
        np.testing.assert_array_equal(pixels, np.concatenate([one.pixel for one in wanted]))
        np.testing.assert_array_equal(np.repeat(numbers, lengths), numbers_of(zoom, tile & 0xFFFFF, tile >> 20))
        np.testing.assert_array_equal(np.repeat(owners, lengths), np.repeat([0, 1, 2], [len(w.tile) for w in wanted]))
        assert (lengths > 0).all()


@pytest.mark.parametrize(("lat", "lon"), [(47.8, 10.9), (-69.0, 179.9995), (85.0505, -10.0)])
def test_values_of_many_tracks_are_those_that_an_index_stores(lat, lon):
    """What lies beyond the edge of the world is left out, and takes its share of what is rounded along the way."""
    rng = np.random.default_rng(6)
    tracks = [wander(rng, n=n, lat=lat, lon=lon, step=s) for n, s in ((300, 12), (1, 1), (200, 2))]
    tracks = [replace(track, columns={"heart_rate": noisy(rng, track.fixes)}) for track in tracks]
    tracks[2] = replace(tracks[2], time=np.full(tracks[2].fixes, np.nan))
    batch = join(tracks)
    for name in ("mean(pace)", "max(heart_rate)", "mean(grade)", "seconds", "metres", "fixes"):
        measure = parse_measure(name)
        list_at = _listing(batch, measure)
        for zoom in (3, 13, 17):
            found, column = list_at(zoom), column_of(measure)
            wanted, steps = [], []
            for track in tracks:
                passages = PreparedTrack(track, REJOIN).at(zoom)
                wanted.append(passages)
                steps.append(passages.columns.get(column, np.full(len(passages.tile), UNKNOWN)))
            known = np.concatenate(steps)
            table = np.rint(VALUES_OF[column].table * 2.0**20) if column in VALUES_OF else np.zeros(0)
            if len(table):
                at = np.clip(known - VALUES_OF[column].least, 0, len(table) - 1)
                known = np.where(known == UNKNOWN, UNKNOWN, table[at]).astype(np.int64)
            np.testing.assert_array_equal(found.pixels, np.concatenate([one.pixel for one in wanted]))
            np.testing.assert_array_equal(found.values, known)
            assert name == "mean(grade)" or (found.values != UNKNOWN).any()


def noisy(rng, count):
    """Heart rates, some of which are missing."""
    return np.where(rng.random(count) < 0.2, np.nan, rng.normal(140, 20, count)).astype(np.float32)


@pytest.mark.parametrize(("what", "near", "rules"), CASES)
def test_pixels_are_counted(what, near, rules):
    rng = np.random.default_rng(what + 10 * near)
    for many in (1, 12, 200):
        visits = random_visits(rng, many)
        given, tiles = laid_out(visits)
        _, filled, offsets, data = partials.count_tiles(*given, what, near, np.array(rules))
        wanted = slow_count(visits, what, near, rules)
        for k, tile in enumerate(tiles):
            assert read_tile(data[offsets[k] : offsets[k + 1]], rules) == wanted[tile]
            assert filled[k] == len(wanted[tile])


def test_persons_near_a_pixel_are_seen_across_the_edges_of_tiles():
    rng = np.random.default_rng(5)
    zoom, rules = 15, [ADDED, ADDED]
    visits = random_visits(rng, 60)
    rows = 2**14
    x0 = 2**15 - 1  # the tiles lie on both sides of the antimeridian
    number = numbers_of(zoom, (x0 + np.arange(-1, 4)) % 2**15, np.full(5, rows)).tolist()
    order = sorted(visits, key=lambda visit: (visit[3], visit[2]))
    pixels = np.array([row * 256 + column for _, (row, column), *_ in order], np.uint16)
    begins = np.arange(len(order) + 1)
    numbers = np.array([number[visit[0] + 1] for visit in order])
    persons = np.array([visit[3] for visit in order])
    beside, stretches, outer = spill(pixels, begins, *places_at(zoom, numbers), zoom)
    all_numbers, owners = np.append(numbers, beside), np.append(persons, persons[stretches])
    sort = np.lexsort((owners, all_numbers))
    tiles = np.append(np.flatnonzero(np.diff(all_numbers[sort], prepend=-1)), len(sort))
    none = np.zeros(len(beside), np.int64)
    _, _, offsets, data = partials.count_tiles(
        pixels, none[:0], np.append(begins[:-1], none)[sort], np.append(begins[1:], none)[sort], owners[sort],
        owners[sort], np.append(np.full(len(order), -1, np.int32), outer)[sort], tiles, PASSES, 2, np.array(rules),
    )  # fmt: skip
    wanted = slow_count(visits, PASSES, 2, rules)
    found = {
        n: read_tile(data[offsets[k] : offsets[k + 1]], rules)
        for k, n in enumerate(all_numbers[sort][tiles[:-1]].tolist())
    }
    for tile, cells in wanted.items():  # of tiles in one row; those above and below see more
        assert found[number[tile + 1]] == cells


@pytest.mark.parametrize(("what", "near", "rules"), CASES)
def test_parts_add_up_to_the_whole(what, near, rules):
    rng = np.random.default_rng(7 + what)
    visits = random_visits(rng, 300)
    parts = [[visit for visit in visits if visit[3] % 2 == k] for k in (0, 1)]
    made = [(laid_out(part), partials.count_tiles(*laid_out(part)[0], what, near, np.array(rules))) for part in parts]
    numbers = np.concatenate([tiles for (_, tiles), _ in made])
    shift = len(made[0][1][3])
    offsets = np.concatenate([made[0][1][2][:-1], made[1][1][2] + shift])
    data = np.concatenate([one[3] for _, one in made])
    order = np.argsort(numbers, kind="stable")
    tiles = np.append(np.flatnonzero(np.diff(numbers[order], prepend=-1)), len(order))
    _, _, ends, added = partials.add_tiles(order, tiles, offsets, data, np.array(rules), 0, 0)
    wanted = slow_count(visits, what, near, rules)
    for k, tile in enumerate(np.unique(numbers).tolist()):
        assert read_tile(added[ends[k] : ends[k + 1]], rules) == wanted[tile]
        planes = np.zeros((len(rules), 65536), np.int64)
        partials.fill_tile(added[ends[k] : ends[k + 1]], np.array(rules), planes)
        assert {p: planes[:, p].tolist() for p in np.flatnonzero(planes[0]).tolist()} == wanted[tile]


def test_few_persons_are_left_out_and_counts_are_rounded():
    visits = random_visits(np.random.default_rng(8), 400, tiles=1)
    rules = [ADDED, ADDED, ADDED, SIGNED]
    given, _ = laid_out(visits)
    _, _, offsets, data = partials.count_tiles(*given, VALUES, 1, np.array(rules))
    one = np.array([0, 1])
    for least, grain in ((2, 0), (3, 0), (4, 5), (99, 0)):
        passages, filled, ends, added = partials.add_tiles(one[:1], one, offsets, data, np.array(rules), least, grain)
        cells = {p: c for p, c in slow_count(visits, VALUES, 1, rules).get(0, {}).items() if c[1] >= least}
        if grain:
            cells = {
                p: [(v + grain // 2) // grain * grain if r == ADDED else v
                    for v, r in zip(c, rules, strict=True)]
                for p, c in cells.items()
            }  # fmt: skip
        assert read_tile(added[: ends[1]], [ADDED, ADDED, SIGNED]) == {p: [c[0], *c[2:]] for p, c in cells.items()}
        assert (passages[0], filled[0]) == (sum(c[0] for c in cells.values()), len(cells))


def test_damaged_bytes_do_no_harm():
    rng = np.random.default_rng(9)
    rules = np.array([ADDED, ADDED, LEAST])
    one = np.array([0, 1])
    for size in (1, 7, 400):
        data = rng.integers(0, 256, size).astype(np.uint8)
        partials.add_tiles(one[:1], one, np.array([0, size]), data, rules, 0, 0)
        partials.fill_tile(data, rules, np.zeros((3, 65536), np.int64))
