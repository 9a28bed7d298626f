"""What numba compiles at the first runs after an install, once for all tests: it takes the better part of a minute."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from newcomer import ROOT, alone, shared_folder

if TYPE_CHECKING:
    from pathlib import Path

TRACKS = """
import heatlas, made
from heatlas.dataset.warm_up import warm_up
assert warm_up(["a.gpx"], "passes")
assert not warm_up(["a.gpx"], "passes")
from pathlib import Path
Path("a.gpx").write_bytes(made.gpx(*made.straight()))
heatlas.render("a.gpx", output="heat.png", width=200)
from heatlas.kernels import blur, breaks, clean, count, path, xml
from heatlas.dataset.warm_up import compile_group
compile_group("clean")  # for the kernels that only odd tracks need
odd = (breaks.clock_into, breaks.strays_into, breaks.steps_into, breaks.judge_into, breaks.join_into, breaks.stays_into)
for kernel in (blur.blur_into, clean.clean_into, path.fill_progress, count.count_passes, xml.scan_points, *odd):
    stats = kernel.dispatcher.stats
    assert stats.cache_hits and not stats.cache_misses, kernel
"""

POINTS = """
import heatlas
from heatlas.dataset.warm_up import points_are_cold
rows = {"lat": [1.0, 2.0], "lon": [3.0, 4.0], "w": [1.0, 2.0]}
stages = []
assert points_are_cold()
heatlas.render(rows, output="a.npy", weight="w", width=99, progress=lambda stage, done, total: stages.append(stage))
assert not points_are_cold()
assert stages[0].startswith("compiling") and "reading" in stages
stages.clear()
heatlas.render(rows, output="a.npy", weight="w", width=99, progress=lambda stage, done, total: stages.append(stage))
assert stages[0] == "reading"
"""


@dataclass(frozen=True)
class FirstRuns:
    """What the first runs left and said."""

    stored: Path
    """Folder of what numba compiled; others may go on with it, and store there."""
    failed: dict[str, str]
    """Program -> its status and traceback, or nothing."""


@pytest.fixture(scope="session")
def first_runs(tmp_path_factory):
    """The first picture of tracks after an install, and then the first of points."""
    shared = shared_folder(tmp_path_factory) / "first-runs"
    said = shared / "said.json"
    with alone(shared.with_suffix(".lock")):
        if not said.exists():
            failed = {name: _run(shared, code) for name, code in (("tracks", TRACKS), ("points", POINTS))}
            said.write_text(json.dumps(failed))
    return FirstRuns(shared / "stored", json.loads(said.read_text()))


def _run(shared, code):
    # A folder that is called heatlas too must not be taken for it.
    wrong = shared / "heatlas"
    wrong.mkdir(parents=True, exist_ok=True)
    (wrong / "__init__.py").write_text("raise RuntimeError('the wrong one')")
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"],
        cwd=shared, capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "HEATLAS_JIT": "1", "NUMBA_CACHE_DIR": str(shared / "stored"),
             "PYTHONPATH": str(ROOT / "tests")},
    )  # fmt: skip
    return f"{done.returncode}: {done.stderr}" if done.returncode else ""
