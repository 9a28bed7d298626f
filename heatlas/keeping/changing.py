"""Hide and show places, remove what is not wanted, and look after the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.options import parse_length, parse_zone

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["compact_library", "hide_zone", "reindex_library", "remove_activities", "remove_points", "show_zone"]


def hide_zone(path: str | Path, name: str, at: str, radius: str) -> None:
    """Hide a circle: `at` is "LAT,LON", the radius a length."""
    from heatlas.library.store import open_library
    from heatlas.library.zones import add_zone

    zone = parse_zone(f"{at},{radius}")
    with open_library(path) as library:
        add_zone(library, name, zone.lat, zone.lon, zone.radius)


def show_zone(path: str | Path, name: str) -> None:
    """Show again what a zone hid."""
    from heatlas.library.store import open_library
    from heatlas.library.zones import remove_zone

    with open_library(path) as library:
        remove_zone(library, name)


def remove_activities(path: str | Path, where: str) -> int:
    """Remove the activities that a CQL2 filter passes; return how many."""
    import numpy as np

    from heatlas.library.activities import select
    from heatlas.library.store import open_library
    from heatlas.library.upkeep import remove

    with open_library(path) as library:
        numbers = np.flatnonzero(select(library, where)).tolist()
        remove(library, numbers)
    return len(numbers)


def remove_points(path: str | Path, name: str) -> int:
    """Remove a point set; return how many points it had."""
    from heatlas.library.point_sets import remove_point_set
    from heatlas.library.store import open_library

    with open_library(path) as library:
        return remove_point_set(library, name).points


def reindex_library(
    path: str | Path,
    *,
    clip_ends: str | None = None,
    rejoin: str | None = None,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> None:
    """Make the index anew, with other lengths where they are given; "0" cuts nothing."""
    from heatlas.library.store import open_library
    from heatlas.library.upkeep import reindex

    clip = 0.0 if clip_ends == "0" else parse_length(clip_ends, "--clip-ends") if clip_ends else None
    with open_library(path) as library:
        reindex(
            library,
            clip_ends=clip,
            rejoin=parse_length(rejoin, "--rejoin") if rejoin else None,
            workers=workers,
            progress=lambda done, total: progress("indexing", done, total),
        )


def compact_library(
    path: str | Path, progress: Callable[[str, int, int], None] = lambda stage, done, total: None
) -> None:
    """Put together what importing bit by bit has left apart."""
    from heatlas.library.store import open_library
    from heatlas.library.upkeep import compact

    with open_library(path) as library:
        compact(library, lambda done, total: progress("compacting", done, total))
