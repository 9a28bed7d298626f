"""A reader of libraries, written from docs/reference/library-format.md alone, finds what heatlas does.

What reads here uses SQLite, zstd and NumPy, and nothing of heatlas: when it fails, the page or the file is wrong.
"""

from __future__ import annotations

import sqlite3

import numpy as np
import pyarrow as pa
import pytest
from library_made import made, walks

from heatlas.grid import parse_measure
from heatlas.library.drawing import draw
from heatlas.library.settings import Settings
from heatlas.library.tracks import read_track
from heatlas.window import Window

AMOUNTS = {"seconds": (1, 1 / 16), "metres": (2, 1 / 8), "fixes": (3, 1.0)}
VALUES = {
    "speed": (5, 1 / 128),
    "grade": (6, 1 / 8),
    "heart_rate": (7, 1 / 2),
    "power": (9, 1.0),
    "elevation": (10, 1 / 4),
}
TRACK = {"u": (0, "f8"), "v": (1, "f8"), "time": (2, "f8"), "progress": (3, "f4"), "segments": (4, "i8")}


# The reader.


def unpacked(blob):
    size = int.from_bytes(blob[:4], "little")
    return pa.decompress(blob[4:], decompressed_size=size, codec="zstd", asbytes=True) if size else blob[4:]


def varints(data, count, at):
    found = []
    for _ in range(count):
        number, shift = 0, 0
        while True:
            byte = data[at]
            at, number, shift = at + 1, number | (byte & 127) << shift, shift + 7
            if byte < 128:
                break
        found.append(number)
    return found, at


def unzigzag(number):
    return -(number + 1) // 2 if number & 1 else number // 2


def key(column, z, x, y, chunk):
    return (column != 0) << 62 | z << 57 | x << 37 | y << 17 | chunk << 4 | column


def pixels_of(data):
    """Activity and passages of each run, and the pixels of all of them."""
    (runs,), at = varints(data, 1, 0)
    steps, at = varints(data, runs, at)
    lengths, at = varints(data, runs, at)
    pixels = []
    for length in lengths:
        for k in range(length):
            if k == 0 or data[at] == 0:
                at += k > 0
                here = data[at] | data[at + 1] << 8
                at += 2
            else:
                here += ((data[at] >> 4) - 8) * 256 + (data[at] & 15) - 8
                at += 1
            pixels.append(here)
    assert at == len(data)
    return np.cumsum(steps), lengths, np.array(pixels)


def columns_of(link, z, x, y, chunk):
    """Bytes of the columns of a chunk but the pixels."""
    found = {}
    for column in range(1, 16):
        row = link.execute("SELECT data FROM passages WHERE key = ?", (key(column, z, x, y, chunk),)).fetchone()
        if row is not None and column < 15:
            found[column] = unpacked(row[0])
        elif row is not None:
            data = unpacked(row[0])
            heads = np.frombuffer(data, "<u4", 1 + 2 * int.from_bytes(data[:4], "little"))[1:].reshape(-1, 2)
            at = 4 + heads.nbytes
            for number, length in heads.tolist():
                found[number] = data[at : at + length]
                at += length
    return found


def values_of(data, lengths):
    """Steps of all runs, None where unknown."""
    found, at = [], 0
    for length in lengths:
        numbers, at = varints(data, length, at)
        before = 0
        for number in numbers:
            before += unzigzag(number - 1) if number else 0
            found.append(before if number else None)
    return found


