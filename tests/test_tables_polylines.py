"""Tables of tracks: encoded polylines, one track in a table, and what of it all commands take."""

from __future__ import annotations

import csv
import json
import sqlite3

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import heatlas
from heatlas.core.errors import BadOption
from heatlas.library.care.checking import check
from heatlas.library.file.opening import open_library
from heatlas.library.manage import import_into
from heatlas.library.rows.merged import list_activities
from heatlas.sources.tables.tracks.polylines import decode


def encode(lat, lon, precision=5):
    """The algorithm step by step, as Google describes it."""
    text, before = "", (0, 0)
    for pair in zip(lat, lon, strict=True):
        whole = [round(value * 10**precision) for value in pair]
        for now, last in zip(whole, before, strict=True):
            step = now - last
            step = ~(step << 1) if step < 0 else step << 1
            while step >= 32:
                text += chr((32 | (step & 31)) + 63)
                step >>= 5
            text += chr(step + 63)
        before = whole
    return text


def line(k=0, n=60):
    """Latitudes and longitudes of a way of some 700 m."""
    return 47.5 + np.arange(n) * 1e-4, 11 + k / 50 + np.sin(np.arange(n) / 9) * 1e-3


def test_the_example_of_the_description():
    lon, lat = decode("_p~iF~ps|U_ulLnnqC_mqNvxq`@")
    assert (lat.tolist(), lon.tolist()) == ([38.5, 40.7, 43.252], [-120.2, -120.95, -126.453])


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), min_size=1, max_size=30), st.sampled_from([5, 6]))
def test_what_was_encoded_comes_back(places, precision):
    lat, lon = zip(*places, strict=True)
    found = decode(encode(lat, lon, precision), precision)
    np.testing.assert_allclose(found, (lon, lat), atol=0.51 / 10**precision, rtol=0)


@given(st.text(max_size=30))
def test_any_text_is_a_polyline_or_none(text):
    found = decode(text)
    assert found is None or len(found[0]) == len(found[1]) > 0


