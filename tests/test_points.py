"""The second job from tables to pictures: where points land, what is conserved, and what goes wrong."""

from __future__ import annotations

import gzip
import itertools
import json
import math
import os

import mercantile
import numpy as np
import pyarrow as pa
import pytest
from commands import heatlas as run
from PIL import Image

import heatlas
from heatlas.core.errors import BadOption, HeatlasError, NothingToDraw, SourceFailed
from heatlas.core.points import Points
from heatlas.options.parsing import kernel_of_smoothing, parse_kernel
from heatlas.raster.measure import parse_point_measure
from heatlas.raster.point_kernel import Kernel
from heatlas.raster.spool import Spool, Tally

CITIES = {
    "Quito": (-78.5249, -0.2298),
    "Addis Ababa": (38.7469, 9.0250),
    "Oslo": (10.7461, 59.9127),
    "Tromso": (18.9557, 69.6489),
    "Wellington": (174.7756, -41.2866),
    "Suva": (178.4415, -18.1416),
}
ROWS = [(38.7, 9.0, 3.0), (38.9, 9.1, 1.0), (38.5, 8.9, 2.5), (38.7, 9.0, 4.0)]


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def table(rows=ROWS, weight="beds"):
    lon, lat, w = (np.array(column, float) for column in zip(*rows, strict=True))
    return {"lat": lat, "lon": lon, weight: w}


def csv_of(path, rows=ROWS, weight="beds"):
    path.write_text(f"lat,lon,{weight}\n" + "".join(f"{lat},{lon},{w}\n" for lon, lat, w in rows))
    return path


def command(*args, cwd, data=None):
    env = {**os.environ, "HEATLAS_CONFIG": str(cwd / "settings")}
    return run("render", *args, cwd=cwd, data=data, text=False, env=env)


@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize("zoom", range(19))
def test_places_land_where_web_maps_put_them(city, zoom):
    lon, lat = CITIES[city]
    points = heatlas.open_points({"lat": np.array([lat]), "lon": np.array([lon])})
    tile = mercantile.tile(lon, lat, zoom)
    bounds = mercantile.bounds(tile)
    window = points.window((bounds.west, bounds.south, bounds.east, bounds.north), zoom=zoom)
    assert (window.x, window.y, window.width, window.height) == (256 * tile.x, 256 * tile.y, 256, 256)
    values = points.heat("count", window, "0px").smoothed.values
    ((row,), (column,)) = np.nonzero(np.isfinite(values))
    x, y = mercantile.xy(lon, lat)
    corner = mercantile.xy_bounds(tile)
    size = (corner.right - corner.left) / 256
    assert abs((x - corner.left) / size - (column + 0.5)) <= 0.5 + 1e-6
    assert abs((corner.top - y) / size - (row + 0.5)) <= 0.5 + 1e-6
    # With a kernel, the peak stays where the point is.
    spread = points.heat("count", window, "9px").smoothed.values
    assert np.unravel_index(np.nanargmax(spread), spread.shape) == (row, column)


def test_a_table_becomes_a_picture_and_a_report(tmp_path):
    report = heatlas.render(csv_of(tmp_path / "sites.csv"), output=tmp_path / "heat.png", weight="beds", width=300)
    assert report["measure"] == "sum(beds)"
    assert report["columns"] == {"lat": "lat", "lon": "lon", "weight": "beds"}
    assert report["rows"] == report["points"] == 4
    assert report["total"] == pytest.approx(10.5)
    assert report["outside"] == 0
    assert report["choice"] == "all"
    west, south, east, north = report["window"]["bbox"]
    assert west < 38.5 < 38.9 < east
    assert south < 8.9 < 9.1 < north
    with Image.open(tmp_path / "heat.png") as image:
        assert image.size == (300, report["window"]["height"])
        assert np.asarray(image.convert("RGBA"))[..., 3].max() == 255


