"""One state of a library: its activities and point sets, and the activities that a filter chooses."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import astuple, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.library.file.settings import Settings, read_athlete, read_settings, read_zones
from heatlas.library.index.coverage import outdated
from heatlas.library.index.shown import read_shown
from heatlas.library.points.stored_points import list_point_sets
from heatlas.library.rows.activity_means import read_effort
from heatlas.library.rows.merged import read_merged
from heatlas.raster.threshold import NO_THRESHOLD, Limits, Threshold
from heatlas.sources.sports import sport_name
from heatlas.tracks.filters import attributes, names_in, parse_where
from heatlas.tracks.local_time import in_utc, moment_seconds, offset_of, parse_moment, start_of
from heatlas.tracks.people import numbers_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity
    from heatlas.library.file.store import Library
    from heatlas.library.index.shown import ShownAmounts
    from heatlas.library.points.stored_points import StoredPoints
    from heatlas.tiles.look import Filter

__all__ = ["Chosen", "Snapshot", "choose", "chosen_of", "refuse_absent", "take"]

_NO_LIMITS = Limits()
_FORMAT = "2"
"""Raised when the same library is drawn differently."""


@dataclass(frozen=True)
class Snapshot:
    """State of a library without its index; made by `take`."""

    version: str
    """Digest of the state: equal for equal content, also after a restart."""
    activities: dict[int, Activity]
    """Activities that are shown, by number."""
    fixes: int
    settings: Settings
    shown: dict[int, ShownAmounts]
    """How much of each activity is shown, by number; without those of which nothing is shown."""
    hides: bool
    """Whether the library hides parts of its tracks."""
    withheld: bool = False
    """Whether private activities were left out of `activities`, as on a public map; the index holds them."""
    point_sets: dict[str, StoredPoints] = field(default_factory=dict)
    """By name. They hold no activities and are shown in full on a public map too."""
    effort: dict[int, dict[str, float]] = field(default_factory=dict)
    """Attributes that follow from what is shown of each track, by number."""
    outdated: frozenset[str] = frozenset()
    """Metrics and attributes that an older heatlas did not index, or by other rules."""
    threshold: Threshold = NO_THRESHOLD
    """Least number of people of pixels that are shown."""
    masks: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Cached choices of filters written as text."""

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """(n,) numbers of the activities, ascending."""
        return np.fromiter(self.activities, np.int64, len(self.activities))

    @cached_property
    def everything(self) -> Chosen:
        """All activities."""
        return chosen_of(self, np.ones(len(self.activities), np.bool_))

    @cached_property
    def starts(self) -> NDArray[np.float64]:
        """(n,) Unix seconds, NaN where unknown."""
        known = (np.nan if a.start is None else a.start for a in self.activities.values())
        return np.fromiter(known, np.float64, len(self.activities))

    @cached_property
    def offsets(self) -> NDArray[np.float64]:
        """(n,) seconds by which local time was ahead of UTC at the starts."""
        self.settings.demand_facts()
        return np.array([offset_of(a) for a in self.activities.values()], np.float64)

    @cached_property
    def sports(self) -> NDArray[Any]:
        """(n,) names of sports."""
        return np.array([a.sport for a in self.activities.values()], np.str_)

    @cached_property
    def people(self) -> NDArray[np.int64]:
        """(m,) number of the person of each activity, by number of the activity; -1: nobody's."""
        found = np.full(int(self.numbers.max(initial=0)) + 1, -1, np.int64)
        found[self.numbers] = numbers_of(self.activities.values())
        return found

    @cached_property
    def days(self) -> NDArray[Any]:
        """(n,) local dates of the starts, as 2024-05-01; empty where unknown."""
        self.settings.demand_facts()
        starts = map(start_of, self.activities.values())
        return np.array(["" if start is None else start.date().isoformat() for start in starts], np.str_)

    @cached_property
    def attributes(self) -> list[dict[str, Any]]:
        """Attributes of each activity, for filters written as text."""
        self.settings.demand_facts()
        names = dict.fromkeys(name for activity in self.activities.values() for name in activity.extra)
        return [
            {**names, **attributes(activity), **self.effort.get(number, {})}
            for number, activity in self.activities.items()
        ]

    @cached_property
    def terms(self) -> dict[int, tuple[str, str]]:
        """Attribute and value by which a filter chooses one activity: its id, else its file's name or path.

        The path is taken where others have the same; activities of one path are chosen together.
        """
        files = {number: one.source.rpartition("/")[2] for number, one in self.activities.items()}
        ids, names = Counter(one.id for one in self.activities.values()), Counter(files.values())

        def term(number: int, one: Activity) -> tuple[str, str]:
            if one.id and ids[one.id] == 1:
                return "id", one.id
            return ("file", files[number]) if names[files[number]] == 1 else ("source", one.source)

        return {number: term(number, one) for number, one in self.activities.items()}


@frozen
class Chosen:
    """Activities that a filter chose."""

    keep: NDArray[np.bool_]
    """By number, as `heatlas.library.index.drawing.draw` takes it."""
    count: int
    key: str
    """Equal if the same activities were chosen, however the filter was written."""
    asked: frozenset[str] = frozenset()
    """Attributes that the filter names, where it is written as text."""


