"""Sources in buckets, against an S3 server on this machine: the same as files on a disk, or one sentence."""

import http.server
import threading
from typing import ClassVar

import numpy as np
import pytest
from buckets import environment
from made import export, gpx, straight

import heatlas
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.filesystems import locate
from heatlas.library.manage import import_into
from heatlas.sources.contract.partitions import find_partitions


def put(folder, address):
    """Put the files of a folder into a bucket."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            locate(f"{address}/{path.relative_to(folder).as_posix()}").write(path.read_bytes())


def facts(tracks):
    """What is read of tracks, but for the names of files."""
    found = []
    for batch in tracks.batches:
        ends = batch.segments[batch.tracks]
        for k, each in enumerate(batch.activities):
            rows = slice(int(ends[k]), int(ends[k + 1]))
            name = each.source.rpartition("/")[2]
            found.append((name, each.sport, each.name, each.private, each.start, batch.u[rows].tobytes()))
    return sorted(found)


def test_an_export_in_a_bucket_is_read_as_on_a_disk(tmp_path, bucket):
    folder = export(tmp_path / "export")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(100_000))
    put(folder, f"{bucket}/mine")
    found = heatlas.open(f"{bucket}/mine")
    assert facts(found) == facts(heatlas.open(folder))
    assert found.batches[0].activities[0].source.startswith(f"{bucket}/mine/")
    failed = [each.file.rpartition("/")[2] for each in heatlas.open(folder).report.failed]
    assert [each.file.rpartition("/")[2] for each in found.report.failed] == failed
    one = next(path for path in sorted(folder.rglob("*.gpx*")))
    assert len(heatlas.open(f"{bucket}/mine/{one.relative_to(folder).as_posix()}")) == 1
    assert len(heatlas.open(f"{bucket}/mine/**/*.gpx*")) == len(heatlas.open(*map(str, folder.rglob("*.gpx*"))))


def test_an_import_from_a_bucket_reads_only_what_is_new(tmp_path, bucket):
    for k in range(3):
        (tmp_path / f"{k}.gpx").write_bytes(gpx(*straight(lat=47.0 + k), start=1.7e9 + 90_000 * k))
    put(tmp_path, bucket)
    library = tmp_path / "l.db"
    assert import_into(library, bucket)["activities"] == 3
    locate(f"{bucket}/new.gpx").write(gpx(*straight(lat=50.0), start=1.8e9))
    again = import_into(library, bucket)
    assert again["activities"] == 4
    assert again["dropped"]["files that were read before"] == 3


def test_tables_of_all_kinds(tmp_path, bucket):
    rows = [f"{'ab'[k // 50]},2024-05-01T08:00:{k % 50:02}Z,{60 + k / 1e4:.4f},24.9" for k in range(100)]
    text = "\n".join(["ride,time,lat,lon", *rows])
    locate(f"{bucket}/t/rides.csv").write(text.encode())
    assert len(heatlas.open(f"{bucket}/t/rides.csv", track="ride")) == 2
    assert heatlas.inspect(f"{bucket}/t/rides.csv")["rows"] == 100
    (tmp_path / "rides.csv").write_text(text)
    heatlas.prepare(f"{bucket}/t/rides.csv", output=f"{bucket}/fixes", track="ride", person="ride")
    assert facts(heatlas.open(f"{bucket}/fixes")) == [
        (name, *rest) for name, *rest in facts(heatlas.open(tmp_path / "rides.csv", track="ride"))
    ]
    for source in (f"{bucket}/fixes/", f"{bucket}/fixes/*.parquet", f"{bucket}/fixes/part-00000.parquet"):
        assert len(heatlas.open(source)) == 2
    held = import_into(tmp_path / "l.db", f"{bucket}/fixes")
    assert held["activities"] == 2
    assert import_into(tmp_path / "l.db", f"{bucket}/fixes")["dropped"]["tracks that were read before"] == 2
    points = [tmp_path / "a.npy", tmp_path / "b.npy"]
    for source, output in zip((f"{bucket}/t/rides.csv", tmp_path / "rides.csv"), points, strict=True):
        heatlas.render(source, output=output, width=100)
    np.testing.assert_array_equal(*map(np.load, points))


def test_prepare_into_a_bucket_is_the_same_and_leaves_nothing_else(tmp_path, bucket):
    folder = tmp_path / "people"
    for p, name in enumerate(("anna", "bert")):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.gpx").write_bytes(gpx(*straight(lat=47.0 + p), start=1.7e9))
    put(folder, f"{bucket}/people")
    heatlas.prepare(f"{bucket}/people", output=f"{bucket}/out", person="folder", fixes=300)
    heatlas.prepare(folder, output=tmp_path / "out", person="folder", fixes=300)
    for name in ("part-00000.parquet", "part-00001.parquet"):
        assert locate(f"{bucket}/out/{name}").read() == (tmp_path / "out" / name).read_bytes()
    names = [found.location.name for found in locate(f"{bucket}/out").found()]
    assert names == ["_prepared.json", "part-00000.parquet", "part-00001.parquet"]
    assert [part.fixes for part in find_partitions([f"{bucket}/out"])] == [334, 334]
    assert heatlas.prepare(f"{bucket}/people", output=f"{bucket}/out", person="folder", fixes=300)["unchanged"]


def test_file_addresses_are_paths(tmp_path):
    (tmp_path / "a b.gpx").write_bytes(gpx(*straight()))
    assert len(heatlas.open(f"file://{tmp_path}/a%20b.gpx")) == 1
    assert len(heatlas.open(f"file://{tmp_path}")) == 1


class Busy(http.server.BaseHTTPRequestHandler):
    """A store that answers 503 to everything."""

    def do_GET(self):
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_PUT = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


def test_errors_are_one_sentence(tmp_path, bucket):
    with pytest.raises(SourceFailed, match="there is no bucket nothere"):
        heatlas.open("s3://nothere/x")
    with pytest.raises(BadOption, match="there is no file or folder"):
        heatlas.open(f"{bucket}/nothere")
    with pytest.raises(BadOption, match="there is no file"):
        heatlas.open(f"{bucket}/*.parquet")
    with pytest.raises(SourceFailed, match="there is no bucket nothere"):
        heatlas.prepare(tmp_path, output="s3://nothere/x", person="a")
    locate(f"{bucket}/bad.parquet").write(b"PAR1 no")
    with pytest.raises(SourceFailed, match=r"bad\.parquet"):
        heatlas.open(f"{bucket}/bad.parquet", track="t")
    with pytest.raises(BadOption, match="reads no web pages"):
        heatlas.inspect("https://example.org/x.csv")
    with environment(AWS_ENDPOINT_URL="http://127.0.0.1:9"), pytest.raises(SourceFailed, match="cannot be reached"):
        heatlas.open(f"{bucket}/x")


def test_a_store_that_is_busy_again_and_again_is_one_sentence(tmp_path, bucket):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        with (
            environment(AWS_ENDPOINT_URL=address),
            pytest.raises(SourceFailed, match="error of its own 2 times; try again"),
        ):
            heatlas.open(f"{bucket}/x")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_file_that_is_gone_is_named_and_the_rest_go_on(bucket, monkeypatch):
    for k in range(3):
        locate(f"{bucket}/{k}.gpx").write(gpx(*straight(lat=47.0 + k), start=1.7e9 + 90_000 * k))
    from heatlas.sources import remote

    read = remote._read

    def gone(location):
        if location.name == "1.gpx":
            location.remove()
        return read(location)

    monkeypatch.setattr(remote, "_read", gone)
    found = heatlas.open(bucket)
    assert len(found) == 2
    assert [each.reason for each in found.report.failed] == ["it was gone before it was read"]


def test_addresses_of_fsspec_keep_their_host(monkeypatch):
    """What lies beside a file is named as the file is: with the host and the user, which are no part of its path."""
    registry = pytest.importorskip("fsspec.registry")
    from fsspec.implementations.memory import MemoryFileSystem

    class Far(MemoryFileSystem):
        protocol = "sftp"
        store: ClassVar[dict] = {}
        pseudo_dirs: ClassVar[list] = [""]

        @classmethod
        def _strip_protocol(cls, path):
            return "/" + path.partition("://")[2].partition("/")[2] if "://" in path else path

        @staticmethod
        def _get_kwargs_from_urls(path):
            return {"host": path.partition("://")[2].partition("/")[0]}

    monkeypatch.setitem(registry._registry, "sftp", Far)
    locate("sftp://me@there:22/in/a.gpx").write(b"1")
    assert Far.store["/in/a.gpx"].getvalue() == b"1"
    (found,) = locate("sftp://me@there:22/in").files()
    assert (found.uri, found.path, found.read()) == ("sftp://me@there:22/in/a.gpx", "/in/a.gpx", b"1")


@pytest.mark.parametrize(
    ("address", "path", "other"),
    [
        ("abfss://c@account.dfs.core.windows.net/k", "c/k/f", "abfss://c@account.dfs.core.windows.net/k/f"),
        ("abfss://c@account.dfs.core.windows.net", "c/f", "abfss://c@account.dfs.core.windows.net/f"),
        ("gs://b/k/k", "b/k/k/k", "gs://b/k/k/k"),
        ("memory://a/b", "/a/b/f", "memory://a/b/f"),
        ("file:///a/b", "/a/b/f", "file:///a/b/f"),
    ],
)
def test_what_is_found_in_a_folder_keeps_the_address_of_the_folder(monkeypatch, address, path, other):
    monkeypatch.setattr("heatlas.core.filesystems.locations.filesystem_of", lambda kind, name: Elsewhere())
    assert locate(address)._at(path).uri == other


class Elsewhere:
    type_name = "elsewhere"
