"""Points out of databases, all the way to a picture."""

from __future__ import annotations

import csv
import sqlite3

import numpy as np
import pytest

import heatlas
from heatlas.core.errors import HeatlasError

ROWS = [(9.0 + k % 7 / 10, 38.0 + k % 11 / 10, float(k % 4 - 1)) for k in range(500)]


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("lat,lon,beds\n" + "".join(f"{a},{b},{c}\n" for a, b, c in ROWS))
    return path


def drawn(source, out, **options):
    report = heatlas.render(source, output=out, weight="beds", width=200, **options)
    return report, np.load(out)


@pytest.fixture
def lite(tmp_path):
    path = tmp_path / "sites.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE sites (lat REAL, lon REAL, beds REAL)")
        base.executemany("INSERT INTO sites VALUES (?, ?, ?)", ROWS)
    base.close()
    return path


@pytest.mark.parametrize("bbox", [None, "38,9,39,9.7"])
def test_sqlite_draws_what_a_file_draws(file, lite, tmp_path, bbox):
    _, wanted = drawn(file, tmp_path / "a.npy", bbox=bbox)
    for source, options in ((f"sqlite:///{lite}", {"table": "sites"}), (lite, {"table": "sites"}),
                            (f"sqlite:///{lite}", {"query": "SELECT lon, beds, lat FROM sites"})):  # fmt: skip
        report, found = drawn(source, tmp_path / "b.npy", bbox=bbox, **options)
        np.testing.assert_array_equal(found, wanted)
        assert report["total"] + report["outside"] == sum(row[2] for row in ROWS)


@pytest.mark.parametrize("server", ["mariadb", "postgres"])
def test_servers_draw_what_a_file_draws(file, tmp_path, request, server):
    base = request.getfixturevalue(server)
    with base.connect() as link, link.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS heat_sites")
        cursor.execute("CREATE TABLE heat_sites (lat DOUBLE PRECISION, lon DOUBLE PRECISION, beds DECIMAL(8, 2))")
        cursor.executemany("INSERT INTO heat_sites VALUES (%s, %s, %s)", ROWS)
        link.commit()
    _, wanted = drawn(file, tmp_path / "a.npy")
    for options in ({"table": "heat_sites"}, {"query": "SELECT lat, lon, beds FROM heat_sites"}):
        _, found = drawn(base.url(), tmp_path / "b.npy", **options)
        np.testing.assert_array_equal(found, wanted)
    with pytest.raises(HeatlasError) as caught:
        drawn(base.url(), tmp_path / "c.npy", query="SELECT lat, lon, beds FROM nowhere")
    assert "nowhere" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "c.npy").exists()


def test_health_facilities_out_of_mariadb(mariadb, shared_data, tmp_path):
    source = shared_data / "afrimapr-afrihealthsites" / "who_kwtrp_ethiopia.csv"
    with source.open(encoding="utf-8") as lines:
        rows = [(row["Lat"] or None, row["Long"] or None, row["Tier"] or None) for row in csv.DictReader(lines)]
    with mariadb.connect() as link, link.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS facilities")
        cursor.execute("CREATE TABLE facilities (latitude DOUBLE, longitude DOUBLE, tier INT)")
        cursor.executemany("INSERT INTO facilities VALUES (%s, %s, %s)", rows)
        link.commit()
    for options in ({}, {"bbox": "38.6,8.8,39.0,9.15", "radius": "1km", "density": True}):
        a = heatlas.render(source, output=tmp_path / "a.npy", weight="Tier", width=400, **options)
        b = heatlas.render(
            mariadb.url(), table="facilities", output=tmp_path / "b.npy", weight="tier", width=400, **options
        )
        assert a["points"] == b["points"] == 5176
        assert a["total"] == b["total"] > 500
        np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))
