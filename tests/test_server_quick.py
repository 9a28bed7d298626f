"""Answers that are soon made, in the thread of the event loop or in the pool (`heatlas.server.site.quick`)."""

import asyncio
import threading

import pytest

from heatlas.core import once
from heatlas.server.site import quick
from heatlas.server.site.quick import Quick


class Clock:
    """What `time.perf_counter` tells, and answers that take a number of seconds by it."""

    def __init__(self):
        self.now = 0.0

    def taking(self, seconds):
        def make():
            self.now += seconds
            return threading.get_ident()

        return make


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(quick.time, "perf_counter", lambda: clock.now)
    return clock


async def in_pool(work):
    return await asyncio.to_thread(work)


def made_here(kinds, *answers):
    """Whether each of some answers, one after the other, was made in the thread that asked."""

    async def ask():
        return [await kinds.run(kind, make, in_pool) == threading.get_ident() for kind, make in answers]

    return asyncio.run(ask())


def test_the_first_of_a_kind_is_made_in_the_pool(clock):
    short = clock.taking(0.001)
    assert made_here(Quick(), ("a", short), ("a", short), ("b", short), ("b", short)) == [False, True, False, True]


def test_what_took_long_goes_back_to_the_pool_until_it_is_short_again(clock):
    short, long = clock.taking(0.001), clock.taking(0.02)
    kinds = Quick()
    assert made_here(kinds, ("a", long), ("a", short), ("a", long), ("a", short), ("a", short)) == [
        False, False, True, False, True,
    ]  # fmt: skip


def test_what_is_made_once_does_not_count(clock, monkeypatch):
    monkeypatch.setattr(once.time, "perf_counter", lambda: clock.now)

    @once.made_once()
    def fit():
        clock.now += 0.02

    def first():
        fit()
        return clock.taking(0.001)()

    assert made_here(Quick(), ("a", first), ("a", clock.taking(0.001))) == [False, True]


@pytest.mark.parametrize("others", [1, 5])
def test_what_is_asked_together_is_made_in_the_pool(clock, others):
    kinds, short = Quick(), clock.taking(0.001)

    async def ask():
        mine = threading.get_ident()
        await kinds.run("a", short, in_pool)
        alone = await kinds.run("a", short, in_pool)
        some = await asyncio.gather(*(kinds.run("a", short, in_pool) for _ in range(1 + others)))
        return alone == mine, [one == mine for one in some], await kinds.run("a", short, in_pool) == mine

    assert asyncio.run(ask()) == (True, [False] * (1 + others), True)


def test_what_arrives_while_the_first_waits_to_begin_is_seen(clock):
    """A request that was read, but has not begun yet, as the loop has it between two turns."""
    kinds, short = Quick(), clock.taking(0.001)

    async def ask():
        await kinds.run("a", short, in_pool)
        loop = asyncio.get_running_loop()
        others = []
        first = asyncio.ensure_future(kinds.run("a", short, in_pool))
        loop.call_soon(lambda: others.append(asyncio.ensure_future(kinds.run("a", short, in_pool))))
        made = [await first, await others[0]]
        return [one == threading.get_ident() for one in made]

    assert asyncio.run(ask()) == [False, False]


def test_failures_are_raised_and_forgotten(clock):
    kinds, short = Quick(), clock.taking(0.001)

    def fail():
        raise ValueError("no")

    async def ask(make):
        return await kinds.run("a", make, in_pool)

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            asyncio.run(ask(fail))
    assert made_here(kinds, ("a", short), ("a", short)) == [False, True]
    with pytest.raises(ValueError, match="no"):
        asyncio.run(ask(fail))
    assert made_here(kinds, ("a", short)) == [True]


def test_kinds_are_forgotten_in_the_order_of_their_last_answers(clock, monkeypatch):
    monkeypatch.setattr(quick, "_KINDS", 2)
    kinds, short = Quick(), clock.taking(0.001)
    made_here(kinds, ("a", short), ("b", short), ("a", short), ("c", short))
    assert made_here(kinds, ("a", short), ("b", short)) == [True, False]
