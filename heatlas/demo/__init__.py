"""A made-up bulk export: two years of an athlete who does not exist, in a town that does not either.

The town is always the same (`heatlas.demo.town`); the seed decides what was done in it, and when.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["write_demo"]


def write_demo(
    folder: Path, seed: int = 1, activities: int = 200, progress: Callable[[int, int], None] | None = None
) -> None:
    """Write a folder that looks like the bulk export of a sports service.

    It holds ``activities.csv`` and ``activities/`` with FIT, GPX and TCX files (gzip). With 24 activities
    or more, two of them have no file, one is there twice, and one file is cut off in the middle.

    Parameters
    ----------
    folder : Path
        Where; missing or empty. It appears whole, or not at all.
    seed : int
        Not negative. The same seed and number give the same bytes (with the same NumPy and zlib).
    activities : int
        Rows of ``activities.csv``, 1 to 10,000. They end in October 2026; up to 320 fill two years, more begin
        earlier, up to twenty years before.
    progress : callable, optional
        Called with the number of activities written and of all activities.

    Raises
    ------
    BadOption
        If the folder is not empty or cannot be written, or a number is out of range.
    """
    folder = Path(folder)
    if not 1 <= activities <= 10_000:
        raise BadOption(f"the demo can have 1 to 10,000 activities, not {activities}")
    if seed < 0:
        raise BadOption(f"the seed must not be negative, but is {seed}")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadOption(f"{folder} exists and is not an empty folder: name another one, or delete it first")
        folder = folder.resolve()
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = folder.parent / f".{folder.name}.{os.getpid()}.part"
        aside.mkdir()
    except OSError as error:
        raise BadOption(f"cannot write the demo to {folder}: {error.strerror or error}") from error
    from heatlas.demo.files import write_export

    try:
        write_export(aside, seed, activities, progress)
        if folder.exists():
            folder.rmdir()
        aside.rename(folder)
    except OSError as error:
        raise BadOption(f"cannot write the demo to {folder}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
