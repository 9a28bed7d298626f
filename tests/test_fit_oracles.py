"""The FIT reader against two independent ones: on real recordings, and on made files of random shape.

Each difference that is not a fault of this reader is a named exception below, with its reason.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import zipfile
from functools import cache
from typing import TYPE_CHECKING

import fitdecode
import numpy as np
import pytest
from fit_bytes import (
    EPOCH,
    FLOAT32,
    NOW,
    RECORD,
    SINT8,
    SINT32,
    UINT8,
    UINT16,
    UINT32,
    content,
    define,
    file_id,
    fit,
    message,
    record,
)
from garmin_fit_sdk import Decoder, Stream
from hypothesis import example, given
from hypothesis import strategies as st
from test_fit import assert_sound, checked, damage  # noqa: F401  (a fixture)

from heatlas.core.batch import COLUMNS
from heatlas.core.errors import Unreadable
from heatlas.sources.formats.fit.reader import read_fit
from heatlas.sources.sensors import FIT_UNKNOWN

if TYPE_CHECKING:
    from pathlib import Path

SEMICIRCLE = 180 / 2**31
NAMES = {
    "elevation": ("enhanced_altitude", "altitude"),
    "speed": ("enhanced_speed", "speed"),
    "heart_rate": ("heart_rate",),
    "cadence": ("cadence",),
    "fractional_cadence": ("fractional_cadence",),
    "power": ("power",),
    "temperature": ("temperature",),
    "lat": ("position_lat",),
    "lon": ("position_long",),
    "time": ("timestamp",),
}

STRYD = {
    "runs/fit/6782987395.fit": "power comes as a developer field that declares itself as native power; "
    "the SDK lists developer fields apart",
    "runs/fit/6860622783.fit": "the same",
}
"""Files whose power only this reader has."""

SDK_REFUSES = {
    "others/empty-activities.fit": "an unfinished file (data size 0) of 2,319 records",
    "others/empty-sessions.fit": "no bytes at all",
}

EVERY_NTH = {"panama-city-fit.zip": 16, "/FIT_OUT/": 4, ".fit.gz": 6}
"""Of large families of one device, the share that the slow readers get to see."""


@cache
def real_files(folder: Path) -> dict[str, bytes]:
    """All FIT files: bare, gzipped, in archives, and in archives that carry the name of a FIT file."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not name.lower().endswith((".fit", ".fit.gz", ".zip")):
            continue
        data = path.read_bytes()
        data = gzip.decompress(data) if name.endswith(".gz") else data
        if data[:2] != b"PK":
            found[name] = data
            continue
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [m for m in archive.namelist() if m.lower().endswith(".fit")]
            found |= {f"{name}/{m}": archive.read(m) for m in members}
    return found


def sample(files: dict[str, bytes]) -> dict[str, bytes]:
    kept: dict[str, bytes] = {}
    for i, (name, data) in enumerate(files.items()):
        share = next((n for part, n in EVERY_NTH.items() if part in name and "/odd/" not in name), 1)
        if i % share == 0:
            kept[name] = data
    return kept


def number(value: object) -> float:
    first = value[0] if isinstance(value, list | tuple) and value else value
    return float(first) if isinstance(first, int | float) else np.nan


def as_columns(records: list[dict]) -> dict[str, np.ndarray]:
    """Shape what an oracle gives like a recording: positions in pairs, cadence in one."""
    out = {
        column: np.array([next((number(r[k]) for k in keys if r.get(k) is not None), np.nan) for r in records], float)
        for column, keys in NAMES.items()
    }
    out["cadence"] += np.nan_to_num(out.pop("fractional_cadence"))
    out["time"] += EPOCH
    half = np.isnan(out["lat"]) | np.isnan(out["lon"])
    for column in ("lat", "lon"):
        out[column] = np.where(half, np.nan, out[column] * SEMICIRCLE)
    return out


def by_sdk(data: bytes) -> dict[str, np.ndarray]:
    decoder = Decoder(Stream.from_byte_array(bytearray(data)))
    messages, errors = decoder.read(
        convert_datetimes_to_dates=False,
        convert_types_to_strings=False,
        merge_heart_rates=False,
        enable_crc_check=False,
        expand_components=False,  # or a base field overwrites the enhanced one beside it
    )
    assert not errors
    return as_columns(messages.get("record_mesgs", []))


