"""Signals: every command ends in order, says so, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import made
import pytest
from library_made import made as made_library
from library_made import walks

from heatlas.core.stopping import STOPPING, delayed_stops, handling_stops

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of other systems")
STATUS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
# What a shell starts in the background ignores interrupts, and so would these programs.
PROGRAM = """
import signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
from heatlas.__main__ import main
print("ready", flush=True)
main()
"""


@pytest.fixture
def temporary(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def started(*args, program=PROGRAM):
    running = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, args)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert running.stdout.readline() == "ready\n"
    return running


def address_of(server):
    for line in server.stderr:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
            return "127.0.0.1", int(found[1])
    raise AssertionError("it does not listen")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_server_of_other_things_than_a_library_removes_its_own(tmp_path, temporary, name):
    rows = "".join(f"{10.9 + k / 1000},{47.8 + k / 1000}\n" for k in range(20))
    (tmp_path / "points.csv").write_text(f"lon,lat\n{rows}")
    server = started("serve", tmp_path / "points.csv", "--port", 0)
    host, port = address_of(server)
    assert len(list(temporary.iterdir())) == 1
    with urllib.request.urlopen(f"http://{host}:{port}/health") as answer:
        assert answer.status == 200
    server.send_signal(getattr(signal, name))
    said = server.communicate(timeout=60)[1]
    assert (server.returncode, said) == (0, "")
    assert list(temporary.iterdir()) == []


def test_a_second_signal_ends_a_server_that_waits_for_a_request(tmp_path):
    made_library(tmp_path / "lib.db", walks(1, 2)).close()
    server = started("serve", tmp_path / "lib.db", "--port", 0)
    with socket.create_connection(address_of(server)) as line:
        head = "POST /api/import HTTP/1.1\r\nHost: localhost\r\nX-Filename: a.gpx\r\nContent-Length: 1000\r\n\r\n<gpx"
        line.sendall(head.encode())
        until = time.monotonic() + 60
        while not list(tmp_path.glob(".heatlas-*")) and time.monotonic() < until:
            time.sleep(0.05)
        server.send_signal(signal.SIGINT)
        time.sleep(0.4)
        assert server.poll() is None
        server.send_signal(signal.SIGINT)
        said = server.communicate(timeout=60)[1]
    assert server.returncode == 130
    assert said == "heatlas: stopped; requests that were not answered yet were cut off\n"
    assert [path.name for path in tmp_path.iterdir()] == ["lib.db"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_drawing_that_is_stopped_leaves_neither_files_nor_workers(tmp_path, temporary, name):
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "0.gpx").write_bytes(made.gpx(*made.straight(20000)))
    for k in range(1, 1000):
        (folder / f"{k}.gpx").hardlink_to(folder / "0.gpx")
    running = started("render", folder, "-o", tmp_path / "heat.png")
    time.sleep(1.5)
    running.send_signal(getattr(signal, name))
    said = running.communicate(timeout=60)[1]
    assert running.returncode == STATUS[name]
    assert said.strip() == "heatlas: stopped; nothing was written"
    assert [path.name for path in tmp_path.iterdir()] == ["many"]
    assert list(temporary.iterdir()) == []
    with pytest.raises(ProcessLookupError):  # nobody is left
        os.killpg(running.pid, 0)


AT_MODULE = """
class Counting:
    left = int(sys.argv.pop(1))

    def find_spec(self, *_):
        self.left -= 1
        if not self.left:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Counting())
main()
"""


@pytest.mark.parametrize("when", [0.02, 0.06, 0.15, 1, 40, 150, 300])
def test_an_interrupt_shows_no_traceback_while_modules_are_imported(tmp_path, when):
    """After a while, or at the how-manyth module: how long a while is until all is done depends on the machine."""
    (tmp_path / "points.csv").write_text("lon,lat\n10.9,47.8\n")
    words = ("render", tmp_path / "points.csv", "-o", tmp_path / "heat.png")
    if isinstance(when, float):
        running = started(*words)
        time.sleep(when)
        running.send_signal(signal.SIGINT)
    else:
        running = started(when, *words, program=PROGRAM.removesuffix("main()\n") + AT_MODULE)
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert said.strip() in {"", "heatlas: stopped; nothing was written"}
    assert [path.name for path in tmp_path.iterdir()] == ["points.csv"]


def test_what_fails_because_of_a_signal_is_no_failure():
    program = """
import signal
import heatlas.cli as cli

def work(**_):
    print("ready", flush=True)
    try:
        signal.raise_signal(signal.SIGTERM)
    except BaseException:
        raise ImportError("numpy._core failed to import")  # as extensions do

cli.group.main = work
cli.main()
"""
    running = started(program=program)
    assert running.communicate(timeout=60)[1] == "heatlas: stopped; nothing was written\n"
    assert running.returncode == 143


def test_a_signal_that_was_ignored_stays_ignored():
    program = """
import signal
for name in ("SIGINT", "SIGTERM", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
import heatlas.cli as cli

def work(**_):
    print("ready", flush=True)
    signal.raise_signal(signal.SIGHUP)
    print("went on", flush=True)

cli.group.main = work
cli.main()
"""
    with started(program=program) as running:  # as with nohup
        # Not by communicate, which leaves out what was read along with the first line.
        assert (running.stdout.read(), running.stderr.read()) == ("went on\n", "")
        assert running.wait(timeout=60) == 0


def _interrupted(told):
    with delayed_stops():
        signal.raise_signal(signal.SIGINT)
        told.append("went on")


def test_handlers_are_given_back():
    mine = signal.signal(signal.SIGTERM, signal.SIG_IGN), signal.signal(signal.SIGINT, signal.default_int_handler)
    before = [signal.getsignal(number) for number in STOPPING]
    told = []
    try:
        with handling_stops(lambda number, frame: told.append(number)):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
        assert told == [signal.SIGINT]
        assert [signal.getsignal(number) for number in STOPPING] == before
        with pytest.raises(KeyboardInterrupt):
            _interrupted(told)
        assert told == [signal.SIGINT, "went on"]
        assert [signal.getsignal(number) for number in STOPPING] == before
    finally:
        signal.signal(signal.SIGTERM, mine[0])
        signal.signal(signal.SIGINT, mine[1])


ENDING = """
import atexit, sys, threading, time
import heatlas.cli as cli
from heatlas.__main__ import main, program

run = cli.main

def with_work_left():
    atexit.register(print, "tidied")
    threading.Thread(target=lambda: (time.sleep(0.3), print("thread"))).start()
    run()

cli.main = with_work_left
way = {"main": main, "program": program}[sys.argv.pop(1)]
way()
"""


@pytest.mark.parametrize(("words", "status"), [(["--version"], 0), (["nothing"], 2), (["info", "no-such-file"], 2)])
def test_a_program_ends_after_its_threads_and_what_is_to_be_tidied(words, status):
    said = {}
    for way in ("main", "program"):
        command = [sys.executable, "-c", ENDING, way, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status
        said[way] = done.stdout, done.stderr
    assert said["program"][0].endswith("thread\ntidied\n")
    assert said["main"] == said["program"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
@pytest.mark.parametrize("words", [["--version"], ["--help"], ["nothing"]])
def test_a_program_whose_output_is_lost_ends_as_python_would(words):
    ends = []
    for way in ("main", "program"):
        with Path("/dev/full").open("w") as full:
            command = [sys.executable, "-c", f"from heatlas.__main__ import {way}; {way}()", *words]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        ends.append((done.returncode, done.stderr))
    assert ends[0] == ends[1]
