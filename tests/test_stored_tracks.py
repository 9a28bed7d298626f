"""Kernels that read stored tracks equal their slow twins, and no damaged track reaches other kernels."""

import logging
import math
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
import slow
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from heatlas.core.batch import Activity, Batch, join
from heatlas.core.errors import SourceFailed
from heatlas.core.mercator import from_lonlat
from heatlas.kernels.path import TOLERANCE, progress_along
from heatlas.kernels.planes import add_up_doubles, add_up_singles, is_track
from heatlas.library.file.number_columns import Reader, single_bytes
from heatlas.library.file.packing import unpack
from heatlas.library.file.sound_rows import _SAID
from heatlas.library.rows.track_batches import read_batch
from heatlas.library.rows.tracks import ALWAYS, column_names, sound_tracks, write_track


@pytest.mark.parametrize(("kind", "add_up"), [(np.uint32, add_up_singles), (np.uint64, add_up_doubles)])
@given(data=st.data(), n=st.sampled_from([0, 1, 2, 15, 16, 17, 511, 512, 513, 1030]))
def test_words_are_those_of_the_slow_twin(kind, add_up, data, n):
    planes = data.draw(arrays.arrays(np.uint8, n * np.dtype(kind).itemsize))
    planes.setflags(write=False)
    words = np.full(n, 7, kind)
    add_up(planes, words)
    assert words.tobytes() == slow.add_up_planes(planes, kind).tobytes()


ODD = [math.nan, math.inf, -math.inf, -49.5, 50.5, math.nextafter(50.5, 0), math.nextafter(-49.5, 0), -1e-18, 0.0, 1.0]
PLACES = st.floats(0, 1) | st.sampled_from(ODD)


@given(
    st.lists(st.tuples(PLACES, st.floats(0, 1) | PLACES), max_size=5),
    st.lists(st.integers(-1, 6) | st.sampled_from([-(1 << 63), (1 << 63) - 1]), max_size=4),
    st.integers(0, 6),
)
def test_a_track_is_what_the_slow_twin_says(places, middle, last):
    u, v = np.array(places, np.float64).reshape(-1, 2).T.copy()
    for segments in ([], [0], [0, len(u)], [0, *sorted(middle), len(u)], [0, *middle, last], middle):
        offsets = np.array(segments, np.int64)
        assert is_track(u, v, offsets) == slow.is_track(u, v, offsets)


def test_a_column_that_is_too_short_is_none():
    assert not is_track(np.full(3, 0.5), np.full(2, 0.5), np.array([0, 3]))


@given(
    st.lists(
        st.tuples(st.integers(-(1 << 31) - 2, 1 << 31) | st.integers(-9, 9), st.integers(0, 6)).map(
            lambda pair: pair[0] / 10 ** pair[1]
        )
        | st.sampled_from([math.nan, math.inf, -0.0]),
        max_size=20,
    ),
    st.booleans(),
)
def test_decimals_are_exact_or_left_alone(numbers, rounded):
    values = np.array([round(number, 1) if rounded and math.isfinite(number) else number for number in numbers], "f4")
    data = single_bytes(values)
    if data is not None:
        assert Reader(np.frombuffer(data, np.uint8)).singles(len(values)).tobytes() == values.tobytes()


def test_what_is_recorded_with_few_decimals_is_stored_as_whole_numbers():
    values = np.array([181.2, 181.4, math.nan, 181.6], np.float32)
    assert single_bytes(values)[0] == 1
    assert single_bytes(np.array([math.pi], np.float32)) is None


@pytest.mark.parametrize("data", [b"", b"\1", b"\1\1", b"\x09\1\0", b"\1\x09\0"])
def test_damaged_decimals_are_refused(data):
    with pytest.raises(SourceFailed):
        Reader(np.frombuffer(data, np.uint8)).singles(1)


MEASURED = {
    "heart_rate": lambda made, n: np.round(made.normal(150, 9, n)),
    "speed": lambda made, n: made.normal(3, 1, n),
    "temperature": lambda made, n: np.where(made.random(n) < 0.3, np.nan, np.round(made.normal(9, 4, n), 1)),
}


def some_track(k, made):
    """Track of an activity: on a grid or not, with guessed progress or another, and with some columns."""
    n, decimals = int(made.choice([1, 2, 15, 16, 17, 400, 1100])), int(made.choice([5, 7, 16]))
    lon, lat = (np.round(at + np.cumsum(made.normal(0, 1e-4, n)), decimals) for at in made.uniform(-80, 80, 2))
    u, v = from_lonlat(lon, lat)
    progress = progress_along(u, v, np.array([0, n]), TOLERANCE if made.random() < 0.8 else 3.0)
    if made.random() < 0.2:
        progress = made.random(n).astype(np.float32)
    segments = np.unique([0, *made.integers(0, n + 1, made.integers(0, 9)), n])
    columns = {name: column(made, n).astype(np.float32) for name, column in MEASURED.items() if made.random() < 0.6}
    time = np.full(n, np.nan) if made.random() < 0.2 else 1.7e9 + np.cumsum(made.integers(1, 9, n)).astype(float)
    return Batch(
        u=u, v=v, time=time, progress=progress, columns=columns, segments=segments,
        tracks=np.array([0, len(segments) - 1]), activities=(Activity(source=f"{k}.gpx"),),
    )  # fmt: skip


