"""Compiling at the first run: side by side, and for good."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import heatlas
from heatlas.dataset.warm_up import _TINY_RECORDS, _shares, groups_needed
from heatlas.sources.formats.google.records import read_records

HOME = str(Path(heatlas.__file__).resolve().parents[1])


def _jitted(folder):
    """Environment in which kernels are compiled when they are called, and nothing is stored of them yet."""
    return {**os.environ, "HEATLAS_JIT": "1", "NUMBA_CACHE_DIR": str(folder / "cache")}


def test_groups_follow_the_files():
    assert groups_needed(["a.FIT.gz", "b.fit"]) == ["fit", "clean", "draw", "smooth"]
    assert groups_needed(["a.gpx", "b.tcx.gz"]) == ["xml", "clean", "draw", "smooth"]
    assert groups_needed(["takeout.zip/Takeout/Location History/Records.json"])[0] == "records"
    assert groups_needed(["Location History.json.gz", "b.json"]) == ["records", "clean", "draw", "smooth"]
    assert groups_needed([]) == ["clean", "draw", "smooth"]


def test_groups_are_shared_out_evenly():
    assert sorted(map(sorted, _shares(["xml", "fit", "clean", "draw", "smooth"], 2))) == [
        ["clean", "draw"], ["fit", "smooth", "xml"],
    ]  # fmt: skip
    assert _shares(["fit", "draw"], 8) == [["fit"], ["draw"]]


def test_the_example_of_a_group_is_whole():
    (found,) = read_records(_TINY_RECORDS, "tiny")
    assert found.lat.tolist() == [47.8]
    assert not found.warnings


def test_after_warming_up_nothing_is_left_to_compile(tmp_path):
    # A folder that is called heatlas too must not be taken for it.
    (tmp_path / "heatlas").mkdir()
    (tmp_path / "heatlas" / "__init__.py").write_text("raise RuntimeError('the wrong one')")
    code = f"""
import sys; sys.path.insert(0, {HOME!r})
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
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**_jitted(tmp_path), "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert done.returncode == 0, done.stderr


def test_the_first_points_say_that_they_are_compiled(tmp_path):
    code = f"""
import sys; sys.path.insert(0, {HOME!r})
import heatlas
from heatlas.dataset.warm_up import points_are_cold
rows = {{"lat": [1.0, 2.0], "lon": [3.0, 4.0], "w": [1.0, 2.0]}}
stages = []
assert points_are_cold()
heatlas.render(rows, output="a.npy", weight="w", width=99, progress=lambda stage, done, total: stages.append(stage))
assert not points_are_cold()
assert stages[0].startswith("compiling") and "reading" in stages
stages.clear()
heatlas.render(rows, output="a.npy", weight="w", width=99, progress=lambda stage, done, total: stages.append(stage))
assert stages[0] == "reading"
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=_jitted(tmp_path),
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
