"""Settings of a library: zooms that are indexed, cuts, gaps and zones."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.core.mercator import MAX_LATITUDE
from heatlas.library.file.connecting import LibraryConnection
from heatlas.library.file.keys import DEEPEST
from heatlas.library.file.sound_rows import damaged, small_rows
from heatlas.raster.partition import REJOIN
from heatlas.tracks.athlete import Athlete, parse_athlete
from heatlas.tracks.clean import Gaps
from heatlas.tracks.privacy import Privacy, Zone, owner_secret

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Mapping, Sequence

    from heatlas.library.file.store import Library

__all__ = [
    "IndexPart",
    "Settings",
    "gaps_of",
    "privacy_of",
    "read_athlete",
    "read_meta",
    "read_settings",
    "read_zones",
    "set_athlete",
    "set_gaps",
    "set_part",
    "write_athlete",
    "write_settings",
    "write_zones",
]


@frozen
class IndexPart:
    """Part of an index that is enough for one output."""

    columns: Mapping[int, frozenset[str]]
    """Zoom -> columns that passages have beside their pixels (`heatlas.library.file.columns`)."""
    facts: bool
    """Whether there are facts that are worked out of whole activities: time zones, means, efforts."""


@frozen
class Settings:
    """Settings by which passages are made from tracks."""

    clip_ends: float = 0.0
    """Metres to cut from each end of a track, on average."""
    rejoin: float = REJOIN
    """Metres of progress (at least two pixels) after which a return to a pixel is a new passage."""
    zooms: tuple[int, int] = (2, 17)
    """First and last zoom of 256 px tiles that are indexed."""
    secret: str = ""
    """Fingerprint of the owner's secret with which the cuts were drawn. Empty while nothing is hidden. The secret
    itself is never in the library."""

    max_gap: float | None = None
    """Most seconds between fixes that a line joins, for imports from now on; None: by the recording's rhythm."""
    max_gap_distance: float | None = None
    """Metres between fixes, likewise."""
    part: IndexPart | None = None
    """All that the index holds, in a library for the while; None: all zooms and all columns."""

    def __post_init__(self) -> None:
        first, last = self.zooms
        if not 0 <= first <= last <= DEEPEST:
            raise BadOption(f"zooms {first} to {last} cannot be indexed: choose from 0 to {DEEPEST}")
        if not (self.clip_ends >= 0 and self.rejoin >= 0):
            raise BadOption("lengths must be 0 or more")

    @property
    def indexed(self) -> Sequence[int]:
        """All zooms that are indexed."""
        return range(self.zooms[0], self.zooms[1] + 1) if self.part is None else sorted(self.part.columns)

    def columns(self, zoom: int) -> Collection[str] | None:
        """Columns that are indexed at a zoom; None: all."""
        return None if self.part is None else self.part.columns[zoom]

    @property
    def has_facts(self) -> bool:
        """Whether time zones, means and efforts of activities are worked out."""
        return self.part is None or self.part.facts

    @property
    def metrics(self) -> Collection[str] | None:
        """Columns that are worked out of a track at its fixes; None: all, as for its means."""
        return None if self.part is None or self.part.facts else frozenset().union(*self.part.columns.values())

    def demand(self, zoom: int, columns: Collection[str] = ()) -> None:
        """Stop where something is read that the part of the index lacks: an empty answer would be a wrong one."""
        if self.part is None:
            return
        held = self.part.columns.get(zoom)
        if held is None or not held >= set(columns):
            raise _unforeseen(", ".join([f"zoom {zoom}", *sorted(columns)]))

    def demand_facts(self) -> None:
        """Stop where facts of activities are read that were not worked out."""
        if not self.has_facts:
            raise _unforeseen("facts of activities")


def _unforeseen(what: str) -> RuntimeError:
    return RuntimeError(f"heatlas did not foresee that {what} would be read: please report this")


def read_meta(connection: sqlite3.Connection, name: str) -> Any:
    """Read a value of the table `meta`; None where there is none.

    Raises
    ------
    SourceFailed
        When it is damaged.
    """
    row = _meta(connection).get(name)
    try:
        return None if row is None else json.loads(row[1])
    except (ValueError, TypeError, RecursionError):
        raise damaged(connection, f"{name!r} of its table meta is none") from None


def _meta(connection: sqlite3.Connection) -> dict[str, tuple[Any, ...]]:
    """Rows of the table `meta`, which is compared with its digests once for each state: every tile reads settings."""
    if not isinstance(connection, LibraryConnection):
        return small_rows(connection, "meta")
    state = connection.state
    if connection.meta is None or connection.meta[0] != state:
        connection.meta = state, small_rows(connection, "meta")
    return connection.meta[1]


def read_settings(connection: sqlite3.Connection) -> Settings:
    """Read the settings of a library."""
    if not isinstance(connection, LibraryConnection):
        return _settings_in(connection)
    rows = _meta(connection)
    if connection.settings is None or connection.settings[0] is not rows:
        connection.settings = rows, _settings_in(connection)
    settings: Settings = connection.settings[1]
    return settings


def _settings_in(connection: sqlite3.Connection) -> Settings:
    known = read_meta(connection, "settings")
    if known is None:
        return Settings()
    try:
        part = known.get("part") and _part_in(**known["part"])
        return Settings(**{**known, "zooms": tuple(known["zooms"]), "part": part})
    except (TypeError, KeyError, BadOption):
        raise damaged(connection, "its settings are none") from None


