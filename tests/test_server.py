"""Tiles, scales and what is in a library, over HTTP."""

from __future__ import annotations

import io
from datetime import datetime
from urllib.parse import quote

import numpy as np
import pytest
from library_made import made, put
from serving import PLACE, client, named, pixels, tile_of, values

from heatlas.core.window import Window
from heatlas.library.file.opening import open_library
from heatlas.library.file.settings import Settings
from heatlas.library.index.drawing import draw
from heatlas.raster.gaussian import Smoothing, default_smoothing, halo, smooth
from heatlas.raster.measure import parse_measure
from heatlas.style.colormaps import colormap, names
from heatlas.style.tone import fit, parse_tone_scale


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("server") / "lib.db"
    made(path, named(), group=4).close()
    return path


@pytest.fixture(scope="module")
def web(path):
    with client(path) as web:
        yield web


def window(zoom, x, y, columns=1, rows=1):
    return Window(256.0 * 2**zoom, 256 * x, 256 * y, 256 * columns, 256 * rows)


def drawn(path, window, measure="passes", smoothing=None, keep=None):
    smoothing = default_smoothing() if smoothing is None else smoothing
    with open_library(path) as library:
        grid = draw(library, window.grown(halo(smoothing, window)), parse_measure(measure), keep)
    return smooth(grid, smoothing, window, 1)


def same(a, b):
    return np.array_equal(a, b, equal_nan=True)


@pytest.mark.parametrize("measure", ["passes", "seconds", "pace", "max(heart_rate)", "std(power)"])
@pytest.mark.parametrize(("zoom", "smooth"), [(12, "auto"), (16, "auto"), (17, "2px"), (15, "0")])
def test_a_mosaic_of_tiles_is_one_large_picture(path, web, measure, zoom, smooth):
    smoothing = {"auto": default_smoothing(), "2px": Smoothing(pixels=2), "0": Smoothing()}[smooth]
    x, y = (place - 1 for place in tile_of(zoom))
    tiles = [
        [values(web, f"/tiles/{quote(measure)}/{zoom}/{x + k}/{y + row}.npy?smooth={smooth}") for k in range(3)]
        for row in range(3)
    ]
    assert tiles[1][1].dtype == np.float32
    whole = drawn(path, window(zoom, x, y, 3, 3), measure, smoothing).values
    assert same(np.block(tiles), whole)
    assert np.isfinite(whole).any()


@pytest.mark.parametrize("measure", ["passes", "seconds", "pace"])
@pytest.mark.parametrize(("zoom", "smooth"), [(18, "auto"), (20, "4m"), (19, "0"), (17, "30m"), (1, "auto"), (0, "0")])
def test_tiles_beyond_the_index_are_seamless_too(web, measure, zoom, smooth):
    x, y = tile_of(zoom)
    x, y = x // 2 * 2, y // 2 * 2
    across = min(2, 2**zoom)
    tiles = [
        [values(web, f"/tiles/{measure}/{zoom}/{x + k}/{y + row}.npy?smooth={smooth}") for k in range(across)]
        for row in range(across)
    ]
    if zoom:
        # A tile of doubled resolution is the same four tiles.
        whole = values(web, f"/tiles/{measure}/{zoom - 1}/{x // 2}/{y // 2}@2x.npy?smooth={smooth}")
        assert same(np.block(tiles), whole)
    assert np.isfinite(np.block(tiles)).any()


def test_enlarged_pixels_are_those_of_the_last_zoom(web):
    x, y = tile_of(17)
    fine = values(web, f"/tiles/passes/17/{x}/{y}.npy?smooth=0")
    enlarged = values(web, f"/tiles/passes/19/{4 * x + 1}/{4 * y + 2}.npy?smooth=0")
    assert same(enlarged, np.repeat(np.repeat(fine[128:192, 64:128], 4, 0), 4, 1))


def test_enlarging_goes_from_centre_to_centre(web):
    x, y = tile_of(17)
    coarse = np.nan_to_num(values(web, f"/tiles/passes/17/{x}/{y}.npy"))
    fine = np.nan_to_num(values(web, f"/tiles/passes/18/{2 * x}/{2 * y}.npy"))
    # The mean of four fine pixels round the corner of four coarse ones is that of these.
    for row, column in np.argwhere(coarse[10:100, 10:100] > 0.5)[:50] + 10:
        inner = fine[2 * row + 1 : 2 * row + 3, 2 * column + 1 : 2 * column + 3].mean()
        assert inner == pytest.approx(coarse[row : row + 2, column : column + 2].mean(), rel=1e-5)


