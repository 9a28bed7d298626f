"""One small recording in every format: the same way, so that all of them must be read alike.

A format of `heatlas.sources.formats.known` has at least one entry in `SAMPLES`; the common tests of `test_formats.py`
run over all.
"""

from __future__ import annotations

import json
import os
import struct
from typing import TYPE_CHECKING, NamedTuple

import fit_bytes
import made
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

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
    columns: tuple[str, ...] = ("lat", "lon")
    """Names of latitude and longitude, or of the geometry, where the same file can be read as a table."""
    exact: float = 1e-6
    """Degrees by which positions may be rounded."""
    quiet: bool = True
    """Whether a sound file is read without a warning."""


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


def sentence(body: str) -> str:
    """A sentence of NMEA with its checksum."""
    check = 0
    for byte in body.encode():
        check ^= byte
    return f"${body}*{check:02X}\r\n"


def angle(value: float, digits: int, sides: str) -> tuple[str, str]:
    """Degrees as NMEA writes them: DDDMM.mmmmmm, and the hemisphere."""
    whole, part = divmod(abs(value), 1)
    return f"{int(whole):0{digits}d}{60 * part:09.6f}", sides[int(value < 0)]


def _nmea() -> bytes:
    lines = []
    for t, lat, lon in zip(TIME, LAT, LON, strict=True):
        clock = moment(t)[11:19].replace(":", "")
        place = ",".join((*angle(lat, 2, "NS"), *angle(lon, 3, "EW")))
        lines.append(sentence(f"GPGGA,{clock}.00,{place},1,08,1.1,512.3,M,46.0,M,,"))
        lines.append(sentence(f"GPRMC,{clock}.00,A,{place},5.00,60.0,040524,,,A"))
    return "".join(lines).encode()


def _igc() -> bytes:
    lines = ["AXXX001", "HFDTEDATE:040524,01", "HFGTYGLIDERTYPE:ASK 21", "I033638LAD3941LOD4245GSP"]
    for t, lat, lon in zip(TIME, LAT, LON, strict=True):
        clock = moment(t)[11:19].replace(":", "")
        places = []
        for value, digits, sides in ((lat, 2, "NS"), (lon, 3, "EW")):
            micro = round((value % 1) * 60e6)  # millionths of a minute
            places.append((f"{int(value):0{digits}d}{micro // 1000:05d}{sides[0]}", f"{micro % 1000:03d}"))
        (north, more_north), (east, more_east) = places
        lines.append(f"B{clock}{north}{east}A0048000512{more_north}{more_east}0540")
    return "\r\n".join((*lines, "G0000", "")).encode()


def _plt() -> bytes:
    lines = ["OziExplorer Track Point File Version 2.1", "WGS 84", "Altitude is in Feet", "Reserved 3"]
    lines += ["0,2,255,Walk,0,0,2,8421376", "60"]
    lines += [
        f"  {lat:.6f},  {lon:.6f},{int(k == 0)}, 1640.4,{t / 86400 + 25569:.7f},04-May-24, {moment(t)[11:19]}"
        for k, (t, lat, lon) in enumerate(zip(TIME, LAT, LON, strict=True))
    ]
    return "\r\n".join((*lines, "")).encode()


def _tdrive() -> bytes:
    rows = [
        f"7,{moment(t + 8 * 3600)[:19].replace('T', ' ')},{lon:.6f},{lat:.6f}\r\n"
        for t, lat, lon in zip(TIME, LAT, LON, strict=True)
    ]
    return "".join(rows).encode()


def _cabspotting() -> bytes:
    rows = [f"{lat:.6f} {lon:.6f} 0 {int(t)}\n" for t, lat, lon in zip(TIME, LAT, LON, strict=True)]
    return "".join(reversed(rows)).encode()


