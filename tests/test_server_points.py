"""Points over HTTP: tiles, scales and what tells of them."""

from __future__ import annotations

import itertools
from urllib.parse import quote
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from library_made import made, walks
from serving import client, pixels, values

from heatlas.core.context import Context
from heatlas.core.mercator import from_lonlat
from heatlas.core.points import Points
from heatlas.core.window import Window
from heatlas.library.file.opening import open_library
from heatlas.library.manage import import_into, remove_points
from heatlas.options.parsing import parse_kernel
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.measure import parse_point_measure
from heatlas.raster.pipeline import point_heat
from heatlas.raster.point_kernel import Kernel
from heatlas.tiles import point_sample
from heatlas.tiles.busy_tiles import tiles_of
from heatlas.tiles.fields import Field, as_drawn, bare, smoothed
from heatlas.tiles.look import Filter, Look
from heatlas.tiles.scales import tone_of
from heatlas.tiles.snapshot import choose
from heatlas.tiles.view import open_view

TOWN = (60.17, 24.94)
N = 3000


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "settings"))


def scattered(seed=1, low=1):
    """Points around a town and all over the world; some lie on one spot."""
    rng = np.random.default_rng(seed)
    lat = np.append(TOWN[0] + rng.normal(0, 0.02, N - 400), rng.uniform(-80, 80, 400))
    lon = np.append(TOWN[1] + rng.normal(0, 0.04, N - 400), rng.uniform(-180, 180, 400))
    lat[:50], lon[:50] = TOWN
    return {"lat": lat, "lon": lon, "beds": rng.integers(low, 300, N).astype(float)}


def points_from(columns):
    return Points(lon=columns["lon"], lat=columns["lat"], weight=columns["beds"])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("points") / "lib.db"
    import_into(path, scattered(), name="clinics", weight="beds")
    import_into(path, scattered(2, -300), name="drift", weight="beds")
    import_into(path, {k: v for k, v in scattered(3).items() if k != "beds"}, name="plain_ones")
    return path


@pytest.fixture(scope="module")
def web(path):
    with client(path) as web:
        yield web


def window(zoom, x, y, columns=1, rows=1):
    return Window(256.0 * 2**zoom, 256 * x, 256 * y, 256 * columns, 256 * rows)


def tile_at(zoom, lat=TOWN[0], lon=TOWN[1]):
    u, v = from_lonlat(lon, lat)
    return int(u * 2**zoom), int(v * 2**zoom)


def same(a, b):
    return np.array_equal(a, b, equal_nan=True)


WAYS = [
    ("sum", "", "15px", "gaussian", False), ("count", "?radius=40px&kernel=quartic", "40px", "quartic", False),
    ("mean", "?radius=9px&kernel=linear", "9px", "linear", False), ("max", "?radius=0px", "0px", "gaussian", False),
    ("sum", "?radius=300m&density=1", "300m", "gaussian", True),
    ("min", "?radius=200m&kernel=uniform", "200m", "uniform", False),
    ("count", "?density=1&kernel=epanechnikov", "15px", "epanechnikov", True),
]  # fmt: skip


@pytest.mark.parametrize(("measure", "query", "radius", "shape", "density"), WAYS)
@pytest.mark.parametrize("zoom", [1, 9, 12])
def test_tiles_read_what_the_points_themselves_do(web, measure, query, radius, shape, density, zoom):
    """To the last bit: cells nest, and weights are whole numbers."""
    x, y = tile_at(zoom)
    wanted = point_heat(
        [points_from(scattered())], window(zoom, x, y), parse_point_measure(measure, "beds", density),
        parse_kernel(radius, shape), Context(1),
    )  # fmt: skip
    assert same(values(web, f"/tiles/{measure}(clinics)/{zoom}/{x}/{y}.npy{query}"), wanted.smoothed.values)


@pytest.mark.parametrize(("measure", "query", "radius", "shape", "density"), [*WAYS[:1], *WAYS[2:6]])
def test_finer_than_the_tracks_ever_are_points_are_as_exact(web, measure, query, radius, shape, density):
    x, y = tile_at(19)
    got = values(web, f"/tiles/{measure}(clinics)/19/{x}/{y}.npy{query}")
    assert np.isfinite(got).any()
    if radius.endswith("px"):
        kernel = parse_kernel(radius, shape)
        reads = point_heat(
            [points_from(scattered())],
            window(19, x, y),
            parse_point_measure(measure, "beds", density),
            kernel,
            Context(1),
        )
        assert same(got, reads.smoothed.values)


