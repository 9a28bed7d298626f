"""Positions that apps of phones post become the track of the day, once."""

from __future__ import annotations

import base64
import json
import stat
import time

import pytest
from made import gpx, straight
from serving import client

from heatlas.library.file.opening import open_library
from heatlas.library.manage import import_into
from heatlas.library.phone_days import PhoneDays, PhoneFix

START = 1_700_000_000  # 2023-11-14, 22:13:20 UTC
LON, LAT = straight(600, 6)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.gpx").write_bytes(gpx(*straight(lat=40.0), start=1.6e9))
    import_into(tmp_path / "lib.db", tmp_path / "a.gpx")
    return tmp_path / "lib.db"


def owntracks(k, **more):
    return {
        "_type": "location", "lat": LAT[k], "lon": LON[k], "tst": START + 3 * k, "acc": 5, "alt": 600, "vel": 7,
        "tid": "ab", "topic": "owntracks/anna/phone", **more,
    }  # fmt: skip


def tracks(path, where="source LIKE '%.phones/%'"):
    with open_library(path) as library, library.read() as connection:
        return connection.execute(f"SELECT device, name, fixes FROM activities WHERE {where} ORDER BY 1, 2").fetchall()


def test_owntracks(path):
    with client(path) as web:
        before = web.get("/api/library.json").json()
        for k in range(50):
            answer = web.post("/api/phones/owntracks", json=owntracks(k))
            assert (answer.status_code, answer.json()) == (200, [])
        after = web.get("/api/library.json").json()  # the live map follows
        assert after["activities"] == before["activities"] + 1
        assert after["version"] != before["version"]
        again = [web.post("/api/phones/owntracks", json=owntracks(k)) for k in range(50)]
        assert {answer.status_code for answer in again} == {200}
        assert web.get("/api/library.json").json()["version"] == after["version"]  # the same again changes nothing
        for message in ({"_type": "lwt", "tst": 1}, {"_type": "encrypted", "data": "x"}, {"_type": "waypoint"}):
            assert web.post("/api/phones/owntracks", json=message).json() == []
        assert web.post("/api/phones/owntracks").json() == []  # an empty message: a friend was removed
    assert tracks(path) == [("anna_phone-" + tracks(path)[0][0][-8:], tracks(path)[0][1], 50)]


def test_owntracks_without_a_topic(path):
    message = owntracks(0)
    del message["topic"]
    with client(path) as web:
        for k in range(2):
            body = {**message, "tst": START + k, "lat": LAT[k], "lon": LON[k]}
            web.post("/api/phones/owntracks", json=body, headers={"X-Limit-U": "anna", "X-Limit-D": "tablet"})
            web.post("/api/phones/owntracks", json=body)
    folders = sorted(folder.name for folder in path.with_name("lib.db.phones").iterdir())
    assert folders[0] == "ab"
    assert folders[1].startswith("anna_tablet-")


@pytest.mark.parametrize("how", ["get", "form", "json"])
def test_gpslogger(path, how):
    with client(path) as web:
        for k in range(10):
            said = {
                "lat": f"{LAT[k]}", "lon": f"{LON[k]}", "time": f"2023-11-14T22:{14 + k}:00.000Z", "alt": "600.5",
                "spd": "2.5", "acc": "8", "ser": "pixel",
            }  # fmt: skip
            address = "/api/phones/gpslogger"
            answer = (
                web.get(address, params=said) if how == "get"
                else web.post(address, data=said) if how == "form"
                else web.post(address, json=said)
            )  # fmt: skip
            assert answer.json() == {"result": "ok", "added": 1, "known": 0, "left_out": 0}
        assert answer.headers["cache-control"] == "no-store"
        assert web.get("/api/phones/gpslogger", params=said).json()["known"] == 1
    assert tracks(path) == [("pixel", "pixel 2023-11-14", 10)]


def feature(k, **more):
    known = {"timestamp": f"2023-11-14T22:{20 + k // 60}:{k % 60:02}Z", "horizontal_accuracy": 5, "speed": 2}
    place = {"type": "Point", "coordinates": [LON[k], LAT[k]]}
    return {"type": "Feature", "geometry": place, "properties": {**known, "device_id": "iphone", **more}}


