"""Caches of a view stay within their limits, and hold nothing of states that nobody asks for any more."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from library_made import made, put, walks

from heatlas.tiles.cache import Cache
from heatlas.tiles.facts import all_facts
from heatlas.tiles.view import census_of, crowds_in, now, open_view

POINTS = SimpleNamespace(nbytes=1000)


def test_what_was_read_of_the_whole_library_is_forgotten_with_its_state(tmp_path):
    """A library that is watched changes for months while it is served."""
    with made(tmp_path / "a.db", walks(3, 5)) as library:
        view, held = open_view(library), []
        for k in range(6):
            put(library, walks(10 + k, 2))
            snapshot = now(view)
            for zoom in (10, 12):
                census_of(view, snapshot, zoom)
            crowds_in(view, snapshot)
            all_facts(view, snapshot)
            # As of a table that is read again each ten minutes: its points get a new number each time.
            view.timed.get((k,), lambda: POINTS)
            held.append([len(cache) for cache in (view.tile_counts, view.crowds, view.facts, view.timed)])
        assert held[0] == [2, 1, 1, 1]
        assert held[-1] == held[1] == [4, 2, 2, 1]  # of this state, and of the one before, which may still be drawn
        sizes = view.facts.bytes
        now(view)
        assert view.facts.bytes == sizes


def test_a_point_set_that_is_still_there_keeps_what_was_read_of_it(tmp_path, monkeypatch):
    with made(tmp_path / "a.db", walks(3, 5)) as library:
        view = open_view(library)
        view.snapshot.point_sets["clinics"] = SimpleNamespace(number=7)
        view.timed.get((7,), lambda: POINTS)
        put(library, walks(4, 1))
        now(view)
        assert view.timed.look((7,)) is POINTS  # an answer of the state before may need it
        put(library, walks(5, 1))
        now(view)
        assert view.timed.look((7,)) is None


@pytest.mark.parametrize("key", ["where=" + "x" * 5000, ("version", ("a" * 2500, "b" * 2500))])
def test_keys_count_as_they_are_as_long_as_whoever_asks_likes(key):
    cache = Cache(100_000, len)
    for k in range(100):
        cache.get((k, key), lambda: b"small")
    assert 10 < len(cache) <= 20
    assert cache.bytes <= 100_000
    cache.forget(lambda found: found[0] != 99)
    assert len(cache) == 1
    assert 5000 < cache.bytes < 6000
