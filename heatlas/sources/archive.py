"""Find the recordings in what a person hands over: files, folders, archives, and archives in archives."""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from heatlas.batch import Unread
from heatlas.errors import BadOption, Unreadable
from heatlas.sources.recognise import NOT_RECORDINGS, kind
from heatlas.sources.sqlite_head import in_use
from heatlas.sources.zips import MAX_BYTES, Member, gunzip, members, read_member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["TABLE", "Entry", "entries", "exists", "unpack"]

TABLE = "activities.csv"
"""The table of a Strava export: no recording; `heatlas.sources.strava` reads it."""
_MAX_DEPTH = 4
_TRUSTED = (".fit", ".gpx", ".tcx", ".fit.gz", ".gpx.gz", ".tcx.gz")
_CLUTTER = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
_DOCUMENTS = frozenset({"[Content_Types].xml", "META-INF/MANIFEST.MF", "mimetype"})
_ROUTE = "a planned route, not a recording"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file that may be a recording; its content is read when it is asked for."""

    name: str
    """Path, with members of archives after a slash."""
    read: Callable[[], bytes]
    """Gives the bytes as they lie there, possibly still packed: see `unpack`. Usable from any thread or
    process. Raises Unreadable."""
    size: int
    """Bytes that it takes on disk, for progress."""


def entries(paths: Sequence[Path]) -> Iterator[Entry | Unread]:
    """Walk over everything that was handed over, in a stable order.

    Folders are searched to any depth, ZIP archives are opened. Hidden files, the planned routes of a Strava
    export and files that are plainly something else (by content, unless the name ends as recordings do) are
    left out. What is reached twice comes once.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders.

    Returns
    -------
    iterator of Entry or Unread
        Unread where something could not be opened (`failed`), or was left out on purpose.

    Raises
    ------
    BadOption
        At once, when a path does not exist.
    """
    for path in paths:
        if not exists(path):
            raise BadOption(f"there is no file or folder {path}")
    return _walk(paths)


def exists(path: Path) -> bool:
    """Tell whether there is something, be it out of reach: that is reported later, and the rest goes on."""
    try:
        path.lstat()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def _walk(paths: Sequence[Path]) -> Iterator[Entry | Unread]:
    seen: set[str] = set()
    stack = [(path, True) for path in reversed(paths)]
    while stack:
        path, given = stack.pop()
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        try:
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                stack += [(inner, False) for inner in _listing(path)]
                continue
            if not stat.S_ISREG(status.st_mode):
                yield Unread(file=str(path), reason="not a regular file")
                continue
            yield from _file(path, status.st_size, given)
        except Unreadable as error:
            yield Unread(file=str(path), reason=str(error))
        except OSError as error:
            yield Unread(file=str(path), reason=f"cannot be opened: {error.strerror or error}")


def _listing(folder: Path) -> list[Path]:
    """List a folder, last name first, without clutter."""
    names = [name for name in os.listdir(folder) if not _is_clutter(name)]  # noqa: PTH208 - names are enough
    return [folder / name for name in sorted(names, reverse=True)]


def _is_clutter(name: str) -> bool:
    return name.startswith(".") or name in _CLUTTER


def _file(path: Path, size: int, given: bool) -> Iterator[Entry | Unread]:
    if path.name == TABLE:
        return
    if path.parent.name == "routes" and (path.parent.parent / TABLE).is_file():
        yield Unread(file=str(path), reason=_ROUTE, failed=False)
        return
    if not given and path.name.lower().endswith(_TRUSTED):
        yield Entry(str(path), partial(_read_file, path), size)
        return
    if in_use(path):  # not to be opened by hand: it may be the library into which all this goes
        yield Unread(file=str(path), reason=NOT_RECORDINGS["sqlite"], failed=given)
        return
    with path.open("rb") as file:
        head = file.read(1 << 16)
        found = kind(head)
        if found == "zip" and not path.name.lower().endswith(_TRUSTED):
            yield from _archive(path, size)
            return
    why = _left_out(found)
    if why and not path.name.lower().endswith(_TRUSTED):
        yield Unread(file=str(path), reason=why, failed=given)
    else:
        yield Entry(str(path), partial(_read_file, path), size)


def _left_out(found: str) -> str:
    return "empty" if found == "empty" else NOT_RECORDINGS.get(found, "")


def _archive(path: Path, size: int) -> Iterator[Entry | Unread]:
    with path.open("rb") as file:
        inside, warning = members(file, size)
        names = {member.name for member in inside}
        if names & _DOCUMENTS:
            yield Unread(file=str(path), reason="a document or program, not a recording", failed=False)
            return
        if warning:
            yield Unread(file=str(path), reason=warning)
        for member in inside:
            name = f"{path}/{member.name}"
            parts = PurePosixPath(member.name).parts
            if any(_is_clutter(part) and part != ".." for part in parts) or parts[-1:] == (TABLE,):
                continue
            if "routes" in parts[:-1] and f"{member.name.rpartition('routes/')[0]}{TABLE}" in names:
                yield Unread(file=name, reason=_ROUTE, failed=False)
                continue
            try:
                why = _member_left_out(file, member)
            except Unreadable as error:
                yield Unread(file=name, reason=str(error))
                continue
            if why:
                yield Unread(file=name, reason=why, failed=False)
            else:
                yield Entry(name, partial(_read_member, path, member), member.packed)


def _member_left_out(file: io.BufferedReader, member: Member) -> str:
    if member.encrypted or (member.unpacked or 0) > MAX_BYTES or not member.name.lower().endswith(_TRUSTED):
        head, _ = read_member(file, member, 4096)
        return _left_out(kind(head))
    return ""


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise Unreadable("larger than 1 GiB, as no recording is")
            return file.read()
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror or error}") from None


def _read_member(path: Path, member: Member) -> bytes:
    """Open the archive anew: cheap beside the reading, and nothing is shared between threads."""
    try:
        with path.open("rb") as file:
            return read_member(file, member)[0]
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror or error}") from None


def unpack(name: str, data: bytes) -> list[tuple[str, bytes] | Unread]:
    """Take off whatever is packed around recordings, as far as it goes.

    Parameters
    ----------
    name : str
        Path of the file for display.
    data : bytes
        Its content. What is neither gzip nor ZIP comes back as it is.

    Returns
    -------
    list of (str, bytes) or Unread
        Name and content of each file inside; the name of a gzip stream stays, members of archives stand
        after a slash. A stream that was cut off or damaged gives what could be unpacked of it. Unread stands
        for what could not be unpacked or is plainly no recording.
    """
    return list(_unpack(name, data, 0, [MAX_BYTES]))


def _unpack(name: str, data: bytes, depth: int, left: list[int]) -> Iterator[tuple[str, bytes] | Unread]:
    """Unpack recursively; `left` holds the bytes that all members together may still take."""
    found = kind(data)
    if found not in {"gzip", "zip"}:
        why = NOT_RECORDINGS.get(found, "") if depth and not name.lower().endswith(_TRUSTED) else ""
        yield Unread(file=name, reason=why, failed=False) if why else (name, data)
        return
    if depth == _MAX_DEPTH:
        yield Unread(file=name, reason=f"archives nested more than {_MAX_DEPTH} deep")
        return
    try:
        if found == "gzip":
            inner, _ = gunzip(data)
            yield from _unpack(name, inner, depth + 1, left)
            return
        inside, warning = members(io.BytesIO(data), len(data))
    except Unreadable as error:
        yield Unread(file=name, reason=str(error))
        return
    if warning:
        yield Unread(file=name, reason=warning)
    file = io.BytesIO(data)
    for member in inside:
        inner_name = f"{name}/{member.name}"
        if any(_is_clutter(part) and part != ".." for part in PurePosixPath(member.name).parts):
            continue
        try:
            inner, _ = read_member(file, member)
            left[0] -= len(inner)
            if left[0] < 0:
                raise Unreadable("unpacks to absurdly much, as no recording does")  # noqa: TRY301 - one place reports
        except Unreadable as error:
            yield Unread(file=inner_name, reason=str(error))
            continue
        yield from _unpack(inner_name, inner, depth + 1, left)