def tile(link, z, x, y):
    """Passes, activities, sums of amounts, and sums and counts of values of all pixels of a tile, by name."""
    names = ["passes", "activities", *AMOUNTS, *VALUES, *(f"known {name}" for name in VALUES)]
    planes = {name: np.zeros(65536) for name in names}
    rows = link.execute(
        "SELECT key, data FROM passages WHERE key BETWEEN ? AND ?", (key(0, z, x, y, 0), key(0, z, x, y, 8191))
    )
    for number, blob in rows.fetchall():
        _, lengths, pixels = pixels_of(unpacked(blob))
        np.add.at(planes["passes"], pixels, 1)
        for run in np.split(pixels, np.cumsum(lengths)[:-1]):
            planes["activities"][np.unique(run)] += 1
        others = columns_of(link, z, x, y, number >> 4 & 8191)
        for name, (column, step) in AMOUNTS.items():
            if column in others:
                np.add.at(planes[name], pixels, np.array(varints(others[column], len(pixels), 0)[0]) * step)
        for name, (column, step) in VALUES.items():
            for pixel, value in zip(pixels, values_of(others.get(column, b"\0" * len(pixels)), lengths), strict=True):
                if value is not None:
                    planes[name][pixel] += value * step
                    planes[f"known {name}"][pixel] += 1
    return {name: plane.reshape(256, 256) for name, plane in planes.items()}


def track_column(link, activity, column, kind):
    (blob,) = link.execute("SELECT data FROM tracks WHERE key = ?", (activity * 64 + column,)).fetchone()
    size = np.dtype(kind).itemsize
    words = np.frombuffer(unpacked(blob), np.uint8).reshape(size, -1).T.copy().view(f"<u{size}").ravel()
    return np.cumsum(words, dtype=words.dtype).view(kind)


def whole_of(data, at, count):
    """Whole numbers, and where the next column begins."""
    width, at = data[at], at + 1
    planes = np.zeros((8, count), np.uint8)
    planes[:width] = np.frombuffer(data, np.uint8, count * width, at).reshape(width, count)
    steps = [unzigzag(number) for number in planes.T.copy().view("<u8").ravel().tolist()]
    numbers, before = [], 0
    for step in steps:
        before = (before + step + 2**63) % 2**64 - 2**63
        numbers.append(before)
    return np.array(numbers, np.int64), at + count * width


def decimals_of(data, at, count):
    decimals = data[at]
    numbers, at = whole_of(data, at + 1, count)
    return (numbers.view(np.float64) if decimals == 255 else numbers / 10.0**decimals), at


def cells_of(data):
    """Numbers, counts, sums, least and greatest weights of cells."""
    size, flags = int.from_bytes(data[:4], "little"), data[4]
    code, at = whole_of(data, 5, size)
    count, at = whole_of(data, at, size) if flags & 1 else (np.ones(size, np.int64), at)
    total, at = decimals_of(data, at, size) if flags & 2 else (count.astype(float), at)
    least, greatest = total.copy(), total.copy()
    if flags == 3:
        several = count > 1
        least[several], at = decimals_of(data, at, int(several.sum()))
        greatest[several], at = decimals_of(data, at, int(several.sum()))
    assert at == len(data)
    return code, count, total, least, greatest


# What it finds.


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("format") / "a.db"
    with made(path, walks(5, 14), group=4, settings=Settings(zooms=(10, 15))) as library:
        yield library


@pytest.fixture
def link(library):
    link = sqlite3.connect(f"file:{library.path}?mode=ro", uri=True)
    yield link
    link.close()


def test_the_file_says_what_it_is(link):
    assert link.execute("PRAGMA application_id").fetchone()[0] == 0x48654174
    assert link.execute("PRAGMA user_version").fetchone()[0] >= 1
    assert link.execute("PRAGMA page_size").fetchone()[0] == 8192


@pytest.mark.parametrize("zoom", [10, 15])
def test_a_tile_read_by_the_page_is_what_heatlas_draws(library, link, zoom):
    z, x, y = zip(*link.execute("SELECT DISTINCT z, x, y FROM chunks WHERE z = ? ORDER BY x, y", (zoom,)), strict=True)
    assert len(z) >= 1
    for place in list(zip(z, x, y, strict=True))[:3]:
        found = tile(link, *place)
        assert found["passes"].any()
        window = Window(256.0 * 2**zoom, place[1] * 256, place[2] * 256, 256, 256)
        for name in ("passes", "activities", *AMOUNTS):
            assert np.array_equal(found[name], draw(library, window, parse_measure(name)).total), name
        for name in VALUES:
            grid = draw(library, window, parse_measure(name))
            assert np.array_equal(found[f"known {name}"], grid.count), name
            assert np.array_equal(found[name], grid.total), name


