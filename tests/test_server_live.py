"""A real server: imports while it serves, many clients at once, GDAL as a client, and odd requests."""

from __future__ import annotations

import io
import socket
import tarfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import numpy as np
import pytest
from library_made import made
from made import export, gpx, straight
from serving import client, named, pixels, running, tile_of

from heatlas.core.context import Context
from heatlas.library.file.opening import open_library
from heatlas.library.imports import import_sources
from heatlas.tiles.cache import Cache


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("live") / "lib.db"
    made(path, named(), group=4).close()
    return path


@pytest.fixture(scope="module")
def live(path):
    with running(path) as address:
        yield address


def get(address, **headers):
    from urllib.request import Request, urlopen

    with urlopen(Request(address, headers=headers)) as answer:
        return answer.read()


def run(data):
    return gpx(*straight(1000.0 + 10 * data, lat=47.8 + data * 1e-6), start=1.7e9 + 86400 * data)


def test_gdal_reads_the_tiles_pixel_by_pixel(live):
    rasterio = pytest.importorskip("rasterio")
    from rasterio.windows import Window as Pixels

    zoom, query = 15, "sport=Run&colormap=viridis"
    source = f"WMTS:{live}/WMTSCapabilities.xml?{query},layer=passes,tilematrix={zoom}"
    with rasterio.Env(GDAL_HTTP_TIMEOUT=10):
        try:
            opened = rasterio.open(source)
        except rasterio.errors.RasterioIOError as error:
            if "not recognized" in str(error) or "No such file" in str(error):
                pytest.skip("this GDAL has no WMTS driver")
            raise
        with opened as image:
            assert image.crs.to_epsg() == 3857
            x, y = tile_of(zoom)
            edge = 20037508.342789244
            size = 2 * edge / (256 * 2**zoom)
            column = round((x * 256 * size - edge - image.transform.c) / size)
            row = round((image.transform.f - edge + y * 256 * size) / size)
            assert image.transform.a == pytest.approx(size, rel=1e-9)
            read = image.read(window=Pixels(column - 256, row, 512, 256))
    ours = np.hstack([pixels(get(f"{live}/tiles/passes/{zoom}/{k}/{y}.png?{query}")) for k in (x - 1, x)])
    assert np.array_equal(np.moveaxis(read, 0, 2)[..., 3], ours[..., 3])
    assert ours[..., 3].any()
    shown = ours[..., 3] > 0
    assert np.array_equal(np.moveaxis(read, 0, 2)[shown], ours[shown])


def test_many_clients_get_what_one_gets(path):
    x, y = tile_of(15)
    addresses = [
        f"/tiles/{measure}/15/{x + k}/{y}.npy?{query}"
        for measure in ("passes", "pace", "seconds")
        for k in (0, -1)
        for query in ("", "sport=Run", "where=distance>4000", "before=2023-11-20")
    ]
    with client(path) as web:
        alone = {address: web.get(address).content for address in addresses}
    with running(path) as address, ThreadPoolExecutor(12) as pool:
        rng = np.random.default_rng(1)
        asked = [addresses[k] for k in rng.integers(0, len(addresses), 400)]
        for which, content in zip(asked, pool.map(lambda one: get(address + one), asked), strict=True):
            assert content == alone[which]


def test_another_process_may_import_while_tiles_are_drawn(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / "0.gpx").write_bytes(run(0))
    with open_library(tmp_path / "lib.db", create=True) as library:
        import_sources(library, [folder], Context(1))
    x, y = tile_of(16)
    stop, seen, failures = threading.Event(), [], []
    with running(tmp_path / "lib.db") as address:

        def look():
            while not stop.is_set():
                try:
                    heat = np.load(io.BytesIO(get(f"{address}/tiles/activities/12/{x >> 4}/{y >> 4}.npy?smooth=0")))
                    seen.append(float(np.nanmax(heat)))
                except Exception as error:  # noqa: BLE001 - told below
                    failures.append(error)

        watcher = threading.Thread(target=look)
        watcher.start()
        import subprocess
        import sys

        for k in range(1, 3):
            (folder / f"{k}.gpx").write_bytes(run(k))
            code = (
                "import sys; from pathlib import Path; from heatlas.library.file.opening import open_library; "
                "from heatlas.library.imports import import_sources; from heatlas.core.context import Context; "
                "import_sources(open_library(sys.argv[1]), [Path(sys.argv[2])], Context(1))"
            )
            subprocess.run([sys.executable, "-c", code, str(tmp_path / "lib.db"), str(folder)], check=True)
            heat = np.load(io.BytesIO(get(f"{address}/tiles/activities/12/{x >> 4}/{y >> 4}.npy?smooth=0")))
            assert np.nanmax(heat) == k + 1
        stop.set()
        watcher.join()
    assert not failures
    assert seen == sorted(seen)