def _columbus() -> bytes:
    rows = [
        f"{k:<6d},T,240504,{moment(t)[11:19].replace(':', '')},{lat:.6f}N,{lon:010.6f}E,512  ,18  ,60 ,         "
        for k, (t, lat, lon) in enumerate(zip(TIME, LAT, LON, strict=True))
    ]
    text = "\r\n".join(("INDEX,TAG,DATE,TIME,LATITUDE N/S,LONGITUDE E/W,HEIGHT,SPEED,HEADING,VOX", *rows, ""))
    return text.replace(" ", "\0").replace("LATITUDE\0", "LATITUDE ").replace("LONGITUDE\0", "LONGITUDE ").encode()


def _mtk() -> bytes:
    rows = [
        f"{k},T,2024/05/04,{moment(t)[11:19]},SPS,{lat:.6f},N,{lon:.6f},E,512.000 m,18.000 km/h,"
        for k, (t, lat, lon) in enumerate(zip(TIME, LAT, LON, strict=True))
    ]
    head = "INDEX,RCR,DATE,TIME,VALID,LATITUDE,N/S,LONGITUDE,E/W,HEIGHT,SPEED,"
    return "\r\n".join((head, *rows, "")).encode()


def sirf(content: bytes) -> bytes:
    """A message of SiRF."""
    return (
        b"\xa0\xa2" + struct.pack(">H", len(content)) + content + struct.pack(">H", sum(content) & 0x7FFF) + b"\xb0\xb3"
    )


def _sbn() -> bytes:
    messages = [sirf(b"\xfdLOGGER,83,1,V1.2)")]
    for t, lat, lon in zip(TIME, LAT, LON, strict=True):
        hour, minute, second = (int(part) for part in moment(t)[11:19].split(":"))
        messages.append(
            sirf(
                struct.pack(
                    ">BHHHIHBBBBHIiiiiBHH47x",
                    41, 0, 4, 2312, 0, 2024, 5, 4, hour, minute, 1000 * second, 0, round(lat * 1e7), round(lon * 1e7),
                    55_800, 51_200, 21, 500, 6000,
                )
            )
        )  # fmt: skip
    return b"".join(messages)


def _sbp() -> bytes:
    header = (b"\x27\x00" + sirf(b"\xfdLOGGER,83,0,V1.0)")).ljust(64, b"\xff")
    records = []
    for t, lat, lon in zip(TIME, LAT, LON, strict=True):
        hour, minute, second = (int(part) for part in moment(t)[11:19].split(":"))
        date = (24 * 12 + 5) << 22 | 4 << 17 | hour << 12 | minute << 6 | second
        place = (round(lat * 1e7), round(lon * 1e7), 51_200)
        records.append(struct.pack("<BBHIIiiiHHhBB", 5, 9, 1000 * second, date, 0, *place, 500, 6000, 0, 0, 4))
    return header + b"".join(records)


def _messages() -> list[dict[str, object]]:
    return [
        {"_type": "location", "tid": "me", "tst": int(t), "lat": lat, "lon": lon, "acc": 5, "alt": 512, "vel": 18}
        for t, lat, lon in zip(TIME.tolist(), LAT.tolist(), LON.tolist(), strict=True)
    ]


def _owntracks_rec() -> bytes:
    lines = [f"{moment(held['tst'])}\t*                 \t{json.dumps(held)}\n" for held in _messages()]
    return "".join(lines).encode()


def _features(**properties: Callable[[float], object]) -> list[dict[str, object]]:
    return [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
            "properties": {name: value(t) for name, value in properties.items()},
        }
        for t, lat, lon in zip(TIME.tolist(), LAT.tolist(), LON.tolist(), strict=True)
    ]


def _overland() -> bytes:
    held = _features(
        timestamp=moment, altitude=lambda _: 512, speed=lambda _: 5, horizontal_accuracy=lambda _: 5,
        motion=lambda _: ["walking"], device_id=lambda _: "phone",
    )  # fmt: skip
    return json.dumps({"locations": held}).encode()


