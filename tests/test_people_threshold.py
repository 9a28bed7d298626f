"""The threshold of people: equal to brute force at every zoom, in pictures, tiles, films, and in all that is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import made, put, walks
from serving import client, pixels, tile_of
from test_people_measure import whose, window

from heatlas.cli import main
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.dataset.selection import refuse_unshown
from heatlas.dataset.tracks import Tracks
from heatlas.kernels.people import count_bits, mark_people
from heatlas.library.file.settings import Settings
from heatlas.library.index.people import people_around as people_in_index
from heatlas.options import PublicOptions, RenderOptions, ViewportOptions
from heatlas.publish.publishing import publish
from heatlas.raster.count_people import people_around
from heatlas.raster.draw_tracks import draw as draw_tracks
from heatlas.raster.gaussian import Smoothing
from heatlas.raster.measure import parse_measure
from heatlas.raster.pipeline import heat
from heatlas.raster.threshold import AT_LEAST, Limits, Threshold
from heatlas.rendering.film.running_grid import RunningGrid
from heatlas.server import create_app
from heatlas.tiles.crowds import grouped
from heatlas.tiles.fields import Field, field_window
from heatlas.tiles.look import Filter, Look
from heatlas.tiles.metadata import bounds_in, places_in
from heatlas.tiles.view import choose_in, close, open_view

FEW = Settings(zooms=(13, 16))
BARE = Smoothing()
NAMES = "abcdef"


def club(seed, count=12, n=60):
    """Tracks around one place of six people, and some that are nobody's."""
    return [whose(track, NAMES[k % 6] if k % 5 else "") for k, track in enumerate(walks(seed, count, n=n))]


def slow_shown(tracks, over, least):
    """Pixels that enough people passed, themselves or, from zoom 15 on, with the pixels around."""
    reach = 1 if over.zoom >= 15 else 0
    count = np.zeros((over.height, over.width), np.int64)
    for person in {one.person for track in tracks for one in track.activities} - {""}:
        theirs = [track for track in tracks if track.activities[0].person == person]
        seen = draw_tracks(theirs, over.grown(reach), parse_measure("passes")).total > 0
        sides = range(2 * reach + 1)
        count += np.any([seen[y : y + over.height, x : x + over.width] for y in sides for x in sides], axis=0)
    return count >= least


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 99), st.sampled_from([11.0, 13.4, 15.0, 16.0]), st.integers(1, 4), st.integers(1, 3))
def test_a_drawing_shows_what_brute_force_does(seed, zoom, least, workers):
    tracks, over = club(seed, 8), window(zoom, 120)
    shown = slow_shown(tracks, over, least)
    assert np.array_equal(people_around(tracks, over, workers) >= least, shown)
    for name in ("passes", "seconds", "mean(elevation)"):
        whole = draw_tracks(tracks, over, parse_measure(name))
        drawn = heat(tracks, over, parse_measure(name), BARE, threshold=Threshold(least))
        for plane, values in drawn.counted.planes.items():
            assert np.array_equal(values, np.where(shown, whole.planes[plane], 0)), (name, plane)


def field_of(view, measure="passes", wanted=None):
    look = Look(parse_measure(measure), BARE, None, None)
    return Field(view, view.snapshot, choose_in(view, view.snapshot, wanted or Filter()), look)


def test_tiles_of_a_library_show_the_same_at_every_zoom(tmp_path):
    tracks = club(3)
    with made(tmp_path / "a.db", tracks, group=5, settings=FEW) as library:
        view = open_view(library, limits=Limits(3))
        keep, people = np.ones(13, np.bool_), view.snapshot.people
        for zoom in FEW.indexed:
            over = window(zoom, 200)
            shown = slow_shown(tracks, over, 3)
            assert shown.any()
            assert np.array_equal(people_in_index(library, over, keep, people) >= 3, shown)
            for name in ("passes", "activities", "people"):
                grid = field_window(field_of(view, name), over)
                whole = draw_tracks(tracks, over, parse_measure(name)).total
                assert np.array_equal(grid.total, np.where(shown, whole, 0)), (zoom, name)
        # Of a filter people are counted among what it leaves, and nobody's never count.
        some = [track for track in tracks if track.activities[0].person in {"a", "b", "c"}]
        grid = field_window(field_of(view, "passes", Filter("person IN ('a', 'b', 'c')")), window(14, 200))
        shown = slow_shown(some, window(14, 200), 3)
        expected = np.where(shown, draw_tracks(some, window(14, 200), parse_measure("passes")).total, 0)
        assert np.array_equal(grid.total if grid is not None else np.zeros_like(expected), expected)
        close(view)


