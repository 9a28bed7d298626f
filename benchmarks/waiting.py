"""How well `wait` agrees with the time that somebody stood, worked out fix by fix.

    python benchmarks/waiting.py [--resolution 2.4] [--side 8] SOURCE...

Somebody stands at a fix where the speed over 10 s is below that of motion. The seconds of a passage times the share of
it at such fixes is the time stood. Passages of the busiest place, in a square of so many kilometres a side. Each figure
for seconds - metres * pace as it is, and for `wait`, whose first 2 s count 0. Figures are in
docs/explanation/metrics.md.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

import heatlas
from heatlas.dataset.places import around
from heatlas.raster.draw_tracks import draw
from heatlas.raster.measure import parse_measure
from heatlas.tracks.metrics.fixes import STOPPED
from heatlas.tracks.metrics.motion import Motion

WORKERS = 2
HELD = "temperature"
"""Column that holds whether somebody stands: one that no measure here reads."""


def raw(columns):
    """Seconds of waiting as they follow, whatever their size."""
    pace, seconds = columns["pace"], columns["seconds"]
    return np.where(np.isnan(pace), seconds, np.maximum(seconds - columns["metres"] * pace, 0.0))


def stood(columns):
    """Seconds at fixes where somebody stands."""
    return columns["seconds"] * columns[HELD]


def define():
    heatlas.metric("stood", stood, reads=("seconds", HELD), unit="s")
    heatlas.metric("raw_wait", raw, reads=("seconds", "metres", "pace"), unit="s")
    for name in ("raw_wait", "wait"):
        heatlas.metric(
            f"false_{name}", lambda columns, name=name: 1.0 * ((columns[name] > 0) & (columns["stood"] == 0)),
            reads=(name, "stood"),
        )  # fmt: skip
    heatlas.metric("unmoved", lambda columns: 1.0 * (columns["stood"] == 0), reads=("stood",))


def marked(batch):
    """The same with who stands in a column."""
    still = (Motion(batch).speed < STOPPED).astype(np.float32)
    return replace(batch, columns={**batch.columns, HELD: still})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--resolution", type=float, default=2.4)
    parser.add_argument("--side", type=float, default=8.0)
    options = parser.parse_args()
    define()
    tracks = heatlas.open(*options.sources)
    batches = [marked(batch) for batch in tracks.batches]
    west, south, east, north = tracks.places()[0].bbox
    lat, lon = (south + north) / 2, (west + east) / 2
    window = tracks.window(around(lat, lon, options.side * 500), resolution=options.resolution)

    def total(metric):
        return draw(batches, window, parse_measure(metric), WORKERS).planes["x"].astype(np.float64)

    exact, unmoved = total("stood"), total("unmoved").sum()
    passed = draw(batches, window, parse_measure("passes"), WORKERS).filled
    for name in ("raw_wait", "wait"):
        found = total(name)
        seeming = total(f"false_{name}").sum() / unmoved
        astray = found[exact == 0].sum() / found.sum()
        r = np.corrcoef(found[passed], exact[passed])[0, 1]
        print(
            f"{name:9} {seeming:6.1%} of passages in which nobody stood seem to wait; {astray:6.1%} of the sum where "
            f"nobody stood; r {r:.3f} over {passed.sum():,} pixels"
        )


if __name__ == "__main__":
    main()