def _part_in(columns: Mapping[str, Collection[str]], facts: bool) -> IndexPart:
    return IndexPart({int(zoom): frozenset(names) for zoom, names in columns.items()}, facts)


def write_settings(connection: sqlite3.Connection, settings: Settings) -> None:
    """Store settings. The caller reindexes if they change the index."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('settings', ?)", (json.dumps(_as_data(settings)),))


def set_part(library: Library, part: IndexPart) -> None:
    """Have the index of a library that is still empty hold nothing but a part."""
    with library.write() as connection:
        write_settings(connection, replace(read_settings(connection), part=part))


def _as_data(settings: Settings) -> dict[str, Any]:
    """Settings as plain data without those that are None, in the form of older versions."""
    data = {name: value for name, value in asdict(settings).items() if value is not None}
    if settings.part is not None:
        columns = {str(zoom): sorted(names) for zoom, names in settings.part.columns.items()}
        data["part"] = {"columns": columns, "facts": settings.part.facts}
    return data


def read_athlete(connection: sqlite3.Connection) -> Athlete:
    """Read the athlete's record; empty where there is none."""
    known = read_meta(connection, "athlete")
    try:
        return Athlete() if known is None else parse_athlete(known, "the athlete of the library")
    except BadOption as error:
        raise damaged(connection, str(error)) from None


def write_athlete(connection: sqlite3.Connection, athlete: Athlete) -> None:
    """Store the athlete's record in place of another; an empty one is removed."""
    connection.execute("DELETE FROM meta WHERE name = 'athlete'")
    if athlete:
        connection.execute("INSERT INTO meta VALUES ('athlete', ?)", (json.dumps(athlete.data()),))


def set_athlete(library: Library, athlete: Athlete, *, whole: bool) -> Athlete:
    """Store what is said of the athlete, in place of all that was known (`whole`) or of the same; return all of it."""
    with library.write() as connection:
        if not whole:
            athlete = parse_athlete({**read_athlete(connection).data(), **athlete.data()}, "the athlete")
        write_athlete(connection, athlete)
    return athlete


def gaps_of(settings: Settings) -> Gaps:
    """Gaps that the owner has set."""
    return Gaps(settings.max_gap, settings.max_gap_distance)


def set_gaps(library: Library, change: Callable[[Gaps], Gaps]) -> str | None:
    """Store changed gaps; returns a warning if the library has tracks that were read with others."""
    with library.write() as connection:
        settings = read_settings(connection)
        gaps = change(gaps_of(settings))
        if gaps == gaps_of(settings):
            return None
        write_settings(connection, replace(settings, max_gap=gaps.time, max_gap_distance=gaps.distance))
        (there,) = connection.execute("SELECT count(*) FROM activities").fetchone()
    if not there:
        return None
    return (
        f"the {there:,} activities that were there keep the gaps with which they were read, as only what is read from "
        "now on follows --max-gap and --max-gap-distance; import all into a new library to change them"
    )


def read_zones(connection: sqlite3.Connection) -> dict[str, Zone]:
    """Zones by name.

    Raises
    ------
    SourceFailed
        When one is damaged: nothing is shown without what it hides.
    """
    rows = small_rows(connection, "zones").values()
    try:
        return {str(name): _zone(*circle) for name, *circle in rows}
    except (TypeError, BadOption):
        raise damaged(connection, "a zone is none, so nobody can tell what it hides") from None


def _zone(lat: float, lon: float, radius: float, rule: int, person: str) -> Zone:
    if not _is_circle(lat, lon, radius) or not isinstance(person, str):
        raise BadOption("no circle")
    return Zone(lat, lon, radius, rule, person)


def _is_circle(lat: float, lon: float, radius: float) -> bool:
    return abs(lat) <= MAX_LATITUDE and abs(lon) <= 180 and 0 < radius < math.inf


def write_zones(connection: sqlite3.Connection, zones: Mapping[str, Zone]) -> None:
    """Store these zones in place of all others. The caller reindexes if they change the index."""
    for name, zone in zones.items():
        if not _is_circle(zone.lat, zone.lon, zone.radius):
            raise BadOption(f"the zone {name!r} is no circle on the map: it needs degrees and a radius above 0")
    connection.execute("DELETE FROM zones")
    connection.executemany(
        "INSERT INTO zones (name, lat, lon, radius, rule, person) VALUES (?, ?, ?, ?, ?, ?)",
        [(name, zone.lat, zone.lon, zone.radius, zone.rule, zone.person) for name, zone in zones.items()],
    )


def privacy_of(connection: sqlite3.Connection, settings: Settings) -> tuple[Privacy, Settings]:
    """Cuts of the library with the owner's secret, and the settings with the fingerprint of that secret.

    Raises
    ------
    BadOption
        When the cuts were drawn with another secret. Maps of two secrets together would narrow down both.
    """
    zones = tuple(read_zones(connection).values())
    if not (settings.clip_ends or zones):
        return Privacy(), replace(settings, secret="")
    import hashlib
    import hmac

    secret = owner_secret()
    fingerprint = hmac.digest(secret, b"heatlas library", hashlib.sha256)[:8].hex()
    if settings.secret and settings.secret != fingerprint:
        raise BadOption(
            "the cuts of this library were drawn with another secret: bring that secret back, or draw all cuts anew "
            "by a reindex with this one"
        )
    return Privacy(settings.clip_ends, zones, secret), replace(settings, secret=fingerprint)
