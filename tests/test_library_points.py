"""Point sets of a library: tables that are kept to the last bit, their cells, and tiles drawn from these."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import pytest
from commands import heatlas as command
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from library_made import as_grid, made, older, rows, walks

import heatlas
import heatlas.library.file.store as store
from heatlas.core.errors import BadOption, HeatlasError, NothingToDraw, SourceFailed
from heatlas.core.mercator import MAX_LATITUDE
from heatlas.core.points import Points
from heatlas.library.care.checking import check
from heatlas.library.file.number_columns import Reader, decimals_bytes, whole_bytes
from heatlas.library.file.opening import open_library
from heatlas.library.manage import import_into, point_sets_of, remove_points
from heatlas.library.points.point_cells import FINEST, Cells, cells_of, coarser, morton, same_cells, unmorton
from heatlas.library.points.point_drawing import draw_tile, points_in_tiles
from heatlas.library.points.point_index import kept_levels, read_level, read_tile
from heatlas.library.points.point_sets import check_name, name_from
from heatlas.library.points.point_tables import chosen_points, opened_points
from heatlas.library.points.point_times import PointIndex
from heatlas.library.points.stored_points import list_point_sets, points_of
from heatlas.raster.bin_points import bin_points
from heatlas.raster.measure import POINT_REDUCTIONS, parse_point_measure

N = 4000


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))
    monkeypatch.chdir(tmp_path)


def scattered(seed=1, n=N, whole=True):
    """Points of a few towns and of all the world, some on one spot, some on both sides of the antimeridian."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform([-180, -70], [180, 75], (6, 2))
    at = towns[rng.integers(0, 6, n)] + rng.normal(0, 0.02, (n, 2)) * (rng.random((n, 1)) < 0.8) * [1, 0.5]
    lon, lat = (at[:, 0] + 180) % 360 - 180, np.clip(at[:, 1], -85, 85)
    alone = rng.random(n) < 0.2
    lon[alone], lat[alone] = rng.uniform(-180, 180, alone.sum()), rng.uniform(-85, 85, alone.sum())
    weight = rng.integers(1, 500, n).astype(float) if whole else rng.normal(3, 40, n)
    return {"lat": lat, "lon": lon, "beds": weight}