def test_overland(path):
    batch = {"locations": [feature(k) for k in range(60)], "current": {}}
    batch["locations"][7]["properties"]["horizontal_accuracy"] = 900
    with client(path) as web:
        answer = web.post("/api/phones/overland", json=batch)
        assert answer.json() == {"result": "ok", "added": 59, "known": 0, "left_out": 1}
        assert web.post("/api/phones/overland", json=batch).json()["added"] == 0
    assert tracks(path) == [("iphone", "iphone 2023-11-14", 59)]


def test_days_are_those_of_the_place(path):
    days = PhoneDays(path)
    auckland = {"lat": -36.85, "lon": 174.76}
    days.note(
        [PhoneFix("p", START, **auckland), PhoneFix("p", START, 47.8, 10.9), PhoneFix("p", START + 7200, 47.8, 10.9)]
    )
    logs = sorted(log.name for log in path.with_name("lib.db.phones").glob("p/*.csv"))
    assert logs == ["2023-11-14.csv", "2023-11-15.csv"]  # the same moment is the 15th in Auckland
    assert (path.with_name("lib.db.phones") / "p" / "2023-11-15.csv").read_text().count("\n") == 3


def test_what_cannot_be_is_left_out(path):
    odd = [
        {"lat": 95},
        {"lon": 200},
        {"tst": 5},
        {"tst": time.time() + 9e5},
        {"lat": 0, "lon": 0},
        {"lat": "x"},
        {"acc": 201},
    ]
    with client(path) as web:
        for more in odd:
            assert web.post("/api/phones/owntracks", json=owntracks(0, **more)).json() == []
    assert tracks(path) == []
    assert not path.with_name("lib.db.phones").exists()


@pytest.mark.parametrize(
    ("form", "body", "status"),
    [
        ("owntracks", b"{", 400),
        ("owntracks", b"[1]", 400),
        ("owntracks", json.dumps({"_type": "location", "lat": 1, "lon": 2}).encode(), 400),
        ("overland", b"{}", 400),
        ("overland", b'{"locations": 3}', 400),
        ("overland", b"", 400),
        ("gpslogger", b"lat=1&lon=2", 400),
        ("gpslogger", b"lat=1&lon=2&time=yesterday", 400),
        ("owntracks", b"\xff\xfe", 400),
        ("owntracks", b" " * (5 << 20), 413),
        ("overland", json.dumps({"locations": [{}] * 20_001}).encode(), 200),
    ],
)
def test_what_is_nothing_of_the_kind_is_refused(path, form, body, status):
    with client(path) as web:
        answer = web.post(f"/api/phones/{form}", content=body)
        assert answer.status_code == status
        if status != 200:
            assert list(answer.json()) == ["error"]


def basic(word):
    return {"Authorization": "Basic " + base64.b64encode(f"anna:{word}".encode()).decode()}


def test_the_token_may_be_a_password(path):
    with client(path, token="s3cret") as web:
        address = "/api/phones/owntracks"
        assert web.post(address, json=owntracks(0)).status_code == 403
        assert web.post(address, json=owntracks(0), headers=basic("wrong")).status_code == 403
        assert web.post(address, json=owntracks(0), headers={"Authorization": "Basic ?"}).status_code == 403
        assert tracks(path) == []
        assert web.post(address, json=owntracks(0), headers=basic("s3cret")).json() == []
        assert web.post(address, json=owntracks(1), headers={"Authorization": "Bearer s3cret"}).json() == []
        assert web.post(f"{address}?token=s3cret", json=owntracks(2)).json() == []
        assert web.get("/api/library.json", headers=basic("s3cret")).status_code == 200
    assert [fixes for *_, fixes in tracks(path)] == [3]


def test_a_public_map_takes_nothing_without_its_token(path):
    with client(path, public=True) as web:
        assert web.post("/api/phones/owntracks", json=owntracks(0)).status_code == 403
        assert "/api/phones/owntracks" not in web.get("/openapi.json").json()["paths"]
    with client(path, public=True, token="s3cret") as web:
        assert web.post("/api/phones/owntracks", json=owntracks(0)).status_code == 403
        assert web.post("/api/phones/owntracks", json=owntracks(0), headers=basic("s3cret")).status_code == 200