def test_recordings_come_by_post(tmp_path):
    with open_library(tmp_path / "lib.db", create=True):
        pass
    x, y = tile_of(14)
    address = f"/tiles/activities/14/{x}/{y}.npy?smooth=0"
    with client(tmp_path / "lib.db") as web:
        empty = web.get(address)
        report = web.post("/api/import", content=run(1), headers={"X-Filename": "Morning%20Run%20%C3%A4.gpx"}).json()
        assert (report["added"], report["files"]["read"], report["files"]["failed"]) == (1, 1, [])
        assert (
            np.nanmax(np.load(io.BytesIO(web.get(address, headers={"If-None-Match": empty.headers["etag"]}).content)))
            == 1
        )
        # The same again is nothing new; another under the same name is.
        again = web.post("/api/import", content=run(1), headers={"X-Filename": "Morning%20Run%20%C3%A4.gpx"}).json()
        assert again["added"] == 0
        other = web.post("/api/import", content=run(2), headers={"X-Filename": "Morning%20Run%20%C3%A4.gpx"}).json()
        assert other["added"] == 1
        archive = io.BytesIO()
        folder = export(tmp_path / "export")
        with zipfile.ZipFile(archive, "w") as packed:
            for file in sorted(folder.rglob("*.*")):
                packed.write(file, file.relative_to(folder))
        report = web.post("/api/import", content=archive.getvalue(), headers={"X-Filename": "export.zip"}).json()
        assert report["added"] >= 3
        assert report["files"]["failed"]
        assert all(not one["file"].startswith("/") for one in report["files"]["failed"])
        assert web.get("/api/library.json").json()["activities"] == 2 + report["added"]
        with tarfile.open(fileobj=(packed := io.BytesIO()), mode="w:gz") as tar:
            tar.add(folder, "export")
        again = web.post("/api/import", content=packed.getvalue(), headers={"X-Filename": "export.tar.gz"}).json()
        assert (again["added"], again["files"]["read"]) == (0, report["files"]["read"])
        told = web.post("/api/import", content=b"7z\xbc\xaf\x27\x1c", headers={"X-Filename": "x.7z"}).json()
        assert told["nothing"].startswith("nothing could be read: x.7z: a 7-Zip archive")
        bad = web.post(
            "/api/import", content=b"<gpx><trk><trkseg><trkpt lat=", headers={"X-Filename": "../../x/bad.gpx"}
        )
        assert bad.status_code == 200
        told = bad.json()["files"]
        assert [one["file"] for one in told["failed"] + told["warnings"]] == ["bad.gpx"], told
    assert sorted(one.name for one in tmp_path.iterdir() if not one.name.startswith("lib.db-")) == ["export", "lib.db"]


def test_imports_that_cannot_be(tmp_path):
    with open_library(tmp_path / "lib.db", create=True):
        pass
    with client(tmp_path / "lib.db", largest_upload=1000) as web:
        for status, headers, body in (
            (400, {}, b"x"), (400, {"X-Filename": ""}, b"x"), (400, {"X-Filename": "..%2f"}, b"x"),
            (400, {"X-Filename": "a.gpx"}, b""), (413, {"X-Filename": "a.gpx"}, b"x" * 1001),
            (413, {"X-Filename": "a.gpx"}, iter([b"x" * 600, b"x" * 600])),
            (415, {"X-Filename": "a.gpx", "Content-Type": "multipart/form-data; boundary=x"}, b"x"),
            (415, {"X-Filename": "a.gpx", "Content-Type": "text/plain"}, b"x"),
            (403, {"X-Filename": "a.gpx", "Origin": "https://evil.example"}, b"x"),
            (403, {"X-Filename": "a.gpx", "Origin": "null"}, b"x"),
        ):  # fmt: skip
            answer = web.post("/api/import", content=body, headers=headers)
            assert (answer.status_code, set(answer.json())) == (status, {"error"})
        assert web.post("/api/import?other=x", content=b"x", headers={"X-Filename": "a"}).status_code == 400
    assert sorted(one.name for one in tmp_path.iterdir()) == ["lib.db"]


