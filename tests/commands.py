"""Run the command line as a process of its own that takes little: a fork of one that has all modules loaded.

`python commands.py` is that process. It reads what to run from its standard input, a line of JSON each, and answers
with two lines: the number of the fork, and its exit status. How quickly a command starts, what it imports and how it
takes signals is tested with real processes elsewhere.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

_MODULES = ("render", "library", "serve", "explore", "info", "zones", "demo")


class _Forks:
    """The process that forks."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def run(self, asked: dict, seconds: float) -> int:
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        self.process.stdin.flush()
        number = int(self.process.stdout.readline())
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            os.kill(number, signal.SIGKILL)
            self.process.stdout.readline()
            raise subprocess.TimeoutExpired(asked["words"], seconds)
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


_forks: list[_Forks] = []


@contextmanager
def forks_end():
    """End the process that forks, if there is one."""
    yield
    while _forks:
        _forks.pop().close()


def heatlas(*args, cwd=None, env=None, data=None, text=True, timeout=120) -> subprocess.CompletedProcess:
    """Run `heatlas` with these arguments, and return what `subprocess.run` does; `data` is its standard input."""
    words = [str(arg) for arg in args]
    if sys.platform != "linux":  # elsewhere a fork may not use what the process before has loaded
        return subprocess.run(
            [sys.executable, "-m", "heatlas", *words], capture_output=True, input=data, text=text, timeout=timeout,
            cwd=cwd, env=env, check=False,
        )  # fmt: skip
    if not _forks:
        _forks.append(_Forks())
    with tempfile.TemporaryDirectory() as folder:
        streams = [f"{folder}/{name}" for name in ("in", "out", "err")]
        Path(streams[0]).write_bytes((data.encode() if isinstance(data, str) else data) or b"")
        asked = {"words": words, "cwd": str(cwd or Path.cwd()), "env": dict(env or os.environ), "streams": streams}
        status = _forks[0].run(asked, timeout)
        out, err = (Path(name).read_bytes() for name in streams[1:])
    if text:
        out, err = (said.decode(errors="strict").replace("\r\n", "\n") for said in (out, err))
    return subprocess.CompletedProcess(["heatlas", *words], status, out, err)


def _serve() -> None:
    """Fork for each line."""
    sys.modules.setdefault("scipy", None)  # as the command line does
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import importlib

    for name in _MODULES:
        importlib.import_module(f"heatlas.cli.{name}")
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        number = os.fork()
        if not number:
            _become(asked)
        _say(number)
        _say(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]))


def _say(number: int) -> None:
    os.write(1, f"{number}\n".encode())


def _become(asked: dict) -> None:
    """Be the command, in a fork; does not return."""
    status = 1
    try:
        for number, name in enumerate(asked["streams"]):
            opened = os.open(name, os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY)
            os.dup2(opened, number)
            os.close(opened)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        time.tzset()
        sys.argv = ["heatlas", *asked["words"]]
        from heatlas.__main__ import main

        main()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter ends a program
        traceback.print_exc()
    finally:
        threading._shutdown()
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
