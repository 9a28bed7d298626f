"""Time the GPX and TCX readers against others on the same files.

    python benchmarks/reading_xml.py FILE|FOLDER|ZIP ... [--sample 20] [--rounds 5]

GPX: gpxpy and a plain loop over lxml. TCX: a plain loop over lxml, and python-tcxparser and tcxreader where
they are installed. The slow readers get a sample of the files, spread over their sizes; heatlas is timed on
that sample, for the ratios, and on all files. CPU time of one core, from bytes to columns; the best round.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import io
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

COLD = """
import sys, time
start = time.perf_counter()
from heatlas.sources.{0} import read_{0}
read_{0}(sys.stdin.buffer.read(), "-")
print(time.perf_counter() - start)
"""
ROOTS = {"gpx": b"<gpx", "tcx": b"<TrainingCenterDatabase"}


def collect(places: Iterable[Path]) -> dict[str, list[bytes]]:
    """Read all GPX and TCX files in files, folders and archives."""
    found: dict[str, list[bytes]] = {"gpx": [], "tcx": []}
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if not path.name.lower().endswith((".gpx", ".tcx", ".gpx.gz", ".tcx.gz", ".zip")):
                continue
            for data in unpack(path.read_bytes()):
                for kind, root in ROOTS.items():
                    if root in data[:2000]:
                        found[kind].append(data)
    return found


def unpack(data: bytes) -> list[bytes]:
    if data.startswith(b"\x1f\x8b"):
        return [gzip.decompress(data)]
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [archive.read(m) for m in archive.namelist() if m.lower().endswith((".gpx", ".tcx"))]
    return [data]


def by_heatlas_gpx(data: bytes) -> int:
    from heatlas.sources.formats.gpx import read_gpx

    return sum(len(r.lat) for r in read_gpx(data, "-"))


def by_heatlas_tcx(data: bytes) -> int:
    from heatlas.sources.formats.tcx import read_tcx

    return sum(len(r.lat) for r in read_tcx(data, "-"))


def to_columns(rows: list[dict]) -> int:
    """Bring what a reader gives into columns: what heatlas hands out, nothing more."""
    import numpy as np

    for name in ("lat", "lon", "time", "ele", "hr", "speed", "cad", "power", "temp"):
        np.array([row.get(name, np.nan) for row in rows], float)
    return len(rows)


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def by_lxml(data: bytes, point: str, names: dict[str, str], time_name: str) -> int:
    from lxml import etree

    root = etree.fromstring(data.lstrip(), etree.XMLParser(resolve_entities=False, recover=True))
    rows = []
    for element in root.iter("{*}" + point):
        row = {key: number(value) for key, value in element.items()}
        for child in element.iter(etree.Element):
            name = child.tag.rpartition("}")[2]
            if name == time_name and child.text:
                row["time"] = seconds(child.text)
            elif name in names:
                row[names[name]] = number(child.text)
        rows.append(row)
    return to_columns(rows)


def by_lxml_gpx(data: bytes) -> int:
    names = {"ele": "ele", "hr": "hr", "speed": "speed", "cad": "cad", "power": "power", "atemp": "temp"}
    return by_lxml(data, "trkpt", names, "time")


def by_lxml_tcx(data: bytes) -> int:
    names = {
        "LatitudeDegrees": "lat", "LongitudeDegrees": "lon", "AltitudeMeters": "ele", "Value": "hr",
        "Cadence": "cad", "RunCadence": "cad", "Speed": "speed", "Watts": "power",
    }  # fmt: skip
    return by_lxml(data, "Trackpoint", names, "Time")


def by_gpxpy(data: bytes) -> int:
    import gpxpy

    rows = []
    for track in gpxpy.parse(data.lstrip()).tracks:
        for segment in track.segments:
            for point in segment.points:
                row = {"lat": point.latitude, "lon": point.longitude}
                if point.time:
                    row["time"] = point.time.timestamp()
                if point.elevation is not None:
                    row["ele"] = point.elevation
                for extension in point.extensions:
                    for element in extension.iter():
                        if element.tag.endswith("}hr"):
                            row["hr"] = number(element.text)
                rows.append(row)
    return to_columns(rows)


def by_tcxparser(data: bytes) -> int:
    import tcxparser

    parser = tcxparser.TCXParser(io.BytesIO(data.lstrip()))
    parser.hr_values()
    parser.altitude_points()
    parser.time_values()
    return len(parser.position_values())


def by_tcxreader(data: bytes) -> int:
    from tcxreader.tcxreader import TCXReader

    with tempfile.NamedTemporaryFile(suffix=".tcx") as file:
        file.write(data.lstrip())
        file.flush()
        return len(TCXReader().read(file.name).trackpoints)


OTHERS: dict[str, list[tuple[str, str, Callable[[bytes], int]]]] = {
    "gpx": [("lxml, plain loop", "lxml", by_lxml_gpx), ("gpxpy", "gpxpy", by_gpxpy)],
    "tcx": [
        ("lxml, plain loop", "lxml", by_lxml_tcx),
        ("python-tcxparser", "tcxparser", by_tcxparser),
        ("tcxreader", "tcxreader", by_tcxreader),
    ],
}
OURS = {"gpx": by_heatlas_gpx, "tcx": by_heatlas_tcx}


def clock(read: Callable[[bytes], int], files: list[bytes], rounds: int) -> tuple[int, float]:
    """Count the points and time the reading: CPU seconds, best round."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        points = sum(read(data) for data in files)
        best = min(best, time.process_time() - start)
    return points, best


