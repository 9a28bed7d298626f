"""Put an archive together inside S3: parts that are large enough are copied there, and never come to this machine.

S3 takes parts of at least 5 MiB, but for the last; pyarrow has no call for copies of parts, so this is done by boto3,
where it is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heatlas.core.errors import SourceFailed, printable
from heatlas.scale.sealed import reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from heatlas.core.filesystems import Location
    from heatlas.scale.drawn import Piece

__all__ = ["copied", "copies"]

_PART = 8 << 20
"""Bytes of a part, at least."""
_PARTS = 5000
"""Parts of half the size: S3 takes 10,000."""


def copies(target: Location, pieces: Sequence[Piece]) -> bool:
    """Whether pieces can be put together where they are: all is in S3, boto3 is there, and it is worth the while."""
    if not all(location.uri.startswith("s3://") for location in (target, *(piece.location for piece in pieces))):
        return False
    try:
        import boto3  # noqa: F401 - looked for
    except ImportError:
        return False
    return sum(piece.size for piece in pieces) >= 4 * _PART


def copied(target: Location, head: bytes, pieces: Sequence[Piece]) -> int:
    """Put an archive together in S3; it appears when it is whole. Returns its bytes.

    Parameters
    ----------
    target : Location
        The archive.
    head : bytes
        Its beginning, before all tiles.
    pieces : sequence of Piece
        The tiles, in their order. S3 compares its own checksums of what is copied.

    Raises
    ------
    DamagedObject
        When a piece is gone.
    SourceFailed
        When S3 refuses; no part is left there.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    size = len(head) + sum(piece.size for piece in pieces)
    client = boto3.client("s3")
    bucket, _, key = target.path.partition("/")
    where = {"Bucket": bucket, "Key": key}
    try:
        upload = client.create_multipart_upload(**where)["UploadId"]
        try:
            made = [
                {"PartNumber": k, "ETag": _put(client, part, {**where, "UploadId": upload, "PartNumber": k})}
                for k, part in enumerate(_parts(head, pieces, max(_PART, size // _PARTS)), 1)
            ]
            client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": made})
        except BaseException:
            client.abort_multipart_upload(**where, UploadId=upload)
            raise
    except (BotoCoreError, ClientError) as error:
        raise SourceFailed(f"{printable(target.uri)} cannot be written: {error}") from None
    finally:
        client.close()
    return size


def _put(client: Any, part: bytes | tuple[Piece, int], where: dict[str, Any]) -> str:
    """Send a part, or have the rest of a piece copied; returns its tag."""
    if isinstance(part, bytes):
        return str(client.upload_part(**where, Body=part)["ETag"])
    piece, first = part
    bucket, _, key = piece.location.path.partition("/")
    found = client.upload_part_copy(
        **where, CopySource={"Bucket": bucket, "Key": key}, CopySourceRange=f"bytes={first}-{piece.size - 1}"
    )
    return str(found["CopyPartResult"]["ETag"])


def _parts(head: bytes, pieces: Sequence[Piece], least: int) -> Iterator[bytes | tuple[Piece, int]]:
    """Cut an archive into parts of at least so many bytes: bytes, or a piece from some place on."""
    waiting = bytearray(head)
    for piece in pieces:
        at = 0
        if waiting:
            at = min(max(least - len(waiting), 0), piece.size)
            waiting += _read(piece, 0, at)
            if len(waiting) < least:
                continue
            yield bytes(waiting)
            waiting.clear()
        if piece.size - at >= least:
            yield piece, at
        else:
            waiting += _read(piece, at, piece.size - at)
    if waiting:
        yield bytes(waiting)


def _read(piece: Piece, first: int, size: int) -> bytes:
    if not size:
        return b""
    location = piece.location
    with reading(location), location.filesystem.open_input_file(location.path) as file:
        return bytes(file.read_at(size, first))
