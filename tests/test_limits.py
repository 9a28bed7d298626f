"""Limits of containers, shells and systems: processors, memory, threads, processes."""

from __future__ import annotations

import ctypes
import errno
import math
import os
import subprocess
import sys
from types import SimpleNamespace

import made
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heatlas.cli.failures import explain
from heatlas.core import resources
from heatlas.core.cgroups import granted_memory, granted_processors
from heatlas.core.errors import BadOption, HeatlasError, TooLarge, Unreadable

MAIN = "import sys; sys.argv[0] = 'heatlas'; from heatlas.cli import main; main()"
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
GB = 1 << 30


class Machine:
    """A made-up /proc/self, and control groups under a folder with a blank in its name."""

    def __init__(self, folder):
        self.proc, self.groups = folder / "proc", folder / "a b"
        self.proc.mkdir()
        self.groups.mkdir()

    def mount(self, kind, controllers="", name="", root="/"):
        point = str(self.groups / name).replace(" ", "\\040")
        with (self.proc / "mountinfo").open("a") as file:
            file.write(f"31 23 0:28 {root} {point} rw,relatime shared:9 - {kind} {kind} rw,{controllers}\n")

    def belongs(self, line):
        with (self.proc / "cgroup").open("a") as file:
            file.write(f"{line}\n")

    def write(self, name, text):
        path = self.groups / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_version_two_in_a_container(machine):
    machine.mount("cgroup2")
    machine.belongs("0::/")
    machine.write("cpu.max", "150000 100000")
    machine.write("memory.max", 2 * GB)
    machine.write("memory.current", GB)
    machine.write("memory.stat", f"anon {GB // 4}\ninactive_file {GB // 2}\nactive_file 7")
    assert granted_processors(machine.proc) == 1.5
    assert granted_memory(machine.proc) == 1.5 * GB  # pages of files that were not used lately can be had


def test_the_tightest_of_all_groups_above_counts(machine):
    machine.mount("cgroup2")
    machine.belongs("0::/user.slice/a.service")
    machine.write("user.slice/a.service/cpu.max", "max 100000")
    machine.write("user.slice/cpu.max", "400000 100000")
    machine.write("cpu.max", "900000 100000")
    machine.write("user.slice/a.service/memory.max", 3 * GB)
    machine.write("user.slice/memory.max", "max")
    assert granted_processors(machine.proc) == 4
    assert granted_memory(machine.proc) == 3 * GB


@pytest.mark.parametrize("root", ["/", "/docker/abc"])  # with and without a name space of its own
def test_version_one(machine, root):
    machine.mount("cgroup", "cpuacct,cpu", "cpu,cpuacct", root)
    machine.mount("cgroup", "memory", "memory", root)
    machine.mount("cgroup2", "", "unified")
    machine.belongs("4:memory:/docker/abc")
    machine.belongs("2:cpu,cpuacct:/docker/abc")
    machine.belongs("0::/")
    inside = "docker/abc/" if root == "/" else ""
    machine.write(f"cpu,cpuacct/{inside}cpu.cfs_quota_us", 50000)
    machine.write(f"cpu,cpuacct/{inside}cpu.cfs_period_us", 100000)
    machine.write(f"memory/{inside}memory.limit_in_bytes", GB)
    machine.write(f"memory/{inside}memory.usage_in_bytes", GB // 4)
    machine.write(f"memory/{inside}memory.stat", "cache 5\ntotal_inactive_file 0")
    assert granted_processors(machine.proc) == 0.5
    assert granted_memory(machine.proc) == 0.75 * GB


@pytest.mark.parametrize("quota", ["-1", "0", "max", "", "nonsense"])
def test_without_a_limit_there_is_none(machine, quota):
    machine.mount("cgroup", "cpu", "cpu")
    machine.mount("cgroup", "memory", "memory")
    machine.belongs("1:cpu:/")
    machine.belongs("2:memory:/")
    machine.write("cpu/cpu.cfs_quota_us", quota)
    machine.write("cpu/cpu.cfs_period_us", 100000)
    machine.write("memory/memory.limit_in_bytes", 9223372036854771712)
    machine.write("memory/memory.usage_in_bytes", GB)
    assert granted_processors(machine.proc) == math.inf
    assert granted_memory(machine.proc) == math.inf


@settings(max_examples=20)
@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_the_system_writes_is_no_error(tmp_path_factory, groups, mounts):
    folder = tmp_path_factory.mktemp("proc")
    (folder / "cgroup").write_text(groups, encoding="utf-8")
    (folder / "mountinfo").write_text(mounts, encoding="utf-8")
    assert granted_processors(folder) == granted_memory(folder) == math.inf


def test_memory_is_the_least_of_machine_container_and_shell(monkeypatch):
    monkeypatch.setattr(resources, "_free_on_machine", lambda: 8.0 * GB)
    monkeypatch.setattr(resources, "granted_memory", lambda: 3.0 * GB)
    monkeypatch.setattr(resources, "address_space", lambda: (4.0 * GB, 2.0 * GB))
    assert resources.free_memory() == 2 * GB
    monkeypatch.setattr(resources, "address_space", lambda: (math.inf, math.inf))
    assert resources.free_memory() == 3 * GB
    monkeypatch.setattr(resources, "granted_memory", lambda: math.inf)
    assert resources.free_memory() == 8 * GB


@pytest.mark.parametrize(("granted", "count"), [(math.inf, 6), (2.5, 3), (0.2, 1), (64.0, 6)])
def test_processors_are_those_that_may_be_used(monkeypatch, granted, count):
    monkeypatch.setattr(os, "process_cpu_count", lambda: 6, raising=False)
    monkeypatch.setattr(resources, "granted_processors", lambda: granted)
    resources._quota.cache_clear()
    assert resources.processors() == count
    resources._quota.cache_clear()


@linux
def test_affinity_is_heeded():
    one = min(os.sched_getaffinity(0))
    code = (
        f"import os; os.sched_setaffinity(0, {{{one}}})\nfrom heatlas.core.context import NOBODY\nprint(NOBODY.threads)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1\n"


def test_memory_on_macos(monkeypatch):
    answers = {b"hw.memsize": 16 * GB, b"kern.memorystatus_level": 25}

    def sysctlbyname(name, value, length, new, size):
        if name not in answers:
            return -1
        value.raw = answers[name].to_bytes(len(value), "little")
        return 0

    monkeypatch.setattr(resources, "_said_by_linux", lambda: (_ for _ in ()).throw(FileNotFoundError()))
    monkeypatch.setattr(resources.sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(sysctlbyname=sysctlbyname))
    assert resources._free_on_machine() == 4 * GB
    answers.pop(b"kern.memorystatus_level")
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 1 << 21, "SC_PAGE_SIZE": 1 << 12, "SC_AVPHYS_PAGES": 0}.get)
    assert resources._free_on_machine() == 4 * GB  # half of 8 GB


