"""Commands that are killed at exact system calls leave the state before or after, and the next run tidies up."""

from __future__ import annotations

import os
import random
import shutil
import sys

import pytest
from killing import CASES, Killed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills by strace")
EACH = 2


@pytest.mark.parametrize("name", CASES)
def test_killed_at_any_call(tmp_path, name):
    if shutil.which("strace") is None:
        if os.environ.get("CI"):
            pytest.fail("strace is not installed: apt-get install strace")
        pytest.skip("strace is not installed")
    killed = Killed(CASES[name], tmp_path)
    assert len(killed.calls) > 10
    points = random.Random(name).sample(killed.calls, EACH)
    points += [call for call in killed.calls if call[0] == "rmdir"][-1:]  # when all that is asked for is there
    assert sum(killed.kill_at(*point) for point in points)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_an_older_backup_is_read_without_a_log(tmp_path):
    killed = Killed(CASES["backup"], tmp_path)
    assert killed.listed(killed.work / "backup.db")
    for log in ("backup.db-wal", "backup.db-shm"):
        calls = killed.listed(killed.work / log)
        # SQLite asks in vain whether there is one.
        assert not [call for call in calls if call[0] in {"write", "pwrite64", "ftruncate"}]
