"""List the members of archives, and of archives in archives: each that may be a recording becomes an entry.

Of members that cannot be recordings, such as photos, only the beginning is read. Members of a stream that can only be
read forwards, and archives packed inside another one, are unpacked to a temporary file if they may hold recordings.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from heatlas.core.batch import TABLES, Unread
from heatlas.core.errors import Unreadable, unworded
from heatlas.sources.blobs import Blob
from heatlas.sources.compression import PACKED, decompressed, member_pieces, pieces_of
from heatlas.sources.formats.known import TRUSTED
from heatlas.sources.found_files import MANY, At, Entry, Walk, is_clutter, is_large, no_routes, read_blob
from heatlas.sources.layers import LAYERS, is_beside, open_layers
from heatlas.sources.left_out import left_out
from heatlas.sources.sheets.kinds import APPLE, Sheet, is_health_table, sheet_kind
from heatlas.sources.sniff import kind
from heatlas.sources.tars import Pieces, Seeking, tar_members
from heatlas.sources.zips import MAX_BYTES, Budget, members, read_member, seek

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from heatlas.sources.tars import Stream, TarMember
    from heatlas.sources.zips import Member

__all__ = ["MAX_DEPTH", "look"]

MAX_DEPTH = 4
"""Greatest depth of archives in archives."""
_HEAD, _SHORT = 1 << 16, 1 << 12
_ENDLESS = 4 << 30
"""Bytes that every packed tar may unpack to: members that are left out are unpacked too, to skip them."""
_DOCUMENTS = frozenset({"[Content_Types].xml", "META-INF/MANIFEST.MF", "mimetype"})
_SHEETS = frozenset({"xl/workbook.xml", "xl/workbook.bin"})


def look(walk: Walk, blob: Blob, name: str, at: At, given: bool = False) -> Iterator[Entry | Unread]:
    """List the entries of a file: itself, or the members of an archive.

    Parameters
    ----------
    walk : Walk
        Tables are added to it, and members that must be unpacked are put on its shelf.
    blob : Blob
        The bytes of the file.
    name : str
        Name of the file, for display.
    at : At
        Its position in archives.
    given : bool
        Whether it was named explicitly; then it counts as failed if it is no recording.
    """
    head = blob.head(_HEAD)
    found = kind(head)
    inner = _unpacked_head(found, head, blob)
    if found in {"zip", "tar"} or kind(inner) in {"zip", "tar", *PACKED}:
        if at.depth >= MAX_DEPTH:
            yield Unread(file=name, reason=f"archives nested more than {MAX_DEPTH} deep")
            return
        try:
            yield from _inside(walk, blob, name, at, found, inner, given)
        except Unreadable as error:
            yield Unread(file=name, reason=unworded(error))
        except OSError as error:
            reason = f"cannot be unpacked: {error.strerror or error}"
            yield Unread(file=name, reason=f"{reason} (temporary files lie in the folder that TMPDIR names)")
        return
    if (held := kind(inner)) in LAYERS and not is_beside(name):  # an index of shapes begins as they do
        try:
            yield _layered(walk, blob if held == found else _unpacked(walk, blob, found, at), name, blob.size, at)
        except (Unreadable, OSError) as error:
            yield Unread(file=name, reason=f"cannot be unpacked: {error}")
        return
    damaged = not inner and found in PACKED  # reported when it is read
    if is_health_table(inner):
        walk.tables.append(Sheet(name, kind=APPLE, pieces=partial(_pieces_of_blob, blob, found)))
    left = None if damaged else left_out(name.removesuffix(".gz"), inner, failed=given)
    yield Entry(name, partial(read_blob, blob), blob.size, at.place) if left is None else replace(left, file=name)


def _layered(walk: Walk, blob: Blob, name: str, size: int, at: At) -> Entry:
    """Entry of a file of layers; of an archive, the other files of a Shapefile may be listed later."""
    return Entry(name, partial(open_layers, blob, name.removesuffix(".gz"), walk.parts), size, at.place)


def _unpacked(walk: Walk, blob: Blob, found: str, at: At) -> Blob:
    with blob.opened() as file:
        return walk.shelf.put(_counted(decompressed(found, pieces_of(file, blob.size)), at.budget))


def _pieces_of_blob(blob: Blob, found: str) -> Iterator[bytes]:
    """Read a table piece by piece, packed once or not."""
    with blob.opened() as file:
        pieces = pieces_of(file, blob.size)
        yield from decompressed(found, pieces) if found in PACKED else pieces


def _pieces_of_member(blob: Blob, member: Member, budget: Budget) -> Iterator[bytes]:
    with blob.opened() as file:
        yield from member_pieces(file, member, budget)


def _unpacked_head(found: str, head: bytes, blob: Blob) -> bytes:
    """Beginning of a file, unpacked once if it is packed."""
    if found not in PACKED:
        return head
    more = head if found == "gzip" else blob.head(1 << 20)  # a block of bzip2 is unpacked as a whole
    return next(decompressed(found, iter([more])), b"")[:_HEAD]


def _inside(walk: Walk, blob: Blob, name: str, at: At, found: str, inner: bytes, given: bool) -> list[Entry | Unread]:
    """List the entries of an archive; none if it unpacks to more than its budget."""
    deeper = replace(at, depth=at.depth + 1)
    if found == "zip":
        return _in_zip(walk, blob, name, deeper, given)
    with blob.opened() as file:
        if found == "tar":
            return _in_tar(walk, Seeking(file, blob.size), blob, name, deeper, given)
        pieces = decompressed(found, pieces_of(file, blob.size))
        if kind(inner) == "tar":
            stream = Pieces(pieces, max(_ENDLESS, 300 * blob.size))
            return _in_tar(walk, stream, None, name, deeper, given)
        return list(look(walk, walk.shelf.put(_counted(pieces, at.budget)), name, deeper, given))


def _counted(pieces: Iterator[bytes], budget: Budget) -> Iterator[bytes]:
    for piece in pieces:
        budget.take(len(piece))
        yield piece


def _in_zip(walk: Walk, blob: Blob, name: str, at: At, given: bool) -> list[Entry | Unread]:
    found: list[Entry | Unread] = []
    with blob.opened() as file:
        inside, warning = members(file, blob.size)
        names = {member.name for member in inside}
        if names & _DOCUMENTS:
            if names & _SHEETS:
                reason = "an Excel workbook: save its sheet as CSV, and name that"
                return [Unread(file=name, reason=reason, failed=given, kind=TABLES)]
            reason = "a document or program, not a recording"
            return [Unread(file=name, reason=reason, failed=given, kind="documents")]
        if warning:
            found.append(Unread(file=name, reason=warning))
        if not inside:
            found.append(Unread(file=name, reason="an empty archive", failed=given, kind="empty archives"))
        for member in inside:
            if any(map(is_clutter, PurePosixPath(member.name).parts)):
                continue
            whole = f"{name}/{member.name}"
            if sheet := sheet_kind(member.name):
                walk.tables.append(Sheet(whole, partial(_read_member, blob, member), sheet))
            else:
                if is_beside(member.name) and _has_shapes(member.name, names):
                    walk.parts[whole] = _aside(walk, blob, file, member, at)
                found += _zip_member(walk, blob, file, member, whole, at)
    return no_routes(found, walk.tables, walk.routes)


def _zip_member(walk: Walk, blob: Blob, file: BinaryIO, member: Member, name: str, at: At) -> list[Entry | Unread]:
    former = f"{name[: -len(member.name)]}{member.formerly}" if member.formerly else ""
    entry = Entry(name, partial(_read_member, blob, member), member.packed, at.place, former)
    try:
        if member.encrypted or not name.lower().endswith(TRUSTED):
            head = read_member(file, member, _SHORT)[0]
            if kind(head) in {"xml", "json"}:  # a prolog or an object may be long
                head = read_member(file, member, _HEAD)[0]
            inner = head
            if kind(head) in PACKED:
                inner = next(decompressed(kind(head), iter([read_member(file, member, 1 << 20)[0]])), b"")[:_HEAD]
            if kind(head) in {"zip", "tar"} or kind(inner) in {"zip", "tar", *PACKED}:
                return list(look(walk, _aside(walk, blob, file, member, at), name, at))
            layered = kind(inner) in LAYERS and not is_beside(name)
            if layered or ((member.unpacked or 0) > MANY and is_large(head)):
                return list(look(walk, _aside(walk, blob, file, member, at), name, at))
            if is_health_table(head):
                pieces = partial(_pieces_of_member, blob, member, at.budget)
                walk.tables.append(Sheet(name, kind=APPLE, pieces=pieces))
            left = left_out(name.removesuffix(".gz"), inner)
            if left is not None and (inner or not head):
                return [replace(left, file=name)]
    except Unreadable as error:
        return [Unread(file=name, reason=unworded(error))]
    except OSError as error:
        return [Unread(file=name, reason=f"cannot be unpacked: {error.strerror or error}")]
    if (member.unpacked or 0) <= MAX_BYTES:  # else the reason is reported when it is read
        at.budget.take(member.unpacked or 0)
    return [entry]


def _has_shapes(name: str, names: Collection[str]) -> bool:
    """Whether the Shapefile to which a member would belong is among the members."""
    return bool({f"{name[:-4]}.shp", f"{name[:-4]}.SHP"} & set(names))


def _aside(walk: Walk, blob: Blob, file: BinaryIO, member: Member, at: At) -> Blob:
    """Bytes of an archive in an archive: in place if stored, else unpacked to the shelf."""
    if member.method == 0:
        seek(file, member)
        return blob.stretch(file.tell(), member.packed)
    return walk.shelf.put(member_pieces(file, member, at.budget))


def _in_tar(walk: Walk, stream: Stream, blob: Blob | None, name: str, at: At, given: bool) -> list[Entry | Unread]:
    """List the entries of a tar: in place where a blob holds it, else copied to the shelf."""
    found: list[Entry | Unread] = []
    warnings: list[str] = []
    seen: dict[str, int] = {}
    for member in tar_members(stream, warnings):
        own = member.name.lstrip("/").removeprefix("./")
        if any(map(is_clutter, PurePosixPath(own).parts)):
            continue
        seen[own] = number = seen.get(own, 0) + 1
        whole = f"{name}/{own}" if number == 1 else f"{name}/{own} ({number})"
        if member.sparse:
            found.append(Unread(file=whole, reason="stored without its holes, which is not read: unpack the archive"))
        elif (sheet := sheet_kind(own)) and number == 1:
            data = stream.read(min(member.size, MAX_BYTES))
            walk.tables.append(Sheet(whole, partial(bytes, data), sheet))
        else:
            part = _tar_member(walk, stream, blob, member, whole, at)
            if is_beside(own) and isinstance(part, Blob):
                walk.parts[whole] = part
            found += [part] if isinstance(part, Unread) else _tar_part(walk, part, whole, at)
    if warnings:
        found.insert(0, Unread(file=name, reason=warnings[0]))
    if not seen:
        found.append(Unread(file=name, reason="an empty archive", failed=given, kind="empty archives"))
    return no_routes(found, walk.tables, walk.routes)


def _tar_member(walk: Walk, stream: Stream, blob: Blob | None, member: TarMember, name: str, at: At) -> Blob | Unread:
    """Bytes of a member that may be a recording or an archive."""
    if blob is not None:
        return blob.stretch(member.offset, member.size)
    head = stream.read(min(member.size, 1 << 20))
    found = kind(head)
    if not name.lower().endswith(TRUSTED):
        inner = next(decompressed(found, iter([head])), b"") if found in PACKED else head
        left = left_out(name.removesuffix(".gz"), inner[:_HEAD])
        wanted = is_health_table(inner[:_HEAD]) or kind(inner[:_HEAD]) in LAYERS or is_beside(name)
        if left is not None and (inner or not head) and not wanted:
            return replace(left, file=name)
    streamed = found in {"zip", "tar", *PACKED, *LAYERS} or is_large(head) or is_health_table(head)
    if member.size > MAX_BYTES and not streamed:
        return Unread(file=name, reason="larger than 1 GiB, as no recording is")
    at.budget.take(member.size)
    rest = iter(partial(_next_piece, stream, member), b"")
    return walk.shelf.put(itertools.chain([head], rest))


def _next_piece(stream: Stream, member: TarMember) -> bytes:
    return stream.read(min(1 << 20, max(member.offset + member.size - stream.tell(), 0)))


def _tar_part(walk: Walk, part: Blob, name: str, at: At) -> list[Entry | Unread]:
    if name.lower().endswith(TRUSTED):
        return [Entry(name, partial(read_blob, part), part.size, at.place)]
    return list(look(walk, part, name, at))


def _read_member(blob: Blob, member: Member) -> bytes:
    """Read a member. The archive is opened anew: this is cheap beside the reading, and threads share nothing."""
    try:
        with blob.opened() as file:
            return read_member(file, member)[0]
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror or error}") from None