def test_another_sites_page_adds_nothing(path):
    with client(path) as web:
        for headers in (
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        ):
            params = {"lat": 1, "lon": 2, "time": START}
            assert web.get("/api/phones/gpslogger", params=params, headers=headers).status_code == 403
            assert web.post("/api/phones/owntracks", json=owntracks(0), headers=headers).status_code == 403


def test_what_is_written_is_the_owners_alone(path):
    with client(path) as web:
        web.post("/api/phones/owntracks", json=owntracks(0))
    folder = path.with_name("lib.db.phones")
    (log,) = folder.glob("*/*.csv")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (folder, log.parent, log)] == [0o700, 0o700, 0o600]


def test_names_of_devices_are_folders_of_their_own(path):
    days = PhoneDays(path)
    names = ["../../etc", "a/b", "a:b", "a_b", "", "." * 90, "x" * 300, "ünï"]
    assert days.note([PhoneFix(name, START, 47.8, 10.9) for name in names]) == len(names)
    folder = path.with_name("lib.db.phones")
    assert len(list(folder.iterdir())) == len(names)
    assert all(log.resolve().is_relative_to(folder.resolve()) for log in folder.rglob("*.csv"))


def test_a_log_that_a_killed_server_left_is_taken_by_the_next(path):
    PhoneDays(path).note([PhoneFix("p", START + k, LAT[k], LON[k]) for k in range(20)])
    assert tracks(path) == []
    with client(path) as web:
        web.get("/api/phones/gpslogger", params={"lat": LAT[0], "lon": LON[0], "time": START + 900, "id": "other"})
    assert [(device, fixes) for device, _, fixes in tracks(path)][-1] == ("p", 20)


def test_a_line_that_was_cut_off_is_left_out(path):
    days = PhoneDays(path)
    days.note([PhoneFix("p", START + k, LAT[k], LON[k]) for k in range(20)])
    (log,) = path.with_name("lib.db.phones").glob("p/*.csv")
    log.write_bytes(log.read_bytes()[:-12])
    with open_library(path) as library:
        assert PhoneDays(path).take(library) == 1
    assert [fixes for *_, fixes in tracks(path)] == [19]
    assert days.note([PhoneFix("p", START + k, LAT[k], LON[k]) for k in range(19, 22)]) == 3
    with open_library(path) as library:
        assert days.take(library) == 1
    assert [fixes for *_, fixes in tracks(path)] == [22]


def test_too_many_devices_are_refused(path, monkeypatch):
    monkeypatch.setattr("heatlas.library.phone_days._DEVICES", 3)
    with client(path) as web:
        for k in range(5):
            answer = web.get(
                "/api/phones/gpslogger", params={"lat": LAT[0], "lon": LON[0], "time": START, "id": f"made up {k}"}
            )
            assert answer.status_code == (200 if k < 3 else 503)


def test_curl_as_the_page_says(path, tmp_path):
    """The commands of the page, against a real server."""
    import re
    import shutil
    import subprocess
    import sys
    from pathlib import Path

    from servers import free_port

    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    page = (Path(__file__).resolve().parents[1] / "docs" / "how-to" / "phones.md").read_text()
    blocks = re.findall(r"^```bash\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    port = free_port()
    (tmp_path / "run.fit").write_bytes(gpx(*straight(lat=45.0), start=1.69e9))  # told by content
    asked = [
        sys.executable,
        "-m",
        "heatlas",
        "serve",
        str(path),
        "--port",
        str(port),
        "--token",
        "correct-horse-battery",
    ]
    server = subprocess.Popen(asked, stderr=subprocess.PIPE, text=True)
    try:
        assert "http://" in server.stderr.readline()
        answers = []
        for block in blocks:
            words = block.replace("http://server:8765", f"http://127.0.0.1:{port}")
            done = subprocess.run(["bash", "-c", words], cwd=tmp_path, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            answers.append(json.loads(done.stdout))
        assert [answers[0]["added"], answers[1]["added"], answers[2]] == [1, 0, []]
    finally:
        server.terminate()
        server.communicate(timeout=30)
