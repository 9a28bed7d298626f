"""Limits of Linux control groups, by which containers, services and batch systems share out a machine.

A process belongs to a group of each hierarchy, and the limits of all groups above hold too. Version 2 has one
hierarchy; version 1 has one for each resource. Formats: cgroups(7), proc(5), and the kernel's
admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
"""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["granted_memory", "granted_processors"]

_PROC = Path("/proc/self")
_ESCAPED = regex(r"\\(\d{3})")  # a blank is written \040


def granted_processors(proc: Path = _PROC) -> float:
    """Processors whose time the groups of this process grant; infinity without a limit.

    Parameters
    ----------
    proc : Path
        Folder of the process; other ones are for tests.
    """
    granted = math.inf
    for version, folder in _groups(proc, "cpu"):
        if version == 2:
            words = _words(folder / "cpu.max")
        else:
            words = [*_words(folder / "cpu.cfs_quota_us"), *_words(folder / "cpu.cfs_period_us")]
        quota, period = [*map(_number, words), 0.0, 0.0][:2]
        if 0 < quota < math.inf and 0 < period < math.inf:
            granted = min(granted, quota / period)
    return granted


def granted_memory(proc: Path = _PROC) -> float:
    """Bytes that the groups of this process let it allocate further; infinity without a limit.

    Pages of files that were not used lately count as free: the kernel drops them before it refuses.

    Parameters
    ----------
    proc : Path
        Folder of the process; other ones are for tests.
    """
    granted = math.inf
    for version, folder in _groups(proc, "memory"):
        limit, used, idle = (
            ("memory.max", "memory.current", "inactive_file")
            if version == 2
            else ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        )
        most = _first(folder / limit)
        if most < 1 << 60:  # version 1 writes a number near 2^63 where there is no limit
            stat = _words(folder / "memory.stat")
            files = _number(stat[stat.index(idle) + 1]) if idle in stat[:-1] else 0.0
            taken = _first(folder / used)
            granted = min(granted, max(most - max(taken - files, 0.0), 0.0) if taken < math.inf else most)
    return granted


def _groups(proc: Path, controller: str) -> Iterator[tuple[int, Path]]:
    """List the groups that may limit a resource, each as its version and its folder, from the process's own upwards."""
    mounts = list(_mounts(proc, controller))
    for line in _lines(proc / "cgroup"):  # hierarchy:controllers:path
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        version = 1 if controllers else 2
        if version == 1 and controller not in controllers.split(","):
            continue
        for of, root, point in mounts:
            if of != version:
                continue
            # In a container the mount may begin at its own group, while the path is that of the host.
            inside = PurePosixPath(path)
            inside = inside.relative_to(root) if inside.is_relative_to(root) else PurePosixPath()
            folder = point.joinpath(*(part for part in inside.parts if part not in {"/", ".."}))
            while True:
                yield version, folder
                if folder == point or point not in folder.parents:
                    break
                folder = folder.parent
            break


def _mounts(proc: Path, controller: str) -> Iterator[tuple[int, str, Path]]:
    """List the mounted hierarchies that may limit a resource: version, the group at its root, and its folder."""
    for line in _lines(proc / "mountinfo"):
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if len(fields) < 5 or len(kind) < 3:
            continue
        root, point = (_ESCAPED.sub(lambda found: chr(int(found[1], 8)), text) for text in fields[3:5])
        if kind[0] == "cgroup2":
            yield 2, root, Path(point)
        elif kind[0] == "cgroup" and controller in kind[2].split(","):
            yield 1, root, Path(point)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _words(path: Path) -> list[str]:
    return " ".join(_lines(path)).split()


def _number(word: str) -> float:
    """Parse a whole number; infinity for "max" and whatever else is none."""
    return float(word) if word.lstrip("-").isdecimal() else math.inf


def _first(path: Path) -> float:
    return next(map(_number, _words(path)), math.inf)
