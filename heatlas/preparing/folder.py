"""Working folder of a run: files that are done, and what is known of them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.paths import rename
from heatlas.core.scratch import held_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.core.filesystems import Location

__all__ = ["WorkingFolder", "working_folder"]

_LOCK = "lock"


class WorkingFolder:
    """Folder of the files of a run that are not the result; it is removed when the run has ended well."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, name: str) -> Path:
        """Path of a file in it; its folder is made."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def said(self, name: str) -> dict[str, Any] | None:
        """What was noted under a name; None if nothing was."""
        try:
            found: dict[str, Any] = json.loads((self.path / f"{name}.json").read_bytes())
        except (OSError, ValueError):
            return None
        return found

    def note(self, name: str, data: dict[str, Any]) -> None:
        """Note something; it is whole or not there."""
        path = self.file(f"{name}.json")
        aside = path.with_suffix(".part")
        aside.write_bytes(json.dumps(data).encode())
        rename(aside, path)

    def remove(self, name: str) -> None:
        """Remove a file or folder in it."""
        path = self.path / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.path, ignore_errors=True)


@contextmanager
def working_folder(output: Location, digest: str) -> Iterator[WorkingFolder]:
    """Open the working folder of an output, for one process at a time.

    It lies in the output, or among temporary files where that is a bucket, and may be read by this user alone. What
    another order has left there is removed.

    Parameters
    ----------
    output : Location
        Folder of the partitions.
    digest : str
        Digest of the order.

    Raises
    ------
    BadOption
        When another process is at it.
    SourceFailed
        When it cannot be made.
    """
    if output.is_local:
        path = Path(output.path) / ".heatlas-prepare"
    else:
        named = hashlib.blake2b(output.uri.encode(), digest_size=8).hexdigest()
        path = Path(tempfile.gettempdir()) / f"heatlas-prepare-{named}"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = held_file(path / _LOCK)
    except OSError as error:
        raise SourceFailed(f"{path} cannot be written: {error.strerror or error}") from None
    if lock is None:
        raise BadOption(f"another heatlas prepare writes to {output.uri}: wait for it, or name another folder")
    try:
        folder = WorkingFolder(path)
        order = folder.said("order")
        if order is None or order.get("digest") != digest:
            for entry in path.iterdir():
                if entry.name != _LOCK:
                    folder.remove(entry.name)
            folder.note("order", {"digest": digest})
        yield folder
    finally:
        os.close(lock)
