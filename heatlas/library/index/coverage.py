"""Record the columns and the rules with which the whole passage index was made.

A metric that is added later is unknown for activities that were indexed before, and one that is worked out by another
rule is what the old rule made of it. `meta` names the columns that every activity has, and the rules by which all were
made, so that checking requires only these, rebuilding the index adds the others, and whoever reads them can say so.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from heatlas.library.file.columns import COLUMNS
from heatlas.library.file.settings import read_meta
from heatlas.library.file.sound_rows import damaged
from heatlas.library.rows.tracks import has_column
from heatlas.tracks.metrics import METRICS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["covered", "is_complete", "note_columns", "outdated", "renewal"]

_RULES = 1
"""Rules by which values of passages and activities are worked out; raised when a column would hold others."""
_CHANGED = {1: {"grade_100": "elevation", "normalised_power": "power"}}
"""Rules -> metrics and attributes of which they made others or the first, and the column that each needs.

1: slopes are unknown where elevations leap; normalised power.
"""

_FIRST = frozenset(range(12))
"""Columns of an index that does not name its columns."""


def covered(connection: sqlite3.Connection) -> frozenset[int]:
    """Numbers of the columns with which every activity was indexed; a newer heatlas may have written others."""
    known = read_meta(connection, "columns")
    try:
        return _FIRST if known is None else frozenset(map(int, known))
    except (TypeError, ValueError):
        raise damaged(connection, "its list of columns is none") from None


def is_complete(connection: sqlite3.Connection) -> bool:
    """Whether every activity was indexed with all columns of this version, by its rules."""
    return covered(connection) >= set(COLUMNS.values()) and _rules(connection) >= _RULES


def _rules(connection: sqlite3.Connection) -> int:
    """Rules by which every activity was indexed; 0 where the index names none."""
    known = read_meta(connection, "rules")
    if known is None:
        return 0
    if not isinstance(known, int):
        raise damaged(connection, "its number of rules is none")
    return known


def outdated(connection: sqlite3.Connection) -> frozenset[str]:
    """Metrics and attributes that an older heatlas did not index, or by other rules, and that the tracks would have."""
    if is_complete(connection) or _is_empty(connection):
        return frozenset()
    there, rules = covered(connection), _rules(connection)
    needs = {name: METRICS[name].columns for name, column in COLUMNS.items() if name in METRICS and column not in there}
    for number, changed in _CHANGED.items():
        if rules < number:
            needs |= {name: frozenset({column}) for name, column in changed.items()}
    return frozenset(
        name for name, columns in needs.items() if all(has_column(connection, column) for column in columns)
    )


def renewal(names: Collection[str], path: str | Path) -> str:
    """Sentence on what an older heatlas indexed in a library, with the command that renews it; empty without any."""
    if not names:
        return ""
    words = sorted(_WORDS.get(name, name.replace("_", " ")) for name in names)
    listed = " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    return (
        f"an older heatlas indexed this library, without {listed} as they are worked out now: "
        f"heatlas library reindex -l {shlex.quote(str(path))} works them out anew"
    )


_WORDS = {
    "grade_100": "slopes over 100 m",
    "steady_heart_rate": "steady heart rates",
    "elapsed": "times since the start",
}


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM passages LIMIT 1").fetchone() is None


def note_columns(connection: sqlite3.Connection) -> None:
    """Store which columns every activity will have, and by which rules, before activities are added to the index."""
    empty = _is_empty(connection)
    before, ours = covered(connection), frozenset(COLUMNS.values())
    after = ours if empty else before & ours
    if after != before:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('columns', ?)", (json.dumps(sorted(after)),))
    if empty and _rules(connection) != _RULES:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('rules', ?)", (json.dumps(_RULES),))
