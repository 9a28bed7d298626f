"""Outcomes of reading files as the library stores them, and the report of a whole library."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from heatlas.core.batch import Unread
from heatlas.core.json_texts import parsed_texts
from heatlas.core.report import Duplicate, Report, add_breaks
from heatlas.core.words import counted
from heatlas.library.file.sound_rows import say, small_rows
from heatlas.sources.formats.planned import PLANNED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from heatlas.library.rows.merged import MergedActivities
    from heatlas.sources.found_files import Entry
    from heatlas.sources.reading import Outcome

__all__ = ["left_out_routes", "note_outcome", "note_unread", "outcome_data", "report_of_known", "whole_report"]


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """Outcome of reading a file as plain data."""
    return {
        "read": outcome.read,
        "unread": [[unread.file, unread.reason, unread.failed, unread.kind] for unread in outcome.unread],
        "warnings": [list(warning) for warning in outcome.warnings],
        "dropped": dict(outcome.dropped),
        "breaks": {source: list(metres) for source, metres in outcome.breaks.items()},
    }


def left_out_routes(outcome: str) -> bool:
    """Whether the stored outcome of a file says that planned routes in it were left out."""
    return f'"{PLANNED}"' in outcome


def note_outcome(report: Report, data: dict[str, Any]) -> None:
    """Add an outcome from `outcome_data` to a report."""
    report.read += data["read"]
    for file, reason, failed, *kind in data["unread"]:  # older versions wrote no kind
        note_unread(report, Unread(file=file, reason=reason, failed=failed, kind="".join(kind)))
    report.warnings += [(file, reason) for file, reason in data["warnings"]]
    if dropped := data["dropped"]:  # most files are whole
        report.dropped += Counter(dropped)
    if breaks := data.get("breaks"):  # older versions wrote none
        add_breaks(report.breaks, {source: (out, whole) for source, (out, whole) in breaks.items()})


def note_unread(report: Report, unread: Unread) -> None:
    """Add a file without tracks to a report."""
    (report.failed if unread.failed else report.skipped).append(unread)


def report_of_known(found: Sequence[Entry | Unread], reason: str, warnings: Sequence[tuple[str, str]]) -> Report | None:
    """Report of an import of files that a library knows, counted under a reason; None where there is no file."""
    report = Report(warnings=list(warnings))
    for entry in found:
        if isinstance(entry, Unread):
            note_unread(report, entry)
        else:
            report.dropped[reason] += 1
    return report if report.dropped else None


def whole_report(connection: sqlite3.Connection, shown: MergedActivities) -> Report:
    """Report of all files that a library was made from, with all activities that it shows."""
    report = Report()
    unread = 0
    texts = [text for _, text in sorted((row[1], row[6]) for row in small_rows(connection, "files").values())]
    for data in parsed_texts(texts):
        try:
            note_outcome(report, data)
        except (ValueError, TypeError, KeyError, AttributeError):
            unread += 1
    if unread:
        say(connection, f"what was left out of {counted(unread, 'files')} cannot be read")
    report.duplicates = sorted(
        Duplicate(copy.source, shown.activities[number].source, given)
        for number, copies in shown.copies.items()
        for copy, given in zip(copies.values(), shown.merged[number].given, strict=True)
    )
    if report.duplicates:
        report.dropped["activities found twice"] += len(report.duplicates)
    return report
