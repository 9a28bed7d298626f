"""Find the recordings in files, folders, archives, and archives in archives."""

from __future__ import annotations

import io
import itertools
import os
import stat
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from heatlas.core.batch import Unread
from heatlas.core.errors import Unreadable, path_name, unworded
from heatlas.core.paths import exists, missing_path
from heatlas.sources.blobs import Blob
from heatlas.sources.compression import PACKED, unpack_one
from heatlas.sources.containers import MAX_DEPTH, look
from heatlas.sources.formats.known import TRUSTED
from heatlas.sources.found_files import At, Entry, Walk, is_clutter, no_routes, read_blob
from heatlas.sources.left_out import left_out
from heatlas.sources.sheets.kinds import STRAVA, TABLE, Sheet, is_lone, sheet_kind
from heatlas.sources.sniff import NOT_RECORDINGS, kind
from heatlas.sources.sqlite_head import in_use
from heatlas.sources.tars import Seeking, tar_members
from heatlas.sources.zips import MAX_BYTES, Budget, members, read_member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from heatlas.core.filesystems import Location
    from heatlas.sources.zips import Member

__all__ = ["TABLE", "Entry", "Sheet", "entries", "entries_of", "is_archive", "unpack"]

_ARCHIVES = frozenset({"zip", "tar"})


def entries(
    paths: Sequence[Path | Location], tables: list[Sheet] | None = None, routes: bool = False
) -> Iterator[Entry | Unread]:
    """List the files that may be recordings, in a stable order.

    Folders are searched to any depth. Archives (ZIP; tar, also packed by gzip, bzip2 or xz) are opened, also inside
    of others. Hidden files, the planned routes of a Strava export and files that are plainly something else (by
    content, unless the name ends as recordings do) are left out. A file that is reached twice is listed once.

    Parameters
    ----------
    paths : sequence of Path or Location
        Files and folders, also in buckets. Names may hold any bytes.
    tables : list of Sheet, optional
        Files with the name of the table of a Strava export are added to it; they are no entries.
    routes : bool
        Whether the planned routes of a Strava export are listed, too.

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
        if isinstance(path, Path) and not exists(path):
            raise missing_path(path)
    walk = Walk([] if tables is None else tables, routes=routes)
    local = _walk([path for path in paths if isinstance(path, Path)], walk)
    buckets = [_in_bucket(walk, path) for path in paths if not isinstance(path, Path)]
    return itertools.chain(local, *buckets)


def _in_bucket(walk: Walk, location: Location) -> Iterator[Entry | Unread]:
    from heatlas.sources.remote import remote_entries

    yield from no_routes(list(remote_entries(walk, location, False)), walk.tables, walk.routes)


def entries_of(files: Sequence[Path], routes: bool = False) -> Iterator[Entry | Unread]:
    """List the entries of files that were found in folders, as `entries` lists those of the folders.

    Nothing is raised for a file that is gone meanwhile: it is Unread. Tables of Strava exports are left out.
    """
    return _walk(files, Walk([], routes=routes), given=False)


def is_archive(path: Path) -> bool:
    """Tell whether a file holds several others: a ZIP or tar archive, also packed."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
        found = kind(head)
        if found in PACKED:
            from heatlas.sources.compression import decompressed, pieces_of

            file.seek(0)
            found = kind(next(decompressed(found, pieces_of(file, 1 << 20)), b"")[: 1 << 16])
    return found in _ARCHIVES


def _walk(paths: Sequence[Path], walk: Walk, given: bool = True) -> Iterator[Entry | Unread]:
    seen: set[str] = set()
    stack = [(path, os.path.realpath(path), given) for path in reversed(paths)]
    while stack:
        path, real, given = stack.pop()
        if real in seen:
            continue
        seen.add(real)
        name = path_name(path)
        try:
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                stack += [(inner, resolved, False) for inner, resolved in _listing(path, real)]
                continue
            if not stat.S_ISREG(status.st_mode):
                yield Unread(file=name, reason="not a regular file")
                continue
            yield from _file(walk, path, name, status.st_size, given)
        except Unreadable as error:
            yield Unread(file=name, reason=unworded(error))
        except OSError as error:
            yield Unread(file=name, reason=f"cannot be opened: {error.strerror or error}")


