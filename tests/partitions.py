"""Partitions that tests make: persons who walk about in one town, and what a slow one counts of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LAT, LON = 47.8, 10.9


def trips_of(persons=8, trips=2, fixes=120, seed=3, lon=LON):
    """Rows of trips: person, trip, time, lat, lon, heart rate, private; all persons cross near one place."""
    rng = np.random.default_rng(seed)
    made = []
    for person in range(persons):
        for trip in range(trips):
            turn = np.cumsum(rng.normal(0, 0.15, fixes))
            x, y = np.cumsum(4 * np.cos(turn)), np.cumsum(4 * np.sin(turn))
            x, y = x - x[fixes // 2] + rng.normal(0, 6), y - y[fixes // 2] + rng.normal(0, 6)
            made.append(
                {
                    "person": f"p{person:02}", "trip": f"{person}-{trip}",
                    "time": 1.6e9 + 86400 * (trip + trips * person) + np.arange(fixes) * 2.0,
                    "lat": LAT + y / 111_000, "lon": (lon + x / 74_500 + 180) % 360 - 180,
                    "heart_rate": np.float32(140) + np.round(rng.normal(0, 8, fixes)).astype(np.float32),
                }
            )  # fmt: skip
    return made


def table_of(trips) -> pa.Table:
    """One table of all rows of some trips."""
    columns = {}
    for name, first in trips[0].items():
        if isinstance(first, np.ndarray):
            columns[name] = pa.array(np.concatenate([trip[name] for trip in trips]))
        else:
            columns[name] = pa.array([trip[name] for trip in trips for _ in trip["lat"]])
    return pa.table(columns)


def write_partitions(folder, trips, count):
    """Write trips into so many partitions, each person into one of them; returns the folder."""
    folder.mkdir()
    persons = sorted({trip["person"] for trip in trips})
    for k, some in enumerate(np.array_split(persons, min(count, len(persons)))):
        table = table_of([trip for trip in trips if trip["person"] in set(some.tolist())])
        pq.write_table(table, folder / f"part-{k:03}.parquet")
    return folder
