"""What a map of correlations shows where there is nothing to show: heart rates shifted along each activity.

    python benchmarks/null_relations.py [--at LAT,LON] [--zoom 14] SOURCE...

Of corr(pace, heart_rate) the share of the pixels with a value whose |r| is above 0.35, and the correlation of all, as
recorded and with heart rates that belong to other places: rolled by 15 to 85 % of each activity. Pixels as they are
counted, and smoothed as pictures are. Figures are in docs/explanation/metrics.md.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np

import heatlas
from heatlas.core.mercator import from_lonlat
from heatlas.core.window import Window
from heatlas.raster.gaussian import Smoothing, default_smoothing
from heatlas.raster.measure import parse_measure
from heatlas.raster.pipeline import heat

SHIFTS = (0.15, 0.25, 0.35, 0.5, 0.65, 0.75, 0.85)
STRONG = 0.35


def shifted(batch, share):
    """The same with the heart rate of another part of each activity."""
    rate = batch.columns["heart_rate"].copy()
    for first, last in itertools.pairwise(batch.segments[batch.tracks].tolist()):
        rate[first:last] = np.roll(rate[first:last], int(share * (last - first)))
    return replace(batch, columns={**batch.columns, "heart_rate": rate})


def strong(batches, window, smoothing):
    """Number of pixels on paths with a value, the share of strong ones, and the correlation of all."""
    drawn = heat(batches, window, parse_measure("corr(pace, heart_rate)"), smoothing)
    values = drawn.smoothed.values[drawn.bare.filled]
    values = values[np.isfinite(values)]
    return len(values), float((np.abs(values) > STRONG).mean()), drawn.smoothed.fitted[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--at")
    parser.add_argument("--zoom", type=int, default=14)
    options = parser.parse_args()
    tracks = heatlas.open(*options.sources)
    batches = [batch for batch in tracks.batches if "heart_rate" in batch.columns]
    west, south, east, north = tracks.places()[0].bbox
    lat, lon = map(float, options.at.split(",")) if options.at else ((south + north) / 2, (west + east) / 2)
    u, v = from_lonlat(lon, lat)
    scale, size = 256.0 * 2**options.zoom, 1024 << max(0, options.zoom - 14)
    window = Window(scale, int(u * scale) - size // 2, int(v * scale) - size // 2, size, size)
    for name, smoothing in (("as counted", Smoothing(pixels=0)), ("smoothed", default_smoothing())):
        pixels, share, pooled = strong(batches, window, smoothing)
        null = [strong([shifted(batch, part) for batch in batches], window, smoothing) for part in SHIFTS]
        shares, others = [one[1] for one in null], [one[2] for one in null]
        print(
            f"{name:10} {pixels:6} pixels, r of all {pooled:+.2f}, beyond {STRONG}: {share:.1%}; shifted: "
            f"{np.mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%}), r of all {np.mean(others):+.2f}"
        )


if __name__ == "__main__":
    main()