def _listing(folder: Path, real: str) -> list[tuple[Path, str]]:
    """List a folder, last name first, without clutter: each path, and its real path."""
    with os.scandir(folder) as found:
        links = {entry.name: entry.is_symlink() for entry in found if not is_clutter(entry.name)}
    return [
        (folder / name, os.path.realpath(folder / name) if links[name] else os.path.join(real, name))  # noqa: PTH118 - called for each file
        for name in sorted(links, reverse=True)
    ]


def _file(walk: Walk, path: Path, name: str, size: int, given: bool) -> Iterator[Entry | Unread]:
    blob = Blob(path, 0, size)
    if (sheet := sheet_kind(path.name)) and not is_lone(path):
        walk.tables.append(Sheet(name, path.read_bytes, sheet))
        if not given or sheet == STRAVA:
            return
    if path.parent.name == "routes" and (path.parent.parent / TABLE).is_file():
        table = Sheet(f"{name.rpartition('routes/')[0]}{TABLE}", path.read_bytes)
        yield from no_routes([Entry(name, path.read_bytes, size, path)], [table], walk.routes)
        return
    if path.name.lower().endswith(TRUSTED):
        if given:  # a file that was named explicitly fails at once
            path.open("rb").close()
        yield Entry(name, partial(read_blob, blob), size, path)
        return
    if in_use(path):  # not opened here: it may be the library that this import writes to
        yield Unread(file=name, reason=NOT_RECORDINGS["sqlite"], failed=given, kind="databases")
        return
    yield from look(walk, blob, name, At(path, Budget(size)), given)


def unpack(name: str, data: bytes) -> list[tuple[str, bytes] | Unread]:
    """Unpack a file that may be packed several times.

    Parameters
    ----------
    name : str
        Path of the file for display.
    data : bytes
        Its content. Bytes that are not packed are returned as they are.

    Returns
    -------
    list of (str, bytes) or Unread
        Name and content of each file inside. A packed stream keeps its name; members of archives follow a slash. Of a
        stream that was cut off or damaged, the sound part is returned. Unread stands for a file that could not be
        unpacked or is plainly no recording.
    """
    return list(_unpack(name, data, 0, [MAX_BYTES]))


def _unpack(name: str, data: bytes, depth: int, left: list[int]) -> Iterator[tuple[str, bytes] | Unread]:
    """Unpack recursively; `left` holds the number of bytes that all members together may still take."""
    found = kind(data)
    if found not in {*PACKED, *_ARCHIVES}:
        why = left_out(name, data[: 1 << 16]) if depth and not name.lower().endswith(TRUSTED) else None
        yield (name, data) if why is None or found == "empty" else why
        return
    if depth == MAX_DEPTH:
        yield Unread(file=name, reason=f"archives nested more than {MAX_DEPTH} deep")
        return
    try:
        if found in PACKED:
            yield from _unpack(name, unpack_one(found, data), depth + 1, left)
            return
        inside, warning = _members(found, data)
    except Unreadable as error:
        yield Unread(file=name, reason=unworded(error))
        return
    if warning:
        yield Unread(file=name, reason=warning)
    for inner_name, read in inside:
        if any(map(is_clutter, PurePosixPath(inner_name).parts)):
            continue
        whole = f"{name}/{inner_name}"
        try:
            inner = read()
            left[0] -= len(inner)
            if left[0] < 0:
                raise Unreadable("unpacks to absurdly much, as no recording does")  # noqa: TRY301 - one place reports
        except Unreadable as error:
            yield Unread(file=whole, reason=unworded(error))
            continue
        yield from _unpack(whole, inner, depth + 1, left)


def _members(found: str, data: bytes) -> tuple[list[tuple[str, Callable[[], bytes]]], str]:
    """List the members of an archive in memory: name and reader of each; and a warning."""
    file = io.BytesIO(data)
    if found == "zip":
        inside, warning = members(file, len(data))
        return [(member.name, partial(_whole, file, member)) for member in inside], warning
    warnings: list[str] = []
    held: list[tuple[str, Callable[[], bytes]]] = [
        (member.name.lstrip("/"), partial(bytes, data[member.offset : member.offset + member.size]))
        for member in tar_members(Seeking(file, len(data)), warnings)
        if not member.sparse
    ]
    return held, "".join(warnings[:1])


def _whole(file: io.BytesIO, member: Member) -> bytes:
    return read_member(file, member)[0]
