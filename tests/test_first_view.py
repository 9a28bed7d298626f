"""A folder of tiles, a page, the server's TileJSON and the live map open at the same place."""

from __future__ import annotations

import json
import re

import pytest
from library_made import made
from serving import client, named

from heatlas.core.context import Context
from heatlas.library.manage import import_into
from heatlas.options import RenderOptions, ViewportOptions
from heatlas.publish.layers import publish_html
from heatlas.publish.publishing import publish
from heatlas.tiles.metadata import first_view

PLAIN = RenderOptions(frame=ViewportOptions(zoom="8-10"))


def opened(path, folder, measure):
    """Where a folder, a page and the server's TileJSON begin, and the box of the live map."""
    options = RenderOptions(measure=measure, frame=PLAIN.frame)
    publish(path, folder / "tiles", options, Context(1))
    told = json.loads((folder / "tiles" / "tiles.json").read_text())
    publish_html(path, folder / "page.html", options, Context(1))
    page = re.search(r'<script type="application/json" id="data">(.*?)</script>', (folder / "page.html").read_text())
    first = json.loads(page[1])["places"][0]
    with client(path) as web:
        library = web.get("/api/library.json").json()
        tile_json = web.get(f"/tiles.json?measure={measure}").json()
    sets = {one["name"]: one for one in library["point_sets"]}
    live = sets["clinics"] if "clinics" in measure else library["places"][0]
    return told["center"], first, tile_json["center"], live


@pytest.mark.parametrize("measure", ["passes", "sum(clinics)"])
def test_all_maps_of_a_library_open_at_the_same_place(tmp_path, measure):
    path = made(tmp_path / "a.db", [*named(6), *named(3, seed=2, lat=60.2, lon=24.9)]).path
    table = tmp_path / "clinics.csv"
    rows = [f"{47.5 + k / 100},{10.5 + k / 90},{k + 1}" for k in range(60)] + ["-33.9,151.2,2"]  # one far away
    table.write_text("lat,lon,weight\n" + "\n".join(rows) + "\n")
    import_into(path, table)
    folder, page, served, live = opened(path, tmp_path, measure)
    lon, lat, zoom = first_view(tuple(live["bbox"]))
    assert page["bbox"] == pytest.approx(live["bbox"])
    assert folder == pytest.approx([lon, lat, min(max(zoom, 8), 10)])
    assert served[:2] == pytest.approx([lon, lat])
    if measure == "passes":
        assert page["name"] == live["name"]
