"""PMTiles archives, read by the reference implementation; and the Hilbert curve."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import tileid_to_zxy, zxy_to_tileid

from heatlas.pmtiles.directory import Directory, pack_directory, read_varints, unpack_directory, varints
from heatlas.pmtiles.hilbert import first_number, number_of, numbers_of, places_at, zoom_of
from heatlas.publish.pmtiles import read_directory, write_archive
from heatlas.publish.sink import Metadata

ABOUT = Metadata("t", "", "png", (0, 14), (-10.0, -20.0, 30.0, 40.0), (1.5, 2.5, 7), {}, "")


@given(st.integers(0, 22).flatmap(lambda z: st.tuples(st.just(z), st.integers(0, 2**z - 1), st.integers(0, 2**z - 1))))
def test_numbers_are_those_of_pmtiles(place):
    z, x, y = place
    (number,) = numbers_of(z, [x], [y]).tolist()
    assert number == number_of(z, x, y) == zxy_to_tileid(z, x, y)
    assert tileid_to_zxy(number) == place
    assert zoom_of(number) == z
    assert [int(p[0]) for p in places_at(z, [number])] == [x, y]


def test_neighbours_along_the_curve_are_neighbours():
    x, y = places_at(6, np.arange(first_number(6), first_number(7)))
    assert (np.abs(np.diff(x)) + np.abs(np.diff(y)) == 1).all()
    assert len(set(zip(x.tolist(), y.tolist(), strict=True))) == 4**6


@given(st.lists(st.integers(0, 2**62), max_size=50))
def test_varints(values):
    array = np.array(values, np.int64)
    packed = varints(array)
    np.testing.assert_array_equal(read_varints(packed), array)
    at, data = 0, packed.tobytes()
    for value in values:  # as the definition says, byte by byte
        while value >= 128:
            assert data[at] == value & 127 | 128
            value, at = value >> 7, at + 1
        assert data[at] == value
        at += 1
    assert at == len(data)


entries = st.lists(
    st.tuples(st.integers(1, 1000), st.integers(1, 9), st.integers(0, 3), st.integers(1, 500)), min_size=1
)


@given(entries)
def test_directories(rows):
    steps, runs, jumps, lengths = np.array(rows, np.int64).T
    numbers = np.cumsum(steps + runs)
    offsets = np.where(jumps > 0, jumps * 10_000, np.cumsum(lengths) - lengths)
    directory = Directory(numbers, runs, offsets, lengths)
    back = unpack_directory(pack_directory(directory))
    for name in Directory.__slots__:
        np.testing.assert_array_equal(getattr(back, name), getattr(directory, name))


def archive(path, tiles, about=ABOUT):
    """Write tiles, a mapping of numbers to bytes, as publishing does: equal ones once."""
    numbers = np.array(sorted(tiles), np.int64)
    offsets, where, pieces, at = [], {}, [], 0
    for number in numbers.tolist():
        data = tiles[number]
        if data not in where:
            where[data] = at
            pieces.append(data)
            at += len(data)
        offsets.append(where[data])
    lengths = np.array([len(tiles[number]) for number in numbers.tolist()], np.int64)
    directory = Directory(numbers, np.ones_like(numbers), np.array(offsets, np.int64), lengths)
    write_archive(path, directory, pieces, about, "generation")


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.integers(0, 5000), st.sampled_from([b"a", b"bb", b"ccc", b"dddd"]), min_size=1))
def test_archives_with_runs_and_equal_tiles(tmp_path_factory, tiles):
    path = tmp_path_factory.mktemp("a") / "a.pmtiles"
    archive(path, tiles)
    with path.open("rb") as file:
        found = {zxy_to_tileid(*place): data for place, data in all_tiles(MmapSource(file))}
        assert found == tiles
        header = Reader(MmapSource(file)).header()
        assert header["addressed_tiles_count"] == len(tiles)
        assert header["tile_contents_count"] == len(set(tiles.values()))
        assert (header["min_lon_e7"], header["max_lat_e7"]) == (-100_000_000, 400_000_000)
        assert (header["center_lon_e7"], header["center_zoom"]) == (15_000_000, 7)
        directory, data_at = read_directory(file)
        for k, number in enumerate(directory.numbers.tolist()):
            file.seek(data_at + int(directory.offsets[k]))
            assert file.read(int(directory.lengths[k])) == tiles[number]
    assert directory.numbers.tolist() == sorted(tiles)


@pytest.mark.parametrize("count", [3_000, 60_000])
def test_large_archives_have_leaves(tmp_path, count):
    rng = np.random.default_rng(1)
    numbers = np.sort(rng.choice(4**12, count, replace=False))
    tiles = {int(n): hashlib.blake2b(int(n).to_bytes(8), digest_size=int(n) % 40 + 1).digest() for n in numbers}
    archive(tmp_path / "a.pmtiles", tiles)
    with (tmp_path / "a.pmtiles").open("rb") as file:
        reader = Reader(MmapSource(file))
        header = reader.header()
        assert header["root_offset"] + header["root_length"] <= 16384
        assert (header["leaf_directory_length"] > 0) == (count > 10_000)
        for n in numbers[:: count // 40].tolist():
            assert reader.get(*tileid_to_zxy(n)) == tiles[n]
        directory, _ = read_directory(file)
    np.testing.assert_array_equal(directory.numbers, numbers)


def test_an_archive_without_tiles(tmp_path):
    archive(tmp_path / "a.pmtiles", {})
    with (tmp_path / "a.pmtiles").open("rb") as file:
        assert Reader(MmapSource(file)).get(0, 0, 0) is None
        assert len(read_directory(file)[0]) == 0
