"""Tracing against datashader's Canvas.line: the same tracks, the same window, in one run.

    python benchmarks/tracing.py SOURCE...

Both count into a grid that is new each time; what is timed is counting alone, from coordinates in memory to
the grid. datashader counts legs per pixel (a lap counts again, so does jitter); heatlas counts passes.
Seconds of the processor are what to compare where other programs run at the same time.
"""

from __future__ import annotations

import sys
import time

import datashader as ds
import numpy as np
import pandas as pd

import heatlas
from heatlas.dataset.places import bbox_window
from heatlas.raster.draw_tracks import draw
from heatlas.raster.measure import parse_measure

ROUNDS = 30
PASSES = parse_measure("passes")


def in_turns(functions):
    """Seconds of each function in ROUNDS turns, (functions, turns, 2): on the wall and of the processor.

    Whoever else uses the machine disturbs all alike.

    Twice in each turn, as the first time finds the processor's caches full of what another left there: the second
    counts.
    """
    seconds = [[] for _ in functions]
    for _ in range(ROUNDS + 2):  # the first two to warm up
        for function, taken in zip(functions, seconds, strict=True):
            for _ in range(2):
                started = time.perf_counter(), time.process_time()
                function()
                spent = time.perf_counter() - started[0], time.process_time() - started[1]
            taken.append(spent)
    return np.array(seconds)[:, 2:]


def main() -> None:
    tracks = heatlas.open(*sys.argv[1:], columns=())
    # One table of lines, with a NaN between segments, is what Canvas.line is quickest with.
    u, v = [], []
    for batch in tracks.batches:
        for first, last in zip(batch.segments[:-1], batch.segments[1:], strict=True):
            u += [batch.u[first:last], [np.nan]]
            v += [batch.v[first:last], [np.nan]]
    table = pd.DataFrame({"x": np.concatenate(u), "y": np.concatenate(v)})
    place = tracks.places()[0].bbox
    print(f"{len(tracks):,} tracks, {tracks.fixes:,} fixes")
    windows = {
        "default window": bbox_window(place),
        "half as fine": bbox_window(place, width=2048),
        "1024 px": bbox_window(place, width=1024),
    }
    middle = (place[1] + place[3]) / 2, (place[0] + place[2]) / 2
    from heatlas.dataset.places import around

    windows["1 m, 4 km across"] = bbox_window(around(*middle, 2000), resolution=1.0)
    for name, window in windows.items():
        canvas = ds.Canvas(
            window.width,
            window.height,
            x_range=(window.x / window.scale, (window.x + window.width) / window.scale),
            y_range=(window.y / window.scale, (window.y + window.height) / window.scale),
        )
        seconds = in_turns(
            [
                lambda canvas=canvas: canvas.line(table, "x", "y", agg=ds.count()),
                lambda window=window: draw(tracks.batches, window, PASSES),
                lambda window=window: draw(tracks.batches, window, PASSES, workers=1),
            ]
        )
        print(f"{name:18} {window.width}x{window.height} at {window.resolution:.2f} m:")
        for of, figure in (("least", np.min), ("median", np.median)):
            for kind, k in (("wall", 0), ("processor", 1)):
                theirs, ours, one = (figure(taken) for taken in seconds[:, :, k])
                print(
                    f"    {kind:9}, {of:6} datashader {theirs * 1e3:.1f} ms, heatlas {ours * 1e3:.2f} ms (one thread "
                    f"{one * 1e3:.2f}): {theirs / ours:.1f} times (one thread {theirs / one:.1f})"
                )


if __name__ == "__main__":
    main()
