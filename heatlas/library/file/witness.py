"""Tell whether the file of an open library is still the one that was opened, and whether anything was written."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed
from heatlas.library.file.states import descends, in_file, read_states
from heatlas.sources.sqlite_head import address_of

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    from heatlas.library.file.states import States

    Whereabouts = Literal["there", "missing", "replaced"]

__all__ = ["Witness"]

_TRIES = 6
"""Reads of a file that another process is writing its log into."""
_PAUSE = 0.02
"""Seconds between them."""


class Witness:
    """Connection that never writes, and what was known of the file when it was last looked at.

    A file that was renamed over the old one is another inode. One that was copied over it in place is the same inode;
    its size or times differ then, as after a checkpoint, and the chain of its states tells which of both it was.

    Parameters
    ----------
    path : Path
        The library.
    frozen : bool
        Whether the file is read as one that nobody writes: any change means that it was replaced.
    """

    __slots__ = (
        "_connection",
        "_file",
        "_frozen",
        "_in_file",
        "_lock",
        "_name",
        "_path",
        "_replaced",
        "_seen",
        "_version",
        "_whole",
    )

    def __init__(self, path: Path, frozen: bool = False) -> None:
        self._path, self._frozen = path, frozen
        self._name = os.fspath(path)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        status = _status(self._name)
        self._file = None if status is None else (status.st_dev, status.st_ino)
        self._seen: tuple[int, ...] | None = None  # while the library is being opened, anything may be written
        self._version = -1
        self._whole: States | None = None
        self._in_file: States | None = None
        self._replaced = False

    def remember(self) -> None:
        """Note the present state, once the library is open."""
        with self._lock:
            self._seen = _times(_status(self._name))
            if self._frozen:
                return
            try:
                self._version = self._data_version()
                self._whole = read_states(self._connected())
                self._in_file = in_file(self._path)
            except sqlite3.Error:
                pass  # it is damaged, which is reported where it matters

    @property
    def whereabouts(self) -> Whereabouts:
        """Whether the file under the path is still the one that was opened, unless heatlas wrote to it."""
        status = _status(self._name)
        if status is None:
            return "missing"
        if (status.st_dev, status.st_ino) != self._file:
            return "replaced"
        if self._seen is None or (_times(status) == self._seen and not self._replaced):
            return "there"
        with self._lock:
            self._replaced = self._replaced or self._frozen or not self._has_followed(_times(status))
            return "replaced" if self._replaced else "there"

    def refuse_another(self) -> None:
        """Raise if the file under the path is no longer the one that was opened.

        Raises
        ------
        SourceFailed
            When it was removed or replaced, as cached data of one file is wrong for another.
        """
        if (where := self.whereabouts) != "there":
            what = "removed or moved" if where == "missing" else "replaced by another file"
            raise SourceFailed(f"the library {self._path} was {what} while it was in use")

    @property
    def data_version(self) -> int:
        """Number that changes with every commit of any process; takes some microseconds."""
        with self._lock:
            return 0 if self._frozen else self._data_version()

    def attend(self) -> None:
        """Keep a connection open beside those that can write, so that none of them is the last one to be closed."""
        if self._seen is not None and not self._frozen:
            with self._lock:
                self._data_version()

    def close(self) -> None:
        """Close the connection; the next use opens a new one."""
        with self._lock:
            connection, self._connection, self._version = self._connection, None, -1
            if connection is not None:
                connection.close()

    def _has_followed(self, times: tuple[int, ...]) -> bool:
        """Whether the present content follows from what was known: then it is what is known from now on."""
        for left in reversed(range(_TRIES)):
            try:
                version = self._data_version()
                # While nothing was committed, the state is the one that was read then, whatever the file holds now.
                whole = self._whole if version == self._version else read_states(self._connected())
                file = in_file(self._path)
            except sqlite3.Error:
                pass
            else:
                if descends(whole, self._whole) and descends(whole, file) and descends(file, self._in_file):
                    self._seen, self._version, self._whole, self._in_file = times, version, whole, file
                    return True
            if left:
                time.sleep(_PAUSE)
        return False

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            address = f"{address_of(self._path.resolve())}?mode=ro"
            self._connection = sqlite3.connect(
                address, uri=True, isolation_level=None, check_same_thread=False, timeout=10.0
            )
        return self._connection

    def _data_version(self) -> int:
        version: int = self._connected().execute("PRAGMA data_version").fetchone()[0]
        return version


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - each tile asks four times, and a `Path` takes twice as long
    except (OSError, ValueError):
        return None


def _times(status: os.stat_result | None) -> tuple[int, ...]:
    return () if status is None else (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
