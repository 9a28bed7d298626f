"""Activities that are no copies are told by the copies of their rows alone, and are those of the rows themselves."""

from __future__ import annotations

import pytest
from library_made import made, walks

from heatlas.library.file.settings import Settings
from heatlas.library.rows.activities import read_activities, shown_numbers

DAMAGES = (
    "UPDATE activities SET same_as = 1 WHERE number = 2",
    "UPDATE activities SET same_as = NULL WHERE number = 3",
    "UPDATE activities SET name = 'x' WHERE number = 3",
    "UPDATE digests SET copy = substr(copy, 2) WHERE part = 3 AND key = 2",
    "UPDATE digests SET digest = x'00' WHERE part = 3 AND key = 2",
    "UPDATE digests SET copy = NULL WHERE part = 3 AND key = 3; UPDATE activities SET name = 'x' WHERE number = 3",
    "UPDATE digests SET key = 700 WHERE part = 3 AND key = 2",
    "DELETE FROM digests WHERE part = 3 AND key = 2",
)


@pytest.fixture
def library(tmp_path, monkeypatch):
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "config"))
    tracks = walks(4, 4)
    with made(tmp_path / "some.db", [*tracks, tracks[1]], settings=Settings(zooms=(10, 11))) as library:
        yield library


def expected(library):
    with library.read() as link:
        return [*read_activities(link, shown=True)]


def test_copies_are_not_shown(library):
    with library.read() as link:
        assert shown_numbers(link) == expected(library) == [1, 2, 3, 4]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_shown_is_the_same_where_rows_are_damaged(library, damage):
    link = library.connection()  # without triggers: it has written, so they are there
    link.execute("PRAGMA foreign_keys = OFF")
    for (name,) in link.execute("SELECT name FROM sqlite_temp_schema WHERE type = 'trigger'").fetchall():
        link.execute(f"DROP TRIGGER temp.{name}")
    link.executescript(damage)
    with library.read() as link:
        assert shown_numbers(link) == expected(library)
