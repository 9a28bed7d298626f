"""Whether a file is whole: nobody writes to it any more, and its content has an end.

Programs that copy files write them bit by bit under their final name (cards of watches, mail, plain copies), or under
another name until they are whole (Syncthing, rclone, browsers). A file is taken when its size and its times have been
at rest for a while, and what its format has at its end is there. One without that is taken as it is, after a longer
rest: it is damaged, or a recorder was switched off.
"""

from __future__ import annotations

import re
import tarfile
import time
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from heatlas.core.checksums import crc16
from heatlas.core.regex import regex
from heatlas.sources.formats.known import BINARY, FORMATS
from heatlas.sources.sniff import kind

if TYPE_CHECKING:
    import os
    from pathlib import Path

__all__ = ["LONG", "REST", "Verdict", "Waiting", "is_unfinished_name", "unfinished"]

REST = 2.0
"""Seconds in which a whole file must not have changed."""
LONG = 60.0
"""Seconds after which a file that has no end is taken as it is."""
_OLD = 10.0
"""Seconds of age from which on the clock of the file system is trusted, so that old files are taken at once."""
_MOST = 20_000
"""Files that are waited for at a time, which bounds memory; others are looked at again later."""
_TAIL = 4096
_NAMES = regex(
    r".+\.(partial|part|tmp|temp|crdownload|download|filepart|opdownload|aria2|!qb|!ut)|~syncthing~.+|~\$.+",
    re.IGNORECASE | re.DOTALL,
)
_CLOSING = regex(rb"</\s*(?:[\w.-]+:)?([\w.-]+)\s*>\s*(?:<!--.*?-->\s*)*\0*\s*\Z", re.DOTALL)
_OPENING = regex(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")
_MARKUP = frozenset({"kml", "xml"})
_PACKED = frozenset({"gzip", "bzip2", "xz"})


def is_unfinished_name(name: str) -> bool:
    """Tell whether programs that copy files call one so until it is whole; hidden names are clutter anyhow."""
    return _NAMES.fullmatch(name) is not None


def unfinished(path: Path) -> str:
    """Say what is missing at the end of a file, as far as its content tells.

    Returns
    -------
    str
        Empty if it is whole, or if its format has no end by which one could tell.
    """
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16)
        found = kind(head)
        if found in FORMATS and FORMATS[found].content != BINARY:
            found = FORMATS[found].content
        if found == "empty":
            return "it is empty"
        if found == "fit":
            return _of_fit(path.read_bytes())
        if found in _MARKUP:
            return _of_markup(path, head)
        if found == "json":
            return "" if _tail(path).rstrip(b"\0 \t\r\n")[-1:] in {b"}", b"]"} else "its last bracket is missing"
        if found == "zip":
            zipfile.ZipFile(path).close()
        elif found == "tar":
            return "" if not any(_tail(path)[-1024:]) else "the empty blocks at its end are missing"
        elif found in _PACKED:
            _unpack(path, found)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        return f"it is cut off or damaged ({str(error) or 'it ends too early'})"
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
    return ""


def _of_fit(data: bytes) -> str:
    """Look at the lengths and the checksums of a FIT file, or of several in a row."""
    at = 0
    while at < len(data):
        header, size = data[at], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + header + size + 2
        if header < 12 or data[at + 8 : at + 12] != b".FIT":
            return "bytes follow that are no FIT" if at else "its head is damaged"
        if not size:
            return "its recorder has not ended it"
        if end > len(data):
            return f"{end - len(data):,} bytes are missing"
        if crc16(data[at:end]):
            return "its checksum does not fit"
        at = end
    return ""


def _of_markup(path: Path, head: bytes) -> str:
    """Look whether an XML file ends with the element that it begins with."""
    tail = _tail(path).replace(b"\0", b"") if b"\0" in head[:64] else _tail(path)  # UTF-16 of letters is ASCII and NULs
    text = head.replace(b"\0", b"") if b"\0" in head[:64] else head
    opening, closing = _OPENING.search(text.decode("utf-8", "replace")), _CLOSING.search(tail)
    if opening is None:
        return "its first element is missing"
    if closing is not None and closing[1].decode("utf-8", "replace").lower() == opening[1].lower():
        return ""
    return f"its end </{opening[1]}> is missing"


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _TAIL, 0))
        return file.read()


def _unpack(path: Path, found: str) -> None:
    """Unpack to nowhere; a stream that is cut off or damaged raises."""
    import bz2
    import lzma

    from isal import igzip

    opener: Any = {"gzip": igzip.open, "bzip2": bz2.open, "xz": lzma.open}[found]
    try:
        with opener(path, "rb") as stream:
            while stream.read(1 << 20):
                pass
    except lzma.LZMAError as error:
        raise EOFError(str(error)) from None
    except OSError as error:
        if error.errno is None:  # what the modules raise for damaged streams
            raise EOFError(str(error)) from None
        raise


class Verdict(NamedTuple):
    """What is to be done about a file."""

    wait: float
    """Seconds until it is looked at again; 0: it is to be taken now."""
    reason: str
    """What it lacks, if it is taken all the same."""


class _Seen(NamedTuple):
    state: tuple[int, int]
    """Size, and time of change in nanoseconds."""
    since: float
    """When it came to rest, by the monotonic clock."""
    due: float


class Waiting:
    """Files that are not taken yet, and since when each is at rest."""

    def __init__(self) -> None:
        self._seen: dict[Path, _Seen] = {}
        self.crowded = False
        """Whether there were more than can be remembered; they are found again by looking at all files."""

    def judge(self, path: Path, status: os.stat_result) -> Verdict:
        """Decide whether a file is to be taken now."""
        now, state = time.monotonic(), (status.st_size, status.st_mtime_ns)
        before = self._seen.get(path)
        if before is None:
            age = time.time() - max(status.st_mtime, status.st_ctime)
            since = now - age if age >= _OLD else now
        else:
            since = before.since if before.state == state else now
        rested = now - since
        if rested < REST:
            return self._later(path, state, since, REST - rested)
        reason = unfinished(path)
        if reason and rested < LONG:
            return self._later(path, state, since, LONG - rested)
        self._seen.pop(path, None)
        return Verdict(0.0, reason)

    def _later(self, path: Path, state: tuple[int, int], since: float, wait: float) -> Verdict:
        if path not in self._seen and len(self._seen) >= _MOST:
            self.crowded = True
        else:
            self._seen[path] = _Seen(state, since, time.monotonic() + wait)
        return Verdict(wait, "")

    def due(self) -> list[Path]:
        """Files that are to be looked at again now."""
        now = time.monotonic()
        return [path for path, seen in self._seen.items() if seen.due <= now]

    def next(self) -> float:
        """Seconds until the next of them is due; infinite without any."""
        if self.crowded:
            return REST
        return max(min((seen.due for seen in self._seen.values()), default=float("inf")) - time.monotonic(), 0.0)

    def forget(self, path: Path) -> None:
        """Leave out a file that is gone."""
        self._seen.pop(path, None)
