"""What lies in view: counts equal to a slow twin's, scales fitted to it, and files packed for the wire."""

from __future__ import annotations

import gzip
import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_made import made, walks
from serving import client

from heatlas import web
from heatlas.core.mercator import from_lonlat, to_lonlat
from heatlas.library.index.drawing import read_passages
from heatlas.raster.measure import parse_measure
from heatlas.raster.offered import every_measure
from heatlas.style.defaults import measure_unit
from heatlas.tiles.in_view import activities_in, window_of
from heatlas.tiles.scales import unit_text
from heatlas.tiles.view import close, open_view

PLACE = (47.8, 10.9)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    apart = [walks(seed, 6, lat, lon) for seed, lat, lon in ((1, *PLACE), (2, 47.83, 10.95), (3, 47.8, 179.998))]
    library = made(tmp_path_factory.mktemp("view") / "made.db", list(itertools.chain(*apart)))
    yield library
    library.close()


@pytest.fixture(scope="module")
def view(library):
    return open_view(library)


def slowly(view, box, zoom):
    """Activities with a passage in a box, passage by passage."""
    window, found = window_of(box, zoom), set()
    for x, y, owners, passages in read_passages(view.library, window, parse_measure("share(pace < 1)")):
        cells = passages.cells.astype(np.int64)
        column, row = x * 256 + cells % 256 - window.x, y * 256 + cells // 256 - window.y
        inside = (column >= 0) & (column < window.width) & (row >= 0) & (row < window.height)
        found |= set(owners[inside].tolist())
    return found


@given(
    st.sampled_from([PLACE, (47.83, 10.95), (47.8, 179.999), (47.81, 10.92)]),
    st.floats(-0.004, 0.004), st.floats(-0.004, 0.004), st.floats(1e-5, 0.05), st.floats(1e-5, 0.03),
    st.integers(9, 16),
)  # fmt: skip
def test_who_is_in_view_is_what_a_slow_twin_finds(view, place, north, east, width, height, zoom):
    lat, lon = place[0] + north, place[1] + east
    box = (lon - width, lat - height, lon + width, lat + height)
    found = activities_in(view, view.snapshot, box, zoom)
    assert set(np.flatnonzero(found).tolist()) == slowly(view, box, zoom)


def asked(box, measure="passes", z=14, **more):
    return {"bbox": ",".join(f"{edge:.6f}" for edge in box), "measure": measure, "z": z, **more}


HERE = (10.85, 47.78, 10.93, 47.815)
THERE = (10.94, 47.82, 10.97, 47.84)


def test_a_view_counts_its_activities_and_their_days_and_sports(library):
    with client(library.path) as page:
        found = page.get("/view.json", params=asked(HERE, "heart_rate")).json()
        assert (found["activities"], found["needs"]) == (6, "heart rate")
        assert found["known"] == 4, "every third walk has none"
        assert dict(found["sports"]) == {"Run": 3, "Ride": 3}
        assert sum(count for _, count in found["days"]) + found["undated"] == 6
        after = found["days"][2][0]
        later = page.get("/view.json", params=asked(HERE, after=after, sport="Run")).json()
        assert later["activities"] < 3
        assert sum(count for _, count in later["days"]) + later["undated"] == 3, "days are those of any date"
        assert page.get("/view.json", params=asked((0, 0, 1, 1))).json()["activities"] == 0
        assert page.get("/view.json", params=asked(HERE, before="2023-01-01")).json()["known"] == 0


def test_a_pace_of_rides_and_runs_names_the_sport_that_dominates(library):
    with client(library.path) as page:
        mixed = page.get("/view.json", params=asked(HERE, "pace")).json()["mixed"]
        assert mixed["sport"] in {"Run", "Ride"}
        assert mixed["sports"] == 2
        for changed in ({"sport": "Run"}, {"measure": "heart_rate"}, {"measure": "flat_pace"}, {"measure": "passes"}):
            assert page.get("/view.json", params={**asked(HERE, "pace"), **changed}).json()["mixed"] is None, changed


def test_a_public_map_tells_nothing_of_its_parts(library):
    with client(library.path, public=True) as page:
        assert page.get("/view.json", params=asked(HERE)).status_code == 403
        assert page.get("/scale.json", params=asked(HERE)).status_code == 403
        assert page.get("/scale.json", params={"measure": "passes", "z": 14}).status_code == 200


def test_a_scale_is_fitted_to_what_is_in_view(library):
    with client(library.path) as page:
        whole = page.get("/scale.json", params={"measure": "max(elevation)", "z": 15}).json()
        parts = [page.get("/scale.json", params=asked(box, "max(elevation)", 15)).json() for box in (HERE, THERE)]
        assert parts[0] != parts[1]
        assert all(whole["low"] - 2 <= part["low"] < part["high"] <= whole["high"] + 2 for part in parts)
        ranked = page.get("/scale.json", params=asked(HERE, z=15, tone="rank")).json()
        assert ranked["curve"] == "log", "of a rank no two numbers say all"
        ranged = page.get("/scale.json", params=asked(HERE, z=15, tone="sqrt:5:6")).json()
        assert (ranged["curve"], ranged["high"]) != ("sqrt", 6.0)
        nothing = page.get("/scale.json", params=asked((0, 0, 1, 1))).json()
        assert (nothing["low"], nothing["ticks"]) == (None, [])


