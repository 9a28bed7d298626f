"""The README, typed as it stands by somebody who has just set heatlas up."""

from __future__ import annotations

import json
import re
import shutil
import sys

import numpy as np
import pytest
from made import gpx, straight
from newcomer import ROOT, Newcomer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the README is typed into a shell of Unix")
README = (ROOT / "README.md").read_text(encoding="utf-8")
ELSEWHERE = "postgresql://"
"""What asks for a server of databases, which has tests of its own."""

WHERE = """
import heatlas, json
from importlib.util import find_spec
print(json.dumps([heatlas.__file__, [name for name in ("click", "numba", "pandas", "scipy") if find_spec(name)]]))
"""


def commands():
    """Commands of the section of things to do, without what is said of them."""
    section = README.partition("## Five things to do")[2].partition("\n## ")[0]
    lines = re.findall(r"^    (heatlas .*)$", section, re.MULTILINE)
    return [re.sub(r" +# .*", "", line) for line in lines]


def bring(folder):
    """Files of the names that the README has, and what is in them is where it looks."""
    helsinki = straight(lat=60.17, lon=24.94)
    (folder / "rides").mkdir()
    (folder / "rides" / "a.gpx").write_bytes(gpx(*helsinki))
    shutil.copy(next((folder / "my-export" / "activities").glob("*.fit.gz")), folder / "run.fit")
    (folder / "old.gpx.gz").write_bytes(gpx(*straight(lat=60.18, lon=24.95)))
    (folder / "clinics.csv").write_text("lat,lon,beds\n60.1,24.9,30\n60.2,25.0,70\n60.3,24.8,10\n")
    lon, lat = helsinki
    rows = [f"7,2026-05-01T10:{k // 60:02}:{k % 60:02}Z,{lat[k]},{lon[k]}" for k in range(300)]
    (folder / "fixes.csv").write_text("\n".join(["trip,seen_at,lat,lon", *rows]))


def test_the_readme_can_be_typed_as_it_stands(tmp_path, wheel):
    newcomer = Newcomer(tmp_path, wheel, "film", "geotiff", "server")
    folder = newcomer.folder
    (folder / "where.py").write_text(WHERE)
    where, there = json.loads(newcomer.types("python where.py"))
    assert where.startswith(str(folder))
    assert there == ["click"] + ["numba"] * (sys.platform != "linux")  # what heatlas does not ask for is not there

    (first,) = re.findall(r"^    (python3 -m venv \.venv && .*)$", README, re.MULTILINE)
    setting_up, installing, *trying = first.split(" && ")
    assert (setting_up, installing) == ("python3 -m venv .venv", ".venv/bin/pip install .")
    for line in trying:
        newcomer.types(line)
    newcomer.types("heatlas demo small --activities 40")  # what is drawn here is no question of how much there is
    shutil.make_archive(str(folder / "export"), "zip", folder / "small")
    bring(folder)

    typed = commands()
    assert len(typed) > 15
    for line in typed:
        if line == "heatlas serve":
            newcomer.looks(line)
        elif ELSEWHERE not in line:
            newcomer.types(line)
    for line in typed:
        for made in re.findall(r" -o (\S+)", line):
            path = folder / made / "index.html" if made.endswith("/") else folder / made
            assert path.stat().st_size > 1000, made

    (python,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (folder / "pace.png").unlink()
    (folder / "typed.py").write_text(
        python + "\nprint(pace.values.dtype, pace.unit, pace.values[pace.values > 0].mean())"
    )
    dtype, unit, mean = newcomer.types("python typed.py").split()[-3:]
    assert (dtype, unit) == ("float32", "s/m")
    assert np.isclose(float(mean), 0.36, atol=0.1)
    assert (folder / "pace.png").stat().st_size > 1000