@pytest.mark.parametrize(
    ("measure", "query"),
    [("sum(clinics)", "?radius=30px"), ("mean(drift)", "?radius=2km&kernel=linear"), ("max(clinics)", "?radius=9px")],
)
@pytest.mark.parametrize("zoom", [3, 11, 16])
def test_a_mosaic_of_tiles_is_one_large_picture(path, web, measure, query, zoom):
    """Also where a wide radius is drawn from a coarser zoom."""
    x, y = (place - 1 for place in tile_at(zoom))
    tiles = [
        [values(web, f"/tiles/{measure}/{zoom}/{x + k}/{y + row}.npy{query}") for k in range(3)] for row in range(3)
    ]
    from starlette.datastructures import QueryParams

    from heatlas.server.site.query import request_of
    from heatlas.tiles.fields import field_window
    from heatlas.tiles.request import read_look

    with open_library(path) as library:
        view = open_view(library)
        look = read_look(request_of(QueryParams(query[1:]), measure), view.snapshot)
        field = Field(view, view.snapshot, choose(view.snapshot, Filter()), look)
        whole = field_window(field, window(zoom, x, y, 3, 3))
    assert same(np.block(tiles), whole.values)
    assert np.isfinite(whole.values).any()


def test_wide_radii_are_smooth_at_every_zoom(web):
    """Drawn from coarser zooms, they read the same on the same spot."""
    reads = []
    for zoom in (8, 11, 14, 18, 22):
        u, v = from_lonlat(TOWN[1], TOWN[0])
        x, y = tile_at(zoom)
        tile = values(web, f"/tiles/sum(clinics)/{zoom}/{x}/{y}.npy?radius=5km")
        reads.append(tile[int(v * 2**zoom * 256) % 256, int(u * 2**zoom * 256) % 256])
    assert np.ptp(reads) < 0.02 * max(reads)


def test_a_radius_in_pixels_is_as_wide_on_dense_screens(web):
    x, y = tile_at(12)
    once, twice = (values(web, f"/tiles/sum(clinics)/12/{x}/{y}{dense}.npy") for dense in ("", "@2x"))
    assert twice.shape == (512, 512)
    inner = twice.reshape(256, 2, 256, 2).mean(axis=(1, 3))
    both = np.isfinite(once) & np.isfinite(inner)
    assert np.abs(inner - once)[both].mean() < 0.1 * once[both].mean()


