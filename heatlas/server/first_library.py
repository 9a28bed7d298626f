"""The library of a server that was started with none: it is made when the first import gives something."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from heatlas.core.errors import HeatlasError
from heatlas.library.file.opening import open_library
from heatlas.server.site.state import say
from heatlas.tiles.view import close, reopened

if TYPE_CHECKING:
    from heatlas.server.site.state import ServedLibrary
    from heatlas.tiles.view import View

__all__ = ["keep_or_remove", "make"]


def make(site: ServedLibrary) -> View | None:
    """Make the library that is to be made, and show it.

    Returns
    -------
    View, optional
        The view before; None where no library was made.

    Raises
    ------
    HeatlasError
        When it cannot be made.
    """
    with site.reopening:
        if site.makes is None:
            return None
        before, path, there = site.view, site.makes, os.path.lexists(site.makes)
        library = open_library(path, create=True)
        site.view = reopened(before, library)
        if not there:
            return before
        site.makes = None  # somebody else has made it meanwhile
        close(before)
        return None


def keep_or_remove(site: ServedLibrary, before: View) -> None:
    """Keep the library that was made if anything is in it; else remove it and show the view before again."""
    path = site.makes
    assert path is not None
    with site.reopening:
        made = site.view
        with suppress(HeatlasError), made.library.read() as connection:
            query = "SELECT (SELECT count(*) FROM activities) + (SELECT count(*) FROM point_sets)"
            if connection.execute(query).fetchone()[0]:
                site.makes = None
                close(before)
                say(site, f"a library was made: {path}")
                return
        site.view = before
        close(made)
        for end in ("", "-wal", "-shm"):
            with suppress(OSError):
                path.with_name(path.name + end).unlink()
