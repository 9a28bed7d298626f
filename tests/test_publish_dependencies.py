"""Published tiles are drawn again when facts of activities change that their measure reads, and no others are."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote

import numpy as np
import pytest
from compared import along
from library_made import made, put
from publishing import folder_tiles, publish
from serving import client, values

from heatlas.core.window import Window
from heatlas.library.file.settings import Settings, set_athlete
from heatlas.library.index.drawing import draw
from heatlas.raster.measure import parse_measure
from heatlas.tracks.athlete import parse_athlete

ZOOMS = (14, 15)
HERE, THERE = 0.0, 9000.0
"""Metres to the north of two ways: no tile of zoom 14 has both."""


def ways(count=10, first=0, seed=3, **known):
    """Runs and rides along both ways, in turns."""
    rng = np.random.default_rng(seed)
    return [
        along(
            2 * k + place, pace=rng.uniform(0.25, 0.4), heart=rng.uniform(120, 170, 6), north=north,
            sport="Run" if k % 2 else "Ride", **known,
        )
        for k in range(first, first + count)
        for place, north in enumerate((HERE, THERE))
    ]  # fmt: skip


def library_of(folder, tracks):
    return made(folder / "lib.db", tracks, group=40, settings=Settings(zooms=(12, 15)))


def there(tiles):
    """Tiles of the northern way."""
    return {(z, x, y) for z, x, y in tiles if y * 2 ** (15 - z) < 11412}


def changed(before, after):
    return {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)}


@pytest.mark.parametrize(
    ("measure", "tone", "change"),
    [
        ("first", "17000:18500", "start = start - 4e7"),
        ("last", "17000:18500", "start = start + 4e7"),
        ("days", "1:20", "start = 1.55e9"),
        ("hour", None, "start = start + 9000"),
        ("share(dark)", "0:100", "start = start + 57600"),
        ("diff(pace; sport = 'Run'; sport = 'Ride')", "linear:-1:1", "sport = 'Ride'"),
        ("diff(pace; name = 'x'; name <> 'x')", "linear:-1:1", "name = 'y'"),
    ],
)
def test_edited_activities_draw_their_own_tiles_again(tmp_path, measure, tone, change):
    library = library_of(tmp_path, ways(10, name="x") + ways(8, first=10, name="y"))
    options = {"zooms": ZOOMS, "measure": measure, "tone": tone, "smooth": "2px"}
    publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    before = folder_tiles(tmp_path / "tiles")
    assert there(before) not in (set(), set(before))
    with library.write() as link:  # every other activity is one of here
        link.execute(f"UPDATE activities SET {change} WHERE number % 2 = 1 AND number < 12")
    library.close()
    report = publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    after = folder_tiles(tmp_path / "tiles")
    moved = changed(before, after)
    assert moved
    assert not there(moved)
    publish(tmp_path / "lib.db", tmp_path / "fresh", **options)
    fresh = folder_tiles(tmp_path / "fresh")
    if not measure.startswith("diff"):
        assert after == fresh
    if not measure.startswith("diff"):  # whose variance is that of all places
        assert report["tiles"]["written"] == len(moved)
    assert publish(tmp_path / "lib.db", tmp_path / "tiles", **options)["tiles"]["written"] == 0


def test_another_activity_on_a_side_draws_no_other_place_again(tmp_path):
    library = library_of(tmp_path, ways(40))
    options = {"zooms": ZOOMS, "measure": "diff(pace; sport = 'Run'; sport = 'Ride')", "tone": "linear:-1:1"}
    publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    before = folder_tiles(tmp_path / "tiles")
    put(library, [along(190, pace=0.35, sport="Run", north=HERE)])
    library.close()
    report = publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    moved = changed(before, folder_tiles(tmp_path / "tiles"))
    assert report["tiles"]["written"] == len(moved) > 0
    assert not there(moved)


@pytest.mark.parametrize("measure", ["heart_rate_reserve", "share(zone >= 4)"])
def test_the_athletes_record(tmp_path, measure):
    library = library_of(tmp_path, ways(4))
    set_athlete(library, parse_athlete({"rest": 50, "max": 190}, "the athlete"), whole=True)
    options = {"zooms": ZOOMS, "measure": measure}
    publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    before = folder_tiles(tmp_path / "tiles")
    put(library, ways(1, first=90))
    put(library, ways(1, first=92))
    report = publish(tmp_path / "lib.db", tmp_path / "tiles", tone="0:200", **options)
    set_athlete(library, parse_athlete({"rest": 40, "max": 180}, "the athlete"), whole=True)
    library.close()
    assert report["tiles"]["written"]
    publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    publish(tmp_path / "lib.db", tmp_path / "fresh", **options)
    assert folder_tiles(tmp_path / "tiles") == folder_tiles(tmp_path / "fresh") != before


def slower(count, first=100):
    """Slow runs whose heart rate rises with their pace, s/m."""
    rng = np.random.default_rng(5)
    paces = [rng.uniform(0.5, 0.8, 6) for _ in range(count)]
    return [along(first + k, pace=pace, heart=60 + 80 * pace, north=HERE) for k, pace in enumerate(paces)]


@pytest.mark.parametrize("measure", ["both(pace, heart_rate)", "corr(pace, heart_rate)", "stops"])
@pytest.mark.parametrize("refit", [False, True])
def test_what_is_found_of_all_pixels_is_drawn_everywhere_or_nowhere(tmp_path, measure, refit):
    tracks = ways()
    library = library_of(tmp_path, tracks)
    options = {"zooms": ZOOMS, "measure": measure, "smooth": "2px"}
    publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    put(library, slower(12))
    library.close()
    publish(tmp_path / "lib.db", tmp_path / "tiles", refit=refit, **options)
    publish(tmp_path / "lib.db", tmp_path / "fresh", **options)
    # So many others move what was found: all is as if it were drawn for the first time.
    assert folder_tiles(tmp_path / "tiles") == folder_tiles(tmp_path / "fresh")
    legends = [json.loads((tmp_path / name / "tiles.json").read_text())["legend"] for name in ("tiles", "fresh")]
    assert legends[0] == legends[1]


def jogs(count, first=0, lift=1.0, seed=4):
    """Runs whose heart rate follows their pace, along both ways in turns; `lift`: by how much."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(first, first + count):
        paces = rng.uniform(0.25, 0.5, 8)
        hearts = 100 + lift * 15 / paces + rng.normal(0, 3, 8)
        run = along(k, pace=paces, heart=hearts, metres=1200.0, north=(HERE, THERE)[k % 2])
        hills = (500 + 10 * np.sin(np.arange(run.fixes) / 20)).astype(np.float32)
        found.append(replace(run, columns={**run.columns, "elevation": hills}))
    return found


