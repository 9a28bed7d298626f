"""What a user waits for before and beside the work: whole commands that draw little, or nothing, in turns.

    python benchmarks/start_up.py [--activities 200] [--turns 5] [--hotpot BINARY] [--write]

A demo is made, imported and published; then each command is run in turns with the others, beside Python's own start and
importing NumPy. "The first time" is the run that follows the one which did the work. hotpot imports the same export and
draws the same box; it tells files that it has by their names alone.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from no_waiting import PAGE, SCRIPTS, compared, measured, tell, write_block
from turns import HEATLAS, HOTPOT, Command, Took, arguments, environment, in_turns, parse, run, run_all, seconds

import heatlas

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORT: Command = (*HEATLAS, "import", "export", "-q")
PUBLISH: Command = (*HEATLAS, "render", "-o", "tiles/", "-q")
VERSION, HELP, AGAIN, FIRST_AGAIN, UNCHANGED, FIRST_UNCHANGED, LIBRARY, GPX = SCRIPTS["start_up.py"]
PYTHON, NUMPY = "Python's own start", "`import numpy`"
WIDTH = ("--width", "1000")
COMMANDS: dict[str, Command] = {
    PYTHON: (sys.executable, "-c", "pass"),
    NUMPY: (sys.executable, "-c", "import numpy"),
    VERSION: (*HEATLAS, "--version"),
    HELP: (*HEATLAS, "render", "--help"),
    AGAIN: IMPORT,
    FIRST_AGAIN: IMPORT,
    UNCHANGED: PUBLISH,
    FIRST_UNCHANGED: PUBLISH,
    LIBRARY: (*HEATLAS, "render", "-o", "heat.png", *WIDTH, "-q"),
    GPX: (*HEATLAS, "render", "one.gpx", "-o", "one.png", *WIDTH, "-q"),
}


def prepare(folder: Path, activities: int, variables: dict[str, str]) -> None:
    """Make an export, a library and tiles, and let the notes of commands be written that change nothing."""
    run((*HEATLAS, "demo", "export", "--activities", str(activities)), folder, variables)
    recording = max((folder / "export").rglob("*.gpx*"), key=lambda path: path.stat().st_size)
    (folder / "one.gpx").write_bytes(recording.read_bytes())  # heatlas opens it packed, too
    for command in (IMPORT, PUBLISH) * 2:
        run(command, folder, variables)


def bounds(command: Command, folder: Path, variables: dict[str, str]) -> str:
    """Return the box that a command of heatlas draws, as hotpot's option."""
    drawn = subprocess.run((*command, "--json"), cwd=folder, env=variables, check=True, capture_output=True, text=True)
    return f"--bounds={','.join(map(str, json.loads(drawn.stdout)['window']['bbox']))}"


def picture(binary: str, box: str, *options: str) -> Command:
    """Return the command by which hotpot draws a box."""
    return (binary, *options, "render", box, *WIDTH, "--height", "1000", "--output", "hotpot.png")


def picture_of_file(binary: str, folder: Path, variables: dict[str, str], box: str) -> Took:
    """Have hotpot draw the GPX file, for which it needs a database."""
    for old in folder.glob("one.db*"):
        old.unlink()
    fresh = ("--db", "one.db")
    return run_all([(binary, *fresh, "import", "one.gpx"), picture(binary, box, *fresh)], folder, variables)


def hotpot(binary: str, folder: Path, variables: dict[str, str]) -> dict[str, Callable[[], Took]]:
    """Return jobs of hotpot beside those of heatlas, after its own import of the export."""
    imports: Command = (binary, "import", "export/activities/")
    run(imports, folder, variables)
    commands = {
        VERSION: (binary, "--version"),
        HELP: (binary, "render", "--help"),
        AGAIN: imports,
        LIBRARY: picture(binary, bounds(COMMANDS[LIBRARY], folder, variables)),
    }
    box = bounds(COMMANDS[GPX], folder, variables)
    return {name: partial(run, command, folder, variables) for name, command in commands.items()} | {
        GPX: partial(picture_of_file, binary, folder, variables, box)
    }


def table(found: dict[str, Took], activities: int, when: str) -> str:
    """Write all times as Markdown."""
    said = f"`start_up.py`, an export of {activities} activities, {when}:"
    lines = [said, "", "| command | processor | clock |", "|---|---|---|"]
    lines += [f"| {name} | {seconds(took.cpu)} | {seconds(took.wall)} |" for name, took in found.items()]
    return "\n".join(lines)


def main() -> None:
    parser = arguments(__doc__, HOTPOT)
    parser.add_argument("--activities", type=int, default=200)
    options = parse(parser)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        noted = environment(folder / "config")

        def first_after(work: Command, *before: Command) -> Took:
            with tempfile.TemporaryDirectory(dir=folder) as empty:
                shutil.copytree(folder / "export", Path(empty) / "export")
                variables = environment(Path(empty) / "config")
                for command in (*before, work):
                    run(command, Path(empty), variables)
                return run(work, Path(empty), variables)

        prepare(folder, options.activities, noted)
        jobs: dict[str, Callable[[], Took]] = {
            name: partial(run, command, folder, noted) for name, command in COMMANDS.items()
        }
        jobs[FIRST_AGAIN] = partial(first_after, IMPORT)
        jobs[FIRST_UNCHANGED] = partial(first_after, PUBLISH, IMPORT)
        peers = hotpot(options.hotpot, folder, noted) if options.hotpot else {}
        when = measured(options.turns)
        print(f"heatlas {heatlas.__version__}, {options.activities} activities, medians of {options.turns}")
        found = in_turns(jobs | {f"{HOTPOT}: {name}": job for name, job in peers.items()}, options.turns)
    rows = [compared(name, found[name], HOTPOT, found.get(f"{HOTPOT}: {name}")) for name in SCRIPTS["start_up.py"]]
    tell("start_up.py", when, rows, options.write)
    if options.write:
        write_block(PAGE, "start_up.py", table(found, options.activities, when))


if __name__ == "__main__":
    main()
