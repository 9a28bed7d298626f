"""Somebody who has just set heatlas up: the wheel and what it asks for, an empty home, an empty folder."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import urllib.request
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
_WINDOWS = os.name == "nt"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """A wheel for this processor. Objects are kept in build/, by the digest of the kernels' sources."""
    # Tests in several processes share it, and none looks before it is whole.
    shared = shared_folder(tmp_path_factory) / "wheel"
    with alone(shared.with_suffix(".lock")):
        if not shared.exists():
            _pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", f"{shared}.part", ROOT)
            Path(f"{shared}.part").rename(shared)
    (found,) = shared.glob("*.whl")
    return found


def shared_folder(tmp_path_factory):
    """Folder of this run for all its processes."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own


class alone:  # noqa: N801 - reads as `with alone(...)`
    """One process at a time."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.file = self.path.open("w")
        locked = False
        while not locked:
            with contextlib.suppress(OSError):  # Windows gives up after ten seconds
                _lock(self.file.fileno())
                locked = True

    def __exit__(self, *_):
        self.file.close()


def _lock(file):
    if _WINDOWS:
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


def _pip(*words):
    building = {"HEATLAS_JIT", "HEATLAS_LEVELS", "HEATLAS_TARGET"}
    environment = {name: text for name, text in os.environ.items() if name not in building}
    command = [sys.executable, "-m", "pip", "--quiet", *map(str, words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def asked_for(requirements, extras=()):
    """Distributions of this environment that requirements ask for, and what these ask for in turn."""
    found, waiting = {}, [(Requirement(one), extra) for one in requirements for extra in ("", *extras)]
    seen = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for inner in ("", *requirement.extras):
            if (requirement.name, inner) not in seen:
                seen.add((requirement.name, inner))
                found[requirement.name] = metadata.distribution(requirement.name)
                waiting += [(Requirement(one), inner) for one in found[requirement.name].requires or ()]
    return found


class Newcomer:
    """Types commands into an empty folder, in which `.venv` holds heatlas."""

    def __init__(self, folder, wheel, *extras):
        self.folder = folder / "work"
        self.folder.mkdir()
        venv = self.folder / ".venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        self.bin = venv / ("Scripts" if _WINDOWS else "bin")
        self.python = self.bin / ("python.exe" if _WINDOWS else "python")
        _pip("--python", self.python, "install", "--no-deps", "--no-index", "--no-compile", wheel)
        self._fill(next(venv.rglob("site-packages")), extras)
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("HEATLAS", "XDG", "PYTHON"))}
        home = {"HOME": str(folder), "USERPROFILE": str(folder), "APPDATA": str(folder)}
        path = os.pathsep.join([str(self.bin), os.environ.get("PATH", "")])
        self.environment = {**kept, **home, "PATH": path, "COLUMNS": "400"}

    def _fill(self, site, extras):
        """What pip would fetch, out of the environment of the tests, and nothing else."""
        (heatlas,) = metadata.distributions(path=[str(site)])
        for distribution in asked_for(heatlas.requires, extras).values():
            if distribution.name == "heatlas":
                continue
            for name in {file.parts[0] for file in distribution.files} - {"..", "__pycache__"}:
                there, here = Path(distribution.locate_file(name)), site / name
                if here.exists():
                    continue
                if _WINDOWS:  # where links are a privilege
                    (shutil.copytree if there.is_dir() else shutil.copy)(there, here)
                else:
                    here.symlink_to(there)

    def start(self, line):
        word, *words = shlex.split(line)
        program = shutil.which(word, path=self.environment["PATH"]) or str(self.folder / word)
        return subprocess.Popen(
            [program, *words], cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def types(self, line):
        process = self.start(line)
        printed, _ = process.communicate(timeout=300)
        assert process.returncode == 0, f"{line}: {printed}"
        return printed

    def looks(self, line):
        """Start a server, open its page, and end it by Ctrl-C."""
        process = self.start(f"{line} --port 0")
        stopped = threading.Timer(120, process.kill)
        stopped.start()
        try:
            address = None
            for printed in process.stdout:
                if found := re.search(r"http://[0-9.]+:([0-9]+)/", printed):
                    address = f"http://127.0.0.1:{found[1]}/"
                    break
            assert address, f"{line}: no address"
            with urllib.request.urlopen(address, timeout=60) as answer:
                assert b"<title>" in answer.read()
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
        finally:
            stopped.cancel()
            process.kill()
            process.communicate()
