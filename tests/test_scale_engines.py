"""Engines of the plan: processes that are killed, Dask, and what is refused before any work."""

from __future__ import annotations

import pytest
from partitions import trips_of, write_partitions
from test_scale import names_in, recipe_of, tiles_in

import heatlas
from heatlas.core.context import Context
from heatlas.core.errors import BadOption
from heatlas.scale.archive import build
from heatlas.scale.dask_engine import Dask, refuse_other_versions
from heatlas.scale.engine import Here
from heatlas.scale.plan import Sizes

ONE = Context(1)
SMALL = Sizes(2, 3, 40)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Partitions, a recipe, and the tiles that one process makes."""
    folder = tmp_path_factory.mktemp("built")
    source = write_partitions(folder / "in", trips_of(persons=4, trips=2, fixes=50), 3)
    recipe = recipe_of(zooms=(8, 11))
    build([source], str(folder / "a.pmtiles"), recipe, Here(), ONE, sizes=SMALL)
    return source, recipe, tiles_in(folder / "a.pmtiles")


def test_dask_makes_the_same_tiles(built, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    source, recipe, tiles = built
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0", set_as_default=False
    ) as client:
        build([source], str(tmp_path / "a.pmtiles"), recipe, Dask(client), ONE, sizes=SMALL)
        assert tiles_in(tmp_path / "a.pmtiles") == tiles
        refuse_other_versions(client)
        said = client.get_versions(packages=["heatlas", "numpy", "numba", "pyarrow"])
        next(iter(said["workers"].values()))["packages"]["numpy"] = "1.0"
        monkeypatch.setattr(client, "get_versions", lambda **_: said)
        with pytest.raises(BadOption, match=r"the worker \S+ has numpy 1\.0, and this process has \d"):
            refuse_other_versions(client)
        said["workers"] = {}
        with pytest.raises(BadOption, match="has no worker"):
            refuse_other_versions(client)


def test_render_takes_an_engine(built, tmp_path):
    source, _, tiles = built
    said = heatlas.render(source, output=tmp_path / "a.pmtiles", engine="pool", zoom="8-11", workers=1, track="trip")
    assert tiles_in(tmp_path / "a.pmtiles") == tiles
    assert (said["persons"], said["activities"], said["fixes"], said["partitions"]) == (4, 8, 400, 3)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"engine": "spark"}, "there is no engine 'spark': take pool, dask"),
        ({"engine": "dask="}, "there is no engine 'dask='"),
        ({"engine": 3}, "engine 3 is none"),
        ({"engine": "pool", "track": "ride"}, "--track ride: partitions have the column trip"),
        ({"engine": "pool", "refit": True}, "--refit cannot be had with --engine"),
        ({"engine": "pool", "measure": "std(pace)"}, "an engine counts passes, .*not std"),
        ({"work": "there"}, "--work is for --engine"),
    ],
)
def test_what_an_engine_cannot_is_refused(built, tmp_path, options, sentence):
    with pytest.raises(BadOption, match=sentence):
        heatlas.render(built[0], output=tmp_path / "a.pmtiles", **options)
    with pytest.raises(BadOption, match="writes one archive"):
        heatlas.render(built[0], output=tmp_path / "folder/", engine="pool")
    assert not names_in(tmp_path)
