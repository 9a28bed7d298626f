"""One small recording in every format: the same way, so that all of them must be read alike.

A format of `heatlas.sources.formats.known` has at least one entry in `SAMPLES`; the common tests of `test_formats.py`
run over all.
"""

from __future__ import annotations

import json
import os
from typing import NamedTuple

import fit_bytes
import made
import numpy as np

COUNT = int(os.environ.get("HEATLAS_SAMPLE_FIXES", "60"))
START = 1_714_809_600.0
"""2024-05-04T08:00:00Z."""
TIME = START + 5.0 * np.arange(COUNT)
LAT = np.round(47.5 + 1e-4 * np.arange(COUNT) + 2e-5 * np.sin(np.arange(COUNT)), 6)
LON = np.round(11.0 + 1e-4 * np.arange(COUNT), 6)
"""A walk of some 800 m, with a fix every 5 s."""


class Sample(NamedTuple):
    """The way in one format."""

    kind: str
    """As in `FORMATS`."""
    data: bytes
    name: str
    """Name that such files have."""
    timed: bool = True
    """Whether the format has a time for each fix."""
    columns: tuple[str, str] = ("lat", "lon")
    """Names of latitude and longitude, where the same file can be read as a table."""
    exact: float = 1e-6
    """Degrees by which positions may be rounded."""


def _fit() -> bytes:
    shift = int(START) - fit_bytes.EPOCH
    records = [fit_bytes.record(shift + 5 * k, lat, lon) for k, (lat, lon) in enumerate(zip(LAT, LON, strict=True))]
    return fit_bytes.fit(fit_bytes.file_id(), *records, fit_bytes.session(shift, 11))


def _tcx() -> bytes:
    points = "".join(
        f"<Trackpoint><Time>{moment(t)}</Time><Position><LatitudeDegrees>{lat}</LatitudeDegrees>"
        f"<LongitudeDegrees>{lon}</LongitudeDegrees></Position></Trackpoint>"
        for t, lat, lon in zip(TIME, LAT, LON, strict=True)
    )
    return (
        f'<TrainingCenterDatabase><Activities><Activity Sport="Other"><Id>{moment(START)}</Id><Lap><Track>{points}'
        "</Track></Lap></Activity></Activities></TrainingCenterDatabase>"
    ).encode()


def _timeline() -> bytes:
    """Android's object: raw positions of the first half, a path in two windows, an activity and a visit."""
    half = COUNT // 2
    path = [
        {"point": f"{lat:.6f}°, {lon:.6f}°", "time": moment(t, "+00:00")}
        for t, lat, lon in zip(TIME, LAT, LON, strict=True)
    ]
    raw = [
        {
            "position": {
                "LatLng": f"{lat:.6f}°, {lon:.6f}°",
                "accuracyMeters": 12,
                "timestamp": moment(t),
                "source": "GPS",
            }
        }
        for t, lat, lon in zip(TIME[:half], LAT, LON, strict=False)
    ]
    at = [{"latLng": f"{LAT[k]:.6f}°, {LON[k]:.6f}°"} for k in (0, -1)]
    segments = [
        {"startTime": moment(START), "endTime": moment(TIME[half]), "timelinePath": path[:half]},
        {"startTime": moment(TIME[half]), "endTime": moment(START + 7200), "timelinePath": path[half:]},
        {
            "startTime": moment(START),
            "endTime": moment(TIME[-1]),
            "activity": {"start": at[0], "end": at[1], "topCandidate": {"type": "WALKING", "probability": 0.9}},
        },
        {"startTime": moment(TIME[-1]), "endTime": moment(START + 9000), "visit": {"topCandidate": {}}},
    ]
    return json.dumps({"semanticSegments": segments, "rawSignals": raw}, indent=1, ensure_ascii=False).encode()