def _gpslogger() -> bytes:
    rows = [f"{moment(t)},{lat},{lon},512,5,60,5" for t, lat, lon in zip(TIME, LAT, LON, strict=True)]
    return "\n".join(("time,lat,lon,elevation,accuracy,bearing,speed", *rows, "")).encode()


def _gpslogger_points() -> bytes:
    held = _features(
        time=moment, provider=lambda _: "gps", time_long=lambda t: str(round(1000 * t)), accuracy=lambda _: 5,
        altitude=lambda _: 512, bearing=lambda _: 60, speed=lambda _: 5,
    )  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": held}).encode()


def _traccar() -> bytes:
    held = [
        {
            "id": k, "deviceId": 7, "protocol": "osmand", "serverTime": moment(t, ".000+00:00"),
            "deviceTime": moment(t, ".000+00:00"), "fixTime": moment(t, ".000+00:00"), "outdated": False, "valid": True,
            "latitude": lat, "longitude": lon, "altitude": 512.0, "speed": 9.72, "course": 60.0, "address": None,
            "accuracy": 5.0, "network": None, "attributes": {"motion": True},
        }
        for k, (t, lat, lon) in enumerate(zip(TIME.tolist(), LAT.tolist(), LON.tolist(), strict=True))
    ]  # fmt: skip
    return json.dumps(held).encode()


def _traccar_table() -> bytes:
    rows = []
    for k, (t, lat, lon) in enumerate(zip(TIME, LAT, LON, strict=True)):
        clock = moment(t, "").replace("T", " ")
        rows.append(f"{k},7,osmand,{clock},{clock},{clock},true,{lat},{lon},512.0,9.72,60.0,,5.0,true")
    names = "id,deviceId,protocol,serverTime,deviceTime,fixTime,valid,latitude,longitude,altitude,speed,course,address,"
    return "\n".join((f"{names}accuracy,motion", *rows, "")).encode()


def _dawarich() -> bytes:
    held = _features(
        battery_status=lambda _: "unplugged", altitude=lambda _: 512, accuracy=lambda _: 5,
        timestamp=lambda t: int(t), tracker_id=lambda _: "me", velocity=lambda _: "5", topic=lambda _: None,
    )  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": held}).encode()


def _home_assistant() -> bytes:
    states = [
        {
            "entity_id": "device_tracker.phone",
            "state": "not_home",
            "attributes": {"source_type": "gps", "latitude": lat, "longitude": lon, "gps_accuracy": 5, "altitude": 512},
            "last_changed": moment(TIME[0], "+00:00"),
            "last_updated": moment(t, "+00:00"),
        }
        for t, lat, lon in zip(TIME.tolist(), LAT.tolist(), LON.tolist(), strict=True)
    ]
    return json.dumps([states]).encode()


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


def _polar(*, newer: bool) -> bytes:
    """A session of either version: local times with an offset, or milliseconds since the start."""
    local = [moment(t + 7200, ".000") for t in TIME]
    if newer:
        points = [
            {"longitude": lon, "latitude": lat, "altitude": 500.0, "elapsedMillis": 5000 * k}
            for k, (lat, lon) in enumerate(zip(LAT, LON, strict=True))
        ]
        exercise = {
            "identifier": {"id": "1"}, "startTime": local[0], "timezoneOffsetMinutes": 120, "sport": {"id": "3"},
            "routes": {"route": {"startTime": local[0], "wayPoints": points}},
        }  # fmt: skip
    else:
        points = [
            {"dateTime": when, "longitude": lon, "latitude": lat, "altitude": 500.0}
            for when, lat, lon in zip(local, LAT, LON, strict=True)
        ]
        exercise = {
            "startTime": local[0], "timezoneOffset": 120, "sport": "WALKING",
            "samples": {"recordedRoute": points},
        }  # fmt: skip
    return json.dumps({"exportVersion": "1.3", "name": "Walk", "exercises": [exercise]}).encode()


