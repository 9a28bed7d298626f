"""Find the tables of exports, of Strava, Garmin, Apple Health and others, and join recordings with them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import field
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import Unreadable, unworded
from heatlas.core.frozen import frozen
from heatlas.core.hashing import blake2b
from heatlas.sources.archive import entries
from heatlas.sources.people import NOBODY_SAID
from heatlas.sources.sheets.apple_health import read_health
from heatlas.sources.sheets.garmin_takeout import read_takeout
from heatlas.sources.sheets.kinds import APPLE, GARMIN, LABELS, PULSE, SAMSUNG, TABLE, UPLOADERS, Sheet, sheet_of
from heatlas.sources.sheets.labels import read_labels
from heatlas.sources.sheets.osm_traces import uploaders
from heatlas.sources.sheets.pulse import with_pulse
from heatlas.sources.sheets.pulse_files import read_pulse, recording_of
from heatlas.sources.sheets.rows import SheetRow
from heatlas.sources.sheets.samsung_export import read_exercises
from heatlas.sources.sheets.strava_table import read_activities
from heatlas.sources.time_zones import local_seconds

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from heatlas.core.batch import Activity, Recording
    from heatlas.core.filesystems import Location
    from heatlas.sources.people import Whose
    from heatlas.sources.sheets.labels import Labels
    from heatlas.sources.sheets.pulse import Pulse
    from heatlas.sources.sheets.rows import SheetTable

__all__ = ["ROWLESS", "Export", "Exports", "describe", "find_exports", "read_activities"]

ROWLESS = "files without a row in the table"
"""Reason under which recordings are counted that a table should name, and does not."""
_NEAR = 60
"""Seconds within which an activity begins by a table of local times; nobody begins two in a minute."""
_JOINED = (
    *("id", "sport", "name", "start", "distance", "elapsed_time", "moving_time"),
    *("gear", "commute", "private"),
)


@frozen(kw_only=True)
class Export:
    """A table, and the folder of its recordings."""

    root: str
    """Prefix of the names of its entries, ending in a slash; empty for the current folder."""
    table: SheetTable
    keys: Mapping[str, SheetRow] = field(repr=False)
    """Every form of the name of a file of the table -> its row."""
    starts: Mapping[int, SheetRow] = field(default_factory=dict, repr=False)
    """Unix second -> row that begins then, where the table names no files."""
    digest: str = ""
    """Tells tables without names of files apart."""

    def row(self, name: str) -> SheetRow | None:
        """Find the row of a recording by the name of its entry, or of a member inside it."""
        name = name.replace("\\", "/")
        if not self.holds(name):
            return None
        parts = name[len(self.root) :].split("/")
        for end in range(len(parts), 0, -1):
            row = self.keys.get(_key("/".join(parts[:end]))) or self.keys.get(_key(parts[end - 1]))
            if row is not None:
                return row
        return None

    def row_at(self, start: float | None) -> SheetRow | None:
        """Find the row of an activity by its start: within two seconds of it, or a minute of local time."""
        if start is None or not isfinite(start):
            return None
        second = round(start)
        near = sorted(range(-_NEAR, _NEAR + 1), key=abs) if self.table.local else (0, -1, 1, -2, 2)
        return next((row for k in near if (row := self.starts.get(second + k)) is not None), None)

    def start_of(self, recording: Recording) -> float | None:
        """Start of a recording, by the clock of the table."""
        known = recording.time[np.isfinite(recording.time)]
        start = recording.activity.start if not len(known) or recording.activity.start is not None else float(known[0])
        return start if start is None or not self.table.local else local_seconds(recording, start)

    def holds(self, name: str) -> bool:
        """Tell whether an entry is in the folder of the table."""
        return name.replace("\\", "/").startswith(self.root.replace("\\", "/"))


@frozen(kw_only=True)
class Exports:
    """All tables that were found; without any, recordings stay as they are."""

    exports: tuple[Export, ...] = ()
    """The innermost first: a recording belongs to the table that is nearest to it."""
    pulses: Mapping[str, Pulse] = field(default_factory=dict, repr=False)
    """Key of the name of a recording -> heart rates in a file beside it."""
    labels: tuple[Labels, ...] = ()
    """Ways of moving by time, which cut recordings."""
    warnings: tuple[tuple[str, str], ...] = ()
    """Name of a table, and its problem. Recordings are read without it."""
    whose: Whose = NOBODY_SAID
    """Whose all recordings are, also those that no table speaks of."""

    def cut(self, recording: Recording) -> list[Recording]:
        """Cut a recording where labels say that the way of moving changes."""
        source = recording.activity.source
        return next((labels.cut(recording) for labels in self.labels if source.startswith(labels.root)), [recording])

    def row(self, name: str) -> SheetRow | None:
        """Find the row of a recording by the name of its entry, or of a member inside it."""
        return next((row for export in self.exports if (row := export.row(name)) is not None), None)

    def join(self, recording: Recording) -> Recording | None:
        """Join a recording with its row, found by its source or its start.

        Returns
        -------
        Recording or None
            With attributes and the heart rate of the row; None where no row is found. Where no table speaks of such
            files, the recording as it is.
        """
        activity = recording.activity
        row, expected = self.row(activity.source), False
        for export in self.exports if row is None else ():
            if export.table.by_start and export.holds(activity.source):
                expected = True
                if (row := export.row_at(export.start_of(recording))) is not None:
                    break
        pulse = self.pulses.get(_key(activity.source))
        if row is None:
            return None if expected and pulse is None else with_pulse(recording, pulse)
        joined = dataclasses.replace(recording, activity=describe(activity, row))
        return with_pulse(joined, row.pulse or pulse)

    def said(self, name: str) -> str:
        """What tables say of a file, so that a change of it is seen; of tables without names of files it is all."""
        row, pulse = self.row(name), self.pulses.get(_key(name))
        beside = "" if pulse is None else repr(pulse)
        beside += "".join(repr(labels) for labels in self.labels if name.startswith(labels.root))
        if row is not None:
            return f"{row!r}{beside}"
        said = (export.digest for export in self.exports if export.table.by_start and export.holds(name))
        return f"{''.join(said)}{beside}"

    def silent(self, names: Collection[str]) -> Counter[str]:
        """Count rows and files that have no counterpart, given the names of all files that were unpacked."""
        counts: Counter[str] = Counter()
        for export in self.exports:
            if export.table.by_start:
                continue  # what has no row is seen when it is read
            own = [
                name for name in names if next((other for other in self.exports if other.holds(name)), None) is export
            ]
            rows = [export.row(name) for name in own]
            found = {row.file for row in rows if row is not None}
            counts["rows of a table that name no file"] += export.table.without_file
            counts["rows of a table whose file is not there"] += len(export.table.rows) - len(found)
            counts[ROWLESS] += sum(row is None for row in rows)
        counts["heart rates without a recording beside them"] = len(self.pulses.keys() - set(map(_key, names)))
        return +counts


def describe(activity: Activity, row: SheetRow) -> Activity:
    """Join an activity with its row. Values of the table replace those of the file; others stay."""
    said = {name: value for name in _JOINED if (value := getattr(row, name)) not in {None, "", "Unknown"}}
    told = tuple(sorted({*said, *(("extra",) if row.extra else ()), *activity.told}))
    return dataclasses.replace(activity, **said, extra={**activity.extra, **row.extra}, told=told)


def find_exports(
    paths: Sequence[Path | Location], tables: Sequence[Sheet] | None = None, whose: Whose = NOBODY_SAID
) -> Exports:
    """Read the tables of exports, at any depth in folders and archives.

    A table beside a folder that is named "activities" or "workout-routes" is read too.

    Parameters
    ----------
    paths : sequence of Path
        As given to `heatlas.sources.archive.entries`.
    tables : sequence of Sheet, optional
        Tables that `entries` found; by default the paths are searched again.
    whose : Whose
        Whose the recordings are.

    Returns
    -------
    Exports
    """
    found: list[Sheet] = list(tables or ())
    if tables is None:
        for _ in entries(paths, found):
            pass
    exports: dict[str, Export] = {}
    warnings: list[tuple[str, str]] = []
    takeouts: dict[str, list[Sheet]] = {}
    pulses: dict[str, Pulse] = {}
    labels: list[Labels] = []
    for sheet in (*found, *_beside(paths)):
        if sheet.kind == GARMIN:
            takeouts.setdefault(sheet.root, []).append(sheet)
        elif sheet.kind in {PULSE, LABELS, UPLOADERS} or sheet.root not in exports:
            try:
                if sheet.kind == PULSE:
                    pulses[_key(recording_of(sheet))] = read_pulse(sheet)
                    continue
                if sheet.kind == LABELS:
                    held = read_labels(sheet.read(), sheet.root)
                    labels += [] if held is None else [held]
                    continue
                if sheet.kind == UPLOADERS:
                    whose = whose.with_uploaders(uploaders(sheet.read(), sheet.root))
                    continue
                table = _read(sheet)
            except (OSError, Unreadable) as error:
                warnings.append((sheet.name, unworded(error)))
                continue
            warnings += [(sheet.name, warning) for warning in table.warnings]
            if table.rows or sheet.kind != APPLE:  # health records without any workout are no table
                exports[sheet.root] = (
                    _by_start(sheet.root, table)
                    if table.by_start
                    else Export(root=sheet.root, table=table, keys=_keys(table))
                )
    for root, sheets in takeouts.items():
        table = read_takeout(sheets, warnings)
        if table.rows and root not in exports:
            exports[root] = _by_start(root, table)
    nearest = sorted(exports.values(), key=lambda export: -len(export.root))
    deepest = sorted(labels, key=lambda each: -len(each.root))
    return Exports(exports=tuple(nearest), pulses=pulses, labels=tuple(deepest), warnings=tuple(warnings), whose=whose)


def _by_start(root: str, table: SheetTable) -> Export:
    """Join a table that names no files; files that are called by an id of it belong to that row, too."""
    digest = blake2b(repr(table).encode(), digest_size=16).hexdigest()
    starts, keys = _starts(table), dict[str, SheetRow]()
    if table.local:  # recordings know their start better than a clock on the wall
        starts = {second: dataclasses.replace(row, start=None) for second, row in starts.items()}
        bare = {row.id: row for row in starts.values()}
        keys = {_key(f"{row_id}{ending}"): row for row_id, row in bare.items() for ending in (".fit", ".gpx", ".tcx")}
    return Export(root=root, table=table, keys=keys, starts=starts, digest=digest)


def _read(sheet: Sheet) -> SheetTable:
    if sheet.kind == APPLE:
        return read_health(sheet.pieces())
    return read_exercises(sheet.read()) if sheet.kind == SAMSUNG else read_activities(sheet.read())


def _starts(table: SheetTable) -> dict[int, SheetRow]:
    """Rows by their start. Of a whole and its first leg, which begin together, the leg counts: files hold legs."""
    starts: dict[int, SheetRow] = {}
    for row in sorted(table.rows.values(), key=lambda row: row.extra.get("parent") is True):
        if row.start is not None:
            starts.setdefault(round(row.start), row)
    return starts


def _beside(sources: Sequence[Path | Location]) -> list[Sheet]:
    """Find tables beside folders that were given without the rest of their export."""
    paths = [path for path in sources if isinstance(path, Path)]  # a bucket holds what was named, whole
    beside = [path.parent / TABLE for path in paths if path.name == "activities"]
    beside = [table for table in beside if table.is_file()]
    for path in paths:
        if path.name == "workout-routes":
            beside += sorted(path.parent.glob("*.xml"))
        if path.name == "Trajectory":
            beside.append(path.parent / "labels.txt")
        if path.suffix.lower() == ".gpx":
            beside.append(path.with_suffix(".hrm"))
    beside = [table for table in beside if table.is_file()]
    return [sheet for table in beside if (sheet := sheet_of(table)) is not None]


def _keys(table: SheetTable) -> dict[str, SheetRow]:
    keys: dict[str, SheetRow] = {}
    for row in table.rows.values():
        keys.setdefault(_key(row.file), row)
    for row in table.rows.values():  # files that were moved out of their folder match by their bare name
        keys.setdefault(_key(row.file.rpartition("/")[2]), row)
    return keys


def _key(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./").casefold().removesuffix(".gz")