def test_paces_are_powers_of_two(library, link):
    zoom, x, y, chunk = link.execute("SELECT z, x, y, chunk FROM chunks WHERE z = 12 AND metric = 0").fetchone()
    (blob,) = link.execute("SELECT data FROM passages WHERE key = ?", (key(0, zoom, x, y, chunk),)).fetchone()
    _, lengths, _ = pixels_of(unpacked(blob))
    steps = [s for s in values_of(columns_of(link, zoom, x, y, chunk)[4], lengths) if s is not None]
    paces = np.rint(2.0 ** (np.array(steps) / 512) * 2**20) / 2**20
    assert len(steps) > 10
    from heatlas.library.columns import VALUES as KEPT

    scale = KEPT["pace"]
    assert np.array_equal(paces, scale.table[np.array(steps) - scale.least])
    assert (scale.least, scale.least + len(scale.table) - 1) == (-5120, 2047)


def test_whole_tracks_are_read_to_the_last_bit(library, link):
    from heatlas.library.activities import list_activities

    number, activity = next(iter(list_activities(library).items()))
    with library.read() as own:
        batch = read_track(own, number, activity)
    for name, (column, kind) in TRACK.items():
        found = track_column(link, number, column, kind)
        assert found.tobytes() == np.asarray(getattr(batch, name)).tobytes(), name
    assert track_column(link, number, 5, "f4").tobytes() == batch.columns["elevation"].tobytes()


def test_the_view_of_chunks_says_what_keys_say(link):
    rows = link.execute("SELECT key FROM passages ORDER BY key LIMIT 50").fetchall()
    seen = link.execute("SELECT metric, z, x, y, chunk FROM chunks").fetchall()
    assert {number for (number,) in rows} <= {key(*row) for row in seen}


@pytest.mark.parametrize("weighed", [True, False])
def test_points_are_read_to_the_last_bit_and_cells_add_them_up(tmp_path, weighed):
    from heatlas.api import open_points
    from heatlas.library.point_sets import import_points
    from heatlas.library.store import open_library

    rng = np.random.default_rng(3)
    lon = np.concatenate((rng.uniform(10, 11, 300).round(5), rng.uniform(-170, 170, 50), np.full(20, 10.5)))
    lat = np.concatenate((rng.uniform(47, 48, 300).round(5), rng.uniform(-80, 80, 50), np.full(20, 47.5)))
    weight = rng.integers(-5, 90, len(lon)) / 4
    columns = {"lon": lon, "lat": lat} | ({"weight": weight} if weighed else {})
    with open_library(tmp_path / "points.db", create=True) as library:
        import_points(library, "clinics", open_points(columns))
    link = sqlite3.connect(tmp_path / "points.db")
    number, points, total = link.execute(
        "SELECT number, points, total FROM point_sets WHERE name = 'clinics'"
    ).fetchone()
    assert (points, total) == (len(lon), weight.sum() if weighed else len(lon))
    at, found = 0, []
    ((count, blob),) = link.execute("SELECT count, data FROM points WHERE point_set = ?", (number,)).fetchall()
    data = unpacked(blob)
    for _ in columns:
        values, at = decimals_of(data, at, count)
        found.append(values)
    assert at == len(data)
    assert all(np.array_equal(a, b) for a, b in zip(found, columns.values(), strict=True))
    levels = [row[0] for row in link.execute("SELECT DISTINCT level FROM point_cells ORDER BY level")]
    assert levels[-1] == 30
    assert len(levels) > 1
    for level in levels:
        rows = link.execute("SELECT first, data FROM point_cells WHERE level = ? ORDER BY first", (level,)).fetchall()
        for first, blob in rows:
            code, count, sums, least, greatest = cells_of(unpacked(blob))
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
    link.close()
