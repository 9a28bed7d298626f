"""A map of 20,000 points at zoom 12, to one PNG: heatlas, volute, and heatmap77.

    pip install volute heatmap77
    python benchmarks/point_map.py [--points 20000]

Each runs in a process of its own, from the start of Python to the written picture, over the same 2,048 x 2,048
pixels of a town, with blobs of 15 px radius.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import mercantile
import numpy as np

ZOOM, TILES = 12, 8

HEATLAS = """
import sys
from heatlas.rendering import render
source, output, box = sys.argv[1:4]
render(source, output=output, weight="weight", bbox=box, zoom=12, radius="15px")
"""

VOLUTE = """
import csv, sys
from volute import Config, DataPoint, Gradient, LatLng, LatLngBox, render_heatmap_to_image
source, output, box = sys.argv[1:4]
west, south, east, north = map(float, box.split(","))
with open(source) as file:
    points = [
        DataPoint(LatLng(float(row["lat"]), float(row["lon"])), float(row["weight"])) for row in csv.DictReader(file)
    ]
area = LatLngBox(south=south, west=west, east=east, north=north)
render_heatmap_to_image(Config(gradient=Gradient.GREEN_TO_RED), area, 12, points).save(output)
"""


def make(path: Path, points: int) -> str:
    """Write points in a square of tiles around Addis Ababa; return the square."""
    corner = mercantile.tile(38.4, 9.35, ZOOM)
    first = mercantile.bounds(corner)
    last = mercantile.bounds(mercantile.Tile(corner.x + TILES - 1, corner.y + TILES - 1, ZOOM))
    west, south, east, north = first.west, last.south, last.east, first.north
    random = np.random.default_rng(1)
    lon = np.clip(random.normal((west + east) / 2, (east - west) / 7, points), west, east)
    lat = np.clip(random.normal((south + north) / 2, (north - south) / 7, points), south, north)
    weight = random.integers(1, 5, points)
    rows = "".join(f"{a:.6f},{b:.6f},{c}\n" for a, b, c in zip(lat, lon, weight, strict=True))
    path.write_text("lat,lon,weight\n" + rows)
    return f"{west},{south},{east},{north}"


def timed(command: list[str]) -> float:
    """Seconds of a process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=20_000)
    options = parser.parse_args()
    missing = [name for name in ("volute", "heatmap77") if find_spec(name) is None]
    if missing:
        sys.exit(f"pip install {' '.join(missing)}")
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "points.csv"
        box = make(source, options.points)
        west, south, east, north = box.split(",")
        python = [sys.executable, "-c"]
        size = str(256 * TILES)
        commands = {
            "heatlas": [*python, HEATLAS, str(source), f"{scratch}/heatlas.png", box],
            "volute": [*python, VOLUTE, str(source), f"{scratch}/volute.png", box],
            "heatmap77": [
                sys.executable, "-m", "heatmap77.heatmap", "--filetype", "csv", "--ignore_csv_header",
                "-e", f"{south},{west},{north},{east}", "-W", size, "-H", size, "-r", "15", "-k", "gaussian",
                "-o", f"{scratch}/heatmap77.png", str(source),
            ],
        }  # fmt: skip
        timed(commands["heatlas"])  # compiles at the first run
        seconds = {name: timed(command) for name, command in commands.items()}
    for name, took in seconds.items():
        print(f"{name:10} {took:7.2f} s  {took / seconds['heatlas']:6.1f}")


if __name__ == "__main__":
    main()
