"""Temporary folders, removed also when the process that made them was killed.

Copies of recordings, libraries and half-written outputs lie in folders called ``heatlas-...`` among temporary files,
and ``.heatlas-...`` beside outputs. Each contains a file that its process keeps locked as long as it lives. The system
releases the lock however the process ends. The next process that makes such a folder, or that starts `heatlas`, removes
the folders that no process holds. Only folders of these names, of the same user and with such a file are touched.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LOCK", "Scratch", "held_file", "holding", "make_scratch", "scratch_folder", "sweep", "sweep_held"]

LOCK = ".heatlas-lock"
"""File in such a folder that its process keeps locked."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"
_NAME = regex(r"\.?heatlas-[a-z0-9_]{8}")
_TRIES = 20
_YOUNG = 3600.0
"""Seconds for which an empty folder among temporary files may be somebody else's."""


class Scratch:
    """A temporary folder, made by `make_scratch`."""

    __slots__ = ("_lock", "path")

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock: int | None = lock

    def close(self) -> None:
        """Remove the folder and all that is in it."""
        if self._lock is None:
            return
        lock, self._lock = self._lock, None
        # The lock goes last: should this be stopped in the middle, the next sweep knows the rest by it.
        with suppress(OSError):
            for entry in list(os.scandir(self.path)):
                if entry.is_dir(follow_symlinks=False):
                    _remove(entry.path)
                elif entry.name != LOCK:
                    os.unlink(entry.path)  # noqa: PTH108
        if sys.platform == "win32":  # a file that is open cannot be removed there
            os.close(lock)
            _remove(self.path)
        else:
            _remove(self.path)
            os.close(lock)


def _remove(folder: str | Path) -> None:
    """Remove a folder; most hold nothing but a lock, for which `shutil` need not be imported."""
    with suppress(OSError):
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, LOCK))  # noqa: PTH108, PTH118 - no `Path` is made
        os.rmdir(folder)  # noqa: PTH106
        return
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def make_scratch(parent: Path | None = None) -> Scratch:
    """Make a folder that only this user may read; first remove those there that no process holds any more.

    Parameters
    ----------
    parent : Path, optional
        Where to make it, under a name that begins with a dot. By default among temporary files.

    Raises
    ------
    OSError
        When it cannot be made.
    """
    sweep(parent)
    prefix = "heatlas-" if parent is None else ".heatlas-"
    within = os.path.abspath(parent or _temporary())  # noqa: PTH100 - links stay
    for _ in range(_TRIES):
        path = Path(within, prefix + "".join(_LETTERS[byte % len(_LETTERS)] for byte in os.urandom(8)))
        try:
            path.mkdir(0o700)
        except FileExistsError:
            continue
        try:
            lock = _held(path / LOCK)
        except FileNotFoundError:
            continue  # swept before it had a lock
        except BaseException:
            _remove(path)
            raise
        if lock is not None:
            return Scratch(path, lock)
    raise OSError(f"no folder for the while can be kept in {within}")


@contextmanager
def scratch_folder(parent: Path | None = None) -> Iterator[Path]:
    """Make a folder and remove it in the end; see `make_scratch`."""
    scratch = make_scratch(parent)
    try:
        yield scratch.path
    finally:
        scratch.close()


def sweep(parent: Path | None = None) -> int:
    """Remove folders of processes that have ended; return how many.

    Parameters
    ----------
    parent : Path, optional
        Where to look; by default among temporary files.
    """
    swept = 0
    with suppress(OSError), os.scandir(parent or _temporary()) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name) and _is_mine(entry):
                swept += _swept(Path(entry.path))
    return swept


def _temporary() -> str:
    """Folder of temporary files: that of `tempfile`, which need not be imported by a command that makes none."""
    if sys.platform != "win32" and "tempfile" not in sys.modules:
        for folder in (*map(os.environ.get, ("TMPDIR", "TEMP", "TMP")), "/tmp"):  # noqa: S108 - nothing is made here
            if folder and os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):  # noqa: PTH112 - no `Path`
                return folder
    import tempfile

    return tempfile.gettempdir()


def _is_mine(entry: os.DirEntry[str]) -> bool:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and (sys.platform == "win32" or status.st_uid == os.geteuid())


def _swept(folder: Path) -> bool:
    """Remove a folder if its lock is free; a folder without a lock is being made, or is not one of these.

    An empty one was being made, or removed, by a process that was killed, or its process makes another one. Among
    temporary files somebody else may have an empty folder of such a name for a while.
    """
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        with suppress(OSError):
            if folder.name.startswith(".") or time.time() - folder.stat().st_mtime > _YOUNG:
                folder.rmdir()
                return True
        return False
    try:
        _lock(lock)
    except OSError:
        os.close(lock)
        return False
    Scratch(folder, lock).close()
    return True


@contextmanager
def holding(path: Path) -> Iterator[None]:
    """Hold a file while it is used, by a lock beside it, as the file must keep its name; see `sweep_held`."""
    beside = _beside(path)
    lock = _held(beside)
    try:
        yield
    finally:
        if sys.platform == "win32" and lock is not None:
            os.close(lock)
        if lock is not None:
            with suppress(OSError):
                beside.unlink()
            if sys.platform != "win32":
                os.close(lock)


def sweep_held(folder: Path) -> None:
    """Remove the files in a folder that no process holds (`holding`), and folders that are empty then."""
    for here, _, names in os.walk(folder, topdown=False):
        for path in (Path(here, name) for name in names if not name.endswith(LOCK)):
            lock = _held(_beside(path))
            if lock is not None:
                with suppress(OSError):
                    path.unlink()
                os.close(lock)
                with suppress(OSError):
                    _beside(path).unlink()
        with suppress(OSError):  # not empty
            Path(here).rmdir()


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}{LOCK}")


def held_file(path: Path) -> int | None:
    """Make a file and lock it until it is closed, or the process ends; None where another process holds it."""
    return _held(path)


def _held(path: Path) -> int | None:
    """Make a file and lock it; None when another process was quicker."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        os.close(file)
        return None
    except OSError:
        return file  # this file system has no locks: a sweep gets none either, and leaves the file
    with suppress(OSError):
        if os.path.samestat(os.fstat(file), path.stat()):
            return file
    os.close(file)  # swept before it was locked
    return None


def _lock(file: int) -> None:
    """Lock an open file; OSError when another process holds it, or when the file system has no locks."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
