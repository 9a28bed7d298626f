"""The FIT reader on files made byte by byte."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from fit_bytes import (
    ACTIVITY,
    BYTE,
    CORRELATION,
    DEVELOPER_FIELD,
    ENUM,
    EPOCH,
    FILE_ID,
    FLOAT32,
    FLOAT64,
    LAP,
    NOW,
    RECORD,
    SESSION,
    SINT8,
    SINT16,
    SINT32,
    SPORT,
    STRING,
    UINT8,
    UINT16,
    UINT32,
    WORKOUT,
    content,
    define,
    file_id,
    fit,
    message,
    record,
    semicircles,
    session,
    timer,
)
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.batch import COLUMNS, Recording
from heatlas.core.errors import Unreadable
from heatlas.kernels import fit as kernels
from heatlas.sources.formats.fit import reader
from heatlas.sources.formats.fit import sports as fit_sports
from heatlas.sources.formats.fit.reader import read_fit
from heatlas.sources.sports import SPORTS

TRACK = [record(NOW + i, 9 + i / 1000, -79.5, (3, UINT8, 100 + i)) for i in range(10)]
RUN = session(NOW, 1)


def one(*messages: bytes, **options) -> Recording:
    (recording,) = read_fit(fit(*messages, **options), "a.fit")
    return recording


def column(name: str, *messages: bytes) -> list[float | None]:
    values = one(*messages).columns.get(name)
    return [] if values is None else [None if np.isnan(v) else round(float(v), 3) for v in values]


def positions(recording: Recording) -> int:
    assert (np.isnan(recording.lon) == np.isnan(recording.lat)).all()
    return int((~np.isnan(recording.lon)).sum())


# --- what a plain file holds ---


def test_a_plain_file():
    fields = [
        (2, UINT16, (1234 + 500) * 5),
        (3, UINT8, 151),
        (4, UINT8, 88),
        (6, UINT16, 3250),
        (7, UINT16, 245),
        (13, SINT8, -7),
    ]
    totals = [(7, UINT32, 1_500_000), (8, UINT32, 1_400_500), (9, UINT32, 1_000_050), (22, UINT16, 321)]
    got = one(
        file_id(4, (1, UINT16, 1), (2, UINT16, 3992), (4, UINT32, NOW)),
        record(NOW, 47.5, 19.0, *fields),
        record(NOW + 1, 47.6, 19.25, *fields),
        session(NOW - 3, 1, 3, *totals),
        message(ACTIVITY, [(253, UINT32, NOW), (5, UINT32, NOW + 7203)]),
    )
    np.testing.assert_allclose(got.lat, [47.5, 47.6], atol=1e-7)
    np.testing.assert_allclose(got.lon, [19.0, 19.25], atol=1e-7)
    assert got.time.tolist() == [NOW + EPOCH, NOW + EPOCH + 1]
    assert list(got.columns) == list(COLUMNS)
    assert [float(got.columns[name][1]) for name in COLUMNS] == [1234, 151, 3.25, 88, 245, -7]
    assert {column.dtype for column in got.columns.values()} == {np.dtype(np.float32)}
    assert len(got.segments) == 0
    assert got.warnings == ()
    activity = got.activity
    assert (activity.source, activity.sport, activity.device) == ("a.fit", "TrailRun", "garmin 3992")
    assert (activity.start, activity.distance) == (NOW - 3 + EPOCH, 10000.5)
    assert (activity.elapsed_time, activity.moving_time) == (1500, 1400.5)
    assert activity.extra == {"ascent": 321}
    assert activity.utc_offset == 7200


def test_columns_without_a_value_are_left_out():
    got = one(record(NOW, 1, 2, (3, UINT8, 255), (7, UINT16, 0xFFFF)), record(NOW, 1, 2, (4, UINT8, 60)))
    assert list(got.columns) == ["cadence"]
    assert np.isnan(got.columns["cadence"]).tolist() == [True, False]


@pytest.mark.parametrize("wanted", [(), ("heart_rate",), ("cadence", "power"), COLUMNS])
@pytest.mark.parametrize("end", [[RUN], [session(NOW, 1, 0, (9, UINT32, 50_000))], []])
def test_only_columns_that_are_wanted_are_read(wanted, end):
    def fields(i):
        return [
            (3, UINT8, 100 + i),
            (4, UINT8, 60),
            (53, UINT8, 64),
            (5, UINT32, 300 * i),
            (7, UINT16, 200),
            (2, UINT16, 9),
        ]

    data = fit(*(record(NOW + i, 9 + i / 1000, -79.5, *fields(i)) for i in range(9)), *end)
    (whole,) = read_fit(data, "a.fit")
    (got,) = read_fit(data, "a.fit", wanted)
    assert got.activity == whole.activity
    assert got.activity.distance in {24.0, 500.0}
    for name in ("lon", "lat", "time"):
        assert np.array_equal(getattr(got, name), getattr(whole, name))
    assert list(got.columns) == [name for name in whole.columns if name in wanted]
    for name, values in got.columns.items():
        assert np.array_equal(values, whole.columns[name])


@pytest.mark.parametrize("header", [12, 14, 16, 40])
def test_headers_of_any_size(header):
    assert positions(one(*TRACK, header=header)) == 10


@pytest.mark.parametrize("big", [False, True])
def test_both_byte_orders(big):
    got = one(
        *TRACK[:1],
        record(NOW + 5, -33.5, 151.25, (2, UINT16, 3000), (13, SINT8, -3), (77, FLOAT32, 1.5), big=big, local=5),
    )
    assert got.time[1] == NOW + 5 + EPOCH
    assert (round(got.lat[1], 6), round(got.lon[1], 6)) == (-33.5, 151.25)
    assert (got.columns["elevation"][1], got.columns["temperature"][1]) == (100, -3)


def test_without_a_session_the_records_and_other_messages_speak():
    sport = message(SPORT, [(0, ENUM, 2), (1, ENUM, 46), (3, STRING, "Schotter")])
    got = one(file_id(4, (4, UINT32, NOW)), sport, *TRACK, record(NOW + 20, 9, 9, (5, UINT32, 12345))).activity
    assert (got.sport, got.name, got.start) == ("GravelRide", "Schotter", NOW + EPOCH)
    assert (got.elapsed_time, got.distance, got.moving_time) == (20, 123.45, None)
    assert one(message(LAP, [(25, ENUM, 11)]), *TRACK).activity.sport == "Walk"
    assert one(message(WORKOUT, [(4, ENUM, 5)]), *TRACK).activity.sport == "Swim"
    assert one(*TRACK).activity.sport == "Unknown"


def test_names_and_devices():
    profile = session(NOW, 1, 0, (110, STRING, "Berglauf"))
    workout = message(WORKOUT, [(8, STRING, "6 x 800 m\x1b[31m")])
    assert one(*TRACK, profile).activity.name == "Berglauf"
    assert one(*TRACK, profile, workout).activity.name == "6 x 800 m[31m"
    assert one(file_id(4, (1, UINT16, 23), (8, STRING, "Suunto 9")), *TRACK).activity.device == "Suunto 9"
    assert one(file_id(4, (1, UINT16, 32), (8, STRING, "ROAM")), *TRACK).activity.device == "wahoo ROAM"
    assert one(file_id(4, (1, UINT16, 9999), (2, UINT16, 7)), *TRACK).activity.device == "maker 9999 7"
    assert one(*TRACK).activity.device == ""


def test_a_session_without_records_keeps_what_it_says():
    got = one(file_id(), session(NOW, 5, 17, (9, UINT32, 100000)))
    assert (len(got.time), got.activity.sport, got.activity.distance) == (0, "Swim", 1000)
    assert got.columns == {}


# --- fields ---


@pytest.mark.parametrize("reverse", [False, True])
def test_enhanced_fields_override_the_base_fields_in_any_order(reverse):
    fields = [(6, UINT16, 1000), (73, UINT32, 2000), (2, UINT16, 2500), (78, UINT32, 3000)]
    both = record(NOW, 1, 2, *(fields[::-1] if reverse else fields))
    none = [(6, UINT16, 1000), (73, UINT32, 0xFFFFFFFF), (2, UINT16, 2500), (78, UINT32, 0xFFFFFFFF)]
    base = record(NOW, 1, 2, *(none[::-1] if reverse else none))
    assert column("speed", both, base) == [2, 1]
    assert column("elevation", both, base) == [100, 0]


def test_packed_speed_and_distance():
    def packed(speed: float, distance: float) -> bytes:
        value = round(speed * 100) | round(distance * 16) % 4096 << 12
        return record(NOW, 1, 2, (8, BYTE, value.to_bytes(3, "little")))

    messages = [
        packed(3.21, 100),
        packed(40.95 - 0.01, 255),
        packed(0, 300),
        record(NOW, 1, 2, (8, BYTE, b"\xff" * 3)),
    ]
    assert column("speed", *messages) == [3.21, 40.94, 0, None]
    assert one(*messages).activity.distance == 300
    assert column("speed", record(NOW, 1, 2, (6, UINT16, 5000), (8, BYTE, b"\1\1\1"))) == [5]


def test_fractional_cadence():
    fields = [(4, UINT8, 80), (53, UINT8, 64)], [(53, UINT8, 64)], [(4, UINT8, 81), (53, UINT8, 255)]
    assert column("cadence", *(record(NOW, 1, 2, *f) for f in fields)) == [80.5, None, 81]


def test_positions_need_both_halves():
    invalid = 0x7FFFFFFF
    halves = [
        record(NOW, 1, 2),
        record(NOW, 1),
        record(NOW, None, 2),
        message(RECORD, [(0, SINT32, invalid), (1, SINT32, 5)]),
        message(RECORD, [(0, SINT32, 5), (1, SINT32, invalid)]),
        message(RECORD, [(0, SINT32, invalid), (1, SINT32, invalid)]),
        message(RECORD, [(0, UINT32, 5), (1, UINT32, 5)]),
        message(RECORD, [(0, SINT32, 0), (1, SINT32, 0)]),
    ]
    got = one(*halves)
    assert np.flatnonzero(~np.isnan(got.lat)).tolist() == [0, 7]
    assert np.isnan(got.lat).tolist() == np.isnan(got.lon).tolist()
    assert positions(one(message(RECORD, [(0, SINT32, 5), (3, UINT8, 5)]))) == 0


def test_the_number_type_of_the_definition_counts():
    kinds = [
        (3, UINT16, 150),
        (3, FLOAT32, 150.5),
        (3, FLOAT64, 149.5),
        (3, SINT16, -1),
        (3, FLOAT32, float("nan")),
    ]
    kinds += [
        (3, FLOAT64, 1e300),
        (3, FLOAT32, float("inf")),
        (3, 0x8F, b"12345678"),
        (3, 0x55, b"7"),
        (3, UINT32, b"77"),
    ]
    got = column("heart_rate", *(record(NOW, 1, 2, kind) for kind in kinds))
    assert got == [150, 150.5, 149.5, -1, *[None] * 6]


def test_arrays_give_their_first_value():
    assert column("heart_rate", record(NOW, 1, 2, (3, UINT8, [99, 101, 103]))) == [99]
    assert column("power", record(NOW, 1, 2, (7, UINT16, [200, 300]), big=True)) == [200]


def test_a_field_named_twice():
    assert column("heart_rate", record(NOW, 1, 2, (3, UINT8, 99), (3, UINT8, 101))) == [101]
    assert column("heart_rate", record(NOW, 1, 2, (3, UINT8, 99), (3, UINT8, 255))) == [99]


def test_types_may_be_redefined():
    first = [(253, UINT32, NOW), (3, UINT8, 70)]
    other = [(3, UINT8, 71), (7, UINT16, 200), (253, UINT32, NOW + 1)]
    got = one(define(RECORD, first), content(first), content(first), define(RECORD, other), content(other))
    assert got.columns["heart_rate"].tolist() == [70, 70, 71]
    assert got.time.tolist() == [NOW + EPOCH, NOW + EPOCH, NOW + EPOCH + 1]
    many = one(*(record(NOW + i, 1, 2, (200, BYTE, bytes(1 + i % 250)), (3, UINT8, i % 200)) for i in range(3000)))
    assert many.columns["heart_rate"].tolist() == [i % 200 for i in range(3000)]


# --- time ---


def test_compressed_times_roll_over():
    full = NOW // 32 * 32 + 30
    fields = [(3, UINT8, 70)]
    seconds = [full + 1, full + 1, full + 3, full + 33, full + 64]
    messages = [content(fields, local=2, since=s) for s in seconds]
    got = one(define(RECORD, fields, local=2), content(fields, local=2), record(full, 1, 2), *messages)
    assert np.isnan(got.time[0])
    assert got.time[1:].tolist() == [s + EPOCH for s in (full, *seconds)]


def test_any_message_sets_the_time_that_compressed_ones_go_on_from():
    fields = [(3, UINT8, 70)]
    unread = message(147, [(253, UINT32, NOW + 100)], local=1)
    got = one(record(NOW, 1, 2), unread, define(RECORD, fields), content(fields, since=NOW + 101))
    assert got.time.tolist() == [NOW + EPOCH, NOW + 101 + EPOCH]


def test_records_without_a_time_have_none():
    got = one(record(NOW, 1, 2), record(None, 1, 2), record(0xFFFFFFFF, 1, 2), record(NOW + 2, 1, 2))
    assert np.isnan(got.time).tolist() == [False, True, True, False]


def test_times_since_power_up():
    relative = [record(50 + i, 1, 2) for i in range(3)]
    note = message(CORRELATION, [(253, UINT32, NOW), (1, UINT32, 40)])
    got = one(file_id(), note, *relative, record(NOW + 20, 1, 2))
    assert got.time.tolist() == [NOW + EPOCH + s for s in (10, 11, 12, 20)]
    assert got.warnings == ()
    got = one(file_id(4, (4, UINT32, NOW)), *relative, session(50, 1))
    assert got.time.tolist() == [NOW + EPOCH + s for s in range(3)]
    assert got.activity.start == NOW + EPOCH
    assert "clock" in got.warnings[0]
    for got in (one(file_id(), *relative), one(file_id(4, (4, UINT32, 30)), *relative)):
        assert np.isnan(got.time).all()
        assert got.activity.start is None
        assert "clock" in got.warnings[0]
    mixed = one(file_id(4, (4, UINT32, NOW)), *relative, record(NOW, 1, 2))
    assert np.isnan(mixed.time).tolist() == [True, True, True, False]


# --- developer fields ---


def described(name: str, units: str, *more, index: int = 0, number: int = 0, base: int = UINT16) -> bytes:
    fields = [
        (0, UINT8, index),
        (1, UINT8, number),
        (2, UINT8, base),
        (3, STRING, name),
        (8, STRING, units),
        *more,
    ]
    return message(DEVELOPER_FIELD, fields, local=7)


NATIVE_POWER = ((14, UINT16, RECORD), (15, UINT8, 7))


@pytest.mark.parametrize(
    ("name", "units", "more", "expected"),
    [
        ("Stryd", "Watts", NATIVE_POWER, [250]),
        ("Stryd", "", NATIVE_POWER, [250]),
        ("Stryd", "W", ((15, UINT8, 7),), [250]),
        ("Stryd", "W", (*NATIVE_POWER, (6, UINT8, 10), (7, SINT8, 5)), [20]),
        ("Power", "W", (), [250]),
        ("power", "", (), []),
        ("Form Power", "W", (), []),
        ("Stryd", "horses", NATIVE_POWER, []),
        ("Stryd", "W", ((14, UINT16, SESSION), (15, UINT8, 7)), []),
    ],
)
def test_developer_fields_stand_for_native_ones(name, units, more, expected):
    added = [(0, 0, UINT16, 250)]
    assert column("power", described(name, units, *more), record(NOW, 1, 2, developer=added)) == expected


def test_a_developer_field_fills_only_what_the_native_one_leaves_open():
    description = described("Stryd", "W", *NATIVE_POWER)
    added = [(9, 0, UINT8, 1), (0, 0, UINT16, 250)]
    powers = [(7, UINT16, 100)], [(7, UINT16, 0xFFFF)], []
    assert column("power", description, *(record(NOW, 1, 2, *p, developer=added) for p in powers)) == [
        100,
        250,
        250,
    ]


def test_developer_fields_of_other_units_types_and_indexes():
    speed = described("v", "km/h", (15, UINT8, 73), base=FLOAT32, number=3, index=2)
    messages = [record(NOW, 1, 2, developer=[(3, 2, FLOAT32, 36.0)], big=big) for big in (False, True)]
    assert column("speed", speed, *messages, record(NOW, 1, 2, developer=[(3, 1, FLOAT32, 36.0)])) == [
        10,
        10,
        None,
    ]
    assert (
        column(
            "speed",
            described("v", "km/h", (15, UINT8, 73), base=FLOAT64),
            record(developer=[(0, 0, BYTE, b"abcd")]),
        )
        == []
    )
    place = described("lat", "deg", (15, UINT8, 0), base=SINT32)
    assert positions(one(place, record(NOW, None, 2, developer=[(0, 0, SINT32, semicircles(3))]))) == 0


# --- pauses and sessions ---


def test_a_pause_begins_a_segment():
    pause = [timer(NOW + 2, 4), timer(NOW + 60, 0)]
    after = [record(NOW + 60 + i, 9, 9) for i in range(4)]
    got = one(timer(NOW, 0), *TRACK[:3], *pause, *after, timer(NOW + 70, 4))
    assert got.segments.tolist() == [0, 3]
    assert got.segments.dtype == np.int64
    at_the_end = one(*TRACK[:3], *after, timer(NOW, 0), *pause, timer(NOW + 70, 4))
    assert at_the_end.segments.tolist() == [0, 3]
    no_time = one(*TRACK[:3], record(None, 1, 2), *pause, *after)
    assert no_time.segments.tolist() == [0, 4]


def test_what_is_no_pause():
    other = message(21, [(253, UINT32, NOW + 2), (0, ENUM, 9), (1, ENUM, 4)])
    start, stop = timer(NOW + 3, 0), timer(NOW + 3, 4)
    for events in ([start], [stop, start], [other, start], [stop]):
        assert one(*TRACK[:3], *events, *TRACK[3:]).segments.tolist() == []
    assert one(stop, timer(NOW + 30, 0), record(NOW + 30, 1, 2)).segments.tolist() == []


def test_multisport_gives_one_recording_a_session():
    swim, change, ride = session(NOW, 5, 18), session(NOW + 3, 3), session(NOW + 5, 2, 0, (9, UINT32, 500))
    pause = [timer(NOW + 6, 1), timer(NOW + 8, 0)]
    got = read_fit(fit(file_id(), *TRACK, *pause, swim, change, ride), "a.fit")
    assert [r.activity.sport for r in got] == ["Swim", "Transition", "Ride"]
    assert [r.columns["heart_rate"].tolist() for r in got] == [
        [100, 101, 102],
        [103, 104],
        [105, 106, 107, 108, 109],
    ]
    assert [r.activity.start for r in got] == [NOW + s + EPOCH for s in (0, 3, 5)]
    assert [r.activity.distance for r in got] == [None, None, 5]
    assert [r.segments.tolist() for r in got] == [[], [], [0, 3]]


def test_sessions_that_stay_together():
    totals = [(7, UINT32, 5000), (8, UINT32, 4000), (9, UINT32, 500)]
    got = one(*TRACK, session(NOW, 1, 0, *totals), session(NOW + 5, 1, 0, *totals))
    assert (got.activity.elapsed_time, got.activity.moving_time, got.activity.distance) == (10, 8, 10)
    assert got.activity.start == NOW + EPOCH
    assert len(one(*TRACK, session(NOW, 1), session(NOW, 2)).time) == 10
    assert len(one(*TRACK, session(NOW, 1), message(SESSION, [(5, ENUM, 2)])).time) == 10


# --- whole, chained, cut, damaged ---


@pytest.mark.parametrize(
    ("options", "warnings"),
    [
        ({"size": 0}, ("unfinished",)),
        ({"checksum": 0x1234}, ()),
        ({"size": 100_000}, ("cut off in the middle",)),
        ({"size": 0xFFFFFFFF}, ("cut off in the middle",)),
    ],
)
def test_wrong_sizes_and_checksums(options, warnings):
    got = one(file_id(), *TRACK, RUN, **options)
    assert positions(got) == 10
    assert got.activity.sport == "Run"
    assert got.warnings == warnings


def test_a_cut_file_keeps_what_is_before_the_cut():
    whole = fit(file_id(), *TRACK, RUN)
    before = 0
    for end in range(len(whole)):
        try:
            (got,) = read_fit(whole[:end], "a.fit")
        except Unreadable:
            assert before == 0
            continue
        n = len(got.time)
        assert n >= before
        assert got.columns["heart_rate"].tolist() == list(range(100, 100 + n))
        assert bool(got.warnings) == (end < len(whole) - 2)
        before = n
    assert before == 10


def test_chained_files():
    first, second = (
        fit(file_id(), *TRACK[:4], RUN),
        fit(file_id(), *TRACK[4:], session(NOW + 4, 2), header=12),
    )
    got = read_fit(first + second, "a.fit")
    assert [(len(r.time), r.activity.sport, r.warnings) for r in got] == [(4, "Run", ()), (6, "Ride", ())]
    settings = fit(file_id(2))
    assert [len(r.time) for r in read_fit(settings + first + settings + second, "a.fit")] == [4, 6]


def test_what_follows_a_damaged_part_is_found():
    whole = fit(file_id(), *TRACK, RUN)
    undefined = fit(file_id(), *TRACK[:4], b"\x0c", bytes(40))
    got = read_fit(undefined + whole, "a.fit")
    assert [len(r.time) for r in got] == [4, 10]
    assert "damaged" in got[0].warnings[0]
    assert got[1].warnings == ()
    cut = fit(file_id(), *TRACK[:4], size=0)[:-20]
    assert [len(r.time) for r in read_fit(cut + whole, "a.fit")] == [3, 10]
    cut = fit(file_id(), *TRACK)[:-20]
    got = read_fit(cut + whole, "a.fit")
    assert [(len(r.time), r.warnings) for r in got] == [(9, ("cut off in the middle",)), (10, ())]


def test_bytes_around_the_file():
    whole = fit(file_id(), *TRACK, RUN)
    assert one(file_id(), *TRACK).warnings == ()
    (padded,) = read_fit(whole + bytes(5000), "a.fit")
    assert (len(padded.time), padded.warnings) == (10, ())
    (garbage,) = read_fit(whole + b"\x01\x02 and more", "a.fit")
    assert (len(garbage.time), garbage.warnings) == (10, ("bytes after its end were left out",))
    (shifted,) = read_fit(b"\xef\xbb\xbf" + whole, "a.fit")
    assert (len(shifted.time), shifted.warnings) == (10, ("bytes before its start were left out",))


@pytest.mark.parametrize("size", [0, None])
@pytest.mark.parametrize("run", [40, 700, 5000])
def test_a_tail_of_zero_bytes(run, size):
    """A device that lost power leaves a file of the final length, filled up with zeros."""
    whole = fit(*TRACK, bytes(run), size=size)
    (got,) = read_fit(whole[:-2] + bytes(2), "a.fit")
    assert len(got.time) in (9, 10)
    assert got.columns["heart_rate"].tolist() == list(range(100, 100 + len(got.time)))
    assert got.warnings


def test_a_half_written_record_before_zero_bytes_is_dropped():
    fields = [(253, UINT32, NOW), (3, UINT8, 120), (0, SINT32, 5), (1, SINT32, 6)]
    half = content(fields)[:8] + bytes(600)
    got = one(define(RECORD, fields), content([*fields[:2], (0, SINT32, -5), (1, SINT32, -6)]), half)
    assert len(got.time) == 1


def test_a_message_of_zeros_is_no_tail():
    zeros = [(0, UINT32, 0), (1, UINT32, 0), (2, BYTE, bytes(200))]
    got = one(*TRACK[:5], message(500, zeros), content(zeros), record(NOW + 9, 1, 2))
    assert len(got.time) == 6
    assert got.warnings == ()


def test_a_message_that_nobody_defined():
    got = one(*TRACK[:4], b"\x0b", *TRACK[4:])
    assert len(got.time) == 4
    assert "damaged" in got.warnings[0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (bytes(86016), "nothing but zero bytes"),
        (b"<?xml version='1.0'?><gpx/>" * 9, "no FIT file"),
        (fit()[:10], "no FIT file"),
        (fit(), "no records in it: unfinished"),
        (fit(file_id()), "no records in it"),
        (fit(file_id(), *TRACK)[:30], "no records in it: cut off in the middle"),
        (fit(file_id(6)), "a FIT course, not a recording"),
        (fit(file_id(5)), "a FIT workout, not a recording"),
        (fit(file_id(2)), "a FIT settings file, not a recording"),
        (fit(file_id(32)), "a FIT monitoring file, not a recording"),
        (fit(file_id(20), RUN), "a FIT activity summary, not a recording"),
    ],
)
def test_what_cannot_be_read_says_why(data, reason):
    with pytest.raises(Unreadable) as caught:
        read_fit(data, "a.fit")
    assert str(caught.value) == reason


def test_a_wrong_kind_of_file_with_a_session_and_records_is_a_recording():
    assert len(one(file_id(2), *TRACK, RUN).time) == 10


# --- sports ---


@pytest.mark.parametrize(
    ("sport", "sub_sport", "word"),
    [
(1, 0, "Run"), (1, 1, "VirtualRun"), (1, 3, "TrailRun"), (1, 4, "Run"), (1, 58, "VirtualRun"),
        (2, None, "Ride"), (2, 6, "VirtualRide"), (2, 5, "VirtualRide"), (2, 8, "MountainBikeRide"),
        (2, 46, "GravelRide"), (2, 28, "EBikeRide"), (2, 58, "VirtualRide"), (2, 12, "Handcycle"),
        (21, 0, "EBikeRide"), (5, 17, "Swim"), (5, 18, "Swim"), (13, 37, "BackcountrySki"),
        (12, 42, "NordicSki"), (64, 85, "Padel"), (64, 84, "Pickleball"), (64, 94, "Squash"),
        (10, 43, "Yoga"), (10, 20, "WeightTraining"), (4, 15, "Elliptical"), (17, 3, "Hike"),
        (0, 0, "Unknown"), (None, None, "Unknown"), (250, 250, "Unknown"), (31, 69, "RockClimbing"),
    ],
)  # fmt: skip
def test_sports(sport, sub_sport, word):
    assert fit_sports.sport_word(sport, sub_sport) == word


def test_every_sport_is_a_word_of_the_vocabulary():
    words = {fit_sports.sport_word(a, b) for a in (None, *range(256)) for b in (None, *range(256))}
    assert words <= SPORTS
    assert len(words) > 40


# --- hostile input ---


@pytest.fixture(scope="module")
def checked():
    """Kernels that check every index, in place of the fast ones."""
    patch = pytest.MonkeyPatch()
    compiled = numba.njit(boundscheck=True)
    patch.setattr(kernels, "_nul_run", compiled(kernels._nul_run.py_func))
    patch.setattr(reader, "walk", compiled(kernels.walk.py_func))
    patch.setattr(reader, "decode", compiled(kernels.decode.py_func))
    yield
    patch.undo()


def assert_sound(data: bytes) -> int:
    """Read hostile bytes; whatever comes out must keep the promises of a recording."""
    try:
        recordings = read_fit(data, "a.fit")
    except Unreadable:
        return 0
    for recording in recordings:
        n = len(recording.time)
        positions(recording)
        assert len(recording.lon) == len(recording.lat) == n
        assert all(len(c) == n and not np.isinf(c).any() for c in recording.columns.values())
        segments = recording.segments
        assert len(segments) == 0 or (segments[0] == 0 and (np.diff(segments) > 0).all() and segments[-1] < n)
    return sum(len(recording.time) for recording in recordings)


def samples() -> list[bytes]:
    """Small files that between them use all that the reader knows."""
    fields = [
        (253, UINT32, NOW),
        (3, UINT8, 70),
        (8, BYTE, b"\1\2\3"),
        (53, UINT8, 3),
        (4, UINT8, 80),
        (78, FLOAT64, 2.0),
    ]
    added = [(0, 0, UINT16, 250), (1, 0, FLOAT32, 36.0)]
    rich = [
        file_id(4, (1, UINT16, 23), (8, STRING, "Suunto 9"), (4, UINT32, NOW)),
        described("Power", "W"),
        described("v", "km/h", (15, UINT8, 73), base=FLOAT32, number=1),
        timer(NOW, 0),
        *(record(NOW + i, 1 + i, 2, (7, UINT16, 300), big=bool(i % 2), developer=added) for i in range(4)),
        timer(NOW + 4, 4),
        timer(NOW + 40, 0),
        define(RECORD, fields, local=1),
        *(content(fields, local=1, since=NOW + 40 + i) for i in range(8)),
        session(NOW, 1),
        session(NOW + 41, 2, 8, (110, STRING, "Berg")),
        message(ACTIVITY, [(253, UINT32, NOW), (5, UINT32, NOW + 7203)]),
        message(CORRELATION, [(253, UINT32, NOW), (1, UINT32, 40)]),
    ]
    plain = fit(file_id(), *TRACK, RUN)
    return [fit(*rich), plain, fit(*rich) + plain, fit(*rich, size=0), fit(*TRACK, bytes(100))]


def damage(data: bytes, random: np.random.Generator) -> bytes:
    """Cut, overwrite, insert, repeat: whatever may happen to a file, and what never does by accident."""
    out = bytearray(data)
    for _ in range(random.integers(1, 6)):
        at = int(random.integers(0, len(out) + 1))
        kind = random.integers(0, 6)
        if kind == 0:
            del out[at:]
        elif kind <= 2:
            out[at : at + 1] = bytes([random.choice([0, 1, 2, 20, 0x40, 0x60, 0x80, 253, 255, random.integers(256)])])
        elif kind == 3:
            out[at:at] = random.bytes(int(random.integers(1, 9)))
        elif kind == 4:
            out[at : at + int(random.integers(1, 60))] = bytes(int(random.integers(1, 60)))
        else:
            out += out[at : at + 60]
    return bytes(out)


def test_no_damage_makes_the_reader_fail_or_leave_the_file(checked):
    random = np.random.default_rng(20211)
    files = samples()
    read = sum(assert_sound(damage(files[i % len(files)], random)) > 0 for i in range(6000))
    assert read > 2000  # most of them still give records: the damage gets past the header


@given(st.binary(max_size=400))
def test_any_bytes_after_a_header(checked, body):
    assert_sound(fit(body))
    assert_sound(fit(*samples()[:0], file_id(), body, size=0))


def test_every_cut_of_every_sample(checked):
    for data in samples():
        for end in range(len(data)):
            assert_sound(data[:end])


def test_more_messages_than_expected():
    """Room is made as it is needed: many tiny records, definitions and events."""
    tiny = define(RECORD, [(3, UINT8, 1)]) + content([(3, UINT8, 60)]) * 50_000
    assert len(one(tiny).time) == 50_000
    assert len(one(define(FILE_ID, [(0, ENUM, 4)]) * 5000, *TRACK).time) == 10
    events = b"".join(timer(NOW + 20 * i, 4 * (i % 2)) for i in range(4000))
    assert len(one(*TRACK, events).time) == 10
    assert len(read_fit(fit(*TRACK) * 1100, "a.fit")) == 1000


def test_headers_within_files_cannot_make_it_read_for_ever(monkeypatch):
    """Each file takes the headers after it for messages of its own: the work must not grow as the square."""
    walked = []
    walk = reader._walk

    def counted(buffer, first, stop):
        result = walk(buffer, first, stop)
        walked.append(result[3] - first)
        return result

    monkeypatch.setattr(reader, "_walk", counted)
    tiny = define(RECORD, [(3, UINT8, 1)]) + content([(3, UINT8, 60)]) * 20
    header_as_message = define(999, [(0, BYTE, bytes(13))], local=14)
    nested = b"".join(fit(header_as_message, tiny, size=0)[:-2] for _ in range(900))
    assert len(read_fit(nested, "a.fit")) >= 20
    assert 10 * len(nested) < sum(walked) < 50 * len(nested)