def written(path, columns):
    names = list(columns)
    lines = [
        ",".join(names),
        *(",".join(map(repr, row)) for row in zip(*(columns[n].tolist() for n in names), strict=True)),
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def points_from(columns, weighted=True):
    return Points(lon=columns["lon"], lat=columns["lat"], weight=columns["beds"] if weighted else None)


# Bytes


@given(arrays.arrays(np.int64, st.integers(0, 300), elements=st.integers(-(2**63), 2**63 - 1)))
def test_whole_numbers_come_back(values):
    np.testing.assert_array_equal(Reader(np.frombuffer(whole_bytes(values), np.uint8)).whole(len(values)), values)


@given(
    st.integers(0, 12),
    arrays.arrays(np.float64, st.integers(0, 300), elements=st.floats(-1e12, 1e12)),
)
@example(0, np.array([-0.0, 0.0]))
@example(3, np.array([0.1 + 0.2]))
def test_decimals_come_back_to_the_last_bit(decimals, values):
    for column in (values, np.round(values, decimals)):
        read = Reader(np.frombuffer(decimals_bytes(column), np.uint8)).decimals(len(column))
        np.testing.assert_array_equal(read.view(np.int64), column.view(np.int64))


def test_decimals_take_little():
    degrees = np.round(np.random.default_rng(1).uniform(-180, 180, 5000), 5)
    assert len(decimals_bytes(degrees)) <= 4 * 5000 + 10
    assert len(decimals_bytes(np.repeat(7.0, 5000))) <= 5000 + 10


@given(st.binary(max_size=60), st.integers(0, 70))
def test_damaged_bytes_are_said(data, count):
    for way in (Reader.whole, Reader.decimals):
        try:
            assert len(way(Reader(np.frombuffer(data, np.uint8)), count)) == count
        except SourceFailed as error:
            assert "damaged" in str(error)  # noqa: PT017 - either is right


# Cells


@given(st.lists(st.tuples(st.integers(0, 2**30 - 1), st.integers(0, 2**30 - 1)), min_size=1, max_size=50))
def test_morton_numbers_weave_bits(places):
    x, y = np.array(places).T
    code = morton(x, y)
    for a, b, c in zip(x.tolist(), y.tolist(), code.tolist(), strict=True):
        assert c == sum(((a >> k & 1) | (b >> k & 1) << 1) << 2 * k for k in range(30))
    np.testing.assert_array_equal(np.stack(unmorton(code)), np.stack((x, y)))


@given(st.integers(3, 30), st.integers(0, 2**30 - 1), st.sampled_from([0.0, 1e-15, -1e-15, 1e-9, -1e-9]))
def test_latitudes_near_an_edge_lie_where_they_are_drawn(level, row, off):
    """At any level a cell is the pixel in which `bin_points` counts the point."""
    from heatlas.core.mercator import to_lonlat
    from heatlas.core.window import Window

    row >>= 30 - level
    lat = float(to_lonlat(0, row / 2.0**level)[1]) + off
    points = Points(lon=np.array([11.5]), lat=np.array([lat]))
    cells = coarser(cells_of(points), FINEST - level)
    near = Window(2.0**level, max(int((11.5 / 360 + 0.5) * 2**level) - 1, 0), max(row - 2, 0), 3, 4)
    drawn = bin_points([points], near, parse_point_measure("count", None), 1)
    assert len(cells) == drawn.total.sum()
    if len(cells):
        (column, line), (y, x) = unmorton(cells.code), np.argwhere(drawn.total)[0]
        assert (column[0], line[0]) == (near.x + x, near.y + y)


@pytest.mark.parametrize("weighted", [True, False])
def test_coarser_levels_are_those_of_the_points_themselves(weighted):
    """Adding 2 x 2 is counting anew: where weights are whole numbers to the last bit."""
    points = points_from(scattered(), weighted)
    cells = cells_of(points)
    assert cells.count.sum() == N
    for level in (29, 21, 14, 8, 3, 0):
        added = coarser(cells, FINEST - level)
        x, y = unmorton(cells_of(points).code >> 2 * (FINEST - level))
        assert len(added) == len(set(zip(x.tolist(), y.tolist(), strict=True)))
        assert added.count.sum() == N
        if weighted:
            assert added.total.sum() == points.weight.sum()
            assert added.least.min() == points.weight.min()
            assert added.greatest.max() == points.weight.max()
        else:
            assert added.total is None


def test_kept_levels_shrink():
    kept = kept_levels(cells_of(points_from(scattered())))
    sizes = [len(kept[level]) for level in sorted(kept, reverse=True)]
    assert max(kept) == FINEST
    assert all(after <= 2 / 3 * before for before, after in pairwise(sizes))
    assert sum(sizes) <= 3 * sizes[0]


# Tiles


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    """A library with point sets of whole and other weights, and of none."""
    folder = tmp_path_factory.mktemp("points")
    path = folder / "lib.db"
    whole, real = scattered(), scattered(2, whole=False)
    import_into(path, written(folder / "clinics.csv", whole), weight="beds")
    import_into(path, written(folder / "drift.csv", real), weight="beds")
    import_into(path, written(folder / "plain.csv", {k: whole[k] for k in ("lat", "lon")}))
    with open_library(path) as library, library.read() as link:
        known = list_point_sets(link)
    return path, known, {"clinics": points_from(whole), "drift": points_from(real), "plain": points_from(whole, False)}


@pytest.mark.parametrize("name", ["clinics", "drift", "plain"])
@pytest.mark.parametrize("zoom", [0, 2, 7, 12, 17, 22])
def test_tiles_hold_what_counting_the_points_gives(stocked, name, zoom):
    path, known, read = stocked
    with open_library(path) as library:
        x, y, counts = points_in_tiles(PointIndex(library, known[name]), zoom)
        assert counts.sum() == N
        for k in {int(counts.argmax()), 0, len(x) - 1}:
            for reduction in POINT_REDUCTIONS if name != "plain" else ("count",):
                measure = parse_point_measure(reduction, known[name].weight)
                place = zoom, int(x[k]), int(y[k])
                tile = as_grid(draw_tile(PointIndex(library, known[name]), *place, measure), *place, measure)
                wanted = bin_points([read[name]], tile.window, measure, 1)
                np.testing.assert_allclose(tile.total, wanted.total, rtol=0 if name == "clinics" else 1e-12, atol=1e-10)
                if wanted.count is not None:
                    np.testing.assert_array_equal(tile.count, wanted.count)
                if reduction == "count":
                    assert tile.total.sum() == counts[k]
        held = set(zip(x.tolist(), y.tolist(), strict=True))
        empty = (
            next((a, b) for a in range(1 << min(zoom, 5)) for b in range(1 << min(zoom, 5)) if (a, b) not in held)
            if zoom > 2
            else None
        )
        assert empty is None or draw_tile(PointIndex(library, known[name]), zoom, *empty, measure) is None


def test_levels_that_are_not_kept_are_put_together(stocked):
    path, known, read = stocked
    finest = cells_of(read["clinics"])
    with open_library(path) as library, library.read() as link:
        number = known["clinics"].number
        kept = {row[0] for row in link.execute("SELECT DISTINCT level FROM point_cells WHERE point_set = ?", (number,))}
        assert FINEST in kept
        assert len(kept) < FINEST
        for level in range(FINEST + 1):
            assert same_cells(read_level(link, number, level), coarser(finest, FINEST - level))
        assert read_tile(link, 999, 3, 1, 1) is None


# The way in


def test_a_table_becomes_a_point_set(tmp_path):
    table = written(tmp_path / "My clinics.v2.csv", scattered())
    report = import_into("l.db", table, weight="beds")
    assert report["point_sets"][0] | {"warnings": 0} == {
        "name": "My_clinics", "changed": True, "rows": N, "points": N, "dropped": {}, "warnings": 0,
        "columns": {"lat": "lat", "lon": "lon", "weight": "beds"}, "total": scattered()["beds"].sum(),
    }  # fmt: skip
    (stored,) = point_sets_of("l.db")
    assert (stored["points"], stored["weight"]) == (N, "beds")
    with open_library("l.db") as library:
        assert check(library) == []


def test_points_come_back_as_they_were_read(stocked):
    path, known, read = stocked
    for name, points in read.items():
        chunks = list(opened_points(path, known[name]).chunks())
        for column in ("lon", "lat", "weight"):
            wanted = getattr(points, column)
            if wanted is None:
                assert chunks[0].weight is None
                continue
            got = np.concatenate([getattr(chunk, column) for chunk in chunks])
            np.testing.assert_array_equal(got.view(np.int64), wanted.view(np.int64))


def state(path):
    with open_library(path) as library, library.read() as link:
        tables = ("point_sets", "points", "point_cells")
        return {table: link.execute(f"SELECT * FROM {table}").fetchall() for table in tables}


def test_the_same_again_changes_nothing_and_other_points_take_their_place(tmp_path):
    table = written(tmp_path / "a.csv", scattered())
    import_into("l.db", table, weight="beds")
    before = state("l.db")
    assert import_into("l.db", table, weight="beds")["point_sets"][0]["changed"] is False
    assert state("l.db") == before
    written(table, scattered(3, 500))
    assert import_into("l.db", table, weight="beds")["point_sets"][0]["changed"] is True
    after = state("l.db")
    assert [row[1] for row in after["point_sets"]] == ["a"]
    assert len(after["points"]) == 1
    assert import_into("l.db", table)["point_sets"][0]["changed"] is True  # no weights are other points
    fresh = import_into("m.db", table)
    assert fresh["point_sets"][0]["points"] == 500
    assert [row[1:] for row in state("m.db")["points"]] == [row[1:] for row in state("l.db")["points"]]
    assert [row[1:] for row in state("m.db")["point_cells"]] == [row[1:] for row in state("l.db")["point_cells"]]


def test_recordings_and_tables_in_one_command(tmp_path):
    import made as exports

    export = exports.export(tmp_path / "export")
    table = written(tmp_path / "a.csv", scattered(1, 50))
    report = import_into("l.db", export, table, weight="beds")
    assert report["activities"] == 4
    assert [one["name"] for one in report["point_sets"]] == ["a"]
    done = command("info", "l.db")
    assert "Run" in done.stdout
    assert "points a: 50 of" in done.stdout
    heatlas.render("l.db", output="tracks.npy", width=100)
    heatlas.render("l.db", output="points.npy", width=100, measure="sum(a)")
    assert not np.array_equal(np.load("tracks.npy"), np.load("points.npy"), equal_nan=True)


def test_several_tables_under_one_name(tmp_path):
    tables = [written(tmp_path / f"{k}.csv", scattered(k, 300)) for k in range(3)]
    import_into("l.db", *tables, weight="beds", name="all of them")
    (stored,) = point_sets_of("l.db")
    assert (stored["name"], stored["points"]) == ("all_of_them", 900)
    (tmp_path / "other").mkdir()
    alike = [written(folder / "a.csv", scattered(1, 5)) for folder in (tmp_path, tmp_path / "other")]
    with pytest.raises(BadOption, match="two tables would be called a"):
        import_into("l.db", *alike)


def test_a_filter_chooses_rows(tmp_path):
    columns = scattered()
    import_into("l.db", written(tmp_path / "a.csv", columns), weight="beds", where="beds > 250")
    assert point_sets_of("l.db")[0]["points"] == (columns["beds"] > 250).sum()


def test_databases_and_frames(tmp_path):
    import sqlite3

    columns = scattered(1, 60)
    with sqlite3.connect("base.db") as base:
        base.execute("CREATE TABLE sites (lat REAL, lon REAL, beds REAL)")
        base.executemany(
            "INSERT INTO sites VALUES (?, ?, ?)", list(zip(*(v.tolist() for v in columns.values()), strict=True))
        )
    base.close()
    import_into("l.db", "base.db", table="sites", weight="beds")
    import_into("l.db", "sqlite:///base.db", query="SELECT * FROM sites WHERE beds > 100", name="large")
    import_into("l.db", columns, name="frame", weight="beds")
    assert [one["name"] for one in point_sets_of("l.db")] == ["frame", "large", "sites"]
    with pytest.raises(BadOption, match="--name"):
        import_into("l.db", "sqlite:///base.db", query="SELECT * FROM sites")
    with open_library("l.db") as library, library.read() as link:
        assert points_of(link, "SITES").digest == points_of(link, "frame").digest


@pytest.mark.parametrize(
    "name", ["", "  ", "a/b", "a b/c", "x" * 61, "sum(a)", "a,b", "a.b", "power", "Passes", "heart_rate"]
)
def test_names_that_cannot_be(name):
    with pytest.raises(BadOption):
        check_name(name)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("/a/hospitals.csv", "hospitals"), ("health sites.csv.gz", "health_sites"),
        ("Krankenhäuser.geojson", "Krankenhäuser"),
        ("C:\\data\\a-b (1).parquet", "a-b_1"), ("postgresql", "postgresql"), ("x.2024.csv", "x"),
    ],
)  # fmt: skip
def test_names_after_files(source, name):
    assert name_from(source) == name
    assert check_name(name) == name