def test_the_box_of_one_tile_fits_as_the_tile_itself(library):
    """The values that decide are those of the tile, with what smoothing brings in from beside it."""
    from heatlas.tiles.fields import Field
    from heatlas.tiles.look import Filter
    from heatlas.tiles.request import TileRequest, read_look
    from heatlas.tiles.scales import fitted_to
    from heatlas.tiles.snapshot import choose

    view = open_view(library)
    field = Field(
        view, view.snapshot, choose(view.snapshot, Filter()), read_look(TileRequest(smooth="0"), view.snapshot)
    )
    u, v = from_lonlat(PLACE[1], PLACE[0])
    x, y = int(u * 2**15), int(v * 2**15)
    (west, east), (north, south) = to_lonlat(np.array([x, x + 1]) / 2**15, np.array([y, y + 1]) / 2**15)
    from heatlas.tiles.fields import field_window

    drawn = field_window(field, window_of((west, south, east, north), 15))
    tone = fitted_to(field, 15, (west, south, east, north))
    assert tone.high == pytest.approx(np.quantile(drawn.values[drawn.filled], 0.9995, method="higher"))
    close(view)


@pytest.mark.parametrize("name", every_measure())
def test_every_unit_is_written_once(name):
    """Beside the title, in the title, or by each number."""
    measure = parse_measure(name)
    unit, written = measure_unit(measure), unit_text(parse_measure(name))
    if unit.label:
        assert written == unit.label or unit.label.lower() == name.lower(), (name, written)
    else:
        assert unit.symbol in {"", "%"} or unit.style != "plain" or unit.format(1.0) != "1", name


def test_files_of_the_page_are_packed_for_who_can_unpack_them(library):
    with client(library.path) as page:
        for path in ("static/app.js", "static/web/vendor/maplibre-gl.mjs", "static/web/vendor/world.json", ""):
            plain = page.get(f"/{path}", headers={"Accept-Encoding": "identity"})
            packed = page.get(f"/{path}", headers={"Accept-Encoding": "gzip"})
            assert "content-encoding" not in plain.headers
            assert packed.headers["content-encoding"] == "gzip"
            assert packed.content == plain.content
            assert int(packed.headers["content-length"]) < 0.4 * len(plain.content)
            assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
            brotli = page.get(f"/{path}", headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
            assert brotli.headers["content-encoding"] == "br"
            assert int(brotli.headers["content-length"]) < int(packed.headers["content-length"])
            with page.stream("GET", f"/{path}", headers={"Accept-Encoding": "br"}) as raw:
                unpacked = pa.Codec("brotli").decompress(b"".join(raw.iter_raw()), len(plain.content), asbytes=True)
            assert unpacked == plain.content
            again = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]}
            assert page.get(f"/{path}", headers=again).status_code == 304
        assert "content-encoding" not in page.get("/static/web/icon.svg").headers, "it is small"
        refused = page.get("/static/app.js", headers={"Accept-Encoding": "br;q=0, gzip;q=0.0"})
        assert "content-encoding" not in refused.headers
        assert page.get("/static/nothing.js").status_code == 404
        assert page.head("/static/app.js").status_code == 200


def test_the_page_fits_its_budget():
    """All that a first view loads but its tiles, packed: 900 kB with some room for these."""
    from heatlas.server.routes import STATIC

    files = [*STATIC.iterdir(), *web.STATIC.iterdir(), *(web.STATIC / "vendor").iterdir()]
    sizes = [
        len(gzip.compress(file.read_bytes(), 8))
        for file in files
        if file.suffix in {".js", ".mjs", ".css", ".json", ".html"}
    ]
    assert sum(sizes) < 850_000, f"{sum(sizes):,} bytes"


def test_years_are_told_as_they_grew(library):
    with client(library.path) as page:
        (year,) = page.get("/api/years.json").json()["years"]
        assert year["year"] == 2023
        days, counts = [row[0] for row in year["grown"]], [row[1] for row in year["grown"]]
        assert days == sorted(set(days))
        assert counts == sorted(counts)
        dated = sum(activity.start is not None for activity in open_view(library).snapshot.activities.values())
        assert counts[-1] == dated
        assert [row[2] for row in year["grown"]] == list(range(1, len(days) + 1))
        assert dict(year["sports"]).keys() == {"Run", "Ride"}
        runs = page.get("/api/years.json", params={"sport": "Run"}).json()["years"][0]
        assert runs["grown"][-1][1] == dict(year["sports"])["Run"]
    with client(library.path, token="s3cret") as page:
        told = page.get("/api/years.json", params={"token": "s3cret"}).json()
        assert told["years"][0]["longest"] is None, "it would be a single activity"
    with client(library.path, public=True) as page:
        assert page.get("/api/years.json").status_code == 403