def cold(kind: str, data: bytes) -> tuple[float, float]:
    """Time the first file of a new process: without, then with compiled kernels in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, "-c", COLD.format(kind)]
        env = {**os.environ, "NUMBA_CACHE_DIR": folder}
        times = [
            float(subprocess.run(run, input=data, env=env, check=True, stdout=subprocess.PIPE).stdout) for _ in range(2)
        ]
    return times[0], times[1]


def readable(data: bytes, readers: list[Callable[[bytes], int]]) -> bool:
    """Tell whether all readers find as many points, so that their times can be compared."""
    try:
        counts = {read(data) for read in readers}
    except Exception:  # noqa: BLE001
        return False
    return len(counts) == 1 and counts != {0}


def compare(kind: str, files: list[bytes], sample: int, rounds: int) -> None:
    ours = OURS[kind]
    others = [(name, read) for name, module, read in OTHERS[kind] if importlib.util.find_spec(module)]
    files = sorted((data for data in files if readable(data, [ours])), key=len)
    if not files:
        return
    first, again = cold(kind, files[len(files) // 2])
    print(f"{kind.upper()}: first file of a process: {first:.1f} s compiling, {again:.2f} s from the cache")
    points, best = clock(ours, files, rounds)
    size = sum(map(len, files))
    print(f"all {len(files)} files of {size / len(files) / 1000:.0f} kB on average, {points:,} points:")
    rate, flow, each = points / best, size / best / 1e6, best / len(files) * 1e6
    print(f"  {'heatlas':<18} {rate:>12,.0f} points/s, {flow:.0f} MB/s, {each:.0f} us a file")
    step = max(1, len(files) // sample)
    chosen = [d for d in files[step // 2 :: step] if readable(d, [ours, *(read for _, read in others)])]
    if not chosen:
        print("no file that all readers read alike")
        return
    points, best = clock(ours, chosen, rounds)
    print(f"sample of {len(chosen)} files, {points:,} points:")
    print(f"  {'heatlas':<18} {points / best:>12,.0f} points/s")
    for name, read in others:
        n, slow = clock(read, chosen, 1)
        print(f"  {name:<18} {n / slow:>12,.0f} points/s  1 : {slow / n * points / best:,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("places", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=20, help="files that the slow readers get")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of heatlas; the others get one")
    options = parser.parse_args()
    found = collect(options.places)
    if not any(found.values()):
        sys.exit("no GPX or TCX file there")
    for kind, files in found.items():
        compare(kind, files, options.sample, options.rounds)


if __name__ == "__main__":
    main()
