"""Writing aside: nothing half-written ever bears the final name."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from heatlas.errors import HeatlasError
from heatlas.scratch import LOCK, scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["aside"]


@contextmanager
def aside(path: Path) -> Iterator[Path]:
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
                written.replace(final.parent / written.name)
    except OSError as error:
        raise HeatlasError(f"cannot write {path}: {error.strerror or error}") from error