def test_reduced_tiles_hold_what_the_first_zoom_holds(path, web):
    for measure, pool in (("passes", np.max), ("metres", np.sum)):
        whole = np.nan_to_num(drawn(path, window(2, 0, 0, 4, 4), measure, Smoothing()).values)
        expected = pool(whole.reshape(256, 4, 256, 4), axis=(1, 3))
        got = np.nan_to_num(values(web, f"/tiles/{measure}/0/0/0.npy?smooth=0"))
        assert np.allclose(got, expected)
        assert got.any()


@pytest.mark.parametrize("form", ["png", "webp"])
def test_pictures_show_the_values(web, form):
    x, y = tile_of(15)
    heat = values(web, f"/tiles/passes/15/{x}/{y}.npy?smooth=0")
    shown = pixels(web.get(f"/tiles/passes/15/{x}/{y}.{form}?smooth=0").content)
    assert shown.shape == (256, 256, 4)
    assert np.array_equal(shown[..., 3] > 0, np.isfinite(heat))
    assert pixels(web.get(f"/tiles/passes/15/{x}/{y}@2x.{form}").content).shape == (512, 512, 4)


def test_what_is_brightest_is_where_most_passed(web):
    x, y = tile_of(14)
    query = "smooth=0&tone=linear&colormap=%23000,%23fff"
    heat = values(web, f"/tiles/passes/14/{x}/{y}.npy?{query}")
    shown = pixels(web.get(f"/tiles/passes/14/{x}/{y}.png?{query}").content)[..., 0]
    order = np.argsort(heat[np.isfinite(heat)])
    assert (np.diff(shown[np.isfinite(heat)][order].astype(int)) >= 0).all()


def test_an_empty_tile_is_a_small_transparent_picture(web):
    answer = web.get("/tiles/passes/12/1/1.png")
    assert answer.status_code == 200
    assert len(answer.content) < 130
    assert not pixels(answer.content)[..., 3].any()
    assert np.isnan(values(web, "/tiles/pace/12/1/1@2x.npy")).all()
    x, y = tile_of(15)
    assert web.get(f"/tiles/passes/15/{x}/{y}.png?before=1999-01-01").content == answer.content


