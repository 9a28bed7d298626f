"""Tiles of trips by datashader on Dask: the same partitions, the same zooms, only tiles that hold anything.

    python scale_datashader.py FIXES OUT LAST     with an interpreter that has datashader and Dask

Each zoom is drawn in squares of 16 x 16 tiles, as datashader's own `render_tiles` does, by `Canvas.line` over the trips
whose boxes touch the square. Tiles that hold anything are coloured by `shade` with a logarithmic scale, and written as
PNG. Each process reads the data once. Dask draws the squares in processes; CPU is that of all of them. Prints a line of
JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from functools import cache
from pathlib import Path

import dask
import datashader as ds
import datashader.transfer_functions as tf
import numpy as np
import pandas as pd

SIDE = 16
"""Tiles of a square along its side."""


def load(path: Path) -> pd.DataFrame:
    """Trips of a partition as one table of lines: NaN ends each."""
    table = pd.read_parquet(path, columns=["trip", "lat", "lon"])
    x = table["lon"].to_numpy() / 1e7 / 360 + 0.5
    sine = np.sin(np.radians(table["lat"].to_numpy() / 1e7))
    y = 0.5 - np.arctanh(sine) / (2 * np.pi)
    trip = table["trip"].astype("category").cat.codes.to_numpy()
    ends = np.append(np.flatnonzero(np.diff(trip)) + 1, len(trip))
    x, y = np.insert(x, ends, np.nan), np.insert(y, ends, np.nan)
    trip = np.insert(trip, ends, trip[ends - 1])
    return pd.DataFrame({"x": x, "y": y, "trip": trip})


def boxes(lines: pd.DataFrame) -> pd.DataFrame:
    """Least and greatest position of each trip."""
    return lines.groupby("trip").agg(west=("x", "min"), east=("x", "max"), north=("y", "min"), south=("y", "max"))


def squares(parts: list[pd.DataFrame], zoom: int) -> set[tuple[int, int]]:
    """Squares of a zoom that trips touch."""
    across, found = max(1.0, 2**zoom / SIDE), set()
    for lines in parts:
        known = lines.dropna()
        keys = np.unique(np.floor(known["x"] * across).astype(int) * 10**6 + np.floor(known["y"] * across).astype(int))
        for key in keys.tolist():
            found.add(divmod(key, 10**6))
    return found


@cache
def held_by(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines and boxes of a partition, read once in each process."""
    return pd.read_feather(name), pd.read_feather(f"{name}.boxes").set_index("trip")


def draw(files: list[str], zoom: int, column: int, row: int, out: str) -> tuple[int, int]:
    """Draw a square; number of tiles, and their bytes."""
    across, side = max(1.0, 2**zoom / SIDE), min(SIDE, 2**zoom)
    west, north = column / across, row / across
    east, south = west + 1 / across, north + 1 / across
    near = []
    for name in files:
        lines, box = held_by(name)
        touched = (box.east >= west) & (box.west <= east) & (box.south >= north) & (box.north <= south)
        if touched.any():
            near.append(lines[touched.to_numpy()[lines["trip"].to_numpy()]])
    if not near:
        return 0, 0
    canvas = ds.Canvas(side * 256, side * 256, x_range=(west, east), y_range=(north, south))
    counts = canvas.line(pd.concat(near), "x", "y", agg=ds.count())
    most = int(counts.max())
    held = counts.to_numpy().reshape(side, 256, side, 256).any(axis=(1, 3))
    tiles = size = 0
    for y, x in np.argwhere(held).tolist():  # only tiles that hold anything are coloured
        tile = counts[y * 256 : y * 256 + 256, x * 256 : x * 256 + 256]
        picture = tf.shade(tile, how="log", span=(1, max(most, 2))).to_pil().transpose(1)  # rows from the north
        path = Path(out) / str(zoom) / str(column * side + x) / f"{row * side + y}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
        tiles += 1
        size += path.stat().st_size
    return tiles, size


def main() -> None:
    source, out, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    out.mkdir(parents=True)
    files, parts = [], []
    for path in sorted(source.iterdir()):
        lines = load(path)
        name = str(out / f"{path.stem}.feather")
        lines.reset_index(drop=True).to_feather(name)
        boxes(lines).reset_index().to_feather(f"{name}.boxes")
        files.append(name)
        parts.append(lines)
    jobs = [
        dask.delayed(draw)(files, zoom, column, row, str(out))
        for zoom in range(last + 1)
        for column, row in sorted(squares(parts, zoom))
    ]
    del parts
    found = dask.compute(*jobs, scheduler="processes", num_workers=2)
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in spent)
    tiles, size = (sum(each) for each in zip(*found, strict=True))
    print(
        json.dumps({"cpu": cpu, "tiles": tiles, "bytes": size, "datashader": ds.__version__, "dask": dask.__version__})
    )


if __name__ == "__main__":
    main()
