"""Writing aside: nothing half-written ever bears the final name."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.errors import HeatlasError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        there moves too, before the main one: who waits for that finds the rest in place.

    Raises
    ------
    HeatlasError
        When the system refuses to write, for want of space or of permission.
    """
    final = path.resolve() if path.is_symlink() else path
    try:
        with _hidden_folder(final) as folder:
            yield folder / final.name
            for written in sorted(folder.iterdir(), key=lambda file: file.name == final.name):
                written.replace(final.parent / written.name)
    except OSError as error:
        raise HeatlasError(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def _hidden_folder(final: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=".heatlas-", dir=final.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
