"""What other systems do otherwise than this one: names of files, moments, open files, memory."""

from __future__ import annotations

import ast
import errno
import os
import sqlite3
import sys
from contextlib import closing
from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import SimpleNamespace

import pytest

from heatlas.core import resources
from heatlas.core.errors import BadOption, HeatlasError, path_name
from heatlas.core.paths import possible_name, reason_of, refuse_name, rename
from heatlas.rendering.film import mp4
from heatlas.rendering.film.timeline import DAY, Timeline, make_timeline, utc
from heatlas.sources.fork_pool import can_fork
from heatlas.sources.sqlite_head import address_of
from heatlas.writers.atomic import atomic_write

CODE = sorted((Path(__file__).resolve().parents[1] / "heatlas").rglob("*.py"))


def test_names_have_slashes_everywhere():
    assert path_name(PureWindowsPath(r"C:\My exports\routes\1.gpx")) == "C:/My exports/routes/1.gpx"
    assert path_name(PurePosixPath("a/b\\c.gpx")) == "a/b\\c.gpx"
    assert path_name(PurePosixPath("caf\udce9.gpx")) == "caf\\xe9.gpx"


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes_of(path):
    return list(ast.walk(tree_of(path)))


def calls(path):
    """Name and node of each call in a file."""
    for node in nodes_of(path):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
            yield name, node


def test_moments_are_not_made_by_what_knows_none_before_1970_on_windows():
    wrong = {"fromtimestamp", "utcfromtimestamp", "gmtime", "localtime", "mktime"}
    assert not [(path.name, node.lineno) for path in CODE for name, node in calls(path) if name in wrong]


def test_films_of_times_before_1970():
    line = make_timeline(-20.5 * 365 * DAY, -20 * 365 * DAY, 6, "month", None)
    assert [line.date(k) for k in (0, 5)] == ["August 1949", "January 1950"]
    assert Timeline.day(-1.0) == "1969-12-31"
    assert utc(-1.5).isoformat() == "1969-12-31T23:59:58.500000+00:00"


def test_databases_on_a_share_of_the_network_have_an_address(tmp_path):
    share = SimpleNamespace(as_uri=lambda: "file://server/share/a%20b.db")
    assert address_of(share) == "file:////server/share/a%20b.db"
    file = tmp_path / "a b?c%20.db"
    with closing(sqlite3.connect(file)) as link:
        link.execute("CREATE TABLE t (x)")
    with closing(sqlite3.connect(f"{address_of(file)}?mode=ro", uri=True)) as link:
        assert link.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_files_of_text_name_their_encoding():
    found = []
    for path in CODE:
        for name, node in calls(path):
            given = {keyword.arg for keyword in node.keywords}
            text = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            binary = any("b" in word for word in text[-1:])
            if name in {"read_text", "write_text"} and "encoding" not in given:
                found.append((path.name, node.lineno))
            if name == "write_text" and "newline" not in given:  # the same bytes on every system
                found.append((path.name, node.lineno))
            if name == "fdopen" and not binary and "encoding" not in given:
                found.append((path.name, node.lineno))
            bare = isinstance(node.func, ast.Name)
            # Of Path.open: other things that open are given what to open first.
            first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            mode = isinstance(first, str) and set(first) <= set("rwaxt+")
            if name == "open" and (bare or mode) and not binary and "encoding" not in given:
                found.append((path.name, node.lineno))
    assert not found


def test_memory_where_the_system_does_not_say_as_linux_does(monkeypatch):
    said = {"SC_PHYS_PAGES": 1 << 21, "SC_PAGE_SIZE": 1 << 12}

    def sysconf(name):
        if name not in said:
            raise ValueError("unrecognized configuration name")  # as macOS does
        return said[name]

    monkeypatch.setattr(resources, "_said_by_linux", lambda: (_ for _ in ()).throw(FileNotFoundError()))
    monkeypatch.setattr(os, "sysconf", sysconf)
    assert resources._free_on_machine() == 4 * 2**30  # half of 8 GB
    said["SC_AVPHYS_PAGES"] = 1 << 20
    assert resources._free_on_machine() == 4 * 2**30
    monkeypatch.delattr(os, "sysconf")
    assert resources._free_on_machine() == 4 * 2**30  # nobody knows


