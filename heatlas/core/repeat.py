"""Commands that were done: when nothing that they read or wrote has changed since, they need not be done again.

A command that finds nothing to do still opens all that it reads to find that out. So a run is noted, with a digest of
the state of all files that it read and wrote, and with the report of the next run, if that finds all as it was left.
The next run like it compares the digest, and only if that differs does it work.

The state of a file is its size, inode and times. Among these is the time of the last change of the inode, which no
program can set: each write, and each replacement by another file, changes it. Two writes within one tick of the
system's clock have one time, so a file that has just changed is looked at again after a tick.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.folders import cache_folder, config_folder
from heatlas.core.hashing import blake2b
from heatlas.core.paths import rename
from heatlas.core.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

__all__ = ["Repeat"]

_KEPT = 64
"""Notes that are kept, the newest."""
_MOST = 200_000
"""Files that are looked at; where there are more, a command is always done."""
_TICK = 0.05
"""Seconds that are longer than a tick of the clock that files have their times from."""
_ENVIRONMENT = ("HEATLAS_", "TZ", "XDG_", "HOME", "APPDATA", "LOCALAPPDATA")
"""Beginnings of the names of variables that may change what a command does."""


class _Unsure(Exception):
    """The state of a file or folder cannot be told."""


class Repeat:
    """A command with its options and files, which may have been run before. Use it as a context of the work.

    Parameters
    ----------
    command : str
        Name of the command.
    asked : mapping
        All options that may change what is done or reported, as they were written.
    read : sequence of str
        Files and folders that are read; files that `asked` names are added, unless they are written.
    written : sequence of str
        Files, and folders of tiles, that are written. In folders of tiles, tiles that are added or removed are seen,
        not what they hold.
    whole : str
        Name of the time of the whole work in the report's seconds.
    lasts : float
        Seconds after which a command is done again in any case.
    """

    def __init__(
        self, command: str, asked: Mapping[str, Any], read: Sequence[str], written: Sequence[str],
        whole: str = "all", lasts: float = float("inf"),
    ) -> None:  # fmt: skip
        self._started = time.perf_counter()
        self._written, self._whole, self._lasts = written, whole, lasts
        self._heard, self._place = 0, _place_of(command, asked)
        ours = {os.path.realpath(name) for name in written}
        named = [name for name in _files_in(asked) if os.path.realpath(name) not in ours]
        self._read = [*read, *named, *_secret()]
        self._before = self._digest(self._read)

    def earlier(self) -> dict[str, Any] | None:
        """Report of an earlier run that changed nothing, if nothing has changed since; else None."""
        if self._place is None or self._before is None:
            return None
        try:
            noted = json.loads(self._place.read_bytes())
            fresh = 0 <= time.time() - noted["at"] < self._lasts
            if (
                not fresh
                or noted["read"] != self._before
                or noted["written"] != self._digest(self._written, tiles=True)
            ):
                return None
            report: dict[str, Any] = noted["report"]
            report["seconds"] = dict.fromkeys(report["seconds"], 0.0) | {
                self._whole: time.perf_counter() - self._started
            }
        except (OSError, ValueError, KeyError, TypeError):  # there is none, or it is damaged
            return None
        return report

    def __enter__(self) -> None:
        """Listen to warnings: a run that warns is not noted, as the next should warn, too."""
        import logging
        import warnings

        self._make, self._show = logging.getLogRecordFactory(), warnings.showwarning

        def heard(*given: Any, **named: Any) -> logging.LogRecord:
            self._heard += 1
            return self._make(*given, **named)

        def shown(*given: Any, **named: Any) -> None:
            self._heard += 1
            self._show(*given, **named)

        logging.setLogRecordFactory(heard)
        warnings.showwarning = shown

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import logging
        import warnings

        logging.setLogRecordFactory(self._make)
        warnings.showwarning = self._show

    def note(self, report: Mapping[str, Any], is_as_left: Callable[[], bool] | None = None) -> None:
        """Note what the next run would report, unless what this one read has changed meanwhile.

        Parameters
        ----------
        report : mapping
            Report of a run that finds everything as this one left it.
        is_as_left : callable, optional
            Whether nobody else has changed what was written.
        """
        if self._place is None or self._before is None or self._heard:
            return
        read, written = self._digest(self._read), self._digest(self._written, tiles=True)
        if read != self._before or written is None:
            return
        try:
            # What is asked between two equal digests is true of that state.
            if is_as_left and not (is_as_left() and self._digest(self._written, tiles=True) == written):
                return
        except Exception:  # noqa: BLE001 - a note is never needed
            return
        said = {"at": time.time(), "read": read, "written": written, "report": report}
        draft = self._place.with_name(f"{self._place.name}.{os.getpid()}")
        with suppress(OSError, TypeError):
            self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(json.dumps(said).encode())
            draft.chmod(0o600)
            rename(draft, self._place)
            _tidy(self._place.parent)

    def _digest(self, paths: Sequence[str], tiles: bool = False) -> str | None:
        """Digest of the state of files, after a tick if one has just changed; None where it cannot be told."""
        try:
            found, newest = _state(paths, tiles)
            if time.time_ns() - newest < _TICK * 1e9:
                time.sleep(_TICK)
                found, newest = _state(paths, tiles)
        except (OSError, ValueError, _Unsure):
            return None
        return None if time.time_ns() < newest else found


def _place_of(command: str, asked: Mapping[str, Any]) -> Path | None:
    """File of the note: its name is a digest of all that a command depends on, but for the files that it looks at."""
    folder = cache_folder()
    try:
        around = sorted(item for item in os.environ.items() if item[0].startswith(_ENVIRONMENT))
        said = json.dumps([command, asked, os.getcwd(), __version__, _code(), sys.version, around])  # noqa: PTH109 - as text
    except (OSError, TypeError, _Unsure):
        return None
    name = blake2b(said.encode(), digest_size=20).hexdigest()
    return None if folder is None else folder / "unchanged" / f"{name}.json"


def _code() -> list[tuple[str, tuple[int, int, int, int]]]:
    """Names, sizes, inodes and times of all files of heatlas; byte code is left out, as it follows from them."""
    files, folders = [], [str(Path(__file__).parents[1])]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if not entry.is_dir():
                    files.append((entry.path, _facts(entry.stat())))
                elif entry.is_symlink():  # it may lead in a circle
                    raise _Unsure
                elif entry.name != "__pycache__":
                    folders.append(entry.path)
    return sorted(files)


def _files_in(asked: Mapping[str, Any]) -> list[str]:
    """Values of options that are names of files."""
    values = [one for value in asked.values() for one in (value if isinstance(value, (tuple, list)) else (value,))]
    names = [os.path.expanduser(value) for value in values if isinstance(value, str)]  # noqa: PTH111 - never fails
    return [name for name in names if os.path.isfile(name)]  # noqa: PTH113 - False also for impossible names


def _secret() -> list[str]:
    with suppress(BadOption):
        return [str(config_folder() / "secret")]
    return []


def _state(paths: Sequence[str], tiles: bool) -> tuple[str, int]:
    """Digest of the state of files and folders with all that is in them, and the newest time among them in ns."""
    digest, newest, count = blake2b(digest_size=32), 0, 0
    for path in paths:
        for name, kind, found in _looked_at(Path(path), tiles):
            digest.update(f"{name!r} {kind} {found}\n".encode("utf-8", "surrogateescape"))
            newest, count = max(newest, *found[2:]), count + 1
            if count > _MOST:
                raise _Unsure
    return digest.hexdigest(), newest


def _looked_at(path: Path, tiles: bool) -> Iterator[tuple[str, str, tuple[int, int, int, int]]]:
    """Name, kind, and size, inode and times of a file, or of everything in a folder."""
    try:
        found = path.stat()
    except FileNotFoundError:
        yield str(path), "none", (0, 0, 0, 0)
        return
    if not path.is_dir():
        nothing = not found.st_size and path.name.endswith("-wal")  # SQLite's log, empty, says what none says
        yield (str(path), "none", (0, 0, 0, 0)) if nothing else (str(path), "file", _facts(found))
        return
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.is_dir():
                yield entry.path, "file", _facts(entry.stat())
            elif entry.is_symlink():  # it may lead in a circle
                raise _Unsure
            elif tiles and entry.name.isdecimal() and path.name.isdecimal():
                yield entry.path, "column of tiles", _facts(entry.stat())
            else:
                yield entry.path, "folder", (0, 0, 0, 0)
                yield from _looked_at(Path(entry.path), tiles)


def _facts(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_size, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def _tidy(folder: Path) -> None:
    """Remove all notes but the newest."""
    notes = sorted(folder.iterdir(), key=lambda note: note.stat().st_mtime_ns, reverse=True)
    for old in notes[_KEPT:]:
        old.unlink()
