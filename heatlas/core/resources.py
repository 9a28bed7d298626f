"""Processors and memory that this process may use, on each system, in containers and under limits of a shell."""

from __future__ import annotations

import math
import os
import sys
from functools import cache
from typing import Any

from heatlas.core.cgroups import granted_memory, granted_processors

__all__ = ["address_space", "free_memory", "give_back", "hold_back", "interpreter", "processors"]
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Numbers of mallopt(3)."""
_HELD = 8 << 20
"""Bytes that a thread keeps."""
_MAPPED = 4 << 20
"""Bytes from which on an array is mapped by itself, and returned when it is freed."""

_UNKNOWN = 4 * 2.0**30
"""Bytes that are taken to be free where the system does not report it."""


def processors() -> int:
    """Count the processors that this process may use: its affinity, and the quota of its container, rounded up."""
    count: Any = getattr(os, "process_cpu_count", None)  # Python 3.13 and later
    if count is not None:
        allowed = count()
    elif hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count()
    return max(1, min(allowed or 1, _quota()))


@cache
def _quota() -> int:
    """Whole processors of the quota; asked for once, since it hardly ever changes and is needed for each tile."""
    granted = granted_processors()
    return sys.maxsize if math.isinf(granted) else math.ceil(granted)


def interpreter() -> str | None:
    """Path of this Python, to start another process with; None in a program that contains one, such as QGIS.

    There, or when frozen into an executable, the path is that of the program, which would start again.
    """
    name = os.path.basename(sys.executable or "").lower()  # noqa: PTH119 - of a str that may be empty
    return sys.executable if name.startswith(("python", "pypy")) and not getattr(sys, "frozen", False) else None


def free_memory() -> float:
    """Bytes that can be allocated without swapping, and within the limits of a container and of the shell."""
    return max(0.0, min(_free_on_machine(), granted_memory(), address_space()[1]))


def address_space() -> tuple[float, float]:
    """Bytes of addresses that this process may have (`ulimit -v`), and how many are left; infinity without a limit."""
    if sys.platform != "linux":  # macOS has the limit and does not heed it
        return math.inf, math.inf
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY:
        return math.inf, math.inf
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel's
            used = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        used = 0
    return float(most), float(most - used)


def _free_on_machine() -> float:
    """Bytes that the machine has free; _UNKNOWN where the system does not report it."""
    for ask in (_said_by_linux, _said_by_windows, _said_by_macos, _free_pages, _half_of_all):
        try:
            free = ask()
        except (OSError, ValueError, AttributeError):
            continue
        if free > 0:
            return free
    return _UNKNOWN


def _said_by_linux() -> float:
    with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel's
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024.0
    return 0.0


def _said_by_windows() -> float:
    """Ask GlobalMemoryStatusEx for free memory, or for what may still be promised where that is less."""
    if sys.platform == "win32":
        import ctypes

        # MEMORYSTATUSEX: its own size, the load in percent, then seven numbers of 64 bits: all memory, free memory,
        # all that may be promised, the rest of that ...
        status = (ctypes.c_uint64 * 8)(64)
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(status):
            return float(min(status[2], status[4]))
    return 0.0


def _said_by_macos() -> float:
    """Ask sysctl for all memory, and for the percentage of it that can be had, as memory_pressure(1) shows it."""
    if sys.platform == "darwin":
        return _sysctl("hw.memsize", 8) * _sysctl("kern.memorystatus_level", 4) / 100
    return 0.0


def _sysctl(name: str, size: int) -> int:
    """Read a whole number of `size` bytes by sysctlbyname(3)."""
    import ctypes

    value, length = ctypes.create_string_buffer(size), ctypes.c_size_t(size)
    if ctypes.CDLL(None).sysctlbyname(name.encode(), value, ctypes.byref(length), None, ctypes.c_size_t(0)):
        raise OSError(f"sysctl does not know {name}")
    return int.from_bytes(value.raw[: length.value], "little")


def _free_pages() -> float:
    return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def _half_of_all() -> float:
    """Half of all memory, for systems that fill free pages with files and do not report how many."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2.0


def give_back() -> None:
    """Return freed memory to the system after work that took much: glibc keeps holes in its heap. Milliseconds."""
    _of_glibc("malloc_trim", 0)


def hold_back() -> None:
    """Have each thread keep some megabytes of freed memory, for work that takes and frees as much again and again.

    glibc would return them each time, and the system clear them again: a tile has some 600 pages, of half a
    microsecond each.
    """
    _of_glibc("mallopt", _MMAP_THRESHOLD, _MAPPED)
    _of_glibc("mallopt", _TRIM_THRESHOLD, _HELD)


def _of_glibc(name: str, *numbers: int) -> None:
    """Call a function of glibc, where that is the C library."""
    if sys.platform == "linux":
        import ctypes

        function = getattr(ctypes.CDLL(None), name, None)  # musl has none
        if function is not None:
            function(*numbers)
