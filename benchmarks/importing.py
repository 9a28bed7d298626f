"""An import of a whole export into a new library, and its size: heatlas with all metrics, hotpot with its pixels.

    python benchmarks/importing.py [--activities 1000] [--turns 5] [--hotpot BINARY] [--write] [SOURCE]

SOURCE is the unpacked export of a portal, by default a demo of recordings as FIT, GPX and TCX, packed, with a table of
activities, which both programs read as well. How the cost of an activity grows with a library, `library.py --grow`
tells.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from no_waiting import SCRIPTS, Row, measured, tell
from turns import HEATLAS, HOTPOT, Command, Took, arguments, environment, in_turns, parse, run

if TYPE_CHECKING:
    from collections.abc import Callable

ACTIVITIES = 1000


def size(base: Path) -> float:
    """Megabytes of a database, with what has not been moved into it yet."""
    return sum(path.stat().st_size for path in base.parent.glob(f"{base.name}*")) / 1e6


def count(path: Path) -> int:
    """Activities in a database of either program."""
    with closing(sqlite3.connect(path)) as link:
        return int(link.execute("SELECT count(*) FROM activities").fetchone()[0])


def main() -> None:
    parser = arguments(__doc__, HOTPOT)
    parser.add_argument("source", type=Path, nargs="?")
    parser.add_argument("--activities", type=int, default=ACTIVITIES)
    options = parse(parser)
    if options.write and (options.source or options.activities != ACTIVITIES):
        parser.error("--write needs the demo as it is by default")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        variables = environment(folder / "config")
        source = options.source.resolve() if options.source else folder / "export"
        if not options.source:
            run((*HEATLAS, "demo", str(source), "--activities", str(options.activities)), folder, variables)
        files = sum(path.is_file() and path.suffix != ".csv" for path in source.rglob("*"))
        commands: dict[str, Command] = {"heatlas": (*HEATLAS, "import", str(source), "-l", "new.db", "-q")}
        if options.hotpot:
            activities = source / "activities"
            joined = ("--join", str(source / "activities.csv")) if (source / "activities.csv").exists() else ()
            commands[HOTPOT] = (
                options.hotpot, "--db", "new.db", "import", str(activities if activities.exists() else source), *joined
            )  # fmt: skip
        sizes, counts = {}, {}

        def anew(program: str) -> Took:
            with tempfile.TemporaryDirectory(dir=folder) as empty:
                took = run(commands[program], Path(empty), variables)
                sizes[program] = size(Path(empty) / "new.db")
                counts[program] = count(Path(empty) / "new.db")
            return took

        jobs: dict[str, Callable[[], Took]] = {program: partial(anew, program) for program in commands}
        when = measured(options.turns)
        print(f"{files} files, medians of {options.turns}")
        found = in_turns(jobs, options.turns)
    for program, many in counts.items():
        print(f"{program}: {many} activities, {sizes[program]:.1f} MB")
    each = {
        program: f"{1e3 * took.cpu / files:.1f} ms, {1e3 * took.wall / files:.1f} ms" for program, took in found.items()
    }
    cost, space = SCRIPTS["importing.py"]
    rows = [Row(cost, each["heatlas"]), Row(space, f"{sizes['heatlas']:.1f} MB")]
    if HOTPOT in found:
        ratio = found[HOTPOT].cpu / found["heatlas"].cpu
        rows = [
            Row(cost, each["heatlas"], HOTPOT, each[HOTPOT], ratio),
            Row(space, f"{sizes['heatlas']:.1f} MB", HOTPOT, f"{sizes[HOTPOT]:.1f} MB"),
        ]
    tell("importing.py", when, rows, options.write)


if __name__ == "__main__":
    main()
