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
    assert sum(killed.kill_at(*point) for point in points)
