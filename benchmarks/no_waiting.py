"""The table "No waiting" of docs/performance.md: its rows, the scripts that measure them, and one run of all of them.

    python benchmarks/no_waiting.py [--hotpot BINARY] [--hittekaart BINARY] [--only SCRIPT...] [--turns 5] [--write]

Each script measures heatlas and its peer in turns, and can be run alone with the same options. With --write it puts its
rows into the table and leaves the others as they are. All of them take some ten minutes on two cores.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from turns import HITTEKAART, HOTPOT, Took, arguments

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
SCRIPTS = {
    "install.py": ("size of an installation", "first picture after it"),
    "start_up.py": (
        "`--version`", "`render --help`", "`import` again, nothing new", "the same, the first time",
        "`render -o tiles/` again, nothing changed", "the same, for the first time",
        "picture of 1000 px, from a library", "picture of 1000 px, of one GPX",
    ),
    "importing.py": ("import, per file", "size of a library"),
    "served_tiles.py": tuple(f"cold tile, zoom {zoom}, over HTTP" for zoom in range(12, 17)),
    "straight.py": ("GPX to tiles of zooms 0 to 15",),
    "points.py": ("10 million points of Parquet, bare pixels",),
}  # fmt: skip
"""Script -> its rows, in the order of the table."""
PEERS = {
    "install.py": (HOTPOT,), "start_up.py": (HOTPOT,), "importing.py": (HOTPOT,), "served_tiles.py": (HOTPOT,),
    "straight.py": (HITTEKAART, HOTPOT), "points.py": (),
}  # fmt: skip
"""Script -> programs that one has to name."""
MORE = {"points.py": ("--bare", "--peers", "duckdb")}
"""Script -> what it is told for its rows."""
HEAD = (
    "| what | script | heatlas | peer | peer took | times as fast | measured |",
    "|---|---|---|---|---|---|---|",
)


@dataclass(frozen=True)
class Row:
    """Figures of heatlas and of its peer, from one run."""

    name: str
    ours: str
    peer: str = "-"
    theirs: str = "-"
    ratio: float | None = None
    """How many times as much the peer took, of what is compared first."""

    @property
    def figures(self) -> str:
        """All of them, as cells of the table."""
        times = "-" if self.ratio is None else f"{self.ratio:.0f}" if self.ratio >= 10 else f"{self.ratio:.2g}"
        return f"{self.ours} | {self.peer} | {self.theirs} | {times}"


def compared(name: str, ours: Took, peer: str = "-", theirs: Took | None = None) -> Row:
    """Return a row of seconds of the processor and of the clock."""
    if theirs is None:
        return Row(name, ours.told)
    return Row(name, ours.told, peer, theirs.told, theirs.cpu / ours.cpu)


def write_block(page: Path, script: str, text: str) -> None:
    """Put a text between the two marks of a script in a page; nothing else of the page changes."""
    begin, end = f"<!-- figures of benchmarks/{script} -->\n", "<!-- end of figures -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise SystemExit(f"{page} has no marks of benchmarks/{script}")
    page.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}", encoding="utf-8")


def read_block(page: Path, script: str) -> str:
    """Return the text between the two marks of a script in a page."""
    text = page.read_text(encoding="utf-8").partition(f"<!-- figures of benchmarks/{script} -->\n")[2]
    return text.partition("<!-- end of figures -->")[0].strip()


def measured(turns: int) -> str:
    """Return how often and when it is measured, and how much the machine has to do meanwhile."""
    today = dt.datetime.now(tz=dt.UTC).date()
    often = "once" if turns == 1 else f"{turns} times"
    return f"{often}, {today:%Y-%m-%d}, load {os.getloadavg()[0]:.1f}"


def tell(script: str, when: str, rows: Iterable[Row], write: bool, page: Path = PAGE) -> None:
    """Print rows of a script, and with `write` put them into the table, in its order."""
    told = {row.name: f"| {row.name} | `{script}` | {row.figures} | {when} |" for row in rows}
    print("\n".join(told.values()))
    if write:
        lines = read_block(page, "no_waiting.py").splitlines()
        there = {line[2:].partition(" | ")[0]: line for line in lines} | told
        names = [name for names in SCRIPTS.values() for name in names]
        write_block(page, "no_waiting.py", "\n".join([*HEAD, *(there[name] for name in names if name in there)]))


def main() -> None:
    parser = arguments(__doc__, HOTPOT, HITTEKAART)
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, default=list(SCRIPTS), metavar="SCRIPT")
    options = parser.parse_args()
    for script in options.only:
        command = [sys.executable, str(Path(__file__).with_name(script)), "--turns", str(options.turns)]
        command += MORE.get(script, ())
        for peer in PEERS[script]:
            if getattr(options, peer):
                command += [f"--{peer}", getattr(options, peer)]
        if options.write:
            command.append("--write")
        print(f"\n{script}", flush=True)
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
