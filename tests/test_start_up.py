"""What a command does not need is not loaded: a command that has nothing to do is done at once."""

import json
import subprocess
import sys

import made

from heatlas.library.manage import import_into

LIGHT = ["numpy", "numba", "llvmlite", "pyarrow", "lxml", "PIL", "rich", "rasterio", "sqlite3"]
READING = ["numba", "llvmlite", "pyarrow", "lxml", "PIL", "rich", "ssl"]

PROGRAM = """
import json, sys
import heatlas.cli
for arguments, heavy in json.loads(sys.argv[1]):
    try:
        heatlas.cli.group.main(arguments, standalone_mode=False)
    except SystemExit:
        pass
    loaded = [name for name in heavy if name in sys.modules]
    assert not loaded, f"{arguments} loads {loaded}"
"""


def test_commands_load_only_what_they_need(tmp_path):
    (tmp_path / "tracks").mkdir()
    (tmp_path / "tracks" / "a.gpx").write_bytes(made.gpx(*made.straight()))
    import_into(tmp_path / "heatlas.db", tmp_path / "tracks")
    # One process, those that need least first: what one loads, the next has.
    commands = [
        (["--version"], LIGHT),
        (["--help"], LIGHT),
        (["render", "--help"], LIGHT),
        (["import", "tracks", "--quiet"], READING),
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(commands)],
        capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Draw SOURCE as a heat map" in done.stdout
