"""People as a measure: exact at every zoom, from tracks and from the index, whatever the order of imports."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from library_made import made, put, walks

from heatlas.core.errors import BadOption
from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.dataset.tracks import Tracks
from heatlas.library.file.settings import Settings
from heatlas.library.index.drawing import draw
from heatlas.library.maintenance import compact, remove
from heatlas.library.rows.merged import select
from heatlas.raster.draw_tracks import draw as draw_tracks
from heatlas.raster.left_out import left_out
from heatlas.raster.measure import parse_measure
from heatlas.raster.offered import known_of, measures_of
from heatlas.rendering.film.running_grid import RunningGrid

PEOPLE = parse_measure("people")
FEW = Settings(zooms=(11, 15))


def whose(track, person):
    return replace(track, activities=tuple(replace(one, person=person) for one in track.activities))


def window(zoom, side=700):
    scale = 256.0 * 2**zoom
    x, y = (int(float(place) * scale) for place in from_lonlat(10.9, 47.8))
    return Window(scale, x - side // 2, y - side // 2, side, side)


def slow_people(tracks, over):
    """Persons of each pixel, from a drawing of each track by itself."""
    found = defaultdict(set)
    for track in tracks:
        (person,) = {one.person for one in track.activities}
        rows, columns = np.nonzero(draw_tracks([track], over, parse_measure("passes")).total)
        for place in zip(rows.tolist(), columns.tolist(), strict=True):
            found[place] |= {person} - {""}
    counts = np.zeros((over.height, over.width), np.uint32)
    for place, people in found.items():
        counts[place] = len(people)
    return counts, found


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=6, max_size=6),
    st.sampled_from([11.0, 13.4, 15.0]),
    st.randoms(),
)
def test_people_are_counted_once_in_each_pixel(people, zoom, chance):
    tracks = [whose(track, person) for track, person in zip(walks(1, 6, n=60), people, strict=True)]
    expected, _ = slow_people(tracks, window(zoom))
    assert expected.any() == any(people)
    assert np.array_equal(draw_tracks(tracks, window(zoom), PEOPLE).total, expected)
    chance.shuffle(tracks)
    assert np.array_equal(draw_tracks(tracks, window(zoom), PEOPLE, 3).total, expected)


def test_the_index_counts_what_tracing_does(tmp_path):
    tracks = [whose(track, "abcd"[k % 4] if k % 5 else "") for k, track in enumerate(walks(2, 12))]
    assert tracks[0].fixes
    with made(tmp_path / "a.db", tracks, group=5, settings=FEW) as library:
        before = {}
        for zoom in FEW.indexed:
            before[zoom], _ = slow_people(tracks, window(zoom))
            assert np.array_equal(draw(library, window(zoom), PEOPLE).total, before[zoom])
        keep = select(library, "person <> 'a'")
        others = [track for track in tracks if track.activities[0].person not in {"", "a"}]
        unnamed = [track for track in tracks if track.activities[0].person != "a"]
        assert np.array_equal(draw(library, window(14), PEOPLE, keep).total, slow_people(others, window(14))[0])
        assert keep.sum() == len(unnamed)  # nobody's is not Anna's
        # What is added and removed again changes nothing, nor does merging chunks, nor a copy.
        extra = [whose(track, "e") for track in walks(3, 3)]
        twin = replace(tracks[1], activities=(replace(tracks[1].activities[0], source="twin", person=""),))
        numbers = put(library, [*extra, twin])
        assert draw(library, window(13), PEOPLE).total.sum() > before[13].sum()
        remove(library, numbers[:3])
        compact(library)
        assert np.array_equal(draw(library, window(13), PEOPLE).total, before[13])
    with made(tmp_path / "b.db", [twin, *tracks[::-1]], group=3, settings=FEW) as library:
        assert np.array_equal(draw(library, window(13), PEOPLE).total, before[13])


def test_films_count_people_anew_where_tracks_come_and_go():
    tracks = [whose(track, "aab"[k % 3]) for k, track in enumerate(walks(4, 6, n=60))]
    over = window(13)
    running = RunningGrid.empty(over, PEOPLE)
    running.step(tracks[:4], [], tracks[:4])
    running.step(tracks[4:], tracks[:2], tracks[2:])
    assert np.array_equal(running.grid.total, slow_people(tracks[2:], over)[0])


def test_menus_offer_people_where_they_are_named_and_reports_say_who_is_not():
    tracks = walks(5, 3)
    named = [whose(tracks[0], "a"), *tracks[1:]]
    activities = [one for track in named for one in track.activities]
    assert PEOPLE in measures_of(known_of(activities))
    assert PEOPLE not in measures_of(known_of(activities[1:]))
    assert left_out(PEOPLE, activities, []) == ["people does not count 2 activities without a person"]
    with pytest.raises(BadOption, match="say it with --person"):
        Tracks(tuple(tracks)).refuse_unknown(PEOPLE)
    Tracks(tuple(named)).refuse_unknown(PEOPLE)
