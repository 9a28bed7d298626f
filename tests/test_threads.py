"""Parts of a job side by side."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import slow

from heatlas.core.threads import one_ahead, side_by_side
from heatlas.core.window import Window
from heatlas.raster.draw_tracks import draw
from heatlas.raster.measure import parse_measure


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
@pytest.mark.parametrize("parts", [0, 1, 2, 5])
def test_every_part_is_done_once_and_told_in_order(workers, parts):
    asked = []
    told = side_by_side(lambda k: (asked.append(k), 10 * k)[1], range(parts), workers)
    assert told == [10 * k for k in range(parts)]
    assert sorted(asked) == list(range(parts))


def test_parts_are_done_at_the_same_time():
    meeting = threading.Barrier(3, timeout=30)
    assert sorted(side_by_side(lambda _: meeting.wait(), range(3), 3)) == [0, 1, 2]


def test_where_no_thread_can_be_started_one_does_it_all(monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", refuse)
    assert side_by_side(lambda k: k + 1, range(5), 3) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("bad", [0, 1])
def test_an_error_is_raised_when_all_have_ended(bad):
    ended = []

    def job(part):
        if part == bad:
            raise ValueError(f"part {part}")
        time.sleep(0.05)
        ended.append(part)

    with pytest.raises(ValueError, match=f"part {bad}"):
        side_by_side(job, range(2), 2)
    assert ended == [1 - bad]


@pytest.mark.parametrize("parts", [0, 1, 2, 5])
def test_one_part_is_done_ahead(parts):
    """And never two at a time: painting reads a file."""
    begun, ended = [], []

    def job(k):
        begun.append(k)
        assert ended == begun[:-1]
        time.sleep(0.01)
        ended.append(k)
        return 10 * k

    for k, found in enumerate(one_ahead(job, range(parts))):
        assert found == 10 * k
        assert len(ended) >= k + 1
        assert len(begun) >= min(k + 2, parts) - 1
    assert ended == list(range(parts))


def test_the_next_part_is_done_meanwhile():
    meeting = threading.Barrier(2, timeout=30)
    found = one_ahead(lambda k: k if k == 0 else meeting.wait(), range(2))
    assert next(found) == 0
    meeting.wait()  # the second part waits for this
    next(found)


def test_an_error_of_a_part_ahead_is_raised_in_its_place():
    def job(part):
        if part == 1:
            raise ValueError("part 1")
        return part

    found = one_ahead(job, range(3))
    assert next(found) == 0
    with pytest.raises(ValueError, match="part 1"):
        next(found)


def test_a_part_that_nobody_wants_is_waited_for():
    ended = []

    def job(part):
        time.sleep(0.05 * part)
        ended.append(part)

    found = one_ahead(job, range(3))
    next(found)
    found.close()
    assert ended == [0, 1]


def test_where_no_thread_can_be_started_parts_are_done_in_turn(monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", refuse)
    assert list(one_ahead(lambda k: k + 1, range(5))) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("enough", "threads"), [(1, 3), (60, 2), (100, 1)])
def test_what_is_soon_counted_is_counted_in_fewer_threads(monkeypatch, enough, threads):
    monkeypatch.setattr("heatlas.raster.count_passes._ENOUGH", enough)
    batch = slow.wander(np.random.default_rng(5), 120, 8)
    seen = []
    monkeypatch.setattr("heatlas.raster.count_passes.side_by_side", lambda job, parts, workers: seen.append(workers))
    draw([batch], Window(2.0**20, int(batch.u[0] * 2**20) - 300, int(batch.v[0] * 2**20) - 300, 600, 600),
         parse_measure("passes"), 3)  # fmt: skip
    assert seen == [threads]
