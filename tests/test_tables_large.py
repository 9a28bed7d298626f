"""Large tables of fixes: the same tracks, whether rows are read at once, streamed, put aside, or in several files."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made import gpx, straight

import heatlas
from heatlas.core import spill
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.library.manage import import_into
from heatlas.options import TableOptions
from heatlas.sources.resolve import GivenTracks, resolve_tracks
from heatlas.sources.tables.tracks import buckets, whole
from heatlas.sources.tables.tracks.of_tables import recordings_of_tables

N = 40


def rows_of(*tracks, start=0.0):
    """Rows of tracks (name, first second), with a sport, a gear that differs in one, and a heart rate."""
    parts = []
    for name, second in tracks:
        seed = sum(map(ord, name))
        parts.append(pa.table({
            "ride": [name] * N,
            "time": pa.array(((second + start + np.arange(N)) * 1000).astype(np.int64)).cast(pa.timestamp("ms", "UTC")),
            "lat": 60 + seed * 1e-3 + np.arange(N) * 1e-5,
            "lon": 24 + seed * 1e-3 + np.arange(N) * 1e-5,
            "sport": ["Run" if seed % 2 else "Ride"] * N,
            "gear": [f"shoe {k % 2 if name == 'mixed' else 1}" for k in range(N)],
            "heart_rate": np.full(N, 100.0 + seed % 50),
        }))  # fmt: skip
    return pa.concat_tables(parts)


def tracks_of(*sources, track="ride"):
    """All that is read of each track, in the order of names; and the sentences that were said."""
    given = resolve_tracks([str(source) for source in sources], TableOptions(track=track))
    assert isinstance(given, GivenTracks)
    found = list(recordings_of_tables(given))
    read = sorted(
        (
            (each.activity.source.rpartition("/")[2], each.activity.sport, each.activity.gear),
            *(tuple(values.tolist()) for values in (each.time, each.lat, each.lon, each.columns["heart_rate"])),
        )
        for each in found
    )
    return read, [text for each in given.tables for text in each.table.warnings]


@pytest.fixture
def small_pieces(monkeypatch):
    """Tables of more than 100 rows are large."""
    monkeypatch.setattr(buckets, "AT_ONCE", 100)
    monkeypatch.setattr(whole, "AT_ONCE", 100)


NAMES = [("a", 0), ("b", 90), ("mixed", 200), ("c", 300), ("d", 500), ("e", 700), ("f", 900)]


@pytest.mark.parametrize("rows", [7, 40, 64, 1000])
def test_a_sorted_table_is_streamed(tmp_path, monkeypatch, rows):
    table = rows_of(*NAMES)
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=rows)
    together = tracks_of(tmp_path / "a.parquet")
    monkeypatch.setattr(whole, "AT_ONCE", 100)
    monkeypatch.setattr(whole, "Buckets", None)  # nothing is put aside
    assert tracks_of(tmp_path / "a.parquet") == together
    assert len(together[0]) == len(NAMES)
    assert together[1] == ["'gear' differs within 1 of 7 tracks: these are read without it"]


@pytest.mark.parametrize("how", ["by time", "shuffled"])
def test_an_unsorted_table_is_put_aside_by_its_tracks(tmp_path, small_pieces, how):
    table = rows_of(*NAMES)
    pq.write_table(table, tmp_path / "sorted.parquet")
    order = np.argsort(np.arange(len(table)) % N, kind="stable")
    if how == "shuffled":
        order = np.random.default_rng(1).permutation(len(table))
    pq.write_table(table.take(order), tmp_path / "other.parquet", row_group_size=50)
    assert tracks_of(tmp_path / "other.parquet") == tracks_of(tmp_path / "sorted.parquet")


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("shuffled", [False, True])
def test_tracks_that_go_on_in_the_next_file_are_one(tmp_path, monkeypatch, large, shuffled):
    if large:
        monkeypatch.setattr(buckets, "AT_ONCE", 100)
        monkeypatch.setattr(whole, "AT_ONCE", 100)
    table = rows_of(*NAMES)
    pq.write_table(table, tmp_path / "whole.parquet")
    if shuffled:
        table = table.take(np.random.default_rng(2).permutation(len(table)))
    folder = tmp_path / "several"
    folder.mkdir()
    for k, start in enumerate(range(0, len(table), 70)):
        pq.write_table(table.slice(start, 70), folder / f"{k}.parquet")
    files = sorted(folder.glob("*.parquet"))
    together, _ = tracks_of(tmp_path / "whole.parquet")
    for sources in ([folder], [folder / "*.parquet"], files):
        found, said = tracks_of(*sources)
        assert [each[1:] for each in found] == [each[1:] for each in together]
        assert [each[0][:2] for each in found] == [each[0][:2] for each in together]
        spread = len(NAMES) if shuffled else 3
        assert f"{spread} tracks have rows in several files, and were put together" in said


def test_files_that_count_their_trips_from_1_keep_them_apart(tmp_path):
    pq.write_table(rows_of(("1", 0), ("2", 500)), tmp_path / "anna.parquet")
    pq.write_table(rows_of(("1", 90_000), ("3", 95_000)), tmp_path / "bert.parquet")
    found, said = tracks_of(tmp_path)
    assert [each[0][0] for each in found] == ["1", "1", "2", "3"]
    assert found[0][1][0] == 0
    assert found[1][1][0] == 90_000
    assert any(text.startswith("1 tracks have the name of one in another file") for text in said)


def test_files_with_tracks_in_common_must_have_the_same_columns(tmp_path):
    pq.write_table(rows_of(("1", 0)), tmp_path / "a.parquet")
    pq.write_table(rows_of(("1", 50)).drop_columns(["gear"]), tmp_path / "b.parquet")
    with pytest.raises(SourceFailed, match=r"1 tracks have rows in several files whose columns differ.*prepare"):
        tracks_of(tmp_path)


def test_rows_without_a_track_are_counted_once(tmp_path, small_pieces):
    table = rows_of(*NAMES)
    lost = table.slice(0, 9).set_column(0, "ride", pa.array([None] * 9, pa.string()))
    for k, order in enumerate((np.arange(len(table) + 9), np.random.default_rng(3).permutation(len(table) + 9))):
        path = tmp_path / f"{k}.parquet"
        pq.write_table(pa.concat_tables([table, lost]).take(order), path)
        found = heatlas.open(path, track="ride")
        assert found.report.dropped["rows without a track"] == 9
        assert len(found) == len(NAMES)


def test_a_folder_of_parquet_is_one_table_and_others_are_not(tmp_path):
    folder = tmp_path / "fixes"
    folder.mkdir()
    for k in range(3):
        pq.write_table(rows_of(NAMES[k]), folder / f"{k}.parquet")
    (folder / "_SUCCESS").touch()
    assert heatlas.inspect(str(folder), track="ride")["activities"] == 3
    assert heatlas.inspect(str(folder))["rows"] == 3 * N  # points
    assert heatlas.inspect(str(folder), track="ride")["files"]["read"] == 3
    (folder / "ride.gpx").write_text("<gpx/>")
    with pytest.raises(BadOption, match="--track is for tables"):
        heatlas.render(str(folder), output=str(tmp_path / "x.png"), track="ride")


def test_patterns_of_recordings_and_of_nothing(tmp_path):
    with pytest.raises(BadOption, match=r"there is no file .*\*\.parquet"):
        heatlas.open(str(tmp_path / "*.parquet"))
    for k in range(3):
        (tmp_path / f"{k}.gpx").write_bytes(gpx(*straight(lat=47.0 + k), start=1.7e9 + 9000 * k))
    assert len(heatlas.open(str(tmp_path / "[01].gpx"))) == 2


def test_an_import_of_a_pattern_goes_on_where_it_was(tmp_path):
    folder = tmp_path / "fixes"
    folder.mkdir()
    for k in range(2):
        pq.write_table(rows_of(NAMES[k]), folder / f"{k}.parquet")
    library = tmp_path / "l.db"
    assert import_into(library, f"{folder}/*.parquet", track="ride")["activities"] == 2
    pq.write_table(rows_of(NAMES[2]), folder / "2.parquet")
    again = import_into(library, *map(str, sorted(folder.iterdir())), track="ride")
    assert again["activities"] == 3
    assert again["dropped"]["tracks that were read before"] == 2


@pytest.mark.parametrize("options", [{}, {"where": "sport = 'Run'"}, {"clip_ends": "5m"}])
def test_many_tracks_lie_in_a_file_and_are_drawn_alike(tmp_path, monkeypatch, options):
    """Also after a filter and after cuts, whose results lie in a file, too."""
    pq.write_table(rows_of(*NAMES), tmp_path / "a.parquet")
    asked = {"track": "ride", "bbox": "24.0,60.0,24.6,60.6", "width": 200, **options}
    heatlas.render(tmp_path / "a.parquet", output=tmp_path / "memory.npy", **asked)
    monkeypatch.setattr(spill, "IN_MEMORY", 0)
    monkeypatch.setattr(spill, "BLOCK", 2000)
    found = heatlas.open(tmp_path / "a.parquet", track="ride")
    assert all(map(spill.is_spilled, found.batches))
    assert all(map(spill.is_spilled, found.where("sport = 'Run'").batches))
    heatlas.render(tmp_path / "a.parquet", output=tmp_path / "file.npy", **asked)
    np.testing.assert_array_equal(np.load(tmp_path / "memory.npy"), np.load(tmp_path / "file.npy"))
