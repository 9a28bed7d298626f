"""Whole commands in turns with each other: what they take of the processor and of the clock.

Every script that compares commands measures them by this one. Turns share what the machine does meanwhile among all
commands, and the medians are told: of the processor first, as it depends least on what else runs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HEATLAS = (sys.executable, "-m", "heatlas")
HOTPOT, HITTEKAART = "hotpot", "hittekaart"
SOURCES = {HOTPOT: "https://github.com/erik/hotpot", HITTEKAART: "https://gitlab.com/dunj3/hittekaart"}
"""Peers that are programs of their own, and where their sources are."""

Command = tuple[str, ...]


class Took(NamedTuple):
    """What a command took."""

    cpu: float
    """Seconds of the processor, of all processes that it started."""
    wall: float
    """Seconds of the clock."""
    memory: float = 0.0
    """Largest resident memory of one process, in MB; the system counts that of this script as well, before the command
    replaces it."""

    @property
    def told(self) -> str:
        """Both times, as they stand in a table."""
        return f"{seconds(self.cpu)}, {seconds(self.wall)}"


def seconds(value: float) -> str:
    """Write seconds with as many digits as mean anything."""
    return f"{value:.3f} s" if value < 0.1 else f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def environment(config: Path, **more: str) -> dict[str, str]:
    """Return variables for a command, whose notes and caches lie in a folder of the benchmark.

    As after an install, modules need not be compiled to byte code at every start.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"HEATLAS_CONFIG": str(config)} | more


def run(command: Command, folder: Path, variables: Mapping[str, str]) -> Took:
    """Run a command in a folder to its end."""
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{' '.join(command)[:200]} failed:\n{said.read().decode(errors='replace')[-2000:]}")
    return Took(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024)


def run_all(commands: Sequence[Command], folder: Path, variables: Mapping[str, str]) -> Took:
    """Run commands one after the other, and add up what they took."""
    taken = [run(command, folder, variables) for command in commands]
    return Took(sum(one.cpu for one in taken), sum(one.wall for one in taken), max(one.memory for one in taken))


def median(taken: Sequence[Took]) -> Took:
    """Return the median of each figure."""
    return Took(*map(statistics.median, zip(*taken, strict=True)))


def in_turns(jobs: Mapping[str, Callable[[], Took]], turns: int) -> dict[str, Took]:
    """Do all jobs once in each turn; returns the medians, and prints them."""
    taken: dict[str, list[Took]] = {name: [] for name in jobs}
    for _ in range(turns):
        for name, job in jobs.items():
            taken[name].append(job())
    found = {name: median(some) for name, some in taken.items()}
    for name, took in found.items():
        print(f"{name:38} {took.cpu:7.3f} s of the processor, {took.wall:7.3f} s, {took.memory:6.0f} MB")
    return found


def arguments(description: str | None, *peers: str, turns: int = 5) -> argparse.ArgumentParser:
    """Return a parser that knows the options that all these scripts have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for peer in peers:
        parser.add_argument(f"--{peer}", metavar="BINARY", help=f"built from {SOURCES[peer]}; left out if not given")
    parser.add_argument("--turns", type=int, default=turns)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    return parser


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse options, and say what is missing for figures as an installation has them."""
    from heatlas.kernels import ahead

    options = parser.parse_args()
    if ahead.find_library() is None:
        print("kernels are not compiled ahead here (python -m heatlas.kernels.ahead_build), so numba is loaded")
    for peer in SOURCES:
        binary = getattr(options, peer, "")
        if binary is None:
            print(f"{peer} is left out: name its binary by --{peer}")
        elif binary:
            setattr(options, peer, str(Path(binary).resolve(strict=True)))
    return options
