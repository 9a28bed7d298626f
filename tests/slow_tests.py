"""Which tests `./check --fast` leaves out: those that took longest, written down from a run of all.

    ./check --junitxml=run.xml
    python tests/slow_tests.py run.xml

Tests that need a browser, a database or a process of their own are among them, as these take longer than that.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

LIST = Path(__file__).with_name("slow_tests.txt")
_SECONDS = 0.7
"""All cases of a test together, when both processors are busy."""


def slow_tests() -> frozenset[str]:
    """Names of the tests that are left out, as file::test."""
    return frozenset(LIST.read_text(encoding="utf-8").split())


def write(report: Path) -> int:
    """Write the list anew from a report of pytest; returns how many tests are on it."""
    seconds: Counter[str] = Counter()
    for case in ET.parse(report).iter("testcase"):
        name = f"{case.get('classname', '').rpartition('.')[2]}.py::{case.get('name', '').partition('[')[0]}"
        seconds[name] += float(case.get("time", 0))
    slow = sorted(name for name, took in seconds.items() if took > _SECONDS)
    LIST.write_text("\n".join(slow) + "\n", encoding="utf-8")
    return len(slow)


if __name__ == "__main__":
    print(f"{write(Path(sys.argv[1]))} tests are slow")
