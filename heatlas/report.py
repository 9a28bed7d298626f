"""What was read, what was left out, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heatlas.batch import Unread
    from heatlas.places import Place

__all__ = ["Report", "place_data"]


@dataclass(slots=True)
class Report:
    """Counts that are collected on the way from files to a picture."""

    read: int = 0
    """Files that gave at least one activity."""
    failed: list[Unread] = field(default_factory=list)
    """Files that should have been readable."""
    skipped: list[Unread] = field(default_factory=list)
    """Files that were left out on purpose."""
    warnings: list[tuple[str, str]] = field(default_factory=list)
    """File and what was wrong with it, though it could be read."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Reason -> number of fixes, breaks, activities, rows or values; the reason's first word says of what."""
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    """The file that was left out, and the file that holds the same activity."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Stage -> how long it took."""

    def data(self) -> dict[str, Any]:
        """What was read and left out, as plain data."""
        return {
            "files": {
                "read": self.read,
                "failed": [{"file": item.file, "reason": item.reason} for item in self.failed],
                "skipped": [{"file": item.file, "reason": item.reason} for item in self.skipped],
                "warnings": [{"file": file, "reason": reason} for file, reason in self.warnings],
            },
            "dropped": dict(sorted(self.dropped.items())),
            "duplicates": [{"left_out": out, "same_as": kept} for out, kept in self.duplicates],
        }


def place_data(place: Place) -> dict[str, Any]:
    """A place as plain data; `center` is longitude, latitude."""
    west, south, east, north = place.bbox
    return {
        "bbox": list(place.bbox),
        "center": [(west + east) / 2, (south + north) / 2],
        "activities": place.activities,
        "fixes": place.fixes,
    }