def test_what_lies_outside_is_accounted_for(tmp_path):
    report = heatlas.render(table(), output=tmp_path / "a.npy", weight="beds", bbox="38.6,8.95,38.8,9.05", width=200)
    assert report["total"] == pytest.approx(7.0)
    assert report["outside"] == pytest.approx(3.5)
    report = heatlas.render(
        table(), output=tmp_path / "b.npy", weight="beds", bbox="38.6,8.95,38.8,9.05", width=200, radius="9km",
        density=True, kernel="quartic",
    )  # fmt: skip
    assert report["drawn"] + report["spilled"] == pytest.approx(10.5)
    assert 0 < report["drawn"] < 10.5
    assert report["unit"] == "per km²"


def test_sums_are_conserved_without_a_radius(tmp_path):
    report = heatlas.render(table(), output=tmp_path / "a.npy", weight="beds", radius="0px", width=50)
    values = np.load(tmp_path / "a.npy")
    assert np.nansum(values) == pytest.approx(10.5)
    assert report["total"] == pytest.approx(10.5)


@pytest.mark.parametrize(
    ("measure", "wanted"),
    [("sum", 7.0), ("count", 2.0), ("mean", 3.5), ("min", 3.0), ("max", 4.0), ("mean(beds)", 3.5)],
)
def test_measures(measure, wanted):
    points = heatlas.open_points(table(), weight="beds")
    values = points.heat(measure, points.window((38.6, 8.95, 38.8, 9.05), width=99), "0px").smoothed.values
    assert np.nanmax(values) == pytest.approx(wanted)
    assert np.isfinite(values).sum() == 1


def test_weight_is_found_by_its_name_and_without_one_rows_are_counted():
    assert heatlas.open_points(table(weight="Weight")).weight == "Weight"
    assert heatlas.open_points(table(weight="beds")).weight is None


def test_several_tables_are_one_map(tmp_path):
    parts = [csv_of(tmp_path / "a.csv", ROWS[:2]), csv_of(tmp_path / "b.csv", ROWS[2:])]
    report = heatlas.render(*parts, output=tmp_path / "a.npy", weight="beds", width=200)
    assert report["files"]["read"] == 2
    assert report["total"] == pytest.approx(10.5)
    whole = heatlas.render(csv_of(tmp_path / "c.csv"), output=tmp_path / "b.npy", weight="beds", width=200)
    assert whole["window"] == report["window"]
    np.testing.assert_allclose(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"), atol=1e-6)


def test_all_ways_in_draw_the_same(tmp_path):
    pytest.importorskip("pandas")
    import pandas as pd
    import pyarrow.parquet as pq

    frame = table()
    arrow = pa.table(frame)
    pq.write_table(arrow, tmp_path / "a.parquet")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(csv_of(tmp_path / "a.csv").read_bytes()))
    (tmp_path / "a.ndjson").write_text(
        "".join(json.dumps(dict(zip(("lon", "lat", "beds"), row, strict=True))) + "\n" for row in ROWS)
    )
    (tmp_path / "a.geojson").write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "geometry": {"type": "Point", "coordinates": row[:2]},
                        "properties": {"beds": row[2]},
                    }
                    for row in ROWS
                ],
            }
        )
    )
    files = [tmp_path / f"a.{ending}" for ending in ("parquet", "csv", "csv.gz", "ndjson", "geojson")]
    drawn = []
    for k, source in enumerate([frame, arrow, pd.DataFrame(frame), *files]):
        out = tmp_path / f"{k}.npy"
        heatlas.render(source, output=out, weight="beds", width=150)
        drawn.append(np.load(out))
    for other in drawn[1:]:
        np.testing.assert_array_equal(other, drawn[0])


def test_whole_world_goes_round(tmp_path):
    rows = [(-179.9, 10.0, 5.0), (179.95, -20.0, 3.0), (0.5, 51.5, 4.0), (100.0, 70.0, 1.0)]
    report = heatlas.render(table(rows), output=tmp_path / "a.npy", weight="beds", zoom=0, bbox="-180,-85,180,85")
    assert report["window"]["width"] == 256
    values = np.load(tmp_path / "a.npy")
    assert np.isfinite(values[:, 0]).any()
    assert np.isfinite(values[:, -1]).any()
    assert report["total"] == pytest.approx(13.0)


