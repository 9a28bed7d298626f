"""The plan: many partitions, one archive, equal to what one machine publishes."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import replace
from operator import itemgetter

import numpy as np
import pyarrow.parquet as pq
import pytest
from partitions import table_of, trips_of, write_partitions
from slow import make_batch
from slow_scale import read_tile

import heatlas
from heatlas.core.context import Context
from heatlas.core.errors import BadOption, HeatlasError, NothingToDraw, SourceFailed
from heatlas.core.filesystems import Location, locate
from heatlas.library.rows.passages import PreparedTrack
from heatlas.pmtiles.hilbert import first_number, numbers_of
from heatlas.publish.pmtiles import read_directory, read_metadata
from heatlas.publish.request import look_words
from heatlas.raster.measure import parse_measure
from heatlas.raster.partition import REJOIN
from heatlas.scale.archive import build
from heatlas.scale.drawn import merged_tiles_of
from heatlas.scale.engine import Here
from heatlas.scale.manifest import Folder
from heatlas.scale.plan import Sizes, draw
from heatlas.scale.planes import merged_rules, refuse_measure
from heatlas.scale.recipe import Recipe
from heatlas.scale.rows import written
from heatlas.scale.trace import TraceTask, trace
from heatlas.sources.contract.partitions import find_partitions
from heatlas.tiles.request import TileRequest, parse_look

ONE = Context(1)
SMALL = Sizes(2, 3, 40)


def recipe_of(measure="passes", zooms=(0, 14), indexed=None, tone=None, smooth=None, **known) -> Recipe:
    look = parse_look(TileRequest(measure=measure, tone=tone, smooth=smooth or "auto"), None)
    return Recipe(
        look=look, look_words=look_words(look, "png"), zooms=zooms, indexed=indexed or tuple(range(2, zooms[1] + 1)),
        **known,
    )  # fmt: skip


def names_in(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def tiles_in(path) -> dict[int, bytes]:
    with path.open("rb") as file:
        tiles, start = read_directory(file)
        found = {}
        for number, offset, length in zip(
            *(v.tolist() for v in (tiles.numbers, tiles.offsets, tiles.lengths)), strict=True
        ):
            file.seek(start + offset)
            found[number] = file.read(length)
    return found


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    """Trips of twelve persons, in 1, 3 and 12 partitions, and in one table for one machine."""
    folder = tmp_path_factory.mktemp("walks")
    trips = trips_of(persons=12, trips=2, fixes=90)
    for count in (1, 3, 12):
        write_partitions(folder / f"in{count}", trips, count)
    pq.write_table(table_of(trips), folder / "all.parquet")
    return folder


def published(walks, path, measure, zoom="0-14", **options):
    heatlas.render(walks / "all.parquet", output=path, track="trip", measure=measure, zoom=zoom, workers=1, **options)
    return tiles_in(path)


@pytest.mark.parametrize(
    ("measure", "least", "grain"),
    [("passes", 0, 0), ("seconds", 0, 0), ("pace", 4, 0), ("people", 3, 2)],
)
def test_tiles_are_those_of_one_machine(walks, tmp_path, measure, least, grain):
    recipe = recipe_of(measure, least=least, grain=grain)
    report = build([walks / "in3"], str(tmp_path / "a.pmtiles"), recipe, Here(), ONE, sizes=Sizes(2, 7, 10))
    found = tiles_in(tmp_path / "a.pmtiles")
    limits = {"public": True, "at_least": least, "round": grain or None} if least else {}
    assert found == published(walks, tmp_path / "b.pmtiles", measure, **limits)
    assert report["tiles"]["written"] == len(found)
    assert (report["persons"], report["activities"], report["fixes"]) == (12, 24, 24 * 90)
    with (tmp_path / "a.pmtiles").open("rb") as one, (tmp_path / "b.pmtiles").open("rb") as other:
        mine, theirs = read_metadata(one), read_metadata(other)
    for legend in theirs["legend"].values():
        if least:
            del legend["activities"]  # how many there are of whom nothing is shown is not told
    assert {**mine, "generation": ""} == {**theirs, "generation": ""}
    assert names_in(tmp_path) == [".b.pmtiles.state", "a.pmtiles", "b.pmtiles"]


def test_local_tones_are_those_of_one_machine(walks, tmp_path):
    recipe = recipe_of(tone="local:0.1:1", zooms=(12, 14))
    build([walks / "in3"], str(tmp_path / "a.pmtiles"), recipe, Here(), ONE, sizes=Sizes(2, 7, 10))
    found, options = tiles_in(tmp_path / "a.pmtiles"), {"track": "trip", "workers": 1, "zoom": "12-14"}
    heatlas.render(walks / "all.parquet", output=tmp_path / "b.pmtiles", tone="local:0.1:1", **options)
    assert found == tiles_in(tmp_path / "b.pmtiles")
    heatlas.render(walks / "all.parquet", output=tmp_path / "c.pmtiles", **options)
    assert found != tiles_in(tmp_path / "c.pmtiles")


@pytest.mark.parametrize("tone", [None, "local:0.1:1"])
def test_tones_of_many_tiles_with_a_threshold_are_those_of_one_machine(tmp_path, tone):
    """Of towns with few people and one who is there all day: their tiles are sampled alike, by all who passed."""
    trips = []
    for town in range(40):
        trips += trips_of(persons=3, trips=1 + town % 4, fixes=30, seed=town, lon=10 + 0.1 * town)
        trips += trips_of(persons=1, trips=4 - town % 4, fixes=250, seed=50 + town, lon=10 + 0.1 * town)
    trips.sort(key=itemgetter("person"))
    for k, trip in enumerate(trips):
        trip["trip"], trip["time"] = str(k), trip["time"] + 2e5 * k
    write_partitions(tmp_path / "in3", trips, 3)
    pq.write_table(table_of(trips), tmp_path / "all.parquet")
    recipe = recipe_of(zooms=(14, 15), indexed=(14, 15), least=3, tone=tone)
    build([tmp_path / "in3"], str(tmp_path / "a.pmtiles"), recipe, Here(), ONE, sizes=Sizes(2, 7, 10))
    heatlas.render(
        tmp_path / "all.parquet", output=tmp_path / "b.pmtiles", track="trip", zoom="14-15", workers=1, public=True,
        at_least=3, tone=tone,
    )  # fmt: skip
    found = tiles_in(tmp_path / "a.pmtiles")
    assert len(found) > 20
    assert found == tiles_in(tmp_path / "b.pmtiles")


def merged_rows(walks, tmp_path, recipe, partitions, ranges):
    """Tiles of a plan after merging: number -> bytes."""
    folder = Folder(locate(tmp_path / f"{partitions}-{ranges}"))
    draw(find_partitions([walks / f"in{partitions}"]), recipe, folder, Here(), ONE, Sizes(2, ranges, 10_000))
    files = sorted((tmp_path / f"{partitions}-{ranges}" / "merge").iterdir())
    found = {}
    for file in files:
        rows = written(locate(file))
        found |= {
            n: rows.data[rows.offsets[k] : rows.offsets[k + 1]].tobytes() for k, n in enumerate(rows.numbers.tolist())
        }
    return found, len(files)


@pytest.mark.parametrize("measure", ["passes", "activities", "fixes", "max(heart_rate)"])
def test_counts_do_not_depend_on_partitions_and_ranges(walks, tmp_path, measure):
    recipe = recipe_of(measure, zooms=(13, 13), indexed=(13, 15))
    first, files = merged_rows(walks, tmp_path, recipe, 1, 1)
    assert files == 1
    for partitions, ranges in ((3, 7), (12, 50)):
        found, files = merged_rows(walks, tmp_path, recipe, partitions, ranges)
        assert found == first
        assert files > 3


@pytest.mark.parametrize(("measure", "least"), [("passes", 3), ("pace", 0)])
def test_persons_that_are_counted_in_portions_add_up(walks, tmp_path, monkeypatch, measure, least):
    recipe = recipe_of(measure, zooms=(13, 13), indexed=(13, 15), least=least)
    (source,) = (walks / "in1").iterdir()
    said = [trace(TraceTask(str(source), recipe, str(tmp_path / "whole")))]
    monkeypatch.setattr("heatlas.scale.trace._PORTION", 300)
    monkeypatch.setattr("heatlas.scale.source._PACK", 200)
    said.append(trace(TraceTask(str(source), recipe, str(tmp_path / "portions"))))
    assert said[0] == said[1]
    assert (said[0]["persons"], said[0]["activities"]) == (12, 24)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "portions").read_bytes()


def slow_persons(trips, zoom):
    """(column, row) of each pixel -> persons who passed it, and their passages."""
    persons, passages = defaultdict(set), defaultdict(int)
    for trip in trips:
        found = PreparedTrack(make_batch(np.unwrap(trip["lon"], period=360), trip["lat"], trip["time"]), REJOIN).at(
            zoom, ()
        )
        x = (found.tile & 0xFFFFF) * 256 + (found.pixel & 255)
        y = (found.tile >> 20) * 256 + (found.pixel >> 8)
        for place in zip(x.tolist(), y.tolist(), strict=True):
            persons[place].add(trip["person"])
            passages[place] += 1
    return persons, passages


@pytest.mark.parametrize("lon", [10.9, 179.99999])
def test_a_pixel_shows_what_enough_persons_passed(tmp_path, lon):
    """By brute force: at zoom 15 and finer by the union of the persons of 3 x 3 pixels."""
    trips = trips_of(persons=9, trips=2, fixes=60, lon=lon)
    write_partitions(tmp_path / "in3", trips, 3)
    recipe = recipe_of("passes", zooms=(13, 13), indexed=(13, 14, 15, 16), least=4)
    merged, _ = merged_rows(tmp_path, tmp_path, recipe, 3, 5)
    rules = merged_rules(recipe.look.measure).tolist()
    found = {number: {p: c[0] for p, c in read_tile(data, rules).items()} for number, data in merged.items()}
    for zoom in recipe.indexed:
        persons, passages = slow_persons(trips, zoom)
        side = 256 << zoom
        around = range(-1, 2) if zoom >= 15 else (0,)
        wanted = defaultdict(dict)
        for (x, y), count in passages.items():
            union = set().union(*(persons.get(((x + i) % side, y + j), ()) for i in around for j in around))
            if len(union) >= 4:
                (number,) = numbers_of(zoom, [x // 256], [y // 256]).tolist()
                wanted[number][y % 256 * 256 + x % 256] = count
        assert {n: c for n, c in found.items() if first_number(zoom) <= n < first_number(zoom + 1)} == wanted
        assert 0 < sum(map(len, wanted.values())) < len(passages)


def test_no_plan_holds_who_opted_out_or_is_private(walks, tmp_path):
    """The build without a person equals, byte for byte, one of data that never held that person."""
    trips = trips_of(persons=12, trips=2, fixes=90)
    others = [trip for trip in trips if trip["person"] != "p03"]
    write_partitions(tmp_path / "never", others, 3)
    hidden = [{**trip, "private": np.full(90, trip["person"] == "p03")} for trip in trips]
    write_partitions(tmp_path / "hidden", hidden, 3)
    recipe = recipe_of("passes", zooms=(9, 12))
    without = replace(recipe, filter=replace(recipe.filter, where="person <> 'p03'"))
    made, said = {}, {}
    for name, source, one in (
        ("never", tmp_path / "never", recipe),
        ("out", walks / "in3", without),
        ("private", tmp_path / "hidden", recipe),
    ):
        said[name] = build([source], str(tmp_path / f"{name}.pmtiles"), one, Here(), ONE)
        made[name] = tiles_in(tmp_path / f"{name}.pmtiles")
    assert made["out"] == made["private"] == made["never"]
    assert said["out"]["dropped"] == {"activities that the filter left out": 2}
    assert said["private"]["dropped"] == {"activities that are private": 2}
    assert {one["persons"] for one in said.values()} == {11}


def test_a_person_in_two_partitions_is_refused_before_any_work(walks, tmp_path):
    trips = trips_of(persons=4, trips=2, fixes=30)
    (tmp_path / "in").mkdir()
    for k in (0, 1):
        pq.write_table(table_of(trips[k::2]), tmp_path / "in" / f"{k}.parquet")
    with pytest.raises(SourceFailed, match=r"person p00 lies in .*0.parquet and in .*heatlas prepare"):
        build([tmp_path / "in"], str(tmp_path / "a.pmtiles"), recipe_of(), Here(), ONE)
    assert names_in(tmp_path) == ["in"]


def test_nothing_is_said_in_a_sentence(walks, tmp_path):
    out = str(tmp_path / "a.pmtiles")
    nobody = replace(recipe_of(), filter=replace(recipe_of().filter, sport=("Kayaking",)))
    for recipe, sentence in (
        (recipe_of(zooms=(9, 9), least=99), "no pixel was passed by 99 persons"),
        (recipe_of("power", zooms=(9, 9)), "there is nothing to see: choose other zooms"),
        (nobody, "24 activities that the filter"),
    ):
        with pytest.raises(NothingToDraw, match=sentence):
            build([walks / "in3"], out, recipe, Here(), ONE)
        assert not names_in(tmp_path)
    with pytest.raises(BadOption, match=r"an engine counts passes, .*not"):
        refuse_measure(parse_measure("corr(pace, heart_rate)"))
    assert not names_in(tmp_path)


class Dying:
    """An engine that dies after so many tasks."""

    def __init__(self, tasks):
        self.left = tasks

    def map(self, work, tasks, done):
        def count(place, result):
            done(place, result)
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt

        Here().map(work, tasks, count)


def test_a_plan_goes_on_where_it_was_stopped(walks, tmp_path):
    recipe, sizes = recipe_of(zooms=(8, 11)), Sizes(2, 3, 20)
    work = str(tmp_path / "work")

    def go(engine, recipe=recipe, source="in3"):
        return build([walks / source], str(tmp_path / "a.pmtiles"), recipe, engine, ONE, work=work, sizes=sizes)

    stops = 0
    while True:
        try:
            report = go(Dying(1))
        except KeyboardInterrupt:
            stops += 1
            assert not (tmp_path / "a.pmtiles").exists()
            continue
        break
    again = go(Dying(1))  # nothing is left to do
    assert again["reused"] == stops == report["reused"]
    one = tiles_in(tmp_path / "a.pmtiles")
    build([walks / "in3"], str(tmp_path / "b.pmtiles"), recipe, Here(), ONE)
    assert one == tiles_in(tmp_path / "b.pmtiles")
    # Another threshold counts nothing anew, other filters do; what is not of the last plan is removed.
    assert go(Here(), replace(recipe, grain=5))["reused"] == 3 + 1 + 1  # partials and their sums
    assert go(Here(), replace(recipe, filter=replace(recipe.filter, where="person <> 'p03'")))["reused"] == 0
    assert len(list((tmp_path / "work" / "trace").iterdir())) == 3


@pytest.mark.parametrize(
    ("phase", "readers"),
    [
        ("trace", ("compact", "merge")),
        ("compact", ("merge",)),
        ("merge", ("fit", "paint")),
        ("fit", ("paint",)),
        ("paint", ()),
    ],
)
def test_damaged_objects_are_made_again_and_missing_ones_too(walks, tmp_path, phase, readers):
    """Of any phase, wherever a bit is wrong, whether the manifest lists them or not; it is told once."""
    recipe, work = recipe_of(zooms=(8, 9)), tmp_path / "work"

    def go():
        for reader in readers:  # else nobody would look at the object
            shutil.rmtree(work / reader, ignore_errors=True)
        merged_tiles_of.cache_clear()
        said = build([walks / "in3"], str(tmp_path / "a.pmtiles"), recipe, Here(), ONE, work=str(work), sizes=SMALL)
        return (tmp_path / "a.pmtiles").read_bytes(), said["warnings"]

    first, warnings = go()
    assert not warnings
    objects = sorted((work / phase).iterdir())
    victim = max(objects, key=lambda file: file.stat().st_size)
    whole, told = victim.read_bytes(), []
    for place in (0, 1, len(whole) // 3, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        victim.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        made, warnings = go()
        assert made == first
        told += [sentence.partition(" damaged")[0] for sentence in warnings]
    assert set(told) == {"1 object was"}
    assert len(told) > 1  # nobody reads marks at the beginning, and gaps between pages
    victim.write_bytes(b"half")
    min(set(objects) - {victim}).unlink()
    (work / "manifest.json").write_text("{")
    assert go()[0] == first
    assert victim.read_bytes() == whole
    assert sorted((work / phase).iterdir()) == objects


def test_an_object_that_is_damaged_again_and_again_is_an_error(walks, tmp_path, monkeypatch):
    write = Location.write
    monkeypatch.setattr(Location, "write", lambda self, data: write(self, b"x" if "/merge/" in self.path else data))
    with pytest.raises(SourceFailed, match=r"merge/\w+ is damaged again and again: look after the disk"):
        build([walks / "in3"], str(tmp_path / "a.pmtiles"), recipe_of(zooms=(8, 9)), Here(), ONE, sizes=SMALL)


@pytest.mark.parametrize("what", ["trip", "person"])
def test_a_task_that_fails_is_named_after_some_tries(tmp_path, monkeypatch, what):
    """A person who comes again in a partition would be two, and be enough for a threshold."""
    monkeypatch.setattr("heatlas.scale.engine._PAUSE", 0.0)
    source = tmp_path / "in"
    source.mkdir()
    trips = trips_of(persons=2, trips=2, fixes=30)
    order = (0, 2, 0) if what == "trip" else (0, 2, 1)
    pq.write_table(table_of([trips[k] for k in order]), source / "0.parquet")
    said = rf"the trace of .*0.parquet failed, 4 times: .*the {'rows' if what == 'trip' else 'trips'} of .*p00 do not"
    with pytest.raises(HeatlasError, match=said):
        build([source], str(tmp_path / "a.pmtiles"), recipe_of(), Here(), ONE)
