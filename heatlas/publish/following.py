"""Publish a library again whenever it has changed."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import HeatlasError, NothingToDraw, SourceFailed
from heatlas.library.file.opening import open_library
from heatlas.options import RenderOptions
from heatlas.publish.publishing import check, publish_view
from heatlas.publish.request import parse_request, view_of
from heatlas.tiles.view import close, now, renewed, unchanged
from heatlas.watching import Alarm, Part, keep_going
from heatlas.watching.rounds import begin

if TYPE_CHECKING:
    from heatlas.tiles.view import View

__all__ = ["watch"]

_PLAIN = RenderOptions()
_PATIENCE = 1.0
"""Seconds between two checks of a library that is watched."""
_QUIET = 2.0
"""Seconds without changes before a library is published again: an import writes many times."""
_LONGEST = 60.0
"""Seconds after which a library is published even if changes continue."""


def watch(
    library_path: str | Path, output: str | Path, options: RenderOptions = _PLAIN, context: Context = NOBODY
) -> None:
    """Publish, and publish again two seconds after the last change of the library, until Ctrl-C.

    A library that is removed is waited for, and one that takes its place is published from then on. What fails later,
    such as when another process keeps the library locked, is told of once and tried again (`heatlas.watching`).

    Parameters
    ----------
    library_path, output, options, context
        As for `publish`; `refit` applies to the first run only. The context's `report` is called with the result of
        each run.
    """
    output = Path(output)
    check(output, options.tiles.url)
    parse_request(library_path, options, beside=True)
    view = view_of(open_library(library_path), options)
    watched = _Watched(view, output, options, context)
    parts = [Part(f"the library {library_path}", watched.work)]
    try:
        begin(parts)
        keep_going(parts, Alarm())
    except KeyboardInterrupt:
        pass
    finally:
        close(watched.view)


@dataclass(slots=True)
class _Watched:
    """A library that is published whenever it has changed."""

    view: View
    output: Path
    options: RenderOptions
    context: Context
    published: bool = False
    refitted: bool = False

    def work(self) -> float:
        """Publish what has changed; returns the seconds until the next look."""
        try:
            if self.published and unchanged(self.view):
                return _PATIENCE
            if self.published:
                _until_quiet(self.view)
            self.published = False
            with suppress(NothingToDraw):  # the library may still be empty
                self._publish()
            self.published = self.refitted = True
        except HeatlasError:
            if self.view.library.whereabouts == "there":
                raise
            self.view = _until_back(self.view)
            self.published = False
            return 0.0
        return _PATIENCE

    def _publish(self) -> None:
        snapshot, request = now(self.view), parse_request(self.view.library.path, self.options, beside=True)
        request = replace(request, refit=request.refit and not self.refitted)
        report = publish_view(self.view, snapshot, self.output, request, self.context)
        if self.context.report is not None:
            self.context.report(report)


def _until_back(view: View) -> View:
    """Wait for the library that takes the place of one that was removed or replaced; say once what happened."""
    log, said = logging.getLogger("heatlas.publish"), ""
    while True:
        try:
            new = view if view.library.whereabouts == "there" else renewed(view)
        except SourceFailed as error:
            if str(error) != said:
                said = str(error)
                log.warning("heatlas: %s", said)
            time.sleep(_PATIENCE)
        else:
            what = "is back" if new is view else "was replaced: from now on the new one is published"
            log.warning("heatlas: the library %s %s", view.library.path, what)
            return new


def _until_quiet(view: View) -> None:
    """Wait until nothing was written for `_QUIET` seconds, at most about `_LONGEST` seconds."""
    since = time.monotonic()
    while time.monotonic() - since < _LONGEST:
        now(view)
        time.sleep(_QUIET)
        if unchanged(view):
            return
