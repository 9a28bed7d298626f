"""The GPX and TCX readers against gpxpy and a plain loop over lxml, on real recordings.

Each difference that is not a fault of this reader is a named exception below, with its reason.
"""

from __future__ import annotations

import gzip
import io
import math
import zipfile
from datetime import UTC
from functools import cache
from typing import TYPE_CHECKING

import gpxpy
import numpy as np
import pytest
from lxml import etree
from xml_twin import FIELDS, GPX, TCX, assert_equal_to_twin, local

from heatlas.sources.formats.gpx import read_gpx
from heatlas.sources.formats.tcx import read_tcx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMN = {
    "hr": "heart_rate", "heartrate": "heart_rate", "cad": "cadence", "atemp": "temperature", "speed": "speed"
}  # fmt: skip
NOT_FOR_GPXPY = {
    "corrupted.gpx": "cut off in the middle of its first point: gpxpy reads nothing of such a file",
    "track2.gpx": "the prefix osmand is not declared: gpxpy refuses the file",
}
CUT_OFF = "corrupted.gpx"
"""lxml recovers the beginning of a point, where this reader keeps complete points alone."""


def members(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    if data.startswith(b"\x1f\x8b"):
        yield from members(name, gzip.decompress(data))
    elif data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from members(f"{name}/{member}", archive.read(member))
    else:
        yield name, data


@cache
def documents(folder: Path, word: bytes) -> list[tuple[str, bytes]]:
    """All documents whose root element is named by a word, by what they hold, not by their name."""
    return [
        (name, data)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in (".gpx", ".tcx", ".gz", ".zip")
        for name, data in members(str(path.relative_to(folder)), path.read_bytes())
        if b"<" + word in data[:2000] and "defusedxml" not in name
    ]


def test_there_is_something_to_compare(shared_data):
    assert len(documents(shared_data, b"gpx")) >= 340
    assert len(documents(shared_data, b"TrainingCenterDatabase")) >= 85


def _recorded(data: bytes, name: str) -> list:
    """What was recorded, without planned routes."""
    return [recording for recording in read_gpx(data, name) if not recording.activity.extra.get("planned")]


def test_every_gpx_equals_a_plain_loop_over_lxml(shared_data):
    points = 0
    for name, data in _spread(documents(shared_data, b"gpx")):
        recordings = _recorded(data, name)
        points += sum(len(r.lat) for r in recordings)
        if not recordings:
            assert b"<trkpt" not in data  # planned routes alone
            continue
        if name.endswith(CUT_OFF):
            assert recordings[0].warnings == ("cut off in the middle: 0 complete points were kept",)
            continue
        assert recordings[0].warnings == () or not len(recordings[0].lat)
        _assert_equal(name, recordings, data, GPX)
    assert points > 100_000


def test_every_tcx_equals_a_plain_loop_over_lxml(shared_data):
    points = 0
    for name, data in _spread(documents(shared_data, b"TrainingCenterDatabase")):
        recordings = read_tcx(data, name)
        points += sum(len(r.lat) for r in recordings)
        _assert_equal(name, recordings, data, TCX)
        assert all(r.warnings == () for r in recordings)
    assert points > 60_000


def _spread(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Leave out three of four of what there is in plenty: files of one maker are alike."""
    many = ("nanjing-keep", "laakkti")
    return [pair for k, pair in enumerate(found) if k % 4 == 0 or not any(word in pair[0] for word in many)]


def _assert_equal(name: str, recordings, data: bytes, names) -> None:
    try:
        if any("ACTIVE LOG" in r.activity.name and len(r.segments) > 1 for r in recordings):
            # Tracks of one name that go on within minutes are one recording here; the twin has them apart.
            want = [float(e.get("lat")) for e in etree.fromstring(data).iter() if local(e) == "trkpt"]
            np.testing.assert_allclose(np.concatenate([r.lat for r in recordings]), want, rtol=5e-16)
        else:
            assert_equal_to_twin(recordings, data, names)
    except AssertionError as error:
        raise AssertionError(f"{name}: {error}") from None


def _oracle(data: bytes) -> np.ndarray:
    """Fields of all track points, as gpxpy sees them."""
    rows = []
    for track in gpxpy.parse(data.lstrip()).tracks:
        for segment in track.segments:
            for point in segment.points:
                row = dict.fromkeys(FIELDS, math.nan)
                row["lat"], row["lon"] = point.latitude, point.longitude
                if point.time:  # gpxpy leaves a time without a zone naive; here it is UTC
                    row["time"] = point.time.replace(tzinfo=point.time.tzinfo or UTC).timestamp()
                row["elevation"] = math.nan if point.elevation is None else point.elevation
                row["speed"] = math.nan if point.speed is None else point.speed
                for extension in point.extensions:
                    for element in extension.iter():
                        name = element.tag.rpartition("}")[2].rpartition(":")[2]
                        if name in COLUMN and math.isnan(row[COLUMN[name]]):
                            row[COLUMN[name]] = float(element.text)
                rows.append([row[name] for name in FIELDS])
    return np.array(rows).reshape(-1, len(FIELDS))


def _chosen(found: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Few of each folder or archive, and none that is large: gpxpy reads 20,000 points in a second."""
    chosen: dict[str, list[tuple[str, bytes]]] = {}
    for name, data in found:
        same = chosen.setdefault(name.rpartition("/")[0], [])
        if len(data) < 1_000_000 and (len(same) < 8 or "gpxpy" in name):
            same.append((name, data))
    return [pair for same in chosen.values() for pair in same]


def test_gpx_equals_gpxpy(shared_data):
    compared = 0
    skipped = set()
    for name, data in _chosen(documents(shared_data, b"gpx")):
        base = name.rpartition("/")[2]
        if base in NOT_FOR_GPXPY:
            with pytest.raises((gpxpy.gpx.GPXException, ValueError)):
                _oracle(data)
            skipped.add(base)
            continue
        want = _oracle(data)
        recordings = [r for r in _recorded(data, name) if len(r.lat)]
        assert sum(len(r.lat) for r in recordings) == len(want), name
        if not recordings:
            continue
        for k, field in enumerate(FIELDS):
            parts = []
            for r in recordings:
                known = {"lat": r.lat, "lon": r.lon, "time": r.time, **r.columns}
                parts.append(known.get(field, np.full(len(r.lat), np.nan)))
            tolerance = {"lat": 5e-16, "lon": 5e-16, "time": 0}.get(field, 1e-6)
            np.testing.assert_allclose(
                np.concatenate(parts),
                want[:, k],
                rtol=tolerance,
                atol=1e-6 if field == "time" else 0,
                err_msg=f"{name} {field}",
            )
        compared += len(want)
    assert compared > 20_000
    assert skipped == set(NOT_FOR_GPXPY)