@pytest.mark.parametrize(
    "address",
    [
        "/tiles/passes/23/0/0.png", "/tiles/passes/2/4/0.png", "/tiles/passes/2/0/4.png", "/tiles/passes/2/-1/0.png",
        "/tiles/passes/2/0/0.jpg", "/tiles/passes/2/0/0@3x.png", "/tiles/passes/a/0/0.png", "/tiles/passes/2/0/0",
        "/tiles/passes/2/٣/0.png", "/tiles/passes/2/" + "9" * 5000 + "/0.png", "/tiles/passes", "/nothing",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(web, address):
    answer = web.get(address)
    assert answer.status_code == 404
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("sprot=Run", "sprot"), ("sport=Chess", "Chess"), ("where=sport%20=", "filter"), ("where=nmae='a'", "nmae"),
        ("after=yesterday", "after"), ("after=9999-99", "after"), ("smooth=17px", "wide"), ("smooth=4", "width"),
        ("smooth=101km", "wide"), ("tone=loud", "tone"), ("colormap=ashes", "ashes"), ("where=" + "a" * 4001, "4000"),
        ("where=distance > 9^9^9^9^9", "^"), ("where=name LIKE '%25a%25a%25a%25a%25a%25'", "wildcards"),
        ("where=" + "NOT " * 240 + "sport='Run'", ""), ("where=" + "(" * 900, "nested"),
        ("smooth=4m&smooth=5m", "twice"),
        ("&".join(["sport=Run"] * 41), "41"), ("sport=" + "a" * 61, "60"), ("where=a%00b", "printable"),
        ("where=distance %2B 'a' = 5", "text"), ("tone=1:" + "9" * 57, "range"),
        ("before=0001-01-01T00:00:00%2B23:00", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_with_a_reason(web, query, word):
    x, y = tile_of(15)
    for address in (f"/tiles/passes/15/{x}/{y}.png?", "/scale.json?z=15&"):
        answer = web.get(address + query)
        if answer.status_code == 200:
            assert word == ""  # odd, but it makes sense
            continue
        assert answer.status_code == 400
        assert word in answer.json()["error"]


def test_measures_are_told_by_their_names(web):
    assert "did you mean" in web.get("/tiles/passs/2/1/1.png").json()["error"]
    assert web.get("/tiles/sum(weight)/2/1/1.png").status_code == 400


def test_a_filter_that_chooses_everything_is_no_filter(web):
    x, y = tile_of(16)
    for measure in ("passes", "mean(heart_rate)"):
        address = f"/tiles/{quote(measure)}/16/{x}/{y}.png"
        bare = web.get(address).content
        for query in ("sport=Run&sport=Ride", "after=1990-01-01", "where=distance > 0", "before=2100-01"):
            assert web.get(f"{address}?{query}").content == bare
        assert web.get(f"{address}?sport=Run").content != bare


def test_filters_choose_what_the_library_chooses(path, web):
    from heatlas.library.rows.merged import select

    x, y = tile_of(15)
    wanted = {"where": "distance >= 3000", "sports": ["Ride"], "after": "2023-11-15", "before": "2023-11-25"}
    with open_library(path) as library:
        keep = select(library, **wanted)
    assert 0 < keep.sum() < 6
    query = f"where={quote(wanted['where'])}&sport=Ride&after=2023-11-15&before=2023-11-25"
    assert web.get(f"/scale.json?z=15&{query}").json()["activities"] == keep.sum()
    got = values(web, f"/tiles/passes/15/{x}/{y}.npy?{query}")
    assert same(got, drawn(path, window(15, x, y), keep=keep).values)
    assert np.isfinite(got).any()


def test_the_scale_is_that_of_the_whole_library(path, web):
    """Where there are few tiles the tone is that of the whole field."""
    for measure, zoom in (("passes", 11), ("seconds", 10), ("heart_rate", 12)):
        x, y = (place - 1 for place in tile_of(zoom))
        whole = window(zoom, x, y, 3, 3)
        bare, shown = drawn(path, whole, measure, Smoothing()), drawn(path, whole, measure)
        tone = fit(parse_tone_scale("log" if measure != "heart_rate" else "linear"), shown, bare)
        scale = web.get(f"/scale.json?measure={measure}&z={zoom}").json()
        assert scale["low"] == pytest.approx(tone.low, rel=0.01)
        assert scale["high"] == pytest.approx(tone.high, rel=0.01)


def test_a_scale_says_what_its_colours_mean(web):
    scale = web.get("/scale.json?measure=pace&z=15").json()
    told = {"low", "high", "low_text", "high_text", "unit", "title", "ticks", "colors", "activities", "curve", "kind"}
    assert set(scale) == {*told, "left_out", "note"}
    assert (scale["title"], scale["unit"], scale["activities"]) == ("Mean pace", "min/km", 12)
    assert len(scale["colors"]) == 32
    assert all(0 <= place <= 1 for place, _ in scale["ticks"])
    fixed = web.get("/scale.json?measure=pace&z=15&tone=4:7&colormap=viridis").json()
    assert (fixed["low_text"], fixed["high_text"]) == ("4:00", "7:00")
    assert fixed["low"] == pytest.approx(4)
    assert fixed["colors"][0] == "#440154"
    nothing = web.get("/scale.json?z=15&before=1990-01-01").json()
    assert (nothing["low"], nothing["ticks"], nothing["activities"]) == (None, [], 0)


def test_scales_and_tiles_agree(web):
    """A tone given as the fitted range draws the very same tile."""
    x, y = tile_of(16)
    scale = web.get("/scale.json?measure=passes&z=16").json()
    fixed = f"tone=log:{scale['low']!r}:{scale['high']!r}"
    assert web.get(f"/tiles/passes/16/{x}/{y}.png").content == web.get(f"/tiles/passes/16/{x}/{y}.png?{fixed}").content


def test_the_library_tells_what_is_in_it(web):
    data = web.get("/api/library.json").json()
    assert (data["activities"], data["fixes"], data["distance"]) == (12, 12 * 120, 78000.0)
    assert {(sport["sport"], sport["activities"]) for sport in data["sports"]} == {("Run", 6), ("Ride", 6)}
    assert sum(count for _, count in data["days"]) == 12
    assert (data["first"], data["last"]) == (data["days"][0][0], data["days"][-1][0])
    assert data["gear"] == ["Hidden shoes 0", "Hidden shoes 1"]
    assert {measure["name"] for measure in data["measures"]} >= {"passes", "seconds", "pace", "heart_rate", "power"}
    assert "temperature" not in {measure["name"] for measure in data["measures"]}
    assert [one["name"] for one in data["colormaps"]] == list(names())
    assert all(len(one["colors"]) == 11 for one in data["colormaps"])
    (place,) = data["places"]
    assert place["center"] == pytest.approx([PLACE[1], PLACE[0]], abs=0.05)
    assert place["activities"] == 12
    assert place["name"] == "Schongau, Germany"
    assert (data["public"], data["import"], data["token"], data["basemap"]) == (False, True, False, None)


def test_answers_are_remembered_by_who_asked(web):
    x, y = tile_of(15)
    for address in (f"/tiles/passes/15/{x}/{y}.png", "/scale.json?z=15", "/api/library.json", "/openapi.json"):
        first = web.get(address)
        tag = first.headers["etag"]
        for given in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
            again = web.get(address, headers={"If-None-Match": given})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert web.get(address, headers={"If-None-Match": '"other"'}).content == first.content
        assert "no-cache" in first.headers["cache-control"]
    assert web.get("/scale.json?z=15").headers["etag"] != web.get("/scale.json?z=16").headers["etag"]
    version = web.get("/api/library.json").json()["version"]
    kept = web.get(f"/tiles/passes/15/{x}/{y}.png?v={version}")
    assert "immutable" in kept.headers["cache-control"]
    assert "immutable" not in web.get(f"/tiles/passes/15/{x}/{y}.png?v=older").headers["cache-control"]


def test_json_is_compressed_for_those_who_can(web):
    plain = web.get("/api/library.json", headers={"Accept-Encoding": "identity"})
    packed = web.get("/api/library.json", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.json() == plain.json()
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"


def test_heads_have_no_body(web):
    x, y = tile_of(15)
    for address in (f"/tiles/passes/15/{x}/{y}.png", "/scale.json?z=3", "/", "/legend.png?z=9"):
        got, head = web.get(address), web.head(address)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == got.headers["content-type"]


def test_a_legend_is_a_picture(web):
    assert pixels(web.get("/legend.png?measure=pace&z=14").content).shape[1] > 200
    assert web.get("/legend.png").status_code == 400


def test_tilejson_leads_to_the_tiles(web):
    described = web.get("/tiles.json?measure=pace&sport=Run&colormap=%23000,%23fff").json()
    assert described["tilejson"] == "3.0.0"
    x, y = tile_of(14)
    (template,) = described["tiles"]
    address = template.format(z=14, x=x, y=y)
    assert address.startswith("http://127.0.0.1/tiles/pace/14/")
    assert web.get(address).content == web.get(f"/tiles/pace/14/{x}/{y}.png?sport=Run&colormap=%23000,%23fff").content
    west, south, east, north = described["bounds"]
    assert west < PLACE[1] < east
    assert south < PLACE[0] < north
    assert described["center"][:2] == pytest.approx([PLACE[1], PLACE[0]], abs=0.05)
    assert web.get(described["legend"] + "&z=12").status_code == 200


def test_an_app_can_be_mounted_anywhere(path):
    from starlette.applications import Starlette
    from starlette.routing import Mount
    from starlette.testclient import TestClient

    from heatlas.server import create_app

    inner = create_app(path, token="open sesame")
    outer = TestClient(Starlette(routes=[Mount("/maps/heat", inner)]), base_url="http://localhost")
    described = outer.get("/maps/heat/tiles.json?token=open+sesame").json()
    x, y = tile_of(14)
    address = described["tiles"][0].format(z=14, x=x, y=y)
    assert address.startswith("http://localhost/maps/heat/tiles/passes/14/")
    assert outer.get(address).headers["content-type"] == "image/png"
    assert outer.get("/maps/heat/health").status_code == 200
    home = outer.get("/maps/heat/?token=open+sesame", follow_redirects=False)
    assert (home.status_code, home.headers["location"]) == (303, "/maps/heat/")
    assert "Path=/maps/heat/" in home.headers["set-cookie"]
    assert "html" in outer.get("/maps/heat/").headers["content-type"]
    inner.state.close()


def test_what_is_written_is_seen_at_once(tmp_path):
    tracks = named()
    with made(tmp_path / "lib.db", tracks[:6]) as library, client(tmp_path / "lib.db") as web:
        x, y = tile_of(15)
        address = f"/tiles/passes/15/{x}/{y}.npy?smooth=0"
        before, version = web.get(address), web.get("/api/library.json").json()["version"]
        put(library, tracks[6:])
        after = web.get(address, headers={"If-None-Match": before.headers["etag"]})
        assert after.status_code == 200
        assert np.nansum(values(web, address)) > np.nansum(np.load(io.BytesIO(before.content)))
        data = web.get("/api/library.json").json()
        assert data["activities"] == 12
        assert data["version"] != version
    with client(tmp_path / "lib.db") as again:
        assert again.get("/api/library.json").json()["version"] == data["version"]


def test_an_empty_library_is_served(tmp_path):
    open_library(tmp_path / "a.db", create=True).close()
    with client(tmp_path / "a.db") as web:
        data = web.get("/api/library.json").json()
        assert (data["activities"], data["first"], data["places"]) == (0, None, [])
        assert web.get("/scale.json?z=9&sport=Run&where=distance>5").json()["activities"] == 0
        for address in ("/tiles/passes/3/1/1.png", "/tiles/pace/3/1/1.webp", "/tiles.json", "/legend.png?z=3",
                        "/WMTSCapabilities.xml", "/at?lat=1&lon=1"):  # fmt: skip
            assert web.get(address).status_code == 200, address


def test_over_the_antimeridian(tmp_path):
    tracks = named(6, seed=3, lat=-16.5, lon=180.0)
    made(tmp_path / "a.db", tracks).close()
    with client(tmp_path / "a.db") as web:
        last = 2**15 - 1
        _, y = tile_of(15, -16.5, 180.0)
        left, right = (values(web, f"/tiles/passes/15/{x}/{y}.npy") for x in (last, 0))
        assert np.isfinite(left).any()
        assert np.isfinite(right).any()
        whole = drawn(tmp_path / "a.db", window(15, last, y, 2)).values
        assert same(np.hstack((left, right)), whole)
        west, _, east, _ = web.get("/tiles.json").json()["bounds"]
        assert -180 <= west < east <= 180


def test_zooms_of_the_index_may_be_others(tmp_path):
    made(tmp_path / "a.db", named(4), settings=Settings(zooms=(5, 13))).close()
    with client(tmp_path / "a.db") as web:
        assert web.get("/api/library.json").json()["minzoom"] == 3
        for zoom in (0, 3, 5, 13, 16, 22):
            x, y = tile_of(zoom)
            heat = values(web, f"/tiles/passes/{zoom}/{x}/{y}.npy")
            assert np.isfinite(heat).any() == (3 <= zoom < 22 or (zoom == 22 and np.isfinite(heat).any()))


def test_who_passed_here(web, path):
    answer = web.get(f"/at?lat={PLACE[0]}&lon={PLACE[1]}&radius=300&sport=Run").json()
    assert 0 < answer["total"] == len(answer["activities"]) <= 6
    first = answer["activities"][0]
    assert set(first) >= {"id", "name", "sport", "start", "distance", "pace", "heart_rate", "gear", "passes"}
    assert set(first) >= {"flat_pace", "power", "waited", "decoupling", "mean_heart_rate", "normalised_power"}
    assert all(one["heart_rate"] is None or 60 <= one["mean_heart_rate"] <= 200 for one in answer["activities"])
    assert first["name"].startswith("Secret errand")
    starts = [datetime.fromisoformat(one["start"]) for one in answer["activities"] if one["start"]]
    assert starts == sorted(starts, reverse=True)
    assert web.get("/at?lat=0&lon=0").json() == {"activities": [], "total": 0}
    for query in ("", "lat=91&lon=0", "lat=1&lon=nan", "lat=1&lon=1&radius=1e9", "lat=1&lon=1&size=5"):
        assert web.get(f"/at?{query}").status_code == 400


def test_colours_of_a_library_without_a_filter_suit_the_measure(web):
    for measure, name in (("passes", "ember"), ("pace", "pace"), ("grade", "polar"), ("power", "dusk")):
        colours = web.get(f"/scale.json?measure={measure}&z=9").json()["colors"]
        assert colours[0] == "#" + bytes(colormap(name)[0, :3]).hex()
