"""Write files under a temporary name: the final name never holds an incomplete file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from heatlas.core.errors import HeatlasError
from heatlas.core.paths import parents_made, reason_of, rename
from heatlas.core.scratch import LOCK, scratch_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["atomic_write"]


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Provide a temporary path that becomes `path` on success and is removed on failure.

    Parameters
    ----------
    path : Path
        Final name. A symbolic link is followed, so that the link itself remains.

    Yields
    ------
    Path
        The same file name in a hidden temporary folder inside the final folder. Other files written there are moved
        too, before the main one, so that they are in place when the main one appears. The final folder is made if it
        is missing. Folders that killed processes left there are removed.

    Raises
    ------
    HeatlasError
        When the system refuses to write, as without space or permission.
    """
    final = path.resolve() if path.is_symlink() else path
    try:
        with parents_made(final), scratch_folder(final.parent) as folder:
            yield folder / final.name
            made = [file for file in folder.iterdir() if file.name != LOCK]
            for written in sorted(made, key=lambda file: file.name == final.name):
                rename(written, final.parent / written.name)
    except OSError as error:
        raise HeatlasError(f"cannot write {path}: {reason_of(error, path)}") from error
