"""Partitions of large data: what they are, and what is refused before any work."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.filesystems import is_address, locate
from heatlas.sources.contract.columns import MARK, Stated, hash_of, hashes_of
from heatlas.sources.contract.partitions import find_partitions, refuse_shared_persons
from heatlas.sources.contract.reading import read_trips


def fixes(*trips, n=10, **columns):
    """Rows of trips (person, trip), `n` of each, with more columns."""
    rows = {
        "person": np.repeat([person for person, _ in trips], n),
        "trip": np.repeat([trip for _, trip in trips], n),
        "time": pa.array(np.tile(np.arange(n) * 1500, len(trips))).cast(pa.timestamp("ms", "UTC")),
        "lat": np.tile(np.linspace(60.0, 60.1, n), len(trips)),
        "lon": np.tile(np.linspace(24.0, 24.1, n), len(trips)),
    }
    return pa.table({**rows, **columns})


def written(path, table, persons=None, **how):
    """Write a partition, with a footer of ours where its persons are given."""
    path.parent.mkdir(exist_ok=True)
    if persons is not None:
        table = table.replace_schema_metadata({MARK: Stated(1, hashes_of(persons)).written()})
    pq.write_table(table, path, **how)
    return path


def trips_of(path, **how):
    (partition,) = find_partitions([path])
    return list(read_trips(partition, **how))


def test_trips_come_whole_whatever_the_row_groups(tmp_path):
    table = fixes(("anna", "1"), ("anna", "2"), ("bert", "1"), heart_rate=np.arange(30, dtype=np.float32))
    for rows in (1, 3, 7, 10, 100):
        found = trips_of(written(tmp_path / "a.parquet", table, row_group_size=rows))
        assert [(person, each.activity.id) for person, each in found] == [("anna", "1"), ("anna", "2"), ("bert", "1")]
        for k, (_, each) in enumerate(found):
            np.testing.assert_array_equal(each.lat, np.linspace(60.0, 60.1, 10))
            np.testing.assert_array_equal(each.time, np.arange(10) * 1.5)
            np.testing.assert_array_equal(each.columns["heart_rate"], np.arange(10 * k, 10 * k + 10))


def test_whole_numbers_are_1e_7_degrees_and_columns_not_needed_are_not_read(tmp_path):
    table = fixes(("anna", "1"), heart_rate=np.full(10, 120.0, np.float32))
    for column in ("lat", "lon"):
        whole = pa.array(np.round(table[column].to_numpy() * 1e7).astype(np.int32))
        table = table.set_column(table.schema.get_field_index(column), column, whole)
    ((_, found),) = trips_of(written(tmp_path / "a.parquet", table), columns=())
    assert found.lat[-1] == 60.1
    assert found.lon[0] == 24.0
    assert not found.columns


def test_attributes_and_one_private_row(tmp_path):
    private = pa.array([None] * 9 + [True] + [False] * 10)
    table = fixes(("anna", "1"), ("anna", "2"), private=private, sport=["run"] * 20, distance=np.full(20, 5.5))
    (_, first), (_, second) = trips_of(written(tmp_path / "a.parquet", table, row_group_size=6))
    assert first.activity.private
    assert not second.activity.private
    assert (first.activity.sport, first.activity.distance, first.activity.name) == ("Run", 5.5, "1")


def test_rows_of_others_are_sorted_by_time_and_ours_are_not(tmp_path):
    table = fixes(("anna", "1"))
    back = table.take(np.arange(10)[::-1])
    ((_, sorted_),) = trips_of(written(tmp_path / "a.parquet", back))
    ((_, kept),) = trips_of(written(tmp_path / "b.parquet", back, ["anna"]))
    assert sorted_.lat[0] == 60.0
    assert kept.lat[0] == 60.1


def test_trips_whose_rows_lie_apart_are_refused(tmp_path):
    path = written(tmp_path / "a.parquet", fixes(("anna", "1"), ("anna", "2"), ("anna", "1")))
    with pytest.raises(SourceFailed, match=r"trip 1 of anna do not stand together: heatlas prepare .*a\.parquet"):
        trips_of(path)
    assert len(trips_of(written(tmp_path / "b.parquet", fixes(("anna", "1"), ("bert", "1"))))) == 2


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"person": None}, "no column person.*heatlas prepare .* --person COLUMN -o DIR"),
        ({"trip": None}, "no column trip.*heatlas prepare .* --track COLUMN -o DIR"),
        ({"lat": ["60.1N"] * 10}, "lat is string, not double"),
        ({"lon": np.arange(10)}, "lon is int64, not double"),
        ({"time": ["yesterday"] * 10}, "time is string, not a timestamp"),
        ({"private": ["no"] * 10}, "private is string, not bool"),
        ({"power": ["?"] * 10}, "power is string, not float"),
    ],
)
def test_columns_that_are_not_of_the_contract_are_refused(tmp_path, columns, said):
    table = fixes(("anna", "1"))
    held = {**{name: table[name] for name in table.schema.names}, **columns}
    pq.write_table(
        pa.table({name: values for name, values in held.items() if values is not None}), tmp_path / "a.parquet"
    )
    with pytest.raises(SourceFailed, match=said):
        find_partitions([tmp_path])


@pytest.mark.parametrize("ours", [False, True])
def test_a_person_in_two_partitions_is_refused_before_any_work(tmp_path, ours):
    """Told by ranges where these are apart, else by all persons."""

    def folder(name, *persons):
        for k, some in enumerate(persons):
            table = fixes(*((person, "1") for person in some))
            written(tmp_path / name / f"part-{k}.parquet", table, some if ours else None)
        return find_partitions([tmp_path / name])

    refuse_shared_persons(folder("apart", ["anna", "bert"], ["cleo", "dora"]))
    refuse_shared_persons(folder("interleaved", ["anna", "cleo"], ["bert", "dora"]))
    with pytest.raises(SourceFailed) as refused:
        refuse_shared_persons(folder("shared", ["anna", "cleo"], ["bert", "cleo", "dora"], ["dora", "emil"]))
    assert re.search(
        r"person cleo lies in \S+part-0.parquet and in \S+part-1.parquet, and 1 other persons|"
        r"person dora lies in \S+part-1.parquet and in \S+part-2.parquet, and 1 other persons",
        str(refused.value),
    )
    assert f"heatlas prepare {tmp_path / 'shared'} -o DIR" in str(refused.value)


def test_persons_that_are_numbers(tmp_path):
    for k in range(2):
        table = fixes(("x", "1"))
        pq.write_table(table.set_column(0, "person", pa.array(np.full(10, 7 + k))), tmp_path / f"{k}.parquet")
    found = find_partitions([tmp_path])
    assert [part.range for part in found] == [(7, 7), (8, 8)]
    refuse_shared_persons(found)
    refuse_shared_persons([found[0]])
    assert [person for person, _ in read_trips(found[1])] == ["8"]
    assert found[1].persons().tolist() == [hash_of("8")]


def test_rows_without_a_person_are_refused(tmp_path):
    table = fixes(("x", "1")).set_column(0, "person", pa.array(["anna"] * 9 + [None]))
    with pytest.raises(SourceFailed, match="1 rows name no person"):
        trips_of(written(tmp_path / "a.parquet", table))


def test_files_folders_and_patterns(tmp_path):
    for name in (
        "a/1.parquet",
        "a/2.parquet",
        "a/_success.parquet",
        "a/.hidden.parquet",
        "a/deep/3.parquet",
        "b/4.csv",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        written(path, fixes(("p" + name, "1")))

    def found(source):
        return [part.uri.removeprefix(f"{tmp_path}/") for part in find_partitions([source])]

    assert found(tmp_path / "a") == ["a/1.parquet", "a/2.parquet", "a/deep/3.parquet"]
    assert found(tmp_path / "*/*.parquet") == ["a/1.parquet", "a/2.parquet"]
    assert found(tmp_path / "**/[!1].parquet") == ["a/2.parquet", "a/deep/3.parquet"]
    assert found(tmp_path / "a" / "2.parquet") == ["a/2.parquet"]
    assert [part.uri for part in find_partitions([f"file://{tmp_path}/a/2.parquet"])] == [
        f"file://{tmp_path}/a/2.parquet"
    ]
    for nothing in (tmp_path / "b", tmp_path / "none", tmp_path / "*.pq"):
        with pytest.raises(BadOption, match=r"holds no \.parquet file"):
            find_partitions([nothing])


def test_addresses_are_told_from_databases_and_paths():
    assert all(map(is_address, ("s3://b/k", "gs://b", "az://c/x", "file:///x", "sftp://h/x")))
    assert not any(map(is_address, ("postgresql://h/b", "https://h/x", "C:/x", "s3", None)))
    with pytest.raises(BadOption, match="names no bucket"):
        locate("s3://")


def test_a_damaged_file_is_named(tmp_path):
    path = written(tmp_path / "a.parquet", fixes(("anna", "1")))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceFailed, match=r"a\.parquet cannot be read"):
        find_partitions([path])
