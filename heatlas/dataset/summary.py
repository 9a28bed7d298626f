"""Contents of a collection of tracks or points, as plain data."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.batch import COLUMNS
from heatlas.dataset.places import places_data
from heatlas.raster.draw_passages import model_of
from heatlas.raster.measure import Measure
from heatlas.raster.offered import about, group_of, known_of, measures_of, name_of
from heatlas.raster.spool import Tally
from heatlas.style.defaults import titled
from heatlas.tracks.local_time import start_of
from heatlas.tracks.metrics import METRICS, Motion

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from heatlas.dataset.points import PointSet
    from heatlas.dataset.tracks import Tracks
    from heatlas.sources.tables.columns import PointColumns
    from heatlas.sources.tables.table import Table

__all__ = ["describe_columns", "describe_points", "describe_tracks"]


def describe_tracks(tracks: Tracks) -> dict[str, Any]:
    """Describe tracks: activities by sport, dates, columns, measures that they can show, places."""
    sports: dict[str, dict[str, float]] = {}
    for activity in tracks.activities:
        counts = sports.setdefault(activity.sport, {"activities": 0, "distance_m": 0.0, "moving_s": 0.0})
        counts["activities"] += 1
        counts["distance_m"] += activity.distance or 0
        counts["moving_s"] += activity.moving_time or 0
    starts = [start for activity in tracks.localised().activities if (start := start_of(activity)) is not None]
    known = {
        name: sum(int(np.isfinite(batch.columns[name]).sum()) for batch in tracks.batches if name in batch.columns)
        for name in COLUMNS
    }
    model = model_of(tracks.batches, Measure("residual", "heart_rate")) if "heart_rate" in known else None
    return {
        **tracks.data(),
        "people": _people(tracks),
        "sports": dict(sorted(sports.items(), key=lambda item: (-item[1]["activities"], item[0]))),
        "first": _iso(min(starts)) if starts else None,
        "last": _iso(max(starts)) if starts else None,
        "columns": {name: n / tracks.fixes for name, n in known.items() if n},
        "measures": [
            {"name": name_of(measure), "group": group_of(measure), "title": titled(measure), "about": about(measure)}
            for measure in measures_of(_recorded(tracks))
        ]
        if len(tracks)
        else [],
        "model": None if model is None else str(model),
        "places": places_data(tracks.places()),
        "seconds": tracks.report.seconds,
        **({} if len(tracks) else {"nothing": tracks.report.nothing()}),
    }


def _people(tracks: Tracks) -> dict[str, int]:
    """Activities of each person, most first; those of nobody under an empty name, if there are persons at all."""
    counts = Counter(activity.person for activity in tracks.activities)
    return dict(counts.most_common()) if set(counts) - {""} else {}


def _recorded(tracks: Tracks) -> list[str]:
    """Metrics at fixes that are known anywhere, and metrics of activities."""
    there = set().union(*(batch.columns for batch in tracks.batches))
    return known_of(tracks.activities) + [
        name
        for name, metric in METRICS.items()
        if metric.at_fixes is not None
        and metric.columns <= there
        and any(np.isfinite(metric.at_fixes(Motion(batch))).any() for batch in tracks.batches)
    ]


def _iso(moment: dt.datetime) -> str:
    """Format a local moment with its offset: 2024-01-01T08:00:00+13:00."""
    return moment.isoformat().replace("+00:00", "Z")


def describe_columns(tables: Sequence[Table], undecided: str) -> dict[str, Any]:
    """Describe columns of tables for which the columns of positions, or how to read them, could not be decided."""
    return {
        "files": {"read": 0, "failed": [], "skipped": [], "warnings": []},
        "dropped": {},
        **_columns([(table, None) for table in tables]),
        "undecided": undecided,
    }


def _columns(parts: Sequence[tuple[Table, PointColumns | None]]) -> dict[str, Any]:
    from heatlas.sources.tables.facts import column_facts

    return {
        "all_columns": {table.name: list(table.schema.names) for table, _ in parts},
        "column_facts": {table.name: column_facts(table, columns) for table, columns in parts},
    }


def describe_points(points: PointSet, told: Callable[[int], None] = lambda rows: None) -> dict[str, Any]:
    """Describe points: rows, columns, the box of all points, sum and range of the weights. All rows are read."""
    tally = Tally()
    for _ in tally(points.chunks(), told):
        pass
    weighted = points.weight is not None and tally.points > 0
    return {
        **points.data(tally),
        **_columns(points.parts),
        "hints": points.hints(),
        "bbox": None if tally.bbox is None else list(tally.bbox),
        "total": tally.total,
        "weights": [tally.lightest, tally.heaviest] if weighted else None,
    }
