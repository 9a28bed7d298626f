"""What a map of very many activities costs: CPU, bytes and requests of each phase, and datashader on Dask beside it.

    python benchmarks/scale.py [--trips 20000] [--last 15] [--peer PYTHON] [--write]

Trips are made here: 6 km in towns of different sizes, a fix every 3 m, in partitions of the contract. The plan runs in
one process, so that its CPU can be told phase by phase, and reads and writes through a file system that counts: each
read of a range is a request, as it is with S3. PYTHON is an interpreter that has datashader and Dask; it draws the same
tiles of the same files in the same run (`peers/scale_datashader.py`). `--write` puts the figures into
docs/explanation/scale.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from no_waiting import write_block
from pyarrow import fs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "scale.md"
TRIPS = 20
"""Trips of a person."""
FIXES = 2000
"""Fixes of a trip, as Strava's 2017 rebuild had: 1.4 trillion of 700 million activities."""
TOWNS = 40
PHASES = ("trace", "compact", "merge", "fit", "paint", "assemble")
PRICES = {"core-hour": 0.02, "1,000 reads": 0.0004, "1,000 writes": 0.005, "GB-month": 0.023}
"""US dollars: a core for an hour where nobody promises it for long (spot), and object storage."""


@dataclass(slots=True)
class Used:
    """What a phase used."""

    cpu: float = 0.0
    tasks: int = 0
    reads: int = 0
    writes: int = 0
    read: int = 0
    written: int = 0


@dataclass(slots=True)
class Meter:
    """What the phases used, and which one is on."""

    phases: dict[str, Used] = field(default_factory=lambda: {name: Used() for name in PHASES})
    now: str = "trace"

    @property
    def here(self) -> Used:
        """The phase that is on."""
        return self.phases[self.now]


