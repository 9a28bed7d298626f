"""GPX and TCX that were made, or broken, to do harm: they must be refused or read, quickly and quietly."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heatlas.core.errors import Unreadable
from heatlas.sources.formats.gpx import read_gpx
from heatlas.sources.formats.tcx import read_tcx

REFUSED = "declares a DOCTYPE, which a recording never needs"
POINT = '<trkpt lat="47.5" lon="11.25"><ele>600</ele><time>2024-05-01T12:00:00Z</time></trkpt>'
GPX = (
    '<?xml version="1.0" encoding="UTF-8"?><gpx creator="x"><metadata><name>a</name></metadata><trk>'
    f"<name>n</name><type>running</type><trkseg>{POINT}<!-- c -->{POINT}</trkseg></trk><trk><trkseg>"
    '<trkpt lon="1e1" lat="&#49;"><extensions><g:hr><![CDATA[99]]></g:hr></extensions></trkpt>'
    "</trkseg></trk></gpx>"
).encode()
TCX = (
    b'<TrainingCenterDatabase><Activities><Activity Sport="Running"><Id>2024-05-01T12:00:00Z</Id><Lap><Track>'
    b"<Trackpoint><Time>2024-05-01T12:00:00.5+01:00</Time><Position><LatitudeDegrees>47.5</LatitudeDegrees>"
    b"<LongitudeDegrees>11</LongitudeDegrees></Position><HeartRateBpm><Value>120</Value></HeartRateBpm>"
    b"</Trackpoint><Trackpoint/></Track></Lap></Activity></Activities></TrainingCenterDatabase>"
)
LAUGHS = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10 if k else "lol"}">' for k in range(12))
DOCTYPES = {
    "billion laughs": f"<!DOCTYPE gpx [{LAUGHS}]>",
    "quadratic": f'<!DOCTYPE gpx [<!ENTITY l11 "{"a" * 100_000}">]>',
    "external entity": '<!DOCTYPE gpx [<!ENTITY l11 SYSTEM "{file}">]>',
    "external file": '<!DOCTYPE gpx SYSTEM "{file}">',
    "parameter entity": '<!DOCTYPE gpx [<!ENTITY % p SYSTEM "{file}"> %p;]>',
    "cyclic": '<!DOCTYPE gpx [<!ENTITY l11 "&b;"><!ENTITY b "&l11;">]>',
    "default attribute": '<!DOCTYPE gpx [<!ATTLIST trkpt lat CDATA "1">]>',
    "lower case": "<!doctype gpx>",
    "network": '<!DOCTYPE gpx PUBLIC "x" "http://127.0.0.1:9/x.dtd">',
}


def quickly(read, data: bytes, limit: float = 5.0):
    """Read; give the recordings or the reason why not. Quadratic reading would take far beyond the limit."""
    start = time.process_time()
    try:
        return read(data, "x")
    except Unreadable as error:
        return str(error)
    finally:
        assert time.process_time() - start < limit


def warm() -> None:
    """Let the kernels be compiled before anything is timed."""
    read_gpx(GPX, "x")
    read_tcx(TCX, "x")


@pytest.fixture(scope="module", autouse=True)
def _warm():
    warm()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("kind", DOCTYPES)
def test_a_doctype_is_refused(kind, encoding, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    declared = DOCTYPES[kind].replace("{file}", secret.as_uri())
    for body in (f"<gpx><trk><name>&l11;</name><trkseg>{POINT}</trkseg></trk></gpx>", "<gpx>&l11;</gpx>"):
        for head in ("", "<?xml version='1.0'?>\n", "<!-- about -->\n"):
            assert quickly(read_gpx, f"{head}{declared}{body}".encode(encoding)) == REFUSED


def test_a_doctype_anywhere_is_refused():
    assert quickly(read_gpx, GPX.replace(b"<trkseg>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><trkseg>", 1)) == REFUSED
    assert quickly(read_gpx, GPX.replace(b"<ele>600", b"<ele><!DOCTYPE a>600", 1)) == REFUSED
    assert quickly(read_gpx, GPX + b"<!DOCTYPE a>") == REFUSED


def test_a_doctype_in_a_comment_or_as_text_is_none():
    for harmless in (
        b"<!-- <!DOCTYPE gpx> -->",
        b"<desc><![CDATA[<!DOCTYPE gpx>]]></desc>",
        b"<?a <!DOCTYPE b>?>",
    ):
        assert len(quickly(read_gpx, GPX.replace(b"<trkseg>", harmless + b"<trkseg>", 1))) == 2


def test_entities_that_nobody_declared_stay_unread():
    (recording, _) = quickly(read_gpx, GPX.replace(b">600<", b">&lol;<").replace(b"<name>n", b"<name>n&lol;"))
    assert recording.activity.name == "n"
    assert "elevation" not in recording.columns


def test_published_attacks(shared_data):
    folder = shared_data / "defusedxml-xmltestdata"
    files = sorted(folder.rglob("*.xml"))
    assert files
    refused = 0
    for file in files:
        attack = file.read_bytes()
        for data in (
            attack,
            attack + GPX,
            attack.replace(b"<root>", b"<gpx>").replace(b"</root>", b"</gpx>"),
        ):
            outcome = quickly(read_gpx, data)
            if b"<!DOCTYPE" in attack:
                refused += 1
                assert outcome == REFUSED or (b"DOCTYPE html" in attack and outcome == "is a web page, not GPX")
                assert isinstance(quickly(read_tcx, data), str)
    assert refused >= 3 * 6


M = 1_000_000
LARGE = {
    "openings": b"<" * M,
    "closings": b"</" * M,
    "exclamation marks": b"<!" * M,
    "comments never closed": b"<gpx>" + b"<!--" * M,
    "data never closed": b"<gpx>" + b"<![CDATA[" * M,
    "instructions never closed": b"<gpx>" + b"<?" * M,
    "quotes never closed": b"<gpx>" + b"<a b='" * M,
    "attributes": b"<gpx><trkpt " + b"a='b' " * M + b"/></gpx>",
    "attributes of one name": b"<gpx><trkpt " + b"lat='?' " * M + b"/></gpx>",
    "one long attribute": b"<gpx><trkpt lat='" + b"1" * 9 * M + b"'/></gpx>",
    "points": b"<gpx><trk><trkseg>" + b"<trkpt/>" * M,
    "points never closed": b"<gpx><trk><trkseg>" + b"<trkpt>" * M,
    "points between tags": b"<gpx><trk><trkseg>" + b"<trkpt/><a/>" * (M // 10),
    "values never closed": b"<gpx><trkpt>" + b"<ele>?" * M,
    "odd values": b"<gpx><trkpt>" + b"<ele>?</ele>" * (M // 5) + b"</trkpt></gpx>",
    "comments in a value": b"<gpx><trkpt><ele>" + b"<!---->" * M + b"1</ele></trkpt></gpx>",
    "half comments in values": b"<gpx><trkpt>" + (b"<ele>" + b"<!--" * 400 + b"--></ele>") * 2000 + b"</trkpt></gpx>",
    "tracks": b"<gpx>" + b"<trk/>" * (M // 5) + b"</gpx>",
    "depth": b"<gpx>" + b"<a>" * M,
    "depth in a point": b"<gpx><trkpt>" + b"<a>" * M + b"</trkpt></gpx>",
    "one long name": b"<" + b"a" * 9 * M + b">",
    "one long text": b"<gpx><name>" + b"a" * 12 * M + b"</name><trk><trkseg><trkpt/></trkseg></trk></gpx>",
    "one long number": b"<gpx><trkpt><ele>" + b"9" * 9 * M + b"</ele></trkpt></gpx>",
    "one long exponent": b"<gpx><trkpt><ele>1e" + b"9" * 9 * M + b"</ele></trkpt></gpx>",
    "white space": b"<gpx><trkpt><ele>" + b" " * 9 * M + b"</ele></trkpt></gpx>",
    "zeros": b"<gpx>" + bytes(9 * M),
    "references": b"<gpx><trkpt><ele>" + b"&#49;" * 300 + b"</ele></trkpt></gpx>",
    "encoding": b"<?xml version='1.0' encoding='punycode'?><gpx>" + b"\xff" * M,
}


@pytest.mark.parametrize("kind", LARGE)
def test_time_is_linear_in_size(kind):
    quickly(read_gpx, LARGE[kind], 15.0)


def test_one_name_for_many_tracks():
    one = "<trk><name>a</name><trkseg><trkpt><time>2024-05-01T12:00:00Z</time></trkpt></trkseg></trk>"
    (recording,) = quickly(read_gpx, f"<gpx>{one * 20_000}</gpx>".encode(), 15.0)
    assert len(recording.segments) == 20_000


def test_many_tracks_that_say_nothing():
    one = "<trk><trkseg><trkpt lat='1' lon='2'/></trkseg></trk>"
    recordings = quickly(read_gpx, f"<gpx>{one * 20_000}<metadata><name>n</name></metadata></gpx>".encode(), 15.0)
    assert [r.activity.name for r in recordings] == ["n"] * 20_000


TOKENS = (
    b"<", b">", b"/", b"</", b"/>", b'"', b"'", b"=", b"&", b";", b"<!--", b"-->", b"<![CDATA[", b"]]>",
    b"<?", b"?>", b"<trkpt", b"</trkpt>", b"<trkseg>", b"</trkseg>", b"<trk>", b"</trk>", b"<Trackpoint>",
    b"</Trackpoint>", b"<Track>", b"<Lap>", b"<Activity>", b"<Course>", b"<HeartRateBpm>", b"<Value>",
    b"<ele>", b"<time>", b" lat=", b"\0", b"\xff", b"\xc3", b"1e", b"e999", b"-", b"+", b".", b",", b"9" * 30,
    b"2024-05-01T12:00:00", b"T", b":",
)  # fmt: skip


def mutate(data: bytes, random: random.Random) -> bytes:
    """Cut, repeat, replace and insert at random places."""
    data = bytearray(data)
    for _ in range(random.randint(1, 8)):
        i, j = sorted(random.randrange(len(data) + 1) for _ in range(2))
        j = min(j, i + random.choice((0, 1, 5, 40)))
        data[i:j] = random.choice((b"", data[i:j] * 2, random.choice(TOKENS), random.randbytes(2)))
    return bytes(data[: random.randrange(len(data) + 1)] if random.random() < 0.3 else data)


def fuzz(rounds: int) -> int:
    """Read mutated files; give the number of those that gave points."""
    source = random.Random(2024)
    readable = 0
    for _ in range(rounds):
        for read, seed in ((read_gpx, GPX), (read_tcx, TCX)):
            data = mutate(seed, source)
            recordings = quickly(read, data)
            assert recordings
            if isinstance(recordings, str):
                assert recordings.isprintable()
                continue
            for recording in recordings:
                n = len(recording.lat)
                assert len(recording.lon) == len(recording.time) == n
                assert all(len(c) == n and not np.isinf(c).any() for c in recording.columns.values())
                assert not np.isinf([recording.lat, recording.lon, recording.time]).any()
                segments = recording.segments
                assert (np.diff(segments) > 0).all()
                assert (segments[0] == 0 and segments[-1] < n) if n else not len(segments)
                assert len(recording.activity.name) <= 500
                readable += n > 0
    return readable


def test_mutated_files_are_read_or_refused():
    assert fuzz(4000) > 4000


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    for read in (read_gpx, read_tcx):
        quickly(read, data)
        quickly(read, b"<gpx><trkpt>" + data)
        quickly(read, b"<trkpt lat='" + data)


def test_no_byte_is_read_out_of_bounds(tmp_path):
    """The same with kernels that check every index: an access outside would raise IndexError."""
    program = "import test_xml_hostile as t; t.warm(); print(t.fuzz(2500), t.cut_everywhere())"
    tests = Path(__file__).parent
    environment = {
        **os.environ,
        "NUMBA_BOUNDSCHECK": "1",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": os.pathsep.join((str(tests), str(tests.parent))),
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 2500


def cut_everywhere() -> int:
    """Read every beginning and every end of the two files."""
    number = 0
    for read, data in ((read_gpx, GPX), (read_tcx, TCX)):
        for k in range(len(data)):
            for part in (data[:k], data[k:]):
                number += not isinstance(quickly(read, part), str)
    return number


def test_every_beginning_and_every_end_of_a_file():
    assert cut_everywhere() > 1000
