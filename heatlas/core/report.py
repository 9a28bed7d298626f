"""Report of the files read, the data left out, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from heatlas.core.batch import TABLES
from heatlas.core.regex import regex
from heatlas.core.wording import worded_report
from heatlas.core.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from heatlas.core.batch import Unread

__all__ = ["Duplicate", "Report", "add_breaks"]

_MUCH, _SHARE = 1000, 0.02
"""A file is named when its breaks leave out at least so many metres and this share of its way."""


class Duplicate(NamedTuple):
    """An activity that was found twice."""

    left_out: str
    """The file whose track is not shown."""
    same_as: str
    """The file whose track is shown."""
    merged: tuple[str, ...] = ()
    """Names of the attributes that the activity shown got from the other, sorted: "private", "name" ..."""


_LAYERS = (".shp", ".fgb", ".gpkg")
"""Endings of files of geometries."""
_ENDING = regex(r"\.[^\s/.]+")
_READ = "heatlas reads recordings of the formats that its documentation lists, and tables that are named by themselves"


@dataclass(slots=True)
class Report:
    """Counts collected while files are read and drawn."""

    read: int = 0
    """Files that gave at least one activity."""
    failed: list[Unread] = field(default_factory=list)
    """Files that should have been readable."""
    skipped: list[Unread] = field(default_factory=list)
    """Files that were left out on purpose."""
    warnings: list[tuple[str, str]] = field(default_factory=list)
    """Files that could be read all the same, each with its fault."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason -> number of fixes, breaks, activities, rows or values; the reason's first word says which of these."""
    breaks: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Source -> metres that breaks leave out, and metres of the way with them; whole numbers, so that sums are
    exact."""
    duplicates: list[Duplicate] = field(default_factory=list)
    """Each copy whose track was left out."""
    library: str = ""
    """The library that was read, if nothing has been imported into it."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Stage -> seconds that it took."""
    again: Report | None = None
    """Of an import: the report of the next one of the same sources, if nothing changes until then; None: unknown."""

    @property
    def held_instead(self) -> Counter[str]:
        """Content of files that were left out (see `heatlas.core.batch.Unread.kind`) -> number of such files."""
        return Counter(item.kind or "files of unknown kind" for item in self.skipped)

    def notes(self) -> list[str]:
        """Describe what was left out on purpose, in one sentence for each kind."""
        counts = self.held_instead
        tables = counts.pop(TABLES, 0)
        planned = counts.pop("planned routes", 0)
        unread = {kind: n for kind, n in counts.items() if _ENDING.fullmatch(kind)}
        others = [kind for kind, _ in counts.most_common() if kind not in unread]
        notes = []
        if others:
            total = sum(counts[kind] for kind in others)
            notes.append(f"{counted(total, 'files')} hold{'s' * (total == 1)} no track: {', '.join(others)}")
        if planned:
            verb, them = ("is", "it") if planned == 1 else ("are", "them")
            notes.append(f"{counted(planned, 'planned routes')} {verb} left out: --routes draws {them}")
        if unread:
            named = ", ".join(f"{counted(n, 'files')} of {kind}" for kind, n in sorted(unread.items()))
            notes.append(f"{named} {'is' if sum(unread.values()) == 1 else 'are'} not read: {_READ}")
        if tables:
            first = next(item for item in self.skipped if item.kind == TABLES)
            them = "1 table is" if tables == 1 else f"{tables:,} tables are"
            notes.append(f"{them} left out of folders and archives, such as {first.file}: {_how_to_draw(first)}")
        return notes

    def nothing(self) -> str:
        """Say why there is no track, and what to do."""
        if self.failed:
            first = self.failed[0]
            more = f" (and {counted(len(self.failed) - 1, 'files')} more)" if len(self.failed) > 1 else ""
            return f"nothing could be read: {first.file}: {first.reason}{more}"
        if planned := [(file, why) for file, why in self.warnings if "not a recording" in why]:
            more = f" (and {counted(len(planned) - 1, 'files')} more)" if len(planned) > 1 else ""
            return f"there is no recording in what was given: {planned[0][0]}: {planned[0][1]}{more}"
        if notes := self.notes():
            return f"there is no track in what was given: {'; '.join(notes)}"
        if self.dropped["activities without a position"]:
            return "there is no track with a position in what was given"
        if self.dropped:
            return "nothing is left of what was given: " + ", ".join(
                f"{n:,} {what}" for what, n in self.dropped.items()
            )
        if self.library:
            return f"{self.library} holds no activity: heatlas import SOURCE... -l {self.library} brings some in"
        return (
            "there is no track with a position in what was given" if self.read else "there is no file in what was given"
        )

    def data(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return worded_report(
            {
                "files": {
                    "read": self.read,
                    "failed": [{"file": item.file, "reason": item.reason} for item in self.failed],
                    "skipped": [{"file": item.file, "reason": item.reason} for item in self.skipped],
                    "warnings": [{"file": file, "reason": reason} for file, reason in self.warnings],
                    "held_instead": dict(self.held_instead.most_common()),
                    "notes": self.notes(),
                },
                "dropped": dict(sorted(self.dropped.items())),
                "breaks": self._breaks(),
                "duplicates": [
                    {"left_out": one.left_out, "same_as": one.same_as, "merged": list(one.merged)}
                    for one in self.duplicates
                ],
            }
        )

    def _breaks(self) -> dict[str, Any]:
        """Metres that breaks leave out, and the files that lose much by them, the most first."""
        much = [
            {"file": file, "left_out_m": out, "of_m": whole}
            for file, (out, whole) in sorted(self.breaks.items(), key=lambda item: (-item[1][0], item[0]))
            if out >= _MUCH and out >= _SHARE * whole
        ]
        return {"left_out_m": sum(out for out, _ in self.breaks.values()), "files": much}


def _how_to_draw(table: Unread) -> str:
    """Say what to type to draw a table; a table packed with other files must be unpacked first."""
    if table.reason.startswith("an Excel"):
        return "save its sheet as CSV, and name that"
    lines = table.file.lower().endswith(_LAYERS)
    how = "its lines are drawn then" if lines else "with --track COLUMN where its rows are fixes"
    if not Path(table.file).is_file():
        beside = " with the files beside it" if table.file.lower().endswith(".shp") else ""
        return f"unpack it{beside} and name it by itself{':' if lines else ','} {how}"
    return f"name it by itself{':' if lines else ','} {how} (heatlas render {table.file})"


def add_breaks(breaks: dict[str, tuple[int, int]], more: Mapping[str, tuple[int, int]]) -> None:
    """Add the metres that breaks of other tracks leave out; tracks of one source are summed."""
    for source, (out, whole) in more.items():
        if out:
            known = breaks.get(source, (0, 0))
            breaks[source] = (known[0] + out, known[1] + whole)
