"""Hide and show places, remove activities and point sets, and maintain the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.context import Context, silent
from heatlas.core.errors import BadOption
from heatlas.options.parsing import parse_athlete_options, parse_length, parse_zone, parse_zone_at

if TYPE_CHECKING:
    from collections.abc import Collection

    from heatlas.core.context import Progress
    from heatlas.options import AthleteOptions

__all__ = [
    "back_up_library", "compact_library", "edit_athlete", "hide_zone", "name_person", "reindex_library",
    "remove_activities", "remove_points", "renew_cuts", "repair_library", "show_zone",
]  # fmt: skip


def hide_zone(path: str | Path, name: str, at: str, radius: str, person: str = "") -> tuple[int, int]:
    """Hide a circle: `at` is "LAT,LON", the radius a length. A library is made where there is none.

    With a `person`, only tracks of that person are hidden there, and tracks of which nobody knows whose they are.

    Returns the number of fixes that are hidden then, by all cuts and zones, and the number of all fixes.
    """
    from heatlas.library.file.opening import open_library
    from heatlas.library.manage.reading import library_tracks
    from heatlas.library.zones import add_zone, list_zones

    zone = parse_zone_at(at, radius)
    with open_library(path, create=True) as library:
        known = list_zones(library).get(name)
        if known is not None:
            raise BadOption(
                f"{path} has a zone {name!r} already, around {known.lat:.6g},{known.lon:.6g}: "
                f"take another name, or first show it again (heatlas zones remove {name})"
            )
        add_zone(library, name, zone.lat, zone.lon, zone.radius, person.strip())
        with library.read() as connection:
            (fixes,) = connection.execute(
                "SELECT coalesce(sum(fixes), 0) FROM activities WHERE same_as IS NULL"
            ).fetchone()
    return fixes - library_tracks(path, ()).fixes, fixes


def show_zone(path: str | Path, name: str) -> None:
    """Remove a zone, so that what it hid is shown again."""
    from heatlas.library.file.opening import open_library
    from heatlas.library.zones import remove_zone

    with open_library(path) as library:
        remove_zone(library, name)


def renew_cuts(path: str | Path, progress: Progress = silent) -> list[str]:
    """Draw the circles of older zones by today's rule; return the names of these zones."""
    from heatlas.library.file.opening import open_library
    from heatlas.library.zones import renew_zones

    with open_library(path) as library:
        return renew_zones(library, Context(progress=progress).under("hiding"))


def remove_activities(path: str | Path, where: str) -> tuple[int, list[str]]:
    """Remove the activities that pass a CQL2 filter, also copies.

    Returns the number of removed activities that were shown, and the sources of copies that are shown instead of some,
    as they did not pass.
    """
    import numpy as np

    from heatlas.library.file.opening import open_library
    from heatlas.library.maintenance import remove
    from heatlas.library.rows.merged import list_activities, select

    with open_library(path) as library:
        before = set(list_activities(library))
        numbers = np.flatnonzero(select(library, where, copies=True)).tolist()
        remove(library, numbers)
        after = list_activities(library)
    return len(before.intersection(numbers)), [after[k].source for k in sorted(after.keys() - before)]


def name_person(path: str | Path, person: str, where: str) -> tuple[int, int]:
    """Say whose the activities are that pass a CQL2 filter; an empty `person`: nobody knows.

    Returns the number of activities that have changed, and of those that pass.
    """
    import numpy as np

    from heatlas.library.file.opening import open_library
    from heatlas.library.maintenance import set_person
    from heatlas.library.rows.merged import select

    with open_library(path) as library:
        numbers = np.flatnonzero(select(library, where, copies=True)).tolist()
        return set_person(library, numbers, person.strip())


def remove_points(path: str | Path, name: str) -> int:
    """Remove a point set; return its number of points."""
    from heatlas.library.file.opening import open_library
    from heatlas.library.points.point_sets import remove_point_set

    with open_library(path) as library:
        return remove_point_set(library, name).points


def edit_athlete(path: str | Path, asked: AthleteOptions, *, forget: bool = False) -> dict[str, Any]:
    """Store what is said of the athlete in a library, or remove all; return what is known then.

    Raises
    ------
    BadOption
        For what cannot be, or both at once.
    """
    from heatlas.library.file.opening import open_library
    from heatlas.library.file.settings import read_athlete, set_athlete
    from heatlas.tracks.athlete import Athlete

    athlete = parse_athlete_options(asked)
    if forget and athlete is not None:
        raise BadOption("--forget removes what is known of the athlete: leave out the rest")
    with open_library(path) as library:
        if forget or athlete is not None:
            # Single options change what they name; a file is all there is to know.
            return set_athlete(library, athlete or Athlete(), whole=forget or asked.athlete is not None).data()
        with library.read() as connection:
            return read_athlete(connection).data()


def reindex_library(
    path: str | Path,
    *,
    clip_ends: str | None = None,
    rejoin: str | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> int:
    """Rebuild the index; `clip_ends` "0" cuts nothing.

    Where a length is given, only what it changes is indexed again, else everything. Returns how many activities were.
    """
    from heatlas.library.file.opening import open_library
    from heatlas.library.maintenance import reindex

    with open_library(path) as library:
        return reindex(
            library,
            clip_ends=_clip(clip_ends),
            rejoin=parse_length(rejoin, "--rejoin") if rejoin else None,
            context=Context(workers, progress),
        )


def back_up_library(path: str | Path, target: str | Path, progress: Progress = silent) -> dict[str, Any]:
    """Copy a library into one file while it is in use.

    Returns
    -------
    dict
        How many `activities` and `point_sets` the backup holds, and how many activities the one did that it `replaced`,
        or None.
    """
    from heatlas.library.care.backups import back_up
    from heatlas.library.file.opening import open_library

    with open_library(path) as library:
        return back_up(library, Path(target), Context(progress=progress))._asdict()


def repair_library(
    path: str | Path,
    *,
    clip_ends: str | None = None,
    zone: Collection[str] = (),
    no_zones: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Repair a library; the damaged one is kept under another name.

    `clip_ends` ("0": nothing), and `zone` ("LAT,LON,RADIUS") or `no_zones`, say what it hides, where it cannot tell.

    Returns
    -------
    dict
        How many `activities` and `point_sets` the library holds then, how many small rows were `healed` from their
        copies, the names of files that were `read_again`, what is `set_aside`, in words, how many `tiles` of the index
        were made anew (None: all), and the path of the `damaged` library (None: it was sound, and left as it is).
    """
    from dataclasses import asdict

    from heatlas.library.care.repair import Hiding, repair

    if zone and no_zones:
        raise BadOption("--no-zones says that nothing is hidden, and --zone what is: leave out one of them")
    circles = [parse_zone(text) for text in zone] if zone or no_zones else None
    done, damaged = repair(Path(path), Hiding(_clip(clip_ends), circles), Context(progress=progress))
    return {**asdict(done), "damaged": None if damaged is None else str(damaged)}


def _clip(clip_ends: str | None) -> float | None:
    """Metres of a length; "0" is nothing, None stays."""
    return 0.0 if clip_ends == "0" else parse_length(clip_ends, "--clip-ends") if clip_ends else None


def compact_library(path: str | Path, progress: Progress = silent) -> None:
    """Merge the chunks of every tile that several imports have left with more than one."""
    from heatlas.library.file.opening import open_library
    from heatlas.library.maintenance import compact

    with open_library(path) as library:
        compact(library, Context(progress=progress))
