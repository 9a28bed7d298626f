"""Drop files into a watched folder in bursts: nothing may be lost, nothing taken twice, and memory may not grow.

    python benchmarks/watching.py [--files 300000] [--bursts 12] [--kills 3] [--folder DIR]

Small recordings, each of a place and time of its own, come in bursts. Half of them are written in two halves with a
while between, some under the name of an unfinished copy that is then renamed, some are renamed later, and some deleted.
`heatlas import DIR --watch` follows; it is killed (SIGKILL) now and then and started again. In the end the library's
table of files is compared with the folder, and the number of activities with that of files. It prints files by second
of the processor, in all and burst by burst (these must not fall as the library grows), and the most memory that a
process had after each burst, and exits with 1 if anything is lost or twice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from heatlas.library.file.opening import open_library

_HEAD = (
    '<?xml version="1.0"?><gpx version="1.1" creator="bench" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>'
)
_TAIL = "</trkseg></trk></gpx>"
_FIXES = 12
_PAUSE = 0.3
"""Seconds between the halves of files."""


def recording(k: int) -> bytes:
    """A short walk; no two are alike, nor close enough in place and time to be copies of one."""
    lat, lon = -60 + (k * 0.00731) % 120, -179 + (k * 0.01317) % 358
    start = 1_200_000_000 + 600 * k
    points = (
        f'<trkpt lat="{lat + 2e-5 * j:.6f}" lon="{lon:.6f}"><time>'
        f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(start + 2 * j))}</time></trkpt>"
        for j in range(_FIXES)
    )
    return f"{_HEAD}{''.join(points)}{_TAIL}".encode()


def drop(folder: Path, numbers: range, chance: random.Random) -> int:
    """Write a burst; returns how many files were deleted before anybody can have read them."""
    slow: list[tuple[Path, bytes]] = []
    gone = 0
    for k in numbers:
        data, path = recording(k), folder / f"{k % 100:02}" / f"{k}.gpx"
        path.parent.mkdir(exist_ok=True)
        how = chance.random()
        if how < 0.5:
            part = path.with_name(f"{path.name}.partial") if how < 0.1 else path
            part.write_bytes(data[: len(data) // 2])
            slow.append((part, data))
        else:
            path.write_bytes(data)
            if how > 0.99:
                path.unlink()
                gone += 1
            elif how > 0.95:
                path.rename(path.with_name(f"renamed {k}.gpx"))
    time.sleep(_PAUSE)
    for part, data in slow:
        with part.open("ab") as file:
            file.write(data[len(data) // 2 :])
        if part.suffix == ".partial":
            part.rename(part.with_suffix(""))
    return gone


def start(folder: Path, library: Path) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "heatlas", "import", str(folder), "--watch", "-q", "-l", str(library)]
    return subprocess.Popen(words)


def peak(process: subprocess.Popen[bytes]) -> float:
    """MB that a process had at most."""
    try:
        text = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0.0)


def spent(process: subprocess.Popen[bytes]) -> float:
    """Seconds of the processor that a process has used."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def held(library: Path) -> int:
    if not library.exists():
        return 0
    with open_library(library) as opened, opened.read() as connection:
        return int(connection.execute("SELECT count(*) FROM activities").fetchone()[0])


def faults(folder: Path, library: Path) -> list[str]:
    """What is lost or twice."""
    there = {str(path.resolve()): path.stat() for path in folder.rglob("*.gpx")}
    with open_library(library) as opened, opened.read() as connection:
        rows = connection.execute("SELECT number, name, size, changed FROM files").fetchall()
        tracks = connection.execute(
            "SELECT file, count(*), sum(same_as IS NOT NULL), min(fixes) FROM activities GROUP BY 1"
        )
        tracks = {file: values for file, *values in tracks.fetchall()}
    found = []
    known = {name: (number, size, changed) for number, name, size, changed in rows}
    found += [f"{name} is missing" for name in there if name not in known]
    found += [
        f"{name} is not as it is on the disk"
        for name, status in there.items()
        if name in known and known[name][1:] != (status.st_size, status.st_mtime_ns)
    ]
    for name, (number, *_) in known.items():
        count, copies, fixes = tracks.get(number, (0, 0, 0))
        if (count, copies, fixes) != (1, 0, _FIXES):
            found.append(f"{name} gave {count} activities, {copies} copies, {fixes} fixes")
    return found


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=300_000)
    parser.add_argument("--bursts", type=int, default=12)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    chance, killed = random.Random(1), 0
    with tempfile.TemporaryDirectory(dir=asked.folder) as scratch:
        folder, library = Path(scratch, "in"), Path(scratch, "lib.db")
        folder.mkdir()
        process, peaks, gone = start(folder, library), [0.0], 0
        size = -(-asked.files // asked.bursts)
        rates: list[float] = []
        before = had = 0.0
        for burst in range(asked.bursts):
            numbers = range(burst * size, min((burst + 1) * size, asked.files))
            gone += drop(folder, numbers, chance)
            while (now := held(library)) < (burst + 0.5) * size:  # in the middle of a burst
                peaks.append(peak(process))
                time.sleep(1)
            rates.append(round((now - had) / max(spent(process) - before, 0.01), 1))
            had, before = now, spent(process)
            print(f"burst {burst}: {now} held, {rates[-1]} files/s, {peaks[-1]:.0f} MB", file=sys.stderr, flush=True)
            if killed < asked.kills and burst % max(asked.bursts // max(asked.kills, 1), 1) == 0:
                before = 0.0
                process.send_signal(signal.SIGKILL)
                process.wait()
                process, killed = start(folder, library), killed + 1
        last, since = -1, time.monotonic()
        while time.monotonic() - since < 20:
            peaks.append(peak(process))
            if (now := held(library)) != last:
                last, since = now, time.monotonic()
            time.sleep(1)
        process.terminate()  # SIGINT may be ignored, as in what a shell starts in the background
        process.wait()
        wrong = faults(folder, library)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = used.ru_utime + used.ru_stime
        print(
            json.dumps(
                {
                    "files": asked.files, "deleted": gone, "activities": last, "killed": killed, "wrong": len(wrong),
                    "files_per_cpu_second": round(asked.files / seconds, 1), "by_burst": rates,
                    "peak_mb": round(max(peaks)), "library_mb": round(library.stat().st_size / 1e6, 1),
                }
            )
        )  # fmt: skip
        for fault in wrong[:10]:
            print(fault)
        return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
