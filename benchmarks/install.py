"""A plain installation: its size, and the first picture that it draws, beside the binary of hotpot.

    python benchmarks/install.py [--wheel FILE] [--turns 5] [--hotpot BINARY] [--write]

pip installs heatlas into an empty environment: FILE, or else a wheel that is built from this checkout.
A first picture: one GPX file, 1000 px wide, with nothing of the user's there that an earlier command has left. hotpot
has to import the file first. The first run of all, with modules that no process has read yet, is told apart; and it is
looked at that no command writes into the installation.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from functools import partial
from pathlib import Path

from no_waiting import SCRIPTS, Row, compared, measured, tell
from start_up import WIDTH, bounds, picture_of_file
from turns import HEATLAS, HOTPOT, Command, Took, arguments, environment, in_turns, parse, run

from heatlas.demo import write_demo

ROOT = Path(__file__).resolve().parents[1]


def pip(*words: str) -> None:
    """Run pip, which says nothing unless it fails."""
    subprocess.run([sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", *words], check=True)


def install(folder: Path, wheel: Path | None) -> Path:
    """Make an environment that holds heatlas and what it needs; returns where its packages are."""
    if wheel is None:
        pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
        (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    pip("--python", str(folder / "env" / "bin" / "python"), "install", str(wheel))
    (packages,) = (folder / "env").glob("lib/python*/site-packages")
    return packages


def sizes(packages: Path) -> dict[str, float]:
    """Megabytes of each package."""
    found: dict[str, float] = {}
    for path in packages.rglob("*"):
        if path.is_file():
            name = path.relative_to(packages).parts[0].partition(".libs")[0].lower()
            found[name] = found.get(name, 0.0) + path.stat().st_size / 1e6
    return found


def plain(config: Path) -> dict[str, str]:
    """Return variables of a user who has just installed heatlas."""
    caches = {"HOME": str(config), "XDG_CACHE_HOME": str(config / "cache")}
    variables = environment(config / "heatlas", **caches)
    for name in ("PYTHONPATH", "NUMBA_CACHE_DIR", "HEATLAS_JIT"):
        variables.pop(name, None)
    return variables


def main() -> None:
    parser = arguments(__doc__, HOTPOT)
    parser.add_argument("--wheel", type=Path)
    options = parse(parser)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_demo(folder / "demo", activities=40, seed=1)
        recording = max((folder / "demo").rglob("*.gpx*"), key=lambda path: path.stat().st_size)
        (folder / "one.gpx").write_bytes(recording.read_bytes())
        packages = install(folder, options.wheel)
        there = sizes(packages)
        largest = sorted(there.items(), key=lambda each: -each[1])[:6]
        total = sum(there.values())
        print(f"{total:.0f} MB: {', '.join(f'{package} {size:.0f}' for package, size in largest)}")
        python = str(folder / "env" / "bin" / "python")
        ours: Command = (python, "-m", "heatlas", "render", "one.gpx", "-o", "one.png", *WIDTH, "-q")

        def first() -> Took:
            with tempfile.TemporaryDirectory(dir=folder) as config:
                return run(ours, folder, plain(Path(config)))

        when, jobs = measured(options.turns), {"heatlas": first}
        print(f"the first run of all: {first().told}")
        if options.hotpot:
            box = bounds((*HEATLAS, *ours[3:]), folder, environment(folder / "config"))
            jobs[HOTPOT] = partial(picture_of_file, options.hotpot, folder, dict(os.environ), box)
        found = in_turns(jobs, options.turns)
        if sizes(packages) != there:
            raise SystemExit("a command has written into the installation")
    size, picture = SCRIPTS["install.py"]
    binary = (HOTPOT, f"{Path(options.hotpot).stat().st_size / 1e6:.0f} MB") if options.hotpot else ()
    rows = [Row(size, f"{total:.0f} MB", *binary), compared(picture, found["heatlas"], HOTPOT, found.get(HOTPOT))]
    tell("install.py", when, rows, options.write)


if __name__ == "__main__":
    main()
