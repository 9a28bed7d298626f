"""Which legend a measure gets: rings of what goes round, dates of the calendar, notes on what is pale."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heatlas.core.units import Unit
from heatlas.raster.measure import parse_measure
from heatlas.style.colormaps import colormap
from heatlas.style.legend import draw_legend
from heatlas.style.legend_kinds import legend_for, paint_legend
from heatlas.style.legend_ring import draw_ring
from heatlas.style.ticks import cyclic_ticks, nice_ticks
from heatlas.style.tone import Tone

DATE = Unit("d", style="date")
EPOCH = dt.date(1970, 1, 1)


def day(text: str) -> float:
    return float((dt.date.fromisoformat(text) - EPOCH).days)


@pytest.mark.parametrize(
    ("measure", "labels", "turns"),
    [
        ("bearing", "N E S W", 1),
        ("street", "N-S NE-SW E-W SE-NW", 2),
        ("hour", "0 h|6 h|12 h|18 h", 1),
        ("month", "Jan Apr Jul Oct", 1),
    ],
)
def test_what_goes_round_gets_a_ring(measure, labels, turns):
    found = parse_measure(measure)
    legend = legend_for(found, Tone("linear", 0.0, found.period))
    assert legend.kind == "ring"
    assert [place for place, _ in legend.ticks] == [0, 0.25, 0.5, 0.75]
    assert [words for _, words in legend.ticks] == labels.split("|" if "|" in labels else None)
    data = legend.data()
    assert (data["period"], data["turns"], data["note"]) == (found.period, turns, "paler = more mixed")


@pytest.mark.parametrize(
    ("measure", "note"),
    [
        ("corr(pace, heart_rate)", "n >= 6; paler = less sure"),
        ("slope(heart_rate ~ pace)", "n >= 6; paler = less sure"),
        ("residual(heart_rate)", "paler = less sure"),
        ("pace", "paler = fewer passes"),
        ("max(heart_rate)", None),
        ("oneway", "paler = fewer passes"),
    ],
)
def test_a_note_says_what_is_pale(measure, note):
    legend = legend_for(parse_measure(measure), Tone("linear", -1.0, 1.0))
    assert legend.kind == "bar"
    assert legend.data().get("note") == note
    plain = paint_legend(legend, colormap("ember"))
    assert (plain.shape[0] > draw_legend(colormap("ember"), legend.ticks, legend.title).shape[0]) == (note is not None)


def test_a_relation_has_numbers_alike_on_both_sides():
    legend = legend_for(parse_measure("slope(heart_rate~pace)"), Tone("linear", -73.0, 73.0))
    words = [text for _, text in legend.ticks]
    assert [text.lstrip("-") for text in words] == [text.lstrip("-") for text in reversed(words)]


@pytest.mark.parametrize(
    ("first", "last", "labels"),
    [
        ("2014-02-01", "2024-06-30", "2016 2018 2020 2022 2024"),
        ("2019-03-10", "2021-06-01", "2020 2021"),
        ("2023-04-20", "2023-08-03", "May 2023|Jun 2023|Jul 2023|Aug 2023"),
        ("2023-05-03", "2023-05-09", "3 May|4 May|5 May|6 May|7 May|8 May|9 May"),
        ("1400-01-01", "2000-01-01", "1400 1500 1600 1700 1800 1900 2000"),
        ("2023-05-03", "2023-05-03", "2023-05-03"),
    ],
)
def test_dates_get_years_months_and_days(first, last, labels):
    low, high = day(first), day(last)
    ticks = nice_ticks(low, high, lambda value: (value - low) / max(high - low, 1), DATE)
    assert [words for _, words in ticks] == labels.split("|" if "|" in labels else None)


@example(0.0, 0.4)
@example(19_000.3, 1.7)
@given(st.floats(-200_000, 200_000), st.floats(0.01, 90_000))
def test_any_range_of_days_has_whole_dates_that_keep_apart(low, span):
    ticks = nice_ticks(low, low + span, lambda value: (value - low) / span, DATE)
    assert 1 <= len(ticks) <= 7
    places = [place for place, _ in ticks]
    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)
    assert len({words for _, words in ticks}) == len(ticks)
    assert all("." not in words for _, words in ticks)


def test_the_label_of_a_year_stands_at_its_first_of_january():
    low, high = day("2014-02-01"), day("2024-06-30")
    for place, words in nice_ticks(low, high, lambda value: (value - low) / (high - low), DATE):
        assert place == pytest.approx((day(f"{words}-01-01") - low) / (high - low))


@pytest.mark.parametrize("turns", [1, 2])
def test_the_ring_is_that_of_a_slow_twin(turns):
    """Pixel by pixel: the colour of the direction from the middle, clockwise from the top."""
    colours = colormap("ring")
    drawn = draw_ring(colours, [], "", turns=turns, dark=True)
    height, width = drawn.shape[:2]
    checked = 0
    rows = np.flatnonzero((np.ptp(drawn[..., :3].astype(int), axis=2) > 40).any(axis=1))
    middle = (width / 2, (rows[0] + rows[-1] + 1) / 2)
    for y in range(height):
        for x in range(width):
            across, down = x + 0.5 - middle[0], y + 0.5 - middle[1]
            if not 29 <= math.hypot(across, down) <= 37:
                continue
            share = math.atan2(across, -down) / math.tau * turns % 1
            wanted = colours[round(share * 255), :3].astype(int)
            assert np.abs(drawn[y, x, :3].astype(int) - wanted).max() <= 12
            checked += 1
    assert checked > 1000


@pytest.mark.parametrize("dark", [True, False, None])
def test_a_ring_fits_its_panel_and_grows_with_its_scale(dark):
    ticks = cyclic_ticks(180.0, Unit("°", style="bearing"))
    one, two = (draw_ring(colormap("ring"), ticks, "Title", "note", turns=2, dark=dark, scale=s) for s in (1.0, 2.0))
    assert two.shape[0] / one.shape[0] == pytest.approx(2, rel=0.05)
    assert two.shape[1] / one.shape[1] == pytest.approx(2, rel=0.05)
    plain = draw_ring(colormap("ring"), [], "", turns=2, dark=dark)
    for edge in (one[1, 20:-20], one[-2, 20:-20], one[20:-20, 1], one[20:-20, -2]):
        assert len(np.unique(edge, axis=0)) == 1  # no letter runs out of the panel
    assert plain.shape[1] < one.shape[1]
