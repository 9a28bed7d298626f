"""Find the table of activities of a Strava export, and join it with the recordings."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heatlas.core.errors import Unreadable, path_name
from heatlas.sources.archive import TABLE, Sheet, entries
from heatlas.sources.strava_table import StravaRow, StravaTable, read_activities

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from heatlas.core.batch import Activity

__all__ = ["Export", "Exports", "StravaRow", "StravaTable", "describe", "find_exports", "read_activities"]

_JOINED = (
    *("id", "sport", "name", "start", "distance", "elapsed_time", "moving_time"),
    *("gear", "commute", "private"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A table, and the folder of its recordings."""

    root: str
    """Prefix of the names of its entries, ending in a slash; empty for the current folder."""
    table: StravaTable
    keys: Mapping[str, StravaRow] = field(repr=False)
    """Every form of the name of a file of the table -> its row."""

    def row(self, name: str) -> StravaRow | None:
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

    def holds(self, name: str) -> bool:
        """Tell whether an entry is in the folder of the table."""
        return name.replace("\\", "/").startswith(self.root.replace("\\", "/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """All tables that were found; without any, recordings stay as they are."""

    exports: tuple[Export, ...] = ()
    """The innermost first: a recording belongs to the table that is nearest to it."""
    warnings: tuple[tuple[str, str], ...] = ()
    """Name of a table, and its problem. Recordings are read without it."""

    def row(self, name: str) -> StravaRow | None:
        """Find the row of a recording by the name of its entry, or of a member inside it."""
        return next((row for export in self.exports if (row := export.row(name)) is not None), None)

    def describe(self, activity: Activity) -> Activity:
        """Join an activity with its row, found by its source."""
        row = self.row(activity.source)
        return activity if row is None else describe(activity, row)

    def silent(self, names: Collection[str]) -> Counter[str]:
        """Count rows and files that have no counterpart, given the names of all files that were unpacked."""
        counts: Counter[str] = Counter()
        for export in self.exports:
            own = [
                name for name in names if next((other for other in self.exports if other.holds(name)), None) is export
            ]
            rows = [export.row(name) for name in own]
            found = {row.file for row in rows if row is not None}
            counts["rows of a table that name no file"] += export.table.without_file
            counts["rows of a table whose file is not there"] += len(export.table.rows) - len(found)
            counts["files without a row in the table"] += sum(row is None for row in rows)
        return +counts


def describe(activity: Activity, row: StravaRow) -> Activity:
    """Join an activity with its row. Values of the table replace those of the file; others stay."""
    said = {name: value for name in _JOINED if (value := getattr(row, name)) not in {None, "", "Unknown"}}
    told = tuple(sorted({*said, *(("extra",) if row.extra else ()), *activity.told}))
    return dataclasses.replace(activity, **said, extra={**activity.extra, **row.extra}, told=told)


def find_exports(paths: Sequence[Path], tables: Sequence[Sheet] | None = None) -> Exports:
    """Read the tables of Strava exports, at any depth in folders and archives.

    A table beside a folder that is named "activities" is read too.

    Parameters
    ----------
    paths : sequence of Path
        As given to `heatlas.sources.archive.entries`.
    tables : sequence of Sheet, optional
        Tables that `entries` found; by default the paths are searched again.

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
    for sheet in (*found, *_beside(paths)):
        if sheet.root in exports:
            continue
        try:
            table = read_activities(sheet.read())
        except (OSError, Unreadable) as error:
            warnings.append((sheet.name, str(error)))
            continue
        exports[sheet.root] = Export(root=sheet.root, table=table, keys=_keys(table))
        warnings += [(sheet.name, warning) for warning in table.warnings]
    nearest = sorted(exports.values(), key=lambda export: -len(export.root))
    return Exports(exports=tuple(nearest), warnings=tuple(warnings))


def _beside(paths: Sequence[Path]) -> list[Sheet]:
    """Find tables beside folders "activities" that were given without the rest of their export."""
    beside = [path.parent / TABLE for path in paths if path.name == "activities"]
    return [Sheet(path_name(table), table.read_bytes) for table in beside if table.is_file()]


def _keys(table: StravaTable) -> dict[str, StravaRow]:
    keys: dict[str, StravaRow] = {}
    for row in table.rows.values():
        keys.setdefault(_key(row.file), row)
    for row in table.rows.values():  # files that were moved out of their folder match by their bare name
        keys.setdefault(_key(row.file.rpartition("/")[2]), row)
    return keys


def _key(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./").casefold().removesuffix(".gz")
