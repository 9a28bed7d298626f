"""`heatlas prepare`: partitions of anything, and the same map of them as of the sources."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from made import gpx, straight

import heatlas
from heatlas.cli import group
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.library.manage import import_into
from heatlas.preparing import intake
from heatlas.preparing.folder import WorkingFolder
from heatlas.sources.contract.partitions import find_partitions, refuse_shared_persons
from heatlas.sources.contract.reading import read_trips

HOMES = {"anna": 47.8, "bert": 60.2, "cleo": 47.9, "dora": 52.5}


@pytest.fixture
def people(tmp_path):
    """A folder of each of four persons, with four runs of 334 fixes; one run in two segments, one with a gap."""
    root = tmp_path / "people"
    for p, (name, lat) in enumerate(HOMES.items()):
        folder = root / name
        folder.mkdir(parents=True)
        for k in range(4):
            data = gpx(*straight(lat=lat + k * 0.02), start=1.7e9 + 86400 * (7 * k + p), hr=100 + k)
            if k == 1:
                half = data.find(b"<trkpt", len(data) // 2)
                data = data[:half] + b"</trkseg><trkseg>" + data[half:]
            (folder / f"{k}.gpx").write_bytes(data)
    return root


def same(one, other):
    """Whether two sources give the same tracks, to the last bit, but for the names of files."""

    def read(source):
        found = {}
        for batch in heatlas.open(source, person="folder" if source.name == "people" else None).batches:
            for k, activity in enumerate(batch.activities):
                segments = batch.segments[batch.tracks[k] : batch.tracks[k + 1] + 1]
                rows = slice(int(segments[0]), int(segments[-1]))
                columns = {name: batch.columns[name][rows].tobytes() for name in sorted(batch.columns)}
                arrays = (batch.u[rows].tobytes(), batch.v[rows].tobytes(), batch.time[rows].tobytes())
                facts = (activity.sport, activity.name, activity.private, activity.distance, activity.moving_time)
                found[activity.person, activity.start] = (facts, arrays, (segments - segments[0]).tolist(), columns)
        return found

    assert read(one) == read(other)
    assert read(one)
    return True


def test_the_way_round_gives_the_same_tracks_and_the_same_map(tmp_path, people):
    out = tmp_path / "out"
    report = heatlas.prepare(people, output=out, person="folder", fixes=2600)
    assert (report["persons"], report["trips"], report["fixes"]) == (4, 16, 16 * 334)
    assert len(report["partitions"]) == 2
    assert same(people, out)
    box = "10.8,47.79,11.0,47.99"
    pictures = [tmp_path / "direct.npy", tmp_path / "prepared.npy"]
    for source, picture in zip((people, out), pictures, strict=True):
        heatlas.render(source, output=picture, bbox=box, width=300)
    np.testing.assert_array_equal(*map(np.load, pictures))
    held = import_into(tmp_path / "l.db", out)
    assert held["activities"] == 16
    assert heatlas.inspect(tmp_path / "l.db")["activities"] == 16


def test_partitions_keep_the_contract(tmp_path, people):
    """Persons lie in one file each, in the order of their homes along the Hilbert curve, neighbours side by side."""
    heatlas.prepare(people, output=tmp_path / "out", person="folder", fixes=1)
    found = find_partitions([tmp_path / "out"])
    assert [len(part.persons()) for part in found] == [1, 1, 1, 1]
    refuse_shared_persons(found)
    order = [next(iter(part.names())) for part in found]
    assert abs(order.index("anna") - order.index("cleo")) == 1
    for part in found:
        trips = [(trip.activity.id, trip.activity.person) for _, trip in read_trips(part, ())]
        assert trips == [(f"{person}/{k}.gpx", person) for k in range(4) for person in part.names()]
        assert part.stated.trips == 4


def test_the_smallest_form_that_loses_nothing(tmp_path, people):
    heatlas.prepare(people, output=tmp_path / "out", person="folder")
    schema = pq.read_schema(tmp_path / "out" / "part-00000.parquet")
    assert schema.field("time").type.unit == "ms"
    assert str(schema.field("lat").type) in {"int32", "double"}
    heatlas.prepare(people, output=tmp_path / "e7", person="folder", round_positions=True)
    assert str(pq.read_schema(tmp_path / "e7" / "part-00000.parquet").field("lat").type) == "int32"
    (part,) = find_partitions([tmp_path / "e7"])
    (exact,) = find_partitions([tmp_path / "out"])
    for (_, one), (_, other) in zip(read_trips(part), read_trips(exact), strict=True):
        assert np.abs(one.lat - other.lat).max() <= 0.51e-7
        np.testing.assert_array_equal(one.time, other.time)


@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_is_stopped_anywhere_goes_on_to_the_same_files(tmp_path, people, monkeypatch, after):
    """Stopped before or after each note of what is done; nothing is lost, nothing comes twice."""
    monkeypatch.setattr(intake, "FILES", 3)
    heatlas.prepare(people, output=tmp_path / "whole", person="folder", fixes=2000)
    whole = {path.name: path.read_bytes() for path in (tmp_path / "whole").glob("*.parquet")}
    note, left = WorkingFolder.note, [0]

    def dying(self, name, data):
        left[0] -= 1
        if left[0] == 0 and not after:
            raise KeyboardInterrupt
        note(self, name, data)
        if left[0] == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(WorkingFolder, "note", dying)
    stops = 0
    for _ in range(100):
        left[0] = 2 if not after else 1
        try:
            report = heatlas.prepare(people, output=tmp_path / "out", person="folder", fixes=2000)
        except KeyboardInterrupt:
            stops += 1
        else:
            break
    assert stops > 10
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.parquet")} == whole
    assert report["trips"] == 16
    assert report["files"]["read"] == 16
    assert not (tmp_path / "out" / ".heatlas-prepare").exists()


def test_what_is_done_is_not_done_again_and_what_is_not_ours_is_left_alone(tmp_path, people):
    out = tmp_path / "out"
    report = heatlas.prepare(people, output=out, person="folder")
    assert heatlas.prepare(people, output=out, person="folder") == {**report, "unchanged": True}
    with pytest.raises(BadOption, match="not of this order: empty the folder"):
        heatlas.prepare(people, output=out, person="folder", round_positions=True)
    (people / "anna" / "9.gpx").write_bytes(gpx(*straight(), start=1.8e9))
    with pytest.raises(BadOption, match="not of this order: empty the folder"):
        heatlas.prepare(people, output=out, person="folder")


def test_tables_and_prepared_files_are_prepared_too(tmp_path, people):
    heatlas.prepare(people, output=tmp_path / "one", person="folder")
    heatlas.prepare(tmp_path / "one", output=tmp_path / "two", fixes=2000)
    assert same(people, tmp_path / "two")
    rows = ["user,ride,time,lat,lon,is_private"]
    for user, ride, private in (("u1", "1", "no"), ("u2", "2", "yes"), ("u1", "3", "no")):
        rows += [f"{user},{ride},2024-05-0{ride}T08:00:{k:02}Z,{60 + k / 1e4:.4f},24.9,{private}" for k in range(60)]
    table = tmp_path / "rides.csv"
    table.write_text("\n".join(rows))
    heatlas.prepare(table, output=tmp_path / "three", track="ride", person="user")
    (part,) = find_partitions([tmp_path / "three"])
    trips = [(person, trip.activity.id, trip.activity.private) for person, trip in read_trips(part)]
    assert sorted(trips) == [("u1", "1", False), ("u1", "3", False), ("u2", "2", True)]
    assert str(part.schema.field("lat").type) == "int32"


def test_one_person_without_a_name_counts_once(tmp_path, people):
    report = heatlas.prepare(people, output=tmp_path / "out")
    assert report["persons"] == 1
    assert "they count as one person" in report["warnings"][0]


def test_trips_of_one_name_stay_two(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        start = 1.7e9 if folder == "a" else 1.8e9
        (tmp_path / folder / "1.gpx").write_bytes(gpx(*straight(), start=start))
    heatlas.prepare(tmp_path / "a", tmp_path / "b", output=tmp_path / "out", person="anna")
    (part,) = find_partitions([tmp_path / "out"])
    assert [trip.activity.id for _, trip in read_trips(part)] == ["1.gpx", "1.gpx (2)"]


def test_what_cannot_be_prepared_is_refused_before_any_work(tmp_path, people):
    import_into(tmp_path / "l.db", people, person="folder")
    out = tmp_path / "out"
    for said, sources, options in (
        ("is a library, which hides parts", [tmp_path / "l.db"], {}),
        ("--routes is for maps", [people], {"routes": True}),
        ("there is no file or folder", [tmp_path / "none"], {}),
    ):
        with pytest.raises(BadOption, match=said):
            heatlas.prepare(*sources, output=out, **options)
        assert not out.exists()
    with pytest.raises(BadOption, match="must name a folder"):
        heatlas.prepare(people, output=tmp_path / "x.parquet")
    (tmp_path / "file").touch()
    with pytest.raises(BadOption, match="is a file"):
        heatlas.prepare(people, output=tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToDraw):
        heatlas.prepare(tmp_path / "empty", output=out)


def test_the_command(tmp_path, people):
    asked = ["prepare", str(people), "-o", str(tmp_path / "out"), "--person", "folder"]
    done = CliRunner().invoke(group, asked)
    assert done.exit_code == 0
    assert "4 persons, 16 trips and 5,344 fixes in 1 file" in done.stderr
    assert done.stdout.strip() == str(tmp_path / "out")
    again = CliRunner().invoke(group, [*asked, "--json"])
    assert json.loads(again.stdout)["unchanged"]
