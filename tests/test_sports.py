from __future__ import annotations

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatlas.sources.speeds import max_speed
from heatlas.sources.sports import SPORTS, VIRTUAL, sport_name


@pytest.mark.parametrize(
    ("text", "sport"),
    [
        ("Run", "Run"),
        ("Virtual Ride", "VirtualRide"),
        ("E-Bike Ride", "EBikeRide"),
        ("trail_running", "TrailRun"),
        ("MOUNTAIN_BIKING", "MountainBikeRide"),
        ("Biking", "Ride"),
        ("9", "Run"),
        ("1", "Ride"),
        ("16", "Swim"),
        (" 4\n", "Hike"),
        ("Lauf", "Run"),
        ("Radfahrt", "Ride"),
        ("Course à pied", "Run"),
        ("Vélo", "Ride"),
        ("Randonnée", "Hike"),
        ("Natación", "Swim"),
        ("Caminata", "Walk"),
        ("Corsa", "Run"),
        ("Escursione", "Hike"),
        ("Natação", "Swim"),
        ("Pedalada", "Ride"),
        ("Fietsrit", "Ride"),
        ("Hardloopsessie", "Run"),
        ("Pyöräily", "Ride"),
        ("Juoksu", "Run"),
        ("Hiihto", "NordicSki"),
        ("Futás", "Run"),
        ("Kerékpározás", "Ride"),
        ("Löpning", "Run"),
        ("Løping", "Run"),
        ("Gåtur", "Walk"),
        ("Løb", "Run"),
        ("Bieganie", "Run"),
        ("Pływanie", "Swim"),
        ("Бег", "Run"),
        ("Заезд", "Ride"),
        ("跑步", "Run"),
        ("骑行", "Ride"),
        ("ライド", "Ride"),
        ("バーチャルラン", "VirtualRun"),
        ("수영", "Swim"),
        ("running/trail", "TrailRun"),
        ("running/generic", "Run"),
        ("running/no_such_thing", "Run"),
        ("cycling/virtual_activity", "VirtualRide"),
        ("running/virtual_activity", "VirtualRun"),
        ("swimming/lap_swimming", "Swim"),
        ("Other", "Unknown"),
        ("generic", "Unknown"),
    ],
)
def test_spellings_meet_in_one_word(text, sport):
    assert sport_name(text) == sport


@pytest.mark.parametrize("text", ["", "  ", "\n", "!!", "__"])
def test_no_word_is_unknown(text):
    assert sport_name(text) == "Unknown"


@pytest.mark.parametrize(
    ("text", "word"),
    [("underwater hockey", "UnderwaterHockey"), ("QUIDDITCH", "Quidditch"), ("777", "Sport777")],
)
def test_a_strange_sport_keeps_a_word_of_its_own(text, word):
    assert sport_name(text) == word


def test_no_spelling_means_two_sports():
    from heatlas.sources import sports

    owners: dict[str, set[str]] = {}
    for sport, spellings in sports._SPELLINGS.items():
        for spelling in (sport, *spellings.split("|")):
            owners.setdefault(sports._key(spelling), set()).add(sport)
    assert "" not in owners
    assert {key: of for key, of in owners.items() if len(of) > 1} == {}


@given(st.sampled_from(sorted(SPORTS)))
def test_the_vocabulary_stays_as_it_is_in_any_dress(sport):
    spaced = "".join(f" {c}" if c.isupper() else c for c in sport)
    for text in (sport, sport.lower(), sport.upper(), spaced, spaced.strip().replace(" ", "_").lower()):
        assert sport_name(text) == sport


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_translating_twice_changes_nothing(text):
    once = sport_name(text)
    assert once
    assert sport_name(once) == once


@given(st.text(max_size=80))
def test_any_text_gives_one_short_word(text):
    word = sport_name(text)
    assert 0 < len(word) <= 65
    assert word.split() == [word]


def test_speeds_grow_with_the_vehicle():
    ladder = ["Swim", "Walk", "Run", "Ride", "AlpineSki", "Driving", "Flying"]
    speeds = [max_speed(sport) for sport in ladder]
    assert speeds == sorted(speeds)
    assert len(set(speeds)) == len(speeds)
    assert max_speed("NoSuchSport") == max_speed("Unknown") > max_speed("AlpineSki")


def test_virtual_sports_are_words_of_the_vocabulary():
    assert VIRTUAL <= SPORTS
    assert {"VirtualRide", "VirtualRun"} <= VIRTUAL
    assert "Ride" not in VIRTUAL


@pytest.mark.parametrize(
    "module",
    [
        *("formats.google.stays", "formats.phones.legs", "formats.loggers.igc", "formats.polar", "formats.fit.sports"),
        *("sheets.apple_health", "sheets.samsung_export"),
    ],
)
def test_words_that_readers_give_are_of_the_vocabulary(module):
    """Another word has no speed of its own, and the rule for strays takes it for an airliner's."""
    found = importlib.import_module(f"heatlas.sources.{module}")._SPORTS
    words = found if module.endswith("igc") else found.values()  # there a pattern follows each word
    assert {sport for sport in words if sport} <= SPORTS


def test_ways_without_effort():
    assert [sport_name(word) for word in ("subway", "Tram", "in train", "bus", "taxi", "gondola lift", "ferry")] == [
        "Train", "Train", "InTrain", "Driving", "Driving", "CableCar", "Boating",
    ]  # fmt: skip
    assert max_speed("CableCar") < max_speed("Driving") < max_speed("Train") < max_speed("Flying")
