"""Work shared out to forked processes gives what one process gives."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import slow
from hypothesis import given
from hypothesis import strategies as st
from made import export, gpx, straight

from heatlas.core.batch import Unread, join, split
from heatlas.core.context import Context
from heatlas.sources import load as loading
from heatlas.sources.archive import Entry
from heatlas.sources.fork_pool import ForkPool
from heatlas.sources.load import load
from heatlas.sources.pool_results import MOST_TASKS

HOME = os.getpid()
needs_forks = pytest.mark.skipif(sys.platform != "linux", reason="forks are used on Linux alone")
pytestmark = needs_forks


def children():
    """Processes that this one has started and not seen off."""
    return set().union(*(set(path.read_text().split()) for path in Path("/proc/self/task").glob("*/children")))


@pytest.fixture(autouse=True)
def interruptible():
    """What a shell starts in the background is deaf to interrupts, and so are its tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def others():
    """Other tests may have started servers."""
    OTHERS.clear()
    OTHERS.update(children())


OTHERS: set[str] = set()


def arrays(task):
    return {
        "task": task,
        "large": np.arange(task * 30_000, dtype=np.float64),
        "strided": np.arange(task * 4.0).reshape(-1, 2)[:, 1],
        "none": np.zeros(0, np.int64),
        "columns": np.arange(12, dtype=np.float32).reshape(3, 4),
    }


def done(work, helpers, count):
    with ForkPool(work, helpers) as those:
        results = dict(those.results(count))
    assert children() <= OTHERS  # all have been seen off
    return results


@pytest.mark.parametrize("helpers", [0, 1, 3])
def test_results_are_those_of_one_process(helpers):
    results = done(arrays, helpers, 40)
    assert sorted(results) == list(range(40))
    for task, found in results.items():
        for name, values in arrays(task).items():
            assert np.array_equal(found[name], values)
            assert np.asarray(found[name]).dtype == np.asarray(values).dtype
        found["large"][:] = 0  # what came from a helper can be written to as well


def test_helpers_have_their_share():
    who = done(lambda task: (time.sleep(0.01), os.getpid())[1], 2, 60)
    assert len(set(who.values())) == 3
    assert HOME in who.values()


def test_no_task_at_all():
    assert done(arrays, 2, 0) == {}


def test_as_many_tasks_as_there_may_be():
    assert done(lambda task: task, 2, MOST_TASKS) == {task: task for task in range(MOST_TASKS)}


def killed(task):
    os.kill(os.getpid(), signal.SIGKILL)


def refused(task):
    raise ValueError(task)


def unspeakable(task):
    return lambda: task


@pytest.mark.parametrize("fails", [killed, refused, unspeakable])
def test_what_a_helper_fails_at_is_done_here(fails):
    def work(task):
        time.sleep(0.002)
        return task if os.getpid() == HOME or task < 10 else fails(task)

    assert done(work, 2, 40) == {task: task for task in range(40)}


def test_a_failure_of_ones_own_is_heard_and_nobody_is_left():
    def work(task):
        if os.getpid() == HOME and task > 5:
            raise ValueError("heard")
        time.sleep(0.005)
        return task

    with pytest.raises(ValueError, match="heard"):
        done(work, 2, 100)
    assert children() <= OTHERS  # all have been seen off


@pytest.mark.parametrize("helpers", [0, 2])
def test_an_interrupt_waits_for_the_task_in_hand(helpers):
    finished = []

    def work(task):
        time.sleep(0.005)
        if os.getpid() == HOME:
            os.kill(HOME, signal.SIGINT)
            time.sleep(0.001)
            finished.append(task)
        return task

    with pytest.raises(KeyboardInterrupt):
        done(work, helpers, 100)
    assert len(finished) == 1
    assert children() <= OTHERS  # all have been seen off
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_pipes_are_closed():
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - no files
    done(arrays, 3, 10)
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208


def test_splitting_undoes_joining():
    rng = np.random.default_rng(1)
    columns = ((), ("power",), ("heart_rate", "power"), ())
    tracks = [
        slow.wander(rng, n, segments=segments, columns={name: rng.random(n, np.float32) for name in names})
        for n, segments, names in zip((50, 1, 70, 9), ([0, 20, 50], None, [0, 69, 70], None), columns, strict=True)
    ]
    for whole, part in zip(tracks, split(join(tracks), columns), strict=True):
        assert part.activities == whole.activities
        assert part.columns.keys() == whole.columns.keys()
        for name in ("u", "v", "time", "progress", "segments", "tracks"):
            assert np.array_equal(getattr(part, name), getattr(whole, name))
        for name, values in whole.columns.items():
            assert np.array_equal(part.columns[name], values)


@given(st.lists(st.integers(0, 10**9), max_size=60), st.integers(0, 3))
def test_groups_hold_every_file_once_in_order(sizes, tiny):
    files = [Entry(str(k), bytes, size >> 10 * tiny) for k, size in enumerate(sizes)]
    groups = loading._groups(files)
    assert [file for group in groups for file in group] == files
    assert all(groups)
    assert len(groups) <= MOST_TASKS


def test_many_files_fit_into_the_tasks():
    for size in (0, 1, 10**6):
        assert len(loading._groups([Entry("", bytes, size)] * 50_000)) <= MOST_TASKS


def test_helpers_change_nothing_of_what_is_loaded(tmp_path, monkeypatch):
    export(tmp_path)
    more = tmp_path / "activities"
    rng = np.random.default_rng(0)
    for k in range(40):
        lon, lat = straight(int(rng.integers(30, 3000)), lat=47.8 + k / 1000)
        heart_rate = rng.uniform(60, 180, len(lon)) if k % 3 else None
        (more / f"more{k}.gpx").write_bytes(gpx(lon, lat, start=1.7e9 - 9000 * k, heart_rate=heart_rate))
    monkeypatch.setattr(loading, "_WORTH", 0)
    forked = []

    class Counted(ForkPool):
        def __init__(self, work, number):
            forked.append(number)
            super().__init__(work, number)

    monkeypatch.setattr(loading, "ForkPool", Counted)
    found = []
    for workers, safe in ((1, True), (2, True), (4, True), (3, False)):
        monkeypatch.setattr(loading, "can_fork", lambda safe=safe: safe)
        batches, report = load([tmp_path], context=Context(workers))
        report.seconds.clear()
        found.append((batches, report))
    assert forked == [0, 1, 3, 0]
    (first, said), *others = found
    assert said.failed
    assert said.dropped
    for batches, report in others:
        assert report == said
        assert len(batches) == len(first)
        for a, b in zip(batches, first, strict=True):
            assert a.activities == b.activities
            assert a.columns.keys() == b.columns.keys()
            for name in ("u", "v", "time", "progress", "segments", "tracks"):
                assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)
            for name in a.columns:
                assert np.array_equal(a.columns[name], b.columns[name], equal_nan=True)
    assert all(isinstance(unread, Unread) for unread in said.failed)
