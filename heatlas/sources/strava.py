"""A Strava export: finding its table of activities and joining it to the recordings."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heatlas.errors import Unreadable
from heatlas.sources.archive import TABLE
from heatlas.sources.recognise import kind
from heatlas.sources.sqlite_head import in_use
from heatlas.sources.strava_table import Row, Table, read_activities
from heatlas.sources.zips import members, read_member

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from heatlas.batch import Activity

__all__ = ["Export", "Exports", "Row", "Table", "describe", "find_exports", "read_activities"]

_JOINED = (
    *("id", "sport", "name", "start", "distance", "elapsed_time", "moving_time"),
    *("gear", "commute", "private"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A table, and where the recordings that it speaks of lie."""

    root: str
    """What the names of its entries begin with, ending in a slash; empty for the current folder."""
    table: Table
    keys: Mapping[str, Row] = field(repr=False)
    """Every form under which a file of the table may be found -> its row."""

    def row(self, name: str) -> Row | None:
        """Find the row of a recording by the name of its entry, or of a member inside it."""
        name, root = name.replace("\\", "/"), self.root.replace("\\", "/")
        if not name.startswith(root):
            return None
        parts = name[len(root) :].split("/")
        for end in range(len(parts), 0, -1):
            row = self.keys.get(_key("/".join(parts[:end]))) or self.keys.get(_key(parts[end - 1]))
            if row is not None:
                return row
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """All tables that were found; without any, recordings stay as they are."""

    exports: tuple[Export, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    """Table and what is wrong with it. The recordings suffice without it."""

    def row(self, name: str) -> Row | None:
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
            root = export.root.replace("\\", "/")
            rows = [export.row(name) for name in names if name.replace("\\", "/").startswith(root)]
            found = {row.file for row in rows if row is not None}
            counts["rows of a table that name no file"] += export.table.without_file
            counts["rows of a table whose file is not there"] += len(export.table.rows) - len(found)
            counts["files without a row in the table"] += sum(row is None for row in rows)
        return +counts


def describe(activity: Activity, row: Row) -> Activity:
    """Join: the table wins where it says something, what it does not know stays as the file has it."""
    said = {name: value for name in _JOINED if (value := getattr(row, name)) not in {None, "", "Unknown"}}
    return dataclasses.replace(activity, **said, extra={**activity.extra, **row.extra})


def find_exports(paths: Sequence[Path]) -> Exports:
    """Look for Strava's table in what a person hands over.

    It is found in a folder or ZIP archive, in a folder or archive directly inside one, and beside a folder
    named "activities".

    Parameters
    ----------
    paths : sequence of Path
        As given to `heatlas.sources.archive.entries`.

    Returns
    -------
    Exports
    """
    exports: dict[str, Export] = {}
    warnings: list[tuple[str, str]] = []
    for path in paths:
        for place in _places(path):
            try:
                for root, data in _tables(place):
                    if root in exports:
                        continue
                    table = read_activities(data)
                    exports[root] = Export(root=root, table=table, keys=_keys(table))
                    warnings += [(f"{root}{TABLE}", warning) for warning in table.warnings]
            except (OSError, Unreadable) as error:
                warnings.append((str(place), str(error)))
    return Exports(exports=tuple(exports.values()), warnings=tuple(warnings))


def _places(path: Path) -> list[Path]:
    try:
        if not path.is_dir():
            return [path]
        inner = sorted(p for p in path.iterdir() if p.is_dir() or p.suffix.lower() == ".zip")
    except OSError:
        return []
    return [path, *([path.parent] if path.name == "activities" else []), *inner]


def _tables(place: Path) -> Iterator[tuple[str, bytes]]:
    """Give the root of the recordings and the content of each table."""
    if place.is_dir() or place.name == TABLE:
        table = place / TABLE if place.is_dir() else place
        if table.is_file():
            folder = str(table.parent)
            yield "" if folder == "." else f"{folder.rstrip('/')}/", table.read_bytes()
        return
    if in_use(place):
        return
    try:
        with place.open("rb") as file:
            inside = members(file, place.stat().st_size)[0] if kind(file.read(64)) == "zip" else []
    except (OSError, Unreadable):
        return  # the walk over the entries reports it
    for member in inside:
        if member.name.count("/") <= 1 and member.name.rpartition("/")[2] == TABLE:
            with place.open("rb") as file:
                yield f"{place}/{member.name.removesuffix(TABLE)}", read_member(file, member)[0]


def _keys(table: Table) -> dict[str, Row]:
    keys: dict[str, Row] = {}
    for row in table.rows.values():
        keys.setdefault(_key(row.file), row)
    for row in table.rows.values():  # files that were taken out of their folder are known by their bare name
        keys.setdefault(_key(row.file.rpartition("/")[2]), row)
    return keys


def _key(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./").casefold().removesuffix(".gz")
