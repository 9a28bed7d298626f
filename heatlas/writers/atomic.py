"""Writing aside: nothing half-written ever bears the final name."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from heatlas.core.errors import HeatlasError
from heatlas.core.scratch import LOCK, scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["atomic_write", "rename"]

_TRIES = 20
_PAUSE = 0.05
"""Seconds: a second in all."""


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a place to write to that becomes `path` when all went well, and vanishes when not.

    Parameters
    ----------
    path : Path
        Final name. A symbolic link is followed, so that it goes on pointing at what it did.

    Yields
    ------
    Path
        The same file name in a hidden folder of its own, inside the final folder. Any other file written
        there moves too, before the main one: who waits for that finds the rest in place. Folders that were left there
        by processes that were killed are removed.

    Raises
    ------
    HeatlasError
        When the system refuses to write, for want of space or of permission.
    """
    final = path.resolve() if path.is_symlink() else path
    try:
        with scratch_folder(final.parent) as folder:
            yield folder / final.name
            made = [file for file in folder.iterdir() if file.name != LOCK]
            for written in sorted(made, key=lambda file: file.name == final.name):
                rename(written, final.parent / written.name)
    except OSError as error:
        raise HeatlasError(f"cannot write {path}: {error.strerror or error}") from error


def rename(written: str | Path, final: str | Path) -> None:
    """Give a file its final name, in place of one that has it.

    Windows refuses while another program has either open. Those that look at every new file, such as scanners for
    viruses, and servers that give it away, let go of it soon.

    Raises
    ------
    OSError
        When the system refuses for good.
    """
    for left in reversed(range(_TRIES if sys.platform == "win32" else 1)):
        try:
            os.replace(written, final)  # noqa: PTH105 - names may be text, which is quicker where files are many
        except PermissionError:
            if not left:
                raise
            time.sleep(_PAUSE)
        else:
            return
