"""A look at all small rows before a write: what it finds, and when a process need not look again."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from library_made import made, walks

from heatlas.core.errors import BadOption
from heatlas.library.care.checking import check
from heatlas.library.file import healing, looked
from heatlas.library.file.digests import SMALL
from heatlas.library.file.opening import open_library
from heatlas.library.file.sound_rows import is_sound

ANOTHER = """
import sys
from heatlas.library.file.opening import open_library
with open_library(sys.argv[1]) as library, library.write() as link:
    link.execute("UPDATE activities SET sport = 'Run' WHERE number = 1")
"""


@pytest.fixture
def library_path(tmp_path):
    path = tmp_path / "a.db"
    made(path, walks(5, 3)).close()
    return path


def faults_of(path):
    with open_library(path) as library:
        return check(library)


def table(path, statement, values=()):
    """Change a library behind its back, as a failing disk does; nothing gets a new digest."""
    with closing(sqlite3.connect(path)) as link, link:
        link.execute(statement, values)


@pytest.fixture
def looks(monkeypatch):
    """Tables that were looked at before a write, by a process that remembers each look."""
    monkeypatch.setattr(looked, "_WORTH", 0.0)
    monkeypatch.setattr(looked.LOOKED, "_left", {})
    found = []
    monkeypatch.setattr(healing, "is_sound", lambda link, table: found.append(table) or is_sound(link, table))
    return found


def sport(path, value):
    with open_library(path) as library, library.write() as link:
        link.execute("UPDATE activities SET sport = ? WHERE number = 1", (value,))


def test_a_process_looks_once_at_a_library_that_nobody_else_changes(library_path, looks):
    sport(library_path, "Hike")
    assert looks == list(SMALL)
    for value in ("Walk", "Run", "Ride"):
        sport(library_path, value)
    with open_library(library_path) as library, open_library(library_path) as other:
        for each in (library, other, library, other):
            with each.write() as link:
                link.execute("UPDATE activities SET name = name || '.' WHERE number = 1")
        library.shrink()
    sport(library_path, "Hike")
    assert looks == list(SMALL)
    assert faults_of(library_path) == []


@pytest.mark.parametrize("how", ["a byte", "SQLite", "another heatlas", "an older copy", "another file"])
def test_a_library_that_another_changed_is_looked_at_again(library_path, tmp_path, looks, how):
    older = tmp_path / "older.db"
    sport(library_path, "Hike")
    shutil.copyfile(library_path, older)
    sport(library_path, "Walk")
    assert looks == list(SMALL)
    time.sleep(0.02)  # the clock by which files get their times ticks each few milliseconds
    if how == "a byte":
        with library_path.open("r+b") as file:
            data = file.read()
            file.seek(data.rindex(b"Walk"))
            file.write(b"Walc")
    elif how == "SQLite":
        table(library_path, "UPDATE activities SET sport = 'Sail' WHERE number = 2")
    elif how == "another heatlas":
        subprocess.run([sys.executable, "-c", ANOTHER, library_path], check=True, timeout=60)
    elif how == "an older copy":
        shutil.copyfile(older, library_path)
    else:
        older.replace(library_path)
    sport(library_path, "Ride")
    assert looks[: 2 * len(SMALL)] == 2 * list(SMALL)
    assert faults_of(library_path) == []


def test_what_was_rolled_back_is_no_look(library_path, looks):
    table(library_path, "UPDATE activities SET sport = 'Sail' WHERE number = 2")
    with pytest.raises(BadOption), open_library(library_path) as library, library.write():
        raise BadOption("no")
    sport(library_path, "Walk")
    assert looks.count("meta") == 2
    assert faults_of(library_path) == []


def test_a_damaged_copy_of_a_sound_row_is_made_again(library_path, caplog):
    for part, key in ((3, 2), (2, 1), (0, "settings")):
        table(library_path, "UPDATE digests SET copy = substr(copy, 2) WHERE part = ? AND key = ?", (part, key))
    assert len(faults_of(library_path)) == 3
    sport(library_path, "Walk")
    assert faults_of(library_path) == []
    assert not caplog.records
