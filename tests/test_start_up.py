"""What a command does not need is not loaded: a command that has nothing to do is done at once."""

import json
import subprocess
import sys

import made
from commands import heatlas

LIGHT = ["numpy", "numba", "llvmlite", "pyarrow", "lxml", "PIL", "rich", "rasterio", "sqlite3"]
READING = ["numba", "llvmlite", "pyarrow", "lxml", "PIL", "rich", "ssl"]
TABLES = ["pyarrow", "pandas", "PIL", "rich", "heatlas.sources.tables.tracks.of_tables", "heatlas.rendering.poster"]
DRAWING = [
    *TABLES, "lxml", "heatlas.sources.load", "heatlas.gazetteer.search", "heatlas.library.manage.editing",
    "heatlas.sources.sniff", "heatlas.sources.formats.known", "heatlas.sources.tables", "heatlas.core.filesystems",
    "heatlas.tracks.privacy.frequented",
]  # fmt: skip
"""What a picture of a library does not need; in a checkout kernels load numba, and that what it needs."""
TILES = ["render", "-o", "site", "--zoom", "9-10", "--quiet"]

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


def test_commands_load_only_what_they_need(tmp_path, monkeypatch):
    (tmp_path / "tracks").mkdir()
    (tmp_path / "tracks" / "a.gpx").write_bytes(made.gpx(*made.straight()))
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "config"))
    for done_before in (["import", "tracks", "--quiet"], TILES):
        assert heatlas(*done_before, cwd=tmp_path).returncode == 0  # each ends: an open library would change later
    # In each process those that need least first: what one loads, the next has.
    for_nothing = [
        (["--version"], LIGHT),
        (["--help"], LIGHT),
        (["render", "--help"], LIGHT),
        (["import", "tracks", "--quiet"], LIGHT),  # known to change nothing
        (TILES, LIGHT),
        (["import", "tracks/a.gpx", "--quiet"], READING),
    ]
    drawing = [
        (["render", "-o", "heat.png", "--width", "300", "--quiet"], DRAWING),
        (["render", "tracks/a.gpx", "-o", "one.png", "--width", "300", "--quiet"], TABLES),
        (["info", "--json", "heatlas.db"], TABLES),
        (["info", "--json", "tracks/a.gpx"], TABLES),
    ]
    done = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(commands)],
            capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False,
        ) for commands in (for_nothing, drawing)
    ]  # fmt: skip
    assert [one.returncode for one in done] == [0, 0], "".join(one.stderr for one in done)
    assert "Draw SOURCE as a heat map" in done[0].stdout
