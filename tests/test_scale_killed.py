"""The plan where something ends or fails: workers, scheduler, driver, disk and store. The same tiles, or a sentence."""

from __future__ import annotations

import http.client
import http.server
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from buckets import environment
from killing_tasks import Killing
from partitions import trips_of, write_partitions
from test_scale import names_in, recipe_of, tiles_in

import heatlas
from heatlas.core.context import Context
from heatlas.core.errors import HeatlasError, SourceFailed
from heatlas.core.filesystems import locate
from heatlas.scale.archive import build
from heatlas.scale.dask_engine import Dask
from heatlas.scale.engine import Here
from heatlas.scale.plan import Sizes
from heatlas.scale.pool import Pool

ONE = Context(1)
SMALL = Sizes(2, 3, 40)
HERE = Path(__file__).parent
PHASES = ["CompactTask", "FitTask", "MergeTask", "PaintTask", "TraceTask"]
posix = pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed there by a signal")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Partitions, a recipe, and the archive that one process makes."""
    folder = tmp_path_factory.mktemp("built")
    source = write_partitions(folder / "in", trips_of(persons=4, trips=2, fixes=50), 3)
    recipe = recipe_of(zooms=(8, 9))
    build([source], str(folder / "a.pmtiles"), recipe, Here(), ONE, sizes=SMALL)
    return source, recipe, tiles_in(folder / "a.pmtiles")


@posix
def test_a_worker_killed_in_every_phase_changes_nothing(built, tmp_path):
    source, recipe, tiles = built
    (tmp_path / "killed").mkdir()
    with Pool(1) as pool:
        build([source], str(tmp_path / "a.pmtiles"), recipe, Killing(pool, tmp_path / "killed"), ONE, sizes=SMALL)
        assert len(pool.processes) == 1
    assert not pool.processes
    assert tiles_in(tmp_path / "a.pmtiles") == tiles
    assert names_in(tmp_path / "killed") == PHASES
    assert names_in(tmp_path) == ["a.pmtiles", "killed"]


@pytest.fixture
def cluster(tmp_path_factory):
    """A scheduler of Dask and a worker, each a process of its own: the scheduler, and a client."""
    distributed = pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("cluster")
    said = ["--scheduler-file", str(folder / "scheduler.json"), "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
    path = os.pathsep.join([str(HERE.parent), str(HERE)])
    started = []

    def start(module, *more):
        command = [sys.executable, "-m", f"distributed.cli.{module}", *more, *said]
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, **silent))

    try:
        start("dask_scheduler", "--port", "0", "--host", "127.0.0.1")
        start("dask_worker", "--nthreads", "1", "--local-directory", str(folder))
        while not (folder / "scheduler.json").exists():
            assert started[0].poll() is None
            time.sleep(0.05)
        client = distributed.Client(scheduler_file=said[1], set_as_default=False)
        client.wait_for_workers(1)
        yield started[0], client
        client.close(timeout=1)
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait()


class Ending:
    """An engine whose scheduler is killed when the first task of a phase is done."""

    def __init__(self, engine, scheduler, phase):
        self.engine, self.scheduler, self.phase = engine, scheduler, phase

    def map(self, work, tasks, done):
        def end(place, result):
            done(place, result)
            if work.__name__ == self.phase:
                self.scheduler.kill()

        self.engine.map(work, tasks, end)


@posix
def test_dask_goes_on_without_a_worker_and_ends_without_a_scheduler(built, cluster, tmp_path):
    source, recipe, tiles = built
    scheduler, client = cluster
    (tmp_path / "killed").mkdir()
    engine = Killing(Dask(client), tmp_path / "killed", ("merge",))
    build([source], str(tmp_path / "a.pmtiles"), recipe, engine, ONE, sizes=SMALL)
    assert names_in(tmp_path / "killed") == ["MergeTask"]
    assert tiles_in(tmp_path / "a.pmtiles") == tiles
    out, work = str(tmp_path / "b.pmtiles"), str(tmp_path / "work")
    with pytest.raises(SourceFailed, match="the scheduler has ended, or cannot be reached: start it, and run the same"):
        build([source], out, recipe, Ending(Dask(client), scheduler, "trace"), ONE, work=work, sizes=SMALL)
    assert names_in(tmp_path) == ["a.pmtiles", "killed", "work"]
    assert build([source], out, recipe, Here(), ONE, work=work, sizes=SMALL)["reused"] > 0
    assert tiles_in(tmp_path / "b.pmtiles") == tiles


