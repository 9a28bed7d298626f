"""Serve a library to many clients for long, while recordings are imported and removed: nothing may grow.

    python benchmarks/soak.py [LIBRARY] [--minutes 60] [--clients 16] [--pause 0.8] [--chart soak.png] [--json FILE]

Without a library the export of `heatlas demo` is imported into one; a library is copied first. Each client asks for
tiles of changing places, filters and measures, and now and then for a scale, a description and who passed. Every few
seconds a recording is imported, over HTTP or by a process of its own, and older ones are removed. Each second memory,
open files and threads of the server are noted, and the 99th percentile of what clients waited; every few seconds the
server itself says how large its caches are, and how much of its heap is in use. It ends by itself, prints how these
went from the second quarter to the last, draws them, and exits with 1 if one grew or a request failed. Caches fill up
in the first half hour or so: memory that grows while they and the heap in use do not is lost to the heap's holes,
memory that grows with the heap in use but not with them is a leak.

Clients that ask again at once (`--pause 0`) keep all processors busy; their latency then is the length of the queue,
and falls when the server gets faster or the clients fewer. By default each pauses as people do: the server answers some
20 requests a second and has time to spare, and latency is that of the answer, or of other programs on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import math
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from heatlas.library.file.opening import open_library
from heatlas.tiles.cache import Cache
from heatlas.tiles.tile_counts import busiest
from heatlas.tiles.view import View, census_of, now, open_view

MEASURES = ("passes", "activities", "pace", "seconds", "days")
ZOOMS = (10, 12, 13, 14, 15, 16)
MOST_GROWTH = {"memory": (1.10, 0), "files": (1.10, 3), "threads": (1.10, 3), "p99": (1.5, 0)}
"""Last quarter by second quarter, and how much more, above which something is said to grow: a pool may start a thread
late. Latency is also that of other programs."""


@dataclass
class Second:
    """State of the server in one second."""

    at: float
    memory: float
    """MB that are resident."""
    files: int
    threads: int
    p99: float
    """Milliseconds; NaN where nothing was answered."""
    requests: int


@dataclass
class Run:
    """What clients and the sampler share."""

    port: int
    until: float
    places: dict[int, list[tuple[int, int]]]
    waited: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    opened: int = 0
    """Connections that were opened as the server had closed idle ones."""
    imported: int = 0
    removed: int = 0


def address_of(run: Run, rng: random.Random) -> str:
    """Something that a page asks for: mostly tiles, of what others ask for too and of what nobody has."""
    zoom = rng.choice(ZOOMS)
    x, y = rng.choice(run.places[zoom])
    month, metres = rng.randint(1, 12), rng.randint(0, 20000)
    where = rng.choice(("", "", f"&after=2024-{month:02d}-01", f"&where=distance > {metres}"))
    kind = rng.random()
    if kind < 0.9:
        return f"/tiles/{rng.choice(MEASURES)}/{zoom}/{x}/{y}.png?smooth=8m{where}"
    if kind < 0.95:
        return f"/scale.json?measure={rng.choice(MEASURES)}&z={zoom}{where}"
    if kind < 0.98:
        return "/api/library.json"
    lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + 0.5) / 2**zoom))))
    return f"/at?lat={lat:.5f}&lon={(x + 0.5) / 2**zoom * 360 - 180:.5f}&radius=200"


async def ask(run: Run, number: int, pause: float) -> None:
    """One client, with pauses between its requests, as people make. It keeps its connection while the server does."""
    rng = random.Random(number)
    reader, writer = await asyncio.open_connection("127.0.0.1", run.port)
    while time.monotonic() < run.until:
        if reader.at_eof():  # idle for some seconds: the server has closed it, and a browser opens another
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", run.port)
            run.opened += 1
        address = address_of(run, rng).replace(" ", "%20").replace(">", "%3E")
        started = time.perf_counter()
        asked = f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        try:
            writer.write(asked)
            head = await reader.readuntil(b"\r\n\r\n")
        except (ConnectionResetError, asyncio.IncompleteReadError) as error:
            if getattr(error, "partial", b""):
                raise  # it was closed in the middle of an answer
            # It was closed as idle while this was sent: what reuses connections asks again (RFC 9112, 9.3.1).
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", run.port)
            run.opened += 1
            writer.write(asked)
            head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        body = await reader.readexactly(length)
        run.waited.append((time.perf_counter() - started) * 1000)
        if not head.startswith(b"HTTP/1.1 200"):
            run.failed.append(f"{address}: {head[9:12].decode()} {body[:200]!r}")
        await asyncio.sleep(rng.expovariate(1 / pause) if pause else 0)
    writer.close()


def recording(number: int, place: tuple[float, float]) -> bytes:
    """A made-up walk around a place."""
    rng = np.random.default_rng(number)
    steps = rng.normal(0, 2e-5, (400, 2)).cumsum(0).cumsum(0) / 20 + np.array(place)
    start = 1_700_000_000 + 7200 * number
    times = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start + 3 * k)) for k in range(len(steps))]
    points = "".join(
        f'<trkpt lat="{lat:.6f}" lon="{lon:.6f}"><time>{times[k]}</time></trkpt>' for k, (lat, lon) in enumerate(steps)
    )
    return (
        '<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1" creator="soak"><trk><name>soak</name>'
        f"<trkseg>{points}</trkseg></trk></gpx>"
    ).encode()


def change(run: Run, path: Path, folder: Path, place: tuple[float, float], every: float) -> None:
    """Import recordings, over HTTP and by processes of their own, and remove them again."""
    import urllib.request

    number = 0
    while time.monotonic() < run.until - every:
        number += 1
        try:
            if number % 4 == 0:
                where = "name = 'soak'"
                command = [sys.executable, "-m", "heatlas", "library", "remove", where, "-l", str(path)]
                subprocess.run(command, check=True, capture_output=True)
                run.removed += 1
            elif number % 2:
                request = urllib.request.Request(
                    f"http://127.0.0.1:{run.port}/api/import", recording(number, place),
                    {"X-Filename": f"{number}.gpx", "Content-Type": "application/octet-stream"},
                )  # fmt: skip
                urllib.request.urlopen(request).read()
                run.imported += 1
            else:
                (folder / f"{number}.gpx").write_bytes(recording(number, place))
                source = str(folder / f"{number}.gpx")
                command = [sys.executable, "-m", "heatlas", "import", source, "-l", str(path), "-q"]
                subprocess.run(command, check=True, capture_output=True)
                run.imported += 1
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", b"") or (error.read() if hasattr(error, "read") else b"")
            run.failed.append(f"change {number}: {error} {said[:300]!r}")
        time.sleep(every)


def sample(run: Run, process: int, seconds: list[Second]) -> None:
    """Note the state of the server each second."""
    started = time.monotonic()
    while time.monotonic() < run.until:
        time.sleep(1)
        waited, run.waited = run.waited, []
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines() if ":" in line
        )
        seconds.append(
            Second(
                time.monotonic() - started, int(status["VmRSS"].split()[0]) / 1024,
                len(list(Path(f"/proc/{process}/fd").iterdir())), int(status["Threads"]),
                float(np.quantile(waited, 0.99)) if waited else math.nan, len(waited),
            )
        )  # fmt: skip


def verdict(seconds: list[Second]) -> dict[str, dict[str, float]]:
    """Medians of the second and the last quarter, and whether they grew."""
    quarter = len(seconds) // 4
    found = {}
    for name, (most, more) in MOST_GROWTH.items():
        early, late = (
            float(np.nanmedian([getattr(second, name) for second in part]))
            for part in (seconds[quarter : 2 * quarter], seconds[-quarter:])
        )
        found[name] = {"second quarter": early, "last quarter": late, "grew": late > early * most + more}
    return found


def draw(seconds: list[Second], path: Path) -> None:
    """Draw memory, open files, threads and latency over time, each from 0."""
    names = ("memory", "files", "threads", "p99", "requests")
    labels = ("memory, MB", "open files", "threads", "p99, ms", "requests a second")
    width, height = 1000, 150
    image = Image.new("RGB", (width, height * len(names)), "white")
    canvas = ImageDraw.Draw(image)
    for row, (name, label) in enumerate(zip(names, labels, strict=True)):
        values = np.array([getattr(second, name) for second in seconds], float)
        top, most = row * height, float(np.nanmax(values)) or 1.0
        points = [
            (50 + (width - 60) * second.at / seconds[-1].at, top + height - 15 - (height - 40) * value / most)
            for second, value in zip(seconds, values, strict=True)
            if not math.isnan(value)
        ]
        canvas.line(points, fill=(180, 60, 30), width=2)
        canvas.line([(50, top + height - 15), (width - 10, top + height - 15)], fill="grey")
        canvas.text((50, top + 4), f"{label}: at most {most:,.0f}; {seconds[-1].at / 60:.1f} minutes", fill="black")
    image.save(path)


class _Heap(ctypes.Structure):
    """`struct mallinfo2` of glibc 2.33 and newer."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]  # fmt: skip


