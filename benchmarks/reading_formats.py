"""Speed of reading, by format; and a made-up Records.json of a gigabyte beside the json of the standard library.

    python benchmarks/reading_formats.py [--fixes 20000] [--only gpx,tcx] [--records 1GB] [--folder DIR]

The recordings are those of `tests/format_samples.py`, longer; beside stands what people read such files with otherwise,
where it is installed. Records.json holds ten years of one phone: nights and
days at home and at work, and ways between them on foot, by bicycle and by car, with guesses of what is done, indented
as Takeout writes it. It is read by a process of its own, whose peak of memory is told, and a tenth of it by
``json.load`` and a loop; then by whole commands, whose peak of memory is told, too. Times are seconds of the
processor; the best of three rounds counts, of commands the only one.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3
_PLAN = (
    ("STILL", 8 * 60, 0), ("WALKING", 12, 80), ("IN_VEHICLE", 25, 700), ("STILL", 4 * 60, 0), ("WALKING", 15, 80),
    ("STILL", 4 * 60, 0), ("ON_BICYCLE", 40, 300), ("STILL", 6 * 60, 0),
)  # fmt: skip
"""What a day consists of: type, minutes, metres per minute."""


def best(work: Callable[[], Any]) -> float:
    """Seconds of the processor that the fastest round takes."""
    found = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        found = min(found, time.process_time() - started)
    return found


def locations(rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Locations of a phone, for ever."""
    when, lat, lon = 1_230_768_000.0, 47.5, 11.0
    while True:
        for kind, minutes, metres in _PLAN:
            turn, end = rng.uniform(0, 6.28), when + 60 * minutes
            while when < end:
                step = float(rng.choice((20, 60, 120))) if metres else float(rng.choice((60, 120, 300)))
                when += step
                lat += (metres * step / 60 * np.cos(turn) + rng.normal(0, 5)) / 111_000
                lon += (metres * step / 60 * np.sin(turn) + rng.normal(0, 5)) / 75_000
                moment = dt.datetime.fromtimestamp(when, dt.UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
                guesses = [{"type": kind, "confidence": 70}, {"type": "UNKNOWN", "confidence": 12}]
                guesses += [{"type": "ON_FOOT", "confidence": 6}, {"type": "TILTING", "confidence": 2}]
                said = {"activity": [{"activity": guesses, "timestamp": moment}]} if rng.random() < 0.5 else {}
                more = {"altitude": 500, "verticalAccuracy": 3} if rng.random() < 0.3 else {}
                yield {
                    "latitudeE7": round(lat * 1e7), "longitudeE7": round(lon * 1e7),
                    "accuracy": int(rng.choice((4, 12, 20, 33, 65, 900))), **said, **more, "source": "WIFI",
                    "deviceTag": -577680260, "timestamp": moment,
                }  # fmt: skip


def write_records(path: Path, size: int) -> None:
    """Write a Records.json of about `size` bytes; the first 64 MB of it are repeated at later times."""
    rng = np.random.default_rng(1)
    texts, length = [], 0
    for each in locations(rng):
        texts.append(json.dumps(each, indent=2).replace("\n", "\n    "))
        length += len(texts[-1]) + 4
        if length > min(size, 1 << 26):
            break
    with path.open("w") as file:
        file.write('{\n  "locations": [')
        year, written = 2009, 0
        whole = ", ".join(texts)
        while written < size:
            file.write(", " * (written > 0) + whole.replace('p": "2009-', f'p": "{year}-'))
            written, year = written + len(whole), year + 1
        file.write("]\n}\n")


def by_json(path: Path) -> tuple[list[float], ...]:
    """Read as most scripts do."""
    lat, lon, when = [], [], []
    with path.open() as file:
        for each in json.load(file)["locations"]:
            if each.get("accuracy", 0) <= 200:
                lat.append(each["latitudeE7"] / 1e7)
                lon.append(each["longitudeE7"] / 1e7)
                when.append(dt.datetime.fromisoformat(each["timestamp"]).timestamp())
    return lat, lon, when


def read_alone(path: Path) -> None:
    """Read a Records.json in this process; print seconds, peak of memory in MB, and what was found."""
    from heatlas.sources.archive import entries
    from heatlas.sources.reading import read_recordings

    (entry,) = entries([path])
    found: list[Any] = []

    def work() -> None:
        found.clear()
        found.extend(read_recordings("x", entry.read(), ()))

    work()
    status = Path("/proc/self/status").read_text()  # getrusage tells the peak of the parent, too
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    fixes = sum(len(recording.lat) for recording in found)
    print(json.dumps({"seconds": best(work), "peak": peak, "fixes": fixes, "recordings": len(found)}))


def records(size: int, folder: Path) -> None:
    """Compare with json."""
    path, tenth = folder / "Records.json", folder / "tenth.json"
    write_records(path, size)
    write_records(tenth, size // 10)
    done = subprocess.run([sys.executable, __file__, "--alone", str(path)], capture_output=True, text=True, check=True)
    ours = json.loads(done.stdout)
    plain = best(lambda: by_json(tenth))
    speed, theirs = path.stat().st_size / ours["seconds"], tenth.stat().st_size / plain
    print(
        f"\nRecords.json of {path.stat().st_size / 1e9:.2f} GB: {ours['fixes']:,} fixes, {ours['recordings']:,} tracks"
    )
    print(f"reading        {speed / 1e6:7.0f} MB/s, {ours['seconds']:.2f} s, at most {ours['peak']:.0f} MB of memory")
    print(f"json in a loop {theirs / 1e6:7.0f} MB/s (of a tenth of it); heatlas is {speed / theirs:.1f} times faster")
    for words in (["info"], ["render", "-o", str(folder / "map.png")], ["import", "-l", str(folder / "library.db")]):
        seconds, peak = whole_command([words[0], str(path), *words[1:]])
        print(f"heatlas {words[0]:6} {seconds:6.1f} s, at most {peak:.0f} MB of memory", flush=True)


def whole_command(words: list[str]) -> tuple[float, float]:
    """Seconds of the processor that a command takes, start-up included, and its peak of memory in MB."""
    # Of a process of its own: what a process starts with is told as its peak, and this one has held a document.
    done = subprocess.run(
        [sys.executable, __file__, "--command", json.dumps(words)], stdout=subprocess.PIPE, text=True, check=True
    )
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def measure_command(words: list[str]) -> None:
    """Run a command; print its seconds, and the most MB that it and what it started had, of each process alone."""
    command = [sys.executable, "-m", "heatlas", *words, "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"heatlas {words[0]} failed with {process.returncode}")
    print(json.dumps((used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)))


def formats(fixes: int, only: set[str]) -> None:
    """Print the speed of each format."""
    os.environ["HEATLAS_SAMPLE_FIXES"] = str(fixes)
    sys.path.insert(0, str(ROOT / "tests"))
    from format_samples import SAMPLES

    from heatlas.sources.formats.known import read_format

    print(f"{'format':24}{'MB':>7}{'MB/s':>8}{'fixes/s':>12}  beside, MB/s")
    for name, sample in SAMPLES.items():
        if only and name not in only:
            continue
        read_format(sample.kind, sample.data, "x", ())
        seconds = best(lambda sample=sample: read_format(sample.kind, sample.data, "x", ()))
        row(name, sample.data, seconds, fixes / seconds, peer_of(sample.kind, sample.data))
    if not only or "apple-health" in only:
        apple_health(fixes)


def row(name: str, data: bytes, seconds: float, speed: float, peer: tuple[str, Callable[[], Any]] | None) -> None:
    """Print the speed of one format, and of its peer."""
    megabytes = len(data) / 1e6
    beside = ""
    if peer is not None:
        theirs = best(peer[1])
        beside = f"{megabytes / theirs:8.1f} {peer[0]}: heatlas is {theirs / seconds:.1f} times as fast"
    print(f"{name:24}{megabytes:7.1f}{megabytes / seconds:8.0f}{speed:12,.0f}{beside}", flush=True)


def peer_of(kind: str, data: bytes) -> tuple[str, Callable[[], Any]] | None:
    """Name of what people read such a file with otherwise, and a call of it; None where nothing is installed.

    Of JSON and XML it is the parsing alone, to which a script adds what it does with the values.
    """
    from heatlas.sources.formats.known import FORMATS

    content = FORMATS[kind].content
    try:
        if kind == "fit":
            import fitdecode

            return "fitdecode", lambda: [frame.frame_type for frame in fitdecode.FitReader(io.BytesIO(data))]
        if kind == "gpx":
            import gpxpy

            return "gpxpy", lambda: gpxpy.parse(data.decode())
        if kind == "igc":
            from aerofiles.igc import Reader

            return "aerofiles", lambda: Reader().read(io.StringIO(data.decode()))
        if kind == "nmea" and data[:1] == b"$":
            import pynmea2

            return "pynmea2", lambda: [pynmea2.parse(line) for line in data.decode().splitlines() if line]
        if content in {"xml", "kml"}:
            from lxml import etree

            return "lxml, parsing alone", lambda: etree.fromstring(data)
    except ImportError:
        return None
    if content == "json":
        try:
            json.loads(data)
        except ValueError:
            return "json, line by line", lambda: [json.loads(line) for line in data.splitlines()]
        return "json, parsing alone", lambda: json.loads(data)
    if content == "csv":
        return "csv.DictReader", lambda: list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    return None


def apple_health(beats: int) -> None:
    """An export.xml of Apple Health, heart rates and steps of some workouts, beside lxml in a loop."""
    from test_apple_health import OTHER, beat, document, workout

    from heatlas.sources.sheets.apple_health import read_health

    parts = [beat(k % 200, 120) + 2 * OTHER for k in range(beats)]
    data = document(*parts, *[workout("Running", [f"route_{k}.gpx"]) for k in range(100)])

    def by_lxml() -> list[tuple[str | None, float]]:
        from lxml import etree

        found = []
        for _, element in etree.iterparse(io.BytesIO(data), tag=("Record", "Workout"), load_dtd=False):
            if element.get("type") == "HKQuantityTypeIdentifierHeartRate":
                found.append((element.get("startDate"), float(element.get("value"))))
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
        return found

    pieces = [data[at : at + (1 << 20)] for at in range(0, len(data), 1 << 20)]
    seconds = best(lambda: read_health(pieces))
    row("apple-health export.xml", data, seconds, 3 * beats / seconds, ("lxml.iterparse in a loop", by_lxml))


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixes", type=int, default=20_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--records", default="1GB", help="Size, such as 1GB or 200MB; 0 for none.")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--command", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone is not None:
        read_alone(given.alone)
        return
    if given.command is not None:
        measure_command(given.command)
        return
    formats(given.fixes, set(filter(None, given.only.split(","))))
    size = float(given.records.upper().replace("GB", "e9").replace("MB", "e6"))
    if size:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            records(int(size), Path(folder))


if __name__ == "__main__":
    main()