TABLE = b"id,latitude,longitude,beds\n1,47.8,10.9,12\n2,47.81,10.92,30\n3,47.82,10.95,\n"
NAMED = {"X-Filename": "clinics.csv"}


def test_a_table_of_points_is_described_and_imported_as_it_is_said(tmp_path):
    open_library(tmp_path / "lib.db", create=True).close()
    with client(tmp_path / "lib.db") as web:
        asked = web.post("/api/import", content=TABLE, headers=NAMED).json()["table"]
        assert [(one["name"], one["range"]) for one in asked["columns"]] == [
            ("id", [1, 3]), ("latitude", [47.8, 47.82]), ("longitude", [10.9, 10.95]), ("beds", [12, 30]),
        ]  # fmt: skip
        assert (asked["lat"], asked["lon"], asked["weight"]) == ("latitude", "longitude", None)
        assert web.get("/api/library.json").json()["point_sets"] == []
        report = web.post("/api/import?weight=beds&name=beds", content=TABLE, headers=NAMED).json()
        (one,) = report["point_sets"]
        assert (one["name"], one["points"], one["rows"], one["total"]) == ("beds", 2, 3, 42)
        (one,) = web.post("/api/import?weight=", content=TABLE, headers=NAMED).json()["point_sets"]
        assert (one["name"], one["total"]) == ("clinics", 3)
        # Columns whose names say nothing are asked for, and may be said wrongly.
        plain = TABLE.replace(b"latitude,longitude", b"p,q")
        assert web.post("/api/import", content=plain, headers=NAMED).json()["table"]["lat"] is None
        wrong = web.post("/api/import?weight=&lat=p&lon=z", content=plain, headers=NAMED)
        assert (wrong.status_code, wrong.json()["error"]) == (
            400, "clinics.csv has no column 'z' for lon; its columns are id, p, q, beds",
        )  # fmt: skip
        (one,) = web.post("/api/import?weight=beds&lat=p&lon=q", content=plain, headers=NAMED).json()["point_sets"]
        assert one["points"] == 2
        words = TABLE.replace(b",10.", b",x10.")
        wrong = web.post("/api/import?weight=", content=words, headers=NAMED)
        assert (wrong.status_code, wrong.json()["error"].split(":")[0]) == (400, "clinics.csv has no usable row")
        assert web.post("/api/import?lat=p", content=plain, headers=NAMED).status_code == 400
    assert sorted(one.name for one in tmp_path.iterdir() if "lib.db" not in one.name) == []


def test_a_server_without_a_library_makes_one_of_what_it_is_given(tmp_path):
    from heatlas.server.app import create_app

    (tmp_path / "here").mkdir()
    open_library(tmp_path / "empty.db", create=True).close()
    there = tmp_path / "here" / "heatlas.db"
    for options, told in (({"token": "sesame"}, "heatlas.db"), ({}, there.as_posix())):
        app = create_app(tmp_path / "empty.db", makes=there, **options)
        from starlette.testclient import TestClient

        with TestClient(app, base_url="http://127.0.0.1", headers={"Authorization": "Bearer sesame"}) as web:
            assert web.get("/api/library.json").json()["makes"] == told
            report = web.post("/api/import", content=b"hello", headers={"X-Filename": "note.txt"}).json()
            assert report["added"] == 0
            assert web.post("/api/import", content=TABLE, headers=NAMED).json()["table"]
            assert list(there.parent.iterdir()) == []  # nothing was imported
            if options:
                continue
            assert web.post("/api/import", content=run(1), headers={"X-Filename": "a.gpx"}).json()["added"] == 1
            read = web.get("/api/library.json").json()
            assert (read["activities"], read["makes"]) == (1, None)
            assert web.post("/api/import", content=run(2), headers={"X-Filename": "b.gpx"}).json()["added"] == 1
    with open_library(there) as library, library.read() as connection:
        assert connection.execute("SELECT count(*) FROM activities").fetchone()[0] == 2


def test_how_far_an_import_is_can_be_asked(tmp_path, monkeypatch):
    open_library(tmp_path / "lib.db", create=True).close()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for k in range(5):
            archive.writestr(f"{k}.gpx", run(k))
    with client(tmp_path / "lib.db") as web:
        seen = []
        site = web.app.state.site
        monkeypatch.setattr(
            "heatlas.server.site.state.ImportProgress.__setattr__",
            lambda one, name, value: (object.__setattr__(one, name, value), seen.append((one.file, name, value)))[0],
            raising=False,
        )
        assert web.get("/api/importing").json() == {"import": None}
        web.post("/api/import", content=packed.getvalue(), headers={"X-Filename": "all.zip"})
        assert site.progress is None
    assert ("all.zip", "of", 5) in seen
    assert [value for _, name, value in seen if name == "done" and value] == [1, 2, 3, 4, 5]


