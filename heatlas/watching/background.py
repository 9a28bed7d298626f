"""The loop in a thread, beside a server."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from heatlas.watching.rounds import keep_going, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heatlas.watching.rounds import Alarm, Part

__all__ = ["in_background"]

_SHORT = 0.5
"""Seconds that the end may take without a word."""


@contextmanager
def in_background(parts: Sequence[Part], alarm: Alarm) -> Iterator[None]:
    """Keep parts going in a thread while a block runs; in the end what is under way is finished.

    A block that is left by KeyboardInterrupt waits for nothing: what is not stored yet is taken the next time.
    """
    if not parts:
        yield
        return
    thread = threading.Thread(target=keep_going, args=(parts, alarm), name="heatlas-following", daemon=True)
    thread.start()
    try:
        yield
    except KeyboardInterrupt:
        alarm.stop()
        raise
    except BaseException:
        alarm.stop()
        thread.join()
        raise
    alarm.stop()
    thread.join(_SHORT)
    if thread.is_alive():
        say("an import is being finished; a second Ctrl-C ends it where it is, and starting again goes on there")
        thread.join()