def running_page(path):
    """A database as running_page keeps it."""
    with sqlite3.connect(path) as link:
        link.execute(
            "CREATE TABLE activities (run_id INTEGER PRIMARY KEY, name TEXT, distance REAL, moving_time TEXT, "
            "type TEXT, start_date TEXT, start_date_local TEXT, summary_polyline TEXT, average_heartrate REAL)"
        )
        for k in range(3):
            row = (90 + k, f"Run {k}", 700.5, "1970-01-01 00:05:00", "Run", f"2024-05-0{k + 1} 08:00:00",
                   f"2024-05-0{k + 1} 10:00:00", encode(*line(k + 10)), 141.5)  # fmt: skip
            link.execute("INSERT INTO activities VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        link.execute("INSERT INTO activities VALUES (99, 'Indoors', 1, '', 'Run', '', '', '', NULL)")
    link.close()
    return path


def strava(path):
    """An answer of Strava's API."""
    rows = [
        {"id": 5 + k, "name": f"Ride {k}", "sport_type": "GravelRide", "start_date": f"2024-06-0{k + 1}T08:00:00Z",
         "distance": 700.5, "private": k == 1, "commute": k == 0, "start_latlng": [47.5, 11.0],
         "map": {"id": f"a{k}", "summary_polyline": encode(*line(k))}}
        for k in range(2)
    ]  # fmt: skip
    path.write_text(json.dumps(rows))
    return path


def test_a_column_of_polylines_is_found(tmp_path):
    tracks = heatlas.open(running_page(tmp_path / "data.db"))
    assert tracks.report.dropped["rows without a track"] == 1
    first = tracks.activities[0]
    assert (first.id, first.name, first.sport, first.distance) == ("90", "Run 0", "Run", 700.5)
    assert first.start == 1714550400
    assert first.extra["average_heartrate"] == 141.5
    assert len(tracks.select(after="2024-05-02")) == 2
    assert tracks.fixes == 180
    rides = heatlas.open(strava(tmp_path / "api.json")).activities
    assert [(ride.sport, ride.private, ride.commute) for ride in rides] == [
        ("GravelRide", False, True), ("GravelRide", True, False),
    ]  # fmt: skip


def test_polylines_of_six_decimals_in_a_csv(tmp_path):
    with (tmp_path / "a.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["Activity ID", "Polyline"])
        out.writerows([[k, encode(*line(k), 6)] for k in range(2)])
        out.writerow([7, "no polyline \x7f"])
    tracks = heatlas.open(tmp_path / "a.csv")
    assert tracks.report.dropped["rows whose polyline cannot be read"] == 1
    west, south, east, north = tracks.places()[0].bbox
    assert 10.9 < west < east < 11.1
    assert 47.4 < south < north < 47.6


def fixes(path, tracks=2, extra="lat,lon"):
    lines = [f"trip,time,sport,private,{extra}"]
    for k in range(tracks):
        for i, (lat, lon) in enumerate(zip(*line(k), strict=True)):
            private = "true" if k else "false"
            lines.append(f"t{k},2024-05-0{k + 1}T08:{i // 6:02}:{i % 6}0Z,Hike,{private},{lat:.6f},{lon:.6f}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_info_says_what_to_type_and_takes_it(tmp_path):
    path = fixes(tmp_path / "fixes.csv")
    told = heatlas.inspect(path)
    assert told["points"] == 120
    assert "--track trip" in told["hints"][0]
    found = heatlas.inspect(path, track="trip")
    assert (found["activities"], list(found["sports"])) == (2, ["Hike"])
    (tmp_path / "one.csv").write_text("t,lat,lon\n1714809600,47.5,11\n1714809610,47.5001,11\n1714809620,47.5002,11\n")
    assert "--track all --time t" in heatlas.inspect(tmp_path / "one.csv")["hints"][0]
    one = heatlas.inspect(tmp_path / "one.csv", track="all", time="t")
    assert (one["activities"], one["fixes"], one["first"]) == (1, 3, "2024-05-04T10:00:00+02:00")
    assert heatlas.open(tmp_path / "one.csv", track="all").activities[0].name == "one"
    with pytest.raises(BadOption, match="--track all"):
        heatlas.open(tmp_path / "one.csv")


def test_tracks_of_tables_come_into_a_library_once(tmp_path):
    lib, path = tmp_path / "lib.db", fixes(tmp_path / "fixes.csv")
    base = running_page(tmp_path / "data.db")
    assert import_into(lib, path, track="trip")["activities"] == 2
    assert import_into(lib, base)["activities"] == 5
    again = import_into(lib, path, track="trip")
    assert again["activities"] == 5
    assert again["dropped"] == {"tracks that were read before": 2}
    assert "nothing" not in again
    fixes(path, tracks=3)
    assert import_into(lib, path, track="trip")["dropped"]["tracks that were read before"] == 2
    with open_library(lib) as library:
        kept = list_activities(library).values()
        assert len(kept) == 6
        assert {a.private for a in kept if a.sport == "Hike"} == {False, True}
        assert check(library, None) == []
    with pytest.raises(BadOption, match="--weight is for points"):
        import_into(lib, path, track="trip", weight="lat")


@pytest.mark.parametrize("name", ["tiles", "a.mbtiles", "page.html", "a.png", "a.gif"])
def test_every_output_takes_tracks_of_tables(tmp_path, name):
    path, more = fixes(tmp_path / "fixes.csv"), {}
    if name in {"tiles", "a.mbtiles", "page.html"}:
        more = {"zoom": "10-12", "public": True}
    elif name == "a.gif":
        more = {"width": 60, "duration": "1s"}
    report = heatlas.render(path, output=tmp_path / name, track="trip", **more)
    assert report["activities"] == (1 if name in {"tiles", "a.mbtiles"} else 2)  # one of them is private
    assert (tmp_path / name).exists()
    with pytest.raises(BadOption, match="--weight"):
        heatlas.render(path, output=tmp_path / f"x{name}", track="trip", weight="lat")


def test_only_columns_that_are_needed_are_read(tmp_path, monkeypatch):
    import dataclasses

    import heatlas.sources.tables as tables

    path = fixes(tmp_path / "fixes.csv", extra="lat,lon")
    text = path.read_text().splitlines()
    path.write_text("\n".join(["comment,depth,hr," + text[0]] + [f"x,1.5,120,{row}" for row in text[1:]]))
    asked = []
    opening = tables.open_table

    def opened(*args, **how):
        table = opening(*args, **how)
        return dataclasses.replace(table, read=lambda names: (asked.append(set(names)), table.read(names))[1])

    monkeypatch.setattr("heatlas.sources.tables.open_table", opened)
    always = {"trip", "time", "sport", "private", "lat", "lon"}
    heatlas.render(path, output=tmp_path / "a.png", track="trip", width=50)
    heatlas.render(path, output=tmp_path / "a.png", track="trip", width=50, measure="heart_rate", where="comment = 'x'")
    heatlas.render(path, output=tmp_path / "a.png", track="trip", width=50, measure="max(depth)")
    heatlas.open(path, track="trip")
    assert asked == [always, always | {"hr", "comment"}, always | {"depth"}, always | {"comment", "depth", "hr"}]