def sizes(views: list[View]) -> dict[str, float]:
    """MB of the caches of a server's views, by name, and of its heap; the heap is known with glibc alone."""
    found = {
        item.name: getattr(view, item.name).bytes / 2**20
        for view in views
        for item in fields(view)
        if isinstance(getattr(view, item.name), Cache)
    }
    found["all caches"] = sum(found.values())
    try:
        ask = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return found
    ask.restype = _Heap
    heap = ask()
    return found | {"heap in use": (heap.uordblks + heap.hblkhd) / 2**20, "heap free": heap.fordblks / 2**20}


def serve_and_tell(path: str, told: Path) -> None:
    """Serve a library in this process, and write each few seconds how large its caches are, a line of JSON each."""
    import heatlas.server.app
    from heatlas.cli import main as command

    views: list[View] = []

    def opened(*given: object, **options: object) -> View:
        views.append(open_view(*given, **options))
        return views[-1]

    def tell() -> None:
        started = time.monotonic()
        while True:
            time.sleep(5)
            with told.open("a") as file:
                print(json.dumps({"at": time.monotonic() - started, **sizes(views)}), file=file)

    heatlas.server.app.open_view = opened
    threading.Thread(target=tell, daemon=True).start()
    sys.argv = ["heatlas", "serve", path, "--port", "0"]
    command()