def test_points_on_both_sides_of_the_antimeridian_are_one_place(tmp_path):
    rows = [(179.5, -17.0, 1.0), (-179.5, -17.5, 2.0), (178.0, -18.0, 1.0)]
    report = heatlas.render(table(rows), output=tmp_path / "a.npy", weight="beds", width=300)
    west, _, east, _ = report["window"]["bbox"]
    assert west < 178
    assert 180.5 < east < 183
    assert report["total"] == pytest.approx(4.0)


def test_sums_below_zero_diverge(tmp_path):
    rows = [(38.0, 9.0, -5.0), (39.0, 9.0, 5.0), (40.0, 9.0, 0.5)]
    report = heatlas.render(table(rows), output=tmp_path / "a.png", weight="beds", width=300, background="dark")
    assert report["range"][0] == -report["range"][1]
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    blue, red = pixels[..., 2] - pixels[..., 0], pixels[..., 0] - pixels[..., 2]
    assert blue.max() > 60
    assert red.max() > 60
    assert np.argwhere(blue > 60)[:, 1].max() < np.argwhere(red > 60)[:, 1].min()
    with pytest.raises(BadOption, match="log tone"):
        heatlas.render(table(rows), output=tmp_path / "b.png", weight="beds", width=300, tone="log")


def test_rows_that_are_no_points_are_counted(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(
        "lat,lon,beds\n9,38.7,1\n,38,2\nnorth,38,2\n9.1,38.8,many\n9.2,38.9,\n95,38,1\n0,0,7\n9,38.6,inf\nnan,3,1\n"
        "86,38,1\n8.9,38.8,4\n"
    )
    report = heatlas.render(path, output=tmp_path / "a.png", weight="beds", width=200)
    assert report["points"] == 2
    assert report["rows"] == 11
    assert report["total"] == 5.0
    assert sum(report["dropped"].values()) == 9
    assert report["dropped"]["rows beyond 85.05 degrees, where Mercator ends"] == 1
    assert report["dropped"]["rows whose weight is no number"] == 2
    assert not list(tmp_path.glob("*.tmp"))


def test_swapped_columns_are_warned_of(tmp_path):
    rows = [(9.0, 38.0 + 60 + k, 1.0) for k in range(5)]
    with pytest.raises(NothingToDraw, match="swapped"):
        heatlas.render(table(rows), output=tmp_path / "a.png", weight="beds")
    some = [*rows, (38.7, 9.0, 1.0)]
    report = heatlas.render(table(some), output=tmp_path / "a.png", weight="beds", width=99)
    assert "swapped" in report["files"]["warnings"][0]["reason"]


def test_filters(tmp_path):
    source = {**table(), "kind": np.array(["clinic", "hospital", "clinic", None], object),
              "seen": np.array(["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"])}  # fmt: skip
    source["kind"] = pa.array(source["kind"])

    def total(**options):
        return heatlas.render(pa.table(source), output=tmp_path / "a.npy", weight="beds", width=99, **options)["total"]

    assert total(where="kind = 'clinic'") == 5.5
    assert total(where="kind IS NULL OR beds < 2") == 5.0
    assert total(where="beds BETWEEN 2 AND 3.5 AND lat >= 8.9") == 5.5
    assert total(where="NOT kind IN ('clinic')") == 1.0
    assert total(where="CASEI(kind) LIKE 'hosp%'", before="2025-01-01", time="seen") == 1.0
    assert total(after="2024-02-01", before="2024-04-01", time="seen") == 3.5
    assert total(where="seen >= DATE('2024-03-01')") == 6.5
    report = heatlas.render(
        pa.table(source), output=tmp_path / "a.npy", weight="beds", width=99, where="beds * 2 > 7 AND lon > 0"
    )
    assert report["dropped"] == {"rows that the filter left out": 3}
    with pytest.raises(BadOption, match="did you mean beds"):
        total(where="bed > 3")
    with pytest.raises(BadOption, match="--time"):
        heatlas.render(table(), output=tmp_path / "a.npy", after="2024-01-01")


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"weight": "bed"}, "did you mean beds"),
        ({"measure": "mean"}, "--weight"),
        ({"measure": "passes"}, "sum, count"),
        ({"measure": "sum(rooms)"}, "--weight rooms"),
        ({"weight": "beds", "measure": "max", "density": True}, "--density"),
        ({"radius": "5"}, "15px"),
        ({"radius": "-5px"}, "15px"),
        ({"radius": "9px", "smooth": "2px"}, "cannot go together"),
        ({"sport": ["Run"]}, "--track"),
        ({"clip_ends": "200m"}, "--track"),
        ({"radius": "500km", "resolution": "10m", "bbox": "38,9,38.1,9.1"}, "coarser"),
        ({"query": "SELECT 1"}, "databases"),
        ({"lat": "latitude"}, "columns are lat"),
    ],
)
def test_wrong_usage_is_one_sentence(tmp_path, options, hint):
    source = csv_of(tmp_path / "sites.csv")
    with pytest.raises(HeatlasError, match=hint) as caught:
        heatlas.render(source, output=tmp_path / "a.png", **options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "a.png").exists()