@posix
def test_the_driver_is_killed_and_its_workers_end_with_it(built, tmp_path):
    source, _, tiles = built
    command = [sys.executable, "-m", "heatlas", "render", source, "-o", tmp_path / "a.pmtiles", "--zoom", "8-9"]
    command += ["--engine", "pool", "--workers", "2", "--work", tmp_path / "work"]
    driver = subprocess.Popen(
        command, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(HERE.parent)}, start_new_session=True
    )
    while not (tmp_path / "work" / "merge").exists():
        assert driver.poll() is None
        time.sleep(0.01)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    while members_of(driver.pid):  # else this test hangs
        time.sleep(0.02)
    assert not (tmp_path / "a.pmtiles").exists()
    (tmp_path / "work" / "merge" / ".0123.99.1.part").write_bytes(b"half")  # as of a worker that was killed
    said = heatlas.render(
        source, output=tmp_path / "a.pmtiles", zoom="8-9", engine="pool", workers=1, work=tmp_path / "work"
    )
    assert said["reused"] >= 3
    assert tiles_in(tmp_path / "a.pmtiles") == tiles
    assert not list((tmp_path / "work").rglob("*.part"))


def members_of(session):
    """Processes of a session that live."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] == str(session) and fields[0] != "Z":
            found.append(status.parent.name)
    return found


@contextmanager
def largest_file(size):
    """Let no file of this process grow beyond a size, as on a disk that is full."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_a_sentence_and_leaves_nothing_half(built, tmp_path, monkeypatch):
    source, recipe, tiles = built
    monkeypatch.setattr("heatlas.scale.engine._PAUSE", 0.0)
    out, work = tmp_path / "a.pmtiles", tmp_path / "work"

    title = random.Random(1).randbytes(20_000).hex()  # makes the archive larger than all that it is made of

    def go():
        labels = title, ""
        return build([source], str(out), recipe, Here(), ONE, work=str(work), sizes=SMALL, labels=labels)

    with (
        largest_file(2000),
        pytest.raises(SourceFailed, match=r"4 times: .*written: File too large"),
    ):
        go()
    assert not out.exists()
    assert not [path for path in work.rglob("*") if path.is_file() and path.name != "manifest.json"]
    go()
    made = out.read_bytes()
    size = max(path.stat().st_size for path in work.rglob("*") if path.is_file())
    assert size < len(made)
    out.unlink()
    with largest_file(size), pytest.raises(HeatlasError, match=r"cannot write .*a\.pmtiles: File too large"):
        go()
    assert names_in(tmp_path) == ["work"]
    go()
    assert out.read_bytes() == made
    assert tiles_in(out) == tiles


@contextmanager
def faulty(server, chance, whole=10**9):
    """A store in front of another that fails by chance, and always after so many requests."""
    host, port = server.removeprefix("http://").split(":")
    dice, asked, refused = random.Random(5), [0], [0]

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            while "Transfer-Encoding" in self.headers and (size := int(self.rfile.readline(), 16)):
                body += self.rfile.read(size)
                self.rfile.readline()
            if "Transfer-Encoding" in self.headers:
                self.rfile.readline()
            mine = {"expect", "transfer-encoding", "content-length", "connection"}
            asked[0] += 1
            if asked[0] > whole or dice.random() < chance:
                refused[0] += 1
                self.send_response(dice.choice([500, 503]))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            link = http.client.HTTPConnection(host, int(port))
            given = {name: value for name, value in self.headers.items() if name.lower() not in mine}
            link.request(self.command, self.path, body, given)
            answer = link.getresponse()
            data = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in mine:
                    self.send_header(name, value)
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
            self.send_header("Content-Length", length or "0")
            self.end_headers()
            self.wfile.write(data)
            link.close()

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve  # noqa: N815

        def log_message(self, *_):
            pass

    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}", refused
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


def test_a_store_that_fails_by_chance_changes_nothing_and_one_that_ends_is_a_sentence(
    built, s3_server, bucket, tmp_path, monkeypatch
):
    import boto3

    source, recipe, tiles = built
    monkeypatch.setattr("heatlas.scale.engine._PAUSE", 0.0)
    for file in source.iterdir():
        locate(f"{bucket}/in/{file.name}").write(file.read_bytes())

    def go(name, sizes=SMALL):
        work = f"{bucket}/work"
        return build([f"{bucket}/in"], f"{bucket}/{name}", recipe, Here(), ONE, work=work, sizes=sizes)

    with (
        faulty(s3_server, 0.02, whole=60) as (address, _),
        environment(AWS_ENDPOINT_URL=address, AWS_MAX_ATTEMPTS="2"),
        pytest.raises(SourceFailed, match="the store answered with an error of its own 2 times; try again later"),
    ):
        go("a.pmtiles")
    assert locate(f"{bucket}/a.pmtiles").kind() == ""
    with faulty(s3_server, 0.06) as (address, refused), environment(AWS_ENDPOINT_URL=address, AWS_MAX_ATTEMPTS="8"):
        assert go("a.pmtiles")["reused"] > 0
    assert refused[0] > 4
    (tmp_path / "a.pmtiles").write_bytes(locate(f"{bucket}/a.pmtiles").read())
    assert tiles_in(tmp_path / "a.pmtiles") == tiles
    wanted = {file.path for file in locate(bucket).files()}  # a build removes what does not belong to it
    go("b.pmtiles")
    assert {file.path for file in locate(bucket).files()} == wanted | {f"{bucket[5:]}/b.pmtiles"}
    client = boto3.client("s3")
    assert not client.list_multipart_uploads(Bucket=bucket[5:]).get("Uploads")
    client.close()
