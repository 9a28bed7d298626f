"""Tell whether what is drawn, written, served and said is the same as before, to the last bit.

    python tests/same_output.py record FILE.json [--keep-library FILE.db] [--only WORD]
    python tests/same_output.py compare FILE.json [--library FILE.db] [--only WORD]

Runs commands of every kind over the demo and the real recordings (HEATLAS_TEST_DATA), asks the server, and keeps
digests of what comes out, decoded. `compare` says in one line each what has become different, and exits 1. With
--library all that is drawn from a library is drawn from that file, which an older version may have made.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import re
import shlex
import shutil
import sqlite3
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
from decoded import array, decoded, digest, picture, text
from output_commands import ADDRESSES, ERRORS, FACTS, LIBRARY, PRINTED, RENDERED

_PLACES: list[tuple[str, str]] = []
"""Paths of this run, and what is written for them."""


def clean(words: str) -> str:
    """Leave out of a text what differs from run to run."""
    for path, name in _PLACES:
        words = words.replace(path, name)
    return re.sub(r"\b\d+\.\d+ s\b", "SECONDS", words)


def cleaned(data):
    """The same for plain data: without the seconds that stages took."""
    if isinstance(data, dict):
        return {
            clean(key): cleaned(value) for key, value in data.items() if key != "seconds" or type(value) is not dict
        }
    if isinstance(data, list):
        return [cleaned(value) for value in data]
    return clean(data) if isinstance(data, str) else data


def heatlas(command: str) -> dict:
    """Run a command in this process; give its exit code and what it said."""
    from heatlas.cli import main

    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["heatlas", *shlex.split(command)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = main() or 0
        except SystemExit as stopped:
            code = stopped.code
    gc.unfreeze()
    said = {"code": code, "stderr": text(clean(err.getvalue()))}
    try:
        return {**said, "report": cleaned(json.loads(out.getvalue()))}
    except ValueError:
        return {**said, "stdout": text(clean(out.getvalue()))}


def rendered(command: str, number: int) -> dict:
    """Run a render command that ends with "-o NAME", and decode all that it wrote."""
    folder = Path(f"out{number}")
    folder.mkdir()
    before, _, name = command.rpartition("-o ")
    said = heatlas(f"render {before}-o {folder}/{name} --workers {1 + number % 2} --json")
    said = json.loads(json.dumps(said).replace(f"out{number}/", "out/"))
    wrote = {path.name: cleaned(decoded(path)) for path in sorted(folder.iterdir()) if path.name[0] != "."}
    shutil.rmtree(folder)
    return {**said, "wrote": wrote}


def answers(name: str, library: str, **options) -> dict:
    """Ask a server each address."""
    from starlette.testclient import TestClient

    from heatlas.server import create_app

    found = {}
    app = create_app(library, **options)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False) as client:
        for address in ADDRESSES:
            found[f"{name} {address}"] = _answer(client.get(address))
    return found


def _answer(response) -> dict:
    kind = response.headers.get("content-type", "")
    if kind.startswith("image/") and response.content:
        body = picture(response.content)
    elif response.content.startswith(b"\x93NUMPY"):
        body = array(np.load(io.BytesIO(response.content)))
    elif kind.startswith("application/json"):
        body = _without_state(response.json())
    else:
        body = text(clean(response.text))
    left_out = {"content-length", "etag", "date", "last-modified"}
    headers = {key: value for key, value in response.headers.items() if key not in left_out}
    return {"status": response.status_code, "headers": headers, "body": body}


def _without_state(data):
    """Without the number of the library's state, which follows from when its file was written."""
    if isinstance(data, dict):
        return {key: _without_state(value) for key, value in data.items() if (key, type(value)) != ("version", str)}
    if isinstance(data, list):
        return [_without_state(value) for value in data]
    return re.sub(r"\bv=[0-9a-z.-]+", "v=STATE", clean(data)) if isinstance(data, str) else data


def from_python(library: str) -> dict:
    """What the functions and classes of the package give."""
    import heatlas as h

    tracks = h.open("demo")
    runs, rides = tracks.where("sport = 'Run'"), tracks.where("sport = 'Ride'")
    window = tracks.window(width=240)
    heat, pace, others = runs.heat("passes", window), tracks.heat("pace", window), rides.heat("passes", window)
    points = h.open_points("data/afrimapr-afrihealthsites/who_kwtrp_ethiopia.csv")
    grown = points.heat(window=points.window(width=240))
    return {
        "reprs": [clean(repr(each)) for each in (tracks, runs, heat, pace, points, grown)],
        "html": [digest(clean(each._repr_html_())) for each in (tracks, heat, points, grown)],
        "values": [array(np.asarray(each)) for each in (heat, pace, others, grown, heat + others, heat - others)],
        "smoothed": array(np.asarray(heat.smooth("20m"))),
        "of a library": array(np.asarray(h.open(library).heat("seconds", window))),
        "inspected": cleaned(json.loads(json.dumps(h.inspect("demo"), default=str))),
        "rendered": cleaned(json.loads(json.dumps(h.render("demo", output="python.png", width=240), default=str))),
        "picture": picture(Path("python.png").read_bytes()),
    }