def by_fitdecode(data: bytes) -> dict[str, np.ndarray]:
    processor = fitdecode.processors.DataProcessorBase()  # raw device times, enumerations as numbers
    records = []
    with (
        fitdecode.FitReader(
            io.BytesIO(data),
            processor=processor,
            check_crc=fitdecode.CrcCheck.DISABLED,
            keep_raw_chunks=False,
        ) as reader,
        contextlib.suppress(fitdecode.FitEOFError),  # an unfinished file: what came before counts
    ):
        for frame in reader:
            if isinstance(frame, fitdecode.FitDataMessage) and frame.global_mesg_num == RECORD:
                records.append({field.name: field.value for field in frame.fields if field.field_def})
                time = next((f.value for f in frame.fields if f.name == "timestamp"), None)
                records[-1]["timestamp"] = time
    return as_columns(records)


def by_heatlas(data: bytes) -> dict[str, np.ndarray]:
    recordings = read_fit(data, "a.fit")
    out = {}
    for column in ("lat", "lon", "time"):
        out[column] = np.concatenate([getattr(r, column) for r in recordings])
    for column in COLUMNS:
        parts = [r.columns.get(column, np.full(len(r.time), np.nan, np.float32)) for r in recordings]
        out[column] = np.concatenate(parts)
    return out


def assert_agree(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], apart: tuple[str, ...] = ()) -> None:
    for column, values in theirs.items():
        if column in apart:
            continue
        assert len(ours[column]) == len(values)
        if column in ("lat", "lon", "time"):
            np.testing.assert_array_equal(ours[column], values, err_msg=column)
        else:
            np.testing.assert_array_equal(ours[column], values.astype(np.float32), err_msg=column)


def test_real_recordings_agree_with_the_sdk(shared_data):
    compared = 0
    explained = set()
    for name, data in sample(real_files(shared_data)).items():
        if refused := [end for end in SDK_REFUSES if name.endswith(end)]:
            explained |= set(refused)
            continue
        apart = [end for end in STRYD if name.endswith(end)]
        explained |= set(apart)
        ours, theirs = by_heatlas(data), by_sdk(data)
        try:
            assert_agree(ours, theirs, ("power",) if apart else ())
        except AssertionError as error:
            pytest.fail(f"{name}: {error}")
        if apart:
            assert np.isnan(theirs["power"]).all()
            assert np.nanmax(ours["power"]) > 100
        compared += len(theirs["time"])
    assert compared > 200_000
    assert explained == {*STRYD, *SDK_REFUSES}


def test_what_the_sdk_refuses(shared_data):
    files = real_files(shared_data)
    (unfinished,) = (data for name, data in files.items() if name.endswith("others/empty-activities.fit"))
    assert_agree(by_heatlas(unfinished), by_unfinished_fitdecode(unfinished))
    (empty,) = (data for name, data in files.items() if name.endswith("others/empty-sessions.fit"))
    with pytest.raises(Unreadable, match="empty"):
        read_fit(empty, "a.fit")


def by_unfinished_fitdecode(data: bytes) -> dict[str, np.ndarray]:
    """Read a file without a length: give it the one it has."""
    size = (len(data) - data[0]).to_bytes(4, "little")
    return by_fitdecode(data[:4] + size + data[8:] + b"\0\0")


def test_real_recordings_agree_with_fitdecode(shared_data):
    """A few of each maker and shape: fitdecode reads some ten thousand records a second."""
    files = sample(real_files(shared_data))
    families = {}
    for name, data in files.items():
        if 1000 < len(data) < 80_000 and not any(name.endswith(end) for end in (*SDK_REFUSES, *STRYD)):
            families.setdefault("/".join(name.split("/")[:-1]), []).append((name, data))
    compared = 0
    for family in families.values():
        for name, data in family[:3]:
            try:
                assert_agree(by_heatlas(data), by_fitdecode(data))
            except AssertionError as error:
                pytest.fail(f"{name}: {error}")
            compared += 1
    assert compared > 15


def test_pauses_of_real_recordings_stand_where_time_stands_still(shared_data):
    """A segment begins at most gaps of over a minute, and hardly ever where the records went on at once."""
    long_gaps = broken = breaks = without_gap = 0
    for name, data in real_files(shared_data).items():
        if name.endswith("empty-sessions.fit"):
            continue
        for recording in read_fit(data, name):
            gap = np.diff(recording.time, prepend=np.nan)
            starts = recording.segments[1:]
            long_gaps += int((gap > 60).sum())
            broken += int((gap[starts] > 60).sum())
            breaks += len(starts)
            without_gap += int((gap[starts] <= 1).sum())
    assert breaks > 400
    assert broken > 0.8 * long_gaps
    assert without_gap < 0.1 * breaks