def _suunto() -> bytes:
    samples = [
        {"TimeISO8601": moment(t + 7200, "+02:00"), "Latitude": np.radians(lat), "Longitude": np.radians(lon)}
        for t, lat, lon in zip(TIME, LAT, LON, strict=True)
    ]
    return json.dumps({"DeviceLog": {"Header": {"Activity": "Walking"}, "Samples": samples}}, indent=1).encode()


def _sml() -> bytes:
    samples = "".join(
        f"<Sample><Latitude>{np.radians(lat)}</Latitude><Longitude>{np.radians(lon)}</Longitude>"
        f"<UTC>{moment(t)}</UTC></Sample>"
        for t, lat, lon in zip(TIME, LAT, LON, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><sml xmlns="http://www.suunto.com/schemas/sml"><DeviceLog><Header>'
        f"<Activity>Walking</Activity></Header><Samples>{samples}</Samples></DeviceLog></sml>"
    ).encode()


def _samsung() -> bytes:
    points = [
        {"start_time": int(t * 1000), "latitude": lat, "longitude": lon, "altitude": 500.0, "accuracy": 8.0}
        for t, lat, lon in zip(TIME, LAT, LON, strict=True)
    ]
    return json.dumps(points).encode()


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
    "nmea": Sample("nmea", _nmea(), "walk.nmea"),
    "nmea_utf16": Sample("nmea", _nmea().decode().encode("utf-16"), "walk.log"),
    "igc": Sample("igc", _igc(), "flight.igc"),
    "plt": Sample("plt", _plt(), "walk.plt"),
    "tdrive": Sample("tdrive", _tdrive(), "7.txt"),
    "cabspotting": Sample("cabspotting", _cabspotting(), "new_abboip.txt"),
    "columbus": Sample("columbus", _columbus(), "24050408.CSV"),
    "mtk": Sample("mtk", _mtk(), "log.csv", columns=("LATITUDE", "LONGITUDE")),
    "sbn": Sample("sbn", _sbn(), "walk.sbn"),
    "sbp": Sample("sbp", _sbp(), "walk.sbp"),
    "owntracks-rec": Sample("owntracks-rec", _owntracks_rec(), "2024-05.rec"),
    "owntracks": Sample("owntracks", json.dumps(_messages()).encode(), "locations.json"),
    "owntracks_lines": Sample("owntracks", "".join(f"{json.dumps(m)}\n" for m in _messages()).encode(), "a.ndjson"),
    "overland": Sample("overland", _overland(), "overland.json", columns=("geometry",)),
    "gpslogger": Sample("gpslogger", _gpslogger(), "20240504.csv"),
    "gpslogger-points": Sample("gpslogger-points", _gpslogger_points(), "20240504.geojson", columns=("geometry",)),
    "traccar": Sample("traccar", _traccar(), "positions.json", columns=("latitude", "longitude")),
    "traccar-table": Sample(
        "traccar-table", _traccar_table(), "positions.csv", quiet=False, columns=("latitude", "longitude")
    ),
    "dawarich": Sample("dawarich", _dawarich(), "export.json", columns=("geometry",)),
    "home-assistant": Sample("home-assistant", _home_assistant(), "history.json"),
    "kml": Sample("kml", _kml_track(), "walk.kml"),
    "kml line": Sample("kml", _kml_line(), "line.kml", timed=False),
    "polar": Sample("polar", _polar(newer=False), "training-session-2024-05-04.json"),
    "polar newer": Sample("polar", _polar(newer=True), "training-session-2024.json"),
    "suunto": Sample("suunto", _suunto(), "move.json"),
    "sml": Sample("sml", _sml(), "log.sml"),
    "samsung": Sample(
        "samsung", _samsung(), "a.com.samsung.health.exercise.location_data.json", columns=("latitude", "longitude")
    ),
    "geojson": Sample("geojson", _geojson(), "walk.geojson"),
}
