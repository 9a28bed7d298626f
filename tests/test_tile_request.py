"""What may be asked of tiles is read by the same code for the server, maps in notebooks and publishing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import traitlets
from library_made import made, walks
from publishing import asked
from serving import client

import heatlas
from heatlas.core.errors import BadOption
from heatlas.library.manage import import_into
from heatlas.publish.request import parse_request
from heatlas.tiles.request import LAST_ZOOM, TileRequest


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("asked") / "lib.db"
    made(path, walks(1, 3)).close()
    spread = np.linspace(0, 1, 30)
    import_into(path, {"lat": 47 + spread, "lon": 10 + spread, "beds": spread}, name="clinics", weight="beds")
    import_into(path, {"lat": 47 + spread, "lon": 10 + spread}, name="plain")
    return path


@pytest.fixture(scope="module")
def web(path):
    with client(path) as web:
        yield web


@pytest.fixture(scope="module")
def live(path):
    live = heatlas.LiveMap(path)
    yield live
    live.close()


TRACKS, POINTS = {"measure": "passes"}, {"measure": "sum(clinics)"}


@pytest.mark.parametrize(
    ("look", "says"),
    [
        (TRACKS | {"smooth": "200px"}, "too wide.*at most 16px or 100km"),
        (TRACKS | {"smooth": "101km"}, "too wide.*at most 16px or 100km"),
        (TRACKS | {"smooth": "wide"}, "write it like 4m or 2px"),
        (POINTS | {"radius": "65px"}, "too wide.*at most 64px or 1000km"),
        (POINTS | {"kernel": "cone"}, "gaussian.*quartic"),
        (POINTS | {"tone": "0:1e20"}, "too wide or too narrow to be drawn"),
        (TRACKS | {"tone": "loud"}, "loud"),
        (TRACKS | {"tone": "local:2"}, "local:0.5 for the share of the global tone"),
        (TRACKS | {"colormap": "mud"}, "mud"),
        ({"measure": "pase"}, "did you mean"),
        ({"measure": "sum(plain)"}, r"the points of plain have no weights: take count\(plain\)"),
    ],
)
def test_the_same_is_refused_everywhere_in_the_same_words(path, web, live, look, says):
    answer = web.get("/scale.json", params={**look, "z": 9})
    assert answer.status_code == 400
    with pytest.raises(BadOption, match=says):
        raise BadOption(answer.json()["error"])
    with pytest.raises(BadOption, match=says):
        parse_request(path, asked(**look))
    name, value = list(look.items())[-1]
    with pytest.raises(traitlets.TraitError, match=says):
        setattr(live, name, value)


@pytest.mark.parametrize(
    "look",
    [
        TRACKS | {"smooth": "16px"},
        POINTS | {"radius": "64px"},
        POINTS | {"tone": "1:2", "kernel": "linear"},
        TRACKS | {"tone": "local:0.4"},
    ],
)
def test_the_same_is_taken_everywhere(path, web, live, look):
    assert web.get("/scale.json", params={**look, "z": 9}).status_code == 200
    assert parse_request(path, asked(**look)).look.measure.reduction in {"passes", "sum"}
    for name, value in look.items():
        setattr(live, name, value)
    live.measure = "passes"


def test_the_finest_zoom_is_one(web, live, path):
    from heatlas.widget.responses import answer

    assert web.get(f"/tiles/passes/{LAST_ZOOM}/0/0.png").status_code == 200
    assert web.get(f"/tiles/passes/{LAST_ZOOM + 1}/0/0.png").status_code == 404
    message = {"kind": "tile", "x": 0, "y": 0, "wish": {}}
    answer(live._view, message | {"z": LAST_ZOOM})
    with pytest.raises(BadOption, match=f"0 to {LAST_ZOOM}"):
        answer(live._view, message | {"z": LAST_ZOOM + 1})
    parse_request(path, asked(zooms=(0, LAST_ZOOM)))
    with pytest.raises(BadOption, match=f"0 to {LAST_ZOOM}"):
        parse_request(path, asked(zooms=(0, LAST_ZOOM + 1)))


def test_what_is_left_open_is_left_open():
    request = TileRequest(
        measure="passes", sports=("Run", "", "Ride", "Run"), where="", after="2024-01-01", density=False
    )
    assert request.filter.sports == ("Ride", "Run")
    assert (request.filter.where, request.filter.after) == (None, "2024-01-01")
    assert request.without("sport", "where", "density", "after") == replace(TileRequest(), measure="passes")
    assert [name for name in ("sport", "where", "density", "before") if request.given(name)] == [
        "sport",
        "where",
        "density",
    ]
