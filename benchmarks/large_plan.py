"""A hundred million fixes to tiles end to end on this machine: CPU and memory of `heatlas render --engine pool`.

    python benchmarks/large_plan.py [--trips 50000] [--partitions 10] [--workers 2] [--measure passes] [--folder DIR]

Trips are those of `benchmarks/scale.py`: 2,000 fixes each, in partitions of 10 million fixes. The command runs as
anybody would run it. Memory is looked at ten times a second: the proportional share (PSS) of the command and of all
processes that it starts, together and each; of pages that they share, each has its part. CPU is that of all of them.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from scale import FIXES, make_trips

_EVERY = 0.1
"""Seconds between two looks at the memory."""


def children(process: int) -> list[int]:
    """Processes that a process has started, and those that these have started."""
    found = [process]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def megabytes(process: int) -> float:
    """Memory of a process: its share of what it has in memory."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def run(command: list[str], report: Path) -> dict[str, float]:
    """Run a command that writes its report; CPU seconds, and the most memory of all its processes, and of one."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    together, alone = 0.0, 0.0
    with report.open("wb") as file:
        process = subprocess.Popen(command, stdout=file)
        while process.poll() is None:
            held = [megabytes(one) for one in children(process.pid)]
            together, alone = max(together, sum(held)), max(alone, *held)
            time.sleep(_EVERY)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit(process.returncode)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": cpu, "together": together, "alone": alone}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trips", type=int, default=50_000)
    parser.add_argument("--partitions", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--measure", default="passes")
    parser.add_argument("--zooms", default="0-15")
    parser.add_argument("--folder", type=Path, help="where trips are kept, and taken from the next time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary) / "trips"
        if not folder.exists():
            make_trips(folder, given.trips, given.partitions)
        output, report = Path(temporary) / "map.pmtiles", Path(temporary) / "report.json"
        command = [
            sys.executable, "-m", "heatlas", "render", str(folder), "-o", str(output), "--engine", "pool", "--measure",
            given.measure, "--zoom", given.zooms, "--workers", str(given.workers), "--json",
        ]  # fmt: skip
        begun = time.perf_counter()
        used = run(command, report)
        took = time.perf_counter() - begun
        said = json.loads(report.read_text())
        size = sum(path.stat().st_size for path in folder.iterdir())
    fixes, tiles = said["fixes"], said["tiles"]["written"]
    print(
        f"{fixes:,} fixes of {fixes // FIXES:,} trips in {said['partitions']} partitions of {size / 1e6:,.0f} MB, "
        f"{given.measure}, zooms {given.zooms}: {tiles:,} tiles, {said['bytes'] / 1e6:,.1f} MB; "
        f"{used['cpu']:,.0f} s of CPU ({used['cpu'] / fixes * 1e6:.2f} microseconds a fix) in {took:,.0f} s; "
        f"{used['together']:,.0f} MB at most, {used['alone']:,.0f} MB of the largest process"
    )
    print({phase: round(seconds, 1) for phase, seconds in said["seconds"].items()})


if __name__ == "__main__":
    main()
