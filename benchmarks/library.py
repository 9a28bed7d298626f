"""A library of many kilometres: its size, what adding one activity costs, and tiles drawn with filters.

    python benchmarks/library.py [--km 4000] [--at FILE] [SOURCE...]
    python benchmarks/library.py --grow 20000 [--fixes 300] [SOURCE...]

Activities are those of SOURCE, by default of a made-up athlete, and, until there are enough kilometres, copies of them
on other days, each moved by some metres and jittered, so that neither times nor pixels repeat. With --at the library
is kept there, and used again when it is there already. Tiles are drawn on one core; before each, SQLite's own cache is
emptied, so that every page is fetched anew (from the system's cache; --cold asks the system to forget it as well).
With --grow it only tells, for each thousand activities, the seconds of the processors that adding them took, of which
so many fixes are used: what costs more in a large library than in a small one is seen there.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from heatlas.core.batch import split
from heatlas.core.mercator import ground_metres
from heatlas.core.window import Window
from heatlas.demo import write_demo
from heatlas.kernels.path import TOLERANCE, progress_along
from heatlas.library.file.bundles import BUNDLE
from heatlas.library.file.columns import COLUMNS
from heatlas.library.file.keys import pixel_keys, tile_of
from heatlas.library.file.opening import open_library
from heatlas.library.index.drawing import draw
from heatlas.library.maintenance import compact, index
from heatlas.library.rows.activities import insert_activity
from heatlas.library.rows.copies import resolve
from heatlas.library.rows.merged import list_activities, select
from heatlas.raster.measure import parse_measure
from heatlas.sources.load import load

GROUP = 256
"""Activities of a transaction, as of an import."""
TILES = 40
"""Tiles of each zoom that are drawn, taken at random, beside the three fullest."""
ROUNDS = 3


APART = 900
"""Days between copies of one activity, at most."""
EARLIEST = 86400.0 * 4018
"""The year 1981: before 1980 times do not tell copies apart, and each is compared with all that go a similar way."""


def moved(track, days, rng):
    """A copy of a track on another day, some metres aside and a little shaken."""
    east, north = (float(metres) for metres in ground_metres(track.v[0]))
    aside = rng.normal(0, 4, 2)
    # Positions wander slowly, as those of a receiver do.
    shake = np.cumsum(rng.normal(0, 0.3, (2, track.fixes)), axis=1)
    shake -= np.linspace(0, 1, track.fixes) * shake[:, -1:]
    u, v = track.u + (aside[0] + shake[0]) / east, track.v + (aside[1] + shake[1]) / north
    activity = track.activities[0]
    start = None if activity.start is None else activity.start - 86400.0 * days
    return replace(
        track, u=u, v=v, time=track.time - 86400.0 * days,
        progress=progress_along(u, v, track.segments[[0, -1]], TOLERANCE),
        activities=(replace(activity, start=start, source=f"{activity.source}+{days}"),),
    )  # fmt: skip


def originals(sources, count=500):
    with tempfile.TemporaryDirectory() as folder:
        if not sources:
            write_demo(Path(folder) / "export", activities=count, seed=1)
            sources = [Path(folder) / "export"]
        batches, _ = load([Path(source) for source in sources])
    return [single for batch in batches for single in split(batch, [tuple(batch.columns)] * len(batch))]


def fill(library, tracks, km):
    """Bring tracks in, and copies until there are so many kilometres."""
    done, turn, endless = 0.0, 0, copies_of(tracks)
    seconds = Counter()
    while done < km * 1000:
        some = []
        while len(some) < GROUP and done < km * 1000:
            some.append(next(endless))
            done += some[-1].activities[0].distance or 0
        turn += len(some)
        seconds += add(library, some, time.perf_counter)
    started = time.perf_counter()
    compact(library)
    seconds["put together"] = time.perf_counter() - started
    with library.write() as link:
        link.execute("PRAGMA user_version")  # a commit, so that what was written before is on disk
    print(f"{turn:,} activities in: " + ", ".join(f"{what} {s:.1f} s" for what, s in seconds.items()))


def days_apart(tracks, count):
    """Days between copies of one activity with which `count` activities lie after EARLIEST."""
    first = min(track.activities[0].start for track in tracks if track.activities[0].start is not None)
    return min(APART, int((first - EARLIEST) / 86400 // max(1, -(-count // len(tracks)) - 1)))


def copies_of(tracks, apart=APART):
    """Tracks, and then copies of them on other days, for ever."""
    rng = np.random.default_rng(1)
    for turn in itertools.count():
        track = tracks[turn % len(tracks)]
        yield moved(track, apart * (turn // len(tracks)), rng) if turn >= len(tracks) else track


def add(library, some, clock):
    """Bring a group of tracks in; returns the seconds of each step."""
    with library.write() as link:
        said = '{"read": 1, "unread": [], "warnings": [], "dropped": {}}'
        link.execute("INSERT OR IGNORE INTO files VALUES (1, 'made', 0, 0, x'', x'', ?)", (said,))
        times = [clock()]
        new = {insert_activity(link, 1, track): track for track in some}
        times.append(clock())
        found = resolve(link, new)
        times.append(clock())
        index(link, found.show, os.cpu_count() or 1)
        times.append(clock())
    times.append(clock())
    assert not found.pairs
    return Counter(dict(zip(("stored", "copies sought", "indexed", "committed"), np.diff(times), strict=True)))


def grow(library, tracks, count):
    """Tell what each thousand activities cost."""
    endless = copies_of(tracks, days_apart(tracks, count))
    for first in range(0, count, 1000):
        seconds, left = Counter(), min(1000, count - first)
        while left:
            some = list(itertools.islice(endless, min(GROUP, left)))
            left -= len(some)
            seconds += add(library, some, time.process_time)
        size = (library.path.stat().st_size + library.path.with_name(f"{library.path.name}-wal").stat().st_size) / 1e6
        told = ", ".join(f"{what} {s:.1f}" for what, s in seconds.items())
        print(f"{first:6,} there: {seconds.total():.1f} s: {told}; {size:,.0f} MB with the log", flush=True)


def shortened(track, fixes):
    """The first fixes of a track."""
    count = min(fixes, track.fixes)
    return replace(
        track, **{name: getattr(track, name)[:count] for name in ("u", "v", "time", "progress")},
        columns={name: column[:count] for name, column in track.columns.items()},
        segments=np.unique(np.minimum(track.segments, count)), tracks=np.array([0, np.sum(track.segments < count)]),
    )  # fmt: skip


def sizes(library, km):
    with library.read() as link:
        rows = link.execute("SELECT metric, count(*), sum(bytes) FROM chunks GROUP BY metric").fetchall()
        names = {number: name for name, number in COLUMNS.items()} | {BUNDLE: "together in small chunks"}
        found = {names[metric]: (count, size) for metric, count, size in rows}
        tracks, fixes = link.execute(
            "SELECT (SELECT sum(length(data)) FROM tracks), (SELECT sum(fixes) FROM activities)"
        ).fetchone()
    pixels, others = found["pixels"][1], sum(size for _, size in found.values()) - found["pixels"][1]
    per_run = 8 / km  # of 8 km
    print(
        f"pixel columns {pixels / 1e6:.1f} MB ({1000 * pixels * per_run / 1e6:.1f} MB per 1,000 runs of 8 km), "
        f"in {found['pixels'][0]:,} tiles"
    )
    told = ", ".join(f"{name} {size / 1e6:.1f}" for name, (_, size) in found.items() if name != "pixels")
    print(f"metric columns {others / 1e6:.1f} MB: {told}")
    size = library.path.stat().st_size
    print(f"tracks {tracks / 1e6:.1f} MB ({tracks / fixes:.1f} bytes a fix); file {size / 1e6:.1f} MB")


def chosen_tiles(library):
    """Of each zoom some of the fullest tiles, and some at random."""
    rng = np.random.default_rng(2)
    with library.read() as link:
        rows = link.execute("SELECT key, length(data) FROM passages WHERE key BETWEEN ? AND ?", pixel_keys()).fetchall()
    sizes = {}
    for key, size in rows:
        sizes[tile_of(key)] = sizes.get(tile_of(key), 0) + size  # of all of its chunks
    by_zoom = {}
    for tile, size in sizes.items():
        by_zoom.setdefault(tile[0], []).append((size, tile))
    full, anyone = [], []
    for tiles in by_zoom.values():
        tiles.sort(reverse=True)
        full += [tile for _, tile in tiles[:3]]
        anyone += [tiles[k][1] for k in rng.permutation(len(tiles))[:TILES]]
    return full, anyone


def drawn(library, tiles, measure, keep, cold):
    """Milliseconds of each tile: the least of ROUNDS, since others use the machine as well."""
    return np.array([min(once(library, tile, measure, keep, cold) for _ in range(ROUNDS)) for tile in tiles])


def once(library, tile, measure, keep, cold):
    with library.read() as link:
        link.execute("PRAGMA shrink_memory")
    if cold:
        with library.path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    started = time.perf_counter()
    draw(library, of_tile(tile), measure, keep)
    return 1e3 * (time.perf_counter() - started)


def of_tile(tile):
    zoom, x, y = tile
    return Window(256.0 * 2**zoom, 256 * x, 256 * y, 256, 256)


def filters(library):
    """No filter, one sport, and a third of the dates."""
    activities = list_activities(library)
    starts = {k: activity.start for k, activity in activities.items() if activity.start is not None}
    first, last = np.quantile(list(starts.values()), [1 / 3, 2 / 3])
    between = np.zeros(max(activities) + 1, bool)
    between[[k for k, start in starts.items() if first <= start < last]] = True
    return {"no filter": None, "one sport": select(library, sports=["Run"]), "a third of the dates": between}


def tell_tiles(library, cold):
    full, anyone = chosen_tiles(library)
    for measure in map(parse_measure, ("passes", "activities", "fixes", "seconds", "pace", "heart_rate")):
        once(library, full[0], measure, None, False)  # compiles
        for name, keep in filters(library).items():
            some, hot = (drawn(library, tiles, measure, keep, cold) for tiles in (anyone, full))
            print(
                f"{measure!s:16} {name:20} any tile: median {np.median(some):.2f}, p99 {np.quantile(some, 0.99):.2f}; "
                f"fullest: median {np.median(hot):.2f}, worst {hot.max():.2f} ms"
            )
    passes = parse_measure("passes")
    most, tile = max((int(draw(library, of_tile(tile), passes).total.sum()), tile) for tile in full)
    print(f"hottest tile {tile}: {most:,} passages in {drawn(library, [tile], passes, None, cold)[0]:.2f} ms")
    halo = drawn_window(library, of_tile(tile).grown(20), passes)
    print(f"the same with a halo of 20 px, nine tiles: {halo:.2f} ms")


def drawn_window(library, window, measure):
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        draw(library, window, measure)
        taken.append(1e3 * (time.perf_counter() - started))
    return min(taken)


def add_one(library, tracks):
    """Milliseconds of adding one activity: rows, track, copies sought, index, commit."""
    known = max(list_activities(library))
    rng = np.random.default_rng(known)
    before = APART * (known // len(tracks) + 1)
    taken = []
    for k in range(20):
        track = moved(tracks[rng.integers(len(tracks))], before + k, rng)
        started = time.perf_counter()
        with library.write() as link:
            found = resolve(link, {insert_activity(link, 1, track): track})
            index(link, found.show, os.cpu_count() or 1)
        assert not found.pairs
        taken.append((1e3 * (time.perf_counter() - started), (track.activities[0].distance or 0) / 1000))
    taken.sort()
    print(
        f"adding one activity: median {taken[10][0]:.0f} ms ({taken[10][1]:.0f} km), "
        f"worst {taken[-1][0]:.0f} ms ({taken[-1][1]:.0f} km)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*")
    parser.add_argument("--km", type=float, default=4000)
    parser.add_argument("--at", type=Path)
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--grow", type=int, default=0)
    parser.add_argument("--fixes", type=int, default=1 << 62)
    options = parser.parse_args()
    tracks = [shortened(track, options.fixes) for track in originals(options.sources, max(500, options.grow // 14))]
    with tempfile.TemporaryDirectory() as folder:
        path = options.at or Path(folder) / "library.db"
        there = path.exists()
        with open_library(path, create=True) as library:
            if options.grow:
                grow(library, tracks, options.grow)
                return
            if not there:
                fill(library, tracks, options.km)
            activities = list_activities(library)
            km = sum(a.distance or 0 for a in activities.values()) / 1000
            print(f"{len(activities):,} activities, {km:,.0f} km")
            sizes(library, km)
            tell_tiles(library, options.cold)
            add_one(library, tracks)


if __name__ == "__main__":
    main()