def stored(tracks):
    """Connection to some stored tracks, and their activities by number."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE tracks (key INTEGER PRIMARY KEY, data BLOB NOT NULL)")
    for number, track in tracks.items():
        write_track(connection, number, track)
    return connection, {number: track.activities[0] for number, track in tracks.items()}


def one_by_one(connection, activities, columns, times=True):
    """Twin of `read_batch`."""
    read = dict(sound_tracks(connection, activities, columns))
    joined = join([read[number] for number in activities if number in read]) if read else None
    return joined if times or joined is None else replace(joined, time=np.full(joined.fixes, np.nan))


def bits(batch):
    """Everything of a batch that can be compared."""
    parts = [batch.u, batch.v, batch.time, batch.progress, batch.segments, batch.tracks]
    named = [batch.columns[name] for name in sorted(batch.columns)]
    return [(part.dtype, part.tobytes()) for part in parts + named], sorted(batch.columns), batch.activities


ASKED = st.sets(st.sampled_from([*MEASURED, "power", "formula"]))


@given(st.integers(0, 1 << 32), st.integers(1, 6), ASKED, st.booleans())
def test_tracks_read_at_once_are_those_read_one_by_one(seed, count, columns, times):
    made = np.random.default_rng(seed)
    numbers = made.permutation(20)[:count].tolist()
    connection, activities = stored({number: some_track(number, made) for number in numbers})
    found = read_batch(connection, activities, columns, times)
    assert bits(found) == bits(one_by_one(connection, activities, columns, times))


@given(st.integers(0, 1 << 32), st.data())
def test_damage_is_found_and_said_as_of_a_track_by_itself(seed, data):
    made = np.random.default_rng(seed)
    connection, activities = stored({number: some_track(number, made) for number in range(3)})
    keys = [key for (key,) in connection.execute("SELECT key FROM tracks")]
    key = data.draw(st.sampled_from(keys))
    (blob,) = connection.execute("SELECT data FROM tracks WHERE key = ?", (key,)).fetchone()
    plain = bytearray(unpack(blob))
    if data.draw(st.booleans()) and plain:
        plain[data.draw(st.integers(0, len(plain) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        plain = plain[: data.draw(st.integers(0, len(plain)))]
    marked = blob[3] & 0x40
    connection.execute("UPDATE tracks SET data = ? WHERE key = ?", (bytes([0, 0, 0, marked]) + plain, key))
    _SAID.clear()
    ours = read_batch(connection, activities, MEASURED)
    said = _SAID.copy()
    _SAID.clear()
    assert bits(ours) == bits(one_by_one(connection, activities, MEASURED))
    assert said == _SAID


def test_nothing_is_left_where_all_tracks_are_lost(caplog):
    connection, activities = stored({4: some_track(4, np.random.default_rng(0))})
    connection.execute("DELETE FROM tracks")
    _SAID.clear()
    with caplog.at_level(logging.WARNING):
        assert read_batch(connection, activities) is None
    assert "the track of 4.gpx cannot be read" in caplog.text
    assert read_batch(connection, {}) is None


def test_columns_that_all_tracks_have_are_read_first():
    assert column_names(("power", "no such")) == (*ALWAYS, "power")


def test_times_that_are_not_read_may_be_damaged():
    connection, activities = stored({4: some_track(4, np.random.default_rng(0))})
    connection.execute("UPDATE tracks SET data = x'00' WHERE key = ?", (4 * 64 + list(ALWAYS).index("time"),))
    found = read_batch(connection, activities, (), times=False)
    assert np.isnan(found.time).all()
    assert found.time.shape == found.u.shape


def test_short_progress_and_segments_are_not_compressed():
    way, offsets = np.arange(400) / 1e6, np.array([0, 400])
    u, v = 0.5 + way, 0.3 + way
    progress = progress_along(u, v, offsets, TOLERANCE)
    track = replace(some_track(4, np.random.default_rng(0)), u=u, v=v, time=way, progress=progress, columns={})
    connection, _ = stored({4: replace(track, segments=offsets, tracks=np.array([0, 1]))})
    columns = {list(ALWAYS)[key % 64]: data for key, data in connection.execute("SELECT key, data FROM tracks")}
    assert len(unpack(columns["u"])) > 512 > len(unpack(columns["progress"])) > 48
    assert columns["u"][:2] != b"\0\0"
    assert columns["progress"][:4] == b"\0\0\0\x40"
    assert columns["segments"][:4] == b"\0\0\0\0"
