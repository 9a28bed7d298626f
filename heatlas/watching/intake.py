"""Take whole files of folders into a library, in groups, and only those that it does not know."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.context import Context
from heatlas.core.errors import path_name
from heatlas.core.report import Report
from heatlas.library.file.opening import open_library
from heatlas.library.imports import BEFORE, compact_after, import_entries
from heatlas.library.new_files import known_files
from heatlas.library.reading_files import absolute_name, said_of
from heatlas.library.rows.people import people_of
from heatlas.sources.archive import entries_of
from heatlas.sources.people import Whose
from heatlas.sources.sheets.exports import Exports, find_exports
from heatlas.sources.sheets.kinds import sheet_of
from heatlas.watching.gone import GoneFiles
from heatlas.watching.rounds import say
from heatlas.watching.walk import files_under, is_left_out
from heatlas.watching.whole import LONG, Waiting

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from heatlas.library.file.store import Library
    from heatlas.options import ReadingOptions
    from heatlas.watching.hints import Hints

    Found = tuple[Path, os.stat_result]

__all__ = ["Intake"]

_LOOKED = 512
"""Files that are compared with the library at a time."""
_GROUP = 256
"""Files of an import: one transaction, or a few where they hold much."""
_REPORTED = 16_384
"""Files after which a report is made, which bounds memory."""
_OFTEN = 5.0
"""Seconds between two looks at all files where nobody tells of changes."""
_SELDOM = 600.0
"""The same where changes are told of."""
_SHARE, _CALM = 20, 3
"""A look is repeated by itself at most after so many times what it took; and for changes that came in a burst."""
_REMEMBERED = 100_000
"""Files without a row in the library, such as photos and archives, that are remembered."""


class Intake:
    """Follows a folder, or a file of recordings.

    Parameters
    ----------
    library : Path
        The library; it is made when there is none.
    root : Path
        Folder or file.
    hints : Hints, optional
        What the system tells of changes; None: it is looked through again and again.
    how : (float or None, ReadingOptions)
        Seconds between two looks at all files, None: by itself; and what is read of them.
    tell : callable
        Called with the report of what was taken, if anything was.
    context : Context
        Number of workers, and the receiver of progress.
    """

    def __init__(
        self,
        library: Path,
        root: Path,
        hints: Hints | None,
        how: tuple[float | None, ReadingOptions],
        tell: Callable[[dict[str, Any]], None],
        context: Context,
    ) -> None:
        self._path, self._root, self._hints = library, root, hints
        self._every, self._routes = how[0], how[1].routes
        self._whose = Whose.of_sources(how[1].person, [root])
        self._tell, self._context = tell, context
        self._waiting, self._gone = Waiting(), GoneFiles(root)
        self._others: dict[int, int] = {}
        self._export, self._tables = Exports(whose=self._whose), frozenset[tuple[str, int, int]]()
        self._identity: tuple[int, int] | None = None
        self._next_look = self._calm = 0.0
        self._spent, self._added = 0.0, 0
        self._report, self._unread = Report(), dict[str, str]()

    def work(self) -> float:
        """Take what is whole; returns the seconds until it is to be done again."""
        asked, hinted = (False, set[Path]()) if self._hints is None else self._hints.take()
        try:
            with open_library(self._path, create=True) as library:
                asked |= self._waiting.crowded or any(sheet_of(path) is not None for path in hinted)
                if asked:  # in bursts not again at once: a look at very many files takes seconds
                    self._next_look = min(self._next_look, self._calm)
                if time.monotonic() >= self._next_look or self._is_another(library):
                    self._look(library)
                else:
                    self._heed(library, hinted)
                self._take(library, self._from_waiting())
                self._finish(library)
        except BaseException:
            self._next_look = 0.0  # what was found may not have been taken
            raise
        if words := self._gone.told():
            say(words)
        pause = min(self._next_look - time.monotonic(), self._waiting.next(), self._gone.wait)
        return max(pause, 0.05)

    def _is_another(self, library: Library) -> bool:
        """Whether another file has taken the library's place: then all is to be taken again."""
        status = library.path.stat()
        before, self._identity = self._identity, (status.st_dev, status.st_ino)
        return before is not None and before != self._identity

    def _look(self, library: Library) -> None:
        """Look at all files."""
        started, spent = time.monotonic(), self._spent
        self._waiting.crowded = False
        self._read_tables()
        self._gone.look(library)
        unread: dict[str, str] = {}
        self._take(library, files_under(self._root, unread))
        for name, reason in unread.items():
            if self._unread.get(name) != reason:
                say(f"{name} cannot be looked through: {reason}")
        self._unread = unread
        now = time.monotonic()
        cost = max(now - started - (self._spent - spent), 0.0)
        self._calm, self._next_look = now + _CALM * cost, now + max(self._pause, _SHARE * cost)

    @property
    def _pause(self) -> float:
        if self._hints is not None and not self._hints.deaf:
            return self._every or _SELDOM
        return self._every or _OFTEN

    def _read_tables(self) -> None:
        """Read the tables of exports, if any has changed."""
        found = [(s, path, status) for path, status in files_under(self._root) if (s := sheet_of(path)) is not None]
        state = frozenset((str(path), status.st_size, status.st_mtime_ns) for _, path, status in found)
        if state != self._tables:
            sheets = [sheet for sheet, path, _ in sorted(found, key=lambda each: each[1])]
            self._export = find_exports([self._root] if self._root.is_dir() else [], sheets, self._whose)
            self._tables = state
            self._report.warnings += self._export.warnings

    def _heed(self, library: Library, hinted: Iterable[Path]) -> None:
        """Look at what has changed: files, and folders that are new."""
        paths = [path for path in hinted if not is_left_out(path, self._root)]
        self._gone.look(library, paths)
        self._take(library, itertools.chain.from_iterable(map(files_under, paths)))

    def _from_waiting(self) -> Iterator[Found]:
        for path in self._waiting.due():
            found = list(files_under(path))
            if not found:
                self._waiting.forget(path)
            yield from found

    def _take(self, library: Library, found: Iterable[Found]) -> None:
        """Take those files that are whole, and that the library does not know."""
        whole: list[tuple[Found, str]] = []
        found = iter(found)
        while some := list(itertools.islice(found, _LOOKED)):
            for path, status in self._unknown(library, some):
                verdict = self._waiting.judge(path, status)
                if not verdict.wait:
                    whole.append(((path, status), verdict.reason if status.st_size else ""))
                if len(whole) >= _GROUP:
                    self._import(library, whole)
                    whole = []
        self._import(library, whole)

    def _unknown(self, library: Library, some: Sequence[Found]) -> list[Found]:
        """Leave out files that the library knows as they are, tables, and others that were looked at before."""
        names = [absolute_name(str(path)) for path, _ in some]
        with library.read() as connection:
            known = known_files(connection, set(names))
            people = people_of(connection, [row[0] for row in known.values()]) if self._whose.said else {}
        left = []
        for name, (path, status) in zip(names, some, strict=True):
            state = known[name][1:3] if name in known else None
            whose = people.get(known[name][0]) if name in known else None
            same = state == (status.st_size, status.st_mtime_ns)
            same &= whose is None or whose == {self._whose.person(path_name(path))}
            if same and known[name][4] == said_of(self._export, path_name(path)):
                continue
            if state is None and self._others.get(hash(name)) == hash((status.st_size, status.st_mtime_ns)):
                continue
            if sheet_of(path) is None:
                left.append((path, status))
        return left

    def _import(self, library: Library, whole: Sequence[tuple[Found, str]]) -> None:
        """Import whole files; of each is said what it lacks, where it is taken all the same."""
        if not whole:
            return
        there = {path: (status, reason) for (path, status), reason in whole}
        started = time.monotonic()
        self._gone.rename(library, there)
        report, added = import_entries(
            library,
            list(entries_of(list(there), self._routes)),
            self._export,
            Context(self._context.threads),
            routes=self._routes,
        )
        if len(self._others) >= _REMEMBERED:
            self._others.clear()
        for path, (status, reason) in there.items():
            self._others[hash(absolute_name(str(path)))] = hash((status.st_size, status.st_mtime_ns))
            if reason:
                report.warnings.append((path_name(path), f"taken as it is after {LONG:.0f} s: {reason}"))
        self._added += added
        self._spent += time.monotonic() - started
        _join(self._report, report)
        if self._report.read + len(self._report.skipped) >= _REPORTED:
            self._finish(library)

    def _finish(self, library: Library) -> None:
        """Report what was taken, and put together what taking it bit by bit has left apart."""
        report, self._report = self._report, Report()
        told = report.dropped.keys() - {BEFORE}  # of a file that was only touched there is nothing to tell
        if not (report.read or report.failed or report.warnings or report.skipped or told):
            return
        if compact_after(library, self._added, self._context):
            self._added = 0
        library.settle()
        with library.read() as connection:
            held = connection.execute("SELECT count(*) FROM activities WHERE same_as IS NULL").fetchone()[0]
        said = {"library": str(self._path), "activities": held, "point_sets": []}
        self._tell({**report.data(), **said, "seconds": report.seconds})


def _join(whole: Report, part: Report) -> None:
    """Add the report of a group."""
    whole.read += part.read
    whole.failed += part.failed
    whole.skipped += part.skipped
    whole.warnings += part.warnings
    whole.dropped += part.dropped
    whole.duplicates += part.duplicates
    whole.breaks |= part.breaks
