"""Which recordings have elevations that leap, and whether slopes of phones are those of barometers.

    python benchmarks/elevations.py [--phones "Sports Tracker,Endomondo"] SOURCE...

Of each recording device the activities with elevations, and how many of them have no slopes that can be trusted. With
the names of devices that are phones: of the pixels of 20 m that both kinds passed, how many of those where the phones
climb more than 3 % climb more than 2 % by the others; the same between two halves of the others. Figures are in
docs/explanation/metrics.md.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

import heatlas
from heatlas.core.batch import split
from heatlas.raster.draw_tracks import draw
from heatlas.raster.measure import parse_measure
from heatlas.tracks.metrics.fixes import CLIMBING, grade, trusted_grade
from heatlas.tracks.metrics.motion import Motion

WORKERS = 2
HALF = 50.0
"""Metres on either side, over which slopes are taken."""
HELD = "temperature"
"""Column that holds slopes: one that no measure here reads."""


def tell_devices(singles):
    counts, leaping = Counter(), Counter()
    for single in singles:
        known = np.isfinite(grade(HALF)(Motion(single))).any()
        device = single.activities[0].device or "unknown"
        counts[device] += bool(known)
        leaping[device] += bool(known and not np.isfinite(trusted_grade(HALF)(Motion(single))).any())
    for device, count in counts.most_common():
        if count:
            print(f"{device:40} {count:4} activities with elevations, of {leaping[device]:4} they leap")


def slopes(singles, window):
    """Mean slope of some activities in each pixel, percent."""
    held = [
        replace(one, columns={**one.columns, HELD: grade(HALF)(Motion(one)).astype(np.float32)})
        for one in singles
        if "elevation" in one.columns
    ]
    return draw(held, window, parse_measure(f"mean({HELD})"), WORKERS).values


def compare(name, ours, theirs):
    both = np.isfinite(ours) & np.isfinite(theirs)
    climbs = both & (ours > CLIMBING)
    share = (theirs[climbs] > CLIMBING - 1).mean() if climbs.any() else np.nan
    print(
        f"{name}: of {climbs.sum():,} pixels where the first climb more than 3 %, the second climb 2 % in {share:.0%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--phones", default="")
    options = parser.parse_args()
    tracks = heatlas.open(*options.sources)
    singles = [single for batch in tracks.batches for single in split(batch, [tuple(batch.columns)] * len(batch))]
    tell_devices(singles)
    words = [word.strip().lower() for word in options.phones.split(",") if word.strip()]
    if not words:
        return
    window = tracks.window(tracks.places()[0].bbox, resolution=20)
    is_phone = [any(word in (one.activities[0].device or "").lower() for word in words) for one in singles]
    phones = [one for one, phone in zip(singles, is_phone, strict=True) if phone]
    others = [one for one, phone in zip(singles, is_phone, strict=True) if not phone]
    first, second = slopes(others[::2], window), slopes(others[1::2], window)
    compare("phones and others", slopes(phones, window), slopes(others, window))
    compare("two halves of the others", first, second)


if __name__ == "__main__":
    main()
