"""Cold tiles of the live map over HTTP: the server of heatlas and that of hotpot, with the same activities and tiles.

    python benchmarks/served_tiles.py [--activities 400] [--tiles 12] [--turns 5] [--hotpot BINARY] [--write]

Each program imports a demo, and serves it on this machine alone. Of each zoom the busiest tiles are asked for, one by
one, each once, and none near another, as neighbours share what was counted. Before them each zoom has one tile more,
which is not counted: for it heatlas fits the tone of the zoom. The processor is that of the server, with all its
threads. Both draw 256 px; heatlas smooths them and fits their tone, hotpot does neither.
"""

from __future__ import annotations

import http.client
import socket
import statistics
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from no_waiting import SCRIPTS, Row, measured, tell
from turns import HEATLAS, HOTPOT, Command, arguments, environment, parse, run

from heatlas.demo import write_demo
from heatlas.library.file.opening import open_library
from heatlas.tiles.tile_counts import busiest
from heatlas.tiles.view import census_of, now, open_view

if TYPE_CHECKING:
    from collections.abc import Iterator

ZOOMS = range(12, 17)
APART = 3
"""Tiles from one that is asked for to the next, at least: two that are nearer are smoothed over a tile of both."""
PATIENCE = 60.0

Tiles = dict[int, list[tuple[int, int]]]
Spent = dict[int, tuple[float, float, float]]
"""Zoom -> milliseconds of the processor and of the clock, and bytes, of a tile."""


def choose(library: Path, most: int) -> Tiles:
    """Return the busiest tiles of each zoom that are not near each other, and one more."""
    view, found = open_view(open_library(library)), {}
    for zoom in ZOOMS:
        some: list[tuple[int, int]] = []
        for x, y in busiest(census_of(view, now(view), zoom), None, 5000):
            if len(some) <= most and all(max(abs(x - a), abs(y - b)) >= APART for a, b in some):
                some.append((x, y))
        found[zoom] = some
    return found


@contextmanager
def serving(command: Command, port: int, folder: Path, variables: dict[str, str]) -> Iterator[int]:
    """Run a server until it answers, and end it afterwards; gives its process."""
    server = subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield server.pid
    finally:
        server.terminate()
        server.wait()


def processor(process: int) -> float:
    """Seconds of the processor that a process has used, with all its threads (see clock_getcpuclockid(3))."""
    return time.clock_gettime((~process << 3) | 2)


def ask(link: http.client.HTTPConnection, address: str) -> int:
    """Fetch a tile; returns its bytes."""
    link.request("GET", address)
    answer = link.getresponse()
    data = answer.read()
    if answer.status not in {200, 204}:
        raise SystemExit(f"{address}: {answer.status}")
    return len(data)


def cold(command: Command, address: str, port: int, tiles: Tiles, folder: Path, variables: dict[str, str]) -> Spent:
    """Ask a server that has just started for all tiles."""
    spent: Spent = {}
    with serving(command, port, folder, variables) as process:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        for zoom, places in tiles.items():
            first, *rest = (address.format(z=zoom, x=x, y=y) for x, y in places)
            ask(link, first)
            begun, walls, sizes = processor(process), [], []
            for each in rest:
                started = time.perf_counter()
                sizes.append(ask(link, each))
                walls.append(time.perf_counter() - started)
            used = 1e3 * (processor(process) - begun) / len(rest)
            spent[zoom] = used, 1e3 * statistics.median(walls), statistics.median(sizes)
        link.close()
    return spent


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def main() -> None:
    parser = arguments(__doc__, HOTPOT)
    parser.add_argument("--activities", type=int, default=400)
    parser.add_argument("--tiles", type=int, default=12)
    options = parse(parser)
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), str(free_port())
        variables = environment(folder / "config")
        write_demo(folder / "demo", activities=options.activities, seed=1)
        run((*HEATLAS, "import", "demo", "-q"), folder, variables)
        servers: dict[str, tuple[Command, str]] = {
            "heatlas": ((*HEATLAS, "serve", "heatlas.db", "--port", port), "/tiles/passes/{z}/{x}/{y}.png"),
        }
        if options.hotpot:
            run((options.hotpot, "import", "demo/activities"), folder, variables)
            servers[HOTPOT] = (options.hotpot, "serve", "--port", port), "/tile/{z}/{x}/{y}@small"
        tiles, when = choose(folder / "heatlas.db", options.tiles), measured(options.turns)
        taken: dict[str, list[Spent]] = {program: [] for program in servers}
        for _ in range(options.turns):
            for program, (command, address) in servers.items():
                taken[program].append(cold(command, address, int(port), tiles, folder, variables))
    rows = []
    for zoom, row in zip(ZOOMS, SCRIPTS["served_tiles.py"], strict=True):
        found = {
            program: [statistics.median(column) for column in zip(*(one[zoom] for one in some), strict=True)]
            for program, some in taken.items()
        }
        told = {
            program: f"{cpu:.2f} ms, {wall:.2f} ms, {size / 1e3:.1f} kB" for program, (cpu, wall, size) in found.items()
        }
        peer = (HOTPOT, told[HOTPOT], found[HOTPOT][0] / found["heatlas"][0]) if HOTPOT in told else ()
        rows.append(Row(row, told["heatlas"], *peer))
        print(f"zoom {zoom}: {len(tiles[zoom]) - 1} tiles")
    tell("served_tiles.py", when, rows, options.write)


if __name__ == "__main__":
    main()