def test_the_model_of_the_heart_rate_is_kept_until_it_has_moved(tmp_path):
    library = library_of(tmp_path, jogs(60))
    options = {"zooms": ZOOMS, "measure": "residual(heart_rate)", "tone": "linear:-20:20"}
    publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    before = folder_tiles(tmp_path / "tiles")
    put(library, jogs(1, first=200))
    publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    moved = changed(before, folder_tiles(tmp_path / "tiles"))
    assert moved
    assert not there(moved)
    put(library, jogs(30, first=300, lift=0.2))
    library.close()
    publish(tmp_path / "lib.db", tmp_path / "tiles", **options)
    publish(tmp_path / "lib.db", tmp_path / "fresh", **options)
    assert folder_tiles(tmp_path / "tiles") == folder_tiles(tmp_path / "fresh")


@pytest.mark.parametrize(
    ("measure", "tone"),
    [
        ("diff(pace; sport = 'Run'; sport = 'Ride')", "linear:-1:1"),
        ("corr(pace, heart_rate)", "linear:-1:1"),
        ("best", "2:9"),
        ("stops", "1:50"),
    ],
)
def test_a_fixed_range_changes_no_value(tmp_path, measure, tone):
    library_of(tmp_path, ways(8)).close()
    with client(tmp_path / "lib.db") as page:
        tile = f"/tiles/{quote(measure)}/15/17376/11417"
        free, fixed = (values(page, f"{tile}.npy?smooth=0{more}") for more in ("", f"&tone={tone}"))
        assert page.get(f"{tile}.png?tone={tone}").status_code == 200
        assert page.get(f"/scale.json?z=15&measure={quote(measure)}&tone={tone}").json()["low"] is not None
    assert np.isfinite(free).any()
    np.testing.assert_array_equal(free, fixed)


def test_what_is_usual_is_found_also_where_the_range_is_fixed(tmp_path):
    """Stops have a range of their own, and are held towards the usual chance of all pixels."""
    library = library_of(tmp_path, ways(8))
    grids = [draw(library, Window(256.0 * 2**15, 17376 * 256, y * 256, 256, 256), parse_measure("stops"))
             for y in (11406, 11417)]  # fmt: skip
    usual = sum(grid.planes["x"].sum() for grid in grids) / sum(grid.planes["n"].sum() for grid in grids)
    library.close()
    with client(tmp_path / "lib.db") as page:
        shown = values(page, "/tiles/stops/15/17376/11417.npy?smooth=0")
    expected = replace(grids[1], fitted=(float(usual),)).values
    np.testing.assert_allclose(shown, expected, rtol=1e-5)
