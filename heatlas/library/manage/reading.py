"""Read the contents of a library (tracks, point sets, zones), and find its faults."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.context import Context, silent
from heatlas.core.errors import BadOption
from heatlas.core.paths import exists, missing_path
from heatlas.options import given

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from heatlas.core.context import Progress
    from heatlas.dataset.tracks import Tracks
    from heatlas.library.file.store import Library
    from heatlas.options import GapOptions

__all__ = [
    "advice_on",
    "audit_library",
    "check_library",
    "count_activities",
    "library_tracks",
    "open_places_of",
    "point_sets_of",
    "refuse_gaps",
    "refuse_missing",
    "zones_of",
]


def refuse_missing(sources: Collection[Any]) -> None:
    """Refuse paths that do not exist, before their options are checked.

    Raises
    ------
    BadOption
        Names the first path that does not exist.
    """
    for source in sources:
        if isinstance(source, (str, Path)) and exists(Path(source)):
            continue  # without a look at other kinds of sources, which takes modules
        from heatlas.core.filesystems import locate
        from heatlas.sources.tables import is_path

        if is_path(source) and not locate(source).is_pattern:
            if Path(source).suffix == ".db":
                raise BadOption(f"there is no library {source}: heatlas import SOURCE... -l {source} makes one")
            raise missing_path(source)


def refuse_gaps(asked: GapOptions) -> None:
    """Refuse options of gaps for a library, whose tracks were read before.

    Raises
    ------
    BadOption
        Says where to give them.
    """
    if given(asked):
        raise BadOption(
            "--max-gap and --max-gap-distance are for recordings when they are read, and a library holds their tracks: "
            "say them to heatlas import, into a new library"
        )


def library_tracks(path: str | Path, columns: Collection[str], times: bool = True) -> Tracks:
    """Read the tracks of a library, without the parts that it hides; without `times` those of fixes may be unknown.

    Raises
    ------
    BadOption
        When the library's cuts were drawn with another secret than the owner's.
    SourceFailed
        When the file cannot be read.
    """
    from heatlas.library.collection import tracks_of
    from heatlas.library.file.opening import open_library
    from heatlas.library.file.settings import privacy_of, read_settings

    with open_library(path) as library:
        with library.read() as connection:
            privacy, _ = privacy_of(connection, read_settings(connection))
        hides = bool(privacy.clip_ends or privacy.zones)
        tracks = tracks_of(library, columns=columns, times=times or hides)  # lengths of cuts follow from the start
    return tracks.hidden(privacy) if hides else tracks


def count_activities(path: str | Path) -> int:
    """Count the activities that a library shows: copies are left out."""
    from heatlas.library.file.opening import open_library
    from heatlas.library.rows.activities import shown_numbers

    with open_library(path) as library, library.read() as connection:
        return len(shown_numbers(connection))


def point_sets_of(path: str | Path) -> list[dict[str, Any]]:
    """Describe each point set of a library, as plain data."""
    from heatlas.library.file.opening import open_library
    from heatlas.library.points.stored_points import list_point_sets, stored_data

    with open_library(path) as library, library.read() as connection:
        return [stored_data(stored) for stored in list_point_sets(connection).values()]


def renewal_of(path: str | Path) -> str:
    """Sentence on what an older heatlas indexed in a library, with what to type; empty where all is of now."""
    from heatlas.library.file.opening import open_library
    from heatlas.library.index.coverage import outdated, renewal

    with open_library(path) as library, library.read() as connection:
        return renewal(outdated(connection), path)


def zones_of(path: str | Path) -> Mapping[str, Any]:
    """Return the zones of a library by name."""
    from heatlas.library.file.opening import open_library
    from heatlas.library.zones import list_zones

    with open_library(path) as library:
        return list_zones(library)


def open_places_of(path: str | Path) -> list[dict[str, Any]]:
    """Find places that a library should hide and does not, with what to type for each.

    These are places where five or more activities begin or end, or where anyone stops for three minutes, and where
    something is shown. They are for the owner only: none is written to a file.
    """
    from heatlas.library.file.opening import open_library

    with open_library(path) as library:
        return advice_on(library)


def advice_on(library: Library, shown: Collection[int] | None = None) -> list[dict[str, Any]]:
    """Find places as `open_places_of` does; `shown` are the numbers of all that are no copies, if they are known."""
    from heatlas.library.zone_suggestions import open_places
    from heatlas.library.zones import library_words, list_zones
    from heatlas.tracks.privacy.advice import how_to_hide, zone_name

    taken, words = set(list_zones(library)), library_words(library)
    found = []
    for place in open_places(library, shown):
        name = zone_name(taken)
        taken.add(name)
        found.append({**place.data(), "hide": how_to_hide(place.lat, place.lon, name) + words})
    return found


def audit_library(path: str | Path) -> dict[str, Any]:
    """Try to find home from the tracks that would be shown; distances in metres."""
    from heatlas.library.audit import audit
    from heatlas.library.file.opening import open_library

    with open_library(path) as library:
        found = audit(library)
    return {
        "verdict": found.verdict,
        "spots": [{**asdict(spot), "off": spot.off, "safe": spot.safe} for spot in found.spots],
    }


def check_library(path: str | Path, everything: bool = False, progress: Progress = silent) -> dict[str, Any]:
    """Find the faults of a library.

    Returns
    -------
    dict
        `faults`, sentences, empty when there are none; how many of the `activities` were `traced` again; whether there
        are `digests`, and how many activities were imported before (`undigested`); and a sentence on what an older
        heatlas indexed (`outdated`), empty if nothing.
    """
    from heatlas.library.care.checking import examine
    from heatlas.library.file.opening import open_library

    with open_library(path) as library:
        return examine(library, None if everything else 20, Context(progress=progress))._asdict()
