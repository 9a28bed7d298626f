"""Say and show which tracks there are, or why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heatlas.core.wording import worded
from heatlas.core.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.core.batch import Activity, Batch
    from heatlas.core.report import Report

__all__ = ["as_html", "in_words", "why_nothing"]

_HIDDEN = "fixes hidden for privacy"


def in_words(activities: Sequence[Activity], fixes: int, report: Report) -> str:
    """Tracks as a line: how many, when, and of which sports. Activities are in local time."""
    from heatlas.dataset.heat.html import dates_of, sports_of

    if not activities:
        return f"<Tracks none: {worded(why_nothing(report))}>"
    facts = [counted(len(activities), "activities"), counted(fixes, "fixes"), dates_of(activities)]
    return f"<Tracks {', '.join(fact for fact in facts if fact)}: {sports_of(activities)}>"


def as_html(activities: Sequence[Activity], batches: Sequence[Batch], report: Report) -> str:
    """Tracks as a card of a notebook, with a table of their sports. Activities are in local time."""
    from heatlas.dataset.heat.html import card, dates_of, lengths_of, sports_table

    left_out = f"{counted(len(report.failed), 'files')} could not be read" if report.failed else ""
    facts = [counted(sum(batch.fixes for batch in batches), "fixes"), dates_of(activities), left_out]
    if not activities:
        facts = [worded(why_nothing(report))]
    lengths = lengths_of(batches) if report.dropped[_HIDDEN] else None
    return card(counted(len(activities), "activities"), facts, sports_table(activities, lengths))


def why_nothing(report: Report) -> str:
    """Say why nothing is left to draw of the tracks that a report is of."""
    if left := report.dropped["activities that the filter left out"]:
        return f"the filter leaves none of {left} activities"
    if report.dropped["activities hidden for privacy"]:
        return "hiding the ends and zones leaves nothing to draw"
    return report.nothing()