def raw(address, request):
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), 10) as link:
        link.sendall(request)
        answer = b""
        while block := link.recv(65536):
            answer += block
    return answer


@pytest.mark.parametrize(
    "target",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "//etc/passwd",
        "/static/../../../../etc/passwd",
        "/tiles/%00/1/1/1.png",
    ],
)
def test_paths_as_they_come_lead_nowhere(live, target):
    answer = raw(live, f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert answer.split()[1] in {b"404", b"400"}
    assert b"root:" not in answer
    assert b"import" not in answer.partition(b"\r\n\r\n")[2]


def test_a_request_without_a_host_is_refused(live):
    assert raw(live, b"GET /health HTTP/1.0\r\n\r\n").split()[1] in {b"400", b"421"}
    assert raw(live, b"nonsense\r\n\r\n")[:12] in {b"HTTP/1.1 400", b""}


def test_things_are_made_once(monkeypatch):
    cache, made_of = Cache(10_000, len), []

    def make():
        made_of.append(1)
        time.sleep(0.05)
        return b"x" * 100

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: cache.get("key", make), range(8))) == {b"x" * 100}
    assert len(made_of) == 1
    for k in range(100):
        cache.get(k, lambda: b"y" * 1000)
        assert cache.bytes <= 10_000
    assert cache.look("key") is None
    with pytest.raises(ZeroDivisionError):
        cache.get("bad", lambda: 1 / 0)
    assert cache.get("bad", lambda: b"good") == b"good"


@pytest.fixture(scope="module")
def described(path):
    schemathesis = pytest.importorskip("schemathesis")
    with client(path) as web:
        yield schemathesis.openapi.from_dict(web.get("/openapi.json").json()), web


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    "address",
    [
        "/tiles/{measure}/{z}/{x}/{y}.{form}", "/tiles/{measure}/{z}/{x}/{y}@2x.{form}", "/scale.json", "/legend.png",
        "/tiles.json", "/WMTSCapabilities.xml", "/api/library.json", "/explorer.json", "/view.json", "/at", "/health",
        "/openapi.json", "/api/import", "/activities.json", "/route.json", "/same-way.json", "/api/attributes.json",
        "/api/values.json",
    ],
)  # fmt: skip
def test_any_request_is_answered_as_described(described, address):
    """Made-up requests, sound and not: never a failure of the server, always a status, type and shape that is told."""
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        negative_data_rejection,
        response_schema_conformance,
        status_code_conformance,
    )

    schema, web = described
    operation = schema[address]["POST" if address == "/api/import" else "GET"]
    told = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    seen = set()

    def ask(case, checks):
        sent = case.as_transport_kwargs(base_url="http://127.0.0.1")
        answer = web.request(
            sent["method"], sent["url"], params=sent.get("params"), headers=dict(sent.get("headers") or {}),
            content=sent.get("data"),
        )  # fmt: skip
        seen.add(answer.status_code)
        case.validate_response(answer, checks=checks)

    few = settings(
        max_examples=30,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    few(given(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))(lambda case: ask(case, told)))()
    assert seen & {200, 400, 404}
    if list(operation.iter_parameters()):
        wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        few(given(wrong)(lambda case: ask(case, [*told, negative_data_rejection])))()


def test_tiles_that_nobody_waits_for_any_more_are_not_drawn(path, monkeypatch):
    pool, hold, drawn = ThreadPoolExecutor(1), threading.Event(), []
    monkeypatch.setattr("heatlas.server.site.state.ThreadPoolExecutor", lambda *_: pool)

    def draw(field, *place, **how):
        drawn.append(place)
        hold.wait(20)
        return b"a tile"

    monkeypatch.setattr("heatlas.server.routes.tile_bytes", draw)
    with running(path) as address:
        port = urlsplit(address).port
        links = [socket.create_connection(("127.0.0.1", port)) for _ in range(9)]
        for k, link in enumerate(links):
            link.sendall(f"GET /tiles/passes/12/2170/{1400 + k}.png HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            while not drawn:
                time.sleep(0.01)
        time.sleep(0.3)
        for link in links[:8]:
            link.close()
        time.sleep(0.3)
        hold.set()
        assert b"200" in links[8].recv(100)
        links[8].close()
    assert [place[2] for place in drawn] == [1400, 1408]
