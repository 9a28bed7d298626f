"""The whole job, files to PNG, against the ordinary Python way on the same files in one run.

    python benchmarks/whole_job.py [--peer-files N] SOURCE...

The ordinary way: fitdecode or gpxpy for reading, pandas and datashader for lines, a Gaussian blur with SciPy, a
log scale, Pillow. heatlas runs as a command of its own, its start-up included; the peer's imports are not
counted. With --peer-files the peer reads only so many of the files, evenly picked, and its reading time is scaled up by
bytes; the figure then says so. For a large export without data of one's own: heatlas demo DIR --activities 2500.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from heatlas.sources.archive import Entry, entries, unpack
from heatlas.sources.sniff import kind


def collect(sources: list[str]) -> list[tuple[str, bytes]]:
    """All FIT and GPX files, unpacked."""
    found = []
    for entry in entries([Path(source) for source in sources]):
        if isinstance(entry, Entry):
            found += [part for part in unpack(entry.name, entry.read()) if isinstance(part, tuple)]
    return [(name, data) for name, data in found if kind(data) in {"fit", "gpx"}]


def read_fit(data: bytes) -> list[tuple[float, float]]:
    import fitdecode

    points = []
    with fitdecode.FitReader(io.BytesIO(data), error_handling=fitdecode.ErrorHandling.IGNORE) as reader:
        for frame in reader:
            if frame.frame_type == fitdecode.FIT_FRAME_DATA and frame.name == "record":
                lat = frame.get_value("position_lat", fallback=None)
                lon = frame.get_value("position_long", fallback=None)
                if lat is not None and lon is not None:
                    points.append((lon * 180 / 2**31, lat * 180 / 2**31))
    return points


def read_gpx(data: bytes) -> list[tuple[float, float]]:
    import gpxpy

    gpx = gpxpy.parse(io.BytesIO(data))
    return [(p.longitude, p.latitude) for track in gpx.tracks for s in track.segments for p in s.points]


def ordinary_way(files: list[tuple[str, bytes]], window, out: Path) -> tuple[float, float]:
    """Seconds for reading, and for drawing."""
    import datashader as ds
    import pandas as pd
    from PIL import Image
    from scipy.ndimage import gaussian_filter

    started = time.perf_counter()
    x, y = [], []
    for _, data in files:
        try:
            points = read_fit(data) if kind(data) == "fit" else read_gpx(data)
        except Exception:  # noqa: BLE001 - the peer's libraries raise all sorts of things on damaged files
            continue
        for lon, lat in points:
            x.append(lon / 360 + 0.5)
            y.append(0.5 - math.atanh(math.sin(math.radians(lat))) / (2 * math.pi))
        x.append(math.nan)
        y.append(math.nan)
    read = time.perf_counter()
    scale = window["scale"]
    canvas = ds.Canvas(
        window["width"],
        window["height"],
        x_range=(window["x"] / scale, (window["x"] + window["width"]) / scale),
        y_range=(window["y"] / scale, (window["y"] + window["height"]) / scale),
    )
    counts = canvas.line(pd.DataFrame({"x": x, "y": y}), "x", "y", agg=ds.count()).values
    shown = np.log1p(gaussian_filter(counts.astype(np.float32), 2.0))
    grey = (255 * shown / max(shown.max(), 1e-9)).astype(np.uint8)
    rgba = np.zeros((*grey.shape, 4), np.uint8)
    rgba[..., 0], rgba[..., 1], rgba[..., 3] = 255, 255 - grey, grey
    Image.fromarray(rgba).save(out)
    return read - started, time.perf_counter() - read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--peer-files", type=int, default=0)
    options = parser.parse_args()
    files = collect(options.sources)
    size = sum(len(data) for _, data in files)
    print(f"{len(files):,} files, {size / 1e6:.1f} MB")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "export"
        source.mkdir()
        for k, (_, data) in enumerate(files):
            (source / f"{k:06}.{kind(data)}").write_bytes(data)
        out = Path(folder) / "heat.png"
        command = [sys.executable, "-m", "heatlas", "render", str(source), "-o", str(out), "--json", "-q"]
        # As after an install, modules need not be compiled to byte code at every start.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        run = partial(subprocess.run, command, check=True, capture_output=True, env=environment)
        run()  # compiles, and warms the disk's cache
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            report = json.loads(run().stdout)
            seconds.append(time.perf_counter() - started)
        ours = sorted(seconds)[1]
        stages = ", ".join(f"{name} {value:.2f}" for name, value in report["seconds"].items())
        print(
            f"heatlas: {ours:.2f} s as a whole process ({stages}); {report['activities']:,} activities, "
            f"{report['fixes']:,} fixes, {len(report['files']['failed'])} files failed"
        )
        scale = 256 * 2 ** report["window"]["zoom"]
        west, _, _, north = report["window"]["bbox"]
        window = {
            "scale": scale,
            "width": report["window"]["width"],
            "height": report["window"]["height"],
            "x": (west / 360 + 0.5) * scale,
            "y": (0.5 - math.atanh(math.sin(math.radians(north))) / (2 * math.pi)) * scale,
        }  # fmt: skip
        step = max(1, len(files) // options.peer_files) if options.peer_files else 1
        sample = files[::step]
        ordinary_way(sample[:2], window, Path(folder) / "warm.png")
        reading, drawing = ordinary_way(sample, window, Path(folder) / "peer.png")
        share = sum(len(data) for _, data in sample) / size
        theirs = reading / share + drawing
        scaled = "" if share == 1 else f" (reading scaled up from {len(sample)} files, {share:.1%} of the bytes)"
        print(f"ordinary way: reading {reading / share:.1f} s, drawing {drawing:.1f} s{scaled}")
        print(f"heatlas is {theirs / ours:.0f} times faster")


if __name__ == "__main__":
    main()
