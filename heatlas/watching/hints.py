"""What the system tells of changes in folders; what it may have lost is found by looking at all files.

inotify and its like are fast, and may lose changes: when many come at once, and in a folder that was made a moment
ago. So they only say where to look first. On network file systems nobody tells what other machines change: there, and
without watchfiles, folders are looked at again and again.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.library.file.network import network_of
from heatlas.watching.rounds import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.watching.rounds import Alarm

__all__ = ["Hints"]

_MOST = 4096
"""Changes that are remembered one by one; after more of them all files are looked at."""


class Hints:
    """Changes in some folders, as a thread hears of them."""

    def __init__(self, roots: Sequence[Path], alarm: Alarm) -> None:
        self._roots, self._alarm = [root.resolve() for root in roots], alarm
        self._given = list(roots)
        self._lock, self._end = threading.Lock(), threading.Event()
        self._paths: set[Path] = set()
        self._everything = True
        self.deaf = ""
        """Why changes are not told of; empty if they are."""

    def start(self) -> None:
        """Listen, in a thread of its own; say why not, where that is impossible."""
        self.deaf = self._why_deaf()
        if self.deaf:
            say(f"{self.deaf}: it is looked through again and again instead")
            return
        threading.Thread(target=self._listen, name="heatlas-hints", daemon=True).start()

    def stop(self) -> None:
        """End the thread, at the latest after a second."""
        self._end.set()

    def take(self) -> tuple[bool, set[Path]]:
        """Whether all files are to be looked at; else what has changed since the last call: files and folders."""
        with self._lock:
            everything, paths = self._everything, self._paths
            self._everything, self._paths = False, set()
        return everything, set() if everything else paths

    def look_at_everything(self) -> None:
        """Have the next look go over all files."""
        with self._lock:
            self._everything = True

    def _why_deaf(self) -> str:
        for root in self._given:
            if not root.is_dir():
                return f"{root} is a single file"
            if kind := network_of(root):
                return f"{root} lies on a network file system ({kind}), where nobody tells what others change"
        try:
            import watchfiles  # noqa: F401
        except ImportError:
            return f"nobody tells of changes in {self._given[0]} without pip install 'heatlas[watch]'"
        return ""

    def _listen(self) -> None:
        from watchfiles import Change, watch

        try:
            heard = watch(
                *self._roots, watch_filter=None, stop_event=self._end, rust_timeout=500, yield_on_timeout=True,
                raise_interrupt=False, force_polling=False, ignore_permission_denied=True,
            )  # fmt: skip
            ready = False
            for changes in heard:
                if not ready:  # what came before anybody listened
                    ready = True
                    self.look_at_everything()
                    self._alarm.ring()
                if changes:
                    self._note({self._as_given(Path(name)) for kind, name in changes if kind in Change})
        except Exception as error:  # noqa: BLE001 - as on a system without any more watches; files are then looked for
            self.deaf = f"the system tells of no more changes in {self._given[0]} ({error})"
            say(f"{self.deaf}: it is looked through again and again instead")
            self.look_at_everything()
            self._alarm.ring()

    def _as_given(self, path: Path) -> Path:
        """Path below the root as it was given: links on the way there are kept, as an import keeps them."""
        for real, given in zip(self._roots, self._given, strict=True):
            if path.is_relative_to(real):
                return given / path.relative_to(real)
        return path

    def _note(self, paths: set[Path]) -> None:
        with self._lock:
            if len(self._paths) + len(paths) > _MOST:
                self._everything, self._paths = True, set()
            elif not self._everything:
                self._paths |= paths
        self._alarm.ring()