def test_damaged_real_recordings_never_fail(shared_data, checked):  # noqa: F811
    random = np.random.default_rng(7)
    files = [data for data in sample(real_files(shared_data)).values() if 0 < len(data) < 60_000]
    for i in range(2500):
        assert_sound(damage(files[i % len(files)][: int(random.integers(200, 20_000))], random))


def test_every_cut_near_the_end_of_real_recordings(shared_data, checked):  # noqa: F811
    files = list(sample(real_files(shared_data)).values())
    for data in files[::5]:
        for end in range(max(0, len(data) - 60), len(data)):
            assert_sound(data[:end])


# --- made files ---

FIELDS = {
    0: (SINT32, st.integers(-(2**30), 2**30)),
    1: (SINT32, st.integers(-(2**31), 2**31 - 1)),
    2: (UINT16, st.integers(0, 0xFFFF)),
    3: (UINT8, st.integers(0, 255)),
    4: (UINT8, st.integers(0, 255)),
    7: (UINT16, st.integers(0, 0xFFFF)),
    13: (SINT8, st.integers(-128, 127)),
    53: (UINT8, st.integers(0, 255)),
    73: (UINT32, st.integers(0, 2**32 - 1)),
    78: (UINT32, st.integers(0, 2**32 - 1)),
    30: (UINT8, st.integers(0, 255)),
    39: (UINT16, st.integers(0, 0xFFFF)),
}
"""Fields of a record that both readers know or both pass over, with their types and values."""


@st.composite
def bodies(draw) -> bytes:
    """Messages of random fields in random order, under definitions that come and go."""
    out = file_id()
    time = NOW
    for _ in range(draw(st.integers(1, 5))):
        numbers = draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, min_size=1))
        options = {"local": draw(st.integers(0, 15)), "big": draw(st.booleans())}
        at = draw(st.integers(0, len(numbers)))

        def fields(time: int, numbers=numbers, at=at) -> list:
            values = [(n, FIELDS[n][0], draw(FIELDS[n][1])) for n in numbers]
            return [*values[:at], (253, UINT32, time), *values[at:]]

        out += define(RECORD, fields(time), **options)
        for _ in range(draw(st.integers(0, 4))):
            time += draw(st.integers(0, 100))
            out += content(fields(time), **options)
    return out


_UNKNOWN = [(253, UINT32, NOW), (78, UINT32, 0xFFFF)]


@example(file_id() + define(RECORD, _UNKNOWN) + content(_UNKNOWN))
@given(bodies())
def test_made_files_agree_with_the_sdk(body):
    data = fit(body)
    theirs = by_sdk(data)
    # Devices copy "unknown" of 16 bits into the enhanced altitude of 32, which the SDK takes for 12,607 m.
    theirs["elevation"][np.isin(theirs["elevation"], FIT_UNKNOWN["elevation"])] = np.nan
    if len(theirs["time"]):
        assert_agree(by_heatlas(data), theirs)
    else:
        with pytest.raises(Unreadable, match="no records"):
            read_fit(data, "a.fit")


@given(st.lists(st.integers(0, 31), min_size=1, max_size=40), st.integers(0, 31))
def test_compressed_times_agree_with_fitdecode(steps, offset):
    """The SDK stops at compressed times; fitdecode does not."""
    fields = [(3, UINT8, 99)]
    time = NOW + offset
    out = record(time, 1, 2) + define(RECORD, fields, local=3)
    for step in steps:
        time += step
        out += content(fields, local=3, since=time)
    data = fit(file_id(), out)
    ours = by_heatlas(data)["time"]
    np.testing.assert_array_equal(ours, by_fitdecode(data)["time"])
    assert ours[-1] == NOW + offset + sum(steps) + EPOCH


def test_chains_and_unfinished_files_agree_with_fitdecode():
    part = fit(file_id(), *(record(NOW + i, 1, 2, (3, UINT8, 90 + i)) for i in range(5)))
    assert_agree(by_heatlas(part + part), by_fitdecode(part + part))
    old = fit(file_id(), message(RECORD, [(253, UINT32, NOW), (3, FLOAT32, 61.5)]), header=12)
    assert_agree(by_heatlas(old), by_fitdecode(old))
