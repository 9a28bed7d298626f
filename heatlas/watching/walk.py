"""Files under folders, one by one: a folder may hold more than fits into a list."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.sources.found_files import is_clutter
from heatlas.watching.whole import is_unfinished_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["files_under", "is_left_out"]


def files_under(root: Path, unread: dict[str, str] | None = None) -> Iterator[tuple[Path, os.stat_result]]:
    """List the regular files of a folder, to any depth, or the file itself; names of unfinished copies are left out.

    Parameters
    ----------
    root : Path
        A folder or a file; nothing is listed if it is gone.
    unread : dict, optional
        Receives the names of folders that cannot be listed, and the reasons.

    Yields
    ------
    Path, os.stat_result
        In no particular order.
    """
    stack, seen = [root], set[str]()
    while stack:
        path = stack.pop()
        try:
            status = path.stat()
            if stat.S_ISREG(status.st_mode):
                yield path, status
                continue
            if not stat.S_ISDIR(status.st_mode):
                continue
            with os.scandir(path) as inside:
                for entry in inside:
                    if is_clutter(entry.name) or is_unfinished_name(entry.name):
                        continue
                    if entry.is_symlink():
                        real = os.path.realpath(entry.path)
                        if real not in seen:  # links may lead round in circles
                            seen.add(real)
                            stack.append(Path(entry.path))
                    elif entry.is_dir():
                        stack.append(Path(entry.path))
                    elif entry.is_file():
                        yield Path(entry.path), entry.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            if unread is not None:
                unread[str(path)] = error.strerror or str(error)


def is_left_out(path: Path, root: Path) -> bool:
    """Tell whether any part of a path below a root is clutter, or the name of an unfinished copy."""
    parts = path.relative_to(root).parts if path.is_relative_to(root) else path.parts
    return any(map(is_clutter, parts)) or any(map(is_unfinished_name, parts))
