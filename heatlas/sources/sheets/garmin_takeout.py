"""Read the tables of Garmin's whole download: its lists of activities, and of gear.

The lists name no files; a recording belongs to the activity that begins at the same second. Their fields are those
that people who parse their downloads describe: times in milliseconds, distances in centimetres.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import Unreadable, unworded
from heatlas.core.regex import regex
from heatlas.sources.formats.json_lists import JsonLists
from heatlas.sources.sheets.rows import SheetRow, SheetTable
from heatlas.sources.sniff import decode
from heatlas.sources.sports import sport_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.sources.sheets.kinds import Sheet

__all__ = ["read_takeout"]

_LIST = "summarizedActivitiesExport"
_GEAR, _USED = "gearDTOS", "gearActivityDTOs"
_BEGIN = ("activityId", "gearPk")
_OBJECT = regex(r'\{\s*"(?:summarizedActivitiesExport|gearDTOS|gearActivityDTOs)"\s*:')
_USES = regex(r'\{[^{}]*"activityId"[^{}]*\}')
_PK, _ID = regex(r'"gearPk"\s*:\s*"?(\w+)'), regex(r'"activityId"\s*:\s*"?(\w+)')
_EXTRA = {
    "description": "description",
    "locationName": "location",
    "manufacturer": "manufacturer",
    "avgHr": "average_heart_rate",
    "maxHr": "max_heart_rate",
    "avgPower": "average_watts",
    "calories": "calories",
    "favorite": "favorite",
    "pr": "record",
    "parent": "parent",
}
"""Field -> name of the attribute that it becomes."""
_LONGEST = 500


def read_takeout(sheets: Sequence[Sheet], warnings: list[tuple[str, str]]) -> SheetTable:
    """Read all lists of one download; rows are joined by their start. Faults are added to `warnings`."""
    rows: dict[str, SheetRow] = {}
    gear: dict[str, str] = {}
    for sheet in sheets:
        try:
            text = decode(sheet.read())
        except (OSError, Unreadable) as error:
            warnings.append((sheet.name, unworded(error)))
            continue
        if f'"{_USED}"' in text or f'"{_GEAR}"' in text:
            gear |= _gear(text)
            continue
        for start in _OBJECT.finditer(text):
            lists = JsonLists(text[start.start() :].encode(), (_LIST,), _BEGIN)
            for item in lists:
                row = _row(item) if isinstance(item, dict) else None
                if row is not None:
                    rows.setdefault(row.id, row)
            warnings += [(sheet.name, warning) for warning in lists.warnings]
    rows = {key: replace(row, gear=gear[key]) if key in gear else row for key, row in rows.items()}
    return SheetTable(rows=rows, by_start=True)


def _row(item: dict[str, Any]) -> SheetRow | None:
    """Row of one activity; None without an id or a start."""
    key, start = item.get("activityId"), _number(item.get("beginTimestamp"))
    start = start if start is not None else _number(item.get("startTimeGmt"))
    if not isinstance(key, int | str) or start is None:
        return None
    kind = item.get("activityType") or item.get("sportType")
    kind = kind.get("typeKey") if isinstance(kind, dict) else kind
    return SheetRow(
        id=str(key)[:_LONGEST],
        sport=sport_name(kind.replace("_", " ")[:_LONGEST]) if isinstance(kind, str) else "",
        name=_text(item.get("name") or item.get("activityName")),
        start=start / 1000,
        distance=_scaled(item.get("distance"), 100),
        elapsed_time=_scaled(item.get("elapsedDuration"), 1000) or _scaled(item.get("duration"), 1000),
        moving_time=_scaled(item.get("movingDuration"), 1000),
        private=_private(item),
        extra={
            name: value for key, name in _EXTRA.items() if (value := _plain(item.get(key))) not in {None, "", False}
        },
    )


def _private(item: dict[str, Any]) -> bool | None:
    told = item.get("privacy")
    told = told.get("typeKey") if isinstance(told, dict) else told
    return told.casefold() in {"private", "only_me"} if isinstance(told, str) else None


def _gear(text: str) -> dict[str, str]:
    """Id of an activity -> name of its gear."""
    names: dict[str, str] = {}
    for start in _OBJECT.finditer(text):
        for item in JsonLists(text[start.start() :].encode(), (_GEAR,), _BEGIN):
            if isinstance(item, dict) and "gearPk" in item:
                names[str(item["gearPk"])] = _text(item.get("customMakeModel") or item.get("displayName"))
        break
    used: dict[str, str] = {}
    for found in _USES.finditer(text, max(text.find(f'"{_USED}"'), 0)):
        activity, pk = _ID.search(found[0]), _PK.search(found[0])
        if activity and pk and names.get(pk[1]):
            used.setdefault(activity[1], names[pk[1]])
    return used


def _text(value: Any) -> str:
    return "".join(c for c in value[:_LONGEST] if c.isprintable()) if isinstance(value, str) else ""


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    return value if isinstance(value, bool) else _number(value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 and math.isfinite(value) else None


def _scaled(value: Any, unit: float) -> float | None:
    number = _number(value)
    return number / unit if number is not None and number > 0 else None