def test_options_of_points_are_refused_for_tracks(tmp_path):
    (tmp_path / "a.gpx").write_text("<gpx/>")
    for options in ({"weight": "beds"}, {"radius": "9px"}, {"density": True}, {"lat": "y"}, {"track": "id"}):
        with pytest.raises(BadOption, match="leave it out"):
            heatlas.render(tmp_path / "a.gpx", output=tmp_path / "a.png", **options)


@pytest.mark.parametrize("content", ["", "lat,lon\n", "lat,lon\n91,200\n", "a,b\n1,2\n"])
def test_nothing_to_draw_is_said(tmp_path, content):
    (tmp_path / "a.csv").write_text(content)
    done = command("a.csv", "-o", "a.png", cwd=tmp_path)
    assert done.returncode in {1, 2}
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert not (tmp_path / "a.png").exists()


def test_weights_of_nothing_are_told_from_no_points(tmp_path):
    with pytest.raises(NothingToDraw, match="add up to nothing"):
        heatlas.render(table([(38.0, 9.0, 0.0), (38.1, 9.0, 0.0)]), output=tmp_path / "a.png", weight="beds")
    with pytest.raises(NothingToDraw, match="none of the 4 points"):
        heatlas.render(table(), output=tmp_path / "a.png", weight="beds", bbox="0,0,1,1", width=50)


def test_stdin_and_json(tmp_path):
    data = csv_of(tmp_path / "a.csv").read_bytes()
    done = command("-", "--weight", "beds", "-o", "a.png", "--json", "--width", 200, cwd=tmp_path, data=data)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["total"] == 10.5
    assert report["kernel"] == {"shape": "gaussian", "radius": 15.0, "unit": "px"}


def test_a_source_that_breaks_off_leaves_nothing_behind(tmp_path):
    from heatlas.sources.tables.table import Table

    def read(columns):
        yield pa.record_batch({"lat": [9.0], "lon": [38.0]})
        raise SourceFailed("the server went away")

    broken = Table(name="made", schema=pa.schema([("lat", pa.float64()), ("lon", pa.float64())]), read=read)
    from heatlas.dataset.points import PointSet

    points = PointSet.of([broken])
    with pytest.raises(SourceFailed, match="went away"):
        points.heat("count", points.window((37, 8, 39, 10), width=50))
    with pytest.raises(SourceFailed, match="went away"):
        points.window()


def test_smoothing_is_a_gaussian_of_that_deviation(tmp_path):
    a = heatlas.render(table(), output=tmp_path / "a.npy", weight="beds", width=200, smooth="4px")
    b = heatlas.render(table(), output=tmp_path / "b.npy", weight="beds", width=200, radius="12px")
    assert a["kernel"] == b["kernel"]
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))
    assert kernel_of_smoothing("100m") == Kernel(metres=300.0, pixels=0.0)
    assert parse_kernel("1.5km", "uniform") == Kernel("uniform", metres=1500.0, pixels=0.0)