class _Read:
    """A file whose reads are counted."""

    def __init__(self, file: Any, meter: Meter) -> None:
        self._file, self._meter, self.closed = file, meter, False

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._file.read(None if size < 0 else size)
        self._meter.here.reads += 1
        self._meter.here.read += len(data)
        return data

    def seek(self, place: int, whence: int = 0) -> int:
        return int(self._file.seek(place, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self.closed = True
        self._file.close()


class Counting(fs.FileSystemHandler):
    """A folder that counts what a bucket would bill."""

    def __init__(self, root: Path, meter: Meter) -> None:
        self._root, self._meter, self._disk = str(root), meter, fs.LocalFileSystem()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def _path(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _told(self, info: fs.FileInfo) -> fs.FileInfo:
        return fs.FileInfo(info.path.removeprefix(f"{self._root}/"), info.type, size=info.size, mtime_ns=info.mtime_ns)

    def get_type_name(self) -> str:
        return "counting"

    def normalize_path(self, path: str) -> str:
        return path

    def get_file_info(self, paths: Sequence[str]) -> list[fs.FileInfo]:
        self._meter.here.reads += len(paths)
        return [self._told(self._disk.get_file_info(self._path(path))) for path in paths]

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        self._meter.here.writes += 1  # listing is billed as writing is
        there = fs.FileSelector(self._path(selector.base_dir), selector.allow_not_found, selector.recursive)
        return [self._told(info) for info in self._disk.get_file_info(there)]

    def open_input_file(self, path: str) -> pa.NativeFile:
        self._meter.here.reads += 1  # its size is asked for
        return pa.PythonFile(_Read(self._disk.open_input_file(self._path(path)), self._meter), mode="r")

    def open_input_stream(self, path: str) -> pa.NativeFile:
        return self.open_input_file(path)

    def open_output_stream(self, path: str, _: Any) -> pa.NativeFile:
        target, meter = Path(self._path(path)), self._meter
        target.parent.mkdir(parents=True, exist_ok=True)
        meter.here.writes += 1
        stream = target.open("wb")
        write = stream.write

        def counted(data: Any) -> int:
            meter.here.written += memoryview(data).nbytes
            return write(data)

        return pa.PythonFile(_Written(stream, counted), mode="w")

    def open_append_stream(self, path: str, _: Any) -> pa.NativeFile:
        raise NotImplementedError

    def create_dir(self, path: str, recursive: bool) -> None:
        self._disk.create_dir(self._path(path), recursive=recursive)

    def delete_dir(self, path: str) -> None:
        self._disk.delete_dir(self._path(path))

    def delete_dir_contents(self, path: str, missing_dir_ok: bool = False) -> None:
        self._disk.delete_dir_contents(self._path(path), missing_dir_ok=missing_dir_ok)

    def delete_root_dir_contents(self) -> None:
        raise NotImplementedError

    def delete_file(self, path: str) -> None:
        self._disk.delete_file(self._path(path))

    def move(self, src: str, dest: str) -> None:
        self._disk.move(self._path(src), self._path(dest))

    def copy_file(self, src: str, dest: str) -> None:
        self._disk.copy_file(self._path(src), self._path(dest))


class _Written:
    """A file whose writes are counted."""

    def __init__(self, file: Any, write: Callable[[Any], int]) -> None:
        self._file, self.write = file, write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Measured:
    """An engine that does tasks here, and tells what each phase used."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def map(self, work: Any, tasks: Sequence[Any], done: Any) -> None:
        """Do all tasks."""
        self._meter.now = work.__name__
        self._meter.here.tasks += len(tasks)
        for place, task in enumerate(tasks):
            begun = time.process_time()
            result = work(task)
            self._meter.here.cpu += time.process_time() - begun
            done(place, result)
        self._meter.now = "assemble"


def make_trips(folder: Path, trips: int, partitions: int) -> int:
    """Write partitions of made trips; returns the number of fixes."""
    rng = np.random.default_rng(1)
    towns = rng.uniform((47.0, 6.0), (54.0, 14.0), (TOWNS, 2))
    shares = rng.pareto(1.0, TOWNS) + 0.2
    persons = max(partitions, trips // TRIPS)
    homes = towns[rng.choice(TOWNS, persons, p=shares / shares.sum())] + rng.normal(0, (0.03, 0.045), (persons, 2))
    folder.mkdir(parents=True)
    for number, some in enumerate(np.array_split(np.arange(persons), partitions)):
        many = len(some) * TRIPS
        # Streets: most legs go along one of eight directions, as in a town.
        turn = rng.integers(0, 8, (many, FIXES // 50)).repeat(50, axis=1) * (np.pi / 4)
        turn = turn + rng.normal(0, 0.05, (many, FIXES))
        east, north = np.cumsum(3 * np.cos(turn), axis=1), np.cumsum(3 * np.sin(turn), axis=1)
        lat = homes[some].repeat(TRIPS, axis=0)[:, :1] + north / 111_320
        lon = homes[some].repeat(TRIPS, axis=0)[:, 1:] + east / (111_320 * np.cos(np.radians(lat)))
        start = 1.6e9 + 86_400.0 * rng.integers(0, 700, (many, 1))
        names = _repeated([f"p{person}" for person in some], TRIPS * FIXES)
        trip = _repeated([f"{person}-{k}" for person in some for k in range(TRIPS)], FIXES)
        table = pa.table({
            "person": names, "trip": trip,
            "time": (start + np.arange(FIXES)).ravel(),
            "lat": np.rint(lat.ravel() * 1e7).astype(np.int32), "lon": np.rint(lon.ravel() * 1e7).astype(np.int32),
        })  # fmt: skip
        pq.write_table(table, folder / f"part-{number:04}.parquet", compression="zstd")
    return persons * TRIPS * FIXES


def _repeated(words: list[str], times: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.arange(len(words), dtype=np.int32).repeat(times), pa.array(words))


def run_plan(root: Path, last: int) -> tuple[Meter, dict[str, Any]]:
    """Build an archive of the partitions in a folder."""
    from heatlas.core.context import Context
    from heatlas.core.filesystems import locations
    from heatlas.publish.request import look_words
    from heatlas.scale.archive import build
    from heatlas.scale.recipe import Recipe
    from heatlas.tiles.request import TileRequest, parse_look

    meter = Meter()
    bucket = fs.PyFileSystem(Counting(root, meter))
    usual = locations.filesystem_of
    locations.filesystem_of = lambda kind, name: bucket if kind == "s3" else usual(kind, name)  # type: ignore[assignment]
    look = parse_look(TileRequest(measure="passes"), None)
    recipe = Recipe(look=look, look_words=look_words(look, "png"), zooms=(0, last), indexed=tuple(range(2, last + 1)))
    begun = time.process_time()
    report = build(
        ["s3://bench/fixes"], "s3://bench/map.pmtiles", recipe, Measured(meter), Context(1), work="s3://bench/work"
    )
    spent = sum(used.cpu for used in meter.phases.values())
    meter.phases["assemble"].cpu += time.process_time() - begun - spent  # all that the driver does
    return meter, report


def run_peer(python: str, root: Path, last: int) -> dict[str, Any]:
    """Draw the same tiles by datashader on Dask; CPU seconds, tiles and bytes."""
    script = Path(__file__).with_name("peers") / "scale_datashader.py"
    command = [python, str(script), str(root / "fixes"), str(root / "peer"), str(last)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the peer failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(meter: Meter, report: dict[str, Any], fixes: int, input_bytes: int, peer: dict[str, Any] | None) -> str:
    """Write the figures as Markdown."""
    trips = report["activities"]
    to = 1e6 / trips
    first, last = report["zooms"]
    head = (
        f"`benchmarks/scale.py`: {trips:,} trips of {fixes // trips:,} fixes, {report['partitions']} partitions of "
        f"{input_bytes / fixes:.1f} bytes a fix, passes, zooms {first} to {last}, "
        f"{report['tiles']['written']:,} tiles. For each million activities:"
    )
    lines = [
        head,
        "",
        "| phase | CPU, µs a fix | core-hours | GB read | GB written | reads | writes |",
        "|---|---|---|---|---|---|---|",
    ]
    total = Used()
    for name, used in [*meter.phases.items(), ("all", total)]:
        lines.append(
            f"| {name} | {used.cpu / fixes * 1e6:.2f} | {used.cpu * to / 3600:.2f} | {used.read * to / 1e9:.1f} | "
            f"{used.written * to / 1e9:.1f} | {used.reads * to:,.0f} | {used.writes * to:,.0f} |"
        )
        if name != "all":
            for key in ("cpu", "tasks", "reads", "writes", "read", "written"):
                setattr(total, key, getattr(total, key) + getattr(used, key))
    hours, kept = total.cpu * to / 3600, (total.written + input_bytes) * to / 1e9
    billion = {
        "CPU": 1000 * hours * PRICES["core-hour"],
        "reads": total.reads * to * PRICES["1,000 reads"],
        "writes": total.writes * to * PRICES["1,000 writes"],
        "a month of storage": 1000 * kept * PRICES["GB-month"],
    }
    prices = ", ".join(f"{price:g} for {'' if ',' in name else 'a '}{name}" for name, price in PRICES.items())
    costs = ", ".join(f"{name} {cost:,.0f}" for name, cost in billion.items())
    said = (
        f"A billion activities, a thousand times that: {1000 * hours:,.0f} core-hours, {kept:,.0f} TB of input and "
        f"objects. In dollars, at {prices}: {costs}."
    )
    lines += ["", said]
    if peer is not None:
        said = (
            f"datashader {peer['datashader']} on Dask {peer['dask']} took {peer['cpu']:,.0f} s of CPU for "
            f"{peer['tiles']:,} tiles of the same files in the same run, and heatlas {total.cpu:,.0f} s for "
            f"{report['tiles']['written']:,}: {peer['cpu'] / total.cpu:.1f} times."
        )
        lines += ["", said]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trips", type=int, default=20_000)
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--last", type=int, default=15, help="last zoom")
    parser.add_argument("--peer", help="interpreter that has datashader and Dask")
    parser.add_argument("--write", action="store_true", help="put the figures into the page on scale")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "bench"
        fixes = make_trips(root / "fixes", given.trips, given.partitions)
        size = sum(path.stat().st_size for path in (root / "fixes").iterdir())
        with tempfile.TemporaryDirectory() as cold:  # kernels are compiled
            make_trips(Path(cold) / "bench" / "fixes", 20 * TRIPS, 2)
            run_plan(Path(cold), 9)
        meter, report = run_plan(Path(folder), given.last)
        assert report["fixes"] == fixes
        peer = run_peer(given.peer, root, given.last) if given.peer else None
        said = table(meter, report, fixes, size, peer)
    print(said)
    if given.write:
        write_block(PAGE, "scale.py", said)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
