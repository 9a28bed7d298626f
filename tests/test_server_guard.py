"""Who may read what: hosts, origins, tokens, public maps, paths, and what was cut."""

from __future__ import annotations

import json
import sqlite3
from urllib.parse import quote_plus

import numpy as np
import pytest
from library_made import SECRET, made
from serving import PLACE, client, named, tile_of, values

from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat, ground_metres
from heatlas.library.file.opening import open_library
from heatlas.library.file.settings import Settings, write_zones
from heatlas.server import create_app, serve
from heatlas.server.site.security import content_policy
from heatlas.tracks.privacy import Zone

READS = (
    "/tiles/passes/3/4/2.png",
    "/scale.json?z=3",
    "/api/library.json",
    "/tiles.json",
    "/at?lat=1&lon=1",
    "/explorer.json",
    "/",
    "/legend.png?z=4",
)
TOKEN = "open sesame"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("guard") / "lib.db"
    made(path, named(), group=12).close()
    return path


@pytest.fixture(scope="module")
def web(path):
    with client(path) as web:
        yield web


@pytest.fixture(scope="module")
def secret(path):
    with client(path, token=TOKEN) as web:
        yield web


@pytest.fixture(scope="module")
def public(path):
    with client(path, public=True, public_measures=("passes",)) as web:
        yield web


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8765", "LOCALHOST", "[::1]:80", "localhost."])
def test_own_names_are_answered(web, host):
    assert web.get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:80",
        "",
        "[::2]",
        "127.0.0.1@evil.example",
        "a b",
    ],
)
def test_other_names_are_not(web, host):
    for address in (*READS, "/health", "/static/app.js"):
        answer = web.get(address, headers={"Host": host})
        assert answer.status_code == 421
        assert set(answer.json()) == {"error"}


def test_other_names_can_be_allowed(path):
    with client(path, allowed_hosts=("heat.example",)) as web:
        assert web.get("/health", headers={"Host": "heat.example:443"}).status_code == 200
        assert web.get("/health").status_code == 421
    with client(path, allowed_hosts=("*",)) as web:
        assert web.get("/health", headers={"Host": "any.example"}).status_code == 200