def by_eighths(seconds: list[Second], told: Path) -> list[str]:
    """Medians of each eighth of the time, a line for each thing that takes memory."""
    lines = [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []
    rows = {"memory": [(second.at, second.memory) for second in seconds]}
    for line in lines:
        for name, value in line.items():
            rows.setdefault(name, []).append((line["at"], value))
    rows.pop("at", None)
    whole, said = seconds[-1].at, []
    for name, values in rows.items():
        parts = [[value for at, value in values if k <= 8 * at / whole < k + 1] for k in range(8)]
        if any(value >= 1 for _, value in values):
            said.append(f"{name}: {', '.join(f'{np.median(part):,.0f}' if part else '-' for part in parts)} MB")
    return said


def repeat(server: subprocess.Popen[str]) -> None:
    """Print what the server says."""
    for said in server.stderr:
        print("server:", said, end="")


def serve(path: Path, told: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a server that tells its sizes; return it with its port."""
    command = [sys.executable, __file__, "--serve", str(path), str(told)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
            threading.Thread(target=repeat, args=(server,), daemon=True).start()
            return server, int(found[1])
    raise SystemExit("the server does not start")


async def soak(run: Run, clients: int, pause: float) -> None:
    """All clients at once; a connection that is lost counts as a failure."""
    for failed in await asyncio.gather(*(ask(run, number, pause) for number in range(clients)), return_exceptions=True):
        if failed is not None:
            run.failed.append(repr(failed))


def main() -> int:
    """Run it, and say how it went."""
    if sys.argv[1:2] == ["--serve"]:
        serve_and_tell(sys.argv[2], Path(sys.argv[3]))
        return 0
    parser = argparse.ArgumentParser(description="Serve a library for long, while it changes.")
    parser.add_argument("library", nargs="?", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--pause", type=float, default=0.8, help="mean seconds between a client's requests")
    parser.add_argument("--every", type=float, default=5, help="seconds between imports and removals")
    parser.add_argument("--chart", type=Path, default=Path("soak.png"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "lib.db"
        if options.library:
            shutil.copy(options.library, path)
        else:
            from heatlas.demo import write_demo
            from heatlas.library.manage import import_into

            write_demo(folder / "demo", 1, 120)
            import_into(path, folder / "demo")
        with open_library(path) as library:
            view = open_view(library)
            places = {zoom: busiest(census_of(view, now(view), zoom), None, 40) for zoom in ZOOMS}
        x, y = places[ZOOMS[-1]][0]
        side = 2.0 ** ZOOMS[-1]
        place = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / side)))), x / side * 360 - 180
        told = folder / "sizes.jsonl"
        server, port = serve(path, told)
        run, seconds = Run(port, time.monotonic() + 60 * options.minutes, places), []
        others = [
            threading.Thread(target=sample, args=(run, server.pid, seconds), daemon=True),
            threading.Thread(target=change, args=(run, path, folder, place, options.every), daemon=True),
        ]
        for thread in others:
            thread.start()
        asyncio.run(soak(run, options.clients, options.pause))
        for thread in others:
            thread.join()
        server.terminate()
        status = server.wait(60)
        eighths = by_eighths(seconds, told)
        left = sorted(file.name for file in folder.iterdir() if file.name.startswith((".heatlas", "lib.db")))
    found = verdict(seconds)
    draw(seconds, options.chart)
    if options.json:
        options.json.write_text(json.dumps([asdict(second) for second in seconds]))
    requests = sum(second.requests for second in seconds)
    print(
        f"{requests:,} requests in {options.minutes:g} minutes, {run.imported} imports, {run.removed} removals; "
        f"{run.opened} connections opened again"
    )
    for what, values in found.items():
        early, late = values["second quarter"], values["last quarter"]
        print(f"{what}: {early:,.1f} in the second quarter, {late:,.1f} in the last")
    print("by eighths of the time", *eighths, sep="\n  ")
    for one in run.failed[:10]:
        print("failed:", one)
    print(f"the server ended with {status}; beside it lie {', '.join(left)}")
    bad = [what for what, values in found.items() if values["grew"]]
    if bad:
        print(f"grew: {', '.join(bad)}")
    return int(bool(bad or run.failed or status or left != ["lib.db"]))


if __name__ == "__main__":
    sys.exit(main())
