"""A slow, plain twin of the GPX and TCX readers for well-formed documents, and a source of documents."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re

import numpy as np
from hypothesis import strategies as st
from lxml import etree

FIELDS = ("lat", "lon", "time", "elevation", "heart_rate", "speed", "cadence", "power", "temperature")
GPX = {
    "point": "trkpt",
    "segment": "trkseg",
    "activity": "trk",
    "top": {"ele": "elevation", "time": "time"},
    "any": {
        **dict.fromkeys(("hr", "heartrate", "heart_rate", "heartratebpm"), "heart_rate"),
        "speed": "speed",
        **dict.fromkeys(("cad", "cadence", "runcadence"), "cadence"),
        **dict.fromkeys(("power", "powerinwatts", "watts", "pwr"), "power"),
        **dict.fromkeys(("atemp", "temp", "temperature"), "temperature"),
    },
}
TCX = {
    "point": "trackpoint",
    "segment": "track",
    "activity": "activity",
    "top": {"time": "time", "altitudemeters": "elevation"},
    "any": {
        "latitudedegrees": "lat",
        "longitudedegrees": "lon",
        "speed": "speed",
        "cadence": "cadence",
        "runcadence": "cadence",
        "watts": "power",
        "temperature": "temperature",
    },
}
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?\s*(?:[Zz]|([+-])(\d\d):?(\d\d))?")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def local(element) -> str:
    return element.tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(element.tag, str) else ""


FORMS = (
    "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%I:%M:%S %p", "%Y/%m/%d %H:%M:%S", "%a, %d %b %Y %H:%M:%S", "%d %b %Y %H:%M:%S"
)  # fmt: skip
NUMERIC = re.compile(r"(\d+)/(\d+)/(\d{4}) .*")


class Reading:
    """How one file writes numbers and times, from those of its values that are not plain."""

    def __init__(self, numbers: list[str], places: list[str], times: list[str]) -> None:
        thousands = [t for t in numbers if re.fullmatch(r"[+-]?\d{1,3},\d{3}", t, re.ASCII)]
        decimal = [t for t in numbers if re.fullmatch(r"[+-]?\d*,\d+", t, re.ASCII) and t not in thousands]
        decimal += [t for t in places if re.fullmatch(r"[+-]?\d*,\d+", t, re.ASCII)]
        self.comma_is_decimal = bool(decimal) or not thousands
        counted = [number(t) for t in times if not math.isnan(number(t))]
        self.unit = 1000.0 if max(counted, default=0) > 1e11 else 1.0
        numeric = [t for t in times if NUMERIC.fullmatch(t)]
        american = any(t.endswith("M") for t in numeric)
        orders = ["%m/%d/%Y", "%d/%m/%Y"] if american else ["%d/%m/%Y", "%m/%d/%Y"]

        def rank(order: str) -> tuple[int, float]:
            known = {stamp(t.split()[0], order) for t in numeric} - {None}
            apart = {t.split()[0] for t in numeric if stamp(t.split()[0], order) is not None}
            return -len(apart), (max(known) - min(known)) if known else 0.0

        self.order = min(orders, key=rank)

    def number(self, text: str) -> float:
        plain = number(text)
        if math.isnan(plain) and re.fullmatch(r"[+-]?\d*,\d+", text, re.ASCII):
            grouped = re.fullmatch(r"[+-]?\d{1,3},\d{3}", text, re.ASCII)
            return float(text.replace(",", "" if grouped and not self.comma_is_decimal else "."))
        return plain

    def seconds(self, text: str) -> float:
        if number(text) >= 1e8:
            return number(text) / self.unit if number(text) / self.unit >= 1e8 else math.nan
        plain = seconds(text)
        if not math.isnan(plain):
            return plain
        for form in (*FORMS, f"{self.order} %H:%M:%S", f"{self.order} %I:%M:%S %p"):
            for zone in ("", "Z", " GMT", "%z", " %z"):
                found = stamp(text, form + zone)
                if found is not None:
                    return found
        return math.nan


def stamp(text: str, form: str) -> float | None:
    try:
        moment = dt.datetime.strptime(text, form)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def seconds(text: str) -> float:
    match = TIME.fullmatch(text.strip())
    if not match:
        return math.nan
    year, month, day, hour, minute, second = (int(match[k]) for k in range(1, 7))
    time = float(calendar.timegm((year, month, day, hour, minute, second)))
    if match[7]:
        time += float("0." + match[7])
    if match[8]:
        time -= float(match[8] + "1") * (int(match[9]) * 3600 + int(match[10]) * 60)
    return time


def number(text: str) -> float:
    text = text.strip()
    return float(text) if NUMBER.fullmatch(text) else math.nan


def written(point, names):
    """Fields and texts of a point in the order in which they stand."""
    for key, value in point.attrib.items():
        if key.lower() in ("lat", "lon", "time", "ele"):
            yield {"ele": "elevation"}.get(key.lower(), key.lower()), value.strip()
    for element in point.iterdescendants():
        name = local(element)
        text = (element.text or "").strip()
        if name in names["top"] and element.getparent() is point:
            yield names["top"][name], text
        elif name in names["any"]:
            yield names["any"][name], text
        elif name == "value" and local(element.getparent()) == "heartratebpm" and names is TCX:
            yield "heart_rate", text


def plainly(field, text: str) -> float:
    return seconds(text) if field == "time" else number(text)


def reading_of(root, names) -> Reading:
    """What the odd values of a file say about it; one behind a plain value of its field has no voice."""
    odd = {"numbers": [], "places": [], "times": []}
    for point in root.iter():
        if local(point) != names["point"]:
            continue
        known = set()
        for field, text in written(point, names):
            kind = {"lat": "places", "lon": "places", "time": "times"}.get(field, "numbers")
            if field not in known and math.isnan(plainly(field, text)):
                odd[kind].append(text)
            elif field not in known:
                known.add(field)
    return Reading(**odd)


def read_point(point, names, reading) -> dict[str, float]:
    row = dict.fromkeys(FIELDS, math.nan)
    for field, text in written(point, names):
        value = reading.seconds(text) if field == "time" else reading.number(text)
        if math.isnan(row[field]) and math.isfinite(value):
            row[field] = value
    return row


def read_slowly(data: bytes, names) -> list[tuple[list[dict[str, float]], list[int]]]:
    """Points and first points of non-empty segments of each activity that has points."""
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(data.lstrip(), parser)
    reading = reading_of(root, names)
    found = []
    for activity in root.iter():
        if local(activity) != names["activity"]:
            continue
        points, segments = [], []
        for segment in activity.iter():
            if local(segment) == names["segment"]:
                rows = [read_point(point, names, reading) for point in segment if local(point) == names["point"]]
                # The first track of a lap goes on with the lap before within a minute.
                lap = segment.getparent()
                first = local(lap) == "lap" and next(e for e in lap if local(e) == "track") is segment
                step = rows[0]["time"] - points[-1]["time"] if rows and points else math.nan
                if rows and not (first and 0 <= step <= 60):
                    segments.append(len(points))
                points += rows
        if points:
            found.append((points, segments))
    return found


def odd_text(plain: str):
    """Ways to write a text that mean the same to XML."""
    half = len(plain) // 2
    return st.sampled_from(
        [
            plain,
            plain,
            plain,
            f"  {plain}\n",
            f"<![CDATA[{plain}]]>",
            f"{plain[:half]}<!-- 7 <hr>200</hr> -->{plain[half:]}",
            f"{plain[:half]}<?keep 9?>{plain[half:]}",
            "".join(f"&#{ord(c)};" for c in plain),
            "".join(f"&#x{ord(c):X};" for c in plain),
        ]
    )


numbers = st.one_of(
    st.floats(-1e6, 1e6).map(repr),
    st.decimals(-180, 180, places=7).map(str),
    st.integers(-999, 9999).map(str),
    st.integers(0, 999).map(lambda k: f"+{k}"),
    st.floats(1e-30, 1e30).map(lambda x: f"{x:.6e}"),
    st.sampled_from(["", "12,5", "--", "NaN", "INF", "1e", ".", "-", ".5", "5.", "1_0", "0x10", "1 2", "٣"]),
    st.sampled_from(["1,234", "-7,5", ",25", "47,5000135", "12,5e3x", "1,2,3"]),
)
times = st.one_of(
    st.builds(
        "{:04d}-{:02d}-{:02d}{}{:02d}:{:02d}:{:02d}{}{}".format,
        st.integers(1600, 9999),
        st.integers(1, 12),
        st.integers(1, 28),
        st.sampled_from("Tt "),
        st.integers(0, 23),
        st.integers(0, 59),
        st.integers(0, 59),
        st.sampled_from(["", ".5", ".25", ".123", ",75", ".000001", ".123456789"]),
        st.sampled_from(["Z", "z", "", "+02:00", "-05:30", "+0530"]),
    ),
    st.integers(0, 59).map("2024-05-01T12:00:{:02d}Z".format),
    st.sampled_from(["", "{{ time }}", "yesterday"]),
    st.builds(
        "{}-{}-{}T{}:{}:{}Z".format,
        st.integers(1970, 2023),
        st.integers(1, 12),
        st.integers(1, 28),
        st.integers(0, 23),
        st.integers(0, 59),
        st.integers(0, 59),
    ),
    st.builds(
        "2024-05-04T{:02d}:{:02d}:00 {}Z".format, st.integers(1, 12), st.integers(0, 59), st.sampled_from(["AM", "PM"])
    ),
    st.integers(10**8, 2 * 10**9).map(str),
    st.integers(10**12, 2 * 10**12).map(str),
    st.builds(
        "Sat, {:02d} May 2024 08:00:{:02d} {}".format,
        st.integers(1, 28),
        st.integers(0, 59),
        st.sampled_from(["GMT", "+0200", "-0730"]),
    ),
    st.builds(
        "{:02d}/{:02d}/2019 {}".format,
        st.integers(1, 31),
        st.integers(1, 31),
        st.sampled_from(["08:00:00", "11:59:59 PM", "07:30:00 +0200"]),
    ),
    st.sampled_from(["2024/5/4 08:00:00", "4 May 2024 8:00:00", "2024-05-04 08:00:00 +0200"]),
)
junk = st.sampled_from(
    [
        "",
        "\n  ",
        "<!-- <trkpt lat='1' lon='2'><ele>9</ele></trkpt><Trackpoint/> -->",
        "<![CDATA[<trkpt lat='3' lon='4'/></trkseg></Track>]]>",
        "<?pi <trkpt lat='5' lon='6'/> ?>",
        "<other><hrx>99</hrx><Value>77</Value></other>",
        "<empty/>",
        "<name note='a > b'>&lt;trkpt&gt; &amp; more</name>",
        "<link href=\"x?a='1'&amp;b=/\"/>",
    ]
)


@st.composite
def element(draw, names, texts):
    name = draw(st.sampled_from(names))
    text = draw(draw(texts.map(odd_text)))
    space = draw(st.sampled_from(["", " ", ' unit="m > s"']))
    return f"<{name}{space}>{text}</{name}>"


@st.composite
def gpx_documents(draw):
    simple = st.one_of(element(("ele", "speed", "hr"), numbers), element(("time",), times), junk)
    extra = element(
        (
            "gpxtpx:hr",
            "ns3:cad",
            "gpxdata:temp",
            "power",
            "atemp",
            "speed",
            "pwr:PowerInWatts",
            "time",
            "ele",
        ),
        numbers,
    )

    def extensions(inner):
        deep = f"<g:TrackPointExtension>{''.join(inner)}</g:TrackPointExtension>"
        return f"<extensions>{inner[0]}{deep}</extensions>"

    def point(lat, lon, quote, inner):
        start = f"<trkpt lat={quote}{lat}{quote}\n lon = {quote}{lon}{quote}"
        return f"{start}>{''.join(inner)}</trkpt>" if inner else f"{start} />"

    points = st.builds(
        point,
        numbers,
        numbers,
        st.sampled_from("\"'"),
        st.lists(st.one_of(simple, st.lists(extra, min_size=1, max_size=4).map(extensions)), max_size=5),
    )
    segments = st.lists(st.one_of(points, junk), max_size=5).map("".join)
    tracks = st.lists(segments.map(lambda s: f"<trkseg>{s}</trkseg>"), max_size=3).map("".join)
    body = draw(st.lists(tracks.map(lambda t: f"<trk>{t}</trk>"), max_size=3).map("".join))
    space = 'xmlns:g="g" xmlns:gpxtpx="t" xmlns:ns3="3" xmlns:gpxdata="d" xmlns:pwr="p"'
    return f"<?xml version='1.0'?><gpx {space}>{draw(junk)}{body}</gpx>".encode()


@st.composite
def tcx_documents(draw):
    position = st.builds(
        "<Position>{}{}</Position>".format,
        element(("LatitudeDegrees",), numbers),
        element(("LongitudeDegrees",), numbers),
    )
    rate = element(("Value",), numbers).map(lambda value: f"<HeartRateBpm>\n{value}\n</HeartRateBpm>")
    extension = element(("ns3:Speed", "ns3:Watts", "ns3:RunCadence"), numbers).map(
        lambda inner: f"<Extensions><ns3:TPX>{inner}</ns3:TPX></Extensions>"
    )
    simple = element(("AltitudeMeters", "DistanceMeters", "Cadence"), numbers)
    stray = element(("Value",), numbers).map(lambda value: f"<PowerBalance>{value}</PowerBalance>")
    child = st.one_of(position, rate, extension, simple, stray, element(("Time",), times), junk)
    points = st.lists(child, max_size=6).map(lambda c: f"<Trackpoint>{''.join(c)}</Trackpoint>")
    tracks = st.lists(st.one_of(points, junk), max_size=5).map(lambda p: f"<Track>{''.join(p)}</Track>")
    average = "<AverageHeartRateBpm><Value>9</Value></AverageHeartRateBpm>"
    laps = st.lists(tracks, max_size=3).map(lambda inner: f"<Lap>{average}{''.join(inner)}</Lap>")
    activities = st.lists(laps, max_size=3).map(lambda a: f'<Activity Sport="Biking">{"".join(a)}</Activity>')
    body = draw(st.lists(activities, max_size=3).map("".join))
    return (f"<TrainingCenterDatabase xmlns:ns3='3'><Activities>{body}</Activities></TrainingCenterDatabase>").encode()


def assert_equal_to_twin(recordings, data: bytes, names) -> None:
    """Hold what a reader found against the twin."""
    expected = read_slowly(data, names)
    recordings = [r for r in recordings if len(r.lat)]
    assert [len(r.lat) for r in recordings] == [len(points) for points, _ in expected]
    for recording, (points, segments) in zip(recordings, expected, strict=True):
        assert recording.segments.tolist() == segments
        unknown = np.full(len(points), np.nan)
        place = {"lat": recording.lat, "lon": recording.lon}
        for name in FIELDS:
            want = np.array([point[name] for point in points])
            if name in place:
                np.testing.assert_allclose(place[name], want, rtol=5e-16)
            elif name == "time":
                np.testing.assert_allclose(recording.time, want, rtol=0, atol=4e-6)
            else:
                got = recording.columns.get(name, unknown)
                np.testing.assert_allclose(got, want.astype(np.float32), rtol=1e-6)
