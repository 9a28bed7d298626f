"""Objects of a plan that say when they are damaged: each holds a digest of what is in it.

A disk may return other bytes than were written, and folders are copied by programs that break off. Whoever reads an
object compares; `heatlas.scale.manifest.Folder` makes a damaged one again. Pages of Parquet have checksums of their
own, which readers compare; the footer, which says where pages lie, has a digest here.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from heatlas.core.errors import HeatlasError
from heatlas.core.filesystems import failing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.core.filesystems import Location

__all__ = ["DIGEST", "DamagedObject", "digest_of_bytes", "opened_rows", "reading", "seal", "seal_table", "unsealed"]

DIGEST = 16
"""Bytes of a digest."""
_KEY = b"heatlas.digest"
"""Key in the footer of Parquet: the digest of the footer, in which this value is zeros."""
_BLANK = b"0" * (2 * DIGEST)
_TAIL = 1 << 16
"""Bytes at the end of a file that are read at once: footers are mostly shorter."""
_OF_STORES = re.compile(r"AWS Error|HTTP|curl|Azure|google|credential", re.IGNORECASE)


class DamagedObject(HeatlasError):
    """An object of a plan is damaged, or is not there any more."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"{uri} is damaged or gone: run the same command again, which makes it again")
        self.uri = uri


@contextmanager
def reading(location: Location) -> Iterator[None]:
    """Turn what readers find in a damaged object into one error, and failures of disks and stores into another.

    Raises
    ------
    DamagedObject
        When it is damaged, or is not there.
    SourceFailed
        When a disk or a store fails.
    """
    with failing(location.uri):
        try:
            yield
        except FileNotFoundError:
            raise DamagedObject(location.uri) from None
        except (pa.ArrowException, ValueError, KeyError, EOFError) as error:
            raise DamagedObject(location.uri) from error
        except OSError as error:
            # pyarrow says of both that they are OSErrors; what systems say has a number, what stores say their name.
            if error.errno is not None or _OF_STORES.search(str(error)):
                raise
            raise DamagedObject(location.uri) from error


def digest_of_bytes(*parts: Any) -> bytes:
    """Digest of bytes that follow each other."""
    digest = hashlib.blake2b(digest_size=DIGEST)
    for part in parts:
        digest.update(part)
    return digest.digest()


def seal(data: bytes) -> bytes:
    """Bytes with their digest in front."""
    return digest_of_bytes(data) + data


def unsealed(location: Location, data: bytes) -> bytes:
    """Bytes without their digest.

    Raises
    ------
    DamagedObject
        When it is not theirs.
    """
    if len(data) < DIGEST or digest_of_bytes(data[DIGEST:]) != data[:DIGEST]:
        raise DamagedObject(location.uri)
    return data[DIGEST:]


def seal_table(sink: pa.BufferOutputStream, writer: pq.ParquetWriter) -> pa.Buffer:
    """Close a writer of Parquet with checksums of pages, and put the digest of the footer into it."""
    writer.add_key_value_metadata({_KEY.decode(): _BLANK.decode()})
    writer.close()
    data = sink.getvalue()
    whole = memoryview(data).cast("B")
    footer = whole[len(whole) - 8 - int.from_bytes(whole[-8:-4], "little") : -8]
    at = _place(bytes(footer))
    footer[at : at + len(_BLANK)] = digest_of_bytes(footer).hex().encode()
    return data


def _place(footer: bytes) -> int:
    """Place of the digest in a footer: behind the last place of its key."""
    found = footer.rindex(_KEY) + len(_KEY)
    return found + footer[found : found + 8].index(bytes([len(_BLANK)])) + 1


@contextmanager
def opened_rows(location: Location) -> Iterator[pq.ParquetFile]:
    """Open Parquet that `seal_table` sealed; what is read of it is compared with its checksums.

    Raises
    ------
    DamagedObject, SourceFailed
        As in `reading`.
    """
    with reading(location), location.filesystem.open_input_file(location.path) as source:
        head = pq.read_metadata(pa.BufferReader(_footer(source)))
        yield pq.ParquetFile(source, metadata=head, pre_buffer=not location.is_local, page_checksum_verification=True)


def _footer(source: Any) -> bytes:
    """Footer of a file of Parquet with all around it, as if nothing else were in the file."""
    size = source.size()
    tail = source.read_at(min(size, _TAIL), max(size - _TAIL, 0))
    length = int.from_bytes(tail[-8:-4], "little") + 8
    if length > size or tail[-4:] != b"PAR1":
        raise ValueError("no Parquet")
    if length > len(tail):
        tail = source.read_at(length, size - length)
    footer = bytes(tail[-length:-8])
    at = _place(footer)
    end = at + len(_BLANK)
    if footer[at:end] != digest_of_bytes(footer[:at], _BLANK, footer[end:]).hex().encode():
        raise ValueError("another footer than was written")
    return b"PAR1" + footer + bytes(tail[-8:])
