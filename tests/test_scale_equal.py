"""Tiles of a plan equal those of one machine for any partitions, ranges, engine and store: a covering set of each."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from partitions import table_of, trips_of, write_partitions
from test_scale import published, recipe_of, tiles_in

from heatlas.core.context import Context
from heatlas.core.filesystems import locate
from heatlas.scale.archive import build
from heatlas.scale.dask_engine import Dask
from heatlas.scale.plan import Sizes
from heatlas.scale.pool import Pool

ZOOMS = (8, 12)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Trips of 64 persons, in 1, 8 and 64 partitions and in one table; and what one machine publishes, by measure."""
    folder = tmp_path_factory.mktemp("crowd")
    trips = trips_of(persons=64, trips=1, fixes=40)
    for count in (1, 8, 64):
        write_partitions(folder / f"in{count}", trips, count)
    pq.write_table(table_of(trips), folder / "all.parquet")
    known = {}

    def tiles(measure):
        if measure not in known:
            known[measure] = published(folder, folder / f"{measure}.pmtiles", measure, zoom="8-12")
        return known[measure]

    return folder, tiles


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address="127.0.0.1:0", set_as_default=False
    ) as made:
        yield made


@pytest.mark.parametrize(
    ("measure", "partitions", "ranges", "engine", "store"),
    [
        ("passes", 1, 50, "pool", "disk"),
        ("passes", 64, 7, "dask", "bucket"),
        ("people", 8, 1, "pool", "bucket"),
        ("people", 64, 50, "dask", "disk"),
        ("seconds", 64, 1, "dask", "disk"),
        ("seconds", 1, 7, "dask", "bucket"),
        ("pace", 8, 7, "pool", "disk"),
        ("pace", 8, 50, "dask", "bucket"),
    ],
)
def test_tiles_are_equal_whatever_makes_them(
    crowd, client, bucket, tmp_path, measure, partitions, ranges, engine, store
):
    folder, tiles = crowd
    source, place = folder / f"in{partitions}", str(tmp_path)
    if store == "bucket":
        for file in source.iterdir():
            locate(f"{bucket}/in/{file.name}").write(file.read_bytes())
        source, place = f"{bucket}/in", bucket
    recipe, sizes = recipe_of(measure, zooms=ZOOMS), Sizes(16, ranges, 40)
    with Pool(1) as pool:  # starts nothing until it is used
        doing = pool if engine == "pool" else Dask(client)
        build([source], f"{place}/a.pmtiles", recipe, doing, Context(1), sizes=sizes)
    (tmp_path / "b.pmtiles").write_bytes(locate(f"{place}/a.pmtiles").read())
    assert tiles_in(tmp_path / "b.pmtiles") == tiles(measure)
    left = {file.path.split("/")[1] for file in locate(bucket).files()} if store == "bucket" else set()
    assert left <= {"in", "a.pmtiles"}
