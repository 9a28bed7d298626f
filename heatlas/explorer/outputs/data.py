"""The report of explorer tiles as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from heatlas.explorer.report import report_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heatlas.explorer.explored import Explored
    from heatlas.explorer.missing import Missing

__all__ = ["lines"]


def lines(explored: Explored, missing: Missing | None) -> Iterator[str]:
    """Text of the file: a tile and an activity in each line, so that two files can be compared."""
    report = report_of(explored, missing)
    yield "{"
    for number, (name, value) in enumerate(report.items()):
        yield ("," if number else "") + f'\n"{name}": '
        if name in {"tiles", "history", "missing"} and value:
            rows = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in value)
            yield f"[\n{rows}\n]"
        else:
            yield json.dumps(value, ensure_ascii=False, allow_nan=False)
    yield "\n}\n"
