"""Filters over attributes."""

from __future__ import annotations

import re

import pytest
import slow

from heatlas.core.batch import Activity
from heatlas.core.errors import BadOption
from heatlas.dataset.tracks import Tracks
from heatlas.tracks.filters import attributes, names_in, parse_where
from heatlas.tracks.local_time import parse_date

RUN = Activity(
    source="a.fit",
    sport="Run",
    name="Évening Run",
    start=1700000000.0,  # 2023-11-14 22:13:20 UTC, a Tuesday
    distance=6000.0,
    extra={"elevation_gain": 100.0},
)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("sport = 'Run' AND distance > 5000", True),
        ("sport = 'Run' AND distance > 6000", False),
        ("sport IN ('Ride', 'Walk')", False),
        ("sport NOT IN ('Ride', 'Walk')", True),
        ("name LIKE '%Run'", True),
        ("casei(name) LIKE casei('%RUN')", True),
        ("accenti(name) LIKE 'Evening%'", True),
        ("name LIKE '_vening Run'", True),
        ("name LIKE 'vening Run'", False),
        ("start >= DATE('2023-11-14') AND start < DATE('2023-11-15')", True),
        ("start > TIMESTAMP('2023-11-14T23:00:00Z')", False),
        ("start > '2023-11-14T22:00:00Z'", True),
        ("year = 2023 AND month = 11 AND weekday = 2 AND hour = 22", True),
        ("commute = false", True),
        ("NOT commute", True),
        ("moving_time > 5", False),
        ("NOT moving_time > 5", False),  # unknown stays unknown
        ("moving_time IS NULL", True),
        ("gear IS NULL", True),
        ("distance IS NOT NULL", True),
        ("elevation_gain * 2 BETWEEN 150 AND 250", True),
        ("elevation_gain / 0 > 1", False),
        ("moving_time > 5 OR sport = 'Run'", True),
        ("distance / 1000 - 1 = 5", True),
        ("distance = 6 km", True),
        ("distance BETWEEN 5.9km AND 6100 m", True),
        ("distance > 3.8 mi", False),
        ("elevation_gain < 1h30", True),
        ("elevation_gain = 1 min OR elevation_gain = 1h 1 min", False),
        ("name <> '10 km' AND 0.1 km = elevation_gain", True),
    ],
)
def test_filters(text, passes):
    assert parse_where(text)(attributes(RUN)) is passes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not understood"),
        ("a b c", "not understood"),
        ("sport = 'Run", "not understood"),
        ("distanc > 5", "did you mean distance"),
        ("sport = Run", "no activity has an attribute 'Run': put 'Run' in single quotes"),
        ("name = Évening Run", "put 'Évening Run' in single quotes"),
        ("sport = “Run”", "straight quotes"),
        ("sport == 'Run'", "a single ="),
        ("distance => 5", "write >= or <="),
        ("distance > 10,000", "without commas"),
        ("distance > 7,5", "with a point"),
        ("distance > 10 kg", "no unit 'kg'; there are km, m, mi, h, min, s"),
        ("distance >", "missing after >"),
        ("AND commute", "missing before AND"),
        ("commute && private", "write AND"),
        ("distance > 5 sport = 'Run'", "put AND or OR before sport"),
        ("name LIKE %run%", "LIKE '%run%'"),
        ("sport IS 'Run'", "write = instead of IS"),
        ("weekday = Saturday", "write weekday = 6 for Saturday"),
        ("month = feb", "write month = 2 for February"),
        ("commute = yes", "write TRUE"),
        ("distance > '5'", "leave out the quotes"),
        ("sport + 1 > 3", "cannot be worked out"),
        ("S_INTERSECTS(geometry, POINT(1 1))", "cannot be asked"),
        ("start > 'yesterday'", "is no date"),
    ],
)
def test_filters_that_cannot_be_used_say_why_in_one_sentence(text, says):
    with pytest.raises(BadOption, match=says) as caught:
        parse_where(text)(attributes(RUN))
    said = str(caught.value)
    assert "\n" not in said
    assert not set(re.findall(r"[A-Z][a-z]+[A-Z]\w+|EOI", said))  # words of the grammar, as IsNullPostfix


def tracks():
    sports = ["Run", "Run", "Ride"]
    return Tracks(
        tuple(
            slow.make_batch([10.9, 10.91], [47.8, 47.8], sport=sport, start=1.7e9 + 86400 * k, source=f"{k}-")
            for k, sport in enumerate(sports)
        )
    )


def test_tracks_are_filtered_and_the_rest_is_counted():
    runs = tracks().where("sport = 'Run'")
    assert len(runs) == 2
    assert runs.report.dropped["activities that the filter left out"] == 1
    assert len(tracks().select(sport=["run"])) == 2
    assert len(tracks().select(after="2023-11-15")) == 2
    assert len(tracks().select(before="2023-11-15")) == 1
    assert len(tracks().select()) == 3
    with pytest.raises(BadOption, match="there are Ride, Run"):
        tracks().select(sport=["Golf"])
    with pytest.raises(BadOption, match="is no date"):
        tracks().select(after="soon")


def test_an_attribute_that_some_activities_have_is_unknown_for_the_others():
    batch = slow.make_batch([10.9, 10.91], [47.8, 47.8], extra={"suffer_score": 7.0})
    both = Tracks((*tracks().batches, batch))
    assert len(both.where("suffer_score > 5")) == 1


def test_dates():
    assert parse_date("2024-05-01").isoformat() == "2024-05-01T00:00:00+00:00"
    assert parse_date("2024-05").isoformat() == "2024-05-01T00:00:00+00:00"
    assert parse_date("2024-05-01T08:30:00+02:00").hour == 8


@pytest.mark.parametrize("text", ["(" * 900, "(distance > 5", "distance > 5)", "(" * 30 + "distance > 5" + ")" * 30])
def test_brackets_that_would_keep_the_parser_busy_are_refused_at_once(text):
    with pytest.raises(BadOption, match="brackets"):
        parse_where(text)


def test_brackets_inside_quotes_are_text():
    assert parse_where("name = '((('")({"name": "((("})


def test_files_are_asked_for_by_path_and_by_name():
    activity = Activity(source="/home/a/export.zip/2024/café 1.gpx")
    for text, passes in {
        "source LIKE '%/2024/%'": True, "source LIKE '%/2023/%'": False, "file = 'café 1.gpx'": True,
        "file LIKE 'caf_ %'": True, "CASEI(source) LIKE CASEI('%EXPORT.ZIP/%')": True,
    }.items():  # fmt: skip
        assert parse_where(text)(attributes(activity)) is passes


def test_names_in_a_filter_are_listed():
    assert names_in("CASEI(a) LIKE 'x%' AND (b > 1 OR NOT c) AND d IN (1, 2) AND e IS NULL") == set("abcde")
    assert names_in(None) == set()
