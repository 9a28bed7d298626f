"""A reader of libraries, written from docs/reference/library-format.md alone, finds what heatlas does.

What reads is `library_reader`; see test_library_format_points.py for points.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from library_made import made, walks
from library_reader import (
    AMOUNTS,
    TRACK,
    VALUES,
    bearings,
    columns_of,
    key,
    marks_of,
    means_of,
    pixels_of,
    tile,
    track_column,
    values_of,
)

from heatlas.core.window import Window
from heatlas.library.file.settings import Settings
from heatlas.library.index.drawing import draw
from heatlas.library.rows.tracks import read_track
from heatlas.raster.measure import parse_measure

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "library-format.md"


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
    assert link.execute("PRAGMA user_version").fetchone()[0] == 12
    assert link.execute("PRAGMA page_size").fetchone()[0] == 1024


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
    _, lengths, pixels = pixels_of(blob)
    steps = [s for s in values_of(columns_of(link, zoom, x, y, chunk, lengths, pixels)[4], lengths) if s is not None]
    paces = np.rint(2.0 ** (np.array(steps) / 512) * 2**20) / 2**20
    assert len(steps) > 10
    from heatlas.library.file.columns import VALUES as KEPT

    scale = KEPT["pace"]
    assert np.array_equal(paces, scale.table[np.array(steps) - scale.least])
    assert (scale.least, scale.least + len(scale.table) - 1) == (-5120, 2047)


def test_bearings_are_those_that_heatlas_draws(library, link):
    z, x, y = link.execute("SELECT z, x, y FROM chunks WHERE z = 12 AND metric = 0").fetchone()
    pixels, degrees = bearings(link, z, x, y)
    assert len(pixels) > 100
    assert 0 <= degrees.min() < 60
    assert 300 < degrees.max() <= 63 * 45 / 8
    grid = draw(library, Window(256.0 * 2**z, x * 256, y * 256, 256, 256), parse_measure("bearing"))
    assert np.array_equal(grid.planes["n"].ravel(), np.bincount(pixels, minlength=65536))
    for name, part in (("x", np.cos(np.radians(degrees))), ("y", np.sin(np.radians(degrees)))):
        assert np.allclose(grid.planes[name].ravel(), np.bincount(pixels, part, 65536), atol=1e-4), name


def weights_and_lines(link, number):
    """Weight of each line of an activity by the page, from its whole track (no cuts here), and which fixes it joins."""
    u, v, time, segments = (track_column(link, number, *TRACK[name]) for name in ("u", "v", "time", "segments"))
    a = np.setdiff1d(np.arange(len(u) - 1), segments[1:-1] - 1)
    b = a + 1
    lat = np.pi * (1 - (v[a] + v[b]))  # Mercator's of the middle
    metres = 40075016.68557849 / np.cosh(lat) * np.hypot(u[b] - u[a], v[b] - v[a])
    seconds = time[b] - time[a]
    return np.where(np.isnan(seconds), metres, seconds), a, b


def test_means_over_activities_are_as_the_page_says(link):
    numbers = [number for (number,) in link.execute("SELECT number FROM activity_means ORDER BY number")]
    shown = [number for (number,) in link.execute("SELECT number FROM activities WHERE same_as IS NULL")]
    assert numbers == sorted(shown)
    with_heart = 0
    for number in numbers:
        means, moments = means_of(link, number)
        assert len(means) == 17
        assert np.isnan(means[[0, 1, 2, 3, 12, 15]]).all()
        weight, a, b = weights_and_lines(link, number)
        for column, stored in ((10, 5), (7, 6), (9, 9)):
            if not link.execute("SELECT 1 FROM tracks WHERE key = ?", (number * 64 + stored,)).fetchone():
                assert np.isnan(means[column])
                continue
            values = track_column(link, number, stored, "f4").astype(float)
            one, other = values[a], values[b]
            middle = np.where(np.isnan(one), other, np.where(np.isnan(other), one, (one + other) / 2))
            known = ~np.isnan(middle)
            expected = (weight * np.nan_to_num(middle)).sum() / weight[known].sum()
            assert means[column] == pytest.approx(expected, rel=1e-4), column
        assert np.allclose(moments, moments.T, rtol=1e-12)
        if moments[0, 0] > 0:
            with_heart += 1
            assert moments[0, 0] <= weight.sum() + 1e-6
            assert moments[0, 5] == pytest.approx(means[14], rel=0.05)
            assert np.linalg.eigvalsh(moments[1:, 1:]).min() > -1e-6 * np.trace(moments)
        else:
            assert not moments.any()
    assert with_heart >= 5


def test_marks_are_ends_and_stops_as_the_page_says(link):
    numbers = [number for (number,) in link.execute("SELECT number FROM activities")]
    assert numbers == [number for (number,) in link.execute("SELECT number FROM activity_marks ORDER BY number")]
    for number in numbers:
        u, v = (track_column(link, number, column, "f8") for column in (0, 1))
        ends, stops = marks_of(link, number)
        assert ends == [(u[k] % 1, v[k]) for k in (0, -1)]
        assert set(stops) <= set(zip(u % 1, v, strict=True))


def test_whole_tracks_are_read_to_the_last_bit(library, link):
    from heatlas.library.rows.merged import list_activities

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


def test_the_page_numbers_the_columns():
    from heatlas.library.file.columns import COLUMNS

    rows = re.findall(r"^\| (\d+) \| ([a-z_]+[0-9]*) \|", PAGE.read_text(), re.MULTILINE)
    said = {name: int(number) for number, name in rows}
    assert said == {name: number for name, number in COLUMNS.items() if number}


def test_the_page_names_all_tables_and_their_columns(link):
    said = set(re.findall(r"`([a-z_]+)`", PAGE.read_text()))
    tables = [name for (name,) in link.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    for table in tables:
        if not table.startswith("sqlite_"):
            columns = {name for (name,) in link.execute("SELECT name FROM pragma_table_info(?)", (table,))}
            assert {table, *columns} <= said, table