def take(
    library: Library,
    public: bool = False,
    shown_only: bool = False,
    least: int = 0,
    utc: bool = False,
    limits: Limits = _NO_LIMITS,
) -> Snapshot:
    """Read the present state of a library.

    Parameters
    ----------
    library : Library
        The library.
    public : bool
        Leave out activities that are marked as private, and those of which nothing is shown.
    shown_only : bool
        Leave out those of which nothing is shown.
    least : int
        Activities that a filter of a public map must leave; part of the version.
    utc : bool
        Give times in UTC; else those of the place where each activity began.
    limits : Limits
        Threshold of people, as it was asked for.

    Raises
    ------
    SourceFailed
        When the library cannot be read; if `public`, also when nobody can tell what is private.
    """
    digest = hashlib.blake2b(_FORMAT.encode(), digest_size=12)
    with library.read() as connection:
        settings = read_settings(connection)
        merged = read_merged(connection, public=public)
        rows = [(row.number, row.fingerprint, row.fixes) for row in merged.shown]
        zones = [astuple(zone)[: 4 + bool(zone.person)] for zone in read_zones(connection).values() if rows]
        point_sets = list_point_sets(connection)
        shown = read_shown(connection)
        athlete = read_athlete(connection)
        effort = read_effort(connection)
        old = outdated(connection)
    if old:  # what is worked out anew is drawn anew
        digest.update(repr(sorted(old)).encode())
    if athlete:
        digest.update(repr(athlete.data()).encode())
    for name, stored in point_sets.items():
        digest.update(repr((name, stored.weight, stored.digest)).encode())
    activities = merged.activities
    held = len(activities)
    if public:
        activities = {number: activity for number, activity in activities.items() if not activity.private}
        digest.update(f"public {least}".encode())
    if utc:
        activities = {number: in_utc(activity) for number, activity in activities.items()}
        digest.update(b"utc")
    if public or shown_only:
        activities = {number: activity for number, activity in activities.items() if number in shown}
    # What is asked for is refused when a view is opened; a library in use may lose its last person.
    threshold = Threshold.of(limits, public=public, activities=activities.values(), strict=False)
    if threshold:
        digest.update(f"people {threshold.people} {threshold.step}".encode())
    # Filters depend on attributes and times. On a public map only its own activities count: the version must not
    # reveal when a private one was imported.
    told = list(activities.items()) if public else merged.rows
    here = sorted(row for row in rows if not public or row[0] in activities)
    digest.update(repr((settings, zones, here, told)).encode())
    fixes = sum(row[2] for row in rows if row[0] in activities)
    return Snapshot(
        digest.hexdigest(), activities, fixes, settings, shown, bool(settings.clip_ends or zones),
        withheld=len(activities) < held, point_sets=point_sets, effort=effort, outdated=old, threshold=threshold,
    )  # fmt: skip


def refuse_absent(snapshot: Snapshot, sports: Collection[str]) -> None:
    """Refuse sports if no activity has any of them.

    Raises
    ------
    BadOption
        Naming the sports that there are.
    """
    words, known = sorted({sport_name(sport) for sport in sports}), sorted(set(snapshot.sports.tolist()))
    if words and known and not set(words) & set(known):
        raise BadOption(f"no activity is a {' or '.join(words)}: there are {', '.join(known)}")


def choose(snapshot: Snapshot, wanted: Filter, *, absent: bool = False) -> Chosen:
    """Choose activities in memory, as `heatlas.library.rows.merged.select` does.

    Parameters
    ----------
    absent : bool
        Choose nothing for a sport that no activity has.

    Raises
    ------
    BadOption
        For an attribute that no activity has, and, unless `absent`, for such a sport.
    """
    if not wanted.sports and wanted.after is wanted.before is wanted.where is None:
        return snapshot.everything
    mask = np.ones(len(snapshot.activities), np.bool_)
    if wanted.sports:
        if not absent:
            refuse_absent(snapshot, wanted.sports)
        mask &= np.isin(snapshot.sports, [sport_name(sport) for sport in wanted.sports])
    if wanted.after is not None:
        mask &= _leads(snapshot, wanted.after) >= 0
    if wanted.before is not None:
        mask &= _leads(snapshot, wanted.before) < 0
    if wanted.where is not None:
        mask &= _asked(snapshot, wanted.where)
    return replace(chosen_of(snapshot, mask), asked=frozenset(names_in(wanted.where)))


def chosen_of(snapshot: Snapshot, mask: NDArray[np.bool_]) -> Chosen:
    """Make a `Chosen` from a mask over the activities, in the order of their numbers."""
    # The mask is needed even for all: activities imported during drawing are not of this state, and may be private.
    keep = np.zeros(int(snapshot.numbers.max(initial=0)) + 1, np.bool_)  # never empty, as it is indexed by number
    keep[snapshot.numbers[mask]] = True
    if mask.all() and not snapshot.withheld:
        return Chosen(keep, len(mask), "all")
    key = hashlib.blake2b(np.packbits(keep).tobytes(), digest_size=16).hexdigest()
    return Chosen(keep, int(mask.sum()), key)


def _leads(snapshot: Snapshot, date: str) -> NDArray[np.float64]:
    """(n,) seconds by which activities began after a day or a moment; NaN where unknown."""
    moment = parse_moment(date)
    starts = snapshot.starts if moment.tzinfo else snapshot.starts + snapshot.offsets
    return starts - moment_seconds(moment)


_TEXTS = 64
"""Filters written as text that are cached."""


def _asked(snapshot: Snapshot, where: str) -> NDArray[np.bool_]:
    known = snapshot.masks.get(where)
    if known is None:
        test = parse_where(where)
        try:
            known = np.array([test(values) for values in snapshot.attributes], np.bool_)
        except (RecursionError, OverflowError, MemoryError, ValueError) as error:
            if isinstance(error, BadOption):
                raise
            raise BadOption("the filter cannot be worked out: its numbers or its nesting are too large") from None
        while len(snapshot.masks) >= _TEXTS:
            snapshot.masks.pop(next(iter(snapshot.masks), ""), None)
        snapshot.masks[where] = known
    return known
