"""A reader of point sets, written from docs/reference/library-format.md alone, finds what heatlas does.

What reads is `library_reader`.
"""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from library_reader import cells_of, point_tile, points_of, unpacked, woven

from heatlas.api import open_points
from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.library.file.opening import open_library
from heatlas.library.points.point_sets import import_points
from heatlas.raster.measure import parse_point_measure


def points_in(path, columns):
    """Import a table of points; a connection, and the number of the set."""
    with open_library(path, create=True) as library:
        import_points(library, "clinics", open_points(columns))
    link = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    return link, link.execute("SELECT number FROM point_sets WHERE name = 'clinics'").fetchone()[0]


@pytest.mark.parametrize("weighed", [True, False])
@pytest.mark.parametrize("alike", [20, 0])
def test_points_are_read_to_the_last_bit_and_cells_add_them_up(tmp_path, weighed, alike):
    rng = np.random.default_rng(3)
    lon = np.concatenate((rng.uniform(10, 11, 300).round(5), rng.uniform(-170, 170, 50), np.full(alike, 10.5)))
    lat = np.concatenate((rng.uniform(47, 48, 300).round(5), rng.uniform(-80, 80, 50), np.full(alike, 47.5)))
    weight = rng.integers(-5, 90, len(lon)) / 4
    columns = {"lon": lon, "lat": lat} | ({"weight": weight} if weighed else {})
    link, number = points_in(tmp_path / "points.db", columns)
    said = link.execute(
        "SELECT weight, points, total, lightest, heaviest, west, south, east, north FROM point_sets"
    ).fetchone()
    weights = ("weight", len(lon), weight.sum(), weight.min(), weight.max())
    assert said[:5] == (weights if weighed else (None, len(lon), len(lon), None, None))
    assert said[5:] == (lon.min(), lat.min(), lon.max(), lat.max())
    found, _ = points_of(link, number, len(columns))
    assert all(np.array_equal(a, b) for a, b in zip(found, columns.values(), strict=True))
    levels = [row[0] for row in link.execute("SELECT DISTINCT level FROM point_cells ORDER BY level")]
    assert levels[-1] == 30
    assert len(levels) > 1
    flags = set()
    for level in levels:
        rows = link.execute("SELECT first, data FROM point_cells WHERE level = ? ORDER BY first", (level,)).fetchall()
        for first, blob in rows:
            data = unpacked(blob)
            flags.add(data[4])
            code, count, sums, least, greatest = cells_of(data)
            assert code[0] == first
            for cell in range(len(code)):
                x = sum((int(code[cell]) >> 2 * bit & 1) << bit for bit in range(level))
                y = sum((int(code[cell]) >> 2 * bit + 1 & 1) << bit for bit in range(level))
                u, v = lon / 360 + 0.5, 0.5 - np.arctanh(np.sin(np.radians(lat))) / (2 * np.pi)
                inside = (np.floor(u * 2.0**level) == x) & (np.floor(v * 2.0**level) == y)
                assert inside.sum() == count[cell]
                if weighed:
                    known = weight[inside]
                    assert (known.sum(), known.min(), known.max()) == (sums[cell], least[cell], greatest[cell])
    assert flags == ({3} if weighed else {1}) | (set() if alike else {2 * weighed})
    link.close()


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """More points than a row holds: a connection, the number of the set, and the columns."""
    rng = np.random.default_rng(8)
    n = 70_000
    columns = {
        "lon": rng.normal(10.9, 0.05, n).round(6),
        "lat": rng.normal(47.8, 0.03, n).round(6),
        "weight": rng.integers(1, 50, n).astype(float),
    }
    beyond = {"lon": 20.0, "lat": -89.0, "weight": 7.0}
    given = {name: np.append(column, beyond[name]) for name, column in columns.items()}
    link, number = points_in(tmp_path_factory.mktemp("many") / "points.db", given)
    yield link, number, columns
    link.close()


def test_many_points_are_read_row_by_row(many):
    link, number, columns = many
    found, counts = points_of(link, number, 3)
    assert counts == [65_536, len(columns["lon"]) - 65_536]
    assert all(np.array_equal(a, b) for a, b in zip(found, columns.values(), strict=True))


def test_levels_are_kept_that_have_two_thirds_of_the_cells_at_most(many):
    link, number, columns = many
    sizes = {}
    for level, first, blob in link.execute(
        "SELECT level, first, data FROM point_cells WHERE point_set = ? ORDER BY level, first", (number,)
    ):
        code = cells_of(unpacked(blob))[0]
        assert code[0] == first
        sizes.setdefault(level, []).append(len(code))
    assert all(size == 4096 for rows in sizes.values() for size in rows[:-1])
    assert max(rows[-1] for rows in sizes.values()) <= 4096
    assert len(sizes[30]) > 2
    column = np.floor((columns["lon"] / 360 + 0.5) * 2.0**30).astype(np.int64)
    v = 0.5 - np.arctanh(np.sin(np.radians(columns["lat"]))) / (2 * np.pi)
    cells = np.unique(woven(column, np.floor(v * 2.0**30).astype(np.int64)))
    kept = {30: len(cells)}
    for level in range(29, -1, -1):
        cells = np.unique(cells >> 2)
        if len(cells) <= 2 / 3 * min(kept.values()):
            kept[level] = len(cells)
    assert {level: sum(rows) for level, rows in sizes.items()} == kept
    assert len(kept) < 28


@pytest.mark.parametrize("zoom", [0, 3, 11, 13, 22])
def test_a_tile_of_points_read_by_the_page_is_what_heatlas_draws(many, zoom):
    link, number, columns = many
    u, v = from_lonlat(columns["lon"][0], columns["lat"][0])
    x, y = int(u * 2**zoom), int(v * 2**zoom)
    count, total, least, greatest = point_tile(link, number, zoom, x, y)
    assert np.nansum(count) > 0
    points = open_points(columns)  # counted by heatlas from the points themselves, not from the library
    window = Window(256.0 * 2**zoom, x * 256, y * 256, 256, 256)
    for name, plane in {"count": count, "sum": total, "min": least, "max": greatest, "mean": total / count}.items():
        drawn = points.heat(parse_point_measure(name, "weight", False), window, "0px").bare.values
        assert np.array_equal(plane.astype(np.float32), drawn, equal_nan=True), name
