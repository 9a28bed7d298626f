"""100 million weighted points from Parquet to an overlay of 4096 px: heatlas, datashader, NumPy with SciPy, and DuckDB.

    python benchmarks/points.py [--rows 100000000] [--bare] [--peers NAME...] [--turns 1] [--keep FOLDER] [--write]

Each runs in a process of its own, from the start of Python to the written PNG, and its peak of memory is taken. The
peers get what helps them: columns read by pyarrow, projection by NumPy on whole arrays, one Gaussian blur, Pillow's
fastest compression. DuckDB sums up the weights of pixels and ends there, without a picture: the floor. With --bare
heatlas does not spread points. A peer that is not installed is left out, with a word.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from no_waiting import SCRIPTS, compared, measured, tell
from turns import Command, arguments, environment, in_turns, parse, run

WIDTH = 4096
BOX = (-11.0, 35.0, 32.0, 61.0)

HEATLAS = """
import sys
from heatlas.rendering import render
render(sys.argv[1], output=sys.argv[2], weight="weight", width=4096, radius="15px")
"""
BARE = HEATLAS.replace("15px", "0px")

_PROJECT = """
import sys, numpy as np, pyarrow.parquet as pq
from PIL import Image
t = pq.read_table(sys.argv[1], columns=["lon", "lat", "weight"])
lon, lat, weight = (t[c].to_numpy() for c in ("lon", "lat", "weight"))
def finish(field):
    tone = np.log1p(field) / np.log1p(field.max())
    steps = np.rint(tone * 255).astype(np.uint8)
    ramp = np.stack([np.arange(256), np.arange(256) // 3, np.arange(256) // 9, np.arange(256)], axis=1).astype(np.uint8)
    Image.fromarray(ramp[steps]).save(sys.argv[2], compress_level=1)
"""

NUMPY = (
    _PROJECT
    + """
from scipy.ndimage import gaussian_filter
x = lon / 360 + 0.5
y = 0.5 - np.arctanh(np.sin(np.radians(lat))) / (2 * np.pi)
w = 4096; h = round(w * (y.max() - y.min()) / (x.max() - x.min()))
field, _, _ = np.histogram2d(y, x, bins=(h, w), weights=weight)
finish(gaussian_filter(field.astype(np.float32), 5, mode="constant"))
"""
)

DATASHADER = """
import sys, numpy as np, pyarrow.parquet as pq
import datashader as ds, datashader.transfer_functions as tf
from datashader.utils import lnglat_to_meters
from scipy.ndimage import gaussian_filter
frame = pq.read_table(sys.argv[1], columns=["lon", "lat", "weight"]).to_pandas()
frame["x"], frame["y"] = lnglat_to_meters(frame["lon"], frame["lat"])
xs, ys = (float(frame["x"].min()), float(frame["x"].max())), (float(frame["y"].min()), float(frame["y"].max()))
h = round(4096 * (ys[1] - ys[0]) / (xs[1] - xs[0]))
agg = ds.Canvas(4096, h, xs, ys).points(frame, "x", "y", ds.sum("weight"))
agg.data = gaussian_filter(np.nan_to_num(agg.data).astype(np.float32), 5, mode="constant")
tf.shade(agg.where(agg > 0), how="log").to_pil().save(sys.argv[2], compress_level=1)
"""


DUCKDB = """
import sys, duckdb
duckdb.connect().execute(
    "SELECT CAST(floor((lon + 12) / 44 * 4096) AS INT) AS x, "
    "CAST(floor((1 - ln(tan(radians(lat) / 2 + pi() / 4)) / pi()) * 16384) AS INT) AS y, sum(weight) "
    "FROM read_parquet(?) GROUP BY x, y", [sys.argv[1]]
).fetchnumpy()
"""
PEERS = {"numpy": (NUMPY, "scipy"), "datashader": (DATASHADER, "datashader"), "duckdb": (DUCKDB, "duckdb")}
"""Name -> code, and the package that it needs."""


def make(path: Path, rows: int) -> None:
    """Write points that crowd around some thousand places, in pieces."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(1)
    places = random.uniform(BOX[:2], BOX[2:], (2000, 2))
    spread = random.uniform(0.05, 1.0, 2000)
    schema = pa.schema([("lon", pa.float64()), ("lat", pa.float64()), ("weight", pa.float64())])
    with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
        for first in range(0, rows, 1_000_000):
            n = min(1_000_000, rows - first)
            which = random.integers(0, 2000, n)
            lon, lat = np.clip((places[which] + random.normal(0, spread[which][:, None], (n, 2))).T, -84, 84)
            weight = random.exponential(1, n)
            writer.write_batch(pa.record_batch([lon, lat, weight], schema=schema))


def program(code: str, source: Path, output: Path) -> Command:
    """Return the command that runs one of the programs."""
    return (sys.executable, "-W", "ignore", "-c", code, str(source), str(output))


def main() -> None:
    parser = arguments(__doc__, turns=1)
    parser.add_argument("--rows", type=int, help="100 million by default, 10 million with --bare")
    parser.add_argument("--bare", action="store_true", help="pixels that are not spread")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--keep", type=Path, help="folder for the points, kept for another run")
    options = parse(parser)
    if options.write and (options.rows or not options.bare):
        parser.error("--write takes --bare, without --rows")
    rows = options.rows or (10_000_000 if options.bare else 100_000_000)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        source = folder / f"points-{rows}.parquet"
        if not source.exists():
            make(source, rows)
        programs = {"heatlas": BARE if options.bare else HEATLAS}
        for name in options.peers:
            code, needed = PEERS[name]
            if importlib.util.find_spec(needed) is None:
                print(f"{name} is left out: {needed} is not installed")
            else:
                programs[name] = code
        jobs = {
            name: partial(run, program(code, source, folder / f"{name}.png"), folder, environment(folder / "config"))
            for name, code in programs.items()
        }
        jobs["heatlas"]()  # all find the file in the page cache
        when = measured(options.turns)
        found = in_turns(jobs, options.turns)
    for name, took in found.items():
        print(f"{name:12} {rows / took.wall / 1e6:7.2f} M points/s")
    if options.bare and rows == 10_000_000:
        (row,) = SCRIPTS["points.py"]
        tell("points.py", when, [compared(row, found["heatlas"], "DuckDB", found.get("duckdb"))], options.write)


if __name__ == "__main__":
    main()