def caused(error, cause):
    try:
        try:
            raise cause
        except type(cause):
            raise error  # noqa: B904 - libraries leave out the cause too
    except type(error) as raised:
        return raised


@pytest.mark.parametrize(
    ("error", "words", "status"),
    [
        (BadOption("no such option"), "no such option", 2),
        (TooLarge("too large"), "too large", 1),
        (Unreadable("damaged"), "damaged", 1),
        (MemoryError(), "memory", 1),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory", 1),
        (ImportError("libarrow.so.2600: failed to map segment from shared object"), "memory", 1),
        (caused(OSError("Could not find 'libllvmlite.so'"), ImportError("failed to map segment")), "memory", 1),
        (caused(HeatlasError("cannot write a.png"), MemoryError()), "memory", 1),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "processes", 1),
        (RuntimeError("can't start new thread"), "threads", 1),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp', '/']"), "TMPDIR", 1),
        (OSError(errno.ENOSPC, "No space left on device", "a.png"), "a.png: No space left on device", 1),
    ],
)
def test_every_want_is_told_in_a_sentence(error, words, status):
    said, code = explain(error)
    assert words in said
    assert code == status
    assert "\n" not in said


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("other"), ImportError("no module"), KeyError(1)])
def test_faults_of_the_program_are_not_hidden(error):
    assert explain(error) is None


def limited(megabytes, *args, cwd):
    """Run heatlas with so many megabytes of addresses."""
    line = f'ulimit -v {megabytes * 1024}; exec "$0" -c "$@"'
    return subprocess.run(
        ["bash", "-c", line, sys.executable, MAIN, *map(str, args)],
        cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@linux
def test_a_limit_below_the_libraries_is_refused_at_once(tmp_path):
    lon, lat = made.straight(30)
    (tmp_path / "a.gpx").write_bytes(made.gpx(lon, lat))
    done = limited(400, "render", "a.gpx", "-o", "a.png", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("heatlas: this process may have 400 MB of addresses (ulimit -v)")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.gpx"]


@linux
def test_a_job_is_fitted_to_a_low_limit(tmp_path):
    lon, lat = made.straight(30)
    (tmp_path / "a.gpx").write_bytes(made.gpx(lon, lat))
    done = limited(1000, "render", "a.gpx", "-o", "a.png", "--width", 9000, "--resolution", "0.1m", cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or done.stderr.splitlines()[-1].startswith("heatlas: ")


def test_a_machine_without_room_for_more_processes_compiles_by_itself(monkeypatch):
    from heatlas.dataset import warm_up

    def refuse(*_, **__):
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(warm_up, "_is_cold", lambda group, measure: True)
    monkeypatch.setattr(warm_up, "processors", lambda: 4)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert warm_up.warm_up(["a.gpx"], "passes") is False
