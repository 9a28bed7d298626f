"""Search for examples that break a property, with fresh seeds, until the time is up.

`./check --search 60m` runs this. Every round has a seed, which alone decides its examples: a failure is seen again by
the command that is told, on any machine.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path

_UNITS = {"s": 1, "m": 60, "h": 3600}
_NO_TESTS = 5
"""What pytest exits with when nothing was left to run."""


def seconds(words: str) -> float:
    """Read 90s, 60m or 1.5h."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", words)
    if not found:
        sys.exit(f"for how long? --search takes 90s, 60m or 2h, not {words!r}")
    return float(found[1]) * _UNITS[found[2]]


def failures(output: str) -> list[str]:
    """List the tests that pytest's summary names."""
    return re.findall(r"^(?:FAILED|ERROR) (\S+::.+?)(?: - .*)?$", output, re.MULTILINE)


def command(seed: int, words: list[str]) -> list[str]:
    """Pytest on all properties, with the examples of a seed."""
    options = ["-m", "hypothesis", "--hypothesis-profile=search", f"--hypothesis-seed={seed}"]
    return [sys.executable, "-m", "pytest", "--quiet", *options, *words]


def round_of(seed: int, until: float, words: list[str]) -> list[str]:
    """Run one round, show what pytest says, and list what failed."""
    environment = os.environ | {"HEATLAS_SEARCH_UNTIL": str(until)}
    running = subprocess.Popen(
        [*command(seed, words), "--numprocesses", "auto"], env=environment, stdout=subprocess.PIPE, text=True
    )
    said = []
    assert running.stdout is not None
    for line in running.stdout:
        if "the time for searching is up" not in line:
            print(line, end="", flush=True)
        said.append(line)
    failed = failures("".join(said))
    if running.wait() not in {0, _NO_TESTS} and not failed:
        sys.exit(f"pytest failed in the round of seed {seed}")
    return failed


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit("for how long? ./check --search 60m")
    os.chdir(Path(__file__).resolve().parents[1])
    until, words = time.time() + seconds(sys.argv[1]), sys.argv[2:]
    found: dict[str, int] = {}
    while time.time() < until:
        seed = secrets.randbelow(2**32)
        print(f"seed {seed}, {(until - time.time()) / 60:.0f} min left", flush=True)
        known = [f"--deselect={test}" for test in found]
        found |= dict.fromkeys(round_of(seed, until, [*words, *known]), seed)
    for test, seed in found.items():
        print(f"\n{test}\n  .venv/bin/python {' '.join(command(seed, [repr(test)])[1:])}")
    sys.exit(f"{len(found)} tests failed" if found else 0)


if __name__ == "__main__":
    main()