def test_the_threshold_is_that_of_public_maps_with_persons_and_refused_without():
    named, nobodys = ([one for track in tracks for one in track.activities] for tracks in (club(1), walks(1, 2)))
    assert Threshold.of(Limits(), public=True, activities=named) == Threshold(AT_LEAST)
    assert not Threshold.of(Limits(), public=False, activities=named)
    assert not Threshold.of(Limits(0), public=True, activities=named)
    assert not Threshold.of(Limits(), public=True, activities=nobodys)
    assert Threshold.of(Limits(7), public=False, activities=named).people == 7
    with pytest.raises(BadOption, match=r"--at-least 2 needs persons.*--person"):
        Threshold.of(Limits(2), public=True, activities=nobodys)
    with pytest.raises(BadOption, match="--round is for counts"):
        Threshold(step=5).check(parse_measure("pace"))
    assert len(Threshold(5).words()) == 1
    assert "can be subtracted" in Threshold(5).words(span=True)[1]
    assert "subtracted" not in " ".join(Threshold(5, 10).words(span=True))
    with pytest.raises(NothingToDraw, match=r"passed by 9 different people, of 6 in all.*--at-least"):
        refuse_unshown([], Threshold(9), named)


def test_counts_are_rounded_to_steps():
    tracks, over = club(2), window(13, 200)
    whole = draw_tracks(tracks, over, parse_measure("passes")).total.astype(int)
    rounded = heat(tracks, over, parse_measure("passes"), BARE, threshold=Threshold(0, 4)).counted.total
    assert whole.any()
    assert np.array_equal(rounded, (whole + 2) // 4 * 4)


def test_frames_of_a_film_show_what_a_drawing_of_their_tracks_does():
    tracks, least = club(5), Threshold(2)
    for zoom in (13.0, 15.0):
        running = RunningGrid.empty(window(zoom, 300), parse_measure("passes"), threshold=least)
        for before, now in (((0, 0), (0, 5)), ((0, 5), (0, 9)), ((0, 9), (4, 12))):
            running.step(tracks[before[1] : now[1]], tracks[before[0] : now[0]], tracks[slice(*now)])
            direct = heat(tracks[slice(*now)], window(zoom, 300), parse_measure("passes"), BARE, threshold=least)
            assert np.array_equal(running.grid.total, direct.counted.total)
            assert running.grid.total.any()


def test_a_map_without_a_person_is_that_of_data_which_never_held_them(tmp_path):
    tracks = club(6)
    others = [track for track in tracks if track.activities[0].person != "a"]
    options = RenderOptions(frame=ViewportOptions(zoom="11-13"), public=PublicOptions(at_least=2))
    without = replace(options, filter=replace(options.filter, where="person <> 'a'"))
    folders = []
    for name, some, asked in (("a", tracks, without), ("b", others, options)):
        made(tmp_path / f"{name}.db", some, settings=Settings(zooms=(11, 13))).close()
        publish(tmp_path / f"{name}.db", tmp_path / name, asked)
        folders.append(
            {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.png")}
        )
    assert folders[0] == folders[1]
    assert folders[0]


def test_one_more_person_changes_the_tiles_that_they_touch(tmp_path):
    tracks = club(7)
    far = [whose(track, "z") for track in walks(8, 3, lon=11.9, n=60)]
    options = RenderOptions(frame=ViewportOptions(zoom="13"), public=PublicOptions(at_least=2))
    with made(tmp_path / "a.db", tracks, settings=FEW) as library:
        first = publish(tmp_path / "a.db", tmp_path / "out", options)
        assert first["tiles"]["written"]
        assert any("2 different people" in text for text in first["warnings"])
        put(library, far)
        again = publish(tmp_path / "a.db", tmp_path / "out", options)
        assert again["tiles"]["written"] == again["tiles"]["removed"] == 0
        other = publish(tmp_path / "a.db", tmp_path / "out", replace(options, public=PublicOptions(at_least=1)))
        assert other["tiles"]["written"]


def test_what_is_told_of_a_public_map_follows_from_what_it_shows(tmp_path):
    tracks = club(9, 30)
    alone = [whose(track, "a") for track in walks(10, 6, lat=40.0, lon=-3.0, n=60)]
    with made(tmp_path / "a.db", [*tracks, *alone], settings=FEW) as library:
        view, all_told = open_view(library, True, limits=Limits(3)), open_view(library, True, limits=Limits(0))
        assert len(places_in(all_told, all_told.snapshot)) == 2
        assert [round(place.bbox[1]) for place in places_in(view, view.snapshot)] == [48]
        assert bounds_in(view, view.snapshot)[0] > 0 > bounds_in(all_told, all_told.snapshot)[0]
        assert view.snapshot.version != all_told.snapshot.version
        close(view)
        close(all_told)
    whole = Tracks((*tracks, *alone))
    assert len(whole.places()) == 2
    assert [round(place.bbox[1]) for place in whole.places(Threshold(3))] == [48]


def test_groups_of_a_public_map_are_of_enough_people():
    paths = [("Run", 2020)] * 6 + [("Run", 2021)] * 6 + [("Ride", 2020)] * 6
    people = ["a"] * 6 + list("abcabc") + list("abcdef")
    assert grouped(paths, 5).tolist() == [0] * 6 + [1] * 6 + [2] * 6
    groups = grouped(paths, 5, people, 3).tolist()
    assert groups[:6] == groups[6:12] != groups[12:]
    assert grouped(paths[:6], 5, people[:6], 2).tolist() == [-1] * 6
    assert grouped(paths[:6], 5, [""] * 6, 1).tolist() == [-1] * 6


def months(tracks, first=2020):
    """Tracks with starts in two months, so that a public map has groups to tell."""
    found = []
    for k, track in enumerate(tracks):
        start = dt.datetime(first, 1 + k % 2, 1 + k % 27, 12, tzinfo=dt.UTC).timestamp()
        one = replace(track.activities[0], start=start, sport="Run", distance=9000.0)
        found.append(replace(track, time=start + np.arange(track.fixes, dtype=float), activities=(one,)))
    return found


def place(lat, lon):
    return "{}/{}/{}".format(14, *tile_of(14, lat, lon))


def test_a_public_server_tells_nothing_of_what_too_few_passed(tmp_path):
    tracks = months(club(11, 36))
    alone = months([whose(track, "a") for track in walks(12, 6, lat=48.9, lon=12.3, n=60)])
    path = tmp_path / "a.db"
    made(path, [*tracks, *alone], group=50, settings=Settings(zooms=(6, 14))).close()
    with client(path, public=True, at_least=0) as web:
        open_to_all = web.get("/api/library.json").json()
        assert pixels(web.get(f"/tiles/passes/{place(48.9, 12.3)}.png").content).any()
    with client(path, public=True, at_least=3) as web:
        told = web.get("/api/library.json").json()
        assert not pixels(web.get(f"/tiles/passes/{place(48.9, 12.3)}.png").content).any()
        assert pixels(web.get(f"/tiles/passes/{place(47.8, 10.9)}.png").content).any()
        legend = web.get("/scale.json?z=14").json()
        explorer = web.get("/explorer.json?z=14").json()
    assert open_to_all["activities"] == 42
    assert told["activities"] == legend["activities"] <= 36
    assert told["distance"] < open_to_all["distance"]
    assert told["fixes"] < open_to_all["fixes"]
    assert len(open_to_all["places"]) == 2
    assert len(told["places"]) == 1
    assert told["people"] == []
    assert legend["left_out"] == ["Only pixels that 3 different people passed are shown"]
    assert all(row["activities"] <= 36 for row in told["sports"])
    assert explorer["activities"] <= 36
    for words in ('"a"', "person"):
        assert words not in str(told)
    with client(path, public=True) as web:  # the default is 5, and says nothing of one month's few
        assert web.get("/scale.json?z=14").json()["left_out"] == [
            f"Only pixels that {AT_LEAST} different people passed are shown"
        ]
    with pytest.raises(BadOption, match="--public map"):
        create_app(path, at_least=3)


def test_commands_take_persons_and_thresholds(tmp_path, capsys, monkeypatch):

    def run(*words):
        monkeypatch.setattr("sys.argv", ["heatlas", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, capsys.readouterr()

    path = tmp_path / "a.db"
    made(path, months(club(13, 18)), group=50, settings=Settings(zooms=(6, 14))).close()
    code, said = run("library", "person", "g", "--where", "person = 'a'", "-l", path)
    assert code == 0
    assert "are of g now" in said.out
    code, said = run("zones", "add", "home", "--at", "47.8,10.9", "--radius", "20m", "--person", "g", "-l", path)
    assert code == 0
    code, said = run("zones", "list", "-l", path)
    assert "--person g" in said.out
    code, said = run("info", path)
    assert "people: " in said.out
    assert "g 2" in said.out
    code, said = run("explore", path, "--public", "--at-least", "2", "-o", tmp_path / "e.png")
    assert code == 0
    code, said = run("explore", path, "--public", "--at-least", "9")
    assert code == 1
    assert "no place was passed by 9 different people" in said.err
    code, said = run("render", path, "-o", tmp_path / "p.png", "--at-least", "2", "--width", "200")
    assert code == 0
    assert "2 different people" in said.err
    code, said = run("render", path, "-o", tmp_path / "n.png", "--measure", "pace", "--round", "5")
    assert code == 2
    assert "--round is for counts" in said.err


def test_bits_of_many_people_are_counted_as_sets_are():
    """More people than one word, and than are counted together, hold."""
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 1 << 16, 4000).astype(np.uint16)
    pixels &= np.uint16(0x0F1F)  # 16 rows of 32 columns
    lengths, people = np.full(200, 20), rng.permutation(200) - 3
    for reach in (0, 1):
        bits = np.zeros((14 + 2 * reach, 30 + 2 * reach, 3), np.uint64)
        mark_people(pixels, lengths, people, reach - 1, reach - 1, bits)
        counts = np.zeros((14, 30), np.uint32)
        lines = bits.reshape(len(bits), -1)
        count_bits(lines, 3, reach, np.empty(lines.shape[1], np.uint64), counts)
        for row in range(14):
            for column in range(30):
                rows, columns = (pixels >> 8).astype(int) - 1, (pixels & 255).astype(int) - 1
                near = (abs(rows - row) <= reach) & (abs(columns - column) <= reach)
                there = set(np.repeat(people, lengths)[near].tolist())
                assert counts[row, column] == len({one for one in there if 0 <= one < 192})
