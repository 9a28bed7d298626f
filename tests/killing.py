"""Kill commands at exact system calls, and look at what they leave.

    python tests/killing.py --each 40 --seed 1     # so many kills of each case, from this seed

Each case is run once under strace, which lists its calls on files of the case. Then it is run again and again, each
time killed as it enters one of them (`strace -e inject`). What is there then must be sound: the state before or after,
or what a later run goes on with. The same command once more must give what an undisturbed one gives, and leave nothing
else behind. Runs are forks of this process, which has all modules loaded, so that each takes little.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import io
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import made
from library_made import made as made_library
from library_made import put, walks
from PIL import Image
from publishing import publish, tiles_in

from heatlas.core.context import Context
from heatlas.library.care.backups import back_up
from heatlas.library.care.checking import check, check_rows
from heatlas.library.care.repair import repair
from heatlas.library.file.opening import open_library
from heatlas.library.file.settings import Settings
from heatlas.library.manage import compact_library, import_into, remove_activities

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = "openat,pwrite64,write,rename,link,linkat,unlink,unlinkat,ftruncate,fdatasync,fsync,mkdir,rmdir"
_ANYBODY = ctypes.c_ulong(-1)
_SET_PTRACER = 0x59616D61
_LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")


@dataclass(frozen=True)
class Case:
    """A command, and what is to be found where it was killed."""

    prepare: Callable[[Path], object]
    run: Callable[[Path], object]
    state: Callable[[Path], Any]
    """Content, in a form that can be compared; raises if it is not sound."""
    whole: bool = True
    """Whether there is nothing between the state before and after."""


def library_state(path: Path) -> Any:
    """Digest of the rows of a library, which must be without faults."""
    if not path.exists() or not path.stat().st_size:
        return None
    with open_library(path) as library:
        assert check(library, None) == []
        digest = hashlib.blake2b()
        with library.read() as link:
            for table in ("files", "activities", "tracks", "passages", "zones", "point_sets", "points", "point_cells"):
                digest.update(repr(link.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()).encode())
        return digest.hexdigest()


def write_recordings(folder: Path) -> None:
    """Put some recordings where the import finds them."""
    (folder / "new").mkdir()
    for k in range(3):
        (folder / "new" / f"{k}.gpx").write_bytes(made.gpx(*made.straight(60, lat=47.8 + 0.01 * k)))


def _library(folder: Path) -> None:
    made_library(folder / "lib.db", walks(1, 4), group=2, settings=Settings(zooms=(8, 12))).close()


def _import_case(folder: Path) -> None:
    _library(folder)
    write_recordings(folder)


def _first_case(folder: Path) -> None:
    write_recordings(folder)


def _update_case(name: str) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        _library(folder)
        publish_to(name)(folder)
        with open_library(folder / "lib.db") as library:
            put(library, walks(7, 3))

    return prepare


def publish_to(name: str) -> Callable[[Path], object]:
    """Publish the library of a folder beside it."""

    def run(folder: Path) -> object:
        return publish(folder / "lib.db", folder / name, zooms=(9, 11), tone="1:9", workers=1)

    return run


def _tiles_state(name: str) -> Callable[[Path], Any]:
    def state(folder: Path) -> Any:
        assert library_state(folder / "lib.db")
        if not (folder / name).exists():
            return None
        found = tiles_in(folder / name)
        for data in found.values():
            Image.open(io.BytesIO(data)).load()
        return found

    return state


def _draw(folder: Path) -> object:
    from heatlas.rendering import render

    return render(folder / "lib.db", output=folder / "heat.png", zoom=11, workers=1)


def _picture_state(folder: Path) -> Any:
    path = folder / "heat.png"
    if not path.exists():
        return None
    Image.open(path).load()
    return path.read_bytes()


def _of_library(folder: Path) -> Any:
    return library_state(folder / "lib.db")


def _import(folder: Path) -> object:
    return import_into(folder / "lib.db", folder / "new", workers=1)


def _damaged_case(folder: Path) -> None:
    """A library of files, in which a track, a tile of the index and the copy of a row are damaged."""
    write_recordings(folder)
    _import(folder)
    with closing(sqlite3.connect(folder / "lib.db")) as connection:
        connection.execute("UPDATE tracks SET data = x'00000000' WHERE key = (SELECT min(key) FROM tracks)")
        connection.execute("UPDATE passages SET data = x'00000000' WHERE key = (SELECT max(key) FROM passages)")
        connection.execute("UPDATE digests SET copy = 'x' WHERE part = 3 AND key = 2")
        connection.commit()


def _repair(folder: Path) -> object:
    return repair(folder / "lib.db", context=Context(1))


def _repaired_state(folder: Path) -> Any:
    """Content of a library that may be damaged."""
    with closing(sqlite3.connect(f"file:{folder / 'lib.db'}?mode=ro", uri=True)) as connection:
        faults = check_rows(connection)
        digest = hashlib.blake2b()
        for table in ("files", "activities", "tracks", "passages"):
            digest.update(repr(connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()).encode())
    return faults, digest.hexdigest()


def _backup_case(folder: Path) -> None:
    _library(folder)
    _back_up(folder)
    with open_library(folder / "lib.db") as library:
        put(library, walks(7, 3))


def _back_up(folder: Path) -> object:
    with open_library(folder / "lib.db") as library:
        return back_up(library, folder / "backup.db")


_OUTPUTS = ("tiles", "a.mbtiles", "a.pmtiles")
CASES = {
    # Between no library and a full one there is an empty one.
    "first import": Case(_first_case, _import, _of_library, whole=False),
    "import": Case(_import_case, _import, _of_library),
    "remove": Case(_library, lambda folder: remove_activities(folder / "lib.db", "distance > 0"), _of_library),
    # Tiles of the index are merged some at a time, and those of a folder written one by one.
    "compact": Case(_library, lambda folder: compact_library(folder / "lib.db"), _of_library, whole=False),
    "repair": Case(_damaged_case, _repair, _repaired_state),
    "backup": Case(
        _backup_case, _back_up, lambda folder: [library_state(folder / name) for name in ("lib.db", "backup.db")]
    ),
    "picture": Case(_library, _draw, _picture_state),
    **{name: Case(_library, publish_to(name), _tiles_state(name), whole=name != "tiles") for name in _OUTPUTS},
    **{
        f"update of {name}": Case(_update_case(name), publish_to(name), _tiles_state(name), whole=name == "a.pmtiles")
        for name in _OUTPUTS
    },
}


class Killed:
    """A case in a folder of its own, to be run from the same state again and again."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self.work, self.base = case, folder / "work", folder / "base"
        self.temporary, self.log = folder / "tmp", folder / "calls"
        self.work.mkdir()
        case.prepare(self.work)
        shutil.copytree(self.work, self.base)
        self.before = case.state(self.work)
        case.run(self.work)  # loads all modules into this process, which is forked from now on
        self.restore()
        self.calls = self.listed()
        self.after, self.left = case.state(self.work), self.names()

    def restore(self) -> None:
        """Bring back the state before."""
        for folder in (self.work, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.base, self.work)
        self.temporary.mkdir()

    def names(self) -> list[str]:
        """All files and folders, also temporary ones."""
        return sorted(str(path) for folder in (self.work, self.temporary) for path in folder.rglob("*"))

    def listed(self, path: Path | None = None) -> list[tuple[str, int]]:
        """Calls on files of the case, or on one, by the main thread; each with its number among calls of that name."""
        process, status = self.traced([])
        assert status == 0
        counts: dict[str, int] = {}
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            match = _LINE.match(line)
            if match is None or int(match[1]) != process:
                continue
            counts[match[2]] = counts.get(match[2], 0) + 1
            if str(path or self.work.parent) in match[3]:
                found.append((match[2], counts[match[2]]))
        return found

    def kill_at(self, call: str, number: int) -> bool:
        """Run the case until it is killed at a call; look at what is left, and run it once more.

        Returns whether it was killed; it is not where threads share the calls out otherwise.
        """
        self.restore()
        _, status = self.traced(["-e", f"inject={call}:signal=KILL:when={number}"])
        at = f"killed at {call} {number}"
        if self.case.whole:
            # In a copy: looking may tidy up, and the next run must do so by itself.
            shutil.copytree(self.work, self.work.parent / "copy")
            self.work.rename(self.work.parent / "aside")
            (self.work.parent / "copy").rename(self.work)
            found = self.case.state(self.work)
            assert found in (self.before, self.after), f"{at}: neither the state before nor after"
            shutil.rmtree(self.work)
            (self.work.parent / "aside").rename(self.work)
        _, again = self.traced(None)
        assert again == 0, f"{at}: the next run fails"
        assert self.case.state(self.work) == self.after, f"{at}: the next run gives something else"
        left = set(self.names()) ^ set(self.left)
        assert not left, f"{at}: {sorted(left)}"
        return status == -signal.SIGKILL

    def traced(self, options: list[str] | None) -> tuple[int, int]:
        """Run the case in a fork, under strace unless the options are None; return its process and exit status."""
        there, here = os.pipe()
        process = os.fork()
        if not process:
            status = 1
            try:
                os.close(here)
                # Any process may trace this one, where the system asks for that (Yama).
                ctypes.CDLL(None).prctl(_SET_PTRACER, _ANYBODY, 0, 0, 0)
                tempfile.tempdir = os.environ["TMPDIR"] = str(self.temporary)
                os.read(there, 1)
                self.case.run(self.work)
                status = 0
            except BaseException:  # noqa: BLE001 - it is another process
                traceback.print_exc()
            finally:
                os._exit(status)
        os.close(there)
        tracer = None
        if options is not None:
            command = ["strace", "-f", "-y", "-qq", "-o", str(self.log), "-e", f"trace={CALLS}", *options]
            tracer = subprocess.Popen([*command, "-p", str(process)])
            while "TracerPid:\t0" in Path(f"/proc/{process}/status").read_text():
                time.sleep(0.002)
                assert tracer.poll() is None, "strace cannot trace"
        os.write(here, b"!")
        os.close(here)
        _, status = os.waitpid(process, 0)
        if tracer is not None:
            tracer.wait()
        return process, os.waitstatus_to_exitcode(status)


def main() -> None:
    """Kill each case so many times."""
    parser = argparse.ArgumentParser(description="Kill commands at exact system calls.")
    parser.add_argument("--each", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", choices=CASES)
    options = parser.parse_args()
    for name in [options.case] if options.case else CASES:
        with tempfile.TemporaryDirectory() as folder:
            killed = Killed(CASES[name], Path(folder))
            points = random.Random(options.seed).sample(killed.calls, min(options.each, len(killed.calls)))
            hit = sum(killed.kill_at(*point) for point in points)
            print(f"{name}: killed at {hit} of {len(killed.calls)} calls, all sound", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
