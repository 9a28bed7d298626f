"""Rows that only name towns: what they are taken for, and that nothing is guessed in silence."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import heatlas
from heatlas.cli.summary import _whereabouts
from heatlas.core.errors import BadOption
from heatlas.gazetteer.search import Answer, describe_town, find_town
from heatlas.gazetteer.towns import towns
from heatlas.library.manage import import_into


def first(name, *said):
    match = find_town(name, said)
    return match.answer, towns().packed.names[match.towns[0]] if match.towns else None


@pytest.mark.parametrize(
    ("name", "said", "town"),
    [
        ("Zurich", (), "Zürich"),
        ("ZÜRICH", ("CH",), "Zürich"),
        ("Zuerich", ("Schweiz",), "Zürich"),
        ("Wien", ("Austria",), "Vienna"),
        ("Köln", (), "Köln"),
        ("St. Gallen", ("CHE",), "Sankt Gallen"),
        ("Lueneburg", ("Germany",), "Lüneburg"),
        ("Den Haag", ("Netherlands",), "The Hague"),
        ("Springfield, Illinois", (), "Springfield"),
        ("Springfield", ("IL", "USA"), "Springfield"),
        ("Paris (France)", (), "Paris"),
        ("Birmingham", ("England",), "Birmingham"),
    ],
)
def test_towns_are_found_whatever_their_spelling(name, said, town):
    assert first(name, *said) == (Answer.FOUND, town)


def test_regions_and_countries_tell_towns_apart():
    (illinois,) = find_town("Springfield", ("Illinois",)).towns
    assert describe_town(illinois) == "Illinois, United States"
    assert find_town("Springfield").answer is Answer.SEVERAL
    assert find_town("Springfield", ("", " ")).answer is Answer.SEVERAL
    assert find_town("Tampere", ("Sweden",)).answer is Answer.UNKNOWN
    assert find_town("Nowhereville").answer is Answer.UNKNOWN
    assert find_town("").answer is Answer.UNKNOWN


def test_size_decides_only_where_it_leaves_no_doubt():
    match = find_town("London")
    assert match.answer is Answer.LARGEST
    assert describe_town(match.towns[0]) == "England, United Kingdom"
    people = towns().packed.population[list(match.towns)]
    assert people[0] > 10 * people[1]
    assert find_town("Birmingham").answer is Answer.SEVERAL
    assert first("Schongau") == (Answer.ALONE, "Schongau")


ROWS = {
    "Town": [
        "Zürich",
        "Zurich",
        "Tampere",
        "Springfield",
        "Springfield",
        "Nowhereville",
        "Vienna",
        "",
        None,
        "Schongau",
    ],
    "Country": ["Switzerland", "", "FI", "USA", "Illinois", "Finland", "", "FI", "FI", None],
    "Members": [10.0, 5, 7, 9, 2, 1, 4, 2, 3, 6],
}


def test_rows_are_placed_by_their_names_and_the_rest_is_said():
    points = heatlas.open_points(pa.table(ROWS), place="town, country", weight="Members")
    found = [chunk for chunk in points.chunks() if len(chunk.lon)]
    lon, lat = (np.concatenate([getattr(chunk, side) for chunk in found]) for side in ("lon", "lat"))
    weight = np.concatenate([chunk.weight for chunk in found])
    assert weight.tolist() == [10, 5, 7, 2, 4, 6]
    assert np.hypot(lon[:2] - 8.55, lat[:2] - 47.37).max() < 0.02
    assert (lon[2], lat[2]) == pytest.approx((23.787, 61.499), abs=0.03)
    assert (lon[3], lat[3]) == pytest.approx((-89.64, 39.80), abs=0.03)
    report = heatlas.inspect(pa.table(ROWS), place="Town,Country", weight="Members")
    assert report["columns"] == {"place": "Town, Country", "weight": "Members"}
    assert (report["rows"], report["points"]) == (10, 6)
    assert report["dropped"] == {
        "rows whose place is not known": 1,
        "rows whose place may be one of several": 1,
        "rows without a position": 2,
    }
    said = [warning["reason"] for warning in report["files"]["warnings"]]
    assert [sentence.partition(":")[0] for sentence in said] == [
        "1 row left out, whose places are not known",
        "1 row left out, whose places may be several",
        "1 row placed at by far the largest town of their name",
        "1 row placed at the only listed town of their name, as no country is said",
    ]
    assert "Nowhereville, Finland (1 row)" in said[0]
    assert "Springfield, USA (1 row) in Missouri, United States, or in Massachusetts" in said[1]
    assert "Vienna (1 row) in Vienna, Austria, not Illinois, United States" in said[2]
    assert "Schongau (1 row) in Bavaria, Germany" in said[3]


def test_many_names_are_counted_and_a_few_shown():
    table = pa.table({"town": [f"Nowhere {k % 9}" for k in range(90)] + ["Tampere"]})
    report = heatlas.inspect(table, place="town")
    (warning, *_) = [each["reason"] for each in report["files"]["warnings"]]
    assert warning.startswith("90 rows left out, whose places are not known: Nowhere 0 (10 rows); Nowhere 1 (10 rows)")
    assert "; and 4 more names" in warning


def test_rows_of_a_track_may_name_towns(tmp_path):
    path = tmp_path / "journey.csv"
    path.write_text("trip,when,city\n1,2024-05-01,Tampere\n1,2024-05-02,Helsinki\n1,2024-05-03,Turku\n")
    tracks = heatlas.open(path, track="trip", time="when", place="city", max_gap="10d", max_gap_distance="500km")
    assert (len(tracks), tracks.fixes) == (1, 3)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"place": "Ort"}, "has no column 'Ort' for --place"),
        ({"place": "Town", "lat": "Members"}, "--place and --lat both say where rows are"),
        ({"place": "Town,,"}, "names no column"),
        ({}, "where Town names towns, --place Town places rows by their names"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(options, reason):
    with pytest.raises(BadOption, match=reason):
        heatlas.open_points(pa.table(ROWS), **options)


def test_a_library_and_a_picture_take_names(tmp_path):
    path = tmp_path / "clubs.csv"
    path.write_text("Town,Country\nTampere,Finland\nTurku,Finland\nOulu,FI\n")
    report = heatlas.render(path, output=tmp_path / "clubs.png", place="Town,Country", width=300)
    assert (report["points"], report["dropped"]) == (3, {})
    report = import_into(tmp_path / "a.db", path, place="Town,Country")
    assert [each["points"] for each in report["point_sets"]] == [3]


@pytest.mark.parametrize(
    ("name", "words"),
    [("Tampere, Finland", "around Tampere, Finland"), ("near Utö, Finland", "near Utö, Finland"), ("At sea", "at sea")],
)
def test_a_place_stands_in_a_sentence(name, words):
    assert _whereabouts(name) == words
