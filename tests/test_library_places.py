"""Libraries in folders that cannot be written, and on disks that several machines share."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import pytest
from library_made import made, put, walks
from publishing import publish, tiles_in
from serving import client, named, tile_of

from heatlas.core.errors import SourceFailed
from heatlas.library.care.checking import check
from heatlas.library.file import network
from heatlas.library.file.opening import open_library
from heatlas.library.rows.merged import list_activities

needs_modes = pytest.mark.skipif(os.name == "nt", reason="folders have no modes there")


@pytest.fixture
def shelf():
    """A folder that others may enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="shelf-"))
    folder.chmod(0o755)
    made(folder / "lib.db", named(6), group=20).close()
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def without_privileges():
    """Give up what lets root write where modes forbid it (capset(2), version 3)."""
    header, nothing = struct.pack("Ii", 0x20080522, 0), bytes(24)
    assert ctypes.CDLL(None, use_errno=True).capset(header, nothing) == 0


def as_a_reader(shelf, work):
    """Result of a function in a process that may read a folder, but not write it."""
    shelf.chmod(0o555)
    for file in shelf.iterdir():
        file.chmod(0o444)
    if os.geteuid():
        return work()
    if sys.platform != "linux":
        pytest.skip("run it as another user than root")
    there, here = os.pipe()
    process = os.fork()
    if not process:
        try:
            without_privileges()
            result = {"result": work()}
        except BaseException:  # noqa: BLE001 - told by the parent
            result = {"error": traceback.format_exc()}
        os.write(here, json.dumps(result).encode())
        os._exit(0)
    os.close(here)
    with os.fdopen(there) as pipe:
        said = json.loads(pipe.read())
    os.waitpid(process, 0)
    assert "error" not in said, said["error"]
    return said["result"]


@needs_modes
def test_a_library_that_cannot_be_written_is_shown_served_and_published(shelf):
    path = shelf / "lib.db"
    x, y = tile_of(13)

    def look():
        out = Path(tempfile.mkdtemp())
        try:
            with open_library(path) as library:
                faults, held = check(library, None), len(list_activities(library))
                try:
                    put(library, walks(9, 1))
                except SourceFailed as error:
                    refused = str(error)
            with client(path) as web:
                answers = [
                    web.get(address).status_code
                    for address in ("/api/library.json", f"/tiles/passes/13/{x}/{y}.png", "/scale.json?z=9")
                ]
            publish(path, out / "tiles", zooms=(8, 9))
            return [faults, held, refused, answers, len(tiles_in(out / "tiles"))]
        finally:
            shutil.rmtree(out)

    faults, held, refused, answers, tiles = as_a_reader(shelf, look)
    assert (faults, held, answers) == ([], 6, [200, 200, 200])
    assert tiles > 0
    assert refused == f"the library {path} cannot be used: the file or its folder cannot be written"
    assert [file.name for file in shelf.iterdir()] == ["lib.db"]


@needs_modes
@pytest.mark.parametrize("whole", [True, False])
def test_a_snapshot_of_a_library_in_use_is_read_with_its_log(shelf, whole):
    path = shelf / "lib.db"
    live = shelf / "live"
    live.mkdir()
    shutil.copy(path, live / "lib.db")
    reader = sqlite3.connect(live / "lib.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM activities").fetchone()
    with open_library(live / "lib.db") as library:
        put(library, walks(9, 4))
    for end in ("", "-wal", *(["-shm"] if whole else [])):
        shutil.copy(live / f"lib.db{end}", shelf / f"lib.db{end}")
    reader.close()
    shutil.rmtree(live)

    def look():
        said = []
        handler = logging.Handler()
        handler.emit = lambda record: said.append(record.getMessage())
        logging.getLogger("heatlas.library").addHandler(handler)
        with open_library(path) as library:
            return [len(list_activities(library)), said]

    held, said = as_a_reader(shelf, look)
    if whole:
        assert (held, said) == (10, [])
    else:
        assert held == 6
        assert len(said) == 1
        assert "changes since the last checkpoint are not shown" in said[0]


@needs_modes
def test_a_frozen_library_that_changes_is_another(shelf, monkeypatch):
    path = shelf / "lib.db"
    monkeypatch.setattr("heatlas.library.file.store.is_frozen", lambda path: True)
    with client(path) as web:
        assert web.get("/api/library.json").json()["activities"] == 6
        with monkeypatch.context() as owner:
            owner.setattr("heatlas.library.file.store.is_frozen", lambda path: False)
            with open_library(path) as library:
                put(library, walks(9, 4))
        assert web.get("/api/library.json").json()["activities"] == 10


MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:44 / /mnt/nas rw,relatime shared:9 - nfs4 nas:/tracks rw,vers=4.2
31 30 8:2 / /mnt/nas/local rw,relatime shared:9 - xfs /dev/sdb rw
32 21 0:45 / /mnt/my\\040files rw - cifs //nas/files rw
33 21 0:46 / /mnt/ssh rw - fuse.sshfs me@there: rw
34 21 0:47 / /mnt/disk rw - fuseblk /dev/sdc rw
35 21 0:48 / /mnt/twice rw - ext4 /dev/sdd rw
36 21 0:49 / /mnt/twice rw - smb3 //nas/files rw
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the mounts of Linux")
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/lib.db", ""),
        ("/mnt/nas/lib.db", "nfs4"),
        ("/mnt/nasty/lib.db", ""),
        ("/mnt/nas/local/lib.db", ""),
        ("/mnt/my files/a/lib.db", "cifs"),
        ("/mnt/ssh/lib.db", "fuse.sshfs"),
        ("/mnt/disk/lib.db", ""),
        ("/mnt/twice/lib.db", "smb3"),
    ],
)
def test_network_file_systems_are_recognised(tmp_path, monkeypatch, path, kind):
    (tmp_path / "mountinfo").write_text(MOUNTS)
    monkeypatch.setattr(network, "_MOUNTS", str(tmp_path / "mountinfo"))
    assert network.network_of(Path(path)) == kind


def test_mounts_of_macos_are_read(tmp_path, monkeypatch):
    (tmp_path / "mount").write_text(
        "#!/bin/sh\ncat <<'END'\n/dev/disk3s1s1 on / (apfs, sealed, local, read-only)\n"
        "//me@nas/my%20tracks on /Volumes/my tracks (smbfs, nodev, nosuid, mounted by me)\n"
        "map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)\nEND\n"
    )
    (tmp_path / "mount").chmod(0o755)
    if os.name == "nt":
        pytest.skip("no shell")
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda command, **how: run([str(tmp_path / "mount")], **how))
    monkeypatch.setattr(network.sys, "platform", "darwin")
    assert network.network_of(Path("/Volumes/my tracks/lib.db")) == "smbfs"
    assert network.network_of(Path("/Users/me/lib.db")) == ""


def test_a_library_on_a_network_file_system_is_told_of_once(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(network, "network_of", lambda path: "nfs4")
    with caplog.at_level(logging.WARNING):
        made(tmp_path / "lib.db", walks(1, 2)).close()
        open_library(tmp_path / "lib.db").close()
    (told,) = [record.message for record in caplog.records]
    assert told.startswith(
        f"heatlas: the library {tmp_path / 'lib.db'} lies on a network file system (nfs4): while two"
    )
