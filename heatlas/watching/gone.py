"""Files of a library that are gone from where they were: renamed ones keep their row, of others one is told.

A source that is deleted takes nothing out of a library, which may be its only copy. A file that appears with the same
bytes as one that is gone is that one under a new name.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from heatlas.core.hashing import blake2b
from heatlas.core.words import counted
from heatlas.library.reading_files import absolute_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from heatlas.library.file.store import Library

__all__ = ["GoneFiles"]

_MOST = 50_000
"""Files that are remembered as gone."""
_PATIENCE = 20.0
"""Seconds in which a file that is gone may appear under another name, before it is told of."""


class GoneFiles:
    """Files of one root that a library knows and that are gone."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._digests: dict[bytes, int] = {}
        """Digest -> number of the row."""
        self._numbers: set[int] = set()
        self._untold, self._since = 0, 0.0

    def look(self, library: Library, paths: Collection[Path] | None = None) -> None:
        """Find what is gone: of all that lay under the root, or at some paths, each a file or a folder."""
        places = [self._root] if paths is None else [path for path in paths if not os.path.lexists(path)]
        there: dict[str, bool] = {}
        with library.read() as connection:
            for place in places:
                name = absolute_name(str(place))
                query = "SELECT number, name, digest FROM files WHERE name = ? OR (name > ? AND name < ?) ORDER BY name"
                for number, known, digest in connection.execute(query, (name, f"{name}/", f"{name}0")):
                    if number in self._numbers or len(self._numbers) >= _MOST or _is_there(known, name, there):
                        continue
                    self._numbers.add(number)
                    self._digests[digest] = number
                    self._untold, self._since = self._untold + 1, time.monotonic()

    def __bool__(self) -> bool:
        return bool(self._digests)

    def rename(self, library: Library, paths: Collection[Path]) -> int:
        """Give the rows of files that are gone to those of the same bytes; they are read again under the new name."""
        found: dict[int, str] = {}
        for path in paths if self._digests else ():
            number = self._digests.get(_digest(path))
            if number is not None and number not in found:
                found[number] = absolute_name(str(path))
        renamed = 0
        if found:
            with library.write() as connection:
                for number, name in found.items():
                    if connection.execute("SELECT 1 FROM files WHERE name = ?", (name,)).fetchone() is None:
                        connection.execute(
                            "UPDATE files SET name = ?, changed = 0, digest = ? WHERE number = ?", (name, b"", number)
                        )
                        renamed += 1
            self._digests = {digest: number for digest, number in self._digests.items() if number not in found}
            self._untold = max(self._untold - len(found), 0)
        return renamed

    def told(self) -> str:
        """Sentence about what is gone and has not come back under another name; empty if there is nothing to tell."""
        if not self._untold or time.monotonic() - self._since < _PATIENCE:
            return ""
        words = counted(self._untold, "imported files are")
        self._untold = 0
        return f"{words} gone from {self._root}: what was taken stays (heatlas library remove takes it out)"

    @property
    def wait(self) -> float:
        """Seconds until there may be something to tell."""
        return max(self._since + _PATIENCE - time.monotonic(), 0.0) + 0.1 if self._untold else float("inf")


def _is_there(name: str, root: str, there: dict[str, bool]) -> bool:
    """Whether a file is there, or the archive that it is in."""
    if os.path.lexists(name):
        return True
    return any(_is_file(parent, there) for parent in _parents(name, root))


def _parents(name: str, root: str) -> Iterator[str]:
    while len(name) > len(root):
        name = name.rpartition("/")[0]
        yield name


def _is_file(name: str, there: dict[str, bool]) -> bool:
    if name not in there:
        if len(there) > _MOST:
            there.clear()
        there[name] = os.path.isfile(name)  # noqa: PTH113 - names of members are no paths
    return there[name]


def _digest(path: Path) -> bytes:
    """Digest of a file as the library's table of files holds it; empty if it cannot be read."""
    try:
        return blake2b(path.read_bytes(), digest_size=16).digest()
    except OSError:
        return b""