def test_memory_on_windows(monkeypatch):
    import ctypes

    def status_of(status):
        assert status[0] == 64  # a DWORD of the structure's size, and one of the load
        status[1], status[2], status[4] = 32 << 30, 20 << 30, promised
        return 1

    kernel = SimpleNamespace(kernel32=SimpleNamespace(GlobalMemoryStatusEx=status_of))
    monkeypatch.setattr(resources, "_said_by_linux", lambda: (_ for _ in ()).throw(FileNotFoundError()))
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "windll", kernel, raising=False)
    promised = 40 << 30
    assert resources._free_on_machine() == 20 << 30
    promised = 5 << 30  # of the page file, most is promised to others
    assert resources._free_on_machine() == 5 << 30


class Pipe:
    """A pipe that nobody reads from."""

    def __init__(self, number):
        self.number = number

    def write(self, data):
        raise OSError(self.number, os.strerror(self.number))

    def close(self):
        self.write(b"")


def test_an_encoder_that_ended_is_told_by_its_pipe_on_every_system():
    reel = SimpleNamespace(frames=[SimpleNamespace(data=memoryview(b"abc"))])
    for number in (errno.EPIPE, errno.EINVAL):
        assert not mp4._feed(Pipe(number), reel)
        assert not mp4._close(Pipe(number))
    with pytest.raises(OSError, match="No space"):
        mp4._feed(Pipe(errno.ENOSPC), reel)


def test_names_of_uploads_that_windows_cannot_have(monkeypatch):
    given = ["12:30 run.gpx", "con.gpx", "Com1 .tcx", "a?.fit. ", "contest.gpx", "a.b.gpx"]
    assert [possible_name(name) for name in given] == given
    monkeypatch.setattr(sys, "platform", "win32")
    assert [possible_name(name) for name in given] == [
        "12_30 run.gpx", "_con.gpx", "_Com1 .tcx", "a_.fit", "contest.gpx", "a.b.gpx",
    ]  # fmt: skip


