"""Write a made-up bulk export: two years of an athlete and a town that do not exist.

The town is always the same (`heatlas.demo.town`). The seed decides which activities there are, and when.

==================== ==============================================================
`diary`              activities of the athlete: kinds, dates and times
`athlete`            names, descriptions and gear of activities
`routes`             line that an activity follows
`motion`             fixes along a line: times, positions, sensors
`fit`, `xml`         write FIT, GPX and TCX
`table`              write activities.csv
`files`              write the folder of the export
`town`               ways of the town
`grounds`            fixed places of the town, and heights
`streets`            streets that fill the quarters
`elsewhere`          a heath and a virtual island
`network`            network of ways, and shortest paths in it
`geometry`           curves in the plane
==================== ==============================================================
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.core.paths import reason_of, refuse_name, rename

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["write_demo"]


def write_demo(
    folder: Path, seed: int = 1, activities: int = 200, progress: Callable[[int, int], None] | None = None
) -> None:
    """Write a folder that looks like the bulk export of a sports service.

    It holds ``activities.csv`` and ``activities/`` with FIT, GPX and TCX files (gzip). If there are 24 activities
    or more, two of them have no file, one is there twice, and one file is cut off in the middle.

    Parameters
    ----------
    folder : Path
        Where to write it; missing or empty. It appears whole, or not at all.
    seed : int
        Not negative. The same seed and number give the same bytes (with the same NumPy and zlib).
    activities : int
        Rows of ``activities.csv``, 1 to 10,000. They end in October 2026. Up to 320 fill two years; with more, the
        first is earlier, up to twenty years before the end.
    progress : callable, optional
        Called with the number of activities written so far and the number of all activities.

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
    refuse_name(folder)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadOption(f"{folder} exists and is not an empty folder: name another one, or delete it first")
        folder = folder.resolve()
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = folder.parent / f".{folder.name}.{os.getpid()}.part"
        aside.mkdir()
    except OSError as error:
        raise BadOption(f"cannot write the demo to {folder}: {reason_of(error, folder)}") from error
    from heatlas.demo.files import write_export

    try:
        write_export(aside, seed, activities, progress)
        if folder.exists():
            folder.rmdir()
        rename(aside, folder)
    except OSError as error:
        raise BadOption(f"cannot write the demo to {folder}: {reason_of(error, folder)}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
