"""Published tables are read to the last row."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest
from tables import read

from heatlas.core.errors import BadOption
from heatlas.sources.tables import is_table, open_table

AFRICA, PCC = "afrimapr-afrihealthsites", "ehmatthes-pcc_3e"
NOWHERE = "rows without a position"


@pytest.mark.parametrize(
    ("name", "weight", "rows", "dropped"),
    [
        (f"{AFRICA}/who_kwtrp_ethiopia.csv", "Tier", 5215, {NOWHERE: 39}),
        (f"{AFRICA}/who_kwtrp_sub_saharan_africa.csv.gz", None, 98_745, {NOWHERE: 2350}),
        (f"{AFRICA}/healthsites_io_ethiopia.csv", "completeness", 798, {}),
        (f"{AFRICA}/healthsites_io_africa.csv.gz", "completeness", 56_854, {}),
        (f"{PCC}/world_fires_1_day.csv", "frp", 3125, {}),
        (f"{PCC}/world_fires_7_day.csv.gz", "frp", 41_670, {}),
        (f"{PCC}/eq_data_7_day_m1.geojson", "mag", 1405, {}),
        ("geonames-cities/cities1000.csv.gz", "population", 170_391, {}),
        ("airportsdata/airports.csv.gz", "elevation", 28_298, {}),
        ("irvingbennett-running_page/panama-city-fixes.parquet", None, 751_680, {}),
    ],
)
def test_every_row_is_a_point_or_counted(shared_data, name, weight, rows, dropped):
    path = shared_data / name
    assert is_table(path)
    (lon, lat, weights), found, table = read(path, weight=weight)
    assert found == dropped
    assert len(lon) + found.total() == rows
    assert not table.warnings
    assert np.abs(lat).max() <= 90
    if weights is not None:
        assert np.isfinite(weights).all()


def test_numbers_agree_with_the_standard_library(shared_data):
    path = shared_data / "geonames-cities" / "cities1000.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    points, _, _ = read(path, weight="population")
    for column, name in zip(points, ("longitude", "latitude", "population"), strict=True):
        np.testing.assert_array_equal(column, [float(row[name]) for row in rows])


def test_a_weight_that_is_text_costs_every_row(shared_data):
    (lon, *_), dropped, _ = read(shared_data / PCC / "world_fires_1_day.csv", weight="daynight")
    assert len(lon) == 0
    assert dropped == {"rows whose weight is no number": 3125}


def test_depth_of_earthquakes_is_a_column(shared_data):
    path = shared_data / PCC / "eq_data_7_day_m1.geojson"
    (lon, _, depth), _, _ = read(path, weight="elevation")
    assert len(depth) == 1405
    assert depth.max() > 100
    assert (lon < -170).any()
    assert (lon > 170).any()


@pytest.mark.parametrize("folder", ["laakkti-strava-export", "slalom007-strava-export"])
def test_the_table_of_an_export_is_told_apart(shared_data, folder):
    assert not is_table(shared_data / folder)
    with pytest.raises(BadOption, match="table of a Strava export; name the export's folder or ZIP"):
        read(shared_data / folder / "activities.csv")
    assert open_table(shared_data / folder / "activities.csv").schema.names[0] == "Activity ID"


def test_recordings_are_no_tables(shared_data):
    for ending in ("fit", "gpx", "tcx", "gpx.gz", "fit.gz"):
        for path in sorted(shared_data.rglob(f"*.{ending}"))[:5]:
            if path.stat().st_size:
                assert not is_table(path), path
    for path in sorted(shared_data.rglob("*.zip")):
        assert not is_table(path), path
