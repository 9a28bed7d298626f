"""Tables that lie beside recordings in an export, and say more of them: how they are found, and where they count."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from heatlas.core.errors import path_name
from heatlas.core.frozen import frozen
from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "APPLE",
    "GARMIN",
    "LABELS",
    "PULSE",
    "SAMSUNG",
    "STRAVA",
    "TABLE",
    "UPLOADERS",
    "Sheet",
    "has_table",
    "is_health_table",
    "is_lone",
    "sheet_kind",
    "sheet_of",
]

TABLE = "activities.csv"
"""Name of the table of a Strava export, which `heatlas.sources.sheets.exports` reads; it is no recording."""
STRAVA, GARMIN, APPLE, SAMSUNG = "strava", "garmin", "apple", "samsung"
"""Kinds of tables: activities.csv, also of exports like Strava's; JSON of Garmin's whole download; export.xml;
com.samsung.shealth.exercise.*.csv."""
PULSE, LABELS, UPLOADERS = "pulse", "labels", "uploaders"
"""Heart rates of one recording (`heatlas.sources.sheets.pulse_files`); labels.txt of Geolife; metadata.xml of
OpenStreetMap's dump of traces."""
_LABELS, _UPLOADERS = "labels.txt", "metadata.xml"
_FITNESS = "DI-Connect-Fitness/"
_ROUTES = "workout-routes/"
_GARMIN = regex(r"(?:.*_)?(?:\d+_)?(?:summarizedActivities|gear)\.json", re.IGNORECASE)
_SAMSUNG = regex(r"com\.samsung\.(?:s)?health\.exercise\.\d+\.csv", re.IGNORECASE)
_INTERVALS = regex(r"i\d+_activities\.csv", re.IGNORECASE)
_PULSE = regex(r".+\.com\.samsung\.(?:s)?health\.exercise\.live_data\.json|.+\.hrm", re.IGNORECASE)
_HEALTH = regex(rb"<(?:!DOCTYPE\s+)?HealthData[\s>]")


@frozen
class Sheet:
    """A file that may be the table of an export."""

    name: str
    """As the name of an entry of `heatlas.sources.archive`."""
    read: Callable[[], bytes] = bytes
    """Returns its content. Raises Unreadable or OSError."""
    kind: str = STRAVA
    pieces: Callable[[], Iterator[bytes]] = lambda: iter(())
    """Yields its content piece by piece, of a kind that may be larger than memory: of APPLE only. Raises as `read`."""

    @property
    def root(self) -> str:
        """Prefix of the names of its recordings, ending in a slash; empty for the current folder."""
        folder, slash, own = self.name.rpartition("/")
        if self.kind == GARMIN and f"{folder}/".endswith(_FITNESS):
            return f"{folder}/"[: -len(_FITNESS)]
        if self.kind == APPLE:
            return f"{folder}{slash}{_ROUTES}"
        return self.name[: -len(own)]


def sheet_kind(name: str) -> str:
    """Kind of the table that a file of this name is; empty where it is none, or its content tells."""
    own = name.rpartition("/")[2]
    if own.casefold() == TABLE or _INTERVALS.fullmatch(own):
        return STRAVA
    if own.casefold() == _LABELS:
        return LABELS
    if own == _UPLOADERS:
        return UPLOADERS
    if _PULSE.fullmatch(own):
        return PULSE
    if _SAMSUNG.fullmatch(own):
        return SAMSUNG
    return GARMIN if _GARMIN.fullmatch(own) else ""


def is_lone(path: Path) -> bool:
    """Tell whether a file on disk holds heart rates of Polar without a GPX beside it, so that it says nothing."""
    return path.suffix.lower() == ".hrm" and not any(path.with_suffix(end).is_file() for end in (".gpx", ".GPX"))


def is_health_table(head: bytes) -> bool:
    """Tell whether a file is the export.xml of Apple Health, whose name depends on the language."""
    return _HEALTH.search(head) is not None


def sheet_of(path: Path) -> Sheet | None:
    """Table that a file on disk is; None if it is none."""
    if (found := sheet_kind(path.name)) and not is_lone(path):
        return Sheet(path_name(path), path.read_bytes, found)
    if path.suffix.lower() == ".xml" and (path.parent / _ROUTES).is_dir():
        with suppress(OSError), path.open("rb") as file:
            if is_health_table(file.read(1 << 16)):
                return Sheet(path_name(path), kind=APPLE, pieces=partial(_pieces, path))
    return None


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(partial(file.read, 1 << 20), b"")


def has_table(folder: Path) -> bool:
    """Tell whether a folder is an export whose table says something of the files in it."""
    if (folder / "jsons").is_dir():
        return any(_SAMSUNG.fullmatch(path.name) for path in folder.glob("com.samsung.*.csv"))
    if (folder / _LABELS).is_file() or next(folder.glob("*.hrm"), None) is not None:
        return True
    return (folder / TABLE).is_file() or (folder / _ROUTES).is_dir() or (folder / _FITNESS).is_dir()