def _records() -> bytes:
    """The newest version, indented as Takeout does, with guesses of what was done."""
    locations = [
        {
            "latitudeE7": round(lat * 1e7), "longitudeE7": round(lon * 1e7), "accuracy": 12,
            "activity": [{"activity": [{"type": "WALKING", "confidence": 80}], "timestamp": moment(t)}],
            "source": "WIFI", "deviceTag": -577680260, "timestamp": moment(t),
        }
        for t, lat, lon in zip(TIME, LAT, LON, strict=True)
    ]  # fmt: skip
    return json.dumps({"locations": locations}, indent=2).encode()


def _timeline_ios() -> bytes:
    """The list of iOS: minutes are whole, so each fix has a window of its own."""
    segments = [
        {
            "startTime": moment(t),
            "endTime": moment(t + 5),
            "timelinePath": [{"point": f"geo:{lat:.6f},{lon:.6f}", "durationMinutesOffsetFromStartTime": "0"}],
        }
        for t, lat, lon in zip(TIME, LAT, LON, strict=True)
    ]
    return json.dumps(segments, indent=1).encode()


def _month() -> bytes:
    points = [
        {"latE7": round(lat * 1e7), "lngE7": round(lon * 1e7), "timestamp": moment(t), "accuracyMeters": 10}
        for t, lat, lon in zip(TIME, LAT, LON, strict=True)
    ]
    ends = [{"latitudeE7": point["latE7"], "longitudeE7": point["lngE7"]} for point in (points[0], points[-1])]
    segment = {
        "startLocation": ends[0],
        "endLocation": ends[1],
        "duration": {"startTimestamp": moment(START), "endTimestamp": moment(TIME[-1])},
        "activityType": "WALKING",
        "simplifiedRawPath": {"points": points[1:-1]},
    }
    return json.dumps({"timelineObjects": [{"activitySegment": segment}]}, indent=2).encode()


def _kml_track() -> bytes:
    # Times and positions in turn, so that what stands before a cut has both.
    fixes = "".join(
        f"<when>{moment(t)}</when><gx:coord>{lon} {lat} 0</gx:coord>"
        for t, lat, lon in zip(TIME, LAT, LON, strict=True)
    )
    return _KML % f"<Placemark><name>Walk</name><gx:Track>{fixes}</gx:Track></Placemark>".encode()


def _kml_line() -> bytes:
    places = " ".join(f"{lon},{lat},0" for lat, lon in zip(LAT, LON, strict=True))
    return _KML % f"<Placemark><LineString><coordinates>{places}</coordinates></LineString></Placemark>".encode()


_KML = (
    b'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2" '
    b'xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>%s</Document></kml>'
)


def _geojson() -> bytes:
    properties = {"name": "Walk", "coordTimes": [moment(t) for t in TIME]}
    line = {"type": "LineString", "coordinates": np.column_stack([LON, LAT]).tolist()}
    feature = {"type": "Feature", "geometry": line, "properties": properties}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def moment(seconds: float, ending: str = "Z") -> str:
    """A time as ISO 8601, UTC."""
    return f"{np.datetime64(round(seconds * 1000), 'ms')}".removesuffix(".000") + ending


SAMPLES = {
    "fit": Sample("fit", _fit(), "walk.fit"),
    "gpx": Sample("gpx", made.gpx(LON, LAT, start=START, step=5.0, kind="walking"), "walk.gpx"),
    "tcx": Sample("tcx", _tcx(), "walk.tcx"),
    "google-timeline": Sample("google-timeline", _timeline(), "Timeline.json"),
    "google-timeline-ios": Sample("google-timeline", _timeline_ios(), "location-history.json"),
    "google-records": Sample("google-records", _records(), "Records.json", columns=("latitudeE7", "longitudeE7")),
    "google-months": Sample("google-months", _month(), "2024_MAY.json"),
    "kml": Sample("kml", _kml_track(), "walk.kml"),
    "kml line": Sample("kml", _kml_line(), "line.kml", timed=False),
    "geojson": Sample("geojson", _geojson(), "walk.geojson"),
}