FOREIGN = (
    {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:3000"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
)  # fmt: skip


@pytest.mark.parametrize("headers", FOREIGN)
def test_pages_of_others_read_nothing(web, headers):
    for address in READS:
        answer = web.get(address, headers=headers)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
        assert set(answer.json()) == {"error"}
    assert web.options("/scale.json?z=3", headers=headers).status_code in {403, 405}


def test_map_programs_and_the_own_page_read_all(web):
    for headers in (
        {}, {"User-Agent": "JOSM/1.5"}, {"Origin": "http://127.0.0.1"}, {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ):  # fmt: skip
        for address in READS:
            answer = web.get(address, headers=headers)
            assert answer.status_code == 200
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_token_opens_and_nothing_else_does(secret):
    for address in (*READS, "/static/app.js", "/openapi.json", "/nothing"):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"},
                        {"Cookie": "heatlas=1"},
                        {"Cookie": f"heatlas={TOKEN.replace(' ', '')}"}):  # fmt: skip
            answer = secret.get(address, headers=headers)
            assert answer.status_code == 403
            assert TOKEN not in answer.text
    assert secret.get("/scale.json?z=3&token=wrong").status_code == 403
    assert secret.get("/scale.json?z=3&token=%ff").status_code == 403
    assert secret.get("/scale.json?z=3", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200
    assert secret.get(f"/scale.json?z=3&token={TOKEN}").status_code == 200
    assert secret.get("/health").status_code == 200


def test_links_carry_the_token_of_whoever_asked(secret):
    bearer = {"authorization": f"Bearer {TOKEN}"}
    for path in ("/tiles.json?measure=seconds", "/WMTSCapabilities.xml"):
        for _ in range(2):  # whoever comes first
            assert "token" not in secret.get(path, headers=bearer).text
            with_it = secret.get(path + ("&" if "?" in path else "?") + f"token={TOKEN}")
            assert f"token={quote_plus(TOKEN)}" in with_it.text
            planted = secret.get(path + ("&" if "?" in path else "?") + "token=planted", headers=bearer)
            assert f"token={quote_plus(TOKEN)}" not in planted.text
        assert secret.get(path, headers=bearer).headers["etag"] != with_it.headers["etag"]


def test_an_editor_on_another_site_reads_with_the_token(secret):
    for headers in FOREIGN:
        answer = secret.get(f"/tiles/passes/3/4/2.png?token={TOKEN}", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        if "Origin" in headers:
            assert answer.headers["access-control-allow-origin"] == "*"
        assert secret.post(f"/api/import?token={TOKEN}", headers=headers, content=b"x").status_code == 403
    ask = {"Origin": "https://editor.example", "Access-Control-Request-Method": "GET"}
    assert secret.options(f"/scale.json?z=3&token={TOKEN}", headers=ask).headers["access-control-allow-origin"] == "*"
    assert secret.options("/scale.json?z=3", headers=ask).status_code == 403
    # A browser asks without the token whether it may bring it, and is told so; that opens nothing.
    ask["Access-Control-Request-Headers"] = "authorization"
    told = secret.options("/scale.json?z=3", headers=ask)
    assert (told.status_code, told.headers["access-control-allow-origin"], told.content) == (204, "*", b"")
    assert "Authorization" in told.headers["access-control-allow-headers"]
    assert secret.get("/scale.json?z=3", headers=ask).status_code == 403


def test_the_page_gets_a_cookie_for_the_token(path):
    with client(path, token=TOKEN) as web:
        answer = web.get(f"/?token={TOKEN}")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert TOKEN not in answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=lax"} <= set(answer.headers["set-cookie"].split("; "))
        assert web.get("/api/library.json").status_code == 200
        for headers in FOREIGN:
            assert web.get("/api/library.json", headers=headers).status_code == 403
    with client(path, token="another") as other:
        other.cookies.update(web.cookies)
        assert other.get("/api/library.json").status_code == 403


def test_links_hold_the_token_that_was_given(secret):
    tile = secret.get(f"/tiles.json?token={TOKEN}").json()["tiles"][0]
    assert secret.get(tile.format(z=3, x=4, y=2)).status_code == 200
    assert "token=open+sesame" in secret.get(f"/WMTSCapabilities.xml?token={TOKEN}").text


def test_a_public_map_is_for_all_pages(public):
    answer = public.get("/scale.json?z=9", headers={"Origin": "https://anyone.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert public.options("/scale.json?z=9", headers={"Origin": "https://anyone.example"}).status_code == 204


def test_a_public_map_tells_of_no_single_activity(path, public):
    data = public.get("/api/library.json").json()
    assert (data["public"], data["import"], data["gear"]) == (True, False, [])
    assert all(day.endswith("-01") for day, _ in data["days"])
    assert sum(count for _, count in data["days"]) == data["activities"] == 6
    assert public.get(f"/at?lat={PLACE[0]}&lon={PLACE[1]}").status_code == 403
    assert public.post("/api/import", headers={"X-Filename": "a.gpx"}, content=b"<gpx/>").status_code == 403
    everything = "".join(public.get(address).text for address in
                         ("/api/library.json", "/tiles.json", "/scale.json?z=9", "/WMTSCapabilities.xml",
                          "/openapi.json"))  # fmt: skip
    for word in ("Secret", "Hidden", "Watch", "rain 1", "id-1-", "weather", "made"):
        assert word not in everything
    assert "/api/import" not in public.get("/openapi.json").json()["paths"]


def test_private_activities_are_not_on_a_public_map(public, web):
    x, y = tile_of(12)
    address = f"/tiles/passes/12/{x}/{y}.npy?smooth=0"
    shown = values(public, address)
    np.testing.assert_array_equal(shown, values(web, address + "&where=private = FALSE"))
    assert np.nansum(shown) < np.nansum(values(web, address))
    assert public.get("/scale.json?z=9").json()["activities"] == 6


@pytest.mark.parametrize(
    "attribute", ["name", "start", "distance", "gear", "id", "hour", "weather", "private", "elapsed_time", "source"]
)
def test_a_public_map_cannot_be_asked_for_what_it_hides(public, attribute):
    for text in (f"{attribute} = 'x'", f"sport = 'Run' AND NOT {attribute} IS NULL", f"casei({attribute}) LIKE 's%'"):
        answer = public.get("/scale.json", params={"z": 9, "where": text})
        assert answer.status_code == 400
        assert "rain" not in answer.text
    assert public.get("/scale.json", params={"z": 9, "where": "sport = 'Run' AND year = 2023"}).status_code == 200


def test_dates_of_a_public_map_are_whole_months(path, public, web):
    starts = sorted({day for day, _ in web.get("/api/library.json").json()["days"]})
    counts = {
        public.get(f"/scale.json?z=9&after={day}T12:34:56Z").json()["activities"] for day in starts if day < "2023-12"
    }
    assert counts == {6}  # all of November
    assert public.get("/scale.json?z=9&before=2023-11-20").json()["activities"] == 6
    assert public.get("/scale.json?z=9&before=2023-11-01").json()["activities"] == 0
    assert public.get("/scale.json?z=9&after=2023-12").json()["activities"] == 0
    assert web.get("/scale.json?z=9&before=2023-11-20").json()["activities"] < 12


@pytest.mark.parametrize(
    "address",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd",
        "/static/....//app.py", "/static/web/", "/static/web/../bundle.py", "/static/web/%2e%2e/bundle.py",
        "/static/..%5capp.py", "/static/%00", "/static/", "/../../etc/passwd", "/static/web/vendor/../../bundle.py",
        "/tiles/..%2f..%2fetc%2fpasswd/1/1/1.png", "/api/../../lib.db",
    ],
)  # fmt: skip
def test_nothing_else_can_be_read(web, address):
    answer = web.get(f"http://127.0.0.1{address}")
    assert answer.status_code in {400, 404}
    assert set(answer.json()) == {"error"}


def test_every_answer_holds_the_browser_back(web):
    for address in (*READS, "/nothing", "/tiles/x/1/1/1.png", "/static/app.js"):
        headers = web.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "http:" not in policy
        assert policy.count("https:") == 1  # pictures of a base map, when its viewer wants one
        assert "unsafe" not in policy


def test_the_base_map_is_let_in(path):
    assert "img-src 'self' data: blob: https: https://tile.example:8443;" in content_policy(
        {"url": "https://tile.example:8443/{z}/{x}/{y}.png"}
    )
    with client(path, basemap={"url": "https://tile.example/{z}/{x}/{y}.png", "attribution": "Them"}) as web:
        assert web.get("/api/library.json").json()["basemap"]["attribution"] == "Them"
    for bad in (
        "javascript:alert(1)", "https://a/ ; script-src *", {"url": "https://a/{z}/{x}/{y}", "more": "b"}, {},
        "https://example.org/tiles", "https://{s}.tile.example/{z}/{x}/{y}.png", '{"url":', [1],
    ):  # fmt: skip
        with pytest.raises(BadOption, match=r"base ?map"):
            create_app(path, basemap=bad)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(web, method):
    for address in (*READS, "/health"):
        answer = web.request(method, address)
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]
        assert set(answer.json()) == {"error"}
    assert web.get("/api/import").status_code == 405


def test_trouble_is_told_without_a_traceback(tmp_path, monkeypatch):
    from starlette.testclient import TestClient

    made(tmp_path / "lib.db", named(3)).close()
    app = create_app(tmp_path / "lib.db")
    web = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    with sqlite3.connect(tmp_path / "lib.db") as link:
        link.execute("UPDATE passages SET data = x'0a000000ffffffffff'")
    x, y = tile_of(15)
    assert web.get(f"/tiles/passes/15/{x}/{y}.png").status_code in {200, 503}
    with sqlite3.connect(tmp_path / "lib.db") as link:
        link.execute("DROP TABLE passages")
    answer = web.get(f"/tiles/passes/15/{x}/{y}.png?smooth=0")
    assert (answer.status_code, set(answer.json())) == (503, {"error"})
    monkeypatch.setattr("heatlas.server.routes.packed_json", lambda data: 1 / 0)
    answer = web.get("/health")
    assert (answer.status_code, set(answer.json())) == (500, {"error"})
    assert "ZeroDivision" not in answer.text
    app.state.close()


def test_only_this_machine_is_served_without_a_token(path, tmp_path):
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org"):
        with pytest.raises(BadOption, match="token"):
            serve(path, host=host)
    with pytest.raises(BadOption):
        serve(tmp_path / "missing.db")
    with pytest.raises(BadOption):
        serve(path, port=70000)
    with pytest.raises(BadOption):
        create_app(path, token="")


def test_what_is_cut_is_in_no_answer(tmp_path, monkeypatch):
    from library_made import put

    monkeypatch.setattr("heatlas.library.file.settings.owner_secret", lambda: SECRET)
    tracks = named(8)
    lat, lon, radius = PLACE[0] + 0.00012, PLACE[1] + 0.00034, 400.0
    with open_library(tmp_path / "lib.db", create=True) as library:
        with library.write() as link:
            write_zones(link, {"home": Zone(lat, lon, radius)})
        put(library, tracks)
    u, v = from_lonlat(lon, lat)
    reach = radius / float(ground_metres(v)[0])
    assert any((np.hypot(track.u - u, track.v - v) < reach).any() for track in tracks)
    with client(tmp_path / "lib.db") as web:
        zoom = 15
        x, y = tile_of(zoom)
        seen = False
        for column in range(x - 1, x + 2):
            for row in range(y - 1, y + 2):
                heat = values(web, f"/tiles/passes/{zoom}/{column}/{row}.npy?smooth=0")
                across = (column * 256 + np.arange(256) + 0.5) / (256 * 2**zoom) - u
                down = (row * 256 + np.arange(256) + 0.5) / (256 * 2**zoom) - v
                inside = np.hypot(across[None, :], down[:, None]) < reach * 0.98
                assert np.isnan(heat[inside]).all()
                seen |= bool(np.isfinite(heat).any())
        assert seen
        for radius_asked in (5, 100, 350):
            assert web.get(f"/at?lat={lat}&lon={lon}&radius={radius_asked}").json()["total"] == 0
        told = json.dumps([web.get(address).json() for address in ("/api/library.json", "/tiles.json")])
        assert f"{lat}" not in told
        assert f"{lon}" not in told


def test_cut_ends_are_in_no_answer(tmp_path, monkeypatch):
    from library_made import put

    from heatlas.library.file.settings import write_settings

    monkeypatch.setattr("heatlas.library.file.settings.owner_secret", lambda: SECRET)
    tracks = named(4)
    with open_library(tmp_path / "lib.db", create=True) as library:
        with library.write() as link:
            write_settings(link, Settings(clip_ends=1e6))
        put(library, tracks)
    with client(tmp_path / "lib.db") as web:
        data = web.get("/api/library.json").json()
        assert data["activities"] == 4
        assert data["places"] == []
        assert web.get("/tiles.json").json()["bounds"][0] == -180
        for zoom in (0, 2, 10, 17, 19):
            x, y = tile_of(zoom)
            assert np.isnan(values(web, f"/tiles/passes/{zoom}/{x}/{y}.npy")).all()
        assert web.get(f"/at?lat={PLACE[0]}&lon={PLACE[1]}&radius=2000").json()["total"] == 0
        assert web.get("/scale.json?z=15").json()["low"] is None