def test_a_file_that_another_program_has_open_is_tried_again_on_windows(tmp_path, monkeypatch):
    replace, refusals = os.replace, 3

    def held(written, final):
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise PermissionError(errno.EACCES, "Access is denied")
        replace(written, final)

    monkeypatch.setattr(os, "replace", held)
    monkeypatch.setattr("heatlas.core.paths._PAUSE", 0)
    (tmp_path / "a").write_bytes(b"new")
    with pytest.raises(PermissionError):
        rename(tmp_path / "a", tmp_path / "b")
    with monkeypatch.context() as windows:
        windows.setattr(sys, "platform", "win32")
        rename(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"new"
    refusals = 99
    (tmp_path / "a").write_bytes(b"newest")
    with monkeypatch.context() as windows:
        windows.setattr(sys, "platform", "win32")
        with pytest.raises(PermissionError, match="close it there"):
            rename(tmp_path / "a", tmp_path / "b")
    refusals = 1
    with pytest.raises(HeatlasError, match=r"cannot write .*Access is denied"), atomic_write(tmp_path / "b") as draft:
        draft.write_bytes(b"newer")
    assert (tmp_path / "b").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("con.png", "reserves the name"),
        ("NUL", "reserves the name"),
        ("heat:1.png", "':'"),
        ("what?.png", "'?'"),
        ("tiles.", "end in a blank or a dot"),
        ("heat.png", None),
        ("console.png", None),
    ],
)
def test_names_of_outputs_that_windows_cannot_have_are_refused(monkeypatch, tmp_path, name, words):
    from heatlas.library.file.opening import open_library
    from heatlas.publish.folder import check_folder
    from heatlas.writers import check_place

    refuse_name(tmp_path / name)  # elsewhere they are names as any other
    monkeypatch.setattr(sys, "platform", "win32")
    for refuse in (check_place, check_folder, lambda path: open_library(path, create=True), refuse_name):
        if words is None and refuse is refuse_name:
            refuse(tmp_path / name)
        elif words is not None:
            with pytest.raises(BadOption, match=words.replace("?", r"\?")):
                refuse(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_paths_that_are_too_long_for_windows_are_told_as_such(monkeypatch):
    long = Path("/", *["folder" * 5] * 8, "heat.png")
    lost = FileNotFoundError(errno.ENOENT, "The system cannot find the path specified")
    assert reason_of(lost, long) == lost.strerror
    monkeypatch.setattr(sys, "platform", "win32")
    assert "too long for Windows" in reason_of(lost, long)
    assert reason_of(lost, Path("/heat.png")) == lost.strerror
    assert reason_of(OSError(errno.ENOSPC, "No space left"), long) == "No space left"


@pytest.mark.parametrize(
    "path", [r"C:\Users\me\rides", "C:/Users/me/rides", "C://rides", r"\\server\share\rides", "c:x.csv"]
)
def test_a_drive_is_no_database(path):
    from heatlas.sources.databases.url import is_database_url
    from heatlas.sources.tables import is_path

    assert is_path(path)
    assert not is_database_url(path)


def test_settings_of_a_user_without_a_home(monkeypatch, tmp_path):
    from heatlas.core.folders import config_folder

    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    for name in ("HEATLAS_CONFIG", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    for platform, variable in (("linux", "XDG_CONFIG_HOME"), ("darwin", "XDG_CONFIG_HOME"), ("win32", "APPDATA")):
        monkeypatch.setattr(sys, "platform", platform)
        with pytest.raises(BadOption, match="set HEATLAS_CONFIG"):
            config_folder()
        with monkeypatch.context() as known:
            known.setenv(variable, str(tmp_path))
            assert config_folder() == tmp_path / "heatlas"
            known.setenv("HEATLAS_CONFIG", "elsewhere")
            assert config_folder() == Path("elsewhere")


SAFE = {
    "fcntl": {"fork_pool.py", "scratch.py"}, "resource": {"resources.py"}, "msvcrt": {"scratch.py"},
    "pwd": set(), "grp": set(),
}  # fmt: skip


def test_modules_that_not_every_system_has_are_imported_where_they_are_used():
    for path in CODE:
        tree = tree_of(path)
        for node in nodes_of(path):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in set(names) & set(SAFE):
                assert path.name in SAFE[name], f"{path.name} imports {name}"
                assert node not in tree.body, f"{path.name} imports {name} when it is imported"


NOT_EVERYWHERE = {
    "os": {
        "fork": {"fork_pool.py"}, "geteuid": {"cache.py", "scratch.py"}, "sched_getaffinity": {"resources.py"},
        "waitpid": {"fork_pool.py"},
        **dict.fromkeys(("getuid", "getgid", "setuid", "uname", "statvfs", "mkfifo", "killpg", "setsid"), frozenset()),
    },
    "signal": {
        "SIGKILL": {"fork_pool.py"},
        **dict.fromkeys(("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGPIPE", "SIGCHLD", "alarm"), frozenset()),
    },
    "time": {"tzset": set()},
    "socket": {"AF_UNIX": set(), "SO_REUSEPORT": set()},
}  # fmt: skip
"""Module -> what it has on some systems only -> files that use it where it was looked for."""


def test_functions_that_not_every_system_has_are_used_where_they_were_looked_for():
    found = {
        f"{path.name} uses {node.value.id}.{node.attr}"
        for path in CODE
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if path.name not in NOT_EVERYWHERE.get(node.value.id, {}).get(node.attr, {path.name})
    }
    assert not found
    assert hasattr(os, "fork") or not can_fork()


def test_one_file_takes_the_place_of_another_by_a_function_that_tries_again():
    """On Windows a file that a viewer or a scanner has open cannot be replaced for a moment."""
    moves = {"rename", "renames", "replace", "hardlink_to", "symlink_to", "link"}
    allowed = {"opening.py", "paths.py", "repair.py", "states.py"}  # each of which says what it does where it fails
    for path in CODE:
        for name, node in calls(path):
            if name in moves and isinstance(node.func, ast.Attribute):
                one = len(node.args) == 1 and not node.keywords  # two are of text
                if one or ast.unparse(node.func.value) == "os":
                    assert path.name in allowed, f"{path.name}, line {node.lineno}: {ast.unparse(node)}"
