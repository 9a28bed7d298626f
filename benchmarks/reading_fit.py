"""Time the FIT reader against fitdecode, garmin-fit-sdk and fitparse on the same files.

    python benchmarks/reading_fit.py FILE|FOLDER|ZIP ... [--sample 12] [--rounds 5]

The slow readers get a sample of the files, spread over their sizes; heatlas is timed on that sample, for the
ratios, and on all files. CPU time of one core, from bytes in memory to columns; the best of some rounds.
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
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

COLD = """
import sys, time
start = time.perf_counter()
from heatlas.sources.formats.fit.reader import read_fit
read_fit(sys.stdin.buffer.read(), "-")
print(time.perf_counter() - start)
"""


def collect(places: Iterable[Path]) -> list[bytes]:
    """Read all FIT files in files, folders and archives."""
    found: list[bytes] = []
    for place in places:
        paths = sorted(place.rglob("*")) if place.is_dir() else [place]
        for path in paths:
            name = path.name.lower()
            if not name.endswith((".fit", ".fit.gz", ".zip")):
                continue
            data = path.read_bytes()
            data = gzip.decompress(data) if name.endswith(".gz") else data
            if data[:2] == b"PK":
                with zipfile.ZipFile(io.BytesIO(data)) as archive:
                    found += [archive.read(m) for m in archive.namelist() if m.lower().endswith(".fit")]
            else:
                found.append(data)
    return found


def by_heatlas(data: bytes) -> int:
    from heatlas.core.errors import Unreadable
    from heatlas.sources.formats.fit.reader import read_fit

    try:
        return sum(len(recording.time) for recording in read_fit(data, "-"))
    except Unreadable:
        return 0


FIELDS = (
    ("enhanced_altitude", "altitude"),
    ("enhanced_speed", "speed"),
    *((name,) for name in ("position_lat", "position_long", "timestamp")),
    *((name,) for name in ("heart_rate", "cadence", "power", "temperature")),
)


def to_columns(records: list[dict]) -> int:
    """Bring what a reader gives into columns: what heatlas hands out, nothing more."""
    import numpy as np

    for names in FIELDS:
        values = [next((r[n] for n in names if r.get(n) is not None), None) for r in records]
        np.array([v if isinstance(v, int | float) else np.nan for v in values], float)
    return len(records)


def by_fitdecode(data: bytes) -> int:
    import fitdecode

    processor = fitdecode.processors.DataProcessorBase()
    with fitdecode.FitReader(
        io.BytesIO(data), processor=processor, check_crc=fitdecode.CrcCheck.DISABLED, keep_raw_chunks=False
    ) as reader:
        records = [
            {field.name: field.value for field in frame.fields}
            for frame in reader
            if isinstance(frame, fitdecode.FitDataMessage) and frame.name == "record"
        ]
    return to_columns(records)


def by_sdk(data: bytes) -> int:
    from garmin_fit_sdk import Decoder, Stream

    messages, _ = Decoder(Stream.from_byte_array(bytearray(data))).read(
        convert_datetimes_to_dates=False,
        convert_types_to_strings=False,
        merge_heart_rates=False,
        enable_crc_check=False,
        expand_components=False,
    )
    return to_columns(messages.get("record_mesgs", []))


def by_fitparse(data: bytes) -> int:
    import fitparse

    reader = fitparse.FitFile(io.BytesIO(data), check_crc=False)
    return to_columns([message.get_values() for message in reader.get_messages("record")])


def clock(read: Callable[[bytes], int], files: list[bytes], rounds: int) -> tuple[int, float]:
    """Count the records and time the reading: CPU seconds, best round."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        records = sum(read(data) for data in files)
        best = min(best, time.process_time() - start)
    return records, best


def cold(data: bytes) -> tuple[float, float]:
    """Time the first file of a new process: without, then with compiled kernels in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        run = [sys.executable, "-c", COLD]
        env = {**os.environ, "NUMBA_CACHE_DIR": folder}
        times = [
            float(subprocess.run(run, input=data, env=env, check=True, stdout=subprocess.PIPE).stdout) for _ in range(2)
        ]
    return times[0], times[1]


def readable(data: bytes) -> bool:
    """Tell whether all readers count the same records, so that their times can be compared."""
    counts = set()
    for read in (by_heatlas, by_fitdecode, by_sdk):
        try:
            counts.add(read(data))
        except Exception:  # noqa: BLE001
            return False
    return len(counts) == 1 and counts != {0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("places", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, default=12, help="files that the slow readers get")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of heatlas; the others get one")
    options = parser.parse_args()
    files = sorted(collect(options.places), key=len)
    if not files:
        sys.exit("no FIT file there")
    first, again = cold(files[len(files) // 2])
    print(f"first file of a process: {first:.1f} s compiling, {again:.2f} s from the cache (with imports)")
    records, seconds = clock(by_heatlas, files, options.rounds)
    rate = records / seconds
    size = sum(map(len, files)) / len(files) / 1000
    print(f"all {len(files)} files of {size:.0f} kB on average, {records:,} records:")
    print(f"  {'heatlas':<16} {rate:>12,.0f} records/s, {seconds / len(files) * 1e6:.0f} us a file")
    step = max(1, len(files) // options.sample)
    sample = [data for data in files[step // 2 :: step] if readable(data)]
    if not sample:
        sys.exit("no file that all readers can read")
    records, seconds = clock(by_heatlas, sample, options.rounds)
    print(f"sample of {len(sample)} files, {records:,} records:")
    print(f"  {'heatlas':<16} {records / seconds:>12,.0f} records/s")
    readers = {"garmin_fit_sdk": by_sdk, "fitdecode": by_fitdecode, "fitparse": by_fitparse}
    for module, read in readers.items():
        if importlib.util.find_spec(module) is None:
            print(f"  {module:<16} not installed")
            continue
        try:
            n, slow = clock(read, sample, 1)
        except Exception as error:  # noqa: BLE001
            print(f"  {module:<16} failed: {error}")
            continue
        print(f"  {module:<16} {n / slow:>12,.0f} records/s  1 : {slow / n * records / seconds:,.0f}")


if __name__ == "__main__":
    main()