def make_sources(data: Path) -> None:
    """Lay out in the working folder what the commands read."""
    Path("data").symlink_to(data)
    _PLACES.extend([(str(data), "DATA"), (str(Path.cwd()), "HERE")])
    config = Path("config")
    config.mkdir()
    (config / "secret").write_text("5ec2e7" * 10 + "0000")
    os.environ.update(HEATLAS_CONFIG=str(config.resolve()), TZ="UTC", COLUMNS="100")
    time.tzset()
    heatlas("demo demo --activities 60 -q")
    with sqlite3.connect("table.sqlite") as link:
        link.execute("CREATE TABLE clinics (name TEXT, lat REAL, lon REAL, beds INTEGER)")
        rows = [(f"clinic {k}", 9 + (k * 37 % 100) / 400, 38.7 + (k * 61 % 100) / 400, k % 40) for k in range(400)]
        link.executemany("INSERT INTO clinics VALUES (?, ?, ?, ?)", rows)
    link.close()
    lines = (
        f"{60.1 + k / 1e4:.5f};{24.9 + (k % 7) / 1e4:.5f};2024-05-01T08:{k // 60:02}:{k % 60:02}Z" for k in range(900)
    )
    Path("fixes.csv").write_text("lat;lon;time\n" + "\n".join(lines) + "\n")


def results(word: str, library: str | None, keep: str | None) -> dict:
    """Names of all that is looked at, and what it gave."""
    found: dict[str, dict] = {}
    timed = []

    def note(name, make):
        if word in name:
            began = time.perf_counter()
            try:
                found[name] = make()
            except Exception as error:  # noqa: BLE001 - the others are still worth seeing
                found[name] = {"broken": f"{type(error).__name__}: {clean(str(error))}"}
            timed.append((time.perf_counter() - began, name))

    for command in LIBRARY:
        found[f"heatlas {command}"] = heatlas(command)
    if keep is not None:
        with sqlite3.connect("lib.db") as link, sqlite3.connect(keep) as kept:
            link.backup(kept)
    if library is not None:
        shutil.copy(library, "lib.db")
    for number, command in enumerate(RENDERED):
        note(f"heatlas render {command}", partial(rendered, command, number))
    for command in [*PRINTED, *FACTS, *ERRORS]:
        note(f"heatlas {command}", partial(heatlas, command))
    served = [("serve", {}), ("serve --public", {"public": True}), ("serve --token", {"token": "secret"})]
    served.append(("serve --public-measures", {"public": True, "public_measures": "passes,heart_rate", "utc": True}))
    for name, options in served:
        if word in name:
            began = time.perf_counter()
            found |= answers(name, "lib.db", **options)
            timed.append((time.perf_counter() - began, name))
    note("python", partial(from_python, "lib.db"))
    for seconds, name in sorted(timed, reverse=True)[:5]:
        print(f"{seconds:5.1f} s  {name}", file=sys.stderr)
    return json.loads(json.dumps(found, default=str))


def differences(before, now, where: str = ""):
    """One line for each place where two results differ."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            if key not in now or key not in before:
                yield f"{where}{key}: is {'new' if key in now else 'missing'}"
            else:
                yield from differences(before[key], now[key], f"{where}{key} | ")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, pair in enumerate(zip(before, now, strict=True)):
            yield from differences(*pair, f"{where}{number} | ")
    elif before != now and not (before != before and now != now):
        yield f"{where.removesuffix(' | ')}: {str(before)[:200]!r} became {str(now)[:200]!r}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["record", "compare"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--only", default="", metavar="WORD", help="only what has this in its name")
    parser.add_argument("--library", metavar="FILE", help="draw from this library")
    parser.add_argument("--keep-library", metavar="FILE", help="put the library that was drawn from here")
    asked = parser.parse_args()
    began = time.perf_counter()
    data = Path(os.environ.get("HEATLAS_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not data.is_dir():
        parser.error(f"the real recordings are missing: {data} is no folder (set HEATLAS_TEST_DATA)")
    file = asked.file.resolve()
    library, keep = (path and str(Path(path).resolve()) for path in (asked.library, asked.keep_library))
    with tempfile.TemporaryDirectory(prefix="same-output-") as folder:
        os.chdir(folder)
        make_sources(data.resolve())
        now = results(asked.only, library, keep)
        os.chdir("/")
    print(f"{len(now)} results in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    if asked.what == "record":
        file.write_text(json.dumps(now, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
        return 0
    before = json.loads(file.read_text())
    if asked.only:
        before = {name: value for name, value in before.items() if name in now or asked.only in name}
    lines = list(differences(before, now))
    print("\n".join(lines) or "all the same")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
