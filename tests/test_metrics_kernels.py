"""Kernels of metrics against their slow twins."""

from __future__ import annotations

import math
from decimal import Context, Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heatlas.kernels import encode
from heatlas.kernels import index as codec
from heatlas.kernels.operations import UNUSED, Adding, Runs
from heatlas.kernels.values import add_days, add_values_at
from heatlas.library.file.columns import AMOUNTS, COLUMNS, VALUES, decoded
from heatlas.library.index.coded_columns import CodedColumns, Facts
from heatlas.tracks.metrics import METRICS, leaves
from heatlas.tracks.metrics.evaluation import Columns
from heatlas.tracks.metrics.expression import parse_condition
from heatlas.tracks.metrics.program import Opaque, record
from heatlas.tracks.metrics.sports import SPORTS_OF


def sun(time, longitude, latitude):
    """The same formulas, for each moment anew."""
    days = time / 86400 - 10957.5
    anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic = np.radians(280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    tilt = np.radians(23.439 - 4e-7 * days)
    declination = np.arcsin(np.sin(tilt) * np.sin(ecliptic))
    ascension = np.arctan2(np.cos(tilt) * np.sin(ecliptic), np.cos(ecliptic))
    hour = np.radians((280.46062 + 360.98564737 * days) % 360 + longitude) - ascension
    place = np.radians(latitude)
    height = np.sin(place) * np.sin(declination) + np.cos(place) * np.cos(declination) * np.cos(hour)
    return np.degrees(np.arcsin(height))


def elevations(time, longitude, latitude):
    """Elevations of the sun by the program of the metric."""
    columns = {"start": time, "elapsed": np.zeros(len(time)), "longitude": longitude, "latitude": latitude}
    return Columns(columns, len(time))["sun"]


def test_the_sun_stands_where_the_almanac_says():
    rng = np.random.default_rng(3)
    time = rng.uniform(0, 2.5e9, 20_000)
    longitude, latitude = rng.uniform(-180, 180, 20_000), rng.uniform(-85, 85, 20_000)
    found = elevations(time, longitude, latitude)
    assert np.abs(found - sun(time, longitude, latitude)).max() < 0.005
    # Its place depends on the moment alone, not on those before.
    order = rng.permutation(20_000)
    assert np.array_equal(elevations(time[order], longitude[order], latitude[order]), found[order])
    # Noon of the equinox on the equator; and an unknown time.
    noon = elevations(np.array([1710936450.0, np.nan]), np.zeros(2), np.zeros(2))
    assert noon[0] > 89.5
    assert np.isnan(noon[1])


@given(st.lists(st.tuples(st.integers(-5, 5), st.lists(st.integers(0, 8), max_size=6)), max_size=9))
def test_days_are_counted_once_in_each_pixel(activities):
    labels = np.array([10 + day for day, _ in activities], np.int64)
    cells = np.array([cell for _, path in activities for cell in path], np.int64)
    bounds = np.cumsum([0, *(len(path) for _, path in activities)])
    counts = np.zeros(9)
    add_days(cells, bounds, np.argsort(labels), labels, np.full(9, -1, np.int64), counts)
    assert counts.tolist() == [len({day for day, path in activities if cell in path}) for cell in range(9)]


RUNS = st.lists(
    st.tuples(
        st.booleans(),
        st.integers(0, 6),
        st.lists(
            st.tuples(st.integers(0, 65535), *[st.just(codec.UNKNOWN) | st.integers(-6000, 3000) for _ in range(2)]),
            max_size=9,
        ),
    ),
    max_size=5,
)
"""Of each run whether it is wanted, its activity, and of each passage the pixel and steps of two columns."""


def coded(runs, names, places=None, many=1):
    """Columns as they lie in a chunk of the index, and the wanted passages, one tuple each."""
    runs = [(kept, number, path * many) for kept, number, path in runs]
    lengths = np.array([len(path) for _, _, path in runs], np.int64)
    passages = [passage for _, _, path in runs for passage in path]
    pixels = np.array([pixel for pixel, *_ in passages], np.uint16)
    at = np.append(0, np.cumsum(lengths))
    stretches = np.stack([at[:-1], at[1:]], axis=1)[lengths > 0]
    whole = np.arange(len(stretches) + 1)
    laid = (stretches, whole, whole[[0, -1]])
    data = {}
    for place, name in enumerate(names, 1):
        steps = np.array([passage[place] for passage in passages], np.int32)
        if name in AMOUNTS:
            data[COLUMNS[name]] = encode.encode_amounts(np.abs(steps.astype(np.int64)) % 4000, *laid)[0]
        else:
            data[COLUMNS[name]] = encode.encode_values(steps, *laid)[0]
    numbers = np.array([number for _, number, _ in runs], np.int64)
    kept = np.array([kept for kept, _, _ in runs], np.bool_)
    facts = Facts(
        ("local_start",), 3600.0 * np.arange(5)[None], np.full((2, 256), np.nan) if places is None else places
    )
    wanted = [(number, *passage) for kept, number, path in runs if kept for passage in path]
    return CodedColumns(Runs(pixels, numbers, lengths, kept), data, facts), wanted


def plain(name, step):
    if name in AMOUNTS:
        return (abs(step) % 4000) * AMOUNTS[name][1]
    return float(decoded(name, np.array([step], np.int32))[0])


@given(runs=RUNS, names=st.permutations(sorted({*VALUES, "seconds", "metres"})), many=st.sampled_from([1, 1, 300]))
def test_columns_are_read_as_their_steps_say(runs, names, many):
    columns, wanted = coded(runs, names[:2], many=many)
    for place, name in enumerate(names[:2], 2):
        expected = [plain(name, passage[place]) for passage in wanted]
        assert np.array_equal(columns[name], expected, equal_nan=True)
    assert np.isnan(columns[names[2]]).all()
    assert len(columns[names[2]]) == len(wanted)


@given(runs=RUNS, many=st.sampled_from([1, 200]))
def test_facts_and_places_are_those_of_activities_and_pixels(runs, many):
    places = np.stack([np.linspace(5, 6, 256), np.linspace(48, 47, 256)])
    columns, wanted = coded(runs, ("elapsed", "grade"), places, many)
    assert columns["longitude"].tolist() == [places[0, pixel % 256] for _, pixel, *_ in wanted]
    assert columns["latitude"].tolist() == [places[1, pixel // 256] for _, pixel, *_ in wanted]
    facts = [3600.0 * number if number < 5 else np.nan for number, *_ in wanted]
    assert np.array_equal(columns["local_start"], facts, equal_nan=True)


class Plain(dict):
    """Columns whose formulas are called with arrays."""

    def __missing__(self, name):
        self[name] = np.asarray(FORMULAS[name](self), float)
        return self[name]


FORMULAS = {name: metric.formula for name, metric in METRICS.items() if metric.formula is not None}


@given(
    name=st.sampled_from(sorted(FORMULAS)),
    values=st.lists(
        st.floats(-1e4, 1e4) | st.just(np.nan) | st.sampled_from([0.0, 3.0, 150.0]), min_size=8, max_size=8
    ),
    many=st.sampled_from([1, 700]),
)
def test_programs_do_what_the_formulas_do_with_arrays(name, values, many):
    reads = sorted(leaves(name))
    known = Plain({column: np.roll(values, k) for k, column in enumerate(reads)})
    known |= {column: np.ones(8) for column in reads if column in SPORTS_OF}
    with np.errstate(all="ignore"):
        known[name]
    found = Columns({column: np.tile(known[column], many) for column in reads}, 8 * many)[name]
    expected, period = np.tile(known[name], many), METRICS[name].period
    if period:  # numpy makes of what is just below 0 a whole turn
        found, expected = (np.where(abs(some - period) < 1e-7, 0, some) for some in (found, expected))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-7)


@given(RUNS, st.sampled_from([1, 300]), st.sampled_from(["pace", "flat_pace", "hour", "bearing", "share", "own"]))
def test_what_is_added_while_it_is_decoded_is_what_is_found(runs, many, name):
    def own(columns):  # cannot be recorded
        return np.sort(columns["pace"])

    what = {"share": parse_condition("pace > 1 or grade > 2"), "own": own}.get(name, name)
    columns, wanted = coded(runs, ("pace", "grade_100") if name == "flat_pace" else ("bearing", "elapsed"), many=many)
    cells = np.array([pixel for _, pixel, *_ in wanted], np.int64)
    for planes, settings in (
        (("totals", "across"), {"period": 24.0}), (("totals",), {}), (("totals", "squares"), {"factor": 100.0}),
        (("extremes",), {"greatest": True}),
    ):  # fmt: skip
        found = []
        for add in (columns.add, super(CodedColumns, columns).add):
            begun = {plane: np.full(65536, np.nan if plane == "extremes" else 0.0) for plane in planes}
            adding = Adding(2.0**16, np.zeros(65536), **{"totals": UNUSED, **begun, **settings})
            add(what, cells, adding)
            found.append(adding)
        for one, other in zip(*found, strict=True):
            assert np.array_equal(one, other, equal_nan=True)


def test_what_cannot_be_recorded_is_called_with_arrays():
    formulas = {"half": lambda columns: columns["pace"] / 2}
    assert record(lambda columns: columns["half"] + columns["half"], formulas).reads == ("pace",)
    for function in (
        lambda columns: np.sort(columns["pace"]),
        lambda columns: columns["pace"].clip(0, 1),
        lambda columns: columns["pace"][0],
        lambda columns: columns["pace"] or 0.0,
        lambda columns: np.add.reduce(columns["pace"]),
        lambda columns: np.add(columns["pace"], 1, where=False),
        lambda columns: columns["pace"] + np.ones(3),
        lambda columns: float(columns["pace"]),
        lambda columns: np.asarray(columns["pace"]),
        lambda columns: np.tan(columns["pace"]),
        lambda columns: "pace",
    ):
        with pytest.raises(Opaque):
            record(function, formulas)


def test_equal_steps_are_done_once_and_registers_are_used_again():
    def formula(columns):
        total = columns["pace"] * 2.0
        for k in range(30):
            total = total + (columns["pace"] * 2.0) * k
        return total

    program = record(formula, {})
    assert len(program.formula.steps) == 61
    assert program.formula.registers < 40  # 30 of them are constants
    pace = np.array([0.5, np.nan, -1.0])
    np.testing.assert_array_equal(program({"pace": pace}, 3), formula({"pace": pace}))
    assert record(lambda columns: columns["pace"] * 0 + 3.0, {})({"pace": pace[:1]}, 1).tolist() == [3]
    assert record(lambda columns: 7.0, {})({}, 2).tolist() == [7, 7]


DIGITS = Context(prec=60)


def slow_exp(x):
    """e**x to 60 digits, as far as a float64 goes."""
    return Decimal(0) if x < -800 else Decimal(x).exp(DIGITS)


def powers_of_e(values):
    return record(lambda columns: np.exp(columns["pace"]), {})({"pace": np.array(values)}, len(values))


@given(st.floats(-745.2, 709.8) | st.floats(-3, 3) | st.floats(allow_nan=False, allow_infinity=False))
@example(709.782712893384)  # the last that has a power
@example(-708.4)  # a power without all of its bits
@example(-745.1332191019411)  # the last above 0
def test_powers_of_e_are_right_within_one_unit_in_the_last_place(x):
    found = powers_of_e([x] * 9 + [0.5])
    assert found[-1] == pytest.approx(math.exp(0.5), rel=1e-15)
    assert len({*found[:-1].tolist()}) == 1  # whether worked out side by side or alone
    if x > 709.7827128933841:
        assert found[0] == np.inf
    else:
        assert abs(Decimal(float(found[0])) - slow_exp(x)) <= Decimal(float(np.spacing(found[0])))


def test_powers_of_e_of_what_is_no_number():
    found = powers_of_e([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -1e308, 709.7827128933841, -745.1332191019412])
    assert np.isnan(found[0])
    assert found[1:].tolist() == [np.inf, 0, 1, 1, 1, 0, np.inf, 0]


@given(st.floats(-1e6, 1e6))
def test_sines_and_cosines_of_turns(turn):
    planes = [np.zeros(1) for _ in range(3)]
    add_values_at(np.zeros(1, np.int64), np.array([turn]), Adding(1.0, *planes[:2], across=planes[2], period=1.0))
    angle = 2 * np.pi * (turn % 1.0)
    assert planes[1][0] == pytest.approx(np.cos(angle), abs=2e-6)
    assert planes[2][0] == pytest.approx(np.sin(angle), abs=2e-6)
