"""Orderly ends on signals: SIGTERM and SIGHUP unwind the main thread, as Ctrl-C does, so that nothing is left behind.

Only the programs of heatlas heed these signals (`heed_stops`); a program that imports heatlas keeps its own handlers.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from sys import UnraisableHookArgs
    from types import FrameType, TracebackType

__all__ = [
    "STOPPING",
    "Stopped",
    "delayed_stops",
    "end_at_once",
    "handling_stops",
    "heed_stops",
    "note_stop",
    "stop_status",
]

STOPPING: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
"""Signals of this system that ask a program to end: Ctrl-C, `kill` and service managers, a closed terminal."""
_GRACE = 2.0
"""Seconds in which a second signal is dropped: service managers send several, and the first is being obeyed."""
_noted: list[int] = []
"""Numbers of the signals so far."""
_since = [-_GRACE]
"""When the main thread was last told, by the monotonic clock."""


class Stopped(KeyboardInterrupt):
    """A signal asked the program to end; whatever handles Ctrl-C handles it."""


def stop_status() -> int | None:
    """Exit status by the convention of shells, 128 + the number of the first signal; None if there was none."""
    return 128 + _noted[0] if _noted else None


def note_stop(number: int) -> None:
    """Note a signal that is handled elsewhere, for `stop_status`."""
    _noted.append(number)


def end_at_once() -> None:
    """End on a signal without a word: for times at which there is nothing to tidy, such as before the first import."""
    _handle(_end)


def heed_stops() -> None:
    """Raise `Stopped` in the main thread on a signal. A signal that was ignored, as by nohup, stays ignored."""
    _handle(_stop)
    sys.unraisablehook = _stop_again
    sys.excepthook = _show_unless_stopped


@contextmanager
def handling_stops(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle signals in another way inside a block; elsewhere than in the main thread nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in STOPPING}
    # Handlers set outside of Python are None, and cannot be set again.
    before = {number: known for number, known in before.items() if known not in {signal.SIG_IGN, None}}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, known in before.items():
            signal.signal(number, known)


@contextmanager
def delayed_stops() -> Iterator[None]:
    """Delay signals to the end of a block: inside numba an interrupt might be lost or become another error."""
    noted: list[tuple[int, FrameType | None]] = []
    before = {number: signal.getsignal(number) for number in STOPPING}
    try:
        with handling_stops(lambda number, frame: noted.append((number, frame))):
            yield
    finally:
        for number, frame in noted[:1]:
            known = before[signal.Signals(number)]
            if callable(known):
                known(number, frame)
            else:
                signal.raise_signal(number)


def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in STOPPING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signature of handlers
    os._exit(128 + number)


def _stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    note_stop(number)
    now = time.monotonic()
    if now - _since[0] >= _GRACE:
        _since[0] = now
        raise Stopped


def _show_unless_stopped(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show no signal as an error: extensions print what interrupts their import, and raise ImportError instead."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


def _stop_again(unraisable: UnraisableHookArgs) -> None:
    """Stop when a signal came where Python ignores errors, such as in callbacks of imports and of freed objects."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        _since[0] = -_GRACE
        threading.Timer(0.05, _thread.interrupt_main).start()  # raised here it would be ignored as well
    else:
        sys.__unraisablehook__(unraisable)
