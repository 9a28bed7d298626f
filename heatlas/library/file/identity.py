"""Detect whether a file is a library, another database, or something else, without changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.core.errors import SourceFailed
from heatlas.library.file.schema import APPLICATION_ID
from heatlas.sources.sqlite_head import read_head

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    Identity = Literal["missing", "folder", "empty", "library", "database", "other"]

__all__ = ["identity"]


def identity(path: Path) -> Identity:
    """Detect the kind of a file.

    Parameters
    ----------
    path : Path
        Any path, also of a library that this process has open.

    Returns
    -------
    str
        "missing", "folder", "empty" (a file without bytes, or a database without tables and application ID),
        "library", "database" (another SQLite database), or "other".

    Raises
    ------
    SourceFailed
        When it cannot be opened.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except (OSError, ValueError) as error:
        raise SourceFailed(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}") from None
    if path.is_dir():
        return "folder"
    if path.is_file() and not status.st_size:
        return "empty"
    head = read_head(path)
    if head is None:
        return "other"
    if head.application_id == APPLICATION_ID:
        return "library"
    return "empty" if head.blank and not head.application_id else "database"