def test_over_the_antimeridian(tmp_path):
    import_into(tmp_path / "l.db", {"lat": np.array([10.0, 10.0]), "lon": np.array([179.9, -179.9])}, name="pair")
    with client(tmp_path / "l.db") as web:
        y = tile_at(5, 10.0, 179.9)[1]
        left, right = (values(web, f"/tiles/count(pair)/5/{x}/{y}.npy?radius=64px") for x in (31, 0))
        seam = np.concatenate((left[:, -40:], right[:, :40]), axis=1)
        row = np.argmax(np.nan_to_num(seam).max(axis=1))
        assert np.nanmax(seam) > 1.9
        np.testing.assert_allclose(seam[row], seam[row][::-1], rtol=0.05)
        assert web.get("/tiles.json?measure=count(pair)").json()["bounds"][::2] == [-180.0, 180.0]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("where=sport='Run'", "added up already"), ("sport=Run", "added up already"),
        ("after=2024-01-01", "have no times"),
        ("before=2024-01-01", "have no times"), ("smooth=4m", "radius"), ("radius=65px", "too wide"),
        ("radius=1001km", "too wide"), ("radius=wide", "15px"), ("radius=-5m", "15px"), ("kernel=cone", "quartic"),
        ("density=yes", "square kilometre"), ("radius=5m&radius=6m", "twice"), ("tone=0:1e20", "too wide"),
        ("sigma=3", "no parameter"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_of_points_is_refused_with_a_reason(web, query, word):
    for address in ("/tiles/sum(clinics)/3/4/2.png?", "/scale.json?measure=sum(clinics)&z=3&"):
        answer = web.get(address + query)
        assert answer.status_code == 400, answer.text
        assert word in answer.json()["error"]


@pytest.mark.parametrize(
    ("measure", "query", "word"),
    [
        ("sum(hospitals)", "", "there are clinics, drift, plain_ones"), ("sum(plain_ones)", "", "count(plain_ones)"),
        ("mean(clinics)", "density=1", "density makes sense"), ("sum(Clinics)", "", "no point set"),
        ("passes", "radius=15px", "radius is for points"), ("pace", "density=1", "density is for points"),
        ("mean(clinic)", "", "did you mean"), ("sum", "", "no point set"), ("std(clinics)", "", "no measure"),
        ("sum(" + "x" * 1000 + ")", "", "printable"),
    ],
)  # fmt: skip
def test_measures_that_are_not_there(web, measure, query, word):
    answer = web.get(f"/tiles/{quote(measure)}/3/4/2.png?{query}")
    assert answer.status_code == 400
    assert word in answer.json()["error"]


def test_the_scale_is_one_for_a_zoom(web):
    scale = web.get("/scale.json?measure=sum(clinics)&z=9").json()
    assert (scale["title"], scale["points"], scale["activities"]) == ("Clinics: sum of beds", N, 0)
    assert 0 < scale["low"] < scale["high"]
    assert web.get("/scale.json?measure=sum(clinics)&z=9&density=1").json()["unit"] == "per km²"
    signed = web.get("/scale.json?measure=sum(drift)&z=9").json()
    assert signed["low"] == -signed["high"]
    fixed = web.get("/scale.json?measure=sum(clinics)&z=9&tone=log:10:1000").json()
    assert (fixed["low"], fixed["high"]) == (10, 1000)
    assert web.get("/scale.json?measure=count(plain_ones)&z=9").json()["title"] == "Plain ones: points"
    assert web.get("/scale.json?measure=sum(drift)&z=9&tone=log").status_code == 400


def fields(path, measure, kernel, zoom, weight="beds", density=False, name="clinics"):
    view = open_view(open_library(path))
    look = Look(parse_point_measure(measure, weight, density), Smoothing(), None, None, name, kernel)
    return as_drawn(Field(view, view.snapshot, choose(view.snapshot, Filter()), look), zoom)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A library with the points of the town alone."""
    path = tmp_path_factory.mktemp("town") / "lib.db"
    import_into(path, {name: values[: N - 400] for name, values in scattered().items()}, name="clinics", weight="beds")
    return path


def shown_in(field, zoom):
    """What tiles show in pixels that hold points, ascending."""
    windows = [window(zoom, x, y) for x, y in tiles_of(field, zoom)]
    return np.sort(np.concatenate([smoothed(field, one).values[bare(field, one).filled] for one in windows]))


@pytest.mark.parametrize("measure", ["sum", "count", "mean", "min", "max"])
@pytest.mark.parametrize(
    "kernel", [Kernel(), Kernel("linear", pixels=30), Kernel("uniform", metres=800, pixels=0), Kernel(pixels=0)]
)
def test_the_sample_reads_what_tiles_show(town, measure, kernel):
    field, zoom = fields(town, measure, kernel, 11)
    planes = point_sample.felt(field, zoom)
    layout = field.look.measure.layout
    assert tuple(planes) == layout.names
    with np.errstate(invalid="ignore"):
        felt = np.sort(layout.finish(planes))
    shown = shown_in(field, zoom)
    assert len(felt) == len(shown)
    known = np.isfinite(shown)
    np.testing.assert_array_equal(np.isfinite(felt), known)
    np.testing.assert_allclose(felt[known], shown[known], rtol=0.05, atol=0.02 * np.nanmax(shown))


@pytest.mark.parametrize("kernel", [Kernel(), Kernel("quartic", metres=3000, pixels=0), Kernel("linear", pixels=1.5)])
def test_the_sample_knows_densities(town, kernel):
    field, zoom = fields(town, "sum", kernel, 10, density=True)
    felt = np.sort(point_sample.felt(field, zoom)["x"])
    shown = shown_in(field, zoom)
    np.testing.assert_allclose(felt, shown, rtol=0.05)


@pytest.mark.parametrize("measure", ["sum", "count", "mean", "max"])
def test_a_fair_share_of_pixels_gives_the_tone_of_all(town, monkeypatch, measure):
    whole = tone_of(*fields(town, measure, Kernel(), 12))
    monkeypatch.setattr(point_sample, "_ALL", 10)
    monkeypatch.setattr(point_sample, "_TOP", 200)
    monkeypatch.setattr(point_sample, "_REST", 300)
    part = tone_of(*fields(town, measure, Kernel(), 12))
    assert part.high == pytest.approx(whole.high, rel=0.06)
    assert part.low == pytest.approx(whole.low, rel=0.1, abs=0.1 * whole.high)


def test_tiles_that_hold_anything(path, tmp_path):
    columns = scattered()
    for zoom in (0, 5, 12, 20):
        field, drawn = fields(path, "count", Kernel(), zoom)
        u, v = from_lonlat(columns["lon"], columns["lat"])
        across = 2**zoom
        held = sorted(set(zip((v * across).astype(int).tolist(), (u * across).astype(int).tolist(), strict=True)))
        assert drawn == zoom
        assert tiles_of(field, zoom) == [(x, y) for y, x in held]


def test_tiles_that_hold_tracks(tmp_path):
    with made(tmp_path / "l.db", walks(1, 4)) as library:
        view = open_view(library)
        look = Look(parse_measure_of("passes"), Smoothing(), None, None)
        all_of = Field(view, view.snapshot, choose(view.snapshot, Filter()), look)
        runs = Field(view, view.snapshot, choose(view.snapshot, Filter(sports=("Run",))), look)
        for zoom in (0, 3, 12, 15, 17, 18):
            tiles = tiles_of(all_of, zoom)
            assert set(tiles_of(runs, zoom)) <= set(tiles)
            if 2 <= zoom <= 17:
                assert all(bare(all_of, window(zoom, *tile)) is not None for tile in tiles)
                assert all(bare(runs, window(zoom, *tile)) is not None for tile in tiles_of(runs, zoom))
        inner = {(x // 2, y // 2) for x, y in tiles_of(all_of, 18)}
        assert inner == set(tiles_of(all_of, 17))
        assert len(tiles_of(all_of, 18)) == 4 * len(inner)


def parse_measure_of(text):
    from heatlas.raster.measure import parse_measure

    return parse_measure(text)


def test_the_library_tells_of_its_points(web):
    said = web.get("/api/library.json").json()
    assert said["activities"] == 0
    assert [one["name"] for one in said["point_sets"]] == ["clinics", "drift", "plain_ones"]
    clinics = said["point_sets"][0]
    assert (clinics["points"], clinics["weight"]) == (N, "beds")
    assert len(clinics["places"]) == 12
    assert clinics["places"][0]["center"] == pytest.approx([TOWN[1], TOWN[0]], abs=0.4)
    west, south, east, north = clinics["places"][0]["bbox"]
    assert west <= TOWN[1] <= east
    assert south <= TOWN[0] <= north
    assert [one["name"] for one in said["measures"]] == [
        *(
            f"{reduction}({name})"
            for name, reduction in itertools.product(("clinics", "drift"), ("sum", "count", "mean", "min", "max"))
        ),
        "count(plain_ones)",
    ]
    assert said["measures"][0] == {"name": "sum(clinics)", "title": "Clinics: sum of beds", "points": "clinics"}
    # Without a measure the first one is meant: there are no tracks.
    assert web.get("/scale.json?z=9").json()["title"] == "Clinics: sum of beds"


def test_tilejson_and_wmts_lead_to_the_tiles(web):
    told = web.get("/tiles.json?measure=sum(clinics)&radius=20px&colormap=viridis").json()
    assert told["minzoom"] == 0
    x, y = tile_at(9)
    link = told["tiles"][0].format(z=9, x=x, y=y)
    assert web.get(link).content == web.get(f"/tiles/sum(clinics)/9/{x}/{y}.png?radius=20px&colormap=viridis").content
    assert web.get(told["legend"] + "&z=9").status_code == 200
    wmts = web.get("/WMTSCapabilities.xml?radius=20px&density=1&sport=").text
    space = {"w": "http://www.opengis.net/wmts/1.0", "o": "http://www.opengis.net/ows/1.1"}
    layers = ET.fromstring(wmts).findall(".//w:Layer", space)
    links = {
        layer.find("o:Identifier", space).text: layer.find("w:ResourceURL", space).get("template") for layer in layers
    }
    assert set(links) == {measure["name"] for measure in web.get("/api/library.json").json()["measures"]}
    for name, template in links.items():
        filled = template.replace("{TileMatrix}", "9").replace("{TileCol}", str(x)).replace("{TileRow}", str(y))
        assert web.get(filled).status_code == 200, name
    assert web.get("/WMTSCapabilities.xml?radius=huge").status_code == 400


@pytest.mark.parametrize("form", ["png", "webp"])
def test_pictures_show_the_values(web, form):
    x, y = tile_at(11)
    picture = pixels(web.get(f"/tiles/sum(clinics)/11/{x}/{y}.{form}").content)
    tile = values(web, f"/tiles/sum(clinics)/11/{x}/{y}.npy")
    assert (picture[..., 3][tile > np.nanquantile(tile, 0.5)] > 0).all()
    assert (picture[..., 3][np.isnan(tile)] == 0).all()


def test_what_is_imported_or_removed_is_seen_at_once(tmp_path):
    path = tmp_path / "l.db"
    import_into(path, scattered(), name="a", weight="beds")
    x, y = tile_at(10)
    with client(path) as web:
        before = web.get(f"/tiles/sum(a)/10/{x}/{y}.npy")
        import_into(path, scattered(5), name="a", weight="beds")
        after = web.get(f"/tiles/sum(a)/10/{x}/{y}.npy")
        assert after.content != before.content
        assert after.headers["etag"] != before.headers["etag"]
        remove_points(path, "a")
        assert web.get(f"/tiles/sum(a)/10/{x}/{y}.npy").status_code == 400


def test_points_and_tracks_live_side_by_side(tmp_path):
    path = tmp_path / "l.db"
    made(path, walks(1, 6)).close()
    with client(path) as web:
        alone = web.get("/tiles/passes/12/2172/1428.npy").content
        assert web.get("/api/library.json").json()["point_sets"] == []
    import_into(path, scattered(), name="a", weight="beds", clip_ends=None)
    with client(path, public=True, public_measures="passes") as web:
        assert web.get("/tiles/sum(a)/3/4/2.npy").status_code == 403
        assert web.get("/tiles/passes/12/2172/1428.npy").content == alone
        said = web.get("/api/library.json").json()
        assert [one["name"] for one in said["measures"]][:2] == ["passes", "activities"]
        assert said["measures"][-1]["points"] == "a"
        assert "source" not in said["point_sets"][0]
        assert web.get("/tiles/sum(a)/3/4/2.png").status_code == 200
        assert web.get("/scale.json?z=9").json()["title"] == "Passes"


def test_the_description_names_the_points(web):
    paths = web.get("/openapi.json").json()["paths"]
    measure = paths["/scale.json"]["get"]["parameters"][1]
    assert measure["name"] == "measure"
    assert {"passes", "sum(clinics)", "count(plain_ones)"} <= set(measure["schema"]["anyOf"][0]["enum"])


def test_serve_shows_a_table_out_of_a_library_for_the_while(tmp_path):
    import json
    import os
    import signal
    import subprocess
    import sys
    import time
    import urllib.error
    import urllib.request

    (tmp_path / "hospitals.csv").write_text("lat,lon,beds\n47.8,10.9,12\n47.81,10.9,30\n")
    with subprocess.Popen(
        [sys.executable, "-m", "heatlas", "serve", str(tmp_path / "hospitals.csv"), "--weight", "beds", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as server:  # fmt: skip
        try:
            address = next(line for line in server.stdout if "http://" in line).split()[0]
            for _ in range(100):
                try:
                    with urllib.request.urlopen(address + "api/library.json", timeout=20) as answer:
                        assert json.load(answer)["measures"][0]["name"] == "sum(hospitals)"
                    break
                except urllib.error.URLError:
                    time.sleep(0.1)
            else:
                pytest.fail("the server did not answer")
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)


@pytest.mark.hypothesis
@pytest.mark.parametrize("address", ["/tiles/{measure}/{z}/{x}/{y}.{form}", "/scale.json", "/WMTSCapabilities.xml"])
def test_any_request_is_answered_as_described(web, address):
    """Made-up requests over tracks and points: never a failure of the server, always a status that is told."""
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, Phase, given
    from hypothesis import settings as limits
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

    operation = schemathesis.openapi.from_dict(web.get("/openapi.json").json())[address]["GET"]
    seen = set()

    def ask(case):
        sent = case.as_transport_kwargs(base_url="http://127.0.0.1")
        answer = web.request(sent["method"], sent["url"], params=sent.get("params"))
        seen.add(answer.status_code)
        case.validate_response(
            answer, checks=[not_a_server_error, status_code_conformance, response_schema_conformance]
        )

    few = limits(
        max_examples=60,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    few(given(operation.as_strategy())(ask))()
    assert seen & {200, 400, 404}
