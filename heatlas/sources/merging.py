"""Merge copies of one activity: each attribute is taken from the copy that knows it best.

The result depends on the content of the copies alone, not on their order.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from heatlas.core.batch import Activity
from heatlas.core.frozen import frozen
from heatlas.core.report import Duplicate
from heatlas.sources.names import is_automatic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heatlas.core.batch import Batch
    from heatlas.core.report import Report
    from heatlas.tracks.duplicates import Judge, Verdict

__all__ = ["Copy", "Merged", "merge", "merge_copies", "without_copies"]

_GENERAL = {
    "TrailRun": ("Run",),
    "VirtualRun": ("Run",),
    "Hike": ("Walk",),
    "MountainBikeRide": ("Ride",),
    "GravelRide": ("Ride",),
    "EBikeRide": ("Ride",),
    "EMountainBikeRide": ("EBikeRide", "MountainBikeRide", "Ride"),
    "VirtualRide": ("Ride",),
    "Handcycle": ("Ride",),
    "Velomobile": ("Ride",),
    **dict.fromkeys(("AlpineSki", "BackcountrySki", "NordicSki", "Snowboard"), ("WinterSport",)),
    **dict.fromkeys(("Snowshoe", "IceSkate"), ("WinterSport",)),
    **dict.fromkeys(("Swim", "Rowing", "Kayaking", "Canoeing", "StandUpPaddling", "Surfing"), ("WaterSport",)),
    **dict.fromkeys(("Kitesurf", "Windsurf", "Sail"), ("WaterSport",)),
    **dict.fromkeys(("Tennis", "TableTennis", "Badminton", "Squash"), ("Racket",)),
    **dict.fromkeys(("Padel", "Pickleball", "Racquetball"), ("Racket",)),
}
"""Sport -> more general sports. Every sport except Multisport is a kind of Workout; Unknown counts as no sport."""
_SPECIAL = frozenset(
    {"source", "told", "time_zone", "sport", "name", "private", "commute", "extra", "facts", "claimed"}
)
_PLAIN = tuple(f.name for f in dataclasses.fields(Activity) if f.name not in _SPECIAL)


@frozen
class Copy:
    """An activity that is shown as part of another one."""

    activity: Activity
    whole: bool = True
    """False if it is only a part of the one that is shown: then only its `private` counts."""


@frozen
class Merged:
    """An activity merged with its copies."""

    activity: Activity
    given: tuple[tuple[str, ...], ...]
    """Names of the attributes taken from each copy, sorted."""


def merge(shown: Activity, copies: Sequence[Copy], *, timed: bool = True, private: bool = False) -> Merged:
    """Merge the attributes of copies into the activity whose track is shown.

    It is private if any copy is, and a commute if any whole copy is. Each other attribute is taken from a copy whose
    table states it, else from the first that knows it. A more special sport of the same kind replaces a general one. A
    name that a person gave replaces one that a device made up. The source stays that of the track. A copy
    that says whose a track is takes no zone away from it: what is hidden follows from the track's own source.

    Parameters
    ----------
    shown : Activity
        The activity with the richest track.
    copies : sequence of Copy
        The others, the richest first.
    timed : bool
        Whether the track has times. One without keeps its id, because the lengths cut off its ends are drawn from it.
    private : bool
        Whether a copy that is merged into another activity is private.
    """
    voices = [shown, *(copy.activity for copy in copies if copy.whole)]
    found: dict[str, tuple[Any, Activity]] = {}
    for name in _PLAIN:
        if name != "id" or timed:
            found[name] = _first(voices, name)
    found["sport"] = _sport(voices)
    found["name"] = _name(voices)
    for flag, speakers in (("commute", voices), ("private", [shown, *(copy.activity for copy in copies)])):
        found[flag] = next(((True, voice) for voice in speakers if getattr(voice, flag)), (False, shown))
    if private and not found["private"][0]:
        found["private"] = True, shown
    given: defaultdict[int, set[str]] = defaultdict(set)
    for name, (value, voice) in found.items():
        if value != getattr(shown, name):
            given[id(voice)].add(name)
    extra: dict[str, Any] = {}
    for voice in sorted(voices, key=lambda voice: "extra" not in voice.told):
        for name, value in voice.extra.items():
            if name not in extra:
                extra[name] = value
                if voice is not shown and shown.extra.get(name) != value:
                    given[id(voice)].add(name)
    told = tuple(sorted({name for voice in voices for name in voice.told}))
    values = {name: value for name, (value, _) in found.items()}
    claimed = shown.claimed or (not shown.person and bool(values["person"]))
    return Merged(
        dataclasses.replace(shown, **values, extra=extra, told=told, claimed=claimed),
        tuple(tuple(sorted(given[id(copy.activity)])) for copy in copies),
    )


def merge_copies(judge: Judge, verdict: Verdict) -> tuple[dict[int, Activity], dict[int, Duplicate]]:
    """Merge the attributes of all copies that were found.

    Returns
    -------
    dict of int to Activity
        Number -> merged activity, for each that is shown and has copies.
    dict of int to Duplicate
        Number -> copy, in the order of their sources.
    """
    merged: dict[int, Activity] = {}
    duplicates: dict[int, Duplicate] = {}
    for shown, numbers in verdict.copies().items():
        ranked = sorted(numbers, key=judge.rank)
        copies = [Copy(judge.batches[k].activities[0], whole=not judge.part(k, shown)) for k in ranked]
        activity = judge.batches[shown].activities[0]
        found = merge(activity, copies, timed=judge.trace(shown).span is not None, private=shown in verdict.private_by)
        merged[shown] = found.activity
        duplicates |= {
            k: Duplicate(copy.activity.source, activity.source, given)
            for k, copy, given in zip(ranked, copies, found.given, strict=True)
        }
    return merged, dict(sorted(duplicates.items(), key=lambda item: item[1]))


def without_copies(batches: Sequence[Batch], report: Report, columns: Callable[[Batch], int]) -> list[Batch]:
    """Leave out the tracks of copies, merge their attributes into the activities that stay, and add to the report.

    `columns` returns how many columns a track has, including those that were not read.
    """
    if len(batches) < 2:
        return list(batches)
    from heatlas.tracks.duplicates import judge_all

    judge, verdict = judge_all(batches, columns)
    merged, duplicates = merge_copies(judge, verdict)
    report.duplicates = list(duplicates.values())
    if duplicates:
        report.dropped["activities found twice"] += len(duplicates)
    return [
        dataclasses.replace(batch, activities=(merged[k],)) if k in merged else batch
        for k, batch in enumerate(batches)
        if k not in verdict.copy_of
    ]


def _by_knowledge(voices: Sequence[Activity], name: str) -> list[Activity]:
    return sorted(voices, key=lambda voice: name not in voice.told)  # stable: then the richest first


def _first(voices: Sequence[Activity], name: str) -> tuple[Any, Activity]:
    for voice in _by_knowledge(voices, name):
        value = getattr(voice, name)
        if value is not None and value != "":
            return value, voice
    return getattr(voices[0], name), voices[0]


def _sport(voices: Sequence[Activity]) -> tuple[str, Activity]:
    known = [voice for voice in _by_knowledge(voices, "sport") if voice.sport not in {"Unknown", ""}]
    if not known:
        return voices[0].sport, voices[0]
    best = known[0]
    for voice in known[1:]:
        if _is_kind_of(voice.sport, best.sport):
            best = voice
    return best.sport, best


def _is_kind_of(sport: str, general: str) -> bool:
    return general in _GENERAL.get(sport, ()) or (general == "Workout" and sport not in {"Workout", "Multisport"})


def _name(voices: Sequence[Activity]) -> tuple[str, Activity]:
    named = [voice for voice in _by_knowledge(voices, "name") if voice.name.strip()]
    given = [voice for voice in named if not is_automatic(voice.name, voice.source, voice.id)]
    best = next(iter(given or named), voices[0])
    return best.name, best
