"""Names of files, renames and reasons of failures, where systems differ."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "exists", "files_of_database", "flush", "missing_path", "parents_made", "possible_name", "reason_of", "refuse_name",
    "refuse_place", "rename", "state_beside",
]  # fmt: skip

_TRIES = 20
_PAUSE = 0.05
"""Seconds between tries; one second in all."""
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))})
"""Names that Windows reserves, with any ending."""
_VALUE = regex(r"-?[0-9.]+(k?m|px)?")
_FORBIDDEN = regex(r'[<>:"|?*\x00-\x1f]')
_LONGEST = 259
"""Most characters of a path on Windows, unless long paths are switched on."""


def possible_name(name: str) -> str:
    """Return a similar name that is valid on this system: Windows reserves names, and some characters."""
    if sys.platform == "win32":
        name = _FORBIDDEN.sub("_", name).rstrip(" .")
        if _is_device(name):
            return f"_{name}"
    return name


def exists(path: Path) -> bool:
    """Tell whether a path exists; True also where access is denied, which is reported later for that path alone."""
    try:
        path.lstat()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def missing_path(path: str | Path) -> BadOption:
    """Make the error for a path that does not exist; it names similar ones beside it."""
    from difflib import get_close_matches

    said = f"there is no file or folder {path}"
    if _VALUE.fullmatch(str(path)):
        return BadOption(f"{said}: a value with commas is one word, such as --around 60.17,24.94,5km")
    folder, name = os.path.split(os.fspath(path))
    try:
        beside = {found.lower(): found for found in os.listdir(folder or ".")}  # noqa: PTH208 - bytes and text alike
    except (OSError, ValueError):
        return BadOption(said)
    near = [os.path.join(folder, beside[found]) for found in get_close_matches(name.lower(), beside, 2)]  # noqa: PTH118
    return BadOption(f"{said}: did you mean {' or '.join(near)}?" if near else said)


def refuse_name(path: Path) -> None:
    """Refuse to write a file that Windows would take for a device, a stream of another file, or under another name.

    Raises
    ------
    BadOption
        Says what is wrong with the name.
    """
    if sys.platform == "win32":
        name = path.name
        if _is_device(name):
            raise BadOption(f"cannot write {path}: Windows reserves the name {name!r} for a device; take another one")
        if found := _FORBIDDEN.search(name):
            raise BadOption(f"cannot write {path}: a name on Windows cannot have {found[0]!r}; take another one")
        if name != name.rstrip(" ."):
            raise BadOption(f"cannot write {path}: a name on Windows cannot end in a blank or a dot; leave it out")


def refuse_place(path: Path) -> None:
    """Refuse a file or folder that could not be made: its folder, or the nearest one that exists, must be writable.

    Raises
    ------
    BadOption
        Names the path and the reason.
    """
    refuse_name(path)
    folder = path.resolve().parent
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise BadOption(f"cannot write {path}: {folder} is no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadOption(f"cannot write {path}: no permission to write in {folder}")


@contextmanager
def parents_made(path: Path) -> Iterator[None]:
    """Make the folders in which a file or folder will lie; after a failure remove those that are empty again.

    Raises
    ------
    OSError
        When one cannot be made.
    """
    made: list[Path] = []
    folder = path.resolve().parent
    while not folder.exists():
        made.append(folder)
        folder = folder.parent
    if made:
        made[0].mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


def _is_device(name: str) -> bool:
    return name.partition(".")[0].rstrip().upper() in _DEVICES


def rename(written: str | Path, final: str | Path) -> None:
    """Give a file or folder its final name, replacing an existing file.

    Windows refuses while another program has either open. Virus scanners and servers close it soon, so that several
    tries help.

    Raises
    ------
    OSError
        When the last try fails.
    """
    windows = sys.platform == "win32"
    for left in reversed(range(_TRIES if windows else 1)):
        try:
            os.replace(written, final)  # noqa: PTH105 - names may be str, which is faster for many files
        except PermissionError as error:
            if left:
                time.sleep(_PAUSE)
                continue
            if not windows:
                raise
            said = f"{error.strerror}; if another program shows the file, such as a viewer, close it there"
            raise PermissionError(error.errno, said, os.fspath(final)) from error
        else:
            return


def flush(path: Path) -> None:
    """Wait until a file is on the disk, before another one is given up for it."""
    file = os.open(path, os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def reason_of(error: OSError, path: Path) -> str:
    """Say why a file cannot be written; Windows does not find what has too long a path."""
    reason = error.strerror or str(error)
    length = len(os.path.abspath(path))  # noqa: PTH100 - of a path that may not exist
    if sys.platform == "win32" and isinstance(error, FileNotFoundError) and length > _LONGEST - 24:
        return (
            f"{reason}; with {length} characters the path may be too long for Windows, which takes {_LONGEST}, "
            "temporary names included: take a shorter one"
        )
    return reason


def state_beside(path: Path) -> Path:
    """Hidden file beside an archive of tiles with its ledger, and with the waiting tiles of a run that was stopped."""
    return path.with_name(f".{path.name}.state")


def files_of_database(path: str) -> list[str]:
    """Files that hold a database of SQLite: its own, and those that hold what was written last."""
    own = os.path.realpath(path)
    return [own, f"{own}-wal", f"{own}-journal"]
