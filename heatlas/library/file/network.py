"""Tell whether a file lies on a network file system, where the log of a library is not safe."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from typing import TYPE_CHECKING

from heatlas.core.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["network_of", "report_network"]

_NETWORKS = regex(
    r"(nfs\d?|cifs|smb\d?|smbfs|afpfs|webdav|davfs\d?|9p|afs|ncpfs|coda|ceph|lustre|gfs2|glusterfs|beegfs|orangefs|pvfs2"
    r"|(fuse|macfuse)\.(sshfs|rclone|s3fs|gcsfuse|glusterfs|davfs\d?|cephfs|nfs|smbnetfs))"
)
"""Names of file systems that several machines may have in common."""
_ESCAPED = regex(r"\\([0-7]{3})")
_MOUNTS = "/proc/self/mountinfo"
_SECONDS = 5.0


@cache
def report_network(path: Path) -> None:
    """Report once that a library lies on a network file system.

    Its write-ahead log is shared memory between processes, which machines do not share
    (https://www.sqlite.org/wal.html).
    """
    if kind := network_of(path):
        import logging

        logging.getLogger("heatlas.library").warning(
            "heatlas: the library %s lies on a network file system (%s): while two machines use it at once it may be "
            "damaged; use it from one machine, or keep it on a disk of its own", path, kind,
        )  # fmt: skip


def network_of(path: Path) -> str:
    """Name of the network file system that a file lies on; empty on a disk of this machine, or where it is unknown."""
    real = os.path.realpath(path)
    if sys.platform == "win32":
        return "a network share" if _is_share(real) else ""
    mounts = _linux_mounts() if sys.platform == "linux" else _bsd_mounts()
    inside = [(place, kind) for place, kind in mounts if real == place or real.startswith(place.rstrip("/") + "/")]
    # Of two mounts at one place, the later one hides the other.
    kind = max(reversed(inside), key=lambda mount: len(mount[0]), default=("", ""))[1]
    return kind if _NETWORKS.fullmatch(kind) else ""


def _linux_mounts() -> Iterable[tuple[str, str]]:
    """Mount points and file systems, by proc_pid_mountinfo(5)."""
    try:
        with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
            lines = file.read().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        before, _, after = line.partition(" - ")
        words = before.split(" ")
        if len(words) > 4 and after:
            found.append((_ESCAPED.sub(lambda match: chr(int(match[1], 8)), words[4]), after.split(" ")[0]))
    return found


def _bsd_mounts() -> Iterable[tuple[str, str]]:
    """Mount points and file systems as macOS prints them: "//me@nas/tracks on /Volumes/tracks (smbfs, ...)"."""
    import subprocess

    try:
        said = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=_SECONDS, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [(match[1], match[2]) for match in re.finditer(r"^.* on (/.*) \(([^,)]+)", said, re.MULTILINE)]


def _is_share(path: str) -> bool:
    """Whether a path of Windows names a share, or a drive that stands for one (GetDriveTypeW, DRIVE_REMOTE = 4)."""
    if path.startswith(("\\\\", "//")):
        return not path.startswith(("\\\\?\\", "\\\\.\\"))
    import ctypes

    drive = os.path.splitdrive(path)[0]
    return bool(drive) and getattr(ctypes, "windll").kernel32.GetDriveTypeW(f"{drive}\\") == 4  # noqa: B009
