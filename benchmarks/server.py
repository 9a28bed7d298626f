"""Tiles of a library: drawn in process, and over HTTP, cold and remembered; and what memory that takes.

    python benchmarks/server.py [LIBRARY] [--activities 400] [--seconds 5]

Without a library the export of `heatlas demo` is imported into one. Cold: nothing is remembered between tiles but what
the file system holds. A screen: 24 tiles next to each other after a change of filter, where tiles share
what was counted. HTTP: 16 connections of wrk, or where that is not installed of an asyncio client, which takes a core
for itself.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import multiprocessing
import os
import resource
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from starlette.datastructures import QueryParams

from heatlas.core.window import Window
from heatlas.library.file.opening import open_library
from heatlas.library.imports import import_sources
from heatlas.server.site.query import parse_filter_of, request_of
from heatlas.tiles.encoding import empty, encode
from heatlas.tiles.fields import SIDE, Field, field_window
from heatlas.tiles.request import parse_look
from heatlas.tiles.scales import colours_of, tone_of
from heatlas.tiles.snapshot import choose
from heatlas.tiles.tile_counts import busiest
from heatlas.tiles.view import census_of, now, open_view

PORT_WAIT = 20.0


def library(given, folder, activities):
    if given:
        return Path(given)
    from heatlas.demo import write_demo

    write_demo(folder / "demo", 1, activities)
    with open_library(folder / "lib.db", create=True) as made:
        import_sources(made, [folder / "demo"])
    return folder / "lib.db"


def tile(field, zoom, x, y):
    grid = field_window(field, Window(SIDE * 2.0**zoom, x * SIDE, y * SIDE, SIDE, SIDE))
    return empty(SIDE, "png") if grid is None else encode(grid, tone_of(field, zoom), colours_of(field), "png")


def field_of(view, query, measure):
    query, snapshot = QueryParams(query), now(view)
    look = parse_look(request_of(query, measure), None)
    return Field(view, snapshot, choose(snapshot, parse_filter_of(query, False)), look)


def forget(view):
    view.grids._entries.clear()
    view.grids._bytes = 0


def told(name, seconds):
    ms = np.array(seconds) * 1000
    middle, late = np.quantile(ms, (0.5, 0.99))
    print(f"{name:58s} p50 {middle:7.1f}  p99 {late:7.1f}  max {ms.max():7.1f} ms  n {len(ms)}")


def in_process(path):
    view = open_view(open_library(path))
    snapshot = now(view)
    metres = sum(activity.distance or 0 for activity in snapshot.activities.values())
    print(f"{len(snapshot.activities)} activities, {snapshot.fixes:,} fixes, {metres / 1000:,.0f} km")
    print(f"the file has {path.stat().st_size / 1e6:.0f} MB")
    for zoom in (12, 15, 17):
        started = time.perf_counter()
        census = census_of(view, snapshot, zoom)
        took = time.perf_counter() - started
        print(f"zoom {zoom}: passages of {len(census.x)} tiles counted in {took:.3f} s, {census.nbytes / 1e6:.1f} MB")
    rng = np.random.default_rng(1)
    tile(field_of(view, "", "passes"), 15, 0, 0)
    for measure in ("passes", "pace"):
        for zoom in (10, 13, 15, 17):
            field, seconds = field_of(view, "", measure), []
            tone_of(field, zoom)
            places = busiest(census_of(view, snapshot, zoom), None, 150)
            for x, y in places:
                forget(view)
                started = time.perf_counter()
                tile(field, zoom, x, y)
                seconds.append(time.perf_counter() - started)
            told(f"cold tile, {measure}, zoom {zoom}, where there is most", seconds)
    for measure in ("passes", "pace"):
        for zoom in (13, 15):
            scales, screens = [], []
            x, y = busiest(census_of(view, snapshot, zoom), None, 1)[0]
            for k in range(15):
                forget(view)
                first = str(np.datetime64("2024-10-01") + int(rng.integers(0, 500)))
                started = time.perf_counter()
                field = field_of(view, f"after={first}&where=distance > {k}", measure)
                tone_of(field, zoom)
                scales.append(time.perf_counter() - started)
                for column in range(-3, 3):
                    for row in range(-2, 2):
                        tile(field, zoom, x + column, y + row)
                screens.append(time.perf_counter() - started)
            told(f"another filter: its scale, {measure}, zoom {zoom}", scales)
            told("another filter: scale and a screen of 24 tiles, one thread", screens)
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def run_server(path, port):
    from heatlas.server import serve

    serve(path, port=port, quiet=True)


async def client(port, addresses, until, counts):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        address = next(addresses, None)
        if address is None:
            break
        writer.write(f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        started = time.perf_counter()
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head[:200]
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        await reader.readexactly(length)
        counts.append(time.perf_counter() - started)
    writer.close()


def wrk(port, addresses, seconds, folder):
    """Requests a second, and what wrk says of their latency; each address once, then from the first again."""
    script = folder / "addresses.lua"
    listed = ",\n".join(f'"{address}"' for address in addresses)
    script.write_text(
        f"local paths = {{{listed}}}\nlocal turn = 0\n"
        "function request() turn = turn % #paths + 1 return wrk.format('GET', paths[turn]) end\n"
    )
    command = ["wrk", "-t1", "-c16", f"-d{seconds:.0f}s", "--latency", "-s", str(script), f"http://127.0.0.1:{port}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in said, said
    told = {line.split()[0]: line.split()[1] for line in said.splitlines() if len(line.split()) >= 2}
    return float(told["Requests/sec:"]), f"p50 {told['50%']}, p99 {told['99%']}"


async def load(port, addresses, seconds):
    counts, started = [], time.perf_counter()
    await asyncio.gather(*(client(port, addresses, started + seconds, counts) for _ in range(16)))
    return len(counts) / (time.perf_counter() - started), counts


def over_http(path, seconds, folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = multiprocessing.get_context("spawn").Process(target=run_server, args=(path, port))
    server.start()
    deadline = time.monotonic() + PORT_WAIT
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    view = open_view(open_library(path))
    zoom = 15
    places = busiest(census_of(view, now(view), zoom), None, 100)
    try:
        asyncio.run(load(port, iter([f"/scale.json?z={zoom}", f"/tiles/passes/{zoom}/1/1.png"]), 60))
        cold = [f"/tiles/passes/{zoom}/{x}/{y}.png?where=distance>{k}" for k in range(400) for x, y in places]
        same = [f"/tiles/passes/{zoom}/{x}/{y}.png?where=distance>0" for x, y in places]
        for name, addresses in (("drawn, a filter for each 100", cold), ("remembered", same)):
            if shutil.which("wrk"):
                rate, latency = wrk(port, addresses, seconds, folder)
                print(f"HTTP, {name}: {rate:,.0f} tiles/s (wrk), {latency}")
            else:
                rate, taken = asyncio.run(load(port, itertools.cycle(addresses), seconds))
                told(f"HTTP, {name}: {rate:,.0f} tiles/s", taken)
        status = Path(f"/proc/{server.pid}/status")
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            print(f"memory of the server at most {int(line.split()[1]) / 1024:.0f} MB")
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("library", nargs="?")
    parser.add_argument("--activities", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors")
    folder = Path(tempfile.mkdtemp())
    try:
        path = library(options.library, folder, options.activities)
        in_process(path)
        over_http(path, options.seconds, folder)
    finally:
        shutil.rmtree(folder)