def test_the_command_line(tmp_path):
    table = written(tmp_path / "clinics.csv", scattered())
    done = command("import", table, "--weight", "beds")
    assert done.stdout == "clinics: 4,000 points\nheatlas.db holds 1 point set\n"
    assert "0 files" not in done.stderr
    assert command("import", table, "--weight", "beds").stdout.startswith("clinics: 4,000 points, as they were\n")
    assert "points clinics: 4,000 of" in command("info", "heatlas.db").stdout
    assert json.loads(command("info", "heatlas.db", "--json").stdout)["point_sets"][0]["name"] == "clinics"
    assert command("library", "check").stdout.startswith("all is well: all rows")
    assert command("library", "remove", "--points", "clinics").stdout == "4,000 points removed\n"
    assert command("library", "remove").returncode == 2


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("import", "a.csv", "--weight", "bed"), "did you mean beds"),
        (("import", "a.csv", "--name", "pace"), "measure of tracks"),
        (("import", "empty.csv"), "no rows"),
        (("import", "l.db"), "library already"),
        (("import", "folder", "--weight", "beds"), "--weight is for tables"),
        (("import", "-"), "--name"),
        (("library", "remove", "--points", "b", "-l", "l.db"), "there is a"),
        (("serve", "l.db", "--weight", "beds"), "--weight is for tables"),
        (("render", "l.db", "-o", "x.png", "--measure", "passes"), 'sum(a)'),
        (("render", "l.db", "-o", "x.png", "--measure", "sum(b)"), "there is a"),
        (("render", "l.db", "-o", "x.png", "--weight", "beds"), "heatlas import"),
        (("render", "l.db", "-o", "x.png", "--sport", "Run"), "--sport is for tracks"),
        (("render", "l.db", "-o", "x.png", "--after", "2024-01-01"), "--time"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_sentence(tmp_path, args, hint):
    import_into("l.db", written(tmp_path / "a.csv", scattered(1, 20)), weight="beds")
    (tmp_path / "empty.csv").write_text("lat,lon\n")
    (tmp_path / "folder").mkdir()
    done = command(*args)
    assert done.returncode in {1, 2}
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


# The way out


@pytest.mark.parametrize(
    "options",
    [
        {}, {"radius": "60px", "kernel": "linear", "measure": "mean"},
        {"measure": "count", "density": True, "radius": "300km"},
        {"bbox": "-10,30,40,60", "width": 200, "where": "beds < 300"}, {"measure": "max", "zoom": 2.5},
    ],
)  # fmt: skip
def test_points_of_a_library_are_drawn_as_from_their_table(tmp_path, options):
    table = written(tmp_path / "a.csv", scattered(2, whole=False))
    import_into("l.db", table, weight="beds")
    shape = {} if {"width", "zoom"} & set(options) else {"width": 300}
    one = heatlas.render(table, output="a.npy", weight="beds", **shape, **options)
    other = heatlas.render("l.db", output="b.npy", **shape, **options)
    np.testing.assert_array_equal(np.load("a.npy"), np.load("b.npy"))
    for key in ("rows", "points", "window", "range", "total", "measure", "kernel"):
        assert one[key] == other[key]


def test_one_of_several_point_sets_is_chosen(tmp_path):
    import_into("l.db", written(tmp_path / "a.csv", scattered(1, 30)), weight="beds")
    assert chosen_points("l.db", None)[1] is None
    assert chosen_points("l.db", "mean")[1] == "mean"
    import_into("l.db", written(tmp_path / "b.csv", scattered(2, 40)))
    for measure in (None, "count"):
        with pytest.raises(BadOption, match=r'"sum\(a\)" or "count\(b\)"'):
            chosen_points("l.db", measure)
    points, reduction = chosen_points("l.db", " Max( A ) ")
    assert (points.size, reduction) == (30, "max")
    with pytest.raises(BadOption, match="weights"):
        heatlas.render("l.db", output="x.npy", measure="sum(b)")
    assert remove_points("l.db", "a") == 30
    assert chosen_points("l.db", None)[0].size == 40


def test_a_library_of_tracks_draws_tracks(tmp_path):
    made(tmp_path / "l.db", walks(1, 2)).close()
    assert chosen_points("l.db", "sum") is None
    import_into("l.db", written(tmp_path / "a.csv", scattered(1, 30)))
    assert chosen_points("l.db", None) is None
    assert chosen_points("l.db", "max(power)") is None
    assert chosen_points("l.db", "count(a)")[1] == "count"
    with pytest.raises(BadOption, match="no point set 'b'"):
        chosen_points("l.db", "count(b)")


# The file


def test_older_libraries_get_room_for_points(tmp_path):
    with made(tmp_path / "new.db", walks(1, 3)) as library:
        activities = rows(library)["activities"]
    older(tmp_path / "l.db", tmp_path / "new.db", 1)
    with open_library("l.db") as library:
        before = rows(library)
    import_into("l.db", written(tmp_path / "a.csv", scattered(1, 30)))
    with open_library("l.db") as library:
        kept = rows(library)
        assert {name: kept[name] for name in ("tracks", "passages", "files")} == {
            name: before[name] for name in ("tracks", "passages", "files")
        }
        assert [row[:3] for row in kept["activities"]] == [row[:3] for row in activities]
        assert check(library, None) == []


def test_check_finds_what_is_wrong_with_points(tmp_path):
    table = written(tmp_path / "a.csv", scattered())

    def faults(statement):
        for file in tmp_path.glob("l.db*"):
            file.unlink()
        import_into("l.db", table, weight="beds")
        with open_library("l.db") as library:
            with library.write() as link:
                link.execute(statement)
            return " ".join(check(library))

    assert "missing" in faults("DELETE FROM points")
    assert "not what was read" in faults("UPDATE point_sets SET weight = 'staff'")
    assert "something else" in faults("DELETE FROM point_cells WHERE level = 30")
    assert "damaged" in faults("UPDATE point_cells SET data = x'ff00000001' WHERE level = 30")
    assert "damaged" in faults("UPDATE points SET data = substr(data, 1, 40)")


def test_a_table_that_breaks_off_leaves_the_points_as_they_were(tmp_path):
    table = written(tmp_path / "a.csv", scattered(1, 300))
    import_into("l.db", table)
    before = state("l.db")
    (tmp_path / "a.csv.gz").write_bytes(b"\x1f\x8b\x08\x00" + bytes(60))
    with pytest.raises(HeatlasError):
        import_into("l.db", tmp_path / "a.csv.gz", name="a")
    table.write_text("lat,lon\nx,y\n")
    with pytest.raises(NothingToDraw, match="no usable row"):
        import_into("l.db", table)
    assert state("l.db") == before


def test_a_full_disk_leaves_the_points_as_they_were(tmp_path, monkeypatch):
    import_into("l.db", written(tmp_path / "a.csv", scattered(1, 300)), weight="beds")
    before = state("l.db")
    connect = store.connect

    def narrow(path, frozen):
        link = connect(path, frozen)
        link.execute(f"PRAGMA max_page_count = {link.execute('PRAGMA page_count').fetchone()[0] + 2}")
        return link

    with monkeypatch.context() as patched:
        patched.setattr(store, "connect", narrow)
        with pytest.raises(SourceFailed, match="disk is full"):
            import_into("l.db", written(tmp_path / "a.csv", scattered(2, whole=False)), weight="beds")
    assert state("l.db") == before


def test_killed_at_any_moment_there_are_the_old_points_or_the_new(tmp_path):
    big = written(tmp_path / "big.csv", scattered(4, 60_000, whole=False))
    import_into("l.db", written(tmp_path / "a.csv", scattered(1, 300)), name="a")
    before = point_sets_of("l.db")
    for wait in (0.25, 0.5, 0.7, 0.9, 1.1):
        with subprocess.Popen(
            [sys.executable, "-m", "heatlas", "import", str(big), "--name", "a", "-l", "l.db", "-q"]
        ) as run:
            time.sleep(wait)
            if run.poll() is None:
                os.kill(run.pid, signal.SIGKILL)
        with open_library("l.db") as library:
            assert check(library) == []
        now = point_sets_of("l.db")
        assert len(now) == 1
        assert now == before or now[0]["points"] == 60_000
    import_into("l.db", big, name="a")
    assert point_sets_of("l.db")[0]["points"] == 60_000


def test_poles_and_edges_of_the_map(tmp_path):
    lat = np.array([90.0, -90.0, MAX_LATITUDE, -MAX_LATITUDE, 0.0, 10.0, 10.0])
    lon = np.array([0.0, 0.0, 180.0, -180.0, 180.0, 359.9, -0.1])
    report = import_into("l.db", written(tmp_path / "a.csv", {"lat": lat, "lon": lon}))
    assert report["point_sets"][0]["dropped"] == {"rows beyond 85.05 degrees, where Mercator ends": 2}
    with open_library("l.db") as library:
        assert check(library) == []


@pytest.mark.parametrize(
    ("table", "weight"),
    [
        ("geonames-cities/cities1000.csv.gz", "population"),
        ("afrimapr-afrihealthsites/who_kwtrp_ethiopia.csv", "Tier"),
        ("ehmatthes-pcc_3e/eq_data_7_day_m1.geojson", "mag"), ("airportsdata/airports.csv.gz", None),
    ],
)  # fmt: skip
def test_real_tables(tmp_path, shared_data, table, weight):
    report = import_into("l.db", shared_data / table, weight=weight)["point_sets"][0]
    with open_library("l.db") as library:
        assert check(library) == []
    # Points as they are, and their cells at all zooms: no more than a few bytes each.
    assert (tmp_path / "l.db").stat().st_size < 220_000 + 40 * report["points"]
    heatlas.render(shared_data / table, weight=weight, output="a.npy", width=300)
    heatlas.render("l.db", output="b.npy", width=300)
    np.testing.assert_array_equal(np.load("a.npy"), np.load("b.npy"))


def test_cells_are_a_value():
    cells = Cells(np.array([3]), np.array([1]))
    assert same_cells(cells, Cells(np.array([3]), np.array([1])))
    assert not same_cells(cells, Cells(np.array([3]), np.array([1]), np.ones(1), np.ones(1), np.ones(1)))