def test_spool_gives_back_what_it_was_given(monkeypatch):
    monkeypatch.setattr("heatlas.raster.spool._IN_MEMORY", 1000)
    random = np.random.default_rng(1)
    chunks = [Points(lon=a, lat=b, weight=c) for a, b, c in random.uniform(-80, 80, (4, 3, 400))]
    tally = Tally()
    spool = Spool(tally(chunks))
    for _ in range(2):
        back = list(spool)
        for name in ("lon", "lat", "weight"):
            wanted = np.concatenate([getattr(points, name) for points in chunks])
            np.testing.assert_array_equal(np.concatenate([getattr(points, name) for points in back]), wanted)
    assert tally.points == 1600
    west, south, east, north = tally.bbox
    assert (south, north) == (min(p.lat.min() for p in chunks), max(p.lat.max() for p in chunks))
    assert (west, east) == (min(p.lon.min() for p in chunks), max(p.lon.max() for p in chunks))
    spool.close()


def test_crowd_is_told_from_strays():
    random = np.random.default_rng(2)
    lon, lat = np.append(random.uniform(36, 40, 9999), -120.0), np.append(random.uniform(8, 12, 9999), 55.0)
    tally = Tally()
    for _ in tally([Points(lon=lon, lat=lat)]):
        pass
    west, south, east, north = tally.crowd
    assert (36 <= west <= 36.5, 8 <= south <= 8.5) == (True, True)
    assert (39.5 <= east <= 40.5, 11.5 <= north <= 12.5) == (True, True)


def test_linearity_of_whole_maps(tmp_path):
    window = heatlas.open_points(table(), weight="beds").window()
    parts = [
        heatlas.open_points(table(rows), weight="beds").heat("sum", window, "3km") for rows in (ROWS[:1], ROWS[1:])
    ]
    whole = heatlas.open_points(table(), weight="beds").heat("sum", window, "3km")
    added = sum(part.smoothed.total for part in parts)
    np.testing.assert_allclose(added, whole.smoothed.total, atol=1e-5)


def test_parse_point_measure_names_itself():
    assert str(parse_point_measure(None, "beds")) == "sum(beds)"
    assert str(parse_point_measure(None, None)) == "count"
    assert str(parse_point_measure("count", "beds", density=True)) == "count per km2"


def test_health_facilities_of_ethiopia(shared_data, tmp_path):
    source = shared_data / "afrimapr-afrihealthsites" / "who_kwtrp_ethiopia.csv"
    report = heatlas.render(source, output=tmp_path / "heat.npy", weight="Tier")
    assert (report["rows"], report["points"]) == (5215, 5176)
    assert report["dropped"] == {"rows without a position": 39}
    values = np.load(tmp_path / "heat.npy")
    row, column = np.unravel_index(np.nanargmax(values), values.shape)
    west, south, east, north = report["window"]["bbox"]
    lon = west + (east - west) * (column + 0.5) / values.shape[1]
    top, bottom = (math.asinh(math.tan(math.radians(lat))) for lat in (north, south))
    lat = math.degrees(math.atan(math.sinh(top + (bottom - top) * (row + 0.5) / values.shape[0])))
    assert math.dist((lon, lat), CITIES["Addis Ababa"]) < 0.1  # where most of them are


def test_order_of_rows_changes_but_rounding():
    points = heatlas.open_points(table(), weight="beds")
    window = points.window(width=80)
    wanted = points.heat("sum", window).smoothed.total
    for order in itertools.islice(itertools.permutations(ROWS), 5):
        found = heatlas.open_points(table(list(order)), weight="beds").heat("sum", window).smoothed.total
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)


def fixes(days=3):
    """Rows of a walk that is repeated every day, out of order, with a metric that nobody knows."""
    rows = [
        {"trip": day, "when": f"2024-05-{day + 1:02}T08:{k // 60:02}:{k % 60:02}Z", "lat": 47.8, "lon": 10.9 + k * 4e-5,
         "Salinity (psu)": 30.0 + day}
        for day in range(days) for k in range(0, 600, 2)
    ]  # fmt: skip
    order = np.random.default_rng(1).permutation(len(rows))
    return [rows[k] for k in order]


