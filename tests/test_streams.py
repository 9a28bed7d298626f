"""Standard streams that are closed, full or not UTF-8: no traceback, and no work done for nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = "import sys; sys.argv[0] = 'heatlas'; from heatlas.cli import main; main()"
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
posix = pytest.mark.skipif(sys.platform == "win32", reason="streams are closed by a shell that Windows has not")


@pytest.fixture
def table(tmp_path):
    """A table with a name and content that no code page of one byte can show."""
    path = tmp_path / "bürger →.csv"
    path.write_text("lat,lon,näme\n47.8,10.9,→\n47.9,10.8,b\n", encoding="utf-8")
    return path


def heatlas(*args, cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **environment):
    return subprocess.run(
        [sys.executable, "-c", MAIN, *map(str, args)], cwd=cwd, stdout=stdout, stderr=stderr, timeout=120, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def shell(line, cwd):
    return subprocess.run(
        ["sh", "-c", line, sys.executable, MAIN], cwd=cwd, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["cp1252", "ascii:strict"])
def test_what_a_stream_cannot_show_is_escaped(table, tmp_path, encoding):
    json_too = ["--json"] if encoding != "cp1252" else []
    done = heatlas("info", table, *json_too, cwd=tmp_path, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    if json_too:
        assert next(iter(json.loads(done.stdout)["all_columns"].values())) == ["lat", "lon", "näme"]
    else:
        assert b"\\u2192" in done.stdout
        assert "näme".encode("cp1252") in done.stdout


@posix
def test_a_picture_is_described_where_the_locale_knows_no_letters(table, tmp_path):
    done = heatlas(
        "render", table, "-o", "bü→.png", "--title", "Bürger →", "--width", 400,
        cwd=tmp_path, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bü→.png").exists()
    said = json.loads((tmp_path / "bü→.png.json").read_text(encoding="utf-8"))
    assert said["title"].startswith("B")
    assert all(line.isascii() for line in done.stdout.splitlines())


def test_text_of_options_can_always_be_stored_and_names_of_files_keep_their_bytes():
    from heatlas.options import RenderOptions, gather, given

    asked = gather(RenderOptions, {"title": "caf\udce9", "sport": ("\udcff",), "athlete": "caf\udce9.toml"})
    found = {name: value for name, value in given(asked).items() if name in {"title", "sport", "athlete"}}
    assert found == {"title": "caf\\xe9", "sport": ("\\xff",), "athlete": "caf\udce9.toml"}


@posix
@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&- <&-"])
def test_closed_streams_do_not_stop_the_work(tmp_path, table, closed):
    done = shell(f'"$0" -c "$1" render \'{table.name}\' -o heat.png --width 64 {closed}', tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")
    assert b"Traceback" not in done.stderr
    assert bool(done.stdout) == (closed == "2>&-")
    # No message of a library went into a file that had taken the number of the closed stream.
    json.loads((tmp_path / "heat.png.json").read_bytes())


@posix
def test_wrong_usage_is_wrong_usage_with_closed_streams(tmp_path):
    assert shell('"$0" -c "$1" render nosuch -o heat.png 2>&-', tmp_path).returncode == 2
    assert shell('"$0" -c "$1" render --nosuch 2>&- >&-', tmp_path).returncode == 2


@full
def test_a_full_stdout_is_told_once_and_the_picture_is_there(tmp_path, table):
    with Path("/dev/full").open("wb") as nowhere:
        done = heatlas("render", table, "-o", "heat.png", "--width", 64, cwd=tmp_path, stdout=nowhere)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[-1].startswith("heatlas: the standard output cannot be written (No space")
    assert done.stderr.count(b"No space") == 1
    assert b"Exception ignored" not in done.stderr
    assert (tmp_path / "heat.png").read_bytes().endswith(b"IEND\xaeB`\x82")


@full
def test_a_full_stderr_loses_messages_alone(tmp_path, table):
    with Path("/dev/full").open("wb") as nowhere:
        done = heatlas("render", table, "-o", "heat.png", "--width", 64, cwd=tmp_path, stderr=nowhere)
        assert done.returncode == 0
        assert done.stdout.decode().split() == ["heat.png", "heat.png.json", "heat.pgw", "heat.png.aux.xml"]


@posix
def test_a_reader_that_stops_reading_is_no_failure(tmp_path):
    line = '{ "$0" -c "$1" info --colormaps; echo "status $?" >&2; } | true'
    done = shell(line, tmp_path)
    assert done.stderr == b"status 0\n"
