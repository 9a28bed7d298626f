"""Fresh processes that share work, as on macOS and Windows, and beside other threads: the same results as one."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from functools import partial

import numpy as np
import pytest
from made import export, gpx, straight

from heatlas.core.context import Context
from heatlas.core.resources import interpreter
from heatlas.sources import load as loading
from heatlas.sources import spawn_pool
from heatlas.sources.fork_pool import can_fork
from heatlas.sources.load import load
from heatlas.sources.pool_results import started
from heatlas.sources.spawn_pool import SpawnPool

HOME = os.getpid()


POOLS: list[SpawnPool[object]] = []


def until(happened):
    """Wait for what the workers do."""
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def arrays(home, task):
    if os.getpid() == home and not task % 8:
        until(lambda: not POOLS[-1]._received.empty())
    os.write(1, b"what a library prints")
    found = {"large": np.arange(task * 3000, dtype=np.float64), "strided": np.arange(8.0).reshape(4, 2)[:, 1]}
    return task, os.getpid() == home, found


def failing(home, how, task):
    if os.getpid() == home:
        until(lambda: all(process.poll() is not None for process in POOLS[-1]._running))
    else:
        if how == "killed":
            os.kill(os.getpid(), signal.SIGTERM)
        if how == "refused":
            raise ValueError(task)
        return lambda: task
    return task


def done(work, number, count):
    with SpawnPool(work, number) as pool:
        POOLS.append(pool)
        results = dict(pool.results(count))
    assert all(process.returncode is not None for process in pool._running)  # all have been seen off
    return results


def test_results_are_those_of_one_process():
    found = done(partial(arrays, HOME), 2, 40)
    assert sorted(found) == list(range(40))
    assert not all(here for _, here, _ in found.values())
    for task, (number, _, held) in found.items():
        assert number == task
        assert np.array_equal(held["large"], np.arange(task * 3000.0))
        assert np.array_equal(held["strided"], np.arange(8.0).reshape(4, 2)[:, 1])


@pytest.mark.parametrize("how", ["killed", "refused", "unspeakable"])
def test_what_a_worker_fails_at_is_done_here(how):
    assert done(partial(failing, HOME, how), 1, 30) == {task: task for task in range(30)}
    status = POOLS[-1]._running[0].returncode
    assert status == (1 if how != "killed" or sys.platform == "win32" else -signal.SIGTERM)


def test_work_that_cannot_be_sent_is_done_here():
    assert done(lambda task: task, 2, 5) == {task: task for task in range(5)}


def refused(task):
    raise ValueError(task)


def test_an_error_here_is_heard_and_nobody_is_left():
    with pytest.raises(ValueError, match=r"\d"):  # noqa: SIM117
        with SpawnPool(refused, 1) as pool:
            dict(pool.results(10))
    assert pool._running[0].returncode is not None


def refuse(*_, **__):
    raise BlockingIOError("Resource temporarily unavailable")


def test_where_no_process_can_be_started_this_one_does_it_all(monkeypatch):
    monkeypatch.setattr(spawn_pool.subprocess, "Popen", refuse)
    assert len(done(partial(failing, HOME, "refused"), 3, 8)) == 8


def test_threads_that_cannot_be_started_are_left_out(monkeypatch):
    def limited(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", limited)
        assert started([threading.Thread(target=print)]) == []


@pytest.mark.parametrize(
    ("path", "frozen", "found"),
    [
        ("/usr/bin/python3.14", False, True),
        ("C:/Program Files/Python314/pythonw.exe", False, True),
        ("/Library/Python.app/Contents/MacOS/Python", False, True),
        ("C:/Program Files/QGIS/bin/qgis-bin.exe", False, False),
        ("/opt/python-packed/program", True, False),
        ("/opt/python", True, False),
        ("", False, False),
        (None, False, False),
    ],
)
def test_only_an_interpreter_is_started_again(monkeypatch, path, frozen, found):
    monkeypatch.setattr(sys, "executable", path)
    monkeypatch.setattr(sys, "frozen", frozen, raising=False)
    assert interpreter() == (path if found else None)


def test_fresh_processes_change_nothing_of_what_is_loaded(tmp_path, monkeypatch):
    export(tmp_path)
    for k in range(12):
        lon, lat = straight(300 + 50 * k, lat=47.8 + k / 1000)
        (tmp_path / "activities" / f"more{k}.gpx").write_bytes(gpx(lon, lat, start=1.7e9 - 9000 * k))
    monkeypatch.setattr(loading, "can_fork", lambda: False)
    pools = []

    class Counted(SpawnPool):
        def __init__(self, work, number):
            super().__init__(work, number)
            pools.append(len(self._running))

    monkeypatch.setattr(loading, "SpawnPool", Counted)
    alone, said = load([tmp_path], context=Context(2))
    assert not pools  # so little is not worth it
    monkeypatch.setattr(loading, "_WORTH_FRESH", 0)
    shared, told = load([tmp_path], context=Context(2))
    assert pools == [1]
    said.seconds.clear()
    told.seconds.clear()
    assert told == said
    for a, b in zip(alone, shared, strict=True):
        assert a.activities == b.activities
        for name in ("u", "v", "time", "progress", "segments", "tracks"):
            assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)


def test_nothing_is_forked_beside_another_thread():
    if sys.platform != "linux":
        assert not can_fork()
    held = threading.Event()
    thread = threading.Thread(target=held.wait)
    thread.start()
    try:
        assert not can_fork()
    finally:
        held.set()
        thread.join()