def test_rows_of_tracks_are_tracks(tmp_path):
    path = tmp_path / "walks.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in fixes()))
    report = heatlas.render(path, output=tmp_path / "a.npy", track="trip", time="when", smooth="0", width=300)
    assert (report["activities"], report["fixes"], report["measure"]) == (3, 900, "passes")
    assert np.nanmax(np.load(tmp_path / "a.npy")) == 3
    seconds = heatlas.render(path, output=tmp_path / "b.npy", track="trip", time="when", measure="seconds", width=300)
    assert seconds["total"] == pytest.approx(3 * 598, rel=1e-6)
    report = heatlas.render(
        path, output=tmp_path / "c.npy", track="trip", time="when", measure="max(salinity_psu)", width=300, smooth="0"
    )
    assert np.nanmax(np.load(tmp_path / "c.npy")) == pytest.approx(32.0)
    assert report["measure"] == "max(salinity_psu)"
    with pytest.raises(BadOption, match="did you mean"):
        heatlas.render(path, output=tmp_path / "d.npy", track="trip", measure="salinity")
    with pytest.raises(BadOption, match="--weight"):
        heatlas.render(path, output=tmp_path / "d.npy", track="trip", weight="lat")


def test_tables_of_tracks_and_recordings_are_one_map(tmp_path):
    path = tmp_path / "walks.csv"
    path.write_text("id,time,lat,lon\n" + "".join(
        f"{row['trip']},{row['when']},{row['lat']},{row['lon']}\n" for row in fixes(2)
    ))  # fmt: skip
    points = "".join(
        f'<trkpt lat="47.8" lon="{10.9 + k * 4e-5}"><time>2024-06-01T08:{k // 60:02}:{k % 60:02}Z</time></trkpt>'
        for k in range(0, 600, 2)
    )
    (tmp_path / "a.gpx").write_text(f"<gpx><trk><trkseg>{points}</trkseg></trk></gpx>")
    report = heatlas.render(path, tmp_path / "a.gpx", output=tmp_path / "a.npy", track="id", smooth="0", width=200)
    assert (report["activities"], report["files"]["read"]) == (3, 2)
    assert np.nanmax(np.load(tmp_path / "a.npy")) == 3


def told(*words):
    """What `heatlas info` says on stdout and stderr."""
    from click.testing import CliRunner

    from heatlas.cli import group

    found = CliRunner().invoke(group, ["info", *map(str, words)])
    assert found.exit_code == 0, found.output
    return found.output


def test_info_shows_the_columns_where_it_cannot_choose(tmp_path):
    (tmp_path / "a.csv").write_text("north_pole,name,when\n1,here,03/02/2024\n2,,04/02/2024\n")
    said = told(tmp_path / "a.csv")
    assert "name it with --lat and --lon" in said
    assert "  north_pole  text          1 to 2, e.g. 1\n" in said
    assert "e.g. 03/02/2024, read day first: 03/02/2024 is 3 February 2024" in said
    report = heatlas.inspect(tmp_path / "a.csv")
    assert [fact["name"] for fact in report["column_facts"][str(tmp_path / "a.csv")]] == ["north_pole", "name", "when"]
    assert "--lat and --lon" in report["undecided"]
    with pytest.raises(BadOption):
        heatlas.inspect(tmp_path / "a.csv", lat="nowhere")


def test_info_shows_the_columns_where_a_number_can_be_read_in_two_ways(tmp_path):
    (tmp_path / "a.csv").write_text('geom,weight\n"POINT(1 2)","1,234"\n')
    assert "say --decimal point or --decimal comma" in told(tmp_path / "a.csv")
    assert "weights: 1234 to 1234" in told(tmp_path / "a.csv", "--decimal", "point")


def test_info_names_several_positions_that_it_cannot_choose_from(tmp_path):
    (tmp_path / "a.csv").write_text("start_lat,start_lon,end_lat,end_lon\n1,2,3,4\n")
    said = told(tmp_path / "a.csv")
    assert "several positions" in said
    assert "  end_lat" in said
