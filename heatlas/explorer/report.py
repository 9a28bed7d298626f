"""Explorer tiles as plain data: the report, and the compact form that maps draw."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.explorer.explored import UNKNOWN
from heatlas.explorer.keys import columns_of, middles_of, pairs_of, place_of, rows_of, square_box
from heatlas.tracks.local_time import start_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from heatlas.core.batch import Activity
    from heatlas.explorer.explored import Explored
    from heatlas.explorer.missing import Missing

__all__ = ["map_data", "report_of", "tile_facts"]


def _day_text(day: int) -> str | None:
    """A day as 2024-05-01; None where it is not known."""
    return None if day == UNKNOWN else dt.date.fromordinal(day).isoformat()


def _day_texts(days: NDArray[np.int64]) -> list[str | None]:
    """Days as texts: there are fewer days than tiles."""
    known, which = np.unique(days, return_inverse=True)
    texts = [_day_text(day) for day in known.tolist()]
    return [texts[k] for k in which.tolist()]


def tile_facts(explored: Explored) -> Iterator[dict[str, Any]]:
    """What is known of each tile beside its place, in the order of the tiles; days and counts not for everybody."""
    facts = (fact.tolist() for fact in (explored.count, explored.in_square, explored.in_cluster))
    days = (_day_texts(explored.first), _day_texts(explored.last))
    for first, last, count, square, cluster in zip(*days, *facts, strict=True):
        told = {"first": first, "last": last, "count": count}
        yield {**({} if explored.counting.public else told), "in_square": square, "in_cluster": cluster}


def report_of(explored: Explored, missing: Missing | None = None) -> dict[str, Any]:
    """Everything that is known, as plain data."""
    places = zip(tile_facts(explored), pairs_of(explored.keys), strict=True)
    report = {**_scores(explored), "tiles": [{"x": x, "y": y, **facts} for facts, (x, y) in places]}
    if missing is not None:
        middles = middles_of(missing.tiles, explored.zoom).tolist()
        rows = zip(pairs_of(missing.tiles), middles, missing.metres.tolist(), strict=True)
        report["missing"] = [
            {"x": x, "y": y, "lon": round(lon, 6), "lat": round(lat, 6), "metres": round(metres)}
            for (x, y), (lon, lat), metres in rows
        ]
        report["missing_of"] = missing.of
    if not explored.counting.public:
        report["history"] = list(_history(explored))
    return report


def map_data(explored: Explored) -> dict[str, Any]:
    """What a map draws: scores, and of each tile x, y and, but for everybody, first day, last day and activities."""
    columns: list[list[Any]] = [columns_of(explored.keys).tolist(), rows_of(explored.keys).tolist()]
    if not explored.counting.public:
        columns += [_day_texts(explored.first), _day_texts(explored.last), explored.count.tolist()]
    return {**_scores(explored), "tiles": [list(tile) for tile in zip(*columns, strict=True)]}


def _scores(explored: Explored) -> dict[str, Any]:
    squares, clusters, better = explored.squares, explored.clusters, explored.next_square
    cluster = explored.keys[explored.in_cluster]
    return {
        "zoom": explored.zoom,
        "counted": explored.counting.words,
        "activities": len(explored.activities),
        "total": len(explored.keys),
        "square": _square(squares.key, squares.size, explored.zoom) if squares.size else None,
        "cluster": {"size": clusters.size, "tiles": [list(pair) for pair in pairs_of(cluster)]},
        "next_square": None if better is None else {
            **_square(better.key, better.size, explored.zoom),
            "missing": [list(pair) for pair in pairs_of(better.missing)],
        },
    }  # fmt: skip


def _square(key: int, size: int, zoom: int) -> dict[str, Any]:
    """A square: tiles a side, its north-western tile, and its edges in degrees."""
    x, y = place_of(key)
    box = [round(edge, 7) for edge in square_box(key, size, zoom)]
    return {"size": size, "x": x, "y": y, "bbox": box}


def _history(explored: Explored) -> Iterator[dict[str, Any]]:
    history = explored.history
    numbers = (history.new, history.total, history.square, history.cluster)
    rows = zip(explored.activities, *(column.tolist() for column in numbers), strict=True)
    for activity, new, total, square, cluster in rows:
        yield {**_named(activity), "new": new, "total": total, "square": square, "cluster": cluster}


def _named(activity: Activity) -> dict[str, Any]:
    start = start_of(activity)
    return {
        "start": None if start is None else start.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "sport": activity.sport,
        "name": activity.name,
        "id": activity.id,
        "source": activity.source,
    }
