"""What a user waits for before and beside the work: seconds of the processor of whole commands, in turns.

    python benchmarks/start_up.py [--activities 200] [--turns 5] [--hotpot PATH]

Run it by the Python of an installation (`pip install .`), whose kernels are compiled ahead, not in a checkout, where
numba compiles them. A demo is made, imported and published; then each command is run in turns with the others, and the
median of its times is told, with that of Python's own start and of importing NumPy beside it. --hotpot names the binary
of https://github.com/erik/hotpot: it imports the same export and draws the same box.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import heatlas
from heatlas.kernels import ahead

HEATLAS = [sys.executable, "-m", "heatlas"]
COMMANDS = {
    "Python's own start": [sys.executable, "-c", "pass"],
    "import numpy": [sys.executable, "-c", "import numpy"],
    "heatlas --version": [*HEATLAS, "--version"],
    "heatlas render --help": [*HEATLAS, "render", "--help"],
    "import again, nothing new": [*HEATLAS, "import", "export", "-q"],
    "the same, not noted": [*HEATLAS, "import", "export", "-q"],
    "publish, nothing changed": [*HEATLAS, "render", "-o", "tiles/", "-q"],
    "the same, not noted ": [*HEATLAS, "render", "-o", "tiles/", "-q"],
    "1000 px picture from a library": [*HEATLAS, "render", "-o", "heat.png", "--width", "1000", "-q"],
    "1000 px picture of one GPX": [*HEATLAS, "render", "one.gpx", "-o", "one.png", "--width", "1000", "-q"],
}


def processor(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds of the processor and of the clock that a command takes."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, time.perf_counter() - started


def prepared(folder: Path, activities: int, environment: dict[str, str]) -> None:
    """Make an export, a library and tiles, and let the notes of commands be written that change nothing."""
    subprocess.run(
        [*HEATLAS, "demo", "export", "--activities", str(activities)],
        cwd=folder, env=environment, check=True, capture_output=True,
    )  # fmt: skip
    recording = max((folder / "export").rglob("*.gpx*"), key=lambda path: path.stat().st_size)
    (folder / "one.gpx").write_bytes(recording.read_bytes())  # heatlas opens it packed, too
    for _ in range(2):
        for name in ("import again, nothing new", "publish, nothing changed"):
            processor(COMMANDS[name], folder, environment)


def hotpot(binary: str, folder: Path, bbox: list[float], environment: dict[str, str]) -> dict[str, list[str]]:
    """Commands of hotpot, after its own import into the database that it makes in the current folder."""
    brought = processor([binary, "import", "export/activities/"], folder, environment)
    print(f"hotpot, import                  {brought[0]:6.3f} s of the processor")
    bounds = f"--bounds={','.join(map(str, bbox))}"
    size = ["--width", "1000", "--height", "1000"]
    return {"hotpot, a picture of the box": [binary, "render", bounds, *size, "--output", "hotpot.png"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--activities", type=int, default=200)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--hotpot", help="hotpot's binary; without it there is no peer in this run")
    options = parser.parse_args()
    if not ahead.LIBRARY.exists():
        print("kernels are not compiled ahead here, so numba is loaded where an installation needs none")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        noted, anew = ({**kept, "HEATLAS_CONFIG": str(folder / name)} for name in ("noted", "anew"))
        prepared(folder, options.activities, noted)
        commands = dict(COMMANDS)
        if options.hotpot:
            drawn = [*COMMANDS["1000 px picture from a library"], "--json"]
            told = subprocess.run(drawn, cwd=folder, env=noted, check=True, capture_output=True)
            commands |= hotpot(options.hotpot, folder, json.loads(told.stdout)["window"]["bbox"], noted)
        else:
            print("hotpot is left out: name its binary by --hotpot")
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(options.turns):
            for name, command in commands.items():
                if "not noted" in name:
                    for note in folder.glob("anew/cache/unchanged/*"):
                        note.unlink()
                times[name].append(processor(command, folder, anew if "not noted" in name else noted))
                if name == "the same, not noted ":  # it wrote the ledger, so that the note is of another state
                    processor(commands["publish, nothing changed"], folder, noted)
        print(f"heatlas {heatlas.__version__}, {options.activities} activities, medians of {options.turns}")
        for name, found in times.items():
            used, wall = (statistics.median(one[k] for one in found) for k in (0, 1))
            print(f"{name.strip():31} {used:6.3f} s of the processor, {wall:6.3f} s")


if __name__ == "__main__":
    main()
