"""What becomes of a published map when nothing is left to show: a filter's slip is refused, an emptied library not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from library_made import made, walks
from publishing import folder_tiles, publish, tiles_in

import heatlas
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.library.file.opening import open_library
from heatlas.library.maintenance import remove
from heatlas.library.manage import import_into
from heatlas.library.rows.merged import list_activities

OUTPUTS = ("tiles", "heat.mbtiles", "heat.pmtiles", "heat.sqlitedb")
ZOOMS = (9, 11)


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("chosen", [{"after": "2099-01-01"}, {"where": "distance > 1e9"}])
def test_a_filter_that_leaves_nothing_leaves_a_published_map_as_it_is(tmp_path, name, chosen):
    made(tmp_path / "lib.db", walks(1, 4)).close()
    publish(tmp_path / "lib.db", tmp_path / name, zooms=ZOOMS)
    before = tiles_in(tmp_path / name)
    assert before
    with pytest.raises(NothingToDraw, match=r"^the filter leaves none of 4 activities$"):
        heatlas.render(tmp_path / "lib.db", output=tmp_path / name, zoom="9-11", **chosen)
    assert tiles_in(tmp_path / name) == before
    assert publish(tmp_path / "lib.db", tmp_path / name, zooms=ZOOMS)["tiles"]["unchanged"] == len(before)


def test_a_filter_that_leaves_nothing_makes_nothing(tmp_path):
    made(tmp_path / "lib.db", walks(1, 3)).close()
    for name in (*OUTPUTS, "map.html"):
        with pytest.raises(NothingToDraw, match="the filter leaves none of 3 activities"):
            heatlas.render(tmp_path / "lib.db", output=tmp_path / name, zoom="9-10", after="2099-01-01")
        assert not (tmp_path / name).exists()


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_library_that_has_become_empty_empties_its_map(tmp_path, name):
    library = made(tmp_path / "lib.db", walks(1, 4))
    publish(tmp_path / "lib.db", tmp_path / name, zooms=ZOOMS)
    held = len(tiles_in(tmp_path / name))
    with library.read() as link:
        numbers = [number for (number,) in link.execute("SELECT number FROM activities")]
    remove(library, numbers)
    library.close()
    report = publish(tmp_path / "lib.db", tmp_path / name, zooms=ZOOMS, after="2020-01-01")
    assert report["tiles"]["removed"] == held > 0
    assert not tiles_in(tmp_path / name)


@pytest.mark.parametrize("chosen", [{"where": "sport = 'Run'"}, {"sport": ["Run"]}])
def test_what_the_filter_of_the_map_no_longer_finds_goes_from_it(tmp_path, chosen):
    # Else what was removed from the library would stay published.
    library = made(tmp_path / "lib.db", walks(1, 4))
    for name in OUTPUTS:
        publish(tmp_path / "lib.db", tmp_path / name, zooms=ZOOMS, **chosen)
    remove(library, [number for number, activity in list_activities(library).items() if activity.sport == "Run"])
    library.close()
    for name in OUTPUTS:
        held = len(tiles_in(tmp_path / name))
        report = publish(tmp_path / "lib.db", tmp_path / name, zooms=ZOOMS, **chosen)
        assert report["tiles"]["removed"] == held > 0
        with pytest.raises(NothingToDraw, match="leaves none"):
            publish(tmp_path / "lib.db", tmp_path / name, zooms=ZOOMS, where="sport = 'Runn'")
        with pytest.raises(BadOption, match="no activity is a Walk: there are Ride"):
            publish(tmp_path / "lib.db", tmp_path / name, zooms=ZOOMS, sport=["Walk"])


def test_what_has_become_private_goes_from_a_public_map(tmp_path):
    made(tmp_path / "lib.db", walks(1, 3)).close()
    held = publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=ZOOMS, public=True)["tiles"]["written"]
    with open_library(tmp_path / "lib.db") as library, library.write() as link:
        link.execute("UPDATE activities SET private = 1")
    report = publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=ZOOMS, public=True)
    assert report["tiles"]["removed"] == held > 0


def test_rows_of_which_none_is_chosen_leave_a_published_map_as_it_is(tmp_path):
    rows = {"lat": np.array([60.0, 60.01]), "lon": np.array([24.0, 24.02]), "w": np.array([3.0, 40.0])}
    import_into(tmp_path / "lib.db", rows, name="rows", weight="w")
    publish(tmp_path / "lib.db", tmp_path / "tiles", zooms=ZOOMS)
    before = tiles_in(tmp_path / "tiles")
    with pytest.raises(NothingToDraw):
        heatlas.render(rows, output=tmp_path / "tiles", weight="w", zoom="9-11", where="w > 100")
    assert tiles_in(tmp_path / "tiles") == before


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_table_that_has_become_empty_empties_its_map(tmp_path, name):
    table = tmp_path / "table.csv"
    table.write_text("lat,lon,w\n60,24,3\n60.01,24.02,40\n")
    heatlas.render(table, output=tmp_path / name, weight="w", zoom="9-11")
    held = len(tiles_in(tmp_path / name))
    table.write_text("lat,lon,w\n")
    with pytest.raises(NothingToDraw, match="has no rows"):  # a filter may be a slip
        heatlas.render(table, output=tmp_path / name, weight="w", zoom="9-11", where="w > 1")
    with pytest.raises(NothingToDraw, match="has no rows"):  # and there is nothing to empty
        heatlas.render(table, output=tmp_path / f"other-{name}", weight="w", zoom="9-11")
    assert len(tiles_in(tmp_path / name)) == held > 0
    report = heatlas.render(table, output=tmp_path / name, weight="w", zoom="9-11")
    assert not report["tiles"]["written"]
    assert not tiles_in(tmp_path / name)
    table.write_text("lat,lon,w\n60,24,3\n")
    heatlas.render(table, output=tmp_path / name, weight="w", zoom="9-11")
    assert tiles_in(tmp_path / name)


@pytest.mark.parametrize("name", OUTPUTS)
def test_tiles_of_another_form_are_emptied_as_well(tmp_path, name):
    table = tmp_path / "table.csv"
    how = {"weight": "w", "zoom": "9-11", "format": "webp", "title": "Drops", "attribution": "mine"}
    table.write_text("lat,lon,w\n60,24,3\n60.01,24.02,40\n")
    assert heatlas.render(table, output=tmp_path / name, **how)["tiles"]["written"]
    table.write_text("lat,lon,w\n")
    assert not heatlas.render(table, output=tmp_path / name, **how)["tiles"]["written"]
    assert not {**tiles_in(tmp_path / name), **folder_tiles(tmp_path / name, "webp")}
    if name == "tiles":
        told = json.loads((tmp_path / name / "tiles.json").read_text())
        assert (told["name"], told["attribution"]) == ("Drops", "mine")
