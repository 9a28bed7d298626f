"""Tile pyramids: a whole one of a city against datashader's render_tiles, and one brought up to date.

    python benchmarks/pyramid.py [--zooms 0-16] [--rounds 3] [SOURCE...]
    python benchmarks/pyramid.py --library FILE [--activities 5000]

Of SOURCE (by default the export of `heatlas demo`) a library is made, and all tiles of the zooms are written to a
folder: by heatlas from the library, and by datashader's render_tiles from the same tracks in memory, with dask's
threads, which are the quickest of its schedulers here. datashader writes empty tiles too: tiles a second are told of
all files, and of those that hold anything. gdal2tiles cuts the finest zoom as one picture, where it is installed.

With --library, the second run after one more activity: FILE is made when it is not there, of made-up activities and
copies of them that were moved. Each round adds one activity to it for good. Seconds of CPU are told too, as others may
use the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
from library import APART, GROUP, moved, originals
from PIL import Image

from heatlas.demo import write_demo
from heatlas.library.collection import tracks_of
from heatlas.library.file.opening import open_library
from heatlas.library.imports import import_sources
from heatlas.library.maintenance import compact, index
from heatlas.library.rows.activities import insert_activity
from heatlas.library.rows.copies import resolve
from heatlas.library.rows.merged import list_activities
from heatlas.options import RenderOptions, ViewportOptions
from heatlas.publish.publishing import publish

EDGE = 20037508.342789244
ROUNDS = 3


def of_zooms(zooms):
    return RenderOptions(frame=ViewportOptions(zoom=f"{zooms[0]}-{zooms[1]}"))


def library_of(sources, folder):
    if not sources:
        write_demo(folder / "demo", seed=1, activities=200)
        sources = [folder / "demo"]
    path = folder / "library.db"
    with open_library(path, create=True) as library:
        import_sources(library, [Path(source) for source in sources])
        km = sum(a.distance or 0 for a in list_activities(library).values()) / 1000
        print(f"{len(list_activities(library)):,} activities, {km:,.0f} km")
    return path


def ours(path, folder, zooms, rounds):
    """Seconds of the quickest of some runs from nothing, and what was written."""
    taken = []
    for _ in range(rounds):
        shutil.rmtree(folder, ignore_errors=True)
        started = time.perf_counter()
        report = publish(path, folder, of_zooms(zooms))
        taken.append(time.perf_counter() - started)
    return min(taken), report


def frame_of(path):
    import pandas as pd

    with open_library(path) as library:
        tracks = tracks_of(library, columns=())
    parts = []
    for batch in tracks.batches:
        for first, last in zip(batch.segments[:-1], batch.segments[1:], strict=True):
            parts += [np.stack((batch.u[first:last], batch.v[first:last])), np.full((2, 1), np.nan)]
    u, v = np.concatenate(parts, axis=1)
    return pd.DataFrame({"x": (2 * u - 1) * EDGE, "y": (1 - 2 * v) * EDGE})


def theirs(frame, folder, zooms):
    """Seconds by zoom, files, and files that hold anything."""
    import dask
    import datashader as ds
    import datashader.transfer_functions as tf
    from datashader.tiles import render_tiles

    dask.config.set(scheduler="threads")
    extent = (frame.x.min(), frame.y.min(), frame.x.max(), frame.y.max())

    def lines(data, x_range, y_range, height, width):
        canvas = ds.Canvas(plot_width=width, plot_height=height, x_range=x_range, y_range=y_range)
        return canvas.line(data, "x", "y", agg=ds.count())

    shade = partial(tf.shade, cmap=["#33001a", "#ffcc00"], how="log")
    shutil.rmtree(folder, ignore_errors=True)
    lines(frame, extent[::2], extent[1::2], 16, 16)  # compiles
    taken = {}
    for zoom in range(zooms[0], zooms[1] + 1):
        started = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            render_tiles(
                extent, [zoom], lambda x_range, y_range: frame, lines, shade, lambda image, **_: image, str(folder)
            )
        taken[zoom] = time.perf_counter() - started
    files = list(Path(folder).rglob("*.png"))
    held = sum(bool(np.asarray(Image.open(file).convert("RGBA"))[..., 3].any()) for file in files)
    return taken, len(files), held


def gdal(path, folder, zooms):
    """gdal2tiles on one picture of the finest zoom, which heatlas wrote."""
    tool = shutil.which("gdal2tiles.py") or shutil.which("gdal2tiles")
    if tool is None:
        print("gdal2tiles is not installed")
        return
    from heatlas import render

    picture = folder / "whole.tif"
    render(path, output=picture, zoom=zooms[1], all=True, rgba=True)
    started = time.perf_counter()
    asked = [f"--zoom={zooms[0]}-{zooms[1]}", "--xyz", "-x", f"--processes={os.cpu_count()}", "-q"]
    subprocess.run([tool, *asked, str(picture), str(folder / "gdal")], check=True)
    taken = time.perf_counter() - started
    files = len(list((folder / "gdal").rglob("*.png")))
    print(f"gdal2tiles, of one picture: {files:,} tiles in {taken:.1f} s, {files / taken:,.0f} tiles/s")


def whole(sources, zooms, rounds):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = library_of(sources, folder)
        publish(path, folder / "warm", of_zooms((10, 11)))  # compiles
        frame = frame_of(path)
        seconds, report = ours(path, folder / "ours", zooms, rounds)
        written = report["tiles"]["written"]
        rate = written / seconds
        print(
            f"heatlas:    {written:,} tiles of zooms {zooms[0]} to {zooms[1]} in {seconds:.2f} s: {rate:,.0f} tiles/s"
        )
        by_zoom, files, held = theirs(frame, folder / "theirs", zooms)
        took = sum(by_zoom.values())
        print(
            f"datashader: {files:,} tiles in {took:.1f} s: {files / took:,.1f} tiles/s, "
            f"{took / seconds:.0f} times as long"
        )
        print(f"            {held:,} of them hold anything: {held / took:,.1f} tiles/s")
        print("            by zoom: " + ", ".join(f"{zoom}: {s:.1f} s" for zoom, s in by_zoom.items()))
        again, _ = ours(path, folder / "ours", zooms, rounds)
        rate = written / min(again, seconds)
        print(f"heatlas again: {again:.2f} s; {rate / (files / took):.0f} times as many tiles/s, "
              f"{rate / (held / took):.0f} times as many that hold anything")  # fmt: skip
        gdal(path, folder, zooms)


def fill(library, tracks, wanted):
    """Bring in so many activities: tracks, and copies of them moved by some metres on other days."""
    rng = np.random.default_rng(1)
    for start in range(0, wanted, GROUP):
        some = []
        for turn in range(start, min(start + GROUP, wanted)):
            track = tracks[turn % len(tracks)]
            some.append(moved(track, APART * (turn // len(tracks)), rng) if turn >= len(tracks) else track)
        add(library, some)
    compact(library)


def add(library, tracks):
    with library.write() as link:
        link.execute("INSERT OR IGNORE INTO files VALUES (1, 'made', 0, 0, x'', x'', '{}')")
        index(
            link, resolve(link, {insert_activity(link, 1, track): track for track in tracks}).show, os.cpu_count() or 1
        )


def updated(path, wanted, zooms, rounds):
    tracks = originals([])
    with open_library(path, create=True) as library:
        if not list_activities(library):
            fill(library, tracks, wanted)
        print(f"{len(list_activities(library)):,} activities, a library of {path.stat().st_size / 1e6:.0f} MB")
    with tempfile.TemporaryDirectory() as name:
        for output in ("tiles", "heat.mbtiles", "heat.pmtiles"):
            tell_update(path, Path(name) / output, tracks, zooms, rounds)


def tell_update(path, output, tracks, zooms, rounds):
    started = time.perf_counter()
    report = publish(path, output, of_zooms(zooms))
    took = time.perf_counter() - started
    print(f"{output.name}: {report['tiles']['written']:,} tiles, {report['bytes'] / 1e6:.0f} MB in {took:.1f} s")
    rng = np.random.default_rng(time.time_ns() % 1000)
    for _ in range(rounds):
        track = tracks[int(rng.integers(len(tracks)))]
        with open_library(path) as library:
            add(library, [moved(track, int(rng.integers(10_000, 12_000)), rng)])  # before all others
        started, busy = time.perf_counter(), time.process_time()
        report = publish(path, output, of_zooms(zooms))
        took, busy = time.perf_counter() - started, time.process_time() - busy
        stages = ", ".join(f"{stage} {s:.2f} s" for stage, s in report["seconds"].items())
        counts = ", ".join(f"{what} {count:,}" for what, count in report["tiles"].items())
        km = (track.activities[0].distance or 0) / 1000
        print(f"  one more of {km:.0f} km: {took:.2f} s, {busy:.2f} s of CPU ({stages}); {counts}")
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", COMMAND.format(path=str(path), output=str(output), options=of_zooms(zooms))],
            check=True,
        )
        print(f"  a new process that finds nothing to do: {time.perf_counter() - started:.2f} s")


COMMAND = """
from heatlas.options import *
from heatlas.publish.publishing import publish
publish({path!r}, {output!r}, {options!r})
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*")
    parser.add_argument("--zooms", default="0-16")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--activities", type=int, default=5000)
    options = parser.parse_args()
    asked = tuple(int(zoom) for zoom in options.zooms.split("-"))
    if options.library:
        updated(options.library, options.activities, asked, options.rounds)
    else:
        whole(options.sources, asked, options.rounds)
