"""Libraries that tests make for themselves."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from slow import wander

from heatlas.core.context import NOBODY
from heatlas.core.window import Window
from heatlas.kernels.encode import encode_headers
from heatlas.library.file.bundles import BUNDLE, bundled
from heatlas.library.file.columns import COLUMNS, PIXELS, VALUES
from heatlas.library.file.digests import digest_of, text_of
from heatlas.library.file.keys import chunk_of, key, tile_of
from heatlas.library.file.opening import open_library
from heatlas.library.file.packing import pack
from heatlas.library.file.schema import APPLICATION_ID, MIGRATIONS
from heatlas.library.index.chunks import Chunk
from heatlas.library.maintenance import index, unindex
from heatlas.library.rows.activities import insert_activity
from heatlas.library.rows.copies import resolve
from heatlas.raster.tile_pixels import assembled
from heatlas.sources.time_zones import with_time_zones
from heatlas.tracks.metrics import METRICS
from heatlas.tracks.privacy import Privacy, hide

NOTHING = json.dumps({"read": 0, "unread": [], "warnings": [], "dropped": {}})
SECRET = b"0123456789abcdef" * 2


def walks(seed, count, lat=47.8, lon=10.9, n=120):
    """Tracks around one place: runs with heart rate, rides with power, some without times."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(count):
        track = wander(
            rng, n, step=rng.uniform(3, 30), lat=lat + rng.normal(0, 2e-4), lon=lon + rng.normal(0, 3e-4),
            sport="Run" if k % 2 else "Ride", source=f"{seed}-{k}-", start=1.7e9 + 86400.0 * k,
        )  # fmt: skip
        heart = np.clip(140 + np.cumsum(rng.normal(0, 2, n)), 60, 200).astype(np.float32)
        heart[rng.random(n) < 0.1] = np.nan
        columns = {"elevation": 600 + np.cumsum(rng.normal(0, 0.4, n)).astype(np.float32)}
        columns |= {"heart_rate": heart} if k % 3 else {"power": rng.uniform(0, 400, n).astype(np.float32)}
        time = np.full(n, np.nan) if k % 5 == 4 else track.time + 86400.0 * k
        cut = int(rng.integers(10, n - 10))
        found.append(
            replace(track, columns=columns, time=time, segments=np.array([0, cut, n]), tracks=np.array([0, 2]))
        )
    return found


def put(library, tracks, workers=1) -> list[int]:
    """Bring tracks into a library as an import does, in one group; returns their numbers."""
    with library.write() as link:
        link.execute("INSERT OR IGNORE INTO files VALUES (1, 'made', 0, 0, x'', x'', ?)", (NOTHING,))
        new = {insert_activity(link, 1, track): track for track in map(with_time_zones, tracks)}
        copies = resolve(link, new)
        unindex(link, copies.hide)
        index(link, copies.show, workers)
    return list(new)


def made(path, tracks, group=5, settings=None):
    """A new library with some tracks, brought in group by group."""
    from heatlas.library.file.settings import write_settings

    library = open_library(path, create=True)
    if settings is not None:
        with library.write() as link:
            write_settings(link, settings)
    for start in range(0, len(tracks), group):
        put(library, tracks[start : start + group])
    return library


def cut(tracks, privacy=None):
    """What may be seen of tracks."""
    return [hide(track, privacy or Privacy()) for track in tracks]


def rows(library):
    """All rows of all tables that hold data of activities, in order."""
    with library.read() as link:
        return {
            table: link.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
            for table in ("activities", "tracks", "passages", "activity_means", "files")
        }


@contextmanager
def first_columns():
    """The heatlas that knew no columns but 0 to 11: its libraries, taken to version 6, are real ones of before."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name, number in COLUMNS.items() if number > 11]:
            patch.delitem(COLUMNS, name)
            patch.delitem(VALUES, name)
            patch.setitem(METRICS, name, replace(METRICS[name], store=None))
        yield


def unfolded_rows(rows):
    """Rows of the index as they were written before columns were folded: by key and blob."""
    chunks = {}
    for number, data in rows:
        chunks.setdefault((tile_of(number), chunk_of(number)), []).append((number, data))
    for (tile, chunk), found in chunks.items():
        part = Chunk.of(found)
        columns = dict(part.columns)
        header, _ = encode_headers(part.ids, part.lengths, np.array([0, len(part.ids)]))
        yield key(PIXELS, *tile, chunk), pack(header.tobytes() + columns.pop(PIXELS))
        if bundled(columns):
            words = [len(columns), *(word for column, data in columns.items() for word in (column, len(data)))]
            columns = {BUNDLE: np.array(words, "<u4").tobytes() + b"".join(columns.values())}
        for column, data in columns.items():
            yield key(column, *tile, chunk), pack(data)


def as_grid(tile, zoom, x, y, measure):
    """A tile of the index as a grid over its window."""
    window = Window(256.0 * 2**zoom, 256 * x, 256 * y, 256, 256)
    return assembled(window, measure, [((x, y), tile)])


def step_back(link, step):
    """Take out of a library of today what steps of the schema after one, 7 to 10, have put in, and let it name that."""
    link.execute("DROP TABLE activity_marks")
    if step < 9:
        for table in ("activities", "zones"):
            link.execute(f"ALTER TABLE {table} DROP COLUMN person")
    link.execute("DELETE FROM digests WHERE part = 8 OR part = 0 AND key = 'heatlas'")
    (text,) = link.execute("SELECT value FROM meta WHERE name = 'heatlas'").fetchone()
    text = json.dumps({**json.loads(text), "step": step})
    link.execute("UPDATE meta SET value = ? WHERE name = 'heatlas'", (text,))
    copy = text_of("meta", ("heatlas", text))
    link.execute("INSERT INTO digests VALUES (0, 'heatlas', ?, ?)", (digest_of(0, "heatlas", copy), copy))
    if step < 8:
        link.execute("DROP TABLE digests")
        link.execute("DELETE FROM meta WHERE name = 'heatlas'")
    link.execute(f"PRAGMA user_version = {step}")


def older(path, new, version):
    """Write a library as it was at an older version of the schema, below 7, with what a new one holds."""
    link = sqlite3.connect(path)
    for statement in ("PRAGMA journal_mode = WAL", *itertools.chain(*MIGRATIONS[:version])):
        statement(link, NOBODY) if callable(statement) else link.execute(statement)
    link.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    link.execute("ATTACH ? AS new", (str(new),))
    for table in ("meta", "files", "activities", "tracks"):
        names = ", ".join(row[1] for row in link.execute(f"PRAGMA main.table_info({table})"))
        link.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM new.{table}")
    found = link.execute("SELECT key, data FROM new.passages").fetchall()
    link.executemany("INSERT INTO main.passages VALUES (?, ?)", unfolded_rows(found))
    link.execute("DELETE FROM main.meta WHERE name = 'heatlas'")
    if version < 4:
        link.execute("DELETE FROM main.meta WHERE name = 'copies'")
    link.execute(f"PRAGMA user_version = {version}")
    link.commit()
    link.close()
